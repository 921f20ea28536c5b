"""/admin mood: what a character's day is like, seen and laid down by operators (F087, C70, D12)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cogs._discord.admin import OPERATORS_ONLY
from personas.affect.temperament import DayMood, Hormone
from tests.staged import company
from tests.support.commands import admin, kept, let_operate, told
from tests.support.discord import World
from tests.support.statuses import THINKING, run, watch


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path, manner=THINKING) as entered:
        await run(entered)
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def use(w: World, who: Any, name: str, **options: Any) -> str:
    return told(await who.slash(w.channel, f"admin mood {name}", **options))


async def audited(w: World) -> list[tuple[Any, Any]]:
    done = [one for one in await w.app.audit.latest() if one.action == "mood"]
    return [(one.before, one.after) for one in done]


async def test_a_day_of_anger_is_in_the_very_next_reply_and_in_the_next_status(w):
    """C70: `daily_mood_anger=9` stands in both prompts."""
    anna = operator(w)
    before = await w.app.days.of("onyx")
    w.claude.will_say("Sharpening something.")
    said = await use(w, anna, "set", character="Onyx", anger=9)
    assert said.startswith(f"**Onyx**: anger 9 (was {before[DayMood.ANGER]}), from the next prompt on")
    async with w.app.database.read() as db:
        assert await db.states.get("daily_mood_anger onyx") == "9"
    assert w.claude.questions[-1].purpose == "status"
    assert "anger 9 of 10" in w.prompt.messages[0].blocks[0].text
    assert await w.app.statuses.of("onyx") == "Sharpening something."
    await w.mira.send(w.channel, "Onyx?")
    assert w.claude.questions[-1].purpose == "reply"
    assert "anger 9 of 10" in w.prompt.messages[-1].blocks[-1].text
    await w.mira.send(w.channel, "Ruby?")
    assert "anger 9 of 10" not in w.prompt.text


async def test_it_says_until_when_it_holds(w):
    anna = operator(w)
    until = w.app.days.until()
    await use(w, anna, "set", character="pixel", joy=4)
    for name, options in (("set", {"joy": 3}), ("show", {})):
        said = await use(w, anna, name, character="pixel", **options)
        assert f"<t:{int(until.timestamp())}:f>" in said
        assert f"<t:{int(until.timestamp())}:R>" in said


async def test_a_day_is_shown_beside_what_is_usual_with_what_is_on_its_mind(w):
    anna = operator(w)
    w.claude.will_say("counting **bits** for @everyone")
    await use(w, anna, "set", character="pixel", anger=9, joy=5, sadness=2, energy=0)
    said = await use(w, anna, "show", character="pixel")
    assert said.splitlines()[1:] == [
        "- anger **9** of 10 (usually 2)",
        "- joy **5** of 10",
        "- sadness **2** of 10",
        "- energy **0** of 10 (usually 5)",
        "On its mind: counting bits for everyone",
    ]


async def test_every_change_is_in_the_audit_with_before_and_after(w):
    anna = operator(w)
    before = await w.app.days.of("pixel")
    await use(w, anna, "set", character="pixel", anger=9, energy=1)
    await use(w, anna, "set", character="pixel", anger=3)
    angry = {**before, "anger": 9, "energy": 1}
    assert await audited(w) == [(angry, {**angry, "anger": 3}), (before, angry)]


async def test_a_day_is_let_be_as_days_usually_are(w):
    anna = operator(w)
    await use(w, anna, "set", character="pixel", anger=9)
    said = await use(w, anna, "reset", character="pixel")
    assert "as its days usually are (anger 2, joy 5, sadness 2, energy 5)" in said
    assert (await w.app.days.of("pixel"))[DayMood.ANGER] == 2


async def test_the_bots_own_status_changes_beside_its_name(w):
    put = watch(w)
    anna = operator(w)
    w.claude.will_say("hissing at semicolons")
    await use(w, anna, "set", character="pixel", anger=10)
    await w.env.advance_time(60)
    assert [one.name for one in put] == ["hissing at semicolons"]


async def test_with_nothing_named_it_says_what_to_name_and_changes_nothing(w):
    anna = operator(w)
    before = kept(w)
    said = await use(w, anna, "set", character="pixel")
    assert said == "Name at least one of anger, joy, sadness, energy, from 0 to 10."
    assert kept(w) == before


@pytest.mark.slow
async def test_a_character_that_is_not_there_is_told_with_those_that_are(w):
    said = await use(w, operator(w), "set", character="Zed", anger=9)
    assert "Zed" in said
    assert "Onyx" in said
    assert await audited(w) == []


@pytest.mark.parametrize(("name", "options"), [("show", {}), ("set", {"anger": 9})])
async def test_administrators_of_a_server_who_are_no_operators_are_refused(w, name, options):
    anna = admin(w, administrator=True)
    before = kept(w)
    assert await use(w, anna, name, character="pixel", **options) == OPERATORS_ONLY
    assert kept(w) == before


async def test_who_came_just_now_has_no_day_yet_and_what_is_set_holds_for_its_first(w):
    anna = operator(w)
    async with w.app.database.begin() as db:
        for key in ("day", *DayMood):
            await db.states.drop(f"daily_mood_{key} ruby")
    said = await use(w, anna, "show", character="ruby")
    assert said == "The first day of **Ruby** begins within the hour; what you set now is for that day."
    await use(w, anna, "set", character="ruby", anger=9)
    await run(w)
    assert (await w.app.days.of("ruby"))[DayMood.ANGER] == 9


async def test_discord_itself_refuses_what_is_no_strength(w):
    anna = operator(w)
    for value in (-1, 11):
        with pytest.raises(Exception, match="anger"):
            await anna.slash(w.channel, "admin mood set", character="pixel", anger=value)


# Hormones, and what is left of attacks


async def test_operators_see_what_every_hormone_is_made_of(w):
    """Level, rest by nature, day, hour and what is left add up; then what moved it last, and by how much."""
    anna = operator(w)
    await use(w, anna, "set", character="pixel", anger=10, joy=5, sadness=2, energy=5)
    await w.env.advance_time(4 * 3600)
    await w.mira.send(w.channel, "Pixel, you are a worthless idiot")
    said = await use(w, anna, "hormones", character="pixel")
    table = said.split("```")[1].strip("\n").splitlines()
    assert table[0].split() == ["now", "nature", "day", "hour", "left"]
    rows = {name: figures for name, *figures in map(str.split, table[1:])}
    assert set(rows) == set(map(str, Hormone))
    for now, *parts in rows.values():
        figures = [float(one.replace("−", "-")) for one in parts]
        assert abs(float(now) - sum(figures)) < 0.03
    assert rows["cortisol"][2] == "+0.10"
    assert "Mood: stressed, because adrenaline 0.625 ≥ 0.62 and cortisol 0.540 ≥ 0.47\n" in said
    assert "Passed over, because the day is too unusual for it: calm melatonin 0.518 ≥ 0.48\n" in said
    assert "Half of what is left goes in 138 minutes (recovery 1)" in said
    assert "Typing: 1." in said
    assert "Hostility: 0.25 (as usual; hostile ≥ 0.60, guarded ≥ 0.30), half of it goes in 3 hours" in said
    assert ":f> mention + conflict" in said
    assert "adrenaline +0.0" in said
    assert len(said) <= 2000


async def test_operators_are_told_of_nobody_and_no_place_what_moved_a_character(w):
    await w.tom.send_dm("Pixel, I will delete you")
    said = await use(w, operator(w), "hormones", character="pixel")
    assert " + threat" in said
    for word in (str(w.tom.id), str(w.tom.user.dm_channel.id), "Tom", "delete", "private"):
        assert word not in said


async def test_attacks_are_over_at_an_operators_word_and_count_again_when_that_is_undone(w):
    anna = operator(w)
    for _ in range(4):
        await w.mira.send(w.channel, "Pixel, you are a worthless idiot")
        await w.env.advance_time(30)
    hostile = "(hostile; hostile"
    before = await use(w, anna, "hormones", character="pixel")
    assert hostile in before
    assert "on guard" in w.prompt.messages[-1].blocks[-1].text
    said = await use(w, anna, "settle", character="pixel")
    assert said.startswith("**Pixel**: all attacks so far are over.")
    settled = await use(w, anna, "hormones", character="pixel")
    assert "Hostility: 0.00 (as usual" in settled
    assert "Skin: 0.00 (by nature 0.00)" in settled
    await w.mira.send(w.channel, "Pixel, hello")
    assert "on guard" not in w.prompt.messages[-1].blocks[-1].text
    await anna.slash(w.channel, "admin changes undo")
    assert hostile in await use(w, anna, "hormones", character="pixel")


async def test_an_attack_after_it_was_settled_counts_anew(w):
    anna = operator(w)
    await w.mira.send(w.channel, "Pixel, I will delete you")
    await w.env.advance_time(60)
    await use(w, anna, "settle", character="pixel")
    await w.env.advance_time(60)
    await w.mira.send(w.channel, "Pixel, you are a worthless idiot")
    assert "Hostility: 0.25" in await use(w, anna, "hormones", character="pixel")
