"""Whether each server that models are named at can be talked to: lists, answers, streams, takes pictures."""

import asyncio
import base64
from collections.abc import Awaitable
from dataclasses import dataclass, replace

from bot.cli.doctor.finding import Finding
from bot.cli.doctor.reach import find_host
from bot.llm.client import AnthropicClaude
from bot.llm.errors import ClaudeEmpty, ClaudeError, ClaudeRefused
from bot.llm.pricing import Prices
from bot.llm.server import Server, configured, expert_models, other_servers
from bot.llm.types import Block, Message, Model, Picture, Prompt, Question
from bot.settings import Settings

_GREY = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI//////////////////////"
    "//////////////////////////////wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAA"
    "AAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)
"""A JPEG of 8 x 8 pixels: not every server reads WebP."""
_PICTURE = Picture(base64.b64decode(_GREY), 8, 8, "image/jpeg")
_HELLO = Prompt((Block("Answer with one word."),), (Message(mine=False, blocks=(Block("hello"),)),))
_SHOWN = replace(
    _HELLO, messages=(Message(mine=False, blocks=(Block("What is this?"), Block.showing(_PICTURE))),)
)
_EYES = "Set vision_model to a model that sees, as name@http://address if it is at another server."
_START = "Start that server, or correct the setting; until then the general model answers."


@dataclass(frozen=True, slots=True)
class Probed:
    """What a model could do: each is "" where it could, or why not."""

    lists: str
    answers: str
    streams: str
    sees: str

    def __str__(self) -> str:
        told = (
            ("lists its models", self.lists),
            ("answers", self.answers),
            ("streams", self.streams),
            ("sees pictures", self.sees),
        )
        return ", ".join(f"{what}: no ({why})" if why else what for what, why in told)


async def probe_findings(settings: Settings, *, offline: bool, deadline: float) -> list[Finding]:
    """Return a row for each model that writes replies, at its server; each try has `deadline` seconds."""
    if offline:
        return []
    main = configured(settings)
    models = {"default_model": Model(settings.default_model), **expert_models(settings, main)}
    servers = {"": main, **other_servers(settings, main)}
    seeing = models.get("vision_model") or models.get("sel_general_model") or models["default_model"]
    known = dict.fromkeys(model for model in models.values() if servers[model.server].base_url)
    probed = await asyncio.gather(*(_probe(servers[one.server], one, deadline) for one in known))
    rows = zip(known, probed, strict=True)
    # What is wrong with the main server as a whole stands in rows of its own.
    return [
        _finding(model, found, shown=model == seeing)
        for model, found in rows
        if model.server or not (found.lists and found.answers)
    ]


async def _probe(server: Server, model: Model, deadline: float) -> Probed:
    client = AnthropicClaude(server, Prices({}))

    def question(**changes: object) -> Question:
        asked = Question(purpose="warm-up", model=model.name, max_tokens=1, deadline=deadline, retries=False)
        return replace(asked, **changes)  # type: ignore[arg-type]

    try:
        async with asyncio.timeout(deadline):
            await find_host(server.base_url, proxied=True)
        return Probed(
            *await asyncio.gather(
                _why_not(client.models(deadline=deadline)),
                _why_not(client.ask(_HELLO, question())),
                _why_not(client.ask(_HELLO, question(on_text=len))),
                _why_not(client.ask(_SHOWN, question())),
            )
        )
    except (TimeoutError, OSError):
        return Probed(*["its name can't be looked up"] * 4)
    finally:
        await client.close()


async def _why_not(trying: Awaitable[object]) -> str:
    try:
        await trying
    except (ClaudeEmpty, ClaudeRefused):  # one token may hold no word
        return ""
    except ClaudeError as error:
        return str(error)
    return ""


def _finding(model: Model, found: Probed, *, shown: bool) -> Finding:
    sentence = f"{model}: {found}."
    if found.answers:
        return Finding("claude.probe", "notice" if model.server else "problem", sentence, _START)
    if found.sees and shown:
        return Finding("claude.probe", "notice", sentence, _EYES)
    return Finding("claude.probe", "ok", sentence)
