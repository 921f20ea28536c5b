"""The REST interface: reads a request, lets faults strike, checks it, and answers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

from aiohttp import BodyPartReader, web

from tests.world.discord_faults import Bucket, Fault, Faults, rate_limited
from tests.world.discord_files import Upload
from tests.world.discord_requests import Answer, DiscordError, Request
from tests.world.discord_schema import Schema
from tests.world.discord_session import reset_transport
from tests.world.discord_world import World

Act = Callable[[World, Request], Any]
# A method, a path as in Discord's OpenAPI document, and what the request does.
Route = tuple[str, str, Act]

# Routes whose path carries a token of its own.
OPEN = re.compile(r"/(?:webhooks/\d+/.+|interactions/\d+/.+)")
# Long enough for a test to notice that nobody waits this long.
LONGEST_DELAY = 600.0


class Rest:
    """Answers requests below `/api/v10`."""

    def __init__(self, world: World, routes: Sequence[Route], *, faults: Faults, schema: Schema) -> None:
        self.requests: list[Request] = []
        self.unknown: list[str] = []
        self.schema_faults: list[str] = []
        self._world = world
        self._faults = faults
        self._schema = schema
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], str, Act]]] = {}
        for method, template, act in routes:
            pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template))
            key = (method, template.count("/"))
            self._routes.setdefault(key, []).append((pattern, template, act))

    async def serve(self, http: web.Request) -> web.StreamResponse:
        """Answer one request and keep it."""
        request = await self._read(http)
        self.requests.append(request)
        self._world.changed()
        act = self._find(request)
        fault = self._faults.strike(request) or Fault()
        if fault.delay:
            await asyncio.sleep(min(fault.delay, LONGEST_DELAY))
        does_happen = fault.stores or not (fault.status or fault.resets)
        response = self._perform(request, act) if does_happen else web.Response()
        if fault.resets:
            reset_transport(http)
        elif fault.status:
            response = _response(fault.status, fault.body, fault.headers, via=fault.via)
        request.status = 0 if fault.resets else response.status
        self._world.changed()
        return response

    async def _read(self, http: web.Request) -> Request:
        path = http.raw_path.partition("?")[0].removeprefix("/api/v10")
        authorization = http.headers.get("Authorization")
        scheme, _, token = (authorization or "").partition(" ")
        request = Request(
            http.method,
            path,
            self._world.clock(),
            query=dict(http.query),
            authorization=authorization,
            by=self._world.account_with(token) if scheme == "Bot" else None,
        )
        if http.content_type.startswith("multipart/"):
            await _read_form(http, request)
        elif http.can_read_body:
            request.body = json.loads(await http.read() or b"null")
        return request

    def _perform(self, request: Request, act: Act | None) -> web.Response:
        bucket = self._faults.bucket_of(request)
        remaining, resets_in = bucket.take(request.path, time.monotonic()) if bucket else (9999, 1.0)
        limits = _limits(request, bucket, remaining, resets_in)
        if remaining < 0:
            refusal = rate_limited(resets_in)
            return _response(429, refusal.body, limits | dict(refusal.headers))
        try:
            answer = self._answer(request, act)
        except DiscordError as error:
            return _response(error.status, error.body, limits)
        return _response(answer.status, answer.body, limits)

    def _answer(self, request: Request, act: Act | None) -> Answer:
        if request.by is None and not OPEN.fullmatch(request.path):
            raise DiscordError(401, 0, "401: Unauthorized")
        if act is None:
            self.unknown.append(f"{request.method} {request.path}")
            raise DiscordError(404, 0, "404: Not Found")
        self.schema_faults += self._schema.faults_of(request)
        result = act(self._world, request)
        if isinstance(result, Answer):
            return result
        return Answer(204 if result is None else 200, result)

    def _find(self, request: Request) -> Act | None:
        for pattern, template, act in self._routes.get((request.method, request.path.count("/")), ()):
            match = pattern.fullmatch(request.path)
            if match:
                request.template, request.params = template, match.groupdict()
                return act
        return None


async def _read_form(http: web.Request, request: Request) -> None:
    async for part in await http.multipart():
        assert isinstance(part, BodyPartReader)
        content = bytes(await part.read())
        if part.name == "payload_json":
            request.body = json.loads(content)
        else:
            declared = part.headers.get("Content-Type")
            request.files.append(Upload(part.filename or "file", content, declared))


def _limits(request: Request, bucket: Bucket | None, remaining: int, resets_in: float) -> dict[str, str]:
    name = f"{request.method} {request.template or request.path}"
    return {
        "X-RateLimit-Limit": str(bucket.allow if bucket else 10_000),
        "X-RateLimit-Remaining": str(max(remaining, 0)),
        "X-RateLimit-Reset": f"{time.time() + resets_in:.3f}",
        "X-RateLimit-Reset-After": f"{resets_in:.3f}",
        "X-RateLimit-Bucket": f"{crc32(name.encode()):08x}",
    }


def _response(status: int, body: Any, headers: Any, *, via: bool = True) -> web.Response:
    sent = dict(headers)
    if via:
        sent["Via"] = "1.1 google"
    if status == 204:
        return web.Response(status=204, headers=sent)
    is_page = isinstance(body, str)
    # discord.py reads JSON under exactly this content type, without a charset.
    sent["Content-Type"] = "text/html" if is_page else "application/json"
    content = body.encode() if is_page else json.dumps(body).encode()
    return web.Response(status=status, body=content, headers=sent)
