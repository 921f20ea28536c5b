"""Import of a personal export: existing data stays as it is (C65)."""

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
"""Maximum number of facts in one import."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Counts of imported new items; `secret` lists paths in the file that were skipped as secrets.

    If not `sealed`, the file was changed or comes from another bot, and only facts were imported.
    """

    sealed: bool
    facts: int = 0
    lines: int = 0
    reminders: int = 0
    guises: int = 0
    secret: tuple[str, ...] = ()


@dataclass(slots=True)
class _Merge:
    """The items to import, and their new ids."""

    facts: list[FactPiece]
    changes: list[ChangePiece]
    taken: set[int]
    sealed: bool
    ids: dict[int, int] = field(default_factory=dict)
    batches: dict[int, int] = field(default_factory=dict)


class _Numbers:
    """Fact numbers by character; a number that is taken is replaced by the next free one above all others."""

    def __init__(self, known: Sequence[Fact]) -> None:
        self._taken = {(fact.character, fact.number) for fact in known}
        self._last: Counter[str] = Counter()
        for character, number in self._taken:
            self._last[character] = max(self._last[character], number)

    def take(self, character: str, wanted: int) -> int:
        number = self._last[character] + 1 if (character, wanted) in self._taken else wanted
        self._taken.add((character, number))
        self._last[character] = max(self._last[character], number)
        return number


class Importing:
    """Imports exports, each in one transaction."""

    def __init__(self, *, database: Database, company: Company, memories: Memories, clock: Clock) -> None:
        self._database = database
        self._company = company
        self._memories = memories
        self._clock = clock

    async def take_in(self, person_id: int, data: bytes) -> Imported:
        """Import a person's own file. Raises FileRefused; importing a file again changes nothing.

        Spoken lines are imported from a sealed file only, so that nobody can put words into anybody's mouth.
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
        """Restrict an unsealed file: facts of known characters only, and none for all characters.

        Anybody can write such a file: facts of made-up characters would have no end.
        """
        known = {*self._company.by_slug, *await db.memories.characters(brought.person_id)}
        if strange := {fact.character for fact in brought.facts} - known:
            raise FileRefused(NO_CHARACTER.format(slug=min(strange)))
        facts = tuple(fact.model_copy(update={"for_all": False}) for fact in brought.facts)
        return brought.model_copy(update={"facts": facts})


def _without_secrets(brought: Portable) -> tuple[tuple[str, ...], Portable]:
    """Return the paths of secrets in a file, and the file without them (C55)."""
    secret = [f"facts[{number}]" for number, fact in enumerate(brought.facts) if _holds_secret(fact)]
    gone = {fact.id for fact in brought.facts if _holds_secret(fact)}
    for number, change in enumerate(brought.changes):
        if change.memory_id not in gone and change.before and _holds_secret(change.before):
            secret.append(f"changes[{number}]")
            gone.add(change.memory_id)
    rest = {
        "facts": tuple(fact for fact in brought.facts if fact.id not in gone),
        "changes": tuple(change for change in brought.changes if change.memory_id not in gone),
    }
    return tuple(secret), brought.model_copy(update=rest)


def _holds_secret(values: FactValuesPiece) -> bool:
    return any(holds_secret(text) for text in (values.text, values.quote, values.subject, *values.tags))


# Facts.


async def _take_facts(db: UnitOfWork, brought: Portable, *, sealed: bool, at: datetime) -> int:
    known = await db.people.facts(brought.person_id)
    merge = await _new(db, brought, known, sealed=sealed)
    _check_room(known, merge.facts, sealed=sealed)
    await _number(db, merge)
    numbers = _Numbers(known)
    facts = [_fact(piece, merge, brought.person_id, numbers) for piece in merge.facts]
    if sealed:
        changes = [_change(piece, merge, brought.person_id) for piece in merge.changes]
    else:
        batch = await db.memories.new_batch() if facts else 0
        changes = [_taken_in(fact, batch, at) for fact in facts]
    await db.people.put_back(facts, changes)
    for memory_id, sources in _sources(facts, changes).items():
        await db.memories.link(memory_id, sources)
    return len(facts)


async def _new(db: UnitOfWork, brought: Portable, known: Sequence[Fact], *, sealed: bool) -> _Merge:
    """Return the unknown facts, and the unknown changes of deleted facts."""
    owners = await db.people.owners(
        {fact.id for fact in brought.facts} | {change.memory_id for change in brought.changes}
    )
    theirs = {memory_id for memory_id, owner in owners.items() if owner == brought.person_id}
    others = owners.keys() - theirs
    said = {_mark(fact) for fact in known}
    facts = [fact for fact in brought.facts if fact.id not in theirs and _mark(fact) not in said]
    wanted = {fact.id for fact in facts}
    live = {fact.id for fact in brought.facts}
    if not sealed:
        return _Merge(facts, [], others, sealed)
    past = {(change.at, change.cause) for change in await db.people.changes(brought.person_id)}
    for change in brought.changes:
        gone = change.memory_id not in live and change.memory_id not in theirs
        if gone and (change.at, change.cause) not in past:
            wanted.add(change.memory_id)
    return _Merge(facts, [change for change in brought.changes if change.memory_id in wanted], others, sealed)


async def _number(db: UnitOfWork, merge: _Merge) -> None:
    """Keep the numbers of facts and changes where they are free, and assign new ones elsewhere.

    A number that was never assigned here is not kept, since it may be assigned later.
    """
    last_id, last_batch = await db.memories.last_numbers()
    for memory_id in sorted(
        {fact.id for fact in merge.facts} | {change.memory_id for change in merge.changes}
    ):
        kept = memory_id not in merge.taken and 0 < memory_id <= last_id
        merge.ids[memory_id] = memory_id if kept else await db.memories.new_id()
    known = all(change.batch <= last_batch for change in merge.changes)
    for batch in sorted({change.batch for change in merge.changes}):
        merge.batches[batch] = batch if known else await db.memories.new_batch()


def _check_room(known: Sequence[Fact], new: Sequence[FactPiece], *, sealed: bool) -> None:
    """Refuse more than fits: a sealed file per character, since all of it was here once.

    An unsealed file shares one limit among all characters.
    """
    facts: list[Fact | FactPiece] = [*known, *new]
    counts = Counter((fact.character if sealed else "", fact.kept) for fact in facts)
    for (_character, kept), count in counts.items():
        most = MOST if kept else MOST_FACTS
        if count > most and new:
            raise FileRefused(_counted(TOO_MANY, most, count))


def _counted(refusal: str, most: int, count: int) -> str:
    return refusal.format(most=i18n.number(most), count=i18n.number(count))


def _mark(fact: Fact | FactPiece) -> tuple[object, ...]:
    """Return an identity key of a fact: its text and where it may come up."""
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
    """Return the source messages of each fact over its whole history."""
    found: dict[int, set[int]] = {fact.id: set(fact.sources) for fact in facts}
    for change in changes:
        found.setdefault(change.memory_id, set()).update((change.before or {}).get("sources", ()))
    return found


# Everything else, from a sealed file.


async def _take_lines(db: UnitOfWork, brought: Portable) -> int:
    ids = [line.id for line in brought.archive]
    known_ids = {line.id for batch in pieces(ids) for line in await db.archive.these(batch)}
    new = [_archived(line, brought.person_id) for line in brought.archive if line.id not in known_ids]
    for line in new:
        line.cast_id = await db.casts.id_of([line.character]) if line.character else None
    await db.archive.add(new)
    return len(new)


def _archived(piece: LinePiece, person_id: int) -> Archived:
    values = {name: getattr(piece, name) for name in LinePiece.model_fields}
    return Archived(person_id=person_id, **values | {"text": masked(piece.text)})


async def _take_reminders(db: UnitOfWork, brought: Portable, now: datetime) -> int:
    known = {_same_reminder(reminder) for reminder in await db.reminders.of_person(brought.person_id)}
    taken = 0
    for reminder in brought.reminders:
        room = await db.reminders.count(brought.person_id, reminder.character) < MOST_REMINDERS
        if room and reminder.due_at > now and _same_reminder(reminder) not in known:
            values = {name: getattr(reminder, name) for name in ReminderPiece.model_fields}
            await _note_place(db, reminder)
            await db.reminders.add(Reminder(person_id=brought.person_id, **values))
            known.add(_same_reminder(reminder))
            taken += 1
    return taken


async def _note_place(db: UnitOfWork, reminder: ReminderPiece) -> None:
    """Store the place of a reminder, in case it was deleted together with its person."""
    if await db.channels.get(reminder.channel_id) is None:
        place = Place.DM if reminder.guild_id is None else Place.GUILD
        await db.channels.note(
            reminder.channel_id, place=place, name="", guild_id=reminder.guild_id, guild_name="", heard=0
        )


async def _take_guises(db: UnitOfWork, brought: Portable) -> int:
    """Restore user personas in channels where the person has none now."""
    person_id, taken = brought.person_id, 0
    for guise in brought.guises:
        name = clean_name(guise.name, "")
        if not is_blank(name) and not await db.users.guises_in([person_id], guise.channel_id):
            await db.users.put_on_guise(person_id, guise.channel_id, name, at=guise.made_at)
            taken += 1
    return taken


async def _take_bonds(db: UnitOfWork, brought: Portable) -> None:
    """Restore bonds with the characters that have none with the person now."""
    new = {bond.character for bond in brought.bonds}
    new -= {bond.character for bond in await db.bonds.of_person(brought.person_id)}
    for bond in brought.bonds:
        if bond.character in new:
            values = {name: getattr(bond, name) for name in BondPiece.model_fields}
            await db.bonds.keep(BondRow(user_id=brought.person_id, **values))
    dealings = [dealing for dealing in brought.dealings if dealing.character in new]
    await db.bonds.note(
        [
            BondChange(
                user_id=brought.person_id,
                **{name: getattr(dealing, name) for name in DealingPiece.model_fields},
            )
            for dealing in dealings
        ]
    )


def _same_reminder(reminder: Reminder | ReminderPiece) -> tuple[object, ...]:
    return (
        reminder.character,
        reminder.kind,
        reminder.text,
        reminder.channel_id,
        reminder.due_at,
        reminder.month,
        reminder.day,
    )


async def _take_names(db: UnitOfWork, brought: Portable, now: datetime) -> None:
    for name in brought.names:
        await db.users.note(brought.person_id, {name.guild_id: name.name}, is_bot=False, at=name.last_seen)
    if brought.zone and await db.reminders.zone(brought.person_id) is None:
        await db.reminders.set_zone(brought.person_id, brought.zone, at=now)
