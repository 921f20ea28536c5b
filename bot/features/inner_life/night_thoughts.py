"""A character's night: beliefs, a dream and open questions, out of what was said by day (F133).

A model is asked once for each server, about what all of it may read, and once for each private place of which
there was enough; then everything is written at once. No question shows two circles of people.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation import turns
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.config import Manner
from bot.core.clock import Clock
from bot.features.inner_life.night_questions import (
    BELIEF,
    DREAM,
    THREAD,
    Night,
    Proposal,
    newest,
    night_prompt,
    proposals_in,
    same,
    schema_of,
)
from bot.llm.client import Answer, Claude, ask_all
from bot.llm.errors import ClaudeError
from bot.llm.json_answer import object_in
from bot.llm.types import ModelCall, Question
from database import Database, UnitOfWork
from database.models import Musing, MusingChange
from database.repositories.musings import FORMED, OWN, SETTLED, Circle, DayLine, circles_of
from memory.sensitive.distress import reads_as_distress
from memory.store import Memories

log = logging.getLogger(__name__)

FEWEST_LINES = 4
"""A place of which less was said leaves nothing to think over."""
MOST_CIRCLES = 20
"""Questions of one character and night at most: servers first, then where most was said."""
MOST_BELIEFS, MOST_OPINIONS, MOST_THREADS = 8, 4, 3
"""For each circle; of the beliefs so many at most are opinions of the character's file."""
SUREST, LEAST_SURE = 0.95, 0.05
GIVEN_UP = 0.15
"""A belief that is as little sure is held no more."""
OPINION_IS = 0.7
"""How sure a character is of what its file says it thinks."""
OLDEST = timedelta(days=2)
"""What was said longer ago is not thought over any more."""
KEPT = timedelta(days=14)
"""Dreams, threads that nobody came back to, and what came to an end are kept for so long."""
ANSWER_TOKENS = 800
_MARK = "mused through"


@dataclass(frozen=True, slots=True)
class _Asked:
    circle: Circle
    night: Night
    answer: Answer | ClaudeError


class NightThoughts:
    """Lets characters think over their day; what a night failed to bring is nobody's loss."""

    def __init__(
        self,
        database: Database,
        claude: Claude,
        company: Company,
        memories: Memories,
        clock: Clock,
        manner: Manner,
    ) -> None:
        self._database = database
        self._claude = claude
        self._company = company
        self._memories = memories
        self._clock = clock
        self._learning = manner.learning
        self._deadline = manner.summary_deadline

    async def run(self, slug: str) -> int:
        """Think over all that was kept since the last time; return how many thoughts came or changed."""
        role, now = self._company.by_slug.get(slug), self._clock.now()
        async with self._database.begin() as db:
            await db.musings.prune(now - KEPT)
        if role is None or not role.character.inner_life:
            return 0
        nights, through = await self._nights(role, now)
        answers = await ask_all(
            self._claude,
            [(night_prompt(night), self._question(circle, night)) for circle, night in nights],
            batch=self._learning.batches,
        )
        asked = [_Asked(*one, answer) for one, answer in zip(nights, answers, strict=True)]
        async with self._database.begin() as db:
            await turns.note_calls(db, _calls(answers))
            changed = sum([await self._write(db, one, now) for one in asked])
            await db.states.set(_mark(slug), through.isoformat())
        log.info("%s thought %d places over: %d thoughts", slug, len(nights), changed)
        return changed

    async def _nights(
        self, role: PlayedCharacter, now: datetime
    ) -> tuple[list[tuple[Circle, Night]], datetime]:
        """Return what there is to think over, by before whom it was said, and when the last of it was."""
        async with self._database.read() as db:
            since = _since(await db.states.get(_mark(role.slug)), now)
            lines = await db.musings.lately_said(role.slug, since)
            people = {one.person_id for one in lines}
            agreed = await self._memories.consenting(db, people)
            agreed -= await _distressed(db, agreed, since=now - OLDEST)
            found = circles_of([one for one in lines if one.person_id in agreed])
            ordered = sorted(found.items(), key=lambda one: (one[0].scope != "guild", -len(one[1])))
            enough = [one for one in ordered if len(one[1]) >= FEWEST_LINES][:MOST_CIRCLES]
            nights = [(circle, await self._night(db, role, circle, said)) for circle, said in enough]
        through = max((one.sent_at for one in lines), default=since)
        return [(circle, night) for circle, night in nights if night.kinds], through

    async def _night(
        self, db: UnitOfWork, role: PlayedCharacter, circle: Circle, said: Sequence[DayLine]
    ) -> Night:
        kinds = tuple(one for one in role.character.inner_life if one != "dreams" or circle.scope == "guild")
        known = await db.musings.of_circle(role.slug, circle)
        wanted = "beliefs" in kinds
        return Night(
            role.character,
            kinds,
            newest(said),
            tuple(_held(known, BELIEF)) if wanted else (),
            tuple(_held(known, THREAD)) if "threads" in kinds else (),
            tuple(_opinions(role, known)) if wanted else (),
            tuple(await db.musings.names_in(circle)),
        )

    def _question(self, circle: Circle, night: Night) -> Question:
        alone = {one.person_id for one in night.lines} if circle.scope == "dm" else set()
        return Question(
            purpose="musings",
            model=self._learning.model,
            max_tokens=ANSWER_TOKENS,
            deadline=self._deadline,
            schema=schema_of(night.kinds),
            user_id=next(iter(alone), None),
            channel_id=night.lines[-1].channel_id,
        )

    async def _write(self, db: UnitOfWork, asked: _Asked, now: datetime) -> int:
        """Keep what came of a night; nothing of lines deleted or edited since, or of who withdrew."""
        if not isinstance(asked.answer, Answer) or asked.answer.cut_short:
            return 0
        circle, night = asked.circle, asked.night
        found = proposals_in(object_in(asked.answer.text), night)
        there = {one.id: one.text for one in await db.archive.these([one.id for one in night.lines])}
        agreed = await self._memories.consenting(db, {one.person_id for one in night.lines})
        stand = {one.id for one in night.lines if there.get(one.id) == one.text and one.person_id in agreed}
        whole = [one for one in found if stand.issuperset(line.id for line in one.drawn)]
        writing = _Writing(db, night.character.slug, circle, now)
        return sum([await writing.write(one) for one in whole])


class _Writing:
    """Writes down what came of a night before one circle, within a transaction."""

    def __init__(self, db: UnitOfWork, slug: str, circle: Circle, now: datetime) -> None:
        self._db = db
        self._slug = slug
        self._circle = circle
        self._now = now

    async def write(self, one: Proposal) -> bool:
        """Write one thing down; say whether anything came of it."""
        known = await self._db.musings.of_circle(self._slug, self._circle)
        if one.cause == FORMED:
            return await self._begin(one, known)
        meant = await self._adopted(one.opinion, known) if one.opinion else self._still(one.of, known)
        if meant is None:
            return False
        added = 0.0
        if one.kind == BELIEF:
            added = min(max(meant.confidence + one.added, LEAST_SURE), SUREST) - meant.confidence
        await self._note(meant, one.cause, one.drawn, evidence=one.evidence, added=added)
        if one.cause == SETTLED:
            meant.result, meant.closed_at = one.text, self._now
        elif one.kind == BELIEF and meant.confidence <= GIVEN_UP:
            meant.closed_at = self._now
        return True

    async def _begin(self, one: Proposal, known: Sequence[Musing]) -> bool:
        if one.kind != DREAM and same(one.text, [each.text for each in known]):
            return False
        held = _held(known, one.kind)
        if one.kind == THREAD and len(held) >= MOST_THREADS:
            return False
        if one.kind == BELIEF and len(held) >= MOST_BELIEFS:
            weakest = min(held, key=lambda each: each.confidence)
            if weakest.confidence >= one.added:
                return False
            await self._db.musings.drop([weakest.id])
        musing = await self._add(one.kind, one.text)
        await self._note(musing, FORMED, one.drawn, evidence=one.evidence, added=one.added)
        return True

    async def _adopted(self, opinion: str, known: Collection[Musing]) -> Musing | None:
        """Return what the character's file says it thinks, as a belief of its own before this circle."""
        if len(_held(known, BELIEF)) >= MOST_BELIEFS or same(opinion, [one.text for one in known]):
            return None
        musing = await self._add(BELIEF, opinion)
        await self._note(musing, OWN, (), added=OPINION_IS)
        return musing

    def _still(self, meant: Musing | None, known: Iterable[Musing]) -> Musing | None:
        return next((one for one in known if meant and one.id == meant.id and _is_held(one)), None)

    async def _add(self, kind: str, text: str) -> Musing:
        place = (self._circle.scope, self._circle.guild_id, self._circle.channel_id)
        return await self._db.musings.add(Musing(self._slug, kind, text, *place, self._now, self._now))

    async def _note(
        self,
        musing: Musing,
        cause: str,
        drawn: Collection[DayLine],
        *,
        evidence: str = "",
        added: float = 0.0,
    ) -> None:
        places = {line.channel_id for line in drawn}
        where = places.pop() if len(places) == 1 else None
        change = MusingChange(musing.id, self._now, cause, evidence, added, where)
        await self._db.musings.note(change, drawn)


def _is_held(one: Musing) -> bool:
    return one.closed_at is None and one.removed_at is None


def _held(known: Iterable[Musing], kind: str) -> list[Musing]:
    return [one for one in known if one.kind == kind and _is_held(one)]


def _opinions(role: PlayedCharacter, known: Collection[Musing]) -> list[str]:
    """Return what a character's file says it thinks, and it has not taken up there, or given up."""
    texts = [f"{topic}: {view}" for topic, view in role.character.opinions.items()]
    new = [one for one in texts if len(one) <= 200 and not same(one, [each.text for each in known])]
    return new[:MOST_OPINIONS]


async def _distressed(db: UnitOfWork, people: Collection[int], *, since: datetime) -> set[int]:
    """Return who of some people said words of distress lately, anywhere: of them nothing is thought over."""
    said = await db.messages.said_by(people, since=since)
    return {person_id for person_id, text in said if reads_as_distress(text)}


def _calls(answers: Iterable[Answer | ClaudeError]) -> list[ModelCall]:
    return [one.call for one in answers if one.call is not None]


def _since(mark: str | None, now: datetime) -> datetime:
    """Return from when on there is to think over; a mark that lies ahead was the mistake of a clock."""
    thought, oldest = datetime.fromisoformat(mark) if mark else None, now - OLDEST
    return max(thought, oldest) if thought and thought <= now else oldest


def _mark(slug: str) -> str:
    return f"{_MARK} {slug}"
