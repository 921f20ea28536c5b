"""The one client for Claude, and for any server with the Messages API."""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args, runtime_checkable

from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
)

from bot.core.clock import Clock, SystemClock
from bot.llm import faults
from bot.llm.batches import Batches, Outcome
from bot.llm.breaker import Breaker
from bot.llm.errors import ClaudeCut, ClaudeDenied, ClaudeEmpty, ClaudeError, ClaudeRefused, ClaudeTimeout
from bot.llm.pricing import Prices
from bot.llm.server import Server
from bot.llm.types import Model, ModelCall, Prompt, Question, Usage
from bot.llm.wire import body, text_of, usage_of

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message as AnthropicMessage

log = logging.getLogger(__name__)

ATTEMPTS = 3
SDK = "anthropic"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer. `cut_short` says that the model reached max_tokens.

    The calls `before` it failed. `expert` names a substitute model that answered, and the reason.
    """

    text: str
    cut_short: bool
    call: ModelCall
    before: tuple[ModelCall, ...] = ()
    expert: tuple[str, ...] = ()

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """All calls for this answer, for the books."""
        return (*self.before, self.call)


class Claude(Protocol):
    """The interface that the rest of the bot uses."""

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Return Claude's answer, or raise one of the ClaudeError family with its `call` set."""

    async def close(self) -> None:
        """Close connections."""


class AnthropicClaude:
    """Claude over the Anthropic SDK: one for the whole process.

    `sampling` (temperature and the like) is sent to other servers only: current Claude models refuse it. Each
    attempt first waits until the server is ready, within the deadline. `breaker` blocks calls while the
    server refuses us; `note` receives every call. With `keeps_requests` the call for a reply contains the
    request's body.
    """

    def __init__(
        self,
        server: Server,
        prices: Prices,
        *,
        clock: Clock | None = None,
        cache_ttl: Literal["5m", "1h"] = "1h",
        sampling: Mapping[str, float] | None = None,
        breaker: Breaker | None = None,
        note: Callable[[ModelCall, int], None] = lambda _call, _length: None,
        keeps_requests: bool = False,
    ) -> None:
        self._keeps_requests = keeps_requests
        self._prices = prices
        self._clock = clock or SystemClock()
        self._cache_ttl: Literal["5m", "1h"] = cache_ttl
        self._sampling = dict(sampling or {})
        self._breaker = breaker or Breaker(self._clock)
        self._ready = server.ready
        self._note = note
        self._key = server.api_key
        self._server = server

    @cached_property
    def _client(self) -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

        own = {"Connection": "close"} if self._server.local else {}
        client = AsyncAnthropic(
            api_key=self._key,
            base_url=self._server.base_url,
            max_retries=0,  # the SDK would obey `retry-after: 3600`; our retries know the deadline
            default_headers=own,
            http_client=DefaultAsyncHttpxClient(event_hooks={"request": [_keep_body]})
            if self._keeps_requests
            else None,
        )
        if self._server.label:
            # The SDK adds ANTHROPIC_CUSTOM_HEADERS, which may hold a key of the main server.
            vars(client)["_custom_headers"] = own
        return client

    @cached_property
    def _batches(self) -> Batches:
        return Batches(self._client, self._clock)

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        """Ask, with retries after temporary faults, until `question.deadline` seconds are over.

        Raises the ClaudeError for the fault (faults C1-C5); its `call` is for the books.
        """
        await self._load()
        key = self._admitted()
        begun, draft = self._clock.monotonic(), self._draft(question)
        sent = _SENT.set([])
        try:
            try:
                message = await self._within_deadline(prompt, question)
            finally:
                draft = self._with_request(draft, sent)
            usage = usage_of(message)
            draft = replace(draft, usage=usage, cost=self._cost(draft, usage))
            answer = _judged(message, draft)
        except ClaudeError as error:
            unpaid = error.unreached and self._server.label
            draft = replace(draft, cost=0.0) if unpaid else draft
            error.call = replace(draft, outcome=error.outcome, seconds=self._clock.monotonic() - begun)
            self._note(error.call, len(prompt.text))
            self._trip(error, key)
            raise
        call = replace(draft, seconds=self._clock.monotonic() - begun)
        self._note(call, len(prompt.text))
        return replace(answer, call=call)

    def _with_request(self, draft: ModelCall, sent: Token[list[bytes]]) -> ModelCall:
        """Return a call with the body of its last request, if bodies are kept."""
        bodies = _SENT.get()
        _SENT.reset(sent)
        kept = self._keeps_requests and draft.purpose == "reply" and bodies
        return replace(draft, sent=_without_pictures(bodies[-1])) if kept else draft

    async def batch(self, asked: Sequence[tuple[Prompt, Question]]) -> list[Answer | ClaudeError] | None:
        """Ask many questions as a batch, for half the price; it takes minutes, and two hours at most.

        Return the answers or errors, in their order, each with its `call`; None if the server takes no
        batches.
        """
        await self._load()
        try:
            key = self._admitted()
        except ClaudeDenied as error:
            return [copy(error) for _ in asked]
        begun, drafts = self._clock.monotonic(), [self._draft(question) for _, question in asked]
        bodies = [body(*question, cache_ttl=self._cache_ttl, sampling=self._sampling) for question in asked]
        outcomes: Sequence[Outcome] | None
        try:
            outcomes = await self._batches.outcomes(bodies)
            self._breaker.close()
        except ClaudeError as error:
            outcomes = [copy(error) for _ in asked]
        if outcomes is None:
            return None
        seconds, answers = self._clock.monotonic() - begun, []
        for (prompt, _), outcome, draft in zip(asked, outcomes, drafts, strict=True):
            answers.append(self._of_batch(outcome, replace(draft, seconds=seconds), key))
            if (call := answers[-1].call) is not None:
                self._note(call, len(prompt.text))
        return answers

    async def models(self, *, deadline: float) -> list[str]:
        """Return the names of the models that the key may use."""
        await self._load()
        try:
            async with asyncio.timeout(deadline):
                page = await self._client.models.list(limit=100)
        except TimeoutError as error:
            raise ClaudeTimeout(f"no answer within {deadline:g} s") from error
        except faults.raised() as error:
            raise faults.named(error) from error
        return [model.id for model in page.data]

    async def close(self) -> None:
        if "_client" in vars(self):
            await self._client.close()

    async def _load(self) -> None:
        """Load the SDK in a thread: it takes most of a second."""
        if "_client" not in vars(self):
            await asyncio.to_thread(import_module, SDK)

    def _draft(self, question: Question) -> ModelCall:
        return ModelCall(
            purpose=question.purpose,
            model=str(Model(question.model, self._server.label)),
            outcome="ok",
            at=self._clock.now(),
            seconds=0.0,
            user_id=question.user_id,
            channel_id=question.channel_id,
            server=self._server.label,
        )

    def _cost(self, draft: ModelCall, usage: Usage, *, batched: bool = False) -> float | None:
        # Whether the main server is free is stored elsewhere in the books.
        free = self._server.free and self._server.label
        return 0.0 if free else self._prices.cost(draft.model, usage, batched=batched)

    def _of_batch(self, outcome: Outcome, draft: ModelCall, key: str) -> Answer | ClaudeError:
        """Return a batch's answer or error, with its call."""
        try:
            if isinstance(outcome, ClaudeError):
                raise outcome
            usage = usage_of(outcome)
            draft = replace(draft, usage=usage, cost=self._cost(draft, usage, batched=True))
            return _judged(outcome, draft)
        except faults.raised() as error:
            found = faults.named(error)
        except ClaudeError as error:
            found = error
        found.call = replace(draft, outcome=found.outcome)
        self._trip(found, key)
        return found

    def _admitted(self) -> str:
        """Return the key for a call; raise ClaudeDenied if the breaker is open."""
        self._key = self._client.api_key = self._breaker.admit(self._key)
        return self._key

    def _trip(self, error: ClaudeError, key: str) -> None:
        """Open the breaker, unless the key was replaced meanwhile."""
        if isinstance(error, ClaudeDenied) and key == self._key:
            self._breaker.open(error, key)

    async def _within_deadline(self, prompt: Prompt, question: Question) -> "AnthropicMessage":
        try:
            async with asyncio.timeout(question.deadline):
                message = await self._with_retries(prompt, question)
        except TimeoutError as error:
            raise ClaudeTimeout(f"no answer within {question.deadline:g} s") from error
        self._breaker.close()
        return message

    async def _with_retries(self, prompt: Prompt, question: Question) -> "AnthropicMessage":
        shown = _Shown(question.on_text, question.on_again)
        retrying = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS if question.retries else 1)
            | stop_before_delay(question.deadline),
            wait=faults.wait,
            retry=retry_if_exception(lambda error: faults.passing(error) and not shown.final),
            sleep=self._clock.sleep,
            reraise=True,
        )
        request = body(prompt, question, cache_ttl=self._cache_ttl, sampling=self._sampling)
        result: AnthropicMessage = await retrying(self._attempt, request, shown)
        return result

    async def _attempt(self, request: dict[str, Any], shown: "_Shown") -> "AnthropicMessage":
        await self._ready()
        shown.begin()
        try:
            if shown.on_text is None:
                message: AnthropicMessage = await self._client.messages.create(**request)
            else:
                async with self._client.messages.stream(**request) as stream:
                    async for piece in stream.text_stream:
                        shown(piece)
                    message = await stream.get_final_message()
            text_of(message), usage_of(message)  # servers of other makes may send other objects
        except faults.raised() as error:
            found = faults.named(error)
            shown.reached |= not found.unreached
            found.unreached = not shown.reached  # an earlier attempt may have to be paid
            raise found from error
        shown.reached = True
        if getattr(message, "stop_reason", None) is None:
            raise ClaudeCut("the answer broke off half-way")
        return message


_SENT: ContextVar[list[bytes]] = ContextVar("what the call under way has sent")
_PICTURE = re.compile(rb'(?<="data":")[A-Za-z0-9+/=]{200,}(?=")')


async def _keep_body(request: Any) -> None:
    """Store the body of the request of this task's call."""
    if (bodies := _SENT.get(None)) is not None:
        bodies.append(request.content)


def _without_pictures(body: bytes) -> bytes:
    """Return a request's body with words in place of its pictures' bytes."""
    return _PICTURE.sub(lambda found: b"(%d bytes of a picture)" % len(found[0]), body)


class _Shown:
    """Tracks whether words were displayed: then a restart requires a display that can restart.

    `reached` says whether an attempt reached the server.
    """

    def __init__(
        self, on_text: Callable[[str], None] | None, on_again: Callable[[], None] | None = None
    ) -> None:
        self.on_text = on_text
        self._on_again = on_again
        self._anything = False
        self.reached = False

    @property
    def final(self) -> bool:
        """Say whether the displayed words can't be replaced."""
        return self._anything and self._on_again is None

    def begin(self) -> None:
        """Start or restart the display of an answer."""
        if self._anything and self._on_again:
            self._on_again()
        self._anything = False

    def __call__(self, piece: str) -> None:
        self._anything = True
        if self.on_text:
            self.on_text(piece)


def _judged(message: "AnthropicMessage", call: ModelCall) -> Answer:
    """Return an answer; raise the error for a refusal, or an empty or incomplete answer (faults C5)."""
    text = text_of(message)
    if message.stop_reason == "refusal":
        raise _priced(ClaudeRefused("the model declined to answer"), call)
    if not text.strip():
        raise _priced(ClaudeEmpty(f"the answer held no text (stop reason {message.stop_reason})"), call)
    return Answer(text, message.stop_reason == "max_tokens", call)


def _priced(error: ClaudeError, call: ModelCall) -> ClaudeError:
    error.call = call
    return error


# Many questions in the background: as a batch at half the price, or a few at a time.

AT_ONCE = 4
"""Concurrent questions: replies continue beside them."""

Asked = tuple[Prompt, Question]


@runtime_checkable
class Batching(Protocol):
    """A Claude with batches."""

    async def batch(self, asked: Sequence[Asked]) -> list[Answer | ClaudeError] | None:
        """Return the answers or errors, in their order; None if batches are impossible."""


async def ask_all(claude: Claude, asked: Sequence[Asked], *, batch: bool) -> list[Answer | ClaudeError]:
    """Return the answers or errors of some questions, in their order."""
    if batch and len(asked) > 1 and isinstance(claude, Batching):
        answers = await claude.batch(asked)
        if answers is not None:
            return answers
    few = asyncio.Semaphore(AT_ONCE)

    async def ask(prompt: Prompt, question: Question) -> Answer | ClaudeError:
        async with few:
            try:
                return await claude.ask(prompt, question)
            except ClaudeError as error:
                return error

    return await asyncio.gather(*(ask(*question) for question in asked))


def known_models() -> list[str]:
    """Return the model names in the SDK's own type: no list of ours could be more up to date."""
    from anthropic.types.model import Model

    return [name for literal in get_args(Model) for name in get_args(literal)]
