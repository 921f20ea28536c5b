"""Rules for reminders: what may be stored, and for when (C82)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.conversation.text.names import clean_text, is_blank
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from bot.core.spelling import moment_in_words
from database.models import Reminder
from memory.dates import YearDay
from memory.sensitive.detect import holds_secret

LONGEST = 300
"""Maximum length of a reminder's text."""
SOONEST = timedelta(minutes=1)
FURTHEST = timedelta(days=5 * 366)

FULL = _(
    "I already keep {most} reminders and dates for you, and that is all I can. /remind delete lets one go."
)
UNCLEAR = _(
    "I can't tell when that is. Write it like `in 2 hours`, `tomorrow 9:00` or `3 May 18:30`, with the month "
    "as a word."
)
PAST = _("{when} is over already: choose a later time.")
TOO_SOON = _("That is less than a minute ahead: choose a later time.")
TOO_FAR = _("That is more than five years ahead: choose an earlier time.")
CONFIDENTIAL = _(
    "That looks like a password, a number of an account or something else to be kept secret: I don't keep it."
)
NOTHING = _("There is nothing in that to remind you of, or more than {longest} characters.")
NO_SUCH_DAY = _("There is no such day: look at the day and the month again.")
NO_SUCH_ZONE = _(
    "I don't know a time zone of that name. Write the name of a big city near you, like Europe/Oslo."
)
NEAR_ZONES = _("I don't know a time zone of that name. Did you mean {near}?")
UNKNOWN = _("You have no reminder of that number. /remind list shows them all.")
NOBODY_HERE = _("Nobody can be reminded here.")


class ReminderRefused(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """A reminder can't be stored or found; the text says why and what to do."""


def day_of(reminder: Reminder) -> YearDay | None:
    """Return the day of a yearly reminder; None for a one-off."""
    if reminder.month is None or reminder.day is None:
        return None
    return YearDay(reminder.month, reminder.day)


def is_yearly(reminder: Reminder) -> bool:
    """Return whether a reminder recurs every year."""
    return day_of(reminder) is not None


def checked(text: str) -> str:
    """Return a cleaned text on one line. Raises ReminderRefused."""
    text = " ".join(clean_text(text).split())
    if is_blank(text) or len(text) > LONGEST:
        raise ReminderRefused(NOTHING.format(longest=LONGEST))
    if holds_secret(text):
        raise ReminderRefused(CONFIDENTIAL)
    return text


def ahead(due: datetime | None, now: datetime, local: ZoneInfo) -> datetime:
    """Return a due time that is neither past, nor too soon, nor too far away. Raises ReminderRefused."""
    if due is None:
        raise ReminderRefused(UNCLEAR)
    if due <= now:
        raise ReminderRefused(PAST.format(when=moment_in_words(due, local)))
    # Times have a resolution of a second: "in 1 minute" counts from the start of the current second.
    if due - now.replace(microsecond=0) < SOONEST:
        raise ReminderRefused(TOO_SOON)
    if due - now > FURTHEST:
        raise ReminderRefused(TOO_FAR)
    return due
