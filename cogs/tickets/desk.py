"""Opening, joining and closing of tickets; their messages stay in Discord (F126, C90)."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import discord

from bot.core.i18n import _, speaking
from bot.discord.commands import Interaction, answer, for_everybody, named
from bot.features.moderation import ModerationRefused
from bot.features.tickets import StillOpen, TooSoon
from cogs._discord.hearing import is_ticket
from cogs._discord.moderation import ACT_SECONDS, GONE, I_LACK_IN, asking_discord, guild_of, lacks, shown
from cogs._discord.posting import DISCORD_FAULTS
from cogs._discord.text import NOBODY, in_a_line, inline, quoted
from cogs.tickets.buttons import buttons
from cogs.tickets.threads import LONGEST_NAME, NEEDED_AT_DESK, as_file, head_of, is_staff, transcript
from database.models import Desk, Ticket

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

WEEK: Literal[10_080] = 10_080
"""Minutes of silence after which Discord archives a ticket's thread; the ticket stays open."""

NO_DESK = _("No tickets can be opened in this server. Ask an admin to set that up with /tickets setup.")
DESK_GONE = _("The channel for tickets is gone, or I can't see it. Ask an admin to use /tickets setup anew.")
TOO_SOON = _("You opened a ticket a moment ago. You can open another one {when}.")
BEING_MADE = _("Your ticket is being made already: look for it in the list of threads in a moment.")
ALREADY = _("You have an open ticket: {thread}. Go on there, or close it there with /ticket close.")
MADE = _("Your ticket is open: {thread}. Write there what it is about.")
NO_TICKET = _("This is not a ticket. Use it in the thread of the ticket that is to be closed.")
NOT_YOURS_TO_CLOSE = _("Only whoever opened a ticket, and those who answer it, can close it.")
CLOSED_BEFORE = _("This ticket is closed already, so nothing changed.")
BEING_CLOSED = _("This ticket is being closed just now. Wait a moment.")
CLOSED = _(
    "Closed. What was said is in the thread as a file, and whoever opened the ticket has it in private, too."
)
CLOSED_UNSENT = _("Closed. What was said is in the thread as a file; it could not be sent in private.")
NOT_STAFF = _("That is for those who answer tickets. Ask an admin for the role.")
JOINED = _("You are in: {thread}.")

REASON = "Asked for by {name} ({id})"
"""Reasons for Discord's audit log, which is in English."""
THREAD = _("Ticket {number} · {name}")
WELCOME = _("{name}, write here what it is about, and somebody will answer.")
READ_BY = _("**Who can read this**: you, and members who may manage threads here.")
READ_BY_ROLE = _(
    "**Who can read this**: you, members who may manage threads here, and holders of {role} who join."
)
BECOMES = _("**When it is closed**, what was said is posted here as a file and sent to you in private.")
BECOMES_STAFFS = _(
    "**When it is closed**, what was said is posted here as a file, sent to you in private, and put into "
    "{channel}."
)
UNHEARD = _(
    "No character listens here. I keep no word: only that you had a ticket, for 30 days after its end."
)
TOLD_STAFF = _("**Ticket {number}** was opened by {name}: {thread}.")
HERE_CLOSED = _("**Closed** by {name}. What was said is in the file, and this thread is locked now.")
SENT = _("Your ticket in **{server}** is closed, and this is what was said in it. I keep no word of it.")
STAFF_FILE = _("{thread} was closed by {name}. This is what was said in it.")


class TicketDesk:
    """Creates and locks the threads. A failed step is reported in one sentence, and nothing is lost."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self._tickets = bot.app.tickets
        self._closing: set[int] = set()  # thread ids

    async def of(self, guild: discord.Guild) -> Desk:
        """Return the ticket desk of a server; raise Refused if the server has none."""
        desk = await self._tickets.desk(guild.id)
        if desk is None:
            raise ModerationRefused(NO_DESK)
        return desk

    async def open(self, interaction: Interaction, subject: str = "") -> None:
        """Open a ticket for the asker. Raises Refused."""
        guild = guild_of(interaction)
        desk = await self.of(guild)
        below = _desk_channel(guild, desk)
        number = await self._reserve(guild, interaction.user.id, desk)
        thread = await self._make(below, number, interaction)
        await answer(interaction, MADE.format(thread=thread.mention))
        await self._begin(thread, desk, interaction, subject)
        with for_everybody(interaction):
            told = TOLD_STAFF.format(number=number, name=shown(interaction.user), thread=thread.mention)
            view = buttons("join", thread.id)
        await self._tell_staff(guild, desk, told, view=view)

    async def join(self, interaction: Interaction, thread_id: int) -> None:
        """Add the asking staff member to a ticket without a mention. Raises Refused."""
        guild = guild_of(interaction)
        thread = await self._thread(thread_id)
        if thread is None or thread.guild.id != guild.id:
            raise ModerationRefused(GONE)
        desk = await self._desk_of(guild, await self._tickets.of_thread(thread_id))
        if not is_staff(interaction.user, desk, thread):
            raise ModerationRefused(NOT_STAFF)
        if thread.locked:
            raise ModerationRefused(CLOSED_BEFORE)
        async with asking_discord():
            await thread.add_user(interaction.user)
        await answer(interaction, JOINED.format(thread=thread.mention))

    async def close(self, interaction: Interaction) -> None:
        """Close the ticket of the current thread. Raises Refused."""
        guild = guild_of(interaction)
        thread = await self._thread(interaction.channel_id or 0)
        if thread is None:
            raise ModerationRefused(NO_TICKET)
        ticket = await self._tickets.of_thread(thread.id)
        desk = await self._desk_of(guild, ticket)
        opened_it = ticket is not None and ticket.opener_id == interaction.user.id
        if not opened_it and not is_staff(interaction.user, desk, thread):
            raise ModerationRefused(NOT_YOURS_TO_CLOSE)
        if thread.locked:
            raise ModerationRefused(CLOSED_BEFORE)
        if thread.id in self._closing:
            raise ModerationRefused(BEING_CLOSED)
        self._closing.add(thread.id)
        try:
            await self._close(interaction, thread, ticket, desk)
        finally:
            self._closing.discard(thread.id)

    async def _desk_of(self, guild: discord.Guild, ticket: Ticket | None) -> Desk | None:
        """Return the desk that the opener of a ticket was told about, whatever was configured since."""
        if ticket is None:
            return await self._tickets.desk(guild.id)
        return Desk(guild.id, 0, ticket.role_id, ticket.staff_channel_id)

    # Opening.

    async def _reserve(self, guild: discord.Guild, opener_id: int, desk: Desk) -> int:
        """Return the number of a new ticket; tickets with deleted or locked threads don't count as open."""
        try:
            return await self._tickets.reserve(desk, opener_id)
        except TooSoon as error:
            again = discord.utils.format_dt(error.again, "R")
            raise ModerationRefused(TOO_SOON.format(when=again)) from error
        except StillOpen as error:
            if error.thread_id is None:
                raise ModerationRefused(BEING_MADE) from error
            thread = await self._seen(error.thread_id)
            if thread is not None and not thread.locked:
                raise ModerationRefused(ALREADY.format(thread=thread.mention)) from error
            await self._tickets.close(error.number, by=None)
        return await self._reserve(guild, opener_id, desk)

    async def _make(
        self, below: discord.TextChannel, number: int, interaction: Interaction
    ) -> discord.Thread:
        """Return the new thread with its opener in it; if that fails, the ticket's record is removed."""
        user, thread = interaction.user, None
        with for_everybody(interaction):
            name = in_a_line(THREAD.format(number=number, name=user.display_name), LONGEST_NAME)
        with speaking(None):  # English, for Discord's audit log
            reason = REASON.format(name=in_a_line(user.name, LONGEST_NAME), id=user.id)
        try:
            async with asking_discord():
                thread = await below.create_thread(
                    name=name,
                    type=discord.ChannelType.private_thread,
                    invitable=False,
                    auto_archive_duration=WEEK,
                    reason=reason,
                )
                await thread.add_user(user)
        except ModerationRefused:
            await self._tickets.let_go(number)
            if thread is not None:
                with suppress(*DISCORD_FAULTS):
                    async with asyncio.timeout(ACT_SECONDS):
                        await thread.delete()
            raise
        await self._tickets.place(number, thread.id)
        return thread

    async def _begin(
        self, thread: discord.Thread, desk: Desk, interaction: Interaction, subject: str
    ) -> None:
        """Post in a new ticket who reads it and what becomes of it, before anybody writes there."""
        with for_everybody(interaction):
            text, view = "\n".join(_welcome(thread, desk, interaction)), buttons("close")
        try:
            async with asyncio.timeout(ACT_SECONDS):
                # Plain text, because people who hide embeds must read it, too.
                await thread.send(text, view=view, allowed_mentions=NOBODY, suppress_embeds=True)
                if subject:
                    await thread.send(quoted(subject), allowed_mentions=NOBODY, suppress_embeds=True)
        except DISCORD_FAULTS as error:
            log.warning("A ticket has no beginning: %s", type(error).__name__)

    # Closing.

    async def _close(
        self, interaction: Interaction, thread: discord.Thread, ticket: Ticket | None, desk: Desk | None
    ) -> None:
        """Write and deliver the transcript, then lock the thread; a failure leaves the ticket open."""
        if ticket is not None and ticket.closed_at:  # everything is done except for the lock
            async with asking_discord():
                await thread.edit(archived=True, locked=True)
            await answer(interaction, CLOSED_BEFORE)
            return
        sent = await self._hand_over(interaction, thread, ticket, desk)
        if ticket is not None:
            await self._tickets.close(ticket.id, by=interaction.user.id)
        await answer(interaction, CLOSED if sent else CLOSED_UNSENT)
        async with asking_discord():
            await thread.edit(archived=True, locked=True)

    async def _hand_over(
        self, interaction: Interaction, thread: discord.Thread, ticket: Ticket | None, desk: Desk | None
    ) -> bool:
        """Deliver the transcript; return whether the opener of the ticket received it in a DM."""
        name, closer = shown(interaction.user), interaction.user.display_name
        # It is outside the language block, because its error is for the person who closes the ticket.
        async with asking_discord():
            with for_everybody(interaction):
                head = head_of(thread, closed=self._bot.app.clock.now(), closer=closer)
                data = await transcript(thread, head)
                told, file = HERE_CLOSED.format(name=name), as_file(data, thread)
            await thread.send(told, file=file, allowed_mentions=NOBODY)
        with for_everybody(interaction):
            sent = ticket is not None and await self._send(ticket.opener_id, thread, data)
            if desk is not None:
                told = STAFF_FILE.format(thread=f"**{inline(thread.name, LONGEST_NAME)}**", name=name)
                await self._tell_staff(thread.guild, desk, told, file=as_file(data, thread))
        return sent

    async def _send(self, opener_id: int, thread: discord.Thread, data: bytes) -> bool:
        """Send the transcript to the opener of the ticket; return whether their DMs accept it."""
        told = SENT.format(server=inline(thread.guild.name, LONGEST_NAME))
        try:
            async with asyncio.timeout(ACT_SECONDS):
                opener = await self._bot.fetch_user(opener_id)
                await opener.send(told, file=as_file(data, thread), allowed_mentions=NOBODY)
        except DISCORD_FAULTS as error:
            log.info("A transcript can't be sent in private: %s", type(error).__name__)
            return False
        return True

    # Helpers.

    async def _tell_staff(self, guild: discord.Guild, desk: Desk, text: str, **with_it: Any) -> None:
        """Post a notice in the staff's channel, if there is one; a failure stops no ticket."""
        channel = guild.get_channel(desk.staff_channel_id or 0)
        if not isinstance(channel, discord.TextChannel):
            return
        if channel.permissions_for(guild.default_role).view_channel:
            log.warning("The staff's channel %s is open to everybody: it is told of no tickets", channel.id)
            return
        try:
            async with asyncio.timeout(ACT_SECONDS):
                await channel.send(text, allowed_mentions=NOBODY, suppress_embeds=True, **with_it)
        except DISCORD_FAULTS as error:
            log.warning("The staff is not told of a ticket: %s", type(error).__name__)

    async def _seen(self, thread_id: int) -> discord.Thread | None:
        """Return a ticket's thread; None also if its channel is hidden from us, as nobody can use it then."""
        try:
            return await self._thread(thread_id)
        except ModerationRefused as refusal:
            if isinstance(refusal.__cause__, discord.Forbidden):
                return None
            raise

    async def _thread(self, thread_id: int) -> discord.Thread | None:
        """Fetch the thread of a ticket; None if it is deleted or not one of ours."""
        assert self._bot.user is not None
        async with asking_discord():
            try:
                thread = await self._bot.fetch_channel(thread_id)
            except discord.NotFound:
                return None
        ours = isinstance(thread, discord.Thread) and is_ticket(thread, self._bot.user.id)
        return thread if ours and isinstance(thread, discord.Thread) else None


def _welcome(thread: discord.Thread, desk: Desk, interaction: Interaction) -> list[str]:
    """Return the first message of a ticket."""
    staff = f"<#{desk.staff_channel_id}>"
    return [
        f"**{inline(thread.name, LONGEST_NAME)}**",
        WELCOME.format(name=shown(interaction.user)),
        READ_BY_ROLE.format(role=f"<@&{desk.role_id}>") if desk.role_id else str(READ_BY),
        BECOMES_STAFFS.format(channel=staff) if desk.staff_channel_id else str(BECOMES),
        str(UNHEARD),
    ]


def _desk_channel(guild: discord.Guild, desk: Desk) -> discord.TextChannel:
    """Return the channel of the ticket threads; raise Refused if the bot can't open threads there."""
    channel = guild.get_channel(desk.channel_id)
    if not isinstance(channel, discord.TextChannel):
        raise ModerationRefused(DESK_GONE)
    if lacking := lacks(channel.permissions_for(guild.me), *NEEDED_AT_DESK):
        raise ModerationRefused(I_LACK_IN.format(needed=named(*lacking), channel=channel.mention))
    return channel
