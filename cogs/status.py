"""What anybody may ask the bot about itself: /help and /status (F121, F122)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.arranging import voice_of
from bot.command_tree import AnyCommand, Commands, Interaction, answer, asked_in, only_in_servers
from bot.conversation.forgetting import Length
from bot.conversation.house_rules import HouseRules
from bot.i18n import _
from bot.turn import Where
from cogs._discord.quoting import inline
from database.repositories.calls import Spending

if TYPE_CHECKING:
    from bot.client import Masquerade

_DAY = timedelta(hours=24)
MORE = _("-# /help with a topic, such as /help topic:memory, tells what each command of a group does.")
NO_TOPIC = _("There is no command “{topic}” that you may use here: /help lists them.")
_EVER = discord.utils.snowflake_time(0)


async def _offer_topics(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    name = typed.strip().removeprefix("/").lower()
    found = [one for one in _topics(interaction) if one.startswith(name)]
    return [app_commands.Choice(name=one, value=one) for one in found[:25]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is on the books about one person: spending, the length of the conversation, core memory (F121)."""

    premium: bool
    ever: Spending
    lately: Spending
    length: Length
    memories: int
    learns: bool


class Status(commands.Cog):
    """Facts about the bot for whoever asks; every answer is for the eyes of the asker only."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._app = bot.app
        self._voice = voice_of(bot.app.settings, bot.app.server)

    @app_commands.command(description="What I can do, and how to talk to me")
    @app_commands.autocomplete(topic=_offer_topics)
    @app_commands.describe(topic="A command, to see what each of its kind does")
    async def help(self, interaction: Interaction, topic: str = "") -> None:
        if not topic:
            about = "\n".join([*_overview(interaction), "", MORE])
            await answer(interaction, f"{self._how_to_talk()}\n\n{about}")
            return
        name = topic.strip().removeprefix("/").split(" ")[0].lower()
        lines = _topics(interaction).get(name)
        await answer(interaction, "\n".join(lines) if lines else NO_TOPIC.format(topic=inline(topic, 40)))

    @app_commands.command(description="What I have on the books about you, and what holds here")
    async def status(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = asked_in(interaction)
        house = await self._app.administration.house(where.guild_id)
        ledger = await self._ledger(interaction.user.id, where)
        await answer(
            interaction,
            "\n".join([*_books(ledger), *self._here(interaction.user.id, where, house, ledger.premium)]),
        )

    def _how_to_talk(self) -> str:
        character, me = self._app.character, self.bot.user
        assert me is not None, "a command came in, so we are somebody"
        names = " or ".join(f"“{name}”" for name in (character.name, *character.aliases))
        text = (
            f"**Talking with {character.name}**: mention {me.mention}, say {names}, reply to one of my "
            "messages, or write to me in private."
        )
        votes = self._app.manner.attention.voters.count
        return f"{text} In a server I may also join in unasked." if votes else text

    async def _ledger(self, user_id: int, where: Where) -> Ledger:
        now: datetime = self._app.clock.now()
        conversation = self._app.conversation
        async with self._app.database.read() as db:
            premium = await db.users.is_premium(user_id)
            ever = await db.calls.spending(since=_EVER, user_id=user_id)
            lately = await db.calls.spending(since=now - _DAY, user_id=user_id)
        return Ledger(
            premium=premium,
            ever=ever,
            lately=lately,
            length=await conversation.forgetting.length(user_id, where),
            memories=len(await conversation.memories.core(user_id)),
            learns=await conversation.memories.learns(user_id),
        )

    def _here(self, user_id: int, where: Where, house: HouseRules, premium: bool) -> Iterator[str]:
        model = self._voice.for_(premium=premium).model
        yield f"**Who answers you**: {self._app.character.name}, with the model {model}"
        if house.ignores(user_id):
            yield "**Here**: you are on the list of those whom I ignore"
        elif not house.active(where):
            yield "**Here**: I am switched off, and neither listen nor answer"
        elif where.place.private:
            yield "**Here**: I answer everything"
        else:
            yield f"**Here**: I am switched on, and answer whoever calls me; {self._unasked(where, house)}"

    def _unasked(self, where: Where, house: HouseRules) -> str:
        attention = self._app.manner.attention
        own = house.chance(where)
        chance = attention.chance if own is None else own
        if attention.voters.count == 0 or chance == 0:
            return "I don't join in unasked"
        return f"with a chance of {chance:.0%} I consider joining in unasked"


def _books(ledger: Ledger) -> Iterator[str]:
    yield f"**So far**: {_spent(ledger.ever)}"
    yield f"**In the last 24 hours**: {_spent(ledger.lately)}"
    yield f"**Plan**: {'premium' if ledger.premium else 'standard'}"
    length = ledger.length
    yield (
        f"**Lines of yours that I know word for word**: {length.lines} of this channel, "
        f"{length.lines_anywhere} in all; {length.summed_up} lines of this channel are summed up"
    )
    learning = "I may note more" if ledger.learns else "I note nothing"
    yield f"**Known about you for good**: {ledger.memories} (/memory); {learning} by myself"


def _spent(spending: Spending) -> str:
    tokens = f"{spending.input_tokens:,} tokens read and {spending.output_tokens:,} written"
    unpriced = f", and {spending.unpriced} calls of unknown price" if spending.unpriced else ""
    return f"{tokens} for you, ${spending.cost:.4f}{unpriced}"


def _overview(interaction: Interaction) -> Iterator[str]:
    """Yield a line for each command that the asker may use; those of a group share one, with their names."""
    members: dict[AnyCommand, dict[str, None]] = {}
    for command in _usable(interaction):
        root = _root(command)
        names = members.setdefault(root, {})
        if root is not command:
            names[command.qualified_name.split(" ")[1]] = None
    for root in sorted(members, key=lambda one: (isinstance(one, app_commands.ContextMenu), one.name)):
        yield _line(interaction, root, ", ".join(members[root]))


def _topics(interaction: Interaction) -> dict[str, list[str]]:
    """Return the lines about each command or group that the asker may use, by its name."""
    topics: dict[str, list[str]] = {}
    for command in _usable(interaction):
        topics.setdefault(_root(command).name.lower(), []).append(_line(interaction, command))
    return dict(sorted(topics.items()))


def _usable(interaction: Interaction) -> Iterator[AnyCommand]:
    """Yield what the asker may use, from the tree itself."""
    tree = interaction.client.tree
    assert isinstance(tree, Commands)
    return (one for one in _all_commands(tree, interaction.guild) if tree.permits(interaction, one))


def _line(interaction: Interaction, command: AnyCommand, names: str = "") -> str:
    place = " (in a server)" if interaction.guild_id is None and only_in_servers(command) else ""
    return f"{_called(command)}{f' {names}' if names else ''}{place}: {_about(command)}"


def _root(command: AnyCommand) -> AnyCommand:
    return getattr(command, "root_parent", None) or command


def _all_commands(tree: Commands, guild: discord.Guild | None) -> Iterator[AnyCommand]:
    for scope in (None, guild) if guild else (None,):
        yield from (one for one in tree.walk_commands(guild=scope) if isinstance(one, app_commands.Command))
        for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
            yield from tree.walk_commands(guild=scope, type=kind)


def _called(command: AnyCommand) -> str:
    menu = isinstance(command, app_commands.ContextMenu)
    return f"**{command.name}**" if menu else f"**/{command.qualified_name}**"


def _about(command: AnyCommand) -> str:
    if isinstance(command, app_commands.ContextMenu):
        return str(command.extras.get("about", "in the menu under Apps"))
    return command.description


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Status(bot))
