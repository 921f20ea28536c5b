"""Outlets that post a reply on Discord: as the bot itself, or by webhook as a character with its own face."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import discord
from discord.utils import MISSING

from bot.conversation.company import Speaker
from bot.conversation.types import NO_EMOTES, Mouth, Part
from bot.core.clock import Clock
from bot.core.errors import Unsayable
from bot.core.tasks import running
from bot.discord.commands import is_age_restricted
from bot.features.speech.voice_replies import VoiceReplies
from cogs._discord.hearing import is_ticket
from cogs._discord.options import Talkative, may_write, place_in
from cogs._discord.posting import DISCORD_FAULTS, UNKNOWN_MESSAGE, GatedMouth, Posting, Prefixed
from cogs._discord.text import emotes_of
from cogs._discord.voice_messages import SpeakingMouth
from cogs._discord.webhooks import ThreadWebhook, Uncertain, Webhooks, is_gone, username_of, webhooks_of

if TYPE_CHECKING:
    from discord.abc import MessageableChannel, PartialMessageableChannel

    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

TYPING_AFTER = 0.5
"""Seconds before the typing indicator shows: an immediate answer needs none."""
CANNOT_ANSWER = "\N{ZIPPER-MOUTH FACE}"
"""The reaction to a message if no answer can be generated and errors=react (C19)."""
TYPING_AGAIN = 8.0
"""Seconds between two typing requests: Discord drops the indicator after about ten (F055)."""


class DiscordMouth:
    """Posts replies in one channel as the bot, through `posting`."""

    show: Callable[[str], None] | None = None

    def __init__(
        self,
        channel: "PartialMessageableChannel",
        posting: Posting,
        *,
        me: int,
        clock: Clock,
        webhooks: Webhooks | None = None,
        known: object = None,
        private: Callable[[int], Awaitable[discord.DMChannel]] | None = None,
        voices: VoiceReplies | None = None,
    ) -> None:
        self.me = me
        self._known = known  # the channel in discord.py's cache, if it is there
        self.guild: discord.Guild | None = getattr(known, "guild", None)
        self._private = private
        self._in_private = isinstance(channel, discord.DMChannel)
        self.posting = posting
        self._channel = channel
        self._clock = clock
        self._webhooks = webhooks
        self._voices = voices

    @property
    def emotes(self) -> Mapping[str, str]:
        return emotes_of(self.guild, discord.Emoji.is_usable) if self.guild else NO_EMOTES

    def speaking_as(self, speaker: Speaker) -> Mouth:
        mouth: Mouth = self if speaker.primary else WebhookMouth(self, speaker, self._webhooks)
        if self._voices:
            mouth = SpeakingMouth(mouth, speaker, self._voices, self.posting, me=self.me)
        return GatedMouth(mouth, self._is_for_adults) if speaker.nsfw else mouth

    def _is_for_adults(self) -> bool:
        return is_age_restricted(self._known)

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Show the typing indicator; a failure to show it doesn't prevent the answer."""
        async with running(self._keep_typing(), name="Showing that a character types"):
            yield

    async def say(self, part: Part, *, to: int) -> int:
        """Post one part, exactly once even if the request is sent again."""
        async with self.posting.asking():
            return await self.posting.post(part, to=to)

    async def edit(self, message_id: int, text: str) -> None:
        async with self.posting.asking(change=True):
            await self.posting.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        async with self.posting.asking(change=True):
            await self.posting.delete(message_id)

    async def react(self, message_id: int) -> None:
        """React to a message that can't be answered."""
        async with self.posting.asking():
            await self._channel.get_partial_message(message_id).add_reaction(CANNOT_ANSWER)

    async def whisper(self, part: Part, *, to: int) -> bool:
        """Post a part in one person's DM, which may be this channel."""
        try:
            async with self.posting.asking():
                await (await self._alone_with(to)).post(part, to=to)
        except Unsayable:
            return False
        return True

    async def _alone_with(self, person_id: int) -> Posting:
        if self._private is None or self._in_private:
            return self.posting
        return self.posting.elsewhere(await self._private(person_id))

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Find a part by its text in the bot's posts after a message; history has no nonces."""
        async with self.posting.asking():
            async for message in self.posting.history(after):
                mine = message.author.id == self.me and message.id not in known
                if mine and message.content.strip() == part.text.strip():
                    return message.id
        return None

    async def _keep_typing(self) -> None:
        try:
            await self._clock.sleep(TYPING_AFTER)
            while True:
                await self._channel.typing()
                await self._clock.sleep(TYPING_AGAIN)
        except DISCORD_FAULTS as error:
            log.debug("Typing can't be shown: %s", type(error).__name__)


class WebhookMouth:
    """Posts the replies of one of the further characters, under its name and with its face (C20).

    If the channel has no webhook, the bot posts them with the name before the text. `me` is the
    character's stand-in for a user id.
    """

    show: Callable[[str], None] | None = None

    def __init__(self, own: DiscordMouth, speaker: Speaker, webhooks: Webhooks | None) -> None:
        self.me = speaker.id
        self._own = own
        self._posting = own.posting
        self._channel = own.posting.channel
        self._webhooks = webhooks
        self._username = username_of(speaker)
        self._face = speaker.avatar or MISSING
        self._prefixed = Prefixed(own.posting, speaker.name, me=own.me)

    @property
    def emotes(self) -> Mapping[str, str]:
        """The server's emotes that everybody may use, because a webhook has no roles."""
        guild = self._own.guild
        return emotes_of(guild, lambda emote: emote.available and not emote.roles) if guild else NO_EMOTES

    def speaking_as(self, speaker: Speaker) -> Mouth:
        return self._own.speaking_as(speaker)

    def typing(self) -> AbstractAsyncContextManager[None]:
        return self._own.typing()

    async def react(self, message_id: int) -> None:
        await self._own.react(message_id)

    async def say(self, part: Part, *, to: int) -> int:
        """Post one part exactly once: a retry first looks for it in the channel (faults A9, B1)."""
        after = self._webhooks.newest(self._channel) if self._webhooks else 0
        may_be_there = False

        async def send() -> int | None:
            nonlocal may_be_there
            if may_be_there and (found := await self._posted(part, after)) is not None:
                return found
            if (outlet := await self._outlet()) is None:
                return None
            before, may_be_there = may_be_there, True
            try:
                return await self._execute(outlet, part, to)
            except discord.HTTPException as error:
                if not self._lost(outlet, error):
                    raise
                may_be_there = before
                raise Uncertain("the webhook is gone") from error

        async with self._posting.asking():
            message_id = await self._posting.patiently(send)
            return message_id if message_id is not None else await self._prefixed.say(part, to=to)

    async def edit(self, message_id: int, text: str) -> None:
        """Replace the text of one of the character's messages without pinging anybody."""
        async with self._posting.asking(change=True):
            if outlet := await self._outlet():
                nobody = discord.AllowedMentions.none()
                edit = outlet.hook.edit_message(
                    message_id, content=text, allowed_mentions=nobody, thread=outlet.thread
                )
                if await self._done(outlet, edit):
                    return
            await self._prefixed.edit(message_id, text)

    async def unsay(self, message_id: int) -> None:
        async with self._posting.asking(change=True):
            if outlet := await self._outlet():
                deletion = outlet.hook.delete_message(message_id, thread=outlet.thread)
                if await self._done(outlet, deletion):
                    return
            await self._prefixed.unsay(message_id)

    async def whisper(self, part: Part, *, to: int) -> bool:
        return await self._own.whisper(part, to=to)

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Find a part after a message, posted by webhook or by the bot with the name before the text.

        If the bot needed several messages for it, this posts the missing ones.
        """
        async with self._posting.asking():
            async for message in self._posting.history(after):
                if message.id in known:
                    continue
                if self._is_of_webhook(message, part):
                    return message.id
                if self._prefixed.is_first_of(message, part):
                    await self._prefixed.complete(message.id, part)
                    return message.id
        return None

    async def _outlet(self) -> ThreadWebhook | None:
        return await self._webhooks.outlet(self._channel) if self._webhooks else None

    async def _execute(self, outlet: ThreadWebhook, part: Part, to: int) -> int:
        assert self._webhooks is not None
        message = await outlet.once.send(
            part.text,
            username=self._username,
            avatar_url=self._face,
            allowed_mentions=self._posting.pinging(to),
            thread=outlet.thread,
            wait=True,
        )
        self._webhooks.posted(self._channel, message.id)
        return message.id

    async def _done(self, outlet: ThreadWebhook, asked: Awaitable[object]) -> bool:
        """Await a request about a message; return False if the message is not of this webhook."""
        try:
            await asked
        except discord.HTTPException as error:
            if self._lost(outlet, error) or error.code == UNKNOWN_MESSAGE:
                return False
            raise
        return True

    def _lost(self, outlet: ThreadWebhook, error: discord.HTTPException) -> bool:
        """Return whether an error means that the webhook is gone, and if so forget the webhook."""
        assert self._webhooks is not None
        if not is_gone(error):
            return False
        self._webhooks.forget(outlet)
        return True

    async def _posted(self, part: Part, after: int) -> int | None:
        """Return the id of a part whose response from Discord got lost; None if it was not posted."""
        newest_first = self._posting.history(after, oldest_first=False)
        found = [message async for message in newest_first if self._is_of_webhook(message, part)]
        return found[0].id if found else None

    def _is_of_webhook(self, message: discord.Message, part: Part) -> bool:
        if self._webhooks is None or not self._webhooks.is_ours(message):
            return False
        return message.author.name == self._username and message.content.strip() == part.text.strip()


def mouth_in(bot: "Masquerade", channel: "MessageableChannel | int", *, pings: bool = True) -> DiscordMouth:
    """Return the outlet of a channel, which may be given by its id."""
    known = bot.get_channel(channel) if isinstance(channel, int) else channel
    if isinstance(channel, int):
        channel = bot.get_partial_messageable(channel)
    assert not isinstance(channel, discord.GroupChannel)  # bots can't join group DMs
    assert bot.user is not None
    posting = Posting(channel, clock=bot.app.clock, on_unauthorized=bot.stop_for_bad_token, pings=pings)
    return DiscordMouth(
        channel,
        posting,
        me=bot.user.id,
        clock=bot.app.clock,
        webhooks=None if isinstance(known, discord.DMChannel) else webhooks_of(bot),
        known=known,
        private=lambda person_id: bot.create_dm(discord.Object(person_id)),
        voices=bot.app.voice_replies if bot.app.voice_replies.available else None,
    )


def unasked_mouth(bot: "Masquerade", channel_id: int) -> DiscordMouth | None:
    """Return the outlet for unprompted messages, which pings nobody; None if the bot can't post there."""
    channel = bot.get_channel(channel_id)
    if not isinstance(channel, Talkative) or is_log_channel(bot, channel):
        return None
    if is_ticket(channel, channel.guild.me.id):
        return None
    if channel.guild.unavailable or not may_write(channel):
        return None
    return mouth_in(bot, channel, pings=False)


def is_log_channel(bot: "Masquerade", channel: Talkative) -> bool:
    log_channel = bot.app.settings.log_channel
    return log_channel is not None and log_channel in (channel.id, place_in(channel).parent_id)
