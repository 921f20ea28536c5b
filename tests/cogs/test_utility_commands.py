"""Polls, user info and server info on an in-memory Discord, and a snapshot of the commands (F126, C90)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from cogs import utility
from cogs._discord.text import ACCENT
from tests.support.commands import told
from tests.support.discord import World, world

COMMANDS = """\
/ban user:user reason?:string delete_messages?:string [ban_members]
/kick member:user reason?:string [kick_members]
/mute member:user duration:string reason?:string [moderate_members]
/poll question:string answer1:string answer2:string answer3?:string answer4?:string answer5?:string \
answer6?:string answer7?:string answer8?:string answer9?:string answer10?:string hours?:integer \
multiple?:boolean
/purge count:integer person?:user reason?:string [manage_messages]
/serverinfo plain?:boolean
/slowmode wait:string reason?:string [manage_channels]
/ticket close
/ticket open subject?:string
/tickets off [manage_guild]
/tickets panel [manage_guild]
/tickets setup channel?:channel role?:role staff_channel?:channel [manage_guild]
/tickets show [manage_guild]
/unban user:user reason?:string [ban_members]
/unmute member:user reason?:string [moderate_members]
/userinfo person?:user plain?:boolean
"""
COGS = {"ModerationCog", "ChannelModerationCog", "UtilityCog", "TicketsCog"}


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


def let_all(w: World, **held: bool) -> None:
    """Give everybody in the server permissions, or take them."""
    role = w.env.backend.get_role(w.guild.id, w.guild.id)
    permissions = discord.Permissions(role.permissions)
    permissions.update(**held)
    w.env.backend.edit_role(w.guild.id, role.id, {"permissions": permissions.value})


def as_a_line(command: Any, tree: Any) -> str:
    """Return a command as Discord is told of it, in one line."""
    root = command.root_parent or command
    payload = command.to_dict(tree)
    options = [
        f"{one['name']}{'' if one.get('required') else '?'}:{discord.AppCommandOptionType(one['type']).name}"
        for one in payload["options"]
    ]
    needed = [name for name, on in root.default_permissions or () if on]
    return " ".join([f"/{command.qualified_name}", *options, *(f"[{name}]" for name in needed)])


def test_the_snapshot_names_each_command_once():
    names = [line.split()[0] for line in COMMANDS.splitlines()]
    assert len(names) == 16


async def test_the_commands_are_what_the_snapshot_says(w):
    leaves = [one for one in w.client.tree.walk_commands() if isinstance(one, app_commands.Command)]
    ours = [one for one in leaves if type(one.binding).__name__ in COGS]
    assert "\n".join(sorted(as_a_line(one, w.client.tree) for one in ours)) + "\n" == COMMANDS
    assert all((one.root_parent or one).guild_only for one in ours)
    assert all(one.description[0].isupper() and len(one.description) <= 100 for one in ours)


# --- Polls ----------------------------------------------------------------------------------------


async def test_a_poll_is_discords_own_and_seen_by_everybody(w):
    let_all(w, send_polls=True)
    result = await w.mira.slash(
        w.channel,
        "poll",
        question="Tea?",
        answer1="Yes",
        answer2="No",
        answer10="Perhaps",
        hours=48,
        multiple=True,
    )
    assert result.response.ephemeral
    assert "It ends <t:" in result.response.content
    [posted] = w.channel.history()
    assert posted.poll is not None
    assert posted.poll.question == "Tea?"
    assert [one.text for one in posted.poll.answers] == ["Yes", "No", "Perhaps"]
    assert posted.poll.multiple
    [followup] = result.followups
    assert not followup.ephemeral
    assert w.pinged() == set()
    await w.tom.vote(posted, answer=1)


async def test_the_poll_of_who_may_post_none_is_not_posted_by_the_bot(w):
    let_all(w, send_polls=False)
    said = told(await w.mira.slash(w.channel, "poll", question="Tea?", answer1="Yes", answer2="No"))
    assert "**Create Polls**" in said
    assert w.channel.history() == []


@pytest.mark.parametrize(
    ("question", "second", "sentence"),
    [("Tea?", "yes ", utility.TWICE), (" ", "No", utility.NO_WORDS), ("Tea?", " ", utility.NO_WORDS)],
)
async def test_a_poll_that_is_none_is_refused_with_a_sentence(w, question, second, sentence):
    let_all(w, send_polls=True)
    said = told(await w.mira.slash(w.channel, "poll", question=question, answer1="Yes", answer2=second))
    assert said == sentence
    assert w.channel.history() == []


# --- Info -----------------------------------------------------------------------------------------


async def test_user_info_is_a_card_for_the_eyes_of_the_asker(w):
    role = w.guild.create_role("**Bold** @everyone")
    zoe = w.guild.add_member(w.env.create_user("zoe", global_name="Zoe"), roles=[role])
    result = await w.mira.slash(w.channel, "userinfo", person=zoe)
    [embed] = result.response.embeds
    fields = {one.name: one.value for one in embed.fields}
    assert told(result) == "**Zoe**"
    assert embed.colour == ACCENT
    assert fields["Account"] == "zoe"
    assert r"\*\*Bold\*\*" in fields["Roles"]
    assert fields["Here since"].startswith("<t:")
    assert w.pinged() == set()


async def test_the_same_as_text_has_every_line_of_the_card(w):
    card = await w.mira.slash(w.channel, "userinfo", person=w.tom)
    plain = await w.mira.slash(w.channel, "userinfo", person=w.tom, plain=True)
    assert plain.response.embeds == []
    for field in card.response.embeds[0].fields:
        assert f"**{field.name}**: {field.value}" in plain.response.content


async def test_of_somebody_who_is_not_here_the_account_alone_is_told(w):
    eve = w.env.create_user("eve", global_name="Eve")
    said = told(await w.mira.slash(w.channel, "userinfo", person=eve, plain=True))
    assert "Not a member of this server." in said
    assert "Here since" not in said


async def test_without_a_name_it_is_about_the_asker(w):
    assert told(await w.mira.slash(w.channel, "userinfo")) == "**Mira**"


async def test_server_info_counts_and_names_the_owner(w):
    said = told(await w.mira.slash(w.channel, "serverinfo", plain=True))
    assert said.startswith("**The Guild**\n**Members**: about ")
    assert f"**Owner**: {w.guild.owner.name}" in said
    assert "**Channels**: 1 for text, 0 for voice, 0 forums" in said
    assert "**Roles**: 1" in said


async def test_server_info_goes_without_what_discord_does_not_tell(w):
    w.env.inject_error("GET", f"/guilds/{w.guild.id}", status=500, times=None)
    said = told(await w.mira.slash(w.channel, "serverinfo", plain=True))
    assert "**Members**" in said
    assert "Owner" not in said
