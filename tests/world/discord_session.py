"""Gateway sessions, which outlive their connections, and the connections themselves."""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import struct
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import Event, Intent

# How many events a session keeps for a client that comes back; beyond them it can't be resumed.
KEPT_EVENTS = 4096


@dataclass(frozen=True)
class Frame:
    """One gateway message as JSON text; `event` names the dispatch it is, if it is one."""

    text: str
    event: str | None = None


def control(op: int, payload: Any) -> Frame:
    """Return a frame that is no dispatch."""
    return Frame(json.dumps({"op": op, "d": payload, "s": None, "t": None}))


@dataclass(eq=False)
class Session:
    """What the gateway remembers of one shard of a bot, from READY until it is invalid."""

    id: str
    account: BotAccount
    shard: int
    shards: int
    intents: Intent
    sequence: int = 0
    log: deque[tuple[int, Frame]] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    connection: Connection | None = None

    def hears(self, event: Event) -> bool:
        """Say whether this bot's shard asked for such events and is the one to get this."""
        wanted = not event.intent or bool(event.intent & self.intents)
        return wanted and self.account in event.to and event.shard(self.shards) == self.shard

    def tell(self, event: Event, bodies: dict[bool, str]) -> None:
        """Note an event and send it when connected; `bodies` keeps its JSON for other sessions."""
        bare = event.bare is not None and not self.intents & Intent.MESSAGE_CONTENT
        if bare not in bodies:
            bodies[bare] = json.dumps(event.bare if bare else event.payload)
        self.push(event.name, bodies[bare])

    def push(self, name: str, body: str) -> None:
        """Number a dispatch whose payload is the JSON text `body`, note it and send it."""
        self.sequence += 1
        frame = Frame(f'{{"op":0,"t":"{name}","s":{self.sequence},"d":{body}}}', name)
        if name != "RESUMED":
            self.log.append((self.sequence, frame))
        if self.connection is not None:
            self.connection.send(frame)

    def missed_since(self, sequence: int) -> list[Frame] | None:
        """Return the events after `sequence`; None when some of them are no longer known."""
        oldest_known = self.log[0][0] if self.log else self.sequence + 1
        if not oldest_known - 1 <= sequence <= self.sequence:
            return None
        return [frame for number, frame in self.log if number > sequence]

    def heard_before(self, sequence: int, count: int) -> list[Frame]:
        """Return the last `count` message events up to `sequence`, oldest first."""
        if not count:
            return []
        heard = [frame for number, frame in self.log if number <= sequence and is_repeatable(frame)]
        return heard[-count:]


def is_repeatable(frame: Frame) -> bool:
    """Say whether a dispatch may come twice without confusing the library: messages may."""
    return frame.event is not None and frame.event.startswith("MESSAGE_")


class Watcher(Protocol):
    """Who decides what happens once a frame is on the wire."""

    silent: bool

    async def sent(self, connection: Connection, frame: Frame) -> None:
        """Learn of a frame that went out."""


class Connection:
    """One websocket of a bot, written to by a task of its own so that frames keep their order."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        request: web.Request,
        *,
        watcher: Watcher,
        compression: str | None,
    ) -> None:
        self.session: Session | None = None
        self.compression = compression
        self.frames_sent = 0
        self._websocket = websocket
        self._request = request
        self._watcher = watcher
        self._pack = packing(compression)
        self._outgoing: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._finished = False

    @property
    def is_open(self) -> bool:
        """Say whether frames still go out."""
        return not self._finished and not self._websocket.closed

    def send(self, frame: Frame) -> None:
        """Queue a frame."""
        if not self._finished:
            self._outgoing.put_nowait(frame)

    def finish(self) -> None:
        """Send nothing more, and let the writer end."""
        self._finished = True
        self._outgoing.put_nowait(None)

    async def write(self) -> None:
        """Send what is queued, until the connection ends."""
        while self.is_open:
            frame = await self._outgoing.get()
            if frame is None or self._watcher.silent or not self.is_open:
                continue
            try:
                await self._put_on_wire(frame)
            except ConnectionError:
                self.finish()
                return
            self.frames_sent += 1
            await self._watcher.sent(self, frame)

    async def _put_on_wire(self, frame: Frame) -> None:
        if self._pack is None:
            await self._websocket.send_str(frame.text)
        else:
            await self._websocket.send_bytes(self._pack(frame.text.encode()))

    async def close(self, code: int) -> None:
        """Close with a close code, as Discord does when it has a reason."""
        self.finish()
        await self._websocket.close(code=code)

    def reset(self) -> None:
        """Tear the TCP connection down without a word."""
        self.finish()
        reset_transport(self._request)

    async def reconnect(self) -> None:
        """Ask the client to come back (op 7) and send nothing more."""
        frame = control(7, None)
        if self.is_open:
            self.finish()
            await self._put_on_wire(frame)


def reset_transport(request: web.Request) -> None:
    """End a connection with a TCP reset."""
    transport = request.transport
    if transport is None:
        return
    wire = transport.get_extra_info("socket")
    if wire is not None:
        # A linger time of zero makes the kernel send RST in place of FIN.
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def packing(compression: str | None) -> Callable[[bytes], bytes] | None:
    """Return what compresses one frame within its stream; None for none.

    `compression` is the client's `compress` parameter: "zlib-stream", "zstd-stream" or None.
    """
    if compression == "zlib-stream":
        deflate = zlib.compressobj()
        return lambda text: deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
    return _zstd_packing() if compression == "zstd-stream" else None


def _zstd_packing() -> Callable[[bytes], bytes]:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        # The client asks for this where its Python (3.14 and later) brings the format along.
        zstd = importlib.import_module("compression.zstd")
        press = zstd.ZstdCompressor()
        return lambda text: press.compress(text, mode=press.FLUSH_BLOCK)
    stream = zstandard.ZstdCompressor().compressobj()
    flush = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return lambda text: stream.compress(text) + stream.flush(flush)
