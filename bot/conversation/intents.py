"""The purpose of a request, by rules alone: code, a look at a picture, a memory, or conversation."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from itertools import islice
from pathlib import Path

import regex

from bot.conversation.types import Line, Utterance
from memory.asking import asks_for_memory

ENOUGH_SIGNALS = 2
WITHOUT_A_SIGN = 2
"""After this many messages of a person in a row without a sign of code the topic has changed."""
EXCHANGE = timedelta(hours=1)
"""Earlier lines belong to another conversation, and their prompt is no longer cached."""
LONGEST = 4_000
"""The maximum number of letters searched in a message: code is recognisable early."""
_FENCE = regex.compile(r"```[^`]*\S")
_TRACEBACK = regex.compile(
    r"Traceback \(most recent call last\)|^[ \t]*File \"[^\"\n]+\", line \d+"
    r"|^[ \t]*at [\w.$<>/]+ ?\([^()\n]*:\d+\)|^Exception in thread \"|\bpanicked at "
    r"|^\w*(?:Error|Exception): |^error(?:\[E\d+\])?: |:\d+:\d+: error:",
    regex.MULTILINE,
)
_TABLE = Path(__file__).with_name("code_signals.toml")


class IntentKind(StrEnum):
    """The purpose of a reply."""

    CODE = "code"
    VISION = "vision"
    MEMORY = "memory"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Intent:
    """The purpose of a reply, and the sign that showed it; "" without a sign."""

    kind: IntentKind
    why: str = ""


PLAIN = Intent(IntentKind.GENERAL)


def intent_of(heard: Sequence[Utterance], lines: Sequence[Line] = (), *, pictured: bool = False) -> Intent:
    """Return the purpose of the newest message in `heard`, which follows `lines`.

    `pictured` says that a picture is shown. A conversation about code remains one for the whole exchange.
    """
    if pictured:
        return Intent(IntentKind.VISION, "picture")
    if sign := next(filter(None, (sign_of_code(message.text) for message in reversed(heard))), ""):
        return Intent(IntentKind.CODE, sign)
    without = sum(message.author_id == heard[-1].author_id for message in heard)
    if any(map(sign_of_code, islice(_before(heard, lines), max(WITHOUT_A_SIGN - without, 0)))):
        return Intent(IntentKind.CODE, "exchange")
    if any(asks_for_memory(message.said) for message in heard):
        return Intent(IntentKind.MEMORY, "recall")
    return PLAIN


def sign_of_code(text: str) -> str:
    """Return the sign that a text is about code: "fence", "traceback", or the names of two signals; "" if it
    isn't.
    """
    text = text[:LONGEST]
    if _FENCE.search(text):
        return "fence"
    if _TRACEBACK.search(text):
        return "traceback"
    found = islice((name for name, sign in _signals().items() if sign.search(text)), ENOUGH_SIGNALS)
    names = list(found)
    return " + ".join(names) if len(names) == ENOUGH_SIGNALS else ""


def _before(heard: Sequence[Utterance], lines: Sequence[Line]) -> Iterator[str]:
    """Yield earlier lines of the newest message's author in this exchange, the newest first."""
    newest, now = heard[-1], [message.text for message in heard]
    for line in reversed(lines):
        if newest.sent_at - line.said_at > EXCHANGE:
            return
        if line.text in now:  # the transcript may contain the answered message already
            now.remove(line.text)
        elif line.person_id == newest.author_id and not (line.mine or line.of_picture):
            yield line.text


@cache
def _signals() -> dict[str, regex.Pattern[str]]:
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["signals"]
    return {name: regex.compile(sign, regex.IGNORECASE | regex.MULTILINE) for name, sign in table.items()}
