"""Waiting at the start for unavailable services: a database server, Discord."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential

log = logging.getLogger(__name__)

AWAY_SECONDS = 300
"""The maximum seconds that the start waits for a service."""
RETRY_SECONDS = 10


def patient(
    is_away: Callable[[BaseException], bool],
    *,
    longest: Callable[[BaseException | None], float],
    tell: bool = True,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncRetrying:
    """Return a retry loop for errors that mean an unavailable service, for `longest` seconds.

    The first error is logged, unless a person watches anyway.
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
