"""The memory map on Discord: /memory map, and the text command !memsvg (F083, C66, D21)."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from bot.features.memory.map import MapPicture
from bot.pictures import DrawnPicture
from cogs._discord.options import CharacterName, offer_characters, role_meant, telling
from cogs._discord.posting import DISCORD_FAULTS, language_of_the_server
from cogs._discord.text import files_of
from cogs.memory.fact_views import NOTHING
from cogs.memory.views import count_of
from database import DatabaseError

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)
PICTURE = _(
    "What I remember about you, as a picture: {count}. Open the .svg in a browser to read all of it by "
    "pointing; /memory facts has it in words, and forgets."
)
ONLY_SVG = _("What I remember about you, as a picture to be opened in a browser: {count}.\n-# {missing}")
IN_PRIVATE = _("I have sent it to you in private: what I know about you is for nobody else's eyes.")
NO_PRIVATE = _(
    "That is for your eyes only, and I can't write to you in private here. Use /memory map instead: nobody "
    "else sees its answer."
)


class MapSending:
    """Shows people the map of the facts about themselves, and only to themselves."""

    def __init__(self, bot: "Masquerade") -> None:
        self._app = bot.app
        self._drawing: set[int] = set()  # person ids; a repeated request meanwhile gets no second picture

    def commands(self) -> Sequence[app_commands.Command[Any, ..., Any]]:
        """Return the command for its group."""
        about = "A picture of what I know about you, for your eyes only"
        return (app_commands.Command(name="map", description=about, callback=self.map),)

    @app_commands.describe(character="Which of the characters knows it")
    @app_commands.autocomplete(character=offer_characters)
    async def map(self, interaction: Interaction, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            picture = await self._app.maps.of(role.slug, interaction.user.id)
            if picture is None:
                await answer(interaction, NOTHING)
            else:
                await interaction.followup.send(told(picture), files=_files_of(picture), ephemeral=True)

    async def send(self, message: discord.Message, *, listening: bool) -> None:
        """Answer the text command in a DM; in a public channel, one line says that the map was sent.

        The bot posts nothing in a channel where the character is not `listening`.
        """
        person = message.author
        if person.id in self._drawing:
            return
        self._drawing.add(person.id)
        try:
            with language_of_the_server(message.channel):
                sent = await self._send_in_private(person)
                said = str(IN_PRIVATE if sent else NO_PRIVATE)
            if message.guild is not None and listening:
                await message.channel.send(said, suppress_embeds=True)
        except DISCORD_FAULTS as error:
            log.warning("A memory map can't be sent: %s", type(error).__name__)
        finally:
            self._drawing.discard(person.id)

    async def _send_in_private(self, person: discord.User | discord.Member) -> bool:
        """Send the map or the reason why there is none; return whether the DM arrived."""
        files: list[discord.File] = []
        try:
            picture = await self._app.maps.of(self._app.company.primary.slug, person.id)
            text = told(picture) if picture else str(NOTHING)
            files = _files_of(picture) if picture else []
        except (MasqueradeError, DatabaseError) as error:
            text = str(error)
        try:
            await person.send(text, files=files, suppress_embeds=True)
        except discord.Forbidden:
            return False
        return True


def told(picture: MapPicture) -> str:
    """Return the text that accompanies a picture."""
    said = PICTURE if picture.png else ONLY_SVG
    return said.format(count=count_of(picture.count), missing=picture.missing)


def _files_of(picture: MapPicture) -> list[discord.File]:
    return files_of(DrawnPicture(picture.about, picture.svg, picture.png), "memory-map")
