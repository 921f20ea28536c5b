"""Information about the bot for everybody: /help and /status (F121, F122)."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.arranging import voice_of
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.forgetting import Length
from bot.conversation.intents import PLAIN
from bot.core.i18n import ABOUT, MENU, Text, _, called, n_, number
from bot.discord.commands import AnyCommand, Commands, Interaction, answer, asked_in, only_in_servers
from cogs._discord.text import inline
from database.repositories.calls import Spending
from database.types import EPOCH
from memory.places import Where

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

_DAY = timedelta(hours=24)
MORE = _("-# /help with a topic, such as /help topic:memory, tells what each command of a group does.")
NO_TOPIC = _("There is no command “{topic}” that you may use here: /help lists them.")
TALKING = _(
    "**Talking with {name}**: mention {mention}, say {names}, reply to one of my messages, or write to me in "
    "private."
)
UNASKED = _("In a server I may also join in unasked.")
_QUOTED, _OR = _("“{name}”"), _(" or ")
_COMMAND, _ELSEWHERE = "{command}: {about}", _("{command} (in a server): {about}")
_MENU_ABOUT = _("in the menu under Apps")
_ANSWERED_BY = _("**Who answers you**: {name}, with the model {model}")
_IGNORED = _("**Here**: you are on the list of those whom I ignore")
_OFF = _("**Here**: I am switched off, and neither listen nor answer")
_IN_PRIVATE = _("**Here**: I answer everything")
_ON_QUIET = _("**Here**: I am switched on, and answer whoever calls me; I don't join in unasked")
_ON = _(
    "**Here**: I am switched on, and answer whoever calls me; with a chance of {percent}% I consider joining "
    "in unasked"
)
_SO_FAR, _LATELY = _("**So far**: {spent}"), _("**In the last 24 hours**: {spent}")
_PLANS = {True: _("**Plan**: premium"), False: _("**Plan**: standard")}
_LINES = _(
    "**Lines of yours that I know word for word**: {here} of this channel, {anywhere} in all; {summed_up} "
    "lines of this channel are summed up"
)
_KNOWN = {
    True: _("**Known about you for good**: {count} (/memory); I may note more by myself"),
    False: _("**Known about you for good**: {count} (/memory); I note nothing by myself"),
}
_SPENT = _("{read} tokens read and {written} written for you, ${cost}")
_UNPRICED = n_(
    "{spent}, and {count} call of unknown price",
    "{spent}, and {count} calls of unknown price",
)
OFFERED = 25


@dataclass(frozen=True, slots=True)
class Topic:
    """A command or group: its name in the asker's language and in English, and a line for each command."""

    name: str
    english: str
    lines: tuple[str, ...]

    def begins(self, typed: str) -> bool:
        """Return whether one of the topic's names begins with the typed text."""
        return self.name.startswith(typed) or self.english.startswith(typed)


async def _offer_topics(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    found = [topic for topic in _topics(interaction) if topic.begins(_plainly(typed))]
    return [app_commands.Choice(name=topic.name, value=topic.english) for topic in found[:OFFERED]]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """One person's figures: spending, length of the conversation, core memories (F121)."""

    premium: bool
    ever: Spending
    lately: Spending
    length: Length
    memories: int
    learns: bool


class StatusCog(commands.Cog):
    """Only the asker sees the answers."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._app = bot.app
        self._voice = voice_of(bot.app.settings, bot.app.server)

    @app_commands.command(description="What I can do, and how to talk to me")
    @app_commands.autocomplete(topic=_offer_topics)
    @app_commands.describe(topic="A command, to see what each of its kind does")
    async def help(self, interaction: Interaction, topic: str = "") -> None:
        if not topic:
            about = "\n".join([*_overview(interaction), "", str(MORE)])
            await answer(interaction, f"{self._how_to_talk()}\n\n{about}")
            return
        lines = _lines_about(interaction, _plainly(topic))
        await answer(interaction, "\n".join(lines) if lines else NO_TOPIC.format(topic=inline(topic, 40)))

    @app_commands.command(description="What you have used, and what is set here")
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
        names = str(_OR).join(_QUOTED.format(name=name) for name in (character.name, *character.aliases))
        text = TALKING.format(name=character.name, mention=me.mention, names=names)
        votes = self._app.manner.attention.voters.count
        return f"{text} {UNASKED}" if votes else text

    async def _ledger(self, user_id: int, where: Where) -> UsageReport:
        now: datetime = self._app.clock.now()
        async with self._app.database.read() as db:
            premium = await db.users.is_premium(user_id)
            ever = await db.calls.spending(since=EPOCH, user_id=user_id)
            lately = await db.calls.spending(since=now - _DAY, user_id=user_id)
        return UsageReport(
            premium=premium,
            ever=ever,
            lately=lately,
            length=await self._app.forgetting.length(user_id, where),
            memories=len(await self._app.memories.core(self._app.company.primary.slug, user_id)),
            learns=await self._app.memories.learns(user_id),
        )

    def _here(self, user_id: int, where: Where, house: HouseRules, premium: bool) -> Iterator[str]:
        model = self._voice.experts.choose(PLAIN, premium=premium).model.name
        yield _ANSWERED_BY.format(name=self._app.character.name, model=model)
        if house.ignores(user_id):
            yield str(_IGNORED)
        elif not house.active(where):
            yield str(_OFF)
        elif where.place.private:
            yield str(_IN_PRIVATE)
        else:
            yield self._switched_on(where, house)

    def _switched_on(self, where: Where, house: HouseRules) -> str:
        attention = self._app.manner.attention
        own = house.chance(where)
        chance = attention.chance if own is None else own
        if attention.voters.count == 0 or chance == 0:
            return str(_ON_QUIET)
        return _ON.format(percent=number(round(chance * 100)))


def _books(ledger: UsageReport) -> Iterator[str]:
    yield _SO_FAR.format(spent=_spent(ledger.ever))
    yield _LATELY.format(spent=_spent(ledger.lately))
    yield str(_PLANS[ledger.premium])
    length = ledger.length
    yield _LINES.format(
        here=number(length.lines),
        anywhere=number(length.lines_anywhere),
        summed_up=number(length.summed_up),
    )
    yield _KNOWN[ledger.learns].format(count=number(ledger.memories))


def _spent(spending: Spending) -> str:
    said = _SPENT.format(
        read=number(spending.input_tokens),
        written=number(spending.output_tokens),
        cost=number(spending.cost, ".4f"),
    )
    return _UNPRICED.format(count=spending.unpriced, spent=said) if spending.unpriced else said


def _overview(interaction: Interaction) -> Iterator[str]:
    """Yield a line for each command that the asker may use; the commands of a group share one line."""
    members: dict[AnyCommand, dict[str, None]] = {}
    for command in _usable(interaction):
        root = _root(command)
        names = members.setdefault(root, {})
        if root is not command:
            names[called(command.qualified_name).split(" ")[1]] = None
    for root in sorted(
        members, key=lambda command: (isinstance(command, app_commands.ContextMenu), _sorted_as(command))
    ):
        yield _line(interaction, root, ", ".join(members[root]))


def _topics(interaction: Interaction) -> list[Topic]:
    """Return a topic for each command or group that the asker may use, sorted by name."""
    topics: dict[AnyCommand, list[str]] = {}
    for command in _usable(interaction):
        topics.setdefault(_root(command), []).append(_line(interaction, command))
    return [
        Topic(_shown_as(root).lower(), root.name.lower(), tuple(topics[root]))
        for root in sorted(topics, key=_sorted_as)
    ]


def _lines_about(interaction: Interaction, typed: str) -> tuple[str, ...]:
    """Return the lines of a topic, found by its name in the asker's language or in English."""
    topics = _topics(interaction)
    for name in (typed, typed.partition(" ")[0]):
        for topic in topics:
            if name in (topic.name, topic.english):
                return topic.lines
    return ()


def _plainly(typed: str) -> str:
    return typed.strip().removeprefix("/").lower()


def _usable(interaction: Interaction) -> Iterator[AnyCommand]:
    """Return the commands of the tree that the asker may use."""
    tree = interaction.client.tree
    assert isinstance(tree, Commands)
    return (
        command for command in _all_commands(tree, interaction.guild) if tree.permits(interaction, command)
    )


def _line(interaction: Interaction, command: AnyCommand, names: str = "") -> str:
    elsewhere = interaction.guild_id is None and only_in_servers(command)
    shown = f"{_called(command)}{f' {names}' if names else ''}"
    return (_ELSEWHERE if elsewhere else _COMMAND).format(command=shown, about=_about(command))


def _root(command: AnyCommand) -> AnyCommand:
    return getattr(command, "root_parent", None) or command


def _all_commands(tree: Commands, guild: discord.Guild | None) -> Iterator[AnyCommand]:
    for scope in (None, guild) if guild else (None,):
        yield from (
            command
            for command in tree.walk_commands(guild=scope)
            if isinstance(command, app_commands.Command)
        )
        for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
            yield from tree.walk_commands(guild=scope, type=kind)


def _shown_as(command: AnyCommand) -> str:
    """Return the name of a command as Discord shows it in the current language."""
    menu = isinstance(command, app_commands.ContextMenu)
    return str(Text(command.name, MENU)) if menu else called(command.qualified_name)


def _sorted_as(command: AnyCommand) -> str:
    """Return the sort key of a command: its name without dots and accents."""
    return unicodedata.normalize("NFKD", _shown_as(command).casefold())


def _called(command: AnyCommand) -> str:
    menu = isinstance(command, app_commands.ContextMenu)
    return f"**{_shown_as(command)}**" if menu else f"**/{_shown_as(command)}**"


def _about(command: AnyCommand) -> str:
    if isinstance(command, app_commands.ContextMenu):
        return str(Text(command.extras["about"], ABOUT)) if "about" in command.extras else str(_MENU_ABOUT)
    return str(Text(command.description, ABOUT))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(StatusCog(bot))
