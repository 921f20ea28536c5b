"""Why the character answered or did not, and what the reply drew on: /why (C18, C67)."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.command_tree import Interaction, answer, asked_in
from bot.conversation.explaining import explain
from bot.decision import Reason
from bot.i18n import _
from bot.memories import Memories
from cogs._discord.knowledge import DELETED, GONE_ALREADY, KEPT, deletion_panel
from cogs._discord.origins import why_panel
from cogs._discord.panels import Action, Panel, Press
from cogs._discord.presses import Panels
from cogs._discord.speaking import DISCORD_FAULTS
from database import UnitOfWork
from database.models import Claim, Fact, Turn

if TYPE_CHECKING:
    from bot.client import Masquerade

_LINK = re.compile(
    r"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<guild>@me|\d{1,20})/(?P<channel>\d{1,20})"
    r"/(?P<message>\d{1,20})/?>?"
)
_ID = re.compile(r"\d{1,20}")
_LARGEST_ID = 2**63 - 1

NOT_A_MESSAGE = _(
    "That is no message. Give its link (in its menu: Copy Message Link) or its id; with nothing, I explain "
    "the last decision in this channel."
)
NOTHING = _("I have decided nothing in this channel in the last {days} days.")
ELSEWHERE = _("That message is in another server, or in direct messages. Ask me there.")
UNKNOWN = _(
    "I know of no decision about that message. Either you can't see its channel, or I never heard it, or "
    "it is my own and answers nobody, or it is older than the {days} days for which I keep decisions."
)


@dataclass(frozen=True, slots=True)
class Pointed:
    """The message that somebody points at: a link names its server (None: direct messages) and channel."""

    message_id: int
    channel_id: int | None = None
    guild_id: int | None = None


class Why(commands.Cog):
    """Explains decisions to whoever may see the channel; every answer is for the eyes of the asker only."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._app = bot.app
        self._memories = bot.app.conversation.memories
        self.panels = Panels(
            bot,
            "why",
            {
                "ask": Action(self._ask, "why"),
                "delete": Action(self._deleted, "why"),
                "keep": Action(self._kept, "why"),
            },
        )
        self._menu = app_commands.ContextMenu(
            name="Why?",
            callback=self.why_this,
            extras={"about": "why I answered a message, or did not: in its menu, under Apps"},
        )

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._menu)
        self.panels.load()

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)
        self.panels.unload()

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
        found = await self._decision(interaction, pointed)
        if found is None:
            await answer(interaction, UNKNOWN.format(days=self._app.settings.decisions_kept_days))
            return
        claim, turn = found
        place = f"{interaction.guild_id or '@me'}/{claim.channel_id}/{claim.message_id}"
        told = f"https://discord.com/channels/{place}\n{explain(claim, turn)}"
        if turn is None or turn.fallback:
            await answer(interaction, told)
            return
        origins = await self._app.views.provenance.of(claim, turn, interaction.user.id)
        await self.panels.show(interaction, why_panel(told, origins))

    async def _decision(self, interaction: Interaction, pointed: Pointed) -> tuple[Claim, Turn | None] | None:
        """Return a decision and its reply; None if there is none, or none that the asker may know of."""
        async with self._app.database.read() as db:
            found = await _found(db, pointed.message_id)
            if found is None:
                return None
            claim = found[0]
            channel = await db.channels.get(claim.channel_id)
        if pointed.channel_id not in (None, claim.channel_id):
            return None
        if channel is None or channel.guild_id != interaction.guild_id:
            return None
        if not await _may_see(interaction, claim.channel_id):
            return None
        return found

    # Forgetting, as with /memory delete.

    async def _ask(self, press: Press) -> None:
        found = await self._found(press.interaction.user.id, int(press.values[0]))
        meant = found[1] if found else None
        asked = deletion_panel(meant, press.interaction.guild_id) if meant else Panel(GONE_ALREADY)
        await self.panels.show(press.interaction, asked)

    async def _deleted(self, press: Press) -> None:
        user_id, fact_id = press.interaction.user.id, int(press.arguments[0])
        found = await self._found(user_id, fact_id)
        there = found is not None and await found[0].forget_one(user_id, fact_id)
        await self.panels.close(press.interaction, DELETED if there else GONE_ALREADY)

    async def _found(self, user_id: int, fact_id: int) -> tuple[Memories, Fact] | None:
        """Return one of the asker's facts, and the memory of the character that knows it."""
        for player in self._app.conversation.players.values():
            for fact in await player.mind.memories.of(user_id):
                if fact.id == fact_id:
                    return player.mind.memories, fact
        return None

    async def _kept(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)


async def _found(db: UnitOfWork, message_id: int) -> tuple[Claim, Turn | None] | None:
    """Return a decision by the message that it is about, or by one that it became."""
    if found := await db.turns.decided(message_id):
        return found
    turn = await db.turns.of_message(message_id)
    if turn is None:
        return None
    if cue := await db.cues.of_turn(turn.id):  # nobody asked it: the characters decided among themselves
        reason = f"{Reason.CUE} ({cue.reason})"
        return Claim(
            message_id=cue.message_id,
            channel_id=cue.channel_id,
            claimed_at=cue.made_at,
            open=False,
            reason=reason,
            trace=cue.trace,
        ), turn
    if remark := await db.remarks.of_turn(turn.id, turn.channel_id):  # nobody said anything to it
        return Claim(
            message_id=message_id,
            channel_id=turn.channel_id,
            claimed_at=turn.pledged_at,
            open=False,
            reason=turn.reason,
            trace=remark.why,
        ), turn
    return await db.turns.decided(turn.trigger_id)


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


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Why(bot))
