"""Batches of requests at half the price: submitted, polled, and fetched."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from bot.core.clock import Clock
from bot.llm import faults
from bot.llm.errors import ClaudeCut, ClaudeError, ClaudeRejected, ClaudeTimeout, ClaudeUnavailable

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message as AnthropicMessage
    from anthropic.types.messages import MessageBatch, MessageBatchResult

log = logging.getLogger(__name__)

FIRST_LOOK, LONGEST_NAP = 30.0, 300.0
"""Seconds until a batch is polled first, and the maximum between two polls."""
DEADLINE = 7_200.0
"""Seconds that a batch may take: most take minutes, but the server allows itself a day."""
LETTING_GO = 600.0
"""Seconds to wait for a cancelled batch: its finished requests are paid for."""
ATTEMPTS = 3
SECONDS = 60.0
"""The time limit of one request about a batch."""
_NOT_PART_OF_IT = {"timeout", "extra_body"}
"""Fields that are for the SDK, not for the server."""

Outcome: TypeAlias = "AnthropicMessage | ClaudeError"
_Got = TypeVar("_Got")


class Batches:
    """Submits requests to a server as batches."""

    def __init__(self, client: "AsyncAnthropic", clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._told = False

    async def outcomes(self, requests: Sequence[Mapping[str, Any]]) -> list[Outcome] | None:
        """Return the outcome of each request, in their order; None if the server takes no batches.

        Raises a ClaudeError if all requests failed. Requests unfinished after DEADLINE are cancelled, and get
        a ClaudeTimeout.
        """
        names = [f"question-{number}" for number in range(len(requests))]
        batch = await self._begin(dict(zip(names, requests, strict=True)))
        if batch is None:
            return None
        log.info("A batch of %d questions is under way (%s)", len(requests), batch.id)
        if not await self._ended(batch.id, within=DEADLINE):
            log.warning("The batch %s took more than %g hours: it is called off", batch.id, DEADLINE / 3600)
            await self._with_retries(lambda: self._client.messages.batches.cancel(batch.id, timeout=SECONDS))
            if not await self._ended(batch.id, within=LETTING_GO):
                return [_late() for _ in names]
        found = await self._with_retries(lambda: self._results(batch.id))
        return [found.get(name) or ClaudeCut("the batch ended without a result for it") for name in names]

    async def _begin(self, requests: Mapping[str, Mapping[str, Any]]) -> "MessageBatch | None":
        wanted: list[Any] = [
            {"custom_id": name, "params": {key: request[key] for key in request.keys() - _NOT_PART_OF_IT}}
            for name, request in requests.items()
        ]
        try:
            batch = await self._with_retries(
                lambda: self._client.messages.batches.create(requests=wanted, timeout=SECONDS),
                # Without an answer the batch may have been accepted: a retry could pay for it twice.
                again=lambda error: isinstance(error, ClaudeUnavailable),
            )
        except ClaudeRejected as error:
            self._tell(str(error))
            return None
        if not isinstance(getattr(batch, "id", None), str) or not hasattr(batch, "processing_status"):
            self._tell("its answer is something else")
            return None
        return batch

    def _tell(self, why: str) -> None:
        if not self._told:
            log.info("The server takes no batches (%s): questions are asked one by one", why)
            self._told = True

    async def _ended(self, batch_id: str, *, within: float) -> bool:
        """Wait for the end of a batch, within a limit; say whether it ended."""
        begun, nap = self._clock.monotonic(), FIRST_LOOK
        while (left := within - (self._clock.monotonic() - begun)) > 0:
            await self._clock.sleep(min(nap, left))
            nap = min(2 * nap, LONGEST_NAP)
            try:
                batch = await self._with_retries(
                    lambda: self._client.messages.batches.retrieve(batch_id, timeout=SECONDS)
                )
            except ClaudeError as error:
                if not faults.passing(error):
                    raise
                continue  # the batch continues while the server can't be reached
            if batch.processing_status == "ended":
                return True
        return False

    async def _results(self, batch_id: str) -> dict[str, Outcome]:
        """Return the outcomes in the server's results, by name."""
        entries = await self._client.messages.batches.results(batch_id, timeout=SECONDS)
        return {entry.custom_id: _outcome(entry.result) async for entry in entries}

    async def _with_retries(
        self,
        attempt: Callable[[], Awaitable[_Got]],
        *,
        again: Callable[[BaseException], bool] = faults.passing,
    ) -> _Got:
        """Return the result of a request, with retries after temporary errors; errors are translated."""

        async def named() -> _Got:
            try:
                return await attempt()
            except faults.raised() as error:
                raise faults.named(error) from error

        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=faults.wait,
            retry=retry_if_exception(again),
            sleep=self._clock.sleep,
            reraise=True,
        )
        got: _Got = await retrying(named)
        return got


def _outcome(result: "MessageBatchResult") -> Outcome:
    if result.type == "succeeded":
        return result.message
    if result.type == "errored":
        return faults.told(result.error.error.type, result.error.error.message)
    return _late()  # expired, or cancelled


def _late() -> ClaudeTimeout:
    return ClaudeTimeout("the batch was not done in time")
