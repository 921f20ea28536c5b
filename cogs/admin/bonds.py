"""Relationships between characters and people, for operators: /admin bond (F089, C85)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _, worded
from bot.discord.commands import Interaction
from bot.features.admin.edit_relations import NO_BOND, BondStanding
from bot.features.inner_life.wording import METRICS
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import CharacterName, offer_characters, role_meant, shown
from cogs._discord.text import inline
from cogs.admin.editor import EditableKind, EntityEditor, OfCharacter, Search, containing
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
NAME_ROOM = 60
STANDING = "<@{id}> ({name}): {metrics}"
NO_NAME = _("no name known")

Strength = app_commands.Range[int, 0, 10]
Tone = app_commands.Range[int, -5, 5]


class BondsCog(AdminCog):
    """An edit needs the person's consent; the person sees it in /relationship and can undo it."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._standings = bot.app.standings
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "bond",
                "How a character stands with a person",
                command("show", "How a character stands with people, or with one", self.bond),
                command("set", "Set anger, rapport, trust or formality", self.set_bond),
                command("reset", "Let a character and a person begin anew", self.reset_bond),
            ),
        )

    def _entity(self) -> EditableKind[OfCharacter, BondStanding]:
        return EditableKind(
            name="bonds",
            lists="admin bond show",
            removes="admin bond reset",
            head=BONDS_HEAD,
            foot=BONDS_FOOT,
            empty=NO_BONDS,
            parse=OfCharacter.parse,
            find=lambda scope: self._standings.bonds(scope.role),
            match=containing(lambda standing: " ".join((str(standing.person_id), *standing.names))),
            line=_line,
            remove=self._removed,
        )

    @app_commands.describe(person="With whom", character="Which one", search="A name, where nobody is named")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def bond(
        self,
        interaction: Interaction,
        person: discord.User | None = None,
        character: CharacterName | None = None,
        search: Search | None = None,
    ) -> str | None:
        role = await role_meant(interaction, character)
        if person is None:
            await self._editor.show(interaction, OfCharacter(role), search)
            return None
        return await self._sentence(BOND, role, person.id)

    @app_commands.describe(
        person="With whom",
        anger="From 0 to 10",
        rapport="From 0 to 10",
        trust="From 0 to 10",
        formality="From -5 to 5",
        character="Which one",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def set_bond(
        self,
        interaction: Interaction,
        person: discord.User,
        anger: Strength | None = None,
        rapport: Strength | None = None,
        trust: Strength | None = None,
        formality: Tone | None = None,
        character: CharacterName | None = None,
    ) -> str:
        role = await role_meant(interaction, character)
        named = zip(Metric, (anger, rapport, trust, formality), strict=True)
        metrics = {metric: value for metric, value in named if value is not None}
        change = await self._standings.set_bond(actor_of(interaction), person.id, role, metrics)
        return with_number(await self._sentence(BOND_SET, role, person.id), change)

    @app_commands.describe(person="With whom", character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def reset_bond(
        self, interaction: Interaction, person: discord.User, character: CharacterName | None = None
    ) -> str | None:
        role = await role_meant(interaction, character)
        if await self._standings.bond(person.id, role) is None:
            return NO_BOND.format(name=shown(role))
        question = await self._sentence(BOND_ASKED, role, person.id)
        await self._editor.ask(interaction, OfCharacter(role), person.id, question)
        return None

    async def _removed(self, actor: Actor, scope: OfCharacter, mark: str) -> str:
        change = await self._standings.reset_bond(actor, int(mark), scope.role)
        return with_number(BOND_RESET.format(**scope.figures, id=mark), change)

    async def _sentence(self, words: str, role: PlayedCharacter, person_id: int) -> str:
        """Return the sentence `words` about the relationship of a character and a person."""
        metrics = await self._standings.bond(person_id, role)
        if metrics is None:
            return NO_BOND.format(name=shown(role))
        return words.format(name=shown(role), id=person_id, metrics=_words(metrics))


def _line(standing: BondStanding) -> str:
    name = inline(standing.names[0], NAME_ROOM) if standing.names else NO_NAME
    return STANDING.format(id=standing.person_id, name=name, metrics=_words(standing.metrics))


def _words(metrics: Mapping[Metric, int]) -> str:
    """Return numbers as text: `anger 0, rapport 2, trust 2, formality 0`."""
    return ", ".join(f"{worded(METRICS, metric)} {value}" for metric, value in metrics.items())


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(BondsCog(bot))
