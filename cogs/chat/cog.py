"""What is said where the bot can hear it, answered by the character."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.conversation.types import Mouth, Utterance
from bot.core.tasks import Tasks
from bot.discord.malformed_events import UNREADABLE
from cogs._discord.consent import ask
from cogs._discord.hearing import TALK, asks_for_map, hear, is_own_webhooks, is_ticket, text_of
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.speaking import mouth_in
from cogs.chat.avatars import give_faces
from memory.places import Place

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

GuildChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

Readable = GuildChannel | discord.PartialMessageable

DM_CHANNELS_LOOKED_AT = 100
DM_QUIET_AFTER = timedelta(days=7)
ASKING_SECONDS = 10.0
"""Seconds that Discord may take to tell what a message came without."""
FACES_SECONDS = 300
"""Seconds between two looks whether a character's picture is another one now."""
AT_ONCE = 4
"""Channels that are caught up with side by side: more would only meet Discord's rate limit."""


class Chat(commands.Cog):
    """Hears messages, edits and deletions, and catches up after a gap."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._conversation = bot.app.conversation
        self._going_on = asyncio.Lock()
        self._connected = 1  # sessions begun
        self._caught_up = 0  # the session up to whose beginning everything was heard
        self._behind: set[int] = set()  # channels that could not be caught up with
        self._roles: dict[tuple[int, int], tuple[int, ...]] = {}  # by guild and user, while catching up
        self._tasks = Tasks()
        bot.app.schedule.every(60, self._go_on, name="go on with what was left behind")
        if len(bot.app.company) > 1:
            bot.app.schedule.every(FACES_SECONDS, self._give_new_faces, name="give faces to characters")

    async def cog_unload(self) -> None:
        self._tasks.cancel()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        caught_up = self._connected == self._caught_up and message.channel.id not in self._behind
        await self._hear(message, gapless=caught_up)

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """A new session began: what was said since the last one is not heard yet."""
        self._connected += 1

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        message = payload.message
        if not self._is_own(message) and message.type in TALK and message.edited_at:
            await self.bot.app.message_log.edited(payload.channel_id, message.id, text_of(message))

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.bot.app.message_log.deleted(payload.channel_id, {payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self.bot.app.message_log.deleted(payload.channel_id, payload.message_ids)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Go on where a crash, a restart or a lost session left off; READY may come any number of times."""
        session = self._connected
        self._roles.clear()
        self._spawn(give_faces(self.bot))
        await self._go_on()
        await self._backfill()
        self._caught_up = session

    @property
    def _me(self) -> int:
        assert self.bot.user is not None
        return self.bot.user.id

    def _is_own(self, message: discord.Message) -> bool:
        """Say whether a character of ours said it: as the bot, or through one of our webhooks (D11)."""
        return message.author.id == self._me or is_own_webhooks(message, self.bot.application_id)

    async def _hear(self, message: discord.Message, *, gapless: bool) -> None:
        if self._is_own(message) or message.type not in TALK or not await self._knows_place(message):
            return
        if is_ticket(message.channel, self._me):
            return  # what is told the staff is nothing for a character, and is not even noted
        if not self._for_operator(message) and not asks_for_map(message):
            heard = await self._heard(message)
            await self._conversation.take_turn(heard, self._mouth(message.channel), gapless=gapless)
            if asking := await self.bot.app.privacy.asks(heard):
                await ask(self.bot, message.channel, heard, asking)

    async def _knows_place(self, message: discord.Message) -> bool:
        """Say whether it is known where something was said; of a thread never heard of, Discord is asked.

        Without its channel, what holds there is not known either: then it is not listened to.
        """
        if not isinstance(message.channel, discord.PartialMessageable):
            return True
        if message.guild is None:
            return message.channel.guild_id is None  # else of a server that Discord told us nothing of
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                channel = await self.bot.fetch_channel(message.channel.id)
        except (*DISCORD_FAULTS, *UNREADABLE) as error:
            self._failed(f"Can't read what kind of channel {message.channel.id} is", error)
            return False
        assert isinstance(channel, GuildChannel)
        message.channel = channel
        return True

    async def _heard(self, message: discord.Message) -> Utterance:
        """Return what was said; of a message that was fetched later, with its author's roles."""
        heard = hear(message, me=self._me, application_id=self.bot.application_id)
        if heard.author_roles is not None or message.guild is None:
            return heard
        house = await self.bot.app.administration.house(message.guild.id)
        return replace(heard, author_roles=await self._roles_of(message) if house.denied_roles else ())

    async def _roles_of(self, message: discord.Message) -> tuple[int, ...] | None:
        """Ask Discord for the roles of who wrote a message; None when it does not tell."""
        assert message.guild is not None
        author = (message.guild.id, message.author.id)
        if author not in self._roles:
            try:
                async with asyncio.timeout(ASKING_SECONDS):
                    member = await message.guild.fetch_member(message.author.id)
            except discord.NotFound:  # gone from the server, and the roles with them
                self._roles[author] = ()
            except DISCORD_FAULTS as error:
                self._failed("Can't read the roles of a member", error)
                return None
            else:
                self._roles[author] = tuple(role.id for role in member.roles)
        return self._roles[author]

    def _for_operator(self, message: discord.Message) -> bool:
        """Say whether this is the log channel, or a thread of it: the character takes no part in that."""
        log_channel = self.bot.app.settings.log_channel
        parent_id = message.channel.parent_id if isinstance(message.channel, discord.Thread) else None
        return log_channel is not None and log_channel in (message.channel.id, parent_id)

    async def _go_on(self) -> None:
        """Finish the replies that are pledged, take up what was left behind, let those speak who were to."""
        if not self.bot.is_ready():
            return
        async with self._going_on:
            await self.bot.app.finish_replies(self._mouth)
            for channel_id, message_id in await self.bot.app.intake.left_open():
                await self._take_up(channel_id, message_id)
        self._spawn(self.bot.app.following.resume(self._mouth))

    async def _give_new_faces(self) -> None:
        if self.bot.is_ready():
            await give_faces(self.bot, changed_only=True)

    async def _take_up(self, channel_id: int, message_id: int) -> None:
        """Look at a message again, as it is by now, and walk on with it."""
        try:
            channel = self.bot.get_channel(channel_id) or await self.bot.fetch_channel(channel_id)
            assert isinstance(channel, discord.abc.Messageable)
            message = await channel.fetch_message(message_id)
        except (discord.NotFound, discord.Forbidden):
            await self.bot.app.message_log.deleted(channel_id, {message_id})
        except DISCORD_FAULTS as error:
            self._failed(f"Can't look at message {message_id} again", error)
        else:
            if message.type not in TALK:
                await self.bot.app.message_log.deleted(channel_id, {message_id})
                return
            heard = await self._heard(message)
            self._spawn(self._conversation.resume(heard, self._mouth(message.channel)))

    async def _backfill(self) -> None:
        """Fetch what was said while nobody listened: it is noted, and answered where it is fresh."""
        behind = [gap async for gap in self._gaps()]
        if not behind:
            return
        log.info("Catching up with %d channels", len(behind))
        turnstile = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._fetch(channel, after, turnstile) for channel, after in behind))

    async def _gaps(self) -> AsyncIterator[tuple[Readable, int]]:
        """Yield channels in which something may have been said, and the last message heard there."""
        fresh = discord.utils.time_snowflake(discord.utils.utcnow() - self.bot.app.manner.attention.too_old)
        readable = [channel for channel in self._guild_channels() if channel.last_message_id]
        known = await self.bot.app.message_log.watermarks(channel.id for channel in readable)
        for channel in readable:
            after = known.get(channel.id) or fresh
            if (channel.last_message_id or 0) > after:
                yield channel, after
        recent = discord.utils.time_snowflake(discord.utils.utcnow() - DM_QUIET_AFTER)
        for channel_id, after in await self.bot.app.message_log.known(Place.DM, limit=DM_CHANNELS_LOOKED_AT):
            if after == 0 or after > recent:
                kind = discord.ChannelType.private
                yield self.bot.get_partial_messageable(channel_id, type=kind), after or fresh

    def _guild_channels(self) -> list[GuildChannel]:
        """Return the channels of all servers in which talk can be read."""
        channels: list[GuildChannel] = []
        for guild in self.bot.guilds:
            channels += [*guild.text_channels, *guild.voice_channels, *guild.stage_channels]
            channels += [thread for thread in guild.threads if thread.parent is not None]
        return [one for one in channels if one.permissions_for(one.guild.me).read_message_history]

    async def _fetch(self, channel: Readable, after: int, turnstile: asyncio.Semaphore) -> None:
        oldest = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(hours=24))
        since = discord.Object(max(after, oldest))
        limit = self.bot.app.settings.backfill_limit
        try:
            async with turnstile:
                newest_first = channel.history(after=since, limit=limit, oldest_first=False)
                messages = [message async for message in newest_first]
        except DISCORD_FAULTS as error:
            self._behind.add(channel.id)
            self._failed("Can't read what was said meanwhile", error)
            return
        self._behind.discard(channel.id)
        for message in reversed(messages):
            self._spawn(self._hear(message, gapless=True))

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, discord.HTTPException) and error.status == 401:
            self.bot.stop_for_bad_token()
        log.warning("%s: %s", what, type(error).__name__)

    def _mouth(self, channel: "MessageableChannel | int") -> Mouth:
        return mouth_in(self.bot, channel)

    def _spawn(self, walk: Coroutine[None, None, None]) -> None:
        """Let a turn be taken while others are."""
        self._tasks.spawn(walk, name="A turn")


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Chat(bot))
