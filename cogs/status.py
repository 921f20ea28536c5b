"""What anybody may ask the bot about itself: /help, /status and /why (F121, F122, C18)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.app import voice_of
from bot.command_tree import AnyCommand, Commands, Interaction, answer, asked_in, only_in_servers
from bot.conversation.explaining import explain
from bot.conversation.forgetting import Length
from bot.conversation.house_rules import HouseRules
from bot.turn import Where
from cogs._discord.speaking import DISCORD_FAULTS
from database.repositories.calls import Spending

if TYPE_CHECKING:
    from bot.client import Masquerade

_LINK = re.compile(
    r"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<guild>@me|\d{1,20})/(?P<channel>\d{1,20})"
    r"/(?P<message>\d{1,20})/?>?"
)
_ID = re.compile(r"\d{1,20}")
_LARGEST_ID = 2**63 - 1
_DAY = timedelta(hours=24)
_EVER = discord.utils.snowflake_time(0)

NOT_A_MESSAGE = (
    "That is no message. Give its link (in its menu: Copy Message Link) or its id; with nothing, I explain "
    "the last decision in this channel."
)
NOTHING = "I have decided nothing in this channel in the last {days} days."
ELSEWHERE = "That message is in another server, or in direct messages. Ask me there."
UNKNOWN = (
    "I know of no decision about that message. Either you can't see its channel, or I never heard it, or "
    "it is my own and answers nobody, or it is older than the {days} days for which I keep decisions."
)


@dataclass(frozen=True, slots=True)
class Pointed:
    """The message that somebody points at: a link names its server (None: direct messages) and channel."""

    message_id: int
    channel_id: int | None = None
    guild_id: int | None = None


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
        self._menu = app_commands.ContextMenu(
            name="Why?",
            callback=self.why_this,
            extras={"about": "why I answered a message, or did not: in its menu, under Apps"},
        )

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(description="What I can do, and how to talk to me")
    async def help(self, interaction: Interaction) -> None:
        about = "\n".join(_command_lines(interaction))
        await answer(interaction, f"{self._how_to_talk()}\n\n{about}")

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

    @app_commands.command(description="Why I answered a message, or did not")
    @app_commands.describe(message="The link to a message, or its id; the last one in this channel if empty")
    async def why(self, interaction: Interaction, message: str | None = None) -> None:
        await interaction.response.defer(ephemeral=True)
        if message is None:
            await self._explain_newest(interaction)
            return
        pointed = pointed_at(message, interaction.guild_id)
        if pointed is None:
            await answer(interaction, NOT_A_MESSAGE)
        elif pointed.guild_id != interaction.guild_id:
            await answer(interaction, ELSEWHERE)
        else:
            await self._explain(interaction, pointed)

    async def why_this(self, interaction: Interaction, message: discord.Message) -> None:
        """Explain what was decided about the message in whose menu this was chosen."""
        await interaction.response.defer(ephemeral=True)
        await self._explain(interaction, Pointed(message.id, interaction.channel_id))

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
            memories=len(await conversation.memories.of(user_id)),
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

    # Why.

    async def _explain_newest(self, interaction: Interaction) -> None:
        channel_id = asked_in(interaction).channel_id
        async with self._app.database.read() as db:
            newest = await db.turns.newest_claim(channel_id)
        if newest is None:
            await answer(interaction, NOTHING.format(days=self._app.settings.decisions_kept_days))
        else:
            await self._explain(interaction, Pointed(newest, channel_id))

    async def _explain(self, interaction: Interaction, pointed: Pointed) -> None:
        """Explain a decision. What can't be seen and what is not there get the same answer."""
        told = await self._decision(interaction, pointed)
        await answer(interaction, told or UNKNOWN.format(days=self._app.settings.decisions_kept_days))

    async def _decision(self, interaction: Interaction, pointed: Pointed) -> str | None:
        """Return a decision in words; None if there is none, or none that the asker may know of."""
        async with self._app.database.read() as db:
            found = await db.turns.decided(pointed.message_id)
            if found is None and (trigger := await db.turns.answered_with(pointed.message_id)):
                found = await db.turns.decided(trigger)
            if found is None:
                return None
            claim, turn = found
            channel = await db.channels.get(claim.channel_id)
        if pointed.channel_id not in (None, claim.channel_id):
            return None
        if channel is None or channel.guild_id != interaction.guild_id:
            return None
        if not await _may_see(interaction, claim.channel_id):
            return None
        place = f"{interaction.guild_id or '@me'}/{claim.channel_id}/{claim.message_id}"
        return f"https://discord.com/channels/{place}\n{explain(claim, turn)}"


def pointed_at(text: str, guild_id: int | None) -> Pointed | None:
    """Return the message that a link or an id points at; a bare id is one of this server."""
    text = text.strip()
    if _ID.fullmatch(text):
        pointed = Pointed(int(text), guild_id=guild_id)
    elif link := _LINK.fullmatch(text):
        server = None if link["guild"] == "@me" else int(link["guild"])
        pointed = Pointed(int(link["message"]), int(link["channel"]), server)
    else:
        return None
    return pointed if pointed.message_id <= _LARGEST_ID else None


async def _may_see(interaction: Interaction, channel_id: int) -> bool:
    """Say whether the asker can read a channel: the one they ask in, or another of the same server."""
    if channel_id == interaction.channel_id:
        return True
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return False
    try:
        channel = guild.get_channel_or_thread(channel_id) or await guild.fetch_channel(channel_id)
        held = channel.permissions_for(member)
        if isinstance(channel, discord.Thread) and channel.is_private() and not held.manage_threads:
            await channel.fetch_member(member.id)  # raises NotFound for who is not in it
    except DISCORD_FAULTS:
        return False
    speaks = isinstance(channel, (discord.VoiceChannel, discord.StageChannel))
    return held.view_channel and held.read_message_history and (held.connect or not speaks)


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


def _command_lines(interaction: Interaction) -> Iterator[str]:
    """Yield a line for each command that the asker may use, from the tree itself."""
    tree = interaction.client.tree
    assert isinstance(tree, Commands)
    for command in _all_commands(tree, interaction.guild):
        if tree.permits(interaction, command):
            place = " (in a server)" if interaction.guild_id is None and only_in_servers(command) else ""
            yield f"{_called(command)}{place}: {_about(command)}"


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
