"""Access to the console: single-use links, and sessions in memory."""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bot.audit import Actor
from bot.core.clock import Clock, sleep_until

T = TypeVar("T")
log = logging.getLogger(__name__)

LINK_SECONDS = 600.0
SESSION_SECONDS = 12 * 3600.0
MOST_LINKS, MOST_SESSIONS = 20, 50
LOOK_SECONDS = 3600.0
SOCKET = "console.sock"
AT_THE_MACHINE = Actor(0, 0)
"""The actor for links from the command line: anybody with an account on the machine."""


@dataclass(slots=True)
class ConsoleSession:
    """A session that a link opened: its actor, and the private talks that it revealed."""

    actor: Actor
    until: float
    revealed: set[int] = field(default_factory=set)
    looked: dict[tuple[int, str], float] = field(default_factory=dict)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def looks(self, person_id: int, character: str, now: float) -> bool:
        """Return whether a view of a person's facts counts as new; an open page counts once an hour."""
        last = self.looked.get((person_id, character))
        if last is not None and now - last < LOOK_SECONDS:
            return False
        self.looked[person_id, character] = now
        return True


class Access:
    """Creates links and sessions. Only their hashes are stored, and both end with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, tuple[Actor, float]] = {}
        self._sessions: dict[str, ConsoleSession] = {}

    def link(self, actor: Actor) -> str:
        """Return a token that opens one session within ten minutes."""
        return self._add(self._links, (actor, self._clock.monotonic() + LINK_SECONDS), MOST_LINKS)

    def enter(self, token: str) -> str | None:
        """Return the cookie of a new session for a token; None if the token is used, expired or unknown."""
        actor, until = self._links.pop(_hashed(token), (AT_THE_MACHINE, 0.0))
        if until < self._clock.monotonic():
            return None
        session = ConsoleSession(actor, self._clock.monotonic() + SESSION_SECONDS)
        if len(self._sessions) >= MOST_SESSIONS:
            self._end(next(iter(self._sessions)))
        return self._add(self._sessions, session, MOST_SESSIONS)

    def session(self, cookie: str) -> ConsoleSession | None:
        """Return the session of a cookie; None if it doesn't exist or has expired."""
        session = self._sessions.get(_hashed(cookie))
        return session if session and session.until > self._clock.monotonic() else None

    def leave(self, cookie: str) -> None:
        """End a session."""
        self._end(_hashed(cookie))

    async def ended(self, session: ConsoleSession) -> None:
        """Wait until a session ends by logout or by age."""
        await sleep_until(session.left, self._clock, session.until - self._clock.monotonic())

    def _end(self, hashed: str) -> None:
        if session := self._sessions.pop(hashed, None):
            session.left.set()

    @staticmethod
    def _add(kept: dict[str, T], value: T, most: int) -> str:
        token = secrets.token_urlsafe(32)
        while len(kept) >= most:
            del kept[next(iter(kept))]
        kept[_hashed(token)] = value
        return token


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class Doorway:
    """A socket in data_dir from which `main.py console` gets a link; only the bot's user can open it."""

    def __init__(self, folder: Path, link: Callable[[], str]) -> None:
        self._path = folder / SOCKET
        self._link = link
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on the socket; on a system without such sockets, only the log channel gives links."""
        self._path.unlink(missing_ok=True)
        try:
            server = await asyncio.start_unix_server(self._answer, path=self._path, start_serving=False)
            self._path.chmod(0o600)  # before the socket accepts connections
            await server.start_serving()
            self._server = server
        except (AttributeError, NotImplementedError, OSError) as error:
            reason = getattr(error, "strerror", None) or "this system has no such sockets"
            log.warning(
                "`main.py console` can't get a link (%s): write `console` into the log channel.", reason
            )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)
            self._path.unlink(missing_ok=True)

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(f"{self._link()}\n".encode())
            await writer.drain()
        writer.close()
