"""Scenes that characters play with each other, and the note of a channel: /scene (C26, C35)."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.conversation.company import PlayedCharacter
from bot.conversation.types import Mouth
from bot.core.i18n import _, speak
from bot.core.tasks import Tasks
from bot.discord.commands import Interaction, answer, asked_in, for_everybody
from bot.features.characters.presence import (
    DEEPEST_NOTE,
    LONGEST_NOTE,
    LONGEST_TOPIC,
    MOST_SCENE_TURNS,
    NO_SCENE,
)
from bot.features.characters.presence_words import (
    CLEARED,
    NO_NOTE,
    NOTE,
    NOTED,
    OPENING,
    PLAYING,
    STOPPED,
    depth_in_words,
)
from cogs._discord.hearing import place_of
from cogs._discord.options import offer_members, role_named, shown, telling
from cogs._discord.permissions import may_stage
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.speaking import mouth_in
from cogs._discord.text import NOBODY, quoted
from database.models import Scene

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

LONGEST_LIST = 400
TOPIC_ROOM, NOTE_ROOM = 1_200, 1_400
CLEAR = "clear"

NOT_YOURS = _(
    "In a server that is for members with the permission Manage Channels or Manage Server, and for the "
    "bot's operators."
)
BEGUN = _("They begin.")


class ScenesCog(commands.Cog):
    """Everybody who may place characters in a channel may start scenes there."""

    scene = app_commands.Group(name="scene", description="Let characters play among themselves")

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._stagecraft = bot.app.presence
        self._playing = Tasks()

    async def cog_unload(self) -> None:
        self._playing.cancel()

    @scene.command(description="Let characters play a scene here, for so many lines")
    @app_commands.describe(
        characters="Who plays, with commas between; they take turns in this order",
        topic="What it is about",
        turns="How many lines are said in all",
    )
    @app_commands.autocomplete(characters=offer_members)
    @app_commands.guild_only()
    async def start(
        self,
        interaction: Interaction,
        characters: app_commands.Range[str, 1, LONGEST_LIST],
        topic: app_commands.Range[str, 1, LONGEST_TOPIC],
        turns: app_commands.Range[int, 1, MOST_SCENE_TURNS] = 6,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        if not may_stage(self.bot, interaction):
            await answer(interaction, NOT_YOURS)
            return
        async with telling(interaction):
            members = [role_named(self.bot, name) for name in characters.split(",") if name.strip()]
            await self._begin(interaction, members, topic, turns)

    async def _begin(
        self, interaction: Interaction, members: Sequence[PlayedCharacter], topic: str, turns: int
    ) -> None:
        """Begin a scene and announce it in the channel before its first turn.

        The scene is stored before the announcement, so that only the asker sees a refusal.
        """
        where = place_of(interaction)
        await self._stagecraft.begin_scene(
            where, members, topic, turns=turns, by=interaction.user.id, opened_by=interaction.id
        )
        await answer(interaction, BEGUN)
        with for_everybody(interaction):
            told = OPENING.format(count=turns, who=_listed(members), topic=quoted(topic, TOPIC_ROOM))
        try:
            await interaction.followup.send(told, allowed_mentions=NOBODY, suppress_embeds=True)
        except DISCORD_FAULTS as error:
            log.warning("A scene is not announced: %s", type(error).__name__)
        self._play(where.channel_id)

    def _play(self, channel_id: int) -> None:
        """Play the scene in the background."""
        mouth = mouth_in(self.bot, channel_id)
        self._playing.spawn(self._follow(channel_id, mouth), name=f"A scene in channel {channel_id}")

    async def _follow(self, channel_id: int, mouth: Mouth) -> None:
        speak(None)  # the scene is no longer an answer in the asker's language
        await self.bot.app.following.follow(channel_id, mouth)

    @scene.command(description="End the scene that is played here")
    @app_commands.guild_only()
    async def stop(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        if not may_stage(self.bot, interaction):
            await answer(interaction, NOT_YOURS)
            return
        async with telling(interaction):
            ended = await self._stagecraft.stop_scene(place_of(interaction))
            await answer(interaction, STOPPED.format(count=ended.turns, done=ended.done))

    @scene.command(description="Have something kept in mind in this channel, for as long as the note stands")
    @app_commands.describe(
        text="What is to be kept in mind; clear takes it away",
        depth="How many lines before the end of the talk it stands; 0 is the very end",
    )
    async def note(
        self,
        interaction: Interaction,
        text: app_commands.Range[str, 1, LONGEST_NOTE],
        depth: app_commands.Range[int, 0, DEEPEST_NOTE] = 0,
    ) -> None:
        await self._note(interaction, None if text.strip().casefold() == CLEAR else text, depth)

    @scene.command(description="Take the note of this channel away")
    async def note_clear(self, interaction: Interaction) -> None:
        await self._note(interaction, None, 0)

    async def _note(self, interaction: Interaction, text: str | None, depth: int) -> None:
        await interaction.response.defer(ephemeral=True)
        if not may_stage(self.bot, interaction):
            await answer(interaction, NOT_YOURS)
            return
        where = place_of(interaction)
        async with telling(interaction):
            existed = await self._stagecraft.noted(where)
            await self._stagecraft.note(where, text, depth=depth, by=interaction.user.id)
            if text is None:
                await answer(interaction, CLEARED if existed else NO_NOTE)
            else:
                await answer(interaction, NOTED.format(depth=depth_in_words(depth)))

    @scene.command(description="Which scene is played here, and the note of this channel")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = asked_in(interaction)
        async with self.bot.app.database.read() as db:
            scene = await db.cues.scene(where.channel_id)
        noted = await self._stagecraft.noted(where)
        lines = [self._played(scene) if scene else NO_SCENE]
        lines.append(
            NOTE.format(depth=depth_in_words(noted[1]), note=quoted(noted[0], NOTE_ROOM))
            if noted
            else NO_NOTE
        )
        for line in lines:  # each line has its own length limit
            await answer(interaction, line)

    def _played(self, scene: Scene) -> str:
        by_slug = self.bot.app.company.by_slug
        who = _listed([by_slug[slug] for slug in scene.members if slug in by_slug])
        topic = quoted(scene.topic, TOPIC_ROOM)
        return PLAYING.format(who=who, done=scene.done, count=scene.turns, topic=topic)


def _listed(members: Sequence[PlayedCharacter]) -> str:
    return ", ".join(dict.fromkeys(f"**{shown(role)}**" for role in members))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ScenesCog(bot))
