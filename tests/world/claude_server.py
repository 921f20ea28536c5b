"""A scripted Claude on 127.0.0.1 that speaks the Messages API to the stock Anthropic client.

    async with ScriptedClaude() as claude:
        claude.will_say("Hello.").will_fail(Overloaded529())
        client = AsyncAnthropic(base_url=claude.base_url, api_key=claude.api_key)

By hand: python -m tests.world.claude_server --delay 0.5 --say "hi"
"""

import argparse
import asyncio
import contextlib
import inspect
import itertools
import json
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from aiohttp import web

from tests.world.claude_batches import Batches
from tests.world.claude_cache import (
    MESSAGE_KEYS,
    MODELS,
    NOTHING,
    Bill,
    Block,
    Body,
    PromptCache,
    Usage,
    blocks_of,
    objection,
    render,
    strings,
)
from tests.world.claude_faults import (
    Answer,
    ApiFault,
    BadRequest400,
    Broken,
    Event,
    NotFound404,
    NotJson,
    Say,
    StreamError,
    TooLarge413,
    Unauthorized401,
    events,
    written,
)

LARGEST_BODY = 32 * 2**20


@dataclass
class Request:
    """One POST to /v1/messages, as it came, and what became of it.

    `text` is every string of the body, for searching; `headers` have lower-case names; `refused`
    holds the words of an error made by the rules, not by the script; `usage` is what was billed. `body` is
    what came, byte for byte. Of an answer that is streamed, `first_words_at` and `ended_at` are Unix seconds.
    """

    raw: Body
    headers: Mapping[str, str]
    at: float
    refused: str | None = None
    answer: Answer | None = None
    usage: Usage | None = None
    first_words_at: float | None = None
    ended_at: float | None = None
    body: bytes = field(default=b"", repr=False)
    text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.text = "\n".join(strings(self.raw))

    @property
    def model(self) -> str:
        return str(self.raw.get("model", ""))

    @property
    def max_tokens(self) -> int:
        return int(self.raw.get("max_tokens", 0))

    @property
    def stream(self) -> bool:
        return bool(self.raw.get("stream"))

    @property
    def system(self) -> list[Block]:
        """The system prompt as blocks, also where it was sent as a string."""
        return blocks_of(self.raw.get("system"))

    @property
    def system_text(self) -> str:
        return "\n".join(block.get("text", "") for block in self.system)

    @property
    def messages(self) -> list[Body]:
        """The messages, each with its content as blocks."""
        return [{**message, "content": blocks_of(message.get("content"))}
                for message in self.raw.get("messages") or []]  # fmt: skip

    @property
    def last_text(self) -> str:
        """The text blocks of the last message, a line each."""
        return "\n".join(block.get("text", "") for block in self.messages[-1]["content"])


Scripted = str | Answer
Answerer = Callable[[Request], Scripted | Awaitable[Scripted]]


class Script:
    """Answers waiting in line; when the line is empty, a function answers (if there is one)."""

    def __init__(self, matches: Callable[[Request], bool], answerer: Answerer | None) -> None:
        self._matches = matches
        self._waiting: deque[Answer] = deque()
        self._answerer = answerer

    def will_say(self, *texts: Scripted, after: float | None = None) -> Self:
        """Queue texts (or ready-made answers), each given `after` so many seconds."""
        self._waiting.extend(Say(text, after=after) if isinstance(text, str) else text for text in texts)
        return self

    def will_fail(self, *faults: Answer, times: int = 1) -> Self:
        """Queue faults, in one line with what it will say."""
        self._waiting.extend(faults * times)
        return self

    def answer_with(self, answerer: Answerer | Scripted) -> Self:
        """Answer by a function (plain or async) or always the same, once the queue is empty."""
        self._answerer = answerer if callable(answerer) else lambda _request: answerer
        return self

    @property
    def unsaid(self) -> int:
        """How many queued answers nobody has asked for yet."""
        return len(self._waiting)

    def speaks_to(self, request: Request) -> bool:
        return bool(self._waiting or self._answerer) and self._matches(request)

    async def next(self, request: Request) -> Answer:
        if self._waiting:
            return self._waiting.popleft()
        assert self._answerer is not None
        answer = self._answerer(request)
        if inspect.isawaitable(answer):
            answer = await answer
        return Say(answer) if isinstance(answer, str) else answer


class ScriptedClaude(Script):
    """The server and its main script.

    `clock` returns seconds and ages the prompt cache. `models` maps each known model to the fewest
    tokens its cache takes. With `api_key=None` it lets everybody in and takes all settings, as local
    servers do. With `record=False` no request is kept, for long benchmarks.
    """

    base_url = ""
    piece = 12  # characters in one text delta
    longest_prompt = 1_000_000  # tokens; a longer one is refused
    usage: Usage = NOTHING
    busy = 0
    busiest = 0

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        models: Mapping[str, int] = MODELS,
        api_key: str | None = "sk-ant-scripted",
        delay: float = 0.0,
        record: bool = True,
    ) -> None:
        super().__init__(lambda _request: True, lambda _request: Say("…"))
        self.api_key = api_key or ""
        self._asks_for_key = api_key is not None
        self.delay = delay  # seconds before an answer begins
        self.requests: list[Request] = []
        self._clock = clock
        self._models = models
        self._record = record
        self._cache = PromptCache(clock, models)
        self._rules: list[Script] = []
        self._numbers = itertools.count(1)
        self._arrival = asyncio.Condition()
        self._arrived = 0
        self._ports: set[int] = set()
        self.batches = Batches(self._read, self._locked, self._error, self._answer_in_batch)
        self._runner = web.AppRunner(
            self._app(), handler_cancellation=True, shutdown_timeout=0.05, access_log=None
        )

    def when(self, which: str | Callable[[Request], bool]) -> Script:
        """A script of its own for a model's name or a predicate; the first that fits answers."""
        rule = Script(which if callable(which) else lambda asked: asked.model == which, None)
        self._rules.append(rule)
        return rule

    async def received(self, count: int) -> None:
        """Wait until so many requests have come in all."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: self._arrived >= count)

    @property
    def open_connections(self) -> int:
        return len(self._runner.server.connections) if self._runner.server else 0

    @property
    def connections(self) -> int:
        """How many connections were ever made."""
        return len(self._ports)

    async def open(self, port: int = 0) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        await self._runner.cleanup()
        await asyncio.sleep(0)  # what was cut off by it is closed in the next step

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- the routes -----------------------------------------------------------------------------

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_post("/v1/messages", self._message)
        app.router.add_post("/v1/messages/count_tokens", self._count)
        self.batches.routes(app)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{id}", self._one_model)
        return app

    async def _message(self, http: web.Request) -> web.StreamResponse:
        body, fault = await self._read(http)
        headers = {name.lower(): value for name, value in http.headers.items()}
        asked = Request(body, headers, self._clock(), body=await http.read())
        await self._note(asked)
        fault = fault or self._turned_away(body, counting=False)
        if fault:
            asked.refused = fault.message
            return self._error(fault)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._reply(http, asked)
        finally:
            self.busy -= 1

    async def _count(self, http: web.Request) -> web.Response:
        body, fault = await self._read(http)
        fault = fault or self._turned_away(body, counting=True)
        if fault:
            return self._error(fault)
        return web.json_response({"input_tokens": render(body).total})

    async def _list_models(self, http: web.Request) -> web.Response:
        known = [_model_card(name) for name in self._models]
        ends = {"first_id": known[0]["id"], "last_id": known[-1]["id"]} if known else {}
        page = {"data": known, "has_more": False, "first_id": None, "last_id": None, **ends}
        return self._error(fault) if (fault := self._locked(http)) else web.json_response(page)

    async def _one_model(self, http: web.Request) -> web.Response:
        name = http.match_info["id"]
        fault = self._locked(http) or self._unknown(name)
        return self._error(fault) if fault else web.json_response(_model_card(name))

    # --- a request comes in ---------------------------------------------------------------------

    async def _read(self, http: web.Request) -> tuple[Body, ApiFault | None]:
        if http.transport:
            self._ports.add(http.transport.get_extra_info("peername")[1])
        try:
            body = json.loads(await http.read())
        except ValueError as error:
            return {}, BadRequest400(f"The request body is not valid JSON: {error}")
        except web.HTTPRequestEntityTooLarge:
            return {}, TooLarge413()
        return body, self._locked(http)

    async def _note(self, asked: Request) -> None:
        if self._record:
            self.requests.append(asked)
        async with self._arrival:
            self._arrived += 1
            self._arrival.notify_all()

    def _locked(self, http: web.Request) -> ApiFault | None:
        if not self._asks_for_key:
            return None
        # The client sends its key as a bearer token since 2.x; raw HTTP users send x-api-key.
        bearer = http.headers.get("Authorization", "").removeprefix("Bearer ")
        key = http.headers.get("x-api-key") or bearer
        if key != self.api_key:
            return Unauthorized401() if key else Unauthorized401("x-api-key header is required")
        if "anthropic-version" not in http.headers:
            return BadRequest400("anthropic-version: header is required")
        return None

    def _unknown(self, model: str) -> ApiFault | None:
        return None if model in self._models else NotFound404(f"model: {model}")

    def _turned_away(self, body: Body, *, counting: bool) -> ApiFault | None:
        try:
            words = objection(self._known_part(body), counting=counting)
        except (AttributeError, KeyError, TypeError):
            words = "Invalid request data"
        if words:
            return BadRequest400(words)
        if (size := render(body).total) > self.longest_prompt:
            return BadRequest400(f"prompt is too long: {size} tokens > {self.longest_prompt} maximum")
        return self._unknown(str(body.get("model")))

    def _known_part(self, body: Body) -> Body:
        # Local servers take whatever says how to sample, and pass over what they don't know.
        return body if self._asks_for_key else {key: body[key] for key in body if key in MESSAGE_KEYS}

    # --- an answer goes out ---------------------------------------------------------------------

    async def _reply(self, http: web.Request, asked: Request) -> web.StreamResponse:
        bill = self._cache.bill(asked.model, render(asked.raw))
        answer = await self._scripted(asked)
        await asyncio.sleep(self.delay if answer.after is None else answer.after)
        if isinstance(answer, StreamError) and not asked.stream:
            answer = answer.error
        if isinstance(answer, ApiFault):
            return self._error(answer)
        if isinstance(answer, NotJson):
            return web.Response(text=answer.body, content_type=answer.content_type)
        assert isinstance(answer, Say)
        if isinstance(answer, Broken) and await answer.ends_at(-1, http, web.StreamResponse()):
            return web.Response()
        message = self._written(asked, answer, bill)
        if asked.stream:
            return await self._stream(http, asked, answer, events(message, answer, self.piece))
        return await self._send(http, answer, json.dumps(message).encode())

    async def _scripted(self, asked: Request) -> Answer:
        script = next((rule for rule in self._rules if rule.speaks_to(asked)), self)
        asked.answer = await script.next(asked)
        return asked.answer

    def _written(self, asked: Request, answer: Say, bill: Bill) -> Body:
        self._cache.keep(asked.model, bill)
        asked.usage = replace(bill.usage, output_tokens=written(answer))
        self.usage += asked.usage
        return self._compose(asked, answer)

    async def _answer_in_batch(self, params: Body, http: web.Request) -> tuple[Body | None, Answer]:
        """Return the message for one request of a batch, if there is one, and what the script said."""
        headers = {name.lower(): value for name, value in http.headers.items()}
        asked = Request(params, headers, self._clock())
        await self._note(asked)
        if fault := self._turned_away(params, counting=False):
            return None, fault
        answer = await self._scripted(asked)
        if not isinstance(answer, Say):
            return None, answer
        return self._written(asked, answer, self._cache.bill(asked.model, render(params))), answer

    def _error(self, error: ApiFault) -> web.Response:
        name = f"req_{next(self._numbers):08}"
        headers = {"request-id": name, **error.headers}
        return web.json_response(error.body(name), status=error.status, headers=headers)

    def _compose(self, asked: Request, answer: Say) -> Body:
        assert asked.usage is not None
        message: Body = {
            "id": f"msg_{next(self._numbers):08}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": answer.blocks(),
            "stop_reason": answer.stop_reason,
            "stop_sequence": None,
            "stop_details": answer.stop_details(),
        }
        usage = answer.usage(asked.usage.as_json())
        return message if usage is None else {**message, "usage": usage}

    async def _send(self, http: web.Request, answer: Say, body: bytes) -> web.StreamResponse:
        headers = {"request-id": f"req_{next(self._numbers):08}"}
        if not isinstance(answer, Broken):
            return web.Response(body=body, content_type="application/json", headers=headers)
        response = web.StreamResponse(headers={**headers, "content-type": "application/json"})
        await response.prepare(http)
        await response.write(body[: len(body) // 2])
        if answer.after_events < 0 or not await answer.strike(http, response):
            await response.write(body[len(body) // 2 :])
        return response

    async def _stream(
        self, http: web.Request, asked: Request, answer: Say, frames: Iterator[Event]
    ) -> web.StreamResponse:
        name = f"req_{next(self._numbers):08}"
        response = web.StreamResponse(
            headers={"content-type": "text/event-stream; charset=utf-8", "request-id": name}
        )
        await response.prepare(http)
        due = time.monotonic()
        for index, (kind, payload) in enumerate(frames):
            if isinstance(answer, Broken):
                if await answer.ends_at(index, http, response):
                    break
                due = max(due, time.monotonic() - answer.between)  # what a fault held up stays late
            if kind == "content_block_delta":
                due += answer.between
                await asyncio.sleep(max(due - time.monotonic(), 0.0))
                asked.first_words_at = asked.first_words_at or time.time()
            frame = json.dumps({"type": kind, **payload})
            await response.write(f"event: {kind}\ndata: {frame}\n\n".encode())
        asked.ended_at = time.time()
        return response


def _model_card(name: str) -> Body:
    return {
        "type": "model",
        "id": name,
        "display_name": name.replace("-", " ").title(),
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }


async def serve(port: int, delay: float, say: str | None) -> None:
    """Run until interrupted; print the base URL and the key, a line each."""
    claude = ScriptedClaude(delay=delay, record=False)
    claude.answer_with(say if say is not None else lambda asked: f"You said: {asked.last_text}")
    await claude.open(port)
    sys.stdout.write(f"{claude.base_url}\n{claude.api_key}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await claude.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--say", help="always answer this; without it, repeat what was said")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.delay, options.say))


if __name__ == "__main__":
    main()
