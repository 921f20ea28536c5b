"""Facts drawn from a day's talk: models are asked first, then everything changes at once (F074, C54)."""

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
"""Times that one stretch of talk is asked about in vain before it is kept without facts."""
LEFT_STRETCHES = 50

LINES = 2_000
"""Lines of one place that are taken in at once."""

Bookkeeping = Callable[[UnitOfWork], Awaitable[None]]
"""Enters in the books, within a transaction, what was paid for."""
Progress = Callable[[int, int], None]
"""Is told how many of how many places are done."""


@dataclass(frozen=True, slots=True)
class ExtractedFacts:
    """What a model made of a stretch: facts about each person; `refused` of them did not hold.

    `books` enters what that cost. Without `whole` some question got no usable answer; `unusable` says that
    it was the model's, and no outage.
    """

    stretch: Excerpt
    found: Mapping[int, Sequence[FactCandidate]]
    refused: int
    books: Bookkeeping
    whole: bool = True
    unusable: bool = False


class FactModel(Protocol):
    """Draws facts from talk, and compares them; it changes nothing."""

    async def draw(self, stretches: Sequence[Excerpt]) -> list[ExtractedFacts]: ...

    async def compare(
        self, stretch: Excerpt, person_id: int, doubts: Sequence[Doubt]
    ) -> tuple[list[Mapping[str, Any]], Bookkeeping]: ...


class Consolidation:
    """Draws facts from what was said; what one run did not finish the next one does, and nothing twice."""

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
        self._one_at_a_time = asyncio.Lock()
        self._in_vain: dict[tuple[str, int, int], int] = {}

    async def run(self, character: str, *, progress: Progress = lambda _done, _all: None) -> FactTally:
        """Consolidate everything that was said until now; return what came of it."""
        async with self._one_at_a_time:
            async with self._database.read() as db:
                places = await db.archive.due(character)
            tally, done = FactTally(), 0
            for begin in range(0, len(places), PLACES_AT_ONCE):
                some = places[begin : begin + PLACES_AT_ONCE]
                tally += await self._places(character, some)
                done += len(some)
                progress(done, len(places))
            if places:
                log.info("Consolidated the talk of %d places: %s", len(places), tally)
            return tally

    async def _places(self, character: str, channel_ids: Sequence[int]) -> FactTally:
        """Consolidate some places, stretch after stretch."""
        tally = FactTally()
        left = list(channel_ids)
        for _ in range(LEFT_STRETCHES):
            stretches = [
                one for one in [await self._stretch(character, each) for each in left] if one is not None
            ]
            if not stretches:
                break
            left = []
            self._reached("read")
            drawn_now = await self._source.draw(stretches)
            self._reached("asked")
            for drawn in drawn_now:
                kept = await self._keep(drawn)
                tally += kept
                if len(drawn.stretch.lines) == LINES and not kept.left:
                    left.append(drawn.stretch.where.channel_id)
        return tally

    async def _stretch(self, character: str, channel_id: int) -> Excerpt | None:
        """Return the lines of a place of which no facts were drawn yet; None where there are none."""
        async with self._database.read() as db:
            channel = await db.channels.get(channel_id)
            lines = await db.archive.fresh(channel_id, character, limit=LINES)
            if channel is None or not lines:
                return None
            people = {one.author_id for one in lines if not one.mine and not one.from_bot}
            agreed = await self._memories.consenting(db, people)
            answered = await db.archive.answered({one.turn_id for one in lines if one.turn_id})
        lines = [
            one._replace(text=described(one.text, attachments_of(one.attachments)))
            if one.attachments
            else one
            for one in lines
        ]
        own = await asyncio.to_thread(own_words_in, lines, agreed)
        return Excerpt(character, where_of(channel), tuple(lines), frozenset(agreed), answered, own)

    async def _reconciled(
        self, stretch: Excerpt, person_id: int, new: Sequence[FactCandidate], books: list[Bookkeeping]
    ) -> list[Reconciled]:
        """Put new facts beside the known ones; where it can't be told by rule, a model says what they are."""
        if not new:
            return []
        async with self._database.read() as db:
            known = await known_beside(db, stretch, person_id)
            there = await db.embeddings.of(
                "fact", [person_id], self._meaning.model, characters=[stretch.character]
            )
        vectors = await self._meaning.encode([one.searched for one in new])
        likeness: list[list[float | None]] = [[None] * len(known) for _ in new]
        if vectors is not None:
            likeness = _cosines(vectors, unpacked(there.rows, len(there.ids)), list(there.ids), known)
        settled, doubts = await asyncio.to_thread(reconcile, new, known, likeness)
        if not doubts:
            return settled
        answers, book = await self._source.compare(stretch, person_id, doubts)
        self._reached("compared")
        books.append(book)
        return [*settled, *decided(doubts, answers)]

    # Then everything that changes, in one transaction.

    async def _keep(self, drawn: ExtractedFacts) -> FactTally:
        """Keep what came of a stretch; leave it to the next run where a model gave no usable answer."""
        stretch, books = drawn.stretch, [drawn.books]
        if not drawn.whole and (not drawn.unusable or self._once_more(stretch)):
            async with self._database.begin() as db:
                await drawn.books(db)
            return FactTally(left=1)
        settled = {
            person_id: await self._reconciled(stretch, person_id, found, books)
            for person_id, found in drawn.found.items()
        }
        lines = await asyncio.to_thread(lambda: list(stretch.archived()))
        texts = [one.text for one in lines]
        texts += [one.candidate.searched for theirs in settled.values() for one in theirs if one.same is None]
        vectors = await self._meaning.encode(list(dict.fromkeys(texts)))
        rows = dict(zip(dict.fromkeys(texts), packed(vectors), strict=True)) if vectors is not None else {}
        self._reached("embedded")
        async with self._database.begin() as db:
            for book in books:
                await book(db)
            tally = await self._write(db, drawn, settled, lines, rows)
            self._reached("written")
        self._in_vain.pop(_key(stretch), None)
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
        """Write down what came of a stretch; nothing, where another run did before.

        Of who withdrew meanwhile, and of what was deleted or edited, nothing is kept.
        """
        stretch, now = drawn.stretch, self._now()
        character, channel_id, model = stretch.character, stretch.where.channel_id, self._meaning.model
        seat = await db.channels.seat(channel_id, character)
        if await db.channels.get(channel_id) is None or (seat and seat.consolidated >= stretch.through):
            return FactTally()
        there = {one.id: one for one in await db.archive.fresh(channel_id, character, limit=LINES)}
        stretch = replace(stretch, lines=tuple(one for one in stretch.lines if there.get(one.id) == one))
        agreed = frozenset(await self._memories.consenting(db, stretch.agreed))
        left = {one.id for one in stretch.lines}
        lines = [one for one in lines if one.id in left and one.person_id in agreed]
        tally = FactTally(
            people=len(agreed), lines=len(drawn.stretch.lines), archived=len(lines), refused=drawn.refused
        )
        for person_id in sorted(agreed & settled.keys()):
            still = [one for one in settled[person_id] if left.issuperset(one.candidate.sources)]
            taken, added = await self._facts.take_in(db, stretch, person_id, still)
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

    def _once_more(self, stretch: Excerpt) -> bool:
        """Say whether a stretch that no model could read is to be tried again; after some times it is not."""
        key = _key(stretch)
        self._in_vain[key] = self._in_vain.get(key, 0) + 1
        return self._in_vain[key] < TRIES


def _key(stretch: Excerpt) -> tuple[str, int, int]:
    return stretch.character, stretch.where.channel_id, stretch.lines[0].position


def _embedded(lines: Sequence[Archived], rows: Mapping[str, bytes]) -> dict[int, bytes]:
    return {one.id: rows[one.text] for one in lines if one.text in rows}


def _window(stretch: Excerpt, tally: FactTally, at: datetime) -> Window:
    return Window(
        channel_id=stretch.where.channel_id,
        character=stretch.character,
        through=stretch.through,
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
    new: "Vectors", there: "Vectors", ids: Sequence[int], known: Sequence[KnownFact]
) -> list[list[float | None]]:
    """Return how alike new facts (rows) and known ones are; None for those without a vector."""
    if not ids:
        return [[None] * len(known) for _ in new]
    column = {fact_id: index for index, fact_id in enumerate(ids)}
    alike = new @ there[:, : new.shape[1]].T
    return [[float(row[column[one.id]]) if one.id in column else None for one in known] for row in alike]
