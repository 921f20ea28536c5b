"""Live tests of each model server: model list, answers, streaming and pictures."""

import asyncio
import base64
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.cli.doctor.finding import Finding, Level
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
"""An 8 x 8 JPEG: not every server reads WebP."""
_PICTURE = Picture(base64.b64decode(_GREY), 8, 8, "image/jpeg")
_HELLO = Prompt((Block("Answer with one word."),), (Message(mine=False, blocks=(Block("hello"),)),))
_SHOWN = replace(
    _HELLO, messages=(Message(mine=False, blocks=(Block("What is this?"), Block.showing(_PICTURE))),)
)
_EYES = "Set vision_model to a model that sees, as name@http://address if it is at another server."
_UNREACHED = "can't be reached ({})"
_AGAIN = "is out of reach too: it is at the same server"
_UNKNOWN = "is not known to that server"
_NO_SUCH_MODEL = (400, 404)


@dataclass(frozen=True, slots=True)
class Probed:
    """A model's capabilities: each is "" if it works, or the reason why not; `fault` is a common reason."""

    lists: str
    answers: str
    streams: str
    sees: str
    fault: str = ""

    def __str__(self) -> str:
        if self.fault:
            return f" {self.fault}"
        told = (
            ("lists its models", self.lists),
            ("answers", self.answers),
            ("streams", self.streams),
            ("sees pictures", self.sees),
        )
        return ": " + ", ".join(f"{what}: no ({why})" if why else what for what, why in told)

    @property
    def unreached(self) -> bool:
        """Return whether the server itself was unreachable."""
        return bool(self.fault) and self.fault != _UNKNOWN


async def probe_findings(settings: Settings, *, offline: bool, deadline: float) -> list[Finding]:
    """Return a finding for each reply model, tested at its server; each request has a timeout in seconds."""
    if offline:
        return []
    main = configured(settings)
    models = {"default_model": Model(settings.default_model), **expert_models(settings, main)}
    servers = {"": main, **other_servers(settings, main)}
    seeing = models.get("vision_model") or models.get("sel_general_model") or models["default_model"]
    known = dict.fromkeys(model for model in models.values() if servers[model.server].base_url)
    probed = await asyncio.gather(*(_probe(servers[model.server], model, deadline) for model in known))
    findings, down = [], set[str]()
    for model, found in zip(known, probed, strict=True):
        again = found.unreached and model.server in down
        told = replace(found, fault=_AGAIN) if again else found
        if model.server or not _said(found):
            findings.append(_finding(model, told, models, shown=model == seeing))
        if found.unreached:
            down.add(model.server)
    return findings


def _said(found: Probed) -> bool:
    """Return whether the findings about the main server already explain the failure."""
    return bool(found.fault or (found.lists and found.answers))


async def _probe(server: Server, model: Model, deadline: float) -> Probed:
    client = AnthropicClaude(server, Prices({}))

    def question(**changes: object) -> Question:
        asked = Question(purpose="warm-up", model=model.name, max_tokens=1, deadline=deadline, retries=False)
        return replace(asked, **changes)  # type: ignore[arg-type]

    names: list[str] = []

    async def list_names() -> None:
        names.extend(await client.models(deadline=deadline))

    try:
        async with asyncio.timeout(deadline):
            await find_host(server.base_url, proxied=True)
        errors = await asyncio.gather(
            _error(list_names()),
            _error(client.ask(_HELLO, question())),
            _error(client.ask(_HELLO, question(on_text=len))),
            _error(client.ask(_SHOWN, question())),
        )
    except (TimeoutError, OSError):
        why = "its name can't be looked up"
        return replace(Probed(*[why] * 4), fault=_UNREACHED.format(why))
    finally:
        await client.close()
    told = [str(error) if error else "" for error in errors]
    return replace(Probed(*told), fault=_fault(errors, known=model.name in names))


async def _error(trying: Awaitable[object]) -> ClaudeError | None:
    try:
        await trying
    except (ClaudeEmpty, ClaudeRefused):  # a one-token answer may be empty
        return None
    except ClaudeError as error:
        return error
    return None


def _fault(errors: Sequence[ClaudeError | None], *, known: bool) -> str:
    """Return the common reason of all failures; "" if there are several."""
    lists, answers = errors[:2]
    if all(error and not error.status for error in errors):
        return _UNREACHED.format(answers)
    unknown = answers and answers.status in _NO_SUCH_MODEL and not lists and not known
    return _UNKNOWN if unknown else ""


def _finding(model: Model, found: Probed, models: Mapping[str, Model], *, shown: bool) -> Finding:
    sentence = f"{model}{found}."
    if found.answers:
        level: Level = "notice" if model.server else "problem"
        return Finding("claude.probe", level, sentence, _mend(model, found, models))
    if found.sees and shown:
        return Finding("claude.probe", "notice", sentence, _EYES)
    return Finding("claude.probe", "ok", sentence)


def _mend(model: Model, found: Probed, models: Mapping[str, Model]) -> str:
    """Return the remedy, and the fallback until then."""
    mend = "Start that server, or correct the setting" if found.unreached else "Correct the setting"
    if model == models["default_model"]:
        return f"{mend}."
    stands_by = "default_model" if model == models.get("sel_general_model") else "the general model"
    return f"{mend}; until then {stands_by} answers."
