"""The slash commands on an in-memory Discord (F121, F122, F127, C15, C18; faults A11, D13)."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import discord
import pytest
import simcord
from discord import app_commands
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle
from simcord.enums import ChannelType, OverwriteType

from bot.app import open_app
from bot.conversation.attention.explain import UNSET
from bot.conversation.attention.server_rules import RuleKind
from bot.discord.commands import FAILED, FORGETFUL, ONLY_IN_SERVERS, OUTDATED, Commands
from bot.features.memory.reply_origin import NO_DECISION, UNKNOWN_DECISION
from bot.settings import Settings
from cogs.server_settings import cog as house_cog
from cogs.why import ELSEWHERE, NOT_A_MESSAGE, Pointed, pointed_at
from database import Database, DatabaseError
from memory.places import Place, Where
from tests.builders import AT_ONCE, PIXEL, utterance
from tests.fakes import FakeClaude, FakeClock, FakeMouth
from tests.support.commands import (
    admin,
    asked,
    is_for_admins,
    kept,
    leaves,
    let_operate,
    let_vote,
    show_to,
    told,
    use,
)
from tests.support.discord import SERVER, World, world

UNKNOWN_7, NOTHING_7 = UNKNOWN_DECISION.format(days=7), NO_DECISION.format(days=7)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


FOR_OPERATORS = {"persona export", "persona import", "persona remove"}
OF_GROUPS_FOR_ALL = {
    *("persona dismiss", "persona invite", "persona reset", "persona show", "persona stats"),
    *FOR_OPERATORS,
}
"""Commands that Discord can't hide from people who may use others of their group."""


def asks_for_more(command: Any, **held: bool) -> bool:
    """Say whether somebody with these permissions lacks one for a command: moderation has its own."""
    root = getattr(command, "root_parent", None) or command
    needed = root.default_permissions
    enough = discord.Permissions(**held)
    return needed is not None and not enough.administrator and not enough.is_superset(needed)


def is_for_operators(command: Any) -> bool:
    """Say whether administrators of a server are refused, although Discord shows them the command."""
    root = getattr(command, "root_parent", None) or command
    return root.name == "admin" or command.qualified_name in FOR_OPERATORS


def link(message: Any, *, guild: Any = None, channel: Any = None) -> str:
    where = f"{guild.id if guild else '@me'}/{channel.id if channel else message.channel.id}"
    return f"https://discord.com/channels/{where}/{message.id}"


# --- Who may use what (D13) -----------------------------------------------------------------------


@pytest.mark.slow
async def test_strangers_are_denied_every_command_for_admins_and_change_nothing(w):
    guarded = [one for one in leaves(w) if is_for_admins(one)]
    assert {one.qualified_name for one in guarded} >= {
        f"settings {name}"
        for name in ("show", "activate", "deactivate", "chance", "chance_reset", "deny", "allow", "audit")
    } | OF_GROUPS_FOR_ALL
    show_to(w, w.mira)
    before, denied = kept(w), 0
    for command in guarded:
        result = await use(w, w.mira, command)
        denied += "it takes the permission" in told(result)
    assert denied == len(guarded)
    assert kept(w) == before


async def test_what_is_not_for_admins_is_open_to_everybody(w):
    everyday = {one.qualified_name for one in leaves(w) if not is_for_admins(one)}
    menus = {"Why?", "Reroll this", "Forget this"}
    own_talk = {"continue", "edit_reply", "forget_last", "greeting", "reroll", "reset_conversation", "swipe"}
    looking, changing = ("at", "facts", "history", "list", "map"), ("edit", "learning", "pin", "share")
    known = (*looking, *changing, "delete", "delete_all")
    decided = {f"privacy {one}" for one in ("show", "yes", "no", "export", "import", "delete")}
    decided |= {f"remind {one}" for one in ("date", "delete", "list", "me")}
    decided |= {"timezone set", "timezone show"}
    decided |= {f"birthday {one}" for one in ("forget", "set", "show")}
    decided |= {f"me {one}" for one in ("clear", "set", "show")} | {"persona choose", "persona list"}
    decided |= {f"scene {one}" for one in ("note", "note_clear", "show", "start", "stop")}
    known_for_good = {*decided, "remember", *(f"memory {one}" for one in known)}
    inner = {"mood", "relationship"}
    useful = {"poll", "serverinfo", "userinfo", "ticket close", "ticket open"}
    # Of a new command docs/commands.md says who may use it, and a test compares the two.
    assert everyday >= {
        "health",
        "help",
        "status",
        "why",
        *inner,
        *useful,
        *own_talk,
        *known_for_good,
        *menus,
    }
    offered = {*w.mira.available_commands(w.channel)}
    assert offered == (everyday - menus) | OF_GROUPS_FOR_ALL


@pytest.mark.slow
@pytest.mark.parametrize("permissions", [{"manage_guild": True}, {"administrator": True}])
async def test_admins_are_let_in(w, permissions):
    anna = admin(w, **permissions)
    show_to(w, anna)
    for command in (one for one in leaves(w) if not is_for_operators(one)):
        said = told(await use(w, anna, command))
        refused = "it takes the permission" in said.replace("the permission **Create Polls**", "")
        assert refused is asks_for_more(command, **permissions)


@pytest.mark.parametrize("permissions", [{"manage_channels": True, "manage_roles": True}])
async def test_other_powers_are_not_enough(w, permissions):
    anna = admin(w, **permissions)
    show_to(w, anna)
    assert "it takes the permission **Manage Server**" in told(await anna.slash(w.channel, "settings show"))


async def test_an_operator_is_let_in_without_permissions(w):
    show_to(w, w.mira)
    let_operate(w, w.mira)
    assert "**Here**" in told(await w.mira.slash(w.channel, "settings show"))


async def test_an_admin_of_another_server_is_a_stranger_here(w):
    other = w.env.create_guild("Another")
    role = other.create_role("Boss", permissions=discord.Permissions(administrator=True))
    other.add_member(w.mira.user, roles=[role])
    show_to(w, w.mira)
    assert "it takes the permission" in told(await w.mira.slash(w.channel, "settings deactivate"))


async def noop(interaction: discord.Interaction[Any]) -> None:
    """Do nothing."""


@pytest.mark.parametrize(("held", "allowed"), [("manage_guild", False), ("administrator", True)])
async def test_a_command_for_nobody_by_name_is_for_administrators(w, held, allowed):
    command: Any = app_commands.Command(name="x", description="x", callback=noop)
    command.default_permissions = discord.Permissions.none()
    interaction = asked(w, command, permissions=discord.Permissions(**{held: True}))
    tree = w.client.tree
    assert isinstance(tree, Commands)
    assert tree.permits(interaction, command) is allowed


async def test_a_subcommand_may_ask_for_more_than_its_group(w):
    group = app_commands.Group(
        name="g", description="g", default_permissions=discord.Permissions(manage_guild=True)
    )
    command: Any = app_commands.Command(name="x", description="x", callback=noop, parent=group)
    command.default_permissions = discord.Permissions(ban_members=True)
    tree: Any = w.client.tree
    some = discord.Permissions(manage_guild=True)
    both = discord.Permissions(manage_guild=True, ban_members=True)
    assert not tree.permits(asked(w, command, permissions=some), command)
    assert tree.permits(asked(w, command, permissions=both), command)
    assert "**Ban Members** and **Manage Server**" in (tree.refusal(asked(w, command), command) or "")


async def test_in_a_dm_nobody_has_the_permissions_of_a_server(w):
    tree, show = w.client.tree, w.client.tree.get_command("settings").get_command("show")
    assert is_for_admins(show)
    everything = asked(w, show, guild_id=None, permissions=discord.Permissions.all())
    assert isinstance(tree, Commands)
    assert tree.refusal(everything, show) == ONLY_IN_SERVERS
    assert not tree.permits(everything, show)


async def test_typing_into_a_command_that_is_not_ones_own_is_refused_without_a_word(w):
    guarded = next(one for one in leaves(w) if is_for_admins(one))
    interaction = asked(w, guarded, type=discord.InteractionType.autocomplete)
    assert await w.client.tree.interaction_check(interaction) is False  # an answer would fail: there is none


# --- Every answer comes in time, and calmly (A11) -------------------------------------------------


@pytest.mark.slow
async def test_every_command_is_acknowledged_before_the_database_is_asked(w, monkeypatch):
    anna, late = admin(w), 0
    for method in ("read", "begin"):
        original = getattr(Database, method)

        def watched(self: Database, original: Any = original, **how: Any) -> Any:
            nonlocal late
            late += any(not one.responded for one in w.env.backend.interactions.values())
            return original(self, **how)

        monkeypatch.setattr(Database, method, watched)
    show_to(w, anna)
    for command in (one for one in leaves(w) if not is_for_operators(one)):
        assert told(await use(w, anna, command))
    assert late == 0


@pytest.mark.parametrize(
    ("error", "sentence"), [(RuntimeError("canary"), FAILED), (DatabaseError("canary"), FORGETFUL)]
)
async def test_a_command_that_fails_answers_with_one_sentence_and_logs_no_words(
    w, monkeypatch, caplog, error, sentence
):
    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(w.app.administration, "house", fail)
    with caplog.at_level(logging.DEBUG):
        result = await w.mira.slash(w.channel, "status")
    w.env._errors.clear()
    assert told(result) == sentence
    assert f"/status failed: {type(error).__name__} in test_commands.py:" in caplog.text
    assert "canary" not in caplog.text


async def test_a_command_that_is_gone_says_so(w):
    command = w.client.tree.remove_command("status")
    result = await w.mira.slash(w.channel, "status")
    w.env._errors.clear()
    assert command is not None
    assert told(result) == OUTDATED


@pytest.mark.parametrize(("status", "code"), [(404, 10062), (400, 40060), (500, 0)])
async def test_a_command_that_can_not_be_acknowledged_changes_nothing(w, caplog, status, code):
    anna = admin(w)
    before = kept(w)
    w.env.inject_error("POST", "/interactions/*/*/callback", status=status, code=code, times=None)
    result = await anna.slash(w.channel, "settings deactivate", whole_server=True)
    w.env._errors.clear()
    assert not result.acknowledged
    assert kept(w) == before
    assert "A command can't be answered" in caplog.text


async def test_nothing_that_a_command_says_pings(w):
    anna = admin(w)
    role = w.guild.create_role("Ducks")
    await anna.slash(w.channel, "settings deny", user=w.tom)
    await anna.slash(w.channel, "settings deny", role=role)
    for name in ("settings show", "settings audit", "help", "status"):
        await anna.slash(w.channel, name)
    calls = [one for one in w.env.http_requests if "callback" in one.path or "webhooks" in one.path]
    sent = [(one.json or {}).get("data", one.json) for one in calls]
    pings = [one["allowed_mentions"] for one in sent if one.get("content")]
    assert len(pings) >= 6
    assert all(one == {"parse": []} for one in pings)
    assert w.pinged() == set()


# --- /help ----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_help_names_every_command_or_its_group_and_a_topic_tells_what_each_does(w):
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    said = told(await anna.slash(w.channel, "help"))
    for command in leaves(w):
        if isinstance(command, app_commands.ContextMenu):
            assert f"**{command.name}**: " in said
            continue
        root = command.root_parent or command
        (line,) = (one for one in said.splitlines() if one.startswith(f"**/{root.name}**"))
        if root is command:
            assert line.endswith(command.description)
            continue
        assert command.qualified_name.split(" ")[1] in line
        assert root.description in line
        more = told(await anna.slash(w.channel, "help", topic=root.name)).splitlines()
        assert f"**/{command.qualified_name}**: {command.description}" in more
    assert len(said.splitlines()) < 50


async def test_help_on_a_topic_that_is_none_or_not_the_askers_says_so(w):
    for topic in ("nonsense", "settings", "@everyone **x**"):
        said = told(await w.mira.slash(w.channel, "help", topic=topic))
        assert said.startswith("There is no command “")
        assert said.endswith("that you may use here: /help lists them.")
    assert "**/why**: " in told(await w.mira.slash(w.channel, "help", topic="/why message"))
    offered = await w.mira.autocomplete(w.channel, "help", "topic", "/me")
    assert [one["value"] for one in offered] == ["me", "memory"]


async def test_help_tells_everybody_else_of_their_own_commands_only(w):
    said = told(await w.mira.slash(w.channel, "help"))
    assert "/why" in said
    assert "Why?" in said
    assert "/settings" not in said


async def test_help_says_how_to_talk_to_the_character(w):
    said = told(await w.mira.slash(w.channel, "help"))
    assert f"mention {w.me}, say “Pixel” or “Pix”, reply" in said
    assert "unasked" not in said
    let_vote(w)
    assert "unasked" in told(await w.mira.slash(w.channel, "help"))


async def test_help_in_a_dm_tells_an_operator_what_works_in_servers_only(w):
    let_operate(w, w.mira)
    said = told(await w.mira.user.slash("help"))
    assert "**/settings** show" in said
    assert " (in a server): Where I am switched on" in said
    assert "**/settings show** (in a server): " in told(await w.mira.user.slash("help", topic="settings"))
    assert "**/why**: " in said


async def test_help_knows_a_command_that_came_later(w):
    @app_commands.command(name="dance", description="A new trick")
    async def dance(interaction: discord.Interaction[Any]) -> None:
        """Dance."""

    w.client.tree.add_command(dance)
    assert "**/dance**: A new trick" in told(await w.mira.slash(w.channel, "help"))


# --- /status --------------------------------------------------------------------------------------


async def test_status_is_about_the_asker_alone(w):
    other = w.guild.create_text_channel("other")
    await w.mira.send(w.channel, "Pixel?")
    await w.mira.send(other, "what a day")
    await w.tom.send(w.channel, "hello")
    said = told(await w.mira.slash(w.channel, "status"))
    read = sum(len(prompt.text) // 4 for prompt in w.claude.prompts)
    assert f"**So far**: {read:,} tokens read and 5 written for you, $0.0010" in said
    assert f"**In the last 24 hours**: {read:,} tokens" in said
    assert "1 of this channel, 2 in all" in said
    toms = told(await w.tom.slash(w.channel, "status"))
    assert "0 tokens read and 0 written for you, $0.0000" in toms
    assert "1 of this channel, 1 in all" in toms


@pytest.mark.slow
async def test_status_tells_what_is_older_than_a_day_apart(w):
    await w.mira.send(w.channel, "Pixel?")
    await w.env.advance_time(25 * 3600)
    said = told(await w.mira.slash(w.channel, "status")).splitlines()
    assert "5 written" in said[0]
    assert said[1] == "**In the last 24 hours**: 0 tokens read and 0 written for you, $0.0000"


async def test_status_tells_premium_and_the_model_that_answers(w):
    await w.mira.send(w.channel, "hello")
    said = told(await w.mira.slash(w.channel, "status"))
    assert "**Plan**: standard" in said
    assert f"Pixel, with the model {SERVER.model}" in said
    async with w.app.database.begin() as db:
        await db.users.toggle_premium(w.mira.id)
    said = told(await w.mira.slash(w.channel, "status"))
    assert "**Plan**: premium" in said
    assert f"Pixel, with the model {w.app.settings.premium_model}" in said
    await w.mira.send(w.channel, "Pixel?")
    assert w.claude.questions[-1].model == w.app.settings.premium_model


async def test_status_of_somebody_never_heard_is_all_zero(w):
    said = told(await w.tom.slash(w.channel, "status"))
    assert "0 of this channel, 0 in all" in said


async def test_status_tells_whether_and_how_often_it_joins_in_here(w):
    anna = admin(w)
    let_vote(w)
    assert "with a chance of 100% I consider joining in" in told(await w.mira.slash(w.channel, "status"))
    await anna.slash(w.channel, "settings chance", percent=30)
    assert "with a chance of 30% I consider joining in" in told(await w.mira.slash(w.channel, "status"))
    await anna.slash(w.channel, "settings chance", percent=0)
    assert "I don't join in unasked" in told(await w.mira.slash(w.channel, "status"))
    await anna.slash(w.channel, "settings deactivate")
    assert "I am switched off" in told(await w.mira.slash(w.channel, "status"))


async def test_status_works_in_a_dm(w):
    await w.mira.send_dm("hi")
    said = told(await w.mira.user.slash("status"))
    assert "**Here**: I answer everything" in said
    assert "1 of this channel, 1 in all" in said


# --- /why -----------------------------------------------------------------------------------------


async def test_why_without_a_message_explains_the_last_decision_in_this_channel(w):
    await w.mira.send(w.channel, "Pixel?")
    last = await w.tom.send(w.channel, "my canary")
    said = told(await w.mira.slash(w.channel, "why"))
    assert said.splitlines()[0] == link(last, guild=w.guild)
    assert "**Not answered**: " in said
    assert "canary" not in said


async def test_why_where_nothing_was_decided_says_so(w):
    assert told(await w.mira.slash(w.channel, "why")) == NOTHING_7


async def test_why_explains_a_message_by_link_id_and_menu_alike(w):
    message = await w.mira.send(w.channel, f"{w.me} hello")
    await w.tom.send(w.channel, "never mind")
    by_link = told(await w.tom.slash(w.channel, "why", message=f"<{link(message, guild=w.guild)}>"))
    by_id = told(await w.tom.slash(w.channel, "why", message=f" {message.id} "))
    by_menu = told(await w.tom.context_menu(w.channel, "Why?", message))
    assert by_link == by_id == by_menu
    assert "**Answered**: mentioned." in by_link


async def test_why_of_a_reply_explains_the_message_that_it_answers(w):
    w.claude.will_say("word " * 900)
    asked_for = await w.mira.send(w.channel, "Pixel, tell me")
    parts = [one for one in w.channel.history() if one.author.id == w.client.user.id]
    assert len(parts) == 3
    for part in parts:
        said = told(await w.tom.context_menu(w.channel, "Why?", part))
        assert said.splitlines()[0] == link(asked_for, guild=w.guild)
        assert "**Answered**: called by name." in said


async def test_why_of_an_unanswered_message_names_the_rule_that_stopped_it(w):
    anna = admin(w)
    await anna.slash(w.channel, "settings deactivate")
    message = await w.mira.send(w.channel, "Pixel?")
    said = told(await w.mira.slash(w.channel, "why", message=str(message.id)))
    assert "**Not answered**: switched off here." in said
    assert "- `forbidden` decided" in said


@pytest.mark.parametrize(
    "text", ["", "hello", "https://example.org/1/2/3", "12345678901234567890", "-5", "1.5"]
)
async def test_why_about_what_is_no_message_says_what_to_give(w, text):
    if text:
        assert told(await w.mira.slash(w.channel, "why", message=text)) == NOT_A_MESSAGE
    assert pointed_at(text, w.guild.id) is None


@pytest.mark.parametrize("host", ["discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"])
def test_links_of_every_client_are_understood(host):
    assert pointed_at(f"https://{host}/channels/7/8/9", 7) == Pointed(9, 8, 7)
    assert pointed_at(f"https://{host}/channels/@me/8/9", 7) == Pointed(9, 8, None)


async def secret_places(w: World) -> dict[str, Any]:
    """Return a message that was answered from each of some places, of which Anna sees all and Tom some."""
    anna = admin(w, view_channel=True, read_message_history=True)
    see_and_send = discord.PermissionOverwrite(
        view_channel=True, read_message_history=True, send_messages=True
    )
    unseen = discord.PermissionOverwrite(view_channel=False)
    unread = discord.PermissionOverwrite(read_message_history=False)
    bot = w.client.user
    assert bot is not None
    everybody = w.guild.default_role
    ours = {anna: see_and_send, bot: see_and_send}
    hidden = w.guild.create_text_channel("hidden", overwrites={everybody: unseen, **ours})
    brief = w.guild.create_text_channel("brief", overwrites={everybody: unread, **ours})
    connect = discord.Permissions(connect=True).value
    deaf = [Overwrite(everybody.id, OverwriteType.ROLE, deny=connect)]
    deaf += [Overwrite(one.id, OverwriteType.MEMBER, allow=connect) for one in (anna, bot)]
    voice = w.env.backend.create_channel(w.guild.id, "voice", type=ChannelType.VOICE, overwrites=deaf)
    # It is Anna's: a private thread of the bot's own is a ticket, in which nothing is heard.
    thread = w.env.backend.create_thread(w.channel.id, "whisper", anna.id, type=ChannelType.PRIVATE_THREAD)
    for one in (anna, bot):
        w.env.backend.add_thread_member(thread.id, one.id)
    await w.env.settle()
    [whisper] = w.channel.threads
    other = w.env.create_guild("Another")
    elsewhere = other.create_text_channel("elsewhere")
    guest = other.add_member(w.tom.user)
    return {
        "anna": anna,
        "whisper": whisper,
        "open": await anna.send(w.channel, "Pixel?"),
        "hidden": await anna.send(hidden, "Pixel?"),
        "brief": await anna.send(brief, "Pixel?"),
        "thread": await anna.send(whisper, "Pixel?"),
        "voice": await anna.send(ChannelHandle(w.env, w.guild, voice), "Pixel?"),
        "other": await guest.send(elsewhere, "Pixel?"),
        "guest": guest,
        "elsewhere": elsewhere,
        "dm": await w.tom.send_dm("hi"),
    }


MATRIX = {"open": True, "hidden": False, "brief": False, "thread": False, "voice": False}


async def test_why_is_told_to_whoever_may_read_the_channel_and_to_nobody_else(w):
    places = await secret_places(w)
    anna, ask = places["anna"], w.guild.create_text_channel("ask here")
    for name, tom_may in MATRIX.items():
        for text in (str(places[name].id), link(places[name], guild=w.guild)):
            assert "**Answered**" in told(await anna.slash(ask, "why", message=text)), name
            toms = told(await w.tom.slash(ask, "why", message=text))
            assert ("**Answered**" in toms) is tom_may, name
            assert tom_may or toms == UNKNOWN_7, name


@pytest.mark.slow
async def test_why_of_a_private_thread_is_told_to_its_members_and_to_who_manages_threads(w):
    places = await secret_places(w)
    message = link(places["thread"], guild=w.guild)
    assert told(await w.tom.slash(w.channel, "why", message=message)) == UNKNOWN_7
    w.env.backend.add_thread_member(places["whisper"].id, w.tom.id)
    assert "**Answered**" in told(await w.tom.slash(w.channel, "why", message=message))
    warden = w.guild.create_role("Warden", permissions=discord.Permissions(manage_threads=True))
    bea = w.guild.add_member(w.env.create_user("bea"), roles=[warden])
    assert "**Answered**" in told(await bea.slash(w.channel, "why", message=message))


async def test_why_of_a_thread_that_is_no_longer_cached_asks_discord_for_it(w):
    places = await secret_places(w)
    guild: Any = w.client.get_guild(w.guild.id)
    guild._remove_thread(guild.get_thread(places["whisper"].id))
    message = link(places["thread"], guild=w.guild)
    assert "**Answered**" in told(await places["anna"].slash(w.channel, "why", message=message))
    assert told(await w.tom.slash(w.channel, "why", message=message)) == UNKNOWN_7


async def test_why_of_another_server_is_refused_here_and_told_there(w):
    places = await secret_places(w)
    by_link = link(places["other"], guild=places["guest"].guild)
    assert told(await w.tom.slash(w.channel, "why", message=by_link)) == ELSEWHERE
    assert told(await w.tom.user.slash("why", message=by_link)) == ELSEWHERE
    assert told(await w.tom.slash(w.channel, "why", message=str(places["other"].id))) == UNKNOWN_7
    assert "**Answered**" in told(await places["guest"].slash(places["elsewhere"], "why", message=by_link))


async def test_a_forged_link_opens_no_other_channel(w):
    places = await secret_places(w)
    forged = link(places["hidden"], guild=w.guild, channel=w.channel)
    assert told(await w.tom.slash(w.channel, "why", message=forged)) == UNKNOWN_7
    forged = link(places["other"], guild=w.guild, channel=places["elsewhere"])
    assert told(await w.tom.slash(w.channel, "why", message=forged)) == UNKNOWN_7
    wrong = link(places["open"], guild=w.guild, channel=w.guild.create_text_channel("beside"))
    assert told(await w.tom.slash(w.channel, "why", message=wrong)) == UNKNOWN_7
    assert not [one for one in w.env.http_requests if one.method == "GET" and "/channels/" in one.path]


async def test_why_of_a_dm_is_told_in_that_dm_only(w):
    places = await secret_places(w)
    dm = places["dm"]
    assert "**Answered**: direct message." in told(await w.tom.user.slash("why", message=str(dm.id)))
    by_link = f"https://discord.com/channels/@me/{w.tom.user.dm_channel.id}/{dm.id}"
    assert "**Answered**" in told(await w.tom.user.slash("why", message=by_link))
    assert "**Answered**" in told(await w.tom.user.slash("why"))
    for text in (str(dm.id), by_link):
        assert told(await w.mira.user.slash("why", message=text)) == UNKNOWN_7
    assert told(await w.mira.slash(w.channel, "why", message=str(dm.id))) == UNKNOWN_7
    assert told(await w.mira.slash(w.channel, "why", message=by_link)) == ELSEWHERE


async def test_what_can_not_be_seen_and_what_is_not_there_get_the_same_answer(w):
    places = await secret_places(w)
    nothing = link(places["hidden"], guild=w.guild).rpartition("/")[0] + "/77"
    asked_for = ["77", nothing, str(places["hidden"].id), link(places["hidden"], guild=w.guild)]
    answers = {told(await w.tom.slash(w.channel, "why", message=text)) for text in asked_for}
    assert answers == {UNKNOWN_7}


@pytest.mark.slow
async def test_why_of_what_was_pruned_names_the_days(w):
    message = await w.mira.send(w.channel, "Pixel?")
    for _day in range(8):  # each is given its own real seconds: all jobs of a day run
        await w.env.advance_time(24 * 3600)
    await w.app.message_log.prune()
    assert told(await w.mira.slash(w.channel, "why", message=str(message.id))) == UNKNOWN_7
    reply = next(one for one in w.channel.history() if one.author.id == w.client.user.id)
    assert told(await w.mira.slash(w.channel, "why", message=str(reply.id))) == UNKNOWN_7


# --- /settings: what it changes -------------------------------------------------------------------


async def test_switched_off_it_does_not_answer_the_very_next_message_and_keeps_no_words(w):
    anna = admin(w)
    said = told(await anna.slash(w.channel, "settings deactivate"))
    assert said == house_cog.OFF.format(place=w.channel.mention)
    await w.mira.send(w.channel, f"{w.me} canary, do you hear me?")
    assert w.said() == []
    assert w.claude.prompts == []
    assert "canary" not in "".join(kept(w))
    said = told(await anna.slash(w.channel, "settings activate"))
    assert said == house_cog.ON.format(place=w.channel.mention)
    await w.mira.send(w.channel, f"{w.me} and now?")
    assert w.said() == ["Hm."]
    assert "canary" not in w.prompt.text


async def test_a_channel_can_be_switched_off_from_another(w):
    anna, other = admin(w), w.guild.create_text_channel("other")
    await anna.slash(other, "settings deactivate", channel=w.channel)
    await w.mira.send(w.channel, "Pixel?")
    await w.mira.send(other, "Pixel?")
    assert w.said() == []
    assert w.said(other) == ["Hm."]


async def test_the_server_off_and_a_channel_on_make_an_allow_list(w):
    anna, other = admin(w), w.guild.create_text_channel("other")
    await anna.slash(w.channel, "settings activate")
    said = told(await anna.slash(w.channel, "settings deactivate", whole_server=True))
    assert f"stays: switched on in {w.channel.mention}." in said
    await w.mira.send(w.channel, "Pixel?")
    await w.mira.send(other, "Pixel?")
    assert w.said() == ["Hm."]
    assert w.said(other) == []
    await anna.slash(w.channel, "settings activate", whole_server=True)
    await w.mira.send(other, "Pixel?")
    assert w.said(other) == ["Hm."]


async def test_another_server_is_left_alone(w):
    anna = admin(w)
    other = w.env.create_guild("Another")
    channel = other.create_text_channel("elsewhere")
    guest = other.add_member(w.tom.user)
    await anna.slash(w.channel, "settings deactivate", whole_server=True)
    await guest.send(channel, "Pixel?")
    assert w.said(channel) == ["Hm."]


async def test_with_a_chance_of_zero_a_mention_is_answered(w):
    anna = admin(w)
    said = told(await anna.slash(w.channel, "settings chance", percent=0))
    assert said.startswith(house_cog.CHANCE.format(percent="0", place=w.channel.mention))
    message = await w.mira.send(w.channel, "could somebody please help me with this question?")
    assert w.said() == []
    await w.mira.send(w.channel, f"{w.me} hello")
    assert w.said() == ["Hm."]
    assert "chance decided against it" in told(await w.mira.slash(w.channel, "why", message=str(message.id)))


async def test_a_chance_is_set_for_a_channel_or_the_server_and_taken_back(w):
    anna, here = admin(w), Where(w.channel.id, Place.GUILD, guild_id=w.guild.id)
    await anna.slash(w.channel, "settings chance", percent=12.5, whole_server=True)
    await anna.slash(w.channel, "settings chance", percent=40)
    assert (await w.app.administration.house(w.guild.id)).chance(here) == 0.4
    said = told(await anna.slash(w.channel, "settings chance_reset"))
    assert said == house_cog.CHANCE_LIFTED.format(place=w.channel.mention)
    assert (await w.app.administration.house(w.guild.id)).chance(here) == 0.125
    said = told(await anna.slash(w.channel, "settings chance_reset"))
    assert said == house_cog.NO_CHANCE.format(place=w.channel.mention)
    await anna.slash(w.channel, "settings chance_reset", whole_server=True)
    assert (await w.app.administration.house(w.guild.id)).chance(here) is None


@pytest.mark.parametrize("percent", [-0.5, 100.5])
async def test_a_chance_is_between_nought_and_a_hundred(w, percent):
    anna = admin(w)
    with pytest.raises(simcord.OptionError):
        await anna.slash(w.channel, "settings chance", percent=percent)


async def test_where_there_is_no_vote_a_chance_says_that_it_has_no_effect(w):
    anna = admin(w)
    assert house_cog.NO_VOTES in told(await anna.slash(w.channel, "settings chance", percent=50))
    assert house_cog.NO_VOTES in told(await anna.slash(w.channel, "settings show"))
    let_vote(w)
    assert house_cog.NO_VOTES not in told(await anna.slash(w.channel, "settings chance", percent=50))
    assert house_cog.NO_VOTES not in told(await anna.slash(w.channel, "settings show"))


@pytest.mark.parametrize("what", ["user", "role"])
async def test_who_is_denied_never_reaches_claude(w, what):
    anna, ducks = admin(w), w.guild.create_role("Ducks")
    dan = w.guild.add_member(w.env.create_user("dan", global_name="Dan"), roles=[ducks])
    target = dan if what == "user" else ducks
    said = told(await anna.slash(w.channel, "settings deny", **{what: target}))
    assert said == house_cog.DENIED.format(target=target.mention, scope="in this server")
    canary = await dan.send(w.channel, f"{w.me} canary")
    await dan.edit(canary, f"{w.me} canary bird")
    await w.mira.send(w.channel, "Pixel?", reply_to=canary)
    assert w.said() == ["Hm."]
    assert "canary" not in "".join(prompt.text for prompt in w.claude.prompts)
    assert "canary" not in "".join(kept(w))
    said = told(await anna.slash(w.channel, "settings allow", **{what: target}))
    assert said.strip() == house_cog.ALLOWED.format(target=target.mention)
    await dan.send(w.channel, f"{w.me} and now?")
    assert len(w.said()) == 2


async def test_an_operator_denies_a_user_everywhere(w):
    anna = admin(w)
    let_operate(w, anna)
    await anna.slash(w.channel, "settings deny", user=w.tom, everywhere=True)
    await w.tom.send(w.channel, "Pixel?")
    await w.tom.send_dm("hi")
    assert w.claude.prompts == []
    said = told(await anna.slash(w.channel, "settings allow", user=w.tom))
    assert house_cog.NOT_DENIED.format(target=w.tom.mention) in said
    assert house_cog.STILL_EVERYWHERE in said
    await anna.slash(w.channel, "settings deny", user=w.tom)
    said = told(await anna.slash(w.channel, "settings allow", user=w.tom, everywhere=True))
    assert house_cog.ALLOWED.format(target=w.tom.mention) in said
    assert house_cog.STILL_HERE in said
    await anna.slash(w.channel, "settings allow", user=w.tom)
    await w.tom.send(w.channel, "Pixel?")
    assert w.said() == ["Hm."]


@pytest.mark.parametrize("name", ["deny", "allow"])
async def test_options_that_contradict_each_other_are_named_and_change_nothing(w, name):
    anna, ducks = admin(w), w.guild.create_role("Ducks")
    before = kept(w)
    pixel = w.guild._env.backend.bot_user
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, house_cog.NO_TARGET),
        ({"user": w.tom, "role": ducks}, house_cog.TWO_TARGETS),
        ({"user": w.tom, "everywhere": True}, house_cog.OPERATORS_ONLY),
        ({"role": ducks, "everywhere": True}, house_cog.OPERATORS_ONLY),
        ({"role": w.guild.default_role}, house_cog.EVERYBODY),
        ({"user": simcord.UserHandle(w.env, pixel)}, house_cog.MYSELF),
    ]
    for options, fault in cases:
        assert told(await anna.slash(w.channel, f"settings {name}", **options)) == fault
    let_operate(w, anna)
    options = {"role": ducks, "everywhere": True}
    assert told(await anna.slash(w.channel, f"settings {name}", **options)) == house_cog.ROLE_EVERYWHERE
    assert kept(w) == before


@pytest.mark.parametrize(
    ("name", "options"),
    [("activate", {}), ("deactivate", {}), ("chance", {"percent": 5}), ("chance_reset", {})],
)
async def test_a_channel_and_the_whole_server_at_once_are_refused(w, name, options):
    anna = admin(w)
    before = kept(w)
    result = await anna.slash(w.channel, f"settings {name}", channel=w.channel, whole_server=True, **options)
    assert told(result) == house_cog.TWO_PLACES
    assert kept(w) == before


async def test_a_category_is_no_place_to_switch(w):
    anna, category = admin(w), w.guild.create_category("Things")
    with pytest.raises(simcord.OptionError):
        await anna.slash(w.channel, "settings deactivate", channel=category)


async def test_in_a_thread_its_own_setting_counts_before_that_of_its_channel(w):
    anna = admin(w)
    parent = w.client.get_channel(w.channel.id)
    assert isinstance(parent, discord.TextChannel)
    await parent.create_thread(name="side talk", type=discord.ChannelType.public_thread)
    await w.env.settle()
    [thread] = w.channel.threads
    await anna.slash(w.channel, "settings deactivate")
    await w.mira.send(thread, "Pixel?")
    assert w.said(thread) == []
    said = told(await anna.slash(thread, "settings show"))
    assert "switched off, set for the channel of this thread" in said
    await anna.slash(thread, "settings activate")
    assert "switched on, set for this thread" in told(await anna.slash(thread, "settings show"))
    await w.mira.send(thread, "Pixel?")
    await w.mira.send(w.channel, "Pixel?")
    assert w.said(thread) == ["Hm."]
    assert "Hm." not in w.said()


async def test_show_says_what_holds_and_who_said_so(w):
    anna = admin(w)
    said = told(await anna.slash(w.channel, "settings show"))
    assert f"**Here**: switched on, {UNSET}" in said
    assert "**Set in this server**: nothing" in said
    await anna.slash(w.channel, "settings deny", user=w.tom)
    await anna.slash(w.channel, "settings chance", percent=30, whole_server=True)
    said = told(await anna.slash(w.channel, "settings show"))
    assert "30 %, set for the whole server" in said
    assert f"- {w.tom.mention} is ignored" in said


async def test_show_of_very_many_rules_comes_in_several_messages(w):
    anna = admin(w)
    async with w.app.database.begin() as db:
        for number in range(120):
            await db.channels.lay_down_rule(w.guild.id, RuleKind.DENIED_USER, 10**17 + number)
    result = await anna.slash(w.channel, "settings show")
    assert len(result.followups) >= 1
    assert told(result).count("is ignored") == 120


async def test_each_change_leaves_a_trace_that_the_admins_of_this_server_see(w):
    anna = admin(w)
    other = w.env.create_guild("Another")
    boss = other.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
    rival, lobby = other.add_member(w.tom.user, roles=[boss]), other.create_text_channel("lobby")
    assert told(await anna.slash(w.channel, "settings audit")) == "Nothing was changed here yet."
    await anna.slash(w.channel, "settings chance", percent=30)
    await anna.slash(w.channel, "settings deny", user=w.mira)
    await anna.slash(w.channel, "settings allow", user=w.mira)
    await rival.slash(lobby, "settings deactivate")
    lines = told(await anna.slash(w.channel, "settings audit")).splitlines()
    assert [line.partition("> ")[2] for line in lines] == [
        f"{anna.mention} taken back: {w.mira.mention} is ignored",
        f"{anna.mention} set: {w.mira.mention} is ignored",
        f"{anna.mention} set: chance of 30 % in {w.channel.mention}",
    ]
    assert lobby.mention in told(await rival.slash(lobby, "settings audit"))


async def test_what_holds_everywhere_is_audited_for_operators_only(w):
    anna = admin(w)
    let_operate(w, anna)
    await anna.slash(w.channel, "settings deny", user=w.tom, everywhere=True)
    assert f"{w.tom.mention} is ignored (everywhere)" in told(await anna.slash(w.channel, "settings audit"))
    let_operate(w, w.mira)
    assert told(await anna.slash(w.channel, "settings audit")) == "Nothing was changed here yet."


async def test_the_audit_shows_the_last_twenty(w):
    anna = admin(w)
    for percent in range(22):
        await anna.slash(w.channel, "settings chance", percent=percent)
    lines = told(await anna.slash(w.channel, "settings audit")).splitlines()
    assert len(lines) == 20
    assert "chance of 21 %" in lines[0]
    assert "chance of 2 %" in lines[-1]


async def test_what_was_set_survives_a_restart(tmp_path):
    async with world(tmp_path) as before:
        anna = admin(before)
        await anna.slash(before.channel, "settings deactivate")
        await anna.slash(before.channel, "settings deny", user=before.tom)
        guild_id, off, tom = before.guild.id, before.channel.id, before.tom.id
    clock, mouth = FakeClock(), FakeMouth()
    claude = FakeClaude(clock)
    async with open_app(
        Settings(data_dir=tmp_path / "data"),
        PIXEL,
        SERVER,
        manner=AT_ONCE,
        claude=claude,
        clock=clock,
        rng=Random(1),
    ) as app:
        for channel_id, author_id in ((off, 1), (off + 1, tom), (off + 1, 1)):
            where = Where(channel_id, Place.GUILD, name="x", guild_id=guild_id)
            await app.conversation.take_turn(utterance("Pixel?", where=where, author_id=author_id), mouth)
    assert len(mouth.said) == 1
    assert len(claude.prompts) == 1
