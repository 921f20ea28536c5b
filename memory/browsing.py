"""A person's own view of their facts: each fact, its sources and its successor (C62)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.people import pieces
from memory.time_travel import OWN_CAUSES

MOST_LINKS = 3
"""Number of source messages shown for a fact: the newest."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Location of a message; `guild_id` is None in direct messages."""

    guild_id: int | None
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class FactEntry:
    """A fact, its newest source messages, and the number of the fact that superseded it."""

    fact: Fact
    spots: tuple[Spot, ...] = ()
    successor: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The fact's tags, or its category if it has no tags."""
        return tuple(self.fact.tags) or ((self.fact.category,) if self.fact.category else ())


class Browsing:
    """Lists a character's facts about a person."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, character: str, person_id: int) -> list[FactEntry]:
        """Return all facts about a person: most recently mentioned first, ended facts last."""
        async with self._database.read() as db:
            facts = await db.memories.of(person_id, character)
            spots = await _spots(db, facts)
        numbers = {fact.id: fact.number for fact in facts}
        ordered = sorted(
            facts, key=lambda fact: (fact.ended_at is None, fact.last_at, fact.number), reverse=True
        )
        return [FactEntry(fact, spots[fact.id], numbers.get(fact.superseded_by or 0)) for fact in ordered]


def tags_of(entries: Sequence[FactEntry]) -> list[str]:
    """Return all labels (tags, or categories of untagged facts), most frequent first."""
    counts = Counter(label for entry in entries for label in entry.labels)
    return sorted(counts, key=lambda label: (-counts[label], label))


async def _spots(db: UnitOfWork, facts: Sequence[Fact]) -> dict[int, tuple[Spot, ...]]:
    """Return the locations of each fact's newest sources, from the archive or from where the fact was told.

    Changes by the character itself don't move a fact.
    """
    newest = {fact.id: sorted(fact.sources)[-MOST_LINKS:] for fact in facts}
    told = {source for sources in newest.values() for source in sources}
    spots = {
        line.id: Spot(line.guild_id, line.channel_id, line.id)
        for batch in pieces(told)
        for line in await db.archive.these(batch)
    }
    for fact_id, (channel_id, guild_id) in (await db.memories.places(facts, but=OWN_CAUSES)).items():
        if channel_id is not None:
            for source in newest[fact_id]:
                spots.setdefault(source, Spot(guild_id, channel_id, source))
    return {
        key: tuple(spots[source] for source in reversed(all_) if source in spots)
        for key, all_ in newest.items()
    }
