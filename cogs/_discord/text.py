"""Words of people and of the character, shown so that they can't pass for a panel's own."""

import regex
from discord.utils import escape_markdown

from bot.conversation.text.names import clean_text
from bot.conversation.text.split import is_blank, width
from bot.core.i18n import _

LONGEST = 2000
"""What a message may hold, in UTF-16 units: the strictest way Discord may count."""
NOTHING_SEEN = _("(nothing to be seen)")
_CUT = _("… (cut)")
_ELLIPSIS = "…"
_CLUSTERS = regex.compile(r"\X")


def quoted(text: str, room: int = LONGEST) -> str:
    """Return a text as a quotation of at most `room` units: each line is marked, and none gets out.

    Discord reads Markdown inside a quotation by itself, so nothing left open in there reaches beyond it.
    """
    text = clean_text(str(text)).strip("\n")
    if is_blank(text):
        return f"> {NOTHING_SEEN}"
    return shortened("\n".join(f"> {line}" for line in text.split("\n")), room, mark=f"\n> {_CUT}")


def in_a_line(text: str, room: int) -> str:
    """Return a text as one line of at most `room` units, for where no Markdown is read: labels, menus."""
    line = " ".join(clean_text(str(text)).split())
    return NOTHING_SEEN[:room] if is_blank(line) else shortened(line, room)


def shortened(text: str, room: int, *, mark: str = _ELLIPSIS) -> str:
    """Return a text of at most `room` units; where something is left out, the mark says so."""
    text = str(text)
    if width(text) <= room:
        return text
    kept, left = [], room - width(mark)
    for cluster in _CLUSTERS.finditer(text):
        left -= width(cluster[0])
        if left < 0:
            break
        kept.append(cluster[0])
    return "".join(kept).rstrip() + mark


def inline(text: str, room: int) -> str:
    """Return a text as at most `room` units within a line of ours: its Markdown is shown, and not read."""
    return shortened(escape_markdown(in_a_line(text, room), ignore_links=False), room)


def searchable(words: str | None, room: int) -> str:
    """Return what is searched for, as an argument in the id of a button: there, colons part the arguments."""
    return in_a_line(words.replace(":", " "), room) if words and words.strip(": \n\t") else ""
