"""Summarising older conversation in atomic steps beside the conversation (C49)."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.conversation import turns
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.transcript import line_of, written
from bot.conversation.generation import ModelVoice
from bot.conversation.summaries import summary_prompt
from bot.conversation.summaries.joining import Joining
from bot.conversation.summaries.note_taking import NoteTaker
from bot.conversation.summaries.summary_prompt import SummaryAnswer, labels_of, read_summary
from bot.core.clock import Clock
from bot.core.tasks import Tasks
from bot.llm.client import Claude
from bot.llm.types import ModelCall
from database import Database, DatabaseError, UnitOfWork
from database.models import Summary, SummarySource
from database.repositories.messages import Uncovered
from memory.archiving import Archiving
from memory.core import KnownMemory, MemoryChange, SaidLine, judge
from memory.erasing import digest
from memory.merge import known_of
from memory.places import Where, audience_of, where_of
from memory.store import Memories

log = logging.getLogger(__name__)

AGEING = timedelta(hours=22)
"""The age of lines about to leave the log: those with the character are summarised by then."""
AGED_KEPT = timedelta(hours=12)
"""Younger lines stay, so that the next such step is half a day away."""
AGAIN_AFTER = timedelta(minutes=5)
"""The pause between two repairs after deleted summaries; the half-hourly job does the rest."""
NEVER = datetime.min.replace(tzinfo=UTC)
STEPS = 8
"""The maximum number of steps in a row."""
CLOSING_SECONDS = 5.0
"""The maximum seconds for pending writes at the end."""
PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=2)
"""The pause of a place after the second failure, and after many: each attempt may cost as much as a long
reply.
"""


@dataclass(frozen=True, slots=True)
class SummarizedTalk:
    """The lines of one step, and the known facts about their people."""

    character: str
    where: Where
    rows: tuple[Uncovered, ...]
    people: dict[str, int]
    known: tuple[KnownMemory, ...]


@dataclass(frozen=True, slots=True)
class InVain:
    """The number of failures of a place, and the time of the next attempt."""

    times: int
    until: datetime


class Summaries:
    """Summarises lines that no longer fit a prompt, or are about to leave the log, per character."""

    def __init__(
        self,
        *,
        database: Database,
        claude: Claude,
        company: Company,
        voice: ModelVoice,
        memories: Memories,
        archiving: Archiving,
        manner: Manner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._archiving = archiving
        self._company = company
        self._voice = voice
        self._extent = extent = manner.extent
        self._memories = memories
        self._clock = clock
        self._notes = NoteTaker(
            database=database, claude=claude, voice=voice, deadline=manner.summary_deadline
        )
        self._joining = Joining(database=database, notes=self._notes, voice=voice, extent=extent, clock=clock)
        self._busy: set[tuple[str, int]] = set()
        self._failures: dict[tuple[str, int], InVain] = {}
        self._tasks = Tasks()
        self._again: dict[tuple[str, int], datetime] = {}

    def begin(self, character: str, where: Where) -> None:
        """Summarise a place in the background, if necessary."""
        if role := self._company.by_slug.get(character):
            self._tasks.spawn(self._logged(role, where), name="Summing up")

    async def again(self, channel_ids: Collection[int]) -> None:
        """Summarise in the background the rest of places whose summaries were deleted.

        The frequency is limited: frequent edits must not cause a call each.
        """
        now = self._clock.now()
        for slug in self._company.by_slug:
            due = [
                channel_id
                for channel_id in channel_ids
                if now - self._again.get((slug, channel_id), NEVER) >= AGAIN_AFTER
            ]
            self._again |= {(slug, channel_id): now for channel_id in due}
            async with self._database.read() as db:
                channels = [
                    await db.channels.get(channel_id)
                    for channel_id in due
                    if await db.channels.seat(channel_id, slug)
                ]
            for channel in channels:
                if channel is not None:
                    self.begin(slug, where_of(channel))

    async def settled(self) -> None:
        """Wait until no summary is in progress."""
        while self._tasks:
            await self._tasks.wait()

    async def close(self) -> None:
        """Cancel summaries in progress: they start anew another time.

        Pending writes may finish: they are fast.
        """
        self._notes.close()
        await self._tasks.wait(CLOSING_SECONDS)
        self._tasks.cancel()

    async def catch_up(self) -> None:
        """Summarise lines about to leave the log, and the remainders of earlier steps."""
        for role in self._company:
            async with self._database.read() as db:
                ageing = await db.summaries.ageing(self._clock.now() - AGEING, role.slug)
                waiting = await db.messages.waiting(role.slug)
                channels = [
                    await db.channels.get(channel_id) for channel_id in dict.fromkeys([*ageing, *waiting])
                ]
            for channel in channels:
                if channel is not None:
                    await self._logged(role, where_of(channel))

    async def condense(self, character: str, where: Where) -> int:
        """Summarise the older lines of a place, step by step; return their number.

        Lines that leave the transcript are archived first, even if nothing is summarised. A failure changes
        nothing; the next reply or the half-hourly job tries again.
        """
        role, key = self._company.by_slug.get(character), (character, where.channel_id)
        if role is None or key in self._busy:
            return 0
        self._busy.add(key)
        try:
            done = 0
            for _ in range(STEPS):
                lines = await self._step(role, where)
                done += lines
                if not lines:
                    break
            if done:
                await self._joining.join(role, where, person_id=await self._person_of(where))
            return done
        finally:
            self._busy.discard(key)

    # A step.

    async def _step(self, role: PlayedCharacter, where: Where) -> int:
        stretch = await self._stretch(role, where)
        if stretch is None:
            return 0
        rows, key = stretch.rows, (role.slug, where.channel_id)
        await self._archiving.keep(role.slug, where.channel_id, through=max(row.position for row in rows))
        if not self._extent.summed or self._paused(key):
            return 0
        spoken = summary_prompt.without_distress(rows)
        if not spoken:
            return 0  # it stays in the log until it expires
        prompt = summary_prompt.summary_prompt(
            role.character,
            spoken,
            known=stretch.known,
            people=stretch.people,
            budget=self._extent.condensed,
        )
        person_id = await self._person_of(where)
        answer = await self._notes.ask(prompt, where, summary_prompt.SUMMARY_SCHEMA, person_id=person_id)
        taken = None
        if answer is not None and not answer.cut_short:
            tokens = self._voice.tokens
            covered = sum(tokens(written(line_of(row, role.slug))) for row in spoken)
            taken = read_summary(answer.text, covered=covered, budget=self._extent.condensed, tokens=tokens)
        if answer is None or taken is None:
            self._failed(key)
            if answer is not None:
                log.warning("No summary of channel %s: the answer can't be used", where.channel_id)
                await self._notes.book(answer.call, role.slug)
            return 0
        kept = await self._keep(stretch, taken, answer.call)
        if kept:
            self._failures.pop(key, None)
        else:
            self._failed(key)  # a line that is edited repeatedly costs a call each time
        return kept

    async def _stretch(self, role: PlayedCharacter, where: Where) -> SummarizedTalk | None:
        """Return the lines to summarise in a place."""
        async with self._database.read() as db:
            seat = await db.channels.seat(where.channel_id, role.slug)
            rows = await db.messages.uncovered(where.channel_id, role.slug)
            due = summary_prompt.due(
                rows,
                character=role.slug,
                floor=seat.floor if seat else 0,
                budget=self._extent.condensed,
                tokens=self._voice.tokens,
                ageing=self._clock.now() - AGEING,
                young=self._clock.now() - AGED_KEPT,
            )
            if not due:
                return None
            authors = {row.author_id for row in due if row.heard_through is None}
            consenting = await self._memories.consenting(db, authors)
            memories = await db.memories.about(consenting, role.slug, audience_of(where))
        return SummarizedTalk(
            character=role.slug,
            where=where,
            rows=tuple(due),
            people=labels_of(due, role.slug, consenting),
            known=known_of(memories),
        )

    async def _keep(self, stretch: SummarizedTalk, taken: SummaryAnswer, call: ModelCall) -> int:
        """Store a summary in place of its lines, and the learned facts, in one transaction.

        If any of the lines was changed or deleted, nothing is stored.
        """
        where, slug = stretch.where, stretch.character
        rows, now = stretch.rows, self._clock.now()
        changes, refused = judge(
            taken.operations,
            known=stretch.known,
            said=[
                SaidLine(row.id, row.author_id, row.text)
                for row in summary_prompt.without_distress(rows)
                if row.heard_through is None
            ],
            people=stretch.people,
        )
        async with self._database.begin() as db:
            await turns.note_calls(db, [call], slug)
            if not await _unchanged(db, where.channel_id, slug, rows):
                log.info("No summary of channel %s: what was said there has changed", where.channel_id)
                return 0
            await db.summaries.add(_summary(stretch, taken, now), _sources(rows, slug))
            await db.channels.take_seat(where.channel_id, slug)
            await db.channels.begin_transcript(where.channel_id, slug, rows[-1].place + 1)
            learners = await self._learn(db, stretch, changes)
            seat = await db.channels.seat(where.channel_id, slug)
            people = (seat.head_people if seat else None) or []
            await db.channels.show_at_head(where.channel_id, slug, self._clock.now(), people)
        log.info(
            "Summed up %d lines of channel %s (%d memories changed, %d refused)",
            len(rows),
            where.channel_id,
            len(changes),
            refused,
        )
        for person_id in learners:
            await self._memories.consolidate(slug, person_id)
        return len(rows)

    async def _learn(
        self, db: UnitOfWork, stretch: SummarizedTalk, changes: Sequence[MemoryChange]
    ) -> set[int]:
        """Apply changes to facts that are still as shown, of people who still consent.

        Return the ids of people whose facts changed.
        """
        consenting = await self._memories.consenting(db, {change.person_id for change in changes})
        known = {
            fact.id: fact.text
            for person_id in consenting
            for fact in await db.memories.of(person_id, stretch.character)
        }
        shown = {fact.id: fact.text for fact in stretch.known}
        still = [
            change
            for change in changes
            if change.person_id in consenting
            and (change.id is None or known.get(change.id) == shown[change.id])
        ]
        learnt = await self._memories.learn(db, stretch.character, stretch.where, still, at=self._clock.now())
        # The dump runs in this transaction: a deletion of one of these facts waits for it, and then deletes
        # the file too.
        await self._memories.dump(stretch.character, learnt)
        return {change.person_id for change in still}

    async def _person_of(self, where: Where) -> int | None:
        """Return the person in a private place."""
        if not where.place.private:
            return None
        async with self._database.read() as db:
            return await db.messages.person_in(where.channel_id)

    # Schedule.

    def _paused(self, key: tuple[str, int]) -> bool:
        vain = self._failures.get(key)
        return vain is not None and self._clock.now() < vain.until

    def _failed(self, key: tuple[str, int]) -> None:
        """Record a failure; from the second on, pause the place."""
        before = self._failures.get(key)
        times = before.times + 1 if before else 1
        pause = min(PAUSE * 2 ** min(times - 2, 10), LONGEST_PAUSE) if times > 1 else timedelta(0)
        self._failures[key] = InVain(times, self._clock.now() + pause)

    async def _logged(self, role: PlayedCharacter, where: Where) -> None:
        try:
            await self.condense(role.slug, where)
        except DatabaseError as error:
            log.error("Can't sum up channel %s: %s", where.channel_id, error)  # noqa: TRY400
        except Exception:
            log.exception("Summing up channel %s failed", where.channel_id)


async def _unchanged(db: UnitOfWork, channel_id: int, character: str, rows: Sequence[Uncovered]) -> bool:
    """Say whether the summarised lines are unchanged: not edited, deleted or covered meanwhile."""
    now = {row.id: row for row in await db.messages.uncovered(channel_id, character)}
    return all(now.get(row.id) == row for row in rows)


def _summary(stretch: SummarizedTalk, taken: SummaryAnswer, now: datetime) -> Summary:
    rows = stretch.rows
    return Summary(
        channel_id=stretch.where.channel_id,
        person_id=None,
        character=stretch.character,
        text=taken.summary,
        first_place=rows[0].place,
        last_place=rows[-1].place,
        first_at=min(row.sent_at for row in rows),
        last_at=max(row.sent_at for row in rows),
        made_at=now,
    )


def _sources(rows: Sequence[Uncovered], character: str) -> list[SummarySource]:
    return [
        SummarySource(
            message_id=row.id,
            character=character,
            summary_id=0,
            author_id=row.said_to or row.author_id,
            digest=digest(row.text),
        )
        for row in rows
    ]
