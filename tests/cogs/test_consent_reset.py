"""/settings consent_reset: people of a place are asked anew, and what was noted goes (F078, D03, D13)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.core.errors import ConfigurationError
from bot.features.privacy.consent import RESET
from cogs.server_settings.cog import OPERATORS_ONLY
from cogs.server_settings.consent_reset import LEFT
from tests.knowing import archived, noted
from tests.support.commands import admin, let_operate, show_to, told
from tests.support.discord import World, world
from tests.support.memories import everything, remember, words
from tests.support.panels import components, enabled, forge, panel_of, stored
from tests.support.privacy import ASKING

YES, RESET_IT = "Yes, remember me", "Reset, and delete what was noted"


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=ASKING) as entered:
        yield entered


@pytest.fixture
def anna(w: World) -> Any:
    """Somebody who may manage the server, and is no operator."""
    return admin(w)


async def answer_of(w: World, who: Any) -> bool | None:
    """Return what somebody answered; raise KeyError if they were never asked."""
    async with w.app.database.read() as db:
        found = await db.consents.of(who.id)
    if found is None:
        raise KeyError("never asked")
    return found[0]


async def is_asked(w: World, who: Any, channel: Any = None) -> bool:
    """Talk to the character, and say whether it asked behind its answer."""
    channel = channel or w.channel
    await who.send(channel, "Pixel, are you there?")
    return w.app.character.memory_question in channel.history()[-1].content


async def agreeing(w: World, who: Any, channel: Any = None) -> None:
    """Let somebody be asked, and say yes with the button below the question."""
    channel = channel or w.channel
    while not await is_asked(w, who, channel):
        pass
    await who.click(channel.history()[-1], label=YES)
    assert await answer_of(w, who) is True


async def agreeing_alone(w: World, who: Any) -> None:
    """Let somebody say yes in private, by a command alone."""
    await who.user.slash("privacy yes")


async def ask(w: World, who: Any, channel: Any = None, **options: Any) -> Any:
    return panel_of(await who.slash(channel or w.channel, "settings consent_reset", **options))


async def reset(w: World, who: Any, channel: Any = None, **options: Any) -> str:
    panel = await ask(w, who, channel, **options)
    result = await who.click(panel, label=RESET_IT)
    return str(stored(w, panel_of(result) if result.response else panel).content)


async def acts(w: World) -> list[tuple[int, int, str, str]]:
    rows = await w.app.audit.latest()
    return [(one.actor_id, one.guild_id, one.action, one.detail) for one in rows]


@pytest.mark.slow
async def test_who_said_yes_in_the_server_is_asked_again_and_what_was_noted_is_gone(w, anna):
    await agreeing(w, w.mira)
    await noted(w, "likes canary tea")
    await archived(w, 4711)
    await remember(w, "my own words")
    await reset(w, anna, whole_server=True)
    with pytest.raises(KeyError):
        await answer_of(w, w.mira)
    assert await words(w) == ["my own words"]
    assert b"canary" not in everything(w)
    async with w.app.database.read() as db:
        assert await db.archive.ids_of(w.mira.id) == []
    assert not await w.app.privacy.may_learn(w.mira.id)
    assert await is_asked(w, w.mira)


async def test_the_question_says_how_many_people_and_memories_it_concerns_and_no_word(w, anna):
    await agreeing(w, w.mira)
    await agreeing(w, w.tom)
    await noted(w, "likes canary tea")
    await noted(w, "likes canary milk", who=w.tom)
    await archived(w, 4711)
    await remember(w, "my own canary")
    panel = await ask(w, anna, whole_server=True)
    assert "concerns 2 people: 2 said yes, 0 did not answer" in panel.content
    assert "2 memories and 1 line" in panel.content
    assert "canary" not in panel.content
    assert enabled(panel) == {RESET_IT, "Leave it"}
    assert len(await words(w, w.tom)) == 1, "asking changes nothing"


async def test_leaving_it_changes_nothing(w, anna):
    await agreeing(w, w.mira)
    panel = await ask(w, anna, whole_server=True)
    await anna.click(panel, label="Leave it")
    assert stored(w, panel).content == LEFT
    assert await answer_of(w, w.mira) is True
    assert await acts(w) == []


async def test_the_audit_has_who_and_where_and_how_many_and_no_word(w, anna):
    await agreeing(w, w.mira)
    await noted(w, "likes canary tea")
    await reset(w, anna)
    assert await acts(w) == [(anna.id, w.guild.id, RESET, f"{w.channel.id}: 1 1")]
    shown = told(await anna.slash(w.channel, "settings audit"))
    assert f"{anna.mention} let 1 person be asked anew who answered in {w.channel.mention}; 1 memory" in shown


async def test_a_second_press_does_nothing_and_leaves_no_second_line(w, anna):
    await agreeing(w, w.mira)
    first, second = await ask(w, anna, whole_server=True), None
    custom_id = next(one["custom_id"] for one in components(first) if one["label"] == RESET_IT)
    await anna.click(first, label=RESET_IT)
    second = await ask(w, anna, whole_server=True)
    assert "there is nothing to reset" in second.content
    assert components(second) == []
    await forge(w, anna, first, custom_id)
    assert len(await acts(w)) == 1


@pytest.mark.slow
async def test_of_a_channel_only_who_answered_in_it_is_asked_again(w, anna):
    other = w.guild.create_text_channel("other")
    await agreeing(w, w.mira)
    await agreeing(w, w.tom, other)
    panel = await ask(w, anna, other)
    assert "1 person of this server agreed in another place" in panel.content
    await reset(w, anna, channel=other)
    assert await answer_of(w, w.mira) is True
    with pytest.raises(KeyError):
        await answer_of(w, w.tom)


async def test_no_admin_reaches_an_answer_that_was_given_in_another_server_or_in_private(w, anna):
    another = w.env.create_guild("Another")
    lobby = another.create_text_channel("lobby")
    guest = another.add_member(w.tom.user)
    await w.mira.send(w.channel, "I am known here, too")
    await w.tom.send(w.channel, "and so am I")
    await agreeing_alone(w, w.mira)
    await agreeing(w, guest, lobby)
    await noted(w, "likes tea")
    for options in ({"whole_server": True}, {}, {"channel": w.channel}):
        panel = await ask(w, anna, **options)
        assert "there is nothing to reset" in panel.content
        assert "2 people of this server agreed in another place" in panel.content
    assert [await answer_of(w, one) for one in (w.mira, w.tom)] == [True, True]
    assert await words(w) == ["likes tea"]


async def test_a_button_taken_into_another_server_reaches_that_server_alone(w, anna):
    await agreeing(w, w.mira)
    panel = await ask(w, anna)
    custom_id = next(one["custom_id"] for one in components(panel) if one["label"] == RESET_IT)
    another = w.env.create_guild("Another")
    boss = another.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    there = another.add_member(anna.user, roles=[boss])
    lobby = another.create_text_channel("lobby")
    foreign = panel_of(await there.slash(lobby, "settings consent_reset"))
    await forge(w, there, foreign, custom_id)
    assert await answer_of(w, w.mira) is True


async def test_who_may_not_manage_the_server_is_refused(w):
    show_to(w, w.mira)
    result = told(await w.mira.slash(w.channel, "settings consent_reset", whole_server=True))
    assert "it takes the permission" in result


async def test_everywhere_is_for_operators_also_when_a_button_is_pressed(w, anna):
    await agreeing_alone(w, w.mira)
    assert OPERATORS_ONLY in told(await anna.slash(w.channel, "settings consent_reset", everywhere=True))
    let_operate(w, anna)
    panel = await ask(w, anna, everywhere=True)
    let_operate(w, w.mira)
    await anna.click(panel, label=RESET_IT)
    assert await answer_of(w, w.mira) is True
    let_operate(w, anna)
    await reset(w, anna, everywhere=True)
    with pytest.raises(KeyError):
        await answer_of(w, w.mira)
    assert await acts(w) == [(anna.id, 0, RESET, "0: 1 0")]


async def test_a_no_stays_a_no_and_who_did_not_answer_is_asked_again(w, anna):
    for _ in range(2):
        await w.tom.send(w.channel, "Pixel, are you there?")
    await w.mira.slash(w.channel, "privacy no")
    panel = await ask(w, anna, whole_server=True)
    assert "0 said yes, 1 did not answer" in panel.content
    assert "1 person who said no there keeps that" in panel.content
    await anna.click(panel, label=RESET_IT)
    assert await answer_of(w, w.mira) is False
    assert await is_asked(w, w.tom)
    assert not await is_asked(w, w.mira)


async def test_where_people_are_told_instead_of_asked_the_question_says_so(tmp_path: Path):
    async with world(tmp_path, manner=replace(ASKING, consent="opt_out")) as w:
        anna = admin(w)
        await w.mira.slash(w.channel, "privacy yes")
        panel = await ask(w, anna, whole_server=True)
        assert "until one says no, I note things about them" in panel.content
        assert "as if each had said no" not in panel.content


async def test_what_a_reset_did_is_as_a_no_for_how_characters_stand_with_people(w, anna):
    await agreeing(w, w.mira)
    await w.mira.send(w.channel, "Pixel, you are wonderful, thank you!")
    async with w.app.database.read() as db:
        assert (await db.people.holdings(w.mira.id)).bonds > 0
    await reset(w, anna, whole_server=True)
    async with w.app.database.read() as db:
        assert (await db.people.holdings(w.mira.id)).bonds == 0


async def test_where_no_line_can_be_written_into_the_audit_nothing_is_reset(w, anna, monkeypatch):
    await agreeing(w, w.mira)
    await noted(w, "likes tea")

    async def failing(*_args: object, **_more: object) -> None:
        raise ConfigurationError("the audit is full")

    monkeypatch.setattr(w.app.audit, "add", failing)
    panel = await ask(w, anna)
    await anna.click(panel, label=RESET_IT)
    assert await answer_of(w, w.mira) is True
    assert await words(w) == ["likes tea"]
    assert enabled(stored(w, panel)) == {RESET_IT, "Leave it"}, "it can be tried again"


async def test_traces_go_also_when_the_program_stops_before_they_are_removed(w, anna, monkeypatch):
    await agreeing(w, w.mira)
    await noted(w, "likes canary tea")

    async def stopped() -> bool:
        return False

    monkeypatch.setattr(w.app.consent_reset, "_finish_erasing", stopped)
    await reset(w, anna, whole_server=True)
    assert await words(w) == []
    assert await w.app.eraser.finish()
    assert b"canary" not in everything(w)


@pytest.mark.slow
async def test_the_export_says_where_somebody_answered_and_leaving_takes_that_along(w):
    await w.mira.slash(w.channel, "privacy yes")
    (file,) = await w.app.privacy.export(w.mira.id)
    assert f'"channel_id": {w.channel.id}'.encode() in file.data
    await w.app.privacy.wish_to_leave(w.mira.id)
    receipt = await w.app.privacy.leave(w.mira.id)
    assert receipt.left == {}
    with pytest.raises(KeyError):
        await answer_of(w, w.mira)
