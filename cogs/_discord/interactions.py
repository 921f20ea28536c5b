"""The common handling of button presses, menu choices and submitted forms (A11, A12, D13)."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import discord
from discord import app_commands

from bot.conversation.text.split import LIMIT
from bot.core.errors import MasqueradeError
from bot.core.i18n import _, called
from bot.core.tasks import spawn
from bot.discord.commands import OUTDATED, AnyCommand, Commands, Interaction, answer, speak_to
from bot.features.memory.wording import worded
from cogs._discord.panels import (
    Action,
    Form,
    Panel,
    Pen,
    Press,
    Signature,
    read,
    template,
    with_note,
    written,
)
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import NOBODY, shortened
from memory.rules import MemoryRefused

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

NOT_YOURS = _("These buttons belong to somebody else: only who opened them can use them.")
EXPIRED = _("The time for this is over. To start anew, use /{again}.")
SUPERSEDED = _("You opened this anew further down: use the newer one.")

_Posted = discord.WebhookMessage | discord.InteractionMessage


@dataclass(frozen=True, slots=True)
class _Open:
    """A panel that this process has shown."""

    panel: Panel
    pen: Pen
    message: _Posted
    fading: asyncio.Task[None]


class Panels:
    """The panels of one cog: a `family` of ids with the handler of each action."""

    def __init__(self, bot: "Masquerade", family: str, actions: Mapping[str, Action]) -> None:
        self.family = family
        self.actions = actions
        self._bot = bot
        self._item = _item_of(self)
        self._open: dict[tuple[int, str], _Open] = {}
        self._pressed: set[int] = set()  # ids of the messages whose press is being handled

    def load(self) -> None:
        """Listen for presses, also on panels that an earlier process showed."""
        self._bot.add_dynamic_items(self._item)
        self._bot.add_listener(self._submitted, "on_interaction")

    def unload(self) -> None:
        self._bot.remove_dynamic_items(self._item)
        self._bot.remove_listener(self._submitted, "on_interaction")
        for shown in self._open.values():
            shown.fading.cancel()

    async def show(
        self, interaction: Interaction, panel: Panel, files: Sequence[discord.File] | None = None
    ) -> None:
        """Show a panel to the asker only; after a press it replaces the pressed panel.

        An older panel of the same command and person stops working. New `files` replace the attached ones;
        None leaves them.
        """
        pen = self._pen(interaction, panel.seconds)
        text, view = shortened(panel.text, LIMIT), pen.view(panel)
        message: _Posted
        if interaction.message is not None:
            hung = discord.utils.MISSING if files is None else files
            message = await interaction.edit_original_response(
                content=text, view=view, attachments=hung, allowed_mentions=NOBODY
            )
        else:
            if not interaction.response.is_done():
                await interaction.response.defer(ephemeral=True)
            message = await interaction.followup.send(
                text,
                view=view,
                files=files or [],
                ephemeral=True,
                suppress_embeds=True,
                allowed_mentions=NOBODY,
                wait=True,
            )
        await self._follow(panel, pen, message)

    async def ask(self, interaction: Interaction, form: Form) -> None:
        """Open a form, which must be the first response to a command or a press."""
        window = self._pen(interaction, form.seconds).window(form)
        await interaction.response.send_modal(window)
        window.stop()  # otherwise discord.py keeps and handles the form itself, which a restart would lose

    async def working(self, press: Press, text: str) -> None:
        """Show a progress text without buttons; if the action fails, the panel comes back."""
        await press.interaction.edit_original_response(content=str(text), view=None, allowed_mentions=NOBODY)

    async def pressed(self, interaction: Interaction) -> None:
        """Handle a press; a refusal or a failure is answered with one sentence."""
        speak_to(interaction)
        custom_id = interaction.custom_id or ""
        signature = read(self.family, custom_id)
        action = self.actions.get(signature.action) if signature else None
        try:
            if signature is None or action is None:
                await answer(interaction, OUTDATED)
            elif refusal := self._refusal(interaction, signature, action):
                log.info("Refused a press of %s to somebody", signature.action)
                await answer(interaction, refusal)
            elif signature.deadline < self._bot.app.clock.now().timestamp():
                await self._too_late(interaction, EXPIRED.format(again=called(action.again)))
            else:
                await self._run(interaction, signature, action)
        except DISCORD_FAULTS as error:
            log.warning("A press can't be answered: %s", type(error).__name__)

    async def close(self, interaction: Interaction, text: str) -> None:
        """Replace the pressed panel with a sentence."""
        await self.show(interaction, Panel(text))

    # Checks.

    def _refusal(self, interaction: Interaction, signature: Signature, action: Action) -> str | None:
        """Return the reason why the user must not press this here; None if they may."""
        if interaction.user.id != signature.owner_id:
            return NOT_YOURS
        tree = self._bot.tree
        assert isinstance(tree, Commands)
        command = self._command(action)
        return tree.refusal(interaction, command) if command else OUTDATED

    def _command(self, action: Action) -> AnyCommand | None:
        commands = self._bot.tree.walk_commands()
        return next((command for command in commands if command.qualified_name == action.again), None)

    async def _too_late(self, interaction: Interaction, note: str) -> None:
        if interaction.type is discord.InteractionType.modal_submit or interaction.message is None:
            await answer(interaction, note)
            return
        text = with_note(interaction.message.content, note)
        await interaction.response.edit_message(content=text, view=None, allowed_mentions=NOBODY)

    # Actions.

    async def _run(self, interaction: Interaction, signature: Signature, action: Action) -> None:
        """Acknowledge a press and run its action; a second press meanwhile is only acknowledged."""
        message_id = interaction.message.id if interaction.message else interaction.id
        if message_id in self._pressed:
            await interaction.response.defer()
            return
        self._pressed.add(message_id)
        try:
            if not action.at_once:
                await interaction.response.defer(ephemeral=True, thinking=interaction.message is None)
            await action.do(_press(interaction, signature))
        except Exception as error:  # noqa: BLE001 - as with commands, every press gets an answer
            await self._failed(interaction, action, error)
        finally:
            self._pressed.discard(message_id)

    async def _failed(self, interaction: Interaction, action: Action, error: Exception) -> None:
        """Restore the panel and add the reason of the failure."""
        message = interaction.message
        if message is not None and interaction.response.is_done():
            view = discord.ui.View.from_message(message, timeout=None)
            view.stop()
            await interaction.edit_original_response(
                content=message.content, view=view, allowed_mentions=NOBODY
            )
        if isinstance(error, MasqueradeError | MemoryRefused):
            told = worded(error) if isinstance(error, MemoryRefused) else str(error)
            await answer(interaction, told)
        else:
            log.info("What follows happened in a panel of /%s", action.again)
            await self._bot.tree.on_error(interaction, _invoked(self._command(action), error))

    # Expiry.

    def _pen(self, interaction: Interaction, seconds: float) -> Pen:
        return Pen(self.family, interaction.user.id, self._bot.app.clock.now() + timedelta(seconds=seconds))

    async def _follow(self, panel: Panel, pen: Pen, message: _Posted) -> None:
        """Remove a panel's buttons when its time is over or a newer panel supersedes it."""
        for key, older in list(self._open.items()):
            if older.message.id == message.id:
                self._open.pop(key).fading.cancel()
        if not panel.items:
            return
        again = self.actions[panel.items[0].action].again
        if (pen.owner_id, again) in self._open:
            older = self._open.pop((pen.owner_id, again))
            older.fading.cancel()
            await self._fade(older.panel, older.pen, older.message, SUPERSEDED)
        fading = spawn(self._fade_in_time(panel, pen, message, again), name="Fading a panel")
        self._open[pen.owner_id, again] = _Open(panel, pen, message, fading)

    async def _fade_in_time(self, panel: Panel, pen: Pen, message: _Posted, again: str) -> None:
        clock = self._bot.app.clock
        await clock.sleep(panel.seconds)
        while message.id in self._pressed:  # a press in time is finished and shows its own result
            await clock.sleep(1)
        self._open.pop((pen.owner_id, again), None)
        await self._fade(panel, pen, message, EXPIRED.format(again=called(again)))

    async def _fade(self, panel: Panel, pen: Pen, message: _Posted, note: str) -> None:
        text, view = with_note(panel.text, note), pen.view(panel, disabled=True)
        try:
            await message.edit(content=text, view=view, allowed_mentions=NOBODY)
        except (
            DISCORD_FAULTS
        ) as error:  # dismissed by the user, or past the 15 minutes in which an edit is possible
            log.debug("A panel can't be faded: %s", type(error).__name__)

    async def _submitted(self, interaction: Interaction) -> None:
        """Handle a submitted form, because discord.py knows none from before a restart."""
        custom_id = interaction.custom_id or ""
        if interaction.type is discord.InteractionType.modal_submit and custom_id.startswith(
            f"{self.family}:"
        ):
            await self.pressed(interaction)


def _press(interaction: Interaction, signature: Signature) -> Press:
    data: Any = interaction.data
    return Press(
        interaction,
        signature.arguments,
        values=tuple(data.get("values", ())),
        fields=written(data.get("components", ())),
    )


def _invoked(command: AnyCommand | None, error: Exception) -> app_commands.CommandInvokeError:
    """Return an error wrapped as the command tree gets it from a command."""
    assert isinstance(command, app_commands.Command), "a press was let through for it"
    return app_commands.CommandInvokeError(command, error)


def _item_of(panels: Panels) -> type[discord.ui.DynamicItem[discord.ui.Item[Any]]]:
    """Return a dynamic item class by which discord.py passes a press to the panels by its id alone."""

    class Pressable(discord.ui.DynamicItem[discord.ui.Item[Any]], template=template(panels.family)):
        @classmethod
        async def from_custom_id(
            cls, _interaction: discord.Interaction[Any], item: discord.ui.Item[Any], _match: Any, /
        ) -> Self:
            return cls(item)

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await panels.pressed(interaction)

    return Pressable
