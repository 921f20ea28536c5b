"""How the character feels and how it stands with one, asked in the terminal (F085, F089, C71)."""

from collections.abc import AsyncIterator

import pytest

from bot.cli.terminal.inner import (
    HOW_TO_MOOD,
    HOW_TO_RELATIONSHIP,
    MOST,
    NO_THOUGHTS,
    NO_THOUGHTS_YET,
    NOTHING_FELT,
    NOTHING_OF_NOTE,
)
from bot.cli.terminal.session import PERSON
from bot.features.inner_life.relationship import NOT_THERE, TAKEN_BACK
from database.models import BondRow, Musing, MusingChange
from tests.inner_world import noted, stand, wiped
from tests.terminals import opened, rows, talked
from tests.world.claude_server import ScriptedClaude


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


async def test_the_mood_is_told_in_words_before_and_after_something_happened(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        await wiped(session.app.database)
        assert (await talked(session, "/mood\n")).out == NOTHING_FELT.format(name="Pixel") + "\n"
        await session.app.days.dawn()
        assert NOTHING_OF_NOTE in (await talked(session, "/mood\n")).out
        result = await talked(session, "/privacy yes\nyou idiot, shut up\n/mood\n")
    lines = result.out.splitlines()
    assert any(line.startswith("How Pixel feels now: ") for line in lines)
    assert any(line.startswith("Today, 0 to 10 (and as usual): anger ") for line in lines)
    assert any("adrenaline 0.60 (0.50)" in line for line in lines)
    assert lines[-2] == "What moved it this week:"
    assert lines[-1].endswith(" a quarrel with you")


async def test_what_the_hormones_are_made_of_is_told(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        await session.app.days.dawn()
        result = await talked(session, "you idiot, shut up\n/mood hormones\n/mood levels\n")
    lines = result.out.splitlines()
    assert any(line.split() == ["now", "nature", "day", "hour", "left"] for line in lines)
    assert any(line.startswith("  adrenaline") for line in lines)
    assert any(line.startswith("Mood: ") for line in lines)
    assert any(line.startswith("Hostility: 0.25 (as usual") for line in lines)
    assert any("mention + conflict" in line for line in lines)
    assert "cortisol +0.0" in result.out
    assert lines[-1] == HOW_TO_MOOD


async def test_how_the_two_stand_is_told_with_causes_and_taken_back_by_number(tmp_path, claude):
    script = "/relationship\n/privacy yes\n/relationship\nthank you!\n/relationship\n"
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(session, script)
        assert "you have not agreed to be remembered, and /privacy yes changes that." in result.out
        assert "it is noted from the next answer on." in result.out
        assert "You and Pixel: initial connection, stage 1 of 4\nKind: platonic, which" in result.out
        assert "rapport 3 (from 0 to 10)" in result.out
        assert "formality 0 (from -5 to 5)" in result.out
        [line] = [one for one in result.out.splitlines() if one.endswith("+1 rapport: you said thank you")]
        number = line.partition(".")[0]
        again = await talked(session, f"/relationship undo {number}\n" * 2 + "/relationship\n")
        assert again.out.startswith(f"Taken back: rapport is 2 now.\n{TAKEN_BACK}\n")
        assert "you said thank you (taken back)\n" in again.out
        assert "within a day; 2 left." in again.out
        [row] = await rows(session.app, BondRow)
        assert (row.user_id, row.rapport) == (PERSON, 2)


async def test_the_kind_is_chosen_by_name_and_what_can_not_be_is_said(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        role = session.app.company.primary
        changed = role.character.model_copy(update={"relationships": ("platonic", "mentorship")})
        object.__setattr__(role.playing, "character", changed)
        await stand(session.app.database, PERSON, at=session.app.clock.now())
        script = "/relationship\n/relationship kind Mentorship\n/relationship kind king\n/relationship\n"
        result = await talked(session, script + "/relationship frob\n/relationship undo 12345\n")
    out = result.out
    assert "Kind: platonic (/relationship kind changes it to mentorship), which sounds like this: new" in out
    assert "Nothing changed so far." in out
    assert "Done: mentorship it is from the next answer on.\nPixel can't be that to you. What it can" in out
    assert "Kind: mentorship (/relationship kind changes it to platonic)" in out
    assert out.endswith(f"{HOW_TO_RELATIONSHIP}\n{NOT_THERE}\n")


async def test_the_last_changes_are_shown_the_newest_first(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        now = session.app.clock.now()
        await stand(session.app.database, PERSON, at=now, rapport=9)
        await noted(session.app.database, PERSON, *[(now, "rapport", 1, f"cause {n}") for n in range(20)])
        result = await talked(session, "/relationship\n")
    causes = [line.rpartition(" ")[2] for line in result.out.splitlines() if "cause" in line]
    assert causes == [str(number) for number in range(19, 19 - MOST, -1)]


async def test_where_remembering_is_off_that_is_said(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        session.app.privacy.mode = "off"
        result = await talked(session, "/relationship\n")
    assert "remembering is switched off (memory_consent=off)." in result.out


async def test_what_it_thinks_is_told_with_how_it_came_to_that(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        assert (await talked(session, "/thoughts\n")).out == NO_THOUGHTS.format(name="Pixel") + "\n"
        role = session.app.company.primary
        inner = role.character.model_copy(update={"inner_life": ("beliefs", "threads")})
        object.__setattr__(role.playing, "character", inner)
        assert (await talked(session, "/thoughts\n")).out == NO_THOUGHTS_YET.format(name="Pixel") + "\n"
        now = session.app.clock.now()
        place = ("dm", None, session.where.channel_id, now, now)
        async with session.app.database.begin() as db:
            musing = await db.musings.add(Musing("pixel", "belief", "Lamps hum at night", *place))
            await db.musings.note(MusingChange(musing.id, now, "formed", "argument", 0.85))
        lines = (await talked(session, "/thoughts\n")).out.splitlines()
    assert lines[:2] == ["Believes", "1. Lamps hum at night (85 %, quite sure)"]
    assert lines[2].endswith(": came up by an argument")
