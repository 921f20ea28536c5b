"""Whether to answer and why: the decision about one message, and the trace it leaves behind."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from bot.llm.types import Call


class Reason(StrEnum):
    """Why the character answers, or keeps quiet. Kept with the message and the turn."""

    DM = "direct message"
    MENTION = "mentioned"
    REPLY = "reply to one of its messages"
    NAME = "called by name"
    VOTE = "voted to join in"
    SELF = "its own message"
    INACTIVE = "switched off here"
    DENIED_USER = "its author is on the deny list"
    DENIED_ROLE = "its author has a role on the deny list"
    AGE_GATE = "who would answer is for adults, and this channel is not"
    EMPTY = "nothing to read in it"
    STALE = "too old when it arrived"
    LATE = "left behind by a stop, and too old after it"
    COOLDOWN = "answered this bot a moment ago"
    TIRED = "no energy left for bots here"
    THRESHOLD = "answered this bot often enough"
    OTHERS = "somebody else is addressed"
    CHATTER = "small talk that needs no answer"
    UNADDRESSED = "not addressed, and there is no vote"
    CHANCE = "chance decided against it"
    OUTVOTED = "voted to keep quiet"
    NO_VOTE = "the vote could not be held"
    ANSWERED = "answered already, together with something else"
    TAKEN = "somebody else who was named has answered"
    UNSENDABLE = "the channel can't be written to"
    NO_ANSWER = "thinking failed"
    DELETED = "deleted before it was answered"
    NOBODY = "no character is there"
    CUE = "its turn to speak"
    BUDGET = "the budget of today is spent, or runs short"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to reply, and why; `remark` adds a fact, never words that somebody said."""

    reply: bool
    reason: Reason
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule notes that leaves the decision to the rules after it."""

    remark: str


@dataclass(frozen=True, slots=True)
class Step:
    """One rule that was asked, and what it had to say."""

    rule: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause before the decision was made anew, in seconds as planned; it may have ended early."""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How a decision came about (C18): facts and ids, no words of the message.

    `addressees` are user ids in the order in which they are addressed, 0 for somebody unknown;
    `votes` are "yes", "no" and "abstain". `seconds` run from receipt to decision, waits included;
    `cost` is in US dollars, None where a price is not known. `recalled` are the facts that the reply
    could draw on because a search had found them, `lines` the earlier messages, and `known` the facts at
    the head of its prompt, by id (C67); `lore` are entries of lorebooks, by book and number.
    """

    steps: tuple[Step, ...] = ()
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

    def to_json(self) -> dict[str, Any]:
        """Return it as what the database keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote; fields of other versions are passed over."""
        known = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        known["steps"] = tuple(Step(one["rule"], one["remark"]) for one in known.get("steps", ()))
        known["waits"] = tuple(Wait(one["why"], one["seconds"]) for one in known.get("waits", ()))
        for name in ("addressees", "votes", "recalled", "lines", "known", "lore"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Considered:
    """What the rules came to about one message: without a decision it is put to the vote.

    `received` is when it came in; `bot_replies` is how often its author, a bot, was answered in a row;
    `calls` are what it cost to know who is addressed.
    """

    decision: Decision | None
    trace: Trace
    received: datetime
    bot_replies: int = 0
    calls: tuple[Call, ...] = ()
