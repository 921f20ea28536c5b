"""Texts about memories: fact categories and reasons for refusal."""

import unicodedata
from collections.abc import Sequence

from bot.conversation.company import PlayedCharacter
from bot.conversation.safety import why_not
from bot.core.i18n import _
from memory.browsing import FactEntry
from memory.places import Where
from memory.rules import MemoryRefused, Refusal

_CATEGORIES = {
    "self": _("self", "a category of facts"),
    "people": _("people", "a category of facts"),
    "work": _("work", "a category of facts"),
    "health": _("health", "a category of facts"),
    "food": _("food", "a category of facts"),
    "places": _("places", "a category of facts"),
    "pets": _("pets", "a category of facts"),
    "hobbies": _("hobbies", "a category of facts"),
    "plans": _("plans", "a category of facts"),
    "feelings": _("feelings", "a category of facts"),
    "views": _("views", "a category of facts"),
    "other": _("other", "a category of facts"),
}
"""The categories of `memory.extraction`, shown for a fact without tags."""

NO_SERVER = _("There is no server here: choose another reach, or use it in a server.")
FULL = _(
    "I know {most} things about you, and that is all I can keep. "
    "Let one go with /memory delete, and tell me again."
)
UNKNOWN = _("There is no memory number {number}. /memory list shows them all.")
NO_STATE = _("That state is not there any more. Look at /memory history again.")
OFF = _(
    "Remembering is switched off here by the bot's operator (memory_consent=off), so I keep nothing. "
    "/memory list shows what I know from before, and /memory delete deletes it."
)
UNUSABLE = _(
    "There is nothing in that to remember, or more than {longest} characters: write one or two sentences."
)
SECRETS = _("I keep no passwords, keys, card numbers, phone numbers or addresses. Tell me without that.")
TAKEN_BACK = _("The words were deleted or changed meanwhile.")
NO_SUCH_DAY = _("I can only look at days from 2015 until today (UTC).")
_SENTENCES = {
    Refusal.OFF: OFF,
    Refusal.FULL: FULL,
    Refusal.UNKNOWN: UNKNOWN,
    Refusal.NO_STATE: NO_STATE,
    Refusal.NO_SERVER: NO_SERVER,
    Refusal.UNUSABLE: UNUSABLE,
    Refusal.SECRETS: SECRETS,
    Refusal.TAKEN_BACK: TAKEN_BACK,
    Refusal.NO_SUCH_DAY: NO_SUCH_DAY,
}


def worded(refused: MemoryRefused) -> str:
    """Return the reason for a refusal and what to do, in the current language."""
    figures = refused.figures
    if refused.refusal is Refusal.FOR_ADULTS:
        role, where = figures["role"], figures["where"]
        assert isinstance(role, PlayedCharacter)
        assert isinstance(where, Where)
        return why_not(role, where)
    return _SENTENCES[refused.refusal].format(**figures)


def matching(entries: Sequence[FactEntry], search: str = "", tag: str = "") -> list[FactEntry]:
    """Return the entries with a tag or category whose number or words match the search."""
    number = search.strip().removeprefix("#")
    wanted, words = _plain(tag).strip(), _plain(search).split()
    tagged = [entry for entry in entries if not wanted or wanted in map(_plain, _callings(entry))]
    return [entry for entry in tagged if number == str(entry.fact.number) or _holds(entry, words)]


def label_in_words(label: str) -> str:
    """Translate a category; a tag stays as it is."""
    return str(_CATEGORIES.get(label, label))


def _callings(entry: FactEntry) -> list[str]:
    """Return all labels by which a fact can be found: as stored, and as displayed."""
    kept = (*entry.labels, entry.fact.category)
    return [*kept, *map(label_in_words, kept)]


def _holds(entry: FactEntry, words: Sequence[str]) -> bool:
    fact = entry.fact
    text = _plain("\n".join([fact.text, fact.category, fact.subject, *fact.tags]))
    return all(word in text for word in words)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
