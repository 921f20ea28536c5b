"""Messages that nobody asked for: generated, stored and posted once, without pinging anybody."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation import turns
from bot.conversation.attention.vote import Ballot, Voters, vote
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.lineage import drawn_on
from bot.conversation.decision import Reason
from bot.conversation.generation import Composer
from bot.conversation.outbox import Saying
from bot.conversation.text.split import split
from bot.conversation.turns import Pledge
from bot.conversation.types import Mouth, Recollection, Reply, Utterance, Wish
from bot.core.clock import Runtime
from bot.llm.budget import Budgets, Level
from bot.llm.client import Claude
from bot.llm.types import Prompt
from database import UnitOfWork
from database.models import Remark, Turn
from memory.places import Where
from personas.initiative import RemarkKind

log = logging.getLogger(__name__)

NOBODY = 0
"""The addressee id of a remark to nobody in particular: it pings nobody."""
_MENTION = re.compile(r"<@[!&]?\d{1,20}>")
_AT = re.compile(r"(?<![\w@])@+(?=\w)")


@dataclass(frozen=True, slots=True)
class Impulse:
    """An unprompted message: its place, its reason, and its intention.

    `heard` is a synthetic utterance that the words answer; `mark` identifies the occasion, which never leads
    to two messages. `trigger_id` is a message before it.
    """

    role: PlayedCharacter
    kind: RemarkKind
    reason: Reason
    heard: Utterance
    remembered: Recollection
    note: str
    mark: str
    trigger_id: int
    person_id: int | None = None

    @property
    def where(self) -> Where:
        return self.heard.where


class Unasked:
    """Generates and posts unprompted messages. If generation fails nothing is posted: nobody waits for it."""

    def __init__(
        self,
        claude: Claude,
        runtime: Runtime,
        composer: Composer,
        saying: Saying,
        budgets: Budgets,
        voters: Voters,
    ) -> None:
        self._claude = claude
        self._clock, self._reached = runtime.clock, runtime.reached
        self._composer = composer
        self._saying = saying
        self._budgets = budgets
        self._voters = voters

    async def vote(self, prompt: Callable[[], Awaitable[Prompt | None]], channel_id: int) -> Ballot:
        """Ask the voters, if there are any, whether to post something that nobody asked for."""
        if not self._voters.count:
            return Ballot(votes=(), carried=True, calls=())
        question = await prompt()
        if question is None:
            return Ballot(votes=(), carried=False, calls=())
        return await vote(
            self._claude, self._voters, question, clock=self._clock, user_id=None, channel_id=channel_id
        )

    async def think(self, impulse: Impulse, mouth: Mouth, *, typing: bool) -> Reply:
        """Return the reply; a fallback, which is not posted, if generation fails or leaves nothing.

        With `typing` the typing indicator is shown meanwhile. When a budget runs short no call is made.
        """
        purse = self._budgets.purse(impulse.person_id, impulse.where.guild_id)
        if purse.level is not Level.FREE:
            log.info("Nothing is said unasked in channel %s: %s", impulse.where.channel_id, purse.why)
            return Reply("", fallback=True)
        own = mouth.speaking_as(impulse.role.speaker)
        async with own.typing() if typing else nullcontext():
            reply = await self._composer.compose(
                impulse.role.character,
                impulse.remembered,
                [impulse.heard],
                wish=Wish(note=impulse.note),
                emotes=own.emotes,
            )
        self._reached("composed")
        text = unpinged(reply.text)
        return replace(reply, text=text, fallback=reply.fallback or not split(text))

    async def pledge(
        self, db: UnitOfWork, impulse: Impulse, reply: Reply, *, cast_id: int, why: Mapping[str, Any]
    ) -> Pledge:
        """Store the message, that it is unprompted, and its cost: all or nothing."""
        now, slug, channel_id = self._clock.now(), impulse.role.slug, impulse.where.channel_id
        last, floor = await db.reminders.last_position(), await db.channels.highest_floor(channel_id)
        turn = Turn(
            channel_id=channel_id,
            trigger_id=impulse.trigger_id,
            addressee_id=impulse.person_id or NOBODY,
            character=slug,
            reason=impulse.reason.name,
            # It stands after all lines, and not before the place where transcripts begin.
            heard_through=max(last, floor // 2),
            pledged_at=now,
            cast_id=cast_id,
            drew_on=drawn_on(reply.text, impulse.remembered),
        )
        parts = turns.parts_of(reply.text, mark=impulse.mark, limit=self._composer.longest)
        turn_id = await db.turns.pledge(turn, [(part.number, part.text, part.nonce) for part in parts])
        await turns.note_reply_calls(db, reply.calls, turn, turn_id, impulse.remembered)
        await db.channels.take_seat(channel_id, slug)
        await db.remarks.add(
            Remark(channel_id, slug, now, impulse.kind, impulse.person_id, {**why, "turn": turn_id})
        )
        tempo = impulse.remembered.stage.tempo
        return Pledge(turn_id, channel_id, turn.trigger_id, turn.addressee_id, parts, now, tempo)

    async def say(self, pledge: Pledge, role: PlayedCharacter, mouth: Mouth) -> None:
        """Post it. The caller holds the channel's lock."""
        self._reached("pledged")
        await self._saying.say(pledge, mouth.speaking_as(role.speaker), spent=float("inf"))


def unpinged(text: str) -> str:
    """Return a text without mentions, and without the @ before names: a remark calls nobody."""
    while (less := _MENTION.sub("", text)) != text:  # a mention may stand within another one
        text = less
    return _AT.sub("", text).strip()
