"""How characters stand with people, for operators: /admin bond (F089, C85)."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.conversation.company import Role
from bot.core.i18n import _
from bot.discord.commands import Interaction
from bot.features.admin.edit_relations import NO_BOND
from cogs._discord.admin import actor_of
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
from cogs.admin.fact_views import standing_entry, words_of
from personas.relations.bonds import Metric

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

BONDS_HEAD = _("**How {name} stands with people**")
BONDS_FOOT = _(
    "-# /admin bond set changes a number; the person sees that in /relationship, and can take it back."
)
NO_BONDS = _("**{name}** has no bond with anybody yet, or nobody has agreed to have theirs kept.")
BOND = _("**{name}** and <@{id}>: {metrics}.")
BOND_SET = _("**{name}** and <@{id}> from the next prompt on: {metrics}. They see it in /relationship.")
BOND_ASKED = _(
    "**Shall this start again from the beginning?** How **{name}** stands with <@{id}>: {metrics}."
)
BOND_RESET = _("**{name}** and <@{id}> begin anew from the next prompt on.")

Strength = app_commands.Range[int, 0, 10]
Tone = app_commands.Range[int, -5, 5]


class BondList(Curated):
    """How a character stands with people."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:
        role = role_at(self.bot, arguments[0])
        found = await self.bot.app.standings.bonds(role)
        wanted = words.casefold()
        lines = [
            standing_entry(one)
            for one in found
            if wanted in " ".join((str(one.person_id), *one.names)).casefold()
        ]
        name = shown(role)
        return Listing(BONDS_HEAD.format(name=name), lines, BONDS_FOOT, NO_BONDS.format(name=name))

    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        person_id, role = int(arguments[0]), role_at(self.bot, arguments[1])
        standings = self.bot.app.standings
        change = await standings.reset_bond(actor_of(interaction), person_id, role)
        return with_number(BOND_RESET.format(name=shown(role), id=person_id), change)


class Bonds(AdminCog):
    """By the people's consent alone; what is changed they see in /relationship, and can take back."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._app = bot.app
        self._bonds = BondList(bot, "bonds", lists="admin bond show", removes="admin bond reset")
        self.lists = (self._bonds,)
        self.groups = (
            group_of(
                "bond",
                "How a character stands with a person",
                command("show", "How a character stands with people, or with one", self.bond),
                command("set", "Set anger, rapport, trust or formality", self.set_bond),
                command("reset", "Let a character and a person begin anew", self.reset_bond),
            ),
        )

    @app_commands.describe(person="With whom", character="Which one", search="A name, where nobody is named")
    @app_commands.autocomplete(character=offer_characters)
    async def bond(
        self,
        interaction: Interaction,
        person: discord.User | None = None,
        character: CharacterName | None = None,
        search: Search | None = None,
    ) -> None:
        async def do() -> str | None:
            role = await role_meant(interaction, character)
            if person is None:
                await self._bonds.show(interaction, search, (role_mark(role),))
                return None
            return await self._told(BOND, role, person.id)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(
        person="With whom",
        anger="From 0 to 10",
        rapport="From 0 to 10",
        trust="From 0 to 10",
        formality="From -5 to 5",
        character="Which one",
    )
    @app_commands.autocomplete(character=offer_characters)
    async def set_bond(
        self,
        interaction: Interaction,
        person: discord.User,
        anger: Strength | None = None,
        rapport: Strength | None = None,
        trust: Strength | None = None,
        formality: Tone | None = None,
        character: CharacterName | None = None,
    ) -> None:
        async def do() -> str:
            role = await role_meant(interaction, character)
            named = zip(Metric, (anger, rapport, trust, formality), strict=True)
            metrics = {metric: value for metric, value in named if value is not None}
            change = await self._app.standings.set_bond(actor_of(interaction), person.id, role, metrics)
            return with_number(await self._told(BOND_SET, role, person.id), change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(person="With whom", character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    async def reset_bond(
        self, interaction: Interaction, person: discord.User, character: CharacterName | None = None
    ) -> None:
        async def do() -> str | None:
            role = await role_meant(interaction, character)
            if await self._app.standings.bond(person.id, role) is None:
                return NO_BOND.format(name=shown(role))
            asked = await self._told(BOND_ASKED, role, person.id)
            await self._bonds.ask(interaction, asked, (person.id, role_mark(role)))
            return None

        await for_operators(self.bot, interaction, do)

    async def _told(self, words: str, role: Role, person_id: int) -> str:
        """Return how two stand, in one of our sentences."""
        metrics = await self._app.standings.bond(person_id, role)
        if metrics is None:
            return NO_BOND.format(name=shown(role))
        return words.format(name=shown(role), id=person_id, metrics=words_of(metrics))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Bonds(bot))
