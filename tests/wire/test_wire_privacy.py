"""main.py on the real wire: asked once, answered after a power failure, gone to the last byte (C51, C64)."""

from pathlib import Path

import pytest

from tests.world.process import world
from tests.world.replies import PATIENCE, Talk, lawful

pytestmark = pytest.mark.timeout(180)


@pytest.mark.slow
async def test_a_question_is_answered_after_a_restart_and_everything_can_go(tmp_path: Path):
    async with world(tmp_path, ASKS_AFTER="2") as bot:
        talk = Talk.beginning(bot, in_private=True)
        await bot.start()
        await talk.ask(["One."])
        bot.claude.will_say("Two.")
        await talk.say("my canaryword and me")
        await bot.discord.wait_until(lambda: len(talk.shown) == 3, timeout=PATIENCE, what="the question")
        question = talk.channel.said_by(bot.discord.bot)[-1]
        assert "/privacy says more" in question.content
        await bot.kill()
        await bot.start()
        await talk.press(question, "Yes, remember me")
        await bot.discord.wait_until(lambda: not question.components, timeout=PATIENCE, what="no buttons")
        assert talk.rows("SELECT person_id, given FROM consents") == [(talk.person.id, 1)]
        assert talk.leftovers("canaryword")
        panel = await talk.use("privacy delete")
        await talk.press(panel, "Delete everything")
        await talk.until_told(panel, "found nothing")
        assert talk.leftovers("canaryword") == []
        assert talk.leftovers(str(talk.person.id)) == []
        lawful(bot)


@pytest.mark.slow
async def test_a_panel_that_waits_for_a_deletion_over_a_restart_shows_what_went(tmp_path: Path):
    """A reply is being thought of there, so that the deletion has to wait, and the process is killed."""
    async with world(tmp_path) as bot:
        talk = Talk.beginning(bot, in_private=True)
        await bot.start()
        await talk.ask(["One."], "my canaryword and me")
        panel = await talk.use("privacy delete")
        bot.claude.delay = 60
        await talk.say("are you there?")
        pressed = await talk.press(panel, "Delete everything")
        await talk.until_told(panel, "Deleting everything")
        assert talk.leftovers(pressed.token), "what is confirmed is written down by then"
        await bot.kill()
        bot.claude.delay = 0
        await bot.start()
        await talk.until_told(panel, "found nothing")
        assert talk.leftovers("canaryword") == []
        assert talk.leftovers(pressed.token) == []
        assert pressed.token not in bot.log
        lawful(bot)
