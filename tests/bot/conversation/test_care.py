"""People in distress: a notice for their eyes only, gentle replies, and nothing kept of it (C91)."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.arranging import manner_of
from bot.audit import Actor
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.config import Notice
from bot.conversation.safety import NOT_REACHED
from bot.core.errors import Unsaid
from bot.core.logging import OURS
from bot.prompts import fill
from bot.settings import Settings
from memory.extraction import own_words
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, administration_of, table
from tests.learning import DAY, agree, all_of_it, archived, facts, say
from tests.support.ages import RED
from tests.support.commands import admin, told
from tests.support.discord import SERVER, World, world

SAD = "Pixel, I want to die"
NOTICE = "I am a bot. Help: 112."
GENTLE = fill("gentle", name="Pixel")
CARING = replace(AT_ONCE, notice=Notice(NOTICE, timedelta(hours=24)))
HOUR = 3600.0


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with table(tmp_path, manner=CARING) as set_table:
        yield set_table


# --- The notice --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [DM, CHANNEL])
async def test_it_is_shown_to_that_person_alone_beside_the_reply(at, where):
    at.claude.will_say("I'm here. Talk to me.")
    await at.hear(SAD, where=where)
    assert at.mouth.whispered == [(42, NOTICE)]
    assert at.mouth.said == ["I'm here. Talk to me."]


async def test_one_person_is_shown_it_once_in_so_many_hours(at):
    for _ in range(3):
        await at.hear(SAD, where=CHANNEL)
    await at.hear(SAD, where=DM)
    await at.hear(SAD, where=CHANNEL, author_id=7, author_name="Tom")
    assert [person for person, _ in at.mouth.whispered] == [42, 7]
    at.clock.pass_time(23.9 * HOUR)
    await at.hear(SAD, where=DM)
    assert len(at.mouth.whispered) == 2
    at.clock.pass_time(0.2 * HOUR)
    await at.hear(SAD, where=DM)
    assert len(at.mouth.whispered) == 3


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("Pixel, this bug makes me want to die laughing", {}),
        ("Pixel, kill the process", {}),
        (SAD, {"from_bot": True}),
        ("I want to die", {}),  # to nobody here: who did not talk to the bot is not written to by it
    ],
)
async def test_talk_that_is_none_of_it_shows_nothing(at, text, changes):
    await at.hear(text, where=CHANNEL, **changes)
    assert at.mouth.whispered == []


async def test_what_is_meant_counts_and_not_what_it_quotes(at):
    await at.hear(f"Pixel, (sent a file: {SAD})", words="Pixel, look", where=CHANNEL)
    assert at.mouth.whispered == []


async def test_who_takes_no_private_messages_gets_a_line_that_names_nothing(at):
    at.mouth.deaf = {42}
    await at.hear(SAD, where=CHANNEL)
    assert at.mouth.said == [NOT_REACHED.format(person_id=42), "Hm."]
    assert not {"die", "help", "suicide", "crisis"} & set(NOT_REACHED.lower().split())


async def test_what_could_not_be_shown_is_shown_with_the_next_such_line(at, caplog):
    at.mouth.whispers_fail.append(Unsaid("Discord can't be reached"))
    await at.hear(SAD, where=CHANNEL)
    assert at.mouth.said == ["Hm."]
    await at.hear(SAD, where=CHANNEL)
    assert at.mouth.whispered == [(42, NOTICE)]


async def test_an_operator_or_the_admins_of_a_server_switch_it_off(tmp_path, at):
    await administration_of(at).set_rule(Actor(1, 1), RuleKind.NOTICES, guild_id=700, value=0.0)
    await at.hear(SAD, where=CHANNEL)
    assert at.mouth.whispered == []
    assert at.mouth.said == ["Hm."]
    await at.hear(SAD, where=DM)
    assert at.mouth.whispered == [(42, NOTICE)]
    async with table(tmp_path / "off", manner=AT_ONCE) as without:
        await without.hear(SAD)
        assert without.mouth.whispered == []


async def test_it_comes_from_the_settings():
    manner = manner_of(Settings(crisis_notice_hours=6), SERVER)
    assert manner.notice.again_after == timedelta(hours=6)
    for fact in ("I am a bot", "no person", "112", "988", "https://findahelpline.com"):
        assert fact in manner.notice.text
    assert len(manner.notice.text) < 1900
    assert manner_of(Settings(crisis_notice="OFF"), SERVER).notice.text == ""
    assert manner_of(Settings(crisis_notice=" Call me. "), SERVER).notice.text == "Call me."


async def test_who_calls_a_character_that_must_not_answer_is_shown_it_all_the_same(tmp_path):
    async with table(tmp_path, character=RED, manner=CARING) as at:
        await at.hear("Scarlet, I want to die", where=DM)
        await at.hear("Scarlet, I want to die", where=DM)
        assert at.mouth.whispered == [(42, NOTICE)]
        assert len(at.mouth.said) == 1


# --- The reply ---------------------------------------------------------------------------------------


def systems(at: Table) -> list[list[str]]:
    return [[block.text for block in prompt.system] for prompt in at.claude.prompts]


async def test_the_reply_is_told_to_be_gentle_by_words_of_ours(at):
    await at.hear("Pixel, hello", where=CHANNEL)
    await at.hear("Pixel, my canary died and I want to die", where=CHANNEL)
    plain, gentle = systems(at)
    assert len(plain) == 1
    assert gentle == [*plain, GENTLE]
    assert "canary" not in "".join(gentle)
    assert at.claude.prompts[1].system[0].cache


async def test_for_an_hour_the_talk_stays_gentle_and_then_it_is_over(at):
    await at.hear("i want to kill myself", where=CHANNEL)
    await at.hear("Pixel, hello", where=CHANNEL, author_id=7, author_name="Tom")
    at.clock.pass_time(HOUR + 60)
    await at.hear("Pixel, hello", where=CHANNEL)
    assert [len(one) for one in systems(at)] == [2, 1]


# --- What is kept ------------------------------------------------------------------------------------


async def test_no_fact_is_drawn_from_it_and_no_line_of_it_is_archived(at):
    await agree(at)
    at.claude.finds = all_of_it
    await say(at, "I have a sister called Ida")
    await say(at, "I want to kill myself since my sister left", reply="That sounds so dark, wanting to die.")
    at.clock.pass_time(DAY)
    await at.app.consolidation.run("pixel")
    known = [one.text for one in await facts(at)]
    assert any("Ida" in one for one in known)
    assert not [one for one in known if "kill" in one or "die" in one]
    asked = "".join(prompt.text for prompt in at.claude.background)
    assert "Ida" in asked
    assert "kill myself" not in asked
    assert "wanting to die" not in asked
    texts = [one.text for one in await archived(at)]
    assert any("Ida" in one for one in texts)
    assert not [one for one in texts if "kill" in one or "die" in one]


async def test_neither_a_wish_nor_a_reminder_is_taken_from_it(at):
    await agree(at)
    await at.hear("Pixel, remember that I want to die", where=DM)
    await at.hear("Pixel, remind me tomorrow that I want to kill myself", where=DM)
    assert await facts(at) == []
    assert await at.app.reminders.of("pixel", 42) == []


def test_own_words_leave_it_out():
    lines = [
        SimpleNamespace(message_id=n, author_id=42, text=one) for n, one in enumerate([SAD, "I like tea"])
    ]
    assert [one.text for one in own_words(lines)] == ["I like tea"]  # type: ignore[arg-type]


async def test_no_log_line_tells_of_it(at, caplog):
    with caplog.at_level(
        logging.DEBUG
    ):  # of others nothing below INFO is ever written (tests/bot/core/test_log.py)
        await at.hear("Pixel, my canary died and I want to die", where=CHANNEL)
    assert at.mouth.whispered
    ours = [one for one in caplog.records if one.name.partition(".")[0] in OURS]
    logged = " ".join(one.getMessage().lower() for one in ours)
    assert "pixel replies" in logged
    assert not [one for one in ("canary", "die", "distress", "notice", "crisis") if one in logged]


# --- On Discord --------------------------------------------------------------------------------------


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=CARING) as entered:
        yield entered


@pytest.mark.slow
async def test_in_a_server_it_comes_as_a_direct_message_and_nobody_else_sees_it(w):
    await w.mira.send(w.channel, SAD)
    assert w.said() == ["Hm."]
    assert w.said(w.mira.user.dm_channel) == [NOTICE]


async def test_in_a_dm_it_stands_beside_the_reply(w):
    await w.mira.send_dm("I want to die")
    assert w.said(w.mira.user.dm_channel) == [NOTICE, "Hm."]


@pytest.mark.parametrize("path", ["/users/@me/channels", "/channels/*/messages"])
async def test_with_direct_messages_blocked_a_neutral_line_asks_for_them(w, path):
    if "messages" in path:
        await w.mira.send_dm("hi")
        path = f"/channels/{w.mira.user.dm_channel.id}/messages"
    w.env.inject_error("POST", path, status=403, code=50007, times=1)
    await w.mira.send(w.channel, SAD)
    assert w.said() == [NOT_REACHED.format(person_id=w.mira.id), "Hm."]


@pytest.mark.slow
async def test_admins_see_and_switch_it_with_slash_commands(w):
    anna = admin(w)
    shown = told(await anna.slash(w.channel, "settings show"))
    assert "**Notices about help for people in distress**: on" in shown
    said = told(await anna.slash(w.channel, "settings switch", what="notices", state="off"))
    assert said.startswith("Nobody here is shown any more")
    shown = told(await anna.slash(w.channel, "settings show"))
    assert "**Notices about help for people in distress**: off" in shown
    assert "- Notices about help for people in distress: off" in shown
    await w.mira.send(w.channel, SAD)
    assert NOTICE not in [one["content"] for one in w.posts()]
    assert w.said() == ["Hm."]
    said = told(await anna.slash(w.channel, "settings switch", what="adults", state="off"))
    assert "not even in age-restricted" in said
    assert "Characters for adults in age-restricted channels: off" in told(
        await anna.slash(w.channel, "settings audit")
    )


def test_pixel_is_for_all():
    assert not PIXEL.nsfw
