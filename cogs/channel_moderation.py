"""Moderation of channels: /purge and /slowmode (F125, C89)."""

from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _, n_
from bot.discord.commands import MEMBERS_ONLY, YOU_LACK, Interaction, answer, named
from bot.features.moderation import BULK_AGE, MOST_PURGED, Act, ModerationRefused, in_words, span_of_slowmode
from cogs._discord.interactions import Panels
from cogs._discord.moderation import (
    NEEDED,
    Reason,
    Span,
    asking_discord,
    check_own,
    guild_of,
    lacks,
    note,
    purge_panel,
    reason_in,
    reason_of,
    refusing,
    shown,
)
from cogs._discord.options import Talkative
from cogs._discord.panels import Action, Press

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

SCANNED = 1_000
"""Most messages searched for those of one person."""
_MARGIN = timedelta(minutes=5)
"""A margin, so that a message does not become too old for Discord before somebody confirms the purge."""

SLOWED = _("People now have to wait {span} between two messages here. /slowmode wait:off ends it.")
NOT_SLOWED = _("Nobody has to wait between two messages here any more.")
PURGED = n_(
    "Deleted: {count} message. I have forgotten what was said in them, too.",
    "Deleted: {count} messages. I have forgotten what was said in them, too.",
)
NOTHING_TO_PURGE = _(
    "There is nothing to delete: none of the newest 1,000 messages here fits and is less than 14 "
    "days old. Pinned ones stay."
)
NO_CHANNEL = _("I can't do that here. Use it in a text or voice channel, or in a thread, that I can see.")
KEPT = _("Nothing was deleted.")
EVERYBODY = "everybody"
BY_EVERYBODY = _("everybody", "whose messages are deleted")


class ChannelModerationCog(commands.Cog):
    """A purge needs a confirmation; the bot also forgets the deleted messages."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._moderation = bot.app.moderation
        self.panels = Panels(
            bot,
            "purge",
            {"purge": Action(self._purge, "purge"), "keep_purge": Action(self._keep, "purge")},
        )

    async def cog_load(self) -> None:
        self.panels.load()

    async def cog_unload(self) -> None:
        self.panels.unload()

    @app_commands.command(
        description="Delete the newest messages here; you are asked first", extras=MEMBERS_ONLY
    )
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_messages=True)
    @app_commands.describe(
        count="How many messages; pinned ones and those older than 14 days stay",
        person="Only messages of this person",
        reason="Why, for the server's audit log",
    )
    async def purge(
        self,
        interaction: Interaction,
        count: app_commands.Range[int, 1, MOST_PURGED],
        person: discord.User | None = None,
        reason: Reason = "",
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            person_id = person.id if person else 0
            found, stays = await self._messages(interaction, count, person_id, before_id=interaction.id)
            panel = purge_panel(
                count=len(found),
                who=shown(person) if person else str(BY_EVERYBODY),
                oldest=discord.utils.format_dt(found[-1].created_at, "R"),
                stays=stays,
                reason=reason,
                arguments=(count, person_id, interaction.id),
            )
            await self.panels.show(interaction, panel)

    @app_commands.command(description="How long people wait here between two messages", extras=MEMBERS_ONLY)
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_channels=True)
    @app_commands.describe(
        wait="As in 10s or 5m, 6 h at most; off ends it", reason="Why, for the server's audit log"
    )
    async def slowmode(self, interaction: Interaction, wait: Span, reason: Reason = "") -> None:
        await interaction.response.defer(ephemeral=True)
        async with refusing(interaction):
            span = span_of_slowmode(wait)
            channel = _channel(interaction)
            _check_channel(interaction, channel)
            seconds = int(span.total_seconds())
            await note(interaction, Act.SLOWMODE, f"{channel.id}: {seconds} s")
            async with asking_discord(Act.SLOWMODE):
                await channel.edit(slowmode_delay=seconds, reason=reason_of(interaction, reason))
            await answer(interaction, SLOWED.format(span=in_words(span)) if seconds else NOT_SLOWED)

    # Presses. Each one fetches the messages anew.

    async def _purge(self, press: Press) -> None:
        interaction = press.interaction
        count, person_id, before_id = map(int, press.arguments)
        found, _stays = await self._messages(interaction, count, person_id, before_id=before_id)
        channel = _channel(interaction)
        detail = f"{channel.id}: {len(found)} of {person_id or EVERYBODY}"
        await note(interaction, Act.PURGE, detail)
        async with asking_discord(Act.PURGE):
            await channel.delete_messages(found, reason=reason_of(interaction, reason_in(press.text)))
        await self._moderation.purged(channel.id, [message.id for message in found])
        await self.panels.close(interaction, PURGED.format(count=len(found)))

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)

    async def _messages(
        self, interaction: Interaction, count: int, person_id: int, *, before_id: int
    ) -> tuple[list[discord.Message], bool]:
        """Return the newest messages that a bulk deletion may take, and whether older ones stay.

        Only messages before `before_id` count. Raises Refused if there are none.
        """
        channel = _channel(interaction)
        check_own(interaction, *NEEDED[Act.PURGE])
        oldest = self.bot.app.clock.now() - BULK_AGE + _MARGIN
        found: list[discord.Message] = []
        stays = False
        async with asking_discord(Act.PURGE):
            async for message in channel.history(before=discord.Object(before_id), limit=SCANNED):
                stays = message.created_at < oldest
                if stays or len(found) == count:
                    break
                if _may_go(message) and person_id in (0, message.author.id):
                    found.append(message)
        if not found:
            raise ModerationRefused(NOTHING_TO_PURGE)
        return found, stays and len(found) < count


def _may_go(message: discord.Message) -> bool:
    """Return whether a message may be deleted, which Discord forbids for some system messages."""
    return not message.pinned and message.type.is_deletable()


def _channel(interaction: Interaction) -> Talkative:
    """Return the channel of a command; raise Refused if it can't be moderated."""
    guild = guild_of(interaction)
    channel = guild.get_channel_or_thread(interaction.channel_id or 0) or interaction.channel
    if not isinstance(channel, Talkative):
        raise ModerationRefused(NO_CHANNEL)
    return channel


def _check_channel(interaction: Interaction, channel: Talkative) -> None:
    """Raise Refused if slow mode may not be changed; a thread needs another permission than a channel."""
    if not isinstance(channel, discord.Thread):
        check_own(interaction, *NEEDED[Act.SLOWMODE])
        return
    check_own(interaction, "manage_threads")
    if lacks(interaction.permissions, "manage_threads"):
        raise ModerationRefused(YOU_LACK.format(needed=named("manage_threads")))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ChannelModerationCog(bot))
