"""Talking on a screen: the reply appears above the prompt while it is written, and stays once it is said."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from rich.console import Console
from rich.text import Text

from bot.roles import Speaker
from bot.terminal import slash
from bot.terminal.markup import lines_of
from bot.terminal.session import CHARACTER, Session
from bot.turn import NO_EMOTES, Part

PROMPT = "> "
_DOTS_SECONDS = 0.3
_ROWS_BELOW = 5  # the name, the prompt, the toolbar, and air
_STYLE = Style.from_dict(
    {"bottom-toolbar": "noreverse bg:#262335 #b8b3d1", "prompt": "bold", "writing": "italic #8a8a8a"}
)


class Screen:
    """The mouth of the character on a screen, and the prompt below it."""

    me = CHARACTER
    emotes = NO_EMOTES

    def __init__(self, session: Session, console: Console) -> None:
        self.said: list[int] = []
        self.partial = ""
        self._session = session
        self._name = session.character.name
        self._console = console
        self._dots = 0
        self._notes: set[asyncio.Task[None]] = set()
        self._writing = False
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
        """Return what is typed next. Raises EOFError at Ctrl-D and KeyboardInterrupt at Ctrl-C."""
        return await self._prompt.prompt_async()

    # What the walk asks of a mouth.

    @property
    def show(self) -> Callable[[str], None]:
        return self._show

    def speaking_as(self, speaker: Speaker) -> "Screen":
        """Let what follows stand under the name of a character."""
        self._name = speaker.name
        return self

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._typing()

    async def say(self, part: Part, *, to: int) -> int:  # noqa: ARG002
        self.partial, self._writing = "", False
        await self.print_reply(part.text, named=part.number == 1)
        self.said.append(self._session.note_said())
        return self.said[-1]

    async def edit(self, message_id: int, text: str) -> None:  # noqa: ARG002
        """Print the new words: what stands above stays there."""
        await self.print_reply(text)

    async def unsay(self, message_id: int) -> None:
        """Nothing: what was printed stays where it is."""

    async def react(self, message_id: int) -> None:
        """Nothing: in a terminal a fault is told in words."""

    async def whisper(self, part: Part, *, to: int) -> bool:  # noqa: ARG002
        """Print it as a note of the program: it is not the character who says it."""
        await self.note(part.text)
        return True

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:  # noqa: ARG002
        return None

    # What is printed stays; the prompt moves below it.

    async def print_reply(self, text: str, *, named: bool = True, ending: str = "") -> None:
        """Print what the character said under its name; `ending` says in grey how it ended, if oddly."""
        lines = self._reply(text, named=named)
        if ending:
            lines.append(Text(f"  {ending}", style="dim"))
        await self._print([*lines, Text()], wrap=False)

    async def note(self, text: str) -> None:
        """Print what the program itself has to say."""
        await self._print([*(Text(line, style="dim") for line in text.split("\n")), Text()], wrap=True)

    def tell(self, sentence: str) -> None:
        """Print a note as soon as possible, for those who can't wait for it."""
        task = asyncio.create_task(self.note(sentence))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _print(self, lines: list[Text], *, wrap: bool) -> None:
        def print_all() -> None:
            for line in lines:
                self._console.print(line, soft_wrap=not wrap)

        await run_in_terminal(print_all)

    # What is drawn with the prompt, again and again.

    def _show(self, written: str) -> None:
        self.partial = written
        self.redraw()

    @asynccontextmanager
    async def _typing(self) -> AsyncIterator[None]:
        self.partial, self._writing = "", True
        dots = asyncio.create_task(self._move_dots())
        try:
            yield
        finally:
            dots.cancel()
            self.partial, self._writing = "", False
            self.redraw()

    async def _move_dots(self) -> None:
        while True:
            self._dots = self._dots % 3 + 1
            self.redraw()
            await asyncio.sleep(_DOTS_SECONDS)

    def redraw(self) -> None:
        """Draw the prompt anew, with what is being written and the toolbar."""
        self._prompt.app.invalidate()

    def _message(self) -> StyleAndTextTuples:
        """Return the prompt, below what is being written. A line that was sent keeps only the prompt."""
        prompt: StyleAndTextTuples = [("class:prompt", PROMPT)]
        if self._prompt.app.is_done or not self._writing:
            return prompt
        if self.partial.strip():
            return [*to_formatted_text(ANSI(self._preview())), ("", "\n"), *prompt]
        dots = "." * self._dots
        return [("class:writing", f"{self._name} is writing{dots}\n"), *prompt]

    def _preview(self) -> str:
        """Return the end of what is being written, as much as fits the screen."""
        rows, columns = self._size()
        drawn = Console(
            file=io.StringIO(), force_terminal=True, width=columns, color_system="truecolor", no_color=False
        )
        name, *lines = self._reply(self.partial, named=True)
        with drawn.capture() as capture:
            for line in [name, *lines[-max(rows - _ROWS_BELOW, 1) :]]:
                drawn.print(line, soft_wrap=True)
        return capture.get()

    def _reply(self, text: str, *, named: bool) -> list[Text]:
        name = [Text(self._name, style="bold magenta")] if named else []
        return [*name, *lines_of(text, self._console, self._size()[1])]

    def _size(self) -> tuple[int, int]:
        size = self._prompt.app.output.get_size()
        return size.rows, min(size.columns, 100)

    def _toolbar(self) -> str:
        return toolbar(self._session, self._prompt.app.output.get_size().columns)


def toolbar(session: Session, columns: int) -> str:
    """Return character, model, cost and count, as many of these as fit, the most important first."""
    parts = [
        session.character.name,
        session.app.server.model,
        session.cost(),
        f"{session.messages} message{'' if session.messages == 1 else 's'}",
        "/help",
    ]
    while len(parts) > 1 and len(" · ".join(parts)) + 2 > columns:
        parts.pop()
    return f" {' · '.join(parts)} "
