"""How characters change and get on, for operators: /admin growth and relations (C72, C73, C75, C85)."""

from typing import TYPE_CHECKING

from discord import app_commands

from bot.core.i18n import _, n_, number, worded
from bot.discord.commands import Interaction, answer
from bot.features.admin.edit_relations import NO_AFFINITY, THEMSELVES
from cogs._discord.admin import actor_of, let_operators
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
from cogs._discord.options import offer_characters, role_named, shown, telling
from cogs._discord.text import inline
from cogs.admin.relation_views import STAGES, effect, growth_lines, other_line, relation_lines

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST_NAME = 80
REVERTED = _("What the stage {milestone} changed in **{name}** is taken back from the next prompt on.")
RESTORED = _("What the stage {milestone} changed in **{name}** holds again from the next prompt on.")
TAKEN_BACK = _("Encounter **{number}** of {one} and {other} no longer counts. It was: {what}.")
MADE_UP = n_(
    "**{one}** and **{other}** made up: {count} conflict ended.",
    "**{one}** and **{other}** made up: {count} conflicts ended.",
)
SET = _("**{name}** likes **{other}** {value} from now on: {stage}.")
ASKED = _("**Shall I remove this?** It will be as if **{name}** had never met **{other}**.")
UNMET = _("For **{name}** it is as if they had never met **{other}**, from now on.")

HEAD = _("**How {name} gets on**")
FOOT = _("-# /admin relations show with another character tells more.")
NO_OTHERS = _("There is nobody else here for **{name}** to get on with.")

Name = app_commands.Range[str, 1, LONGEST_NAME]
Number = app_commands.Range[int, 1]
Value = app_commands.Range[float, -10, 10]


class Others(Curated):
    """How a character gets on with the others, one by one."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:
        role = role_at(self.bot, arguments[0])
        found = await self.bot.app.relations.others(role)
        found = [one for one in found if words.casefold() in f"{one.other.name} {one.other.slug}".casefold()]
        name = shown(role)
        return Listing(HEAD.format(name=name), [*map(other_line, found)], FOOT, NO_OTHERS.format(name=name))

    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        role, other = (role_at(self.bot, mark) for mark in arguments)
        standings = self.bot.app.standings
        change = await standings.reset_affinity(actor_of(interaction), role, other)
        return with_number(UNMET.format(name=shown(role), other=shown(other)), change)


class Selves(AdminCog):
    """All of it holds from the very next prompt on, and is written into the audit."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._selves, self._relations = bot.app.growth, bot.app.relations
        self._standings = bot.app.standings
        self._others = Others(bot, "others", lists="admin relations show", removes="admin relations reset")
        self.lists = (self._others,)
        self.groups = (
            group_of(
                "growth",
                "How a character changed by being talked with",
                command("show", "How often a character has answered, and what that changed", self.growth),
                command("revert", "Take back what a stage of its growth changed", self.revert),
                command("restore", "Let a stage that was taken back hold again", self.restore),
            ),
            group_of(
                "relations",
                "How the characters get on with one another",
                command("show", "How a character stands with the others, or with one", self.relations),
                command("set", "Set how much a character likes another", self.set_affinity),
                command("reset", "Let it be as if a character had never met another", self.reset),
                command("undo", "Take back what an encounter did to two characters", self.undo),
                command("make_up", "End all conflicts of two characters", self.make_up),
            ),
        )

    # Growth (C75).

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    async def growth(self, interaction: Interaction, character: Name) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            answered, stages = await self._selves.growth(role)
            await answer(interaction, "\n".join(growth_lines(role, answered, stages)))

    @app_commands.describe(character="Which one", milestone="The stage: how many answers it takes")
    @app_commands.autocomplete(character=offer_characters)
    async def revert(self, interaction: Interaction, character: Name, milestone: Number) -> None:
        await self._set_stage(interaction, character, milestone, stands=False)

    @app_commands.describe(character="Which one", milestone="The stage: how many answers it takes")
    @app_commands.autocomplete(character=offer_characters)
    async def restore(self, interaction: Interaction, character: Name, milestone: Number) -> None:
        await self._set_stage(interaction, character, milestone, stands=True)

    async def _set_stage(
        self, interaction: Interaction, character: str, milestone: int, *, stands: bool
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            await self._selves.set_stage(actor_of(interaction), role, milestone, stands=stands)
            said = RESTORED if stands else REVERTED
            await answer(interaction, said.format(name=shown(role), milestone=milestone))

    # Relations (C72, C73).

    @app_commands.describe(
        character="Which one",
        other="With whom; with nobody named, with all of them",
        search="A name, where nobody is named",
    )
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    async def relations(
        self,
        interaction: Interaction,
        character: Name,
        other: Name | None = None,
        search: Search | None = None,
    ) -> None:
        async def do() -> str | None:
            role = role_named(self.bot, character)
            if other is None:
                await self._others.show(interaction, search, (role_mark(role),))
                return None
            return "\n".join(relation_lines(await self._relations.of(role, role_named(self.bot, other))))

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(character="Who likes", other="Whom", value="From -10 to 10")
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    async def set_affinity(
        self,
        interaction: Interaction,
        character: Name,
        other: Name,
        value: app_commands.Range[float, -10, 10],
    ) -> None:
        async def do() -> str:
            role, liked = role_named(self.bot, character), role_named(self.bot, other)
            change = await self._standings.set_affinity(actor_of(interaction), role, liked, value)
            after = change.after or {}
            told = SET.format(
                name=shown(role),
                other=shown(liked),
                value=number(after["value"], "+.2f"),
                stage=worded(STAGES, after["stage"]),
            )
            return with_number(told, change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(character="Who likes", other="Whom")
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    async def reset(self, interaction: Interaction, character: Name, other: Name) -> None:
        async def do() -> str | None:
            role, liked = role_named(self.bot, character), role_named(self.bot, other)
            if await self._standings.affinity(role, liked) is None:
                return NO_AFFINITY.format(name=shown(role), other=shown(liked))
            asked = ASKED.format(name=shown(role), other=shown(liked))
            await self._others.ask(interaction, asked, (role_mark(role), role_mark(liked)))
            return None

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(encounter="Its number in /admin relations show")
    async def undo(self, interaction: Interaction, encounter: Number) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            gone = await self._relations.take_back(actor_of(interaction), encounter)
            told = TAKEN_BACK.format(
                number=encounter,
                one=inline(gone.speaker, LONGEST_NAME),
                other=inline(gone.other, LONGEST_NAME),
                what=effect(gone),
            )
            await answer(interaction, told)

    @app_commands.describe(one="Which one", other="With whom")
    @app_commands.autocomplete(one=offer_characters, other=offer_characters)
    async def make_up(self, interaction: Interaction, one: Name, other: Name) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            first, second = role_named(self.bot, one), role_named(self.bot, other)
            if first is second:
                await answer(interaction, THEMSELVES)
                return
            count = await self._relations.make_up(actor_of(interaction), first, second)
            await answer(interaction, MADE_UP.format(one=shown(first), other=shown(second), count=count))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Selves(bot))
