"""Notes of operators about a character's identity: /admin identity (F110, C85)."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.utils import format_dt

from bot.audit import Actor
from bot.core.i18n import _, worded
from bot.discord.commands import Interaction
from bot.features.admin.selves import LONGEST, Kind
from bot.features.inner_life.wording import LINE_KINDS
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import CharacterName, offer_characters, role_named, shown
from cogs._discord.text import inline
from cogs.admin.editor import EditableKind, EntityEditor, OfCharacter, Search, containing
from database.models import IdentityLine

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

WORDS_ROOM = 400
HEAD = _("**What was added about {name}**")
FOOT = _("-# /admin identity edit and remove take the number.")
NOTHING = _("Nothing was added about **{name}** to what its files say. /admin identity add does that.")
ENTRY = _("**{number}.** {kind}: {text}\n-# by {by}, {day}")
BY, BY_NOBODY = "<@{id}>", _("somebody who left")
ADDED = _("Added about **{name}**, as number **{number}**: {text}")
EDITED = _("Number **{number}** of **{name}** is now: {text}")
ASKED = _("**Shall I remove this?** Number **{number}** of **{name}**: {text}")
REMOVED = _("**{name}** no longer has this: {text}")

Words = app_commands.Range[str, 1, LONGEST]
Number = app_commands.Range[int, 1]


class IdentityCog(AdminCog):
    """An edit takes effect with the next prompt, is in the audit log, and can be undone."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._selves = bot.app.growth
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "identity",
                "What you add about who a character is",
                command("list", "What was added about a character, with its numbers", self.list_lines),
                command("add", "Add something about a character", self.add_line),
                command("edit", "Change the words of something that was added", self.edit_line),
                command("remove", "Remove something that was added", self.remove_line),
            ),
        )

    def _entity(self) -> EditableKind[OfCharacter, IdentityLine]:
        return EditableKind(
            name="selfline",
            lists="admin identity list",
            removes="admin identity remove",
            head=HEAD,
            foot=FOOT,
            empty=NOTHING,
            parse=OfCharacter.parse,
            find=lambda scope: self._selves.lines(scope.role),
            match=containing(lambda line: f"{line.id} {line.kind} {line.text}"),
            line=_entry,
            remove=self._removed,
        )

    @app_commands.describe(character="Which one", search="Words that it holds")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def list_lines(
        self, interaction: Interaction, character: CharacterName, search: Search | None = None
    ) -> None:
        await self._editor.show(interaction, OfCharacter(role_named(self.bot, character)), search)

    @app_commands.describe(character="Which one", kind="What kind of thing it is", text="The words")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def add_line(
        self, interaction: Interaction, character: CharacterName, kind: Kind, text: Words
    ) -> str:
        role = role_named(self.bot, character)
        change = await self._selves.add(actor_of(interaction), role, kind, text)
        words = inline((change.after or {})["text"], WORDS_ROOM)
        return with_number(ADDED.format(name=shown(role), number=change.key[1], text=words), change)

    @app_commands.describe(
        character="Which one", number="Its number in /admin identity list", text="The new words"
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def edit_line(
        self, interaction: Interaction, character: CharacterName, number: Number, text: Words
    ) -> str:
        role = role_named(self.bot, character)
        change = await self._selves.reword(actor_of(interaction), role, number, text)
        words = inline((change.after or {})["text"], WORDS_ROOM)
        return with_number(EDITED.format(name=shown(role), number=number, text=words), change)

    @app_commands.describe(character="Which one", number="Its number in /admin identity list")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def remove_line(self, interaction: Interaction, character: CharacterName, number: Number) -> None:
        role = role_named(self.bot, character)
        line = await self._selves.line(role, number)
        question = ASKED.format(number=number, name=shown(role), text=inline(line.text, WORDS_ROOM))
        await self._editor.ask(interaction, OfCharacter(role), number, question)

    async def _removed(self, actor: Actor, scope: OfCharacter, mark: str) -> str:
        change = await self._selves.remove(actor, scope.role, int(mark))
        text = inline((change.before or {}).get("text", ""), WORDS_ROOM)
        return with_number(REMOVED.format(**scope.figures, text=text), change)


def _entry(line: IdentityLine) -> str:
    by = BY.format(id=line.made_by) if line.made_by else BY_NOBODY
    return ENTRY.format(
        number=line.id,
        kind=worded(LINE_KINDS, line.kind),
        text=inline(line.text, WORDS_ROOM),
        by=by,
        day=format_dt(line.changed_at, "d"),
    )


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(IdentityCog(bot))
