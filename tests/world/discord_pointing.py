"""Points discord.py at the loopback Discord, in this process."""

import asyncio
from collections.abc import Callable
from typing import Any

import discord.asset
import discord.backoff
import discord.client
import discord.gateway
import discord.http
import discord.shard
import discord.sticker
import yarl

_identify_pause = discord.client.Client.before_identify_hook
_sticker_init = discord.sticker.StickerItem.__init__
_ws_connect = discord.http.HTTPClient.ws_connect
_MEDIA = "https://media.discordapp.net"
_own_addresses = (
    discord.http.Route.BASE,
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
    discord.asset.Asset.BASE,
)


class _QuickBackoff:
    """Waits the same short time before each reconnect."""

    pause = 0.0

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def delay(self) -> float:
        """Return the seconds to wait."""
        return self.pause


class _BriskAsyncio:
    """asyncio with shorter naps for those who sleep whole seconds.

    discord.py sleeps whole numbers before it repeats a failed request, and what a 429 told it,
    which is never a whole number here: JSON says 1.0. So 429s are still obeyed to the letter.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not for whole seconds."""
        await asyncio.sleep(min(seconds, self._pause) if isinstance(seconds, int) else seconds)


def point_discord_at(base_url: str, *, pause: float | None = None) -> None:
    """Let discord.py take `base_url` (http://127.0.0.1:port) for Discord from now on.

    `pause` are seconds that take the place of its own pauses before a reconnect, a second IDENTIFY
    and the retry of a failed request; None leaves or puts back its own.
    """
    discord.http.Route.BASE = f"{base_url}/api/v10"
    gateway = base_url.replace("http", "ws", 1) + "/gateway/"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    discord.asset.Asset.BASE = f"{base_url}/cdn"
    _set_sticker_init(_with_media_at(f"{base_url}/cdn"))
    _set_ws_connect(_connect_without_tls)
    _set_pauses(pause)


def point_discord_back() -> None:
    """Let discord.py be as it was, for tests that share the process and fake Discord otherwise."""
    rest, gateway, cdn = _own_addresses
    discord.http.Route.BASE = rest
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = gateway
    discord.asset.Asset.BASE = cdn
    _set_sticker_init(_sticker_init)
    _set_ws_connect(_ws_connect)
    _set_pauses(None)


def _with_media_at(cdn: str) -> Callable[..., None]:
    """Return how a sticker is made: moving ones have a host of their own, which stands in its code."""

    def init(self: discord.StickerItem, **given: Any) -> None:
        _sticker_init(self, **given)
        self.url = self.url.replace(_MEDIA, cdn)

    return init


def _set_sticker_init(init: Callable[..., None]) -> None:
    setattr(discord.sticker.StickerItem, "__init__", init)  # noqa: B010


async def _connect_without_tls(self: discord.http.HTTPClient, url: str, **options: Any) -> Any:
    # The voice gateway's address is written into discord.py with "wss:", whatever its host.
    return await _ws_connect(self, url.replace("wss://127.0.0.1:", "ws://127.0.0.1:", 1), **options)


def _set_ws_connect(connect: Callable[..., Any]) -> None:
    setattr(discord.http.HTTPClient, "ws_connect", connect)  # noqa: B010


def _set_pauses(pause: float | None) -> None:
    backoff: Any = discord.backoff.ExponentialBackoff
    nap: Any = asyncio
    hook: Callable[..., Any] = _identify_pause
    if pause is not None:
        backoff = type("QuickBackoff", (_QuickBackoff,), {"pause": pause})
        nap = _BriskAsyncio(pause)
        hook = _identifying_after(pause)
    for module in (discord.client, discord.shard):
        vars(module)["ExponentialBackoff"] = backoff
    for module in (discord.http, discord.webhook.async_):
        vars(module)["asyncio"] = nap
    setattr(discord.client.Client, "before_identify_hook", hook)  # noqa: B010


def _identifying_after(pause: float) -> Callable[..., Any]:
    async def before_identify_hook(
        self: discord.Client, shard_id: int | None, *, initial: bool = False
    ) -> None:
        if not initial:
            await asyncio.sleep(pause)

    return before_identify_hook
