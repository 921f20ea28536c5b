"""What is kept of decisions, in English, in the words of whoever reads it (C18, C95)."""

import re
from collections.abc import Iterator

from bot.core.i18n import _, number

_WHY = (
    _("direct message", "why it was answered"),
    _("mentioned", "why it was answered"),
    _("reply to one of its messages", "why it was answered"),
    _("called by name", "why it was answered"),
    _("voted to join in", "why it was answered"),
    _("greeting", "why it was answered"),
    _("a reminder came due", "why it was answered"),
    _("spoke first", "why it was answered"),
    _("checked in", "why it was answered"),
    _("its turn to speak", "why it was answered"),
    _("its own message", "why it was not answered"),
    _("switched off here", "why it was not answered"),
    _("its author is on the deny list", "why it was not answered"),
    _("its author has a role on the deny list", "why it was not answered"),
    _("who would answer is for adults, and this channel is not", "why it was not answered"),
    _("nothing to read in it", "why it was not answered"),
    _("too old when it arrived", "why it was not answered"),
    _("left behind by a stop, and too old after it", "why it was not answered"),
    _("answered this bot a moment ago", "why it was not answered"),
    _("no energy left for bots here", "why it was not answered"),
    _("answered this bot often enough", "why it was not answered"),
    _("somebody else is addressed", "why it was not answered"),
    _("small talk that needs no answer", "why it was not answered"),
    _("not addressed, and there is no vote", "why it was not answered"),
    _("chance decided against it", "why it was not answered"),
    _("voted to keep quiet", "why it was not answered"),
    _("the vote could not be held", "why it was not answered"),
    _("answered already, together with something else", "why it was not answered"),
    _("somebody else who was named has answered", "why it was not answered"),
    _("the channel can't be written to", "why it was not answered"),
    _("thinking failed", "why it was not answered"),
    _("deleted before it was answered", "why it was not answered"),
    _("no character is there", "why it was not answered"),
    _("the budget of today is spent, or runs short", "why it was not answered"),
)
_REMARKS = (
    _("four fifths of a budget are spent"),
    _("a budget is spent"),
    _("no sign", "that a message is for the character"),
    _("follow-up", "a sign that a message is for the character"),
    _("asked", "a sign that a message is for the character"),
    _("room", "a sign that a message is for the character"),
    _("plea", "a sign that a message is for the character"),
    _("question", "a sign that a message is for the character"),
    _("others' talk", "a sign that a message is not for the character"),
    _("small talk", "a sign that a message is not for the character"),
    _("elsewhere", "a sign that a message is not for the character"),
    _("from a bot", "a sign that a message is not for the character"),
    _("contextual", "a remark of a character that speaks first: on the talk"),
    _("status", "a remark of a character that speaks first: on what it does"),
    _("cooldown", "why it waited"),
    _("somebody else was named first", "why it waited"),
    _("addressed", "why it is a character's turn"),
    _("named", "why it is a character's turn"),
    _("routed", "why it is a character's turn: the topic is its own"),
    _("banter", "why it is a character's turn: it answers another one"),
    _("scene", "why it is a character's turn"),
    _("reply", "what is shown when thinking failed"),
    _("react", "what is shown when thinking failed"),
    _("silent", "what is shown when thinking failed"),
)
_WITH_VALUES = (
    _("its turn to speak ({why})", "why it was answered"),
    _("{count} of {limit} replies"),
    _("{count} of {limit} spent"),
    _("{score} of {needed}: {signs}", "how likely a message is for the character"),
    _("{roll} is not below {chance}"),
    _("{kind}; {roll} is below {chance}"),
    _("{roll} is below {chance}"),
    _("away for {days} days"),
)

_WORDS = {str(one): one for one in (*_WHY, *_REMARKS)}
_FIELD = re.compile(r"\\{(\w+)\\}")
_FORMS = [
    (re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(str(one)))), one)
    for one in _WITH_VALUES  # the first that fits
]
_DECIMALS = re.compile(r"\d+\.(\d+)")


def in_words(kept: str | None) -> str:
    """Return what was kept in the language of the moment; as it is where it is known in no other."""
    if kept is None or kept in _WORDS:
        return str(_WORDS[kept]) if kept else ""
    for form, said in _FORMS:
        if found := form.fullmatch(kept):
            values = found.groupdict()
            return said.format(**{name: ", ".join(_parts(value)) for name, value in values.items()})
    return kept


def _parts(value: str) -> Iterator[str]:
    for one in value.split(", "):
        if decimals := _DECIMALS.fullmatch(one):
            yield number(float(one), f".{len(decimals[1])}f")
        else:
            yield str(_WORDS.get(one, one))
