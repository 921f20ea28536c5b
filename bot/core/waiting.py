"""Waiting at the start for what others run and is away: a database server, Discord."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

log = logging.getLogger(__name__)

AWAY_SECONDS = 300
"""So long the start waits for what is away."""
RETRY_SECONDS = 10


def patient(
    is_away: Callable[[BaseException], bool],
    *,
    longest: Callable[[BaseException | None], float],
    tell: bool = True,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncRetrying:
    """Return what tries again as long as an error says that something is away, for `longest` seconds.

    The first error is told in the log, unless somebody waits for it anyway.
    """

    def error_of(state: RetryCallState) -> BaseException | None:
        return state.outcome.exception() if state.outcome else None

    def is_over(state: RetryCallState) -> bool:
        return (state.seconds_since_start or 0.0) >= longest(error_of(state))

    def say(state: RetryCallState) -> None:
        if tell and state.attempt_number == 1:
            error = error_of(state)
            log.warning("%s It is tried again for up to %d seconds.", error, longest(error))

    return AsyncRetrying(
        retry=retry_if_exception(is_away),
        wait=wait_exponential(multiplier=0.5, max=RETRY_SECONDS),
        stop=is_over,
        before_sleep=say,
        sleep=pause,
        reraise=True,
    )
