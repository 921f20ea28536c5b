"""Descriptions of edits for operators, with the state before and after (C85)."""

from collections.abc import Mapping
from typing import Any

from discord.utils import format_dt

from bot.core.i18n import _, worded
from bot.features.admin.edit_characters import CHOSEN, PRESENCE
from bot.features.admin.edit_facts import FACT, FactTexts
from bot.features.admin.edit_relations import BOND
from bot.features.admin.edit_thoughts import THOUGHT
from bot.features.admin.edits import ManualChange, RecordedEdit, Values
from bot.features.inner_life.wording import BOND_STAGES, DAY_MOODS, LINE_KINDS, METRICS
from cogs._discord.text import inline
from cogs.admin.relation_views import STAGES
from personas.relations.bonds import Metric

VALUE_ROOM, KEY_ROOM = 600, 120
ENTRY = _("**{number}.** {at} {thing} {verb} by <@{actor}>{note}")
HEAD = _("**Change {number}**: {thing} {verb}, {at}, by <@{actor}>{note}")
BEFORE, AFTER = _("**Before:** {values}"), _("**After:** {values}")
OF_PERSON = _("{what} of <@{id}> with {name}")
PRESENCE_OF, ANSWERS_IN = _("presence of {name} in <#{channel}>"), _("who answers in <#{channel}>")
NOT_THERE = _("it was not there")
NOT_THERE_NOW = _("it is not there")
TAKEN_BACK, TAKES_BACK = _(", taken back by {number}"), _(", which takes back {number}")
BLANK = _("What it was is forgotten, because the person whom it concerns wanted that.")
HIDDEN = _("Its words were told in private: they are shown to nobody but that person.")
FORGOTTEN = _("Its words have been forgotten since.")
THING = "{kind} {which}"
VALUE = _("{name}: {value}", "one of the values of a thing that was changed")
YES, NO = _("yes"), _("no")
_KINDS = {
    "identity": _("identity", "a kind of thing that operators change"),
    "lore": _("lore", "a kind of thing that operators change"),
    "affinity": _("affinity", "a kind of thing that operators change"),
    "mood": _("mood", "a kind of thing that operators change"),
    "hostility": _("hostility", "a kind of thing that operators change"),
    "presence": _("presence", "a kind of thing that operators change"),
    "chosen": _("chosen", "a kind of thing that operators change"),
    "fact": _("fact", "a kind of thing that operators change"),
    "bond": _("bond", "a kind of thing that operators change"),
    "state": _("state", "a kind of thing that operators change"),
    THOUGHT: _("thought", "a kind of thing that operators change"),
}
_VERBS = {
    "put back": _("put back", "what was done with a thing"),
    "added": _("added", "what was done with a thing"),
    "removed": _("removed", "what was done with a thing"),
    "changed": _("changed", "what was done with a thing"),
}
_NAMES = {
    **METRICS,
    **DAY_MOODS,
    "kind": _("kind", "one of the values of a thing"),
    "text": _("text", "one of the values of a thing"),
    "keys": _("keys", "one of the values of a thing"),
    "content": _("content", "one of the values of a thing"),
    "constant": _("constant", "one of the values of a thing"),
    "enabled": _("enabled", "one of the values of a thing"),
    "value": _("value", "one of the values of a thing"),
    "stage": _("stage", "one of the values of a thing"),
    "present": _("present", "one of the values of a thing"),
    "character": _("character", "one of the values of a thing"),
    "number": _("number", "one of the values of a thing"),
    "kept": _("kept", "one of the values of a thing"),
    "pinned": _("pinned", "one of the values of a thing"),
    "scope": _("scope", "one of the values of a thing"),
    "holds": _("holds", "one of the values of a thing"),
    "settled_at": _("attacks count from", "one of the values of a thing"),
    "confidence": _("confidence", "one of the values of a thing"),
}
_VALUES = {
    "kind": LINE_KINDS,
    "stage": {**STAGES, **BOND_STAGES},
    "scope": {
        "dm": _("dm", "where a fact may come up"),
        "channel": _("channel", "where a fact may come up"),
        "guild": _("guild", "where a fact may come up"),
        "everywhere": _("everywhere", "where a fact may come up"),
    },
}
"""By field, the words for values that are stored by their English name."""
_SHOWN = {
    BOND: tuple(str(metric) for metric in Metric),
    FACT: ("number", "kept", "pinned", "scope", "holds"),
    THOUGHT: ("confidence",),
}
"""The fields shown to operators, without the kind of relationship that a person chose, which is private."""


def change_entry(recorded: RecordedEdit) -> str:
    return _headed(ENTRY, recorded, at=format_dt(recorded.at, "R"))


def change_text(recorded: RecordedEdit, words: FactTexts) -> str:
    """Return a change with the state before and after; a fact's text only if operators may see it."""
    head = _headed(HEAD, recorded, at=format_dt(recorded.at, "f"))
    if recorded.is_blank:
        return f"{head}\n{BLANK}"
    before, after = recorded.change.before, recorded.change.after
    told = [
        BEFORE.format(values=_values(recorded.change, before, words.before) or NOT_THERE),
        AFTER.format(values=_values(recorded.change, after, words.after) or NOT_THERE_NOW),
    ]
    told += [str(HIDDEN)] if words.hidden else []
    told += [str(FORGOTTEN)] if words.forgotten else []
    return "\n".join([head, *told])


def thing(change: ManualChange) -> str:
    """Return the name of the changed thing, with people and channels as Discord mentions."""
    kind = worded(_KINDS, change.entity)
    if change.person_id is not None:
        return OF_PERSON.format(what=kind, id=change.person_id, name=inline(change.key[1], KEY_ROOM))
    if change.entity == PRESENCE and change.key:
        return PRESENCE_OF.format(name=inline(change.key[1], KEY_ROOM), channel=change.key[0])
    if change.entity == CHOSEN and change.key:
        return ANSWERS_IN.format(channel=change.key[0])
    return THING.format(kind=kind, which=inline(" ".join(change.key), KEY_ROOM)) if change.key else kind


def _headed(words: str, recorded: RecordedEdit, *, at: str) -> str:
    change = recorded.change
    note = TAKES_BACK.format(number=change.undoes) if change.undoes is not None else ""
    note += TAKEN_BACK.format(number=recorded.undone_by) if recorded.undone_by is not None else ""
    verb = worded(_VERBS, change.verb)
    return words.format(
        number=change.number, at=at, thing=thing(change), verb=verb, actor=recorded.actor_id, note=note
    )


def _values(change: ManualChange, values: Values | None, words: str | None) -> str:
    if values is None:
        return ""
    names = _SHOWN.get(change.entity, tuple(name for name in values if name != "made_by"))
    told = [(name, _value_text(values, name)) for name in names if name in values]
    told += [("text", inline(words, VALUE_ROOM))] if words is not None else []
    return "; ".join(VALUE.format(name=worded(_NAMES, name), value=value) for name, value in told)


def _value_text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if isinstance(value, bool):
        return str(YES if value else NO)
    if isinstance(value, list):
        return inline(", ".join(map(str, value)), VALUE_ROOM)
    return inline(worded(_VALUES.get(name, {}), str(value)), VALUE_ROOM)
