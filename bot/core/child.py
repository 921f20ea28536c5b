"""Puts a file from anybody to a program of ours in a process of its own, and takes what that says of it.

The program is started as `python -I -S PROGRAM SECONDS ORDER PATHS` with the file as its standard input;
PATHS is where packages are. It answers with one line of JSON, and bytes after it if it made a file. What
the line says has to be checked before it is believed: whoever sent the file may have taken the process over.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from threading import Lock
from typing import IO, Any

from bot.core.sandbox import Kill, Unfinished, output_of

MOST_ANSWER = 16 << 20
"""Bytes of the line that an answer has at most."""
MOST_MADE = 64 << 20
"""Bytes of the file that may come after it at most."""
_ROOT = Path(__file__).resolve().parents[2]


class Stop:
    """Ends the process of an order from another thread; one that begins afterwards is ended at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kill: Kill | None = None
        self._asked = False

    def __call__(self) -> None:
        with self._lock:
            self._asked = True
            if self._kill:
                self._kill()

    def began(self, kill: Kill) -> None:
        with self._lock:
            self._kill = kill
            if self._asked:
                kill()


class _Endless(Exception):  # noqa: N818 - it is an answer, not a fault
    """The process says more than any answer has."""


def answer_of(
    program: str, order: str, data: bytes, *, deadline: float, stop: Stop | None = None
) -> tuple[dict[str, Any], bytes]:
    """Return what a program says of a file, and the bytes that it made of it.

    Raises Unfinished for what is no whole answer, or comes after `deadline` seconds; `stop` ends it sooner.
    """
    arguments = (order, import_paths())
    began = stop.began if stop else None
    # A file and no pipe: nobody has to write while the process is read from.
    with _nameless_file() as file:
        file.write(data)
        file.seek(0)
        try:
            with output_of(program, arguments, file=file, deadline=deadline, began=began) as output:
                return _read(output)
        except _Endless as error:
            # It was killed at once: Unfinished in the block would wait for an end that may not come.
            raise Unfinished from error


def import_paths() -> str:
    """Return where a process finds our packages, and those that are installed."""
    return os.pathsep.join((str(_ROOT), *(path for path in sys.path if path)))


def _nameless_file() -> IO[bytes]:
    """Open a file without a name, in memory where the system can: what somebody said is on no disk."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("order"), "w+b")
    return tempfile.TemporaryFile()


def _read(output: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    line = output.readline(MOST_ANSWER + 1)
    made = output.read(MOST_MADE + 1)
    if len(line) > MOST_ANSWER or len(made) > MOST_MADE:
        raise _Endless
    if not line.endswith(b"\n"):
        raise Unfinished
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unfinished from error
    if not isinstance(answer, dict):
        raise Unfinished
    return answer, made
