"""Which server speaks for the character: Claude, another one, one on this machine, or our own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bot.app import CLAUDE_URL, App
from bot.claude.client import Question
from bot.conversation.composition import system_prompt
from bot.errors import ClaudeError
from bot.server import Server
from bot.settings import Settings
from bot.turn import Block, Message, Prompt

NO_KEY = "no-key"
"""Servers other than Claude's mostly want no key, but the SDK wants one to send."""
CONNECT = "For Claude and Discord: python main.py setup"
WARM_SECONDS = 180.0

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


@asynccontextmanager
async def open_server(
    settings: Settings, *, say: Say, progress: Progress | None = None
) -> AsyncIterator[Server]:
    """Yield the server to ask, in this order: a Claude key, a base URL, a local server, our own.

    `say` is told in a line which it is; `progress` (bytes here, bytes in all) watches a download, of
    which `say` tells every tenth otherwise. Raises LocalVoiceError, with the ways out, when not even
    the embedded voice can be had.
    """
    key = settings.anthropic_api_key.get_secret_value()
    if key or settings.anthropic_base_url:
        yield _configured(settings, key, say)
        return
    from bot.local import LocalVoice, find_local_server

    found = None if settings.local_model else await find_local_server()
    if found is not None:
        say(f"{found.product} on this machine speaks, with the model {found.model}. {CONNECT}")
        yield Server(found.base_url, NO_KEY, found.model, local=True)
        return
    weights = await _weights(settings, say, progress or _by_tenths(say))
    async with LocalVoice(weights, log_file=settings.data_dir / "rehearsal-voice.log", say=say) as voice:
        say(f"This is a rehearsal voice: a small model on this machine. {CONNECT}")
        yield Server(voice.base_url, voice.api_key, voice.model, local=True, rehearsal=True)


async def warm_up(app: App, say: Say) -> None:
    """Let a model on this machine read the character before the first message comes.

    The first token of a character takes it some twenty seconds, and every later one a fraction.
    """
    if not app.server.rehearsal:
        return
    from bot.local import warm

    prompt = Prompt(system_prompt(app.character), (Message(mine=False, blocks=(Block("(hello)"),)),))
    question = Question(
        purpose="warm-up", model=app.server.model, max_tokens=1, deadline=WARM_SECONDS, retries=False
    )
    say(f"{app.character.name} is waking up; that takes half a minute, or more on a slow machine ...")
    try:
        seconds = await warm(lambda: app.claude.ask(prompt, question), deadline=WARM_SECONDS)
    except ClaudeError as error:
        say(f"Waking up did not work ({error}); the first answer may take long.")
        return
    if seconds is not None:
        say(f"{app.character.name} is awake ({seconds:.0f} s).")


def _configured(settings: Settings, key: str, say: Say) -> Server:
    base_url = settings.anthropic_base_url or CLAUDE_URL
    ours = settings.anthropic_base_url is None
    name = "Claude" if ours else urlsplit(base_url).hostname  # the address may hold a password
    say(f"{name} speaks, with the model {settings.default_model}.")
    return Server(base_url, key or NO_KEY, settings.default_model, local=not key)


async def _weights(settings: Settings, say: Say, progress: Progress) -> Path:
    """Return the model file: the operator's own, or ours, which is fetched once."""
    from bot.local import QWEN, LocalVoiceError, cached_weights, has_runtime, obtain_weights
    from bot.local.failures import missing_runtime

    own, cache = _home_path(settings.local_model), _home_path(settings.cache_dir)
    if own:
        return own
    if not has_runtime():
        raise missing_runtime()
    if found := cached_weights(cache=cache):
        return found
    if not settings.local_model_download:
        raise LocalVoiceError(
            "there is no model to speak with, and local_model_download=false forbids fetching one",
            "set ANTHROPIC_API_KEY",
            "name a model file with local_model=/path/to/file.gguf",
        )
    say(f"Fetching {QWEN.title}, {QWEN.total_bytes / 1e9:.1f} GB, once ...")
    return await obtain_weights(cache=cache, progress=progress)


def _home_path(setting: str) -> Path | None:
    return Path(setting).expanduser() if setting else None


def _by_tenths(say: Say) -> Progress:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if (tenth := done * 10 // total) > told:
            told = tenth
            say(f"{tenth * 10} % of {total / 1e6:.0f} MB are here")

    return tell
