"""What a character says that nobody asked it for: thought of, pledged and said, once; it rings no bell."""

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
"""Stands for whom a remark is addressed to that is addressed to nobody: nobody can be pinged by it."""
_MENTION = re.compile(r"<@[!&]?\d{1,20}>")
_AT = re.compile(r"(?<![\w@])@+(?=\w)")


@dataclass(frozen=True, slots=True)
class Impulse:
    """What a character is about to say unasked: where, for what reason, and what it has in mind.

    `heard` is what the words would answer, were it anybody's; `mark` names the occasion, and the same one
    never becomes two messages. `trigger_id` is a message before it.
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
    """Finds the words and gets them said. Where thinking fails nothing is said: nobody waits for it."""

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
        """Ask the voters, where there are any, whether something is said that nobody asked for."""
        if not self._voters.count:
            return Ballot(votes=(), carried=True, calls=())
        question = await prompt()
        if question is None:
            return Ballot(votes=(), carried=False, calls=())
        return await vote(
            self._claude, self._voters, question, clock=self._clock, user_id=None, channel_id=channel_id
        )

    async def think(self, impulse: Impulse, mouth: Mouth, *, typing: bool) -> Reply:
        """Return what is said; a fallback, which is not, where thinking fails or leaves nothing.

        With `typing` the character is seen to type meanwhile. Where a budget runs short nobody is asked.
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
        """Write down what is said, that it is said unasked, and what it cost: all of it, or nothing."""
        now, slug, channel_id = self._clock.now(), impulse.role.slug, impulse.where.channel_id
        last, floor = await db.reminders.last_position(), await db.channels.highest_floor(channel_id)
        turn = Turn(
            channel_id=channel_id,
            trigger_id=impulse.trigger_id,
            addressee_id=impulse.person_id or NOBODY,
            character=slug,
            reason=impulse.reason.name,
            # It stands behind all that was said, and not before the place where transcripts begin.
            heard_through=max(last, floor // 2),
            pledged_at=now,
            cast_id=cast_id,
            drew_on=drawn_on(reply.text, impulse.remembered),
        )
        parts = turns.parts_of(reply.text, mark=impulse.mark, limit=self._composer.longest)
        turn_id = await db.turns.pledge(turn, [(one.number, one.text, one.nonce) for one in parts])
        await turns.note_reply_calls(db, reply.calls, turn, turn_id, impulse.remembered)
        await db.channels.take_seat(channel_id, slug)
        await db.remarks.add(
            Remark(channel_id, slug, now, impulse.kind, impulse.person_id, {**why, "turn": turn_id})
        )
        tempo = impulse.remembered.stage.tempo
        return Pledge(turn_id, channel_id, turn.trigger_id, turn.addressee_id, parts, now, tempo)

    async def say(self, pledge: Pledge, role: PlayedCharacter, mouth: Mouth) -> None:
        """Say it. The caller holds the lock of the room."""
        self._reached("pledged")
        await self._saying.say(pledge, mouth.speaking_as(role.speaker), spent=float("inf"))


def unpinged(text: str) -> str:
    """Return a text without mentions, and without the @ before names: nobody is called by a remark."""
    while (less := _MENTION.sub("", text)) != text:  # one may stand within another
        text = less
    return _AT.sub("", text).strip()
