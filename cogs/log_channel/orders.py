"""Parsing of the log channel's commands (F123)."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """The commands in their exact spelling."""

    SHUTDOWN = "shutdown?"
    USER_DATA = "user data?"
    LIST_USERS = "list users"
    PREMIUM = "premium"
    VERBOSE = "verbose"
    STATUS = "status"
    JOBS = "jobs"
    TESTLOG = "testlog"
    CONSOLE = "console"


@dataclass(frozen=True, slots=True)
class Order:
    """A command with its arguments: `on` is None if verbose mode is to be toggled."""

    word: Word
    user_id: int = 0
    on: bool | None = None


_NEARLY = re.compile(
    r"(?P<word>shutdown|user[ \t]*data|list[ \t]*users?|premium|verbose|status|jobs|test[ \t]*log|console)"
    r"(?P<asked>[ \t]*\?)?(?:[ \t]+(?P<rest>[^\n]*))?",
    re.IGNORECASE,
)
_WORDS = {"".join(word.split()).rstrip("?"): word for word in Word} | {"listuser": Word.LIST_USERS}
_ID = re.compile(r"<@!?([0-9]{1,20})>|([0-9]{1,20})")
_LARGEST_ID = 2**63 - 1


def read_order(text: str, name: str) -> Order | str | None:
    """Return the command in a message to the character `name`; None for other talk.

    For a misspelt command the result is a sentence with the mistake and the right form. Several bots may
    hear the same channel, so a shutdown of another bot is ignored.
    """
    nearly = _NEARLY.fullmatch(text.strip())
    if nearly is None:
        return None
    word = _WORDS["".join(nearly["word"].lower().split())]
    rest = (nearly["rest"] or "").strip()
    spelled = " ".join(f"{nearly['word']}{nearly['asked'] or ''}".lower().split()) == word
    if spelled and (order := _order(word, rest, name)):
        return order
    if word is Word.SHUTDOWN and rest and rest.casefold() != name.casefold():
        return None  # another bot is meant, or nobody
    asked = bool(nearly["asked"]) and word.endswith("?")
    if len(rest.split()) > 1 and not asked and word is not Word.SHUTDOWN:
        return None
    return _correction(word, name, spelled=spelled)


def _order(word: Word, rest: str, name: str) -> Order | None:
    if word is Word.SHUTDOWN:
        return Order(word) if rest == name else None
    if word in (Word.USER_DATA, Word.PREMIUM):
        found = _ID.fullmatch(rest)
        user_id = int(found[1] or found[2]) if found else 0
        return Order(word, user_id=user_id) if 0 < user_id <= _LARGEST_ID else None
    if word is Word.VERBOSE and rest:
        choices = {"on": True, "off": False}
        return Order(word, on=choices[rest.lower()]) if rest.lower() in choices else None
    return None if rest else Order(word)


def _correction(word: Word, name: str, *, spelled: bool) -> str:
    faults = {
        Word.SHUTDOWN: ("The exact name of who shall stop is missing.", f" {name}"),
        Word.USER_DATA: ("A user's id is missing.", " ID"),
        Word.PREMIUM: ("A user's id is missing.", " ID"),
        Word.VERBOSE: ("Only `on` or `off` may follow, or nothing.", " [on|off]"),
    }
    fault, form = faults.get(word, ("Nothing may follow.", ""))
    return f"{fault if spelled else 'This is not quite a command.'} Write `{word}{form}`."
