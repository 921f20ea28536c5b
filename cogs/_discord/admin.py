"""The command /admin, which several cogs share and only operators may use (D12, C85)."""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import discord
from discord import app_commands
from discord.ext import commands

from bot.audit import Actor
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer
from bot.features.admin.edits import ManualChange
from cogs._discord.interactions import Panels
from cogs._discord.options import telling
from cogs._discord.permissions import is_operator

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

NAME = "admin"
OPERATORS_ONLY = _(
    "This is for the bot's operators alone. If you run the bot: write your Discord id as admin_ids into "
    "config.env, and restart it."
)
NOTE = _("-# Change number {number}. /admin changes undo takes it back.")
NOTE_TO_OTHERS = _("-# Change number {number}. The bot's operators can take it back.")

Member = app_commands.Group | app_commands.Command[Any, ..., Any]
P = ParamSpec("P")


class HasBot(Protocol):
    bot: "Masquerade"


C = TypeVar("C", bound=HasBot)


class AdminCog(commands.Cog):
    """A cog with `members` of /admin and with `panels`.

    The first member that loads adds /admin to the tree; the last that unloads removes it.
    """

    members: tuple[Member, ...] = ()
    panels: tuple[Panels, ...] = ()

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        for panels in self.panels:
            panels.load()
        for member in self.members:
            _admin_of(self.bot).add_command(member)

    async def cog_unload(self) -> None:
        for panels in self.panels:
            panels.unload()
        admin = _admin_of(self.bot)
        for member in self.members:
            admin.remove_command(member.name)
        if not admin.commands:
            self.bot.tree.remove_command(NAME)


def operators_only(
    do: Callable[Concatenate[C, Interaction, P], Awaitable[str | None]],
) -> Callable[Concatenate[C, Interaction, P], Coroutine[Any, Any, None]]:
    """Answer an operator with the sentence that the command returns, or with the reason of its failure."""

    @wraps(do)
    async def callback(cog: C, interaction: Interaction, /, *args: P.args, **kwargs: P.kwargs) -> None:
        await interaction.response.defer(ephemeral=True)
        if not await let_operators(cog.bot, interaction):
            return
        async with telling(interaction):
            said = await do(cog, interaction, *args, **kwargs)
            if said is not None:
                await answer(interaction, said)

    return callback


async def let_operators(bot: "Masquerade", interaction: Interaction) -> bool:
    """Return True for operators; tell everybody else why they can't use the command.

    Discord also shows the command to the administrators of a server.
    """
    if is_operator(bot, interaction.user):
        return True
    log.warning("Refused what is for operators in channel %s", interaction.channel_id)
    await answer(interaction, OPERATORS_ONLY)
    return False


def actor_of(interaction: Interaction) -> Actor:
    """Return the user of a command as an actor for the audit log."""
    return Actor(interaction.user.id, interaction.channel_id or 0)


def with_number(text: str, change: ManualChange, *, operator: bool = True) -> str:
    """Return the text about a change, followed for operators by the number that undoes it."""
    return f"{text}\n{(NOTE if operator else NOTE_TO_OTHERS).format(number=change.number)}"


def command(name: str, description: str, callback: Any) -> app_commands.Command[Any, ..., Any]:
    return app_commands.Command(name=name, description=description, callback=callback)


def group_of(
    name: str, description: str, *members: app_commands.Command[Any, ..., Any]
) -> app_commands.Group:
    group = app_commands.Group(name=name, description=description)
    for member in members:
        group.add_command(member)
    return group


def _admin_of(bot: "Masquerade") -> app_commands.Group:
    admin = bot.tree.get_command(NAME)
    if admin is None:
        admin = app_commands.Group(
            name=NAME,
            description="For the bot's operators",
            default_permissions=discord.Permissions(administrator=True),
        )
        bot.tree.add_command(admin)
    assert isinstance(admin, app_commands.Group)
    return admin
