"""What is to be said to somebody later, as they are shown it (C82)."""

from collections.abc import Sequence

from discord.utils import format_dt

from bot.i18n import _
from bot.reminder_rules import day_of
from cogs._discord.panels import Button, Choice, Menu, Panel
from cogs._discord.quoting import inline
from database.models import Reminder

SECONDS = 120
"""How long the buttons work."""
ON_A_PAGE = 6
ROOM = 180
"""What the words of one may take of a message: /remind list is no place to read them whole."""

NOTHING = _("There is nothing that I am to say to you later. /remind me changes that.")
_FOOT = _("-# Choose one below to let it go, or use /remind delete with its number.")


def entry(reminder: Reminder, guild_id: int | None) -> str:
    """Return one of them with its number, when it is due and where it is said."""
    what = inline(reminder.text, ROOM) if reminder.text else "your birthday"
    when = f"{format_dt(reminder.due_at, 'f')} ({format_dt(reminder.due_at, 'R')})"
    about = [when, place_of(reminder, guild_id)]
    about += [f"every year on {day}"] if (day := day_of(reminder)) else []
    return f"**#{reminder.id}** {what}\n-# {' · '.join(about)}"


def place_of(reminder: Reminder, guild_id: int | None) -> str:
    """Return where it is said, in words for somebody who reads them in a server, or in private."""
    if reminder.guild_id is None:
        return "when we are alone"
    return f"in <#{reminder.channel_id}>" + ("" if reminder.guild_id == guild_id else " of another server")


def list_panel(reminders: Sequence[Reminder], page: int, guild_id: int | None) -> Panel:
    """Return one page of them, counted from 1; the last one for a page that is not there."""
    if not reminders:
        return Panel(NOTHING)
    pages = -(-len(reminders) // ON_A_PAGE)
    number = min(max(page, 1), pages)
    here = reminders[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    head = f"**What I am to say to you later**: {len(reminders)}"
    if pages > 1:
        head += f", page {number} of {pages}"
    lines = [head, *(entry(one, guild_id) for one in here), _FOOT]
    choices = tuple(Choice(str(one.id), label(one)) for one in here)
    menu = Menu("delete", choices, (number,), placeholder="Let one go")
    turning = (
        Button("Back", "page", (number - 1,), disabled=number == 1),
        Button("Next", "page", (number + 1,), disabled=number == pages),
    )
    return Panel("\n".join(lines), (*(turning if pages > 1 else ()), menu), SECONDS)


def label(reminder: Reminder) -> str:
    """Return one of them as a line of a menu."""
    return f"#{reminder.id} {reminder.text or 'your birthday'}"
