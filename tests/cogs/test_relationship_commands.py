"""/relationship, used as people would: what is kept, why, and one's say in it (F089, F090, C71, C74)."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.features.inner_life.relationship import ENOUGH, MOST_DISPUTES, NOT_THERE, TAKEN_BACK
from cogs._discord.interactions import EXPIRED, NOT_YOURS
from cogs._discord.options import NOT_HERE_ANY_MORE
from cogs.inner_life import views as sheets
from personas.relations.bonds import STAGES, TIME
from tests.inner_world import STAGE, agree, noted, stand
from tests.staged import PIXEL_ENV, company, folders, library_in
from tests.support.commands import told
from tests.support.discord import World
from tests.support.panels import components, enabled, forge, panel_of, stored

KIND = "you said something kind"
RUDE = "you were unkind"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    root = folders(tmp_path / "characters", onyx={"name": "Onyx", "description": "Onyx is a smith."})
    (root / "pixel" / "character.env").write_text(
        PIXEL_ENV + "relationships=platonic, mentorship, romantic\n"
    )
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as entered:
        yield entered


@pytest.fixture
async def known(w: World) -> World:
    """Let Mira agree, and some things have changed between her and Pixel."""
    now = w.env.now()
    await agree(w.app.database, w.mira.id, w.tom.id, at=now)
    await stand(
        w.app.database, w.mira.id, at=now, anger=1, rapport=6, trust=4, exchanges=21, stage=STAGES[1].name
    )
    await noted(
        w.app.database,
        w.mira.id,
        (now - timedelta(days=3), "rapport", 1, KIND),
        (now - timedelta(days=2), STAGE, 0, STAGES[1].name),
        (now - timedelta(days=1), "anger", -2, TIME),
        (now, "anger", 1, RUDE),
        (now, "rapport", -1, RUDE),
    )
    return w


def menus(shown: Any) -> dict[str, dict[str, Any]]:
    return {one["placeholder"]: one for one in components(shown) if one["type"] == 3}


async def choose(w: World, shown: Any, placeholder: str, label: str) -> Any:
    """Choose the line of a menu that has a label."""
    menu = menus(shown)[placeholder]
    value = next(one["value"] for one in menu["options"] if one["label"] == label)
    return await w.mira.select(shown, [value], custom_id=menu["custom_id"])


async def taken_back(w: World, shown: Any, label: str) -> Any:
    asked = panel_of(await choose(w, shown, "Take a change back", label))
    return panel_of(await w.mira.click(asked, label="Take it back"))


async def row_of(w: World, slug: str = "pixel") -> Any:
    async with w.app.database.read() as db:
        return await db.bonds.get(w.mira.id, slug)


# --- Looking --------------------------------------------------------------------------------------


async def test_who_did_not_agree_is_told_that_nothing_is_kept_and_how_to_change_that(w):
    await w.mira.send(w.channel, "Pixel, thank you!")
    said = told(await w.mira.slash(w.channel, "relationship"))
    assert said == sheets.NOT_AGREED.format(name="Pixel")
    assert "/privacy yes" in said


async def test_where_remembering_is_off_that_is_said(tmp_path):
    async with company(tmp_path) as w:
        w.app.privacy.mode = "off"
        w.app.memories._consent = "off"
        said = told(await w.mira.slash(w.channel, "relationship"))
        assert said == sheets.SWITCHED_OFF.format(name="Pixel")


async def test_who_agreed_and_was_not_answered_yet_is_told_when_it_begins(w):
    await w.mira.slash(w.channel, "privacy yes")
    assert told(await w.mira.slash(w.channel, "relationship")) == sheets.NOTHING_YET.format(name="Pixel")
    await w.mira.send(w.channel, "Pixel, thank you!")
    assert "+1 rapport: you said thank you" in panel_of(await w.mira.slash(w.channel, "relationship")).content


async def test_all_that_is_kept_is_shown_with_its_causes_to_the_asker_alone(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    now = int(w.env.now().timestamp())
    day = 86_400
    assert shown.content.splitlines() == [
        f"**You and Pixel**: developing rapport, stage 2 of 4, since <t:{now - 2 * day}:D>",
        "Kind: **platonic**, which sounds like this: getting to be friends; easy talk, first shared jokes",
        "anger **1** of 10 · rapport **6** of 10 · trust **4** of 10 · formality **0** of ±5 · 21 exchanges",
        "**What changed**",
        f"- <t:{now}:d> −1 rapport: you were unkind",
        f"- <t:{now}:d> +1 anger: you were unkind",
        f"- <t:{now - day}:d> −2 anger: time passed",
        f"- <t:{now - 2 * day}:d> stage: developing rapport",
        f"- <t:{now - 3 * day}:d> +1 rapport: you said something kind",
        f"-# {sheets.MAY_UNDO.format(left=3)} {sheets.ONLY_YOU}",
    ]
    png, svg = shown.attachments
    assert (png.filename, svg.filename) == ("relationship.png", "relationship.svg")
    assert png.description == svg.description
    assert png.description.startswith(
        "You and Pixel. Stage: developing rapport, 2 of 4. Now: anger 1 on a scale"
    )
    assert w.pinged() == set()


async def test_time_and_stages_are_not_offered_to_be_taken_back(known):
    shown = panel_of(await known.mira.slash(known.channel, "relationship"))
    offered = [one["label"] for one in menus(shown)["Take a change back"]["options"]]
    assert offered == ["−1 rapport: you were unkind", "+1 anger: you were unkind", f"+1 rapport: {KIND}"]


async def test_a_long_ledger_has_pages(known):
    w = known
    changes = [(w.env.now(), "rapport", 1, f"cause {number}") for number in range(20)]
    await noted(w.app.database, w.mira.id, *changes)
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    assert "**What changed** · page 1 of 4" in shown.content
    assert "cause 19" in shown.content
    assert enabled(shown) == {"Older"}
    shown = panel_of(await w.mira.click(shown, label="Older"))
    assert "page 2 of 4" in shown.content
    assert "cause 11" in shown.content
    assert [one.filename for one in shown.attachments] == ["relationship.png", "relationship.svg"]
    for _ in range(2):
        shown = panel_of(await w.mira.click(shown, label="Older"))
    assert "page 4 of 4" in shown.content
    assert enabled(shown) == {"Newer"}
    assert max(len(shown.content), 0) <= 2000


async def test_the_longest_causes_fit_into_a_message(known):
    w = known
    await noted(w.app.database, w.mira.id, *[(w.env.now(), "formality", -1, "**_" * 33)] * 8)
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    assert len(shown.content) <= 2000
    assert sheets.ONLY_YOU in shown.content


async def test_each_character_stands_with_one_in_its_own_way(known):
    w = known
    said = told(await w.mira.slash(w.channel, "relationship", character="onyx"))
    assert said == sheets.NOTHING_YET.format(name="Onyx")
    await stand(w.app.database, w.mira.id, "onyx", at=w.env.now(), rapport=9)
    [change] = await noted(w.app.database, w.mira.id, (w.env.now(), "rapport", 1, KIND), slug="onyx")
    shown = panel_of(await w.mira.slash(w.channel, "relationship", character="onyx"))
    assert "**You and Onyx**" in shown.content
    assert "What you are to each other" not in menus(shown)
    shown = await taken_back(w, shown, f"+1 rapport: {KIND}")
    assert "Taken back: rapport is 8 now." in shown.content
    assert (await row_of(w)).rapport == 6
    assert change


async def test_who_took_the_agreement_back_sees_that_nothing_new_is_noted(known):
    w = known
    async with w.app.database.begin() as db:
        await db.consents.forget(w.mira.id)
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    assert shown.content.endswith(sheets.NOTHING_NEW)


async def test_without_the_extra_there_is_the_svg(known, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    shown = panel_of(await known.mira.slash(known.channel, "relationship"))
    assert [one.filename for one in shown.attachments] == ["relationship.svg"]
    assert "-# Pictures stay SVG: resvg-py not installed (extra `pictures`)." in shown.content


# --- Taking back ----------------------------------------------------------------------------------


async def test_it_is_asked_before_a_change_is_taken_back_and_leaving_it_changes_nothing(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    asked = panel_of(await choose(w, shown, "Take a change back", "−1 rapport: you were unkind"))
    assert asked.content == (
        f"**Take this back?** <t:{int(w.env.now().timestamp())}:d> −1 rapport: you were unkind\n"
        "rapport goes from 6 to 7. The change stays in the list, marked as taken back, and that can't be "
        "undone. It is number 1 of the 3 that are possible within a day."
    )
    shown = panel_of(await w.mira.click(asked, label="Leave it"))
    assert "3 more within 24 hours" in shown.content
    assert (await row_of(w)).rapport == 6


async def test_what_is_taken_back_is_struck_out_and_the_picture_is_drawn_anew(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    before = await shown.attachments[1].read()
    shown = await taken_back(w, shown, "−1 rapport: you were unkind")
    assert shown.content.startswith("Taken back: rapport is 7 now.\n**You and Pixel**")
    assert "~~−1 rapport: you were unkind~~ (taken back)" in shown.content
    assert "rapport **7** of 10" in shown.content
    assert "2 more within 24 hours" in shown.content
    assert len(shown.attachments) == 2
    assert await shown.attachments[1].read() != before
    assert (await row_of(w)).rapport == 7


@pytest.mark.slow
async def test_after_three_there_is_no_menu_till_tomorrow(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    for label in ("−1 rapport: you were unkind", "+1 anger: you were unkind", f"+1 rapport: {KIND}"):
        shown = await taken_back(w, shown, label)
    assert sheets.NO_MORE.format(most=MOST_DISPUTES) in shown.content
    assert "Take a change back" not in menus(shown)
    row = await row_of(w)
    assert (row.anger, row.rapport) == (0, 6)


async def test_a_press_that_comes_too_late_is_told_how_things_are(known):
    """Two windows are open: what one took back is not taken back again by the other."""
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    change_id = int(menus(shown)["Take a change back"]["options"][-1]["value"])
    asked = panel_of(await choose(w, shown, "Take a change back", f"+1 rapport: {KIND}"))
    role = w.app.company.primary
    await w.app.relationships.dispute(w.mira.id, role, change_id)
    shown = panel_of(await w.mira.click(asked, label="Take it back"))
    assert shown.content.startswith(TAKEN_BACK)
    assert (await row_of(w)).rapport == 5


async def test_a_fourth_one_of_another_window_is_refused(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    asked = panel_of(await choose(w, shown, "Take a change back", f"+1 rapport: {KIND}"))
    others = await noted(w.app.database, w.mira.id, *[(w.env.now(), "trust", 1, KIND)] * 3)
    for one in others:
        await w.app.relationships.dispute(w.mira.id, w.app.company.primary, one)
    refused = panel_of(await w.mira.click(asked, label="Take it back"))
    assert refused.content.startswith(ENOUGH.format(most=MOST_DISPUTES))
    assert (await row_of(w)).rapport == 6


async def test_nobody_else_can_press_it_nor_take_back_what_is_not_theirs(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    change_id = menus(shown)["Take a change back"]["options"][-1]["value"]
    asked = panel_of(await choose(w, shown, "Take a change back", f"+1 rapport: {KIND}"))
    custom_id = next(one["custom_id"] for one in components(asked) if one["label"] == "Take it back")
    assert told(await forge(w, w.tom, asked, custom_id)) == NOT_YOURS
    await stand(w.app.database, w.tom.id, at=w.env.now())
    toms = panel_of(await w.tom.slash(w.channel, "relationship"))
    own = custom_id.replace(str(w.mira.id), str(w.tom.id))
    assert change_id in own
    stored(w, toms).components = [{"type": 1, "id": 1, "components": [button(own)]}]
    await forge(w, w.tom, toms, own)
    assert toms.content.startswith(NOT_THERE)
    assert (await row_of(w)).rapport == 6


def button(custom_id: str) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "x", "custom_id": custom_id, "id": 2}


async def test_after_ten_minutes_there_is_nothing_to_choose_any_more(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    await w.env.advance_time(sheets.SECONDS - 5)
    assert not any(one.get("disabled") for one in components(shown))
    await w.env.advance_time(10)
    assert EXPIRED.format(again="relationship") in shown.content
    assert all(one.get("disabled") for one in components(shown))
    assert len(shown.attachments) == 2


async def test_a_character_that_left_meanwhile_is_said_to_be_gone(known):
    w = known
    await stand(w.app.database, w.mira.id, "onyx", at=w.env.now())
    await noted(w.app.database, w.mira.id, (w.env.now(), "rapport", 1, KIND), slug="onyx")
    shown = panel_of(await w.mira.slash(w.channel, "relationship", character="onyx"))
    gone = w.app.company.by_slug.pop("onyx")
    result = await choose(w, shown, "Take a change back", f"+1 rapport: {KIND}")
    assert NOT_HERE_ANY_MORE in " ".join(one.content for one in [result.response, *result.followups] if one)
    w.app.company.by_slug["onyx"] = gone


@pytest.mark.slow
async def test_who_was_forgotten_meanwhile_is_told_that_nothing_is_kept(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    asked = panel_of(await choose(w, shown, "Take a change back", f"+1 rapport: {KIND}"))
    await w.app.privacy.leave(w.mira.id)
    shown = panel_of(await w.mira.click(asked, label="Take it back"))
    assert shown.content == sheets.NOT_AGREED.format(name="Pixel")
    assert shown.attachments == []


# --- The kind -------------------------------------------------------------------------------------


async def test_the_kind_is_chosen_among_those_that_the_character_knows(known):
    w = known
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    menu = menus(shown)["What you are to each other"]
    assert [(one["label"], bool(one.get("default"))) for one in menu["options"]] == [
        ("platonic", True),
        ("mentorship", False),
        ("romantic", False),
    ]
    shown = panel_of(await choose(w, shown, "What you are to each other", "mentorship"))
    done, then = shown.content.splitlines()[:2]
    assert done.startswith("Done: **mentorship** it is from the next answer on, when we are alone.")
    assert then.startswith("**You and Pixel**")
    assert "Kind: **mentorship**, which sounds like this: mentor and pupil;" in shown.content
    assert len(shown.attachments) == 2
    await w.mira.send_dm("Pixel?")
    assert "mentor and pupil" in w.prompt.text
    await w.mira.send(w.channel, "Pixel?")
    assert "mentor and pupil" not in w.prompt.text
