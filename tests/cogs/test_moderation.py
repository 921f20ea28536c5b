"""Kick, ban, mute, purge and slowmode on an in-memory Discord (F125, C89; faults A11, D13)."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.actors import MemberActor
from simcord.builders import UserHandle

from bot.discord.commands import named
from bot.features.moderation import (
    ABOVE_ME,
    ABOVE_YOU,
    BULK_AGE,
    MYSELF,
    OWNER,
    TOO_LONG_MUTE,
    TOO_LONG_SLOWMODE,
    TOO_LONG_SWEEP,
    UNCLEAR,
    YOURSELF,
    ModerationRefused,
    Rank,
    in_words,
    span_of_mute,
    span_of_slowmode,
    span_of_sweep,
)
from cogs._discord import interactions, moderation
from cogs._discord.moderation import ADMINISTRATOR, I_LACK, LONGEST_AUDITED, meaning
from cogs.channel_moderation import NOTHING_TO_PURGE
from cogs.moderation import NOT_BANNED, NOT_MUTED
from tests.support.commands import let_operate, show_to, told
from tests.support.discord import World, world
from tests.support.moderation import POWERS, above_the_bot, acts, moderator, take_from_bot
from tests.support.panels import forge, panel_of

ON_A_MEMBER = {"kick": "member", "ban": "user", "mute": "member", "unmute": "member"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


async def use(w: World, who: Any, name: str, target: Any, **options: Any) -> Any:
    """Use a command on somebody."""
    if name == "mute":
        options.setdefault("duration", "10m")
    return await who.slash(w.channel, name, **{ON_A_MEMBER[name]: target}, **options)


async def audited(w: World) -> list[tuple[int, str, str]]:
    return [(one.actor_id, one.action, one.detail) for one in await w.app.audit.latest({w.guild.id})]


def nothing_happened(w: World) -> bool:
    return acts(w) == [] and {w.mira.id, w.tom.id} <= set(w.guild.member_ids())


async def confirm(w: World, who: Any, result: Any, label: str) -> Any:
    return await who.click(panel_of(result), label=label)


# --- What is done ---------------------------------------------------------------------------------


async def test_a_member_is_kicked_with_the_reason_and_who_asked(w):
    anna = moderator(w)
    said = told(await use(w, anna, "kick", w.tom, reason="spam\nand more"))
    assert said == "**Tom** had to leave. With an invite they can come back; /ban keeps them out."
    assert w.tom.id not in w.guild.member_ids()
    assert acts(w) == [(20, w.tom.id, f"spam and more (asked by anna, {anna.id})")]
    assert await audited(w) == [(anna.id, "kick", str(w.tom.id))]


async def test_a_ban_asks_first_and_names_the_reason_and_who_asked(w):
    anna = moderator(w)
    asked = await use(w, anna, "ban", w.tom, reason="scams", delete_messages="1 day")
    assert "Shall I ban" in told(asked)
    assert "in the last 1 day is deleted" in told(asked)
    assert nothing_happened(w)
    await confirm(w, anna, asked, "Ban")
    assert w.guild.get_ban(w.tom)["reason"] == f"scams (asked by anna, {anna.id})"
    [request] = [one for one in w.env.http_requests if one.method == "PUT" and "/bans/" in one.path]
    assert request.params == {"delete_message_seconds": 86_400}
    assert await audited(w) == [(anna.id, "ban", f"{w.tom.id}: 86400 s")]


async def test_a_ban_that_is_cancelled_does_nothing(w):
    anna = moderator(w)
    await confirm(w, anna, await use(w, anna, "ban", w.tom), "Cancel")
    assert nothing_happened(w)


async def test_only_who_asked_can_confirm(w):
    anna, ben = moderator(w), moderator(w, name="ben")
    asked = panel_of(await use(w, anna, "ban", w.tom))
    button = next(one for row in asked.components for one in row["components"] if one["label"] == "Ban")
    result = await forge(w, ben, asked, button["custom_id"])
    assert interactions.NOT_YOURS in told(result)
    assert nothing_happened(w)


async def test_a_ban_looks_at_roles_and_permissions_anew_when_it_is_confirmed(w):
    anna = moderator(w)
    asked = await use(w, anna, "ban", w.tom)
    w.env.backend.add_member_role(w.guild.id, w.tom.id, above_the_bot(w).id)
    said = told(await confirm(w, anna, asked, "Ban"))
    assert "highest role is not below yours" in said
    assert nothing_happened(w)


async def test_a_moderator_who_lost_the_permission_can_not_confirm(w):
    anna = moderator(w)
    asked = await use(w, anna, "ban", w.tom)
    [role] = w.env.backend.get_member(w.guild.id, anna.id).role_ids
    w.env.backend.edit_role(w.guild.id, role, {"permissions": 0})
    assert "it takes the permission **Ban Members**. Ask" in told(await confirm(w, anna, asked, "Ban"))
    assert nothing_happened(w)


async def test_somebody_who_never_was_here_can_be_banned_and_let_back_in(w):
    anna, eve = moderator(w), w.env.create_user("eve", global_name="Eve")
    await confirm(w, anna, await use(w, anna, "ban", eve), "Ban")
    assert w.guild.get_ban(eve) is not None
    assert "**Eve** is not banned any more" in told(await anna.slash(w.channel, "unban", user=eve))
    assert w.guild.get_ban(eve) is None
    assert told(await anna.slash(w.channel, "unban", user=eve)) == NOT_BANNED.format(name="**Eve**")


async def test_what_a_banned_person_wrote_is_forgotten_as_far_back_as_it_is_deleted(w):
    await w.tom.send(w.channel, "canary of yesterday")
    await w.env.advance_time(7200)
    await w.tom.send(w.channel, "canary of now")
    await w.mira.send(w.channel, "mine stays")
    anna = moderator(w)
    await confirm(w, anna, await use(w, anna, "ban", w.tom, delete_messages="1h"), "Ban")
    await w.mira.send(w.channel, "Pixel?")
    assert "canary of now" not in w.prompt.text
    assert "canary of yesterday" in w.prompt.text
    assert "mine stays" in w.prompt.text


async def test_a_member_is_muted_for_as_long_as_is_written(w):
    anna = moderator(w)
    said = told(await use(w, anna, "mute", w.tom, duration="1 day and 2 h", reason="flood"))
    assert "1 day, 2 hours from now" in said
    until = w.env.backend.get_member(w.guild.id, w.tom.id).timed_out_until
    there = w.app.clock.now() + timedelta(hours=26)
    assert abs(discord.utils.parse_time(until) - there) < timedelta(seconds=5)
    assert acts(w) == [(24, w.tom.id, f"flood (asked by anna, {anna.id})")]
    assert await audited(w) == [(anna.id, "mute", f"{w.tom.id}: 93600 s")]


async def test_a_muted_member_is_let_speak_again_and_nobody_else(w):
    anna = moderator(w)
    assert told(await use(w, anna, "unmute", w.tom)) == NOT_MUTED.format(name="**Tom**")
    await use(w, anna, "mute", w.tom)
    assert "can write and speak again" in told(await use(w, anna, "unmute", w.tom))
    assert w.env.backend.get_member(w.guild.id, w.tom.id).timed_out_until is None


async def test_a_purge_asks_deletes_and_is_forgotten(w):
    for number in range(3):
        await w.tom.send(w.channel, f"canary {number}")
    await w.mira.send(w.channel, "mine stays")
    anna = moderator(w)
    asked = await anna.slash(w.channel, "purge", count=2, person=w.tom, reason="spam")
    assert "**Shall I delete 2 messages here?**" in told(asked)
    await w.tom.send(w.channel, "a later one")
    assert len(w.channel.history()) == 5
    assert "Deleted: 2 messages" in told(await confirm(w, anna, asked, "Delete 2 messages"))
    assert [one.content for one in w.channel.history()] == ["canary 0", "mine stays", "a later one"]
    assert acts(w) == [(73, w.channel.id, f"spam (asked by anna, {anna.id})")]
    await w.mira.send(w.channel, "Pixel?")
    assert "canary 0" in w.prompt.text
    assert "canary 1" not in w.prompt.text
    assert (anna.id, "purge", f"{w.channel.id}: 2 of {w.tom.id}") in await audited(w)


async def test_what_was_purged_is_forgotten_also_when_the_event_gets_lost(w, monkeypatch):
    await w.tom.send(w.channel, "canary 1")
    await w.tom.send(w.channel, "canary 2")
    anna = moderator(w)
    emit = w.env.backend.emit
    lossy = lambda name, payload: None if "DELETE" in name else emit(name, payload)  # noqa: E731
    monkeypatch.setattr(w.env.backend, "emit", lossy)
    await confirm(w, anna, await anna.slash(w.channel, "purge", count=100), "Delete 2 messages")
    monkeypatch.undo()
    await w.mira.send(w.channel, "Pixel?")
    assert "canary" not in w.prompt.text


async def test_a_purge_leaves_what_is_pinned_or_older_than_discord_takes(w, monkeypatch):
    assert timedelta(days=14) == BULK_AGE
    monkeypatch.setattr(sys.modules["cogs.channel_moderation"], "BULK_AGE", timedelta(hours=1))
    await w.tom.send(w.channel, "old")
    await w.env.advance_time(3_600)
    pinned = await w.tom.send(w.channel, "pinned")
    anna = moderator(w)
    await anna.set_pinned(pinned, True)
    await w.env.settle()
    await w.tom.send(w.channel, "new")
    asked = await anna.slash(w.channel, "purge", count=10, person=w.tom)
    assert "Older messages stay" in told(asked)
    await confirm(w, anna, asked, "Delete 1 message")
    left = [one.content for one in w.channel.history() if one.author.id == w.tom.id]
    assert left == ["old", "pinned"]
    assert told(await anna.slash(w.channel, "purge", count=10, person=w.tom)) == NOTHING_TO_PURGE


async def test_people_wait_between_two_messages_for_as_long_as_is_written(w):
    anna = moderator(w)
    said = told(await anna.slash(w.channel, "slowmode", wait="1m 30s"))
    assert "1 minute, 30 seconds" in said
    assert w.env.backend.get_channel(w.channel.id).rate_limit_per_user == 90
    assert "Nobody has to wait" in told(await anna.slash(w.channel, "slowmode", wait="off"))
    assert w.env.backend.get_channel(w.channel.id).rate_limit_per_user == 0


# --- Who may --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(POWERS))
async def test_each_asks_for_the_permission_for_that_very_act_also_of_operators(w, name):
    others = set(POWERS.values()) - {POWERS[name]}
    anna = moderator(w, *others)
    show_to(w, anna, w.mira)
    let_operate(w, anna)
    options: dict[str, Any] = {"unban": {"user": w.tom}, "purge": {"count": 1}, "slowmode": {"wait": "5s"}}
    for who in (anna, w.mira):
        if name in ON_A_MEMBER:
            result = await use(w, who, name, w.tom)
        else:
            result = await who.slash(w.channel, name, **options[name])
        assert "You may not do that here: it takes the permission" in told(result)
        assert "operators" not in told(result)
    assert nothing_happened(w)
    assert await audited(w) == []


@pytest.mark.parametrize("name", sorted(POWERS))
async def test_each_says_which_permission_the_bot_lacks(w, name):
    anna = moderator(w)
    take_from_bot(w, POWERS[name])
    await w.tom.send(w.channel, "hi")
    options: dict[str, Any] = {"unban": {"user": w.tom}, "purge": {"count": 1}, "slowmode": {"wait": "5s"}}
    if name in ON_A_MEMBER:
        result = await use(w, anna, name, w.tom)
    else:
        result = await anna.slash(w.channel, name, **options[name])
    assert told(result) == I_LACK.format(needed=named(POWERS[name]))
    assert nothing_happened(w)
    assert await audited(w) == []


@pytest.mark.parametrize("name", sorted(ON_A_MEMBER))
async def test_nobody_is_touched_who_stands_as_high_or_higher(w, name):
    anna, owner = moderator(w), w.guild.owner
    [role] = w.env.backend.get_member(w.guild.id, anna.id).role_ids
    equal = w.guild.add_member(
        w.env.create_user("equal", global_name="Equal"),
        roles=[next(one for one in w.guild.roles.values() if one.id == role)],
    )
    higher = w.guild.add_member(w.env.create_user("high", global_name="High"), roles=[above_the_bot(w)])
    assert told(await use(w, anna, name, anna)) == YOURSELF
    assert told(await use(w, anna, name, MemberActor(w.env, w.guild, owner))) == OWNER.format(
        name=f"**{owner.name}**"
    )
    assert told(await use(w, anna, name, equal)) == ABOVE_YOU.format(name="**Equal**")
    assert told(await use(w, anna, name, higher)) == ABOVE_YOU.format(name="**High**")
    assert nothing_happened(w)


@pytest.mark.parametrize("name", sorted(ON_A_MEMBER))
async def test_who_stands_above_the_bot_is_not_touched_for_the_owner_either(w, name):
    boss = MemberActor(w.env, w.guild, w.guild.owner)
    high = w.guild.add_member(w.env.create_user("high", global_name="High"), roles=[above_the_bot(w)])
    assert told(await use(w, boss, name, high)) == ABOVE_ME.format(name="**High**")
    assert nothing_happened(w)


async def test_the_bot_does_nothing_to_itself(w):
    anna, me = moderator(w), MemberActor(w.env, w.guild, UserHandle(w.env, w.env.backend.bot_user))
    for name in ON_A_MEMBER:
        assert told(await use(w, anna, name, me)) == MYSELF
    assert nothing_happened(w)


async def test_administrators_are_not_muted_as_discord_mutes_none(w):
    lower = w.guild.create_role("Root", permissions=discord.Permissions(administrator=True))
    root = w.guild.add_member(w.env.create_user("root", global_name="Root"), roles=[lower])
    anna = moderator(w)  # a role that is made later stands lower: so hers is lifted
    [role] = w.env.backend.get_member(w.guild.id, anna.id).role_ids
    w.env.backend.reorder_roles(w.guild.id, [{"id": role, "position": 2}, {"id": lower.id, "position": 1}])
    assert told(await use(w, anna, "mute", root)) == ADMINISTRATOR.format(name="**Root**")


@pytest.mark.parametrize("name", ["kick", "mute", "unmute"])
async def test_nobody_is_touched_who_is_not_here(w, name):
    anna, eve = moderator(w), w.env.create_user("eve", global_name="Eve")
    assert "**Eve** is not a member of this server" in told(await use(w, anna, name, eve))


async def test_a_name_can_not_pass_for_our_own_words(w):
    rude = w.guild.add_member(w.env.create_user("rude", global_name="**All** of @everyone"))
    said = told(await use(w, moderator(w), "kick", rude))
    assert r"\*\*All\*\* of" in said
    assert w.pinged() == set()


# --- What Discord says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [(403, 50013, "does not let me"), (404, 10007, "not there any more")],
)
async def test_what_discord_refuses_becomes_one_sentence(w, status, code, words):
    anna = moderator(w)
    w.env.inject_error(
        "DELETE", f"/guilds/{w.guild.id}/members/{w.tom.id}", status=status, code=code, times=None
    )
    said = told(await use(w, anna, "kick", w.tom))
    assert words in said
    assert "\n" not in said
    assert w.tom.id in w.guild.member_ids()


def test_each_fault_of_discord_has_its_sentence():
    response: Any = type("Response", (), {"status": 500, "reason": ""})()
    too_many: Any = type("Response", (), {"status": 429, "reason": ""})()
    assert meaning(TimeoutError(), "x") == moderation.UNCERTAIN
    assert meaning(discord.RateLimited(90.0), "x") == moderation.BUSY
    assert meaning(discord.HTTPException(too_many, ""), "x") == moderation.BUSY
    assert meaning(discord.HTTPException(response, ""), "x") == moderation.BROKEN
    assert meaning(OSError(), "x") == moderation.BROKEN


async def test_an_act_that_takes_too_long_says_that_it_may_have_happened(monkeypatch):
    monkeypatch.setattr(moderation, "ACT_SECONDS", 0.01)
    with pytest.raises(ModerationRefused) as refused:
        async with moderation.asking_discord():
            await asyncio.get_running_loop().create_future()
    assert str(refused.value) == moderation.UNCERTAIN


async def test_a_reason_for_the_audit_log_fits_and_still_says_who_asked(w):
    anna = moderator(w, name="a" * 32)
    await use(w, anna, "kick", w.tom, reason="r" * 350)
    [(_, _, reason)] = acts(w)
    assert reason is not None
    assert len(reason) <= LONGEST_AUDITED
    assert reason.endswith(f"(asked by {'a' * 32}, {anna.id})")


# --- Times ----------------------------------------------------------------------------------------

SPANS = {
    "10m": 600,
    "2 h": 7_200,
    "1 day": 86_400,
    "90 seconds": 90,
    "1h30m": 5_400,
    "an hour and a half": 5_400,
    "2 Days, 3 hours and 5 min": 183_900,
    "4 weeks": 2_419_200,
    "28d": 2_419_200,
    "a week": 604_800,
}


@pytest.mark.parametrize(("text", "seconds"), SPANS.items())
def test_times_are_read_as_people_write_them(text, seconds):
    assert span_of_mute(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["10", "soon", "1 month", "-5m", "10m until noon", "tomorrow", "ten of them"]
)
def test_what_is_no_time_is_asked_for_anew(text):
    with pytest.raises(ModerationRefused, match="Write it like"):
        span_of_mute(text)


@pytest.mark.parametrize(
    ("read", "longest", "sentence"),
    [
        (span_of_mute, "28 days", TOO_LONG_MUTE),
        (span_of_sweep, "7 days", TOO_LONG_SWEEP),
        (span_of_slowmode, "21600 s", TOO_LONG_SLOWMODE),
    ],
)
def test_discords_limits_are_said_in_words(read, longest, sentence):
    assert read(longest)
    with pytest.raises(ModerationRefused) as refused:
        read(f"{longest} and 1 second")
    assert str(refused.value) == sentence
    with pytest.raises(ModerationRefused):
        read("99999 weeks")


def test_off_is_no_wait_and_no_sweep_but_no_mute():
    assert span_of_slowmode("Off") == span_of_sweep("0") == timedelta(0)
    with pytest.raises(ModerationRefused) as refused:
        span_of_mute("0")
    assert str(refused.value) == UNCLEAR


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(90_061, "1 day, 1 hour, 1 minute, 1 second"), (7_200, "2 hours"), (0, "no time")],
)
def test_times_are_told_in_words(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words


# --- The order of roles ---------------------------------------------------------------------------


def test_of_two_roles_in_one_place_the_older_is_the_higher():
    assert Rank(1, 5, role_id=10).is_above(Rank(2, 5, role_id=11))
    assert not Rank(1, 5, role_id=11).is_above(Rank(2, 5, role_id=10))
    assert not Rank(1, 5, role_id=10).is_above(Rank(2, 5, role_id=10))
    assert Rank(1, 0, owns=True).is_above(Rank(2, 9, role_id=3))
    assert not Rank(2, 9, role_id=3).is_above(Rank(1, 0, owns=True))
