"""Chat on a screen: a growing reply appears above the prompt, and stays once it is complete."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from dataclasses import dataclass

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from rich.console import Console
from rich.text import Text

from bot.cli.terminal import slash
from bot.cli.terminal.markup import Marked, hides, lines_of
from bot.cli.terminal.session import CHARACTER, NOTHING_COVERED, TerminalSession
from bot.conversation.company import Speaker
from bot.conversation.types import NO_EMOTES, Part
from bot.core.tasks import running, spawn

PROMPT = "> "
HIDDEN = "(/reveal shows what is blacked out)"
_DOTS_SECONDS = 0.3
_ROWS_BELOW = 5  # the name, the prompt, the toolbar, and air
_STYLE = Style.from_dict(
    {"bottom-toolbar": "noreverse bg:#262335 #b8b3d1", "prompt": "bold", "writing": "italic #8a8a8a"}
)


@dataclass(slots=True)
class _Drawn:
    """Preview above the prompt while a reply is generated, with the speaker if known."""

    writing: bool = False
    partial: str = ""
    name: str = ""
    dots: int = 0


class Screen:
    """The characters' outlet on a screen, and the prompt below it."""

    me = CHARACTER
    emotes = NO_EMOTES

    def __init__(self, session: TerminalSession, console: Console) -> None:
        self.said: list[int] = []
        self._session = session
        self._name = session.character.name if session.alone else ""
        self._console = console
        self._drawn = _Drawn()
        self.cleared = False
        self._covered: list[tuple[str, str]] = []
        self._prompt: PromptSession[str] = PromptSession(
            self._message,
            bottom_toolbar=self._toolbar,
            history=InMemoryHistory(),
            completer=WordCompleter([f"/{name}" for name in slash.COMMANDS], sentence=True),
            complete_while_typing=False,
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            style=_STYLE,
        )

    async def ask(self) -> str:
        """Return the next input. Raises EOFError on Ctrl-D and KeyboardInterrupt on Ctrl-C.

        `cleared` says whether Ctrl-C discarded a partly typed line.
        """
        try:
            return await self._prompt.prompt_async()
        finally:
            self.cleared = bool(self._prompt.default_buffer.text)

    @property
    def partial(self) -> str:
        """The text of the growing reply."""
        return self._drawn.partial

    # The outlet's interface.

    @property
    def show(self) -> Callable[[str], None]:
        return self._show

    def speaking_as(self, speaker: Speaker) -> "Screen":
        """Return the outlet of a character on the same screen."""
        own = copy(self)
        own._name = self._drawn.name = speaker.name  # noqa: SLF001 - the same class
        return own

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._typing()

    async def say(self, part: Part, *, to: int) -> int:  # noqa: ARG002
        self._drawn.partial, self._drawn.writing = "", False
        await self.print_reply(part.text, named=part.number == 1)
        self.said.append(self._session.note_said())
        return self.said[-1]

    async def edit(self, message_id: int, text: str) -> None:  # noqa: ARG002
        """Print the new text: earlier output can't be changed."""
        await self.print_reply(text)

    async def unsay(self, message_id: int) -> None:
        """Do nothing: output can't be removed."""

    async def react(self, message_id: int) -> None:
        """Do nothing: in a terminal, faults are reported in words."""

    async def whisper(self, part: Part, *, to: int) -> bool:  # noqa: ARG002
        """Print the text as a note of the program: it is not the character's."""
        await self.note(part.text)
        return True

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:  # noqa: ARG002
        return None

    # Permanent output; the prompt moves below it.

    async def print_reply(self, text: str, *, named: bool = True, ending: str = "") -> None:
        """Print a character's reply under its name; `ending` is an annotation in grey."""
        if hides(text):
            self._covered[:], ending = [(self._name or self._drawn.name, text)], ending or HIDDEN
        lines = self._reply(text, named=named)
        if ending:
            lines.append(Text(f"  {ending}", style="dim"))
        await self._print([*lines, Text()])

    async def note(self, text: str) -> None:
        """Print a note of the program."""
        lines = lines_of(
            text, self._console, self._size()[1], indent="", marked=isinstance(text, Marked), covered=False
        )
        for line in lines:
            line.style = "dim"
        await self._print([*lines, Text()])

    async def reveal(self) -> str:
        if not self._covered:
            return NOTHING_COVERED
        name, text = self._covered[0]
        await self._print([Text(name, style="bold magenta"), *self._lines(text, covered=False), Text()])
        return ""

    def tell(self, sentence: str) -> None:
        """Print a note as soon as possible, for callers that can't await it."""
        spawn(self.note(sentence), name="Printing a note")

    async def _print(self, lines: list[Text]) -> None:
        def print_all() -> None:
            for line in lines:
                self._console.print(line, soft_wrap=True)

        await run_in_terminal(print_all)

    # Redrawn together with the prompt.

    def _show(self, written: str) -> None:
        self._drawn.partial, self._drawn.name = written, self._name or self._drawn.name
        self.redraw()

    @asynccontextmanager
    async def _typing(self) -> AsyncIterator[None]:
        drawn = self._drawn
        drawn.partial, drawn.writing, drawn.name = "", True, self._name
        try:
            async with running(self._move_dots(), name="Moving the dots"):
                yield
        finally:
            drawn.partial, drawn.writing = "", False
            self.redraw()

    async def _move_dots(self) -> None:
        while True:
            self._drawn.dots = self._drawn.dots % 3 + 1
            self.redraw()
            await asyncio.sleep(_DOTS_SECONDS)

    def redraw(self) -> None:
        """Redraw the prompt, the preview and the toolbar."""
        self._prompt.app.invalidate()

    def _message(self) -> StyleAndTextTuples:
        """Return the prompt with the preview above it. A submitted line keeps only the prompt."""
        prompt: StyleAndTextTuples = [("class:prompt", PROMPT)]
        drawn = self._drawn
        if self._prompt.app.is_done or not drawn.writing:
            return prompt
        if drawn.partial.strip():
            return [*to_formatted_text(ANSI(self._preview())), ("", "\n"), *prompt]
        who = f"{drawn.name} is writing" if drawn.name else ""
        return [("class:writing", f"{who}{'.' * drawn.dots}\n"), *prompt]

    def _preview(self) -> str:
        """Return as much of the preview's end as fits on the screen."""
        rows, columns = self._size()
        drawn = Console(
            file=io.StringIO(), force_terminal=True, width=columns, color_system="truecolor", no_color=False
        )
        name, lines = Text(self._drawn.name, style="bold magenta"), self._lines(self._drawn.partial)
        with drawn.capture() as capture:
            for line in [name, *lines[-max(rows - _ROWS_BELOW, 1) :]]:
                drawn.print(line, soft_wrap=True)
        return capture.get()

    def _reply(self, text: str, *, named: bool) -> list[Text]:
        name = self._name or self._drawn.name
        head = [Text(name, style="bold magenta")] if named and name else []
        return [*head, *self._lines(text)]

    def _lines(self, text: str, *, covered: bool = True) -> list[Text]:
        return lines_of(text, self._console, self._size()[1], covered=covered)

    def _size(self) -> tuple[int, int]:
        size = self._prompt.app.output.get_size()
        return size.rows, min(size.columns, 100)

    def _toolbar(self) -> str:
        return toolbar(self._session, self._prompt.app.output.get_size().columns)


def toolbar(session: TerminalSession, columns: int) -> str:
    """Return character, model, cost and count, as many as fit, the most important first."""
    parts = [
        session.names,
        session.app.server.model,
        session.cost(),
        f"{session.messages} message{'' if session.messages == 1 else 's'}",
        "/help",
    ]
    while len(parts) > 1 and len(" · ".join(parts)) + 2 > columns:
        parts.pop()
    return f" {' · '.join(parts)} "
