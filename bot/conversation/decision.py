"""The decision whether to answer a message, and its trace."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Self

from bot.core.i18n import _
from bot.llm.types import ModelCall


class Reason(Enum):
    """Reasons for an answer or for silence, stored by name with the message and the turn."""

    DM = _("direct message", "why it was answered")
    MENTION = _("mentioned", "why it was answered")
    REPLY = _("reply to one of its messages", "why it was answered")
    NAME = _("called by name", "why it was answered")
    CALL = _("alone with it in a call", "why it was answered")
    VOTE = _("voted to join in", "why it was answered")
    GREETING = _("greeting", "why it was answered")
    REMINDER = _("a reminder came due", "why it was answered")
    INITIATIVE = _("spoke first", "why it was answered")
    CHECK_IN = _("checked in", "why it was answered")
    CUE = _("its turn to speak", "why it was answered")
    SELF = _("its own message", "why it was not answered")
    INACTIVE = _("switched off here", "why it was not answered")
    DENIED_USER = _("its author is on the deny list", "why it was not answered")
    DENIED_ROLE = _("its author has a role on the deny list", "why it was not answered")
    AGE_GATE = _("who would answer is for adults, and this channel is not", "why it was not answered")
    EMPTY = _("nothing to read in it", "why it was not answered")
    STALE = _("too old when it arrived", "why it was not answered")
    LATE = _("left behind by a stop, and too old after it", "why it was not answered")
    COOLDOWN = _("answered this bot a moment ago", "why it was not answered")
    TIRED = _("no energy left for bots here", "why it was not answered")
    THRESHOLD = _("answered this bot often enough", "why it was not answered")
    OTHERS = _("somebody else is addressed", "why it was not answered")
    CHATTER = _("small talk that needs no answer", "why it was not answered")
    UNADDRESSED = _("not addressed, and there is no vote", "why it was not answered")
    CHANCE = _("chance decided against it", "why it was not answered")
    OUTVOTED = _("voted to keep quiet", "why it was not answered")
    NO_VOTE = _("the vote could not be held", "why it was not answered")
    ANSWERED = _("answered already, together with something else", "why it was not answered")
    TAKEN = _("somebody else who was named has answered", "why it was not answered")
    UNSENDABLE = _("the channel can't be written to", "why it was not answered")
    CALL_ENDED = _("the call ended before it was answered", "why it was not answered")
    NO_ANSWER = _("thinking failed", "why it was not answered")
    DELETED = _("deleted before it was answered", "why it was not answered")
    TAKEN_DOWN = _("its answer was deleted while it was being written", "why it was not answered")
    NOBODY = _("no character is there", "why it was not answered")
    BUDGET = _("the budget of today is spent, or runs short", "why it was not answered")


WEIGHED = (Reason.CHATTER, Reason.CHANCE)
"""Reasons of too little relevance: a message that called the character is answered in spite of them after an
edit.
"""
UNASKED = frozenset(
    reason.name for reason in (Reason.GREETING, Reason.REMINDER, Reason.INITIATIVE, Reason.CHECK_IN)
)
"""Reasons for an unprompted message."""


class Note(Enum):
    """Notes of a rule, stored by name with figures."""

    BUDGET_SHORT = _("four fifths of a budget are spent")
    BUDGET_SPENT = _("a budget is spent")
    REPLIES = _("{count} of {limit} replies")
    ENERGY = _("{count} of {limit} spent")
    PRIORITY = _("{score} of {needed}: {signs}", "how likely a message is for the character")
    CHANCE_AGAINST = _("{roll} is not below {chance}")
    CHANCE = _("{roll} is below {chance}")
    SPEAKS_FIRST = _("{kind}; {roll} is below {chance}")
    AWAY = _("away for {days} days")


class Pause(Enum):
    """Reasons for a wait, stored by name."""

    COOLDOWN = _("cooldown", "why it waited")
    TURN = _("somebody else was named first", "why it waited")


@dataclass(frozen=True, slots=True)
class RuleRemark:
    """A note of a rule: facts, never users' words; `note` is free text if no `Note` fits."""

    note: Note | str
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to reply, and why; `remark` adds figures."""

    reply: bool
    reason: Reason
    remark: RuleRemark | None = None


@dataclass(frozen=True, slots=True)
class DecisionStep:
    """An applied rule and its result."""

    rule: str
    remark: RuleRemark | None = None

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        if "note" not in kept:
            return cls(kept["rule"])
        note = kept["note"]
        return cls(kept["rule"], RuleRemark(Note.__members__.get(note, note), kept.get("figures", {})))


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause before the rules are applied again, in seconds as planned; it may have ended early.

    `why` is the name of a `Pause`, or free text if none fits.
    """

    why: str
    seconds: float


_TUPLES = ("addressees", "votes", "recalled", "lines", "known", "lore", "saw", "expert", "guard", "musings")
"""Fields of a trace that are tuples: JSON only has lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The trace of a decision (C18): facts and ids, none of the message's words.

    `addressees` are user ids in the order of address, 0 for an unknown person; `votes` are "yes", "no" and
    "abstain". `seconds` run from receipt to decision, waits included; `cost` is in US dollars, None if a
    price is unknown. `recalled` are the facts that a search found for the reply, `lines` the earlier
    messages, and `known` the facts in its prompt's preamble, by id (C67); `lore` are entries of lorebooks, by
    book and number; `cue` is the reason for a character's turn after others; `saw` are the perceived
    pictures, files and voice messages: the kind of each, and the id of its message. `expert` is the model
    that wrote the reply and why, unless it was the general model. `guard` is the hostility and the thickness
    of the skin, if its prompt mentioned them. `voted_for` is the character whose joining in was put to the
    vote and `carried` the result, stored once per vote: with its first message. `musings` are the character's
    own thoughts, by id.
    """

    steps: tuple[DecisionStep, ...] = ()
    addressees: tuple[int, ...] = ()
    asked_who: bool = False
    waits: tuple[Wait, ...] = ()
    votes: tuple[str, ...] = ()
    seconds: float = 0.0
    cost: float | None = 0.0
    signal: str = ""
    recalled: tuple[int, ...] = ()
    lines: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    lore: tuple[str, ...] = ()
    cue: str = ""
    saw: tuple[str, ...] = ()
    expert: tuple[str, ...] = ()
    guard: tuple[float, ...] = ()
    voted_for: str = ""
    carried: bool = False
    musings: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Parse the output of `trace_json`; fields of other versions are ignored."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        known["steps"] = tuple(DecisionStep.from_json(step) for step in known.get("steps", ()))
        known["waits"] = tuple(Wait(wait["why"], wait["seconds"]) for wait in known.get("waits", ()))
        for name in _TUPLES:
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Considered:
    """The rules' result for one message: without a decision it is put to the vote.

    `received` is the time of arrival; `bot_replies` counts the answers in a row to its author, if a bot;
    `calls` are the cost of finding the addressees.
    """

    decision: Decision | None
    trace: Trace
    received: datetime
    bot_replies: int = 0
    calls: tuple[ModelCall, ...] = ()


def english(reason: Reason) -> str:
    """Return the sentence of a reason for the log, which is always in English."""
    return str.__str__(reason.value)


def trace_json(trace: Trace) -> dict[str, Any]:
    """Return a trace in the form that the database stores."""
    return asdict(trace) | {"steps": [_step_json(step) for step in trace.steps]}


def _step_json(step: DecisionStep) -> dict[str, Any]:
    if step.remark is None:
        return {"rule": step.rule}
    note = step.remark.note
    kept = note.name if isinstance(note, Note) else note
    return {"rule": step.rule, "note": kept, "figures": dict(step.remark.figures)}
