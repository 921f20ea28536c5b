"""Dialogue on a screen: the person may type on while lines are answered, and can stop them."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

from bot.cli.terminal import slash
from bot.cli.terminal.files import files_in, why_none
from bot.cli.terminal.screen import Screen
from bot.cli.terminal.session import TerminalSession
from bot.conversation.types import Utterance
from bot.core.tasks import Tasks, spawn
from database import DatabaseError

AGAIN = "Ctrl-C once more, or /quit, to leave."
STOPPED = "(stopped)"
BROKEN = "Something went wrong there; masquerade.log in the data folder says what."


class PendingLines:
    """The lines being answered."""

    def __init__(self, session: TerminalSession, screen: Screen) -> None:
        self._session = session
        self._screen = screen
        self._under_way: dict[int, asyncio.Task[str | None]] = {}
        self._tasks = Tasks()
        self._commands: set[asyncio.Task[str]] = set()
        # Cleared while a reply is stored and posted: from then on it can't be cancelled.
        self._stoppable = asyncio.Event()
        self._stoppable.set()

    def reached(self, stage: str) -> None:
        """Track the stage of the pipeline."""
        if stage == "composed":
            self._stoppable.clear()
        elif stage in ("settled", "passed"):
            self._stoppable.set()

    def begin(self, heard: Utterance) -> None:
        """Start answering a line, after those already under way."""
        exchange = spawn(self._session.exchange(heard, self._screen), name="A turn in the terminal")
        self._under_way[heard.message_id] = exchange
        self._tasks.spawn(self._see_through(heard, exchange), name="Showing how a turn ended")

    async def do(self, command: Coroutine[Any, Any, str], *, wait: bool) -> None:
        """Run a command and print its result, in the background unless `wait`."""
        doing = spawn(_or_why_not(command), name="A command in the terminal")
        self._commands.add(doing)
        task = self._tasks.spawn(self._tell(doing), name="Showing how a command ended")
        if wait:
            await task

    async def _tell(self, doing: asyncio.Task[str]) -> None:
        await asyncio.wait([doing])
        self._commands.discard(doing)
        if not self._under_way:
            self._stoppable.set()
        if doing.cancelled():
            await self._screen.note(STOPPED)
        elif doing.exception():
            await self._screen.note(BROKEN)
        elif told := doing.result():
            await self._screen.note(told)
        await self._session.count_cost()
        self._screen.redraw()

    async def stop(self) -> bool:
        """Cancel everything under way and take the lines back; return False if there was nothing.

        Commands under way are cancelled too, and no further character speaks.
        """
        if not (self._commands or self._under_way):
            return False
        await self._stoppable.wait()
        commands, stopped, written = list(self._commands), dict(self._under_way), self._screen.partial
        await _cancelled([*commands, *stopped.values()])
        try:
            await self._session.let_go()
            taken_back = await self._session.take_back(set(stopped))
        except DatabaseError as error:  # the lines stay, and so does the person's session
            await self._screen.note(f"({error})")
            return True
        if taken_back:
            await self._screen.print_reply(written, ending="(stopped; your line is taken back)")
        elif not commands:  # cancelled commands report that themselves
            await self._screen.note(STOPPED)
        return True

    async def close(self) -> None:
        """Cancel everything under way and wait for it to end."""
        await self.stop()
        await self._tasks.wait()

    async def _see_through(self, heard: Utterance, exchange: asyncio.Task[str | None]) -> None:
        """Wait for an exchange to end; show its cost, and the error if it failed."""
        await asyncio.wait([exchange])
        del self._under_way[heard.message_id]
        self._stoppable.set()
        if exchange.cancelled():
            return
        for note in await self._session.missed.notes(heard):
            await self._screen.note(note)
        if exchange.exception():
            await self._screen.note(BROKEN)
        elif reason := exchange.result():
            await self._screen.note(f"({reason})")
        elif question := await self._session.question(heard):
            await self._screen.note(question)
        await self._session.count_cost()
        self._screen.redraw()


async def _or_why_not(command: Coroutine[Any, Any, str]) -> str:
    """Return a command's result, or the database error with its remedy."""
    try:
        return await command
    except DatabaseError as error:
        return f"({error})"


async def _cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def converse(session: TerminalSession, screen: Screen, turns: PendingLines) -> int:
    """Run the dialogue until /quit, Ctrl-D, or Ctrl-C twice; return the exit code."""
    try:
        await _converse(session, screen, turns)
    finally:
        await turns.close()
    return 0


async def _converse(session: TerminalSession, screen: Screen, turns: PendingLines) -> None:
    interrupted = False
    while True:
        try:
            line = await screen.ask()
        except EOFError:
            break
        except KeyboardInterrupt:
            if await turns.stop():
                continue
            if screen.cleared:
                interrupted = False
                continue
            if interrupted:
                break
            interrupted = True
            await screen.note(AGAIN)
            continue
        interrupted = False
        if not await _take_in(line, session, screen, turns):
            break


def _dropped(line: str, session: TerminalSession) -> Utterance | None:
    """Parse a line; files dropped into the window appear as paths at its start."""
    paths, words = files_in(line)
    return session.hear(words, paths)


async def _take_in(line: str, session: TerminalSession, screen: Screen, turns: PendingLines) -> bool:
    """Process one line; return False if it ends the dialogue."""
    command = slash.command_in(line)
    if command is None or command.name == slash.SHOW:
        heard = _dropped(line, session) if command is None else session.show(command.rest)
        if heard is not None:
            turns.begin(heard)
        elif command is not None:
            await screen.note(why_none(command.rest))
    elif command.name == slash.QUIT:
        return False
    elif command.name not in slash.COMMANDS:
        await screen.note(slash.unknown(command.name))
    else:
        if command.name == "reset":
            await turns.stop()
        await turns.do(slash.answer(session, command, screen), wait=command.name not in slash.SLOW)
    return True
