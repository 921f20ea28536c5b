"""A separate process for an untrusted file: with limits on memory and time, without files or environment.

Both sides are here: `output_of` starts it, and `hold` applies its limits after its imports. Windows has no
such limits: there only the deadline and the maximum sizes apply. This module imports only the standard
library, so that the process loads as little as possible.
"""

import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Timer
from types import TracebackType
from typing import IO

Kill = Callable[[], None]
"""Ends the process, from any thread."""

_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""Variables that Python may need to start at all; the rest of the environment holds secrets."""
_RAISED = 1
"""Python's exit code after an unexpected exception; a process beyond its limits is killed."""
_MOST_TOLD = 8_000
_MOST_PLACES = 20


class Unfinished(Exception):  # noqa: N818 - it is an answer, not a fault
    """The process wrote an incomplete answer; `late` says whether its time was up.

    `fault` describes an error in our code: its kind and place, without any of the file's content.
    """

    late = False
    fault = ""


@contextmanager
def output_of(
    program: str,
    arguments: Sequence[str],
    *,
    file: IO[bytes],
    deadline: float,
    began: Callable[[Kill], None] | None = None,
) -> Iterator[IO[bytes]]:
    """Start the Python file `program` with `file` as its standard input, and yield its output.

    `deadline` is in seconds; when it passes, and when the block ends, the process is killed. If the block
    raises Unfinished because the output ends too soon, the error leaves with `late` and `fault` set. `began`
    receives a function that ends the process sooner.
    """
    command = command_of(program, deadline, arguments)
    began, late = began or _nobody, Event()

    def stop() -> None:
        late.set()
        process.kill()

    with subprocess.Popen(  # noqa: S603 - the command is ours, and no shell is asked
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=bare_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        timer = Timer(deadline, stop)
        timer.start()
        began(process.kill)
        try:
            yield process.stdout
        except Unfinished as cut:
            ended = process.wait()
            cut.late = late.is_set()
            if ended == _RAISED and not cut.late:
                cut.fault = _told(process.stderr)
            raise
        finally:
            timer.cancel()
            process.kill()


def command_of(program: str, seconds: float, arguments: Sequence[str]) -> list[str]:
    """Return the command that starts a Python file with a time limit for itself."""
    return [sys.executable, "-I", "-S", program, str(seconds), *arguments]


def bare_environment() -> dict[str, str]:
    """Return the environment of such a process: without secrets."""
    return {key: os.environ[key] for key in _PASSED_ON if key in os.environ}


def _nobody(kill: Kill) -> None:
    """The default: nobody ends the process sooner."""


def _told(errors: IO[bytes]) -> str:
    told = errors.read(_MOST_TOLD).decode(errors="replace")
    return "".join(
        character if character.isprintable() or character == "\n" else "?" for character in told
    ).strip()


def hold(seconds: float, *, memory: int) -> None:
    """Limit this process to `memory` bytes and `seconds` of work, without access to files and processes.

    From now on it may know the file's content: of an error it reports only kind and place.
    """
    sys.excepthook = _tell
    try:
        import resource
    except ImportError:
        return  # Windows: see the module's docstring
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, math.ceil(seconds)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
    ):
        with suppress(ValueError, OSError):  # macOS knows some of them by name only
            resource.setrlimit(what, (most, most))


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the kind and place of an error, unless memory ran out: the file caused that."""
    before: BaseException | None = error
    while before is not None:
        if isinstance(before, MemoryError):
            return
        before = before.__cause__ or before.__context__
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} in {code.co_name}")  # noqa: PTH119
        trace = trace.tb_next
    number = f" {error.errno}" if isinstance(error, OSError) else ""
    os.write(2, f"{kind.__name__}{number} at {', '.join(places[-_MOST_PLACES:])}".encode())
