"""Quick detection of a missing network."""

import asyncio
import contextlib
import socket
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import getproxies


async def find_host(url: str, *, proxied: bool) -> None:
    """Raise OSError if the host of `url` does not resolve. The caller must set a timeout.

    An unresolvable name blocks its thread for up to a minute, and the program would wait for the loop's own
    threads at its end, but not for this one. With `proxied` a proxy from the environment resolves the name,
    so there is nothing to check.
    """
    parts = urlsplit(url)
    if proxied and getproxies().keys() & {parts.scheme, "all"}:
        return
    loop = asyncio.get_running_loop()
    found: asyncio.Future[None] = loop.create_future()

    def settle(fault: OSError | None) -> None:
        if found.done():
            return
        if fault is None:
            found.set_result(None)
        else:
            found.set_exception(fault)

    def look() -> None:
        fault = _look_up(parts.hostname or "", parts.port or 443)
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits any more
            loop.call_soon_threadsafe(settle, fault)

    Thread(target=look, daemon=True).start()
    await found


def _look_up(host: str, port: int) -> OSError | None:
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return error
    except UnicodeError:
        return OSError(f"{host} is no host's name")
    return None
