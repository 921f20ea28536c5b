"""Consent, inspection, export, import and deletion of one's own data: /privacy (C51, C64, C65)."""

from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands
from discord.http import Route

from bot.conversation.text.split import LIMIT
from bot.core.i18n import speaking
from bot.discord.commands import Interaction, answer, asked_in
from bot.features.privacy.export_format import MOST_BYTES, TOO_LARGE, FileRefused
from cogs._discord.consent import ASKED, FAMILY
from cogs._discord.interactions import Panels
from cogs._discord.panels import Action, Press
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import NOBODY, shortened
from cogs.privacy.views import (
    DELETING,
    EXPORTED,
    KEPT,
    UNREADABLE,
    WHAT_IS_KEPT,
    answered,
    imported,
    leaving_panel,
    receipt,
    standing_panel,
)

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

FILES_AT_ONCE = 4
"""Files in one message, whose total size stays below Discord's limit."""


class PrivacyCog(commands.Cog):
    """Everything is about the asker, and only the asker sees it; it works everywhere and for everybody."""

    privacy = app_commands.Group(name="privacy", description="What I keep about you, and what I may")

    def __init__(self, bot: "Masquerade") -> None:
        self._bot, self._privacy = bot, bot.app.privacy
        show = "privacy show"
        self.panels = Panels(
            bot,
            FAMILY,
            {
                "yes": Action(self._agreed, show),
                "no": Action(self._refused, show),
                "what": Action(self._explain, show),
                "ask": Action(self._ask_deletion, "privacy delete"),
                "delete": Action(self._delete, "privacy delete"),
                "keep": Action(self._keep, "privacy delete"),
            },
        )

    async def cog_load(self) -> None:
        self.panels.load()

    async def cog_unload(self) -> None:
        self.panels.unload()

    @privacy.command(description="What you answered, and what I keep about you")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await self.panels.show(interaction, standing_panel(await self._privacy.standing(interaction.user.id)))

    @privacy.command(description="Let me note facts about you from what you say")
    async def yes(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await answer(
            interaction,
            answered(await self._privacy.answer(interaction.user.id, True, asked_in(interaction))),
        )

    @privacy.command(description="Let me note nothing about you; what I noted by myself is deleted")
    async def no(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await answer(
            interaction,
            answered(await self._privacy.answer(interaction.user.id, False, asked_in(interaction))),
        )

    @privacy.command(description="Everything that I keep about you, as a file")
    async def export(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        made = await self._privacy.export(interaction.user.id)
        text = EXPORTED.format(count=len(made))
        for begin in range(0, len(made), FILES_AT_ONCE):
            some = made[begin : begin + FILES_AT_ONCE]
            files = [discord.File(BytesIO(archive.data), archive.name) for archive in some]
            await interaction.followup.send(text if begin == 0 else "", files=files, ephemeral=True)

    @privacy.command(name="import", description="Take in a file that /privacy export made for you")
    @app_commands.describe(file="The file, as it was made")
    async def take_in(self, interaction: Interaction, file: discord.Attachment) -> None:
        await interaction.response.defer(ephemeral=True)
        if file.size > MOST_BYTES:
            await answer(interaction, TOO_LARGE)
            return
        try:
            result = await self._privacy.take_in(interaction.user.id, await file.read())
        except FileRefused as error:
            await answer(interaction, str(error))
        except DISCORD_FAULTS:
            await answer(interaction, UNREADABLE)
        else:
            await answer(interaction, imported(result))

    @privacy.command(description="Delete everything about you, for good")
    async def delete(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await self._show_deletion(interaction)

    # Presses.

    async def _agreed(self, press: Press) -> None:
        await self._answered(press, agreed=True)

    async def _refused(self, press: Press) -> None:
        await self._answered(press, agreed=False)

    async def _answered(self, press: Press, *, agreed: bool) -> None:
        """Store an answer. It stays secret: only the buttons vanish from the public question."""
        interaction = press.interaction
        told = answered(await self._privacy.answer(interaction.user.id, agreed, asked_in(interaction)))
        if press.arguments != (ASKED,):
            await self.panels.close(interaction, told)
            return
        await interaction.edit_original_response(content=press.text, view=None, allowed_mentions=NOBODY)
        await answer(interaction, told)

    async def _explain(self, press: Press) -> None:
        await answer(press.interaction, WHAT_IS_KEPT)

    async def _ask_deletion(self, press: Press) -> None:
        await self._show_deletion(press.interaction)

    async def _show_deletion(self, interaction: Interaction) -> None:
        standing = await self._privacy.standing(interaction.user.id)
        await self.panels.show(interaction, leaving_panel(standing.holdings, standing.remaining))

    async def _delete(self, press: Press) -> None:
        interaction = press.interaction
        panel = f"{interaction.locale.value} {interaction.token}"
        await self._privacy.wish_to_leave(interaction.user.id, panel=panel)
        await self.panels.working(press, DELETING)
        await self.panels.close(interaction, receipt(await self._privacy.leave(interaction.user.id)))

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Show receipts in panels whose deletion outlasted a restart; Discord allows this for 15 minutes."""
        for panel, receipt_of in self._privacy.left_late():
            locale, token = panel.split()
            with speaking(locale), suppress(*DISCORD_FAULTS):
                await self._show_late(token, receipt(receipt_of))

    async def _show_late(self, token: str, text: str) -> None:
        original = f"/webhooks/{self._bot.application_id}/{token}/messages/@original"
        body = {
            "content": shortened(text, LIMIT),
            "components": [],
            "allowed_mentions": NOBODY.to_dict(),
        }
        await self._bot.http.request(Route("PATCH", original), json=body)

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(PrivacyCog(bot))
