"""Growth and relations of characters, for operators: /admin growth and relations (C72, C73, C75, C85)."""

from typing import TYPE_CHECKING

from discord import app_commands

from bot.audit import Actor
from bot.core.i18n import _, n_, number, worded
from bot.discord.commands import Interaction
from bot.features.admin.edit_relations import NO_AFFINITY, THEMSELVES
from bot.features.characters.relations import Relation
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import CharacterName, offer_characters, role_named, shown
from cogs._discord.text import inline
from cogs.admin.editor import EditableKind, EntityEditor, OfCharacter, Search, containing, role_at, role_mark
from cogs.admin.relation_views import OWN_TRAITS, STAGES, effect, growth_lines, other_line, relation_lines

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST_NAME = 80
REVERTED = _("What the stage {milestone} changed in **{name}** is taken back from the next prompt on.")
RESTORED = _("What the stage {milestone} changed in **{name}** holds again from the next prompt on.")
SHIFT_UNDONE = _("Shift **{number}** of {name} no longer counts: it was {trait} {change}.")
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

Number = app_commands.Range[int, 1]
Value = app_commands.Range[float, -10, 10]


class GrowthCog(AdminCog):
    """An edit takes effect with the next prompt; the audit log holds it."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._selves, self._relations = bot.app.growth, bot.app.relations
        self._standings = bot.app.standings
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "growth",
                "How a character changed by being talked with",
                command("show", "How often a character has answered, and what that changed", self.growth),
                command("revert", "Take back what a stage of its growth changed", self.revert),
                command("restore", "Let a stage that was taken back hold again", self.restore),
                command("undo", "Take back what shifted a trait", self.undo_shift),
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

    def _entity(self) -> EditableKind[OfCharacter, Relation]:
        return EditableKind(
            name="others",
            lists="admin relations show",
            removes="admin relations reset",
            head=HEAD,
            foot=FOOT,
            empty=NO_OTHERS,
            parse=OfCharacter.parse,
            find=lambda scope: self._relations.others(scope.role),
            match=containing(lambda relation: f"{relation.other.name} {relation.other.slug}"),
            line=other_line,
            remove=self._removed,
        )

    # Growth (C75).

    @app_commands.describe(character="Which one")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def growth(self, _interaction: Interaction, character: CharacterName) -> str:
        role = role_named(self.bot, character)
        return "\n".join(growth_lines(role, await self._selves.growth(role)))

    @app_commands.describe(character="Which one", milestone="The stage: how many answers it takes")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def revert(self, interaction: Interaction, character: CharacterName, milestone: Number) -> str:
        return await self._set_stage(interaction, character, milestone, stands=False)

    @app_commands.describe(character="Which one", milestone="The stage: how many answers it takes")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def restore(self, interaction: Interaction, character: CharacterName, milestone: Number) -> str:
        return await self._set_stage(interaction, character, milestone, stands=True)

    async def _set_stage(
        self, interaction: Interaction, character: str, milestone: int, *, stands: bool
    ) -> str:
        role = role_named(self.bot, character)
        await self._selves.set_stage(actor_of(interaction), role, milestone, stands=stands)
        return (RESTORED if stands else REVERTED).format(name=shown(role), milestone=milestone)

    @app_commands.describe(shift="Its number in /admin growth show")
    @operators_only
    async def undo_shift(self, interaction: Interaction, shift: Number) -> str:
        gone = await self._selves.undo_shift(actor_of(interaction), shift)
        trait, change = worded(OWN_TRAITS, gone.trait), number(gone.change, "+g")
        return SHIFT_UNDONE.format(
            number=shift, trait=trait, change=change, name=inline(gone.character, LONGEST_NAME)
        )

    # Relations (C72, C73).

    @app_commands.describe(
        character="Which one",
        other="With whom; with nobody named, with all of them",
        search="A name, where nobody is named",
    )
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    @operators_only
    async def relations(
        self,
        interaction: Interaction,
        character: CharacterName,
        other: CharacterName | None = None,
        search: Search | None = None,
    ) -> str | None:
        role = role_named(self.bot, character)
        if other is None:
            await self._editor.show(interaction, OfCharacter(role), search)
            return None
        return "\n".join(relation_lines(await self._relations.of(role, role_named(self.bot, other))))

    @app_commands.describe(character="Who likes", other="Whom", value="From -10 to 10")
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    @operators_only
    async def set_affinity(
        self,
        interaction: Interaction,
        character: CharacterName,
        other: CharacterName,
        value: Value,
    ) -> str:
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

    @app_commands.describe(character="Who likes", other="Whom")
    @app_commands.autocomplete(character=offer_characters, other=offer_characters)
    @operators_only
    async def reset(
        self, interaction: Interaction, character: CharacterName, other: CharacterName
    ) -> str | None:
        role, liked = role_named(self.bot, character), role_named(self.bot, other)
        if await self._standings.affinity(role, liked) is None:
            return NO_AFFINITY.format(name=shown(role), other=shown(liked))
        question = ASKED.format(name=shown(role), other=shown(liked))
        await self._editor.ask(interaction, OfCharacter(role), role_mark(liked), question)
        return None

    @app_commands.describe(encounter="Its number in /admin relations show")
    @operators_only
    async def undo(self, interaction: Interaction, encounter: Number) -> str:
        gone = await self._relations.take_back(actor_of(interaction), encounter)
        return TAKEN_BACK.format(
            number=encounter,
            one=inline(gone.speaker, LONGEST_NAME),
            other=inline(gone.other, LONGEST_NAME),
            what=effect(gone),
        )

    @app_commands.describe(one="Which one", other="With whom")
    @app_commands.autocomplete(one=offer_characters, other=offer_characters)
    @operators_only
    async def make_up(self, interaction: Interaction, one: CharacterName, other: CharacterName) -> str:
        first, second = role_named(self.bot, one), role_named(self.bot, other)
        if first is second:
            return str(THEMSELVES)
        count = await self._relations.make_up(actor_of(interaction), first, second)
        return MADE_UP.format(one=shown(first), other=shown(second), count=count)

    async def _removed(self, actor: Actor, scope: OfCharacter, mark: str) -> str:
        other = role_at(self.bot, mark)
        change = await self._standings.reset_affinity(actor, scope.role, other)
        return with_number(UNMET.format(**scope.figures, other=shown(other)), change)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(GrowthCog(bot))
