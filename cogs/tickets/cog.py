"""Support tickets: /ticket for everybody, /tickets for the admins of a server (F126, C90)."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _
from bot.discord.commands import Interaction, answer, for_everybody, named
from bot.features.moderation import ModerationRefused
from cogs._discord.admin import actor_of
from cogs._discord.moderation import I_LACK_IN, asking_discord, guild_of, lacks, refusing
from cogs._discord.text import InfoCard, post
from cogs.tickets.buttons import TicketButton, buttons
from cogs.tickets.desk import TicketDesk
from cogs.tickets.threads import NEEDED_AT_DESK, NEEDED_BY_STAFF
from database.models import Desk

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST_SUBJECT = 200

OPEN_TITLE = _("Need help from the staff?")
OPEN_TEXT = _(
    "The button opens a ticket: a private thread for you and those who answer. You can have one at a time."
)
NO_TEXT_CHANNEL = _("Tickets need a text channel. Use this in one, or name one with the option channel.")
ROLE_OF_ALL = _("Everybody has that role: then everybody could read tickets. Name another one.")
STAFF_IS_PUBLIC = _(
    "Everybody can read {channel}, and tickets are told there. Name a channel for the staff alone."
)
SET_UP = _("Tickets now open under {channel}. /tickets panel posts a button for it.")
OPEN_BELOW = _("Tickets open under {channel}.")
ANSWERED_BY = _("Those who answer are members who may manage threads there.")
ANSWERED_BY_ROLE = _("Those who answer are members who may manage threads there, and holders of {role}.")
STAFF_READS = _("New tickets and transcripts go to {channel}.")
TURNED_OFF = _("Nobody can open tickets any more. Those that are open stay, and can be closed.")
WAS_OFF = _("No tickets could be opened here, so nothing changed. /tickets setup changes that.")
PANEL_POSTED = _("The button is posted below. It works until you delete the message, or use /tickets off.")


class TicketsCog(commands.Cog):
    """Only Discord stores what people write in tickets; the database records just that a ticket exists."""

    ticket = app_commands.Group(name="ticket", description="Ask the staff of this server", guild_only=True)
    tickets = app_commands.Group(
        name="tickets",
        description="Where tickets are opened, and who answers",
        guild_only=True,
        default_permissions=discord.Permissions(manage_guild=True),
    )

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._tickets = bot.app.tickets
        self.desk = TicketDesk(bot)

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(TicketButton)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(TicketButton)

    # Commands for everybody.

    @ticket.command(description="Open a private thread with those who answer tickets here")
    @app_commands.describe(subject="What it is about; you can write more in the thread")
    async def open(
        self, interaction: Interaction, subject: app_commands.Range[str, 1, LONGEST_SUBJECT] = ""
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            await self.desk.open(interaction, subject)

    @ticket.command(description="Close this ticket; what was said in it becomes a file")
    async def close(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            await self.desk.close(interaction)

    # Commands for admins.

    @tickets.command(description="Let people open tickets, or change where and who answers")
    @app_commands.describe(
        channel="Under which text channel; this one, if you name none",
        role="Whose holders may join tickets",
        staff_channel="Where new tickets and transcripts go; everybody there can read them",
    )
    async def setup(
        self,
        interaction: Interaction,
        channel: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        staff_channel: discord.TextChannel | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            guild = guild_of(interaction)
            below = channel or guild.get_channel(interaction.channel_id or 0)
            if not isinstance(below, discord.TextChannel):
                raise ModerationRefused(NO_TEXT_CHANNEL)
            if role is not None and role.is_default():
                raise ModerationRefused(ROLE_OF_ALL)
            _check_place(below, *NEEDED_AT_DESK)
            if staff_channel is not None:
                _check_staff_channel(staff_channel)
            role_id = role.id if role else None
            staff_id = staff_channel.id if staff_channel else None
            desk = Desk(guild.id, below.id, role_id, staff_id)
            await self._tickets.set_up(actor_of(interaction), desk)
            await answer(interaction, SET_UP.format(channel=below.mention))

    @tickets.command(description="Where tickets are opened here, and who answers")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            desk = await self.desk.of(guild_of(interaction))
            lines = [OPEN_BELOW.format(channel=f"<#{desk.channel_id}>")]
            lines.append(
                ANSWERED_BY_ROLE.format(role=f"<@&{desk.role_id}>") if desk.role_id else str(ANSWERED_BY)
            )
            if desk.staff_channel_id:
                lines.append(STAFF_READS.format(channel=f"<#{desk.staff_channel_id}>"))
            await answer(interaction, " ".join(lines))

    @tickets.command(description="Post a button here with which everybody can open a ticket")
    async def panel(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            guild = guild_of(interaction)
            await self.desk.of(guild)
            channel = guild.get_channel(interaction.channel_id or 0)
            if not isinstance(channel, discord.TextChannel):
                raise ModerationRefused(NO_TEXT_CHANNEL)
            _check_place(channel, "view_channel", "send_messages")
            async with asking_discord():
                with for_everybody(interaction):
                    await post(channel, InfoCard(str(OPEN_TITLE), text=str(OPEN_TEXT)), buttons("open"))
            await answer(interaction, PANEL_POSTED)

    @tickets.command(description="Let nobody open tickets any more; those that are open stay")
    async def off(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            was = await self._tickets.take_down(actor_of(interaction), guild_of(interaction).id)
            await answer(interaction, TURNED_OFF if was else WAS_OFF)


def _check_place(channel: discord.TextChannel, *needed: str) -> None:
    """Raise Refused if the bot lacks a permission in a channel."""
    if lacking := lacks(channel.permissions_for(channel.guild.me), *needed):
        raise ModerationRefused(I_LACK_IN.format(needed=named(*lacking), channel=channel.mention))


def _check_staff_channel(channel: discord.TextChannel) -> None:
    """Raise Refused if the bot can't write in a channel, or if everybody can read it."""
    if channel.permissions_for(channel.guild.default_role).view_channel:
        raise ModerationRefused(STAFF_IS_PUBLIC.format(channel=channel.mention))
    _check_place(channel, *NEEDED_BY_STAFF)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(TicketsCog(bot))
