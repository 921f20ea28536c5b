"""Unprompted messages: /admin initiative, and the job that sends them at random (F112, F115, C79)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import discord
from discord import app_commands

from bot.conversation.types import Mouth
from bot.core.i18n import _, n_, number
from bot.discord.commands import Interaction
from bot.features.proactive.initiative import SECONDS
from bot.features.proactive.venues import InitiativeStanding
from cogs._discord.admin import AdminCog, actor_of, command, operators_only
from cogs._discord.hearing import is_ticket
from cogs._discord.options import ChannelChoice, Talkative, may_write, place_in
from cogs._discord.speaking import is_log_channel, mouth_in, unasked_mouth

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

ON = _("In {place} I may speak first: {bounds}.")
OFF = _("In {place} I never speak first. Whoever calls me is answered as ever.")
CHANCE = _(
    "in each half hour with a chance of {percent} %, less in the channel's four liveliest hours and more in "
    "its four quietest, {cap}"
)
CAP = n_("once a day at most", "{count} times a day at most")
HOURS = _("not in the hours {hours} ({zone})")
SILENCE = _(
    "after half an hour to two hours of silence, and an hour after the last time; both longer in lively "
    "hours and shorter in quiet ones"
)
AFTER = _("only after something that a person said within a day, never after my own words")
CONSENT = _("I only take up what was said by people who agreed to be remembered, and I ping nobody.")
NOT_TODAY = _("I have not spoken first today.")
TODAY = n_("I have spoken first once today.", "I have spoken first {count} times today.")
SWITCHED_OFF = _("But I am switched off there, so I keep quiet until /settings activate.")
NEVER = _("But the operator's settings keep me from it: {key} is 0.")
NO_CHANCE = _(
    "But the chance of what is unasked is 0 here, so I keep quiet until /settings chance raises it."
)
MUTE = _("But I am not allowed to write there, so I keep quiet.")
NO_CHANNEL = _("Name a channel of a server: in private I speak first only where sel_checkins is on.")
NOT_SEEN = _("I can't see that channel, so I can't speak there. Let me in, or name another one.")
NO_TALK = _("Nobody talks in a forum itself: name one of its threads.")
TICKET = _("That is a ticket, and no character takes part in those. Name another channel.")
LOG_CHANNEL = _("That is the log channel, and I take no part in its talk. Name another one.")


class InitiativeCog(AdminCog):
    """Initiative is off in every channel until an operator switches it on; the audit log holds each use."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._venues = bot.app.venues
        about = "Whether I speak first in a channel, and when"
        self.members = (command("initiative", about, self.initiative),)
        bot.app.schedule.every(SECONDS, self._tick, name="speak first")

    @app_commands.describe(
        state="On or off; with nothing it stays as it is", channel="Another channel or thread than this one"
    )
    @operators_only
    async def initiative(
        self,
        interaction: Interaction,
        state: Literal["on", "off"] | None = None,
        channel: ChannelChoice | None = None,
    ) -> str:
        found = self._found(interaction, channel)
        if isinstance(found, str):
            return found
        where = place_in(found)
        if state is None:
            standing = await self._venues.standing(where)
        else:
            standing = await self._venues.let(actor_of(interaction), where, allowed=state == "on")
        return "\n".join(map(str, self._state_lines(found, standing)))

    def _found(self, interaction: Interaction, channel: ChannelChoice | None) -> Talkative | str:
        """Return the chosen or current channel, or the reason why the bot can't speak there."""
        if interaction.guild is None:
            return NO_CHANNEL
        if channel is not None and channel.type is discord.ChannelType.forum:
            return NO_TALK
        channel_id = channel.id if channel else interaction.channel_id or 0
        found = interaction.guild.get_channel_or_thread(channel_id)
        if not isinstance(found, Talkative):
            return NOT_SEEN
        if is_ticket(found, found.guild.me.id):
            return TICKET
        return LOG_CHANNEL if is_log_channel(self.bot, found) else found

    def _state_lines(self, channel: Talkative, standing: InitiativeStanding) -> Iterator[str]:
        """Yield the state of initiative in a channel, and everything that prevents it."""
        if not standing.allowed:
            yield OFF.format(place=channel.mention)
            return
        manner = self.bot.app.manner
        bounds = manner.initiative
        considered = manner.attention.chance if standing.chance is None else standing.chance
        percent = number(bounds.chance * (considered or 1) * 100, "g")
        parts = [CHANCE.format(percent=percent, cap=CAP.format(count=bounds.cap))]
        if str(bounds.quiet) != "none":
            parts.append(HOURS.format(hours=bounds.quiet, zone=manner.zone))
        yield ON.format(place=channel.mention, bounds="; ".join([*parts, str(SILENCE), str(AFTER)]))
        yield CONSENT
        yield TODAY.format(count=standing.today) if standing.today else NOT_TODAY
        if not standing.active:
            yield SWITCHED_OFF
        if not bounds.chance or not bounds.cap:
            yield NEVER.format(key="initiative_daily_cap" if bounds.chance else "initiative_chance")
        if not considered:
            yield NO_CHANCE if standing.chance is not None else NEVER.format(key="global_response_chance")
        if not may_write(channel):
            yield MUTE

    # The job.

    async def _tick(self) -> None:
        if self.bot.is_ready():
            await self.bot.app.initiative.tick(self._mouth)
            await self.bot.app.check_ins.tick(self._private_mouth)

    def _mouth(self, channel_id: int) -> Mouth | None:
        return unasked_mouth(self.bot, channel_id)

    def _private_mouth(self, channel_id: int) -> Mouth | None:
        return mouth_in(self.bot, channel_id, pings=False)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(InitiativeCog(bot))
