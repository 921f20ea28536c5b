"""State of a character: feelings, growth, and admins' additions to its identity and lore."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, and_, bindparam, delete, func, insert, literal, or_, select, update
from sqlalchemy.orm import aliased

from database.models import (
    BondRow,
    Consent,
    FeelingRow,
    Growth,
    IdentityLine,
    LoreLine,
    Milestone,
    State,
    Stirring,
    TraitShift,
)
from database.models.inner import ATTACKS
from database.repositories import Inserting, Repository, table_of, upsert, values_of

_growth = table_of(Growth)
_STIR = insert(table_of(Stirring))
_MILESTONES = select(Milestone).where(Milestone.character == bindparam("who")).order_by(Milestone.milestone)
_ONE = select(literal(1, Integer).label("one")).subquery()


class CharacterStanding(NamedTuple):
    """A character's feelings, growth and bond with a person, and whether the person `agreed` to memory.

    `states` are values of the global state.
    """

    feeling: FeelingRow | None
    bond: BondRow | None
    growth: Growth | None = None
    agreed: bool | None = None
    states: tuple[str | None, ...] = ()


class CharacterRepository(Repository):
    """The feelings, stirrings, growth, trait_shifts, milestones, identity_lines and lore_lines tables."""

    async def standing(self, user_id: int, character: str, keys: Sequence[str] = ()) -> CharacterStanding:
        """Return with a single query the state needed before and after answering a person.

        `keys` are keys of the global state to include.
        """
        asked = {f"key{number}": key for number, key in enumerate(keys)}
        query = _standing(len(keys))
        found = await self._session.execute(query, {"slug": character, "person": user_id, **asked})
        feeling, bond, growth, agreed, *states = found.one()
        return CharacterStanding(feeling, bond, growth, agreed, tuple(states))

    # Stimuli and the resulting feelings (F085).

    async def feeling(self, character: str) -> FeelingRow | None:
        return await self._session.get(FeelingRow, character)

    async def keep_feeling(self, feeling: FeelingRow) -> None:
        """Store a character's current feelings, replacing the previous ones."""
        await self._session.execute(_keep_feeling(self._insert), values_of(feeling))

    async def stir(self, stirrings: Collection[Stirring]) -> None:
        """Record stimuli."""
        if stirrings:
            await self._session.execute(_STIR, [values_of(stirring) for stirring in stirrings])

    async def stirrings(
        self, character: str, *, since: datetime, until: datetime | None = None
    ) -> list[Stirring]:
        """Return a character's stimuli since a moment, oldest first."""
        query = select(Stirring).where(Stirring.character == character, Stirring.at >= since)
        if until is not None:
            query = query.where(Stirring.at < until)
        return list(await self._session.scalars(query.order_by(Stirring.at, Stirring.id)))

    async def attacks(self, character: str, *, since: datetime) -> list[tuple[datetime, str]]:
        """Return the times and kinds of attacks on a character since a moment, oldest first."""
        query = select(Stirring.at, Stirring.kind).where(
            Stirring.character == character, Stirring.at >= since, Stirring.kind.in_(ATTACKS)
        )
        found = await self._session.execute(query.order_by(Stirring.at, Stirring.id))
        return [(row.at, row.kind) for row in found]

    async def count_stirrings(self, character: str, *, since: datetime, until: datetime) -> dict[str, int]:
        """Count a character's stimuli between two moments, by kind."""
        query = select(Stirring.kind, func.count().label("times")).where(
            Stirring.character == character, Stirring.at >= since, Stirring.at < until
        )
        rows = await self._session.execute(query.group_by(Stirring.kind))
        return {row.kind: row.times for row in rows}

    async def prune_stirrings(self, before: datetime) -> None:
        await self._session.execute(delete(Stirring).where(Stirring.at < before))

    async def forget_who_stirred(self, person_id: int, channel_ids: Collection[int] = ()) -> None:
        """Anonymise a person's stimuli and those from some private channels.

        The person's attacks are deleted, so that the remaining hostility ends too.
        """
        affected = or_(Stirring.person_id == person_id, Stirring.channel_id.in_(channel_ids))
        await self._session.execute(delete(Stirring).where(affected, Stirring.kind.in_(ATTACKS)))
        nobody: dict[str, Any] = {"person_id": None, "channel_id": None, "guild_id": None}
        await self._session.execute(update(Stirring).where(affected).values(**nobody))
        shifted = update(TraitShift).where(TraitShift.person_id == person_id)
        await self._session.execute(shifted.values(person_id=None))

    # Growth.

    async def interactions(self, character: str) -> int:
        """Return the number of a character's interactions with anybody."""
        query = select(Growth.interactions).where(Growth.character == character)
        return int(await self._session.scalar(query) or 0)

    async def count_interaction(self, character: str) -> int:
        """Count an interaction; return the new total."""
        return int(
            await self._session.scalar(_count_interaction(self._insert), {"character": character}) or 0
        )

    async def reached(self, character: str) -> frozenset[int]:
        """Return the counts at which a character reached a stage."""

        async def read() -> frozenset[int]:
            return frozenset(milestone.milestone for milestone in await self.milestones(character))

        return await self._kept(("milestones",), character, read)

    async def milestones(self, character: str) -> list[Milestone]:
        """Return a character's stages in order."""
        return list(await self._session.scalars(_MILESTONES, {"who": character}))

    async def reach_milestone(
        self, character: str, milestone: int, changes: Mapping[str, Any] | None, *, at: datetime
    ) -> None:
        """Record that a character reached a stage, unless it is already recorded."""
        row = self._insert(table_of(Milestone)).values(
            character=character, milestone=milestone, at=at, changes=changes
        )
        await self._session.execute(row.on_conflict_do_nothing())

    async def revert_milestone(self, character: str, milestone: int, *, at: datetime | None) -> bool:
        """Revert a stage, or reinstate it with None; return False if nothing changed."""
        query = update(Milestone).where(
            Milestone.character == character,
            Milestone.milestone == milestone,
            Milestone.reverted_at.is_(None) if at is not None else Milestone.reverted_at.is_not(None),
        )
        return bool((await self._session.execute(query.values(reverted_at=at))).rowcount)  # type: ignore[attr-defined]

    # Trait shifts (F104).

    async def grown(self, character: str) -> Growth | None:
        """Return a character's growth, with its traits at a moment."""
        return await self._session.scalar(select(Growth).where(Growth.character == character))

    async def shape(self, growths: Collection[Growth], shifts: Collection[TraitShift] = ()) -> None:
        """Store the traits of several characters, and the shifts that changed them."""
        kept = self._insert(_growth)
        values = {name: kept.excluded[name] for name in ("traits", "traits_at")}
        kept = kept.on_conflict_do_update(index_elements=["character"], set_=values)
        await self._session.execute(kept, [values_of(growth) for growth in growths])
        if shifts:
            await self._session.execute(insert(table_of(TraitShift)), [values_of(shift) for shift in shifts])

    async def trait_shifts(self, character: str, *, limit: int) -> list[TraitShift]:
        """Return a character's trait shifts, newest first."""
        query = select(TraitShift).where(TraitShift.character == character)
        return list(await self._session.scalars(query.order_by(TraitShift.id.desc()).limit(limit)))

    async def trait_shift(self, shift_id: int) -> TraitShift | None:
        return await self._session.scalar(select(TraitShift).where(TraitShift.id == shift_id))

    async def revert_trait_shift(self, shift_id: int, *, at: datetime) -> bool:
        """Mark a shift as reverted; return False if it already was."""
        query = update(TraitShift).where(TraitShift.id == shift_id, TraitShift.reverted_at.is_(None))
        return bool((await self._session.execute(query.values(reverted_at=at))).rowcount)  # type: ignore[attr-defined]

    async def prune_trait_shifts(self, before: datetime) -> None:
        await self._session.execute(delete(TraitShift).where(TraitShift.at < before))

    # Admins' additions to the identity.

    async def identity_lines(self, character: str) -> list[IdentityLine]:
        """Return all additions to a character's identity, oldest first."""
        query = select(IdentityLine).where(IdentityLine.character == character).order_by(IdentityLine.id)
        return list(await self._session.scalars(query))

    async def identity_line(self, line_id: int) -> IdentityLine | None:
        return await self._session.scalar(select(IdentityLine).where(IdentityLine.id == line_id))

    async def add_identity_line(self, line: IdentityLine) -> int:
        row = await self._session.execute(insert(table_of(IdentityLine)), values_of(line))
        return int(row.inserted_primary_key[0])  # type: ignore[attr-defined]

    async def put_back_identity_line(self, line_id: int, line: IdentityLine) -> None:
        """Restore a removed line under its former number."""
        await self._session.execute(insert(table_of(IdentityLine)).values(id=line_id, **values_of(line)))

    async def reword_identity_line(self, line_id: int, text: str, *, at: datetime) -> None:
        query = update(IdentityLine).where(IdentityLine.id == line_id).values(text=text, changed_at=at)
        await self._session.execute(query)

    async def remove_identity_line(self, line_id: int) -> None:
        await self._session.execute(delete(IdentityLine).where(IdentityLine.id == line_id))

    # Admins' changes to entries of its lorebooks.

    async def lore_lines(self, character: str) -> list[LoreLine]:
        """Return the changes to a character's lorebooks, by book and uid."""
        query = select(LoreLine).where(LoreLine.character == character)
        return list(await self._session.scalars(query.order_by(LoreLine.book, LoreLine.uid)))

    async def lore_line(self, character: str, book: str, uid: str) -> LoreLine | None:
        return await self._session.get(LoreLine, (character, book, uid))

    async def keep_lore_line(self, line: LoreLine) -> None:
        """Store the changes to an entry, replacing earlier ones."""
        await self._session.execute(upsert(self._insert, LoreLine), values_of(line))

    async def lift_lore_line(self, character: str, book: str, uid: str) -> None:
        """Drop the changes to an entry, and the entry itself if it is not in the files."""
        gone = delete(LoreLine).where(
            LoreLine.character == character, LoreLine.book == book, LoreLine.uid == uid
        )
        await self._session.execute(gone)


@cache
def _standing(states: int) -> Select[Any]:
    asked = [aliased(State) for _ in range(states)]
    columns: list[Any] = [FeelingRow, BondRow, Growth, Consent.given, *(state.value for state in asked)]
    query = (
        select(*columns)
        .select_from(_ONE)
        .outerjoin(FeelingRow, FeelingRow.character == bindparam("slug"))
        .outerjoin(
            BondRow, and_(BondRow.user_id == bindparam("person"), BondRow.character == bindparam("slug"))
        )
        .outerjoin(Growth, Growth.character == bindparam("slug"))
        .outerjoin(Consent, Consent.person_id == bindparam("person"))
    )
    for number, state in enumerate(asked):
        query = query.outerjoin(state, state.key == bindparam(f"key{number}"))
    return query


@cache
def _keep_feeling(insert: Inserting) -> Any:
    return upsert(insert, FeelingRow)


@cache
def _count_interaction(insert: Inserting) -> Any:
    row = insert(_growth).values(character=bindparam("character"), interactions=1)
    counted = row.on_conflict_do_update(
        index_elements=["character"], set_={"interactions": Growth.interactions + 1}
    )
    return counted.returning(_growth.c.interactions)
