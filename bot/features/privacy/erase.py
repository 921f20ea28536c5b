"""Leaving: everything of a person goes, and all tables and files are searched for what is left (C64, D15)."""

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
    """What went, by store, and what a search found afterwards.

    `left` are tables and files in which the person was found all the same, with how often; `named` counts
    words of others that hold their id, their words or a name of theirs. Without `by_words` none of these were
    known any more, and only the id was searched for. `later` says that the database file is written anew at
    night only, and `finished` is False while files could not be cleared yet. `copies` of the database may
    hold what went until they go.
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
        self._late: list[tuple[str, Receipt]] = []

    async def wish(self, person_id: int, panel: str) -> None:
        """Write down that somebody wishes to be erased, and which panel waits: no stop undoes that."""
        async with self._database.begin() as db:
            await db.states.set(_wish(person_id), panel)

    async def leave(self, person_id: int) -> Receipt:
        """Erase everything about somebody who wished it, and look for what is left.

        What others said stays theirs; so do the books without the name, and what admins laid down.
        """
        return await self._erase_everything(person_id)

    async def resume(self) -> None:
        """Erase everything about those who wished it before a stop, or before something failed."""
        async with self._database.read() as db:
            wishes = {key: panel for key, panel in (await db.states.all()).items() if key.startswith(WISH)}
        for key, panel in wishes.items():
            self._late.append((panel, await self._erase_everything(int(key.removeprefix(WISH)))))

    def late(self) -> list[tuple[str, Receipt]]:
        """Return, once, the panels that waited over a stop, and what they are to show."""
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
        """Return what to look for when somebody's words are gone: it is kept in memory alone."""
        words, names = await db.people.words(person_id), await db.people.names(person_id)
        return await asyncio.to_thread(echoes_of, words, names)

    async def _told_from_notes(self, db: UnitOfWork, person_id: int, echoes: Echoes) -> set[int]:
        """Return what characters told others of somebody, where notes of older talk hold anything of them.

        Of what stands in such a note no answer knows whose it is.
        """
        answers = await db.people.answers_in(await db.people.noted_places(person_id))
        known = (await db.people.echoing(person_id)).message_ids | await db.people.message_ids(person_id, ())
        others = {one: text for one, text in answers.items() if one not in known}
        return await asyncio.to_thread(lambda: {one for one, text in others.items() if echoes.stand_in(text)})

    @asynccontextmanager
    async def _quiet(self, channel_ids: Iterable[int]) -> AsyncIterator[None]:
        """Wait until nothing is being said in some channels; in order, so that no two wait for each other."""
        async with AsyncExitStack() as inside:
            for channel_id in sorted(channel_ids):
                room = await inside.enter_async_context(self._rooms.enter(channel_id))
                await inside.enter_async_context(room.lock)
            yield

    async def _erase(self, db: UnitOfWork, person_id: int, told: Collection[int]) -> list[int]:
        """Delete it all; return the places of which something is to be summed up anew."""
        private = await db.people.private_places(person_id)
        noted = await db.people.noted_places(person_id)
        echoing = await db.people.echoing(person_id)
        message_ids = await db.people.message_ids(person_id, private) | await db.remarks.drawn_on(person_id)
        message_ids |= echoing.message_ids.union(told)
        for some in pieces(await db.people.memory_ids(person_id)):
            await self._eraser.memories(db, some)
        await db.embeddings.drop_owner("fact", person_id)
        for some in pieces(message_ids):
            await self._forget(db, some)
        await db.turns.abandon(self._clock.now(), addressee_id=person_id)
        for some in pieces(echoing.turn_ids):
            await db.turns.abandon(self._clock.now(), turn_ids=some)
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
        """Return the copies of the database beside it, which hold what they held."""
        path = self._database.path
        kept = backups.copies_of(path, backups=path.parent / BACKUPS, kept=self._backups_kept)
        if self._database.on_server and path.exists():
            return (*kept, backups.Copy(path.name, None))  # what it was before it moved to the server
        return kept

    def _found_in(self, person_id: int, echoes: Echoes) -> Iterator[tuple[str, int]]:
        """Yield the files that hold somebody's id, words or name, as text or in their own name.

        Only an id of Discord's is told from other numbers. The database itself is searched table by table.
        """
        path = self._database.path
        folders = {path.parent, *([self._dumps.folder] if self._dumps else [])}
        found = {one for folder in folders for one in folder.rglob("*") if one.is_file()}

        def found_in(text: str) -> bool:
            return (person_id >= SNOWFLAKE and holds(text, person_id)) or echoes.stand_in(text)

        for one in sorted(found):
            if one.name.startswith(path.name) or path.parent / BACKUPS in one.parents:
                continue
            count = sum(map(found_in, (one.name, *_lines(one))))
            if count:
                yield one.name, count


def _wish(person_id: int) -> str:
    """Return the key under which it stands that somebody is to be erased."""
    return f"{WISH}{person_id}"


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines of a file, as far as they are text."""
    with (
        suppress(FileNotFoundError),
        path.open(encoding="utf-8", errors="replace") as file,
    ):  # it went meanwhile
        yield from file
