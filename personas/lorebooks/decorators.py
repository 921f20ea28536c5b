"""Decorators: lines of a content that begin with @@ and control when and where it is used (C32)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from personas.lorebooks.model import Position, Role
from personas.lorebooks.needles import unique

MOST = 1_000_000
"""Maximum count of turns, messages or replies."""
MOST_WORDS = 50
LONGEST = 200

_LINE = re.compile(r"@@(@?)([A-Za-z_]+)(?:[ \t]+(.*?))?[ \t\r]*")
_WHOLE = re.compile(r"\d{1,9}")

Effect = dict[str, Any]
"""Fields of an entry that a decorator sets."""


def decorated(content: str) -> tuple[str, Effect, tuple[tuple[str, str], ...]]:
    """Return a content without its decorators, the fields they set, and the decorators that count.

    Unknown decorators and unsuitable values are skipped, and the @@@ lines that follow are tried instead, in
    order. Of several with the same name the first counts; @@position overrides @@depth.
    """
    kept: list[str] = []
    found: dict[str, tuple[str, Effect]] = {}
    open_chain = False
    for line in content.split("\n"):
        match = _LINE.fullmatch(line)
        if match is None:
            kept.append(line)
            open_chain = False
        elif not match[1] or open_chain:
            name, value = match[2].lower(), match[3] or ""
            effect = effect_of(name, value)
            open_chain = effect is None
            if effect is not None:
                found.setdefault(name, (value, effect))
    if len(kept) == content.count("\n") + 1:
        return content, {}, ()
    return "\n".join(kept).strip("\r\n"), _together(found), tuple((name, found[name][0]) for name in found)


def effect_of(name: str, value: str) -> Effect | None:
    """Return a decorator's effect; None if it is unknown or its value is unsuitable."""
    reading = DECORATORS.get(name)
    return reading(value.strip()) if reading else None


def _together(found: Mapping[str, tuple[str, Effect]]) -> Effect:
    effects: Effect = {}
    for name in sorted(found, key=lambda name: (name == "position", name == "activate")):
        effects |= found[name][1]
    return effects


def _count(field: str, **more: Any) -> Callable[[str], Effect | None]:
    def reading(value: str) -> Effect | None:
        return {field: min(int(value), MOST), **more} if _WHOLE.fullmatch(value) else None

    return reading


def _least_one(field: str) -> Callable[[str], Effect | None]:
    def reading(value: str) -> Effect | None:
        return {field: min(int(value), MOST)} if _WHOLE.fullmatch(value) and int(value) else None

    return reading


def _mark(**fields: Any) -> Callable[[str], Effect | None]:
    def reading(value: str) -> Effect | None:
        return {"": fields, "true": fields, "false": {}}.get(value.lower())

    return reading


def _words(field: str) -> Callable[[str], Effect | None]:
    def reading(value: str) -> Effect | None:
        words = unique(value.split(","))[:MOST_WORDS]
        return {field: words} if words else None

    return reading


def _text(field: str) -> Callable[[str], Effect | None]:
    def reading(value: str) -> Effect | None:
        return {field: value[:LONGEST]} if value else None

    return reading


def _depth(value: str) -> Effect | None:
    """Return a position among the messages; below 1 means after the newest."""
    if re.fullmatch(r"-\d{1,9}", value):
        value = "0"
    return _count("depth", position=Position.DEPTH)(value)


def _role(value: str) -> Effect | None:
    return {"role": Role(value.lower())} if value.lower() in set(Role) else None


def _position(value: str) -> Effect | None:
    place = POSITIONS.get(value.strip("\"'").lower())
    return {"position": place} if place else None


def _probability(value: str) -> Effect | None:
    number = _count("probability")(value.removesuffix("%"))
    return number if number and number["probability"] <= 100 else None


def _semantic(value: str) -> Effect | None:
    if re.fullmatch(r"0?\.\d{1,6}|1(\.0{1,6})?", value):
        return {"semantic": True, "threshold": float(value)}
    return _mark(semantic=True)(value)


POSITIONS: Mapping[str, Position] = {
    **{place.value: place for place in Position if place is not Position.DEPTH},
    "before_desc": Position.BEFORE,
    "after_desc": Position.AFTER,
}
"""Position names that @@position accepts."""

DECORATORS: Mapping[str, Callable[[str], Effect | None]] = {
    "depth": _depth,
    "role": _role,
    "scan_depth": _count("scan_depth"),
    "position": _position,
    "activate": _mark(forced=True),
    "dont_activate": _mark(forced=False),
    "constant": _mark(constant=True),
    "activate_only_after": _count("only_after"),
    "activate_only_every": _least_one("only_every"),
    "keep_activate_after_match": _mark(keep_after_match=True),
    "dont_activate_after_match": _mark(never_after_match=True),
    "is_greeting": _count("greeting"),
    "additional_keys": _words("additional_keys"),
    "exclude_keys": _words("exclude_keys"),
    "ignore_on_max_context": _mark(ignore_on_max_context=True),
    # Our own decorators, for features that other programs store in separate fields.
    "sticky": _count("sticky"),
    "cooldown": _count("cooldown"),
    "delay": _count("delay"),
    "probability": _probability,
    "group": _text("group"),
    "group_weight": _count("group_weight"),
    "match_whole_words": _mark(match_whole_words=True),
    "exclude_recursion": _mark(exclude_recursion=True),
    "prevent_recursion": _mark(prevent_recursion=True),
    "semantic": _semantic,
    "stateful": _mark(stateful=True),
    "switches_off": _words("switches_off"),
}
"""The supported decorators. The others of the standard need a chat without messages, or icons."""
