"""Erasure of a person's data, with a search of all tables and files for remains (C64, D15)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
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
from database.repositories.leftovers import SNOWFLAKE, holds
from database.repositories.people import Holdings, Remaining, pieces
from memory.echoes import Echoes, echoes_of
from memory.erasing import Eraser

WISH = "to be erased "


@dataclass(frozen=True, slots=True)
class Receipt:
    """Deleted data by store, and the result of the search afterwards.

    `left` counts hits by table and file where the person was still found; `named` counts other people's texts
    that contain their id, words or name. Without `by_words` the person's words were already unknown, and only
    the id was searched for. `later` means that the database file is rewritten at night only, `finished` False
    that some files are not cleared yet. `copies` are database copies that hold the data until they expire.
    """

    gone: Holdings
    remaining: Remaining
    left: dict[str, int]
    named: int
    by_words: bool
    finished: bool
    later: bool
    copies: tuple[backups.Copy, ...]


class Leaving:
    """Erases people: first in one transaction, then the traces, resuming after a crash (B3)."""

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
        self._late: list[tuple[str, Receipt]] = []

    async def wish(self, person_id: int, panel: str) -> None:
        """Store a person's request for erasure and the waiting panel, so that a restart can't lose it."""
        async with self._database.begin() as db:
            await db.states.set(_wish(person_id), panel)

    async def leave(self, person_id: int) -> Receipt:
        """Erase all data about a person who requested it, and search for remains.

        Other people's words stay; so do anonymised cost records and lines set by admins.
        """
        return await self._erase_everything(person_id)

    async def resume(self) -> None:
        """Finish erasures that were requested before a restart or a failure."""
        async with self._database.read() as db:
            wishes = {key: panel for key, panel in (await db.states.all()).items() if key.startswith(WISH)}
        for key, panel in wishes.items():
            self._late.append((panel, await self._erase_everything(int(key.removeprefix(WISH)))))

    def late(self) -> list[tuple[str, Receipt]]:
        """Return the panels that waited over a restart, with their receipts, once."""
        late, self._late = self._late, []
        return late

    async def _erase_everything(self, person_id: int) -> Receipt:
        async with self._database.read() as db:
            places = await db.people.places(person_id)
        async with self._quiet(places):
            async with self._database.read() as db:
                echoes = await self._echoes(db, person_id)
                told = await self._told_from_notes(db, person_id, echoes)
            async with self._database.begin() as db:
                gone = await db.people.holdings(person_id)
                gone = gone._replace(echoes=gone.echoes + len(told))
                shared = await self._erase(db, person_id, told)
        finished = await self._eraser.finish()
        await self._summaries.again(shared)
        return await self._receipt(person_id, gone, echoes, finished=finished)

    async def _echoes(self, db: UnitOfWork, person_id: int) -> Echoes:
        """Return search patterns for a person's words and names, kept in memory only."""
        words, names = await db.people.words(person_id), await db.people.names(person_id)
        return await asyncio.to_thread(echoes_of, words, names)

    async def _told_from_notes(self, db: UnitOfWork, person_id: int, echoes: Echoes) -> set[int]:
        """Return characters' answers to others that mention a person, where notes on older talk name them.

        A note does not record which person a statement came from, so every answer in its place is searched.
        """
        answers = await db.people.answers_in(await db.people.noted_places(person_id))
        known = (await db.people.echoing(person_id)).message_ids | await db.people.message_ids(person_id, ())
        others = {message_id: text for message_id, text in answers.items() if message_id not in known}
        return await asyncio.to_thread(
            lambda: {message_id for message_id, text in others.items() if echoes.stand_in(text)}
        )

    @asynccontextmanager
    async def _quiet(self, channel_ids: Iterable[int]) -> AsyncIterator[None]:
        """Wait until some channels are idle, locking them in sorted order to prevent deadlock."""
        async with AsyncExitStack() as stack:
            for channel_id in sorted(channel_ids):
                room = await stack.enter_async_context(self._rooms.enter(channel_id))
                await stack.enter_async_context(room.lock)
            yield

    async def _erase(self, db: UnitOfWork, person_id: int, told: Collection[int]) -> list[int]:
        """Delete all of a person's data; return the places whose summaries must be rewritten."""
        private = await db.people.private_places(person_id)
        noted = await db.people.noted_places(person_id)
        echoing = await db.people.echoing(person_id)
        message_ids = await db.people.message_ids(person_id, private) | await db.remarks.drawn_on(person_id)
        message_ids |= echoing.message_ids.union(told)
        for batch in pieces(await db.people.memory_ids(person_id)):
            await self._eraser.memories(db, batch)
        await db.embeddings.drop_owner("fact", person_id)
        for batch in pieces(message_ids):
            await self._forget(db, batch)
        await db.turns.abandon(self._clock.now(), addressee_id=person_id)
        for batch in pieces(echoing.turn_ids):
            await db.turns.abandon(self._clock.now(), turn_ids=batch)
        await db.reminders.forget_person(person_id)
        await db.consents.forget(person_id)
        await db.people.erase(person_id, private)
        await self._eraser.person(db, person_id)
        await db.states.drop(_wish(person_id))
        return sorted((noted | echoing.channel_ids) - private)

    async def _forget(self, db: UnitOfWork, message_ids: Sequence[int]) -> None:
        now = self._clock.now()
        await self._eraser.lines(db, message_ids)
        await db.turns.close_open(message_ids, reason=Reason.DELETED.name, at=now)
        await db.turns.drop_unsaid(message_ids, at=now)
        await db.turns.take_back(message_ids, at=now)

    async def _receipt(self, person_id: int, gone: Holdings, echoes: Echoes, *, finished: bool) -> Receipt:
        async with self._database.read() as db:
            residue = await db.leftovers.residue(person_id, echoes)
            remaining = await db.people.remaining(person_id)
            later = await db.states.get(VACUUM_DUE) is not None
        files = await asyncio.to_thread(lambda: dict(self._found_in(person_id, echoes)))
        return Receipt(
            gone,
            remaining,
            residue.rows | files,
            residue.named,
            by_words=bool(echoes.marks or echoes.names),
            finished=finished,
            later=later,
            copies=await asyncio.to_thread(self.copies),
        )

    def copies(self) -> tuple[backups.Copy, ...]:
        """Return the copies of the database, which still hold deleted data."""
        path = self._database.path
        kept = backups.copies_of(path, backups=path.parent / BACKUPS, kept=self._backups_kept)
        if self._database.on_server and path.exists():
            return (*kept, backups.Copy(path.name, None))  # the SQLite file from before the move to a server
        return kept

    def _found_in(self, person_id: int, echoes: Echoes) -> Iterator[tuple[str, int]]:
        """Yield the files whose text or name contains a person's id, words or name.

        Only Discord ids are long enough to search for. The database itself is searched table by table.
        """
        path = self._database.path
        folders = {path.parent, *([self._dumps.folder] if self._dumps else [])}
        found = {file for folder in folders for file in folder.rglob("*") if file.is_file()}

        def found_in(text: str) -> bool:
            return (person_id >= SNOWFLAKE and holds(text, person_id)) or echoes.stand_in(text)

        for file in sorted(found):
            if file.name.startswith(path.name) or path.parent / BACKUPS in file.parents:
                continue
            count = sum(map(found_in, (file.name, *_lines(file))))
            if count:
                yield file.name, count


def _wish(person_id: int) -> str:
    """Return the state key of a request for erasure."""
    return f"{WISH}{person_id}"


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file, decoded as text."""
    with (
        suppress(FileNotFoundError),
        path.open(encoding="utf-8", errors="replace") as file,
    ):  # the file was deleted meanwhile
        yield from file
