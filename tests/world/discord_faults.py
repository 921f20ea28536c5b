"""Faults of Discord's REST interface: what goes wrong, for which request, and how often."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.world.discord_requests import Request

CLOUDFLARE_PAGE = "<html><head><title>Error</title></head><body>cloudflare</body></html>"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with a request.

    `status` 0 answers as usual; a `body` of text is sent as HTML. With `stores` the request takes
    effect before the fault strikes; with `resets` the connection is reset instead of answered;
    `delay` are seconds to wait first; `via` False leaves out the header that tells Discord's own
    answers from Cloudflare's.
    """

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stores: bool = False
    resets: bool = False
    delay: float = 0.0
    via: bool = True


def refused(status: int, code: int, message: str, *, stores: bool = False) -> Fault:
    """Return Discord's JSON error with its `code`."""
    return Fault(status, {"message": message, "code": code}, stores=stores)


def unauthorized() -> Fault:
    """Return the answer to a token that is no longer valid."""
    return refused(401, 0, "401: Unauthorized")


def dm_blocked() -> Fault:
    """Return the answer when a user takes no direct messages from the bot."""
    return refused(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> Fault:
    """Return the answer when the bot lacks a permission."""
    return refused(403, 50013, "Missing Permissions")


def unknown_channel() -> Fault:
    """Return the answer when the channel is gone."""
    return refused(404, 10003, "Unknown Channel")


def unknown_message() -> Fault:
    """Return the answer when the message is gone."""
    return refused(404, 10008, "Unknown Message")


def server_error(status: int = 500, *, stores: bool = False) -> Fault:
    """Return a 5xx: Discord's own JSON for 500, a gateway's HTML page for the others."""
    if status == 500:
        return refused(500, 0, "500: Internal Server Error", stores=stores)
    return Fault(status, CLOUDFLARE_PAGE, stores=stores)


def reset(*, stores: bool = False) -> Fault:
    """Return a TCP reset in place of an answer."""
    return Fault(resets=True, stores=stores)


def delayed(seconds: float) -> Fault:
    """Return a usual answer that comes late."""
    return Fault(delay=seconds)


def rate_limited(
    retry_after: float,
    *,
    scope: Literal["user", "global", "shared"] = "user",
) -> Fault:
    """Return a 429 with `retry_after` in body and header, for a bucket or globally."""
    headers = {"Retry-After": str(max(1, round(retry_after))), "X-RateLimit-Scope": scope}
    if scope == "global":
        headers["X-RateLimit-Global"] = "true"
    else:
        headers |= {
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset-After": f"{retry_after:.3f}",
            "X-RateLimit-Reset": f"{time.time() + retry_after:.3f}",
        }
    body = {
        "message": "You are being rate limited.",
        "retry_after": float(retry_after),
        "global": scope == "global",
    }
    return Fault(429, body, headers)


def cloudflare_ban(retry_after: float = 3600) -> Fault:
    """Return the 429 that Cloudflare gives to an address with too many invalid requests."""
    return Fault(429, CLOUDFLARE_PAGE, {"Retry-After": str(round(retry_after))}, via=False)


@dataclass
class Rule:
    """A fault, the requests it strikes, and how often it still will."""

    method: str
    pattern: re.Pattern[str]
    then: Fault
    times: int | None
    after: int
    when: Callable[[Request], bool] | None
    lasts: float | None = None
    hits: int = 0
    since: float = 0.0

    @property
    def is_over(self) -> bool:
        """Say whether it strikes no more, because it has struck often or long enough."""
        if self.times is not None and self.hits >= self.times:
            return True
        return self.lasts is not None and self.hits > 0 and time.monotonic() - self.since >= self.lasts

    def end(self) -> None:
        """Let nothing meet it any more."""
        self.times = 0

    def strikes(self, request: Request) -> bool:
        """Say whether this request fails, and count it."""
        if self.is_over:
            return False
        if self.method not in (request.method, "*") or not self.pattern.fullmatch(request.path):
            return False
        if self.when is not None and not self.when(request):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.since = self.since if self.hits else time.monotonic()
        self.hits += 1
        return True


@dataclass
class Bucket:
    """A rate limit that is really kept: `allow` requests in each `per` seconds, for each path.

    Where the pattern has a group, the paths that are alike in it share one limit.
    """

    method: str
    pattern: re.Pattern[str]
    allow: int
    per: float
    windows: dict[str, tuple[float, int]] = field(default_factory=dict)

    def covers(self, request: Request) -> bool:
        """Say whether this bucket counts `request`."""
        return self.method == request.method and bool(self.pattern.fullmatch(request.path))

    def take(self, path: str, now: float) -> tuple[int, float]:
        """Count one request; return how many are left (-1: one too many) and seconds to reset."""
        match = self.pattern.fullmatch(path)
        shared = match[1] if match and self.pattern.groups else path
        opened, taken = self.windows.get(shared, (now, 0))
        if now - opened >= self.per:
            opened, taken = now, 0
        self.windows[shared] = (opened, min(taken + 1, self.allow))
        return self.allow - taken - 1, opened + self.per - now


class Faults:
    """The rules in force; the first that strikes wins."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.buckets: list[Bucket] = []

    def on(
        self,
        method: str,
        pattern: str,
        *,
        then: Fault,
        times: int | None = 1,
        after: int = 0,
        when: Callable[[Request], bool] | None = None,
        lasts: float | None = None,
    ) -> Rule:
        """Let `then` strike requests of `method` ("*": any) whose whole path matches `pattern`.

        It strikes `times` times (None: always), sparing the first `after` matches; `when` narrows
        it by the request itself. With `lasts` it strikes as often as it can for so many seconds from
        its first strike on. Paths come without the `/api/v10` before them.
        """
        rule = Rule(method, re.compile(pattern), then, times if lasts is None else None, after, when, lasts)
        self.rules.append(rule)
        return rule

    def limit(self, method: str, pattern: str, *, allow: int, per: float) -> Bucket:
        """Keep a real rate limit on each path that matches: `allow` requests per `per` seconds.

        Paths that are alike in the first group of the pattern, such as a channel's id, share one.
        """
        bucket = Bucket(method, re.compile(pattern), allow, per)
        self.buckets.append(bucket)
        return bucket

    def limit_edits(self, *, allow: int = 5, per: float = 5.0) -> None:
        """Keep Discord's own limit on edits: of a channel's messages, and of a webhook's."""
        self.limit("PATCH", r"/channels/(\d+)/messages/\d+", allow=allow, per=per)
        self.limit("PATCH", r"/webhooks/(\d+)/[^/]+/messages/\d+", allow=allow, per=per)

    def strike(self, request: Request) -> Fault | None:
        """Return the fault that `request` meets, if any."""
        return next((rule.then for rule in self.rules if rule.strikes(request)), None)

    def bucket_of(self, request: Request) -> Bucket | None:
        """Return the rate limit that counts `request`, if any."""
        return next((bucket for bucket in self.buckets if bucket.covers(request)), None)

    def clear(self) -> None:
        """Let everything go well from now on."""
        self.rules.clear()
        self.buckets.clear()
