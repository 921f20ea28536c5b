"""Child process side of the senses: loads its libraries, limits itself, and answers in one line of JSON.

It imports only the standard library and bot.core.sandbox, like every process for untrusted files.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from bot.core.sandbox import hold

MOST_BYTES = 64 << 20
"""Maximum number of bytes read from a file; each sense has a lower limit."""

LENGTH_BYTES = 4
"""Size of the length prefix of each order to a long-lived process."""

Answer = tuple[dict[str, Any], bytes]


class UnreadableFile(Exception):  # noqa: N818 - an answer, not a fault
    """The file can't be read; the text says why, without quoting its content."""


def serve(work: Callable[[bytes, str], Answer], *, memory: int) -> None:
    """Answer the file on standard input with `work`, which also gets the order. All imports must be done.

    `memory` is in bytes, on top of what the process uses already.
    """
    hold(float(sys.argv[1]), memory=_taken() + memory)
    answer, made = answered(work, sys.stdin.buffer.read(MOST_BYTES), sys.argv[2])
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    # Skip the libraries' exit handlers, such as waiting for their threads.
    os._exit(0)


def serve_on(work: Callable[[bytes, str], Answer], *, memory: int) -> None:
    """Answer length-prefixed orders one by one, until standard input ends."""
    hold(float(sys.argv[1]), memory=_taken() + memory)
    while size := sys.stdin.buffer.read(LENGTH_BYTES):
        answer, _ = answered(work, sys.stdin.buffer.read(int.from_bytes(size, "big")), sys.argv[2])
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    os._exit(0)


def answered(work: Callable[[bytes, str], Answer], data: bytes, order: str) -> Answer:
    """Return the result of `work`, or its fault."""
    try:
        return work(data, order)
    except UnreadableFile as refused:
        return {"fault": str(refused)}, b""
    except MemoryError:
        return {"fault": "it takes too much memory"}, b""
    except Exception as error:  # noqa: BLE001 - a library may raise anything on a broken file
        # Only the type: the error's text may quote the file.
        return {"fault": f"it can't be read ({type(error).__name__})"}, b""


def quiet() -> None:
    """Keep libraries from logging about the file on standard error."""
    logging.disable()


def beside(name: str) -> str:
    """Return the path of the program with this name, next to this file."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)  # noqa: PTH100, PTH118, PTH120


def _taken() -> int:
    """Return the address space used by this process in bytes; 1 GiB if it is unknown."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - keep imports minimal
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30
