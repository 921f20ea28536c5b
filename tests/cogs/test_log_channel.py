"""The log channel: its commands, who may give them, and what is told there (C84, C05, D12, F123, F129)."""

import logging
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.arranging import manner_of
from bot.conversation.decision import Decision, Reason
from bot.features.operations.log_channel import LONGEST
from cogs._discord.health import latency
from cogs._discord.permissions import commands_the_bot, may_manage
from cogs.log_channel.reports import version
from database.models import CallRow
from tests.support.log_channel import Office, office, set_up, without_moments
from tests.support.paths import ROOT
from tests.world.process import world as process

COMMANDS = [
    "shutdown? Pixel",
    "user data? {mira}",
    "list users",
    "premium {mira}",
    "verbose on",
    "verbose off",
    "verbose",
    "status",
    "jobs",
    "testlog",
]
CANARY = "canary-7Q"


@pytest.fixture
async def at_office(tmp_path: Path):
    async with office(tmp_path) as entered:
        yield entered


# --- Each command ---------------------------------------------------------------------------------


async def test_status_tells_what_it_is_made_of(at_office):
    app = at_office.app
    object.__setattr__(app, "manner", manner_of(app.settings, app.server))
    [told] = await at_office.order("status")
    assert without_moments(told).split("\n") == [
        f"**Pixel**, Masquerade {version()}, started <t:R>",
        (
            "- models: `claude-sonnet-5-5`, premium `claude-opus-5-5`, voting `claude-haiku-5-5`, "
            "from a server of your own"
        ),
        "- joining in: 3 votes, considered with a chance of 100%",
        "- other bots: 3 replies in a row to one, 15 s apart, 12 in a channel until a person speaks",
        "- typing: 300 characters a minute, 6 to 15 s",
        "- errors: reply",
        f"- Discord: 1 servers, latency {latency(at_office.client.shard_latencies())}",
        "- last 24 hours: 0 calls, 0 tokens in, 0 out, $0.0000",
        "- verbose: off",
        "",
        "Nothing has been checked yet: the first check comes 3600 seconds after the start. Ask again then.",
    ]
    assert await at_office.done() == [("status", "")]


async def test_the_user_data_are_numbers(at_office):
    mira = at_office.mira
    await mira.send(at_office.channel, "Pixel, hello")
    await mira.send(at_office.channel, "Pixel, hello again")
    [told] = await at_office.order(f"user data? {mira.id}")
    spent = await at_office.app.administration.member(mira.id)
    lines = without_moments(told).split("\n")
    assert lines == [
        f"**User** `{mira.id}` <@{mira.id}>",
        "- premium: no",
        "- talk: 2 lines in the log of the last 24 hours",
        f"- model: 2 calls, {spent.spending.input_tokens:,} tokens in, 10 out",
        "- cost: $0.0020",
        "- first seen <t:R>, last seen <t:R>",
    ]
    assert spent.spending.input_tokens > 0
    assert await at_office.done() == [("user data", str(mira.id))]


async def test_calls_without_a_price_are_told_apart(at_office):
    await at_office.mira.send(at_office.channel, "what a day")
    async with at_office.app.database.begin() as db:
        await db.calls.add(unpriced(at_office, at_office.mira.id))
    [told] = await at_office.order(f"user data? {at_office.mira.id}")
    assert "(1 calls have no known price)" in told
    [listed] = await at_office.order("list users")
    assert "+ ·" in listed


def unpriced(at: Office, user_id: int) -> CallRow:
    now = at.app.clock.now()
    nothing: dict[str, Any] = {"cache_read_tokens": 0, "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0}
    return CallRow(
        at=now,
        purpose="reply",
        model="secret-model",
        outcome="ok",
        seconds=1.0,
        input_tokens=7,
        output_tokens=3,
        cost=None,
        user_id=user_id,
        channel_id=1,
        **nothing,
    )


async def test_a_user_who_was_never_heard_has_no_data(at_office):
    assert await at_office.order("user data? 123456789012345678") == [
        "User `123456789012345678` was never heard."
    ]
    assert await at_office.order("premium 123456789012345678") == [
        "User `123456789012345678` was never heard. Nothing changed."
    ]


async def test_premium_is_turned_over_by_number_and_by_mention(at_office):
    mira = at_office.mira
    await mira.send(at_office.channel, "what a day")
    assert await at_office.order(f"premium {mira.id}") == [f"Premium is now **on** for <@{mira.id}>."]
    await mira.send(at_office.channel, "Pixel?")
    assert at_office.claude.questions[-1].model == "claude-opus-5-5"
    assert await at_office.order(f"  PREMIUM   <@{mira.id}> ", by=at_office.olga) == [
        f"Premium is now **off** for <@{mira.id}>."
    ]
    rows = await at_office.audit()
    assert [(row.actor_id, row.channel_id, row.detail) for row in rows] == [
        (at_office.root.id, at_office.log.id, f"{mira.id}: True"),
        (at_office.olga.id, at_office.log.id, f"{mira.id}: False"),
    ]


async def test_verbose_is_set_or_turned_over_and_kept(at_office):
    on = "Verbose is **on**: each decision is told here, without the words it is about."
    for text, told in [
        ("verbose on", on),
        ("Verbose ON", on),
        ("verbose", "Verbose is **off**."),
        ("verbose", on),
        ("verbose off", "Verbose is **off**."),
    ]:
        assert await at_office.order(text) == [told]
    assert [detail for _action, detail in await at_office.done()] == ["on", "on", "off", "on", "off"]
    await at_office.order("verbose on")
    at_office.app.administration.is_verbose = False
    assert await at_office.app.administration.verbose()
    assert at_office.app.administration.is_verbose


async def test_the_test_line_goes_the_way_of_notices(at_office):
    answer, line = await at_office.order("testlog")
    assert answer.startswith("Commands work; latency ")
    assert line == "Test: what goes to the log channel arrives here."
    assert await at_office.done() == [("testlog", "")]


async def test_the_test_line_is_tried_at_once_though_the_channel_refused_a_moment_ago(at_office):
    at_office.env.inject_error("POST", f"/channels/{at_office.log.id}/messages", status=403, code=50013)
    await at_office.settle(at_office.app.tell_operator, "The key is refused.")
    assert at_office.answers == []
    told = await at_office.order("testlog")
    assert told[1:] == ["The key is refused.", "Test: what goes to the log channel arrives here."]


async def test_shutdown_with_the_exact_name_finishes_and_closes(at_office):
    assert await at_office.order("shutdown? Pixel") == ["Stopping. What is being said now is finished first."]
    assert at_office.client.is_closed()
    assert await at_office.done() == [("shutdown", "")]
    assert at_office.client.stopped_because is None, "the exit code is that of SIGTERM: 0"


MISSING = "The exact name of who shall stop is missing. Write `shutdown? Pixel`."


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        *((name, [MISSING]) for name in ("", "pixel", "PIXEL")),
        *((name, []) for name in ("Pixe", "Pixel!", "Pix", "Onyx", "Pixel Pixel")),
    ],
)
async def test_shutdown_without_the_exact_name_stops_nothing_and_another_bots_is_not_answered(
    at_office, name, answers
):
    assert await at_office.order(f"shutdown? {name}") == answers
    assert not at_office.client.is_closed()
    assert await at_office.done() == []
    await at_office.mira.send(at_office.channel, "Pixel?")
    assert at_office.said() == ["Hm."]


async def test_a_shutdown_goes_on_though_the_audit_can_not_be_written(at_office):
    at_office.app.audit.add = _full
    assert await at_office.order("shutdown? Pixel") == ["Stopping. What is being said now is finished first."]
    assert at_office.client.is_closed()


async def test_a_command_says_when_the_database_is_in_the_way(at_office):
    at_office.app.audit.add = _full
    assert await at_office.order("status") == ["The database is in the way. No room left."]


async def _full(*_arguments: object, **_options: object) -> None:
    from database import DatabaseError

    raise DatabaseError("No room left.")


async def test_other_talk_and_what_is_wrong_there(at_office):
    assert await at_office.order("Pixel, how are you?") == []
    assert await at_office.order(f"{at_office.me} status looks fine to me") == []
    assert await at_office.order("verbose maybe") == [
        "Only `on` or `off` may follow, or nothing. Write `verbose [on|off]`."
    ]
    assert await at_office.done() == []
    assert at_office.claude.prompts == []


# --- Who may, and where (D12) ---------------------------------------------------------------------


async def _somebody(at: Office, text: str) -> None:
    await at.tom.send(at.log, text)


async def _manager_without_administrator(at: Office, text: str) -> None:
    role = at.guild.create_role("manager", permissions=discord.Permissions(manage_guild=True))
    await at.guild.add_member(at.env.create_user("manager"), roles=[role]).send(at.log, text)


async def _bot_that_administers(at: Office, text: str) -> None:
    role = at.guild.create_role("bots", permissions=discord.Permissions(administrator=True))
    onyx = at.guild.add_member(at.env.create_user("onyx", bot=True), roles=[role])
    set_up(at.world, admin_ids=(onyx.id,))
    await onyx.send(at.log, text)


async def _webhook(at: Office, text: str) -> None:
    hook = at.guild.create_webhook(at.log, "root")
    await hook.send(text, username="root")


async def _webhook_with_an_operators_id(at: Office, text: str) -> None:
    hook = at.guild.create_webhook(at.log, "olga")
    set_up(at.world, admin_ids=(hook._webhook.webhook_user_id,))
    await hook.send(text, username="olga")


async def _other_channel(at: Office, text: str) -> None:
    await at.root.send(at.channel, text)
    await at.olga.send(at.channel, text)


async def _other_guild(at: Office, text: str) -> None:
    guild = at.env.create_guild("Elsewhere")
    boss = guild.create_role("boss", permissions=discord.Permissions(administrator=True))
    channel = guild.create_text_channel("bot-log")
    await guild.add_member(at.env.create_user("eve"), roles=[boss]).send(channel, text)


async def _thread(at: Office, text: str) -> None:
    thread = at.env.backend.create_thread(at.log.id, "status", owner_id=at.root.id)
    at.env.backend.create_message(thread.id, at.root.id, text)
    await at.env.settle()


async def _dm(at: Office, text: str) -> None:
    await at.olga.send_dm(text)


async def _dm_as_log_channel(at: Office, text: str) -> None:
    set_up(at.world, log_channel=at.olga.user.dm_channel.id)
    await at.olga.send_dm(text)


async def _edit(at: Office, text: str) -> None:
    said = await at.root.send(at.log, "nothing")
    await at.root.edit(said, text)


async def _forward(at: Office, text: str) -> None:
    said = await at.root.send(at.channel, text)
    await at.root.forward(said, at.log)


async def _reply_with_it_in_the_quoted_part(at: Office, text: str) -> None:
    said = await at.tom.send(at.log, text)
    await at.root.send(at.log, "who wrote that?", reply_to=said)


async def _somebody_named_like_an_operator(at: Office, text: str) -> None:
    double = at.guild.add_member(at.env.create_user("root2", global_name="root"), nick="olga")
    await double.send(at.log, text)


async def _own_message(at: Office, text: str) -> None:
    at.env.backend.create_message(at.log.id, at.client.user.id, text)
    await at.env.settle()


async def _without_a_log_channel(at: Office, text: str) -> None:
    set_up(at.world, log_channel=None)
    await at.root.send(at.log, text)


FORGED = [
    _somebody,
    _manager_without_administrator,
    _bot_that_administers,
    _webhook,
    _webhook_with_an_operators_id,
    _other_channel,
    _other_guild,
    _thread,
    _dm,
    _dm_as_log_channel,
    _edit,
    _forward,
    _reply_with_it_in_the_quoted_part,
    _somebody_named_like_an_operator,
    _own_message,
    _without_a_log_channel,
]


@pytest.mark.slow
@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__.strip("_"))
async def test_nothing_forged_is_accepted(at_office, forge):
    for command in COMMANDS:
        await forge(at_office, command.format(mira=at_office.mira.id))
    assert {one["content"] for one in at_office.posts()} <= {"Hm."}, "the character may answer, no more"
    assert await at_office.audit() == []
    assert not at_office.client.is_closed()
    assert not at_office.app.administration.is_verbose


async def heard(at: Office, who: Any, channel: Any, text: str = "nothing") -> Any:
    """Return a message as the gateway brings it: its author is a member, with roles."""
    messages: list[discord.Message] = []

    async def on_message(message: discord.Message) -> None:
        messages.append(message)

    at.client.add_listener(on_message)
    await who.send(channel, text)
    at.client.remove_listener(on_message)
    return messages[0]


async def test_what_a_webhook_or_discord_itself_wrote_is_no_order_whoever_is_its_author(at_office):
    said = await heard(at_office, at_office.root, at_office.log)
    assert commands_the_bot(at_office.client, said)
    said.type = discord.MessageType.thread_created
    assert not commands_the_bot(at_office.client, said)
    said.type = discord.MessageType.reply
    assert commands_the_bot(at_office.client, said)
    said.webhook_id = 5
    assert not commands_the_bot(at_office.client, said)


async def test_who_may_manage_a_server(at_office):
    guild, client = at_office.guild, at_office.client
    here = client.get_guild(guild.id)
    elsewhere = client.get_guild(at_office.env.create_guild("Elsewhere").id)

    async def may(who: Any, place: Any) -> bool:
        return may_manage(client, (await heard(at_office, who, at_office.channel)).author, place)

    manages = guild.create_role("manages", permissions=discord.Permissions(manage_guild=True))
    mods = guild.create_role("mods", permissions=discord.Permissions(manage_channels=True, ban_members=True))
    manager = guild.add_member(at_office.env.create_user("manager"), roles=[manages])
    mod = guild.add_member(at_office.env.create_user("mod"), roles=[mods])
    robot = guild.add_member(at_office.env.create_user("robot", bot=True), roles=[manages])
    channel = client.get_channel(at_office.channel.id)
    allowed = [(manager, here), (manager, channel), (at_office.root, here)]
    allowed += [(at_office.olga, place) for place in (here, elsewhere, None)]
    refused = [(manager, elsewhere), (manager, None), (mod, here), (robot, here), (at_office.tom, here)]
    assert [await may(*one) for one in allowed] == [True] * len(allowed)
    assert [await may(*one) for one in refused] == [False] * len(refused)


@pytest.mark.slow
async def test_the_commands_of_the_matrix_are_accepted_from_those_who_may(at_office):
    await at_office.mira.send(at_office.channel, "hello")
    for who in (at_office.root, at_office.olga):
        for command in COMMANDS[1:]:
            assert await at_office.order(command.format(mira=at_office.mira.id), by=who)
    assert len(await at_office.audit()) == 2 * len(COMMANDS[1:])
    await at_office.order(COMMANDS[0], by=at_office.olga)
    assert at_office.client.is_closed()


async def test_who_may_not_is_told_nothing_and_named_by_number_in_the_log(at_office, caplog):
    said = await at_office.tom.send(at_office.log, "shutdown? Pixel")
    await at_office.tom.send(at_office.log, f"hello {CANARY}")
    assert at_office.answers == []
    warned = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [one.getMessage() for one in warned] == [
        f"User {at_office.tom.id} may not command the bot (message {said.id})"
    ]


@pytest.mark.parametrize("forge", [_own_message, _other_channel, _dm], ids=lambda one: one.__name__)
async def test_what_is_said_elsewhere_or_by_itself_is_no_attempt_to_command_it(at_office, forge, caplog):
    await forge(at_office, "status")
    assert "may not command the bot" not in caplog.text


async def test_a_command_that_discord_replays_is_obeyed_once(at_office):
    mira = at_office.mira
    await mira.send(at_office.channel, "hello")
    replayed = await heard(at_office, at_office.root, at_office.log, f"premium {mira.id}")
    await at_office.settle(at_office.client.dispatch, "message", replayed)
    assert await at_office.done() == [("premium", f"{mira.id}: True")]


async def test_the_character_takes_no_part_in_the_log_channel_and_its_threads(at_office):
    await at_office.order(f"{at_office.me} Pixel, {CANARY}?")
    await at_office.order(f"Pixel? {CANARY}", by=at_office.mira)
    thread = at_office.env.backend.create_thread(at_office.log.id, "about it", owner_id=at_office.root.id)
    at_office.env.backend.create_message(thread.id, at_office.root.id, f"Pixel? {CANARY}")
    await at_office.env.settle()
    assert at_office.claude.prompts == []
    async with at_office.app.database.read() as db:
        assert await db.messages.count(author_id=at_office.root.id) == 0
        assert await db.messages.count(author_id=at_office.mira.id) == 0
    other = at_office.env.backend.create_thread(at_office.channel.id, "elsewhere", owner_id=at_office.root.id)
    at_office.env.backend.create_message(other.id, at_office.root.id, "Pixel?")
    await at_office.env.settle()
    assert len(at_office.claude.prompts) == 1


# --- The list of users ----------------------------------------------------------------------------


async def crowd(at: Office, people: int) -> None:
    now = at.app.clock.now()
    async with at.app.database.begin() as db:
        for number in range(people):
            moment = now - timedelta(minutes=number)
            user_id = 100_000_000_000_000_000 + number
            await db.users.note(user_id, {0: f"{CANARY} {number}"}, is_bot=False, at=moment)


def listed(text: str) -> list[int]:
    return [int(one) - 100_000_000_000_000_000 for one in re.findall(r"^`(\d+)`", text, re.MULTILINE)]


def buttons(message: Any) -> dict[str, Any]:
    return {one.label: one for row in message.components for one in row.children}


async def test_the_list_has_twenty_on_a_page_and_its_buttons_turn_them(at_office):
    await crowd(at_office, 45)
    [first] = await at_office.order("list users")
    assert first.startswith("**45 users**, page 1 of 3\n")
    assert listed(first) == list(range(20))
    for sign, page in [("›", range(20, 40)), ("»", range(40, 45)), ("‹", range(20, 40)), ("«", range(20))]:
        shown = at_office.log.last_message
        result = await at_office.root.click(shown, label=sign)
        assert result.acknowledged
        assert at_office.log.last_message.id == shown.id, "it is edited in place"
        assert listed(at_office.log.last_message.content) == list(page)
    turned = [detail for _action, detail in await at_office.done()]
    assert turned == ["page 1", "page 2", "page 3", "page 2", "page 1"]


async def test_the_buttons_at_the_ends_can_not_be_pressed(at_office):
    await crowd(at_office, 21)
    await at_office.order("list users")
    first = {sign: one.disabled for sign, one in buttons(at_office.log.last_message).items()}
    assert first == {"«": True, "‹": True, "›": False, "»": False}
    await at_office.root.click(at_office.log.last_message, label="›")
    last = {sign: one.disabled for sign, one in buttons(at_office.log.last_message).items()}
    assert last == {"«": False, "‹": False, "›": True, "»": True}


async def test_the_buttons_and_verbose_mode_work_after_a_restart(at_office):
    await crowd(at_office, 21)
    await at_office.order("verbose on")
    await at_office.order("list users")
    # What starts anew knows nothing of the message but what Discord shows of it.
    at_office.client._connection._view_store._dynamic_items.clear()
    at_office.client._connection._view_store._views.clear()
    at_office.app.administration.is_verbose = False
    with at_office.env._bot_scope():
        await at_office.client.reload_extension("cogs.log_channel")
    await at_office.root.click(at_office.log.last_message, label="›")
    assert listed(at_office.log.last_message.content) == [20]
    before = len(at_office.answers)
    await at_office.mira.send(at_office.channel, "Pixel?")
    assert len(at_office.answers) == before + 1


async def test_only_who_commands_the_bot_turns_pages(at_office, caplog):
    await crowd(at_office, 21)
    await at_office.order("list users")
    shown = at_office.log.last_message
    result = await at_office.tom.click(shown, label="›")
    assert result.response.ephemeral
    assert result.response.content == "Only who commands the bot may do this."
    assert listed(at_office.log.last_message.content) == list(range(20))
    assert await at_office.done() == [("list users", "page 1")]
    assert f"User {at_office.tom.id} may not turn the pages" in caplog.text
    await at_office.olga.click(shown, label="›")
    assert listed(at_office.log.last_message.content) == [20]


async def test_pages_in_a_channel_that_is_the_log_channel_no_more_are_not_turned(at_office):
    await crowd(at_office, 21)
    await at_office.order("list users")
    shown = at_office.log.last_message
    moved = at_office.app.settings.model_copy(update={"log_channel": at_office.channel.id})
    object.__setattr__(at_office.app, "settings", moved)
    result = await at_office.olga.click(shown, label="›")
    assert result.response.content == "Only who commands the bot may do this."
    assert listed(at_office.log.last_message.content) == list(range(20))


async def test_a_short_list_has_no_buttons_and_an_empty_one_a_sentence(at_office):
    assert await at_office.order("list users") == ["Nobody was heard yet."]
    await crowd(at_office, 20)
    [told] = await at_office.order("list users")
    assert told.startswith("**20 users**, page 1 of 1\n")
    assert buttons(at_office.log.last_message) == {}


async def test_the_fullest_page_fits_into_a_message(at_office):
    now = at_office.app.clock.now()
    async with at_office.app.database.begin() as db:
        for number in range(20):
            user_id = 9_000_000_000_000_000_000 + number
            await db.users.note(user_id, {0: "x"}, is_bot=False, at=now)
            await db.users.toggle_premium(user_id)
            row = unpriced(at_office, user_id)
            await db.calls.add(row)
            row = unpriced(at_office, user_id)
            row.cost = 123_456.789
            await db.calls.add(row)
    [told] = await at_office.order("list users")
    assert len(told) <= LONGEST
    assert len(told.split("\n")) == 21


# --- What is told -----------------------------------------------------------------------------------


async def test_the_announcement_names_all_commands_and_comes_once(at_office):
    for _ in range(4):
        await at_office.settle(at_office.client.dispatch, "ready")
    [told] = at_office.answers
    assert told.split("\n")[0] == f"**Pixel is here.** Masquerade {version()}. Commands for this channel:"
    assert re.findall(r"^`([^`]+)`", told, re.MULTILINE) == [
        "shutdown? Pixel",
        "user data? ID",
        "list users",
        "premium ID",
        "verbose [on|off]",
        "status",
        "jobs",
        "testlog",
    ]


def test_the_version_is_that_of_the_project():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert version() == project["version"]


async def test_verbose_mode_tells_where_who_and_why_but_no_words(at_office):
    await at_office.order("verbose on")
    said = await at_office.mira.send(at_office.channel, f"Pixel, {CANARY}?")
    told = at_office.answers[-1]
    link = f"https://discord.com/channels/{at_office.guild.id}/{at_office.channel.id}/{said.id}"
    begins = f"<#{at_office.channel.id}> <@{at_office.mira.id}> {link} → answered: called by name"
    assert told.startswith(begins)
    assert "decided in " in told
    await at_office.env.advance_time(10)
    dm = await at_office.mira.send_dm(f"hi {CANARY}")
    told = at_office.answers[-1]
    assert told.startswith(
        f"DM <@{at_office.mira.id}> https://discord.com/channels/@me/{dm.channel.id}/{dm.id} → answered"
    )
    await at_office.env.advance_time(10)
    at_office.claude.will_say("no", "no", "no")
    await at_office.tom.send(at_office.channel, f"what a day {CANARY}")
    assert "→ silent: " in at_office.answers[-1]
    assert at_office.pinged() <= {at_office.mira.id, at_office.tom.id}


@pytest.mark.slow
async def test_words_never_come_into_the_log_channel(at_office):
    channel = at_office.guild.create_text_channel(CANARY)
    eve = at_office.guild.add_member(at_office.env.create_user(CANARY, global_name=CANARY), nick=CANARY)
    at_office.claude.will_say(*[f"I say {CANARY}"] * 20)
    await at_office.order("verbose on")
    for text in (f"Pixel, {CANARY}", f"{at_office.me} {CANARY}"):
        await eve.send(channel, text)
        await at_office.env.advance_time(10)
        await eve.send_dm(text)
        await at_office.env.advance_time(10)
    for command in COMMANDS[1:]:
        await at_office.order(command.format(mira=eve.id))
        await at_office.env.advance_time(10)
    assert len(at_office.answers) > 10
    assert [text for text in at_office.answers if CANARY in text] == []
    assert [row for row in await at_office.audit() if CANARY in f"{row.action} {row.detail}"] == []


async def test_without_verbose_nothing_is_told(at_office):
    await at_office.mira.send(at_office.channel, "Pixel?")
    assert at_office.answers == []
    assert at_office.said() == ["Hm."]


async def test_that_it_passes_over_itself_is_not_worth_a_line(at_office):
    await at_office.order("verbose on")
    decided = await _one_decision(at_office)
    before = len(at_office.answers)
    own = replace(decided, decision=Decision(reply=False, reason=Reason.SELF))
    await at_office.settle(at_office.app.intake.tell, [own])
    assert len(at_office.answers) == before
    await at_office.settle(at_office.app.intake.tell, [decided])
    assert len(at_office.answers) == before + 1


@pytest.mark.slow
async def test_500_decisions_at_once_become_few_messages(at_office):
    await at_office.order("verbose on")
    heard = await _one_decision(at_office)
    before = len(at_office.answers)

    def burst() -> None:
        for _ in range(500):
            at_office.app.intake.tell([heard])

    await at_office.settle(burst)
    await at_office.env.advance_time(60)
    told = at_office.answers[before:]
    assert 2 <= len(told) <= 12
    assert max(map(len, told)) <= LONGEST
    assert "older lines were left out" in told[0]


async def _one_decision(at: Office) -> Any:
    decided: list[Any] = []
    at.app.hooks.on_decision.append(decided.append)
    await at.mira.send(at.channel, "Pixel?")
    await at.env.advance_time(10)
    at.app.hooks.on_decision.remove(decided.append)
    return decided[0]


async def test_a_log_channel_that_is_forbidden_holds_up_nothing_and_is_logged_once(at_office, caplog):
    path = f"/channels/{at_office.log.id}/messages"
    await at_office.order("verbose on")
    at_office.env.inject_error("POST", path, status=403, code=50013, times=None)
    sent = len(at_office.posts())
    for _ in range(20):
        await at_office.mira.send(at_office.channel, "Pixel?")
        at_office.app.tell_operator("The key is refused.")
        await at_office.env.advance_time(10)
    assert at_office.said() == ["Hm."] * 20
    tried = len(at_office.posts()) - sent - 20
    assert 1 <= tried <= 5
    assert caplog.text.count("Can't write to the log channel") == 1
    await at_office.order("status")
    assert "Can't answer in the log channel: Forbidden" in caplog.text


async def test_without_a_log_channel_everything_else_works(at_office):
    await at_office.order("verbose on")
    set_up(at_office.world, log_channel=None)
    told: list[str] = []
    at_office.client.outlet.say = lambda line, **_how: told.append(line)
    before = len(at_office.posts())
    await at_office.settle(at_office.client.dispatch, "ready")
    await at_office.settle(at_office.app.tell_operator, "The key is refused.")
    await at_office.mira.send(at_office.channel, "Pixel?")
    await at_office.mira.send_dm("hi")
    assert [one["content"] for one in at_office.posts()[before:]] == ["Hm.", "Hm."]
    assert told == []


async def test_a_notice_from_before_ready_is_told_then(tmp_path: Path):
    async with office(tmp_path) as at:
        at.client.outlet._opened = False
        await at.settle(at.app.tell_operator, "The key is refused.")
        assert at.answers == []
        await at.settle(at.client.dispatch, "ready")
        await at.env.advance_time(10)
        assert "The key is refused." in "\n".join(at.answers)


async def test_what_waits_is_told_when_the_bot_stops(at_office):
    await at_office.order("verbose on")
    await at_office.settle(at_office.app.tell_operator, "first")
    with at_office.env._bot_scope():
        at_office.app.tell_operator("second")
    stopped = at_office.env.now()
    await at_office.order("shutdown? Pixel")
    assert at_office.answers[-1] == "second"
    assert at_office.env.now() == stopped, "the pause is left out"


# --- As a process ---------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_process_announces_itself_and_ends_with_0_at_shutdown(tmp_path: Path):
    async with process(tmp_path) as bot:
        guild = bot.discord.add_guild("The Guild")
        log, olga = guild.add_text_channel("bot-log"), bot.discord.add_user("Olga")
        guild.add_member(olga)
        bot.settings |= {"LOG_CHANNEL": str(log.id), "ADMIN_IDS": str(olga.id)}
        await bot.start()
        announced = await bot.discord.wait_for_message(log)
        assert "**Pixel is here.**" in announced.content
        bot.claude.will_say("I was asked")
        await olga.dm("are you there?")
        assert olga.dm_channel is not None
        await bot.discord.wait_for_message(olga.dm_channel)
        await olga.say(log, "shutdown? Pixel")
        assert await bot.ended() == 0
        told = [one.content for one in bot.discord.bot_messages if one.channel.id == log.id]
        assert told[-1] == "Stopping. What is being said now is finished first."
        assert [fault for fault in bot.discord.schema_faults if "/messages" in fault] == []
        assert bot.discord.unknown_requests == []
        assert "Traceback" not in bot.log
