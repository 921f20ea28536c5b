"""Gate that holds back requests which Discord would reject: bad token, rate limits (faults A6, A8)."""

import logging
import re
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp
import discord

from bot.core.clock import Clock

log = logging.getLogger(__name__)

LONGEST_WAIT = 60.0
"""Maximum wait in seconds for the end of a limit; a request that would wait longer fails at once."""
MOST_WAITING = 100
"""Maximum number of waiting requests; further ones fail at once, and their senders retry."""
CLOUDFLARE_SECONDS = 600.0
"""Pause in seconds when Cloudflare blocks us without stating for how long."""
_API = re.compile(r"/api/v\d+(/.*)")
_OWN_TOKEN = re.compile(r"/(?:webhooks|interactions)/\d+/")
_MINOR_ID = re.compile(r"(?<=/)\d+(?=/|$)")
_MAJOR = re.compile(r"/(?:channels|guilds|webhooks)/\d+")
EVERYTHING = ""
"""The bucket of global limits."""


class TokenRejected(discord.DiscordException):
    """Discord no longer accepts the token, so nothing is sent."""


class Restraint:
    """Checks every request of discord.py and blocks those that Discord would reject.

    discord.py waits out a limit only within one request: others would still be sent during it, and retries
    would hit a limit of an hour again and again. 10,000 such requests in ten minutes get an address banned.
    """

    def __init__(self, clock: Clock, on_unauthorized: Callable[[], None]) -> None:
        self._clock = clock
        self._on_unauthorized = on_unauthorized
        self._until: dict[str, float] = {}
        self._waiting = 0
        self._rejected = False

    def trace(self) -> aiohttp.TraceConfig:
        """Return the trace that calls this gate before and after every request."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._before)
        config.on_request_end.append(self._after)
        return config

    async def _before(
        self, _session: aiohttp.ClientSession, _: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        bucket = bucket_of(params.method, params.url.path)
        if bucket is None:
            return
        if self._rejected and not _OWN_TOKEN.search(params.url.path):
            raise TokenRejected("nothing is sent with a token that was refused")
        while (seconds := self._left(bucket)) > 0:
            too_many = self._waiting >= MOST_WAITING
            if seconds > LONGEST_WAIT or too_many or bucket.endswith("/typing"):
                raise discord.RateLimited(seconds)
            self._waiting += 1
            try:
                await self._clock.sleep(seconds)
            finally:
                self._waiting -= 1

    async def _after(
        self, _session: aiohttp.ClientSession, _: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        bucket = bucket_of(params.method, params.url.path)
        if bucket is None:
            return
        if params.response.status == 429:
            self._limit(bucket, params.response)
        elif params.response.status == 401 and not _OWN_TOKEN.search(params.url.path):
            self._reject()

    def _reject(self) -> None:
        if not self._rejected:
            self._rejected = True
            self._on_unauthorized()

    def _limit(self, bucket: str, response: aiohttp.ClientResponse) -> None:
        headers = response.headers
        by_discord = "Via" in headers
        everywhere = not by_discord or "X-RateLimit-Global" in headers
        told = headers.get("X-RateLimit-Reset-After") or headers.get("Retry-After")
        seconds = _seconds(told, 1.0 if by_discord else CLOUDFLARE_SECONDS)
        now = self._clock.monotonic()
        self._until = {limited_bucket: until for limited_bucket, until in self._until.items() if until > now}
        limited = EVERYTHING if everywhere else bucket
        self._until[limited] = max(self._until.get(limited, 0.0), now + seconds)
        log.warning("Discord limits %s for %.1f seconds", limited or "all requests", seconds)

    def _left(self, bucket: str) -> float:
        """Return the seconds until a bucket is free."""
        until = max(self._until.get(bucket, 0.0), self._until.get(EVERYTHING, 0.0))
        return until - self._clock.monotonic()


def bucket_of(method: str, path: str) -> str | None:
    """Return the rate limit bucket of a request: its route per channel, server or webhook.

    None for other requests, such as to the gateway.
    """
    found = _API.fullmatch(path)
    if found is None:
        return None
    route = found[1]
    major = _MAJOR.match(route)
    head = major[0] if major else ""
    return f"{method} {head}{_MINOR_ID.sub('ID', route[len(head) :])}"


def _seconds(told: str | None, otherwise: float) -> float:
    try:
        return max(float(told), 0.0) if told else otherwise
    except ValueError:
        return otherwise
