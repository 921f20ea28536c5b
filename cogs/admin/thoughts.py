"""Characters' own thoughts, for operators: /admin thoughts (F133, C85)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from discord import app_commands
from discord.utils import format_dt

from bot.audit import Actor
from bot.conversation.company import PlayedCharacter
from bot.core.i18n import _, worded
from bot.discord.commands import Interaction
from bot.features.admin.edit_thoughts import LONGEST
from bot.features.inner_life.thoughts import (
    HEADS,
    ROOM,
    ShownThought,
    ThoughtForm,
    history_text,
    thought_text,
)
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import CharacterName, offer_characters, role_named, shown
from cogs._discord.text import inline
from cogs.admin.editor import EditableKind, EntityEditor, Scope, Search, containing, role_at, role_mark

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

HEAD = _("**What goes on in {name}, in this server**")
FOOT = _("-# /admin thoughts edit and remove take the number. What was said in private is not among it.")
NOTHING = _(
    "Nothing goes on in **{name}** in this server: it thinks overnight, where its file says `inner_life`."
)
EDITED = _("**{name}** thinks from the next prompt on: {text}")
ASKED = _("**Shall I remove this?** {text}")
REMOVED = _("**{name}** no longer thinks that, from the next prompt on.")
FORM = ThoughtForm(inline, lambda at: format_dt(at, "d"), "<#{}>".format)

Words = app_commands.Range[str, 1, LONGEST]
Number = app_commands.Range[int, 1]
Percent = app_commands.Range[int, 0, 100]


@dataclass(frozen=True, slots=True)
class OfServer(Scope):
    """The things of one character in one server."""

    role: PlayedCharacter
    guild_id: int

    @classmethod
    def parse(cls, bot: "Masquerade", marks: Sequence[str]) -> Self:
        return cls(role_at(bot, marks[0]), int(marks[1]))

    @property
    def marks(self) -> tuple[str, ...]:
        return role_mark(self.role), str(self.guild_id)

    @property
    def figures(self) -> Mapping[str, Any]:
        return {"name": shown(self.role)}


class ThoughtsCog(AdminCog):
    """An edit takes effect with the next prompt; the audit log holds it without the words."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._thoughts = bot.app.thought_edits
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "thoughts",
                "What goes on in a character by itself",
                command("list", "A character's beliefs, dreams and open questions here", self.thoughts),
                command("edit", "Give a thought other words, or say how sure it is", self.edit),
                command("remove", "Take a thought away", self.remove),
            ),
        )

    def _entity(self) -> EditableKind[OfServer, ShownThought]:
        return EditableKind(
            name="mind",
            lists="admin thoughts list",
            removes="admin thoughts remove",
            head=HEAD,
            foot=FOOT,
            empty=NOTHING,
            parse=OfServer.parse,
            find=lambda scope: self._thoughts.thoughts(scope.role, scope.guild_id),
            match=containing(
                lambda thought: f"{thought.musing.kind} {thought.musing.text} {thought.musing.result}"
            ),
            line=_line,
            remove=self._removed,
        )

    @app_commands.describe(character="Which one", search="Words that it holds")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def thoughts(
        self, interaction: Interaction, character: CharacterName, search: Search | None = None
    ) -> None:
        role = role_named(self.bot, character)
        await self._editor.show(interaction, OfServer(role, interaction.guild_id or 0), search)

    @app_commands.describe(
        character="Which one",
        number="Its number in /admin thoughts list",
        text="The new words",
        sure="How sure it is of a belief, from 0 to 100",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def edit(
        self,
        interaction: Interaction,
        character: CharacterName,
        number: Number,
        text: Words | None = None,
        sure: Percent | None = None,
    ) -> str:
        role, guild_id = role_named(self.bot, character), interaction.guild_id or 0
        known = await self._thoughts.thought(role, guild_id, number)
        change = await self._thoughts.edit(actor_of(interaction), role, known, text=text, percent=sure)
        now = await self._thoughts.thought(role, guild_id, number)
        return with_number(EDITED.format(name=shown(role), text=thought_text(now, FORM)), change)

    @app_commands.describe(character="Which one", number="Its number in /admin thoughts list")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def remove(self, interaction: Interaction, character: CharacterName, number: Number) -> None:
        role, guild_id = role_named(self.bot, character), interaction.guild_id or 0
        known = await self._thoughts.thought(role, guild_id, number)
        question = ASKED.format(text=inline(known.text, ROOM))
        await self._editor.ask(interaction, OfServer(role, guild_id), known.id, question)

    async def _removed(self, actor: Actor, scope: OfServer, mark: str) -> str:
        change = await self._thoughts.remove(actor, scope.role, scope.guild_id, int(mark))
        return with_number(REMOVED.format(**scope.figures), change)


def _line(thought: ShownThought) -> str:
    kind = worded(HEADS, thought.musing.kind)
    return f"{kind}: {thought_text(thought.musing, FORM)}\n-# {history_text(thought, FORM)}"


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ThoughtsCog(bot))
