"""Storage of facts extracted from talk: adding, reinforcing, superseding (F073, C53)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from database import UnitOfWork
from database.models import Fact
from memory.extraction import Excerpt, FactCandidate
from memory.history import LEARNT, REINFORCED, SUPERSEDED
from memory.places import Where, audience_of
from memory.reconciling import KnownFact, Reconciled

MOST = 2_000
"""Maximum number of facts per person and character, without core memory."""
EVER = datetime.min.replace(tzinfo=UTC)
MOST_SOURCES = 50
"""Maximum number of source messages stored per fact: the newest."""


@dataclass(frozen=True, slots=True)
class FactTally:
    """Counts of a consolidation run: people, lines and facts; `left` counts channels to retry."""

    people: int = 0
    lines: int = 0
    archived: int = 0
    added: int = 0
    reinforced: int = 0
    superseded: int = 0
    refused: int = 0
    left: int = 0

    def __add__(self, other: "FactTally") -> "FactTally":
        return FactTally(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))

    def __str__(self) -> str:
        return ", ".join(f"{getattr(self, field.name):,} {field.name}" for field in fields(self))


class Facts:
    """Stores facts extracted from talk."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    async def take_in(
        self, db: UnitOfWork, excerpt: Excerpt, person_id: int, new: Sequence[Reconciled]
    ) -> tuple[FactTally, dict[int, str]]:
        """Store facts about a person; return the counts, and the search text of each new fact by its id."""
        tally, added = FactTally(), dict[int, str]()
        if not new:
            return tally, added
        known = {fact.id: fact for fact in await db.memories.of(person_id, excerpt.character)}
        batch = await db.memories.new_batch()
        room = MOST - sum(not fact.kept for fact in known.values())
        for reconciled in new:
            same = _if_unchanged(known, reconciled.same)
            if reconciled.covered:
                continue
            if same is not None:
                tally += await self._reinforce(db, excerpt, same, reconciled.candidate, batch)
                continue
            if len(added) >= room:
                tally += FactTally(refused=1)
                continue
            ended = _if_unchanged(known, reconciled.ended)
            fact = await db.memories.add(
                self._fact(excerpt, person_id, reconciled.candidate, kept=ended is not None and ended.kept),
                batch=batch,
                cause=LEARNT,
            )
            known[fact.id], added[fact.id] = fact, fact.searched
            tally += FactTally(added=1)
            if ended is not None and not ended.pinned:
                values = {"ended_at": fact.first_at, "superseded_by": fact.id}
                at = self._now()
                await db.memories.change(ended, values, batch=batch, cause=SUPERSEDED, at=at)
                tally += FactTally(superseded=1)
        return tally, added

    async def _reinforce(
        self, db: UnitOfWork, excerpt: Excerpt, fact: Fact, candidate: FactCandidate, batch: int
    ) -> FactTally:
        """Reinforce a fact that was said again; a repeated message counts once."""
        if set(candidate.sources) <= set(fact.sources):
            return FactTally()
        values = {
            "mentions": fact.mentions + 1,
            "last_at": max(fact.last_at, *_moments(excerpt, candidate.sources)),
            "quote": candidate.quote,
            "sources": sorted({*fact.sources, *candidate.sources})[-MOST_SOURCES:],
        }
        await db.memories.change(fact, values, batch=batch, cause=REINFORCED, at=self._now())
        return FactTally(reinforced=1)

    def _fact(self, excerpt: Excerpt, person_id: int, candidate: FactCandidate, *, kept: bool) -> Fact:
        now, said = self._now(), _moments(excerpt, candidate.sources)
        return Fact(
            person_id=person_id,
            character=excerpt.character,
            number=0,
            text=candidate.text,
            scope="dm" if excerpt.where.place.private else "channel",
            channel_id=excerpt.where.channel_id,
            guild_id=excerpt.where.guild_id,
            origin=LEARNT,
            made_at=now,
            changed_at=now,
            quote=candidate.quote,
            sources=sorted(candidate.sources),
            kept=kept,
            category=candidate.category,
            tags=list(candidate.tags),
            first_at=min(said),
            last_at=max(said),
            subject=candidate.subject,
            search_text=candidate.search_text,
        )


async def known_beside(db: UnitOfWork, excerpt: Excerpt, person_id: int) -> list[KnownFact]:
    """Return facts about a person that may come up in the excerpt's channel, to compare with new ones."""
    where, character = excerpt.where, excerpt.character
    visible = await db.memories.recallable([person_id], character, audience_of(where), there_since=EVER)
    ids = {fact.id for fact in visible}
    return [
        KnownFact(fact.id, fact.text, fact.searched, fact.subject, fact.pinned, here=_is_of(fact, where))
        for fact in await db.memories.of(person_id, character)
        if fact.id in ids
    ]


def _if_unchanged(known: Mapping[int, Fact], shown: KnownFact | None) -> Fact | None:
    """Return the fact if it still holds and its text is unchanged since the comparison."""
    fact = known.get(shown.id) if shown is not None else None
    fits = fact is not None and shown is not None and fact.text == shown.text and fact.ended_at is None
    return fact if fits else None


def _is_of(fact: Fact, where: Where) -> bool:
    """Return whether a fact's audience is exactly the audience of `where`."""
    if where.place.private:
        return fact.private
    return fact.scope == "channel" and fact.channel_id == where.channel_id


def _moments(excerpt: Excerpt, sources: Collection[int]) -> list[datetime]:
    return [line.sent_at for line in excerpt.lines if line.id in sources]
