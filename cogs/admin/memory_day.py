"""What operators may do about a bad day of the memory: /admin memory day (C68, D12)."""

import logging
from datetime import date
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from cogs._discord.admin import actor_of, join_admin, leave_admin, let_operators
from cogs._discord.fact_pages import NO_DAY, day_in
from cogs._discord.interactions import Panels
from cogs._discord.panels import Action, Press
from cogs.admin.memory_day_views import day_panel, undoing_panel, undone_text

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

WORKING = _("Taking that day back ...")
LEFT = _("Everything stays as it is.")


class TimeTravel(commands.Cog):
    """Operators see how much changed, and never what: words reach nobody else than those who said them."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._travel = bot.app.time_travel
        self._group = app_commands.Group(name="memory", description="What I know of people, as a whole")
        about = "How much of what I know changed on a day, and why; undo it"
        self._group.add_command(app_commands.Command(name="day", description=about, callback=self.day))
        again = "admin memory day"
        self.panels = Panels(
            bot,
            "days",
            {
                "ask": Action(self._ask, again),
                "undo": Action(self._undo, again),
                "leave": Action(self._leave, again),
            },
        )

    @property
    def _slug(self) -> str:
        return self.bot.app.company.primary.slug

    async def cog_load(self) -> None:
        self.panels.load()
        join_admin(self.bot, self._group)

    async def cog_unload(self) -> None:
        self.panels.unload()
        leave_admin(self.bot, self._group)

    @app_commands.describe(day="Such as 2026-05-03, by UTC", person="Of one person only")
    async def day(self, interaction: Interaction, day: str, person: discord.User | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        chosen = day_in(day)
        if chosen is None:
            await answer(interaction, NO_DAY)
            return
        person_id = person.id if person else None
        await self._note(interaction, "memory day", chosen, person_id)
        changed = await self._travel.day(self._slug, chosen, person_id)
        await self.panels.show(interaction, day_panel(chosen, changed, person_id))

    async def _ask(self, press: Press) -> None:
        if await let_operators(self.bot, press.interaction):
            day, person_id = _meant(press)
            changed = await self._travel.day(self._slug, day, person_id)
            await self.panels.show(press.interaction, undoing_panel(day, changed, person_id))

    async def _undo(self, press: Press) -> None:
        if not await let_operators(self.bot, press.interaction):
            return
        day, person_id = _meant(press)
        await self._note(press.interaction, "undo memory day", day, person_id)
        await self.panels.working(press, WORKING)
        undone = await self._travel.undo(self._slug, day, person_id)
        log.info("An operator undid %s: %s", day, undone)
        await self.panels.close(press.interaction, undone_text(day, undone))

    async def _leave(self, press: Press) -> None:
        await self.panels.close(press.interaction, LEFT)

    async def _note(self, interaction: Interaction, action: str, day: date, person_id: int | None) -> None:
        """Write into the audit what is done, before it is."""
        actor = actor_of(interaction)
        await self.bot.app.audit.note(actor, action, f"{day} {person_id or 'everybody'}")


def _meant(press: Press) -> tuple[date, int | None]:
    day, person_id = press.arguments
    return date.fromisoformat(day), int(person_id) or None


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(TimeTravel(bot))
