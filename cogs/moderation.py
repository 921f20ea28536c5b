"""Moderation of members: /kick, /ban, /unban, /mute and /unmute (F125, C89).

Only commands and presses of people lead here. The output of a model is text and never becomes a command.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _
from bot.discord.commands import MEMBERS_ONLY, Interaction, answer
from bot.features.moderation import Act, ModerationRefused, in_words, span_of_mute, span_of_sweep
from cogs._discord.interactions import Panels
from cogs._discord.moderation import (
    NEEDED,
    Person,
    Reason,
    Span,
    asking_discord,
    ban_panel,
    check,
    check_own,
    guild_of,
    note,
    reason_in,
    reason_of,
    refusing,
    shown,
)
from cogs._discord.panels import Action, Press

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

KICKED = _("{name} had to leave. With an invite they can come back; /ban keeps them out.")
BANNED = _("{name} is banned. /unban lets them come back.")
UNBANNED = _("{name} is not banned any more. They can come back with an invite.")
NOT_BANNED = _("{name} is not banned here, so nothing changed.")
MUTED = _("{name} can't write, react or speak here until {until}, {span} from now. /unmute ends it sooner.")
UNMUTED = _("{name} can write and speak again.")
NOT_MUTED = _("{name} is not muted, so nothing changed.")
KEPT = _("Nothing was done: they may stay.")


class ModerationCog(commands.Cog):
    """Each act checks the permissions of the asker and of the bot, and the order of the roles."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._moderation = bot.app.moderation
        self.panels = Panels(
            bot,
            "moderation",
            {"ban": Action(self._ban, "ban"), "keep_ban": Action(self._keep, "ban")},
        )

    async def cog_load(self) -> None:
        self.panels.load()

    async def cog_unload(self) -> None:
        self.panels.unload()

    @app_commands.command(
        description="Make a member leave; with an invite they can come back", extras=MEMBERS_ONLY
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(kick_members=True)
    @app_commands.describe(member="Who has to leave", reason="Why, for the server's audit log")
    async def kick(self, interaction: Interaction, member: discord.User, reason: Reason = "") -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            check(interaction, Act.KICK, member)
            await note(interaction, Act.KICK, str(member.id))
            async with asking_discord(Act.KICK):
                await guild_of(interaction).kick(member, reason=reason_of(interaction, reason))
            await answer(interaction, KICKED.format(name=shown(member)))

    @app_commands.command(
        description="Make somebody leave and keep them out; you are asked first", extras=MEMBERS_ONLY
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(ban_members=True)
    @app_commands.describe(
        user="Who is kept out; also somebody who is not here (give the id)",
        reason="Why, for the server's audit log",
        delete_messages="How far back what they wrote is deleted, as in 2 h or 1 day; 7 days at most",
    )
    async def ban(
        self, interaction: Interaction, user: discord.User, reason: Reason = "", delete_messages: Span = "off"
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            sweep = span_of_sweep(delete_messages)
            check(interaction, Act.BAN, user)
            await self.panels.show(interaction, ban_panel(user, reason, sweep))

    @app_commands.command(description="Let somebody come back who is banned", extras=MEMBERS_ONLY)
    @app_commands.guild_only()
    @app_commands.default_permissions(ban_members=True)
    @app_commands.describe(user="Who is banned (give the id)", reason="Why, for the server's audit log")
    async def unban(self, interaction: Interaction, user: discord.User, reason: Reason = "") -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            guild = guild_of(interaction)
            check_own(interaction, *NEEDED[Act.UNBAN])
            await note(interaction, Act.UNBAN, str(user.id))
            told = UNBANNED
            async with asking_discord(Act.UNBAN):
                try:
                    await guild.unban(user, reason=reason_of(interaction, reason))
                except discord.NotFound:
                    told = NOT_BANNED
            await answer(interaction, told.format(name=shown(user)))

    @app_commands.command(
        description="Keep a member from writing and speaking for a while", extras=MEMBERS_ONLY
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(moderate_members=True)
    @app_commands.describe(
        member="Who is muted",
        duration="For how long, as in 10m, 2 h or 1 day; 28 days at most",
        reason="Why, for the server's audit log",
    )
    async def mute(
        self, interaction: Interaction, member: discord.User, duration: Span, reason: Reason = ""
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            span = span_of_mute(duration)
            check(interaction, Act.MUTE, member)
            await note(interaction, Act.MUTE, f"{member.id}: {int(span.total_seconds())} s")
            until = self.bot.app.clock.now() + span
            await self._time_out(interaction, Act.MUTE, member, until, reason)
            when = discord.utils.format_dt(until, "f")
            await answer(interaction, MUTED.format(name=shown(member), until=when, span=in_words(span)))

    @app_commands.command(description="Let a member write and speak again", extras=MEMBERS_ONLY)
    @app_commands.guild_only()
    @app_commands.default_permissions(moderate_members=True)
    @app_commands.describe(member="Who is muted", reason="Why, for the server's audit log")
    async def unmute(self, interaction: Interaction, member: discord.User, reason: Reason = "") -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            check(interaction, Act.UNMUTE, member)
            if isinstance(member, discord.Member) and not member.is_timed_out():
                raise ModerationRefused(NOT_MUTED.format(name=shown(member)))
            await note(interaction, Act.UNMUTE, str(member.id))
            await self._time_out(interaction, Act.UNMUTE, member, None, reason)
            await answer(interaction, UNMUTED.format(name=shown(member)))

    # Presses. Each one checks everything anew: roles and messages may have changed since the question.

    async def _ban(self, press: Press) -> None:
        interaction = press.interaction
        person_id, seconds = map(int, press.arguments)
        guild = guild_of(interaction)
        person = await self._person(guild, person_id)
        check(interaction, Act.BAN, person)
        await note(interaction, Act.BAN, f"{person_id}: {seconds} s")
        reason = reason_of(interaction, reason_in(press.text))
        async with asking_discord(Act.BAN):
            await guild.ban(person, reason=reason, delete_message_seconds=seconds)
        if seconds:
            since = self.bot.app.clock.now() - timedelta(seconds=seconds)
            since_id = discord.utils.time_snowflake(since)
            await self._moderation.swept(guild.id, person_id, since_id=since_id)
        await self.panels.close(interaction, BANNED.format(name=shown(person)))

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)

    # Helpers.

    async def _time_out(
        self, interaction: Interaction, act: Act, member: Person, until: datetime | None, reason: str
    ) -> None:
        assert isinstance(member, discord.Member), "check lets nobody else through"
        async with asking_discord(act):
            await member.edit(timed_out_until=until, reason=reason_of(interaction, reason))

    async def _person(self, guild: discord.Guild, person_id: int) -> Person:
        """Return the current member or, if there is none, the user with an id."""
        async with asking_discord(Act.BAN):
            try:
                return await guild.fetch_member(person_id)
            except discord.NotFound:
                return await self.bot.fetch_user(person_id)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ModerationCog(bot))
