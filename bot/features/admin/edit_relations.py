"""How characters stand with people and with one another, set by hand (F089, F091, C85)."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.audit import Actor
from bot.conversation.company import Role
from bot.core.i18n import _
from bot.features.admin.bonds import BOND
from bot.features.admin.change import Change, ChangeRefused, Values
from bot.features.admin.edit_characters import AFFINITY
from bot.features.admin.edits import Curation
from database import Database
from database.models import Bond
from personas.relations import affinity
from personas.relations.bonds import Metric

NO_BOND = _("Nothing is kept of how {name} stands with them: they have not talked, or have not agreed to it.")
NO_AFFINITY = _("{name} has not met {other} yet, so there is nothing to take away.")
NOTHING_NAMED = _("Name at least one of anger, rapport, trust and formality.")
THEMSELVES = _("Name two different characters.")
OUT_OF_BOUNDS = _("Affinity is a number from -10 to 10.")


MOST_LISTED = 500
"""People whose bonds are listed: those who talked last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a character stands with a person, who goes by some names: in numbers, and nothing of the kind."""

    person_id: int
    names: tuple[str, ...]
    metrics: Mapping[Metric, int]


class Standings:
    """Looks at bonds, and changes bonds and affinities."""

    def __init__(self, database: Database, curation: Curation) -> None:
        self._database = database
        self._curation = curation

    async def bond(self, person_id: int, role: Role) -> Mapping[Metric, int] | None:
        """Return the numbers of a character and somebody; None where nothing is kept."""
        async with self._database.read() as db:
            row = await db.bonds.get(person_id, role.slug)
        return None if row is None else _metrics(row)

    async def bonds(self, role: Role) -> list[Standing]:
        """Return how a character stands with people, who talked last first."""
        async with self._database.read() as db:
            rows = await db.bonds.of_character(role.slug, limit=MOST_LISTED)
            known = await db.users.known_as([row.user_id for row in rows], guild_id=None)
        names = {one.user_id: one.names for one in known}
        return [Standing(row.user_id, names.get(row.user_id, ()), _metrics(row)) for row in rows]

    async def set_bond(
        self, actor: Actor, person_id: int, role: Role, metrics: Mapping[Metric, int]
    ) -> Change:
        """Set some numbers of a bond with somebody who agreed. Raises ChangeRefused."""
        if not metrics:
            raise ChangeRefused(NOTHING_NAMED)
        values: Values = {str(metric): value for metric, value in metrics.items()}
        return await self._curation.put(actor, BOND, (str(person_id), role.slug), values)

    async def reset_bond(self, actor: Actor, person_id: int, role: Role) -> Change:
        """Let a character and somebody begin anew. Raises ChangeRefused."""
        if await self.bond(person_id, role) is None:
            raise ChangeRefused(NO_BOND.format(name=role.name))
        return await self._curation.put(actor, BOND, (str(person_id), role.slug), None)

    async def affinity(self, role: Role, other: Role) -> float | None:
        """Return how much a character likes another; None until they met."""
        async with self._database.read() as db:
            row = await db.affinities.get(role.slug, other.slug)
        return None if row is None else row.value

    async def set_affinity(self, actor: Actor, role: Role, other: Role, value: float) -> Change:
        """Set how much a character likes another, and what that makes the other. Raises ChangeRefused."""
        if role is other:
            raise ChangeRefused(THEMSELVES)
        if not affinity.LOWEST <= value <= affinity.HIGHEST:
            raise ChangeRefused(OUT_OF_BOUNDS)
        values: Values = {"value": float(value), "stage": affinity.stage_of(value)}
        return await self._curation.put(actor, AFFINITY, (role.slug, other.slug), values)

    async def reset_affinity(self, actor: Actor, role: Role, other: Role) -> Change:
        """Let it be as if a character had never met another. Raises ChangeRefused."""
        if await self.affinity(role, other) is None:
            raise ChangeRefused(NO_AFFINITY.format(name=role.name, other=other.name))
        return await self._curation.put(actor, AFFINITY, (role.slug, other.slug), None)


def _metrics(row: Bond) -> dict[Metric, int]:
    return {metric: getattr(row, metric) for metric in Metric}
