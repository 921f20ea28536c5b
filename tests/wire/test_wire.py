"""main.py as a process, on the real wire: cut, killed, refused, stopped, and still answering once."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from tests.support.wire import echo, lawful
from tests.thorough import usually
from tests.world import discord_faults as faults
from tests.world.discord_objects import Channel
from tests.world.process import ROOT, BotProcess, world

pytestmark = pytest.mark.timeout(180)

STAGES = ["noted", "attended", "recalled", "composed", "pledged", "part_posted", "part_said", "settled"]


@pytest.fixture
async def bot(tmp_path: Path):
    async with world(tmp_path) as started_later:
        yield started_later


def rows(bot: BotProcess, query: str) -> list[tuple]:
    with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
        return connection.execute(query).fetchall()


async def test_a_dm_and_a_mention_are_answered(bot):
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    bot.claude.will_say("hello Mira", "here I am @everyone <@&1>")
    await bot.start()
    await mira.dm("hi there")
    first = await bot.discord.wait_for_message(mira.dm_channel)
    assert first.content == "hello Mira"
    await mira.say(channel, f"what do you think, <@{bot.discord.bot.id}>?")
    second = await bot.discord.wait_for_message(channel)
    assert second.content == "here I am @everyone <@&1>"
    assert second.pinged <= {mira.id}
    assert bot.discord.privileged is not None
    assert await bot.terminate() == 0
    lawful(bot)


async def test_two_copied_files_are_enough_to_answer_a_dm(bot):
    (bot.folder / "config.env").write_text((ROOT / "config.env.example").read_text())
    sheet = (ROOT / "characters" / "nyx" / "character.env").read_text()
    for placeholder, real in (
        ("your_api_key_here", bot.claude.api_key),
        ("your_discord_token", bot.discord.token),
    ):
        assert placeholder in sheet
        sheet = sheet.replace(placeholder, real)
    (bot.folder / "character.env").write_text(sheet)
    bot.settings |= {"DISCORD_TOKEN": "", "ANTHROPIC_API_KEY": "", "CHARACTER": ""}
    bot.claude.will_say("you rang?")
    mira = bot.discord.add_user("Mira")
    await bot.start()
    await mira.dm("anybody there?")
    assert (await bot.discord.wait_for_message(mira.dm_channel)).content == "you rang?"
    assert "Nyx Void" in bot.claude.requests[0].system_text
    assert bot.claude.requests[0].model == "claude-sonnet-5-5"
    lawful(bot)


async def _conversations(bot: BotProcess, messages: int) -> list[tuple[int, Channel]]:
    """Say `messages` numbered things in 10 channels and 5 DMs, one after another in each place."""
    guild = bot.discord.add_guild("The Guild")
    channels = [guild.add_text_channel(f"channel-{number}") for number in range(10)]
    users = [bot.discord.add_user(f"User{number}") for number in range(5)]
    for user in users:
        guild.add_member(user)
    asked: list[tuple[int, Channel]] = []

    async def talk(place: int) -> None:
        user = users[place % 5]
        for number in range(place, messages, 15):
            if place < 10:
                await user.say(channels[place], f"Pixel, #{number}?")
                where = channels[place]
            else:
                where = (await user.dm(f"#{number}?")).channel
            asked.append((number, where))
            await bot.discord.wait_for_message(where, timeout=60)

    await asyncio.gather(*(talk(place) for place in range(15)))
    return asked


def answered_once(bot: BotProcess, asked: list[tuple[int, Channel]]) -> None:
    """Check that each numbered message was answered exactly once, in its own place."""
    answers = [(message.content, message.channel) for message in bot.discord.bot_messages]
    for number, where in asked:
        assert answers.count((f"answering {number}", where)) == 1, number
    assert len(answers) == len(asked)


ALL_CUTS = list(product((1, 2, 3, 4, 5, 6, 7, 8, 11, 17, 31), ("reset", "reconnect", 4000)))
SOME_CUTS = [(1, "reset"), (1, "reconnect"), (2, 4000), (5, "reset"), (8, "reconnect"), (17, 4000)]


@pytest.mark.parametrize(
    ("every", "how"),
    [
        (7, "reset"),
        *(
            pytest.param(every, how, marks=pytest.mark.slow)
            for every, how in usually(SOME_CUTS, ALL_CUTS)
            if (every, how) != (7, "reset")
        ),
    ],
)
async def test_fifty_messages_over_a_connection_that_keeps_breaking_are_answered_once(bot, every, how):
    bot.claude.answer_with(echo)
    bot.discord.gateway.replay_twice = True
    await bot.start()
    bot.discord.gateway.cut_after_every(every, how=how)
    asked = await _conversations(bot, 50)
    await asyncio.sleep(0.5)
    answered_once(bot, asked)
    assert bot.discord.gateway.cuts >= 50 // every
    lawful(bot)


@pytest.mark.slow
async def test_messages_during_a_lost_session_are_fetched_and_answered(bot):
    bot.claude.answer_with(echo)
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    await bot.start()
    await mira.say(channel, "Pixel, #1?")
    await bot.discord.wait_for_message(channel)
    await mira.dm("#2?")
    await bot.discord.wait_for_message(mira.dm_channel)
    await bot.kill()
    await mira.say(channel, "Pixel, #3?")
    await mira.dm("#4?")
    await bot.start()
    await bot.discord.wait_for_message(channel, timeout=30)
    await bot.discord.wait_for_message(mira.dm_channel, timeout=30)
    for _ in range(5):
        bot.discord.gateway.invalidate_sessions()
        await bot.discord.wait_until_connected(timeout=30)
    await asyncio.sleep(1)
    answered_once(bot, [(1, channel), (2, mira.dm_channel), (3, channel), (4, mira.dm_channel)])
    lawful(bot)


@pytest.mark.parametrize(
    "stage",
    [
        "composed",
        *(
            pytest.param(stage, marks=pytest.mark.slow)
            for stage in [*STAGES, "part_posted:2", "part_posted:3", "part_said:2"]
            if stage != "composed"
        ),
    ],
)
async def test_killed_at_any_stage_it_says_its_reply_once_after_the_restart(bot, stage):
    words = [letter * 1_900 for letter in "abc"]
    bot.claude.answer_with(" ".join(words))
    mira = bot.discord.add_user("Mira")
    await bot.start(crash_at=stage)
    await mira.dm("tell me everything")
    assert await bot.ended() == -9
    await bot.start()
    await bot.discord.wait_until(
        lambda: len(mira.dm_channel.said_by(bot.discord.bot)) >= 3, timeout=30, what="three parts"
    )
    await mira.dm("#2?")
    await bot.discord.wait_until(
        lambda: len(mira.dm_channel.said_by(bot.discord.bot)) >= 6, timeout=30, what="three more parts"
    )
    while rows(bot, "SELECT count(*) FROM turns WHERE state = 'said'") != [(2,)]:
        await asyncio.sleep(0.05)
    said = [message.content for message in mira.dm_channel.said_by(bot.discord.bot)]
    assert said == words * 2
    assert await bot.terminate() == 0
    logged = rows(bot, "SELECT text FROM messages ORDER BY position")
    assert len(logged) == 8
    assert rows(bot, "SELECT count(*) FROM turns WHERE state = 'said'") == [(2,)]
    lawful(bot)


@pytest.mark.slow
async def test_what_a_crash_left_open_in_a_channel_is_judged_as_what_it_is(bot):
    bot.settings["YES_NO_VOTE_COUNT"] = "0"
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    await bot.start(crash_at="noted")
    await mira.say(channel, "anybody seen my keys?")
    assert await bot.ended() == -9
    await bot.start(crash_at="noted")
    while rows(bot, "SELECT count(*) FROM claims WHERE open") != [(0,)]:
        await asyncio.sleep(0.05)
    assert bot.discord.bot_messages == []
    await mira.say(channel, f"<@{bot.discord.bot.id}>, have you?")
    assert await bot.ended() == -9
    await bot.start()
    await bot.discord.wait_for_message(channel, timeout=30)
    assert 'The channel "#general"' in bot.claude.requests[0].text
    assert len(bot.claude.requests) == 1
    lawful(bot)


@pytest.mark.slow
async def test_what_is_said_while_it_connects_does_not_hide_the_gap_before(bot):
    bot.claude.answer_with(echo)
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    await bot.start()
    await mira.say(channel, "Pixel, #1?")
    await bot.discord.wait_for_message(channel)
    await bot.kill()
    await mira.say(channel, "Pixel, #2?")
    bot.discord.faults.on("GET", r"/channels/\d+/messages", then=faults.delayed(1.0), times=3)
    await bot.start()
    await mira.say(channel, "meanwhile, live words")
    await bot.discord.wait_for_message(channel, timeout=30)
    answered_once(bot, [(1, channel), (2, channel)])
    assert rows(bot, "SELECT count(*) FROM messages WHERE heard_through IS NULL") == [(3,)]
    lawful(bot)


@pytest.mark.slow
async def test_when_commands_cannot_be_synced_it_starts_all_the_same(bot):
    bot.discord.faults.on("PUT", r"/applications/\d+/commands", then=faults.server_error(500), times=20)
    mira = bot.discord.add_user("Mira")
    await bot.start()
    await mira.dm("hello")
    await bot.discord.wait_for_message(mira.dm_channel)
    assert "commands are not up to date" in bot.log


@pytest.mark.slow
async def test_a_database_that_is_held_by_another_is_one_sentence(bot):
    await bot.start()
    await bot.terminate()
    with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as held:
        held.execute("BEGIN EXCLUSIVE")
        await bot.start(wait=False)
        assert await bot.ended() == 1  # a supervisor tries again
    assert "Traceback" not in bot.log


@pytest.mark.slow
async def test_of_more_than_can_be_fetched_the_newest_is_heard(bot):
    bot.settings |= {"BACKFILL_LIMIT": "5", "YES_NO_VOTE_COUNT": "0"}
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    await bot.start()
    await mira.say(channel, "Pixel?")
    await bot.discord.wait_for_message(channel)
    await bot.kill()
    for number in range(8):
        await mira.say(channel, f"line {number}")
    await mira.say(channel, "Pixel, are you there?")
    await bot.start()
    await bot.discord.wait_for_message(channel, timeout=30)
    assert "are you there?" in bot.claude.requests[1].text
    assert "line 0" not in bot.claude.requests[1].text
    lawful(bot)


@pytest.mark.slow
async def test_without_a_way_to_discord_it_says_so_in_one_sentence(bot):
    bot.settings["WAITS"] = "1"
    await bot.discord.stop()
    await bot.start(wait=False)
    assert await bot.ended() == 1
    sentence = "Discord can't be reached: the connection fails."
    assert bot.log.count(f"{sentence} It is tried again for up to 1 seconds.") == 1
    assert bot.log.splitlines()[-1] == sentence
    assert "Traceback" not in bot.log
    await bot.discord.start()


LOGIN = [r"/users/@me", r"/oauth2/applications/@me"]


@pytest.mark.slow
@pytest.mark.parametrize("path", LOGIN)
async def test_discord_out_of_order_at_the_login_is_waited_for_with_one_line(bot, path):
    mira = bot.discord.add_user("Mira")
    bot.discord.faults.on("GET", path, then=faults.server_error(503), times=3)
    await bot.start()
    bot.claude.will_say("here I am")
    await mira.dm("hello?")
    assert bot.log.count("Discord can't be reached: it answers with error 503.") == 1
    assert "Traceback" not in bot.log
    assert "Unclosed" not in bot.log


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_waiting_for_discord_can_be_stopped(bot, number):
    bot.discord.faults.on("GET", LOGIN[0], then=faults.server_error(503), times=1_000)
    await bot.start(wait=False)
    while "It is tried again" not in bot.log:
        await asyncio.sleep(0.05)
    assert await bot._signal(number) == 0
    assert "Traceback" not in bot.log


@pytest.mark.slow
async def test_a_gateway_that_takes_nobody_at_the_start_is_waited_for_with_one_line(bot):
    bot.discord.gateway.turn_away(times=3)
    await bot.start()
    assert bot.log.count("Discord can't be reached: it answers with error 503.") == 1
    assert "Traceback" not in bot.log


@pytest.mark.slow
async def test_it_shows_what_it_is_in_its_presence(bot):
    await bot.start()
    activity = bot.discord.gateway.identifies[0].presence["game"]  # as discord.py sends it
    assert "catgirl" in f"{activity}".lower()


@pytest.mark.slow
async def test_without_a_discord_token_it_explains_itself_and_talks_here(bot):
    bot.claude.will_say("you found me", "still here")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(bot.folder),
        "DATA_DIR": str(bot.data),
        "ANTHROPIC_API_KEY": bot.claude.api_key,
        "ANTHROPIC_BASE_URL": bot.claude.base_url,
    }
    for name in ("config.env", "character.env"):
        (bot.folder / name).touch()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "main.py", "--config", str(bot.folder / "config.env")),
        *("--character-env", str(bot.folder / "character.env")),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(b"hello\nwho are you?\n/quit\n"), 60)
    assert process.returncode == 0
    said = out.decode()
    assert "no Discord token yet" in said
    assert "python main.py setup" in said
    assert said.endswith("Nyx Void: you found me\nNyx Void: still here\n")


@pytest.mark.slow
async def test_a_service_without_a_token_is_told_what_is_missing(bot):
    bot.settings["DISCORD_TOKEN"] = ""
    await bot.start(wait=False)
    assert await bot.ended() == 78
    assert "There is no discord_token" in bot.log


@pytest.mark.slow
@pytest.mark.parametrize("fault", [faults.server_error(500, stores=True), faults.reset(stores=True)])
async def test_a_post_that_discord_kept_but_did_not_confirm_is_not_doubled(bot, fault):
    bot.claude.answer_with(echo)
    mira = bot.discord.add_user("Mira")
    await bot.start()
    bot.discord.faults.on("POST", r"/channels/\d+/messages", then=fault)
    await mira.dm("#1?")
    await bot.discord.wait_for_message(mira.dm_channel)
    await mira.dm("#2?")
    await bot.discord.wait_for_message(mira.dm_channel)
    answered_once(bot, [(1, mira.dm_channel), (2, mira.dm_channel)])
    lawful(bot)


@pytest.mark.slow
async def test_a_dm_that_is_blocked_is_left_alone(bot):
    mira = bot.discord.add_user("Mira")
    await bot.start()
    bot.discord.faults.on("POST", r"/channels/\d+/messages", then=faults.dm_blocked(), times=100)
    for number in range(5):
        await mira.dm(f"#{number}?")
        while rows(bot, "SELECT count(*) FROM claims WHERE NOT open") != [(number + 1,)]:
            await asyncio.sleep(0.05)
    posts = [one for one in bot.discord.requests if one.method == "POST" and one.path.endswith("/messages")]
    assert len(posts) == 1
    assert len(bot.claude.requests) == 1
    assert rows(bot, "SELECT count(*) FROM messages WHERE heard_through IS NOT NULL") == [(0,)]


@pytest.mark.slow
async def test_a_rate_limit_is_waited_out(bot):
    bot.claude.answer_with(echo)
    mira = bot.discord.add_user("Mira")
    await bot.start()
    rule = bot.discord.faults.on("POST", r"/channels/\d+/messages", then=faults.rate_limited(0.3))
    await mira.dm("#1?")
    await bot.discord.wait_for_message(mira.dm_channel)
    assert rule.hits == 1
    answered_once(bot, [(1, mira.dm_channel)])


async def test_sigterm_lets_a_reply_be_finished(bot):
    bot.claude.answer_with(echo)
    bot.claude.delay = 1.0
    mira = bot.discord.add_user("Mira")
    await bot.start()
    await mira.dm("#1?")
    await bot.claude.received(1)
    assert await bot.terminate() == 0
    answered_once(bot, [(1, mira.dm_channel)])
    lawful(bot)


@pytest.mark.slow
async def test_fifty_turns_interrupted_by_sigterm_are_all_answered_after_the_restart(bot):
    bot.claude.answer_with(echo)
    bot.claude.delay = 0.3
    bot.settings["DRAIN_SECONDS"] = "0.1"
    users = [bot.discord.add_user(f"User{number}") for number in range(50)]
    await bot.start()
    for number, user in enumerate(users):
        await user.dm(f"#{number}?")
    while rows(bot, "SELECT count(*) FROM claims") != [(50,)]:
        await asyncio.sleep(0.02)
    assert await bot.terminate() == 0
    assert len(bot.discord.bot_messages) < 50
    await bot.start()
    asked = [(number, user.dm_channel) for number, user in enumerate(users)]
    await bot.discord.wait_until(
        lambda: len(bot.discord.bot_messages) >= 50, timeout=60, what="fifty answers"
    )
    answered_once(bot, asked)
    while rows(bot, "SELECT count(*) FROM turns WHERE state = 'said'") != [(50,)]:
        await asyncio.sleep(0.05)
    assert await bot.terminate() == 0
    assert rows(bot, "PRAGMA integrity_check") == [("ok",)]
    assert rows(bot, "SELECT count(*) FROM messages") == [(100,)]
    lawful(bot)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "sentence", "mend"),
    [
        (4004, "Discord does not accept discord_token", "application's page 'Bot'"),
        (4014, "Discord does not let this bot read messages", "switch on 'Message Content Intent'"),
        (4013, "Discord does not know the intents", "update Masquerade"),
    ],
)
async def test_a_refused_connection_is_one_sentence_and_exit_78(bot, code, sentence, mend):
    """Faults A5: one attempt, the right sentence, and an exit code that no supervisor restarts."""
    bot.discord.gateway.refuse(code, times=100)
    await bot.start(wait=False)
    assert await bot.ended() == 78
    assert bot.log.count(sentence) == bot.log.count(mend) == 1
    assert bot.discord.identify_count == 1
    assert "Traceback" not in bot.log


async def test_a_wrong_token_is_one_sentence_and_exit_78(bot):
    bot.settings["DISCORD_TOKEN"] = "not.the.token"
    await bot.start(wait=False)
    assert await bot.ended() == 78
    assert bot.log.count("does not accept discord_token") == 1
    assert bot.discord.identify_count == 0
    assert [one.status for one in bot.discord.requests] == [401]
    assert "not.the.token" not in bot.log


@pytest.mark.slow
async def test_a_token_that_dies_in_mid_session_stops_everything(bot):
    mira = bot.discord.add_user("Mira")
    await bot.start()
    bot.discord.faults.on("*", r".*", then=faults.unauthorized(), times=1_000)
    await mira.dm("hello?")
    assert await bot.ended() == 78
    refused = [number for number, one in enumerate(bot.discord.requests) if one.status == 401]
    assert refused == [len(bot.discord.requests) - 1], "nothing was asked after the first refusal (faults A6)"
    assert bot.log.count("does not accept discord_token") == 2, "alerted once, and said once at the end"


@pytest.mark.slow
async def test_a_second_process_on_the_same_data_is_refused(bot):
    await bot.start()
    first = bot.process
    await bot.start(wait=False)
    assert await bot.ended() == 78
    assert "already runs" in bot.log
    bot.process = first
    await bot.kill()
    await bot.start()


@pytest.mark.slow
async def test_nothing_that_was_said_and_no_secret_is_in_the_log(bot):
    bot.settings["LOG_LEVEL"] = "DEBUG"
    bot.claude.will_say("CANARY-reply")
    mira = bot.discord.add_user("CANARY-name")
    await bot.start()
    await mira.dm("CANARY-words")
    await bot.discord.wait_for_message(mira.dm_channel)
    await bot.terminate()
    assert "replies in channel" in bot.log
    assert "CANARY" not in bot.log
    assert bot.discord.token not in bot.log
    assert bot.claude.api_key not in bot.log


@pytest.mark.slow
async def test_it_asks_only_for_the_intents_it_needs_and_takes_its_name(bot):
    guild = bot.discord.add_guild("The Guild")
    await bot.start()
    await bot.discord.wait_until(
        lambda: guild.members[bot.discord.bot.id].nick == "Pixel", timeout=10, what="the nickname"
    )
    intents = bot.discord.gateway.identifies[0].intents
    assert intents == sum(1 << bit for bit in (0, 3, 7, 9, 12, 15))


@pytest.mark.slow
async def test_commands_are_synced_only_when_they_changed(bot):
    await bot.start()
    await bot.terminate()
    first = len(bot.discord.command_syncs)
    await bot.start()
    await bot.terminate()
    assert len(bot.discord.command_syncs) == first == 1


@pytest.mark.slow
async def test_a_sharded_bot_answers_on_each_shard(bot):
    bot.settings["SHARD_COUNT"] = "2"
    bot.claude.answer_with(echo)
    guild = bot.discord.add_guild("The Guild")
    channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
    guild.add_member(mira)
    await bot.start(wait=False)
    await bot.discord.wait_until_connected(sessions=2, timeout=40)
    await mira.dm("#1?")
    await bot.discord.wait_for_message(mira.dm_channel)
    await mira.say(channel, "Pixel, #2?")
    await bot.discord.wait_for_message(channel)
    answered_once(bot, [(1, mira.dm_channel), (2, channel)])
    lawful(bot)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
async def test_ctrl_c_stops_it_like_sigterm(bot):
    await bot.start()
    assert await bot._signal(signal.SIGINT) == 0
