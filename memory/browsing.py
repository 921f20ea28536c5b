"""What is known of somebody, for their own eyes: every fact, where it was said, what it became (C62)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from database import Database, UnitOfWork
from database.models import Fact
from database.repositories.people import pieces
from memory.time_travel import OWN_CAUSES

MOST_LINKS = 3
"""Messages that are shown of a fact: the newest."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a message stands; `guild_id` is None in direct messages."""

    guild_id: int | None
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class FactEntry:
    """A fact, the newest messages that it came from, and the number of what took its place."""

    fact: Fact
    spots: tuple[Spot, ...] = ()
    successor: int | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Its tags; without any, its category."""
        return tuple(self.fact.tags) or ((self.fact.category,) if self.fact.category else ())


class Browsing:
    """Shows people what a character knows of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, character: str, person_id: int) -> list[FactEntry]:
        """Return all that is known of somebody: what was mentioned last first, what holds no more last."""
        async with self._database.read() as db:
            facts = await db.memories.of(person_id, character)
            spots = await _spots(db, facts)
        numbers = {one.id: one.number for one in facts}
        ordered = sorted(facts, key=lambda one: (one.ended_at is None, one.last_at, one.number), reverse=True)
        return [FactEntry(one, spots[one.id], numbers.get(one.superseded_by or 0)) for one in ordered]


def tags_of(entries: Sequence[FactEntry]) -> list[str]:
    """Return all tags, and categories where there are none, the most frequent first."""
    counts = Counter(label for one in entries for label in one.labels)
    return sorted(counts, key=lambda label: (-counts[label], label))


async def _spots(db: UnitOfWork, facts: Sequence[Fact]) -> dict[int, tuple[Spot, ...]]:
    """Return where the newest sources of each fact are: as the archive says, or where the fact was told.

    What the character does by itself leaves a fact where it is.
    """
    newest = {one.id: sorted(one.sources)[-MOST_LINKS:] for one in facts}
    told = {source for sources in newest.values() for source in sources}
    spots = {
        one.id: Spot(one.guild_id, one.channel_id, one.id)
        for some in pieces(told)
        for one in await db.archive.these(some)
    }
    for fact_id, (channel_id, guild_id) in (await db.memories.places(facts, but=OWN_CAUSES)).items():
        if channel_id is not None:
            for source in newest[fact_id]:
                spots.setdefault(source, Spot(guild_id, channel_id, source))
    return {key: tuple(spots[one] for one in reversed(all_) if one in spots) for key, all_ in newest.items()}
