"""Connection to Discord: login, reconnection, and error messages for the operator."""

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import aiohttp
import discord
from discord.ext import commands
from tenacity import AsyncRetrying

from bot.app import App
from bot.core.errors import ConfigurationError, DiscordUnreachable, MasqueradeError
from bot.core.waiting import AWAY_SECONDS, patient
from bot.discord.client import BAD_TOKEN, PORTAL, Masquerade
from bot.discord.commands import Commands, Translations

NO_INTENT = (
    "Discord does not let this bot read messages: switch on 'Message Content Intent' on your "
    f"application's page 'Bot' ({PORTAL}) and start again."
)
_CLOSED = {
    4004: BAD_TOKEN,
    4010: "Discord refuses this shard; check shard_count in config.env.",
    4011: "This bot is in so many servers that Discord wants it split: raise shard_count in config.env.",
    4013: "Discord does not know the intents that this version asks for; update Masquerade.",
    4014: NO_INTENT,
}


class ShardedMasquerade(Masquerade, commands.AutoShardedBot):
    """A client with several connections to Discord (F016)."""

    def shard_latencies(self) -> Mapping[int, float]:
        return dict(self.latencies)


def open_client(app: App) -> Masquerade:
    """Return the client for this app, sharded if shard_count is above 1."""
    if app.settings.shard_count > 1:
        return ShardedMasquerade(app, Translations(), tree_cls=Commands, shard_count=app.settings.shard_count)
    return Masquerade(app, Translations(), tree_cls=Commands)


async def run_until_stopped(client: Masquerade, token: str) -> None:
    """Connect and stay connected. Raises an error that tells the operator what to fix, or that may pass."""

    def patiently(*, until: Callable[[], object]) -> AsyncRetrying:
        return patient(
            lambda error: isinstance(error, DiscordUnreachable) and not until(),
            longest=lambda _: AWAY_SECONDS,
            pause=client.pause,
        )

    # Login is not retried once cogs are loaded, nor the connection once the client is closed.
    await patiently(until=lambda: client.extensions)(_log_in, client, token)
    await patiently(until=client.is_closed)(_stay, client)
    if client.stopped_because:
        raise client.stopped_because


def _in_one_line(record: logging.LogRecord) -> bool:
    """Shorten discord.py's log of a lost connection, which it restores by itself, to one line."""
    error = record.exc_info and record.exc_info[1]
    if isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError):
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {why(error)}", (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


for _name in ("discord.client", "discord.shard"):
    logging.getLogger(_name).addFilter(_in_one_line)


async def _log_in(client: Masquerade, token: str) -> None:
    """Log in, unless the bot was stopped; first close the leftovers of an earlier attempt."""
    if client.is_closed():
        return
    await client.http.close()
    client.http.connector = discord.utils.MISSING
    with _in_words(client):
        await client.login(token)


async def _stay(client: Masquerade) -> None:
    """Connect and stay until the bot is stopped; discord.py itself reconnects after a first success."""
    try:
        with _in_words(client):
            await client.connect()
    except AttributeError as error:
        if client.ws or error.__context__ is None:
            raise
        # discord.py tries to resume a session that never existed, which hides the actual error.
        raise _meaning(error.__context__) from None


@contextmanager
def _in_words(client: Masquerade) -> Iterator[None]:
    try:
        yield
    except commands.ExtensionError:
        raise  # our own bug
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        if not client.stopping:
            raise _meaning(error) from error
    except (AssertionError, RuntimeError):
        if not client.is_closed():  # aiohttp raises these when closed during a connection or request
            raise


def _meaning(error: BaseException) -> MasqueradeError:
    """Convert an error of login or connection to one for the operator."""
    if isinstance(error, discord.LoginFailure):
        return ConfigurationError(BAD_TOKEN)
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return ConfigurationError(NO_INTENT)
    if isinstance(error, discord.ConnectionClosed) and error.code in _CLOSED:
        return ConfigurationError(_CLOSED[error.code])
    return DiscordUnreachable(f"Discord can't be reached: {why(error)}.")


def why(error: BaseException) -> str:
    """Describe a connection error in a few words, none of which come from outside."""
    if isinstance(error, discord.HTTPException | aiohttp.WSServerHandshakeError):
        return f"it answers with error {error.status}"
    if isinstance(error, discord.DiscordException):
        return "it asks us to wait" if isinstance(error, discord.RateLimited) else "it is out of order"
    if isinstance(error, socket.gaierror | aiohttp.ClientConnectorDNSError):
        return "its name can't be looked up; there may be no network"
    return "the connection fails"
