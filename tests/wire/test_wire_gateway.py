"""What comes over the gateway, and what an operator reads of it: main.py as a process, on the real wire."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from discord.state import ConnectionState

from tests.support.wire import echo, lawful
from tests.world import discord_faults as faults
from tests.world.discord_events import Event
from tests.world.discord_messages import Message
from tests.world.discord_objects import Channel, Guild, User
from tests.world.process import BotProcess, beside, world
from tests.world.replies import Talk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ENDLESS_POLL = {
    "question": {"text": "Tea?"},
    "answers": [{"answer_id": 1, "poll_media": {"text": "Yes"}}],
    "expiry": None,
    "allow_multiselect": False,
    "layout_type": 1,
}
"""Discord's documentation: expiry is an ISO8601 timestamp or null, for polls that never end."""
UNREAD = re.compile(r"WARNING bot\.discord\.malformed_events discord\.py can't read (\S+)")


@pytest.fixture
async def bot(tmp_path: Path):
    async with world(tmp_path) as started_later:
        yield started_later


def place(bot: BotProcess) -> tuple[Guild, Channel, User]:
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    return guild, channel, mira


async def answered(bot: BotProcess, where: Channel, who: User, number: int) -> None:
    await who.say(where, f"<@{bot.discord.bot.id}> #{number}?")
    assert (await bot.discord.wait_for_message(where, timeout=30)).content == f"answering {number}"


def went_on(bot: BotProcess) -> None:
    """Check that nothing of it was worth more than a warning, and the first session is still the one."""
    assert " ERROR " not in bot.log, bot.log
    assert bot.discord.identify_count == bot.runs
    lawful(bot)


async def test_a_hundred_mentions_leave_no_error_in_the_log(bot):
    bot.claude.answer_with(echo)
    guild, _, _ = place(bot)
    users = [bot.discord.add_user(f"User{number}") for number in range(10)]
    places = [guild.add_text_channel(f"channel-{number}") for number in range(10)]
    await bot.start()

    async def talk(where: Channel, who: User, first: int) -> None:
        for number in range(first, first + 10):
            await answered(bot, where, who, number)

    await asyncio.gather(*(talk(places[n], users[n], 10 * n) for n in range(10)))
    assert await bot.terminate() == 0
    assert len(bot.discord.bot_messages) == 100
    went_on(bot)


async def test_a_poll_that_never_ends_ends_nothing_and_its_message_is_answered(bot):
    """Twice for the log, which has it once; then in what is replied to, which still is a reply to the bot."""
    bot.claude.answer_with(echo)
    _, channel, mira = place(bot)
    await bot.start()
    for number in (1, 2):
        words = f"<@{bot.discord.bot.id}> #{number}?"
        bot.discord.post(channel, mira, words, further={"poll": ENDLESS_POLL})
        said = await bot.discord.wait_for_message(channel, timeout=30)
        assert said.content == f"answering {number}"
    said.further["poll"] = ENDLESS_POLL
    await mira.say(channel, "#3?", reply_to=said, ping_reply=False)
    assert (await bot.discord.wait_for_message(channel, timeout=30)).content == "answering 3"
    assert UNREAD.findall(bot.log).count("MESSAGE_CREATE") == 1
    assert "it is taken without poll" in bot.log
    went_on(bot)


async def test_what_cannot_be_read_of_what_was_said_meanwhile_hides_nothing_else(bot):
    """Over REST: a poll that never ends, and a message of which nothing can be read."""
    bot.claude.answer_with(echo)
    guild, channel, mira = place(bot)
    await bot.start()
    await answered(bot, channel, mira, 1)
    await bot.kill()
    bot.discord.post(channel, mira, f"<@{bot.discord.bot.id}> #2?", further={"poll": ENDLESS_POLL})
    there = guild.add_text_channel("elsewhere")
    await mira.say(there, f"<@{bot.discord.bot.id}> #3?")
    bot.discord.post(there, mira, "nobody's", further={"author": None, "poll": ENDLESS_POLL})
    await bot.start()
    assert (await bot.discord.wait_for_message(channel, timeout=30)).content == "answering 2"
    assert (await bot.discord.wait_for_message(there, timeout=30)).content == "answering 3"
    await answered(bot, channel, mira, 4)
    went_on(bot)


def every_event() -> list[str]:
    """Return every event that discord.py reads but those that begin a session."""
    names = [
        name.removeprefix("parse_").upper() for name in dir(ConnectionState) if name.startswith("parse_")
    ]
    return [name for name in names if name not in {"READY", "RESUMED"}]


async def test_whatever_a_single_event_is_the_connection_goes_on(bot):
    bot.claude.answer_with(echo)
    _, channel, mira = place(bot)
    await bot.start()
    await answered(bot, channel, mira, 1)
    odd = dict.fromkeys(("author", "message", "referenced_message", "poll", "members", "user"), "x")
    payloads: list[Any] = [{}, None, [], {"id": None, "type": 99}, {"id": "1", **odd}]
    for payload in payloads:
        for name in [*every_event(), "SOMETHING_NEW"]:
            bot.discord.dispatch(Event(name, payload, [bot.discord.first_bot]))
    await answered(bot, channel, mira, 2)
    assert len(UNREAD.findall(bot.log)) > 50
    went_on(bot)


async def test_a_server_with_a_thread_that_cannot_be_read_is_there_but_for_the_thread(bot, monkeypatch):
    """Discord's document: a thread may have no parent_id."""
    bot.claude.answer_with(echo)
    _, channel, mira = place(bot)
    lost, other = (channel.add_thread(name) for name in ("lost", "other"))
    orphan = {key: value for key, value in lost.payload().items() if key != "parent_id"}
    monkeypatch.setattr(lost, "payload", lambda: orphan)
    await bot.start()
    await answered(bot, channel, mira, 1)
    await answered(bot, other, mira, 2)
    await mira.say(lost, f"<@{bot.discord.bot.id}> #3?")
    await answered(bot, channel, mira, 4)
    assert bot.discord.bot_messages[-1].content == "answering 4"
    assert len(bot.discord.bot_messages) == 3
    went_on(bot)


def used(bot: BotProcess, guild: Guild, where: Channel, who: User, **changes: Any) -> dict[str, Any]:
    """Return an interaction as Discord dispatches it, with changes."""
    return {
        "id": str(bot.discord.snowflakes.make()),
        "application_id": str(bot.discord.first_bot.application_id),
        "type": 2,
        "token": "a-token",
        "version": 1,
        "channel_id": str(where.id),
        "channel": where.payload(),
        "guild_id": str(guild.id),
        "member": guild.members[who.id].payload() | {"permissions": "0"},
        "data": {"id": "1", "name": "status", "type": 1},
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 1,
        **changes,
    }


ODD_USES: list[dict[str, Any]] = [
    {"type": 99},
    {"data": {"id": "1", "name": "status", "type": 99}},
    {"data": {"id": "1", "name": "status", "type": 1, "options": [{"name": "x", "type": 99, "value": None}]}},
    {"data": None},
    {"type": 3, "data": {"custom_id": "no such thing", "component_type": 99}},
    {"type": 5, "data": {"custom_id": "no such thing", "components": [{"type": 99}]}},
    {"member": None},
    {"channel": {"id": "1", "type": 99}},
    {"entitlements": [{"id": "1"}]},
]


async def test_a_use_of_a_kind_that_nobody_knows_ends_nothing(bot):
    bot.claude.answer_with(echo)
    guild, channel, mira = place(bot)
    await bot.start()
    for changes in ODD_USES:
        event = Event(
            "INTERACTION_CREATE", used(bot, guild, channel, mira, **changes), [bot.discord.first_bot]
        )
        bot.discord.dispatch(event)
    await answered(bot, channel, mira, 1)
    assert "never retrieved" not in bot.log
    assert bot.discord.identify_count == 1
    lawful(bot)


async def under_way(bot: BotProcess, label: str) -> Message:
    """Press a button of a preview while the model takes its time, and Discord too; return the panel."""
    talk = Talk.beginning(bot)
    await bot.start()
    await talk.ask(["old"])
    panel = await talk.reroll(["new"])
    bot.claude.delay = 0.5
    bot.claude.will_say("newer")
    bot.discord.faults.on("PATCH", r"/webhooks/.*", then=faults.delayed(0.5), times=9)
    await talk.press(panel, label)
    return panel


@pytest.mark.parametrize(("label", "told"), [("Redo", "newer"), ("Accept", "Done")])
async def test_what_is_pressed_is_done_before_it_stops(bot, label, told):
    panel = await under_way(bot, label)
    assert await bot.terminate() == 0
    assert told in panel.content
    went_on(bot)


@pytest.mark.parametrize("label", ["Redo", "Dismiss"])
async def test_what_takes_too_long_to_be_done_is_broken_off_without_a_traceback(bot, label):
    bot.settings["DRAIN_SECONDS"] = "0.1"
    await under_way(bot, label)
    assert await bot.terminate() == 0
    went_on(bot)


async def test_of_two_bots_in_one_log_channel_the_one_that_is_named_stops_and_nobody_else_answers(bot):
    guild, _, mira = place(bot)
    log = guild.add_text_channel("log")
    bot.settings |= {"LOG_CHANNEL": str(log.id), "ADMIN_IDS": str(mira.id)}
    async with beside(bot, bot.discord.add_bot("Nyx"), **{**bot.settings, "CHARACTER": "nyx"}) as nyx:
        await bot.start()
        await nyx.start()
        order = await mira.say(log, "shutdown? Nyx Void")
        assert await nyx.ended() == 0
        await mira.say(log, "testlog")
        await bot.discord.wait_for_message(log, where=lambda one: "Commands work" in one.content)
        answers = [one for one in log.messages if one.id > order.id and "finished first" in one.content]
        assert [one.author.name for one in answers] == ["Nyx"]
        assert not [one for one in log.messages if "exact name" in one.content]
    lawful(bot)


@pytest.mark.parametrize("asked", ["/users/@me", "/oauth2/applications/@me", "/applications/.*"])
async def test_stopped_while_it_logs_in_it_ends_without_a_traceback(bot, asked):
    bot.discord.faults.on("*", asked, then=faults.server_error())  # after which discord.py asks again
    await bot.start(wait=False)
    async with asyncio.timeout(60):
        while not any(re.fullmatch(asked, one.path) for one in bot.discord.requests):
            await asyncio.sleep(0.05)
    assert await bot.terminate() == 0
    assert "Traceback" not in bot.log
