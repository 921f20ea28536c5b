"""A character's beliefs, dreams and open questions that a place may know, in words (F133)."""

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
    """A musing and its changes, newest first."""

    musing: Musing
    changes: tuple[MusingChange, ...]


@dataclass(frozen=True, slots=True)
class ThoughtForm:
    """Formatting of model output, days and places for one medium; `place` returns "" for a hidden place."""

    quote: Callable[[str, int], str]
    day: Callable[[datetime], str]
    place: Callable[[int], str]


class ThoughtsHere:
    """Looks up the thoughts that a place may know; none if memory is off."""

    def __init__(self, database: Database, consent: Consent) -> None:
        self._database = database
        self._consent = consent

    async def of(self, slug: str, where: Where) -> list[ShownThought]:
        """Return a character's current and recent thoughts that everybody in a place may know."""
        if self._consent == "off":
            return []
        async with self._database.read() as db:
            found = await db.musings.told_before(slug, audience_of(where))
            changes = await db.musings.changes([musing.id for musing in found])
        return with_changes(found, changes)


def with_changes(found: list[Musing], changes: list[MusingChange]) -> list[ShownThought]:
    """Pair musings with their changes, by kind and newest first."""
    of: dict[int, list[MusingChange]] = {}
    for change in changes:
        of.setdefault(change.musing_id, []).append(change)
    order = list(HEADS)
    found = sorted(found, key=lambda musing: (order.index(musing.kind), -musing.id))
    return [ShownThought(musing, tuple(of.get(musing.id, ()))) for musing in found]


def thought_text(musing: Musing, form: ThoughtForm) -> str:
    """Return a thought with its number, on one line."""
    told: Mapping[str, object] = {
        "number": musing.id,
        "text": form.quote(musing.text, ROOM),
        "result": form.quote(musing.result, ROOM) if musing.result else "",
        "percent": round(musing.confidence * 100),
        "sureness": worded(SURENESS, sureness(musing.confidence)),
    }
    if musing.kind == "belief":
        return (_GIVEN_UP if musing.closed_at else _BELIEF).format(**told)
    return (_ANSWERED if musing.result else _OTHER).format(**told)


def history_text(thought: ShownThought, form: ThoughtForm) -> str:
    """Return the history of a thought: days, places and kinds of evidence, without quotes."""
    return "; ".join(_changed(change, form) for change in reversed(thought.changes[:SHOWN_CHANGES]))


def _changed(change: MusingChange, form: ThoughtForm) -> str:
    what = worded(_CAUSES, change.cause)
    if change.evidence:
        what = f"{what} {worded(_EVIDENCE, change.evidence)}"
    day, place = form.day(change.at), form.place(change.channel_id) if change.channel_id else ""
    words = _CHANGE_THERE if place else _CHANGE
    return words.format(day=day, what=what, place=place)


def thought_lines(found: list[ShownThought], form: ThoughtForm, *, small: str = "  ") -> Iterator[str]:
    """Yield thoughts with a heading for each kind; the history follows in `small` print."""
    kind = ""
    for thought in found:
        head = "" if thought.musing.kind == kind else f"**{worded(HEADS, thought.musing.kind)}**\n"
        kind = thought.musing.kind
        yield f"{head}{thought_text(thought.musing, form)}\n{small}{history_text(thought, form)}"
