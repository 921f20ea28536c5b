"""Commands on one's own conversation: forget, regenerate and rewrite it (C36, F117-F119)."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.forgetting import MOST_PAIRS, SaidAndAnswered
from bot.conversation.revisions import Takes
from bot.conversation.text.split import width
from bot.core.i18n import _
from bot.discord.commands import FORGETFUL, Interaction, answer, asked_in
from cogs._discord.hearing import asker_of, place_of
from cogs._discord.interactions import Panels
from cogs._discord.options import offer_characters, role_named, shown, telling
from cogs._discord.panels import Action, Form, FormField, Press
from cogs._discord.permissions import is_operator
from cogs._discord.speaking import mouth_in
from cogs.history import views
from cogs.history.replies import mouth_of, reply_in, speaker_of, turn_of
from cogs.history.views import Preview

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

LOOK_UP_SECONDS = 2.0
"""Deadline in seconds for loading the text of a form: Discord waits three seconds for the form."""


class HistoryCog(commands.Cog):
    """Only the asker sees the answers."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._conversation = bot.app.conversation
        self._forgetting = bot.app.forgetting
        reset, pairs, takes = "reset_conversation", "forget_last", "swipe"
        self.panels = Panels(
            bot,
            "history",
            {
                "reset": Action(self._reset, reset),
                "keep": Action(self._keep, reset),
                "cancel": Action(self._keep, pairs),
                "choose": Action(self._choose, pairs),
                "choose_all": Action(self._choose_all, pairs),
                "forget_pairs": Action(self._forget_pairs, pairs),
                "accept": Action(self._accept, takes),
                "dismiss": Action(self._dismiss, takes),
                "redo": Action(self._redo, takes),
                "look": Action(self._look, takes),
                "rewrite": Action(self._rewritten, "edit_reply"),
            },
        )
        self._menus = (
            app_commands.ContextMenu(
                name="Reroll this",
                callback=self.reroll_this,
                extras={"about": "another take on one of my replies to you: in its menu, under Apps"},
            ),
            app_commands.ContextMenu(
                name="Forget this",
                callback=self.forget_this,
                extras={"about": "forget an exchange between us: in the menu of a message, under Apps"},
            ),
        )

    async def cog_load(self) -> None:
        self.panels.load()
        for menu in self._menus:
            self.bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        self.panels.unload()
        for menu in self._menus:
            self.bot.tree.remove_command(menu.name, type=menu.type)

    # Forgetting. It works everywhere and for everybody, even where the other commands do not.

    @app_commands.command(description="Forget our conversation; you choose how much of it")
    async def reset_conversation(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = asked_in(interaction)
        length = await self._forgetting.length(interaction.user.id, where)
        await self.panels.show(interaction, views.reset_panel(length, private=where.place.private))

    @app_commands.command(description="Forget some of our last exchanges; you choose which")
    @app_commands.describe(count="How many to choose from")
    async def forget_last(
        self, interaction: Interaction, count: app_commands.Range[int, 1, MOST_PAIRS] = 5
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        pairs = await self._forgetting.pairs(interaction.user.id, asked_in(interaction), count=count)
        await self.panels.show(interaction, views.pairs_panel(pairs))

    async def forget_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Offer to forget the exchange of a message."""
        await interaction.response.defer(ephemeral=True)
        turn_id = await turn_of(self.bot, message)
        pairs = await self._among(interaction, {turn_id} if turn_id else ())
        if pairs:
            await self.panels.show(interaction, views.pairs_panel(pairs, chosen={turn_id} if turn_id else ()))
        else:
            await answer(interaction, views.NO_EXCHANGE.format(most=MOST_PAIRS))

    async def _choose(self, press: Press) -> None:
        await self._mark(press, press.values)

    async def _choose_all(self, press: Press) -> None:
        await self._mark(press, press.offered)

    async def _mark(self, press: Press, chosen: Collection[str]) -> None:
        """Show the remaining exchanges again, with the current choices marked."""
        pairs = await self._among(press.interaction, set(map(int, press.offered)))
        await self.panels.show(press.interaction, views.pairs_panel(pairs, chosen=set(map(int, chosen))))

    async def _forget_pairs(self, press: Press) -> None:
        person_id, where = press.interaction.user.id, asked_in(press.interaction)
        erased = await self._forgetting.forget_pairs(person_id, where, set(map(int, press.chosen)))
        await self.panels.close(press.interaction, views.forgotten(erased, scope="here"))

    async def _reset(self, press: Press) -> None:
        [scope] = press.arguments
        person_id, where = press.interaction.user.id, asked_in(press.interaction)
        erased = await self._forgetting.reset(person_id, where, everywhere=scope == "everywhere")
        await self.panels.close(press.interaction, views.forgotten(erased, scope=scope))

    async def _keep(self, press: Press) -> None:
        await self.panels.close(press.interaction, views.KEPT)

    async def _among(self, interaction: Interaction, turn_ids: Collection[int]) -> list[SaidAndAnswered]:
        """Return the exchanges with the given turn ids among the asker's last ones in this channel."""
        pairs = await self._forgetting.pairs(interaction.user.id, asked_in(interaction), count=MOST_PAIRS)
        return [pair for pair in pairs if pair.turn_id in turn_ids]

    # Regeneration.

    @app_commands.command(description="Let me think of another answer; you see it first")
    @app_commands.describe(context="What to do differently: a note to me, not a part of our talk")
    async def reroll(
        self, interaction: Interaction, context: app_commands.Range[str, 1, views.LONGEST_ABOUT] = ""
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await self._think_again(interaction, about=context)

    async def reroll_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Generate another take of a reply."""
        await interaction.response.defer(ephemeral=True)
        turn_id = await reply_in(self.bot, message)
        if turn_id is None:
            await answer(interaction, views.NO_REPLY_TO_YOU)
        else:
            await self._think_again(interaction, turn_id=turn_id)

    @app_commands.command(description="Look through the answers I thought of, and choose one")
    async def swipe(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            takes = await self._takes(interaction)
            await self._preview(interaction, Preview(takes, takes.stands))

    async def _takes(self, interaction: Interaction, turn_id: int | None = None) -> Takes:
        role = await speaker_of(interaction, turn_id)
        return await self.bot.app.revisions.takes(
            role.slug, asker_of(interaction), place_of(interaction), turn_id
        )

    async def _think_again(
        self, interaction: Interaction, *, about: str = "", turn_id: int | None = None
    ) -> None:
        async with telling(interaction):
            await self._preview_another(interaction, about, turn_id)

    async def _preview_another(self, interaction: Interaction, about: str, turn_id: int | None) -> None:
        role = await speaker_of(interaction, turn_id)
        takes = await self.bot.app.revisions.another(
            role.slug,
            asker_of(interaction),
            place_of(interaction),
            context=about,
            turn_id=turn_id,
            emotes=mouth_of(interaction, role).emotes,
        )
        await self._preview(interaction, Preview(takes, takes.newest, about))

    async def _preview(self, interaction: Interaction, preview: Preview) -> None:
        seconds = self.bot.app.settings.reroll_timeout_seconds
        await self.panels.show(interaction, preview.panel(seconds))

    async def _accept(self, press: Press) -> None:
        if not await self._current(press):
            return
        turn_id, number, _ = map(int, press.arguments)
        interaction = press.interaction
        role = await speaker_of(interaction, turn_id)
        await self.bot.app.revisions.choose(
            role.slug,
            asker_of(interaction),
            place_of(interaction),
            turn_id=turn_id,
            number=number,
            mouth=mouth_of(interaction, role),
        )
        await self.panels.close(interaction, views.ACCEPTED.format(number=number))

    async def _dismiss(self, press: Press) -> None:
        await self.panels.close(press.interaction, views.DISMISSED)

    async def _redo(self, press: Press) -> None:
        """Generate another take with the same remark, which is read from the text of the preview."""
        if await self._current(press):
            about = views.about_in(press.text)
            await self.panels.working(press, views.THINKING)
            await self._preview_another(press.interaction, about, int(press.arguments[0]))

    async def _look(self, press: Press) -> None:
        """Show the take whose number the button carries."""
        if takes := await self._current(press):
            await self._preview(
                press.interaction, Preview(takes, int(press.arguments[1]), views.about_in(press.text))
            )

    async def _current(self, press: Press) -> Takes | None:
        """Return the takes of a preview; if they are outdated, tell the asker and return None."""
        turn_id, _, newest = map(int, press.arguments)
        interaction = press.interaction
        takes = await self._takes(interaction, turn_id)
        if takes.newest == newest:
            return takes
        await self.panels.close(interaction, views.OUTDATED_TAKES)
        return None

    # Greeting, continuation and rewriting.

    @app_commands.command(description="Let a character say its greeting; you may choose another one then")
    @app_commands.describe(character="Which one; with nothing, the one who is asked for here")
    @app_commands.autocomplete(character=offer_characters)
    async def greeting(
        self, interaction: Interaction, character: app_commands.Range[str, 1, 80] | None = None
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        mouth = mouth_in(self.bot, asked_in(interaction).channel_id, pings=False)
        async with telling(interaction):
            greeted = await self.bot.app.greetings.greet(
                asker_of(interaction),
                place_of(interaction),
                mouth,
                key=interaction.id,
                role=role_named(self.bot, character) if character else None,
            )
            if greeted.others:
                takes = await self._takes(interaction, greeted.turn_id)
                await self._preview(interaction, Preview(takes, takes.stands))
            else:
                await answer(interaction, views.GREETED.format(name=shown(greeted.role)))

    @app_commands.command(name="continue", description="Let me go on with my last answer")
    async def go_on(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            role = await speaker_of(interaction)
            mouth = mouth_of(interaction, role)
            await self.bot.app.revisions.go_on(
                role.slug, asker_of(interaction), place_of(interaction), mouth=mouth
            )
            await answer(interaction, views.WENT_ON)

    @app_commands.command(description="Change the words of my last answer; in a server for moderators")
    @app_commands.describe(text="The new words; with nothing, you get the present ones to change")
    async def edit_reply(
        self, interaction: Interaction, text: app_commands.Range[str, 1, views.LONGEST_EDIT] | None = None
    ) -> None:
        if text is None and self._may_rewrite(interaction):
            await self._open_form(interaction)
            return
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            await self._rewrite(interaction, text or "")

    async def _open_form(self, interaction: Interaction) -> None:
        """Open a form with the current text, which must load fast: the form is the first response."""
        try:
            async with telling(interaction), asyncio.timeout(LOOK_UP_SECONDS):
                takes = await self._takes(interaction)
                await self._ask_for_words(interaction, takes)
        except TimeoutError:
            await answer(interaction, FORGETFUL)

    async def _ask_for_words(self, interaction: Interaction, takes: Takes) -> None:
        said = takes.texts[takes.stands - 1]
        if width(said) > views.LONGEST_EDIT:
            await answer(interaction, views.TOO_LONG.format(most=views.LONGEST_EDIT))
            return
        words = FormField("text", _("My words"), said, views.LONGEST_EDIT)
        form = Form(_("Edit my answer"), "rewrite", (words,), (takes.turn_id,))
        await self.panels.ask(interaction, form)

    async def _rewritten(self, press: Press) -> None:
        await self._rewrite(press.interaction, press.fields.get("text", ""), turn_id=int(press.arguments[0]))

    async def _rewrite(self, interaction: Interaction, text: str, turn_id: int | None = None) -> None:
        if not self._may_rewrite(interaction):
            await answer(interaction, views.NOT_YOURS_TO_EDIT)
            return
        role = await speaker_of(interaction, turn_id)
        await self.bot.app.revisions.rewrite(
            role.slug,
            asker_of(interaction),
            place_of(interaction),
            text,
            mouth=mouth_of(interaction, role),
            turn_id=turn_id,
        )
        await answer(interaction, views.EDITED)

    def _may_rewrite(self, interaction: Interaction) -> bool:
        """Return whether the asker may rewrite replies here, which others read as the character's own."""
        in_private = interaction.guild_id is None
        held = interaction.permissions
        allowed = held.manage_messages or held.administrator
        return in_private or allowed or is_operator(self.bot, interaction.user)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(HistoryCog(bot))
