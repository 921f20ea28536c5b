"""Replay of a character's stimuli: its feelings before and after each log line (F085)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation.company import PlayedCharacter
from bot.conversation.context.mood_state import DAY, settled_at
from database import UnitOfWork
from database.models import Stirring
from personas.affect import hormones, hostility
from personas.affect.hormones import Event, Feeling, Nature
from personas.affect.hostility import HostilityState
from personas.affect.temperament import ATTACKS, Hormone, Stimulus

SHOWN = timedelta(days=7)
LED_IN = timedelta(days=2)
"""Lead-in before the shown week: feelings from before it have faded by the time the week begins."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Log:
    """A character's stimuli; attacks before `settled` don't affect its skin."""

    stirrings: Sequence[Stirring]
    settled: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeelingStep:
    """A log line, its `stimulus` (None for the start of a day), and the feelings around it."""

    at: datetime
    line: Stirring
    stimulus: Stimulus | None
    before: Feeling
    after: Feeling


async def log_of(db: UnitOfWork, role: PlayedCharacter, now: datetime) -> Log:
    """Return a character's stimuli, read day by day: one large query would block everybody else."""
    stirrings: list[Stirring] = []
    since = now - SHOWN - LED_IN
    while since < now:
        until = since + A_DAY
        stirrings += await db.characters.stirrings(
            role.slug, since=since, until=until if until < now else None
        )
        since = until
    return Log(stirrings, await settled_at(db, role.slug))


def steps(log: Log, nature: Nature, start: Feeling) -> Iterator[FeelingStep]:
    """Replay a log; the strength of each attack depends on the skin at that moment."""
    feeling, guard = start, HostilityState(start.at)
    for stirring in log.stirrings:
        if stirring.kind == DAY:
            shift = {Hormone(name): value for name, value in (stirring.shift or {}).items()}
            stimulus, event = None, Event(stirring.at, shift=shift)
        else:
            stimulus = Stimulus(stirring.kind)
            if log.settled is not None and guard.at < log.settled <= stirring.at:
                guard = HostilityState(stirring.at)
            hard = hostility.strength(hostility.later(guard, stirring.at), nature.temperament)
            event = Event(stirring.at, stimulus, strength=hard if stimulus in ATTACKS else 1.0)
            if stimulus in ATTACKS:
                guard = hostility.attacked(guard, nature.temperament, stimulus, stirring.at)
        after = hormones.replayed([event], nature, feeling)
        yield FeelingStep(stirring.at, stirring, stimulus, feeling, after)
        feeling = after
