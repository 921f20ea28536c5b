"""What characters know of people, for operators: /admin facts (C50, C85)."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.core.i18n import _
from bot.discord.commands import Interaction
from bot.features.admin.known import Reach, matching
from cogs._discord.admin import actor_of
from cogs._discord.asking import place_of
from cogs._discord.lists import (
    AdminCog,
    Curated,
    Listing,
    Search,
    command,
    for_operators,
    group_of,
    role_at,
    role_mark,
    with_number,
)
from cogs._discord.options import CharacterName, offer_characters, role_meant, shown
from cogs._discord.text import inline
from cogs.admin.fact_views import HIDDEN, fact_entry
from memory.core import LONGEST

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

WORDS_ROOM = 600
FACTS_HEAD = _("**What {name} knows of <@{id}>**")
FACTS_FOOT = _(
    "-# What was told in private is a number here, and no word. They see in /memory history that you looked, "
    "and what you change."
)
NO_FACTS = _(
    "**{name}** knows nothing about <@{id}>. /admin facts add adds something, if they agreed to be "
    "remembered."
)
ADDED = _("Added about <@{id}>, as number **{number}** with **{name}**: {text}")
EDITED = _("Number **{number}** of <@{id}> with **{name}** says now: {text}")
ASKED = _(
    "**Shall I remove this?** Number **{number}** of <@{id}> with **{name}**: {text}\nThey see "
    "that in /memory history, and can bring it back."
)
REMOVED = _("**{name}** does not know number **{number}** of <@{id}> any more.")

Words = app_commands.Range[str, 1, LONGEST]
Number = app_commands.Range[int, 1]


class FactList(Curated):
    """The facts of a person with a character."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:
        person_id, role = int(arguments[0]), role_at(self.bot, arguments[1])
        people = self.bot.app.known_people
        facts = matching(await people.facts(person_id, role), words)
        named = {"name": shown(role), "id": person_id}
        lines = [*map(fact_entry, facts)]
        return Listing(FACTS_HEAD.format(**named), lines, str(FACTS_FOOT), NO_FACTS.format(**named))

    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        person_id, memory_id, role = int(arguments[0]), int(arguments[1]), role_at(self.bot, arguments[2])
        people = self.bot.app.known_people
        change = await people.remove(actor_of(interaction), person_id, role, memory_id)
        number = (change.before or {})["number"]
        return with_number(REMOVED.format(name=shown(role), number=number, id=person_id), change)


class Facts(AdminCog):
    """By the people's consent alone; what is changed they see themselves, and can take back."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._app = bot.app
        self._facts = FactList(bot, "known", lists="admin facts list", removes="admin facts remove")
        self.lists = (self._facts,)
        self.groups = (
            group_of(
                "facts",
                "What a character knows of a person",
                command("list", "What is known of a person, but for what was told in private", self.facts),
                command("add", "Add a fact about somebody who agreed to be remembered", self.add_fact),
                command("edit", "Change the words of a fact, or whether it is kept for good", self.edit_fact),
                command("remove", "Take a fact away; the person can bring it back", self.remove_fact),
            ),
        )

    @app_commands.describe(person="Of whom", character="Who knows it", search="Words, or a number")
    @app_commands.autocomplete(character=offer_characters)
    async def facts(
        self,
        interaction: Interaction,
        person: discord.User,
        character: CharacterName | None = None,
        search: Search | None = None,
    ) -> None:
        async def do() -> None:
            role = await role_meant(interaction, character)
            await self._app.known_people.looked(actor_of(interaction), person.id)
            await self._facts.show(interaction, search, (str(person.id), role_mark(role)))

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(
        person="Of whom",
        text="In a sentence or two",
        reach="Where it may come up: only in private, in this channel, or in this server",
        core="Kept for good, at the head of the prompt (core memory), or only found when it matters",
        character="Who knows it",
    )
    @app_commands.autocomplete(character=offer_characters)
    async def add_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        text: Words,
        reach: Reach = "channel",
        core: bool = True,
        character: CharacterName | None = None,
    ) -> None:
        async def do() -> str:
            role, where = await role_meant(interaction, character), place_of(interaction)
            people = self._app.known_people
            change = await people.add(
                actor_of(interaction), person.id, role, text, where, reach=reach, kept=core
            )
            number = (change.after or {})["number"]
            told = ADDED.format(name=shown(role), id=person.id, number=number, text=inline(text, WORDS_ROOM))
            return with_number(told, change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(
        person="Of whom",
        number="Its number in /admin facts list",
        text="The new words",
        core="Kept for good, or only found when it matters",
        character="Who knows it",
    )
    @app_commands.autocomplete(character=offer_characters)
    async def edit_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        number: Number,
        text: Words | None = None,
        core: bool | None = None,
        character: CharacterName | None = None,
    ) -> None:
        async def do() -> str:
            role, people = await role_meant(interaction, character), self._app.known_people
            change = await people.edit(actor_of(interaction), person.id, role, number, text=text, kept=core)
            said = (await people.fact(person.id, role, number)).text
            words = inline(said, WORDS_ROOM) if said is not None else HIDDEN
            told = EDITED.format(name=shown(role), id=person.id, number=number, text=words)
            return with_number(told, change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(
        person="Of whom", number="Its number in /admin facts list", character="Who knows it"
    )
    @app_commands.autocomplete(character=offer_characters)
    async def remove_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        number: Number,
        character: CharacterName | None = None,
    ) -> None:
        async def do() -> None:
            role = await role_meant(interaction, character)
            fact = await self._app.known_people.fact(person.id, role, number)
            await self._app.known_people.looked(actor_of(interaction), person.id)
            words = inline(fact.text, WORDS_ROOM) if fact.text is not None else HIDDEN
            asked = ASKED.format(number=number, id=person.id, name=shown(role), text=words)
            await self._facts.ask(interaction, asked, (person.id, fact.id, role_mark(role)))

        await for_operators(self.bot, interaction, do)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Facts(bot))
