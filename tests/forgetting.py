"""A data folder with a canary of every kind in it, and a search of every byte of it.

It is a program too: `python -m tests.forgetting FOLDER SECONDS WAY POINT MESSAGE` opens the folder, forgets a
message in one of the WAYS and dies at one of the POINTS.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import App, open_app
from bot.conversation.rethinking import CannotRemake, Requester
from bot.conversation.text.names import speaker_label
from bot.core.errors import Unsaid
from bot.core.logging import LineHandler, set_up_logging
from bot.llm.server import Server
from bot.settings import Settings
from database.repositories.messages import MessageRepository
from database.sqlite import SQLiteConnection
from memory.dumps import Dumps
from memory.erasing import Eraser
from memory.places import Where
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, utterance
from tests.fakes import EPOCH, FakeClaude, FakeClock, FakeMouth
from tests.summing import HOUR, note

MIRA = 42
ASKER = Requester(MIRA, "Mira")


def canary(kind: str) -> str:
    """Return a word that stands nowhere else, and that JSON writes in another way than UTF-8 does."""
    return f"kanarienvögel-{kind}-"


def found(folder: Path, kind: str) -> list[str]:
    """Return the files in a folder that hold a canary in any form; a server may take one away meanwhile."""
    word = canary(kind)
    forms = [word.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be")]
    forms += [json.dumps(word)[1:-1].encode(), word.encode("unicode_escape"), word.casefold().encode()]
    holding = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if path.is_file() and any(form in path.read_bytes() for form in forms):
                holding.append(path.name)
    return holding


@dataclass
class Drill:
    """An open data folder, and everything around it."""

    app: App
    claude: FakeClaude
    clock: FakeClock
    mouth: FakeMouth

    @property
    def folder(self) -> Path:
        return self.app.settings.data_dir

    async def hear(self, text: str, *, where: Where = DM, reply: str = "Hm.", **more: Any) -> int:
        """Say something and have it answered; return the message's id."""
        self.claude.queue.clear()
        self.claude.will_say(reply)
        heard = utterance(text, where=where, sent_at=self.clock.now(), **more)
        await self.app.conversation.take_turn(heard, self.mouth)
        self.claude.queue.clear()
        self.clock.pass_time(60)
        return heard.message_id

    def posted(self, text: str) -> int:
        """Return the message that something the character said became."""
        return next(number for number, said in self.mouth.posted.values() if text in said)

    async def sum_up(self, text: str, *operations: dict[str, Any]) -> None:
        """Let the talk grow old, and be summed up."""
        self.clock.pass_time(23 * HOUR)
        self.claude.will_note(note(text, *operations))
        await self.app.summaries.catch_up()

    async def learnt(self) -> int:
        """Have something learnt from a message that is still in the log; return that message."""
        await self.app.memories.let_learn(MIRA, True)
        said = await self.hear(f"Pixel, I keep {canary('quote')}", where=CHANNEL)
        learning = {
            "op": "add",
            "person": speaker_label("Mira", MIRA),
            "text": f"Mira has {canary('learnt')}",
            "quote": canary("quote"),
        }
        await self.sum_up(f"Mira told of {canary('summary')} at length.", learning)
        # A second one, so that what was known before, the first, is dumped.
        await self.app.memories.remember("pixel", MIRA, "I like tea", CHANNEL)
        return said

    async def exchange(self, where: Where = DM) -> int:
        """Have something said and answered, another take offered, and a third accepted."""
        said = await self.hear(f"Pixel, {canary('message')}", where=where, reply=f"{canary('reply')} purr")
        for kind in ("offered", "accepted"):
            self.claude.queue.clear()
            self.claude.will_say(f"{canary(kind)} purr")
            takes = await self.app.revisions.another("pixel", ASKER, where)
            self.clock.pass_time(60)
        await self.app.revisions.choose(
            "pixel", ASKER, where, turn_id=takes.turn_id, number=takes.newest, mouth=self.mouth
        )
        self.clock.pass_time(60)
        return said

    async def pending(self, where: Where = DM) -> None:
        """Have a take accepted that can't be put into the channel for now."""
        self.claude.queue.clear()
        self.claude.will_say(f"{canary('pending')} purr " * 120)
        takes = await self.app.revisions.another("pixel", ASKER, where)
        self.mouth.will_fail.append(Unsaid("503"))
        with suppress(CannotRemake):
            await self.app.revisions.choose(
                "pixel", ASKER, where, turn_id=takes.turn_id, number=takes.newest, mouth=self.mouth
            )
        self.mouth.will_fail.clear()

    async def consolidated(self) -> None:
        """Let facts be drawn from all talk, which brings none, and what is past its time leave the log."""
        self.claude.finds = lambda _prompt, _question: '{"facts": []}'
        await self.app.consolidation.run("pixel")
        await self.app.message_log.prune()

    async def finish(self) -> None:
        """Say what is left to be said."""
        await self.app.finish_replies(lambda _channel: self.mouth)


@asynccontextmanager
async def drill(folder: Path, *, at: FakeClock | None = None, url: str = "") -> AsyncIterator[Drill]:
    """Open a data folder as the program does, with dumps, a log of all calls and a log at DEBUG in it.

    With a `url` the database is on a server.
    """
    clock = at or FakeClock()
    claude = FakeClaude(clock)
    folder.mkdir(exist_ok=True)
    settings = Settings(
        data_dir=folder,
        database_url=SecretStr(url),
        enable_api_call_logging=True,
        api_log_file=folder / "calls.log",
    )
    server = Server("http://127.0.0.1:1", "key", "claude-sonnet-5-5")
    manner = replace(AT_ONCE, dumps=Dumps(folder / "dumps"))
    with (folder / "bot.core.logging").open("a", encoding="utf-8") as stream:
        set_up_logging("DEBUG", secrets=[], stream=stream)
        try:
            async with open_app(settings, PIXEL, server, manner=manner, claude=claude, clock=clock) as app:
                yield Drill(app, claude, clock, FakeMouth())
        finally:
            root = logging.getLogger()
            for handler in [one for one in root.handlers if isinstance(one, LineHandler)]:
                root.removeHandler(handler)


# --- Ways to forget ------------------------------------------------------------------------------------

Way = Callable[[Drill, int], Awaitable[object]]


async def _deleted(at: Drill, message_id: int) -> None:
    await at.app.message_log.deleted(CHANNEL.channel_id, {message_id})


async def _purged(at: Drill, message_id: int) -> None:
    await at.app.message_log.deleted(CHANNEL.channel_id, {message_id, 1, 2, 3})


async def _edited(at: Drill, message_id: int) -> None:
    await at.app.message_log.edited(CHANNEL.channel_id, message_id, "never mind")


async def _paired(at: Drill, _message_id: int) -> None:
    forgetting = at.app.forgetting
    pairs = await forgetting.pairs(MIRA, CHANNEL, count=10)
    await forgetting.forget_pairs(MIRA, CHANNEL, {pair.turn_id for pair in pairs})


async def _reset(at: Drill, _message_id: int) -> None:
    await at.app.forgetting.reset(MIRA, CHANNEL)


async def _reset_everywhere(at: Drill, _message_id: int) -> None:
    await at.app.forgetting.reset(MIRA, DM, everywhere=True)


async def _unlearnt(at: Drill, _message_id: int) -> None:
    await at.app.memories.let_learn(MIRA, False)


async def _memory_deleted(at: Drill, _message_id: int) -> None:
    memories = at.app.memories
    known = await memories.of("pixel", MIRA)
    await memories.forget("pixel", MIRA, next(one.number for one in known if canary("learnt") in one.text))


WAYS: dict[str, Way] = {
    "deleted": _deleted,
    "purged": _purged,
    "edited": _edited,
    "paired": _paired,
    "reset": _reset,
    "reset everywhere": _reset_everywhere,
    "unlearnt": _unlearnt,
    "memory deleted": _memory_deleted,
}

# --- Points to die at ----------------------------------------------------------------------------------

POINTS: dict[str, tuple[type, str, bool]] = {
    "within the transaction": (MessageRepository, "forget", True),
    "after the transaction": (Eraser, "finish", False),
    "before the dumps go": (Dumps, "forget", False),
    "before the files are written anew": (SQLiteConnection, "rewrite", False),
    "before the log is cut": (SQLiteConnection, "rewrite", True),
}
"""Where the process ends: before something is done, or right after it."""


def die_at(point: str) -> None:
    """Let the process end at a point of the next forgetting, as one that is killed."""
    owner, name, after = POINTS[point]
    does = getattr(owner, name)

    async def dies(*args: Any, **named: Any) -> None:
        if after:
            await does(*args, **named)
        os._exit(9)

    setattr(owner, name, dies if owner is not Dumps else lambda *_args: os._exit(9))


async def _main(folder: Path, seconds: float, way: str, point: str, message_id: int) -> None:
    async with drill(folder, at=FakeClock(EPOCH + timedelta(seconds=seconds))) as at:
        die_at(point)
        await WAYS[way](at, message_id)
    sys.exit("it was to die before this")


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(_main(Path(given[0]), float(given[1]), given[2], given[3], int(given[4])))
