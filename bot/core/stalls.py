"""Notices when something holds up the event loop."""

import asyncio
import gc
import logging
from collections import deque

log = logging.getLogger(__name__)

NAP = 1.0
LONGEST_STALL = 0.25
REMEMBERED = 60
"""So many naps are looked back on: a minute."""
COLLECTED_AFTER = (20_000, 20, 50)
"""Objects, and collections of the younger generation, after which each generation is collected."""


class LoopWatch:
    """Warns when something held up the event loop: Discord hears no heartbeat then (faults A16).

    It looks at the loop's own time, whatever clock the rest goes by.
    """

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def worst(self) -> float:
        """By how many seconds the loop came late at worst, in the last minute."""
        return max(self._late, default=0.0)

    async def run(self, nap: float = NAP) -> None:
        """Watch, until somebody cancels that."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await asyncio.sleep(nap)
            late = max(0.0, loop.time() - begun - nap)
            self._late.append(late)
            if late > LONGEST_STALL:
                log.warning("The event loop stood still for %.2f s", late)


def settle_memory() -> None:
    """Keep the garbage collector from stopping the loop, once everything is loaded; until then it may be off.

    What was loaded until now stays, and is not looked through, either would take 100 ms. Hundreds of rows are
    made for each reply, and thrown away with it: at the default of 700 the collector would run in between.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(*COLLECTED_AFTER)
