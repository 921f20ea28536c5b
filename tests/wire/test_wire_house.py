"""What holds over a restart and for webhooks, as Discord really tells it: roles, applications (C15, D11)."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from bot.conversation.decision import Reason
from tests.world import discord_faults as faults
from tests.world.process import world

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.slow
async def test_a_denied_role_holds_for_what_was_said_while_the_bot_was_gone(tmp_path, answers):
    async with world(tmp_path) as bot:
        guild = bot.discord.add_guild("The Guild")
        channel, mira, tom = guild.add_text_channel("general"), *map(bot.discord.add_user, ("Mira", "Tom"))
        role = guild.add_role("muted")
        guild.add_member(mira).roles.append(role)
        guild.add_member(tom)
        await bot.start()
        with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
            rule = (guild.id, "denied role", role.id)
            connection.execute("INSERT INTO house_rules VALUES (?, ?, ?, 0)", rule)
            connection.commit()
        await mira.say(channel, "Pixel, canary live?")
        await tom.say(channel, "Pixel, are you there?")
        await bot.discord.wait_for_message(channel)
        assert await bot.terminate() == 0
        await mira.say(channel, "Pixel, canary while you were gone?")
        await tom.say(channel, "Pixel, and now?")
        if not answers:
            bot.discord.faults.on("GET", r"/guilds/\d+/members/\d+", then=faults.server_error(500), times=99)
        await bot.start()
        if answers:
            await bot.discord.wait_for_message(channel, timeout=30)
        with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
            query = "SELECT count(*) FROM claims WHERE NOT open"
            async with asyncio.timeout(30):
                while connection.execute(query).fetchone() != (4,):
                    await asyncio.sleep(0.05)
            texts = [row[0] for row in connection.execute("SELECT text FROM messages")]
        assert not any("canary" in text for text in texts)
        assert ("Pixel, and now?" in texts) is answers
        assert len(bot.discord.bot_messages) == 1 + answers
        assert all("canary" not in request.text for request in bot.claude.requests)


@pytest.mark.slow
@pytest.mark.parametrize("own", [True, False])
async def test_what_comes_through_its_own_webhook_is_not_heard_and_through_anothers_is(tmp_path, own):
    async with world(tmp_path) as bot:
        guild = bot.discord.add_guild("The Guild")
        channel, mira = guild.add_text_channel("general"), bot.discord.add_user("Mira")
        guild.add_member(mira)
        hook = bot.discord.add_webhook(channel, "Pixel's other face", by_application=own)
        await bot.start()
        asked = bot.discord.post(channel, hook.user, "Pixel, are you there?", webhook=hook)
        with closing(sqlite3.connect(bot.data / "masquerade.sqlite3")) as connection:
            query = "SELECT reason FROM claims WHERE message_id = ? AND NOT open"
            if own:
                # What comes behind it is answered, and that one was not heard at all.
                await mira.say(channel, "Pixel, and me?")
                await bot.discord.wait_until(lambda: len(channel.messages) == 3, timeout=30, what="a reply")
                assert connection.execute(query, (asked.id,)).fetchone() is None
            else:
                await bot.discord.wait_until(lambda: len(channel.messages) == 2, timeout=30, what="a reply")
                async with asyncio.timeout(30):
                    while (kept := connection.execute(query, (asked.id,)).fetchone()) is None:
                        await asyncio.sleep(0.05)
                assert kept[0] == Reason.NAME.name
        assert len(bot.claude.requests) == 1
