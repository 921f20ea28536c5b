"""How the characters get on with one another, and what they fell out about."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, update

from database.models import Affinity, ConflictRow, Encounter, MessageRow
from database.repositories import Repository, table_of, upsert, values_of

MOST_ENCOUNTERS, KEPT_ENCOUNTERS = 1000, 800
"""Past the one number the history is cut to the other (F093)."""


class Quarrel(NamedTuple):
    """What a character fell out about with another: see Conflict."""

    other: str
    topic: str
    severity: float
    at: datetime


class AffinityPair(NamedTuple):
    """How two characters stand: what each thinks of the other, and what that makes them.

    `dealings` counts what they said to each other, and `kind` and `at` are of the newest of it.
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
        """Return how much a character likes another; 0 until they met."""
        query = select(Affinity.value).where(Affinity.character == character, Affinity.other == other)
        return float(await self._session.scalar(query) or 0.0)

    async def of(self, character: str) -> dict[str, float]:
        """Return how much a character likes each of the others whom it met."""
        return {other: value for other, value, _ in await self._all_of(character)}

    async def stages(self, character: str) -> dict[str, str]:
        """Return what each of the others whom it met is to a character."""
        return {other: stage for other, _, stage in await self._all_of(character)}

    async def _all_of(self, character: str) -> list[tuple[str, float, str]]:
        query = select(Affinity.other, Affinity.value, Affinity.stage).where(Affinity.character == character)
        return await self._kept(("affinities",), character, partial(self._rows, query))

    async def _rows(self, query: Any) -> list[Any]:
        return [tuple(row) for row in await self._session.execute(query)]

    async def pair(self, one: str, other: str) -> AffinityPair:
        """Return how two characters stand, with two questions."""
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
        """Keep how much a character likes another, between -10 and 10, and what that makes the other."""
        await self.keep_all([Affinity(character, other, value, stage)])

    async def keep_all(self, rows: Collection[Affinity]) -> None:
        """Keep several of these at once."""
        await self._session.execute(upsert(self._insert, Affinity), [values_of(one) for one in rows])

    async def lift(self, character: str, other: str) -> None:
        """Forget how much a character likes another: it is as if they had never met."""
        await self._session.execute(
            delete(Affinity).where(Affinity.character == character, Affinity.other == other)
        )

    async def get(self, character: str, other: str) -> Affinity | None:
        query = select(Affinity).where(Affinity.character == character, Affinity.other == other)
        return await self._session.scalar(query)

    async def met(self, encounter: Encounter) -> int:
        """Keep an encounter; of very many only the newest stay (F093). Return its number."""
        row = await self._session.execute(insert(table_of(Encounter)), values_of(encounter))
        count = int(await self._session.scalar(select(func.count()).select_from(Encounter)) or 0)
        if count > MOST_ENCOUNTERS:
            kept = select(Encounter.id).order_by(Encounter.id.desc()).limit(KEPT_ENCOUNTERS)
            # What two became by one stays: it comes once for ever.
            old = (Encounter.id.not_in(kept), Encounter.milestone.is_(None))
            await self._session.execute(delete(Encounter).where(*old))
        return int(row.inserted_primary_key[0])  # type: ignore[attr-defined]

    async def encounters(self, one: str, other: str, *, limit: int) -> list[Encounter]:
        """Return what two characters said to each other, the newest first."""
        query = select(Encounter).where(_between(one, other)).order_by(Encounter.id.desc()).limit(limit)
        return list(await self._session.scalars(query))

    async def encounter(self, encounter_id: int) -> Encounter | None:
        return await self._session.scalar(select(Encounter).where(Encounter.id == encounter_id))

    async def shared(self, character: str, channel_ids: Collection[int], *, limit: int) -> list[Encounter]:
        """Return what a character remembers of others in some places, the newest first."""
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
        """Return what two characters remember of each other anywhere, the newest first."""
        query = select(Encounter).where(
            _between(one, other), Encounter.memory.is_not(None), Encounter.reverted_at.is_(None)
        )
        return list(await self._session.scalars(query.order_by(Encounter.id.desc()).limit(limit)))

    async def forget(self, message_ids: Collection[int]) -> None:
        """Let nobody remember what was said in messages, or in other parts of the same replies."""
        turns = select(MessageRow.turn_id).where(
            MessageRow.id.in_(message_ids), MessageRow.turn_id.is_not(None)
        )
        parts = select(MessageRow.id).where(MessageRow.turn_id.in_(turns))
        await self._not_remembered(
            or_(Encounter.message_id.in_(message_ids), Encounter.message_id.in_(parts))
        )

    async def forget_place(self, channel_ids: Collection[int]) -> None:
        """Let nobody remember what was said in some places."""
        await self._not_remembered(Encounter.channel_id.in_(channel_ids))

    async def _not_remembered(self, where: Any) -> None:
        gone = update(Encounter).where(where, Encounter.memory.is_not(None))
        await self._session.execute(gone.values(memory=None, topic=None))

    async def met_since(self, character: str, since: datetime) -> Counter[str]:
        """Count what a character and each other one said to each other since a moment."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        query = select(Encounter.speaker, Encounter.other, Encounter.at).where(
            or_(Encounter.speaker == character, Encounter.other == character), Encounter.at >= hour
        )
        met = await self._kept(("encounters",), (character, hour), partial(self._rows, query))
        return Counter(other if one == character else one for one, other, at in met if at >= since)

    async def count(self, one: str, other: str) -> int:
        """Count what two characters said to each other, as far as it is kept."""
        query = select(func.count()).select_from(Encounter).where(_between(one, other))
        return int(await self._session.scalar(query) or 0)

    async def milestones(self, one: str, other: str) -> set[str]:
        """Return what two characters have become to each other."""
        query = select(Encounter.milestone).where(
            _between(one, other), Encounter.milestone.is_not(None), Encounter.reverted_at.is_(None)
        )
        return {name for found in await self._session.scalars(query) for name in (found or "").split(", ")}

    async def reverted(self, encounter_id: int, *, at: datetime) -> bool:
        """Keep that an encounter counts no more; False when it did not already."""
        query = update(Encounter).where(Encounter.id == encounter_id, Encounter.reverted_at.is_(None))
        return bool((await self._session.execute(query.values(reverted_at=at))).rowcount)  # type: ignore[attr-defined]

    # Conflicts.

    async def conflicts(self, one: str, other: str) -> list[ConflictRow]:
        """Return what two characters fell out about, by topic."""
        first, second = sorted((one, other))
        query = select(ConflictRow).where(ConflictRow.one == first, ConflictRow.other == second)
        return list(await self._session.scalars(query.order_by(ConflictRow.topic)))

    async def quarrels(self, character: str) -> list[Quarrel]:
        """Return what a character fell out about with any other."""
        query = select(
            ConflictRow.one, ConflictRow.other, ConflictRow.topic, ConflictRow.severity, ConflictRow.at
        ).where(or_(ConflictRow.one == character, ConflictRow.other == character))
        found = await self._kept(("conflicts",), character, partial(self._rows, query))
        return [Quarrel(two if one == character else one, *rest) for one, two, *rest in found]

    async def fell_out(
        self, one: str, other: str, topic: str, *, severity: float, at: datetime, message_id: int
    ) -> None:
        """Keep how bad a conflict is by now, and the message that made it so."""
        first, second = sorted((one, other))
        values: dict[str, Any] = {"severity": severity, "at": at, "message_id": message_id}
        row = self._insert(table_of(ConflictRow)).values(one=first, other=second, topic=topic, **values)
        row = row.on_conflict_do_update(index_elements=["one", "other", "topic"], set_=values)
        await self._session.execute(row)

    async def made_up(self, one: str, other: str, topic: str | None = None) -> int:
        """Forget a conflict of two characters, or all of theirs; return how many there were."""
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
