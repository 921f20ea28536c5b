"""What operators lay down about who a character is: /admin identity (F110, C85)."""

from typing import TYPE_CHECKING

from discord import app_commands
from discord.utils import format_dt

from bot.core.i18n import _, worded
from bot.discord.commands import Interaction
from bot.features.admin.selves import LONGEST, Kind
from bot.features.inner_life.wording import LINE_KINDS
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
from cogs._discord.options import CharacterName, offer_characters, role_named, shown
from cogs._discord.text import inline
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


class Lines(Curated):
    """The lines of a character, by number."""

    async def listing(self, words: str, arguments: tuple[str, ...]) -> Listing:
        role = role_at(self.bot, arguments[0])
        lines = await self.bot.app.growth.lines(role)
        found = [one for one in lines if words.casefold() in f"{one.id} {one.kind} {one.text}".casefold()]
        name = shown(role)
        return Listing(HEAD.format(name=name), [*map(_entry, found)], FOOT, NOTHING.format(name=name))

    async def removed(self, interaction: Interaction, arguments: tuple[str, ...]) -> str:
        role = role_at(self.bot, arguments[0])
        change = await self.bot.app.growth.remove(actor_of(interaction), role, int(arguments[1]))
        text = inline((change.before or {}).get("text", ""), WORDS_ROOM)
        return with_number(REMOVED.format(name=shown(role), text=text), change)


class IdentityLines(AdminCog):
    """All of it holds from the very next prompt on, is written into the audit, and can be taken back."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._selves = bot.app.growth
        self.lines = Lines(bot, "selfline", lists="admin identity list", removes="admin identity remove")
        self.lists = (self.lines,)
        self.groups = (
            group_of(
                "identity",
                "What you add about who a character is",
                command("list", "What was added about a character, with its numbers", self.list_lines),
                command("add", "Add something about a character", self.add_line),
                command("edit", "Change the words of something that was added", self.edit_line),
                command("remove", "Remove something that was added", self.remove_line),
            ),
        )

    @app_commands.describe(character="Which one", search="Words that it holds")
    @app_commands.autocomplete(character=offer_characters)
    async def list_lines(
        self, interaction: Interaction, character: CharacterName, search: Search | None = None
    ) -> None:
        async def do() -> None:
            mark = role_mark(role_named(self.bot, character))
            await self.lines.show(interaction, search, (mark,))

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(character="Which one", kind="What kind of thing it is", text="The words")
    @app_commands.autocomplete(character=offer_characters)
    async def add_line(
        self, interaction: Interaction, character: CharacterName, kind: Kind, text: Words
    ) -> None:
        async def do() -> str:
            role = role_named(self.bot, character)
            change = await self._selves.add(actor_of(interaction), role, kind, text)
            words = inline((change.after or {})["text"], WORDS_ROOM)
            return with_number(ADDED.format(name=shown(role), number=change.key[1], text=words), change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(
        character="Which one", number="Its number in /admin identity list", text="The new words"
    )
    @app_commands.autocomplete(character=offer_characters)
    async def edit_line(
        self, interaction: Interaction, character: CharacterName, number: Number, text: Words
    ) -> None:
        async def do() -> str:
            role = role_named(self.bot, character)
            change = await self._selves.reword(actor_of(interaction), role, number, text)
            words = inline((change.after or {})["text"], WORDS_ROOM)
            return with_number(EDITED.format(name=shown(role), number=number, text=words), change)

        await for_operators(self.bot, interaction, do)

    @app_commands.describe(character="Which one", number="Its number in /admin identity list")
    @app_commands.autocomplete(character=offer_characters)
    async def remove_line(self, interaction: Interaction, character: CharacterName, number: Number) -> None:
        async def do() -> None:
            role = role_named(self.bot, character)
            line = await self._selves.line(role, number)
            asked = ASKED.format(number=number, name=shown(role), text=inline(line.text, WORDS_ROOM))
            await self.lines.ask(interaction, asked, (role_mark(role), number))

        await for_operators(self.bot, interaction, do)


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
    await bot.add_cog(IdentityLines(bot))
