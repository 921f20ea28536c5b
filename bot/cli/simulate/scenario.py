"""Scenario format: lines with times, scripted model answers, and expected results (C93)."""

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
"""YAML parses a bare yes or no as a boolean, but a vote means the word."""


def _span(written: object) -> object:
    """Parse a duration such as `45m` or `1h 30m`; pydantic rejects anything else."""
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
    """Return one or several answers as a list of texts."""
    several = written if isinstance(written, list) else [written]
    return [_YAML_WORDS[answer] if isinstance(answer, bool) else answer for answer in several]


Span = Annotated[timedelta, BeforeValidator(_span)]
Answers = Annotated[list[str], BeforeValidator(_words)]
Texts = Annotated[list[str], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expected(_Part):
    """Expected results of a step; omitted fields are not checked."""

    speakers: Texts | None = None
    """Names of the speakers, in order; empty for silence."""
    says: Texts = []
    """Texts that the lines must contain."""
    lacks: Texts = []
    """Texts that the lines must not contain."""
    reason: str | None = None
    """Text that the reason must contain, as shown by /why."""
    within: Span | None = None
    """Maximum time between the line and the last reply."""
    prompt_holds: Texts = []
    """Texts that the prompts of this step's replies must contain."""
    prompt_lacks: Texts = []
    rows: dict[str, int] = {}
    """Expected row counts by table name."""


class ScenarioStep(_Part):
    """One step: a line or a wait, the model's next answers, and the expectations."""

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
    """A complete scenario file. `settings` are config.env keys; the operator's own config is not read."""

    characters: Annotated[Texts, Field(min_length=1)]
    seed: int = 1
    begins: Annotated[datetime, AfterValidator(_utc)] = datetime(2026, 1, 1, 12, tzinfo=UTC)
    settings: dict[str, str | int | float | bool] = {}
    steps: Annotated[list[ScenarioStep], Field(min_length=1)]


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a YAML file. Raises ConfigurationError that names every fault."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigurationError(f"{path} has over {LARGEST:,} bytes; that is no scenario.")
        values: Any = _plain_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: an invalid date or number
        raise ConfigurationError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    try:
        return Scenario.model_validate(values)
    except ValidationError as error:
        faults = [f"  {_place(fault['loc'])}: {_wording(fault)}" for fault in error.errors()]
        raise ConfigurationError("\n".join([f"{path} is no scenario:", *faults])) from error


def _plain_yaml(text: str) -> Any:
    """Parse YAML without merge keys (`<<`), which can expand without bound."""
    loader = yaml.SafeLoader(text)
    loader.flatten_mapping = lambda _table: None  # turns `<<` into an ordinary, unused key
    return loader.get_single_data()


def _place(parts: tuple[int | str, ...]) -> str:
    """Return the path of a fault, with list positions counted from 1."""
    counted = [
        f"step {part + 1}" if isinstance(part, int) and at == 1 else str(part)
        for at, part in enumerate(parts)
    ]
    return ", ".join(counted[1:] if counted[:1] == ["steps"] and len(counted) > 1 else counted) or "the file"


def _wording(fault: ErrorDetails) -> str:
    known = {"extra_forbidden": "there is no such key here", "model_type": "write keys with values here"}
    return known.get(fault["type"], fault["msg"].removeprefix("Value error, "))
