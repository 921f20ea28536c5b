"""Facts, the map and /why on the real wire, with processes of their own (A12, C62, C66, C67)."""

from datetime import UTC, datetime

import pytest

from tests.world.process import world as processes
from tests.world.replies import PATIENCE, Talk, lawful

pytestmark = pytest.mark.slow


async def test_pages_and_the_menu_of_why_work_after_a_restart(tmp_path):
    async with processes(tmp_path) as bot:
        talk = Talk.beginning(bot, in_private=False)
        await bot.start()
        for number in range(8):
            await talk.use("remember", memory=f"canary {number}x")
        await talk.ask(["Indeed."])
        page, why = await talk.use("memory facts"), await talk.use("why")
        then = await talk.use("memory at", day=datetime.now(UTC).date().isoformat())
        assert "What it knew about you" in why.content
        assert await bot.terminate() == 0
        await bot.start()
        await talk.press(page, "Next")
        await talk.until_told(page, "page 2 of 2")
        await talk.press(then, "Next")
        await talk.until_told(then, "page 2 of 2")
        menu = why.components[0]["components"][0]
        [first] = [one["value"] for one in menu["options"] if "canary 0x" in one["label"]]
        pressed = await talk.person.press(why, menu["custom_id"], [first])
        await pressed.wait_acknowledged()
        await talk.until_told(why, "Shall I forget this for good?")
        await talk.press(why, "Forget it")
        await talk.until_told(why, "Forgotten")
        assert talk.leftovers("canary 0x") == []
        lawful(bot)


async def test_the_map_comes_as_files_and_in_private_where_others_read_along(tmp_path):
    async with processes(tmp_path) as bot:
        talk = Talk.beginning(bot, in_private=False)
        await bot.start()
        await talk.use("remember", memory="canary tea")
        shown = await talk.use("memory map")
        assert [one.upload.filename for one in shown.attachments] == ["memory-map.png", "memory-map.svg"]
        await talk.person.say(talk.channel, "!memsvg")
        await bot.discord.wait_until(lambda: len(talk.shown) == 1, timeout=PATIENCE, what="the line")
        assert "in private" in talk.shown[0]
        [sent] = bot.discord.dm_with(talk.person).said_by(bot.discord.bot)
        assert len(sent.attachments) == 2
        assert bot.claude.requests == []
        lawful(bot)
