"""Detection of a blocked event loop."""

import asyncio
import gc
import logging
from collections import deque

log = logging.getLogger(__name__)

NAP = 1.0
LONGEST_STALL = 0.25
REMEMBERED = 60
"""The number of recent naps considered: a minute."""
COLLECTED_AFTER = (20_000, 20, 50)
"""The collector's thresholds: objects, and collections of the next younger generation."""


class LoopWatch:
    """Warns when the event loop was blocked: Discord gets no heartbeat then (faults A16).

    It uses the loop's own time, not the bot's clock.
    """

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def worst(self) -> float:
        """The longest delay of the loop in the last minute, in seconds."""
        return max(self._late, default=0.0)

    async def run(self, nap: float = NAP) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await asyncio.sleep(nap)
            late = max(0.0, loop.time() - begun - nap)
            self._late.append(late)
            if late > LONGEST_STALL:
                log.warning("The event loop stood still for %.2f s", late)


def settle_memory() -> None:
    """Keep the garbage collector from blocking the loop, once everything is loaded; until then it may be off.

    Objects loaded until now are permanent and are not scanned: a scan takes 100 ms. Each reply creates and
    drops hundreds of rows: at the default of 700 the collector would run in between.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(*COLLECTED_AFTER)
