"""The buttons of tickets, which everybody who sees them can press, also after a restart (F126)."""

import logging
import re
from typing import Any, Literal, Self

import discord

from bot.core.i18n import _
from bot.discord.commands import FORGETFUL, Interaction, answer, speak_to
from bot.features.moderation import ModerationRefused
from database import DatabaseError

log = logging.getLogger(__name__)

Sort = Literal["open", "close", "join"]

LABELS: dict[Sort, str] = {"open": _("Open a ticket"), "close": _("Close this ticket"), "join": _("Join")}


class TicketButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"tickets:(?P<sort>open|close|join):(?P<thread>[0-9]{1,20})",
):
    """A ticket button; its id holds its whole state, so it survives a restart."""

    def __init__(self, sort: Sort, thread_id: int = 0) -> None:
        self.sort = sort
        self.thread_id = thread_id
        super().__init__(discord.ui.Button(label=str(LABELS[sort]), custom_id=f"tickets:{sort}:{thread_id}"))

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: Interaction, _item: discord.ui.Item[discord.ui.View], match: re.Match[str], /
    ) -> Self:
        return cls(match["sort"], int(match["thread"]))  # type: ignore[arg-type]

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        speak_to(interaction)
        cog: Any = interaction.client.get_cog("TicketsCog")
        desk = cog.desk
        await interaction.response.defer(ephemeral=True)
        try:
            if self.sort == "open":
                await desk.open(interaction)
            elif self.sort == "close":
                await desk.close(interaction)
            else:
                await desk.join(interaction, self.thread_id)
        except ModerationRefused as error:
            await answer(interaction, str(error))
        except DatabaseError as error:
            log.warning("A ticket can't be looked up: %s", type(error).__name__)
            await answer(interaction, FORGETFUL)


def buttons(sort: Sort, thread_id: int = 0) -> discord.ui.View:
    """Return a view with one ticket button."""
    view = discord.ui.View(timeout=None)
    view.add_item(TicketButton(sort, thread_id))
    return view
