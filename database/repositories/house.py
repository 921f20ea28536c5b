"""What the admins of a server laid down for it."""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select

from database.models import HouseRule
from database.repositories.base import Inserting, Repository, table_of


class HouseRuleRow(NamedTuple):
    """One rule: see HouseRule."""

    guild_id: int
    kind: str
    target_id: int
    value: float


_OF = (
    select(*(getattr(HouseRule, name) for name in HouseRuleRow._fields))
    .where(HouseRule.guild_id.in_(bindparam("guild_ids", expanding=True)))
    .order_by(HouseRule.guild_id, HouseRule.kind, HouseRule.target_id)
)


class House(Repository):
    """The house_rules table."""

    async def rules(self, guild_id: int | None) -> list[HouseRuleRow]:
        """Return the rules of a guild and those for every place (0); None is a place without a guild."""
        asked = {"guild_ids": [0] if guild_id is None else [0, guild_id]}
        return [HouseRuleRow(*row) for row in (await self._session.execute(_OF, asked)).all()]

    async def lay_down(self, guild_id: int, kind: str, target_id: int, value: float = 0.0) -> None:
        """Make a rule, or change the one that is there."""
        rule = {"guild_id": guild_id, "kind": kind, "target_id": target_id, "value": value}
        await self._session.execute(_lay_down(self._insert), rule)

    async def lift(self, guild_id: int, kind: str, target_id: int) -> bool:
        """Take a rule away; say whether there was one."""
        result = await self._session.execute(
            delete(HouseRule).where(
                HouseRule.guild_id == guild_id, HouseRule.kind == kind, HouseRule.target_id == target_id
            )
        )
        return bool(result.rowcount)  # type: ignore[attr-defined]


@cache
def _lay_down(insert: Inserting) -> Any:
    row = insert(table_of(HouseRule))
    return row.on_conflict_do_update(
        index_elements=["guild_id", "kind", "target_id"], set_={"value": row.excluded.value}
    )
