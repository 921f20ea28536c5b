"""The child's side of a sense: it loads what it needs, holds itself to its limits, and answers in a line.

It imports the standard library and bot.core.sandbox alone, as every process for a stranger's file does.
"""

import json
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from bot.core.sandbox import hold

MOST_BYTES = 64 << 20
"""Bytes of a file that are read at most; each sense refuses sooner."""

LENGTH_BYTES = 4
"""Bytes of the length that stands before each order of a process that takes many."""

Answer = tuple[dict[str, Any], bytes]


class UnreadableFile(Exception):  # noqa: N818 - it is an answer, not a fault
    """The file can't be made out; the text says why, without a word of what it holds."""


def serve(work: Callable[[bytes, str], Answer], *, memory: int) -> None:
    """Answer what is on standard input by `work`, which gets it with the order. All has been loaded by now.

    `memory` is in bytes, on top of what the process has taken already.
    """
    hold(float(sys.argv[1]), memory=_taken() + memory)
    answer, made = answered(work, sys.stdin.buffer.read(MOST_BYTES), sys.argv[2])
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    # What libraries do at the end of a process, such as waiting for their threads, is of no use here.
    os._exit(0)


def serve_on(work: Callable[[bytes, str], Answer], *, memory: int) -> None:
    """Answer one order after the other, each with its length before it, until standard input ends."""
    hold(float(sys.argv[1]), memory=_taken() + memory)
    while size := sys.stdin.buffer.read(LENGTH_BYTES):
        answer, _ = answered(work, sys.stdin.buffer.read(int.from_bytes(size, "big")), sys.argv[2])
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()
    os._exit(0)


def answered(work: Callable[[bytes, str], Answer], data: bytes, order: str) -> Answer:
    """Return what `work` says of a file, or why it says nothing."""
    try:
        return work(data, order)
    except UnreadableFile as refused:
        return {"fault": str(refused)}, b""
    except MemoryError:
        return {"fault": "it takes too much memory"}, b""
    except Exception as error:  # noqa: BLE001 - there is no telling what a library makes of a broken file
        # The kind alone: the text of an error may quote the file.
        return {"fault": f"it can't be read ({type(error).__name__})"}, b""


def quiet() -> None:
    """Keep libraries from telling about the file on standard error."""
    logging.disable()


def beside(name: str) -> str:
    """Return the path of the program with this name."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)  # noqa: PTH100, PTH118, PTH120


def _taken() -> int:
    """Return the bytes of address space that this process has; 0 where nobody tells."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - the least is loaded here
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30
