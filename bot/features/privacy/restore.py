"""Taking in what somebody brings from an export: what is there already stays as it is (C65)."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.conversation.company import Company
from bot.conversation.text.names import clean_name, is_blank
from bot.core import i18n
from bot.core.clock import Clock
from bot.core.i18n import _
from bot.features.privacy.export import fits, seal_key
from bot.features.privacy.export_format import (
    BondPiece,
    ChangePiece,
    DealingPiece,
    FactPiece,
    FactValuesPiece,
    FileRefused,
    LinePiece,
    Portable,
    ReminderPiece,
    read_portable,
)
from database import Database, UnitOfWork
from database.models import Archived, BondChange, BondRow, Fact, FactChange, Reminder
from database.repositories.people import pieces
from database.repositories.reminders import MOST as MOST_REMINDERS
from database.types import UNSAID
from memory.core import plain
from memory.facts import MOST as MOST_FACTS
from memory.history import into
from memory.places import Place
from memory.sensitive.detect import holds_secret, masked
from memory.store import MOST, Memories

NO_CONSENT = _(
    "I may not remember anything about you, so I can't take that in. /privacy yes allows it; then give me "
    "the file once more."
)
NOT_YOURS = _("That is somebody else's export: I only take in your own.")
TOO_MANY = _("`facts`: I can keep {most} of these about you, and with that file they would be {count}.")
TOO_MANY_AT_ONCE = _("`facts`: I take in {most} at once at most, and that file has {count}.")
NO_CHARACTER = _("`facts`: there is no character `{slug}` here, so I take in no facts of it.")
IMPORTED = "imported"
MOST_AT_ONCE = MOST + MOST_FACTS
"""Facts that come in with one file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How much was new and came in; `secret` are the places in the file that were left out as secrets.

    Without `sealed` the file was changed, or is another bot's: then only facts come in.
    """

    sealed: bool
    facts: int = 0
    lines: int = 0
    reminders: int = 0
    guises: int = 0
    secret: tuple[str, ...] = ()


@dataclass(slots=True)
class _Merge:
    """What is to be taken in, and under which ids."""

    facts: list[FactPiece]
    changes: list[ChangePiece]
    taken: set[int]
    sealed: bool
    ids: dict[int, int] = field(default_factory=dict)
    batches: dict[int, int] = field(default_factory=dict)


class _Numbers:
    """The numbers that facts have, by character: one that is taken gives way to the next one above all."""

    def __init__(self, there: Sequence[Fact]) -> None:
        self._taken = {(one.character, one.number) for one in there}
        self._last: Counter[str] = Counter()
        for character, number in self._taken:
            self._last[character] = max(self._last[character], number)

    def take(self, character: str, wanted: int) -> int:
        number = self._last[character] + 1 if (character, wanted) in self._taken else wanted
        self._taken.add((character, number))
        self._last[character] = max(self._last[character], number)
        return number


class Importing:
    """Takes in exports, each in one transaction."""

    def __init__(self, *, database: Database, company: Company, memories: Memories, clock: Clock) -> None:
        self._database = database
        self._company = company
        self._memories = memories
        self._clock = clock

    async def take_in(self, person_id: int, data: bytes) -> Imported:
        """Take in a file of somebody's own. Raises FileRefused; what was taken in before changes nothing.

        Words that were said come in from a sealed file only: nobody is to put them into anybody's mouth.
        """
        now = self._clock.now()
        brought, raw = await asyncio.to_thread(read_portable, data, now=now)
        if brought.person_id != person_id:
            raise FileRefused(NOT_YOURS)
        if len(brought.facts) > MOST_AT_ONCE:
            raise FileRefused(_counted(TOO_MANY_AT_ONCE, MOST_AT_ONCE, len(brought.facts)))
        sealed = fits(await seal_key(self._database), raw)
        secret, kept = await asyncio.to_thread(_without_secrets, brought)
        async with self._database.begin() as db:
            if not await self._memories.consenting(db, [person_id]):
                raise FileRefused(NO_CONSENT)
            if not sealed:
                kept = await self._modest(db, kept)
            await db.users.note(person_id, {}, is_bot=False, at=now)
            facts = await _take_facts(db, kept, sealed=sealed, at=now)
            if not sealed:
                return Imported(sealed, facts, secret=secret)
            lines = await _take_lines(db, kept)
            reminders = await _take_reminders(db, kept, now)
            guises = await _take_guises(db, kept)
            await _take_bonds(db, kept)
            await _take_names(db, kept, now)
        return Imported(sealed, facts, lines, reminders, guises, secret)

    async def _modest(self, db: UnitOfWork, brought: Portable) -> Portable:
        """Return what an unsealed file may claim: of characters that are known, and for each of them alone.

        Anybody can write such a file: facts of made-up characters would have no end.
        """
        known = {*self._company.by_slug, *await db.memories.characters(brought.person_id)}
        if strange := {one.character for one in brought.facts} - known:
            raise FileRefused(NO_CHARACTER.format(slug=min(strange)))
        facts = tuple(one.model_copy(update={"for_all": False}) for one in brought.facts)
        return brought.model_copy(update={"facts": facts})


def _without_secrets(brought: Portable) -> tuple[tuple[str, ...], Portable]:
    """Return where in a file secrets stand, and the rest of it (C55)."""
    secret = [f"facts[{number}]" for number, one in enumerate(brought.facts) if _holds_secret(one)]
    gone = {one.id for one in brought.facts if _holds_secret(one)}
    for number, change in enumerate(brought.changes):
        if change.memory_id not in gone and change.before and _holds_secret(change.before):
            secret.append(f"changes[{number}]")
            gone.add(change.memory_id)
    rest = {
        "facts": tuple(one for one in brought.facts if one.id not in gone),
        "changes": tuple(one for one in brought.changes if one.memory_id not in gone),
    }
    return tuple(secret), brought.model_copy(update=rest)


def _holds_secret(values: FactValuesPiece) -> bool:
    return any(holds_secret(text) for text in (values.text, values.quote, values.subject, *values.tags))


# Facts.


async def _take_facts(db: UnitOfWork, brought: Portable, *, sealed: bool, at: datetime) -> int:
    there = await db.people.facts(brought.person_id)
    merge = await _new(db, brought, there, sealed=sealed)
    _check_room(there, merge.facts, sealed=sealed)
    await _number(db, merge)
    numbers = _Numbers(there)
    facts = [_fact(one, merge, brought.person_id, numbers) for one in merge.facts]
    if sealed:
        changes = [_change(one, merge, brought.person_id) for one in merge.changes]
    else:
        batch = await db.memories.new_batch() if facts else 0
        changes = [_taken_in(one, batch, at) for one in facts]
    await db.people.put_back(facts, changes)
    for memory_id, sources in _sources(facts, changes).items():
        await db.memories.link(memory_id, sources)
    return len(facts)


async def _new(db: UnitOfWork, brought: Portable, there: Sequence[Fact], *, sealed: bool) -> _Merge:
    """Return which facts, and which changes of facts that went, are not known yet."""
    owners = await db.people.owners(
        {one.id for one in brought.facts} | {one.memory_id for one in brought.changes}
    )
    theirs = {one for one, owner in owners.items() if owner == brought.person_id}
    others = owners.keys() - theirs
    said = {_mark(one) for one in there}
    facts = [one for one in brought.facts if one.id not in theirs and _mark(one) not in said]
    wanted = {one.id for one in facts}
    live = {one.id for one in brought.facts}
    if not sealed:
        return _Merge(facts, [], others, sealed)
    past = {(one.at, one.cause) for one in await db.people.changes(brought.person_id)}
    for one in brought.changes:
        gone = one.memory_id not in live and one.memory_id not in theirs
        if gone and (one.at, one.cause) not in past:
            wanted.add(one.memory_id)
    return _Merge(facts, [one for one in brought.changes if one.memory_id in wanted], others, sealed)


async def _number(db: UnitOfWork, merge: _Merge) -> None:
    """Let facts and changes keep their numbers where those are free, and give them new ones elsewhere.

    A number that was never given out here may be given out later: it is not kept.
    """
    last_id, last_batch = await db.memories.last_numbers()
    for memory_id in sorted({one.id for one in merge.facts} | {one.memory_id for one in merge.changes}):
        kept = memory_id not in merge.taken and 0 < memory_id <= last_id
        merge.ids[memory_id] = memory_id if kept else await db.memories.new_id()
    known = all(one.batch <= last_batch for one in merge.changes)
    for batch in sorted({one.batch for one in merge.changes}):
        merge.batches[batch] = batch if known else await db.memories.new_batch()


def _check_room(there: Sequence[Fact], new: Sequence[FactPiece], *, sealed: bool) -> None:
    """Refuse more than there is room for: of a sealed file with each character, as all of it was here once.

    What anybody wrote shares one room among all characters.
    """
    facts: list[Fact | FactPiece] = [*there, *new]
    counts = Counter((one.character if sealed else "", one.kept) for one in facts)
    for (_character, kept), count in counts.items():
        most = MOST if kept else MOST_FACTS
        if count > most and new:
            raise FileRefused(_counted(TOO_MANY, most, count))


def _counted(refusal: str, most: int, count: int) -> str:
    return refusal.format(most=i18n.number(most), count=i18n.number(count))


def _mark(fact: Fact | FactPiece) -> tuple[object, ...]:
    """Return what makes two facts the same: their words, and where they may come up."""
    place = {"channel": fact.channel_id, "guild": fact.guild_id}.get(fact.scope)
    return fact.character, plain(fact.text), fact.scope, place, fact.ended_at


def _fact(piece: FactPiece, merge: _Merge, person_id: int, numbers: "_Numbers") -> Fact:
    values = _values(piece, merge, FactPiece.model_fields)
    del values["id"]
    if values["first_at"] == UNSAID:
        values["first_at"] = values["last_at"] = values["made_at"]
    values["number"] = numbers.take(piece.character, piece.number)
    fact = Fact(person_id=person_id, **values)
    fact.id = merge.ids[piece.id]
    return fact


def _change(piece: ChangePiece, merge: _Merge, person_id: int) -> FactChange:
    ids = {into(old): into(new) for old, new in merge.ids.items()}
    return FactChange(
        batch=merge.batches[piece.batch],
        memory_id=merge.ids[piece.memory_id],
        person_id=person_id,
        character=piece.character,
        at=piece.at,
        cause=ids.get(piece.cause, piece.cause),
        before=_values(piece.before, merge, sorted(piece.before.model_fields_set)) if piece.before else None,
    )


def _values(piece: FactValuesPiece, merge: _Merge, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(piece, name) for name in names}
    for name in {"sources", "tags"} & values.keys():
        values[name] = list(values[name])
    if (other := values.get("superseded_by")) is not None:
        values["superseded_by"] = merge.ids.get(other, other if merge.sealed else None)
    return values


def _taken_in(fact: Fact, batch: int, at: datetime) -> FactChange:
    return FactChange(
        batch=batch,
        memory_id=fact.id,
        person_id=fact.person_id,
        character=fact.character,
        at=at,
        cause=IMPORTED,
        before=None,
    )


def _sources(facts: Iterable[Fact], changes: Iterable[FactChange]) -> Mapping[int, set[int]]:
    """Return by fact the messages that it ever came from."""
    found: dict[int, set[int]] = {one.id: set(one.sources) for one in facts}
    for one in changes:
        found.setdefault(one.memory_id, set()).update((one.before or {}).get("sources", ()))
    return found


# Everything else, from a sealed file.


async def _take_lines(db: UnitOfWork, brought: Portable) -> int:
    ids = [one.id for one in brought.archive]
    there = {one.id for some in pieces(ids) for one in await db.archive.these(some)}
    new = [_archived(one, brought.person_id) for one in brought.archive if one.id not in there]
    for line in new:
        line.cast_id = await db.casts.id_of([line.character]) if line.character else None
    await db.archive.add(new)
    return len(new)


def _archived(piece: LinePiece, person_id: int) -> Archived:
    values = {name: getattr(piece, name) for name in LinePiece.model_fields}
    return Archived(person_id=person_id, **values | {"text": masked(piece.text)})


async def _take_reminders(db: UnitOfWork, brought: Portable, now: datetime) -> int:
    known = {_same_reminder(one) for one in await db.reminders.of_person(brought.person_id)}
    taken = 0
    for one in brought.reminders:
        room = await db.reminders.count(brought.person_id, one.character) < MOST_REMINDERS
        if room and one.due_at > now and _same_reminder(one) not in known:
            values = {name: getattr(one, name) for name in ReminderPiece.model_fields}
            await _note_place(db, one)
            await db.reminders.add(Reminder(person_id=brought.person_id, **values))
            known.add(_same_reminder(one))
            taken += 1
    return taken


async def _note_place(db: UnitOfWork, one: ReminderPiece) -> None:
    """Keep the place in which something is to be said, should it have gone with its person."""
    if await db.channels.get(one.channel_id) is None:
        place = Place.DM if one.guild_id is None else Place.GUILD
        await db.channels.note(
            one.channel_id, place=place, name="", guild_id=one.guild_id, guild_name="", heard=0
        )


async def _take_guises(db: UnitOfWork, brought: Portable) -> int:
    """Let the person play again whom they played, where they play nobody by now."""
    person_id, taken = brought.person_id, 0
    for one in brought.guises:
        name = clean_name(one.name, "")
        if not is_blank(name) and not await db.users.guises_in([person_id], one.channel_id):
            await db.users.put_on_guise(person_id, one.channel_id, name, at=one.made_at)
            taken += 1
    return taken


async def _take_bonds(db: UnitOfWork, brought: Portable) -> None:
    """Let characters stand with the person as they did, those to whom the person is new by now."""
    new = {one.character for one in brought.bonds}
    new -= {one.character for one in await db.bonds.of_person(brought.person_id)}
    for one in brought.bonds:
        if one.character in new:
            values = {name: getattr(one, name) for name in BondPiece.model_fields}
            await db.bonds.keep(BondRow(user_id=brought.person_id, **values))
    dealings = [one for one in brought.dealings if one.character in new]
    await db.bonds.note(
        [
            BondChange(
                user_id=brought.person_id,
                **{name: getattr(one, name) for name in DealingPiece.model_fields},
            )
            for one in dealings
        ]
    )


def _same_reminder(one: Reminder | ReminderPiece) -> tuple[object, ...]:
    return one.character, one.kind, one.text, one.channel_id, one.due_at, one.month, one.day


async def _take_names(db: UnitOfWork, brought: Portable, now: datetime) -> None:
    for one in brought.names:
        await db.users.note(brought.person_id, {one.guild_id: one.name}, is_bot=False, at=one.last_seen)
    if brought.zone and await db.reminders.zone(brought.person_id) is None:
        await db.reminders.set_zone(brought.person_id, brought.zone, at=now)
