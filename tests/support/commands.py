"""What several tests stand on: commands."""

import sqlite3
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import discord
from discord import app_commands

from bot.app import DATABASE_NAME
from bot.conversation.attention.vote import Voters
from tests.support.discord import World


def admin(w: World, **permissions: bool) -> Any:
    """Let Anna come, who may manage the server, or has the permissions given instead."""
    held = discord.Permissions(**(permissions or {"manage_guild": True}))
    role = w.guild.create_role("Staff", permissions=held)
    return w.guild.add_member(w.env.create_user("anna", global_name="Anna"), roles=[role])


def let_operate(w: World, who: Any) -> None:
    """Name somebody in admin_ids."""
    changed = w.app.settings.model_copy(update={"admin_ids": (who.id,)})
    object.__setattr__(w.app, "settings", changed)


def let_vote(w: World) -> None:
    attention = replace(w.app.manner.attention, voters=Voters(model="m", count=1, deadline=10))
    object.__setattr__(w.app, "manner", replace(w.app.manner, attention=attention))


def told(result: Any) -> str:
    """Return what a command answered; it is always for the eyes of its user only."""
    answers = [result.response, *result.followups]
    assert all(one.ephemeral for one in answers)
    return "\n".join(one.content for one in answers)


def kept(w: World) -> list[str]:
    """Return everything in the database, as SQL."""
    path = w.app.settings.data_dir / DATABASE_NAME
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def leaves(w: World) -> list[Any]:
    """Return every command that somebody can use."""
    tree = w.client.tree
    slash = [one for one in tree.walk_commands() if isinstance(one, app_commands.Command)]
    return [*slash, *tree.walk_commands(type=discord.AppCommandType.message)]


def is_for_admins(command: Any) -> bool:
    root = getattr(command, "root_parent", None) or command
    return root.default_permissions is not None or command.default_permissions is not None


async def use(w: World, who: Any, command: Any) -> Any:
    """Use a command with the options that it needs."""
    if isinstance(command, app_commands.ContextMenu):
        target = await w.tom.send(w.channel, "about this")
        return await who.context_menu(w.channel, command.name, target)
    somebody = w.guild.add_member(w.env.create_user("gone")) if command.name == "kick" else w.tom
    fill = {
        discord.AppCommandOptionType.number: 5.0,
        discord.AppCommandOptionType.integer: 1,
        discord.AppCommandOptionType.string: "1",
        discord.AppCommandOptionType.user: somebody,
        discord.AppCommandOptionType.attachment: ("file.json", b"{}"),
    }
    options = {
        one.display_name: one.choices[0].value if one.choices else fill[one.type]
        for one in command.parameters
        if one.required
    }
    return await who.slash(w.channel, command.qualified_name, **options)


def show_to(w: World, *people: Any) -> None:
    """Override in the server's own settings to whom Discord shows the commands for admins."""
    for (_name, _kind), one in w.env.backend.commands[None].items():
        w.guild.set_command_permissions(int(one["id"]), dict.fromkeys(people, True))


def asked(w: World, command: Any, **changes: Any) -> Any:
    plain = SimpleNamespace(
        command=command,
        guild_id=5,
        user=SimpleNamespace(id=6),
        permissions=discord.Permissions.none(),
        type=discord.InteractionType.application_command,
        locale=discord.Locale.american_english,
    )
    plain.__dict__.update(changes)
    return plain
