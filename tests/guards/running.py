"""Takes each guard out of a copy of the code, and looks whether its test turns red.

A test that is red without its guard is run once more on the whole code: where it is red there too, as on a
machine that is too slow for it, it has proved nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory, TemporaryFile

from tests.guards.catalogue import GUARDS
from tests.guards.guard import Guard

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
TEST_SECONDS = 40
"""A test is red after this: without its guard it may wait for ever."""
RUN_SECONDS = 180
"""A run of one test that takes longer is broken off, and proves nothing."""
PLUGINS = ("pytest_asyncio.plugin", "pytest_timeout")
"""What the tests need: others would cost each run a second."""
_NOT_RUNNING = re.compile(
    r"^E\s+(?:NameError|UnboundLocalError|ImportError|ModuleNotFoundError|SyntaxError|IndentationError)\b",
    re.MULTILINE,
)

Say = Callable[[str], object]


class Misplaced(Exception):  # noqa: N818 - it is an answer, not a fault
    """A guard's text does not stand exactly once in its file, or no guard has a name."""


class Verdict(StrEnum):
    """What became of a guard's test without the guard."""

    HELD = "red"
    NOT_HELD = "green: no test holds this guard"
    NOT_RUNNING = "the change does not run"
    LATE = "the test did not end in time"
    RED_ANYWAY = "the test is red on the whole code, too"


@dataclass(frozen=True, slots=True)
class Tried:
    """A guard that was tried, how long that took, and what pytest said."""

    guard: Guard
    verdict: Verdict
    seconds: float
    said: str

    def __str__(self) -> str:
        return f"{self.guard.name}: {self.verdict} ({self.seconds:.0f} s)"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the working tree, in which one guard at a time is taken out."""

    root: Path

    @contextmanager
    def without(self, guard: Guard) -> Iterator[None]:
        """Take a guard out for as long as this lasts."""
        file = self.root / guard.path
        whole, times = file.read_text("utf-8"), file.stat()
        file.write_text(whole.replace(guard.text, guard.without), "utf-8")
        try:
            yield
        finally:
            file.write_text(whole, "utf-8")
            # Its bytecode goes by this time: that of the file without the guard is not taken for it.
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    def run(self, tests: Sequence[str]) -> tuple[int | None, str]:
        """Run some tests; return pytest's exit code, None where they took too long, and what it said."""
        with TemporaryFile() as output:
            try:
                code: int | None = subprocess.run(
                    _command(tests),
                    cwd=self.root,
                    env=_environment(),
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=RUN_SECONDS * len(tests),
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
            output.seek(0)
            return code, output.read().decode(errors="replace")

    def try_out(self, guard: Guard) -> Tried:
        """Run the test of a guard without that guard."""
        began = time.monotonic()
        with self.without(guard):
            code, said = self.run([guard.test])
        return Tried(guard, _judged(code, said), time.monotonic() - began, said)

    def all_green(self, tests: Sequence[str]) -> bool:
        """Say whether some tests pass on the whole code."""
        return self.run(tests)[0] == 0


def try_all(
    names: Collection[str] | None = None,
    jobs: int = 2,
    say: Say = print,
    *,
    guards: Sequence[Guard] = GUARDS,
    root: Path = ROOT,
) -> tuple[int, int]:
    """Try all guards, or those of some names; return how many are held by their tests, and of how many.

    `say` is given a line for each. Raises Misplaced before anything is run.
    """
    tried = tried_guards(chosen_of(guards, names), jobs=jobs, say=say, root=root)
    return sum(one.verdict is Verdict.HELD for one in tried), len(tried)


def tried_guards(guards: Sequence[Guard], *, jobs: int, say: Say, root: Path = ROOT) -> list[Tried]:
    """Return what became of each guard, in their order."""
    check_places(guards, root)
    jobs = max(jobs, 1)
    with ExitStack() as folders, ThreadPoolExecutor(max_workers=jobs) as workers:
        free = SimpleQueue[Copy]()
        for _ in range(jobs):
            free.put(copy_of(root, Path(folders.enter_context(TemporaryDirectory(dir=_room())))))
        tried = list(workers.map(partial(_try_in_turn, free, say), guards))
        tests = sorted({one.guard.test for one in tried if one.verdict is Verdict.HELD})
        shares = [share for first in range(jobs) if (share := tests[first::jobs])]
        red = {test for found in workers.map(partial(_red_in_turn, free), shares) for test in found}
    proved = [replace(one, verdict=Verdict.RED_ANYWAY) if one.guard.test in red else one for one in tried]
    for one in proved:
        if one.verdict is Verdict.RED_ANYWAY:
            say(str(one))
    return proved


def chosen_of(guards: Sequence[Guard], names: Collection[str] | None) -> list[Guard]:
    """Return the guards of some names, in the order of the list. Raises Misplaced."""
    if strange := sorted({*(names or ())} - {one.name for one in guards}):
        raise Misplaced(f"There is no guard of this name: {', '.join(strange)}")
    return [one for one in guards if not names or one.name in names]


def check_places(guards: Sequence[Guard], root: Path = ROOT) -> None:
    """Raise Misplaced where the text of a guard does not stand exactly once in its file."""
    for guard in guards:
        file = root / guard.path
        count = file.read_text("utf-8").count(guard.text) if file.is_file() else 0
        if count != 1:
            raise Misplaced(f"{guard.name}: its text stands {count} times in {guard.path}")


def copy_of(root: Path, folder: Path) -> Copy:
    """Copy the files that git knows, or would add, as they are in the working tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (root / name).is_file():  # and neither deleted nor a link to a folder, such as .venv
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    return Copy(folder)


def _try_in_turn(free: SimpleQueue[Copy], say: Say, guard: Guard) -> Tried:
    copy = free.get()
    try:
        tried = copy.try_out(guard)
    finally:
        free.put(copy)
    say(str(tried))
    return tried


def _red_in_turn(free: SimpleQueue[Copy], tests: Sequence[str]) -> list[str]:
    """Return which of some tests are red on the whole code: usually none, so all are run at once first."""
    copy = free.get()
    try:
        return [] if copy.all_green(tests) else [test for test in tests if not copy.all_green([test])]
    finally:
        free.put(copy)


def _judged(code: int | None, said: str) -> Verdict:
    """Return what pytest's answer says about a guard that was taken out.

    A red test proves something only where the code runs without the guard.
    """
    if code is None:
        return Verdict.LATE
    if code == 0:
        return Verdict.NOT_HELD
    return Verdict.NOT_RUNNING if code != 1 or _NOT_RUNNING.search(said) else Verdict.HELD


def _command(tests: Sequence[str]) -> list[str]:
    plugins = [part for plugin in PLUGINS for part in ("-p", plugin)]
    options = ["-x", "-q", "--tb=short", "-p", "no:cacheprovider", f"--timeout={TEST_SECONDS}"]
    return [sys.executable, "-m", "pytest", *plugins, *options, *tests]


def _environment() -> dict[str, str]:
    """Return the environment of a run, without what tells it about a pytest or a database around it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "MASQUERADE_"))}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": ""}


def _room() -> Path | None:
    """Return where copies are kept: in memory, where there is any for that."""
    return MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
