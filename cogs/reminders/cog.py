"""Reminders, birthdays, dates to remember, and people's time zones (C82)."""

import asyncio
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import Unsaid
from bot.core.i18n import _
from bot.core.spelling import moment_in_words, yearly_in_words
from bot.discord.commands import Interaction, answer, asked_in, is_age_restricted, is_public
from bot.features.reminders.due_birthdays_and_reminders import SECONDS, Venue
from bot.features.reminders.reminder_rules import LONGEST, ReminderRefused
from cogs._discord.interactions import Panels
from cogs._discord.options import telling
from cogs._discord.panels import Action, Press
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.speaking import mouth_in
from cogs._discord.text import in_a_line
from cogs.reminders.views import label, list_panel, place_of
from database.models import Reminder
from memory.dates import MONTHS, YearDay, zones_like
from memory.places import Place, Where
from memory.when import LONGEST as LONGEST_WHEN

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

OFFERED = 25
"""Most choices that Discord accepts for one option."""
ASKING_SECONDS = 10.0
"""Deadline in seconds for fetching a reminder's channel and member."""

REMINDING = _("I'll remind you {place} on {stamp} ({relative}). /remind delete {number} undoes that.")
KEPT_DATE = _("I'll bring that up {place} every year, at 09:00 on {day}; the next time is {stamp}.")
KEPT_BIRTHDAY = _("I'll congratulate you {place} every year, at 09:00 on {day}; the next time is {stamp}.")
READ_ALONG = _(" Others can read it there.")
HERE, IN = _("here", "in this private chat"), _("in {channel}")
BY_CLOCK = _("\n-# By the clock of {zone}. /timezone set changes that.")
ZONE_UNKNOWN = _("\n-# You have not told me your time zone, so I took UTC. /timezone set changes that.")
NOT_HERE = _("I am switched off here, or asked not to listen to you, so I keep nothing of that.")
CANNOT_WRITE = _("I am not allowed to write here, so I could not remind you: ask in another channel.")
DELETED = _("I let go of it.")
NO_BIRTHDAY = _("I don't know your birthday. /birthday set tells me.")
BIRTHDAY = _("Your birthday, as I know it: {day}. I'll next congratulate you {place} on {stamp}.")
BIRTHDAY_FORGOTTEN = _("I don't know your birthday any more.")
ZONE = _("Your time zone is {zone}: it is {now} there.")
NO_ZONE = _("You have not told me your time zone, so I take UTC: it is {now}. /timezone set changes that.")
ZONE_SET = _(
    "Your time zone is {zone} now: it is {now} there. Birthdays and yearly dates move with it; reminders "
    "stay at the moment for which you asked."
)

_MONTHS = [app_commands.Choice(name=name, value=number) for number, name in enumerate(MONTHS, 1)]
_SPELT_ELSEWHERE = {"no": "nb"}
"""Discord's language codes that differ from those of the date parser."""
Day = app_commands.Range[int, 1, 31]
Text = app_commands.Range[str, 1, LONGEST]


class RemindersCog(commands.Cog):
    """Everything here is about the asker, and only the asker sees it; reminders come where they were set."""

    remind = app_commands.Group(name="remind", description="What I will say to you later")
    birthday = app_commands.Group(name="birthday", description="Your birthday, and whether I know it")
    timezone = app_commands.Group(name="timezone", description="Which time zone you live in")

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._reminders = bot.app.reminders
        self.panels = Panels(
            bot,
            "remind",
            {
                "page": Action(self._turn_page, "remind list"),
                "delete": Action(self._deleted, "remind list"),
            },
        )
        bot.app.schedule.every(SECONDS, self._fire, name="say what is due")

    async def cog_load(self) -> None:
        self.panels.load()

    async def cog_unload(self) -> None:
        self.panels.unload()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Deliver reminders that came due while the bot was offline; READY may come any number of times."""
        await self._fire()

    # Reminders.

    @remind.command(description="Let me remind you of something, here")
    @app_commands.describe(
        when="in 2 hours · tomorrow 9:00 · friday at 18:00 · 3 May 18:30",
        what=f"Of what, in at most {LONGEST} characters",
    )
    async def me(
        self, interaction: Interaction, when: app_commands.Range[str, 1, LONGEST_WHEN], what: Text
    ) -> None:
        async with telling(interaction):
            where = await self._place(interaction)
            kept = await self._reminders.remind(
                self._slug, interaction.user.id, when, what, where, languages=_languages(interaction)
            )
            said = REMINDING.format(**_about(kept), number=kept.id)
            await self._confirm(interaction, said, kept)

    @remind.command(name="date", description="Let me bring up a date every year, here: an anniversary, say")
    @app_commands.describe(day="The day of the month", month="The month", what="What the date is")
    @app_commands.choices(month=_MONTHS)
    async def date(self, interaction: Interaction, day: Day, month: int, what: Text) -> None:
        async with telling(interaction):
            where = await self._place(interaction)
            on = YearDay.of(month, day)
            kept = await self._reminders.remember_date(self._slug, interaction.user.id, on, what, where)
            said = KEPT_DATE.format(**_about(kept), day=yearly_in_words(on))
            await self._confirm(interaction, said, kept)

    @remind.command(name="list", description="All that I will say to you later")
    @app_commands.describe(page="Which page, where there are several")
    async def list_all(self, interaction: Interaction, page: app_commands.Range[int, 1] = 1) -> None:
        await interaction.response.defer(ephemeral=True)
        await self._show_page(interaction, page)

    async def offer_numbers(self, interaction: Interaction, current: str) -> list[app_commands.Choice[int]]:
        """Return the asker's reminders that match the typed number or text, as choices."""
        typed = current.strip().casefold().removeprefix("#")
        known = await self._reminders.of(self._slug, interaction.user.id)
        fitting = [
            reminder
            for reminder in known
            if str(reminder.id).startswith(typed) or typed in label(reminder).casefold()
        ]
        return [
            app_commands.Choice(name=in_a_line(label(reminder), 100), value=reminder.id)
            for reminder in fitting[:OFFERED]
        ]

    @remind.command(description="Drop one of the things that I would say to you later")
    @app_commands.describe(number="Its number in /remind list")
    @app_commands.autocomplete(number=offer_numbers)
    async def delete(self, interaction: Interaction, number: app_commands.Range[int, 1]) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            await self._reminders.delete(interaction.user.id, number)
            await answer(interaction, DELETED)

    async def _turn_page(self, press: Press) -> None:
        await self._show_page(press.interaction, int(press.arguments[0]))

    async def _deleted(self, press: Press) -> None:
        async with telling(press.interaction):
            await self._reminders.delete(press.interaction.user.id, int(press.values[0]))
        await self._show_page(press.interaction, int(press.arguments[0]))

    async def _show_page(self, interaction: Interaction, page: int) -> None:
        known = await self._reminders.of(self._slug, interaction.user.id)
        await self.panels.show(interaction, list_panel(known, page, interaction.guild_id))

    # Birthdays.

    @birthday.command(name="set", description="Tell me your birthday, and I'll congratulate you here")
    @app_commands.describe(day="The day of the month", month="The month")
    @app_commands.choices(month=_MONTHS)
    async def set_birthday(self, interaction: Interaction, day: Day, month: int) -> None:
        async with telling(interaction):
            where = await self._place(interaction)
            on = YearDay.of(month, day)
            kept = await self._reminders.set_birthday(self._slug, interaction.user.id, on, where)
            said = KEPT_BIRTHDAY.format(**_about(kept), day=yearly_in_words(on))
            await self._confirm(interaction, said, kept)

    @birthday.command(name="show", description="What I know of your birthday")
    async def show_birthday(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        known = await self._reminders.birthday(self._slug, interaction.user.id)
        if known is None:
            await answer(interaction, NO_BIRTHDAY)
            return
        day = YearDay(known.month or 1, known.day or 1)
        place = place_of(known, interaction.guild_id)
        said = BIRTHDAY.format(**_about(known) | {"place": place}, day=yearly_in_words(day))
        await answer(interaction, said + await self._clock_of(interaction.user.id))

    @birthday.command(name="forget", description="Let me forget your birthday")
    async def forget_birthday(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        known = await self._reminders.birthday(self._slug, interaction.user.id)
        if known is not None:
            await self._reminders.delete(interaction.user.id, known.id)
        await answer(interaction, BIRTHDAY_FORGOTTEN if known else NO_BIRTHDAY)

    # Time zones.

    async def offer_zones(self, _interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Return time zones as choices, starting with those whose city begins with the typed text."""
        return [app_commands.Choice(name=name, value=name) for name in zones_like(current, limit=OFFERED)]

    @timezone.command(
        name="set", description="Tell me your time zone: birthdays and yearly dates move with it"
    )
    @app_commands.describe(zone="A big city near you, like Europe/Oslo")
    @app_commands.autocomplete(zone=offer_zones)
    async def set_zone(self, interaction: Interaction, zone: app_commands.Range[str, 1, 64]) -> None:
        await interaction.response.defer(ephemeral=True)
        async with telling(interaction):
            local = await self._reminders.set_zone(interaction.user.id, zone)
            now = moment_in_words(self.bot.app.clock.now(), local.zone)
            await answer(interaction, ZONE_SET.format(zone=local.zone.key, now=now))

    @timezone.command(name="show", description="Which time zone I have for you")
    async def show_zone(self, interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        local = await self._reminders.local_time(interaction.user.id)
        now = moment_in_words(self.bot.app.clock.now(), local.zone)
        await answer(interaction, (ZONE if local.known else NO_ZONE).format(zone=local.zone.key, now=now))

    async def _confirm(self, interaction: Interaction, said: str, kept: Reminder) -> None:
        said += READ_ALONG if kept.guild_id is not None else ""
        await answer(interaction, said + await self._clock_of(interaction.user.id))

    async def _clock_of(self, person_id: int) -> str:
        local = await self._reminders.local_time(person_id)
        return BY_CLOCK.format(zone=local.zone.key) if local.known else ZONE_UNKNOWN

    # Storage and delivery.

    async def _place(self, interaction: Interaction) -> Where:
        """Return the place of the command; raise ReminderRefused if no reminder can be delivered there."""
        await interaction.response.defer(ephemeral=True)
        where = asked_in(interaction)
        if not await self._listens(interaction, where):
            raise ReminderRefused(NOT_HERE)
        if where.guild_id is not None and not _may_write(interaction):
            raise ReminderRefused(CANNOT_WRITE)
        if refusal := await self.bot.app.age_gate.refusal(self.bot.app.company.primary, where):
            raise ReminderRefused(refusal)
        return where

    async def _listens(self, interaction: Interaction, where: Where) -> bool:
        """Return whether the character may listen to the asker here."""
        house = await self.bot.app.administration.house(where.guild_id)
        user = interaction.user
        roles = {role.id for role in user.roles} if isinstance(user, discord.Member) else set()
        return house.active(where) and not house.ignores(user.id) and not house.denied_roles & roles

    @property
    def _slug(self) -> str:
        return self.bot.app.company.primary.slug

    async def _fire(self) -> None:
        if self.bot.is_ready():
            await self.bot.app.reminder_delivery.fire(self._venue)

    async def _venue(self, due: Reminder) -> Venue | None:
        """Return the place of delivery or None; a text from a DM never leaves that DM."""
        if due.guild_id is None:
            return Venue(Where(due.channel_id, Place.DM), mouth_in(self.bot, due.channel_id))
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                return await self._in_server(due)
        except (discord.NotFound, discord.Forbidden):
            return None
        except DISCORD_FAULTS as error:
            raise Unsaid(f"Discord does not tell who is there ({type(error).__name__})") from error

    async def _in_server(self, due: Reminder) -> Venue | None:
        channel: Any = self.bot.get_channel(due.channel_id) or await self.bot.fetch_channel(due.channel_id)
        if channel.guild.id != due.guild_id:
            return None
        if channel.guild.unavailable:
            raise Unsaid("the server is not available")
        member = await channel.guild.fetch_member(due.person_id)
        if not channel.permissions_for(member).view_channel:
            return None
        parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
        where = Where(
            channel.id,
            Place.GUILD,
            guild_id=channel.guild.id,
            parent_id=parent_id,
            age_restricted=is_age_restricted(channel),
            public=is_public(channel),
        )
        roles = tuple(role.id for role in member.roles)
        return Venue(where, mouth_in(self.bot, channel), roles)


def _about(kept: Reminder) -> dict[str, str]:
    """Return the time and place of a reminder, as placeholders for the sentence to the asker."""
    place = IN.format(channel=f"<#{kept.channel_id}>") if kept.guild_id is not None else HERE
    return {
        "stamp": discord.utils.format_dt(kept.due_at, "F"),
        "relative": discord.utils.format_dt(kept.due_at, "R"),
        "place": str(place),
    }


def _may_write(interaction: Interaction) -> bool:
    held = interaction.app_permissions
    thread = isinstance(interaction.channel, discord.Thread)
    return held.administrator or (held.send_messages_in_threads if thread else held.send_messages)


def _languages(interaction: Interaction) -> tuple[str, ...]:
    """Return the languages in which the asker may write a time: English and their Discord language."""
    own = interaction.locale.value.partition("-")[0]
    return tuple(dict.fromkeys(("en", _SPELT_ELSEWHERE.get(own, own))))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(RemindersCog(bot))
