"""What moved a character, gone through once more: how it felt before and after each line (F085)."""

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
"""So long before the week the replay begins: what was felt by then has faded when the week does."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Log:
    """What moved a character; attacks before it was `settled` count for nothing in its skin."""

    stirrings: Sequence[Stirring]
    settled: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeelingStep:
    """A line of the log, its `stimulus` (None for a day that began), and the feelings around it."""

    at: datetime
    line: Stirring
    stimulus: Stimulus | None
    before: Feeling
    after: Feeling


async def log_of(db: UnitOfWork, role: PlayedCharacter, now: datetime) -> Log:
    """Return what moved a character, read day by day: one large answer would hold up everybody else."""
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
    """Go through a log; attacks hit as hard as the skin let them at that moment."""
    feeling, guard = start, HostilityState(start.at)
    for one in log.stirrings:
        if one.kind == DAY:
            shift = {Hormone(name): value for name, value in (one.shift or {}).items()}
            stimulus, event = None, Event(one.at, shift=shift)
        else:
            stimulus = Stimulus(one.kind)
            if log.settled is not None and guard.at < log.settled <= one.at:
                guard = HostilityState(one.at)
            hard = hostility.strength(hostility.later(guard, one.at), nature.temperament)
            event = Event(one.at, stimulus, strength=hard if stimulus in ATTACKS else 1.0)
            if stimulus in ATTACKS:
                guard = hostility.attacked(guard, nature.temperament, stimulus, one.at)
        after = hormones.replayed([event], nature, feeling)
        yield FeelingStep(one.at, one, stimulus, feeling, after)
        feeling = after
