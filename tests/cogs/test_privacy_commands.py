"""/privacy as people use it: asked once, shown, taken along, deleted (C51, C64, C65; A12, D13, D14)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord

from bot.audit import Actor
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.company import Playing
from bot.features.privacy.export_format import MOST_BYTES, TOO_LARGE
from bot.features.privacy.restore import NO_CONSENT
from cogs._discord import consent, interactions
from cogs._discord.panels import Pen
from cogs.privacy import views as privacy_views
from tests.builders import AT_ONCE
from tests.support.commands import told
from tests.support.discord import World, world
from tests.support.panels import components, enabled, forge, panel_of, stored
from tests.support.privacy import ASKING

QUESTION = {"Yes, remember me", "No", "What is kept?"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=ASKING) as entered:
        yield entered


async def asked(w: World, channel: Any = None, who: Any = None) -> Any:
    """Talk until the question is posted; return the message."""
    channel, who = channel or w.channel, who or w.mira
    for _ in range(2):
        await who.send(channel, "Pixel, are you there?")
    return channel.history()[-1]


async def answer_of(w: World, who: Any = None) -> bool | None:
    async with w.app.database.read() as db:
        found = await db.consents.of((who or w.mira).id)
    return found[0] if found else None


async def show(w: World) -> Any:
    return panel_of(await w.mira.slash(w.channel, "privacy show"))


def labels(message: Any) -> set[str]:
    """Return what can be pressed under a message that everybody sees."""
    return {one.label for row in message.components for one in row.children}


def questions(w: World) -> list[str]:
    return [one for one in w.said() if w.app.character.memory_question in one]


# --- Asking ----------------------------------------------------------------------------------------


async def test_behind_the_second_answer_the_character_asks_and_pings_nobody_else(w):
    rude = f"May I remember you? @everyone {w.tom.mention}"
    changed = w.app.character.model_copy(update={"memory_question": rude})
    w.app.company.primary.playing = Playing(changed)
    await w.mira.send(w.channel, "Pixel, are you there?")
    assert questions(w) == []
    await w.mira.send(w.channel, f"Pixel, tell {w.tom.mention}?")
    question = w.channel.history()[-1]
    assert question.content == (f"{w.mira.mention} {w.app.character.memory_question}\n{consent.SMALL_PRINT}")
    assert labels(question) == QUESTION
    assert w.pinged() <= {w.mira.id}
    for _ in range(3):
        await w.mira.send(w.channel, "Pixel, and now?")
    assert len(questions(w)) == 1


async def test_in_a_direct_message_nobody_has_to_be_addressed(w):
    for _ in range(2):
        await w.mira.send_dm("hello you")
    question = w.mira.user.dm_channel.history()[-1]
    assert question.content.startswith(w.app.character.memory_question)


async def test_the_question_is_no_part_of_the_talk(w):
    await asked(w)
    await w.mira.send(w.channel, "Pixel, so?")
    assert w.app.character.memory_question not in w.prompt.text


async def test_a_yes_is_kept_and_what_it_was_is_told_to_nobody_else(w):
    question = await asked(w)
    result = await w.mira.click(question, label="Yes, remember me")
    assert told_to_one(result) == privacy_views.YES
    assert await answer_of(w) is True
    after = w.channel.history()[-1]
    assert (after.content, labels(after)) == (question.content, set())


async def test_a_no_looks_the_same_to_others(w):
    question = await asked(w)
    result = await w.mira.click(question, label="No")
    assert told_to_one(result) == privacy_views.NO
    assert await answer_of(w) is False
    after = w.channel.history()[-1]
    assert (after.content, labels(after)) == (question.content, set())


def told_to_one(result: Any) -> str:
    (one,) = result.followups
    assert one.ephemeral
    return str(one.content)


async def test_only_who_is_asked_can_answer(w):
    question = await asked(w)
    for label in QUESTION:
        assert told(await w.tom.click(question, label=label)) == interactions.NOT_YOURS
    assert await answer_of(w) is None
    assert labels(w.channel.history()[-1]) == QUESTION


async def test_somebody_may_first_look_at_what_is_kept(w):
    question = await asked(w)
    assert told_to_one(await w.mira.click(question, label="What is kept?")) == privacy_views.WHAT_IS_KEPT
    assert labels(w.channel.history()[-1]) == QUESTION
    await w.mira.click(question, label="Yes, remember me")
    assert await answer_of(w) is True


async def test_a_question_can_be_answered_after_weeks_and_not_for_ever(w):
    w.app.schedule.stop()
    question, tom = await asked(w), await asked(w, who=w.tom)
    await w.env.advance_time(29 * 86_400.0)
    await w.mira.click(question, label="Yes, remember me")
    assert await answer_of(w) is True
    await w.env.advance_time(2 * 86_400.0)
    await w.tom.click(tom, label="Yes, remember me")
    assert await answer_of(w, w.tom) is None
    assert "/privacy show" in w.channel.history()[-1].content


async def test_a_question_that_another_process_asked_is_answered_by_this_one(tmp_path):
    async with world(tmp_path, manner=AT_ONCE) as w:
        panel = consent.question_panel("question", "May I?", w.mira.mention)
        pen = Pen(consent.FAMILY, w.mira.id, w.app.clock.now() + timedelta(days=1))
        with w.env._bot_scope():
            channel = w.client.get_channel(w.channel.id)
            await channel.send(panel.text, view=pen.view(panel))  # type: ignore[union-attr]
        await w.env.settle()
        await w.mira.click(w.channel.history()[-1], label="Yes, remember me")
        assert await answer_of(w) is True


async def test_where_people_are_remembered_unless_they_refuse_they_are_told_once(tmp_path):
    async with world(tmp_path, manner=replace(ASKING, consent="opt_out")) as w:
        notice = await asked(w)
        assert consent.NOTICE in notice.content
        assert labels(notice) == {"Don't", "What is kept?"}
        assert (await w.app.privacy.standing(w.mira.id)).learning
        assert told_to_one(await w.mira.click(notice, label="Don't")) == privacy_views.NO
        assert not (await w.app.privacy.standing(w.mira.id)).learning


async def test_switched_off_nobody_is_asked(tmp_path):
    async with world(tmp_path, manner=replace(ASKING, consent="off")) as w:
        await asked(w)
        await w.mira.send(w.channel, "Pixel, so?")
        assert w.said() == ["Hm."] * 3
        assert told(await w.mira.slash(w.channel, "privacy yes")) == consent.YES_BUT_OFF
        assert told(await w.mira.slash(w.channel, "memory learning", switch="on")) == consent.YES_BUT_OFF
        assert "switched remembering off" in (await show(w)).content


async def test_a_question_that_cannot_be_posted_stops_nothing_and_is_not_tried_again(w, monkeypatch):
    await w.mira.send(w.channel, "Pixel, are you there?")

    def fails(*_: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(Pen, "view", fails)
        await w.mira.send(w.channel, "Pixel, and now?")
    await w.mira.send(w.channel, "Pixel, and then?")
    assert w.said() == ["Hm."] * 3


# --- Looking and changing --------------------------------------------------------------------------


async def test_everything_is_counted_and_can_be_changed_where_it_is_shown(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    await w.mira.send(w.channel, "Pixel, are you there?")
    shown = await show(w)
    for line in ("1 line of yours, 1 answer to you", "facts about you: 1 for good", "1 call to the model"):
        assert line in shown.content
    assert "You were not asked yet: I note nothing about you." in shown.content
    assert enabled(shown) == {"Allow it", "What is kept?", "Delete everything"}
    await w.mira.click(shown, label="Allow it")
    assert await answer_of(w) is True
    shown = await show(w)
    assert "You said yes" in shown.content
    await w.mira.click(shown, label="Stop, and delete what was noted")
    assert await answer_of(w) is False


async def test_the_command_for_learning_is_the_same_answer(w):
    await w.mira.slash(w.channel, "memory learning", switch="on")
    assert "You said yes" in (await show(w)).content
    await w.mira.slash(w.channel, "privacy no")
    assert not await w.app.memories.learns(w.mira.id)


async def test_a_no_says_that_what_was_told_stays(w):
    await w.mira.slash(w.channel, "privacy yes")
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    said = told(await w.mira.slash(w.channel, "privacy no"))
    assert said == privacy_views.NO + consent.NO_TOLD.format(count="1 memory")
    assert [one.text for one in await w.app.memories.of("pixel", w.mira.id)] == ["I like tea"]


@pytest.mark.parametrize(
    "command", ["privacy show", "privacy yes", "privacy no", "privacy export", "privacy delete"]
)
async def test_it_works_for_everybody_and_everywhere(w, command):
    actor = Actor(w.tom.id, w.channel.id)
    await w.app.administration.set_rule(actor, RuleKind.ACTIVE, guild_id=w.guild.id)
    await w.app.administration.set_rule(actor, RuleKind.DENIED_USER, guild_id=w.guild.id, target_id=w.mira.id)
    assert told(await w.mira.slash(w.channel, command))
    assert told(await w.mira.user.slash(command))


# --- Taking along ----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_what_is_exported_comes_back_after_everything_was_deleted(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea", where="everywhere")
    (file,) = await w.app.privacy.export(w.mira.id)
    shown = panel_of(await w.mira.slash(w.channel, "privacy export"))
    assert [one.filename for one in shown.attachments] == [file.name]
    await w.app.privacy.leave(w.mira.id)
    come = {"file": (file.name, file.data)}
    assert told(await w.mira.slash(w.channel, "privacy import", **come)) == NO_CONSENT
    await w.mira.slash(w.channel, "privacy yes")
    said = told(await w.mira.slash(w.channel, "privacy import", **come))
    assert said == privacy_views.IMPORTED.format(facts="1 fact", lines="0 lines", reminders="0 reminders")
    assert [one.text for one in await w.app.memories.of("pixel", w.mira.id)] == ["I like tea"]
    said = told(await w.mira.slash(w.channel, "privacy import", **come))
    assert said == privacy_views.IMPORTED.format(facts="0 facts", lines="0 lines", reminders="0 reminders")


async def test_a_file_that_was_changed_comes_in_as_facts_alone(w):
    await w.mira.slash(w.channel, "privacy yes")
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    (file,) = await w.app.privacy.export(w.mira.id)
    document = json.loads(file.data)
    document["facts"][0] |= {"id": 5, "text": "I like coffee"}
    document["facts"].append(document["facts"][0] | {"id": 6, "text": "my password is hunter2secret"})
    data = json.dumps(document).encode()
    said = told(await w.mira.slash(w.channel, "privacy import", file=("x.json", data)))
    assert said.startswith("Taken in: 1 fact, ")
    assert privacy_views.UNSEALED in said
    assert "`facts[1]`" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"what?", "is not JSON"), (b"{}", "`format`"), (b" " * (MOST_BYTES + 1), TOO_LARGE)],
)
async def test_a_file_that_is_no_export_is_refused_in_a_sentence(w, data, expected):
    await w.mira.slash(w.channel, "privacy yes")
    assert expected in told(await w.mira.slash(w.channel, "privacy import", file=("x.json", data)))


async def test_a_file_that_is_too_large_is_refused_without_being_fetched(w, monkeypatch):
    fetched: list[str] = []

    async def read(self: discord.Attachment) -> bytes:
        fetched.append(self.filename)
        return b"{}"

    monkeypatch.setattr(discord.Attachment, "read", read)
    for size, expected in ((MOST_BYTES, ["x.json"]), (MOST_BYTES + 1, [])):
        fetched.clear()
        await w.mira.slash(w.channel, "privacy import", file=("x.json", b" " * size))
        assert fetched == expected


# --- Leaving ---------------------------------------------------------------------------------------


async def test_before_everything_goes_it_is_asked_for_and_can_be_kept(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    shown = panel_of(await w.mira.slash(w.channel, "privacy delete"))
    assert "facts about you: 1 for good" in shown.content
    await w.mira.click(shown, label="Keep it")
    assert len(await w.app.memories.of("pixel", w.mira.id)) == 1


@pytest.mark.slow
async def test_what_went_and_what_was_found_afterwards_is_told(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    await w.mira.send(w.channel, "Pixel, are you there?")
    shown = panel_of(await w.mira.slash(w.channel, "privacy delete"))
    result = await w.mira.click(shown, label="Delete everything")
    text = panel_text(w, shown)
    assert "1 line of yours, 1 answer to you" in text
    assert (
        "A search of every table and file for your id, your names and any eight words in a row of yours"
        in text
    )
    assert "There is no copy of the database beside it" in text
    assert result.acknowledged
    assert await w.app.memories.of("pixel", w.mira.id) == []


def panel_text(w: World, shown: Any) -> str:
    return str(stored(w, shown).content)


async def test_a_person_whom_an_admin_denied_is_told_that_this_stays(w):
    actor = Actor(w.tom.id, w.channel.id)
    await w.app.administration.set_rule(actor, RuleKind.DENIED_USER, guild_id=w.guild.id, target_id=w.mira.id)
    shown = panel_of(await w.mira.slash(w.channel, "privacy delete"))
    await w.mira.click(shown, label="Delete everything")
    text = panel_text(w, shown)
    assert "told not to listen to you" in text
    assert "administration by or about you" in text
    assert "found nothing" in text
    house = await w.app.administration.house(w.guild.id)
    assert house.ignores(w.mira.id)


async def test_nobody_else_can_press_it(w):
    await w.mira.slash(w.channel, "remember", memory="I like tea")
    shown = panel_of(await w.mira.slash(w.channel, "privacy delete"))
    delete = next(one for one in components(shown) if one["label"] == "Delete everything")
    with pytest.raises(simcord.SetupError):
        await w.tom.click(shown, label="Delete everything")
    await forge(w, w.tom, shown, delete["custom_id"])
    assert len(await w.app.memories.of("pixel", w.mira.id)) == 1
