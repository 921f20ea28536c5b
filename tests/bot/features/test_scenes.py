"""Scenes that characters play among themselves, and what one takes up of what another said (C26, F041)."""

import pytest

from bot.features.characters.presence import NotStaged
from tests.builders import DM
from tests.company import CHANNEL, chatty, company, stagecraft

MIRA, OPENED = 42, 4_000


@pytest.fixture
async def at(tmp_path):
    async with company(tmp_path) as table:
        yield table


async def play(at, names="fangs, nyx", *, topic="a stolen lantern", turns=6) -> None:
    crafts = stagecraft(at)
    roles = [crafts.role(name) for name in names.split(",")]
    await crafts.begin_scene(CHANNEL, roles, topic, turns=turns, by=MIRA, opened_by=OPENED)
    await at.app.following.follow(CHANNEL.channel_id, at.mouth)


async def test_a_scene_has_exactly_so_many_lines_in_turns(at):
    """C26."""
    await play(at, turns=6)
    assert at.mouth.speakers == ["Fangs", "Nyx"] * 3
    async with at.database.read() as db:
        assert await db.cues.scene(CHANNEL.channel_id) is None


async def test_three_play_in_the_order_of_their_names(at):
    await play(at, "pixel,nyx,fangs", turns=5)
    assert at.mouth.speakers == ["", "Nyx", "Fangs", "", "Nyx"]


async def test_a_scene_is_about_something_and_each_line_knows_the_one_before(at):
    at.claude.will_say("Who took it?", "Not I.")
    await play(at, turns=2)
    first, second = (prompt.text for prompt in at.claude.prompts)
    assert "a stolen lantern" in first
    assert "2 lines from its end" in first
    assert "Who took it?" in second
    assert "1 lines from its end" in second


async def test_a_scene_that_is_stopped_ends_within_one_line(at):
    """C26."""
    crafts = stagecraft(at)

    async def stop() -> None:
        if len(at.mouth.said) == 2:
            at.claude.while_thinking = None
            await crafts.stop_scene(CHANNEL)

    at.claude.while_thinking = stop
    await play(at, turns=20)
    assert 2 <= len(at.mouth.said) <= 3


async def test_who_does_not_play_hears_nothing_of_it(at):
    """C25: neither the scene nor what people say while it lasts."""
    crafts = stagecraft(at)
    at.claude.will_say("The lantern is in the well.")
    roles = [crafts.role("fangs"), crafts.role("nyx")]
    await crafts.begin_scene(CHANNEL, roles, "a lantern", turns=1, by=MIRA, opened_by=OPENED)
    await at.hear("and the rope is in the barn", where=CHANNEL, from_bot=False)
    await at.app.following.follow(CHANNEL.channel_id, at.mouth)
    await at.hear("Pixel, where is the lantern?", where=CHANNEL)
    assert "well" not in at.claude.prompts[-1].text
    assert "barn" not in at.claude.prompts[-1].text
    await at.hear("Nyx, where is the lantern?", where=CHANNEL)
    assert "in the well" in at.claude.prompts[-1].text


async def test_a_scene_goes_on_after_a_restart(tmp_path):
    async with company(tmp_path) as before:
        crafts = stagecraft(before)
        roles = [crafts.role("fangs"), crafts.role("nyx")]
        await crafts.begin_scene(CHANNEL, roles, "a lantern", turns=3, by=MIRA, opened_by=OPENED)
    async with company(tmp_path) as at:
        await at.app.following.resume(lambda _channel: at.mouth)
        assert at.mouth.speakers == ["Fangs", "Nyx", "Fangs"]


async def test_a_scene_whose_player_can_think_of_nothing_ends(at):
    from bot.llm.errors import ClaudeError

    at.claude.will_say("Who took it?", ClaudeError("down"))
    await play(at, turns=6)
    assert at.mouth.said == ["Who took it?"]
    async with at.database.read() as db:
        assert await db.cues.scene(CHANNEL.channel_id) is None


@pytest.mark.parametrize(
    ("names", "topic", "turns", "says"),
    [
        ("nyx", "a lantern", 6, "at least two"),
        ("nyx,nyx", "a lantern", 6, "at least two"),
        ("nyx,fangs", " ", 6, "about"),
        ("nyx,fangs", "x" * 501, 6, "about"),
        ("nyx,fangs", "a lantern", 0, "1 to 30"),
        ("nyx,fangs", "a lantern", 31, "1 to 30"),
    ],
)
async def test_a_scene_that_can_not_be_played_says_why(at, names, topic, turns, says):
    with pytest.raises(NotStaged, match=says):
        await play(at, names, topic=topic, turns=turns)


async def test_one_scene_at_a_time_and_none_in_private(at):
    crafts = stagecraft(at)
    roles = [crafts.role("fangs"), crafts.role("nyx")]
    await crafts.begin_scene(CHANNEL, roles, "a lantern", turns=3, by=MIRA, opened_by=OPENED)
    with pytest.raises(NotStaged, match="already"):
        await crafts.begin_scene(CHANNEL, roles, "a lamp", turns=3, by=MIRA, opened_by=OPENED)
    with pytest.raises(NotStaged, match="needs a channel"):
        await crafts.begin_scene(DM, roles, "a lamp", turns=3, by=MIRA, opened_by=OPENED)
    with pytest.raises(NotStaged, match="called 'Bela'"):
        crafts.role("Bela")


async def test_a_character_takes_up_what_another_said_and_every_chain_ends(tmp_path):
    """F041, C22: lines of characters in a row are at most so many, until a person speaks."""
    async with company(tmp_path, direction=chatty(chain=3)) as at:
        for _ in range(12):
            at.claude.will_say("Nyx, Fangs, Pixel: what do you say?")
        await at.hear("Nyx, hello", where=CHANNEL)
        assert len(at.mouth.said) == 3
        at.claude.queue.clear()
        at.claude.will_say(*["Nyx, Fangs, Pixel: what do you say?"] * 12)
        await at.hear("Nyx, hello again", where=CHANNEL)
        assert len(at.mouth.said) == 6


async def test_a_person_who_spoke_meanwhile_ends_the_banter(tmp_path):
    """F041: what one said to the others is not taken up any more once somebody else has spoken."""
    async with company(tmp_path, direction=chatty(), seed=3) as at:
        answered = await at.hear("Nyx, hello", where=CHANNEL)
        assert answered
        async with at.database.begin() as db:
            await db.cues.drop(ended="for the test", channel_id=CHANNEL.channel_id)
            from bot.conversation.speakers import cue_of

            newest = max(number for number, _ in at.mouth.posted.values())
            await db.cues.add([cue_of("fangs", CHANNEL.channel_id, newest, "banter", at.clock, 0.0, 1)])
        said = len(at.mouth.said)
        await at.hear("what a day", where=CHANNEL, author_id=43)
        assert len(at.mouth.said) == said


async def test_without_banter_nobody_takes_up_anything(at):
    at.claude.will_say("Fangs, what do you say?")
    await at.hear("Nyx, hello", where=CHANNEL)
    assert at.mouth.speakers == ["Nyx"]


async def test_a_note_for_a_channel_stands_in_its_next_prompt_at_its_depth_and_nowhere_else(at):
    """C35."""
    from tests.company import CAVE

    crafts = stagecraft(at)
    for number in range(6):
        await at.hear(f"line {number}", where=CHANNEL)
    await crafts.note(CHANNEL, "It is snowing outside.", depth=2, by=MIRA)
    await at.hear("Pixel, well?", where=CHANNEL)
    text = at.claude.prompts[-1].text
    assert text.index("line 4") < text.index("It is snowing") < text.index("line 5") < text.index("well?")
    await at.hear("Pixel, well?", where=CAVE)
    assert "snowing" not in at.claude.prompts[-1].text
    await crafts.note(CHANNEL, None, depth=0, by=MIRA)
    await at.hear("Pixel, well?", where=CHANNEL)
    assert "snowing" not in at.claude.prompts[-1].text


async def test_whom_somebody_plays_is_known_in_that_channel_alone(at):
    """C37."""
    from tests.company import CAVE

    crafts = stagecraft(at)
    assert await crafts.play_as(MIRA, CHANNEL, "Sir Alaric") == "Sir Alaric"
    await at.hear("Pixel, hi", where=CHANNEL)
    assert "plays Sir Alaric" in at.claude.prompts[-1].text
    await at.hear("Pixel, hi", where=CHANNEL, author_id=43, author_name="Bob")
    assert "Alaric" not in at.claude.prompts[-1].messages[-1].blocks[-1].text
    await at.hear("Pixel, hi", where=CAVE)
    assert "Alaric" not in at.claude.prompts[-1].text


async def test_where_the_bot_is_switched_off_no_scene_begins_and_none_goes_on(at):
    """C15, C26."""
    crafts = stagecraft(at)
    roles = [crafts.role("fangs"), crafts.role("nyx")]

    async def switch_off() -> None:
        at.claude.while_thinking = None
        async with at.database.begin() as db:
            await db.channels.lay_down_rule(CHANNEL.guild_id, "active", CHANNEL.channel_id, 0.0)

    at.claude.while_thinking = switch_off
    await play(at, turns=6)
    assert len(at.mouth.said) == 1
    with pytest.raises(NotStaged, match="switched off"):
        await crafts.begin_scene(CHANNEL, roles, "a lamp", turns=3, by=MIRA, opened_by=OPENED)
