"""/memory history: changes of the facts about the asker, and restoration of earlier states (C60)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from discord import app_commands

from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _
from bot.discord.commands import Interaction
from cogs._discord.interactions import Panels
from cogs._discord.options import (
    WHICH,
    CharacterName,
    mark_of,
    of_one,
    offer_characters,
    role_marked,
    role_meant,
    telling,
)
from cogs._discord.panels import Action, Press
from cogs.memory.views import count_of, history_panel, reversal_panel

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

AGAIN = "memory history"
LEFT = _("Everything stays as it is.")
RESTORED = _("Done: {count} changed. /memory history undoes that, too.")


class PastStates:
    """Everything here is about the asker, and only the asker sees it."""

    _panels: Panels

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self.actions: Mapping[str, Action] = {
            "look": Action(self._look_back, AGAIN),
            "restore": Action(self._restored, AGAIN),
            "leave": Action(self._left, AGAIN),
        }

    def show_in(self, panels: Panels) -> None:
        """Use the cog's panels, which include the `actions`."""
        self._panels = panels

    def commands(self) -> Sequence[app_commands.Command[Any, ..., Any]]:
        """Return the command for its group."""
        about = "What changed of what I know about you; bring an earlier state back"
        return (app_commands.Command(name="history", description=about, callback=self.history),)

    @app_commands.describe(character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def history(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            changes = await self._bot.app.memories.history(role.slug, interaction.user.id)
            looks = await self._bot.app.known_people.looks(interaction.user.id)
            panel = history_panel(changes, looks=looks, mark=mark_of(role))
            await self._panels.show(interaction, of_one(self._bot, panel, role))

    async def _look_back(self, press: Press) -> None:
        await self._ask_back(press.interaction, role_marked(self._bot, press.arguments), int(press.values[0]))

    async def _restored(self, press: Press) -> None:
        """Restore a state if its effect is still as shown; otherwise show the new effect."""
        batch, newest, *mark = press.arguments
        interaction, role = press.interaction, role_marked(self._bot, mark)
        if await self._newest(interaction.user.id, role) != int(newest):
            await self._ask_back(interaction, role, int(batch))
            return
        changed = await self._bot.app.memories.restore(role.slug, interaction.user.id, int(batch))
        await self._panels.close(interaction, RESTORED.format(count=count_of(changed)))

    async def _left(self, press: Press) -> None:
        await self._panels.close(press.interaction, LEFT)

    async def _ask_back(self, interaction: Interaction, role: PlayedCharacter, batch: int) -> None:
        person_id = interaction.user.id
        newest = await self._newest(person_id, role)
        reversals = await self._bot.app.memories.preview(role.slug, person_id, batch)
        panel = reversal_panel(batch, newest, reversals, interaction.guild_id, mark=mark_of(role))
        await self._panels.show(interaction, of_one(self._bot, panel, role))

    async def _newest(self, person_id: int, role: PlayedCharacter) -> int:
        return next((batch.id for batch in await self._bot.app.memories.history(role.slug, person_id)), 0)
