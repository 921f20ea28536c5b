"""The people of a voice channel: who they are, and what they said aloud, written into its chat."""

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
    """Return a voice channel's own chat as a place."""
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
    """Who is in a voice channel with the bot, and which of them may be heard."""

    def __init__(self, channel: discord.VoiceChannel) -> None:
        self.channel = channel
        self._members: dict[int, discord.Member] = {}
        self.agreed = frozenset[int]()

    def may_be_heard(self, person_id: int) -> bool:
        """Say whether somebody agreed; it is asked for each packet, in any thread."""
        return person_id in self.agreed

    def met(self, member: discord.Member) -> None:
        """Take notice of what Discord says of somebody."""
        self._members[member.id] = member

    @property
    def present(self) -> set[int]:
        """Everybody who is there, but for the bot and other bots as far as they are known."""
        bots = {member.id for member in self._members.values() if member.bot} | {self.channel.guild.me.id}
        return set(self.channel.voice_states) - bots

    @property
    def anybody_agreed(self) -> bool:
        return bool(self.present & self.agreed)

    def named(self) -> tuple[Person, ...]:
        """Return those who are there as people who may be meant."""
        known = [self._members[person_id] for person_id in sorted(self.present) if person_id in self._members]
        return tuple(
            Person(member.id, (clean_name(member.display_name, f"user {member.id}"),)) for member in known
        )

    async def member(self, person_id: int) -> discord.Member | None:
        """Return somebody; None where Discord does not tell who they are."""
        if person_id not in self._members:
            try:
                async with asyncio.timeout(ASKING_SECONDS):
                    self.met(await self.channel.guild.fetch_member(person_id))
            except DISCORD_FAULTS as error:
                log.warning("Nobody knows who speaks in a voice channel: %s", type(error).__name__)
                return None
        return self._members[person_id]


class ChatTranscript:
    """Writes what people say into the chat of the voice channel, so that it can be read and deleted there.

    Without `posts` the id of what was said is made, and it can be forgotten by its author or its place.
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
        """Return what a person said; None where they are not to be heard, or it can't be written down."""
        member, where = await self._people.member(person_id), where_in(self._channel)
        if member is None or member.bot or not await listens_to(self._bot, member, where):
            self._people.agreed -= {person_id}  # in this call their packets are thrown away from now on
            return None
        text = shortened(" ".join(clean_text(words).split()), LONGEST_WORDS)
        # Between the question and here they may have withdrawn.
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
