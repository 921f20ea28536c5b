"""A real discord.py client that connects to the loopback Discord and listens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import discord
from discord import app_commands

from tests.world.discord_accounts import BotAccount
from tests.world.discord_pointing import point_discord_at
from tests.world.discord_server import DiscordServer

SHORT = 0.02


class Listener(discord.Client):
    """Writes down what it hears, `said` with the ids of those who said it."""

    def __init__(self, intents: discord.Intents) -> None:
        # Only who waits for guilds before it is ready asks for their members.
        patience = 0.05 if intents.members else 0
        super().__init__(intents=intents, guild_ready_timeout=patience, max_ratelimit_timeout=60)
        self.heard: list[str] = []
        self.said: list[tuple[int, str]] = []
        self.readies = 0
        self.tree = app_commands.CommandTree(self)

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)
        self.said.append((message.author.id, message.content))

    async def on_ready(self) -> None:
        self.readies += 1


def all_intents(**changed: bool) -> discord.Intents:
    """Return the usual intents with some of them changed."""
    usual = {"guilds": True, "messages": True, "message_content": True, "reactions": True}
    return discord.Intents(**(usual | changed))


@asynccontextmanager
async def listening(
    server: DiscordServer, account: BotAccount | None = None, *, intents: discord.Intents | None = None
) -> AsyncIterator[Listener]:
    """Connect a client as one bot, the first by default, and close it at the end."""
    point_discord_at(server.base_url, pause=SHORT)
    client = Listener(intents or all_intents())
    task = asyncio.create_task(client.start((account or server.first_bot).token))
    try:
        await until(client.is_ready, task)
        yield client
    finally:
        await client.close()
        await asyncio.wait([task], timeout=5)
        if task.done():
            task.exception()


async def until(holds: Callable[[], object], task: asyncio.Task[None] | None = None) -> None:
    """Wait until `holds()` is true; raises what ended `task`, TimeoutError after half a minute."""
    async with asyncio.timeout(30):
        while not holds():
            if task is not None and task.done():
                task.result()
            await asyncio.sleep(0.002)
