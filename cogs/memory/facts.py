"""/memory facts and /memory at: all facts about the asker, now and at the end of any day (C62, C68)."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from discord import app_commands

from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from bot.features.characters.presence import NotStaged
from bot.features.memory.wording import label_in_words
from cogs._discord.interactions import Panels
from cogs._discord.options import (
    NO_DAY,
    OFFERED,
    CharacterName,
    day_in,
    mark_of,
    named_so_far,
    of_one,
    offer_characters,
    role_marked,
    role_meant,
    telling,
)
from cogs._discord.panels import Action, Press
from cogs._discord.text import in_a_line
from cogs.memory.fact_views import LONGEST_SEARCH, LONGEST_TAG, FactSearch, facts_panel, past_panel
from memory.browsing import FactEntry, tags_of
from memory.time_travel import bounds

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

NOT_YET = _("That day has not begun yet. /memory facts shows what I know now.")


async def offer_tags(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the tags of the facts about the asker as choices, most frequent first."""
    typed = current.strip().casefold()
    try:
        role = await role_meant(interaction, named_so_far(interaction))
    except NotStaged:
        return []
    known = await interaction.client.app.memories.of(role.slug, interaction.user.id)
    tags = {tag: label_in_words(tag) for tag in tags_of([FactEntry(fact) for fact in known])}
    fitting = [(tag, said) for tag, said in tags.items() if typed in f"{tag}\n{said}".casefold()]
    return [
        app_commands.Choice(name=in_a_line(said, 100), value=tag[:100]) for tag, said in fitting[:OFFERED]
    ]


async def offer_days(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the days on which facts about the asker changed as choices, newest first."""
    try:
        role = await role_meant(interaction, named_so_far(interaction))
    except NotStaged:
        return []
    days = await interaction.client.app.time_travel.days(role.slug, interaction.user.id)
    fitting = [day for day in map(date.isoformat, days) if current.strip() in day]
    return [app_commands.Choice(name=day, value=day) for day in fitting[:OFFERED]]


class FactPages:
    """Everything here is about the asker, and only the asker sees it."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self._app = bot.app
        self._now = Panels(bot, "facts", {"page": Action(self._turn, "memory facts")})
        self._past = Panels(bot, "past", {"page": Action(self._turn_past, "memory at")})
        self.panels = (self._now, self._past)

    def commands(self) -> Sequence[app_commands.Command[Any, ..., Any]]:
        """Return the commands for their group."""
        return (
            app_commands.Command(
                name="facts",
                description="All that I know about you: search it, and see where you said it",
                callback=self.facts,
            ),
            app_commands.Command(
                name="at", description="What I knew about you at the end of a day", callback=self.at
            ),
        )

    @app_commands.describe(
        search="Words that it holds, or its number",
        tag="Only what has this tag, such as pets or work",
        character="Which of the characters knows it",
    )
    @app_commands.autocomplete(tag=offer_tags, character=offer_characters)
    async def facts(
        self,
        interaction: Interaction,
        search: app_commands.Range[str, 1, LONGEST_SEARCH] | None = None,
        tag: app_commands.Range[str, 1, LONGEST_TAG] | None = None,
        character: CharacterName | None = None,
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await role_meant(interaction, character)
            await self._show(interaction, role, FactSearch.of(search, tag), 1)

    @app_commands.describe(day="Such as 2026-05-03, by UTC", character="Which of the characters knew it")
    @app_commands.autocomplete(day=offer_days, character=offer_characters)
    async def at(self, interaction: Interaction, day: str, character: CharacterName | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        chosen = day_in(day)
        if chosen is None:
            await answer(interaction, NO_DAY)
        elif bounds(chosen)[0] > self._app.clock.now():
            await answer(interaction, NOT_YET)
        else:
            async with telling(interaction):
                await self._show_past(interaction, await role_meant(interaction, character), chosen, 1)

    async def _turn(self, press: Press) -> None:
        page, words, tag, *mark = press.arguments
        await self._show(press.interaction, role_marked(self._bot, mark), FactSearch(words, tag), int(page))

    async def _turn_past(self, press: Press) -> None:
        page, day, *mark = press.arguments
        role = role_marked(self._bot, mark)
        await self._show_past(press.interaction, role, date.fromisoformat(day), int(page))

    async def _show(
        self, interaction: Interaction, role: PlayedCharacter, search: FactSearch, page: int
    ) -> None:
        entries = await self._app.browsing.entries(role.slug, interaction.user.id)
        panel = facts_panel(entries, search, page, interaction.guild_id, mark=mark_of(role))
        await self._now.show(interaction, of_one(self._bot, panel, role))

    async def _show_past(self, interaction: Interaction, role: PlayedCharacter, day: date, page: int) -> None:
        then = await self._app.time_travel.state(role.slug, interaction.user.id, bounds(day)[1])
        panel = past_panel(then, day, page, interaction.guild_id, mark=mark_of(role))
        await self._past.show(interaction, of_one(self._bot, panel, role))
