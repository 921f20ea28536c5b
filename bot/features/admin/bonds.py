"""How a character stands with somebody, set by hand: within bounds, in the ledger, by consent (C71, C85)."""

from dataclasses import replace
from datetime import datetime

from bot.conversation.mood_state import STAGE, bond_of, bond_row
from bot.core.clock import Clock
from bot.core.i18n import _, worded
from bot.features.admin.change import Change, ChangeRefused, Key, Values
from bot.features.admin.entity import Row
from bot.features.admin.people import Agreed
from bot.features.inner_life.wording import METRICS
from database import UnitOfWork
from database.models import Bond as BondRow
from database.models import BondChange
from personas.relations import bonds
from personas.relations.bonds import BEGUN_ANEW, BOUNDS, BY_OPERATOR, TAKEN_BACK, Bond, Metric

BOND = "bond"

NOT_AGREED = _(
    "They have not agreed that anything is noted about them, so nothing is kept of how they two stand: only "
    "they can change that, with /privacy yes."
)
OUT_OF_BOUNDS = _("{metric} is a whole number from {least} to {most}.")


class Bonds(Row):
    """How a character stands with a person; the key are the person and the character.

    Each number that changes stands in the ledger, where the person sees who did it, and can take it back.
    """

    name = BOND
    compared = tuple(str(one) for one in Metric)

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

    async def restore(self, db: UnitOfWork, change: Change) -> None:
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
    """Return a bond with other numbers; what was talked since stays, where there is a bond.

    Values that name a stage are those of a bond that is put back: it is what it was.
    """
    known = bond_of(row) if row else Bond(now, exchanges=values.get("exchanges", 0))
    metrics = {str(one): int(values.get(one, known.of(one))) for one in Metric}
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
                OUT_OF_BOUNDS.format(metric=name[:1].upper() + name[1:], least=least, most=most)
            )


def _ledger(
    row: BondRow | None, after: Bond, cause: str, person_id: int, slug: str, now: datetime
) -> list[BondChange]:
    before = bond_of(row) if row else Bond(now)
    steps = [(str(one), after.of(one) - before.of(one), cause) for one in Metric]
    noted = [step for step in steps if step[1]]
    if before.stage and after.stage and after.stage != before.stage:
        noted.append((STAGE, 0, after.stage))
    return [BondChange(person_id, slug, now, *step) for step in noted]
