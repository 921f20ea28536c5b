"""Finding out soon that there is no network."""

import asyncio
import contextlib
import socket
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import getproxies


async def find_host(url: str, *, proxied: bool) -> None:
    """Raise OSError when the host of `url` has no address. Put your own deadline around it.

    A name that nobody resolves blocks its thread for up to a minute, and the loop's own threads are
    waited for when the program ends: this one is not. With `proxied` a proxy from the environment
    does the looking up, so that there is nothing to find out.
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
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
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
