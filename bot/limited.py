"""A process of its own for a stranger's file: held to its memory and time, without files or environment.

Both sides are here: `output_of` starts it, and `hold` is what it does to itself once it has loaded all it
needs. Windows knows no such limits: there the deadline and the caps on what is read have to do. This module
imports the standard library alone, for the process to load as little as it can.
"""

import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import IO

_PASSED_ON = ("SYSTEMROOT", "LD_LIBRARY_PATH")
"""What Python may need to start at all; the rest of the environment holds secrets."""


class Unfinished(Exception):  # noqa: N818 - it is an answer, not a fault
    """The process wrote what is no whole answer; `late` says whether its time was up."""

    late = False


@contextmanager
def output_of(
    program: str, arguments: Sequence[str], *, file: IO[bytes], deadline: float
) -> Iterator[IO[bytes]]:
    """Start the Python file `program` with `file` as its standard input, and give its output.

    `deadline` is in seconds; when it passes, and when the block ends, the process is killed. Unfinished,
    raised in the block for output that ends too soon, comes out with `late` set.
    """
    command = [sys.executable, "-I", "-S", program, str(deadline), *arguments]
    environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    late = Event()

    def stop() -> None:
        late.set()
        process.kill()

    with subprocess.Popen(  # noqa: S603 - the command is ours, and no shell is asked
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        timer = Timer(deadline, stop)
        timer.start()
        try:
            yield process.stdout
        except Unfinished as cut:
            process.wait()
            cut.late = late.is_set()
            raise
        finally:
            timer.cancel()
            process.kill()


def hold(seconds: float, *, memory: int) -> None:
    """Hold this process to `memory` bytes and `seconds` of work, and keep it from files and processes."""
    try:
        import resource
    except ImportError:
        return  # Windows: see above
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
