"""Lookup of the bot's account through Discord's REST API, without connecting the bot."""

import asyncio
import contextlib
import re
from dataclasses import dataclass

import aiohttp
import discord
from discord.http import Route

from bot.cli.doctor.reach import find_host
from bot.core.errors import ConfigurationError, MasqueradeError
from bot.discord.client import BAD_TOKEN, intents
from bot.discord.connection import why

MOST_SERVERS = 200
_TOKEN = re.compile(r"[\w=-]+(?:\.[\w=-]+){2}")
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    read_message_history=True,
    add_reactions=True,
    change_nickname=True,
    attach_files=True,
    embed_links=True,
    manage_webhooks=True,  # further characters speak through a webhook
    send_voice_messages=True,
    connect=True,
    speak=True,
    kick_members=True,  # from here on: moderation and tickets, each checked again on use
    ban_members=True,
    moderate_members=True,
    manage_messages=True,
    manage_channels=True,
    create_private_threads=True,
    manage_threads=True,
)
_PRIVILEGED = {
    "message_content": ("Message Content Intent", "gateway_message_content"),
    "members": ("Server Members Intent", "gateway_guild_members"),
    "presences": ("Presence Intent", "gateway_presence"),
}


class TokenRefusedError(ConfigurationError):
    """Discord rejects this token."""


class DiscordUnreachableError(MasqueradeError):
    """Discord can't be reached; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class LogChannelCheck:
    """The log channel: its name, or what is wrong with it."""

    name: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BotAccount:
    """A bot account, as reported by Discord.

    `missing_intents` are the required switches that are off, by their names in the portal; `sessions_left` is
    the number of connections left until `sessions_reset` seconds have passed; `servers` names the first 200
    servers that it is in.
    """

    name: str
    application_id: int
    missing_intents: tuple[str, ...]
    sessions_left: int
    sessions_reset: float
    servers: tuple[str, ...]
    log_channel: LogChannelCheck | None = None


async def look_up(token: str, *, log_channel: int | None = None, deadline: float) -> BotAccount:
    """Look up the account of this token, with a timeout of `deadline` seconds.

    Raises TokenRefusedError, or DiscordUnreachableError when nothing can be said of the token.
    """
    if not _TOKEN.fullmatch(token):
        raise TokenRefusedError(BAD_TOKEN)
    try:
        async with asyncio.timeout(deadline):
            await find_host(Route.BASE, proxied=False)
            async with discord.Client(intents=discord.Intents.none()) as client:
                await client.login(token)
                return await _account(client, log_channel)
    except discord.LoginFailure as error:
        raise TokenRefusedError(BAD_TOKEN) from error
    except TimeoutError as error:
        raise DiscordUnreachableError(f"no answer within {deadline:g} s") from error
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        raise DiscordUnreachableError(why(error)) from error


def invite_link(application_id: int) -> str:
    """Return the link that adds the bot to a server with the permissions it needs."""
    scopes = ("bot", "applications.commands")
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=scopes)


async def _account(client: discord.Client, log_channel: int | None) -> BotAccount:
    user, application = client.user, client.application
    assert user is not None
    assert application is not None
    (_shards, _url, sessions), servers, channel = await asyncio.gather(
        client.http.get_bot_gateway(),
        _servers(client),
        _log_channel(client, log_channel),
    )
    return BotAccount(
        name=user.name,
        application_id=application.id,
        missing_intents=_missing_intents(application.flags),
        sessions_left=sessions["remaining"],
        sessions_reset=sessions["reset_after"] / 1000,
        servers=servers,
        log_channel=channel,
    )


async def _servers(client: discord.Client) -> tuple[str, ...]:
    return tuple([guild.name async for guild in client.fetch_guilds(limit=MOST_SERVERS)])


async def _log_channel(client: discord.Client, channel_id: int | None) -> LogChannelCheck | None:
    if channel_id is None:
        return None
    with contextlib.suppress(discord.NotFound, discord.InvalidData):
        try:
            channel = await client.fetch_channel(channel_id)
        except discord.Forbidden:
            return LogChannelCheck(fault="can't be seen by the bot")
        if isinstance(channel, discord.abc.Messageable):
            return LogChannelCheck(name=str(channel))
        return LogChannelCheck(fault="is not a channel for messages")
    return LogChannelCheck(fault="is not there")


def _missing_intents(flags: discord.ApplicationFlags) -> tuple[str, ...]:
    """Return the privileged intents that the bot needs and the application lacks.

    Small bots have the "limited" form of each, which is sufficient.
    """
    wanted = intents()
    return tuple(
        switch
        for name, (switch, flag) in _PRIVILEGED.items()
        if getattr(wanted, name) and not (getattr(flags, flag) or getattr(flags, f"{flag}_limited"))
    )
