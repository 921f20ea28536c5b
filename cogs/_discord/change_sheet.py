"""A change made by hand, as operators are shown it: what it was, and what it became (C85)."""

from collections.abc import Mapping
from typing import Any

from discord.utils import format_dt

from bot.curation.bonds import BOND
from bot.curation.change import Change, Recorded, Values
from bot.curation.characters import CHOSEN, PRESENCE
from bot.curation.facts import FACT, Words
from bot.i18n import _
from cogs._discord.quoting import inline
from personas.bonds import Metric

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
FORGOTTEN = _("Its words are forgotten since.")
_SHOWN = {
    BOND: tuple(str(one) for one in Metric),
    FACT: ("number", "kept", "pinned", "scope", "holds"),
}
"""What is shown of the values: of a bond not what somebody chose it to be like, which is theirs."""


def change_entry(one: Recorded) -> str:
    """Return a change as a line of a list."""
    return _headed(ENTRY, one, at=format_dt(one.at, "R"))


def change_text(one: Recorded, words: Words) -> str:
    """Return a change with what was before and after; of a fact with its words, where these may be seen."""
    head = _headed(HEAD, one, at=format_dt(one.at, "f"))
    if one.is_blank:
        return f"{head}\n{BLANK}"
    before, after = one.change.before, one.change.after
    told = [
        BEFORE.format(values=_values(one.change, before, words.before) or NOT_THERE),
        AFTER.format(values=_values(one.change, after, words.after) or NOT_THERE_NOW),
    ]
    told += [HIDDEN] if words.hidden else []
    told += [FORGOTTEN] if words.forgotten else []
    return "\n".join([head, *told])


def thing(change: Change) -> str:
    """Return what was changed, in words: people and channels as Discord shows them."""
    if change.person_id is not None:
        return OF_PERSON.format(what=change.entity, id=change.person_id, name=inline(change.key[1], KEY_ROOM))
    if change.entity == PRESENCE and change.key:
        return PRESENCE_OF.format(name=inline(change.key[1], KEY_ROOM), channel=change.key[0])
    if change.entity == CHOSEN and change.key:
        return ANSWERS_IN.format(channel=change.key[0])
    return f"{change.entity} {inline(' '.join(change.key), KEY_ROOM)}" if change.key else change.entity


def _headed(words: str, one: Recorded, *, at: str) -> str:
    change = one.change
    note = TAKES_BACK.format(number=change.undoes) if change.undoes is not None else ""
    note += TAKEN_BACK.format(number=one.undone_by) if one.undone_by is not None else ""
    return words.format(
        number=change.number, at=at, thing=thing(change), verb=change.verb, actor=one.actor_id, note=note
    )


def _values(change: Change, values: Values | None, words: str | None) -> str:
    if values is None:
        return ""
    names = _SHOWN.get(change.entity, tuple(name for name in values if name != "made_by"))
    told = [f"{name}: {_told(values, name)}" for name in names if name in values]
    told += [f"text: {inline(words, VALUE_ROOM)}"] if words is not None else []
    return "; ".join(told)


def _told(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return inline(", ".join(map(str, value)) if isinstance(value, list) else str(value), VALUE_ROOM)
