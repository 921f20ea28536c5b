"""main.py on the real wire: replies that are rerolled, rewritten and deleted; channel and memory stay one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.world import discord_faults as faults
from tests.world.process import BotProcess, world
from tests.world.replies import Talk, lawful, named, own_words, parts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

DONE, NOT_DONE, OVER, SOMEBODY_ELSES = "Done", "right now", "The time for this is over", "somebody else"
MESSAGE = r"/channels/\d+/messages/\d+"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with world(tmp_path) as started_later:
        yield started_later


async def stands(talk: Talk, take: list[str], *others: list[str]) -> None:
    """Check that a take, and nothing of the others, is in channel, log and next prompt."""
    await talk.until_agreed()
    assert talk.shown == take
    request = await talk.ask(["and on"])
    assert own_words(request) == "\n".join(take)
    assert not [part for other in others for part in other if part in request.text]
    lawful(talk.bot)


async def restart(bot: BotProcess) -> None:
    """Let the power fail, and come back."""
    await bot.kill()
    await bot.start()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("in_private", "before", "after"),
    [
        (True, 1, 1),
        *(
            pytest.param(in_private, before, after, marks=pytest.mark.slow)
            for in_private in (True, False)
            for before, after in ((1, 1), (1, 3), (3, 1), (2, 3))
            if (in_private, before, after) != (True, 1, 1)
        ),
    ],
)
async def test_an_accepted_take_is_in_the_channel_and_in_the_next_prompt_and_no_other_is(
    bot, in_private, before, after
):
    talk, old, new = Talk.beginning(bot, in_private=in_private), parts("old", before), parts("new", after)
    await bot.start()
    await talk.ask(old)
    kept = [message.id for message in talk.channel.said_by(bot.discord.bot)]
    preview = await talk.reroll(new, context="be kinder CANARY")
    assert preview.is_ephemeral
    assert preview.is_shown_to(talk.person)
    assert new[0] in preview.content.replace("> ", "")
    assert "CANARY" in bot.claude.requests[-1].last_text
    assert talk.shown == old
    await talk.press(preview, "Accept")
    await talk.until_told(preview, DONE)
    assert preview.components == []
    edited = [message.id for message in talk.channel.said_by(bot.discord.bot)]
    assert edited[:before] == kept[:after]
    assert old[0] not in bot.claude.requests[-1].text
    await stands(talk, new, old)
    assert "CANARY" not in bot.claude.requests[-1].text


def killings() -> list[ParameterSet]:
    """Return where an accepted take may be cut short: parts before, parts after, and the stage.

    The reply itself was said by the same process: its own stages come before those of the other take.
    """
    found = []
    for before, after in ((1, 3), (3, 1)):
        stages = ["revised", "settled:2"]
        stages += [f"part_posted:{before + number}" for number in (1, 2, 3)]
        stages += [f"part_said:{before - 1 + number}" for number in (1, 2)]
        for stage in stages:
            first = (before, stage) == (1, "part_posted:3")
            found.append(pytest.param(before, after, stage, marks=() if first else pytest.mark.slow))
    return found


@pytest.mark.parametrize(("before", "after", "stage"), killings())
async def test_killed_while_a_take_is_put_in_place_it_stands_whole_after_the_restart(
    bot, before, after, stage
):
    talk, old, new = Talk.beginning(bot), parts("old", before), parts("new", after)
    await bot.start(crash_at=stage)
    await talk.ask(old)
    preview = await talk.reroll(new)
    await talk.press(preview, "Accept")
    assert await bot.ended() == -9
    bot.discord.nonce_window = -1  # gone for longer than Discord remembers what it posted
    await bot.start()
    await talk.until_agreed()
    assert talk.shown == new
    await talk.press(preview, "Accept")
    await talk.until_told(preview, DONE)
    await stands(talk, new, old)


@pytest.mark.slow
async def test_killed_after_it_thought_of_a_take_it_still_knows_it(bot):
    talk, old, new = Talk.beginning(bot), parts("old", 2), parts("new")
    await bot.start(crash_at="thought again")
    await talk.ask(old)
    bot.claude.will_say(*new)
    await talk.person.use_command(talk.channel, "reroll")
    assert await bot.ended() == -9
    await bot.start()
    assert talk.shown == old
    panel = await talk.use("swipe")
    await talk.press(panel, "▶")
    await talk.until_told(panel, "Take 2")
    await talk.press(panel, "Accept")
    await talk.until_told(panel, DONE)
    await stands(talk, new, old)


@pytest.mark.slow
async def test_a_preview_works_after_a_restart_for_whom_it_was_made_and_nobody_else(bot):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old"), parts("new")
    tom = bot.discord.add_user("Tom")
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    for _ in range(2):
        for label in ("Accept", "Dismiss", "Redo", "◀"):
            forged = bot.discord.interactions.press(tom, preview, named(preview, label), forged=True)
            assert SOMEBODY_ELSES in (await forged.wait_answered()).content
        await restart(bot)
    assert len(bot.claude.requests) == 2
    await talk.press(preview, "Accept")
    await talk.until_told(preview, DONE)
    await stands(talk, new, old)


@pytest.mark.slow
async def test_a_preview_whose_time_went_by_while_the_bot_was_gone_says_so(bot):
    bot.settings["REROLL_TIMEOUT_SECONDS"] = "1"
    talk, old, new = Talk.beginning(bot), parts("old"), parts("new")
    await bot.start(crash_at="thought again:2")
    await talk.ask(old)
    preview = await talk.reroll(new)
    bot.claude.will_say("killed before it could fade")
    await talk.person.use_command(talk.channel, "reroll")
    assert await bot.ended() == -9
    await bot.start()
    await talk.press(preview, "Accept")
    await talk.until_told(preview, OVER)
    assert preview.components == []
    await stands(talk, old, new)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        faults.server_error(500, stores=True),
        faults.server_error(503),
        faults.reset(stores=True),
        faults.reset(),
    ],
)
async def test_what_discord_did_not_confirm_is_made_good_when_it_can_be_reached_again(bot, fault):
    talk, old, new = Talk.beginning(bot), parts("old", 2), parts("new", 3)
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    bot.discord.faults.on("PATCH", MESSAGE, then=fault, after=1, times=None)
    pressed = await talk.press(preview, "Accept")
    assert NOT_DONE in (await pressed.wait_answered()).content
    bot.discord.faults.clear()
    bot.discord.gateway.invalidate_sessions()
    await stands(talk, new, old)


@pytest.mark.slow
@pytest.mark.parametrize("before", [1, 2])
async def test_an_edit_that_discord_forbids_changes_neither_channel_nor_memory(bot, before):
    talk, old, new = Talk.beginning(bot), parts("old", before), parts("new", 2)
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    bot.discord.faults.on("PATCH", MESSAGE, then=faults.missing_permissions(), times=None)
    pressed = await talk.press(preview, "Accept")
    await pressed.wait_answered()
    await talk.until_agreed()
    assert talk.shown == old
    lawful(bot)


@pytest.mark.slow
@pytest.mark.parametrize(("deleted", "left"), [(0, "old2"), (1, "new1")])
async def test_what_a_moderator_deleted_while_the_bot_was_gone_does_not_come_back(bot, deleted, left):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old", 2), parts("new", 2)
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    await bot.kill()
    bot.discord.delete(talk.channel.messages[1 + deleted])
    await bot.start()
    pressed = await talk.press(preview, "Accept")
    assert "deleted" in (await pressed.wait_answered()).content
    await talk.until_agreed()
    assert [one[:4] for one in talk.shown] == [left]
    request = await talk.ask(["and on"])
    assert own_words(request)[:4] == left
    assert old[deleted] not in request.text
    lawful(bot)


@pytest.mark.slow
async def test_a_reply_deleted_between_accept_and_restart_does_not_come_back(bot):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old"), parts("new")
    await bot.start(crash_at="revised")
    await talk.ask(old)
    await talk.press(await talk.reroll(new), "Accept")
    assert await bot.ended() == -9
    bot.discord.delete(talk.channel.messages[1])
    await bot.start()
    await talk.until_agreed()
    assert talk.shown == []
    request = await talk.ask(["and on"])
    assert own_words(request) == ""
    assert not [one for one in (*old, *new) if one in request.text]
    lawful(bot)


@pytest.mark.slow
async def test_of_a_take_whose_reply_is_deleted_while_it_is_put_in_place_nothing_stays(bot):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old"), parts("new", 3)
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    rule = bot.discord.faults.on("POST", r"/channels/\d+/messages", then=faults.delayed(1.5))
    pressed = await talk.press(preview, "Accept")
    await bot.discord.wait_until(lambda: rule.hits, what="the second part")
    bot.discord.delete(talk.channel.messages[1])
    assert "deleted" in (await pressed.wait_answered()).content
    await talk.until_agreed()
    assert talk.shown == []
    request = await talk.ask(["and on"])
    assert own_words(request) == ""
    lawful(bot)


@pytest.mark.slow
async def test_when_one_of_two_messages_is_deleted_while_the_other_changes_the_change_is_kept(bot):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old", 2), parts("new", 2)
    await bot.start()
    await talk.ask(old)
    preview = await talk.reroll(new)
    rule = bot.discord.faults.on("PATCH", MESSAGE, then=faults.delayed(1.5))
    pressed = await talk.press(preview, "Accept")
    await bot.discord.wait_until(lambda: rule.hits, what="the first part")
    bot.discord.delete(talk.channel.messages[2])
    assert "deleted" in (await pressed.wait_answered()).content
    await talk.until_agreed()
    assert talk.shown == new[:1]
    request = await talk.ask(["and on"])
    assert own_words(request) == new[0]
    assert not [one for one in (*old, new[1]) if one in request.text]
    lawful(bot)


@pytest.mark.slow
async def test_a_reply_to_what_is_deleted_while_it_is_posted_is_taken_back(bot):
    talk = Talk.beginning(bot)
    bot.claude.will_say(" ".join(parts("late", 2)))
    await bot.start()
    rule = bot.discord.faults.on("POST", r"/channels/\d+/messages", then=faults.delayed(1.5))
    await talk.say("CANARY")
    await bot.discord.wait_until(lambda: rule.hits, what="the first part")
    bot.discord.delete(talk.asked[0])
    await bot.discord.wait_until(
        lambda: [one for one in bot.discord.requests if (one.method, one.status) == ("DELETE", 204)],
        what="the deletion",
    )
    await talk.until_agreed()
    assert talk.shown == []
    await talk.until_nowhere("CANARY")
    assert own_words(await talk.ask(["and on"])) == ""
    lawful(bot)


@pytest.mark.slow
async def test_an_older_reply_is_rerolled_from_its_menu_and_what_came_after_stays(bot):
    talk, old, new = Talk.beginning(bot, in_private=False), parts("old"), parts("new")
    await bot.start()
    await talk.ask(old)
    await talk.ask(["later words"], "CANARY-later?")
    bot.claude.will_say(*new)
    chosen = await talk.person.use_menu(talk.channel.messages[1], "Reroll this")
    panel = await chosen.wait_answered()
    assert "CANARY-later" not in bot.claude.requests[-1].text
    await talk.press(panel, "Accept")
    await talk.until_told(panel, DONE)
    await stands(talk, [*new, "later words"], old)


@pytest.mark.slow
async def test_a_take_can_be_put_aside_and_back_in_place_within_a_minute(bot):
    talk, old, new = Talk.beginning(bot), parts("old"), parts("new", 2)
    await bot.start()
    await talk.ask(old)
    panel = await talk.reroll(new)
    await talk.press(panel, "Accept")
    await talk.until_told(panel, DONE)
    for step, take, number in (("◀", old, 1), ("▶", new, 2)):
        panel = await talk.use("swipe")
        await talk.press(panel, step)
        await talk.until_told(panel, f"Take {number}")
        await talk.press(panel, "Accept")
        await talk.until_told(panel, DONE)
        await talk.until_agreed()
        assert talk.shown == take
    await stands(talk, new, old)


@pytest.mark.slow
async def test_what_it_went_on_with_can_go_and_it_goes_on_again(bot):
    talk, old, new = Talk.beginning(bot), parts("old"), parts("new")
    await bot.start()
    await talk.ask(old)
    for more in (["first more"], ["second more"]):
        standing = talk.shown
        bot.claude.will_say(*more)
        assert "went on" in (await talk.use("continue")).content
        await talk.until_agreed()
        assert talk.shown == standing + more
        panel = await talk.reroll(new)
        await talk.press(panel, "Accept")
        await talk.until_told(panel, DONE)
        await talk.until_agreed()
        assert talk.shown == new
        new, old = parts("newer"), new
    await stands(talk, old, ["first more"], ["second more"])


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_reply_is_rewritten_through_a_form_also_when_the_bot_was_restarted_meanwhile(bot, restarted):
    talk, old, new = Talk.beginning(bot), parts("old"), parts("new", 2)
    await bot.start()
    await talk.ask(old)
    opened = await talk.person.use_command(talk.channel, "edit_reply")
    (field,) = (await opened.wait_modal())["components"]
    assert field["component"]["value"] == old[0]
    if restarted:
        await restart(bot)
    submitted = await talk.person.submit(opened, text=" ".join(new))
    assert DONE in (await submitted.wait_answered()).content
    await stands(talk, new, old)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at_once", "cached"),
    [
        (True, True),
        *(
            pytest.param(at_once, cached, marks=pytest.mark.slow)
            for at_once in (True, False)
            for cached in (True, False)
            if not (at_once and cached)
        ),
    ],
)
async def test_what_is_deleted_is_in_no_later_prompt_and_nowhere_in_the_data_folder(bot, at_once, cached):
    talk = Talk.beginning(bot, in_private=False)
    await bot.start()
    await talk.ask(["nothing special"])
    await talk.ask(["CANARY-reply"], "CANARY-words?")
    panel = await talk.reroll(["CANARY-take"], context="CANARY-remark")
    await talk.press(panel, "Accept")
    await talk.until_told(panel, DONE)
    await talk.ask(["nothing more"])
    assert talk.leftovers("CANARY-words")
    assert talk.leftovers("CANARY-take")
    if not cached:
        await restart(bot)
    gone = talk.channel.messages[2:4]
    assert "CANARY" in gone[0].content
    assert gone[1].content == "CANARY-take"
    if at_once:
        bot.discord.delete_all(gone)
    else:
        for message in gone:
            bot.discord.delete(message)
    await talk.until_nowhere("CANARY")
    request = await talk.ask(["and on"])
    assert "CANARY" not in request.text
    assert own_words(request) == "nothing special\nnothing more"
    lawful(bot)
