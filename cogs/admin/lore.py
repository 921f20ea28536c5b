"""Edits of lorebook entries while the bot runs: /admin lore (D12, F105, C85)."""

from typing import TYPE_CHECKING

from discord import app_commands

from bot.audit import Actor
from bot.core.i18n import _
from bot.discord.commands import Interaction
from bot.features.admin.edit_lore import LONGEST_CONTENT, LONGEST_LABEL, BookEntry, fitting
from bot.features.characters.presence import NotStaged
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.options import OFFERED, CharacterName, named_so_far, offer_characters, role_named, shown
from cogs._discord.permissions import is_operator
from cogs._discord.text import in_a_line, inline
from cogs.admin.editor import EditableKind, EntityEditor, OfCharacter, Search

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LONGEST_KEYS = 1_000
CONTENT_ROOM, KEYS_ROOM, LABEL_ROOM, WHOLE_ROOM = 160, 100, 110, 700
HEAD = _("**What the lorebooks of {name} hold**")
FOOT = _("-# Commands take what stands in bold. /admin lore reset lets an entry be as its file has it.")
NOTHING = _("**{name}** has no lorebook. /admin lore add adds an entry.")
ENTRY = "**{label}** · {about}\n{content}"
ADDED = _("**{name}** knows that from the next prompt on, as **{label}**: {content}")
EDITED = _("**{label}** of **{name}** from the next prompt on: {about}\n{content}")
ASKED = _("**Shall I remove this?** **{label}** of **{name}**: {content}")
ASKED_FILE = _(
    "**Shall I switch this off?** **{label}** of **{name}**: {content}\nIt is in a file, which "
    "stays as it is: /admin lore reset lets it be as the file has it."
)
REMOVED = _("**{name}** no longer has that, from the next prompt on.")
SWITCHED_OFF = _("That entry of **{name}** is off from the next prompt on; its file stays as it is.")
RESET = _("**{label}** of **{name}** is as its file has it from the next prompt on.")
KEYS, ALWAYS = _("when it is said: {keys}"), _("always there")
NO_KEYS, OFF = _("never by a word"), _("off", "an entry of a lorebook")
OWN, CHANGED = _("added", "an entry of a lorebook"), _("changed", "an entry of a lorebook")

Keys = app_commands.Range[str, 1, LONGEST_KEYS]
Content = app_commands.Range[str, 1, LONGEST_CONTENT]
Label = app_commands.Range[str, 1, LONGEST_LABEL]


async def offer_entries(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    """Return the lorebook entries of the option `character` as choices, for operators only."""
    named = named_so_far(interaction)
    if named is None or not is_operator(interaction.client, interaction.user):
        return []
    try:
        role = role_named(interaction.client, named)
    except NotStaged:
        return []
    found = fitting(await interaction.client.app.lorebooks.entries(role), current)
    return [
        app_commands.Choice(
            name=in_a_line(f"{entry.label} {', '.join(entry.lore.keys)}", 100), value=entry.label
        )
        for entry in found[:OFFERED]
    ]


class LoreCog(AdminCog):
    """An edit overrides the entry of the file, which stays unchanged, and can be removed."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._lorebooks = bot.app.lorebooks
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "lore",
                "What a character's lorebooks hold",
                command("list", "The entries of a character's lorebooks", self.list_entries),
                command("add", "Add an entry", self.add_entry),
                command("edit", "Change an entry, or switch it on or off", self.edit_entry),
                command("remove", "Take an entry away; one of a file's is switched off", self.remove_entry),
                command("reset", "Let an entry be as its file has it", self.reset_entry),
            ),
        )

    def _entity(self) -> EditableKind[OfCharacter, BookEntry]:
        return EditableKind(
            name="lore",
            lists="admin lore list",
            removes="admin lore remove",
            head=HEAD,
            foot=FOOT,
            empty=NOTHING,
            parse=OfCharacter.parse,
            find=lambda scope: self._lorebooks.entries(scope.role),
            match=fitting,
            line=_entry,
            remove=self._removed,
        )

    @app_commands.describe(character="Which one", search="Words that it holds")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def list_entries(
        self, interaction: Interaction, character: CharacterName, search: Search | None = None
    ) -> None:
        await self._editor.show(interaction, OfCharacter(role_named(self.bot, character)), search)

    @app_commands.describe(
        character="Which one",
        content="What it knows",
        keys="Words that call it up, with commas between",
        always="Whether it is there without any of them",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def add_entry(
        self,
        interaction: Interaction,
        character: CharacterName,
        content: Content,
        keys: Keys | None = None,
        always: bool = False,
    ) -> str:
        role = role_named(self.bot, character)
        change = await self._lorebooks.add(
            actor_of(interaction), role, keys=keys or "", content=content, constant=always
        )
        added = await self._lorebooks.entry(role, f"{change.key[1]}: {change.key[2]}")
        return with_number(_sentence(ADDED, added, shown(role)), change)

    @app_commands.describe(
        character="Which one",
        entry="Its name in /admin lore list",
        content="What it knows",
        keys="Words that call it up, with commas between",
        always="Whether it is there without any of them",
        on="Whether it counts at all",
    )
    @app_commands.autocomplete(character=offer_characters, entry=offer_entries)
    @operators_only
    async def edit_entry(
        self,
        interaction: Interaction,
        character: CharacterName,
        entry: Label,
        content: Content | None = None,
        keys: Keys | None = None,
        always: bool | None = None,
        on: bool | None = None,
    ) -> str:
        role = role_named(self.bot, character)
        change = await self._lorebooks.edit(
            actor_of(interaction), role, entry, keys=keys, content=content, constant=always, enabled=on
        )
        return with_number(_sentence(EDITED, await self._lorebooks.entry(role, entry), shown(role)), change)

    @app_commands.describe(character="Which one", entry="Its name in /admin lore list")
    @app_commands.autocomplete(character=offer_characters, entry=offer_entries)
    @operators_only
    async def remove_entry(self, interaction: Interaction, character: CharacterName, entry: Label) -> None:
        role = role_named(self.bot, character)
        meant = await self._lorebooks.entry(role, entry)
        question = _sentence(ASKED if meant.is_own else ASKED_FILE, meant, shown(role))
        await self._editor.ask(interaction, OfCharacter(role), meant.mark, question)

    @app_commands.describe(character="Which one", entry="Its name in /admin lore list")
    @app_commands.autocomplete(character=offer_characters, entry=offer_entries)
    @operators_only
    async def reset_entry(self, interaction: Interaction, character: CharacterName, entry: Label) -> str:
        role = role_named(self.bot, character)
        change = await self._lorebooks.reset(actor_of(interaction), role, entry)
        return with_number(RESET.format(label=inline(entry, LABEL_ROOM), name=shown(role)), change)

    async def _removed(self, actor: Actor, scope: OfCharacter, mark: str) -> str:
        change = await self._lorebooks.remove(actor, scope.role, mark)
        said = REMOVED if change.after is None else SWITCHED_OFF
        return with_number(said.format(**scope.figures), change)


def _entry(entry: BookEntry) -> str:
    return ENTRY.format(
        label=inline(entry.label, LABEL_ROOM),
        about=_about(entry),
        content=inline(entry.lore.content, CONTENT_ROOM),
    )


def _sentence(words: str, entry: BookEntry, name: str) -> str:
    content = inline(entry.lore.content, WHOLE_ROOM)
    return words.format(
        label=inline(entry.label, LABEL_ROOM), name=name, about=_about(entry), content=content
    )


def _about(entry: BookEntry) -> str:
    """Return the triggers of an entry and the edits by operators."""
    keys = inline(", ".join(entry.lore.keys), KEYS_ROOM) if entry.lore.keys else ""
    called = ALWAYS if entry.lore.constant else KEYS.format(keys=keys) if keys else NO_KEYS
    about = [called] if entry.lore.enabled else [OFF, called]
    if entry.edited:
        about.append(OWN if entry.is_own else CHANGED)
    return " · ".join(map(str, about))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(LoreCog(bot))
