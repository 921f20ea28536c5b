"""Which server speaks for the character: Claude, another one, one on this machine, or our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import platformdirs

from bot.app import CLAUDE_URL, Server
from bot.settings import Settings

NO_KEY = "no-key"
"""Servers other than Claude's mostly want no key, but the SDK wants one to send."""


@asynccontextmanager
async def open_server(
    settings: Settings,
    *,
    say: Callable[[str], None],
    progress: Callable[[int, int], None] | None = None,
) -> AsyncIterator[Server]:
    """Yield the server to ask, in this order: a Claude key, a base URL, a local server, our own.

    `say` is told in one line which it is; `progress` (bytes, total) watches a download.
    Raises LocalVoiceError, with the ways out, when not even the embedded voice can be had.
    """
    key = settings.anthropic_api_key.get_secret_value()
    if key or settings.anthropic_base_url:
        yield _configured(settings, key, say)
        return
    from bot.local import LocalVoice, fetch_weights, find_local_server

    found = None if settings.local_model else await find_local_server()
    if found is not None:
        say(f"{found.product} on this machine speaks, with the model {found.model}. {CONNECT}")
        yield Server(found.base_url, NO_KEY, found.model, local=True)
        return
    weights = await fetch_weights(
        Path(settings.local_model) if settings.local_model else None,
        cache=cache_folder(settings),
        download=settings.local_model_download,
        say=say,
        progress=progress,
    )
    async with await LocalVoice.start(weights, log_folder=settings.data_dir, say=say) as voice:
        say(f"A small model on this machine speaks: a rehearsal voice. {CONNECT}")
        yield Server(voice.base_url, voice.api_key, voice.model, local=True)


CONNECT = "For Claude and Discord: python main.py setup"


def cache_folder(settings: Settings) -> Path:
    """Return where downloaded weights are kept."""
    return Path(settings.cache_dir) if settings.cache_dir else platformdirs.user_cache_path("masquerade")


def _configured(settings: Settings, key: str, say: Callable[[str], None]) -> Server:
    base_url = settings.anthropic_base_url or CLAUDE_URL
    ours = settings.anthropic_base_url is None
    say(f"{'Claude' if ours else base_url} speaks, with the model {settings.default_model}.")
    return Server(base_url, key or NO_KEY, settings.default_model, local=not ours and not key)
