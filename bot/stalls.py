"""Notices when something holds up the event loop."""

import asyncio
import gc
import logging

log = logging.getLogger(__name__)

NAP = 1.0
LONGEST_STALL = 0.25
COLLECTED_AFTER = (20_000, 20, 50)
"""Objects, and collections of the younger generation, after which each generation is collected."""


async def watch_loop(nap: float = NAP) -> None:
    """Warn when something held up the event loop: Discord hears no heartbeat then (faults A16).

    It looks at the loop's own time, whatever clock the rest goes by.
    """
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        await asyncio.sleep(nap)
        late = loop.time() - begun - nap
        if late > LONGEST_STALL:
            log.warning("The event loop stood still for %.2f s", late)


def settle_memory() -> None:
    """Keep the garbage collector from stopping the loop, once everything is loaded.

    What was loaded until now stays: without that a full collection takes 100 ms. Hundreds of rows are made
    for each reply, and thrown away with it: at the default of 700 the collector would run in between.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
