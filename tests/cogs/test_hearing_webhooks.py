"""What our own webhooks say is heard by nobody, and a reply to it is a reply to the bot (D11, C20)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import discord
import pytest

from bot.app import App, open_app
from bot.conversation.decision import Reason
from bot.conversation.turns import Decided
from bot.conversation.types import Utterance
from bot.discord.connection import open_client
from bot.llm.server import Server
from bot.settings import Settings
from cogs._discord.hearing import hear
from tests.builders import AT_ONCE, PIXEL
from tests.fakes import FakeClaude, FakeClock
from tests.world.discord_listening import SHORT, listening, until
from tests.world.discord_messages import Message, Webhook
from tests.world.discord_objects import Channel, User
from tests.world.discord_pointing import point_discord_at, point_discord_back
from tests.world.discord_server import DiscordServer

SERVER = Server("http://127.0.0.1:9", "no-key", "claude-sonnet-5-5")


@pytest.fixture(autouse=True)
def _discord_as_it_was() -> Iterator[None]:
    yield
    point_discord_back()


@dataclass
class Stage:
    """A channel with Mira, our webhook, and one that is none of ours."""

    server: DiscordServer
    general: Channel
    mira: User
    ours: Webhook
    theirs: Webhook

    def speak(self, hook: Webhook, text: str) -> Message:
        return self.server.post(self.general, hook.user, text, webhook=hook, alias="Fangs")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with DiscordServer() as server:
        general, mira = server.add_guild("The Guild").add_text_channel("general"), server.add_user("Mira")
        ours = server.add_webhook(general, "Masquerade")
        theirs = server.add_webhook(general, "News", user=mira, by_application=False)
        yield Stage(server, general, mira, ours, theirs)
    assert server.unknown_requests == []
    assert server.schema_faults == []


async def heard(stage: Stage, reply_to: Message, text: str = "really?") -> Utterance:
    """Return what our bot makes of Mira's reply."""
    messages: list[discord.Message] = []
    async with listening(stage.server) as client:

        @client.event
        async def on_message(message: discord.Message) -> None:
            messages.append(message)

        await stage.mira.say(stage.general, text, reply_to=reply_to)
        await until(lambda: messages)
        return hear(messages[0], me=stage.server.bot.id, application_id=client.application_id)


async def test_a_reply_to_what_our_webhook_said_is_a_reply_to_the_bot(stage):
    said = stage.speak(stage.ours, "good evening")
    found = await heard(stage, said, f"<@{stage.ours.id}> really?")
    assert (found.replies_to_me, found.replies_to, found.reply_to) == (True, stage.server.bot.id, said.id)


async def test_our_webhook_is_nobody_who_could_be_meant(stage):
    stage.server.users[stage.ours.id] = User(stage.ours.id, "Fangs", stage.server, bot=True)
    said = stage.speak(stage.ours, "good evening")
    found = await heard(stage, said, f"<@{stage.ours.id}> really?")
    assert found.mentions == ()
    assert {one.id for one in found.people} == {stage.server.bot.id}


async def test_a_reply_to_what_anothers_webhook_said_is_none_to_the_bot(stage):
    found = await heard(stage, stage.speak(stage.theirs, "good evening"))
    assert (found.replies_to_me, found.replies_to) == (False, stage.theirs.id)
    assert stage.theirs.id in {one.id for one in found.people}


# --- In the bot -----------------------------------------------------------------------------------


@dataclass
class Running:
    app: App
    client: Any
    claude: FakeClaude

    decided: list[Decided]

    async def reason(self, message: Message) -> Reason:
        """Wait until it is decided about a message, and return why."""
        await until(lambda: message.id in self.heard)
        return next(one.decision.reason for one in self.decided if one.utterance.message_id == message.id)

    @property
    def heard(self) -> set[int]:
        return {one.utterance.message_id for one in self.decided}


@pytest.fixture
async def running(stage: Stage, tmp_path: Path) -> AsyncIterator[Running]:
    clock = FakeClock(datetime.now(UTC))
    claude = FakeClaude(clock)
    settings = Settings(data_dir=tmp_path / "data")
    async with open_app(
        settings, PIXEL, SERVER, manner=AT_ONCE, claude=claude, clock=clock, rng=Random(1)
    ) as app:
        point_discord_at(stage.server.base_url, pause=SHORT)
        client = open_client(app)
        task = asyncio.create_task(client.start(stage.server.token))
        try:
            await until(client.is_ready, task)
            decided: list[Decided] = []
            app.hooks.on_decision.append(decided.append)
            yield Running(app, client, claude, decided)
        finally:
            await app.conversation.close(within=5)
            await client.close()
            await asyncio.wait([task], timeout=5)


@pytest.mark.slow
async def test_what_our_webhook_says_is_not_heard_and_what_anothers_says_is(stage, running):
    ours = stage.speak(stage.ours, "Pixel, canary of ours")
    theirs = stage.speak(stage.theirs, "Pixel, of another's")
    assert await running.reason(theirs) == Reason.NAME
    async with running.app.database.read() as db:
        assert await db.messages.get(ours.id) is None
        assert await db.messages.get(theirs.id) is not None
    assert running.heard == {theirs.id}
    assert not any("canary" in prompt.text for prompt in running.claude.prompts)


@pytest.mark.slow
async def test_a_reply_to_our_webhook_is_answered(stage, running):
    said = stage.speak(stage.ours, "good evening")
    asked = await stage.mira.say(stage.general, "really?", reply_to=said)
    assert await running.reason(asked) == Reason.REPLY
    await until(lambda: len(stage.general.messages) == 3)
