"""Start of a terminal chat: choice of model, log destination, screen or pipe."""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from bot.app import App, open_app
from bot.arranging import manner_of
from bot.cli.terminal.dialogue import PendingLines, converse
from bot.cli.terminal.markup import bare
from bot.cli.terminal.plain import piped_lines, read_out, read_script, script_lines
from bot.cli.terminal.screen import Screen
from bot.cli.terminal.session import TerminalSession, open_session
from bot.cli.warming import warm_up
from bot.conversation.config import Manner
from bot.core.errors import unwritable
from bot.core.logging import set_up_logging
from bot.features.characters.library import library_of
from bot.llm.server import open_server
from bot.settings import Loaded, Settings


@contextmanager
def download_bar(console: Console) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for (bytes done, bytes in all) that draws a bar; None without a screen.

    Nothing is drawn before the first call.
    """
    if not console.is_terminal:
        yield None
        return
    bar = Progress(
        TextColumn("Fetching"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
    )
    task = bar.add_task("Fetching", total=None, start=False)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.start_task(task)
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    try:
        yield show
    finally:
        bar.stop()


LOG_NAME = "masquerade.log"
HINT = "/help lists the commands. Ctrl-C stops an answer, Ctrl-D leaves."

OnStage = Callable[[str], None]


async def talk(loaded: Loaded, *, script: Path | None = None, on_stage: OnStage | None = None) -> int:
    """Chat with the character on a screen, through a pipe, or from a script; return the exit code.

    1 means that a reply failed in a pipe or script. Raises ConfigurationError for faults that the operator
    must fix, and LocalVoiceError if no model is available.
    """
    if script is None and _has_screen():
        return await _on_screen(loaded, on_stage)
    lines = _lines_to_read(script)
    tell = _printer(Console(stderr=True, highlight=False))
    async with _opened(loaded, tell, on_stage) as app:
        return await read_out(await open_session(app), lines, out=sys.stdout, complain=tell)


def _has_screen() -> bool:
    """Return whether a person can type and see output here; either stream may be closed."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _lines_to_read(script: Path | None) -> AsyncIterator[str]:
    if script is not None:
        return script_lines(read_script(script))
    return script_lines("") if sys.stdin is None else piped_lines(sys.stdin)


async def _on_screen(loaded: Loaded, on_stage: OnStage | None) -> int:
    console = Console(highlight=False)
    tellers, listeners = [_printer(console)], [on_stage] if on_stage else []

    def tell(sentence: str) -> None:
        tellers[-1](sentence)  # the model may report something during the chat

    def reached(stage: str) -> None:
        for listen in listeners:
            listen(stage)

    async with _opened(loaded, tell, reached) as app:
        session = await open_session(app)
        _introduce(session, console)
        screen = Screen(session, console)
        turns = PendingLines(session, screen)
        tellers.append(screen.tell)
        listeners.append(turns.reached)
        try:
            await session.welcome(screen)
            return await converse(session, screen, turns)
        finally:
            tellers.pop()


@asynccontextmanager
async def _opened(
    loaded: Loaded, tell: Callable[[str], None], on_stage: OnStage | None
) -> AsyncIterator[App]:
    """Open the app for a chat. `tell` prints a sentence for the person."""
    settings, character = loaded.settings, loaded.playable
    with _logging_to_file(settings), download_bar(Console(stderr=True, highlight=False)) as progress:
        for notice in loaded.notices:
            tell(str(notice))
        async with (
            open_server(settings, say=tell, progress=progress, fresh_key=loaded.fresh_key) as server,
            open_app(
                settings,
                character,
                server,
                library=library_of(loaded),
                manner=_at_once(manner_of(settings, server)),
                on_stage=on_stage,
            ) as app,
        ):
            await warm_up(app, tell)
            yield app


def _at_once(manner: Manner) -> Manner:
    """Return the configuration without typing delays and without waiting for further lines."""
    return replace(manner, pace=replace(manner.pace, longest=0.0), burst_quiet=0.0, burst_longest=0.0)


def _introduce(session: TerminalSession, console: Console) -> None:
    for role in session.app.company:
        console.print(
            Text.assemble((bare(role.name), "bold magenta"), "  ", bare(role.character.description))
        )
    console.print(Text(HINT, style="dim"))
    console.print()


def _printer(console: Console) -> Callable[[str], None]:
    def tell(sentence: str) -> None:
        console.print(Text(bare(sentence), style="dim"), soft_wrap=not console.is_terminal)

    return tell


@contextmanager
def _logging_to_file(settings: Settings) -> Iterator[None]:
    """Redirect the log from the screen to a file in the data folder."""
    path = settings.data_dir / LOG_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = path.open("a", encoding="utf-8", errors="replace")
    except OSError as error:
        raise unwritable(str(path), error) from error
    with stream:
        handler = set_up_logging(settings.log_level, secrets=settings.secrets, stream=stream, colour=False)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)
