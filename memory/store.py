"""Memories of people: told, learnt, edited, restored, forgotten (C50, C56)."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.consents import NOWHERE_KNOWN, AnsweredIn
from database.repositories.memories import ChangeBatch
from database.repositories.people import pieces
from memory.core import LONGEST, VISIBLE, MemoryChange, clean, plain
from memory.dumps import Before, Dumps, Snapshots, before
from memory.erasing import Eraser
from memory.history import EDITED, LEARNT, TOLD, lineages, unlearnt, without, words_in
from memory.merge import Merger
from memory.places import Where
from memory.requests import stands_in
from memory.reversal import Back, Reversal, bring_back, steps_back
from memory.rules import SOFT_KEPT, Consent, MemoryRefused, Refusal
from memory.sensitive.detect import holds_secret

log = logging.getLogger(__name__)

MOST = 200
"""Maximum number of permanent memories per person and character."""
KNOWERS = {"every character": True, "one character": False}
"""Options for which characters may know a memory."""
PINNED = {"pinned": True, "kept": True}
BATCHES = 25
"""Maximum number of earlier states offered for restoring."""

Learnt = tuple[Before, ...]


class Memories:
    """Memories of people, separate for each character (C61).

    `for_adults` returns the character of a slug if it is for adults only, else None.
    """

    def __init__(
        self,
        database: Database,
        eraser: Eraser,
        merger: Merger,
        *,
        consent: Consent,
        dumps: Dumps | None,
        now: Callable[[], datetime],
        for_adults: Callable[[str], object | None],
    ) -> None:
        self._database = database
        self._eraser = eraser
        self._merger = merger
        self._consent = consent
        self._snapshots = Snapshots(database, dumps, now=now) if dumps else None
        self._now = now
        self._for_adults = for_adults

    # Actions of people.

    async def remember(
        self,
        character: str,
        person_id: int,
        text: str,
        where: Where,
        *,
        reach: str = "",
        source: int | None = None,
    ) -> Fact:
        """Store a memory on a person's request (F120, C56).

        Its audience is that of the channel, unless the person chooses a wider `reach`: 'guild' or
        'everywhere'. If a message is given as `source`, the log must still contain the words. Raises
        MemoryRefused.
        """
        if self._consent == "off":
            raise MemoryRefused(Refusal.OFF)
        if not where.for_adults and (role := self._for_adults(character)):
            raise MemoryRefused(Refusal.FOR_ADULTS, role=role, where=where)
        new = self._new(character, person_id, checked(text), where, scope=_scope(reach, where), origin=TOLD)
        if source is not None:
            new.quote, new.sources = new.text, [source]
        async with self._database.begin() as db:
            await _check_said(db, new)
            known = await db.memories.of(person_id, character)
            same = next((fact for fact in known if fact.ended_at is None and _same(fact, new)), None)
            if same is not None and same.kept:
                return same
            self._check_room(known)
            batch = await db.memories.new_batch()
            if same is not None:
                await db.memories.change(same, _own(new.text), batch=batch, cause=EDITED, at=new.made_at)
            memory = same or await db.memories.add(new, batch=batch, cause=TOLD)
        await self.dump(character, (before(person_id, known),))
        return await self._merged_into(memory) if await self.consolidate(character, person_id) else memory

    async def of(self, character: str, person_id: int) -> list[Fact]:
        """Return all facts about a person, past ones included, for their own eyes."""
        async with self._database.read() as db:
            return await db.memories.of(person_id, character)

    async def core(self, character: str, person_id: int) -> list[Fact]:
        """Return the permanent facts about a person."""
        return core_of(await self.of(character, person_id))

    async def get(self, character: str, person_id: int, number: int) -> Fact:
        """Return the fact with a number. Raises MemoryRefused."""
        async with self._database.read() as db:
            return await self._numbered(db, character, person_id, number)

    async def edit(self, character: str, person_id: int, number: int, text: str) -> Fact:
        """Replace a memory's text and make it permanent. Raises MemoryRefused."""
        return await self._change(character, person_id, number, _own(checked(text)), cause=EDITED)

    async def share(self, character: str, person_id: int, number: int, scope: str, where: Where) -> Fact:
        """Change a memory's audience, by the person's own wish (C60).

        "every character" and "one character" set who may know it and leave the audience unchanged (C61).
        """
        if scope in KNOWERS:
            values: dict[str, Any] = {"for_all": KNOWERS[scope]}
            return await self._change(character, person_id, number, values, cause=f"shared: {scope}")
        scope = _scope(scope, where)
        values = {"scope": scope, "channel_id": where.channel_id, "guild_id": where.guild_id}
        return await self._change(character, person_id, number, values, cause=f"shared: {scope}")

    async def pin(self, character: str, person_id: int, number: int) -> Fact:
        """Toggle the pin of a memory: no model changes a pinned memory, and it is permanent."""
        return await self._change(character, person_id, number, {}, cause="pinned", turn_pin=True)

    async def forget(self, character: str, person_id: int, number: int) -> None:
        """Forget a memory and all its earlier forms. Raises MemoryRefused."""
        async with self._database.begin() as db:
            memory = await self._numbered(db, character, person_id, number)
            await self._eraser.cut(
                db,
                person_id,
                character,
                lambda lines: without(lines, words_in(lines, memory.id)),
            )
        await self._eraser.finish()

    async def forget_one(self, character: str, person_id: int, memory_id: int) -> bool:
        """Forget the person's memory with an id; return whether it exists."""
        meant = next((fact for fact in await self.of(character, person_id) if fact.id == memory_id), None)
        if meant is not None:
            await self.forget(character, person_id, meant.number)
        return meant is not None

    async def forget_all(self, character: str, person_id: int) -> int:
        """Forget everything about a person; return the number of memories."""
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            past = await db.memories.since(person_id, character, 0)
            await self._eraser.memories(
                db, {*(fact.id for fact in known), *(fact.memory_id for fact in past)}
            )
        await self._eraser.finish()
        return len(known)

    async def learns(self, person_id: int) -> bool:
        """Return whether the character may learn about a person by itself (D03)."""
        async with self._database.read() as db:
            return bool(await self.consenting(db, [person_id]))

    async def agrees(self, db: UnitOfWork, person_id: int) -> bool:
        """Return whether a person consents to being remembered without asking for it."""
        return bool(await self.consenting(db, [person_id]))

    async def consenting(self, db: UnitOfWork, person_ids: Collection[int]) -> set[int]:
        """Return the people who consent to being remembered without asking for it (D03, C51)."""
        if self._consent == "off":
            return set()
        return await db.consents.given(person_ids, unless_refused=self._consent == "opt_out")

    async def let_learn(self, person_id: int, allowed: bool, where: Where | None = None) -> int:
        """Record whether a person permits learning, and where; return the memories that a "no" deletes.

        A "no" also restores the person's own words that the character has changed by itself.
        """
        async with self._database.begin() as db:
            await db.consents.set(person_id, allowed, at=self._now(), place=answered_in(where))
            lost = 0 if allowed else await self._delete_learnt(db, person_id)
        if not allowed:
            await self._eraser.finish()
        return lost

    async def unask(self, db: UnitOfWork, people: Collection[int]) -> int:
        """Reset people to the state before they were asked; return the number of memories lost.

        The caller must run the eraser's `finish` afterwards.
        """
        lost = 0
        for person_id in people:
            lost += await self._delete_learnt(db, person_id)
            await db.consents.forget(person_id)
        return lost

    async def _delete_learnt(self, db: UnitOfWork, person_id: int) -> int:
        """Delete everything stored by consent only; return the number of memories."""
        lost = 0
        for character in await db.memories.characters(person_id):
            lost += (await self._eraser.cut(db, person_id, character, unlearnt)).memories
        for batch in pieces(await db.archive.ids_of(person_id)):
            await db.archive.forget(batch)
        await db.embeddings.drop_owner("fact", person_id)
        await db.reminders.forget_learnt(person_id)
        await db.bonds.forget(person_id)
        await db.audits.without_values(person_id)
        await db.characters.forget_who_stirred(person_id)
        if drawn_on := await db.remarks.drawn_on(person_id):
            await self._eraser.lines(db, drawn_on)
        await db.remarks.without(person_id)
        return lost

    # Earlier states.

    async def history(self, character: str, person_id: int) -> list[ChangeBatch]:
        """Return the last changes, newest first; the state before each can be restored."""
        async with self._database.read() as db:
            return await db.memories.batches(person_id, character, limit=BATCHES)

    async def preview(self, character: str, person_id: int, batch: int) -> list[Reversal]:
        """Return the effect of restoring the state before a change. Raises MemoryRefused."""
        async with self._database.read() as db:
            steps = await self._back(db, character, person_id, batch)
        return sorted((step.reversal for step in steps), key=lambda reversal: reversal.number)

    async def restore(self, character: str, person_id: int, batch: int) -> int:
        """Restore the state before a change; return the number of changed memories.

        Memories forgotten since then stay forgotten. The restore is itself a change that can be undone.
        """
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            snapshot = before(person_id, known)
            steps = await self._back(db, character, person_id, batch)
            await bring_back(db, steps, known, at=self._now())
        if steps:
            await self.dump(character, (snapshot,))
        return len(steps)

    # Actions of the character.

    async def expire(self) -> int:
        """Forget facts, except kept ones, of people absent for two weeks; return their number (C59)."""
        async with self._database.read() as db:
            if not await db.memories.expired(self._now() - SOFT_KEPT):
                return 0
        async with self._database.begin() as db:
            gone = await db.memories.expired(self._now() - SOFT_KEPT)
            await self._eraser.memories(db, gone)
        await self._eraser.finish()
        return len(gone)

    async def learn(
        self, db: UnitOfWork, character: str, where: Where, changes: Sequence[MemoryChange], *, at: datetime
    ) -> Learnt:
        """Store changes learnt from talk; return the previous state for `dump`."""
        if not changes:
            return ()
        snapshots = []
        batch = await db.memories.new_batch()
        for person_id in sorted({change.person_id for change in changes}):
            known = await db.memories.of(person_id, character)
            snapshots.append(before(person_id, known))
            for change in (candidate for candidate in changes if candidate.person_id == person_id):
                await self._take_in(db, character, change, known, where, batch=batch, at=at)
        return tuple(snapshots)

    async def consolidate(self, character: str, person_id: int) -> bool:
        """Merge memories if there are too many (F067); nothing is dropped."""
        joined = None if self._consent == "off" else await self._merger.run(character, person_id)
        if joined is not None:
            await self.dump(character, (before(person_id, joined),))
        return joined is not None

    async def dump(self, character: str, learnt: Learnt) -> None:
        """Write the state before a change to files, if the operator wants dumps (F071)."""
        if self._snapshots is not None:
            await self._snapshots.write(character, learnt)

    async def _take_in(
        self,
        db: UnitOfWork,
        character: str,
        change: MemoryChange,
        known: list[Fact],
        where: Where,
        *,
        batch: int,
        at: datetime,
    ) -> None:
        memory = next((fact for fact in known if fact.id == change.id), None)
        if change.id is not None and (memory is None or memory.pinned):
            return
        if memory is not None and change.text is None:
            known.remove(memory)
            await db.memories.remove(memory, batch=batch, cause=LEARNT, at=at)
            return
        new = self._new(
            character, change.person_id, change.text or "", where, scope=_scope("", where), origin=LEARNT
        )
        new.quote, new.sources = change.quote, list(change.sources)
        # Another audience: keep the older memory and add a new one, so nothing spreads to where it may come
        # up (D2).
        if memory is not None and _place(memory) == _place(new):
            sources = sorted({*memory.sources, *new.sources})
            values = {"text": new.text, "quote": new.quote, "origin": LEARNT, "sources": sources}
            await db.memories.change(memory, values, batch=batch, cause=LEARNT, at=at)
        elif len(core_of(known)) < MOST and not any(_same(fact, new) for fact in known):
            known.append(await db.memories.add(new, batch=batch, cause=LEARNT))

    async def _change(
        self,
        character: str,
        person_id: int,
        number: int,
        values: Mapping[str, Any],
        *,
        cause: str,
        turn_pin: bool = False,
    ) -> Fact:
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            snapshot = before(person_id, known)
            memory = await self._numbered(db, character, person_id, number)
            if turn_pin:
                values, cause = ({"pinned": False}, "unpinned") if memory.pinned else (PINNED, "pinned")
            if values.get("kept") and not memory.kept:
                self._check_room(known)
            if all(getattr(memory, key) == value for key, value in values.items()):
                return memory
            batch = await db.memories.new_batch()
            await db.memories.change(memory, values, batch=batch, cause=cause, at=self._now())
        await self.dump(character, (snapshot,))
        return memory

    def _check_room(self, known: Sequence[Fact]) -> None:
        if len(core_of(known)) >= MOST:
            raise MemoryRefused(Refusal.FULL, most=MOST)

    async def _numbered(self, db: UnitOfWork, character: str, person_id: int, number: int) -> Fact:
        memory = await db.memories.numbered(person_id, character, number)
        if memory is None:
            raise MemoryRefused(Refusal.UNKNOWN, number=number)
        return memory

    async def _merged_into(self, memory: Fact) -> Fact:
        """Return the memory that `memory` was merged into, or itself."""
        slug = memory.character
        async with self._database.read() as db:
            lines = lineages(reversed(await db.memories.since(memory.person_id, slug, 0)))
            known = await db.memories.of(memory.person_id, slug)
        return next((fact for fact in known if memory.id in words_in(lines, fact.id)), memory)

    async def _back(self, db: UnitOfWork, character: str, person_id: int, batch: int) -> list[Back]:
        steps = await steps_back(db, person_id, character, batch)
        if steps is None:
            raise MemoryRefused(Refusal.NO_STATE)
        return steps

    def _new(
        self, character: str, person_id: int, text: str, where: Where, *, scope: str, origin: str
    ) -> Fact:
        now = self._now()
        return Fact(
            person_id=person_id,
            character=character,
            number=0,
            text=text,
            scope=scope,
            channel_id=where.channel_id,
            guild_id=where.guild_id,
            origin=origin,
            made_at=now,
            changed_at=now,
        )


def answered_in(where: Where | None) -> AnsweredIn:
    """Return the place of an answer; private places are not recorded."""
    if where is None or where.guild_id is None:
        return NOWHERE_KNOWN
    return AnsweredIn(where.guild_id, where.channel_id)


async def _check_said(db: UnitOfWork, new: Fact) -> None:
    """Refuse words that the person deleted or edited before they were stored (C63)."""
    for message_id in new.sources:
        line = await db.messages.get(message_id)
        if line is None or not stands_in(new.quote, line.text):
            raise MemoryRefused(Refusal.TAKEN_BACK)


def core_of(known: Sequence[Fact]) -> list[Fact]:
    """Return the permanent facts that still hold."""
    return [fact for fact in known if fact.kept and fact.ended_at is None]


def _own(text: str) -> dict[str, Any]:
    """Return the field values of text by the person: it needs no source message, and it is permanent."""
    return {"text": text, "origin": TOLD, "quote": "", "kept": True}


def checked(text: str) -> str:
    """Return a memory's text in stored form. Raises MemoryRefused if it can't be stored."""
    words = clean(text)
    if not VISIBLE.search(words):
        raise MemoryRefused(Refusal.UNUSABLE, longest=LONGEST)
    if holds_secret(words):
        raise MemoryRefused(Refusal.SECRETS)
    return words


def _scope(reach: str, where: Where) -> str:
    """Return the scope for a `reach`; the channel's own without a wider one."""
    if reach == "guild" and where.guild_id is None:
        raise MemoryRefused(Refusal.NO_SERVER)
    if reach in ("", "channel"):
        return "dm" if where.place.private else "channel"
    return reach


def _place(memory: Fact) -> tuple[object, ...]:
    """Return the audience of a memory."""
    places = {"channel": memory.channel_id, "guild": memory.guild_id}
    return memory.scope, places.get(memory.scope)


def _same(first: Fact, second: Fact) -> bool:
    return _place(first) == _place(second) and plain(first.text) == plain(second.text)
