"""A person's view of their bond with a character: the ledger, undoing changes, the kind (C71, C74).

An undone change stays in the ledger, marked, and its metric moves back by the same amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import STAGE, bond_of, bond_row, kind_of
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, worded
from bot.features.inner_life.wording import BOND_STAGES, CAUSES, KINDS, METRICS, SOUNDS
from bot.pictures import BondChart, Gauge, GaugeChange
from database import Database, UnitOfWork
from database import models as rows
from database.models import BondChange
from personas.relations import bonds
from personas.relations.bonds import BOUNDS, BY_HAND, STAGES, TIME, Bond, Metric

MOST_DISPUTES = 3
"""Maximum number of changes a person may undo within `A_DAY`, across all characters."""
A_DAY = timedelta(days=1)
LEDGER = 1_000
"""Maximum number of changes shown, the newest ones."""
Course = tuple[tuple[datetime, int], ...]
"""Values of a metric over time, each with the time it began."""

NOT_THERE = _("That change is not in your list any more: /relationship shows what is.")
TAKEN_BACK = _("That change is taken back already: it no longer counts.")
STAGES_FOLLOW = _("A stage follows from the numbers: take back one of those that led to it.")
TIME_PASSES = _("Anger fades with time by itself: there is nothing in that to take back.")
ENOUGH = _(
    "You have taken back {most} changes within 24 hours, and more than that is not possible: try again later."
)
NOTHING_KEPT = _("Nothing is kept of how you two stand, so there is nothing to choose yet.")
NOT_THAT_KIND = _("{name} can't be that to you. What it can be: {kinds}.")
CHANGED = _(
    "{change} {metric}: {cause}", "a change of a number, such as +1 trust: you told something personal"
)
CAME_TO = _("stage: {stage}", "a change in how two stand")
YOU_TWO = _("You and {name}")
THOSE_TWO = "{name} and {person}"


class NotDisputed(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A refused undo or choice; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Relationship:
    """The bond of a character and a person, cooled to the present; `since` is when the stage began, if known.

    `changes` is the ledger, newest first; `courses` the course of each metric as far as the ledger explains
    it. `left` is how many changes may still be undone today.
    """

    bond: Bond
    stage: str
    since: datetime | None
    kind: str
    kinds: tuple[str, ...]
    changes: tuple[BondChange, ...]
    courses: Mapping[Metric, Course]
    left: int

    @property
    def sound(self) -> str:
        """How the stage sounds in this kind of relationship."""
        return sound_of(self.kind, self.label)

    @property
    def label(self) -> str:
        """The name of the stage, or "at odds"."""
        return bonds.label_of(self.bond)


@dataclass(frozen=True, slots=True)
class Undoing:
    """Effect of undoing a change on its metric; `stage` is the new stage, if it changes."""

    change: BondChange
    metric: Metric
    before: int
    after: int
    stage: str = ""


class Relationships:
    """Shows people their bonds with characters, and lets them undo changes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(self, person_id: int, role: PlayedCharacter) -> Relationship | None:
        """Return a character's bond with a person; None if there is none."""
        now = self._clock.now()
        async with self._database.read() as db:
            row = await db.bonds.get(person_id, role.slug)
            if row is None:
                return None
            changes = await db.bonds.changes(person_id, role.slug, limit=LEDGER)
            left = MOST_DISPUTES - await db.bonds.disputes(person_id, since=now - A_DAY)
        bond, _ = bonds.cooled(bond_of(row), now)
        stage = bonds.stage_after(bond)
        return Relationship(
            bond,
            stage,
            _since(stage, changes),
            kind_of(role, row),
            role.character.relationships,
            tuple(changes),
            _courses(changes, bond_of(row)),
            max(left, 0),
        )

    async def preview(self, person_id: int, role: PlayedCharacter, change_id: int) -> Undoing:
        """Return the effect of undoing a change. Raises NotDisputed."""
        async with self._database.read() as db:
            change, row = await self._disputed(db, person_id, role, change_id)
        undoing, _ = _undone(change, bonds.cooled(bond_of(row), self._clock.now())[0])
        return undoing

    async def dispute(self, person_id: int, role: PlayedCharacter, change_id: int) -> Undoing:
        """Undo a change: its metric moves back by it, within bounds. Raises NotDisputed."""
        now = self._clock.now()
        async with self._database.begin() as db:
            change, row = await self._disputed(db, person_id, role, change_id)
            if not await db.bonds.dispute(change_id, at=now):
                raise NotDisputed(TAKEN_BACK)
            cooled, passed = bonds.cooled(bond_of(row), now)
            undoing, bond = _undone(change, cooled)
            noted = [(str(cooling.metric), cooling.change, cooling.cause) for cooling in passed]
            noted += [(STAGE, 0, undoing.stage)] if undoing.stage else []
            await db.bonds.note([BondChange(person_id, role.slug, now, *entry) for entry in noted])
            if undoing.after > undoing.before and undoing.metric is Metric.ANGER:
                bond = replace(bond, changed_at=now)  # otherwise it would at once cool for the time before
            await db.bonds.keep(_kept(row, bond, row.kind))
        return undoing

    async def choose_kind(self, person_id: int, role: PlayedCharacter, kind: str) -> None:
        """Set the kind of relationship that the person chose. Raises NotDisputed."""
        allowed = role.character.relationships
        if kind not in allowed:
            kinds = ", ".join(worded(KINDS, allowed_kind) for allowed_kind in allowed)
            raise NotDisputed(NOT_THAT_KIND.format(name=role.name, kinds=kinds))
        async with self._database.begin() as db:
            row = await db.bonds.get(person_id, role.slug)
            if row is None:
                raise NotDisputed(NOTHING_KEPT)
            await db.bonds.keep(_kept(row, bond_of(row), kind))

    async def _disputed(
        self, db: UnitOfWork, person_id: int, role: PlayedCharacter, change_id: int
    ) -> tuple[BondChange, rows.BondRow]:
        """Return a change that the person may undo, and the bond row. Raises NotDisputed."""
        change = await db.bonds.change(change_id, person_id)
        row = await db.bonds.get(person_id, role.slug)
        if change is None or row is None or change.character != role.slug:
            raise NotDisputed(NOT_THERE)
        if refusal := why_not(change):
            raise NotDisputed(refusal)
        if await db.bonds.disputes(person_id, since=self._clock.now() - A_DAY) >= MOST_DISPUTES:
            raise NotDisputed(ENOUGH.format(most=MOST_DISPUTES))
        return change, row


def words_of(change: BondChange) -> str:
    """Describe a change and its cause: `+1 trust: you told something personal`."""
    if change.metric == STAGE:
        return CAME_TO.format(stage=worded(BOND_STAGES, change.cause))
    return CHANGED.format(
        change=signed(change.change),
        metric=worded(METRICS, change.metric),
        cause=worded(CAUSES, change.cause),
    )


def signed(value: int) -> str:
    """Format a number with its sign, using a true minus."""
    return f"{value:+d}".replace("-", "−") if value else "0"


def sound_of(kind: str, stage: str) -> str:
    """Return how a stage sounds in a kind of relationship."""
    return str(SOUNDS.get((kind, stage)) or bonds.RELATIONSHIP_TYPES[kind][stage])


def chart_for_others(role: PlayedCharacter, name: str, relationship: Relationship, zone: tzinfo) -> BondChart:
    """Return the chart for operators: without the causes of changes, which only the person sees."""
    chart = chart_of(role, relationship, zone)
    return replace(chart, title=THOSE_TWO.format(name=role.name, person=name), changes=(), with_reasons=False)


def chart_of(role: PlayedCharacter, relationship: Relationship, zone: tzinfo) -> BondChart:
    """Return the data of a bond chart."""
    stages = tuple(stage.name for stage in STAGES)
    return BondChart(
        YOU_TWO.format(name=role.name),
        stages.index(relationship.stage),
        tuple(
            worded(BOND_STAGES, relationship.label if stage == relationship.stage else stage)
            for stage in stages
        ),
        tuple(
            Gauge(
                worded(METRICS, metric),
                relationship.bond.of(metric),
                *BOUNDS[metric],
                relationship.courses[metric],
            )
            for metric in Metric
        ),
        tuple(
            GaugeChange(change.at, words_of(change), change.disputed_at is not None)
            for change in relationship.changes
        ),
        zone,
    )


def why_not(change: BondChange) -> str:
    """Return why nobody can undo a change; "" if it can be undone."""
    if change.disputed_at is not None:
        return TAKEN_BACK
    if change.metric not in set(Metric):
        return STAGES_FOLLOW
    return TIME_PASSES if change.cause == TIME or not change.change else ""


def _undone(change: BondChange, bond: Bond) -> tuple[Undoing, Bond]:
    """Return the effect of undoing a change, and the resulting bond."""
    metric = Metric(change.metric)
    before = bond.of(metric)
    after = _within(metric, before + _back(change))
    later = bond.with_(metric, after)
    stage = bonds.stage_after(later)
    news = stage if bond.stage and stage != bond.stage else ""
    return Undoing(change, metric, before, after, news), replace(later, stage=stage)


def _back(change: BondChange) -> int:
    """Return the reverse of a change: at most one for changes by talk, the full amount for an operator's."""
    if change.cause in BY_HAND:
        return -change.change
    return -1 if change.change > 0 else 1


def _within(metric: Metric, value: int) -> int:
    least, most = BOUNDS[metric]
    return min(max(value, least), most)


def _kept(row: rows.BondRow, bond: Bond, kind: str | None) -> rows.BondRow:
    kept = bond_row(row.user_id, row.character, bond, talked_at=row.talked_at)
    kept.kind = kind
    return kept


def _since(stage: str, changes: Sequence[BondChange]) -> datetime | None:
    """Return when the current stage began according to the ledger; None if unknown."""
    noted = next((change for change in changes if change.metric == STAGE), None)
    return noted.at if noted is not None and noted.cause == stage else None


def _courses(changes: Sequence[BondChange], bond: Bond) -> dict[Metric, Course]:
    """Return the course of each metric; empty for a metric that the ledger can't explain."""
    begin = changes[-1].at if changes else bond.changed_at
    return {metric: _course(metric, _moves(metric, changes), bond, begin) for metric in Metric}


def _course(metric: Metric, moves: Sequence[tuple[datetime, int]], bond: Bond, begin: datetime) -> Course:
    """Return a metric's course from the initial bond, or from any start that leads to its present value."""
    least, most = BOUNDS[metric]
    for start in (Bond(begin).of(metric), *range(least, most + 1)):
        course = [(begin, start)]
        for at, change in moves:
            course.append((at, _within(metric, course[-1][1] + change)))
        if moves and course[-1][1] == bond.of(metric):
            return tuple(course)
    return ()


def _moves(metric: Metric, changes: Sequence[BondChange]) -> list[tuple[datetime, int]]:
    """Return the moves of a metric in order; an undone change moved it twice."""
    moves = []
    for change in changes:
        if change.metric == metric:
            moves.append((change.at, False, change.id, change.change))
            if change.disputed_at is not None:
                moves.append((change.disputed_at, True, change.id, _back(change)))
    return [(at, amount) for at, _, _, amount in sorted(moves)]
