"""Relationships and conflicts between characters."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, update

from database.models import Affinity, ConflictRow, Encounter, MessageRow
from database.repositories import Repository, table_of, upsert, values_of

MOST_ENCOUNTERS, KEPT_ENCOUNTERS = 1000, 800
"""When the history exceeds the first number, it is cut to the second (F093)."""


class Quarrel(NamedTuple):
    """A character's conflict with another: see ConflictRow."""

    other: str
    topic: str
    severity: float
    at: datetime


class AffinityPair(NamedTuple):
    """The relationship of two characters: what each thinks of the other, and the resulting stages.

    `dealings` counts their encounters; `kind` and `at` are those of the newest.
    """

    value: float = 0.0
    stage: str = ""
    back: float = 0.0
    stage_back: str = ""
    dealings: int = 0
    kind: str | None = None
    at: datetime | None = None


class AffinityRepository(Repository):
    """The affinities, encounters and conflicts tables."""

    async def value(self, character: str, other: str) -> float:
        """Return a character's liking of another; 0 before they met."""
        query = select(Affinity.value).where(Affinity.character == character, Affinity.other == other)
        return float(await self._session.scalar(query) or 0.0)

    async def of(self, character: str) -> dict[str, float]:
        """Return a character's liking of each character it has met."""
        return {other: value for other, value, _ in await self._all_of(character)}

    async def stages(self, character: str) -> dict[str, str]:
        """Return the stage of a character's relationship with each character it has met."""
        return {other: stage for other, _, stage in await self._all_of(character)}

    async def _all_of(self, character: str) -> list[tuple[str, float, str]]:
        query = select(Affinity.other, Affinity.value, Affinity.stage).where(Affinity.character == character)
        return await self._kept(("affinities",), character, partial(self._rows, query))

    async def _rows(self, query: Any) -> list[Any]:
        return [tuple(row) for row in await self._session.execute(query)]

    async def pair(self, one: str, other: str) -> AffinityPair:
        """Return the relationship of two characters, with two queries."""
        both = or_(
            (Affinity.character == one) & (Affinity.other == other),
            (Affinity.character == other) & (Affinity.other == one),
        )
        rows = await self._rows(select(Affinity.character, Affinity.value, Affinity.stage).where(both))
        of = {character: (value, stage) for character, value, stage in rows}
        newest = select(func.count().over(), Encounter.kind, Encounter.at).where(_between(one, other))
        met = await self._rows(newest.order_by(Encounter.id.desc()).limit(1))
        return AffinityPair(*of.get(one, (0.0, "")), *of.get(other, (0.0, "")), *(met[0] if met else ()))

    async def keep(self, character: str, other: str, value: float, *, stage: str) -> None:
        """Store a character's liking of another, between -10 and 10, and the stage."""
        await self.keep_all([Affinity(character, other, value, stage)])

    async def keep_all(self, rows: Collection[Affinity]) -> None:
        """Store several affinities at once."""
        await self._session.execute(upsert(self._insert, Affinity), [values_of(row) for row in rows])

    async def lift(self, character: str, other: str) -> None:
        """Forget a character's liking of another, as if they had never met."""
        await self._session.execute(
            delete(Affinity).where(Affinity.character == character, Affinity.other == other)
        )

    async def get(self, character: str, other: str) -> Affinity | None:
        query = select(Affinity).where(Affinity.character == character, Affinity.other == other)
        return await self._session.scalar(query)

    async def met(self, encounter: Encounter) -> int:
        """Store an encounter and drop the oldest beyond the limit (F093); return its number."""
        row = await self._session.execute(insert(table_of(Encounter)), values_of(encounter))
        count = int(await self._session.scalar(select(func.count()).select_from(Encounter)) or 0)
        if count > MOST_ENCOUNTERS:
            kept = select(Encounter.id).order_by(Encounter.id.desc()).limit(KEPT_ENCOUNTERS)
            # Encounters with a milestone stay, because each milestone is reached only once.
            old = (Encounter.id.not_in(kept), Encounter.milestone.is_(None))
            await self._session.execute(delete(Encounter).where(*old))
        return int(row.inserted_primary_key[0])  # type: ignore[attr-defined]

    async def encounters(self, one: str, other: str, *, limit: int) -> list[Encounter]:
        """Return the encounters of two characters, newest first."""
        query = select(Encounter).where(_between(one, other)).order_by(Encounter.id.desc()).limit(limit)
        return list(await self._session.scalars(query))

    async def encounter(self, encounter_id: int) -> Encounter | None:
        return await self._session.scalar(select(Encounter).where(Encounter.id == encounter_id))

    async def shared(self, character: str, channel_ids: Collection[int], *, limit: int) -> list[Encounter]:
        """Return a character's memories of others from some channels, newest first."""
        query = select(Encounter).where(
            or_(Encounter.speaker == character, Encounter.other == character),
            Encounter.memory.is_not(None),
            Encounter.reverted_at.is_(None),
            Encounter.channel_id.in_(channel_ids),
        )
        query = query.order_by(Encounter.id.desc()).limit(limit)

        async def read() -> list[Encounter]:
            return list(await self._session.scalars(query))

        return await self._kept(("encounters",), ("shared", character, frozenset(channel_ids)), read)

    async def remembered(self, one: str, other: str, *, limit: int) -> list[Encounter]:
        """Return the encounters that two characters remember, from any channel, newest first."""
        query = select(Encounter).where(
            _between(one, other), Encounter.memory.is_not(None), Encounter.reverted_at.is_(None)
        )
        return list(await self._session.scalars(query.order_by(Encounter.id.desc()).limit(limit)))

    async def forget(self, message_ids: Collection[int]) -> None:
        """Erase memories of messages and of other parts of the same replies."""
        turns = select(MessageRow.turn_id).where(
            MessageRow.id.in_(message_ids), MessageRow.turn_id.is_not(None)
        )
        parts = select(MessageRow.id).where(MessageRow.turn_id.in_(turns))
        await self._not_remembered(
            or_(Encounter.message_id.in_(message_ids), Encounter.message_id.in_(parts))
        )

    async def forget_place(self, channel_ids: Collection[int]) -> None:
        """Erase memories of encounters in some channels."""
        await self._not_remembered(Encounter.channel_id.in_(channel_ids))

    async def _not_remembered(self, where: Any) -> None:
        gone = update(Encounter).where(where, Encounter.memory.is_not(None))
        await self._session.execute(gone.values(memory=None, topic=None))

    async def met_since(self, character: str, since: datetime) -> Counter[str]:
        """Count a character's encounters with each other character since a moment."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        query = select(Encounter.speaker, Encounter.other, Encounter.at).where(
            or_(Encounter.speaker == character, Encounter.other == character), Encounter.at >= hour
        )
        met = await self._kept(("encounters",), (character, hour), partial(self._rows, query))
        return Counter(
            other if speaker == character else speaker for speaker, other, at in met if at >= since
        )

    async def count(self, one: str, other: str) -> int:
        """Count the stored encounters of two characters."""
        query = select(func.count()).select_from(Encounter).where(_between(one, other))
        return int(await self._session.scalar(query) or 0)

    async def milestones(self, one: str, other: str) -> set[str]:
        """Return the milestones that two characters have reached."""
        query = select(Encounter.milestone).where(
            _between(one, other), Encounter.milestone.is_not(None), Encounter.reverted_at.is_(None)
        )
        return {name for found in await self._session.scalars(query) for name in (found or "").split(", ")}

    async def reverted(self, encounter_id: int, *, at: datetime) -> bool:
        """Mark an encounter as reverted; return False if it already was."""
        query = update(Encounter).where(Encounter.id == encounter_id, Encounter.reverted_at.is_(None))
        return bool((await self._session.execute(query.values(reverted_at=at))).rowcount)  # type: ignore[attr-defined]

    # Conflicts.

    async def conflicts(self, one: str, other: str) -> list[ConflictRow]:
        """Return the conflicts of two characters, by topic."""
        first, second = sorted((one, other))
        query = select(ConflictRow).where(ConflictRow.one == first, ConflictRow.other == second)
        return list(await self._session.scalars(query.order_by(ConflictRow.topic)))

    async def quarrels(self, character: str) -> list[Quarrel]:
        """Return all conflicts of a character."""
        query = select(
            ConflictRow.one, ConflictRow.other, ConflictRow.topic, ConflictRow.severity, ConflictRow.at
        ).where(or_(ConflictRow.one == character, ConflictRow.other == character))
        found = await self._kept(("conflicts",), character, partial(self._rows, query))
        return [Quarrel(second if first == character else first, *rest) for first, second, *rest in found]

    async def fell_out(
        self, one: str, other: str, topic: str, *, severity: float, at: datetime, message_id: int
    ) -> None:
        """Store a conflict's current severity and the message that caused it."""
        first, second = sorted((one, other))
        values: dict[str, Any] = {"severity": severity, "at": at, "message_id": message_id}
        row = self._insert(table_of(ConflictRow)).values(one=first, other=second, topic=topic, **values)
        row = row.on_conflict_do_update(index_elements=["one", "other", "topic"], set_=values)
        await self._session.execute(row)

    async def made_up(self, one: str, other: str, topic: str | None = None) -> int:
        """Delete one conflict of two characters, or all of theirs; return the number."""
        first, second = sorted((one, other))
        gone = delete(ConflictRow).where(ConflictRow.one == first, ConflictRow.other == second)
        if topic is not None:
            gone = gone.where(ConflictRow.topic == topic)
        return int((await self._session.execute(gone)).rowcount)  # type: ignore[attr-defined]


def _between(one: str, other: str) -> Any:
    return or_(
        (Encounter.speaker == one) & (Encounter.other == other),
        (Encounter.speaker == other) & (Encounter.other == one),
    )
