"""What operators may do about a bad day of the memory: /admin memory day (C68, D12)."""

import logging
from datetime import date
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.core.i18n import _
from bot.discord.commands import Interaction
from cogs._discord.admin import AdminCog, actor_of, command, group_of, let_operators, operators_only
from cogs._discord.interactions import Panels
from cogs._discord.options import NO_DAY, day_in
from cogs._discord.panels import Action, Press
from cogs.admin.memory_day_views import day_panel, undoing_panel, undone_text

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

WORKING = _("Taking that day back ...")
LEFT = _("Everything stays as it is.")


class MemoryDayCog(AdminCog):
    """Operators see how much changed, and never what: words reach nobody else than those who said them."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._travel = bot.app.time_travel
        again = "admin memory day"
        self._panels = Panels(
            bot,
            "days",
            {
                "ask": Action(self._ask, again),
                "undo": Action(self._undo, again),
                "leave": Action(self._leave, again),
            },
        )
        self.panels = (self._panels,)
        self.members = (
            group_of(
                "memory",
                "What I know of people, as a whole",
                command("day", "How much of what I know changed on a day, and why; undo it", self.day),
            ),
        )

    @property
    def _slug(self) -> str:
        return self.bot.app.company.primary.slug

    @app_commands.describe(day="Such as 2026-05-03, by UTC", person="Of one person only")
    @operators_only
    async def day(self, interaction: Interaction, day: str, person: discord.User | None = None) -> str | None:
        chosen = day_in(day)
        if chosen is None:
            return str(NO_DAY)
        person_id = person.id if person else None
        await self._note(interaction, "memory day", chosen, person_id)
        changed = await self._travel.day(self._slug, chosen, person_id)
        await self._panels.show(interaction, day_panel(chosen, changed, person_id))
        return None

    async def _ask(self, press: Press) -> None:
        if await let_operators(self.bot, press.interaction):
            day, person_id = _meant(press)
            changed = await self._travel.day(self._slug, day, person_id)
            await self._panels.show(press.interaction, undoing_panel(day, changed, person_id))

    async def _undo(self, press: Press) -> None:
        if not await let_operators(self.bot, press.interaction):
            return
        day, person_id = _meant(press)
        await self._note(press.interaction, "undo memory day", day, person_id)
        await self._panels.working(press, WORKING)
        undone = await self._travel.undo(self._slug, day, person_id)
        log.info("An operator undid %s: %s", day, undone)
        await self._panels.close(press.interaction, undone_text(day, undone))

    async def _leave(self, press: Press) -> None:
        await self._panels.close(press.interaction, LEFT)

    async def _note(self, interaction: Interaction, action: str, day: date, person_id: int | None) -> None:
        """Write into the audit what is done, before it is."""
        actor = actor_of(interaction)
        await self.bot.app.audit.note(actor, action, f"{day} {person_id or 'everybody'}")


def _meant(press: Press) -> tuple[date, int | None]:
    day, person_id = press.arguments
    return date.fromisoformat(day), int(person_id) or None


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(MemoryDayCog(bot))
