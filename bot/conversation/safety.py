"""Characters for adults: what people are told who call one where Discord does not keep children out (C91)."""

import logging
from collections.abc import Collection, Iterable

from bot.conversation.company import Role
from bot.conversation.speakers import Casting
from bot.conversation.text.names import calls, clean_name
from bot.conversation.types import Mouth, Part, Place, Utterance, Where
from bot.core.clock import Clock
from bot.core.cooldown import Once
from bot.core.errors import SpeakingError
from bot.core.i18n import _
from database import Database
from personas.character import names_of

log = logging.getLogger(__name__)

TOLD_AGAIN_AFTER = 3600.0
"""Seconds after which one person is told again in one channel why nobody answers."""

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


class AgeGate:
    """Keeps Discord's marks of channels in mind, and tells people who stand before a closed door."""

    def __init__(self, database: Database, casting: Casting, clock: Clock) -> None:
        self._database = database
        self._casting = casting
        self._told = Once[tuple[int, int]](clock, TOLD_AGAIN_AFTER)

    async def mark(self, channel_ids: Collection[int], *, age_restricted: bool) -> None:
        """Take notice of channels' marks, which hold from now on, for their threads too."""
        if channel_ids:
            async with self._database.begin() as db:
                await db.channels.mark(channel_ids, age_restricted=age_restricted)

    async def refusal(self, role: Role, where: Where) -> str | None:
        """Return why a character must not be in a place, in a sentence for people; None where it may."""
        async with self._database.read() as db:
            admitted = await self._casting.admits(db, role, where)
        return None if admitted else why_not(role, where)

    async def turn_away(self, heard: Utterance, mouth: Mouth) -> bool:
        """Say one polite line to a person who calls a character that is kept out; to others, nothing.

        Say whether somebody called one, told before or not.
        """
        async with self._database.read() as db:
            kept_out = await self._casting.kept_out(db, heard.where)
        role = _called(heard, kept_out)
        if role is None or heard.from_bot:
            return False
        if self._told.first((heard.author_id, heard.where.channel_id)):
            await self._tell(heard, role, mouth)
        return True

    async def _tell(self, heard: Utterance, role: Role, mouth: Mouth) -> None:
        part = Part(1, why_not(role, heard.where), f"a{heard.message_id}")
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", heard.where.channel_id, error)


def why_not(role: Role, where: Where) -> str:
    """Return why a character for adults is kept out of a place, and what to do."""
    if where.place is not Place.GUILD:
        text = NOT_IN_PRIVATE
    else:
        text = SWITCHED_OFF if where.for_adults else NOT_MARKED
    return text.format(name=clean_name(role.name, str(NAMELESS)))


def _called(heard: Utterance, kept_out: Iterable[Role]) -> Role | None:
    """Return which of the characters is meant; None where the words are for nobody of them."""
    words = heard.text if heard.words is None else heard.words
    roles = list(kept_out)
    named = next((role for role in roles if calls(words, names_of(role.character))), None)
    if named or not (heard.where.place.private or heard.mentions_me or heard.replies_to_me):
        return named
    return next((role for role in roles if role.primary), roles[0] if roles else None)
