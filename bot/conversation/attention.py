"""Whether to answer: rules in order, the first opinion wins (D06, D07)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation.naming import calls
from bot.turn import Decision, Place, Reason, Utterance


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules may look at besides the utterance itself."""

    now: datetime
    names: tuple[str, ...]
    too_old: timedelta


Rule = Callable[[Utterance, Circumstances], Decision | None]


def itself(heard: Utterance, _: Circumstances) -> Decision | None:
    """The character does not answer itself."""
    return Decision(reply=False, reason=Reason.SELF) if heard.from_self else None


def bots(heard: Utterance, _: Circumstances) -> Decision | None:
    """Other bots are heard and not answered: two bots that call each other by name would never stop."""
    return Decision(reply=False, reason=Reason.BOT) if heard.from_bot else None


def empty(heard: Utterance, _: Circumstances) -> Decision | None:
    return None if heard.text.strip() else Decision(reply=False, reason=Reason.EMPTY)


def stale(heard: Utterance, now: Circumstances) -> Decision | None:
    """What was said before the bot could hear it is noted, and not answered (F024)."""
    if heard.where.place is Place.TERMINAL or now.now - heard.sent_at <= now.too_old:
        return None
    return Decision(reply=False, reason=Reason.STALE)


def private(heard: Utterance, _: Circumstances) -> Decision | None:
    """Between two people there is nobody else to answer (F026)."""
    return Decision(reply=True, reason=Reason.DM) if heard.where.place.private else None


def mentioned(heard: Utterance, _: Circumstances) -> Decision | None:
    return Decision(reply=True, reason=Reason.MENTION) if heard.mentions_me else None


def replied_to(heard: Utterance, _: Circumstances) -> Decision | None:
    return Decision(reply=True, reason=Reason.REPLY) if heard.replies_to_me else None


def named(heard: Utterance, now: Circumstances) -> Decision | None:
    """Its name or an alias as a whole word (F027); somebody else who is mentioned may be called so."""
    called = calls(heard.text if heard.words is None else heard.words, now.names)
    return Decision(reply=True, reason=Reason.NAME) if called else None


RULES: tuple[Rule, ...] = (itself, bots, empty, stale, private, mentioned, replied_to, named)


def attend(heard: Utterance, now: Circumstances, rules: Sequence[Rule] = RULES) -> Decision:
    """Return the first opinion of the rules; without one, what was said was not for the character."""
    for rule in rules:
        decision = rule(heard, now)
        if decision is not None:
            return decision
    return Decision(reply=False, reason=Reason.UNADDRESSED)
