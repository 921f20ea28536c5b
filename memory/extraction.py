"""What a model found worth knowing in what somebody said, and what of that is let through (C52, C55, C57)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory.core import Said, clean, plain, stands_in
from memory.sensitive.detect import holds_secret
from memory.sensitive.distress import reads_as_distress

SHORTEST = 10
"""Characters of a fact at least (F084)."""
MOST = 25
"""Facts that are taken from one answer of a model at most."""
MOST_LOOKED_AT = 200
MOST_TAGS, LONGEST_TAG = 3, 24
CATEGORIES = (
    *("self", "people", "work", "health", "food", "places", "pets", "hobbies", "plans", "feelings", "views"),
    "other",
)
OTHER = CATEGORIES[-1]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A fact that the person's own words bear out: they are in `quote`, said in the messages `sources`.

    `subject` names somebody else, of whom the person said it: it is their claim, and no fact about the other.
    """

    text: str
    category: str
    tags: tuple[str, ...]
    quote: str
    sources: tuple[int, ...]
    subject: str = ""


def own_words(lines: Iterable[Said]) -> list[Said]:
    """Return what may be a source: what the person wrote themself, without secrets and distress (C55, C91).

    What they quote is somebody else's, most often the character's own: taken for theirs, it would come back
    to be learnt again and again.
    """
    own = (Said(one.message_id, one.author_id, _unquoted(one.text)) for one in lines)
    usable = (one for one in own if one.text.strip() and not reads_as_distress(one.text))
    return [one for one in usable if not holds_secret(one.text)]


def candidates(found: Sequence[object], said: Sequence[Said], person_id: int) -> tuple[list[Candidate], int]:
    """Return the facts that hold, and how many were refused.

    A fact is {"text": words, "quote": words, "category": one of CATEGORIES, "tags": [words], "about": name of
    somebody else, or nothing}. Without a quote of the person's own it is thrown away, and so are secrets.
    """
    lines = [(one.message_id, plain(one.text)) for one in said if one.author_id == person_id]
    judged = [_candidate(one, lines) for one in found[:MOST_LOOKED_AT] if isinstance(one, Mapping)]
    held: dict[tuple[str, str], Candidate] = {}
    for one in judged:
        if one is not None:
            held.setdefault((plain(one.text), one.subject), one)
    kept = list(held.values())[:MOST]
    return kept, len(found) - len(kept)


def _candidate(fact: Mapping[str, Any], lines: Sequence[tuple[int, str]]) -> Candidate | None:
    text, quote = clean(fact.get("text")), clean(fact.get("quote"))
    words = plain(quote)
    sources = tuple(message_id for message_id, line in lines if stands_in(line, words))
    if len(text) < SHORTEST or not sources or holds_secret(text):
        return None
    category = fact.get("category")
    return Candidate(
        text,
        category if category in CATEGORIES else OTHER,
        _tags(fact.get("tags")),
        quote,
        sources,
        clean(fact.get("about"))[:80],
    )


def _tags(tags: object) -> tuple[str, ...]:
    words = [clean(one).casefold() for one in tags] if isinstance(tags, list) else []
    fitting = (one for one in words if 0 < len(one) <= LONGEST_TAG)
    return tuple(dict.fromkeys(fitting))[:MOST_TAGS]


def _unquoted(text: str) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(">>> "):  # from here on all of it is quoted
            return "\n".join(_own(lines[:number]))
    return "\n".join(_own(lines))


def _own(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if not line.startswith("> "))
