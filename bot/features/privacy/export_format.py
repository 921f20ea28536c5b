"""Format of a personal export, and validation of files to import (C65)."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from memory.core import LONGEST, clean

FORMAT, VERSION = "masquerade-person", 1
MOST_BYTES = 2_000_000
DEEPEST = 12
MOST_FAULTS = 5
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)

TOO_LARGE = _("That file is too large: an export has 2 MB at most.")
NO_JSON = _("That file is not JSON: give me one that /privacy export made.")
NO_JSON_IN_LINE = _("That file is not JSON (line {line}): give me one that /privacy export made.")
NO_OBJECT = _("That file is not a JSON object: give me one that /privacy export made.")
TOO_DEEP = _("That file is nested too deeply to be an export of mine.")
NO_EXPORT = _("That file is not an export of mine, or was changed in a way that I can't take in:")
MORE_FAULTS = _("and {count} more")
THE_FILE = _("the file")


class FileRefused(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """The file can't be imported; the text says why, and where in the file."""


def _not_ahead(moment: datetime, info: ValidationInfo) -> datetime:
    latest = (info.context or {}).get("now", datetime.max.replace(tzinfo=UTC) - _AHEAD) + _AHEAD
    if not _EARLIEST <= _in_utc(moment) <= latest:
        raise ValueError("is before 1970, or ahead of now")
    return _in_utc(moment)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no moment of this calendar") from None


def _as_a_seal(text: str) -> str:
    if not text.isascii():
        raise ValueError("is no seal of mine")
    return text


def _one_line(text: str) -> str:
    if clean(text) != text or not text:
        raise ValueError(f"is not one line of 1 to {LONGEST} characters")
    return text


Id = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Past = Annotated[AwareDatetime, AfterValidator(_not_ahead)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Words = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=200)]
Scope = Literal["dm", "channel", "guild", "everywhere"]
Origin = Literal["told", "learnt", "inherited", "laid down"]


class ExportPiece(BaseModel):
    """Part of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class FactValuesPiece(ExportPiece):
    """The values of a fact without its owner; for an earlier state, only the changed ones."""

    number: Count = 0
    text: Words = "?"
    scope: Scope = "dm"
    channel_id: Id | None = None
    guild_id: Id | None = None
    origin: Origin = "told"
    made_at: Past = _EARLIEST
    quote: Annotated[str, Field(max_length=4_000)] = ""
    sources: Annotated[tuple[Id, ...], Field(max_length=1_000)] = ()
    pinned: bool = False
    kept: bool = True
    category: Annotated[str, Field(max_length=16)] = ""
    tags: Annotated[tuple[Annotated[str, Field(max_length=80)], ...], Field(max_length=50)] = ()
    first_at: Past = _EARLIEST
    last_at: Past = _EARLIEST
    mentions: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    subject: Annotated[str, Field(max_length=80)] = ""
    for_all: bool = False
    ended_at: Past | None = None
    superseded_by: Id | None = None
    search_text: Words | None = None


class FactPiece(FactValuesPiece):
    """A fact in its current state."""

    id: Id
    character: Slug
    number: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    text: Words
    scope: Scope
    origin: Origin
    made_at: Past
    changed_at: Past


class ChangePiece(ExportPiece):
    """A change of a fact, with the earlier values of what changed: None for a new fact (C68)."""

    batch: Id
    memory_id: Id
    character: Slug
    at: Past
    cause: Annotated[str, Field(max_length=64)]
    before: FactValuesPiece | None


class LinePiece(ExportPiece):
    """A line of the person, or a character's reply (`mine`) to them alone."""

    id: Id
    channel_id: Id
    guild_id: Id | None = None
    author_id: Id
    author_name: Short
    text: Text
    sent_at: Past
    mine: bool
    reply_to: Id | None = None
    character: Slug | Literal[""] = ""


class NotePiece(ExportPiece):
    """A note on older talk in which nobody else took part."""

    channel_id: Id | None
    character: Slug
    text: Text
    first_at: Moment
    last_at: Moment


class ReminderPiece(ExportPiece):
    """A reminder or date of the person."""

    character: Slug
    kind: Literal["reminder", "birthday", "date"]
    text: Text
    channel_id: Id
    guild_id: Id | None
    zone: Short
    due_at: Moment
    made_at: Past
    month: Annotated[int, Field(ge=1, le=12)] | None
    day: Annotated[int, Field(ge=1, le=31)] | None
    source_id: Id | None


class GuisePiece(ExportPiece):
    """The person's user persona in a channel (C37)."""

    channel_id: Id
    name: Annotated[str, Field(min_length=1, max_length=80)]
    made_at: Past


class VoicePiece(ExportPiece):
    """Where the person wants replies as voice messages; never imported."""

    channel_id: Id
    choice: Literal["on", "off", "auto"]
    made_at: Past


class StagedPiece(ExportPiece):
    """A scene that the person started, or a channel note that they wrote (C26, C35)."""

    kind: Literal["scene", "note"]
    channel_id: Id
    text: Text
    at: Past | None


class BondPiece(ExportPiece):
    """A character's bond with the person (F089)."""

    character: Slug
    changed_at: Past
    talked_at: Past
    anger: Annotated[int, Field(ge=0, le=10)]
    rapport: Annotated[int, Field(ge=0, le=10)]
    trust: Annotated[int, Field(ge=0, le=10)]
    formality: Annotated[int, Field(ge=-5, le=5)]
    exchanges: Count
    stage: Annotated[str, Field(max_length=32)]
    kind: Annotated[str, Field(max_length=32)] | None


class DealingPiece(ExportPiece):
    """A change of a bond metric, and its cause (C71)."""

    character: Slug
    at: Past
    metric: Annotated[str, Field(max_length=16)]
    change: Annotated[int, Field(ge=-10, le=10)]
    cause: Annotated[str, Field(max_length=100)]
    disputed_at: Past | None


class TicketPiece(ExportPiece):
    """A support ticket that the person opened (F126)."""

    guild_id: Id
    thread_id: Id | None
    opened_at: Past
    closed_at: Past | None


class ActPiece(ExportPiece):
    """An operator's action that concerned the person; never imported."""

    at: Past
    action: Short
    detail: Short
    entity: Annotated[str, Field(max_length=16)] | None
    key: tuple[Short, ...] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class NamePiece(ExportPiece):
    """A current or former name of the person; with `guild_id` 0, the account's own."""

    guild_id: Id
    name: Short
    first_seen: Past
    last_seen: Past


class ConsentPiece(ExportPiece):
    """The person's consent and its place; `given` None means that they were asked."""

    given: bool | None
    at: Past
    guild_id: Id | None = None
    channel_id: Id | None = None


class HeardPiece(ExportPiece):
    """A server in whose voice channels the person may be heard; never imported."""

    guild_id: Id
    at: Past


class UsagePiece(ExportPiece):
    """Cost of answering the person: `cost` in US dollars excludes the `unpriced` calls."""

    calls: Annotated[int, Field(ge=0)]
    unpriced: Annotated[int, Field(ge=0)]
    cost: Annotated[float, Field(ge=0)]
    input_tokens: Annotated[int, Field(ge=0)]
    output_tokens: Annotated[int, Field(ge=0)]


class Portable(ExportPiece):
    """One file; a long export has several `parts`, each of which can be imported alone."""

    format: Literal["masquerade-person"]
    version: Literal[1]
    made_at: Past
    part: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)]
    person_id: Id
    consent: ConsentPiece | None
    heard_aloud: tuple[HeardPiece, ...] = ()
    zone: Short | None
    names: tuple[NamePiece, ...] = ()
    usage: UsagePiece
    facts: tuple[FactPiece, ...] = ()
    changes: tuple[ChangePiece, ...] = ()
    archive: tuple[LinePiece, ...] = ()
    log: tuple[LinePiece, ...] = ()
    notes: tuple[NotePiece, ...] = ()
    reminders: tuple[ReminderPiece, ...] = ()
    guises: tuple[GuisePiece, ...] = ()
    voice: tuple[VoicePiece, ...] = ()
    staged: tuple[StagedPiece, ...] = ()
    bonds: tuple[BondPiece, ...] = ()
    dealings: tuple[DealingPiece, ...] = ()
    tickets: tuple[TicketPiece, ...] = ()
    acts: tuple[ActPiece, ...] = ()
    seal: Annotated[str, Field(max_length=64), AfterValidator(_as_a_seal)] = ""

    @field_validator("facts")
    @classmethod
    def _each_once(cls, facts: tuple[FactPiece, ...]) -> tuple[FactPiece, ...]:
        if len({fact.id for fact in facts}) < len(facts):
            raise ValueError("holds an id twice")
        return facts


def read_portable(data: bytes, *, now: datetime) -> tuple[Portable, Mapping[str, Any]]:
    """Return the validated contents of a file, and the raw JSON. This is slow: call it in a thread.

    Raises FileRefused, naming the path of each fault in the file.
    """
    if len(data) > MOST_BYTES:
        raise FileRefused(TOO_LARGE)
    raw = _parsed(data)
    try:
        return Portable.model_validate(raw, context={"now": now}), raw
    except ValidationError as error:
        raise FileRefused(_faults(error)) from None


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig")
        if _depth(text) > DEEPEST:
            raise FileRefused(TOO_DEEP)
        raw = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise FileRefused(NO_JSON_IN_LINE.format(line=error.lineno)) from None
    except (ValueError, RecursionError):
        raise FileRefused(NO_JSON) from None
    if not isinstance(raw, dict):
        raise FileRefused(NO_OBJECT)
    return raw


def _depth(text: str) -> int:
    """Return the nesting depth of brackets outside strings, before anything is parsed."""
    depth = deepest = 0
    in_string = escaped = False
    for letter in text:
        if in_string:
            in_string = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            in_string = True
        elif letter in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif letter in "]}":
            depth -= 1
    return deepest


def _no_number(word: str) -> float:
    raise ValueError(word)


def _faults(error: ValidationError) -> str:
    """Describe the faults of a file with their paths; pydantic's messages are in English."""
    found = error.errors(include_input=False, include_url=False)
    lines = [f"`{_path(fault['loc'])}`: {fault['msg'].removeprefix('Value error, ')}" for fault in found]
    more = len(lines) - MOST_FAULTS
    shown = lines[:MOST_FAULTS] + ([MORE_FAULTS.format(count=more)] if more > 0 else [])
    return "\n".join([str(NO_EXPORT), *shown])


def _path(steps: Sequence[int | str]) -> str:
    """Format a path in the file; keys chosen by the user are cut short."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step[:40]}"
    return path.lstrip(".").replace("`", "'") or str(THE_FILE)
