"""What was known at any moment, rebuilt from the record of changes; and a bad day undone (C68)."""

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
"""No message is older than Discord itself."""
UNDONE = "undone by an operator"
OWN_CAUSES = (LEARNT, REINFORCED, SUPERSEDED, JOINED)
"""What the character does by itself; besides, what it joined into another memory goes."""


@dataclass(frozen=True, slots=True)
class PersonDay:
    """How often what is known of somebody changed on a day, by cause; never a word of it."""

    person_id: int
    causes: Mapping[str, int]

    @property
    def own(self) -> int:
        """Changes that the character made by itself."""
        return sum(count for cause, count in self.causes.items() if is_own(cause))


@dataclass(frozen=True, slots=True)
class Undone:
    """What came of undoing a day: facts of people that are again what they were before it.

    `stayed` are those that changed since, by the person's own hand or on another day.
    """

    people: int = 0
    facts: int = 0
    stayed: int = 0

    def __add__(self, other: "Undone") -> "Undone":
        return Undone(self.people + other.people, self.facts + other.facts, self.stayed + other.stayed)


def is_own(cause: str) -> bool:
    """Say whether the character does by itself what has this cause; people's own commands have others."""
    return cause in OWN_CAUSES or cause.startswith(_INTO)


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that of the next one, in UTC; of the last day its last moment."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return begin, datetime.max.replace(tzinfo=UTC) if day == date.max else begin + timedelta(days=1)


class TimeTravel:
    """Looks at earlier states of what a character knows, and brings them back.

    `dump` keeps what was known before a change, where the operator wants that.
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
        """Return the facts about somebody as they were at a moment, by number.

        What was forgotten since is not among them: it left the record, too. Raises MemoryRefused for a
        moment before 2015.
        """
        if at.date() < EARLIEST:
            raise MemoryRefused(Refusal.NO_SUCH_DAY)
        async with self._database.read() as db:
            facts = await db.memories.of(person_id, character)
            changes = await db.memories.since(person_id, character, 0)
        return rebuilt(facts, changes, at)

    async def days(self, character: str, person_id: int) -> list[date]:
        """Return the days (UTC) on which what is known of somebody changed, the newest first."""
        async with self._database.read() as db:
            changes = await db.memories.since(person_id, character, 0)
        return sorted({one.at.date() for one in changes}, reverse=True)

    # For operators.

    async def day(self, character: str, day: date, person_id: int | None = None) -> list[PersonDay]:
        """Return whose facts changed on a day, and why: of everybody, or of one person.

        Raises MemoryRefused.
        """
        if not EARLIEST <= day <= self._now().date():
            raise MemoryRefused(Refusal.NO_SUCH_DAY)
        since, until = bounds(day)
        async with self._database.read() as db:
            counts = await db.memories.causes(character, since=since, until=until)
        causes: dict[int, dict[str, int]] = {}
        for one in counts:
            if person_id in (None, one.person_id):
                causes.setdefault(one.person_id, {})[one.cause] = one.changes
        return [PersonDay(*one) for one in causes.items()]

    async def undo(self, character: str, day: date, person_id: int | None = None) -> Undone:
        """Undo what the character noted and changed by itself on a day, of everybody or of one person.

        What changed since stays as it is, and so does what people did themselves. It is a change of its
        own, which each person can undo for themselves. People are dealt with one after the other: a crash
        leaves some as they were, and doing it again does the rest.
        """
        undone = Undone()
        for one in await self.day(character, day, person_id):
            if one.own:
                undone += await self._undo(character, day, one.person_id)
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
        """Let hold again what facts that are gone by now had taken the place of."""
        known = await db.memories.of(person_id, character)
        there = {one.id for one in known}
        batch, at = await db.memories.new_batch(), self._now()
        for one in known:
            if one.superseded_by is not None and one.superseded_by not in there:
                values = {"ended_at": None, "superseded_by": None}
                await db.memories.change(one, values, batch=batch, cause=UNDONE, at=at)


def rebuilt(facts: Sequence[Fact], changes: Sequence[ChangedFact], at: datetime) -> list[Fact]:
    """Return facts as they were at a moment, from what they are now and all their changes, newest first."""
    lines = _by_fact(changes)
    then = [one for one in facts if one.id not in lines and one.made_at <= at]
    for line in lines.values():
        last = next((change for change in line if change.at <= at), None)
        if last is not None and last.after is not None:
            then.append(same_memory(last, last.after, last.at))
    return sorted(then, key=lambda one: (one.number, one.id))


def steps_before(day: date, changes: Sequence[ChangedFact], known: Sequence[Fact]) -> tuple[list[Back], int]:
    """Return what takes facts back to before a day, and how many stay because they changed since.

    Of each fact the last changes are undone that the character made by itself on that day, the newest of
    all changes among them.
    """
    now, lines = {one.id: one for one in known}, _by_fact(changes)
    touched = {key for key, line in lines.items() if any(_is_of(day, one) for one in line)}
    undone = _consistent({key: run for key in touched if (run := _last_run(day, lines[key]))})
    steps = [Back(now.get(key), run[-1]) for key, run in undone.items()]
    return steps, len(touched) - len(undone)


def _consistent(undone: Mapping[int, Sequence[ChangedFact]]) -> dict[int, Sequence[ChangedFact]]:
    """Return what can be undone without a fact that says the same, or the contrary, beside it.

    What was joined comes back with the whole it was joined into, and what was overtaken when that goes which
    took its place.
    """
    left = dict(undone)
    while wrong := [key for key, run in left.items() if not all(_may_go(one, left) for one in run)]:
        for key in wrong:
            del left[key]
    return left


def _may_go(change: ChangedFact, undone: Mapping[int, Sequence[ChangedFact]]) -> bool:
    if change.cause == SUPERSEDED:
        successor = undone.get((change.after or {}).get("superseded_by") or 0)
        return successor is not None and successor[-1].before is None
    if change.after is None:
        whole = undone.get(_joined_into(change.cause) or 0, ())
        return change.cause == LEARNT or any(one.batch == change.batch for one in whole)
    return True


def _joined_into(cause: str) -> int | None:
    number = cause.removeprefix(_INTO)
    return int(number) if number != cause and number.isdecimal() else None


def _last_run(day: date, line: Sequence[ChangedFact]) -> list[ChangedFact]:
    """Return the changes of a fact, newest first, up to the first one that is not to be undone."""
    run: list[ChangedFact] = []
    for one in line:
        if not _is_of(day, one):
            break
        run.append(one)
    return run


def _is_of(day: date, change: ChangedFact) -> bool:
    since, until = bounds(day)
    return since <= change.at < until and is_own(change.cause)


def _by_fact(changes: Collection[ChangedFact]) -> dict[int, list[ChangedFact]]:
    lines: dict[int, list[ChangedFact]] = {}
    for one in changes:
        lines.setdefault(one.memory_id, []).append(one)
    return lines
