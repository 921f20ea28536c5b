"""The Discord client: intents, cogs, allowed mentions and shutdown."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.app import App
from bot.audit import Actor
from bot.core import i18n
from bot.core.errors import (
    ConfigurationError,
    SpeakingError,
    Unpostable,
    Unsaid,
)
from bot.core.tasks import spawn
from bot.discord.malformed_events import Leniency
from bot.discord.request_gate import Restraint
from bot.features.operations.log_channel import LogChannelQueue
from database import DatabaseError

log = logging.getLogger(__name__)

COGS = Path(__file__).parents[2] / "cogs"
LONGEST_RATE_LIMIT = 60.0
GUILDS_WITHIN = 0.5
"""Seconds to wait for each further guild at start-up; channels of later guilds are caught up then."""
POST_SECONDS = 30.0
BREAK_OFF_SECONDS = 2.0
PORTAL = "https://discord.com/developers/applications"
BAD_TOKEN = (
    "Discord does not accept discord_token. Copy a new one from your application's page 'Bot' "
    f"({PORTAL}) into config.env, or run: python main.py setup"
)
_USES = ("CommandTree-invoker", "discord-ui-", "discord.py: on_interaction")
"""Prefixes of the task names in which discord.py handles commands, buttons and forms."""

# discord.py's two warnings about missing voice support at each start would bury other warnings.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


class Masquerade(commands.Bot):
    """A Discord account that plays characters. Its only own state is the connection."""

    def __init__(self, app: App, translator: app_commands.Translator, **options: Any) -> None:
        restraint = Restraint(app.clock, self._stop_if_running)
        super().__init__(
            http_trace=restraint.trace(),
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=LONGEST_RATE_LIMIT,
            activity=None if app.character.nsfw else _activity(app.character.description),
            **{"guild_ready_timeout": GUILDS_WITHIN, **options},
        )
        Leniency(self._connection)
        self.app = app
        self._translator = translator
        self.stopped_because: ConfigurationError | None = None
        self.outlet = LogChannelQueue(self._post_in_log_channel, app.clock)
        self.stopping = False
        self.console_link: Callable[[Actor], str] | None = None
        """Creates a link to the console, if there is one."""
        self._closed = asyncio.Event()
        app.tell_operator.listeners.append(self._tell_log_channel)

    async def setup_hook(self) -> None:
        """Load the cogs and start the jobs, once, however often READY arrives (faults A4)."""
        for extension in extensions():
            await self.load_extension(extension)
        await self.tree.set_translator(self._translator)
        await asyncio.to_thread(i18n.read_all)
        await self._sync_commands()
        self.app.schedule.start()

    async def on_message(self, _message: discord.Message, /) -> None:
        """Skip discord.py's search for text commands: there are none."""

    async def on_ready(self) -> None:
        assert self.user is not None
        log.info("Ready as %s in %d servers", self.user.name, len(self.guilds))
        self.outlet.open()
        if self.app.settings.nickname_sync:
            for guild in self.guilds:
                await self._take_nickname(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if self.app.settings.nickname_sync:
            await self._take_nickname(guild)

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Ignore events while the connection closes: discord.py fails on them."""
        if not self.is_closed():
            super().dispatch(event_name, *args, **kwargs)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        if self.is_closed():  # a task that lost its connection during shutdown is no fault
            log.info("%s is cut off by the end", event_method)
            return
        log.error("An error in %s", event_method, exc_info=True)  # noqa: LOG014 - called in one

    def shard_latencies(self) -> Mapping[int, float]:
        """Return the latency of each shard in seconds; NaN before the first heartbeat."""
        return {0: self.latency}

    def begin_stopping(self) -> None:
        """Finish replies under way, then stop (faults A15); repeated calls have no effect."""
        if not self.stopping:
            self.stopping = True
            spawn(self._stop(), name="Stopping")

    async def close(self) -> None:
        """Flush the log channel and close the connection."""
        await self._break_off_uses()
        if self.stopped_because is None:
            await self.outlet.close()
        await super().close()
        self._closed.set()

    async def pause(self, seconds: float) -> None:
        """Sleep until the time is over or the bot closes."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def stop_for_bad_token(self) -> None:
        """Stop for good: retrying with a rejected token only makes it worse (faults A6)."""
        if self.stopped_because is None:
            self.stopped_because = ConfigurationError(BAD_TOKEN)
            self.app.tell_operator(BAD_TOKEN)
            spawn(self.close(), name="Closing the connection")

    def _stop_if_running(self) -> None:
        """Stop for a rejected token, except during login, which reports it by itself."""
        if self.application_id is not None:
            self.stop_for_bad_token()

    async def _take_nickname(self, guild: discord.Guild) -> None:
        """Set the bot's nickname in a server to the character's name, if permitted (F129)."""
        name = self.app.character.name
        if guild.me is None or guild.me.display_name == name:
            return
        try:
            await guild.me.edit(nick=name)
        except discord.HTTPException as error:
            log.info(
                "Can't take the name %s in %r (code %s): give my role the permission Change Nickname there, "
                "or set nickname_sync=false",
                name,
                guild.name,
                error.code,
            )

    async def _sync_commands(self) -> None:
        """Sync the slash commands with Discord if they changed."""
        payload = json.dumps([command.to_dict(self.tree) for command in self.tree.get_commands()])
        digest = hashlib.sha256(payload.encode() + i18n.fingerprint()).hexdigest()
        key = f"commands of {self.application_id}"
        async with self.app.database.read() as db:
            known = await db.states.get(key)
        if known == digest:
            return
        try:
            await self.tree.sync()
        except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError) as error:
            log.warning("The slash commands are not up to date: %s", type(error).__name__)
            return
        async with self.app.database.begin() as db:
            await db.states.set(key, digest)

    async def _stop(self) -> None:
        log.info("Stopping: finishing what is being said")
        within = self.app.settings.drain_seconds
        try:
            used, said = await asyncio.gather(
                _ended(_uses(), within), self.app.conversation.close(within=within)
            )
            if not said:
                log.info("Some replies are not finished; they are after the next start")
            if not used:
                log.info("What somebody pressed or asked for last is not finished")
        except DatabaseError as error:
            log.error("Can't note what was heard last: %s", error)  # noqa: TRY400
        finally:
            await self.close()

    async def _break_off_uses(self) -> None:
        """Cancel commands and buttons under way and accept no more: without a connection they fail."""
        self._connection.parsers.pop("INTERACTION_CREATE", None)
        uses = _uses()
        for task in uses:
            task.cancel()
        await _ended(uses, BREAK_OFF_SECONDS)

    def _tell_log_channel(self, sentence: str) -> None:
        if self.app.settings.log_channel and self.stopped_because is None:
            self.outlet.say(sentence, notice=True)

    async def _post_in_log_channel(self, text: str) -> None:
        """Post in the log channel, if there is one. Raises a SpeakingError on failure."""
        channel_id = self.app.settings.log_channel
        if channel_id is None:
            return
        try:
            async with asyncio.timeout(POST_SECONDS):
                await self.get_partial_messageable(channel_id).send(text, suppress_embeds=True)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise self._unposted(error) from error

    def _unposted(self, error: Exception) -> SpeakingError:
        """Convert an error of a failed post."""
        if not isinstance(error, discord.HTTPException):
            return Unsaid(f"Discord can't be reached ({type(error).__name__})")
        if error.status == 401:
            self.stop_for_bad_token()
        sort = Unpostable if error.status == 400 else Unsaid
        told = f"Discord answered {error.status} (code {error.code})"
        if error.status in (403, 404):
            told += (
                f": check that log_channel={self.app.settings.log_channel} is the id of a channel that "
                "the bot may view and write to"
            )
        return sort(told)


def _uses() -> list[asyncio.Task[Any]]:
    """Return the tasks of commands, buttons and forms, except the current one."""
    every = asyncio.all_tasks() - {asyncio.current_task()}
    return [task for task in every if task.get_name().startswith(_USES)]


async def _ended(tasks: Collection[asyncio.Task[Any]], within: float) -> bool:
    """Wait up to `within` seconds for tasks to end; return whether all did."""
    unfinished = (await asyncio.wait(tasks, timeout=within))[1] if tasks else ()
    return not unfinished


def intents() -> discord.Intents:
    """Return the minimal intents: servers, their emotes, calls, messages and DMs."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.emojis_and_stickers = True
    wanted.guild_messages = True
    wanted.voice_states = True
    wanted.dm_messages = True
    wanted.message_content = True
    return wanted


def extensions() -> list[str]:
    """Return the names of the cogs: every file or folder in cogs/ without a leading underscore."""
    found = [path.stem for path in COGS.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    return [f"cogs.{name}" for name in sorted(found) if not name.startswith("_")]


def _activity(description: str) -> discord.CustomActivity | None:
    return discord.CustomActivity(description[:128]) if description else None
