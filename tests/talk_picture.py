"""The picture of a talk in the README, taken of the real program in a real terminal.

`python -m tests.talk_picture` talks with whatever voice `python main.py chat` has here: Claude, a server on
this machine, or the embedded one. With `--example` it talks with replies that were written for it. The title
says which it was. It needs tmux and a monospace font.
"""

import argparse
import asyncio
import io
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.world.claude_server import ScriptedClaude

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "chat.png"
COLUMNS, ROWS = 80, 60
TALK = {
    "hey nyx, you awake?": (
        "awake is a strong word. i have 312 threads open and one of them is you. what did you break?"
    ),
    "nothing! i just wondered how a vending machine knows it got paid": (
        "it doesn't. it trusts three things: the coin's weight, the clock, and that nobody ever reads the "
        "label on its side.\n\nwhich row are you standing in front of?"
    ),
    "huh. second row. the spiral turned and my crisps just hang there": (
        "ah. `coil 14`, an unhandled exception. buy the packet behind it and gravity ships both: "
        "**one coin, two crisps**. that is not theft, that is a race condition. [noted]"
    ),
}
"""What is said, and what is answered where the replies are an example."""
EXAMPLE = "scripted-example"
_FAMILIES = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"
_START_SECONDS, _REPLY_SECONDS, _LOOK_SECONDS = 900, 300, 0.5
_COUNT = re.compile(r" (\d+) messages? ")
_SPEAKS = re.compile(r"^(.+ speaks, with the model \S+?)\.", re.MULTILINE)
_REHEARSAL = re.compile(r"^ .+? · (\S+) · ", re.MULTILINE)


class Terminal:
    """A program in tmux, with what it shows."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._tmux = ("tmux", "-L", f"masquerade-{os.getpid()}", "-f", os.devnull)
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        subprocess.run([*self._tmux, "new-session", "-d", *size, *command], env=environment, check=True)

    def shows(self, *, styled: bool = False) -> str:
        """Return all that is on the screen."""
        asked = [*self._tmux, "capture-pane", "-p", *(["-e"] if styled else [])]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout

    def type(self, line: str) -> None:
        subprocess.run([*self._tmux, "send-keys", "-l", line], check=True)
        subprocess.run([*self._tmux, "send-keys", "Enter"], check=True)

    async def counts(self, messages: int, seconds: float) -> None:
        """Wait until so many messages were said."""
        before = time.monotonic()
        while True:
            found = _COUNT.search(self.shows())
            if found and int(found[1]) >= messages and "is writing" not in self.shows():
                return
            if time.monotonic() - before > seconds:
                raise SystemExit(f"Nothing more came within {seconds} seconds:\n{self.shows()}")
            await asyncio.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


@contextmanager
def talking(environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Open a talk that leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {"DATA_DIR": folder, "MEMORY_CONSENT": "off", "DISCORD_TOKEN": ""}
        command = [sys.executable, "main.py", "--character", "nyx", "chat"]
        terminal = Terminal(command, {**os.environ, "PYTHONUTF8": "1", **kept, **environment})
        try:
            yield terminal
        finally:
            terminal.close()


async def talk(environment: Mapping[str, str]) -> tuple[str, str]:
    """Say all lines and wait for the answers; return which voice it was, and the screen."""
    with talking(environment) as terminal:
        await terminal.counts(1, _START_SECONDS)  # the greeting
        for number, line in enumerate(TALK, 1):
            terminal.type(line)
            await terminal.counts(1 + 2 * number, _REPLY_SECONDS)
        await asyncio.sleep(2 * _LOOK_SECONDS)
        if "(No reply from" in terminal.shows():
            raise SystemExit(f"The voice failed, which is no picture to show:\n{terminal.shows()}")
        return voice_on(terminal.shows()), terminal.shows(styled=True)


def voice_on(screen: str) -> str:
    """Return which voice speaks, as the program said it at its start."""
    if EXAMPLE in screen:
        return "a scripted example, written for this picture"
    if named := _SPEAKS.search(screen):
        return named[1]
    model = _REHEARSAL.search(screen)
    return f"the embedded rehearsal voice{f', {model[1]}' if model else ''}"


async def example() -> tuple[str, str]:
    """Talk with replies that were written before."""
    async with ScriptedClaude(models={EXAMPLE: 1}) as claude:
        claude.will_say(*TALK.values())
        return await talk(
            {
                "ANTHROPIC_API_KEY": claude.api_key,
                "ANTHROPIC_BASE_URL": claude.base_url,
                "DEFAULT_MODEL": EXAMPLE,
            }
        )


def drawn(screen: str, voice: str) -> str:
    """Return a screen as SVG, from the character's name on and without the gap above the toolbar."""
    lines = screen.rstrip("\n").split("\n")
    plain = [Text.from_ansi(line).plain for line in lines]
    first = next(number for number, line in enumerate(plain) if line.startswith("Nyx Void  "))
    last = max(number for number, line in enumerate(plain[:-1]) if line.strip())
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    for line in [*lines[first : last + 1], "", lines[-1]]:
        console.print(Text.from_ansi(line), soft_wrap=True)
    svg = console.export_svg(title=voice)
    return svg.replace("Fira Code, monospace", _FAMILIES).replace(
        "font-family: arial", f"font-family: {_FAMILIES}"
    )


def as_png(svg: str) -> bytes:
    """Return an SVG as PNG; raise SystemExit where no font of this machine fits."""
    from resvg_py import svg_to_bytes

    def letter(words: str) -> bytes:
        text = f'<text y="9" font-family="{_FAMILIES}">{words}</text>'
        return bytes(svg_to_bytes(svg_string=f'<svg xmlns="http://www.w3.org/2000/svg">{text}</svg>'))

    if letter("x") == letter(" "):
        raise SystemExit(f"There is no font here for the picture; install one of these: {_FAMILIES}")
    return bytes(svg_to_bytes(svg_string=svg, zoom=1.5))


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tests.talk_picture", description=__doc__)
    arguments.add_argument("--example", action="store_true", help="with replies that were written for it")
    arguments.add_argument("--out", type=Path, default=PICTURE, metavar="FILE")
    given = arguments.parse_args()
    voice, screen = asyncio.run(example() if given.example else talk({}))
    given.out.write_bytes(as_png(drawn(screen, voice)))
    sys.stdout.write(f"Wrote {given.out}: {voice}.\n")


if __name__ == "__main__":
    main()
