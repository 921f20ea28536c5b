"""/remind, /birthday and /timezone, used as people would, and what is said when it is due (C82; A11, D13)."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.text.split import width
from bot.features.reminders.reminder_rules import LONGEST, NEAR_ZONES, NO_SUCH_DAY, UNCLEAR, UNKNOWN
from cogs.reminders import cog as reminders
from cogs.reminders.views import NOTHING, list_panel
from database.models import Reminder
from tests.fakes import EPOCH
from tests.support.commands import admin, kept, told
from tests.support.discord import World, world
from tests.support.memories import everything
from tests.support.panels import enabled, forge, menu_of, panel_of


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


async def mine(w: World, who: Any = None) -> list[Reminder]:
    return await w.app.reminders.of("pixel", (who or w.mira).id)


async def slash(w: World, name: str, *, who: Any = None, channel: Any = None, **options: Any) -> str:
    return told(await (who or w.mira).slash(channel or w.channel, name, **options))


async def come_due(w: World) -> None:
    """Let the time come for everything that is kept about anybody, and let the job look for it."""
    async with w.app.database.begin() as db:
        for one in [*await db.reminders.of_person(w.mira.id), *await db.reminders.of_person(w.tom.id)]:
            await db.reminders.change(one.id, {"due_at": w.app.clock.now()})
    await look(w)


async def look(w: World) -> None:
    cog: Any = w.client.get_cog("RemindersCog")
    await cog._fire()
    await w.env.settle()


# --- Reminders ------------------------------------------------------------------------------------


async def test_a_reminder_is_confirmed_with_its_moment_its_place_and_the_zone_that_was_taken(w):
    said = await slash(w, "remind me", when="in 2 hours", what="call mom")
    [only] = await mine(w)
    assert only.due_at - w.app.clock.now() <= timedelta(hours=2)
    stamp = discord.utils.format_dt(only.due_at, "F")
    assert stamp in said
    assert said.startswith(f"I'll remind you in {w.channel.mention} on {stamp} (")
    assert " Others can read it there.\n" in said
    assert f"/remind delete {only.id}" in said
    assert said.endswith(reminders.ZONE_UNKNOWN)
    await slash(w, "timezone set", zone="Europe/Oslo")
    said = await slash(w, "remind me", when="tomorrow 9:00", what="call mom")
    assert said.endswith(reminders.BY_CLOCK.format(zone="Europe/Oslo"))


async def test_what_is_due_is_said_where_it_was_asked_for_and_pings_nobody_else(w):
    wild = f"@everyone {w.tom.mention} call mom"
    await slash(w, "remind me", when="in 2 hours", what=wild)
    w.claude.will_say(wild)
    await come_due(w)
    assert w.said() == [f"{w.mira.mention} {wild}"]
    assert w.pinged() == {w.mira.id}
    assert await mine(w) == []


async def test_the_job_says_it_by_itself_and_once(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    await w.env.advance_time(7_190)
    await look(w)
    assert w.said() == []
    await w.env.advance_time(20)
    await look(w)
    await look(w)
    assert len(w.said()) == 1
    assert "say what is due" in w.app.schedule.names


async def test_what_came_due_while_nobody_was_there_is_said_when_the_bot_is_back(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    await w.env.advance_time(9_000)
    assert w.said() == []
    await w.settle(w.client.dispatch, "ready")
    assert len(w.said()) == 1


async def test_what_is_told_in_a_direct_message_is_said_there(w):
    said = told(await w.mira.user.slash("remind me", when="in 2 hours", what="canary"))
    assert "Others can read it" not in said
    await come_due(w)
    assert len(w.said(w.mira.user.dm_channel)) == 1
    assert w.said() == []


async def test_what_can_not_be_kept_is_answered_with_the_reason(w):
    assert await slash(w, "remind me", when="soonish", what="call mom") == UNCLEAR
    assert await mine(w) == []


async def test_a_time_may_be_written_in_the_language_of_the_persons_discord(w):
    interaction: Any = type("Asked", (), {"locale": discord.Locale.norwegian})
    assert reminders._languages(interaction) == ("en", "nb")
    interaction.locale = discord.Locale.american_english
    assert reminders._languages(interaction) == ("en",)
    interaction.locale = discord.Locale.german
    assert reminders._languages(interaction) == ("en", "de")


@pytest.mark.parametrize("what", ["deactivate", "deny"])
async def test_where_it_must_not_listen_it_keeps_nothing_and_lets_go_all_the_same(w, what):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    [before] = await mine(w)
    anna = admin(w)
    await anna.slash(w.channel, f"settings {what}", **({"user": w.mira} if what == "deny" else {}))
    for name, options in (
        ("remind me", {"when": "in 2 hours", "what": "canary"}),
        ("remind date", {"day": 3, "month": 5, "what": "canary"}),
        ("birthday set", {"day": 3, "month": 5}),
    ):
        assert await slash(w, name, **options) == reminders.NOT_HERE
    assert "canary" not in "".join(kept(w))
    await come_due(w)
    assert w.said() == []
    assert await slash(w, "remind delete", number=before.id) in (reminders.DELETED, UNKNOWN)
    assert await mine(w) == []


async def test_where_it_may_not_write_it_promises_nothing(w, monkeypatch):
    held = discord.Permissions(view_channel=True)
    monkeypatch.setattr(discord.Interaction, "app_permissions", property(lambda _: held))
    options = {"when": "in 2 hours", "what": "call mom"}
    assert await slash(w, "remind me", **options) == reminders.CANNOT_WRITE
    assert await mine(w) == []
    held.update(send_messages=True)
    assert "I'll remind you" in await slash(w, "remind me", **options)


# --- Who and what is still there ------------------------------------------------------------------


async def test_who_has_left_the_server_is_not_reminded_there(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    await slash(w, "birthday set", day=3, month=5)
    w.env.inject_error("GET", f"/guilds/{w.guild.id}/members/{w.mira.id}", status=404, code=10007, times=None)
    await come_due(w)
    assert w.said() == []
    assert [one.kind for one in await mine(w)] == ["birthday"]


async def test_in_a_channel_that_is_gone_nothing_is_said_and_nowhere_else(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    w.client.get_guild(w.guild.id)._remove_channel(w.client.get_channel(w.channel.id))
    w.env.inject_error("GET", f"/channels/{w.channel.id}", status=404, code=10003, times=None)
    await come_due(w)
    assert w.posts() == []
    assert await mine(w) == []


async def test_when_discord_can_not_tell_who_is_there_it_is_said_later(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    w.env.inject_error("GET", f"/guilds/{w.guild.id}/members/{w.mira.id}", status=503, times=None)
    await come_due(w)
    assert w.said() == []
    w.env.backend.faults.clear()
    await look(w)
    assert len(w.said()) == 1


async def test_with_a_denied_role_it_is_not_said(w):
    ducks = w.guild.create_role("Ducks")
    dan = w.guild.add_member(w.env.create_user("dan"), roles=[ducks])
    await slash(w, "remind me", who=dan, when="in 2 hours", what="call mom")
    async with w.app.database.begin() as db:
        await db.channels.lay_down_rule(w.guild.id, RuleKind.DENIED_ROLE, ducks.id)
        [one] = await db.reminders.of_person(dan.id)
        await db.reminders.change(one.id, {"due_at": w.app.clock.now()})
    await look(w)
    assert w.said() == []
    assert await mine(w, dan) == []


async def test_in_a_thread_the_rules_of_its_channel_hold(w):
    parent = w.client.get_channel(w.channel.id)
    assert isinstance(parent, discord.TextChannel)
    await parent.create_thread(name="side talk", type=discord.ChannelType.public_thread)
    await w.env.settle()
    [thread] = w.channel.threads
    await slash(w, "remind me", channel=thread, when="in 2 hours", what="call mom")
    await come_due(w)
    assert len(w.said(thread)) == 1
    await slash(w, "remind me", channel=thread, when="in 2 hours", what="call mom again")
    async with w.app.database.begin() as db:
        await db.channels.lay_down_rule(w.guild.id, RuleKind.ACTIVE, w.channel.id)
    await come_due(w)
    assert len(w.said(thread)) == 1
    assert await mine(w) == []


async def test_who_may_not_see_the_channel_any_more_is_not_reminded_there(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    channel = w.client.get_channel(w.channel.id)
    assert isinstance(channel, discord.TextChannel)
    member = await channel.guild.fetch_member(w.mira.id)
    await channel.set_permissions(member, view_channel=False)
    await w.env.settle()
    await come_due(w)
    assert w.posts() == []
    assert await mine(w) == []


# --- Looking, and letting go ----------------------------------------------------------------------


async def test_who_has_nothing_is_told_how(w):
    assert await slash(w, "remind list") == NOTHING


async def test_the_list_says_of_each_when_where_and_how_often(w):
    await slash(w, "remind me", when="in 2 hours", what="call *mom*")
    await slash(w, "birthday set", day=3, month=5)
    await slash(w, "remind date", day=29, month=2, what="our wedding")
    once, *yearly = await mine(w)
    text = panel_of(await w.mira.slash(w.channel, "remind list")).content
    assert text.startswith("**What I will say to you later**: 3\n")
    assert f"**#{once.id}** call \\*mom\\*\n-# {discord.utils.format_dt(once.due_at, 'f')}" in text
    assert text.count(f"in {w.channel.mention}") == 3
    assert "every year on 3 May" in text and "every year on 29 February" in text
    assert len(yearly) == 2


async def test_long_lists_have_pages_and_a_menu_that_lets_one_go(w):
    for number in range(1, 9):
        await slash(w, "remind me", when=f"in {number} hours", what=f"thing {number}")
    page = panel_of(await w.mira.slash(w.channel, "remind list"))
    assert "8, page 1 of 2" in page.content
    assert enabled(page) == {"Next"}
    await w.mira.click(page, label="Next")
    assert "thing 7" in page.content and "thing 6" not in page.content
    [seventh, _] = menu_of(page)["options"]
    await w.mira.select(page, [seventh["value"]])
    assert "page 2 of 2" in page.content and "thing 7" not in page.content
    assert [one.text for one in await mine(w)] == [f"thing {n}" for n in (1, 2, 3, 4, 5, 6, 8)]


async def test_nobody_else_can_press_the_menu_or_delete_by_number(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    [only] = await mine(w)
    assert await slash(w, "remind delete", who=w.tom, number=only.id) == UNKNOWN
    page = panel_of(await w.mira.slash(w.channel, "remind list"))
    await forge(w, w.tom, page, menu_of(page)["custom_id"])
    assert len(await mine(w)) == 1
    assert await slash(w, "remind delete", number=only.id) == reminders.DELETED
    assert await slash(w, "remind delete", number=only.id) == UNKNOWN


async def test_what_is_let_go_leaves_no_byte_behind(w):
    await slash(w, "remind me", when="in 2 hours", what="call the canary")
    assert b"canary" in everything(w)
    await slash(w, "remind delete", number=(await mine(w))[0].id)
    assert b"canary" not in everything(w)


async def test_numbers_are_offered_with_their_words_and_only_ones_own(w):
    await slash(w, "remind me", when="in 2 hours", what="call mom")
    await slash(w, "remind me", who=w.tom, when="in 2 hours", what="canary")
    await slash(w, "birthday set", day=3, month=5)
    first, second = await mine(w)
    offered = await w.mira.autocomplete(w.channel, "remind delete", "number", "")
    assert [(one["name"], one["value"]) for one in offered] == [
        (f"#{first.id} call mom", first.id),
        (f"#{second.id} your birthday", second.id),
    ]
    offered = await w.mira.autocomplete(w.channel, "remind delete", "number", "birth")
    assert [one["value"] for one in offered] == [second.id]


WILD = st.text(
    st.sampled_from("ab \n`*_|>#-[]()<@&!:\u0334\u202e\U0001f600\r\u2028\\") | st.characters(),
    min_size=1,
    max_size=LONGEST,
)


@settings(max_examples=60)
@given(texts=st.lists(WILD, min_size=1, max_size=25), page=st.integers(1, 30))
def test_every_page_is_a_message_that_discord_takes_and_no_words_pass_for_ours(texts, page):
    rows = [row(number, text) for number, text in enumerate(texts, 10**9)]
    panel = list_panel(rows, page, 5)
    assert width(panel.text) <= 2000
    head, *entries, foot = panel.text.split("\n")
    assert head.startswith("**What I will say")
    assert foot.startswith("-# Choose")
    assert 2 <= len(entries) <= 12
    for number, line in enumerate(entries):
        assert re.match(r"-# <t:\d+:f>" if number % 2 else r"\*\*#\d+\*\* ", line)


def row(number: int, text: str) -> Reminder:
    due = datetime(2099, 12, 31, tzinfo=EPOCH.tzinfo)
    one = Reminder(10**18, "pixel", "date", text, 10**18, 10**18, "UTC", due, EPOCH, 12, 31)
    one.id = number
    return one


# --- Birthdays and dates --------------------------------------------------------------------------


async def test_a_birthday_is_kept_shown_and_forgotten(w):
    assert await slash(w, "birthday show") == reminders.NO_BIRTHDAY
    said = await slash(w, "birthday set", day=3, month=5)
    [only] = await mine(w)
    stamp, place = discord.utils.format_dt(only.due_at, "F"), f"in {w.channel.mention}"
    assert said.startswith(
        f"I'll congratulate you {place} every year, at 09:00 on 3 May; the next time is {stamp}. "
        "Others can read it there.\n"
    )
    said = await slash(w, "birthday show")
    known = "Your birthday, as I know it: 3 May."
    assert said.startswith(f"{known} I'll next congratulate you {place} on {stamp}.")
    assert await slash(w, "birthday forget") == reminders.BIRTHDAY_FORGOTTEN
    assert await slash(w, "birthday forget") == reminders.NO_BIRTHDAY
    assert await mine(w) == []


@pytest.mark.parametrize("name", ["birthday set", "remind date"])
async def test_a_day_that_no_calendar_has_is_refused(w, name):
    more = {"what": "x"} if name == "remind date" else {}
    assert await slash(w, name, day=31, month=4, **more) == NO_SUCH_DAY
    assert await mine(w) == []


async def test_a_date_is_brought_up_and_kept_for_the_next_year(w):
    await slash(w, "remind date", day=3, month=5, what="our wedding")
    w.claude.will_say("Happy wedding day!")
    await come_due(w)
    assert w.said() == [f"{w.mira.mention} Happy wedding day!"]
    [only] = await mine(w)
    assert only.due_at > w.app.clock.now()


# --- Time zones -----------------------------------------------------------------------------------


async def test_a_zone_is_set_in_any_letter_case_and_shown_with_its_time(w):
    assert "so I take UTC" in await slash(w, "timezone show")
    said = await slash(w, "timezone set", zone="europe/oslo")
    assert "Your time zone is Europe/Oslo now" in said
    assert "reminders stay at the moment for which you asked" in said
    assert "Europe/Oslo" in await slash(w, "timezone show")
    assert "so I take UTC" in await slash(w, "timezone show", who=w.tom)


async def test_anything_else_is_answered_with_near_matches(w):
    assert await slash(w, "timezone set", zone="Olso") == NEAR_ZONES.format(near="Europe/Oslo")
    assert "I don't know a time zone" in await slash(w, "timezone set", zone="UTC+2")
    assert "so I take UTC" in await slash(w, "timezone show")


async def test_zones_are_offered_by_their_city(w):
    offered = await w.mira.autocomplete(w.channel, "timezone set", "zone", "osl")
    assert [one["value"] for one in offered] == ["Europe/Oslo"]
    offered = await w.mira.autocomplete(w.channel, "timezone set", "zone", "")
    assert len(offered) == 25
