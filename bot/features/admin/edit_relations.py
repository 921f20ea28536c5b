"""Edits of bonds with people and of affinities between characters (F089, F091, C71, C85).

Edits of bonds respect their bounds, are recorded in the ledger, and need the person's consent.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import STAGE, bond_of, bond_row
from bot.core.clock import Clock
from bot.core.i18n import _, worded
from bot.features.admin.edit_characters import AFFINITY
from bot.features.admin.edits import ChangeRefused, Editable, Edits, Key, ManualChange, Values
from bot.features.inner_life.wording import METRICS
from database import Database, UnitOfWork
from database.models import BondChange, BondRow
from personas.relations import affinity, bonds
from personas.relations.bonds import BEGUN_ANEW, BOUNDS, BY_OPERATOR, TAKEN_BACK, Bond, Metric

Agreed = Callable[[UnitOfWork, int], Awaitable[bool]]
"""Return, within a transaction, whether anything may be noted about a person."""
BOND = "bond"
MOST_LISTED = 500
"""Maximum number of people whose bonds are listed, most recent talkers first."""

NO_BOND = _("Nothing is kept of how {name} stands with them: they have not talked, or have not agreed to it.")
NO_AFFINITY = _("{name} has not met {other} yet, so there is nothing to take away.")
NOTHING_NAMED = _("Name at least one of anger, rapport, trust and formality.")
THEMSELVES = _("Name two different characters.")
OUT_OF_BOUNDS = _("Affinity is a number from -10 to 10.")

NOT_AGREED = _(
    "They have not agreed that anything is noted about them, so nothing is kept of how they two stand: only "
    "they can change that, with /privacy yes."
)
METRIC_OUT_OF_BOUNDS = _("{metric} is a whole number from {least} to {most}.")


@dataclass(frozen=True, slots=True)
class BondStanding:
    """A character's bond with a person (known by `names`), in numbers."""

    person_id: int
    names: tuple[str, ...]
    metrics: Mapping[Metric, int]


class Standings:
    """Shows bonds, and changes bonds and affinities."""

    def __init__(self, database: Database, edits: Edits) -> None:
        self._database = database
        self._edits = edits

    async def bond(self, person_id: int, role: PlayedCharacter) -> Mapping[Metric, int] | None:
        """Return the metrics of a character's bond with a person; None if there is no bond."""
        async with self._database.read() as db:
            row = await db.bonds.get(person_id, role.slug)
        return None if row is None else _metrics(row)

    async def bonds(self, role: PlayedCharacter) -> list[BondStanding]:
        """Return a character's bonds, most recent talkers first."""
        async with self._database.read() as db:
            rows = await db.bonds.of_character(role.slug, limit=MOST_LISTED)
            known = await db.users.known_as([row.user_id for row in rows], guild_id=None)
        names = {person.user_id: person.names for person in known}
        return [BondStanding(row.user_id, names.get(row.user_id, ()), _metrics(row)) for row in rows]

    async def set_bond(
        self, actor: Actor, person_id: int, role: PlayedCharacter, metrics: Mapping[Metric, int]
    ) -> ManualChange:
        """Set some metrics of a bond with a person who gave consent. Raises ChangeRefused."""
        if not metrics:
            raise ChangeRefused(NOTHING_NAMED)
        values: Values = {str(metric): value for metric, value in metrics.items()}
        return await self._edits.put(actor, BOND, (str(person_id), role.slug), values)

    async def reset_bond(self, actor: Actor, person_id: int, role: PlayedCharacter) -> ManualChange:
        """Delete a character's bond with a person, so that it starts anew. Raises ChangeRefused."""
        if await self.bond(person_id, role) is None:
            raise ChangeRefused(NO_BOND.format(name=role.name))
        return await self._edits.put(actor, BOND, (str(person_id), role.slug), None)

    async def affinity(self, role: PlayedCharacter, other: PlayedCharacter) -> float | None:
        """Return how much a character likes another; None if they have not met."""
        async with self._database.read() as db:
            row = await db.affinities.get(role.slug, other.slug)
        return None if row is None else row.value

    async def set_affinity(
        self, actor: Actor, role: PlayedCharacter, other: PlayedCharacter, value: float
    ) -> ManualChange:
        """Set how much a character likes another, and the resulting stage. Raises ChangeRefused."""
        if role is other:
            raise ChangeRefused(THEMSELVES)
        if not affinity.LOWEST <= value <= affinity.HIGHEST:
            raise ChangeRefused(OUT_OF_BOUNDS)
        async with self._database.read() as db:
            dealings = await db.affinities.count(role.slug, other.slug)
        values: Values = {"value": float(value), "stage": affinity.stage_after("", value, dealings)}
        return await self._edits.put(actor, AFFINITY, (role.slug, other.slug), values)

    async def reset_affinity(
        self, actor: Actor, role: PlayedCharacter, other: PlayedCharacter
    ) -> ManualChange:
        """Delete a character's affinity to another, as if they had never met. Raises ChangeRefused."""
        if await self.affinity(role, other) is None:
            raise ChangeRefused(NO_AFFINITY.format(name=role.name, other=other.name))
        return await self._edits.put(actor, AFFINITY, (role.slug, other.slug), None)


def _metrics(row: BondRow) -> dict[Metric, int]:
    return {metric: getattr(row, metric) for metric in Metric}


class BondEdits(Editable):
    """A character's bond with a person; the key is (person id, character slug).

    Each changed metric is recorded in the ledger, where the person sees who changed it and can undo it.
    """

    name = BOND
    compared = tuple(str(metric) for metric in Metric)

    def __init__(self, clock: Clock, agreed: Agreed) -> None:
        self._clock = clock
        self._agreed = agreed

    def person(self, key: Key) -> int | None:
        return int(key[0])

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        row = await db.bonds.get(int(key[0]), key[1])
        if row is None:
            return None
        return {
            **{str(metric): getattr(row, metric) for metric in Metric},
            "exchanges": row.exchanges,
            "stage": row.stage,
            "kind": row.kind,
            "talked_at": row.talked_at.isoformat(),
            "changed_at": row.changed_at.isoformat(),
        }

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        await self._set(db, key, values, cause=BY_OPERATOR if values else BEGUN_ANEW)
        return key

    async def restore(self, db: UnitOfWork, change: ManualChange) -> None:
        await self._set(db, change.key, change.before, cause=TAKEN_BACK)

    async def _set(self, db: UnitOfWork, key: Key, values: Values | None, *, cause: str) -> None:
        person_id, slug, now = int(key[0]), key[1], self._clock.now()
        row = await db.bonds.get(person_id, slug)
        kept = _row(person_id, slug, row, values or {}, now)
        if values is None:
            await db.bonds.drop(person_id, slug)
        elif not await self._agreed(db, person_id):
            raise ChangeRefused(NOT_AGREED)
        else:
            _check(kept)
            await db.bonds.keep(kept)
        after = Bond(now) if values is None else bond_of(kept)
        await db.bonds.note(_ledger(row, after, cause, person_id, slug, now))


def _row(person_id: int, slug: str, row: BondRow | None, values: Values, now: datetime) -> BondRow:
    """Return a bond row with other metrics; an existing bond keeps its exchanges and times.

    Values that include a stage come from a deleted bond and restore it exactly.
    """
    known = bond_of(row) if row else Bond(now, exchanges=values.get("exchanges", 0))
    metrics = {str(metric): int(values.get(metric, known.of(metric))) for metric in Metric}
    changed_at = now if metrics["anger"] != known.anger else known.changed_at
    if "changed_at" in values:
        changed_at = datetime.fromisoformat(values["changed_at"])
    bond = Bond(changed_at, **metrics, exchanges=known.exchanges, stage=known.stage)
    bond = replace(bond, stage=values["stage"] if "stage" in values else bonds.stage_after(bond))
    talked_at = datetime.fromisoformat(values["talked_at"]) if "talked_at" in values else now
    kept = bond_row(person_id, slug, bond, talked_at=row.talked_at if row else talked_at)
    kept.kind = row.kind if row else values.get("kind")
    return kept


def _check(row: BondRow) -> None:
    for metric, (least, most) in BOUNDS.items():
        if not least <= getattr(row, metric) <= most:
            name = worded(METRICS, metric)
            raise ChangeRefused(
                METRIC_OUT_OF_BOUNDS.format(metric=name[:1].upper() + name[1:], least=least, most=most)
            )


def _ledger(
    row: BondRow | None, after: Bond, cause: str, person_id: int, slug: str, now: datetime
) -> list[BondChange]:
    before = bond_of(row) if row else Bond(now)
    steps = [(str(metric), after.of(metric) - before.of(metric), cause) for metric in Metric]
    noted = [step for step in steps if step[1]]
    if before.stage and after.stage and after.stage != before.stage:
        noted.append((STAGE, 0, after.stage))
    return [BondChange(person_id, slug, now, *step) for step in noted]
