"""The gateway: sessions, heartbeats, resuming, and every way in which it can go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import WSMsgType, web

from tests.world.discord_accounts import BotAccount
from tests.world.discord_events import PRIVILEGED, Event, Intent
from tests.world.discord_members import member_chunks
from tests.world.discord_objects import Guild, Json
from tests.world.discord_payloads import guild_create_payload
from tests.world.discord_session import Connection, Frame, Session, control, is_repeatable
from tests.world.discord_world import World

Cut = Literal["reset", "reconnect"] | int


@dataclass(frozen=True)
class Identify:
    """What a bot said when it began a session; without an account nobody knows its token."""

    session_id: str
    intents: int
    shard: tuple[int, int]
    presence: Json | None
    at: float
    account: BotAccount | None


@dataclass(frozen=True)
class Resume:
    """What a bot said when it came back, and whether it was let in."""

    session_id: str
    sequence: int | None
    accepted: bool
    replayed: int


class Gateway:
    """Discord's websocket.

    Knobs: `replay_twice` repeats every message event of a replay, `replay_overlap` replays so many
    message events that the client already had, `silent` stops all sending (heartbeat answers too),
    `heartbeat_interval` is in seconds.
    """

    def __init__(self, world: World) -> None:
        self.heartbeat_interval = 41.25
        self.replay_twice = False
        self.replay_overlap = 0
        self.silent = False
        self.identifies: list[Identify] = []
        self.resumes: list[Resume] = []
        self.presences: list[Json] = []
        self.heartbeats = 0
        self.connections_made = 0
        self.cuts = 0
        self.connections: list[Connection] = []
        self.sessions: dict[str, Session] = {}
        self._world = world
        self._turned_away = 0
        self._refusals: list[int] = []
        self._cut_every = 0
        self._cut_how: Cut = "reset"
        self._cuts_left: int | None = None
        self._dispatched = 0
        self._hearing: dict[int, Callable[[Connection, Any], Awaitable[None]]] = {
            1: self._heartbeat,
            2: self._identify,
            3: self._presence,
            4: self._voice_state,
            6: self._resume,
            8: self._request_members,
        }

    # --- knobs

    def cut_after_every(self, k: int, *, how: Cut = "reset", times: int | None = None) -> None:
        """Cut the connection after every `k`-th dispatch (0: never), at most `times` times.

        `how` is a TCP "reset", a polite "reconnect" (op 7), or a close code. RESUMED is not
        counted, or a bot that is cut after each event would never come to rest.
        """
        self._cut_every, self._cut_how, self._cuts_left = k, how, times
        self._dispatched = 0

    def refuse(self, code: int, *, times: int = 1) -> None:
        """Answer the next `times` attempts to identify or resume with a close code."""
        self._refusals += [code] * times

    def turn_away(self, *, times: int) -> None:
        """Answer the next `times` attempts to connect with 503."""
        self._turned_away = times

    async def close_connections(self, code: int) -> None:
        """Close every connection with a close code; 1001, 4000 and most others can be resumed."""
        for connection in list(self.connections):
            await connection.close(code)

    def reset_connections(self) -> None:
        """Reset every connection."""
        for connection in list(self.connections):
            connection.reset()

    async def ask_to_reconnect(self) -> None:
        """Send op 7 on every connection."""
        for connection in list(self.connections):
            await connection.reconnect()

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send op 9 on every connection; unless `resumable`, all sessions are forgotten.

        What happens before the bot has identified anew then reaches it over REST only.
        """
        if not resumable:
            self.sessions.clear()
        for connection in list(self.connections):
            if not resumable:
                connection.session = None
            connection.send(control(9, resumable))

    def forget_sessions(self) -> None:
        """Reset every connection and let no session be resumed: the next RESUME meets op 9."""
        self.sessions.clear()
        self.reset_connections()

    # --- what others tell the gateway

    def dispatch(self, event: Event) -> None:
        """Give an event to every session that hears it, connected or not."""
        bodies: dict[bool, str] = {}
        for session in self.sessions.values():
            if session.hears(event):
                session.tell(event, bodies)

    async def sent(self, connection: Connection, frame: Frame) -> None:
        """Cut the connection when its turn has come."""
        if not self._cut_every or frame.event in (None, "RESUMED") or self._cuts_left == 0:
            return
        self._dispatched += 1
        if self._dispatched % self._cut_every:
            return
        if self._cuts_left is not None:
            self._cuts_left -= 1
        self.cuts += 1
        await self._cut(connection)

    async def _cut(self, connection: Connection) -> None:
        if self._cut_how == "reset":
            connection.reset()
        elif self._cut_how == "reconnect":
            await connection.reconnect()
        else:
            await connection.close(self._cut_how)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket until it ends."""
        if self._turned_away:
            self._turned_away -= 1
            raise web.HTTPServiceUnavailable
        websocket = web.WebSocketResponse(compress=False, timeout=1.0, max_msg_size=1 << 20)
        await websocket.prepare(request)
        compression = request.query.get("compress")
        connection = Connection(websocket, request, watcher=self, compression=compression)
        self.connections.append(connection)
        self.connections_made += 1
        connection.send(control(10, {"heartbeat_interval": int(self.heartbeat_interval * 1000)}))
        writer = asyncio.create_task(connection.write())
        try:
            await self._listen(websocket, connection)
        finally:
            await self._end(connection, writer)
        return websocket

    async def _listen(self, websocket: web.WebSocketResponse, connection: Connection) -> None:
        async for message in websocket:
            if message.type is not WSMsgType.TEXT:
                continue
            heard = json.loads(message.data)
            act = self._hearing.get(heard["op"])
            if act is None:
                await connection.close(4001)
            elif connection.session is None and heard["op"] in (3, 4, 8):
                await connection.close(4003)
            else:
                await act(connection, heard["d"])
            self._world.changed()

    async def _end(self, connection: Connection, writer: asyncio.Task[None]) -> None:
        connection.finish()
        self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
        # The writer may be amid a close handshake, which deserves its moment.
        _, unfinished = await asyncio.wait([writer], timeout=1.5)
        for task in unfinished:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._world.changed()

    # --- what the client says

    async def _heartbeat(self, connection: Connection, _: Any) -> None:
        self.heartbeats += 1
        connection.send(control(11, None))

    async def _identify(self, connection: Connection, said: Json) -> None:
        shard, shards = said.get("shard") or (0, 1)
        intents = Intent(said.get("intents", 0))
        session_id = f"{self._world.snowflakes.make():032x}"
        presence = said.get("presence")
        at = self._world.clock()
        account = self._world.account_with(said.get("token"))
        self.identifies.append(Identify(session_id, int(intents), (shard, shards), presence, at, account))
        if account is not None:
            account.identify_count += 1
        refusal = self._refusal(connection, self.identifies[-1])
        if refusal is not None or account is None:
            await connection.close(refusal or 4004)
            return
        session = Session(session_id, account, shard, shards, intents, connection=connection)
        self.sessions[session_id] = connection.session = session
        session.connection = connection
        self._welcome(session)

    def _refusal(self, connection: Connection, said: Identify) -> int | None:
        shard, shards = said.shard
        if self._refusals:
            return self._refusals.pop(0)
        if said.account is None:
            return 4004
        if connection.session is not None:
            return 4005
        if not 0 <= shard < shards:
            return 4010
        privileged = Intent(said.intents) & ~said.account.privileged
        return 4014 if privileged & PRIVILEGED else None

    def _welcome(self, session: Session) -> None:
        world, account = self._world, session.account
        mine = [each for each in world.guilds.values() if _is_for(session, each)]
        ready = {
            "v": 10,
            "user": account.payload(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in mine],
            "session_id": session.id,
            "resume_gateway_url": world.gateway_url,
            "shard": [session.shard, session.shards],
            "application": {"id": str(account.application_id), "flags": account.application_flags},
            "private_channels": [],
            "session_type": "normal",
        }
        session.push("READY", json.dumps(ready))
        if not session.intents & Intent.GUILDS:
            return
        for guild in mine:
            members = guild.members.values() if session.intents & Intent.GUILD_PRESENCES else None
            session.push("GUILD_CREATE", json.dumps(guild_create_payload(guild, account, members)))

    async def _resume(self, connection: Connection, said: Json) -> None:
        session_id, sequence = str(said.get("session_id")), said.get("seq")
        if self._refusals:
            await connection.close(self._refusals.pop(0))
            return
        account = self._world.account_with(said.get("token"))
        if account is None:
            await connection.close(4004)
            return
        session = self.sessions.get(session_id)
        is_own = session is not None and session.account is account
        missed = session.missed_since(sequence or 0) if session is not None and is_own else None
        if session is None or missed is None:
            if is_own:
                self.sessions.pop(session_id)
            self.resumes.append(Resume(session_id, sequence, False, 0))
            connection.send(control(9, False))
            return
        session.connection = connection.session = None
        connection.session, session.connection = session, connection
        frames = session.heard_before(sequence or 0, self.replay_overlap) + missed
        self.resumes.append(Resume(session_id, sequence, True, len(frames)))
        for frame in frames:
            connection.send(frame)
            if self.replay_twice and is_repeatable(frame):
                connection.send(frame)
        session.push("RESUMED", "{}")

    async def _presence(self, _: Connection, said: Json) -> None:
        self.presences.append(said)

    async def _voice_state(self, connection: Connection, said: Json) -> None:
        assert connection.session is not None
        self._world.voice.ask(connection.session.account, connection.session.id, said)

    async def _request_members(self, connection: Connection, said: Json) -> None:
        guild = self._world.guilds.get(int(said["guild_id"]))
        session = connection.session
        if guild is None or session is None or session.account.id not in guild.members:
            return
        for chunk in member_chunks(guild, said):
            session.push("GUILD_MEMBERS_CHUNK", json.dumps(chunk))


def _is_for(session: Session, guild: Guild) -> bool:
    is_its_shard = (guild.id >> 22) % session.shards == session.shard
    return is_its_shard and session.account.id in guild.members
