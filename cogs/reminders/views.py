"""Lists of reminders for the people who set them (C82)."""

from collections.abc import Sequence

from discord.utils import format_dt

from bot.core.i18n import _
from bot.core.spelling import yearly_in_words
from bot.features.reminders.reminder_rules import day_of
from cogs._discord.panels import Menu, MenuChoice, Panel, turning
from cogs._discord.text import inline
from database.models import Reminder

SECONDS = 120
"""Seconds for which the buttons work."""
ON_A_PAGE = 6
ROOM = 180
"""Most characters of a reminder's text in /remind list, which shortens long texts."""

NOTHING = _("There is nothing for me to say to you later. /remind me changes that.")
YOUR_BIRTHDAY = _("your birthday")
_YEARLY = _("every year on {day}")
_ALONE, _HERE = _("in private"), _("in <#{id}>")
_ELSEWHERE = _("in <#{id}> of another server")
_HEAD = _("**What I will say to you later**: {count}")
_HEAD_OF_PAGE = _("**What I will say to you later**: {count}, page {number} of {pages}")
_FOOT = _("-# Choose one below to let it go, or use /remind delete with its number.")


def entry(reminder: Reminder, guild_id: int | None) -> str:
    """Return a reminder with its number, time and place."""
    text = inline(reminder.text, ROOM) if reminder.text else YOUR_BIRTHDAY
    when = f"{format_dt(reminder.due_at, 'f')} ({format_dt(reminder.due_at, 'R')})"
    about = [when, place_of(reminder, guild_id)]
    about += [_YEARLY.format(day=yearly_in_words(day))] if (day := day_of(reminder)) else []
    return f"**#{reminder.id}** {text}\n-# {' · '.join(about)}"


def place_of(reminder: Reminder, guild_id: int | None) -> str:
    """Return the place of a reminder, in words for a reader in a server, or with None in a DM."""
    if reminder.guild_id is None:
        return str(_ALONE)
    return (_HERE if reminder.guild_id == guild_id else _ELSEWHERE).format(id=reminder.channel_id)


def list_panel(reminders: Sequence[Reminder], page: int, guild_id: int | None) -> Panel:
    """Return one page of reminders, counted from 1; the last page if the number is too high."""
    if not reminders:
        return Panel(NOTHING)
    pages = -(-len(reminders) // ON_A_PAGE)
    number = min(max(page, 1), pages)
    shown = reminders[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    head = (_HEAD if pages == 1 else _HEAD_OF_PAGE).format(count=len(reminders), number=number, pages=pages)
    lines = [head, *(entry(reminder, guild_id) for reminder in shown), str(_FOOT)]
    choices = tuple(MenuChoice(str(reminder.id), label(reminder)) for reminder in shown)
    menu = Menu("delete", choices, (number,), placeholder=_("Let one go"))
    return Panel("\n".join(lines), (*turning(number, pages), menu), SECONDS)


def label(reminder: Reminder) -> str:
    """Return a reminder as a line of a menu."""
    return f"#{reminder.id} {reminder.text or YOUR_BIRTHDAY}"
