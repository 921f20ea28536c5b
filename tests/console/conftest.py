"""A bot with a console and something to show, between the loopback Discord and the scripted Claude."""

import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.world.discord_messages import Message
from tests.world.process import ROOT, BotProcess, world
from tests.world.replies import Talk

COOKIE = "masquerade_console"


@dataclass
class Site:
    """The console of a bot that runs, and a talk in its Discord."""

    bot: BotProcess
    port: int
    talk: Talk

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def link(self) -> str:
        """Return a fresh link, as `main.py console` prints it."""
        code, printed = await self.bot.command("console")
        assert code == 0, printed
        return printed.strip()

    async def visitor(self) -> aiohttp.ClientSession:
        """Return a browser without JavaScript that came in by a link."""
        visitor = aiohttp.ClientSession(self.base)
        async with visitor.get(await self.link()) as response:
            assert response.status == 200
            cookie = response.cookies[COOKIE].value
        visitor.headers["Cookie"] = f"{COOKIE}={cookie}"
        return visitor

    async def heard(self, text: str, answer: str) -> Message:
        """Let Mira say something in the channel, and wait for the answer."""
        await self.talk.ask([answer], text)
        return self.talk.channel.said_by(self.bot.discord.bot)[-1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@asynccontextmanager
async def opened(folder: Path, personas: str = "pixel,nyx", **more: str) -> AsyncIterator[Site]:
    """Start a bot with a console; further characters may lie in its folder already."""
    characters, port = folder / "characters", free_port()
    shutil.copytree(ROOT / "characters", characters, dirs_exist_ok=True)
    settings = {"CONSOLE_PORT": str(port), "CHARACTERS_DIR": str(characters), "ACTIVE_PERSONAS": personas}
    settings |= more
    async with world(folder, USE_PERSONA_SYSTEM="true", **settings) as bot:
        talk = Talk.beginning(bot, in_private=False)
        bot.settings["ADMIN_IDS"] = str(talk.person.id)
        await bot.start()
        yield Site(bot, port, talk)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


@pytest.fixture
async def visitor(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    visitor = await site.visitor()
    yield visitor
    await visitor.close()
