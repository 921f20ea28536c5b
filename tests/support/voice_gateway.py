"""A Discord voice server on this machine: its websocket, its sound, and the encryption among people (DAVE).

    async with DiscordServer() as server, VoiceGateway(server) as voice:
        channel = server.add_guild().add_voice_channel("Lounge")
        mira = await voice.join(server.add_user("Mira"), channel)  # before the bot comes or later
        await voice.wait_for_bot()  # until it has joined by channel.connect(), and shares keys with people
        await mira.speak(pcm)       # 48 kHz, mono, 16 bits; what the bot says is mira.heard_pcm()

The bot may be a process of its own (`tests.world.process`), or a client in this one (`connected_client`).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import discord
from aiohttp import WSMsgType, web

from tests.support.voice_call import ANSWERS_WITHIN, VoiceBot, VoiceCall
from tests.support.voice_person import Person
from tests.support.voice_sound import MODE, Packet, SoundServer
from tests.world.discord_accounts import BotAccount
from tests.world.discord_objects import Channel, User
from tests.world.discord_pointing import point_discord_at, point_discord_back
from tests.world.discord_server import DiscordServer


class VoiceGateway:
    """The server of one voice channel at a time; `call` tells who is there."""

    def __init__(self, server: DiscordServer) -> None:
        self.call: VoiceCall
        self.sound: SoundServer
        self.admissions = 0
        self.server = server
        self._channel: Channel | None = None
        self._admitted: dict[str, tuple[BotAccount, str]] = {}
        self._region = 0
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.5)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self.sound = await SoundServer.open(self._hear)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.server.voice.server = self
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.voice.server = None
        for task in self._tasks:
            task.cancel()
        await self._runner.cleanup()
        await asyncio.sleep(0)  # what was cut off by it is closed in the next step
        self.sound.close()

    # --- what happens to a call

    async def join(self, user: User, channel: Channel) -> Person:
        """Let somebody join the channel: the group moves on to a new epoch."""
        assert channel.guild is not None
        if user.id not in channel.guild.members:
            channel.guild.add_member(user)
        call = self._call_in(channel)
        self.server.voice.move(user, channel.guild, channel, secrets.token_hex(16))
        person = Person(user, secrets.randbelow(1 << 31), send=self._send, announce=self._announce)
        call.persons[user.id] = person
        if call.bot is not None:
            await call.bot.tell(11, {"user_ids": [str(user.id)]})
        await call.let_in(user.id, person.enter(call.group))
        return person

    async def leave(self, person: Person) -> None:
        """Let somebody leave the channel."""
        assert self._channel is not None and self._channel.guild is not None
        self.server.voice.move(person.user, self._channel.guild, None, "")
        self.call.persons.pop(person.id)
        if self.call.bot is not None:
            await self.call.bot.tell(13, {"user_id": str(person.id)})
        await self.call.put_out(person.id)

    async def move_region(self) -> None:
        """Move the call to another server: other addresses, keys and SSRCs, and a new group."""
        before, channel = self.call, self._channel
        assert before.bot is not None and channel is not None and channel.guild is not None
        account, sound = before.bot.account, self.sound
        before.bot = None  # its old connection ends by itself, and concerns nobody any more
        self.sound = await SoundServer.open(self._hear)
        self.call = VoiceCall(channel.id)
        self._region += 1
        for person in before.persons.values():
            person.ssrc = secrets.randbelow(1 << 31)
            self.call.persons[person.id] = person
            await self.call.let_in(person.id, person.enter(self.call.group))
        session_id = channel.guild.voice_states[account.id]["session_id"]
        self.server.voice.send_server(account, channel, *self.admit(account, channel, session_id))
        sound.close()

    async def vanish(self) -> None:
        """Go away, with every connection that is open, and take none any more."""
        await self._runner.cleanup()
        await asyncio.sleep(0)  # what was cut off by it is closed in the next step

    async def wait_for_bot(self) -> VoiceBot:
        """Wait until the bot and the people share keys."""
        what = "the bot in the group"
        await self.server.wait_until(lambda: self.call.is_encrypted, timeout=ANSWERS_WITHIN, what=what)
        async with self.call.changing:
            assert self.call.bot is not None
            return self.call.bot

    # --- what the loopback Discord asks for

    def admit(self, account: BotAccount, channel: Channel, session_id: str) -> tuple[str, str]:
        """Return the endpoint and the token with which a bot connects to a channel."""
        self._call_in(channel)
        self.admissions += 1
        token = secrets.token_hex(8)
        self._admitted[token] = account, session_id
        return f"127.0.0.1:{self._runner.addresses[0][1]}/{self._region}", token

    def part(self, user_id: int) -> None:
        """Put a bot out that left the channel."""
        if self._channel is not None and self.call.bot is not None and self.call.bot.id == user_id:
            self._spawn(self._lose(self.call, self.call.bot))

    def _call_in(self, channel: Channel) -> VoiceCall:
        if self._channel is not channel:
            self._channel, self.call = channel, VoiceCall(channel.id)
        return self.call

    # --- the websocket

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{region}/", self._serve)
        return app

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        websocket = web.WebSocketResponse(timeout=1.0)
        await websocket.prepare(request)
        await websocket.send_str(json.dumps({"op": 8, "d": {"v": 8, "heartbeat_interval": 13_750}}))
        call, bot = self.call, await self._identified(websocket)
        if bot is None:
            await websocket.close(code=4004)
            return websocket
        async for message in websocket:
            if message.type is WSMsgType.BINARY:
                self._take_binary(call, bot, message.data)
            elif message.type is WSMsgType.TEXT:
                said = json.loads(message.data)
                await self._take(bot, said["op"], said["d"])
            self.server.changed()
        await self._lose(call, bot)
        return websocket

    async def _identified(self, websocket: web.WebSocketResponse) -> VoiceBot | None:
        said = (await websocket.receive_json())["d"]
        account, session_id = self._admitted.pop(said["token"], (None, ""))
        if account is None or (said["session_id"], said["user_id"]) != (session_id, str(account.id)):
            return None
        bot = VoiceBot(websocket, account, secrets.randbelow(1 << 31))
        self.call.bot = bot
        await bot.tell(2, {"ssrc": bot.ssrc, "ip": "127.0.0.1", "port": self.sound.port, "modes": [MODE]})
        await bot.tell(11, {"user_ids": [str(each) for each in self.call.persons]})
        return bot

    async def _take(self, bot: VoiceBot, op: int, said: Any) -> None:
        if op == 1:
            keys = {"secret_key": list(self.sound.key), "dave_protocol_version": 1}
            await bot.tell(4, {"mode": said["data"]["mode"], **keys})
            await bot.tell_binary(25, self.call.group.external_sender)
        elif op == 3:
            await bot.tell(6, {"t": said["t"]})
        elif op == 5:
            bot.speaking.append(said["speaking"])
        elif op == 23:
            bot.is_ready_for(said["transition_id"])

    def _take_binary(self, call: VoiceCall, bot: VoiceBot, data: bytes) -> None:
        if data[0] == 26:
            self._spawn(call.let_in(bot.id, data[1:]))
        elif data[0] == 28:
            bot.has_committed(data[1:])

    async def _lose(self, call: VoiceCall, bot: VoiceBot) -> None:
        bot.has_gone()
        if call.bot is bot:
            call.bot = None
            await call.put_out(bot.id)
            self.server.changed()

    # --- sound

    def _send(self, packet: Packet) -> None:
        self.sound.send(packet)

    def _announce(self, person: Person) -> None:
        if self.call.bot is not None:
            said = {"user_id": str(person.id), "ssrc": person.ssrc, "speaking": 1}
            self._spawn(self.call.bot.tell(5, said))

    def _hear(self, packet: Packet) -> None:
        bot = self.call.bot
        if bot is None or packet.ssrc != bot.ssrc:
            return
        for person in self.call.persons.values():
            person.hear(bot.id, packet.payload)
        self.server.changed()

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self.server.changed()
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def connected_client(server: DiscordServer) -> AsyncIterator[discord.Client]:
    """Connect discord.py's own client, with what it needs for voice channels, as the first bot."""
    intents = discord.Intents.none()
    intents.guilds = intents.voice_states = True
    point_discord_at(server.base_url, pause=0.02)
    client = discord.Client(intents=intents, guild_ready_timeout=0.1)
    await client.login(server.token)
    connection = asyncio.create_task(client.connect())
    try:
        await client.wait_until_ready()
        yield client
    finally:
        await client.close()
        await connection
        point_discord_back()
