"""Malformed messages, edits and uses over the real gateway: main.py goes on as if nothing was."""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.malforming import SECRET, malformed
from tests.thorough import usually
from tests.world.claude_server import Request
from tests.world.discord_cdn import PIXEL
from tests.world.discord_enclosures import Poll, link_preview
from tests.world.discord_events import Event
from tests.world.discord_files import Upload, voice_message
from tests.world.discord_interactions import COMPLETION
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, User
from tests.world.discord_payloads import message_payload
from tests.world.process import BotProcess, world

pytestmark = pytest.mark.timeout(120)

BATCH = 25
STILL = 0.5
"""Seconds after which what was begun by the last event has ended."""
FAR = 9_999_999_999
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\S+ (?P<level>[A-Z]+) ")
POLL = Poll(f"{SECRET}?", [f"🍵 {SECRET}", "no"], votes=[2, 0])
PREVIEW = link_preview("https://example.org/a", SECRET, SECRET, site=SECRET)


@dataclass
class Scene:
    """A bot that runs, a server with a person in it, and what was taken down of what they do."""

    bot: BotProcess
    channel: Channel
    mira: User
    taken: list[Event] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @contextlib.contextmanager
    def _taking(self) -> Iterator[None]:
        """Let what happens reach nobody, and take down what would have been told of it."""
        discord = self.bot.discord
        setattr(discord, "dispatch", self.taken.append)  # noqa: B010
        try:
            yield
        finally:
            del discord.dispatch

    async def event(self, kind: "Kind", chance: random.Random) -> Event:
        """Let something happen and return it malformed; nobody has been told of it as it is."""
        self.taken.clear()
        with self._taking():
            await kind(self, chance)
        event = next(one for one in reversed(self.taken) if one.name in WANTED)
        return replace(event, payload=malformed(event.payload, chance), bare=None)

    async def answered(self) -> None:
        """Check that a good message is answered."""
        number = next(self.numbers)
        await self.mira.say(self.channel, f"{self.bot.discord.bot.mention} #{number}?")
        await self.bot.discord.wait_for_message(
            self.channel, where=lambda one: one.content == f"answering {number}", timeout=30
        )


def echo(request: Request) -> str:
    """Answer with the number of the last good message: of malformed ones some are answered, too."""
    return "answering " + (re.findall(r"#(\d+)\?", request.text) or ["nobody"])[-1]


WANTED = {"MESSAGE_CREATE", "MESSAGE_UPDATE", "INTERACTION_CREATE"}
Kind = Callable[[Scene, random.Random], Awaitable[Any]]


async def _message(scene: Scene, chance: random.Random) -> Message:
    """Say something with all that a message may hold, in the channel or in private."""
    discord = scene.bot.discord
    files = [
        Upload(f"{SECRET}.png", PIXEL, "image/png", width=1, height=1, description=SECRET),
        voice_message(b"OggS", 2),
    ]
    where = chance.choice([scene.channel, discord.dm_with(scene.mira)])
    said = await scene.mira.say(where, f"{SECRET} <@{scene.mira.id}>")
    how: dict[str, Any] = {
        "attachments": files,
        "stickers": [discord.add_sticker(SECRET, PIXEL)],
        "embeds": [PREVIEW],
        "poll": POLL,
        "reply_to": said,
    }
    return await scene.mira.say(where, f"{SECRET} {discord.bot.mention}", **how)


async def _forward(scene: Scene, chance: random.Random) -> None:
    said = await _message(scene, chance)
    await scene.mira.say(said.channel, forward=said)


async def _edit(scene: Scene, chance: random.Random) -> None:
    await scene.mira.edit(await _message(scene, chance), f"{SECRET} again")


async def _preview(scene: Scene, chance: random.Random) -> None:
    scene.bot.discord.unfurl(await _message(scene, chance), [PREVIEW])


async def _command(scene: Scene, _: random.Random) -> None:
    await scene.mira.use_command(scene.channel, "userinfo", person=scene.mira)


async def _subcommand(scene: Scene, _: random.Random) -> None:
    await scene.mira.use_command(scene.channel, "me set", name=SECRET)


async def _upload(scene: Scene, _: random.Random) -> None:
    file = Upload(f"{SECRET}.json", b"{}", "application/json")
    await scene.mira.use_command(scene.channel, "persona import", file=file)


async def _menu(scene: Scene, chance: random.Random) -> None:
    await scene.mira.use_menu(await _message(scene, chance), "Reroll this")


async def _autocomplete(scene: Scene, _: random.Random) -> None:
    await scene.mira.use_command(scene.channel, "persona choose", name=SECRET)
    used = scene.taken[-1].payload
    used["type"] = scene.bot.discord.interactions.by_token[used["token"]].type = COMPLETION
    used["data"]["options"][0]["options"][0]["focused"] = True


async def _press(scene: Scene, chance: random.Random) -> None:
    await _command(scene, chance)
    custom_id = f"history:{chance.choice(['choose', 'accept', 'nothing'])}:{scene.mira.id}:{FAR}"
    shown = message_payload(scene.bot.discord.bot_messages[-1], scene.bot.discord.first_bot)
    pressed = {"custom_id": custom_id, "component_type": 3, "values": ["1"]}
    scene.taken[-1].payload.update(type=3, data=pressed, message=shown)


async def _submit(scene: Scene, chance: random.Random) -> None:
    await _command(scene, chance)
    typed = {"type": 4, "custom_id": "text", "value": SECRET}
    form = {
        "custom_id": f"history:rewrite:{scene.mira.id}:{FAR}:1",
        "components": [{"type": 1, "components": [typed]}],
    }
    scene.taken[-1].payload.update(type=5, data=form)


KINDS: list[Kind] = [
    *[_message] * 4,
    *[_forward] * 2,
    *[_edit] * 2,
    _preview,
    _command,
    _subcommand,
    _upload,
    _menu,
    _autocomplete,
    _press,
    _submit,
]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with world(tmp_path) as bot:
        bot.claude.answer_with(echo)
        mira = bot.discord.add_user("Mira")
        guild = bot.discord.add_guild("The Guild", owner=mira)
        bot.settings["ADMIN_IDS"] = str(mira.id)
        scene = Scene(bot, guild.add_text_channel("general"), mira)
        await bot.start()
        await scene.answered()
        yield scene


def odd_lines(log: str) -> list[str]:
    """Return the lines of a log that are no plain information, and those that begin no entry."""
    entries = [(line, LINE.match(line)) for line in log.splitlines()]
    return [line for line, found in entries if found is None or found["level"] not in ("INFO", "DEBUG")]


async def suffers(scene: Scene, count: int, *, seed: int) -> None:
    """Send so many malformed events, a good message after each batch of them."""
    chance, bot = random.Random(seed), scene.bot
    for first in range(0, count, BATCH):
        size, before = min(BATCH, count - first), len(odd_lines(bot.log))
        for _ in range(size):
            bot.discord.dispatch(await scene.event(chance.choice(KINDS), chance))
        await scene.answered()
        assert len(odd_lines(bot.log)) - before <= size, bot.log
    await asyncio.sleep(STILL)
    assert bot.process is not None
    assert bot.process.returncode is None
    assert (bot.discord.identify_count, bot.discord.gateway.connections_made) == (1, 1)
    assert bot.discord.gateway.resumes == []
    told = odd_lines(bot.log)
    assert [line for line in told if not LINE.match(line)] == []
    assert SECRET not in bot.log
    assert "never retrieved" not in bot.log


@pytest.mark.slow
async def test_two_hundred_malformed_events_end_nothing_and_the_next_message_is_answered(scene):
    await suffers(scene, 200, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", usually([2, 3], list(range(2, 20))))
async def test_a_thousand_malformed_events_end_nothing_either(scene, seed):
    await suffers(scene, 1_000, seed=seed)
