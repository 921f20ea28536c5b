"""What several tests stand on: moderation."""

from typing import Any

import discord

from tests.support.discord import World

POWERS = {
    "kick": "kick_members",
    "ban": "ban_members",
    "unban": "ban_members",
    "mute": "moderate_members",
    "unmute": "moderate_members",
    "purge": "manage_messages",
    "slowmode": "manage_channels",
}


def moderator(w: World, *powers: str, name: str = "anna") -> Any:
    """Let a moderator come, above Mira and Tom and below the bot."""
    held = discord.Permissions(**dict.fromkeys(powers or set(POWERS.values()), True))
    role = w.guild.create_role(f"Mods of {name}", permissions=held)
    return w.guild.add_member(w.env.create_user(name, global_name=name.title()), roles=[role])


def above_the_bot(w: World) -> Any:
    """Return a role that stands above the bot's own."""
    highest = max(one.position for one in w.guild._guild.roles.values())
    return w.guild.create_role("Heaven", position=highest + 1)


def take_from_bot(w: World, *powers: str) -> None:
    """Take permissions from the bot's role."""
    [role] = [one for one in w.guild._guild.roles.values() if one.managed]
    held = discord.Permissions(role.permissions)
    held.update(**dict.fromkeys(powers, False))
    w.env.backend.edit_role(w.guild.id, role.id, {"permissions": held.value})


def acts(w: World) -> list[tuple[int, int | None, str | None]]:
    """Return what stands in Discord's audit log: what, to whom, why."""
    return [(int(one.action_type), one.target_id, one.reason) for one in w.guild.audit_log()]
