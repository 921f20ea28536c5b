"""/admin initiative and the job beside it, on an in-memory Discord (C79, D12)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.audit import Actor
from bot.conversation.attention.server_rules import RuleKind
from cogs import initiative
from cogs._discord.admin import OPERATORS_ONLY
from personas.initiative import TICK, InitiativeBounds, QuietHours, due, slot_of
from tests.builders import AT_ONCE
from tests.staged import company, shown_in
from tests.support.commands import admin, let_operate, told
from tests.support.discord import World, world

ALWAYS = replace(AT_ONCE, initiative=InitiativeBounds(chance=1.0, quiet=QuietHours(0, 0)))


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=ALWAYS) as entered:
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def use(w: World, who: Any, **options: Any) -> str:
    return told(await who.slash(w.channel, "admin initiative", **options))


async def standing(w: World) -> bool:
    async with w.app.database.read() as db:
        channel = await db.channels.get(w.channel.id)
    return channel is not None and channel.speaks_first


async def tick(w: World, channel: Any = None) -> None:
    """Let the moment of a channel come in the next half hour, and have the job look."""
    key, now = str((channel or w.channel).id), w.app.clock.now()
    begin = (slot_of(now) + 1) * TICK.total_seconds()
    wait = begin - now.timestamp()
    while due(now + timedelta(seconds=wait), (), key) is None:
        wait += 30
    await w.env.advance_time(wait)
    cog = w.client.get_cog("InitiativeCog")
    with w.env._bot_scope():
        await cog._tick()  # type: ignore[union-attr]
    await w.env.settle()


async def test_an_operator_switches_it_on_and_off_and_is_told_when_it_may_speak(tmp_path):
    manner = replace(AT_ONCE, initiative=InitiativeBounds())
    async with world(tmp_path, manner=manner) as w:
        anna = operator(w)
        assert await use(w, anna) == initiative.OFF.format(place=w.channel.mention)
        said = await use(w, anna, state="on")
        when, whose, today = said.splitlines()
        assert when == (
            f"In {w.channel.mention} I may speak first: in each half hour with a chance of 10 %, "
            "less in the channel's four liveliest hours and more in its four quietest, 3 times a "
            "day at most; not in the hours 23-8 (UTC); after half an hour to two hours of silence, and an "
            "hour after the last time; both longer in lively hours and shorter in quiet ones; only after "
            "something that a person said within a day, never after my own words."
        )
        assert (whose, today) == (initiative.CONSENT, "I have not spoken first today.")
        assert await standing(w)
        assert await use(w, anna) == said, "to look changes nothing"
        assert await use(w, anna, state="off") == initiative.OFF.format(place=w.channel.mention)
        assert not await standing(w)
        audited = [(one.action, one.detail, one.guild_id) for one in await w.app.audit.latest()]
        assert audited == [
            ("initiative", f"{w.channel.id}: off", w.guild.id),
            ("initiative", f"{w.channel.id}: on", w.guild.id),
        ]


async def test_others_are_refused_also_administrators_of_the_server(w):
    anna = admin(w, administrator=True)
    assert await use(w, anna, state="on") == OPERATORS_ONLY
    assert not await standing(w)


async def test_another_channel_or_a_thread_can_be_named_and_a_forum_not(w):
    anna, other = operator(w), w.guild.create_text_channel("other")
    assert other.mention in await use(w, anna, state="on", channel=other)
    async with w.app.database.read() as db:
        assert [one.id for one in await db.remarks.venues()] == [other.id]
        assert (await db.channels.get(other.id)).name == "other"
    forum = w.guild.create_forum_channel("forum")
    assert await use(w, anna, state="on", channel=forum) == initiative.NO_TALK


async def test_what_keeps_it_from_speaking_is_told(tmp_path):
    manner = replace(AT_ONCE, initiative=InitiativeBounds(chance=0.0))
    async with world(tmp_path, manner=manner) as w:
        anna = operator(w)
        house = {"guild_id": w.guild.id, "target_id": w.channel.id}
        await w.app.administration.set_rule(Actor(1, 1), RuleKind.ACTIVE, **house)
        said = await use(w, anna, state="on")
        assert initiative.SWITCHED_OFF in said
        assert initiative.NEVER.format(key="initiative_chance") in said


async def test_in_private_there_is_no_channel_to_name(w):
    anna = operator(w)
    assert told(await anna.user.slash("admin initiative", state="on")) == initiative.NO_CHANNEL


async def test_the_log_channel_is_not_for_that(tmp_path):
    async with world(tmp_path, manner=ALWAYS) as w:
        anna = operator(w)
        changed = w.app.settings.model_copy(update={"log_channel": w.channel.id})
        object.__setattr__(w.app, "settings", changed)
        assert await use(w, anna, state="on") == initiative.LOG_CHANNEL


async def test_it_speaks_in_the_channel_rings_nobodys_bell_and_why_tells_the_dice(w):
    anna = operator(w)
    await use(w, anna, state="on")
    async with w.app.database.begin() as db:
        await db.consents.set(w.mira.id, True, at=w.app.clock.now())
    await w.mira.send(w.channel, "what a rain")
    w.claude.will_say(f"<@{w.mira.id}> So wet, @everyone!")
    await tick(w)
    assert w.said() == ["So wet, everyone!"]
    assert w.pinged() == set()
    assert w.posts()[-1]["allowed_mentions"] == {"parse": [], "users": []}
    posted = w.channel.history()[-1]
    said = told(await w.mira.slash(w.channel, "why", message=str(posted.id)))
    assert "**Answered**: spoke first." in said
    assert "`speaks_first` decided (contextual; 0." in said


async def test_without_the_permission_to_write_nothing_is_thought_of(w):
    mute = discord.PermissionOverwrite(send_messages=False)
    everybody = w.guild.default_role
    ours = {w.mira: discord.PermissionOverwrite(send_messages=True)}
    stage = w.guild.create_text_channel("stage", overwrites={everybody: mute, **ours})
    assert initiative.MUTE in await use(w, operator(w), state="on", channel=stage)
    await w.mira.send(stage, "what a rain")
    await tick(w, stage)
    assert w.claude.prompts == []


async def test_another_character_speaks_first_under_its_own_name(tmp_path):
    async with company(tmp_path, manner=ALWAYS) as w:
        anna = operator(w)
        await use(w, anna, state="on")
        await anna.slash(w.channel, "persona choose", name="Onyx")
        async with w.app.database.begin() as db:
            await db.consents.set(w.mira.id, True, at=w.app.clock.now())
        await w.mira.send(w.channel, "what a rain")
        w.claude.will_say("The forge hisses.")
        await tick(w)
        assert shown_in(w.channel)[-1] == ("Onyx", "The forge hisses.")
