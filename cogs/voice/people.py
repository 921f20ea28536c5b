"""The people of a voice channel, and the transcript of their speech in its chat."""

import asyncio
import logging
from typing import TYPE_CHECKING

import discord

from bot.conversation.text.names import clean_name, clean_text
from bot.conversation.text.split import LIMIT
from bot.conversation.types import Part, Person, Utterance
from bot.core.errors import SpeakingError
from bot.discord.commands import is_age_restricted, is_public
from bot.features.speech.call_mouth import MadeIds
from cogs._discord.hearing import listens_to, role_ids
from cogs._discord.posting import DISCORD_FAULTS, safe_name
from cogs._discord.speaking import mouth_in
from cogs._discord.text import shortened
from memory.places import Place, Where

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

ASKING_SECONDS = 10.0
LONGEST_WORDS = LIMIT - 400


def where_in(channel: discord.VoiceChannel) -> Where:
    """Return the chat of a voice channel as a place."""
    return Where(
        channel.id,
        Place.GUILD,
        name=clean_name(channel.name, "unnamed"),
        guild_id=channel.guild.id,
        guild_name=clean_name(channel.guild.name, "unnamed"),
        age_restricted=is_age_restricted(channel),
        public=is_public(channel),
    )


class VoicePeople:
    """The people in a voice channel with the bot, and which of them may be heard."""

    def __init__(self, channel: discord.VoiceChannel) -> None:
        self.channel = channel
        self._members: dict[int, discord.Member] = {}
        self.agreed = frozenset[int]()

    def may_be_heard(self, person_id: int) -> bool:
        """Return whether a person agreed; this is called for each packet and from any thread."""
        return person_id in self.agreed

    def met(self, member: discord.Member) -> None:
        """Cache a member."""
        self._members[member.id] = member

    @property
    def present(self) -> set[int]:
        """The ids of everybody in the channel, without this bot and all known bots."""
        bots = {member.id for member in self._members.values() if member.bot} | {self.channel.guild.me.id}
        return set(self.channel.voice_states) - bots

    @property
    def anybody_agreed(self) -> bool:
        return bool(self.present & self.agreed)

    def named(self) -> tuple[Person, ...]:
        """Return the people in the channel, as candidates for being addressed."""
        known = [self._members[person_id] for person_id in sorted(self.present) if person_id in self._members]
        return tuple(
            Person(member.id, (clean_name(member.display_name, f"user {member.id}"),)) for member in known
        )

    async def member(self, person_id: int) -> discord.Member | None:
        """Return the member with an id, fetched if needed; None if Discord doesn't return one."""
        if person_id not in self._members:
            try:
                async with asyncio.timeout(ASKING_SECONDS):
                    self.met(await self.channel.guild.fetch_member(person_id))
            except DISCORD_FAULTS as error:
                log.warning("Nobody knows who speaks in a voice channel: %s", type(error).__name__)
                return None
        return self._members[person_id]


class ChatTranscript:
    """Posts people's speech in the chat of the voice channel, so that it can be read and deleted there.

    Without `posts` nothing is posted and the id of an utterance is generated; then the utterance can only be
    forgotten by author or place.
    """

    def __init__(
        self, bot: "Masquerade", channel: discord.VoiceChannel, people: VoicePeople, ids: MadeIds
    ) -> None:
        self._bot = bot
        self._channel = channel
        self._people = people
        self._ids = ids
        self._posts = bot.app.settings.voice_transcript
        self._chat = mouth_in(bot, channel, pings=False)

    async def note(self, person_id: int, words: str) -> Utterance | None:
        """Return a person's speech as an utterance; None if they may not be heard or posting fails."""
        member, where = await self._people.member(person_id), where_in(self._channel)
        if member is None or member.bot or not await listens_to(self._bot, member, where):
            self._people.agreed -= {person_id}  # this call discards their packets from now on
            return None
        text = shortened(" ".join(clean_text(words).split()), LONGEST_WORDS)
        # The person may have withdrawn their consent during the await above.
        if not text or not self._people.may_be_heard(person_id):
            return None
        message_id = await self._written(member, text)
        if message_id is None:
            return None
        return Utterance(
            message_id=message_id,
            author_id=person_id,
            author_name=clean_name(member.display_name, f"user {person_id}"),
            account_name=clean_name(member.global_name or member.name, f"user {person_id}"),
            text=text,
            words=text,
            sent_at=self._bot.app.clock.now(),
            where=where,
            author_roles=role_ids(member),
            people=self._people.named(),
            aloud=True,
            alone=self._people.present == {person_id},
        )

    async def _written(self, member: discord.Member, text: str) -> int | None:
        number = self._ids.next()
        if not self._posts:
            return number
        line = f"**{safe_name(member.display_name)}**: {discord.utils.escape_markdown(text)}"
        try:
            return await self._chat.say(Part(1, shortened(line, LIMIT), f"v{number}"), to=0)
        except SpeakingError as error:
            log.warning("What was said aloud is not heard: it can't be written down (%s)", error)
            return None
