"""What is said, edited and deleted while main.py is away, starting or catching up: none of it is lost."""

import asyncio
import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.wire import echo, lawful
from tests.world.discord_objects import Channel, User
from tests.world.discord_session import control
from tests.world.process import BotProcess, world

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
async def bot(tmp_path: Path):
    async with world(tmp_path) as started_later:
        started_later.claude.answer_with(echo)
        yield started_later


def rows(bot: BotProcess, query: str) -> list[tuple]:
    with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def people_of(bot: BotProcess, count: int) -> tuple[Channel, list[User]]:
    guild = bot.discord.add_guild("The Guild")
    people = [bot.discord.add_user(f"Person{number}") for number in range(count)]
    for person in people:
        guild.add_member(person)
    return guild.add_text_channel("general"), people


async def decided(bot: BotProcess, count: int) -> None:
    """Wait until so many messages were noted and every one of them was decided about."""
    async with asyncio.timeout(60):
        while rows(bot, "SELECT count(*), coalesce(sum(open), 0) FROM claims") != [(count, 0)]:
            await asyncio.sleep(0.1)


async def test_after_a_minute_away_each_place_is_answered_once_with_all_that_was_said_there(bot):
    channel, people = people_of(bot, 5)
    call = f"<@{bot.discord.bot.id}>"
    await bot.start()
    before = time.time() - 120
    bot.discord.post(channel, people[0], f"{call} #1?", sent_at=before)
    await bot.discord.wait_for_message(channel, timeout=30)
    for number, person in enumerate(people, 2):
        bot.discord.post(bot.discord.dm_with(person), person, f"#{number}?", sent_at=before)
        await bot.discord.wait_for_message(bot.discord.dm_with(person), timeout=30)
    await bot.kill()
    asked, away = len(bot.claude.requests), time.time() - 60
    for number in range(16):
        bot.discord.post(channel, people[number % 4], f"{call} #{100 + number}?", sent_at=away + number)
    for number, person in enumerate(people, 200):
        bot.discord.post(bot.discord.dm_with(person), person, f"#{number}?", sent_at=away)
    await bot.start()
    await decided(bot, 6 + 16 + 5)
    await asyncio.sleep(0.5)
    answers = [request.text for request in bot.claude.requests[asked:]]
    assert len(answers) == 6
    [together] = [text for text in answers if "#100?" in text]
    assert all(f"#{100 + number}?" in together for number in range(16))
    assert "While Pixel was away" in together
    for person in people:
        assert len(bot.discord.dm_with(person).said_by(bot.discord.bot)) == 2
    heard = rows(
        bot, f"SELECT id FROM messages WHERE channel_id = {channel.id} AND NOT from_bot ORDER BY position"
    )
    assert heard == sorted(heard)
    lawful(bot)


async def test_what_is_deleted_or_edited_at_once_is_never_answered_as_it_was(bot):
    channel, people = people_of(bot, 2)
    call = f"<@{bot.discord.bot.id}>"
    await bot.start()
    for number in range(25):
        gone = bot.discord.post(channel, people[0], f"{call} canary-gone #{number}?")
        bot.discord.delete(gone)
        edited = bot.discord.post(channel, people[1], f"{call} canary-old #{100 + number}?")
        bot.discord.edit(edited, content=f"{call} the new form #{100 + number}?")
    await bot.discord.wait_for_message(channel, timeout=30)
    await asyncio.sleep(3)
    kept = str(rows(bot, "SELECT text FROM messages")) + "".join(each.text for each in bot.claude.requests)
    assert "canary" not in kept
    assert "the new form" in kept
    lawful(bot)


@pytest.mark.parametrize("kills", [4, pytest.param(40, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
async def test_killed_again_and_again_while_it_catches_up_it_loses_nothing(bot, kills):
    """The kills come within 3 s of each connection, and people talk on all the while."""
    dice = random.Random(18)
    bot.settings["BACKFILL_LIMIT"] = "1000"
    bot.claude.answer_with("Hm.")
    guild = bot.discord.add_guild("The Guild")
    channels = [guild.add_text_channel(f"channel-{number}") for number in range(6)]
    people = [bot.discord.add_user(f"Person{number}") for number in range(20)]
    for person in people:
        guild.add_member(person)
    await bot.start()
    said = [
        bot.discord.post(channel, people[0], f"Pixel, #{number}?") for number, channel in enumerate(channels)
    ]
    said += [
        bot.discord.post(bot.discord.dm_with(one), one, f"#{n}?") for n, one in enumerate(people[:6], 50)
    ]
    await decided(bot, len(said))
    talking = True

    async def talk() -> None:
        while talking:
            await asyncio.sleep(dice.uniform(0.02, 0.1))
            person = dice.choice(people)
            place = dice.choice([*channels, *([bot.discord.dm_with(person)] if person in people[:6] else [])])
            said.append(bot.discord.post(place, person, f"Pixel, #{1_000 + len(said)}?"))

    talker = asyncio.create_task(talk())
    for _ in range(kills):
        await bot.kill()
        await bot.start()
        await asyncio.sleep(dice.uniform(0, 3))
    await bot.kill()
    talking = False
    await talker
    await bot.start()
    noted: set[int] = set()
    async with asyncio.timeout(60):
        while not {message.id for message in said} <= noted:
            await asyncio.sleep(0.2)
            noted = {number for (number,) in rows(bot, "SELECT message_id FROM claims")}
    parts = rows(
        bot, "SELECT nonce, count(*) FROM parts WHERE message_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    )
    assert parts == []
    lawful(bot)


async def test_where_one_of_two_shards_begins_anew_both_go_on_and_what_was_missed_is_answered(bot):
    bot.settings["SHARD_COUNT"] = "2"
    mira = bot.discord.add_user("Mira")
    places: dict[int, Channel] = {}
    while len(places) < 2:
        guild = bot.discord.add_guild("A Guild")
        guild.add_member(mira)
        places.setdefault((guild.id >> 22) % 2, guild.add_text_channel("general"))
        await asyncio.sleep(0.002)
    await bot.start()
    await bot.discord.wait_until_connected(sessions=2, timeout=30)
    for number, place in enumerate(places.values()):
        await mira.say(place, f"Pixel, #{number}?")
        await bot.discord.wait_for_message(place, timeout=30)
    [lost] = [one for one in bot.discord.gateway.connections if one.session and one.session.shard == 1]
    bot.discord.gateway.sessions.pop(lost.session.id)
    lost.session = None
    lost.send(control(9, False))
    await mira.say(places[1], "Pixel, #10?")
    await mira.say(places[0], "Pixel, #11?")
    answers = [await bot.discord.wait_for_message(place, timeout=20) for place in (places[0], places[1])]
    assert [each.content for each in answers] == ["answering 11", "answering 10"]
    await mira.say(places[1], "Pixel, #12?")
    assert (await bot.discord.wait_for_message(places[1], timeout=20)).content == "answering 12"
    lawful(bot)
