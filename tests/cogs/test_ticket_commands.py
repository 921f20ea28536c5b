"""Tickets: a private thread is opened, answered in and closed, with a transcript (F126, C90; A12, D13)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import ChannelType, OverwriteType

from bot.discord.connection import open_client
from bot.features.privacy.export_format import read_portable
from bot.features.tickets import COOLDOWN, MAKING, StillOpen
from cogs.initiative import TICKET
from cogs.tickets import cog as admin_texts
from cogs.tickets import desk as texts
from database.models import Desk
from tests.support.commands import kept, let_operate, show_to, told
from tests.support.discord import World, world
from tests.support.tickets import Staff, hide, set_up, threads, written


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


async def hand_over(w: World, staff: Staff) -> tuple[Any, Any]:
    """Let others answer tickets from now on; return one of them, and their office."""
    role = w.guild.create_role("Newcomers")
    zoe = w.guild.add_member(w.env.create_user("zoe", global_name="Zoe"), roles=[role])
    annex = w.guild.create_text_channel("annex")
    hide(w, annex, zoe, staff.anna)
    await staff.anna.slash(w.channel, "tickets setup", role=role, staff_channel=annex)
    return zoe, annex


async def opened(w: World, who: Any = None, **options: Any) -> Any:
    """Let somebody open a ticket; return its thread."""
    await (who or w.mira).slash(w.channel, "ticket open", **options)
    return threads(w)[-1]


def heard(result: Any) -> str:
    """Return what a press answered, for the eyes of who pressed."""
    [said] = result.followups
    assert said.ephemeral
    return said.content


def files_in(channel: Any) -> list[str]:
    return [file.filename for one in channel.history() for file in one.attachments]


# --- Opening --------------------------------------------------------------------------------------


async def test_a_ticket_is_a_private_thread_of_who_opened_it_and_says_who_reads_it(w):
    staff = await set_up(w)
    result = await w.mira.slash(w.channel, "ticket open", subject="my *order* @everyone")
    [thread] = threads(w)
    assert told(result) == texts.MADE.format(thread=f"<#{thread.id}>")
    stored = w.env.backend.get_channel(thread.id)
    assert stored.type == ChannelType.PRIVATE_THREAD
    assert w.mira.id in stored.thread_members
    assert w.tom.id not in stored.thread_members
    first, subject = thread.history()
    assert not first.embeds
    assert first.content.startswith("**Ticket 1 · Mira**\n")
    assert texts.UNHEARD in first.content
    assert f"holders of <@&{staff.role.id}>" in first.content
    assert f"put into <#{staff.office.id}>" in first.content
    assert subject.content == "> my *order* @everyone"
    assert w.pinged() == set()
    [news] = staff.office.history()
    assert news.content == texts.TOLD_STAFF.format(number=1, name="**Mira**", thread=f"<#{thread.id}>")


async def test_who_is_no_member_of_a_ticket_does_not_see_it(w):
    await set_up(w)
    thread = await opened(w)
    with pytest.raises(Exception, match=r"(?i)access|permission|see"):
        await w.tom.send(thread, "let me in")


async def test_without_a_desk_an_admin_is_named(w):
    assert told(await w.mira.slash(w.channel, "ticket open")) == texts.NO_DESK


async def test_one_ticket_a_person_and_a_while_between_two(w):
    await set_up(w)
    thread = await opened(w)
    again = told(await w.mira.slash(w.channel, "ticket open"))
    assert again == texts.ALREADY.format(thread=f"<#{thread.id}>")
    await opened(w, w.tom)
    await w.mira.slash(thread, "ticket close")
    assert "You can open another one" in told(await w.mira.slash(w.channel, "ticket open"))
    assert len(threads(w)) == 2
    await w.env.advance_time(COOLDOWN.total_seconds())
    await opened(w)
    assert len(threads(w)) == 3


async def test_a_ticket_whose_thread_was_deleted_is_not_open_any_more(w):
    await set_up(w)
    thread = await opened(w)
    w.env.backend.delete_channel(thread.id)
    await w.env.advance_time(COOLDOWN.total_seconds())
    assert "Your ticket is open" in told(await w.mira.slash(w.channel, "ticket open"))


async def test_a_thread_that_can_not_be_made_leaves_nothing_behind(w):
    await set_up(w)
    w.env.inject_error("POST", f"/channels/{w.channel.id}/threads", status=500, times=None)
    said = told(await w.mira.slash(w.channel, "ticket open"))
    assert said == "Discord could not do that just now. Try again in a minute."
    assert not [line for line in kept(w) if line.startswith('INSERT INTO "tickets"')]


async def test_where_the_bot_may_not_make_private_threads_it_says_so(w):
    await set_up(w)
    [role] = [one for one in w.guild._guild.roles.values() if one.managed]
    held = discord.Permissions(role.permissions)
    held.update(create_private_threads=False)
    w.env.backend.edit_role(w.guild.id, role.id, {"permissions": held.value})
    said = told(await w.mira.slash(w.channel, "ticket open"))
    assert "**Create Private Threads**" in said
    assert threads(w) == []


async def test_two_presses_at_once_make_one_ticket(w):
    tickets = w.app.tickets
    both = await asyncio.gather(
        *(tickets.reserve(Desk(w.guild.id, w.channel.id), w.mira.id) for _ in range(2)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["StillOpen", "int"]


async def test_a_ticket_that_never_got_its_thread_is_let_go(w):
    await set_up(w)
    await w.app.tickets.reserve(Desk(w.guild.id, w.channel.id), w.mira.id)
    assert told(await w.mira.slash(w.channel, "ticket open")) == texts.BEING_MADE
    await w.env.advance_time(MAKING.total_seconds() + 1)
    assert "Your ticket is open" in told(await w.mira.slash(w.channel, "ticket open"))
    with pytest.raises(StillOpen):
        await w.app.tickets.reserve(Desk(w.guild.id, w.channel.id), w.mira.id)


async def test_a_ticket_in_a_channel_that_is_hidden_from_the_bot_keeps_nobody_from_another_one(w):
    staff = await set_up(w)
    old = w.guild.create_text_channel("old desk")
    await staff.anna.slash(w.channel, "tickets setup", channel=old)
    await w.mira.slash(w.channel, "ticket open")
    [hidden] = old.threads
    await staff.anna.slash(w.channel, "tickets setup", channel=w.channel)
    everything = discord.Permissions(view_channel=True).value
    for one in (w.guild.id, w.client.user.id):
        kind = OverwriteType.ROLE if one == w.guild.id else OverwriteType.MEMBER
        w.env.backend.set_overwrite(old.id, Overwrite(target_id=one, type=kind, allow=0, deny=everything))
    await w.env.advance_time(COOLDOWN.total_seconds())
    said = told(await w.mira.slash(w.channel, "ticket open"))
    [thread] = threads(w)
    assert thread.id != hidden.id
    assert said == texts.MADE.format(thread=f"<#{thread.id}>")


async def test_when_discord_does_not_say_whether_a_ticket_is_still_there_it_counts_as_open(w):
    await set_up(w)
    thread = await opened(w)
    w.env.inject_error("GET", f"/channels/{thread.id}", status=500, times=None)
    said = told(await w.mira.slash(w.channel, "ticket open"))
    assert said == "Discord could not do that just now. Try again in a minute."
    assert len(threads(w)) == 1


# --- Joining --------------------------------------------------------------------------------------


async def test_staff_joins_with_a_button_and_nobody_is_mentioned_for_it(w):
    staff = await set_up(w)
    thread = await opened(w)
    [news] = staff.office.history()
    assert heard(await staff.ben.click(news, label="Join")) == texts.JOINED.format(thread=f"<#{thread.id}>")
    assert staff.ben.id in w.env.backend.get_channel(thread.id).thread_members
    assert w.pinged() == set()


async def test_who_sees_the_button_but_is_no_staff_stays_out(w):
    staff = await set_up(w)
    thread = await opened(w)
    hide(w, staff.office, w.tom)
    [news] = staff.office.history()
    assert heard(await w.tom.click(news, label="Join")) == texts.NOT_STAFF
    assert w.tom.id not in w.env.backend.get_channel(thread.id).thread_members


async def test_who_was_told_of_at_its_beginning_answers_a_ticket_whoever_answers_later_ones(w):
    staff = await set_up(w)
    thread = await opened(w)
    zoe, _ = await hand_over(w, staff)
    [news] = staff.office.history()
    hide(w, staff.office, zoe)
    assert heard(await zoe.click(news, label="Join")) == texts.NOT_STAFF
    assert zoe.id not in w.env.backend.get_channel(thread.id).thread_members
    hide(w, staff.office, staff.ben)
    assert heard(await staff.ben.click(news, label="Join")) == texts.JOINED.format(thread=f"<#{thread.id}>")


# --- Closing --------------------------------------------------------------------------------------


async def test_closing_saves_what_was_said_in_the_thread_in_private_and_for_the_staff(w):
    staff = await set_up(w)
    thread = await opened(w, subject="broken")
    [news] = staff.office.history()
    await staff.ben.click(news, label="Join")
    await w.mira.send(
        thread, "It is broken.\n[2020-01-01 00:00] Ben: I give you all", attachments=[("x.png", b"x")]
    )
    await staff.ben.send(thread, "I mend it.")
    said = told(await w.mira.slash(thread, "ticket close"))
    assert said == texts.CLOSED
    lines = (await written(w, thread)).splitlines()
    assert lines[0] == "Ticket 1 · Mira in The Guild"
    assert "closed" in lines[1]
    assert any(line.endswith("Mira: It is broken.") for line in lines)
    assert "    [2020-01-01 00:00] Ben: I give you all" in lines
    assert "    (file: x.png)" in lines
    assert lines[-1].endswith("Ben: I mend it.")
    assert files_in(w.mira.user.dm_channel) == files_in(thread)[1:] == files_in(staff.office)
    stored = w.env.backend.get_channel(thread.id)
    assert stored.thread_metadata.archived
    assert stored.thread_metadata.locked
    assert not [line for line in kept(w) if "broken" in line or "I mend it" in line]


async def test_a_ticket_is_closed_once(w):
    await set_up(w)
    thread = await opened(w)
    await w.mira.slash(thread, "ticket close")
    w.env.backend.edit_channel(thread.id, {}, thread_metadata={"archived": False, "locked": False})
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED_BEFORE
    assert len(files_in(thread)) == 1


async def test_what_was_said_goes_to_the_staff_that_its_opener_was_told_of(w):
    staff = await set_up(w)
    thread = await opened(w)
    zoe, annex = await hand_over(w, staff)
    w.env.backend.add_thread_member(thread.id, zoe.id)
    assert told(await zoe.slash(thread, "ticket close")) == texts.NOT_YOURS_TO_CLOSE
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED
    assert files_in(annex) == []
    assert files_in(staff.office) == files_in(thread)


async def test_a_ticket_that_could_not_be_locked_when_it_was_closed_is_locked_by_closing_it_again(w):
    staff = await set_up(w)
    thread = await opened(w)
    w.env.inject_error("PATCH", f"/channels/{thread.id}", status=500, times=1)
    await w.mira.slash(thread, "ticket close")
    assert not w.env.backend.get_channel(thread.id).thread_metadata.locked
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED_BEFORE
    stored = w.env.backend.get_channel(thread.id)
    assert stored.thread_metadata.locked
    assert stored.thread_metadata.archived
    assert len(files_in(thread)) == len(files_in(staff.office)) == 1


async def test_an_office_that_was_opened_to_everybody_since_is_told_of_no_tickets(w, caplog):
    staff = await set_up(w)
    thread = await opened(w)
    view = discord.Permissions(view_channel=True).value
    everyone = Overwrite(target_id=w.guild.id, type=OverwriteType.ROLE, allow=view, deny=0)
    w.env.backend.set_overwrite(staff.office.id, everyone)
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED
    assert files_in(staff.office) == []
    await opened(w, w.tom)
    assert len(staff.office.history()) == 1
    assert "open to everybody" in caplog.text


async def test_staff_closes_and_strangers_do_not(w):
    staff = await set_up(w)
    thread = await opened(w)
    w.env.backend.add_thread_member(thread.id, w.tom.id)
    assert told(await w.tom.slash(thread, "ticket close")) == texts.NOT_YOURS_TO_CLOSE
    assert told(await staff.anna.slash(thread, "ticket close")) == texts.CLOSED
    assert told(await w.mira.slash(w.channel, "ticket close")) == texts.NO_TICKET


async def test_who_takes_no_private_messages_has_the_file_in_the_thread(w):
    await set_up(w)
    thread = await opened(w)
    w.env.inject_error("POST", "/users/@me/channels", status=403, code=50007, times=None)
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED_UNSENT
    assert len(files_in(thread)) == 1


async def test_what_can_not_be_written_down_stays_open(w):
    await set_up(w)
    thread = await opened(w)
    w.env.inject_error("GET", f"/channels/{thread.id}/messages", status=403, code=50001, times=1)
    assert "Discord does not let me" in told(await w.mira.slash(thread, "ticket close"))
    assert not w.env.backend.get_channel(thread.id).thread_metadata.locked
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED


async def test_the_button_in_the_thread_closes_too(w):
    await set_up(w)
    thread = await opened(w)
    [first] = thread.history()
    assert heard(await w.mira.click(first, label="Close this ticket")) == texts.CLOSED


# --- The panel ------------------------------------------------------------------------------------


async def test_a_panel_opens_tickets_also_after_a_restart(w):
    staff = await set_up(w)
    assert told(await staff.anna.slash(w.channel, "tickets panel")) == admin_texts.PANEL_POSTED
    panel = w.channel.history()[-1]
    assert panel.content == f"**{admin_texts.OPEN_TITLE}**"
    assert panel.embeds[0].description == admin_texts.OPEN_TEXT
    await w.env.restart_bot(open_client(w.app))
    result = await w.tom.click(panel, label="Open a ticket")
    assert "Your ticket is open" in heard(result)
    assert [one.name for one in threads(w)] == ["Ticket 1 · Tom"]


async def test_where_the_bot_may_post_no_frames_the_panel_is_plain_text(w):
    staff = await set_up(w)
    [role] = [one for one in w.guild._guild.roles.values() if one.managed]
    held = discord.Permissions(role.permissions)
    held.update(embed_links=False)
    for one in (role.id, w.guild.id):  # the role of everybody has the server's id
        w.env.backend.edit_role(w.guild.id, one, {"permissions": held.value})
    await staff.anna.slash(w.channel, "tickets panel")
    panel = w.channel.history()[-1]
    assert not panel.embeds
    assert panel.content == f"**{admin_texts.OPEN_TITLE}**\n{admin_texts.OPEN_TEXT}"


async def test_an_admin_sees_and_turns_off_what_holds(w):
    staff = await set_up(w)
    said = told(await staff.anna.slash(w.channel, "tickets show"))
    assert f"<#{w.channel.id}>" in said
    assert f"<@&{staff.role.id}>" in said
    assert f"<#{staff.office.id}>" in said
    thread = await opened(w)
    assert told(await staff.anna.slash(w.channel, "tickets off")) == admin_texts.TURNED_OFF
    assert told(await staff.anna.slash(w.channel, "tickets off")) == admin_texts.WAS_OFF
    assert told(await w.tom.slash(w.channel, "ticket open")) == texts.NO_DESK
    assert told(await w.mira.slash(thread, "ticket close")) == texts.CLOSED
    audit = await w.app.audit.latest({w.guild.id})
    assert (audit[0].action, audit[0].detail) == ("tickets", "off")
    assert len(audit) == 2


async def test_an_office_that_everybody_reads_and_a_role_of_everybody_are_refused(w):
    staff = Staff(w)
    public = w.guild.create_text_channel("public")
    said = told(await staff.anna.slash(w.channel, "tickets setup", staff_channel=public))
    assert said == admin_texts.STAFF_IS_PUBLIC.format(channel=f"<#{public.id}>")
    said = told(await staff.anna.slash(w.channel, "tickets setup", role=w.guild.default_role))
    assert said == admin_texts.ROLE_OF_ALL
    assert told(await w.mira.slash(w.channel, "ticket open")) == texts.NO_DESK


# --- What is kept ---------------------------------------------------------------------------------


async def test_no_character_hears_what_is_said_in_a_ticket_even_when_it_is_called(w):
    await set_up(w)
    thread = await opened(w)
    await w.mira.send(thread, f"{w.me} Pixel, canary?")
    await w.mira.send(thread, "my PIN is canary")
    assert w.claude.prompts == []
    assert w.said(thread)[1:] == []
    await w.mira.send(w.channel, "Pixel?")
    assert "canary" not in w.prompt.text
    assert not [line for line in kept(w) if "canary" in line]


async def test_a_ticket_is_not_heard_either_when_nothing_is_kept_of_it_any_more(w):
    await set_up(w)
    thread = await opened(w)
    await w.app.privacy.leave(w.mira.id)
    await w.mira.send(thread, f"{w.me} canary?")
    assert w.claude.prompts == []
    staff_closes = w.guild.add_member(
        w.env.create_user("cleo"),
        roles=[w.guild.create_role("Keys", permissions=discord.Permissions(manage_threads=True))],
    )
    assert told(await staff_closes.slash(thread, "ticket close")) == texts.CLOSED_UNSENT


async def test_no_character_speaks_first_in_a_ticket(w):
    await set_up(w)
    thread = await opened(w)
    let_operate(w, w.mira)
    show_to(w, w.mira)
    assert told(await w.mira.slash(thread, "admin initiative", state="on")) == TICKET


async def test_what_was_said_meanwhile_in_a_ticket_is_not_caught_up_with(w):
    await set_up(w)
    thread = await opened(w)
    w.env.backend.create_message(thread.id, w.mira.id, f"{w.me} canary")
    await w.settle(w.client.dispatch, "ready")
    assert w.claude.prompts == []
    assert not [line for line in kept(w) if "canary" in line]


@pytest.mark.slow
async def test_a_ticket_is_exported_counted_and_deleted_with_its_person(w):
    await set_up(w)
    thread = await opened(w)
    await w.mira.slash(thread, "ticket close")
    [file] = await w.app.privacy.export(w.mira.id)
    [ticket] = json.loads(file.data)["tickets"]
    read_portable(file.data, now=w.app.clock.now())  # what goes out may come in again
    assert (ticket["guild_id"], ticket["thread_id"]) == (w.guild.id, thread.id)
    assert ticket["closed_at"] >= ticket["opened_at"]
    assert (await w.app.privacy.standing(w.mira.id)).holdings.tickets == 1
    receipt = await w.app.privacy.leave(w.mira.id)
    assert receipt.gone.tickets == 1
    assert receipt.left == {}


async def test_who_closed_a_ticket_of_somebody_else_can_be_forgotten(w):
    staff = await set_up(w)
    thread = await opened(w)
    await staff.anna.slash(thread, "ticket close")
    assert (await w.app.privacy.leave(staff.anna.id)).left == {}
    assert (await w.app.privacy.standing(w.mira.id)).holdings.tickets == 1


async def test_thirty_days_after_its_end_nothing_is_kept_of_a_ticket(w, monkeypatch):
    await set_up(w)
    thread = await opened(w)
    await w.app.message_log.prune()
    await w.mira.slash(thread, "ticket close")
    later = w.app.clock.now() + timedelta(days=30, seconds=1)
    monkeypatch.setattr(type(w.app.clock), "now", lambda _: later)
    await w.app.message_log.prune()
    monkeypatch.undo()
    assert (await w.app.privacy.standing(w.mira.id)).holdings.tickets == 0
