"""/admin memory day: operators see how much changed, never what, and undo a bad day (C68, D12, D13)."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from simcord import actors

from bot.conversation.text.split import width
from cogs._discord import interactions
from cogs._discord.admin import OPERATORS_ONLY
from cogs._discord.options import NO_DAY
from cogs.admin.memory_day import LEFT, day_panel, undoing_panel, undone_text
from memory.history import LEARNT, into
from memory.time_travel import PersonDay, Undone
from tests.knowing import again, noted, overtaken
from tests.support.commands import admin, let_operate, told
from tests.support.discord import World, world
from tests.support.memories import remember
from tests.support.panels import components, enabled, panel_of, stored

DAY = timedelta(days=1)
DATE = date(2026, 5, 3)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


@pytest.fixture
def anna(w: World) -> Any:
    """An operator, who administrates the server, too."""
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


def today(w: World, *, ago: int = 0) -> str:
    return str((w.app.clock.now() - ago * DAY).date())


async def look(w: World, who: Any, **options: Any) -> Any:
    return panel_of(await who.slash(w.channel, "admin memory day", **{"day": today(w), **options}))


async def texts(w: World, who: Any = None) -> list[str]:
    return [one.text for one in await w.app.memories.of("pixel", (who or w.mira).id)]


async def audit(w: World) -> list[tuple[int, str, str]]:
    rows = await w.app.audit.latest()
    return [(one.actor_id, one.action, one.detail) for one in rows]


async def bad_day(w: World) -> None:
    """Let much be noted of Mira and Tom today that had better not been."""
    old = await noted(w, "Lives in canary Oslo", at=w.app.clock.now() - 3 * DAY)
    await overtaken(w, old, await noted(w, "Lives in canary Bergen"))
    tea = await noted(w, "Likes canary tea", who=w.tom, at=w.app.clock.now() - 3 * DAY)
    await again(w, tea)
    await remember(w, "my own canary")


async def test_a_day_is_told_in_numbers_by_person_and_cause(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    assert panel.ephemeral
    lines = panel.content.split("\n")
    assert lines[0] == f"**Changes of what I know of everybody** on {today(w)} (UTC): 4, about 2 people"
    assert lines[1] == f"- {w.mira.mention}: 1 learnt, 1 superseded, 1 told"
    assert lines[2] == f"- {w.tom.mention}: 1 mentioned again"
    assert "canary" not in panel.content
    alone = await look(w, anna, person=w.tom)
    assert w.mira.mention not in alone.content
    assert f"of {w.tom.mention}** on" in alone.content


async def test_of_a_day_without_a_change_there_is_nothing_to_undo(w, anna):
    panel = await look(w, anna, day="2020-01-01")
    assert panel.content == "Nothing that I know of everybody changed on 2020-01-01 (UTC)."
    await remember(w, "my own")
    panel = await look(w, anna)
    assert "nothing to undo" in panel.content
    assert components(panel) == []


async def test_it_is_undone_after_a_question_and_counted(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    assert enabled(panel) == {"Undo that day"}
    await anna.click(panel, label="Undo that day")
    assert "takes back 3 changes that I made by myself, about 2 people" in panel.content
    assert "Lives in canary Bergen" in await texts(w)
    await anna.click(panel, label="Undo it")
    assert panel.content == f"Done: 3 facts of 2 people are as before {today(w)}."
    assert await texts(w) == ["Lives in canary Oslo", "my own canary"]
    [oslo, _] = await w.app.memories.of("pixel", w.mira.id)
    assert oslo.ended_at is None
    [tea] = await w.app.memories.of("pixel", w.tom.id)
    assert tea.mentions == 1


async def test_one_person_alone_is_undone_and_another_is_left_alone(w, anna):
    await bad_day(w)
    panel = await look(w, anna, person=w.tom)
    await anna.click(panel, label="Undo that day")
    await anna.click(panel, label="Undo it")
    assert panel.content == f"Done: 1 fact of 1 person is as before {today(w)}."
    assert "Lives in canary Bergen" in await texts(w)


async def test_left_alone_everything_stays(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    await anna.click(panel, label="Undo that day")
    await anna.click(panel, label="Leave it")
    assert panel.content == LEFT
    assert "Lives in canary Bergen" in await texts(w)


async def test_the_person_sees_it_in_their_history(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    await anna.click(panel, label="Undo that day")
    await anna.click(panel, label="Undo it")
    history = panel_of(await w.mira.slash(w.channel, "memory history")).content
    assert "the bot's operator took back what I had noted on a day" in history


async def test_each_act_is_in_the_audit_without_a_word(w, anna):
    await bad_day(w)
    panel = await look(w, anna, person=w.tom)
    await anna.click(panel, label="Undo that day")
    await anna.click(panel, label="Undo it")
    await look(w, anna)
    assert await audit(w) == [
        (anna.id, "memory day", f"{today(w)} everybody"),
        (anna.id, "undo memory day", f"{today(w)} {w.tom.id}"),
        (anna.id, "memory day", f"{today(w)} {w.tom.id}"),
    ]


async def test_an_administrator_who_is_no_operator_is_refused_and_nothing_is_told(w):
    await bad_day(w)
    boss = admin(w, administrator=True)
    said = told(await boss.slash(w.channel, "admin memory day", day=today(w)))
    assert said == OPERATORS_ONLY
    assert await audit(w) == []


async def test_who_is_no_operator_any_more_presses_nothing(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    await anna.click(panel, label="Undo that day")
    let_operate(w, w.tom)
    assert told(await anna.click(panel, label="Undo it")).endswith(OPERATORS_ONLY)
    assert "Lives in canary Bergen" in await texts(w)
    assert len(await audit(w)) == 1


async def test_the_buttons_belong_to_who_opened_them(w, anna):
    await bad_day(w)
    panel = await look(w, anna)
    [button] = components(panel)
    data = {"custom_id": button["custom_id"], "component_type": 2, "values": []}
    assert told(await actors._component_interaction(w.tom, stored(w, panel), data)) == interactions.NOT_YOURS


async def test_an_operator_may_do_it_in_private(w):
    await bad_day(w)
    let_operate(w, w.tom)
    panel = panel_of(await w.tom.user.slash("admin memory day", day=today(w)))
    assert "about 2 people" in panel.content


async def test_what_is_no_day_is_told_so(w, anna):
    assert (await look(w, anna, day="soon")).content == NO_DAY


def test_very_many_people_fit_a_message():
    causes = {into(7): 1, into(8): 1, "shared: dm": 2}
    changed = [PersonDay(10**18 + one, {LEARNT: one, **causes}) for one in range(99)]
    panel = day_panel(DATE, changed, None)
    assert width(panel.text) <= 2000
    shown = panel.text.count("<@")
    assert f"- and {99 - shown} people more" in panel.text
    assert f"<@{10**18 + 98}>: 98 learnt, 2 joined, 2 shared" in panel.text
    assert "about 99 people" in undoing_panel(DATE, changed, None).text


@pytest.mark.parametrize(
    ("undone", "said"),
    [
        (Undone(), "Nothing was undone."),
        (Undone(stayed=1), "Nothing was undone. 1 stayed as it was: "),
        (
            Undone(2, 1_000, 3),
            "Done: 1,000 facts of 2 people are as before 2026-05-03. 3 stayed as they",
        ),
    ],
)
def test_what_came_of_it_is_counted(undone, said):
    assert undone_text(DATE, undone).startswith(said)
