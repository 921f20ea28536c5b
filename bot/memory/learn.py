"""Facts drawn from a day's talk: models are asked first, then everything changes at once (F074, C54)."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from bot.conversation import turns
from bot.conversation.company import Company
from bot.conversation.config import LOG_KEPT, WAITING_KEPT, Manner
from bot.core.runtime import Runtime
from bot.jobs.timetable import Daily
from bot.llm.client import Claude
from bot.memory.extraction_run import LINES, Drawing, Drawn
from bot.memory.facts import Facts, Tally
from bot.memory.meaning import Meaning
from bot.memory.store import Memories
from bot.memory.stretches import Stretch
from database import Database, UnitOfWork
from database.models import Archived, Window
from memory.packing import packed
from memory.reconciling import Reconciled

log = logging.getLogger(__name__)

PLACES_AT_ONCE = 20
TRIES = 3
"""Times that one stretch of talk is asked about in vain before it is kept without facts."""
LEFT_STRETCHES = 50
_DONE = "consolidated through by"

Progress = Callable[[int, int], None]
"""Is told how many of how many places are done."""


class Consolidation:
    """The daily job; what it did not finish is done by the next run, and nothing is done twice."""

    def __init__(
        self,
        *,
        database: Database,
        claude: Claude,
        company: Company,
        memories: Memories,
        meaning: Meaning,
        manner: Manner,
        runtime: Runtime,
    ) -> None:
        self._database = database
        self._memories = memories
        self._meaning = meaning
        self._learning = manner.learning
        self._consent = manner.consent
        self._clock, self._reached = runtime.clock, runtime.reached
        self._facts = Facts(runtime.clock)
        self._drawing = Drawing(
            database=database,
            claude=claude,
            company=company,
            memories=memories,
            meaning=meaning,
            manner=manner,
            reached=runtime.reached,
        )
        self._one_at_a_time = asyncio.Lock()
        self._in_vain: dict[tuple[str, int, int], int] = {}

    async def run_due(self, character: str) -> None:
        """Consolidate if today's run is due and was not made (faults B11, B12).

        Days are counted in UTC and kept by date, so neither a clock change nor a restart makes a second run,
        and days that were slept through are made up for at once. What failed is tried again an hour later.
        """
        key = f"{_DONE} {character}"
        daily, now = Daily(self._learning.hour), self._clock.now()
        async with self._database.read() as db:
            done = await db.states.get(key)
        if not daily.is_due(date.fromisoformat(done) if done else None, now):
            return
        if not (await self.run(character, progress=_logged)).left:
            async with self._database.begin() as db:
                await db.states.set(key, daily.day(now).isoformat())

    async def run(self, character: str, *, progress: Progress = lambda _done, _all: None) -> Tally:
        """Consolidate everything that was said until now; return what came of it."""
        async with self._one_at_a_time:
            async with self._database.read() as db:
                places = await db.archive.due(character)
            tally, done = Tally(), 0
            for begin in range(0, len(places), PLACES_AT_ONCE):
                some = places[begin : begin + PLACES_AT_ONCE]
                tally += await self._places(character, some)
                done += len(some)
                progress(done, len(places))
            if places:
                log.info("Consolidated the talk of %d places: %s", len(places), tally)
            return tally

    async def _places(self, character: str, channel_ids: Sequence[int]) -> Tally:
        """Consolidate some places, stretch after stretch."""
        tally = Tally()
        left = list(channel_ids)
        for _ in range(LEFT_STRETCHES):
            stretches = [
                one
                for one in [await self._drawing.stretch(character, each) for each in left]
                if one is not None
            ]
            if not stretches:
                break
            left = []
            for drawn in await self._drawing.draw(stretches):
                kept = await self._keep(drawn)
                tally += kept
                if len(drawn.stretch.lines) == LINES and not kept.left:
                    left.append(drawn.stretch.where.channel_id)
        return tally

    # Then everything that changes, in one transaction.

    async def _keep(self, drawn: Drawn) -> Tally:
        """Keep what came of a stretch; leave it to the next run where a model gave no usable answer."""
        stretch, calls = drawn.stretch, list(drawn.calls)
        if not drawn.whole and (not drawn.unusable or self._once_more(stretch)):
            async with self._database.begin() as db:
                await turns.note_calls(db, calls)
            return Tally(left=1)
        settled = {
            person_id: await self._drawing.reconciled(stretch, person_id, found, calls)
            for person_id, found in drawn.found.items()
        }
        lines = await asyncio.to_thread(lambda: list(stretch.archived()))
        texts = [one.text for one in lines]
        texts += [one.candidate.text for theirs in settled.values() for one in theirs if one.same is None]
        vectors = await self._meaning.encode(list(dict.fromkeys(texts)))
        rows = dict(zip(dict.fromkeys(texts), packed(vectors), strict=True)) if vectors is not None else {}
        self._reached("embedded")
        async with self._database.begin() as db:
            await turns.note_calls(db, calls)
            tally = await self._write(db, drawn, settled, lines, rows)
            self._reached("written")
        self._in_vain.pop(_key(stretch), None)
        self._reached("kept")
        return tally

    async def _write(
        self,
        db: UnitOfWork,
        drawn: Drawn,
        settled: Mapping[int, Sequence[Reconciled]],
        lines: Sequence[Archived],
        rows: Mapping[str, bytes],
    ) -> Tally:
        """Write down what came of a stretch; nothing, where another run did before.

        Of who withdrew meanwhile, and of what was deleted or edited, nothing is kept.
        """
        stretch, now = drawn.stretch, self._clock.now()
        character, channel_id, model = stretch.character, stretch.where.channel_id, self._meaning.model
        seat = await db.seats.get(channel_id, character)
        if await db.channels.get(channel_id) is None or (seat and seat.consolidated >= stretch.through):
            return Tally()
        there = {one.id: one for one in await db.archive.fresh(channel_id, character, limit=LINES)}
        stretch = replace(stretch, lines=tuple(one for one in stretch.lines if there.get(one.id) == one))
        agreed = frozenset(await self._memories.consenting(db, stretch.agreed))
        left = {one.id for one in stretch.lines}
        lines = [one for one in lines if one.id in left and one.person_id in agreed]
        tally = Tally(
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

    def _once_more(self, stretch: Stretch) -> bool:
        """Say whether a stretch that no model could read is to be tried again; after some times it is not."""
        key = _key(stretch)
        self._in_vain[key] = self._in_vain.get(key, 0) + 1
        return self._in_vain[key] < TRIES


def _logged(done: int, places: int) -> None:
    if places > PLACES_AT_ONCE:
        log.info("Drew facts from %d of %d places", done, places)


def _key(stretch: Stretch) -> tuple[str, int, int]:
    return stretch.character, stretch.where.channel_id, stretch.lines[0].position


def _embedded(lines: Sequence[Archived], rows: Mapping[str, bytes]) -> dict[int, bytes]:
    return {one.id: rows[one.text] for one in lines if one.text in rows}


def _window(stretch: Stretch, tally: Tally, at: datetime) -> Window:
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
