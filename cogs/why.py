"""Explanations of the character's decisions and of the sources of its replies: /why (C18, C67)."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversation.attention.explain import explain
from bot.conversation.text.split import LIMIT, width
from bot.core.i18n import _
from bot.discord.commands import Interaction, answer, asked_in
from bot.features.memory.provenance import Origins, decision_about
from bot.features.memory.reply_origin import NO_DECISION, UNKNOWN_DECISION, OriginWords, told
from cogs._discord.facts import DELETED, GONE_ALREADY, KEPT, deletion_panel, link_of
from cogs._discord.interactions import Panels
from cogs._discord.panels import Action, Menu, MenuChoice, Panel, Press
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import inline, shortened
from database.models import Claim, Fact, Turn

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

_LINK = re.compile(
    r"<?https?://(?:\w+\.)?discord(?:app)?\.com/channels/(?P<guild>@me|\d{1,20})/(?P<channel>\d{1,20})"
    r"/(?P<message>\d{1,20})/?>?"
)
_ID = re.compile(r"\d{1,20}")
_LARGEST_ID = 2**63 - 1
SECONDS, OFFERED = 120, 25
"""Seconds for which a panel works, and most lines of a menu."""

NOT_A_MESSAGE = _(
    "That is not a message. Give its link (in its menu: Copy Message Link) or its id; with "
    "nothing, I explain the last decision in this channel."
)
ELSEWHERE = _("That message is in another server, or in direct messages. Ask me there.")


@dataclass(frozen=True, slots=True)
class Pointed:
    """A reference to a message: a link names its server (None for direct messages) and channel."""

    message_id: int
    channel_id: int | None = None
    guild_id: int | None = None


class WhyCog(commands.Cog):
    """Explains decisions to people who may see the channel; only the asker sees the answers."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._app = bot.app
        self._memories = bot.app.memories
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
        """Explain the decision about a message, from the message's context menu."""
        await interaction.response.defer(ephemeral=True)
        await self._explain(interaction, Pointed(message.id, interaction.channel_id))

    async def _explain_newest(self, interaction: Interaction) -> None:
        channel_id = asked_in(interaction).channel_id
        async with self._app.database.read() as db:
            newest = await db.turns.newest_claim(channel_id)
        if newest is None:
            await answer(interaction, NO_DECISION.format(days=self._app.settings.decisions_kept_days))
        else:
            await self._explain(interaction, Pointed(newest, channel_id))

    async def _explain(self, interaction: Interaction, pointed: Pointed) -> None:
        """Explain a decision; an invisible message and a missing one get the same answer."""
        found = await self._decision(interaction, pointed)
        if found is None:
            await answer(interaction, UNKNOWN_DECISION.format(days=self._app.settings.decisions_kept_days))
            return
        claim, turn = found
        place = f"{interaction.guild_id or '@me'}/{claim.channel_id}/{claim.message_id}"
        decision = f"https://discord.com/channels/{place}\n{explain(claim, turn)}"
        if turn is None or turn.fallback:
            await answer(interaction, decision)
            return
        origins = await self._app.provenance.of(claim, turn, interaction.user.id)
        await self.panels.show(interaction, why_panel(decision, origins, free=self._app.server.free))

    async def _decision(self, interaction: Interaction, pointed: Pointed) -> tuple[Claim, Turn | None] | None:
        """Return a decision and its reply; None if it doesn't exist or the asker may not know of it."""
        async with self._app.database.read() as db:
            found = await decision_about(db, pointed.message_id)
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

    # Deletion of facts, as with /memory delete.

    async def _ask(self, press: Press) -> None:
        found = await self._found(press.interaction.user.id, int(press.values[0]))
        asked = deletion_panel(found, press.interaction.guild_id) if found else Panel(GONE_ALREADY)
        await self.panels.show(press.interaction, asked)

    async def _deleted(self, press: Press) -> None:
        user_id, fact_id = press.interaction.user.id, int(press.arguments[0])
        found = await self._found(user_id, fact_id)
        deleted = found is not None and await self._memories.forget_one(found.character, user_id, fact_id)
        await self.panels.close(press.interaction, DELETED if deleted else GONE_ALREADY)

    async def _found(self, user_id: int, fact_id: int) -> Fact | None:
        """Return a fact about the asker, whichever character knows it."""
        for slug in self._app.company.by_slug:
            for fact in await self._memories.of(slug, user_id):
                if fact.id == fact_id:
                    return fact
        return None

    async def _kept(self, press: Press) -> None:
        await self.panels.close(press.interaction, KEPT)


def why_panel(decision: str, origins: Origins, *, free: bool = False) -> Panel:
    """Return a decision and the sources of its reply, with a menu to delete the asker's facts among them."""
    form = OriginWords(inline, lambda at: discord.utils.format_dt(at, "d"), link_of, free)
    drawn_on = "\n".join(told(origins, form))
    text = f"{shortened(decision, LIMIT - width(drawn_on) - 1)}\n{drawn_on}"
    choices = tuple(MenuChoice(str(fact.id), f"{fact.number}. {fact.text}") for fact in origins.own[:OFFERED])
    menu = Menu("ask", choices, placeholder=_("Forget one of these for good"))
    return Panel(text, (menu,) if choices else (), SECONDS)


def pointed_at(text: str, guild_id: int | None) -> Pointed | None:
    """Return the message of a link or an id; a bare id belongs to this server."""
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
    """Return whether the asker can read a channel: the current one or another of the same server."""
    if channel_id == interaction.channel_id:
        return True
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return False
    try:
        channel = guild.get_channel_or_thread(channel_id) or await guild.fetch_channel(channel_id)
        held = channel.permissions_for(member)
        if isinstance(channel, discord.Thread) and channel.is_private() and not held.manage_threads:
            await channel.fetch_member(member.id)  # raises NotFound for people outside the thread
    except DISCORD_FAULTS:
        return False
    speaks = isinstance(channel, (discord.VoiceChannel, discord.StageChannel))
    return held.view_channel and held.read_message_history and (held.connect or not speaks)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(WhyCog(bot))
