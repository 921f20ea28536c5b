"""What the scripted Claude can answer: words, odd messages, errors and broken wires."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from aiohttp import web

from tests.world.claude_cache import Block, Body, tokens_in

Event = tuple[str, Body]

TOKEN = 4  # characters
BEFORE_TEXT = 3  # events of a stream: message_start, content_block_start, ping

CREDIT = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Anything the script can hold. `after`: seconds of thought, None for the server's own delay."""

    after: float | None = None


# --- messages ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say(Answer):
    """A message of one text block; streamed as `pieces` (by default cut evenly), `between` s apart.

    How long sending takes makes no piece later than that.
    """

    text: str = "…"
    _: KW_ONLY
    pieces: tuple[str, ...] = ()
    between: float = 0.0
    stop_reason: ClassVar[str] = "end_turn"

    def blocks(self) -> list[Block]:
        return [{"type": "text", "text": self.text}] if self.text else []

    def stop_details(self) -> Block | None:
        return None

    def usage(self, usage: Block) -> Block | None:
        return usage


@dataclass(frozen=True)
class Refusal(Say):
    """Stopped by the safety classifiers, with no text unless some had been written."""

    text: str = ""
    category: str | None = None
    stop_reason: ClassVar[str] = "refusal"

    def stop_details(self) -> Block:
        return {"type": "refusal", "category": self.category, "explanation": None}


@dataclass(frozen=True)
class EmptyContent(Say):
    """An ended turn without any block."""

    text: str = ""


@dataclass(frozen=True)
class WhitespaceOnly(Say):
    """An ended turn whose text shows nothing."""

    text: str = " \n\t "


@dataclass(frozen=True)
class MaxTokens(Say):
    """A text that ran into max_tokens and ends where it was cut."""

    stop_reason: ClassVar[str] = "max_tokens"


@dataclass(frozen=True)
class ThinkingOnly(Say):
    """All of max_tokens went into thinking: a thinking block and no text."""

    text: str = ""
    thinking: str = "Let me weigh this first."
    stop_reason: ClassVar[str] = "max_tokens"

    def blocks(self) -> list[Block]:
        return [{"type": "thinking", "thinking": self.thinking, "signature": "c2lnbmVk"}]


@dataclass(frozen=True)
class UnknownBlock(Say):
    """A block of a type that no SDK knows yet, before the text (if there is any)."""

    text: str = ""

    def blocks(self) -> list[Block]:
        return [{"type": "hologram", "shape": "cube"}, *super().blocks()]


@dataclass(frozen=True)
class NoUsage(Say):
    """A message as some local servers send it: of `usage` only the fields `kept`, or none at all."""

    kept: tuple[str, ...] = ()

    def usage(self, usage: Block) -> Block | None:
        return {key: usage[key] for key in self.kept} if self.kept else None


# --- errors with a status -----------------------------------------------------------------------


@dataclass(frozen=True)
class ApiFault(Answer):
    """An HTTP error with the service's own JSON body."""

    message: str = "Internal server error"
    status: int = 500
    kind: str = "api_error"

    @property
    def headers(self) -> Mapping[str, str]:
        return {}

    def body(self, request_id: str) -> Body:
        error = {"type": self.kind, "message": self.message}
        return {"type": "error", "error": error, "request_id": request_id}


@dataclass(frozen=True)
class Server500(ApiFault):
    """The service failed."""


@dataclass(frozen=True)
class Overloaded529(ApiFault):
    """The service has more to do than it can."""

    message: str = "Overloaded"
    status: int = 529
    kind: str = "overloaded_error"


@dataclass(frozen=True)
class RateLimited429(ApiFault):
    """Too many requests or tokens a minute. `retry_after`: seconds, sent as a header."""

    message: str = "This request would exceed your organization's rate limit."
    status: int = 429
    kind: str = "rate_limit_error"
    retry_after: float | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        return {} if self.retry_after is None else {"retry-after": f"{self.retry_after:g}"}


@dataclass(frozen=True)
class Unauthorized401(ApiFault):
    """A wrong or withdrawn key."""

    message: str = "invalid x-api-key"
    status: int = 401
    kind: str = "authentication_error"


@dataclass(frozen=True)
class Forbidden403(ApiFault):
    """A key without the right to this."""

    message: str = "Your API key does not have permission to use the specified resource."
    status: int = 403
    kind: str = "permission_error"


@dataclass(frozen=True)
class Billing(ApiFault):
    """No credit left: the service says so as a plain 400; `Billing402` is the documented form."""

    message: str = CREDIT
    status: int = 400
    kind: str = "invalid_request_error"


@dataclass(frozen=True)
class Billing402(Billing):
    """The billing error by its own status and type."""

    status: int = 402
    kind: str = "billing_error"


@dataclass(frozen=True)
class BadRequest400(ApiFault):
    """A request that can never succeed as it is."""

    message: str = "prompt is too long: 1048577 tokens > 1000000 maximum"
    status: int = 400
    kind: str = "invalid_request_error"


@dataclass(frozen=True)
class NotFound404(ApiFault):
    """A model that does not exist (any more)."""

    message: str = "model: claude-unknown"
    status: int = 404
    kind: str = "not_found_error"


@dataclass(frozen=True)
class TooLarge413(ApiFault):
    """More bytes than a request may have."""

    message: str = "Request exceeds the maximum size"
    status: int = 413
    kind: str = "request_too_large"


# --- broken wires -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Broken(Say):
    """A message that goes wrong on its way, once `after_events` events are out (-1: no header yet).

    Events are message_start, content_block_start, ping, content_block_delta... A request that
    asked for no stream gets half of its JSON before the same thing happens.
    """

    text: str = field(default="This sentence never arrives in one piece.", kw_only=True)
    after_events: int = field(default=4, kw_only=True)

    async def ends_at(self, index: int, request: web.Request, response: web.StreamResponse) -> bool:
        """Strike if it is this event's turn; True when nothing may follow."""
        return index == self.after_events and await self.strike(request, response)

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        """Do the damage; True when nothing may follow."""
        raise NotImplementedError


@dataclass(frozen=True)
class CutStream(Broken):
    """The response ends properly, half-way: the SDK then gives a message without stop_reason."""

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        return True


@dataclass(frozen=True)
class ResetStream(Broken):
    """The connection is reset (TCP RST)."""

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        if request.transport is not None:
            wire = request.transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return True


@dataclass(frozen=True)
class Stall(Broken):
    """Nothing comes for `seconds`, not even the headers, then the rest."""

    seconds: float = 3600.0
    after_events: int = field(default=-1, kw_only=True)

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        await asyncio.sleep(self.seconds)
        return False


@dataclass(frozen=True)
class Held(Broken):
    """Nothing more comes, after so many events, until the test sets `goes_on`."""

    goes_on: asyncio.Event = field(default_factory=asyncio.Event, kw_only=True)

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        await self.goes_on.wait()
        return False


@dataclass(frozen=True)
class StreamError(Broken):
    """An `error` event inside a stream that began with 200; a plain request gets its HTTP error."""

    error: ApiFault = field(default=Overloaded529(), kw_only=True)

    async def strike(self, request: web.Request, response: web.StreamResponse) -> bool:
        body = json.dumps(self.error.body("req_in_stream"))
        await response.write(f"event: error\ndata: {body}\n\n".encode())
        return True


@dataclass(frozen=True)
class NotJson(Answer):
    """A 200 whose body is a web page, as a proxy in between may send it."""

    body: str = "<html><body>Please stand by</body></html>"
    content_type: str = "application/json"


# --- a pace -------------------------------------------------------------------------------------


def paced(
    text: str,
    *,
    first: float = 0.5,
    per_second: float = 30.0,
    kind: type[Say] = Say,
    tokens: int | None = None,
    **more: Any,
) -> Say:
    """Return a text that comes token by token: the first after `first` seconds, then `per_second`.

    What is `Broken` meets its fault behind so many `tokens`.
    """
    pieces = tuple(text[at : at + TOKEN] for at in range(0, len(text), TOKEN))
    between = 1 / per_second
    if tokens is not None:
        more["after_events"] = BEFORE_TEXT + tokens
    return kind(text=text, pieces=pieces, between=between, after=max(first - between, 0.0), **more)


# --- the wire form ------------------------------------------------------------------------------


def events(message: Body, answer: Say, piece: int) -> Iterator[Event]:
    """A message as the events of its stream, its text cut into pieces of `piece` characters."""
    last = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    first = {**message, "content": [], **dict.fromkeys(last)}
    if "usage" in message:
        first["usage"] = {**message["usage"], "output_tokens": 1}
    yield "message_start", {"message": first}
    for index, block in enumerate(message["content"]):
        opened = {**block, **dict.fromkeys(block.keys() & {"text", "thinking", "signature"}, "")}
        yield "content_block_start", {"index": index, "content_block": opened}
        if index == 0:
            yield "ping", {}
        for delta in _deltas(block, answer, piece):
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    usage = {"usage": {"output_tokens": written(answer)}} if "usage" in message else {}
    yield "message_delta", {"delta": last, **usage}
    yield "message_stop", {}


def _deltas(block: Block, answer: Say, piece: int) -> Iterator[Block]:
    if block["type"] == "text":
        text = block["text"]
        cut = (text[at : at + piece] for at in range(0, len(text), piece))
        for part in answer.pieces or cut:
            yield {"type": "text_delta", "text": part}
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"]}
        yield {"type": "signature_delta", "signature": block["signature"]}


def written(answer: Say) -> int:
    """Output tokens of an answer, at least one."""
    texts = (block.get("text") or block.get("thinking") or "" for block in answer.blocks())
    return max(1, tokens_in(sum(map(len, texts))))
