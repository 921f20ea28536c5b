"""The program as a stranger meets it: a fresh clone, a terminal, and processes that know nothing of tests."""

import asyncio
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "tests", "docs", "data", "config.env", "character.env", "build", "*.egg-info"
)
EXAMPLES = ("config.env.example", "character.env.example")
PATIENCE = 120.0
_CODES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>]|\][^\x07]*\x07)")
POINTING = """
import os
from tests.world.discord_pointing import point_discord_at
point_discord_at(os.environ["LOOPBACK_DISCORD"], pause=0.02)
"""


def clone(folder: Path) -> Path:
    """Copy what a clone holds, without what a run leaves behind."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, dirs_exist_ok=True)
    return folder


def environment(folder: Path, discord: str = "", **more: str) -> dict[str, str]:
    """Return a plain environment; with `discord` every process takes that address for Discord's."""
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    if discord:
        pointing = folder / "pointing"
        pointing.mkdir(exist_ok=True)
        (pointing / "sitecustomize.py").write_text(POINTING, encoding="utf-8")
        plain |= {"PYTHONPATH": f"{pointing}:{ROOT}", "LOOPBACK_DISCORD": discord}
    return plain | {"PYTHONDONTWRITEBYTECODE": "1"} | more


async def ran(
    app: Path, *arguments: str, said: str = "", python: str = sys.executable, **environ: str
) -> tuple[int, str, str]:
    """Run main.py in `app` to its end; return the exit code and what it wrote to both streams."""
    process = await asyncio.create_subprocess_exec(
        *(python, "main.py", *arguments),
        cwd=app,
        env=environment(app.parent, **environ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(said.encode()), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


class Terminal:
    """A person before a terminal of 80 columns in which main.py runs."""

    def __init__(self, screen: int, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._screen = screen
        self._raw = b""
        self._seen = 0
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(screen, self._read)

    @property
    def shown(self) -> str:
        """Everything that was printed so far, without the codes for colours and the cursor."""
        return _CODES.sub("", self._raw.decode(errors="replace")).replace("\r", "")

    async def answer(self, question: str, answer: str) -> None:
        """Wait until something new is asked, and answer it."""
        await self.see(question, last=":")
        self.type(f"{answer}\r")

    def type(self, keys: str) -> None:
        self._seen = len(self.shown)
        os.write(self._screen, keys.encode())

    async def see(self, text: str, *, last: str = "") -> None:
        """Wait until something new is printed, and `last` stands at its end."""
        async with asyncio.timeout(PATIENCE):
            while text not in (new := self.shown[self._seen :]) or not new.rstrip().endswith(last):
                self._more.clear()
                await self._more.wait()

    async def ended(self) -> int:
        """Wait for the end and return the exit code."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._screen)
        os.close(self._screen)

    def _read(self) -> None:
        try:
            chunk = os.read(self._screen, 65_536)
        except OSError:  # the other side is closed
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._screen)
        self._raw += chunk
        self._more.set()


@asynccontextmanager
async def terminal(
    app: Path, arguments: Iterable[str], environ: dict[str, str], *, python: str = sys.executable
) -> AsyncIterator[Terminal]:
    """Start main.py in a terminal; it is killed in the end, if it still runs."""
    screen, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(python, "main.py", *arguments),
        cwd=app,
        env=environ,
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    person = Terminal(screen, process)
    try:
        yield person
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        person.close()
