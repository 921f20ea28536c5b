"""Import of an older bot's data about people: one transaction per person, and only once."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from bot.cli.legacy.people import LegacyPerson
from bot.cli.legacy.reading import Inheritance
from database import Database, UnitOfWork
from database.models import CallRow, Fact, Summary
from database.repositories.people import blurred
from database.types import EPOCH
from memory.core import plain
from memory.history import INHERITED
from memory.store import MOST
from personas.character import Character

PURPOSE = "inherited"
UNKNOWN_MODEL = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Imported data of one person, with skipped parts in `notes`.

    `before` means that an earlier import covered the person, so nothing is imported now.
    """

    person_id: int
    turns: int = 0
    memories: int = 0
    premium: bool = False
    tokens: int = 0
    notes: tuple[str, ...] = ()
    before: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """One import run: its character, its time, and the minimum age of the data."""

    character: Character
    at: datetime
    as_of: datetime


async def take_over(
    database: Database, inheritance: Inheritance, *, character: Character, at: datetime, dry: bool
) -> list[Outcome]:
    """Import each person; with `dry`, determine what would be imported and write nothing."""
    one_import = Import(character, at, min(inheritance.as_of, at))
    outcomes = []
    for person in inheritance.people:
        async with rehearsed(database, dry=dry) as db:
            outcomes.append(await _take_in(db, person, one_import))
    return outcomes


class _Rehearsed(Exception):  # noqa: N818
    """Rolls back the transaction of a dry run."""


@asynccontextmanager
async def rehearsed(database: Database, *, dry: bool) -> AsyncIterator[UnitOfWork]:
    """Open a transaction, which is rolled back if `dry`."""
    with suppress(_Rehearsed):
        async with database.begin() as db:
            yield db
            if dry:
                raise _Rehearsed


async def _take_in(db: UnitOfWork, person: LegacyPerson, one_import: Import) -> Outcome:
    """Import one person, unless done before: what they deleted since must not come back.

    Personal data, premium and usage, is imported once; texts are imported once per character.
    """
    known = f"{INHERITED} {person.id}"
    character_mark = f"{INHERITED} {one_import.character.slug} {person.id}"
    if await was_taken(db, character_mark):
        return Outcome(person.id, before=True)
    first = not await was_taken(db, known)
    if first:
        await db.users.inherit(person.id, premium=person.premium, at=one_import.as_of)
        await _take_in_usage(db, person)
    memories, notes = await _take_in_memories(db, person, one_import)
    await _take_in_history(db, person, one_import)
    for mark in (known, character_mark):
        await db.states.set(mark, one_import.at.isoformat())
    return Outcome(
        person.id,
        turns=person.history.turns,
        memories=memories,
        premium=first and person.premium,
        tokens=person.tokens if first else 0,
        notes=(*_left_out(person), *notes),
    )


async def was_taken(db: UnitOfWork, mark: str) -> bool:
    """Return whether a person was imported before, even if they were forgotten since."""
    return await db.states.get(mark) is not None or await db.states.get(blurred(mark)) is not None


async def _take_in_usage(db: UnitOfWork, person: LegacyPerson) -> None:
    if not person.tokens:
        return
    call = CallRow(
        at=EPOCH,  # the date is unknown: it counts in totals but in no day
        purpose=PURPOSE,
        model=UNKNOWN_MODEL,
        outcome="ok",
        seconds=0.0,
        input_tokens=person.tokens,
        output_tokens=None,
        cache_read_tokens=0,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        cost=None,
        user_id=person.id,
        channel_id=None,
    )
    await db.calls.add(call)


async def _take_in_memories(
    db: UnitOfWork, person: LegacyPerson, one_import: Import
) -> tuple[int, tuple[str, ...]]:
    """Import the new memories; return their number, and why others were left out.

    The older bot did not record whether it learnt them privately or before others. So they come up in direct
    messages only, until the person gives them a wider reach (D2, C60).
    """
    if person.memories and await db.consents.refuses(person.id):
        return 0, ("no memories: they don't want to be remembered",)
    slug = one_import.character.slug
    existing = await db.memories.of(person.id, slug)
    known = {plain(fact.text) for fact in existing}
    new = [text for text in person.memories if plain(text) not in known]
    room = max(MOST - len(existing), 0)
    taken = new[len(new) - room :] if len(new) > room else new  # newest last
    batch = await db.memories.new_batch()
    for text in taken:
        await db.memories.add(_memory(person.id, text, one_import), batch=batch, cause=INHERITED)
    left = len(new) - len(taken)
    return len(taken), ((f"{counted(left, 'memory', 'memories')} over {MOST}",) if left else ())


def _memory(person_id: int, text: str, one_import: Import) -> Fact:
    return Fact(
        person_id=person_id,
        character=one_import.character.slug,
        number=0,
        text=text,
        scope="dm",
        channel_id=None,
        guild_id=None,
        origin=INHERITED,
        made_at=one_import.at,
        changed_at=one_import.at,
    )


async def _take_in_history(db: UnitOfWork, person: LegacyPerson, one_import: Import) -> None:
    """Store the history as a note on older talk in the person's direct messages (F066)."""
    if not person.history.text:
        return
    summary = Summary(
        channel_id=None,
        person_id=person.id,
        character=one_import.character.slug,
        text=person.history.text,
        first_place=0,
        last_place=0,
        first_at=one_import.as_of,
        last_at=one_import.as_of,
        made_at=one_import.at,
    )
    await db.summaries.add(summary, [])


def _left_out(person: LegacyPerson) -> Iterator[str]:
    history = person.history
    for count, what in (
        (history.older, "older"),
        (history.shortened, "shortened"),
        (history.unreadable, "unreadable"),
    ):
        if count:
            yield f"{counted(count, f'{what} turn', f'{what} turns')}"
    if person.faults:
        yield f"unreadable: {', '.join(person.faults)}"


def counted(count: int, one: str, more: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else more}"


def total(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the sum of all outcomes, under the id 0."""
    return Outcome(
        0,
        turns=sum(outcome.turns for outcome in outcomes),
        memories=sum(outcome.memories for outcome in outcomes),
        tokens=sum(outcome.tokens for outcome in outcomes),
    )
