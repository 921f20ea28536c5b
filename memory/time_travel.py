"""Earlier states of a character's knowledge, rebuilt from the record of changes, and undoing a day (C68)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.memories import ChangedFact, same_memory
from memory.dumps import Before, before
from memory.history import JOINED, LEARNT, REINFORCED, SUPERSEDED, into
from memory.reversal import Back, bring_back
from memory.rules import MemoryRefused, Refusal

_INTO = into(0).removesuffix("0")
EARLIEST = date(2015, 1, 1)
"""Discord did not exist before 2015."""
UNDONE = "undone by an operator"
OWN_CAUSES = (LEARNT, REINFORCED, SUPERSEDED, JOINED)
"""Causes of the character's own changes; removals by merging are its own too."""


@dataclass(frozen=True, slots=True)
class PersonDay:
    """Number of changes to a person's facts on a day, by cause, without any content."""

    person_id: int
    causes: Mapping[str, int]

    @property
    def own(self) -> int:
        """Number of the character's own changes."""
        return sum(count for cause, count in self.causes.items() if is_own(cause))


@dataclass(frozen=True, slots=True)
class Undone:
    """Result of undoing a day: the number of facts restored, and of the people concerned.

    `stayed` counts facts not restored because the person changed them, or because they changed on another
    day.
    """

    people: int = 0
    facts: int = 0
    stayed: int = 0

    def __add__(self, other: "Undone") -> "Undone":
        return Undone(self.people + other.people, self.facts + other.facts, self.stayed + other.stayed)


def is_own(cause: str) -> bool:
    """Return whether a cause belongs to the character's own changes, not to people's commands."""
    return cause in OWN_CAUSES or cause.startswith(_INTO)


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return the start of a day and of the next one, in UTC; the very last day ends at its last moment."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return begin, datetime.max.replace(tzinfo=UTC) if day == date.max else begin + timedelta(days=1)


class TimeTravel:
    """Shows and restores earlier states of a character's knowledge.

    `dump` writes the state before a change to files, if the operator wants dumps.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        *,
        dump: Callable[[str, tuple[Before, ...]], Awaitable[None]],
    ) -> None:
        self._database = database
        self._now = now
        self._dump = dump

    async def state(self, character: str, person_id: int, at: datetime) -> list[Fact]:
        """Return the facts about a person at a moment, by number.

        Facts forgotten since then are missing because forgetting also erases them from the record. Raises
        MemoryRefused for a moment before 2015.
        """
        if at.date() < EARLIEST:
            raise MemoryRefused(Refusal.NO_SUCH_DAY)
        async with self._database.read() as db:
            facts = await db.memories.of(person_id, character)
            changes = await db.memories.since(person_id, character, 0)
        return rebuilt(facts, changes, at)

    async def days(self, character: str, person_id: int) -> list[date]:
        """Return the days (UTC) on which facts about a person changed, newest first."""
        async with self._database.read() as db:
            changes = await db.memories.since(person_id, character, 0)
        return sorted({change.at.date() for change in changes}, reverse=True)

    # For operators.

    async def day(self, character: str, day: date, person_id: int | None = None) -> list[PersonDay]:
        """Return the number of changed facts by person and cause on a day, for everybody or one person.

        Raises MemoryRefused.
        """
        if not EARLIEST <= day <= self._now().date():
            raise MemoryRefused(Refusal.NO_SUCH_DAY)
        since, until = bounds(day)
        async with self._database.read() as db:
            counts = await db.memories.causes(character, since=since, until=until)
        causes: dict[int, dict[str, int]] = {}
        for count in counts:
            if person_id in (None, count.person_id):
                causes.setdefault(count.person_id, {})[count.cause] = count.changes
        return [PersonDay(*entry) for entry in causes.items()]

    async def undo(self, character: str, day: date, person_id: int | None = None) -> Undone:
        """Undo the character's own changes on a day, for everybody or one person.

        Later changes and people's own changes stay. The undo is itself a change that each person can undo for
        themselves. People are processed one by one: after a crash, running it again completes the rest.
        """
        undone = Undone()
        for entry in await self.day(character, day, person_id):
            if entry.own:
                undone += await self._undo(character, day, entry.person_id)
        return undone

    async def _undo(self, character: str, day: date, person_id: int) -> Undone:
        async with self._database.begin() as db:
            known = await db.memories.of(person_id, character)
            changes = await db.memories.since(person_id, character, 0)
            steps, stayed = steps_before(day, changes, known)
            if not steps:
                return Undone(stayed=stayed)
            snapshot = before(person_id, known)
            await bring_back(db, steps, known, at=self._now(), cause=UNDONE)
            await self._revive(db, character, person_id)
        await self._dump(character, (snapshot,))
        return Undone(people=1, facts=len(steps), stayed=stayed)

    async def _revive(self, db: UnitOfWork, character: str, person_id: int) -> None:
        """Reactivate facts that the deleted facts had superseded."""
        known = await db.memories.of(person_id, character)
        existing = {fact.id for fact in known}
        batch, at = await db.memories.new_batch(), self._now()
        for fact in known:
            if fact.superseded_by is not None and fact.superseded_by not in existing:
                values = {"ended_at": None, "superseded_by": None}
                await db.memories.change(fact, values, batch=batch, cause=UNDONE, at=at)


def rebuilt(facts: Sequence[Fact], changes: Sequence[ChangedFact], at: datetime) -> list[Fact]:
    """Return facts as they were at a moment, from the current facts and all their changes, newest first."""
    lines = _by_fact(changes)
    then = [fact for fact in facts if fact.id not in lines and fact.made_at <= at]
    for line in lines.values():
        last = next((change for change in line if change.at <= at), None)
        if last is not None and last.after is not None:
            then.append(same_memory(last, last.after, last.at))
    return sorted(then, key=lambda fact: (fact.number, fact.id))


def steps_before(day: date, changes: Sequence[ChangedFact], known: Sequence[Fact]) -> tuple[list[Back], int]:
    """Return the steps that restore facts to before a day, and the number of facts that changed since then.

    For each fact, the character's own changes of that day are undone, if they are its latest changes.
    """
    now, lines = {fact.id: fact for fact in known}, _by_fact(changes)
    touched = {key for key, line in lines.items() if any(_is_of(day, change) for change in line)}
    undone = _consistent({key: run for key in touched if (run := _last_run(day, lines[key]))})
    steps = [Back(now.get(key), run[-1]) for key, run in undone.items()]
    return steps, len(touched) - len(undone)


def _consistent(undone: Mapping[int, Sequence[ChangedFact]]) -> dict[int, Sequence[ChangedFact]]:
    """Return the changes that can be undone without leaving duplicate or contradictory facts.

    Merged facts return only together with the merge's target, and superseded facts only if their successor
    goes.
    """
    left = dict(undone)
    while wrong := [key for key, run in left.items() if not all(_may_go(change, left) for change in run)]:
        for key in wrong:
            del left[key]
    return left


def _may_go(change: ChangedFact, undone: Mapping[int, Sequence[ChangedFact]]) -> bool:
    if change.cause == SUPERSEDED:
        successor = undone.get((change.after or {}).get("superseded_by") or 0)
        return successor is not None and successor[-1].before is None
    if change.after is None:
        whole = undone.get(_joined_into(change.cause) or 0, ())
        return change.cause == LEARNT or any(undone_change.batch == change.batch for undone_change in whole)
    return True


def _joined_into(cause: str) -> int | None:
    number = cause.removeprefix(_INTO)
    return int(number) if number != cause and number.isdecimal() else None


def _last_run(day: date, line: Sequence[ChangedFact]) -> list[ChangedFact]:
    """Return the changes of a fact, newest first, up to the first one that stays."""
    run: list[ChangedFact] = []
    for change in line:
        if not _is_of(day, change):
            break
        run.append(change)
    return run


def _is_of(day: date, change: ChangedFact) -> bool:
    since, until = bounds(day)
    return since <= change.at < until and is_own(change.cause)


def _by_fact(changes: Collection[ChangedFact]) -> dict[int, list[ChangedFact]]:
    lines: dict[int, list[ChangedFact]] = {}
    for change in changes:
        lines.setdefault(change.memory_id, []).append(change)
    return lines
