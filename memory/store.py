"""What a character knows of people for good: told, learnt, corrected, brought back, forgotten (C50, C56)."""

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
"""Memories that are kept for good, of one person with one character."""
KNOWERS = {"every character": True, "one character": False}
"""What can be said of who may know a memory."""
PINNED = {"pinned": True, "kept": True}
BATCHES = 25
"""Earlier states that can be brought back at most."""

Learnt = tuple[Before, ...]


class Memories:
    """What characters remember of people: each of them has a memory of its own (C61).

    `for_adults` returns, by its slug, a character that is for adults only, and None for any other.
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

    # What people do themselves.

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
        """Keep something that somebody wants to be remembered (F120, C56).

        It comes up where it was said and nowhere else, unless the person gives it a wider `reach`:
        'guild' or 'everywhere'. With a message as its `source` the words have to stand in the log still.
        Raises MemoryRefused.
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
            same = next((one for one in known if one.ended_at is None and _same(one, new)), None)
            if same is not None and same.kept:
                return same
            self._check_room(known)
            batch = await db.memories.new_batch()
            if same is not None:
                await db.memories.change(same, _own(new.text), batch=batch, cause=EDITED, at=new.made_at)
            memory = same or await db.memories.add(new, batch=batch, cause=TOLD)
        await self.dump(character, (before(person_id, known),))
        return await self._holding(memory) if await self.consolidate(character, person_id) else memory

    async def of(self, character: str, person_id: int) -> list[Fact]:
        """Return everything that is known of somebody, or was, for their own eyes."""
        async with self._database.read() as db:
            return await db.memories.of(person_id, character)

    async def core(self, character: str, person_id: int) -> list[Fact]:
        """Return what is known of somebody and kept for good."""
        return core_of(await self.of(character, person_id))

    async def get(self, character: str, person_id: int, number: int) -> Fact:
        """Return one of the things that are known of somebody. Raises MemoryRefused."""
        async with self._database.read() as db:
            return await self._numbered(db, character, person_id, number)

    async def edit(self, character: str, person_id: int, number: int, text: str) -> Fact:
        """Give a memory new words, which are kept for good. Raises MemoryRefused."""
        return await self._change(character, person_id, number, _own(checked(text)), cause=EDITED)

    async def share(self, character: str, person_id: int, number: int, scope: str, where: Where) -> Fact:
        """Let a memory come up before another audience, by the person's own wish (C60).

        "every character" and "one character" say who may know it, and leave the audience as it is (C61).
        """
        if scope in KNOWERS:
            values: dict[str, Any] = {"for_all": KNOWERS[scope]}
            return await self._change(character, person_id, number, values, cause=f"shared: {scope}")
        scope = _scope(scope, where)
        values = {"scope": scope, "channel_id": where.channel_id, "guild_id": where.guild_id}
        return await self._change(character, person_id, number, values, cause=f"shared: {scope}")

    async def pin(self, character: str, person_id: int, number: int) -> Fact:
        """Pin a memory, so that no model changes it and it is kept for good, or take the pin away."""
        return await self._change(character, person_id, number, {}, cause="pinned", turn_pin=True)

    async def forget(self, character: str, person_id: int, number: int) -> None:
        """Forget a memory, in every form that it ever had. Raises MemoryRefused."""
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
        """Forget the memory with an id, if it is one of that person's; say whether it was."""
        meant = next((one for one in await self.of(character, person_id) if one.id == memory_id), None)
        if meant is not None:
            await self.forget(character, person_id, meant.number)
        return meant is not None

    async def forget_all(self, character: str, person_id: int) -> int:
        """Forget everything about somebody; return how many memories that were."""
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            past = await db.memories.since(person_id, character, 0)
            await self._eraser.memories(db, {*(one.id for one in known), *(one.memory_id for one in past)})
        await self._eraser.finish()
        return len(known)

    async def learns(self, person_id: int) -> bool:
        """Say whether the character may note things about somebody by itself (D03)."""
        async with self._database.read() as db:
            return bool(await self.consenting(db, [person_id]))

    async def agrees(self, db: UnitOfWork, person_id: int) -> bool:
        """Say whether anything may be noted about somebody without their asking."""
        return bool(await self.consenting(db, [person_id]))

    async def consenting(self, db: UnitOfWork, person_ids: Collection[int]) -> set[int]:
        """Return about whom of some people anything may be noted without their asking (D03, C51)."""
        if self._consent == "off":
            return set()
        return await db.consents.given(person_ids, unless_refused=self._consent == "opt_out")

    async def let_learn(self, person_id: int, allowed: bool, where: Where | None = None) -> int:
        """Keep what somebody decided about that, and where; return how many memories a "no" made go.

        What the character changed by itself about the person's own words is as the person said it again.
        """
        async with self._database.begin() as db:
            await db.consents.set(person_id, allowed, at=self._now(), place=answered_in(where))
            lost = 0 if allowed else await self._let_go(db, person_id)
        if not allowed:
            await self._eraser.finish()
        return lost

    async def unask(self, db: UnitOfWork, people: Collection[int]) -> int:
        """Let it be as if some people had never been asked; return how many memories go, as with a "no".

        Whoever does so lets the eraser finish afterwards.
        """
        lost = 0
        for person_id in people:
            lost += await self._let_go(db, person_id)
            await db.consents.forget(person_id)
        return lost

    async def _let_go(self, db: UnitOfWork, person_id: int) -> int:
        """Delete what is kept of somebody only because they agreed; return how many memories that were."""
        lost = 0
        for character in await db.memories.characters(person_id):
            lost += (await self._eraser.cut(db, person_id, character, unlearnt)).memories
        for some in pieces(await db.archive.ids_of(person_id)):
            await db.archive.forget(some)
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
        """Return the last changes, the newest first: the state before each can be brought back."""
        async with self._database.read() as db:
            return await db.memories.batches(person_id, character, limit=BATCHES)

    async def preview(self, character: str, person_id: int, batch: int) -> list[Reversal]:
        """Return what bringing back the state before a change does. Raises MemoryRefused."""
        async with self._database.read() as db:
            steps = await self._back(db, character, person_id, batch)
        return sorted((step.reversal for step in steps), key=lambda one: one.number)

    async def restore(self, character: str, person_id: int, batch: int) -> int:
        """Bring back what was known before a change; return how many memories that changed.

        What was forgotten since stays forgotten. It is a change of its own, and can be undone.
        """
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            snapshot = before(person_id, known)
            steps = await self._back(db, character, person_id, batch)
            await bring_back(db, steps, known, at=self._now())
        if steps:
            await self.dump(character, (snapshot,))
        return len(steps)

    # What the character does by itself.

    async def expire(self) -> int:
        """Forget facts, not kept, of people who were not there for two weeks; return how many (C59)."""
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
        """Take in what was learnt from talk; return what was known before, to be dumped."""
        if not changes:
            return ()
        snapshots = []
        batch = await db.memories.new_batch()
        for person_id in sorted({one.person_id for one in changes}):
            known = await db.memories.of(person_id, character)
            snapshots.append(before(person_id, known))
            for change in (one for one in changes if one.person_id == person_id):
                await self._take_in(db, character, change, known, where, batch=batch, at=at)
        return tuple(snapshots)

    async def consolidate(self, character: str, person_id: int) -> bool:
        """Join memories into fewer where they have grown too many (F067); never drop any."""
        joined = None if self._consent == "off" else await self._merger.run(character, person_id)
        if joined is not None:
            await self.dump(character, (before(person_id, joined),))
        return joined is not None

    async def dump(self, character: str, learnt: Learnt) -> None:
        """Write what was known before a change into files, where the operator wants that (F071)."""
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
        memory = next((one for one in known if one.id == change.id), None)
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
        # What is said here must not come up where an older memory may: that one stays, beside a new one (D2).
        if memory is not None and _place(memory) == _place(new):
            sources = sorted({*memory.sources, *new.sources})
            values = {"text": new.text, "quote": new.quote, "origin": LEARNT, "sources": sources}
            await db.memories.change(memory, values, batch=batch, cause=LEARNT, at=at)
        elif len(core_of(known)) < MOST and not any(_same(one, new) for one in known):
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

    async def _holding(self, memory: Fact) -> Fact:
        """Return the memory that one was joined into, or itself."""
        slug = memory.character
        async with self._database.read() as db:
            lines = lineages(reversed(await db.memories.since(memory.person_id, slug, 0)))
            known = await db.memories.of(memory.person_id, slug)
        return next((one for one in known if memory.id in words_in(lines, one.id)), memory)

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
    """Return the place of an answer as it is kept: of a private place nothing."""
    if where is None or where.guild_id is None:
        return NOWHERE_KNOWN
    return AnsweredIn(where.guild_id, where.channel_id)


async def _check_said(db: UnitOfWork, new: Fact) -> None:
    """Refuse what somebody took back, or said otherwise, before it was kept (C63)."""
    for message_id in new.sources:
        line = await db.messages.get(message_id)
        if line is None or not stands_in(new.quote, line.text):
            raise MemoryRefused(Refusal.TAKEN_BACK)


def core_of(known: Sequence[Fact]) -> list[Fact]:
    """Return what of that is kept for good, and holds."""
    return [one for one in known if one.kept and one.ended_at is None]


def _own(text: str) -> dict[str, Any]:
    """Return what makes words the person's own: no message has to bear them out, and they are kept."""
    return {"text": text, "origin": TOLD, "quote": "", "kept": True}


def checked(text: str) -> str:
    """Return the words of a memory as they are kept. Raises MemoryRefused for what can't be kept."""
    words = clean(text)
    if not VISIBLE.search(words):
        raise MemoryRefused(Refusal.UNUSABLE, longest=LONGEST)
    if holds_secret(words):
        raise MemoryRefused(Refusal.SECRETS)
    return words


def _scope(reach: str, where: Where) -> str:
    """Return the scope of what somebody says in a place; without a wider `reach` it stays there."""
    if reach == "guild" and where.guild_id is None:
        raise MemoryRefused(Refusal.NO_SERVER)
    if reach in ("", "channel"):
        return "dm" if where.place.private else "channel"
    return reach


def _place(memory: Fact) -> tuple[object, ...]:
    """Return where a memory may come up."""
    places = {"channel": memory.channel_id, "guild": memory.guild_id}
    return memory.scope, places.get(memory.scope)


def _same(one: Fact, other: Fact) -> bool:
    return _place(one) == _place(other) and plain(one.text) == plain(other.text)
