"""The scripted Claude's Message Batches: many requests at once, done after some looks at them."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.world.claude_cache import Body
from tests.world.claude_faults import Answer, ApiFault, BadRequest400, NotFound404, Say

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MADE = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Expired(Answer):
    """A request of a batch that the server did not get to in its day."""


@dataclass
class Batch:
    """A batch and what became of its requests so far; `looks` counts how often it was looked at."""

    id: str
    requests: dict[str, Body]
    looks: int = 0
    cancelled: bool = False
    results: dict[str, Body] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return len(self.results) == len(self.requests)

    def card(self, base_url: str) -> Body:
        """The batch as the service describes it."""
        kinds = [one["type"] for one in self.results.values()] if self.ended else []
        counts = {kind: kinds.count(kind) for kind in ("succeeded", "errored", "canceled", "expired")}
        status = "ended" if self.ended else "canceling" if self.cancelled else "in_progress"
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": status,
            "request_counts": {"processing": 0 if self.ended else len(self.requests), **counts},
            "created_at": _MADE.isoformat(),
            "expires_at": (_MADE + timedelta(days=1)).isoformat(),
            "ended_at": _MADE.isoformat() if self.ended else None,
            "archived_at": None,
            "cancel_initiated_at": _MADE.isoformat() if self.cancelled else None,
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results" if self.ended else None,
        }


class Batches:
    """The routes, and how batches go.

    A batch is done at the `takes`th look at it; when it is called off before, `done_first` of its requests
    are done all the same. A server without batches is not `offered`. Faults in `will_fail` are what the next
    requests about batches get, one each; None lets one pass.
    """

    def __init__(
        self,
        read: Callable[[web.Request], Awaitable[tuple[Body, ApiFault | None]]],
        locked: Callable[[web.Request], ApiFault | None],
        refuse: Callable[[ApiFault], web.Response],
        answer: Callable[[Body, web.Request], Awaitable[tuple[Body | None, Answer]]],
    ) -> None:
        self.offered = True
        self.takes: float = 1
        self.done_first = 0
        self.will_fail: list[ApiFault | None] = []
        self.made: list[Batch] = []
        self._read, self._locked, self._refuse, self._answer = read, locked, refuse, answer

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/messages/batches", self._create)
        app.router.add_get("/v1/messages/batches/{id}", self._look)
        app.router.add_get("/v1/messages/batches/{id}/results", self._results)
        app.router.add_post("/v1/messages/batches/{id}/cancel", self._cancel)

    async def _create(self, http: web.Request) -> web.Response:
        body, fault = await self._read(http)
        if fault := fault or self._fault(http) or _objection(body):
            return self._refuse(fault)
        requests = {one["custom_id"]: one["params"] for one in body["requests"]}
        self.made.append(Batch(f"msgbatch_{len(self.made) + 1:08}", requests))
        return web.json_response(self.made[-1].card(_base(http)))

    async def _look(self, http: web.Request) -> web.Response:
        batch, fault = self._found(http)
        if batch is None:
            return self._refuse(fault)
        batch.looks += 1
        if batch.looks >= self.takes or batch.cancelled:
            await self._work(batch, http)
        return web.json_response(batch.card(_base(http)))

    async def _results(self, http: web.Request) -> web.Response:
        batch, fault = self._found(http)
        if batch is None:
            return self._refuse(fault)
        # In another order than they were asked in: the names tell which is which.
        lines = [
            json.dumps({"custom_id": name, "result": batch.results[name]}) for name in reversed(batch.results)
        ]
        return web.Response(text="".join(f"{line}\n" for line in lines), content_type="application/binary")

    async def _cancel(self, http: web.Request) -> web.Response:
        batch, fault = self._found(http)
        if batch is None:
            return self._refuse(fault)
        batch.cancelled = True
        return web.json_response(batch.card(_base(http)))

    def _found(self, http: web.Request) -> tuple[Batch | None, ApiFault]:
        missing = NotFound404("no such batch")
        if fault := self._fault(http):
            return None, fault
        return next((one for one in self.made if one.id == http.match_info["id"]), None), missing

    def _fault(self, http: web.Request) -> ApiFault | None:
        if not self.offered:
            return NotFound404("Not found")
        return self._locked(http) or (self.will_fail.pop(0) if self.will_fail else None)

    async def _work(self, batch: Batch, http: web.Request) -> None:
        for number, (name, params) in enumerate(batch.requests.items()):
            if batch.cancelled and number >= self.done_first:
                batch.results.setdefault(name, {"type": "canceled"})
            elif name not in batch.results:
                batch.results[name] = _result(*await self._answer(params, http))


def _result(message: Body | None, answer: Answer) -> Body:
    if isinstance(answer, ApiFault):
        return {"type": "errored", "error": answer.body("req_in_batch")}
    if isinstance(answer, Expired):
        return {"type": "expired"}
    assert isinstance(answer, Say)
    return {"type": "succeeded", "message": message}


def _objection(body: Body) -> ApiFault | None:
    requests: list[Any] = body.get("requests") or []
    names = [one.get("custom_id", "") for one in requests]
    if not requests or len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        return BadRequest400("requests: each needs a custom_id of its own")
    if any(one["params"].keys() & {"timeout", "extra_body"} for one in requests):
        return BadRequest400("requests: Extra inputs are not permitted")
    return None


def _base(http: web.Request) -> str:
    return f"http://{http.host}"
