"""Requests in plain words, parsed by rules: to be reminded, or to have something remembered.

"Remind me ..." and a birthday that somebody mentions are C82; "remember that I ..." is C56 (F078).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.dates import DAY_OF_YEAR, YearDay, day_of_year

# Reminders.

LONGEST_READ = 600
"""Characters after "remind me" that are examined."""
MOST_TRIES = 24
"""Maximum number of positions tried as the start of a time."""

MAY_ASK_TO_BE_REMINDED = re.compile(r"remind me|birthday|bday|b-day|i was born", re.IGNORECASE)
"""Cheap pre-filter: only messages that match it are parsed."""
_QUOTED = re.compile(r"(?m)^[ \t]*>[^\n]*|```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]*\"|“[^“”\n]*”", re.DOTALL)
_COVER = "\x00"
"""Replaces quoted text during the search; it occurs in no message."""
_CALLS = (
    r"please|pls|plz|and|then|also|so|ok|okay|hey|hi|hello|just|kindly|(?:can|could|would|will) (?:you|u)"
    r"|(?:want|need|like) (?:you|u) to|remember to|<@!?\d+>"
)
_SENTENCE = re.compile(r"\n|(?<![\d.])(?<!\b[ap]\.m)[.!?]+(?:\s+|$)")
_MANNERS = re.compile(r"[\s,.!?]*\b(?:please|pls|plz|thanks|thank you|thx|ok|okay)?[\s,.!?]*$", re.IGNORECASE)
_NO_REQUEST = re.compile(
    r"(?:what|who|whom|whose|why|how|where|when|which|if|whether|again)\b", re.IGNORECASE
)
_LINK = re.compile(r"(?:to|that|about|of)\b\s*", re.IGNORECASE)
_LINKS = re.compile(r"\s+(?:to|that|about|of)\s+|\s*[:,]\s+", re.IGNORECASE)
_WHEN_BEGINS = re.compile(
    r"\b(?:in|after|at|on|by|today|tomorrow|tmrw|tonight|this|next|the day after|noon|midnight"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|\d{4}-\d\d|\d{1,2}(?::\d\d|\.\d|\s?[ap]\.?m\b"
    r"|(?:st|nd|rd|th|\.)?\s(?:of\s)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)))",
    re.IGNORECASE,
)
_WANTED = re.compile(r"(?:to|that|about|in|at|on|tomorrow|tonight|next|this|later)\b", re.IGNORECASE)
_BIRTHDAY = re.compile(
    r"(?<![\w'’])(?:my (?:birthday|bday|b-day)(?:\s+is|['’]s|\s*[:=]|\s+falls)|i was born)(?:\s+on)?"
    rf"\s+{DAY_OF_YEAR}(?!\s*\?)"
)

ReadWhen = Callable[[str], datetime | None]
"""Parses words into a moment; None if they name none."""


@dataclass(frozen=True, slots=True)
class ReminderRequest:
    """A request for a reminder: `text` is the person's own words, "" if they named no subject.

    `due` is None if no time was understood.
    """

    text: str
    due: datetime | None


def reminder_in(text: str, *, read_when: ReadWhen, names: Sequence[str] = ()) -> ReminderRequest | None:
    """Return the request for a reminder in a message, or None.

    Quoted text is ignored. `names` are names of the character that may precede the request.
    """
    said = _QUOTED.sub(lambda quoted: _COVER * len(quoted[0]), text)
    called = "|".join([_CALLS, *(re.escape(name) for name in names)])
    # A run of blank lines is matched once, not again from each of its lines.
    begins = re.compile(
        rf"(?:(?:^|[.!?,;:)-]|\b(?:{called})|<@!?\d+>)\s*+|\n[^\S\n]*+)remind me\b[,:]?", re.IGNORECASE
    )
    for found in begins.finditer(said):
        behind = text[found.end() : found.end() + LONGEST_READ]
        body = _MANNERS.sub("", _SENTENCE.split(behind)[0]).strip()
        if body and not _NO_REQUEST.match(body):
            return _read(body, read_when)
    return None


def birthday_in(text: str) -> YearDay | None:
    """Return the birthday that somebody gives as their own, with day and month; None if there is none."""
    said = _QUOTED.sub(_COVER, text)
    folded = "\n".join(" ".join(line.split()) for line in said.casefold().splitlines())
    found = _BIRTHDAY.search(folded)
    return day_of_year(found) if found else None


def _read(body: str, read_when: ReadWhen) -> ReminderRequest | None:
    for when, text in _split_at_time(body):
        due = read_when(when.strip(" ,"))
        if due is not None:
            return ReminderRequest(text.strip(" ,:"), due)
    return ReminderRequest(_LINK.sub("", body, count=1), None) if _WANTED.match(body) else None


def _split_at_time(body: str) -> Iterator[tuple[str, str]]:
    """Yield (when, subject): the time in front, then the time at the end, then only a time."""
    if link := _LINK.match(body):
        body = body[link.end() :]
    else:
        for found in _first_matches(_LINKS, body):
            yield body[: found.start()], body[found.end() :]
        yield body, ""
    for found in _first_matches(_WHEN_BEGINS, body):
        if found.start():
            yield body[found.start() :], body[: found.start()]


def _first_matches(pattern: re.Pattern[str], body: str) -> Iterator[re.Match[str]]:
    for _, found in zip(range(MOST_TRIES), pattern.finditer(body), strict=False):
        yield found


# Memories.

LONGEST_KEPT = 500
_QUOTED_LINES = re.compile(r"(?m)^[ \t]*>[^\n]*|```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_POLITE = r"(?:please|pls|ok|okay|hey|hi|hello|and|also|so|bitte|por favor|s'il te plaît|<@!?\d+>)[\s,]++"
_MOST_POLITE = 8
"""Maximum number of polite words before the request, which bounds the search in each line."""
_BEGINNING = r"(?:(?:^|[.!?])\s*+|\n[^\S\n]*+)"
"""Start of a sentence; a run of blank lines is matched once, not again from each of its lines."""
_REMEMBER = (
    r"(?:(?:(?:always |please )?remember|don['’]?t (?:ever )?forget|never forget|keep in mind|note|save)"
    r"(?: this)?"
    r"|merk(?:e)? dir(?: bitte)?|vergiss nicht|souviens-toi|n['’]oublie pas|retiens|recuerda|no olvides)"
)
_THAT = (
    r"(?:[,\s]+(?:that|dass|que|qu['’])\s*"
    r"(?=(?:i|i['’]\w+|my|me|we|our|ich|mein\w*|mir|wir|unser\w*|je|j['’]\w+|m[aoe]n?s?|nous|notre"
    r"|yo|mis?|me|nosotr[oa]s|soy|tengo|vivo)\b)"
    r"|\s*:\s*)"
)
MAY_ASK_TO_REMEMBER = re.compile(_REMEMBER, re.IGNORECASE)
"""Cheap pre-filter, as MAY_ASK_TO_BE_REMINDED."""
_BY_ID = re.compile(r"<[^<>\s]{1,80}>")
_STOP = re.compile(r"\n|[.!?]+(?:\s|$)")


def remembered_in(text: str, *, names: Sequence[str] = ()) -> str:
    """Return what somebody asks to be remembered, in their own words; "" if they ask for nothing.

    Only a request at the start of a sentence counts: "do you remember that I ..." is a question. Quoted text
    is ignored. `names` are names of the character that may precede the request.
    """
    said = _QUOTED_LINES.sub(lambda quoted: "\x00" * len(quoted[0]), text)
    called = "|".join([_POLITE, *(rf"{re.escape(name)}[\s,:!]++" for name in names)])
    asks = re.compile(
        rf"{_BEGINNING}(?:{called}){{0,{_MOST_POLITE}}}{_REMEMBER}{_THAT}(?P<what>\S.*)",
        re.IGNORECASE | re.DOTALL,
    )
    found = asks.search(said)
    if found is None or "\x00" in _STOP.split(found["what"])[0]:
        return ""
    return _STOP.split(found["what"])[0].strip(" ,;:")[:LONGEST_KEPT]


def stands_in(words: str, line: str) -> bool:
    """Return whether somebody's words still occur in a line of the log.

    Only letters and digits are compared, without ids: the log has the names of people and emoji instead.
    """
    letters, place = _letters(line), 0
    for piece in map(_letters, _BY_ID.split(words)):
        found = letters.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
