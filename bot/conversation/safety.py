"""The age gate, the notice to people in distress, and the display of faults."""

import asyncio
import logging
from collections.abc import Collection, Iterable

from bot.conversation.attention.server_rules import HouseRules, RuleKind
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Errors, Notice
from bot.conversation.decision import Reason
from bot.conversation.speakers import Casting
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import calls, clean_name
from bot.conversation.types import Mouth, Part, Reply, Utterance
from bot.core.clock import Clock, Runtime
from bot.core.cooldown import Cooldown
from bot.core.errors import SpeakingError
from bot.core.i18n import _
from bot.llm.budget import Budgets
from database import Database
from memory.places import Place, Where
from memory.sensitive.distress import reads_as_distress
from personas.character import names_of

log = logging.getLogger(__name__)

TOLD_AGAIN_AFTER = 3600.0
"""Seconds before a person is told again in a channel why nobody answers."""
SECONDS = 10.0
"""The maximum seconds for which the reply waits for the notice."""
ONCE_AN_HOUR = 3600.0
EVERYBODY = 0

NOT_MARKED = _(
    "{name} is for adults only: it listens and answers in channels that are marked as age-restricted, and "
    "this one is not. Talk to it in a marked channel, or ask an admin of this server to mark one in the "
    "channel's settings."
)
NOT_IN_PRIVATE = _(
    "{name} is for adults only, and a private chat can't be marked as age-restricted: it does not answer "
    "here. Talk to it in an age-restricted channel of a server."
)
SWITCHED_OFF = _(
    "{name} is for adults only, and the admins of this server switched such characters off: it does not "
    "answer here."
)
NAMELESS = _("This character")

NOT_REACHED = (
    "<@{person_id}>, I have something to tell you in private, but I can't write to you. Let members of this "
    "server send you direct messages, or write to me in private."
)
"""It doesn't mention the subject: others read it."""


class AgeGate:
    """Caches channels' age marks, and tells people why a character is kept out."""

    def __init__(self, database: Database, casting: Casting, clock: Clock) -> None:
        self._database = database
        self._casting = casting
        self._told = Cooldown[tuple[int, int]](clock, TOLD_AGAIN_AFTER)

    async def mark(self, channel_ids: Collection[int], *, age_restricted: bool) -> None:
        """Store channels' marks, which apply from now on, also to their threads."""
        if channel_ids:
            async with self._database.begin() as db:
                await db.channels.mark(channel_ids, age_restricted=age_restricted)

    async def refusal(self, role: PlayedCharacter, where: Where) -> str | None:
        """Return why a character must not be in a place, in a sentence for people; None if it may."""
        async with self._database.read(brief=True) as db:
            admitted = await self._casting.admits(db, role, where)
        return None if admitted else why_not(role, where)

    async def turn_away(self, heard: Utterance, mouth: Mouth) -> bool:
        """Post one polite line to a person who calls a character that is kept out; nothing to others.

        Return whether a character was called, whether or not the line was posted.
        """
        async with self._database.read(brief=True) as db:
            kept_out = await self._casting.kept_out(db, heard.where)
        role = _called(heard, kept_out)
        if role is None or heard.from_bot:
            return False
        if self._told.first((heard.author_id, heard.where.channel_id)):
            await self._tell(heard, role, mouth)
        return True

    async def _tell(self, heard: Utterance, role: PlayedCharacter, mouth: Mouth) -> None:
        part = Part(1, why_not(role, heard.where), f"a{heard.message_id}")
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", heard.where.channel_id, error)


class FaultSigns:
    """Chooses how a fault is shown (C19): rarely, never twice, and only to people who asked.

    In a direct message a person always learns of it.
    """

    def __init__(self, errors: Errors, clock: Clock, budgets: Budgets) -> None:
        self._errors = errors
        self._budgets = budgets
        self._first_this_hour = Cooldown[tuple[int, int]](clock, ONCE_AN_HOUR).first

    def signal(self, heard: Utterance, *, lasting: bool, asked: bool = True, once: bool = True) -> Errors:
        """Return how to show that `heard` can't be answered, and record it as shown.

        In a server a passing fault is shown at most once per message, hour and channel, and only if somebody
        `asked` for an answer. A `lasting` fault, which only the operator can fix, is told to each person who
        asks, once per hour and channel, in private too. If not `once`, the caller limits the frequency
        itself.
        """
        private = heard.where.place.private
        if private and not lasting:
            return "reply"
        if not asked or (not private and self._errors == "silent"):
            return "silent"
        person = heard.author_id if lasting else EVERYBODY
        if once and not self._first_this_hour((heard.where.channel_id, person)):
            return "silent"
        return "reply" if private else self._errors

    def signal_of(self, heard: Utterance, reply: Reply, *, asked: bool) -> Errors:
        """Return how to show that there is only a fallback, and record it as shown.

        A spent budget is mentioned once a day.
        """
        if reply.unpaid and not (asked and self._budgets.tell_once(heard.author_id, heard.where.guild_id)):
            return "silent"
        return self.signal(heard, lasting=reply.lasting, asked=asked, once=not reply.unpaid)


class Courtesy:
    """Messages to people besides a reply, or in place of one.

    Only a person who writes that they want to die is shown a notice (C91). Its recipient is neither stored
    nor logged.
    """

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        age_gate: AgeGate,
        faults: FaultSigns,
        casting: Casting,
        notice: Notice,
    ) -> None:
        self._database = database
        self._age_gate = age_gate
        self._faults = faults
        self._casting = casting
        self._rng = runtime.rng
        self._notice = notice.text
        self._noticed = Cooldown[int](runtime.clock, notice.again_after.total_seconds())

    async def look_after(self, heard: Utterance, mouth: Mouth) -> None:
        """Show the notice beside the reply, if the message calls for it and the server allows it."""
        words = heard.said
        if not self._notice or heard.from_bot or heard.from_self or not reads_as_distress(words):
            return
        async with self._database.read(brief=True) as db:
            house = HouseRules(await db.channels.rules(heard.where.guild_id))
        if not house.allows(RuleKind.NOTICES, heard.where) or not self._noticed.first(heard.author_id):
            return
        if not await self._show(heard, mouth):
            self._noticed.forget(heard.author_id)

    async def _show(self, heard: Utterance, mouth: Mouth) -> bool:
        """Show the notice in private; if that is impossible, say so without mentioning its subject."""
        part = Part(1, self._notice, f"h{heard.message_id}")
        try:
            async with asyncio.timeout(SECONDS):
                if await mouth.whisper(part, to=heard.author_id):
                    return True
                neutral = NOT_REACHED.format(person_id=heard.author_id)
                await mouth.say(Part(1, neutral, f"h{heard.message_id}"), to=heard.author_id)
        except (SpeakingError, TimeoutError) as error:
            log.warning("A notice can't be shown: %s", type(error).__name__)
            return False
        return True

    async def turn_away(self, heard: Utterance, mouth: Mouth, reason: Reason) -> None:
        """Tell a person who addressed a character why nobody answers, in cases beyond their control.

        These are places open to children, and a spent budget: people in distress get the notice even then.
        """
        if await self._is_turned_away(heard, mouth, reason):
            await self.look_after(heard, mouth)

    async def _is_turned_away(self, heard: Utterance, mouth: Mouth, reason: Reason) -> bool:
        if reason is Reason.AGE_GATE:
            return await self._age_gate.turn_away(heard, mouth)
        if reason is not Reason.BUDGET:
            return False
        names = [name for role in self._casting.company for name in names_of(role.character)]
        words = heard.said
        direct = heard.where.place.private or heard.mentions_me or heard.replies_to_me
        return direct or calls(words, names)

    async def cannot_remember(self, heard: Utterance, mouth: Mouth) -> None:
        """Answer, once an hour, although nothing can be stored (faults B7).

        Without a database there are no server rules, so only messages meant for nobody else get this answer.
        """
        primary = self._casting.company.primary
        direct = heard.where.place is Place.DM or heard.mentions_me or heard.replies_to_me
        kept_out = primary.nsfw and not heard.where.for_adults
        if heard.from_bot or kept_out or not (direct or heard.where.place.private):
            return
        if self._faults.signal(heard, lasting=True) != "reply":
            return
        line = self._rng.choice(primary.character.fallback_lines)
        line = dress(line, mouth.emotes, primary.character) or line
        part = Part(1, line, f"n{heard.message_id}")  # not the nonce of a reply that may still come
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", heard.where.channel_id, error)


def why_not(role: PlayedCharacter, where: Where) -> str:
    """Return why an adults-only character is kept out of a place, and what to do."""
    if where.place is not Place.GUILD:
        text = NOT_IN_PRIVATE
    else:
        text = SWITCHED_OFF if where.for_adults else NOT_MARKED
    return text.format(name=clean_name(role.name, str(NAMELESS)))


def _called(heard: Utterance, kept_out: Iterable[PlayedCharacter]) -> PlayedCharacter | None:
    """Return the character that a message addresses; None if it addresses none of them."""
    words = heard.said
    roles = list(kept_out)
    named = next((role for role in roles if calls(words, names_of(role.character))), None)
    if named or not (heard.where.place.private or heard.mentions_me or heard.replies_to_me):
        return named
    return next((role for role in roles if role.primary), roles[0] if roles else None)
