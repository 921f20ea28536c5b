"""What somebody asks for in plain words, read by rules: to be reminded, or that something be remembered.

"Remind me ..." and a birthday that is told are C82; "remember that I ..." is C56 (F078).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from memory.dates import DAY_OF_YEAR, YearDay, day_of_year

# To be reminded.

LONGEST_READ = 600
"""Letters behind "remind me" that are looked at."""
MOST_TRIES = 24
"""Places at which a time may begin that are tried."""

MAY_ASK_TO_BE_REMINDED = re.compile(r"remind me|birthday|bday|b-day|i was born", re.IGNORECASE)
"""Most talk asks for nothing: only what has one of these in it is worth a closer look."""
_QUOTED = re.compile(r"(?m)^[ \t]*>[^\n]*|```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]*\"|“[^“”\n]*”", re.DOTALL)
_COVER = "\x00"
"""Stands for what is quoted while one looks for the words of a wish; it is in no text of ours."""
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
"""Returns the moment that words mean; None where they mean none."""


@dataclass(frozen=True, slots=True)
class ReminderRequest:
    """A wish to be reminded: `text` is the person's own words, "" where they left out of what.

    Without a `due` no time was understood.
    """

    text: str
    due: datetime | None


def reminder_in(text: str, *, read_when: ReadWhen, names: Sequence[str] = ()) -> ReminderRequest | None:
    """Return the wish to be reminded that stands in somebody's words; None where there is none.

    What they quote counts for nothing. `names` are those by which the character may be called before it.
    """
    said = _QUOTED.sub(lambda quoted: _COVER * len(quoted[0]), text)
    called = "|".join([_CALLS, *(re.escape(name) for name in names)])
    # A run of blank lines is gone over once, and not from each of them.
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
    """Return the birthday that somebody tells as their own, with day and month; None for none."""
    said = _QUOTED.sub(_COVER, text)
    folded = "\n".join(" ".join(line.split()) for line in said.casefold().splitlines())
    found = _BIRTHDAY.search(folded)
    return day_of_year(found) if found else None


def _read(body: str, read_when: ReadWhen) -> ReminderRequest | None:
    for when, text in _parted(body):
        due = read_when(when.strip(" ,"))
        if due is not None:
            return ReminderRequest(text.strip(" ,:"), due)
    return ReminderRequest(_LINK.sub("", body, count=1), None) if _WANTED.match(body) else None


def _parted(body: str) -> Iterator[tuple[str, str]]:
    """Yield (when, of what): the time in front, then the time at the end, then nothing but a time."""
    if link := _LINK.match(body):
        body = body[link.end() :]
    else:
        for one in _tried(_LINKS, body):
            yield body[: one.start()], body[one.end() :]
        yield body, ""
    for one in _tried(_WHEN_BEGINS, body):
        if one.start():
            yield body[one.start() :], body[: one.start()]


def _tried(pattern: re.Pattern[str], body: str) -> Iterator[re.Match[str]]:
    for _, one in zip(range(MOST_TRIES), pattern.finditer(body), strict=False):
        yield one


# That something be remembered.

LONGEST_KEPT = 500
_QUOTED_LINES = re.compile(r"(?m)^[ \t]*>[^\n]*|```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_POLITE = r"(?:please|pls|ok|okay|hey|hi|hello|and|also|so|bitte|por favor|s'il te plaît|<@!?\d+>)[\s,]++"
_MOST_POLITE = 8
"""So many words may stand before the wish; each line is looked through for that many and no more."""
_BEGINNING = r"(?:(?:^|[.!?])\s*+|\n[^\S\n]*+)"
"""Where a sentence begins; a run of blank lines is gone over once, and not from each of them."""
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
"""The same for what is to be remembered."""
_BY_ID = re.compile(r"<[^<>\s]{1,80}>")
_STOP = re.compile(r"\n|[.!?]+(?:\s|$)")


def remembered_in(text: str, *, names: Sequence[str] = ()) -> str:
    """Return what somebody asks to be remembered, in their own words; "" where they ask for nothing.

    Only a wish at the beginning of a sentence counts: "do you remember that I ..." asks something else. What
    they quote counts for nothing. `names` are those by which the character may be called before it.
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
    """Say whether somebody's words still stand in a line as it is kept.

    Letters and digits count alone, and not what is named by id: a line has the names of people and emoji.
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
