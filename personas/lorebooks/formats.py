"""Conversion of an entry from any supported format."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from personas.lorebooks.decorators import POSITIONS, decorated
from personas.lorebooks.fields import BrokenEntryError, Fields, mended
from personas.lorebooks.model import NEAR_ENOUGH, ORDER, WEIGHT, Logic, LoreEntry, Position, Role

LARGEST_CONTENT = 65_536
"""Maximum size of a content in UTF-8 bytes."""
MOST_KEYS = 500
"""Maximum number of an entry's keys of all kinds."""
LONGEST_KEY = 1_000
MOST_GROUPS = 20
"""Maximum number of an entry's groups."""
MOST_SWITCHED = 50
"""Maximum number of entries that one entry switches off."""

_ST_MARKS = ("display_index", "selectiveLogic", "useProbability")
_ST_POSITIONS = (
    Position.BEFORE,
    Position.AFTER,
    Position.NOTE_BEFORE,
    Position.NOTE_AFTER,
    Position.DEPTH,
    Position.EXAMPLES_BEFORE,
    Position.EXAMPLES_AFTER,
    Position.AFTER,  # an outlet, which has no equivalent here
)
_LOGICS = tuple(Logic)
_ROLES = tuple(Role)
_UNUSED = {
    "characterFilter": ("characterFilter", "character_filter"),
    "triggers": ("triggers",),
    "useGroupScoring": ("useGroupScoring", "use_group_scoring"),
    "automationId": ("automationId", "automation_id"),
    "outletName": ("outletName", "outlet_name"),
}


def read_entry(fields: Fields, uid: str) -> LoreEntry:
    """Return the entry with these fields; `uid` is its default id. Raises BrokenEntryError."""
    raw = fields.raw
    content, effects, decorators = decorated(_content(raw))
    known = {**_words(fields), **_placing(fields), **_timing(fields), **effects}
    entry = LoreEntry(
        uid=mended(fields.text("id", "uid", most=100) or uid[:100]),
        content=content,
        name=fields.text("name"),
        comment=fields.text("comment"),
        enabled=fields.flag("enabled", default=True) and not fields.flag("disable"),
        decorators=decorators,
        extensions=fields.extensions,
        original=raw,
        **known,
    )
    _check_keys(entry)
    return entry


def _content(raw: Mapping[str, Any]) -> str:
    content = raw.get("content")
    if not isinstance(content, str):
        raise BrokenEntryError("content is missing" if content is None else "content is no text")
    content = mended(content)
    if len(content.encode()) > LARGEST_CONTENT:
        raise BrokenEntryError(f"content has over {LARGEST_CONTENT // 1024} KB")
    return content


def _words(fields: Fields) -> dict[str, Any]:
    """Return the settings of keys. Programs that write `key` mark patterns by slashes alone."""
    slashed = "key" in fields.raw or any(mark in fields.extensions for mark in _ST_MARKS)
    use_regex = fields.flag("use_regex") and not slashed
    logic = fields.any("selectiveLogic", "selective_logic")
    return {
        "keys": fields.words("keys", "key"),
        "secondary_keys": fields.words("secondary_keys", "keysecondary"),
        "constant": fields.flag("constant") and not use_regex,
        "selective": fields.flag("selective", default="key" in fields.raw),
        "logic": _one_of(_LOGICS, logic, [logic_member.name for logic_member in Logic], Logic.AND_ANY),
        "case_sensitive": fields.flag("case_sensitive", "caseSensitive"),
        "match_whole_words": fields.flag("match_whole_words", "matchWholeWords"),
        "use_regex": use_regex,
        "slashed": slashed,
        "semantic": fields.flag("semantic", "vectorized"),
        "threshold": fields.number("threshold", "semantic_threshold", default=NEAR_ENOUGH, low=0, high=1),
    }


def _placing(fields: Fields) -> dict[str, Any]:
    rank = fields.any("priority")
    where = fields.extensions.get("position")
    where = fields.raw.get("position") if where is None else where
    named = {**POSITIONS, Position.DEPTH.value: Position.DEPTH}
    place = named.get(where.lower()) if isinstance(where, str) else None
    return {
        "insertion_order": fields.number("insertion_order", "order", default=ORDER),
        "priority": None if rank is None else fields.number("priority", default=ORDER),
        "position": place or _one_of(_ST_POSITIONS, where, (), Position.BEFORE),
        "depth": fields.count("depth", default=4),
        "role": _one_of(_ROLES, fields.any("role"), list(Role), Role.SYSTEM),
        "scan_depth": fields.optional("scan_depth", "scanDepth"),
        "ignore_budget": fields.flag("ignore_budget", "ignoreBudget"),
    }


def _timing(fields: Fields) -> dict[str, Any]:
    chance = fields.number("probability", default=100, low=0, high=100)
    if not fields.flag("useProbability", "use_probability", default=True):
        chance = 100
    return {
        "probability": chance,
        "group": ",".join(fields.text("group").split(",")[:MOST_GROUPS]),
        "group_weight": fields.number("group_weight", "groupWeight", default=WEIGHT, low=0),
        "group_override": fields.flag("group_override", "groupOverride"),
        "sticky": fields.count("sticky"),
        "cooldown": fields.count("cooldown"),
        "delay": fields.count("delay"),
        "exclude_recursion": fields.flag("exclude_recursion", "excludeRecursion"),
        "prevent_recursion": fields.flag("prevent_recursion", "preventRecursion"),
        "delay_until_recursion": _round(fields),
        "stateful": fields.flag("stateful"),
        "switches_off": fields.words("switches_off", "switchesOff")[:MOST_SWITCHED],
    }


def _round(fields: Fields) -> int:
    value = fields.any("delay_until_recursion", "delayUntilRecursion")
    if isinstance(value, bool):
        return int(value)
    return fields.count("delay_until_recursion", "delayUntilRecursion")


def _one_of(choices: Any, value: object, names: Iterable[str], default: Any) -> Any:
    """Return the choice with a number or name."""
    if isinstance(value, str):
        by_name = {name.lower(): place for place, name in enumerate(names)}
        value = by_name.get(value.lower())
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(choices):
        return choices[value]
    return default


def keys_of(entry: LoreEntry) -> tuple[str, ...]:
    """Return all keys of an entry, of every kind."""
    return (*entry.keys, *entry.secondary_keys, *entry.additional_keys, *entry.exclude_keys)


def _check_keys(entry: LoreEntry) -> None:
    keys = keys_of(entry)
    if len(keys) > MOST_KEYS:
        raise BrokenEntryError(f"it has {len(keys)} keys, and {MOST_KEYS} are the most")
    if any(len(key) > LONGEST_KEY for key in keys):
        raise BrokenEntryError(f"a key has over {LONGEST_KEY} characters")


def remarks(entry: LoreEntry, fields: Fields) -> Iterator[str]:
    """Yield notices about an entry: keys that never match, and unused fields."""
    if any("{{" in key for key in keys_of(entry)):
        yield "a key holds a macro, which keys don't know"
    if fields.flag("constant") and entry.use_regex:
        yield "constant does not count where keys are patterns"
    for name, spellings in _UNUSED.items():
        value = fields.any(*spellings)
        if any(value.values()) if isinstance(value, Mapping) else value:
            yield f"{name} is kept and not used"
