"""Facts that characters know about people, for operators: /admin facts (C50, C85)."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.utils import format_dt

from bot.audit import Actor
from bot.core.i18n import _
from bot.discord.commands import Interaction
from bot.features.admin.people import Reach, SeenFact, matching
from cogs._discord.admin import AdminCog, actor_of, command, group_of, operators_only, with_number
from cogs._discord.hearing import place_of
from cogs._discord.options import CharacterName, offer_characters, role_meant, shown
from cogs._discord.text import inline
from cogs.admin.editor import EditableKind, EntityEditor, OfPerson, Search
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
HIDDEN = _("(told in private: its words are shown to nobody but them)")
FACT = "**{number}.** {text}\n-# {about}"
_ORIGINS = {
    "told": _("told by them"),
    "learnt": _("noted from talk"),
    "inherited": _("from an older program"),
    "laid down": _("added by an operator"),
}
_REACHES = {
    "dm": _("only in private"),
    "guild": _("in the whole server where it was said"),
    "everywhere": _("everywhere, as they chose"),
}
_CHANNEL = _("in <#{id}>")
_CORE, _PINNED, _ENDED = _("core memory"), _("pinned", "a memory"), _("no longer holds")

Words = app_commands.Range[str, 1, LONGEST]
Number = app_commands.Range[int, 1]


class FactsCog(AdminCog):
    """An edit needs the person's consent; the person sees it and can undo it."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._people = bot.app.known_people
        self._editor = EntityEditor(bot, self._entity())
        self.panels = (self._editor.panels,)
        self.members = (
            group_of(
                "facts",
                "What a character knows of a person",
                command("list", "What is known of a person, but for what was told in private", self.facts),
                command("add", "Add a fact about somebody who agreed to be remembered", self.add_fact),
                command("edit", "Change the words of a fact, or whether it is kept for good", self.edit_fact),
                command("remove", "Take a fact away; the person can bring it back", self.remove_fact),
            ),
        )

    def _entity(self) -> EditableKind[OfPerson, SeenFact]:
        return EditableKind(
            name="known",
            lists="admin facts list",
            removes="admin facts remove",
            head=FACTS_HEAD,
            foot=FACTS_FOOT,
            empty=NO_FACTS,
            parse=OfPerson.parse,
            find=lambda scope: self._people.facts(scope.person_id, scope.role),
            match=matching,
            line=_line,
            remove=self._removed,
        )

    @app_commands.describe(person="Of whom", character="Who knows it", search="Words, or a number")
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def facts(
        self,
        interaction: Interaction,
        person: discord.User,
        character: CharacterName | None = None,
        search: Search | None = None,
    ) -> None:
        role = await role_meant(interaction, character)
        await self._people.looked(actor_of(interaction), person.id)
        await self._editor.show(interaction, OfPerson(person.id, role), search)

    @app_commands.describe(
        person="Of whom",
        text="In a sentence or two",
        reach="Where it may come up: only in private, in this channel, or in this server",
        core="Kept for good, at the head of the prompt (core memory), or only found when it matters",
        character="Who knows it",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def add_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        text: Words,
        reach: Reach = "channel",
        core: bool = True,
        character: CharacterName | None = None,
    ) -> str:
        role, where = await role_meant(interaction, character), place_of(interaction)
        change = await self._people.add(
            actor_of(interaction), person.id, role, text, where, reach=reach, kept=core
        )
        number = (change.after or {})["number"]
        told = ADDED.format(name=shown(role), id=person.id, number=number, text=inline(text, WORDS_ROOM))
        return with_number(told, change)

    @app_commands.describe(
        person="Of whom",
        number="Its number in /admin facts list",
        text="The new words",
        core="Kept for good, or only found when it matters",
        character="Who knows it",
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def edit_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        number: Number,
        text: Words | None = None,
        core: bool | None = None,
        character: CharacterName | None = None,
    ) -> str:
        role, actor = await role_meant(interaction, character), actor_of(interaction)
        change = await self._people.edit(actor, person.id, role, number, text=text, kept=core)
        words = _words(await self._people.fact(person.id, role, number))
        told = EDITED.format(name=shown(role), id=person.id, number=number, text=words)
        return with_number(told, change)

    @app_commands.describe(
        person="Of whom", number="Its number in /admin facts list", character="Who knows it"
    )
    @app_commands.autocomplete(character=offer_characters)
    @operators_only
    async def remove_fact(
        self,
        interaction: Interaction,
        person: discord.User,
        number: Number,
        character: CharacterName | None = None,
    ) -> None:
        role = await role_meant(interaction, character)
        fact = await self._people.fact(person.id, role, number)
        await self._people.looked(actor_of(interaction), person.id)
        question = ASKED.format(number=number, id=person.id, name=shown(role), text=_words(fact))
        await self._editor.ask(interaction, OfPerson(person.id, role), fact.id, question)

    async def _removed(self, actor: Actor, scope: OfPerson, mark: str) -> str:
        change = await self._people.remove(actor, scope.person_id, scope.role, int(mark))
        return with_number(REMOVED.format(**scope.figures, number=(change.before or {})["number"]), change)


def _words(fact: SeenFact) -> str:
    return inline(fact.text, WORDS_ROOM) if fact.text is not None else str(HIDDEN)


def _line(fact: SeenFact) -> str:
    """Return a fact with its number and the details that an operator may see."""
    reach = _CHANNEL.format(id=fact.channel_id) if fact.scope == "channel" else _REACHES[fact.scope]
    about = [str(_CORE)] if fact.kept else []
    about += [str(_PINNED)] if fact.pinned else []
    about += [] if fact.holds else [str(_ENDED)]
    about += [str(_ORIGINS[fact.origin]), str(reach), format_dt(fact.since, "d")]
    return FACT.format(number=fact.number, text=_words(fact), about=" · ".join(about))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(FactsCog(bot))
