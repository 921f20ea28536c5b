"""Night thoughts of a character: beliefs, a dream and open questions, drawn from the day's talk (F133).

The model is asked once for each server, about what every member may read, and once for each private place
with enough talk; the results are written in one transaction. No question mixes two audiences.
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
"""Minimum number of lines for a place to be thought over."""
MOST_CIRCLES = 20
"""Maximum number of questions per character and night: servers first, then the busiest places."""
MOST_BELIEFS, MOST_OPINIONS, MOST_THREADS = 8, 4, 3
"""Limits per audience; MOST_OPINIONS is how many of the beliefs may come from the character file."""
SUREST, LEAST_SURE = 0.95, 0.05
GIVEN_UP = 0.15
"""Confidence at or below which a belief is dropped."""
OPINION_IS = 0.7
"""A character's confidence in the opinions of its file."""
OLDEST = timedelta(days=2)
"""Maximum age of lines to think over."""
KEPT = timedelta(days=14)
"""Retention of dreams, threads without news, and closed thoughts."""
ANSWER_TOKENS = 800
_MARK = "mused through"


@dataclass(frozen=True, slots=True)
class _Asked:
    circle: Circle
    night: Night
    answer: Answer | ClaudeError


class NightThoughts:
    """Lets characters think over their day; a failed night is skipped without harm."""

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
        """Think over all lines since the last run; return how many thoughts were created or changed."""
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
        asked = [_Asked(*asked_night, answer) for asked_night, answer in zip(nights, answers, strict=True)]
        async with self._database.begin() as db:
            await turns.note_calls(db, _calls(answers))
            changed = sum([await self._write(db, asked_night, now) for asked_night in asked])
            await db.states.set(_mark(slug), through.isoformat())
        log.info("%s thought %d places over: %d thoughts", slug, len(nights), changed)
        return changed

    async def _nights(
        self, role: PlayedCharacter, now: datetime
    ) -> tuple[list[tuple[Circle, Night]], datetime]:
        """Return the nights to think over, by audience, and the time of the newest line."""
        async with self._database.read() as db:
            since = _since(await db.states.get(_mark(role.slug)), now)
            lines = await db.musings.lately_said(role.slug, since)
            people = {line.person_id for line in lines}
            agreed = await self._memories.consenting(db, people)
            agreed -= await _distressed(db, agreed, since=now - OLDEST)
            found = circles_of([line for line in lines if line.person_id in agreed])
            ordered = sorted(found.items(), key=lambda item: (item[0].scope != "guild", -len(item[1])))
            enough = [item for item in ordered if len(item[1]) >= FEWEST_LINES][:MOST_CIRCLES]
            nights = [(circle, await self._night(db, role, circle, said)) for circle, said in enough]
        through = max((line.sent_at for line in lines), default=since)
        return [(circle, night) for circle, night in nights if night.kinds], through

    async def _night(
        self, db: UnitOfWork, role: PlayedCharacter, circle: Circle, said: Sequence[DayLine]
    ) -> Night:
        kinds = tuple(
            kind for kind in role.character.inner_life if kind != "dreams" or circle.scope == "guild"
        )
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
        alone = {line.person_id for line in night.lines} if circle.scope == "dm" else set()
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
        """Store the thoughts of a night, except from lines deleted, edited or withdrawn meanwhile."""
        if not isinstance(asked.answer, Answer) or asked.answer.cut_short:
            return 0
        circle, night = asked.circle, asked.night
        found = proposals_in(object_in(asked.answer.text), night)
        texts = {line.id: line.text for line in await db.archive.these([line.id for line in night.lines])}
        agreed = await self._memories.consenting(db, {line.person_id for line in night.lines})
        stand = {
            line.id for line in night.lines if texts.get(line.id) == line.text and line.person_id in agreed
        }
        whole = [item for item in found if stand.issuperset(line.id for line in item.drawn)]
        writing = _Writing(db, night.character.slug, circle, now)
        return sum([await writing.write(proposal) for proposal in whole])


class _Writing:
    """Stores the thoughts of a night for one audience, within a transaction."""

    def __init__(self, db: UnitOfWork, slug: str, circle: Circle, now: datetime) -> None:
        self._db = db
        self._slug = slug
        self._circle = circle
        self._now = now

    async def write(self, proposal: Proposal) -> bool:
        """Store a proposal; return whether it had any effect."""
        known = await self._db.musings.of_circle(self._slug, self._circle)
        if proposal.cause == FORMED:
            return await self._begin(proposal, known)
        meant = (
            await self._adopted(proposal.opinion, known)
            if proposal.opinion
            else self._still(proposal.of, known)
        )
        if meant is None:
            return False
        added = 0.0
        if proposal.kind == BELIEF:
            added = min(max(meant.confidence + proposal.added, LEAST_SURE), SUREST) - meant.confidence
        await self._note(meant, proposal.cause, proposal.drawn, evidence=proposal.evidence, added=added)
        if proposal.cause == SETTLED:
            meant.result, meant.closed_at = proposal.text, self._now
        elif proposal.kind == BELIEF and meant.confidence <= GIVEN_UP:
            meant.closed_at = self._now
        return True

    async def _begin(self, proposal: Proposal, known: Sequence[Musing]) -> bool:
        if proposal.kind != DREAM and same(proposal.text, [musing.text for musing in known]):
            return False
        held = _held(known, proposal.kind)
        if proposal.kind == THREAD and len(held) >= MOST_THREADS:
            return False
        if proposal.kind == BELIEF and len(held) >= MOST_BELIEFS:
            weakest = min(held, key=lambda musing: musing.confidence)
            if weakest.confidence >= proposal.added:
                return False
            await self._db.musings.drop([weakest.id])
        musing = await self._add(proposal.kind, proposal.text)
        await self._note(musing, FORMED, proposal.drawn, evidence=proposal.evidence, added=proposal.added)
        return True

    async def _adopted(self, opinion: str, known: Collection[Musing]) -> Musing | None:
        """Return an opinion of the character file, turned into a belief for this audience."""
        if len(_held(known, BELIEF)) >= MOST_BELIEFS or same(opinion, [musing.text for musing in known]):
            return None
        musing = await self._add(BELIEF, opinion)
        await self._note(musing, OWN, (), added=OPINION_IS)
        return musing

    def _still(self, meant: Musing | None, known: Iterable[Musing]) -> Musing | None:
        return next(
            (musing for musing in known if meant and musing.id == meant.id and _is_held(musing)), None
        )

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


def _is_held(musing: Musing) -> bool:
    return musing.closed_at is None and musing.removed_at is None


def _held(known: Iterable[Musing], kind: str) -> list[Musing]:
    return [musing for musing in known if musing.kind == kind and _is_held(musing)]


def _opinions(role: PlayedCharacter, known: Collection[Musing]) -> list[str]:
    """Return the opinions of the character file that are neither adopted nor dropped there."""
    texts = [f"{topic}: {view}" for topic, view in role.character.opinions.items()]
    new = [text for text in texts if len(text) <= 200 and not same(text, [musing.text for musing in known])]
    return new[:MOST_OPINIONS]


async def _distressed(db: UnitOfWork, people: Collection[int], *, since: datetime) -> set[int]:
    """Return the people who recently voiced distress anywhere: their talk is not thought over."""
    said = await db.messages.said_by(people, since=since)
    return {person_id for person_id, text in said if reads_as_distress(text)}


def _calls(answers: Iterable[Answer | ClaudeError]) -> list[ModelCall]:
    return [answer.call for answer in answers if answer.call is not None]


def _since(mark: str | None, now: datetime) -> datetime:
    """Return the time to start from; a mark in the future comes from a wrong clock and is ignored."""
    thought, oldest = datetime.fromisoformat(mark) if mark else None, now - OLDEST
    return max(thought, oldest) if thought and thought <= now else oldest


def _mark(slug: str) -> str:
    return f"{_MARK} {slug}"
