"""The server that speaks for the characters: Claude, another one, a local one, or the embedded one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from bot.core.data_lock import held
from bot.llm.types import Model
from bot.settings import Settings
from bot.settings.model import EXPERTS
from bot.settings.values import at_server


def no_key() -> str:
    return ""


async def at_once() -> None:
    """The default: no wait."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server with the Messages API.

    `local` ones are not Claude's own: they take sampling parameters, and no thinking. A `rehearsal` is our
    embedded model, which has to be warmed up. A `free` one costs nothing, since it runs on this machine.
    `fresh_key` returns the current key of the settings, "" without one. `ready` returns when it can be asked.
    `label` names a server other than the main one.
    """

    base_url: str
    api_key: str
    model: str
    local: bool = False
    rehearsal: bool = False
    free: bool = False
    fresh_key: Callable[[], str] = no_key
    ready: Callable[[], Awaitable[None]] = at_once
    label: str = ""


CLAUDE_URL = "https://api.anthropic.com"


# Choice of the server.

NO_KEY = "no-key"
"""Other servers mostly need no key, but the SDK requires one."""
CONNECT = "For Claude and Discord: python main.py setup"
_HERE = ("localhost", "127.0.0.1", "::1")

Say = Callable[[str], None]
Progress = Callable[[int, int], None]


@asynccontextmanager
async def open_server(
    settings: Settings, *, say: Say, progress: Progress | None = None, fresh_key: Callable[[], str] = no_key
) -> AsyncIterator[Server]:
    """Yield the server to use, in this order: a Claude key, a base URL, a local server, our own.

    `say` receives a line about the choice; `progress` (bytes here, bytes in all) watches a download,
    otherwise `say` reports every tenth of it. Raises LocalVoiceError, with remedies, if even the embedded
    voice is impossible, and AlreadyRunningError before anything is loaded.
    """
    with held(settings.data_dir):
        pass
    key = settings.anthropic_api_key.get_secret_value()
    if key or settings.anthropic_base_url:
        server = configured(settings)
        name = "Claude" if settings.anthropic_base_url is None else urlsplit(server.base_url).hostname
        say(f"{name} speaks, with the model {settings.default_model}.")  # the address may hold a password
        yield replace(server, fresh_key=fresh_key)
        return
    from bot.llm.local import LocalVoice, find_local_server

    found = None if settings.local_model else await find_local_server()
    if found is not None:
        say(f"{found.product} on this machine speaks, with the model {found.model}. {CONNECT}")
        yield Server(found.base_url, NO_KEY, found.model, local=True, free=True)
        return
    weights = await _weights(settings, say, progress or _every_tenth(say))
    async with LocalVoice(weights, log_file=settings.data_dir / "rehearsal-voice.log", say=say) as voice:
        say(f"This is a rehearsal voice: a small model on this machine. {CONNECT}")
        yield Server(
            voice.base_url,
            voice.api_key,
            voice.model,
            local=True,
            rehearsal=True,
            free=True,
            ready=voice.ready,
        )


def configured(settings: Settings) -> Server:
    """Return the server in the settings; without an address if a local one has to be found."""
    key = settings.anthropic_api_key.get_secret_value()
    base_url = settings.anthropic_base_url or (CLAUDE_URL if key else "")
    free = not key and urlsplit(base_url).hostname in _HERE
    return Server(base_url, key or NO_KEY, settings.default_model, local=not key, free=free)


def other_servers(settings: Settings, main: Server) -> dict[str, Server]:
    """Return the servers named beside models, by their label: host, port and path.

    Claude's key goes to the main server only; other_server_key to the server that the settings name for it.
    """
    addresses = (at_server(getattr(settings, key))[1] for key in EXPERTS)
    found = {}
    for base_url in dict.fromkeys(filter(None, addresses)):
        parts = urlsplit(base_url)
        its = parts.netloc in settings.keyed_servers
        key = settings.other_server_key.get_secret_value() if its else ""
        label = label_of(base_url, main)
        found[label] = Server(
            base_url,
            key or NO_KEY,
            "",
            local=parts.hostname != urlsplit(CLAUDE_URL).hostname,
            free=not key and parts.hostname in _HERE,
            label=label,
        )
    found.pop("", None)
    return found


def label_of(base_url: str, main: Server) -> str:
    """Return the label of a server: "" for the main one."""
    if base_url in ("", main.base_url):
        return ""
    return base_url.partition("://")[2]


def model_at(value: str, main: Server) -> Model | None:
    """Return the model in a setting; None for an empty one."""
    name, base_url = at_server(value)
    return Model(name, label_of(base_url, main)) if name else None


def expert_models(settings: Settings, main: Server) -> dict[str, Model]:
    """Return the models for certain replies, by their settings."""
    found = {key: model_at(getattr(settings, key), main) for key in EXPERTS}
    return {key: model for key, model in found.items() if model}


async def _weights(settings: Settings, say: Say, progress: Progress) -> Path:
    """Return the model file: the operator's own, or ours, which is downloaded once."""
    from bot.llm.local import QWEN, LocalVoiceError, cached_weights, has_runtime, obtain_weights
    from bot.llm.local.errors import missing_runtime

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


def _every_tenth(say: Say) -> Progress:
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if (tenth := done * 10 // total) > told:
            told = tenth
            say(f"{tenth * 10} % of {total / 1e6:.0f} MB are here")

    return tell
