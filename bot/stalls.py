"""Notices when something holds up the event loop."""

import asyncio
import logging

log = logging.getLogger(__name__)

NAP = 1.0
LONGEST_STALL = 0.25


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
