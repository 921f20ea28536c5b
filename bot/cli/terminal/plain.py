"""Chat through a pipe or from a script: line by line, plain text only."""

import asyncio
import codecs
import io
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from pathlib import Path
from threading import Thread
from typing import TextIO

from bot.cli.terminal import slash
from bot.cli.terminal.files import why_none
from bot.cli.terminal.markup import Marked, bare, plain_of
from bot.cli.terminal.session import CHARACTER, NOTHING_COVERED, TerminalSession
from bot.conversation.company import Speaker
from bot.conversation.types import NO_EMOTES, Part, Utterance
from bot.core.errors import ConfigurationError, Unsaid

_CHUNK = 65_536


class PlainMouth:
    """Outlet that writes replies as lines of text to a stream."""

    me = CHARACTER
    emotes = NO_EMOTES
    show: Callable[[str], None] | None = None

    def __init__(self, session: TerminalSession, out: TextIO) -> None:
        self.said: list[int] = []
        self.gone = False
        self._session = session
        self._name = ""
        self._out = out
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(errors="replace")

    def speaking_as(self, speaker: Speaker) -> "PlainMouth":
        """Return the outlet of a character, whose name prefixes its lines."""
        self._name = speaker.name
        return self

    def typing(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def say(self, part: Part, *, to: int) -> int:  # noqa: ARG002
        self.write(f"{self._speaker}: {part.text}" if part.number == 1 else part.text)
        if self.gone:
            raise Unsaid("nobody reads the output any more")
        self.said.append(self._session.note_said())
        return self.said[-1]

    async def edit(self, message_id: int, text: str) -> None:  # noqa: ARG002
        """Write the new text: output can't be changed."""
        self.write(f"{self._speaker}: {text}")

    async def unsay(self, message_id: int) -> None:
        """Do nothing: output can't be removed."""

    async def react(self, message_id: int) -> None:
        """Do nothing: in a terminal, faults are reported in words."""

    async def whisper(self, part: Part, *, to: int) -> bool:  # noqa: ARG002
        """Write the text without a name: nobody else can read it, and it is not the character's."""
        await self.note(part.text)
        return True

    async def note(self, text: str) -> None:
        self.write(plain_of(text) if isinstance(text, Marked) else text)

    async def reveal(self) -> str:
        return NOTHING_COVERED

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:  # noqa: ARG002
        return None

    @property
    def _speaker(self) -> str:
        return self._name or self._session.character.name

    def write(self, text: str) -> None:
        """Write lines; a closed reader sets `gone`."""
        try:
            self._out.write(f"{bare(text)}\n")
            self._out.flush()
        except BrokenPipeError:
            self.gone = True
            _let_go(self._out)


async def read_out(
    session: TerminalSession, lines: AsyncIterator[str], *, out: TextIO, complain: Callable[[str], None]
) -> int:
    """Answer line by line until /quit or the end; return 1 if a reply failed, else 0.

    `complain` receives each reason as a sentence.
    """
    mouth, failed = PlainMouth(session, out), False
    async for line in lines:
        command = slash.command_in(line)
        if command and command.name == slash.QUIT:
            break
        if command is None:  # in a script, a path is talk
            failed = not await _reply(session, session.hear(line), mouth, complain) or failed
        elif not await _obey(session, command, mouth, complain):
            failed = True
        if mouth.gone:
            return 1
    return int(failed)


async def _obey(
    session: TerminalSession, command: slash.Command, mouth: PlainMouth, complain: Callable[[str], None]
) -> bool:
    """Run a command; return whether shown files were answered properly."""
    if command.name == slash.SHOW:
        heard = session.show(command.rest)
        if heard is None:
            complain(why_none(command.rest))
        return heard is not None and await _reply(session, heard, mouth, complain)
    if command.name not in slash.COMMANDS:
        complain(slash.unknown(command.name))
    elif told := await slash.answer(session, command, mouth):
        await mouth.note(told)
    return True


async def _reply(
    session: TerminalSession, heard: Utterance | None, mouth: PlainMouth, complain: Callable[[str], None]
) -> bool:
    """Answer one line; return whether it got a proper reply."""
    if heard is None:
        return True
    await session.welcome(mouth)
    reason = await session.exchange(heard, mouth)
    for note in await session.missed.notes(heard):
        await mouth.note(note)
    if reason is not None and not mouth.gone:
        complain(reason or "There was no reply; masquerade.log in the data folder may say why.")
    return reason is None


async def piped_lines(stream: TextIO) -> AsyncIterator[str]:
    """Yield the lines of a stream as they arrive, including a last one without a line break.

    Reading bypasses Python's buffers and uses threads that nobody waits for, so the program can stop while a
    pipe is silent.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    ready: deque[str] = deque()
    rest = ""
    while chunk := await _chunk(stream.fileno()):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        ready.extend(whole)
        while ready:
            yield ready.popleft()
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


async def _chunk(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    read: asyncio.Future[bytes] = loop.create_future()

    def hand_over(chunk: bytes) -> None:
        if not read.done():
            read.set_result(chunk)

    def fetch() -> None:
        try:
            chunk = os.read(descriptor, _CHUNK)
        except OSError:
            chunk = b""
        with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
            loop.call_soon_threadsafe(hand_over, chunk)

    Thread(target=fetch, daemon=True).start()
    return await read


async def script_lines(text: str) -> AsyncIterator[str]:
    """Yield the lines of a script."""
    for line in text.split("\n"):
        yield line


def read_script(path: Path) -> str:
    """Return a script's text. Raises ConfigurationError if it can't be read."""
    try:
        return path.read_text("utf-8-sig", "replace")
    except OSError as error:
        raise ConfigurationError(f"--script: {path} can't be read: {error.strerror}.") from error


def _let_go(out: TextIO) -> None:
    """Redirect a closed pipe to the null device: Python would try to flush it at exit, and complain."""
    if out is not sys.stdout:
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)
