"""What operators lay down about characters: /admin identity, growth, relations (F110, C72, C73, C75, C85)."""

from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.ext import commands

from bot.command_tree import Interaction, answer
from bot.selves import LONGEST, Kind
from cogs._discord.admin import actor_of, join_admin, leave_admin, let_operators
from cogs._discord.characters import offer_characters, role_named, shown, telling
from cogs._discord.kin import growth_lines, identity_lines, other_lines, relation_lines
from cogs._discord.quoting import inline

if TYPE_CHECKING:
    from bot.client import Masquerade

LONGEST_NAME = 80
WORDS_ROOM = 400
ADDED = "Laid down about **{name}**, as number **{number}**: {text}"
EDITED = "Number **{number}** of **{name}** is now: {text}"
REMOVED = "**{name}** is without that from now on: {text}"
REVERTED = "What the stage {milestone} changed in **{name}** is taken back from the next prompt on."
RESTORED = "What the stage {milestone} changed in **{name}** holds again from the next prompt on."
TAKEN_BACK = (
    "Encounter **{number}** of {one} and {other} does not count any more: {kind}, {change:+g} and {back:+g}."
)
MADE_UP = "**{one}** and **{other}** made up: {count} {conflicts} ended."
THEMSELVES = "Name two different characters."

Name = app_commands.Range[str, 1, LONGEST_NAME]
Words = app_commands.Range[str, 1, LONGEST]
Number = app_commands.Range[int, 1]


class Selves(commands.Cog):
    """All of it holds from the very next prompt on, and is written into the audit."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._selves, self._relations = bot.app.affairs.selves, bot.app.affairs.relations
        self._groups = (
            _group(
                "identity",
                "What you lay down about who a character is",
                _command("list", "What is laid down about a character, with its numbers", self.list_lines),
                _command("add", "Lay something down about a character", self.add_line),
                _command("edit", "Give something laid down other words", self.edit_line),
                _command("remove", "Take something laid down away", self.remove_line),
            ),
            _group(
                "growth",
                "How a character changed by being talked with",
                _command("show", "How often a character has answered, and what that changed", self.growth),
                _command("revert", "Take back what a stage of its growth changed", self.revert),
                _command("restore", "Let a stage that was taken back hold again", self.restore),
            ),
            _group(
                "relations",
                "How the characters get on with one another",
                _command("show", "How a character stands with the others, or with one", self.relations),
                _command("undo", "Take back what an encounter did to two characters", self.undo),
                _command("make_up", "End all conflicts of two characters", self.make_up),
            ),
        )

    async def cog_load(self) -> None:
        for group in self._groups:
            join_admin(self.bot, group)

    async def cog_unload(self) -> None:
        for group in self._groups:
            leave_admin(self.bot, group)

    # Identity (F110, C85).

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    async def list_lines(self, interaction: Interaction, character: Name) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            await answer(interaction, "\n".join(identity_lines(role, await self._selves.lines(role))))

    @app_commands.describe(character="Which one", kind="What kind of thing it is", text="In its words")
    @app_commands.autocomplete(character=offer_characters)
    async def add_line(self, interaction: Interaction, character: Name, kind: Kind, text: Words) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            line = await self._selves.add(actor_of(interaction), role, kind, text)
            told = ADDED.format(name=shown(role), number=line.id, text=inline(line.text, WORDS_ROOM))
            await answer(interaction, told)

    @app_commands.describe(
        character="Which one", number="Its number in /admin identity list", text="The new words"
    )
    @app_commands.autocomplete(character=offer_characters)
    async def edit_line(self, interaction: Interaction, character: Name, number: Number, text: Words) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            line = await self._selves.reword(actor_of(interaction), role, number, text)
            told = EDITED.format(name=shown(role), number=number, text=inline(line.text, WORDS_ROOM))
            await answer(interaction, told)

    @app_commands.describe(character="Which one", number="Its number in /admin identity list")
    @app_commands.autocomplete(character=offer_characters)
    async def remove_line(self, interaction: Interaction, character: Name, number: Number) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            line = await self._selves.remove(actor_of(interaction), role, number)
            await answer(interaction, REMOVED.format(name=shown(role), text=inline(line.text, WORDS_ROOM)))

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

    @app_commands.describe(character="Which one", other="With whom; with nobody named, with all of them")
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    async def relations(self, interaction: Interaction, character: Name, other: Name | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(self.bot, interaction):
            return
        async with telling(interaction):
            role = role_named(self.bot, character)
            if other is None:
                lines = other_lines(role, await self._relations.others(role))
            else:
                lines = relation_lines(await self._relations.of(role, role_named(self.bot, other)))
            await answer(interaction, "\n".join(lines))

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
                kind=gone.kind,
                change=-gone.change,
                back=-gone.back,
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
            conflicts = "conflict" if count == 1 else "conflicts"
            told = MADE_UP.format(one=shown(first), other=shown(second), count=count, conflicts=conflicts)
            await answer(interaction, told)


def _command(name: str, description: str, callback: Any) -> app_commands.Command[Any, ..., Any]:
    return app_commands.Command(name=name, description=description, callback=callback)


def _group(name: str, description: str, *members: app_commands.Command[Any, ..., Any]) -> app_commands.Group:
    group = app_commands.Group(name=name, description=description)
    for one in members:
        group.add_command(one)
    return group


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Selves(bot))
