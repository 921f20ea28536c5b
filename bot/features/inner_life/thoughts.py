"""What a character believes, dreamt and wonders about, as far as a place may know, in words (F133)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.context.musings import sureness
from bot.core.i18n import _, worded
from database import Database
from database.models import Musing, MusingChange
from database.repositories.musings import (
    CAME_BACK,
    FORMED,
    OPERATOR,
    OWN,
    SETTLED,
    STRONGER,
    WEAKER,
)
from memory.places import Where, audience_of
from memory.rules import Consent

SHOWN_CHANGES = 4
ROOM = 300
HEADS = {
    "belief": _("Believes"),
    "thread": _("Keeps wondering"),
    "dream": _("Dreamt"),
}
SURENESS = {
    "is quite sure": _("quite sure"),
    "is fairly sure": _("fairly sure"),
    "would not swear to it": _("would not swear to it"),
    "has doubts": _("has doubts"),
}
_CAUSES = {
    FORMED: _("came up"),
    OWN: _("its own by nature"),
    STRONGER: _("borne out"),
    WEAKER: _("weakened"),
    CAME_BACK: _("came back to it"),
    SETTLED: _("found an answer"),
    OPERATOR: _("changed by an operator"),
}
_EVIDENCE = {
    "opinion": _("by an opinion"),
    "example": _("by an example"),
    "argument": _("by an argument"),
    "experience": _("by what somebody lived through"),
}
_BELIEF = _("**{number}.** {text} ({percent} %, {sureness})")
_OTHER = "**{number}.** {text}"
_ANSWERED = _("**{number}.** {text} Its answer: {result}")
_GIVEN_UP = _("**{number}.** {text} (given up)")
_CHANGE, _CHANGE_THERE = _("{day}: {what}"), _("{day}: {what}, in {place}")


@dataclass(frozen=True, slots=True)
class ShownThought:
    """A musing, and what made it what it is, the newest first."""

    musing: Musing
    changes: tuple[MusingChange, ...]


@dataclass(frozen=True, slots=True)
class ThoughtForm:
    """How words of a model, days and places are written where this is read; "" for a place not to be told."""

    quote: Callable[[str, int], str]
    day: Callable[[datetime], str]
    place: Callable[[int], str]


class ThoughtsHere:
    """Looks up what a place may know of a character's thoughts; nothing where nobody is remembered."""

    def __init__(self, database: Database, consent: Consent) -> None:
        self._database = database
        self._consent = consent

    async def of(self, slug: str, where: Where) -> list[ShownThought]:
        """Return what a character thinks, or thought lately, that everybody in a place may know."""
        if self._consent == "off":
            return []
        async with self._database.read() as db:
            found = await db.musings.told_before(slug, audience_of(where))
            changes = await db.musings.changes([one.id for one in found])
        return with_changes(found, changes)


def with_changes(found: list[Musing], changes: list[MusingChange]) -> list[ShownThought]:
    """Return musings by kind, the newest of each first, with their changes."""
    of: dict[int, list[MusingChange]] = {}
    for one in changes:
        of.setdefault(one.musing_id, []).append(one)
    order = list(HEADS)
    found = sorted(found, key=lambda one: (order.index(one.kind), -one.id))
    return [ShownThought(one, tuple(of.get(one.id, ()))) for one in found]


def thought_text(one: Musing, form: ThoughtForm) -> str:
    """Return a thought with its number, in a line."""
    told: Mapping[str, object] = {
        "number": one.id,
        "text": form.quote(one.text, ROOM),
        "result": form.quote(one.result, ROOM) if one.result else "",
        "percent": round(one.confidence * 100),
        "sureness": worded(SURENESS, sureness(one.confidence)),
    }
    if one.kind == "belief":
        return (_GIVEN_UP if one.closed_at else _BELIEF).format(**told)
    return (_ANSWERED if one.result else _OTHER).format(**told)


def history_text(one: ShownThought, form: ThoughtForm) -> str:
    """Return how a thought came to be: days, places and kinds of evidence, and nobody's words."""
    return "; ".join(_changed(change, form) for change in reversed(one.changes[:SHOWN_CHANGES]))


def _changed(change: MusingChange, form: ThoughtForm) -> str:
    what = worded(_CAUSES, change.cause)
    if change.evidence:
        what = f"{what} {worded(_EVIDENCE, change.evidence)}"
    day, place = form.day(change.at), form.place(change.channel_id) if change.channel_id else ""
    words = _CHANGE_THERE if place else _CHANGE
    return words.format(day=day, what=what, place=place)


def thought_lines(found: list[ShownThought], form: ThoughtForm, *, small: str = "  ") -> Iterator[str]:
    """Yield thoughts, each with its kind where that begins, and with how it came to be in `small` print."""
    kind = ""
    for one in found:
        head = "" if one.musing.kind == kind else f"**{worded(HEADS, one.musing.kind)}**\n"
        kind = one.musing.kind
        yield f"{head}{thought_text(one.musing, form)}\n{small}{history_text(one, form)}"
