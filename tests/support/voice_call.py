"""Who is in a voice call, and how their group moves on to the next epoch (DAVE, opcodes 21 to 31)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from typing import Any

from aiohttp import web

from tests.support.voice_group import VoiceGroup, split_commit
from tests.support.voice_person import Person
from tests.world.discord_accounts import BotAccount

ANSWERS_WITHIN = 10.0


class VoiceBot:
    """The connection of a bot to the voice server."""

    def __init__(self, websocket: web.WebSocketResponse, account: BotAccount, ssrc: int) -> None:
        self.account = account
        self.ssrc = ssrc
        self.gone = False
        self.speaking: list[int] = []
        self._commits: asyncio.Queue[bytes] = asyncio.Queue()
        self._ready_for: asyncio.Queue[int] = asyncio.Queue()
        self._websocket = websocket
        self._sequence = 0

    @property
    def id(self) -> int:
        return self.account.id

    async def tell(self, op: int, payload: Any) -> None:
        """Send a message in JSON."""
        self._sequence += 1
        with contextlib.suppress(ConnectionResetError):
            await self._websocket.send_str(json.dumps({"op": op, "d": payload, "seq": self._sequence}))

    async def tell_binary(self, op: int, payload: bytes) -> None:
        """Send a message of the group."""
        self._sequence += 1
        with contextlib.suppress(ConnectionResetError):
            await self._websocket.send_bytes(struct.pack(">HB", self._sequence, op) + payload)

    async def close(self, code: int) -> None:
        await self._websocket.close(code=code)

    def has_gone(self) -> None:
        """Let nobody wait any longer for what it answers."""
        self.gone = True
        self.has_committed(b"")
        self.is_ready_for(0)

    def has_committed(self, data: bytes) -> None:
        self._commits.put_nowait(data)

    def is_ready_for(self, transition: int) -> None:
        self._ready_for.put_nowait(transition)

    async def commit(self) -> bytes:
        """Return the next commit of the bot, with the welcome behind it."""
        async with asyncio.timeout(ANSWERS_WITHIN):
            return await self._commits.get()

    async def ready(self, transition: int) -> None:
        """Wait until the bot is ready for a transition."""
        async with asyncio.timeout(ANSWERS_WITHIN):
            while not self.gone and await self._ready_for.get() != transition:
                pass


class VoiceCall:
    """The people and the bot of one call; with `bot_commits` its group changes by the bot's commits."""

    def __init__(self, channel_id: int) -> None:
        self.persons: dict[int, Person] = {}
        self.bot: VoiceBot | None = None
        self.bot_commits = False
        self.group = VoiceGroup(channel_id)
        self.changing = asyncio.Lock()
        self._transition = 0

    @property
    def bot_is_in_group(self) -> bool:
        return self.bot is not None and self.bot.id in self.group.members

    @property
    def is_encrypted(self) -> bool:
        """Say whether the bot and somebody else share keys."""
        return self.bot_is_in_group and self.group.epoch > 0

    async def let_in(self, user_id: int, key_package: bytes) -> None:
        """Let somebody into the group: by a commit of those in it, and a welcome."""
        async with self.changing:
            if user_id in self.group.members:
                await self._change(self.group.proposal_to_remove(user_id), leaving=user_id)
            if not self._present():
                self.group.begin_anew(user_id)
                return
            await self._change(self.group.proposal_to_add(key_package), joining=user_id)

    async def put_out(self, user_id: int) -> None:
        """Let the others go on without somebody."""
        async with self.changing:
            if user_id in self.group.members:
                await self._change(self.group.proposal_to_remove(user_id), leaving=user_id)

    def _present(self, *, but: int = 0) -> list[int]:
        here = {*self.persons, *([self.bot.id] if self.bot else [])} - {but}
        return [member for member in self.group.members if member in here]

    async def _change(self, proposals: bytes, *, joining: int = 0, leaving: int = 0) -> None:
        """Go on to the next epoch, by the first commit to the proposals."""
        present = self._present(but=leaving)
        if not present:
            self.group.begin_anew()
            return
        commit, welcome = await self._commit(proposals, present)
        self._transition += 1
        transition = struct.pack(">H", self._transition)
        # The bot goes first: it keeps the old keys for those who still speak with them.
        if self.bot is not None and self.bot.id in present:
            await self.bot.tell_binary(29, transition + commit)
            await self.bot.ready(self._transition)
        for person in self._persons(present):
            person.session.process_commit(commit)
        self.group.committed(joining=joining, leaving=leaving)
        if joining in self.persons:
            self.persons[joining].session.process_welcome(welcome)
        elif joining and self.bot is not None:
            await self.bot.tell_binary(30, transition + welcome)
            await self.bot.ready(self._transition)
        if self.bot is not None:
            await self.bot.tell(22, {"transition_id": self._transition})

    async def _commit(self, proposals: bytes, present: list[int]) -> tuple[bytes, bytes]:
        made = [person.propose(proposals) for person in self._persons(present)]
        bot = self.bot
        if bot is not None and bot.id in present:
            await bot.tell_binary(27, b"\0" + proposals)
            by_bot = await bot.commit()
            if by_bot and (self.bot_commits or not made):
                return split_commit(by_bot)
        return made[0]

    def _persons(self, present: list[int]) -> list[Person]:
        return [self.persons[member] for member in present if member in self.persons]
