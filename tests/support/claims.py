"""What several tests stand on: claims."""

from typing import Any

from bot.conversation.attention.rules import RULES
from bot.conversation.decision import DecisionStep, Reason, Trace, trace_json
from database.models import Claim, Turn
from memory.places import Place, Where
from tests.fakes import EPOCH

ALL = tuple(DecisionStep(rule.__name__) for rule in RULES)


def through(rule: str) -> tuple[DecisionStep, ...]:
    """Return the rules up to one, with nothing to say."""
    return ALL[: [step.rule for step in ALL].index(rule) + 1]


MENTIONED = through("mentioned")


GUILD, CHANNEL, THREAD = 700, 600, 650


HERE = Where(CHANNEL, Place.GUILD, guild_id=GUILD)


IN_THREAD = Where(THREAD, Place.GUILD, guild_id=GUILD, parent_id=CHANNEL)


def claim(reason: Reason | None, trace: Trace | None = None, **changes: Any) -> Claim:
    kept = trace_json(trace) if trace else None
    return Claim(1, 2, EPOCH, open=reason is None, reason=reason and reason.name, trace=kept, **changes)


def turn(state: str = "said", *, fallback: bool = False) -> Turn:
    return Turn(2, 1, 42, "pixel", Reason.MENTION.name, 0, EPOCH, fallback=fallback, state=state)
