"""Untrusted cards, read in a sandboxed process, whose answer is validated here."""

import asyncio
import logging
from threading import BoundedSemaphore
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from bot.core.child import answer_of
from bot.core.errors import ConfigurationError
from bot.core.i18n import _
from bot.core.sandbox import Unfinished
from bot.features.characters import sandboxed_reader
from personas.cards.charx import MOST_BYTES
from personas.character import Character

log = logging.getLogger(__name__)

DEADLINE = 5.0
"""Timeout in seconds for reading a card, including the start of the process."""
_MOST_AT_ONCE = 2
# Each reader process takes up to 256 MB, so further ones wait.
_places = BoundedSemaphore(_MOST_AT_ONCE)

FAULT = _("{file} {wrong}; {mend}.")
OVER = _("has over {most} MB")
SMALLER = _("use a smaller file")
TOO_LONG = _("takes too long to read")
BROKE = _("broke the process that was reading it")
DONT_USE = _("don't use this file")
OUR_FAULT = _("could not be read because of an error in Masquerade")
SEE_LOG = _("the log says more")

Kind = Literal["card", "sheet", "lorebook"]
Output = Literal["json", "png", "charx"]
_Sentence = Annotated[str, StringConstraints(max_length=600)]
_Sentences = Annotated[tuple[_Sentence, ...], Field(max_length=100)]


class RefusedStranger(ConfigurationError):  # noqa: N818 - an answer, not a fault
    """A refused file; the text says in one sentence what is wrong with it and what to do.

    `dangerous` means that the process ran out of time or memory, or died; `ours` that it hit an error of our
    own. No other code should read either file. Messages of the card readers stay in English: they are as
    exact as their formats, and the log holds them too.
    """

    def __init__(
        self, name: str, wrong: str, mend: str, *, dangerous: bool = False, ours: bool = False
    ) -> None:
        told = FAULT.format(file=harmless(name, 200), wrong=harmless(wrong, 400), mend=harmless(mend, 400))
        super().__init__(told)
        self.dangerous = dangerous
        self.ours = ours


class Inspected(BaseModel):
    """The contents of an untrusted file, as plain values.

    `fields` are Character fields, not yet validated by it; `book` is a lorebook as found. `used` lists the
    extensions taken over, `unused` those only stored. Nothing was run, fetched or saved.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Kind
    container: Literal["PNG", "JSON", "CHARX"]
    version: Annotated[int, Field(ge=1, le=3)] | None = None
    card_name: Annotated[str, StringConstraints(max_length=200)] = ""
    fields: dict[str, Any] = {}
    book: dict[str, Any] | None = None
    creator_notes: dict[str, str] = {}
    files: Annotated[int, Field(ge=0)] = 0
    macros: _Sentences = ()
    unknown_macros: _Sentences = ()
    used: _Sentences = ()
    unused: _Sentences = ()
    warnings: _Sentences = ()
    notices: _Sentences = ()

    @field_validator("fields")
    @classmethod
    def _fields_are_a_characters(cls, fields: dict[str, Any]) -> dict[str, Any]:
        if fields.keys() - Character.model_fields.keys():
            raise ValueError("names fields that no character has")
        return fields


class _Fault(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    wrong: str
    mend: str
    line: int | None
    dangerous: bool = False


async def read_stranger(data: bytes, *, name: str, deadline: float = DEADLINE) -> Inspected:
    """Inspect an untrusted file in its own process (C31, faults D7, D8, D9, D18).

    `name` is the file's name in messages, `deadline` is in seconds. Raises RefusedStranger.
    """
    answer, _ = await asyncio.to_thread(_asked, data, "inspect", name, deadline)
    try:
        return Inspected.model_validate(answer)
    except ValueError as error:
        raise _died(name) from error


async def export_stranger(data: bytes, *, to: Output, name: str, deadline: float = 2 * DEADLINE) -> bytes:
    """Convert a card to another file type in its own process. Raises RefusedStranger."""
    _, written = await asyncio.to_thread(_asked, data, to, name, deadline)
    if not written:
        raise _died(name)
    return written


def harmless(text: str, most: int) -> str:
    """Return a text on one line, without control characters or bidirectional marks."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[:most])
    return " ".join(shown.split())


def _asked(data: bytes, order: str, name: str, deadline: float) -> tuple[dict[str, Any], bytes]:
    if len(data) > MOST_BYTES:
        raise RefusedStranger(name, OVER.format(most=MOST_BYTES >> 20), SMALLER)
    try:
        with _places:
            answer, written = answer_of(sandboxed_reader.__file__, order, data, deadline=deadline)
        fault = _Fault.model_validate(answer["fault"]) if "fault" in answer else None
    except Unfinished as cut:
        raise _refused(cut, name) from cut
    except ValueError as error:
        raise _died(name) from error
    if fault:
        raise RefusedStranger(name, fault.wrong, fault.mend, dangerous=fault.dangerous)
    return answer, written


def _refused(cut: Unfinished, name: str) -> RefusedStranger:
    if cut.late:
        return RefusedStranger(name, TOO_LONG, DONT_USE, dangerous=True)
    if cut.fault:
        log.error("A file could not be read: %s", cut.fault)
        return RefusedStranger(name, OUR_FAULT, SEE_LOG, ours=True)
    return _died(name)


def _died(name: str) -> RefusedStranger:
    return RefusedStranger(name, BROKE, DONT_USE, dangerous=True)
