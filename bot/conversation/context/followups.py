"""Occasional questions about something left open earlier in the same conversation (F116, C83)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Curiosity
from bot.conversation.context.transcript import WINDOW
from bot.conversation.text.names import indented, render_line, speaker_label
from bot.conversation.types import Utterance
from bot.core.clock import Clock
from bot.prompts import fill
from database import UnitOfWork
from memory.places import Where
from memory.rules import Consent
from memory.sensitive.distress import reads_as_distress
from personas.initiative import ASKED_WITHIN, RemarkKind, TalkLine, may_ask_back, open_topic

LOOKED_AT = 60
"""The number of latest lines in which something may have been left open."""
LONGEST = 100
"""The maximum number of letters that the prompt quotes."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The prompt's text about something left open, at a `place` of the log."""

    note: str
    place: int
    person_id: int | None = None


class FollowUps:
    """Finds something to ask about: said here, by the person now answered, who agreed to be remembered."""

    def __init__(self, clock: Clock, *, curiosity: Curiosity, consent: Consent) -> None:
        self._clock = clock
        self._curiosity = curiosity
        self._consent = consent

    async def find(
        self, db: UnitOfWork, role: PlayedCharacter, where: Where, heard: Sequence[Utterance]
    ) -> FollowUp | None:
        """Return something to ask about in the reply to `heard`; often None."""
        people = {message.author_id: message.author_name for message in heard if not message.from_bot}
        if not people or self._consent == "off" or not await self._may(db, where):
            return None
        agreed = await db.consents.given(people, unless_refused=self._consent == "opt_out")
        now = {message.text for message in heard}
        asked = await self._asked(db, where)
        talk = await self._talk(db, role, where)
        done = asked | {line.place for line in talk if line.text in now}
        topic = open_topic(talk, agreed, done=done) if agreed else None
        if topic is None:
            return None
        label = speaker_label(people[topic.person_id], topic.person_id)
        said = topic.text if len(topic.text) <= LONGEST else f"{topic.text[: LONGEST - 1]}…"
        quoted = indented(render_line(label, said))
        return FollowUp(fill("followup", name=role.name, topic=quoted), topic.place, topic.person_id)

    async def _may(self, db: UnitOfWork, where: Where) -> bool:
        times = await self._times(db, where, self._clock.now())
        return may_ask_back(times, self._clock.now(), cooldown=self._curiosity.cooldown)

    async def _times(self, db: UnitOfWork, where: Where, now: datetime) -> list[datetime]:
        since = now - max(ASKED_WITHIN, self._curiosity.cooldown)
        return await db.remarks.times((RemarkKind.FOLLOW_UP,), since=since, channel_id=where.channel_id)

    async def _asked(self, db: UnitOfWork, where: Where) -> set[int]:
        """Return the places in the log that were asked about already."""
        lately = await db.remarks.of_channel(where.channel_id, limit=LOOKED_AT)
        return {remark.why["place"] for remark in lately if remark.why and "place" in remark.why}

    async def _talk(self, db: UnitOfWork, role: PlayedCharacter, where: Where) -> list[TalkLine]:
        since = self._clock.now() - WINDOW
        seat = await db.channels.seat(where.channel_id, role.slug)
        floor = seat.floor if seat else 0
        rows = await db.messages.transcript(
            where.channel_id, role.slug, since=since, floor=floor, limit=LOOKED_AT
        )
        return [
            TalkLine(row.place, 0 if row.heard_through is not None else row.author_id, row.text)
            for row in rows
            if not reads_as_distress(row.text)  # nobody is asked about distress (C91)
        ]
