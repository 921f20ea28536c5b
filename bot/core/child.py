"""Run of our own program on an untrusted file in a separate process, and parsing of its answer.

The program is started as `python -I -S PROGRAM SECONDS ORDER PATHS` with the file as its standard input;
PATHS is the import path. It answers with one line of JSON, followed by bytes if it made a file. Callers have
to validate the line: a malicious file may have taken over the process.
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
"""The maximum number of bytes of an answer's line."""
MOST_MADE = 64 << 20
"""The maximum number of bytes of the file after it."""
_ROOT = Path(__file__).resolve().parents[2]


class Stop:
    """Ends an order's process from another thread; one that starts afterwards is ended at once."""

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
    """The process writes more than the maximum."""


def answer_of(
    program: str, order: str, data: bytes, *, deadline: float, stop: Stop | None = None
) -> tuple[dict[str, Any], bytes]:
    """Return a program's answer about a file, and the bytes that it made of the file.

    Raises Unfinished for an incomplete answer, or one after `deadline` seconds; `stop` ends it sooner.
    """
    arguments = (order, import_paths())
    began = stop.began if stop else None
    # A file instead of a pipe: no writer is needed while the output is read.
    with _nameless_file() as file:
        file.write(data)
        file.seek(0)
        try:
            with output_of(program, arguments, file=file, deadline=deadline, began=began) as output:
                return _read(output)
        except _Endless as error:
            # The process was killed at once: Unfinished in the block would wait for an end that may not come.
            raise Unfinished from error


def import_paths() -> str:
    """Return the import path for our packages, and for the installed ones."""
    return os.pathsep.join((str(_ROOT), *(path for path in sys.path if path)))


def _nameless_file() -> IO[bytes]:
    """Open a file without a name, in memory if possible: private content must not reach a disk."""
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
