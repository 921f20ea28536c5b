"""Who asks for something with a command or a press, and where, as the conversation knows it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import discord

from bot.conversation.rethinking import Asker
from bot.conversation.text.names import clean_name
from bot.conversation.types import Where
from bot.discord.commands import Interaction, asked_in
from cogs._discord.hearing import role_ids

if TYPE_CHECKING:
    from bot.discord.client import Masquerade


def asker_of(interaction: Interaction) -> Asker:
    """Return who asks, with the roles that Discord named."""
    user = interaction.user
    roles = role_ids(user) if isinstance(user, discord.Member) else ()
    return Asker(user.id, clean_name(user.display_name, f"user {user.id}"), roles)


async def listens_to(bot: "Masquerade", user: discord.User | discord.Member, where: Where) -> bool:
    """Say whether the character takes in anything of somebody's in a place."""
    house = await bot.app.administration.house(where.guild_id)
    roles = set(role_ids(user) if isinstance(user, discord.Member) else ())
    denied = house.ignores(user.id) or bool(house.denied_roles & roles)
    return not denied and house.active(where)


def place_of(interaction: Interaction) -> Where:
    """Return the place in which it is asked, with its names: a prompt tells them."""
    where, guild = asked_in(interaction), interaction.guild
    if guild is None:
        return where
    name = getattr(interaction.channel, "name", None) or "channel"
    return replace(where, name=clean_name(name, "unnamed"), guild_name=clean_name(guild.name, "unnamed"))
