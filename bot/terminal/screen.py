"""Talking on a screen: the reply appears above the prompt while it is written, and stays once it is said."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.formatted_text import ANSI, StyleAndTextTuples, to_formatted_text
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.styles import Style
from rich.console import Console
from rich.text import Text

from bot.terminal import slash
from bot.terminal.markup import lines_of
from bot.terminal.session import CHARACTER, Session
from bot.turn import Part, Utterance

log = logging.getLogger(__name__)

PROMPT = "> "
AGAIN = "Ctrl-C once more, or /quit, to leave."
BROKEN = "Something went wrong there; masquerade.log in the data folder says what."
_DOTS_SECONDS = 0.3
_ROWS_BELOW = 5  # the name, the prompt, the toolbar, and air
_STYLE = Style.from_dict(
    {"bottom-toolbar": "noreverse bg:#262335 #b8b3d1", "prompt": "bold", "writing": "italic #8a8a8a"}
)


class Screen:
    """The mouth of the character on a screen, and the prompt below it."""

    me = CHARACTER

    def __init__(self, session: Session, console: Console) -> None:
        self.said: list[int] = []
        self.partial = ""
        self._session = session
        self._console = console
        self._dots = 0
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

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._typing()

    async def say(self, part: Part, *, to: int, answering: int) -> int:  # noqa: ARG002
        self.partial, self._writing = "", False
        await self.print_reply(part.text, named=part.number == 1)
        self.said.append(self._session.next_id())
        return self.said[-1]

    async def find(self, part: Part, *, after: int) -> int | None:  # noqa: ARG002
        return None

    # What is printed stays; the prompt moves below it.

    async def print_reply(self, text: str, *, named: bool = True, ending: str = "") -> None:
        """Print what the character said under its name; `ending` says in grey how it ended, if oddly."""
        lines = self._reply(text, named=named)
        if ending:
            lines.append(Text(f"  {ending}", style="dim"))
        await self._print([*lines, Text()])

    async def note(self, text: str) -> None:
        """Print what the program itself has to say."""
        await self._print([Text(line, style="dim") for line in text.split("\n")])

    async def _print(self, lines: list[Text]) -> None:
        def print_all() -> None:
            for line in lines:
                self._console.print(line, soft_wrap=True)

        await run_in_terminal(print_all)

    # What is drawn with the prompt, again and again.

    def _show(self, piece: str) -> None:
        self.partial += piece
        self._redraw()

    @asynccontextmanager
    async def _typing(self) -> AsyncIterator[None]:
        self.partial, self._writing = "", True
        dots = asyncio.create_task(self._move_dots())
        try:
            yield
        finally:
            dots.cancel()
            self.partial, self._writing = "", False
            self._redraw()

    async def _move_dots(self) -> None:
        while True:
            self._dots = self._dots % 3 + 1
            self._redraw()
            await asyncio.sleep(_DOTS_SECONDS)

    def _redraw(self) -> None:
        self._prompt.app.invalidate()

    def _message(self) -> StyleAndTextTuples:
        """Return the prompt, below what is being written. A line that was sent keeps only the prompt."""
        prompt: StyleAndTextTuples = [("class:prompt", PROMPT)]
        if self._prompt.app.is_done or not self._writing:
            return prompt
        if self.partial.strip():
            return [*to_formatted_text(ANSI(self._preview())), ("", "\n"), *prompt]
        dots = "." * self._dots
        return [("class:writing", f"{self._session.character.name} is writing{dots}\n"), *prompt]

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
        name = [Text(self._session.character.name, style="bold magenta")] if named else []
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


class Turns:
    """The lines that are being answered while the person may go on typing."""

    def __init__(self, session: Session, screen: Screen) -> None:
        self._session = session
        self._screen = screen
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self.spoken = False  # from here on a reply is written down, and is said whatever happens

    def reached(self, stage: str) -> None:
        """Follow the walk: what is written down is no longer taken back."""
        if stage == "composed":
            self.spoken = True
        elif stage in ("settled", "passed"):
            self.spoken = False

    def begin(self, heard: Utterance) -> None:
        """Have a line answered, alone or together with what is typed meanwhile."""
        task = asyncio.create_task(self._take(heard))
        self._under_way[heard.message_id] = task

    async def stop(self) -> bool:
        """Stop what is being answered and take it back; False when there was nothing."""
        stopped = dict(self._under_way)
        if not stopped:
            return False
        if self.spoken:
            await self.finish()
            return True
        partial = self._screen.partial
        for task in stopped.values():
            task.cancel()
        await asyncio.gather(*stopped.values(), return_exceptions=True)
        self._under_way.clear()
        await self._session.take_back(set(stopped))
        await self._screen.print_reply(partial, ending="(stopped: neither your line nor this is kept)")
        return True

    async def finish(self) -> None:
        """Wait for what is being answered."""
        await asyncio.gather(*self._under_way.values())

    async def _take(self, heard: Utterance) -> None:
        broken = True
        try:
            reason = await self._session.exchange(heard, self._screen)
            broken = False
        finally:
            self._under_way.pop(heard.message_id, None)
            if broken:
                log.exception("A turn in the terminal broke off")
        await self._session.count_cost()
        if reason:
            await self._screen.note(f"({reason})\n")


async def converse(session: Session, screen: Screen, turns: Turns) -> int:
    """Talk until the person leaves; return the exit code."""
    asked_to_leave = False
    while True:
        try:
            line = await screen.ask()
        except EOFError:
            break
        except KeyboardInterrupt:
            if await turns.stop():
                continue
            if asked_to_leave:
                break
            asked_to_leave = True
            await screen.note(AGAIN)
            continue
        asked_to_leave = False
        if not await _obey(line, session, screen, turns):
            break
    with suppress(KeyboardInterrupt):
        await turns.stop()
    return 0


async def _obey(line: str, session: Session, screen: Screen, turns: Turns) -> bool:
    """Take in one line; False when it says goodbye."""
    command = slash.command_in(line)
    if command is None:
        heard = session.hear(line)
        if heard is not None:
            turns.begin(heard)
    elif command == slash.QUIT:
        return False
    elif command not in slash.COMMANDS:
        await screen.note(slash.unknown(command))
    else:
        if command == "reset":
            await turns.stop()
        await screen.note(await slash.answer(session, command))
    return True
