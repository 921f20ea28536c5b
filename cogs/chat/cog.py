"""Messages from Discord, which the characters hear and answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.conversation.types import Arrival, Backlog, Mouth, Utterance
from bot.core.errors import SpeakingError
from bot.core.tasks import Tasks
from bot.discord.malformed_events import UNREADABLE
from cogs._discord.attachments import attachments_in
from cogs._discord.consent import ask
from cogs._discord.fetching import AttachmentFetcher
from cogs._discord.hearing import TALK, asks_for_map, hear, is_own_webhooks, is_ticket, words_of
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.speaking import mouth_in
from cogs.chat.avatars import give_faces
from database import DatabaseError
from memory.places import Place

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

GuildChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

Readable = GuildChannel | discord.PartialMessageable

DM_CHANNELS_LOOKED_AT = 100
DM_QUIET_AFTER = timedelta(days=7)
FETCHING_SECONDS = 30.0
"""Most seconds that new messages in a channel wait for the download of the missed ones."""
HELD_SECONDS = 60.0
"""Most seconds that new messages wait until the channels with missed messages are known."""
ASKING_SECONDS = 10.0
"""Deadline in seconds for single requests to Discord, such as a member or a channel."""
FACES_SECONDS = 300
"""Seconds between two checks for changed pictures of characters."""
AT_ONCE = 4
"""Channels that are caught up at the same time: more would only meet Discord's rate limit."""


class ChatCog(commands.Cog):
    """Hears messages, edits and deletions, and catches up after a gap."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._conversation = bot.app.conversation
        self._going_on = asyncio.Lock()
        self._rooms = bot.app.rooms
        self._session = 0  # number of connections begun so far
        self._missed = True  # the gaps before this session are not known yet
        self._behind: dict[int, int] = {}  # by channel with a gap, the session in which the gap was found
        self._catching_up: set[int] = set()
        self._roles: dict[tuple[int, int], tuple[int, ...]] = {}  # by guild and user, while catching up
        self._tasks = Tasks()
        bot.app.outbox.look_again = self._refetch
        self._fetcher = bot.app.perception.fetch = AttachmentFetcher(bot)
        bot.app.schedule.every(60, self._resume, name="go on with what was left behind")
        if len(bot.app.company) > 1:
            bot.app.schedule.every(FACES_SECONDS, self._give_new_faces, name="give faces to characters")

    async def cog_unload(self) -> None:
        self._tasks.cancel()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Hear a message; commands for other cogs are dispatched to them as events."""
        if self._in_log_channel(message):
            self.bot.dispatch("operator_message", message)
        if asks_for_map(message):
            self.bot.dispatch("map_request", message)
        await self._hear(message)

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """Hold new messages after a new session until the missed ones are fetched.

        If one of several shards starts a new session, the others talk on; until then the watermarks stay.
        """
        self._session += 1
        self._missed = True
        if not self.bot.is_ready() or self.bot.shard_count in (None, 1):
            self._rooms.hold()
            self._spawn(self._release_after_timeout(self._session))

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        message = payload.message
        if self._is_own(message) or message.type not in TALK:
            return
        words, attached = words_of(message), attachments_in(message)
        if message.edited_at:
            await self.bot.app.message_log.edited(payload.channel_id, message.id, words, attached)
        elif attached:
            await self.bot.app.message_log.previewed(message.id, words, attached)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._deleted(payload.channel_id, {payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self._deleted(payload.channel_id, payload.message_ids)

    async def _deleted(self, channel_id: int, message_ids: set[int]) -> None:
        """Record the deletion of messages, and delete their recordings."""
        spoken = await self.bot.app.voice_replies.spoken_among(message_ids)
        await self.bot.app.message_log.deleted(channel_id, message_ids)
        mouth = mouth_in(self.bot, channel_id).speaking_as(self.bot.app.company.primary.speaker)
        for message_id in spoken:
            try:
                await mouth.unsay(message_id)
            except SpeakingError as error:
                log.warning("A recording in channel %s is not deleted: %s", channel_id, error)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Continue after a crash, a restart or a lost session; READY may come any number of times."""
        self._spawn(give_faces(self.bot))
        await self._finish_replies()
        await self._look_for_gaps()
        await self._resume()

    @commands.Cog.listener()
    async def on_shard_ready(self, _shard_id: int) -> None:
        """Catch up after a new session of one shard, because READY comes only for all shards together."""
        if self._missed and self.bot.is_ready():
            await self._look_for_gaps()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Catch up with a server that was unavailable at READY."""
        if not self._missed and self.bot.is_ready():
            await self._catch_up_with([gap async for gap in self._gaps([guild], private=False)], {})

    @property
    def _me(self) -> int:
        assert self.bot.user is not None
        return self.bot.user.id

    def _is_own(self, message: discord.Message) -> bool:
        """Return whether one of our characters wrote a message, as the bot or through our webhooks (D11)."""
        return message.author.id == self._me or is_own_webhooks(message, self.bot.application_id)

    async def _hear(self, message: discord.Message) -> None:
        """Record a message after the earlier ones of its channel, and answer it."""
        heard = await self._conversation.hear(self._arrival(message))
        privacy = self.bot.app.privacy
        if heard and privacy.asks_after and (asking := await privacy.asks(heard)):
            await ask(self.bot, message.channel, heard, asking)

    def _arrival(self, message: discord.Message) -> Arrival:
        return Arrival(
            message.channel.id,
            message.id,
            message.author.id,
            look=partial(self._look, message),
            mouth=lambda: self._mouth(message.channel),
            gapless=lambda: not self._missed and message.channel.id not in self._behind,
            not_noted=lambda: self._behind.setdefault(message.channel.id, 0),
        )

    async def _look(self, message: discord.Message) -> Utterance | None:
        """Return a message as an utterance; None if it is not meant for a character."""
        if self._is_own(message) or message.type not in TALK or not await self._knows_place(message):
            return None
        if is_ticket(message.channel, self._me):
            return None  # tickets are for the staff only, so they are not even recorded
        if self._in_log_channel(message) or asks_for_map(message):
            return None
        return await self._heard(message)

    async def _knows_place(self, message: discord.Message) -> bool:
        """Return whether the channel of a message is known; an unknown thread is fetched from Discord.

        Without its channel the rules that apply there are not known either, so the bot does not listen.
        """
        if not isinstance(message.channel, discord.PartialMessageable):
            return True
        if message.guild is None:
            return message.channel.guild_id is None  # otherwise it belongs to an unknown server
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
        """Return a message as an utterance, with the author's roles even if the message is from history."""
        self._fetcher.notice(message)
        heard = hear(message, me=self._me, application_id=self.bot.application_id)
        if heard.author_roles is not None or message.guild is None:
            return heard
        house = await self.bot.app.administration.house(message.guild.id)
        return replace(heard, author_roles=await self._roles_of(message) if house.denied_roles else ())

    async def _roles_of(self, message: discord.Message) -> tuple[int, ...] | None:
        """Fetch the roles of a message's author; None if that fails."""
        assert message.guild is not None
        author = (message.guild.id, message.author.id)
        if author not in self._roles:
            try:
                async with asyncio.timeout(ASKING_SECONDS):
                    member = await message.guild.fetch_member(message.author.id)
            except discord.NotFound:  # the author has left the server and has no roles
                self._roles[author] = ()
            except DISCORD_FAULTS as error:
                self._failed("Can't read the roles of a member", error)
                return None
            else:
                self._roles[author] = tuple(role.id for role in member.roles)
        return self._roles[author]

    def _in_log_channel(self, message: discord.Message) -> bool:
        """Return whether a message is in the log channel or its threads, where the character is silent."""
        log_channel = self.bot.app.settings.log_channel
        parent_id = message.channel.parent_id if isinstance(message.channel, discord.Thread) else None
        return log_channel is not None and log_channel in (message.channel.id, parent_id)

    async def _resume(self) -> None:
        """Finish queued replies, catch up with missed messages, and resume scenes."""
        if not self.bot.is_ready():
            return
        self._roles.clear()
        if self._missed:
            await self._look_for_gaps()
        else:
            again = set(self._behind) - self._catching_up
            gaps = [gap async for gap in self._gaps(self.bot.guilds) if gap[0].id in again] if again else []
            for channel_id in again - {channel.id for channel, _ in gaps}:
                del self._behind[channel_id]  # its gap is closed
            await self._catch_up_with(gaps, await self._undecided())
        async with self._going_on:
            await self.bot.app.finish_replies(self._mouth)
            await self.bot.app.drafting.take_down_left(self._mouth)
        self._spawn(self.bot.app.following.resume(self._mouth))

    async def _finish_replies(self) -> None:
        """Deliver each queued reply as the next turn in its channel, before anything else."""
        in_place = asyncio.Event()

        async def finish() -> None:
            try:
                await self.bot.app.finish_replies(self._mouth, in_place=in_place.set)
            except DatabaseError as error:  # the job tries again
                log.error("Can't finish the replies that are pledged: %s", error)  # noqa: TRY400
            finally:
                in_place.set()

        self._spawn(finish())
        await in_place.wait()

    async def _undecided(self) -> dict[int, list[int]]:
        """Return by channel the ids of messages that were recorded before a stop, but not decided on."""
        left: dict[int, list[int]] = {}
        for channel_id, message_id in sorted(await self.bot.app.intake.left_open()):
            left.setdefault(channel_id, []).append(message_id)
        return left

    async def _give_new_faces(self) -> None:
        if self.bot.is_ready():
            await give_faces(self.bot, changed_only=True)

    async def _refetch(self, channel_id: int, message_id: int) -> discord.Message | None:
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                channel = self.bot.get_channel(channel_id) or await self.bot.fetch_channel(channel_id)
                assert isinstance(channel, discord.abc.Messageable)
                message = await channel.fetch_message(message_id)
        except (discord.NotFound, discord.Forbidden):
            await self.bot.app.message_log.deleted(channel_id, {message_id})
        except DISCORD_FAULTS as error:
            self._failed(f"Can't look at message {message_id} again", error)
        else:
            if message.type in TALK:
                return message
            await self.bot.app.message_log.deleted(channel_id, {message_id})
        return None

    async def _look_for_gaps(self) -> None:
        """Fetch undecided and missed messages, which are handled before newer ones.

        Returns when every channel with a gap has its place in the queue; the download continues.
        """
        session = self._session
        try:
            behind = [gap async for gap in self._gaps(self.bot.guilds)]
            left = await self._undecided()
        except DatabaseError as error:  # the job looks again
            log.error("Nobody knows what was missed: %s", error)  # noqa: TRY400
            behind, left = [], {}
        else:
            self._missed = self._missed and session != self._session
        await self._catch_up_with(behind, left)
        if session == self._session:
            self._rooms.release()

    async def _catch_up_with(
        self, behind: Sequence[tuple[Readable, int]], left: Mapping[int, Sequence[int]]
    ) -> None:
        """Catch up channels that are `behind` a message id, and handle the undecided messages in `left`."""
        if behind:
            log.info("Catching up with %d channels", len(behind))
        at_once, session = asyncio.Semaphore(AT_ONCE), self._session
        gaps = {channel.id: (channel, after) for channel, after in behind}
        self._behind.update(dict.fromkeys(gaps, session))
        for channel_id in (gaps.keys() | left.keys()) - self._catching_up:
            backlog = self._backlog(
                channel_id, left.get(channel_id, ()), gaps.get(channel_id), at_once, session
            )
            self._spawn(self._catch_up(channel_id, backlog))
        await asyncio.sleep(0)  # each task takes its place in the queue in its first step

    def _backlog(
        self,
        channel_id: int,
        left: Sequence[int],
        gap: tuple[Readable, int] | None,
        at_once: asyncio.Semaphore,
        session: int,
    ) -> Backlog:
        async def look_again() -> list[Utterance]:
            async with at_once:
                found = [await self._refetch(channel_id, message_id) for message_id in left]
                return [await self._heard(message) for message in found if message]

        async def fetch() -> list[Arrival]:
            if gap is None:
                return []
            try:
                async with asyncio.timeout(FETCHING_SECONDS), at_once:
                    return [self._arrival(message) for message in await self._fetch(*gap)]
            except DISCORD_FAULTS as error:
                self._failed("Can't read what was said meanwhile", error)
                raise SpeakingError("what was said meanwhile can't be read") from error

        def caught_up() -> None:
            if gap and self._behind.get(channel_id) == session:
                del self._behind[channel_id]

        return Backlog(look_again, fetch, caught_up)

    async def _catch_up(self, channel_id: int, backlog: Backlog) -> None:
        self._catching_up.add(channel_id)
        try:
            await self._conversation.catch_up(channel_id, backlog, self._mouth(channel_id))
            await self.bot.app.drafting.take_down_left(self._mouth, channel_id)
        finally:
            self._catching_up.discard(channel_id)

    async def _release_after_timeout(self, session: int) -> None:
        """Release held messages if READY does not come in time; then no watermark moves."""
        await asyncio.sleep(HELD_SECONDS)
        if self._missed and session == self._session:
            self._rooms.release()

    async def _gaps(
        self, guilds: Iterable[discord.Guild], *, private: bool = True
    ) -> AsyncIterator[tuple[Readable, int]]:
        """Yield channels with possible gaps, and the id of the last message heard in each."""
        attention = self.bot.app.manner.attention
        unanswered = discord.utils.utcnow() - max(attention.too_old, attention.answers_missed)
        fresh = discord.utils.time_snowflake(unanswered)
        readable = [channel for channel in self._channels_of(guilds) if channel.last_message_id]
        known = await self.bot.app.message_log.watermarks(channel.id for channel in readable)
        for channel in readable:
            after = known.get(channel.id) or fresh
            if (channel.last_message_id or 0) > after:
                yield channel, after
        if not private:
            return
        recent = discord.utils.time_snowflake(discord.utils.utcnow() - DM_QUIET_AFTER)
        for channel_id, after in await self.bot.app.message_log.known(Place.DM, limit=DM_CHANNELS_LOOKED_AT):
            if after == 0 or after > recent:
                kind = discord.ChannelType.private
                yield self.bot.get_partial_messageable(channel_id, type=kind), after or fresh

    def _channels_of(self, guilds: Iterable[discord.Guild]) -> list[GuildChannel]:
        """Return the channels of servers whose history the bot can read."""
        channels: list[GuildChannel] = []
        for guild in guilds:
            channels += [*guild.text_channels, *guild.voice_channels, *guild.stage_channels]
            channels += [thread for thread in guild.threads if thread.parent is not None]
        return [
            channel for channel in channels if channel.permissions_for(channel.guild.me).read_message_history
        ]

    async def _fetch(self, channel: Readable, after: int) -> list[discord.Message]:
        """Return the messages of a channel after one, at most 24 hours old, oldest first."""
        oldest = discord.utils.time_snowflake(discord.utils.utcnow() - timedelta(hours=24))
        since = discord.Object(max(after, oldest))
        newest_first = channel.history(
            after=since, limit=self.bot.app.settings.backfill_limit, oldest_first=False
        )
        return [message async for message in newest_first][::-1]

    def _failed(self, what: str, error: Exception) -> None:
        if isinstance(error, discord.HTTPException) and error.status == 401:
            self.bot.stop_for_bad_token()
        log.warning("%s: %s", what, type(error).__name__)

    def _mouth(self, channel: "MessageableChannel | int") -> Mouth:
        return mouth_in(self.bot, channel)

    def _spawn(self, walk: Coroutine[None, None, None]) -> None:
        """Run a turn concurrently with others."""
        self._tasks.spawn(walk, name="A turn")


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ChatCog(bot))
