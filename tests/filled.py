"""No message of ours reaches Discord with a field that was not filled in, such as “{place}”."""

import json
import re
from collections.abc import Iterable
from functools import cache

import polib
from simcord.types import HttpLogEntry

from bot.core.i18n import TABLES

_FIELD = re.compile(r"(?<!\{)\{([a-z_]+)(?:[:!][^{}]*)?\}(?!\})")


@cache
def fields() -> frozenset[str]:
    """Return the names of all fields that the messages of the program have."""
    entries = polib.pofile(str(TABLES / "de.po"), encoding="utf-8")
    forms = (form for entry in entries for form in (entry.msgid, entry.msgid_plural))
    return frozenset(name for form in forms for name in _FIELD.findall(form))


def unfilled(text: str) -> list[str]:
    """Return the fields of ours that stand in a text; what the tests' attackers write is passed over."""
    for attack in ("{0} {name}", "{time} {place}"):
        text = text.replace(attack, "")
    return [name for name in _FIELD.findall(text) if name in fields()]


def assert_filled(requests: Iterable[HttpLogEntry]) -> None:
    """Check everything that the bot has sent."""
    for one in requests:
        sent = json.dumps(one.json, ensure_ascii=False, default=str)
        assert not unfilled(sent), (one.method, one.path, sent)
