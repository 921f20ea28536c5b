"""Leaving: everything of a person goes, and all tables and files are searched for what is left (C64, D15)."""

import asyncio
import mmap
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.conversation.config import Manner
from bot.conversation.decision import Reason
from bot.conversation.queue import Rooms
from bot.conversation.summaries.service import Summaries
from bot.core.clock import Clock
from database import Database, UnitOfWork, backups
from database.backend import VACUUM_DUE
from database.files import BACKUPS
from database.repositories.leftovers import SNOWFLAKE
from database.repositories.people import Holdings, Remaining, pieces
from memory.erasing import Eraser

WISH = "to be erased "


@dataclass(frozen=True, slots=True)
class Receipt:
    """What went, by store, and what a search found afterwards.

    `left` are tables and files in which the person was found all the same, with how often; `named` counts
    words of others that hold their id. `later` says that the database file is written anew at night only,
    and `finished` is False while files could not be cleared yet. `copies` of the database may hold what
    went until they go.
    """

    gone: Holdings
    remaining: Remaining
    left: dict[str, int]
    named: int
    finished: bool
    later: bool
    copies: tuple[backups.Copy, ...]


class Leaving:
    """Erases people: one transaction, and then the traces, also after a crash (B3)."""

    def __init__(
        self,
        *,
        database: Database,
        rooms: Rooms,
        eraser: Eraser,
        summaries: Summaries,
        manner: Manner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._eraser = eraser
        self._summaries = summaries
        self._dumps = manner.dumps
        self._backups_kept = manner.backups_kept
        self._clock = clock

    async def leave(self, person_id: int) -> Receipt:
        """Erase everything about somebody, and look for what is left.

        What others said stays theirs; so do the books without the name, and what admins laid down. The wish
        is written down before anything else: after a stop the next start erases.
        """
        async with self._database.begin() as db:
            await db.states.set(_wish(person_id), "")
        return await self._erase_everything(person_id)

    async def resume(self) -> None:
        """Erase everything about those who wished it before a stop, or before something failed."""
        async with self._database.read() as db:
            wishes = [key for key in await db.states.all() if key.startswith(WISH)]
        for key in wishes:
            await self._erase_everything(int(key.removeprefix(WISH)))

    async def _erase_everything(self, person_id: int) -> Receipt:
        async with self._database.read() as db:
            places = await db.people.places(person_id)
        async with self._quiet(places), self._database.begin() as db:
            gone = await db.people.holdings(person_id)
            shared = await self._erase(db, person_id)
        finished = await self._eraser.finish()
        await self._summaries.again(shared)
        return await self._receipt(person_id, gone, finished=finished)

    @asynccontextmanager
    async def _quiet(self, channel_ids: Iterable[int]) -> AsyncIterator[None]:
        """Wait until nothing is being said in some channels; in order, so that no two wait for each other."""
        async with AsyncExitStack() as inside:
            for channel_id in sorted(channel_ids):
                room = await inside.enter_async_context(self._rooms.enter(channel_id))
                await inside.enter_async_context(room.lock)
            yield

    async def _erase(self, db: UnitOfWork, person_id: int) -> list[int]:
        """Delete it all; return the places of which something is to be summed up anew."""
        private = await db.people.private_places(person_id)
        noted = await db.people.noted_places(person_id)
        message_ids = await db.people.message_ids(person_id, private) | await db.remarks.drawn_on(person_id)
        for some in pieces(await db.people.memory_ids(person_id)):
            await self._eraser.memories(db, some)
        await db.embeddings.drop_owner("fact", person_id)
        for some in pieces(message_ids):
            await self._forget(db, some)
        await db.turns.abandon(self._clock.now(), addressee_id=person_id)
        await db.reminders.forget_person(person_id)
        await db.consents.forget(person_id)
        await db.people.erase(person_id, private)
        await self._eraser.person(db, person_id)
        await db.states.drop(_wish(person_id))
        return sorted(noted - private)

    async def _forget(self, db: UnitOfWork, message_ids: Sequence[int]) -> None:
        now = self._clock.now()
        await self._eraser.lines(db, message_ids)
        await db.turns.close_open(message_ids, reason=Reason.DELETED.name, at=now)
        await db.turns.drop_unsaid(message_ids, at=now)
        await db.turns.take_back(message_ids, at=now)

    async def _receipt(self, person_id: int, gone: Holdings, *, finished: bool) -> Receipt:
        async with self._database.read() as db:
            residue = await db.leftovers.residue(person_id)
            remaining = await db.people.remaining(person_id)
            later = await db.states.get(VACUUM_DUE) is not None
        files = await asyncio.to_thread(lambda: dict(self._named_in(person_id)))
        return Receipt(
            gone,
            remaining,
            residue.rows | files,
            residue.named,
            finished=finished,
            later=later,
            copies=await asyncio.to_thread(self.copies),
        )

    def copies(self) -> tuple[backups.Copy, ...]:
        """Return the copies of the database beside it, which hold what they held."""
        path = self._database.path
        kept = backups.copies_of(path, backups=path.parent / BACKUPS, kept=self._backups_kept)
        if self._database.on_server and path.exists():
            return (*kept, backups.Copy(path.name, None))  # what it was before it moved to the server
        return kept

    def _named_in(self, person_id: int) -> Iterator[tuple[str, int]]:
        """Yield the files that hold an id of Discord's, in their name or as text.

        The database itself is searched table by table.
        """
        if person_id < SNOWFLAKE:
            return
        path = self._database.path
        folders = {path.parent, *([self._dumps.folder] if self._dumps else [])}
        found = {one for folder in folders for one in folder.rglob("*") if one.is_file()}
        word = re.compile(rb"(?<!\d)%d(?!\d)" % person_id)
        for one in sorted(found):
            if one.name.startswith(path.name) or path.parent / BACKUPS in one.parents:
                continue
            count = len(word.findall(one.name.encode())) + _count(one, word)
            if count:
                yield one.name, count


def _wish(person_id: int) -> str:
    """Return the key under which it stands that somebody is to be erased."""
    return f"{WISH}{person_id}"


def _count(path: Path, word: re.Pattern[bytes]) -> int:
    """Count a word in a file, however large it is."""
    try:
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                return 0
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return sum(1 for _ in word.finditer(content))
    except FileNotFoundError:
        return 0  # it went meanwhile
