"""Snowflakes: Discord's ids, which carry the moment at which a thing was made."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

DISCORD_EPOCH_MS = 1_420_070_400_000

Moment = datetime | float


def seconds_of(moment: Moment) -> float:
    """Return `moment` as Unix seconds."""
    return moment.timestamp() if isinstance(moment, datetime) else moment


def made_at(snowflake: int) -> float:
    """Return the Unix seconds at which `snowflake` was made."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000


def timestamp(seconds: float) -> str:
    """Return Unix seconds as the ISO 8601 text that Discord's payloads carry."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


class Snowflakes:
    """Makes ids from a clock; two ids never equal each other, and a later one is larger."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._latest_ms = 0
        self._increments = count()

    def make(self, at: Moment | None = None) -> int:
        """Return an id made now, or one that says it was made `at` another moment."""
        if at is None:
            self._latest_ms = max(self._latest_ms, int(self._clock() * 1000))
            milliseconds = self._latest_ms
        else:
            milliseconds = int(seconds_of(at) * 1000)
        # The low 22 bits are the running number alone, so that ids of one millisecond keep order.
        return (milliseconds - DISCORD_EPOCH_MS) << 22 | next(self._increments) & 0x3FFFFF
