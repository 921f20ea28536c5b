"""A scenario: who says what and when, what the model answers, and what is expected to come of it (C93)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from bot.core.errors import ConfigurationError
from bot.llm.types import Purpose

LARGEST = 1_000_000
LONGEST_SPAN = timedelta(days=366)
_MOST_SECONDS = 10**8
DM = "dm"
_SPAN = re.compile(r"(?:(\d+)d)? ?(?:(\d+)h)? ?(?:(\d+)m)? ?(?:(\d+)s)?")
_YAML_WORDS = {True: "yes", False: "no"}
"""YAML takes a bare yes or no for a truth value; whoever writes a vote means the word."""


def _span(written: object) -> object:
    """Read a span such as `45m` or `1h 30m`; anything else is left for pydantic to refuse."""
    found = _SPAN.fullmatch(written.strip()) if isinstance(written, str) else None
    if not found or not any(found.groups()):
        raise ValueError("write a span such as 30s, 45m, 1h 30m or 2d")
    days, hours, minutes, seconds = (min(int(part or 0), _MOST_SECONDS) for part in found.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span > LONGEST_SPAN:
        raise ValueError(f"write a span of {LONGEST_SPAN.days} days at most")
    return span


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _words(written: object) -> object:
    """Return one answer or several as a list of texts."""
    several = written if isinstance(written, list) else [written]
    return [_YAML_WORDS[one] if isinstance(one, bool) else one for one in several]


Span = Annotated[timedelta, BeforeValidator(_span)]
Answers = Annotated[list[str], BeforeValidator(_words)]
Texts = Annotated[list[str], BeforeValidator(lambda one: one if isinstance(one, list) else [one])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Part):
    """What is to come of a step; what is left out is not looked at."""

    speakers: Texts | None = None
    """Who speaks, in order, by name; an empty list for silence."""
    says: Texts = []
    """Texts that stand in what is said."""
    lacks: Texts = []
    """Texts that do not."""
    reason: str | None = None
    """Words that stand in the reason, as /why tells it."""
    within: Span | None = None
    """So long after the line at most it is all said."""
    prompt_holds: Texts = []
    """Texts that stand in the prompts of the replies of this step."""
    prompt_lacks: Texts = []
    rows: dict[str, int] = {}
    """How many rows of a table there are now, by its name."""


class ScenarioStep(_Part):
    """One step: somebody says something, or time passes; the model's next answers, and what is expected."""

    who: str | None = None
    says: str | None = None
    where: Annotated[str, Field(pattern=r"^(dm|#.+)$")] = "#general"
    wait: Span | None = None
    model: dict[Purpose, Answers] = {}
    expect: Expected | Literal["silence"] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> "ScenarioStep":
        if (self.who is None) != (self.says is None):
            raise ValueError("a line needs both `who` and `says`")
        if self.who is None and self.wait is None and not self.model and self.expect is None:
            raise ValueError("a step needs a line (`who` and `says`), `wait`, `model` or `expect`")
        return self

    @property
    def expected(self) -> Expected:
        if self.expect == "silence":
            return Expected(speakers=[])
        return self.expect or Expected()


class Scenario(_Part):
    """All of a file. `settings` are those of config.env, by name; nothing else of the operator's is read."""

    characters: Annotated[Texts, Field(min_length=1)]
    seed: int = 1
    begins: Annotated[datetime, AfterValidator(_utc)] = datetime(2026, 1, 1, 12, tzinfo=UTC)
    settings: dict[str, str | int | float | bool] = {}
    steps: Annotated[list[ScenarioStep], Field(min_length=1)]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a YAML file; raises ConfigurationError that names every fault."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path} has over {LARGEST:,} bytes; that is no scenario.")
        values: Any = _plain_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date or a number that is none, too
        raise ConfigurationError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        faults = [f"  {_place(one['loc'])}: {_wording(one)}" for one in error.errors()]
        raise ConfigurationError("\n".join([f"{path} is no scenario:", *faults])) from error


def _plain_yaml(text: str) -> Any:
    """Read YAML without `<<`: tables that take in tables that take in tables grow without bound."""
    loader = yaml.SafeLoader(text)
    loader.flatten_mapping = lambda _table: None  # so `<<` is a tag that nothing reads
    return loader.get_single_data()


def _place(parts: tuple[int | str, ...]) -> str:
    """Return where a fault lies, its steps counted from 1 as people do."""
    counted = [
        f"step {part + 1}" if isinstance(part, int) and at == 1 else str(part)
        for at, part in enumerate(parts)
    ]
    return ", ".join(counted[1:] if counted[:1] == ["steps"] and len(counted) > 1 else counted) or "the file"


def _wording(fault: ErrorDetails) -> str:
    known = {"extra_forbidden": "there is no such key here", "model_type": "write keys with values here"}
    return known.get(fault["type"], fault["msg"].removeprefix("Value error, "))
