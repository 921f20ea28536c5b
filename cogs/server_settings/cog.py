"""Settings that the admins of a server choose for it: /settings (F127, C15)."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.audit import Actor
from bot.conversation.attention.explain import holding, in_words, place_name, standing, switched
from bot.conversation.attention.server_rules import EVERYWHERE, HouseRules, RuleKind
from bot.core.i18n import _, number
from bot.discord.commands import Interaction, answer, asked_in
from bot.features.privacy.consent import RESET
from cogs._discord.options import Channel, ChannelChoice
from cogs._discord.permissions import is_operator
from cogs.server_settings.consent_reset import ANYWHERE, HERE, SERVER, ConsentResets, reset_line
from cogs.server_settings.views import SWITCHES_TOLD, offered_switches
from database.models import Audit
from database.repositories.consents import AnsweredIn

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

SHOWN = 20
"""Entries that /settings audit shows."""

WHOLE_SERVER = EVERYWHERE

ON = _("I am switched on in {place} now: I listen and answer there.")
OFF = _(
    "I am switched off in {place} now: I neither listen nor answer there, and keep nothing of what is said."
)
KEPT = _("What was set for single channels stays: {rules}.")
CHANCE = _(
    "The chance that I consider joining in unasked is {percent} % in {place} now. Whoever mentions me, calls "
    "me by name or replies to me is answered all the same."
)
CHANCE_LIFTED = _("There is no separate chance for {place} any more: what is set for a wider place holds.")
NO_SUCH_CHANCE = _("A chance is between 0 and 100 percent: write a number from 0 to 100.")
NO_CHANCE = _("No chance was set for {place}, so nothing changed.")
NO_VOTES = _("I never join in unasked for now: the bot's operator set yes_no_vote_count to 0.")
DENIED = _("I ignore {target} in this server from now on: what they say is neither kept nor answered.")
DENIED_EVERYWHERE = _("I ignore {target} everywhere from now on: what they say is neither kept nor answered.")
ALLOWED = _("{target} is not ignored any more.")
NOT_DENIED = _("{target} was not on the list, so nothing changed.")
STILL_HERE = _("But this server still ignores them: take that back without the option everywhere.")
STILL_EVERYWHERE = _("But the bot's operators ignore them everywhere, which only they can take back.")

NOTHING_CHANGED = _("Nothing was changed here yet.")
SET = _("{at} <@{actor}> set: {rule}")
TAKEN_BACK = _("{at} <@{actor}> taken back: {rule}")
SET_EVERYWHERE = _("{at} <@{actor}> set: {rule} (everywhere)")
TAKEN_BACK_EVERYWHERE = _("{at} <@{actor}> taken back: {rule} (everywhere)")

TWO_PLACES = _("Name a channel or the whole server, not both: leave one of the options out.")
TWO_TARGETS = _("Name a user or a role, not both: use the command once for each.")
NO_TARGET = _("Nobody is named: fill in the option user or the option role.")
MYSELF = _("I don't answer myself anyway. To switch me off, use /settings deactivate.")
EVERYBODY = _(
    "Everybody has that role. To switch me off for all, use /settings deactivate with whole_server."
)
ROLE_EVERYWHERE = _("A role belongs to one server: leave everywhere out, or name a user.")
OPERATORS_ONLY = _("Only the bot's operators may use everywhere: leave it out, and it holds in this server.")

Target = discord.User | discord.Role


class ServerSettingsCog(commands.Cog):
    """The settings of one server; a change takes effect with the next message and is in the audit log."""

    settings = app_commands.Group(
        name="settings",
        description="Where I am switched on in this server, how often I join in, whom I ignore",
        guild_only=True,
        allowed_contexts=app_commands.AppCommandContext(guild=True),
        default_permissions=discord.Permissions(manage_guild=True),
    )

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._administration = bot.app.administration
        self._resets = ConsentResets(bot)

    async def cog_load(self) -> None:
        self._resets.panels.load()

    async def cog_unload(self) -> None:
        self._resets.panels.unload()

    @settings.command(description="What holds in this channel and in this server, and why")
    async def show(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        where = asked_in(interaction)
        house = await self._administration.house(where.guild_id)
        attention = self.bot.app.manner.attention
        lines = [*holding(house, where, chance=attention.chance), *switched(house, where)]
        lines += standing(house, _guild_id(interaction))
        if not attention.voters.count:
            lines.append(str(NO_VOTES))
        await answer(interaction, "\n".join(lines))

    @settings.command(description="Switch me on here; with the whole server off, that makes an allow list")
    @app_commands.describe(
        channel="Another channel or thread than this one",
        whole_server="Everywhere in the server; channels that are set one by one keep that",
    )
    async def activate(
        self, interaction: Interaction, channel: ChannelChoice | None = None, whole_server: bool = False
    ) -> None:
        await self._switch(interaction, channel, whole_server, on=True)

    @settings.command(description="Switch me off here: I neither listen nor answer")
    @app_commands.describe(
        channel="Another channel or thread than this one",
        whole_server="Everywhere but in channels that are switched on one by one: an allow list",
    )
    async def deactivate(
        self, interaction: Interaction, channel: ChannelChoice | None = None, whole_server: bool = False
    ) -> None:
        await self._switch(interaction, channel, whole_server, on=False)

    @settings.command(description="How often I consider joining in unasked; whoever calls me is answered")
    @app_commands.describe(
        percent="From 0, never, to 100, each time that it seems worth it",
        channel="Another channel or thread than this one",
        whole_server="Everywhere in the server; channels that are set one by one keep that",
    )
    async def chance(
        self,
        interaction: Interaction,
        percent: app_commands.Range[float, 0, 100],
        channel: ChannelChoice | None = None,
        whole_server: bool = False,
    ) -> None:
        place_id = await _aim(interaction, channel, whole_server)
        if place_id is None:
            return
        if not 0 <= percent <= 100:
            await answer(interaction, NO_SUCH_CHANCE)
            return
        guild_id = _guild_id(interaction)
        await self._administration.set_rule(
            _actor(interaction), RuleKind.CHANCE, guild_id=guild_id, target_id=place_id, value=percent / 100
        )
        text = CHANCE.format(percent=number(percent, "g"), place=place_name(place_id))
        votes = self.bot.app.manner.attention.voters.count
        await answer(interaction, text if votes else f"{text} {NO_VOTES}")

    @settings.command(description="Take back a chance that was set here")
    @app_commands.describe(
        channel="Another channel or thread than this one", whole_server="The chance of the whole server"
    )
    async def chance_reset(
        self, interaction: Interaction, channel: ChannelChoice | None = None, whole_server: bool = False
    ) -> None:
        place_id = await _aim(interaction, channel, whole_server)
        if place_id is None:
            return
        lifted = await self._administration.lift_rule(
            _actor(interaction), RuleKind.CHANCE, guild_id=_guild_id(interaction), target_id=place_id
        )
        await answer(interaction, (CHANCE_LIFTED if lifted else NO_CHANCE).format(place=place_name(place_id)))

    @settings.command(description="Switch something on or off for this whole server")
    @app_commands.describe(what="What is switched", state="On or off")
    @app_commands.choices(what=offered_switches())
    async def switch(
        self, interaction: Interaction, what: app_commands.Choice[str], state: Literal["on", "off"]
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        kind, on = RuleKind(what.value), state == "on"
        await self._administration.set_rule(
            _actor(interaction), kind, guild_id=_guild_id(interaction), value=float(on)
        )
        await answer(interaction, SWITCHES_TOLD[kind, on])

    @settings.command(description="Ignore a member, or everybody with a role: I don't even listen to them")
    @app_commands.describe(
        user="Whom I ignore",
        role="Everybody with this role is ignored",
        everywhere="In every server and in private; for the bot's operators",
    )
    async def deny(
        self,
        interaction: Interaction,
        user: discord.User | None = None,
        role: discord.Role | None = None,
        everywhere: bool = False,
    ) -> None:
        target = await self._aim_at(interaction, user, role, everywhere)
        if target is None:
            return
        guild_id = EVERYWHERE if everywhere else _guild_id(interaction)
        await self._administration.set_rule(
            _actor(interaction), _kind(target), guild_id=guild_id, target_id=target.id
        )
        denied = DENIED_EVERYWHERE if everywhere else DENIED
        await answer(interaction, denied.format(target=target.mention))

    @settings.command(description="Listen again to a member or role that I was told to ignore")
    @app_commands.describe(
        user="To whom I listen again",
        role="The role to which I listen again",
        everywhere="Take back what was set for every server; for the bot's operators",
    )
    async def allow(
        self,
        interaction: Interaction,
        user: discord.User | None = None,
        role: discord.Role | None = None,
        everywhere: bool = False,
    ) -> None:
        target = await self._aim_at(interaction, user, role, everywhere)
        if target is None:
            return
        guild_id = EVERYWHERE if everywhere else _guild_id(interaction)
        lifted = await self._administration.lift_rule(
            _actor(interaction), _kind(target), guild_id=guild_id, target_id=target.id
        )
        left = await self._administration.house(interaction.guild_id)
        text = (ALLOWED if lifted else NOT_DENIED).format(target=target.mention)
        await answer(interaction, f"{text} {_still_denied(left, target)}")

    @settings.command(description="Ask people anew whether I may remember them; you are asked first")
    @app_commands.describe(
        channel="Who answered in another channel or thread than this one",
        whole_server="Who answered anywhere in this server",
        everywhere="Who answered anywhere at all; for the bot's operators",
    )
    async def consent_reset(
        self,
        interaction: Interaction,
        channel: ChannelChoice | None = None,
        whole_server: bool = False,
        everywhere: bool = False,
    ) -> None:
        place_id = await _aim(interaction, channel, whole_server or everywhere)
        if place_id is None:
            return
        reach: tuple[str | int, ...] = (SERVER,) if place_id == WHOLE_SERVER else (HERE, place_id)
        if everywhere and not is_operator(self.bot, interaction.user):
            await answer(interaction, OPERATORS_ONLY)
        else:
            await self._resets.ask(interaction, (ANYWHERE,) if everywhere else reach)

    @settings.command(description="Who changed what here, the last 20 times")
    async def audit(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        scopes = {_guild_id(interaction)}
        if is_operator(self.bot, interaction.user):
            scopes.add(EVERYWHERE)
        lines = _uses(await self.bot.app.audit.latest(scopes, limit=SHOWN))
        await answer(interaction, "\n".join(lines) or NOTHING_CHANGED)

    async def _switch(
        self, interaction: Interaction, channel: Channel | None, whole_server: bool, *, on: bool
    ) -> None:
        place_id = await _aim(interaction, channel, whole_server)
        if place_id is None:
            return
        guild_id = _guild_id(interaction)
        await self._administration.set_rule(
            _actor(interaction), RuleKind.ACTIVE, guild_id=guild_id, target_id=place_id, value=float(on)
        )
        text = (ON if on else OFF).format(place=place_name(place_id))
        if place_id == WHOLE_SERVER:
            house = await self._administration.house(guild_id)
            text = " ".join([text, *_kept(house, guild_id)])
        await answer(interaction, text)

    async def _aim_at(
        self, interaction: Interaction, user: discord.User | None, role: discord.Role | None, everywhere: bool
    ) -> Target | None:
        """Return the target of a command's options; if they are wrong, tell the asker and return None."""
        await interaction.response.defer(ephemeral=True)
        faults = (
            (everywhere and not is_operator(self.bot, interaction.user), OPERATORS_ONLY),
            (user is not None and role is not None, TWO_TARGETS),
            (user is None and role is None, NO_TARGET),
            (role is not None and everywhere, ROLE_EVERYWHERE),
            (role is not None and role.is_default(), EVERYBODY),
            (user is not None and user == self.bot.user, MYSELF),
        )
        if fault := next((sentence for wrong, sentence in faults if wrong), None):
            await answer(interaction, fault)
            return None
        return user or role


async def _aim(interaction: Interaction, channel: Channel | None, whole_server: bool) -> int | None:
    """Return the place of a command's options; if they are wrong, tell the asker and return None."""
    await interaction.response.defer(ephemeral=True)
    if channel is not None and whole_server:
        await answer(interaction, TWO_PLACES)
        return None
    if whole_server:
        return WHOLE_SERVER
    return channel.id if channel else asked_in(interaction).channel_id


def _guild_id(interaction: Interaction) -> int:
    assert interaction.guild_id is not None, "the command tree lets nobody in from elsewhere"
    return interaction.guild_id


def _actor(interaction: Interaction) -> Actor:
    return Actor(interaction.user.id, asked_in(interaction).channel_id)


def _kind(target: Target) -> RuleKind:
    return RuleKind.DENIED_ROLE if isinstance(target, discord.Role) else RuleKind.DENIED_USER


def _still_denied(house: HouseRules, target: Target) -> str:
    """Return the note that another rule still denies the target, here or everywhere; "" if none does.

    A single server can't remove a rule that applies everywhere.
    """
    scopes = [
        guild for guild, kind, denied, _value in house.rules if (kind, denied) == (_kind(target), target.id)
    ]
    if not scopes:
        return ""
    return STILL_EVERYWHERE if EVERYWHERE in scopes else STILL_HERE


def _kept(house: HouseRules, guild_id: int) -> Iterator[str]:
    """Yield the note about rules of single channels, which a switch of the whole server leaves unchanged."""
    single = [
        in_words(RuleKind.ACTIVE, target, value)
        for guild, kind, target, value in house.rules
        if guild == guild_id and kind == RuleKind.ACTIVE and target != WHOLE_SERVER
    ]
    if single:
        yield KEPT.format(rules=", ".join(single))


_TOLD = {
    (True, False): SET,
    (True, True): SET_EVERYWHERE,
    (False, False): TAKEN_BACK,
    (False, True): TAKEN_BACK_EVERYWHERE,
}


def _uses(done: Iterable[Audit]) -> Iterator[str]:
    """Yield a line for each audit entry about settings, newest first."""
    for entry in done:
        verb, _space, kind = entry.action.partition(" ")
        target, _colon, value = entry.detail.partition(": ")
        if entry.action == RESET:
            place = AnsweredIn(entry.guild_id or None, int(target) or None)
            yield reset_line(discord.utils.format_dt(entry.at), entry.actor_id, place, value)
        if kind not in set(RuleKind):
            continue
        rule = in_words(RuleKind(kind), int(target), float(value) if value else None)
        words = _TOLD[verb == "set", entry.guild_id == EVERYWHERE]
        yield words.format(at=discord.utils.format_dt(entry.at), actor=entry.actor_id, rule=rule)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ServerSettingsCog(bot))
