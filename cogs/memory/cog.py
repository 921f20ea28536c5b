"""The characters' memories of the asker: /remember, /memory and !memsvg (F072, F083, F120, C56, C60, C62)."""

from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _, n_
from bot.discord.commands import Interaction, answer, asked_in
from bot.features.characters.presence import NotStaged
from cogs._discord.consent import NO_TOLD, YES_BUT_OFF
from cogs._discord.facts import DELETED, GONE_ALREADY, KEPT, Reach, deletion_panel, entry
from cogs._discord.hearing import listens_to, where_of
from cogs._discord.interactions import Panels
from cogs._discord.options import (
    OFFERED,
    WHICH,
    CharacterName,
    mark_of,
    named_so_far,
    of_one,
    offer_characters,
    role_marked,
    role_meant,
    shown,
    telling,
)
from cogs._discord.panels import Action, Press
from cogs._discord.text import in_a_line
from cogs.memory.facts import FactPages
from cogs.memory.map import MapSending
from cogs.memory.past_states import PastStates
from cogs.memory.views import clearing_panel, count_of, list_panel
from database.models import Fact
from memory.core import LONGEST

if TYPE_CHECKING:
    from bot.discord.client import Masquerade


BY = _("**{name}** keeps it. ")
REMEMBERED = _(
    "I keep that in mind as number **{number}**. It comes up {reach}. /memory edit changes it, /memory share "
    "says where else it may come up, /memory delete deletes it."
)
NOT_HERE = _(
    "I am switched off here, or asked not to listen to you, so I keep nothing of that. /memory shows what I "
    "know, and deletes it, everywhere."
)
EDITED = _("Done: these are your own words now.\n{entry}")
SHARED = _("Done: number **{number}** comes up {reach} now.")
SHARED_WITH_ALL = _("Done: every character of mine may know number **{number}** now; it comes up {reach}.")
PINNED = _("Number **{number}** is pinned now: I keep it for good, as it is, until you take the pin away.")
UNPINNED = _("Number **{number}** is not pinned any more; I still keep it for good.")
ALL_DELETED = _(
    "Forgotten: {count}, with every earlier state. Nothing of it is in a file or a log of mine any more."
)
LEARNING = _(
    "From now on, when I sum up older talk, I note about you what seems worth knowing for good. It comes up "
    "only where you said it; /memory list shows it to you, and /memory learning ends it."
)
NOT_LEARNING = n_(
    "I note nothing about you by myself any more. {count} memory that I had noted by myself is deleted.",
    "I note nothing about you by myself any more. {count} memories that I had noted by myself are deleted.",
)

Number = app_commands.Range[int, 1]
_HERE = app_commands.Choice(name="this conversation only", value="channel")
_SERVER = app_commands.Choice(name="everywhere in this server", value="guild")
_EVERYWHERE = app_commands.Choice(name="everywhere you meet me", value="everywhere")
_ALONE = app_commands.Choice(name="only when we are alone", value="dm")
_EVERY_CHARACTER = app_commands.Choice(name="every character may know it", value="every character")
_ONE_CHARACTER = app_commands.Choice(name="this character alone may know it", value="one character")


class MemoryCog(commands.Cog):
    """Everything here is about the asker, and only the asker sees it."""

    memory = app_commands.Group(name="memory", description="What I know about you, and what I may do")

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._past = PastStates(bot)
        self.panels = Panels(
            bot,
            "memory",
            {
                "page": Action(self._turn_page, "memory list"),
                "delete": Action(self._deleted, "memory delete"),
                "delete_all": Action(self._deleted_all, "memory delete_all"),
                "keep": Action(self._kept, "memory list"),
                **self._past.actions,
            },
        )
        self._past.show_in(self.panels)
        self.pages, self._maps = FactPages(bot), MapSending(bot)
        for command in (*self._past.commands(), *self.pages.commands(), *self._maps.commands()):
            self.memory.add_command(command)

    async def cog_load(self) -> None:
        for panels in (self.panels, *self.pages.panels):
            panels.load()

    async def cog_unload(self) -> None:
        for panels in (self.panels, *self.pages.panels):
            panels.unload()

    @commands.Cog.listener()
    async def on_map_request(self, message: discord.Message) -> None:
        """Answer !memsvg, for which the chat cog dispatches this event."""
        listening = await listens_to(self.bot, message.author, where_of(message))
        await self._maps.send(message, listening=listening)

    async def offer_numbers(self, interaction: Interaction, current: str) -> list[app_commands.Choice[int]]:
        """Return the asker's memories that match the typed number or text, as choices."""
        typed = current.strip().casefold()
        try:
            role = await role_meant(interaction, named_so_far(interaction))
        except NotStaged:
            return []
        known = await self.bot.app.memories.of(role.slug, interaction.user.id)
        fitting = [
            fact for fact in known if str(fact.number).startswith(typed) or typed in fact.text.casefold()
        ]
        return [
            app_commands.Choice(name=in_a_line(f"{fact.number}. {fact.text}", 100), value=fact.number)
            for fact in fitting[:OFFERED]
        ]

    # Adding and viewing.

    @app_commands.command(description="Tell me something to keep in mind about you for good")
    @app_commands.describe(
        memory=f"One or two sentences, at most {LONGEST} characters",
        where="Where it may come up; with nothing, only in this conversation",
        character=WHICH,
    )
    @app_commands.choices(where=[_HERE, _SERVER, _EVERYWHERE])
    @app_commands.autocomplete(character=offer_characters)
    async def remember(
        self,
        interaction: Interaction,
        memory: app_commands.Range[str, 1, LONGEST],
        where: str = "channel",
        character: CharacterName | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        place = asked_in(interaction)
        if not await listens_to(self.bot, interaction.user, place):
            await answer(interaction, NOT_HERE)
            return
        async with telling(interaction):
            role = await role_meant(interaction, character)
            kept = await self.bot.app.memories.remember(
                role.slug, interaction.user.id, memory, place, reach=where
            )
            reach = Reach.of(kept).told_in(interaction.guild_id)
            by = "" if role.primary else BY.format(name=shown(role))
            await answer(interaction, by + REMEMBERED.format(number=kept.number, reach=reach))

    @memory.command(name="list", description="What I know about you for good, with its numbers")
    @app_commands.describe(page="Which page, where there are several", character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def list_all(
        self, interaction: Interaction, page: Number = 1, character: CharacterName | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            await self._show_page(interaction, await role_meant(interaction, character), page)

    # Changing.

    @memory.command(description="Change the words of one of the things I know about you")
    @app_commands.describe(number="Its number in /memory list", text="The new words", character=WHICH)
    @app_commands.autocomplete(number=offer_numbers)
    @app_commands.autocomplete(character=offer_characters)
    async def edit(
        self,
        interaction: Interaction,
        number: Number,
        text: app_commands.Range[str, 1, LONGEST],
        character: CharacterName | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            slug = (await role_meant(interaction, character)).slug
            changed = await self.bot.app.memories.edit(slug, interaction.user.id, number, text)
            await answer(interaction, EDITED.format(entry=entry(changed, interaction.guild_id)))

    @memory.command(description="Say where one of the things I know about you may come up")
    @app_commands.describe(
        number="Its number in /memory list", where="Where I may bring it up again", character=WHICH
    )
    @app_commands.choices(where=[_HERE, _SERVER, _EVERYWHERE, _ALONE, _EVERY_CHARACTER, _ONE_CHARACTER])
    @app_commands.autocomplete(number=offer_numbers)
    @app_commands.autocomplete(character=offer_characters)
    async def share(
        self, interaction: Interaction, number: Number, where: str, character: CharacterName | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            slug = (await role_meant(interaction, character)).slug
            shared = await self.bot.app.memories.share(
                slug, interaction.user.id, number, where, asked_in(interaction)
            )
            reach = Reach.of(shared).told_in(interaction.guild_id)
            said = SHARED_WITH_ALL if where == _EVERY_CHARACTER.value else SHARED
            await answer(interaction, said.format(number=number, reach=reach))

    @memory.command(description="Pin one of the things I know about you, or take the pin away")
    @app_commands.describe(number="Its number in /memory list", character=WHICH)
    @app_commands.autocomplete(number=offer_numbers)
    @app_commands.autocomplete(character=offer_characters)
    async def pin(
        self, interaction: Interaction, number: Number, character: CharacterName | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            slug = (await role_meant(interaction, character)).slug
            pinned = (await self.bot.app.memories.pin(slug, interaction.user.id, number)).pinned
            await answer(interaction, (PINNED if pinned else UNPINNED).format(number=number))

    @memory.command(description="Whether I may note things about you by myself; I don't unless you say so")
    @app_commands.describe(switch="on: I may; off: I stop, and delete what I noted by myself")
    async def learning(self, interaction: Interaction, switch: Literal["on", "off"]) -> None:
        await interaction.response.defer(ephemeral=True)
        privacy = self.bot.app.privacy
        said = await privacy.answer(interaction.user.id, switch == "on", asked_in(interaction))
        on = LEARNING if said.mode != "off" else YES_BUT_OFF
        off = NOT_LEARNING.format(count=said.gone)
        off += NO_TOLD.format(count=count_of(said.told)) if said.told else ""
        await answer(interaction, on if said.agreed else off)

    # Deleting.

    @memory.command(description="Let me forget one of the things I know about you, for good")
    @app_commands.describe(number="Its number in /memory list", character=WHICH)
    @app_commands.autocomplete(number=offer_numbers)
    @app_commands.autocomplete(character=offer_characters)
    async def delete(
        self, interaction: Interaction, number: Number, character: CharacterName | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            found = await self.bot.app.memories.get(role.slug, interaction.user.id, number)
            panel = deletion_panel(found, interaction.guild_id, mark=mark_of(role))
            await self.panels.show(interaction, of_one(self.bot, panel, role))

    @memory.command(description="Let me forget everything that I know about you, for good")
    @app_commands.describe(character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def delete_all(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        person_id = interaction.user.id
        async with telling(interaction):
            role = await role_meant(interaction, character)
            memories = self.bot.app.memories
            known = await memories.of(role.slug, person_id)
            changes = await memories.history(role.slug, person_id)
            panel = clearing_panel(len(known), len(changes), mark=mark_of(role))
            await self.panels.show(interaction, of_one(self.bot, panel, role))

    async def _deleted(self, press: Press) -> None:
        """Delete a memory by the id in the button, because its number may belong to another memory by now."""
        memory_id, *mark = press.arguments
        role = role_marked(self.bot, mark)
        deleted = await self.bot.app.memories.forget_one(role.slug, press.interaction.user.id, int(memory_id))
        await self.panels.close(press.interaction, DELETED if deleted else GONE_ALREADY)

    async def _deleted_all(self, press: Press) -> None:
        role = role_marked(self.bot, press.arguments)
        gone = await self.bot.app.memories.forget_all(role.slug, press.interaction.user.id)
        await self.panels.close(press.interaction, ALL_DELETED.format(count=count_of(gone)))

    async def _kept(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)

    # Pages.

    async def _turn_page(self, press: Press) -> None:
        page, *mark = press.arguments
        await self._show_page(press.interaction, role_marked(self.bot, mark), int(page))

    async def _show_page(self, interaction: Interaction, role: PlayedCharacter, page: int) -> None:
        known: list[Fact] = await self.bot.app.memories.core(role.slug, interaction.user.id)
        panel = list_panel(known, page, interaction.guild_id, mark=mark_of(role))
        await self.panels.show(interaction, of_one(self.bot, panel, role))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(MemoryCog(bot))
