"""How the characters get on with one another, and what they fell out about."""

from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, or_, select, update

from database.models import Affinity, Conflict, Encounter
from database.repositories import Repository, table_of, values_of

MOST_ENCOUNTERS, KEPT_ENCOUNTERS = 1000, 800
"""Past the one number the history is cut to the other (F093)."""


class Quarrel(NamedTuple):
    """What a character fell out about with another: see Conflict."""

    other: str
    topic: str
    severity: float
    at: datetime


class Affinities(Repository):
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

    async def stage(self, character: str, other: str) -> str:
        """Return what another is to a character; "" until they met."""
        query = select(Affinity.stage).where(Affinity.character == character, Affinity.other == other)
        return await self._session.scalar(query) or ""

    async def keep(self, character: str, other: str, value: float, *, stage: str) -> None:
        """Keep how much a character likes another, between -10 and 10, and what that makes the other."""
        kept = {"value": value, "stage": stage}
        row = self._insert(table_of(Affinity)).values(character=character, other=other, **kept)
        row = row.on_conflict_do_update(index_elements=["character", "other"], set_=kept)
        await self._session.execute(row)

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

    async def conflicts(self, one: str, other: str) -> list[Conflict]:
        """Return what two characters fell out about, by topic."""
        first, second = sorted((one, other))
        query = select(Conflict).where(Conflict.one == first, Conflict.other == second)
        return list(await self._session.scalars(query.order_by(Conflict.topic)))

    async def quarrels(self, character: str) -> list[Quarrel]:
        """Return what a character fell out about with any other."""
        query = select(Conflict.one, Conflict.other, Conflict.topic, Conflict.severity, Conflict.at).where(
            or_(Conflict.one == character, Conflict.other == character)
        )
        found = await self._kept(("conflicts",), character, partial(self._rows, query))
        return [Quarrel(two if one == character else one, *rest) for one, two, *rest in found]

    async def fell_out(
        self, one: str, other: str, topic: str, *, severity: float, at: datetime, message_id: int
    ) -> None:
        """Keep how bad a conflict is by now, and the message that made it so."""
        first, second = sorted((one, other))
        values: dict[str, Any] = {"severity": severity, "at": at, "message_id": message_id}
        row = self._insert(table_of(Conflict)).values(one=first, other=second, topic=topic, **values)
        row = row.on_conflict_do_update(index_elements=["one", "other", "topic"], set_=values)
        await self._session.execute(row)

    async def made_up(self, one: str, other: str, topic: str | None = None) -> int:
        """Forget a conflict of two characters, or all of theirs; return how many there were."""
        first, second = sorted((one, other))
        gone = delete(Conflict).where(Conflict.one == first, Conflict.other == second)
        if topic is not None:
            gone = gone.where(Conflict.topic == topic)
        return int((await self._session.execute(gone)).rowcount)  # type: ignore[attr-defined]


def _between(one: str, other: str) -> Any:
    return or_(
        (Encounter.speaker == one) & (Encounter.other == other),
        (Encounter.speaker == other) & (Encounter.other == one),
    )
