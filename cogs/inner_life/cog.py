"""A character's inner life for people: /mood, /thoughts, /relationship (F085, F089, F090, F133, C71, C74)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.company import PlayedCharacter
from bot.core.i18n import worded
from bot.discord.commands import Interaction, answer, asked_in
from bot.features.inner_life.relationship import NotDisputed, chart_of
from bot.features.inner_life.week import Viewer
from bot.features.inner_life.week_picture import week_svg, week_text
from bot.features.inner_life.wording import KINDS
from bot.pictures import Drawings, bond_svg, bond_text
from cogs._discord.interactions import Panels
from cogs._discord.options import (
    WHICH,
    CharacterName,
    mark_of,
    offer_characters,
    role_marked,
    role_meant,
    shown,
    telling,
)
from cogs._discord.panels import Action, Panel, Press, with_note
from cogs._discord.text import NOBODY, files_of
from cogs.inner_life.views import (
    CHOSEN,
    NOTHING_FELT,
    asked_panel,
    bond_panel,
    mood_text,
    nothing_kept,
    thoughts_panel,
    undone_text,
)

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

AGAIN = "relationship"


class InnerLifeCog(commands.Cog):
    """Only the asker sees the answers."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._weeks = bot.app.weeks
        self._relationships = bot.app.relationships
        self._thoughts = bot.app.thoughts_here
        self._zone = bot.app.inner_life.zone
        self._drawings = Drawings()
        self.panels = Panels(
            bot,
            "bond",
            {
                "page": Action(self._turn, AGAIN),
                "ask": Action(self._ask, AGAIN),
                "undo": Action(self._undo, AGAIN),
                "choose": Action(self._choose, AGAIN),
            },
        )

        self.thought_panels = Panels(bot, "thoughts", {"page": Action(self._turn_thoughts, "thoughts")})

    async def cog_load(self) -> None:
        self.panels.load()
        self.thought_panels.load()

    async def cog_unload(self) -> None:
        self.panels.unload()
        self.thought_panels.unload()

    # Mood.

    @app_commands.command(description="How a character feels, and how its week was, as a picture")
    @app_commands.describe(character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def mood(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            felt = await self._weeks.of(role, Viewer(interaction.user.id, eyes_of(interaction)))
            if felt is None:
                await answer(interaction, NOTHING_FELT.format(name=shown(role)))
                return
            week = self._weeks.picture_of(felt)
            drawn = await self._drawings.of(lambda: week_svg(week), week_text(week))
            await interaction.followup.send(
                mood_text(felt, role, drawn.missing),
                files=files_of(drawn, "mood"),
                ephemeral=True,
                allowed_mentions=NOBODY,
            )

    # Thoughts.

    @app_commands.command(description="What a character believes, dreamt and keeps wondering about")
    @app_commands.describe(character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def thoughts(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            await self._show_thoughts(interaction, await role_meant(interaction, character), 1)

    async def _turn_thoughts(self, press: Press) -> None:
        page, *mark = press.arguments
        await self._show_thoughts(press.interaction, role_marked(self.bot, mark), int(page))

    async def _show_thoughts(self, interaction: Interaction, role: PlayedCharacter, page: int) -> None:
        found = await self._thoughts.of(role.slug, asked_in(interaction))
        await self.thought_panels.show(interaction, thoughts_panel(role, found, page, mark_of(role)))

    # Relationship with the asker.

    @app_commands.command(description="How a character stands with you, and why; take back what is wrong")
    @app_commands.describe(character=WHICH)
    @app_commands.autocomplete(character=offer_characters)
    async def relationship(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            await self._show(interaction, role, 1)

    async def _turn(self, press: Press) -> None:
        page, *mark = press.arguments
        await self._show(press.interaction, role_marked(self.bot, mark), int(page), draws=False)

    async def _ask(self, press: Press) -> None:
        """Ask for confirmation before undoing a change, or say at once that this is impossible."""
        page, *mark = press.arguments
        role, person_id = role_marked(self.bot, mark), press.interaction.user.id
        undoing = await self._relationships.preview(person_id, role, int(press.values[0]))
        relationship = await self._relationships.of(person_id, role)
        left = relationship.left if relationship else 0
        await self.panels.show(press.interaction, asked_panel(undoing, left, int(page), mark=mark_of(role)))

    async def _undo(self, press: Press) -> None:
        """Undo a change; after a repeated or late press the list just shows the current state."""
        change_id, page, *mark = press.arguments
        role = role_marked(self.bot, mark)
        try:
            done = await self._relationships.dispute(press.interaction.user.id, role, int(change_id))
            note = undone_text(done)
        except NotDisputed as refusal:
            note = str(refusal)
        await self._show(press.interaction, role, int(page), note=note)

    async def _choose(self, press: Press) -> None:
        page, *mark = press.arguments
        role, kind = role_marked(self.bot, mark), press.values[0]
        await self._relationships.choose_kind(press.interaction.user.id, role, kind)
        note = CHOSEN.format(kind=worded(KINDS, kind))
        await self._show(press.interaction, role, int(page), note=note, draws=False)

    async def _show(
        self,
        interaction: Interaction,
        role: PlayedCharacter,
        page: int,
        *,
        note: str = "",
        draws: bool = True,
    ) -> None:
        privacy, person_id = self.bot.app.privacy, interaction.user.id
        learns = await privacy.may_learn(person_id)
        relationship = await self._relationships.of(person_id, role)
        if relationship is None:
            await self.panels.show(interaction, Panel(nothing_kept(role, privacy.mode, learns=learns)), [])
            return
        panel = bond_panel(
            role,
            relationship,
            page,
            zone=self._zone,
            learns=learns,
            mode=privacy.mode,
            note=note,
            mark=mark_of(role),
        )
        if not draws:
            await self.panels.show(interaction, panel)
            return
        chart = chart_of(role, relationship, self._zone)
        drawn = await self._drawings.of(lambda: bond_svg(chart), bond_text(chart))
        if drawn.missing:
            panel = replace(panel, text=with_note(panel.text, drawn.missing))
        await self.panels.show(interaction, panel, files_of(drawn, "relationship"))


def eyes_of(interaction: Interaction) -> Callable[[int], bool]:
    """Return a predicate: whether the asker can read a channel, the current one or another of its server.

    It is False for other threads, because their members are not always known.
    """
    guild, member = interaction.guild, interaction.user

    def sees(channel_id: int) -> bool:
        if channel_id == interaction.channel_id:
            return True
        channel = guild.get_channel(channel_id) if guild else None
        if channel is None or not isinstance(member, discord.Member):
            return False
        held = channel.permissions_for(member)
        speaks = isinstance(channel, (discord.VoiceChannel, discord.StageChannel))
        return held.view_channel and held.read_message_history and (held.connect or not speaks)

    return sees


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(InnerLifeCog(bot))
