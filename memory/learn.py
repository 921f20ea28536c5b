"""Fact extraction from a day's talk: model calls first, then one transaction (F074, C54)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from database import Database, UnitOfWork
from database.models import Archived, Window
from memory.attachments import attachments_of, described
from memory.extraction import Excerpt, FactCandidate, own_words_in
from memory.facts import Facts, FactTally, known_beside
from memory.meaning import Meaning, packed, unpacked
from memory.places import where_of
from memory.reconciling import Doubt, KnownFact, Reconciled, decided, reconcile
from memory.rules import LOG_KEPT, WAITING_KEPT, Consent
from memory.store import Memories

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

log = logging.getLogger(__name__)

PLACES_AT_ONCE = 20
TRIES = 3
"""Failed attempts at an excerpt, after which it is stored without facts."""
LEFT_STRETCHES = 50

LINES = 2_000
"""Maximum number of lines from one channel in an excerpt."""

Bookkeeping = Callable[[UnitOfWork], Awaitable[None]]
"""Records the cost of model calls, within a transaction."""
Progress = Callable[[int, int], None]
"""Receives the number of finished channels and the total."""


@dataclass(frozen=True, slots=True)
class ExtractedFacts:
    """A model's output for an excerpt: facts by person id, and the count of `refused` facts.

    `books` records the cost. Without `whole`, a question got no usable answer; `unusable` says that the model
    was at fault and not an outage.
    """

    stretch: Excerpt
    found: Mapping[int, Sequence[FactCandidate]]
    refused: int
    books: Bookkeeping
    whole: bool = True
    unusable: bool = False


class FactModel(Protocol):
    """Extracts facts from talk and compares them; it writes nothing."""

    async def draw(self, stretches: Sequence[Excerpt]) -> list[ExtractedFacts]: ...

    async def compare(
        self, stretch: Excerpt, person_id: int, doubts: Sequence[Doubt]
    ) -> tuple[list[Mapping[str, Any]], Bookkeeping]: ...


class Consolidation:
    """Extracts facts from new lines; a run continues where the last one stopped and repeats nothing."""

    def __init__(
        self,
        database: Database,
        memories: Memories,
        source: FactModel,
        meaning: Meaning,
        *,
        consent: Consent,
        now: Callable[[], datetime],
        reached: Callable[[str], None],
    ) -> None:
        self._database = database
        self._memories = memories
        self._source = source
        self._meaning = meaning
        self._consent = consent
        self._now = now
        self._reached = reached
        self._facts = Facts(now)
        self._lock = asyncio.Lock()
        self._failed_attempts: dict[tuple[str, int, int], int] = {}

    async def run(self, character: str, *, progress: Progress = lambda _done, _all: None) -> FactTally:
        """Consolidate everything said until now; return the counts."""
        async with self._lock:
            async with self._database.read() as db:
                places = await db.archive.due(character)
            tally, done = FactTally(), 0
            for begin in range(0, len(places), PLACES_AT_ONCE):
                batch = places[begin : begin + PLACES_AT_ONCE]
                tally += await self._places(character, batch)
                done += len(batch)
                progress(done, len(places))
            if places:
                log.info("Consolidated the talk of %d places: %s", len(places), tally)
            return tally

    async def _places(self, character: str, channel_ids: Sequence[int]) -> FactTally:
        """Consolidate some channels, one excerpt of each at a time."""
        tally = FactTally()
        left = list(channel_ids)
        for _ in range(LEFT_STRETCHES):
            excerpts = [
                excerpt
                for excerpt in [await self._excerpt(character, channel_id) for channel_id in left]
                if excerpt is not None
            ]
            if not excerpts:
                break
            left = []
            self._reached("read")
            drawn_now = await self._source.draw(excerpts)
            self._reached("asked")
            for drawn in drawn_now:
                kept = await self._keep(drawn)
                tally += kept
                if len(drawn.stretch.lines) == LINES and not kept.left:
                    left.append(drawn.stretch.where.channel_id)
        return tally

    async def _excerpt(self, character: str, channel_id: int) -> Excerpt | None:
        """Return a channel's lines that no facts were extracted from yet; None if there are none."""
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            lines = await db.archive.fresh(channel_id, character, limit=LINES)
            if channel is None or not lines:
                return None
            people = {line.author_id for line in lines if not line.mine and not line.from_bot}
            agreed = await self._memories.consenting(db, people)
            answered = await db.archive.answered({line.turn_id for line in lines if line.turn_id})
        lines = [
            line._replace(text=described(line.text, attachments_of(line.attachments)))
            if line.attachments
            else line
            for line in lines
        ]
        own = await asyncio.to_thread(own_words_in, lines, agreed)
        return Excerpt(character, where_of(channel), tuple(lines), frozenset(agreed), answered, own)

    async def _reconciled(
        self, excerpt: Excerpt, person_id: int, new: Sequence[FactCandidate], books: list[Bookkeeping]
    ) -> list[Reconciled]:
        """Compare new facts with known ones by rules, or by a model if the rules can't decide."""
        if not new:
            return []
        async with self._database.read() as db:
            known = await known_beside(db, excerpt, person_id)
            stored = await db.embeddings.of(
                "fact", [person_id], self._meaning.model, characters=[excerpt.character]
            )
        vectors = await self._meaning.encode([candidate.searched for candidate in new])
        likeness: list[list[float | None]] = [[None] * len(known) for _ in new]
        if vectors is not None:
            likeness = _cosines(vectors, unpacked(stored.rows, len(stored.ids)), list(stored.ids), known)
        settled, doubts = await asyncio.to_thread(reconcile, new, known, likeness)
        if not doubts:
            return settled
        answers, book = await self._source.compare(excerpt, person_id, doubts)
        self._reached("compared")
        books.append(book)
        return [*settled, *decided(doubts, answers)]

    # Then everything that changes, in one transaction.

    async def _keep(self, drawn: ExtractedFacts) -> FactTally:
        """Store the results of an excerpt; leave it to the next run if no model gave a usable answer."""
        excerpt, books = drawn.stretch, [drawn.books]
        if not drawn.whole and (not drawn.unusable or self._may_retry(excerpt)):
            async with self._database.begin() as db:
                await drawn.books(db)
            return FactTally(left=1)
        settled = {
            person_id: await self._reconciled(excerpt, person_id, found, books)
            for person_id, found in drawn.found.items()
        }
        lines = await asyncio.to_thread(lambda: list(excerpt.archived()))
        texts = [line.text for line in lines]
        texts += [
            fact.candidate.searched
            for reconciled in settled.values()
            for fact in reconciled
            if fact.same is None
        ]
        vectors = await self._meaning.encode(list(dict.fromkeys(texts)))
        rows = dict(zip(dict.fromkeys(texts), packed(vectors), strict=True)) if vectors is not None else {}
        self._reached("embedded")
        async with self._database.begin() as db:
            for book in books:
                await book(db)
            tally = await self._write(db, drawn, settled, lines, rows)
            self._reached("written")
        self._failed_attempts.pop(_key(excerpt), None)
        self._reached("kept")
        return tally

    async def _write(
        self,
        db: UnitOfWork,
        drawn: ExtractedFacts,
        settled: Mapping[int, Sequence[Reconciled]],
        lines: Sequence[Archived],
        rows: Mapping[str, bytes],
    ) -> FactTally:
        """Store the results of an excerpt, unless another run already did.

        Lines that were deleted or edited meanwhile and people who withdrew consent are left out.
        """
        excerpt, now = drawn.stretch, self._now()
        character, channel_id, model = excerpt.character, excerpt.where.channel_id, self._meaning.model
        seat = await db.channels.seat(channel_id, character)
        if await db.channels.get(channel_id) is None or (seat and seat.consolidated >= excerpt.through):
            return FactTally()
        current = {line.id: line for line in await db.archive.fresh(channel_id, character, limit=LINES)}
        excerpt = replace(
            excerpt, lines=tuple(line for line in excerpt.lines if current.get(line.id) == line)
        )
        agreed = frozenset(await self._memories.consenting(db, excerpt.agreed))
        left = {line.id for line in excerpt.lines}
        lines = [line for line in lines if line.id in left and line.person_id in agreed]
        tally = FactTally(
            people=len(agreed), lines=len(drawn.stretch.lines), archived=len(lines), refused=drawn.refused
        )
        for person_id in sorted(agreed & settled.keys()):
            still = [fact for fact in settled[person_id] if left.issuperset(fact.candidate.sources)]
            taken, added = await self._facts.take_in(db, excerpt, person_id, still)
            tally += taken
            embedded = {fact_id: rows[text] for fact_id, text in added.items() if text in rows}
            await db.embeddings.put("fact", person_id, model, embedded, character=character)
        await db.archive.add(lines)
        await db.embeddings.put("line", channel_id, model, _embedded(lines, rows))
        await db.archive.close_window(_window(drawn.stretch, tally, now))
        await db.messages.prune(
            now - LOG_KEPT, at_last=now - WAITING_KEPT, consent=self._consent, channel_id=channel_id
        )
        return tally

    def _may_retry(self, excerpt: Excerpt) -> bool:
        """Count a failed attempt at an excerpt; return whether to retry it."""
        key = _key(excerpt)
        self._failed_attempts[key] = self._failed_attempts.get(key, 0) + 1
        return self._failed_attempts[key] < TRIES


def _key(excerpt: Excerpt) -> tuple[str, int, int]:
    return excerpt.character, excerpt.where.channel_id, excerpt.lines[0].position


def _embedded(lines: Sequence[Archived], rows: Mapping[str, bytes]) -> dict[int, bytes]:
    return {line.id: rows[line.text] for line in lines if line.text in rows}


def _window(excerpt: Excerpt, tally: FactTally, at: datetime) -> Window:
    return Window(
        channel_id=excerpt.where.channel_id,
        character=excerpt.character,
        through=excerpt.through,
        at=at,
        people=tally.people,
        lines=tally.lines,
        archived=tally.archived,
        added=tally.added,
        reinforced=tally.reinforced,
        superseded=tally.superseded,
        refused=tally.refused,
    )


def _cosines(
    new: "Vectors", stored: "Vectors", ids: Sequence[int], known: Sequence[KnownFact]
) -> list[list[float | None]]:
    """Return the cosine of each new fact (row) and each known fact; None for facts without a vector."""
    if not ids:
        return [[None] * len(known) for _ in new]
    column = {fact_id: index for index, fact_id in enumerate(ids)}
    alike = new @ stored[:, : new.shape[1]].T
    return [[float(row[column[fact.id]]) if fact.id in column else None for fact in known] for row in alike]
