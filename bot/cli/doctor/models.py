"""Checks of the model's server: availability, the configured models, and their prices."""

import asyncio
import re
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from bot.cli.doctor.finding import Finding
from bot.cli.doctor.reach import find_host
from bot.core.errors import ConfigurationError
from bot.llm.client import AnthropicClaude, known_models
from bot.llm.errors import ClaudeDenied, ClaudeError, ClaudeRejected
from bot.llm.pricing import Prices, load_prices
from bot.llm.server import CLAUDE_URL, NO_KEY, Server, configured, expert_models, other_servers
from bot.settings import Settings

KEY_PAGE = "https://console.anthropic.com/settings/keys"
MODEL_KEYS = ("default_model", "premium_model", "voting_model")
_SHOWN_MODELS = 5
_DATE = re.compile(r"-\d{8}$")
_LOCAL_SPEAKS = Finding(
    "claude.key",
    "notice",
    "There is no anthropic_api_key: a small model on this machine speaks.",
    f"For Claude, make a key ({KEY_PAGE}) and run: python main.py setup",
)


async def claude_findings(settings: Settings, *, offline: bool, deadline: float) -> list[Finding]:
    """Return the findings about the model's server, with a timeout in seconds; skipped if `offline`."""
    key, base_url = settings.anthropic_api_key.get_secret_value(), settings.anthropic_base_url
    if not key and not base_url:
        return [_LOCAL_SPEAKS, *_without_asking(settings, "Claude")]
    server = server_name(base_url)
    if offline:
        return [_skipped(server, "this was asked for offline"), *_without_asking(settings, server)]
    try:
        models = await list_models(key, base_url, deadline=deadline)
    except ClaudeDenied as error:
        mend = f"Copy a working key from {KEY_PAGE} into config.env, or run: python main.py setup"
        refused = Finding("claude.key", "problem", f"{server} refuses the key ({error}).", mend)
        return [refused, *_without_asking(settings, server)]
    except ClaudeRejected as error:
        return [_skipped(server, f"{server} does not list its models ({error})"), *_prices(settings)]
    except ClaudeError as error:
        reason = f"{server} can't be reached ({error})"
        return [_skipped(server, reason), *_without_asking(settings, server)]
    reached = Finding("claude.key", "ok", f"{server} {'takes the key' if key else 'answers'}.")
    return [reached, *_names(settings, models, server), *_prices(settings)]


async def list_models(key: str, base_url: str | None, *, deadline: float) -> list[str]:
    """Return the models that the server offers; with base_url None, Claude's own server.

    Raises ClaudeDenied for a key that is refused, ClaudeRejected when the server has no such list,
    another ClaudeError when it can't be asked within `deadline` seconds.
    """
    url = base_url or CLAUDE_URL
    claude = AnthropicClaude(Server(url, key or NO_KEY, ""), Prices({}))
    try:
        async with asyncio.timeout(deadline):
            await find_host(url, proxied=True)
            return await claude.models(deadline=deadline)
    except TimeoutError as error:
        raise ClaudeError(f"no answer within {deadline:g} s") from error
    except OSError as error:
        raise ClaudeError("its name can't be looked up: is there a network?") from error
    finally:
        await claude.close()


def server_name(base_url: str | None) -> str:
    """Return the server's host: the whole address may contain a password."""
    if base_url is None:
        return "Claude"
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "the server"


def _skipped(server: str, why: str) -> Finding:
    return Finding("claude.server", "skipped", f"The key and models at {server} are not checked: {why}.")


def _without_asking(settings: Settings, server: str) -> list[Finding]:
    """Return the findings possible without a request: another server's models are unknown."""
    names = _names(settings, known_models(), server) if settings.anthropic_base_url is None else []
    return [*names, *_prices(settings)]


def _names(settings: Settings, known: Collection[str], server: str) -> list[Finding]:
    models = _models(settings)
    unknown = [key for key, model in models.items() if not _offered(model, known)]
    if not unknown:
        return [
            Finding("claude.models", "ok", f"Known by name: {', '.join(dict.fromkeys(models.values()))}.")
        ]
    # A local server with a single model answers to any model name.
    forgiving = settings.anthropic_base_url is not None and not settings.anthropic_api_key.get_secret_value()
    return [
        Finding(
            "claude.models",
            "notice" if forgiving else "problem",
            f"{key}: {server} has no model {models[key]!r}.",
            _nearest(models[key], sorted(known)),
        )
        for key in unknown
    ]


def _models(settings: Settings) -> dict[str, str]:
    """Return the configured models by key; the defaults only apply to Claude's own server."""
    ours = settings.anthropic_base_url is None or settings.anthropic_api_key.get_secret_value()
    named = settings.explicit | {"default_model"}
    keys = [key for key in MODEL_KEYS if ours or key in named]
    experts = expert_models(settings, configured(settings))
    at_main = {key: model.name for key, model in experts.items() if not model.server}
    return {key: getattr(settings, key) for key in keys} | at_main


def _offered(model: str, known: Collection[str]) -> bool:
    """Return whether a model is offered, with or without the date in its name."""
    return model in known or any(_DATE.sub("", name) == model for name in known)


def _nearest(model: str, known: list[str]) -> str:
    near = get_close_matches(model[:80], known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Some that it has: {', '.join(known[:_SHOWN_MODELS])}" if known else ""


def _prices(settings: Settings) -> list[Finding]:
    """Return whether all models' prices are known; a server without a key costs nothing."""
    try:
        prices = load_prices(Path(settings.price_file) if settings.price_file else None)
    except ConfigurationError as error:
        return [Finding("claude.prices", "problem", str(error))]
    models = _paid(settings)
    if not models:
        return []
    unpriced = [model for model in models if prices.of(model) is None]
    if not unpriced:
        return [Finding("claude.prices", "ok", "The price of every model is known.")]
    mend = "Give it a row in a table of your own: price_file in config.env."
    sentence = f"What {', '.join(unpriced)} costs is not known."
    return [Finding("claude.prices", "notice", sentence, mend)]


def _paid(settings: Settings) -> list[str]:
    """Return the models that cost money, by their recorded names; a main server without a key is free."""
    main = configured(settings)
    others = other_servers(settings, main)
    experts = expert_models(settings, main).values()
    elsewhere = [str(expert) for expert in experts if expert.server and not others[expert.server].free]
    at_main = _models(settings).values() if settings.anthropic_api_key.get_secret_value() else ()
    return list(dict.fromkeys([*at_main, *elsewhere]))
