"""What kind of talk this is: technical, casual, formal, creative or educational, told from its words."""

from collections.abc import Sequence
from typing import NamedTuple

from personas.selection.topic_signs import signs_in

CONTEXTS = ("technical", "casual", "formal", "creative", "educational")
"""The contexts there are; of two with equal signs, the one named first (F102)."""
USUAL = "casual"
"""What talk is that shows no sign of anything."""
LOOK_BACK = 4
"""Messages that are looked at, the newest ones."""
LONGEST = 2000
"""Characters of a message that are looked at, its first ones."""
FADING = 0.6
"""What a sign in the message before counts, against one in the newest."""

# Chat full of one or two stray words of work or school is still chat; from here on a sign is enough.
_HEAD_START = 0.5
_ENOUGH = 2.0


_ASKING = frozenset({"what", "what's", "who", "who's", "when", "where", "which", "why", "how"})
# Who asks about the world leaves out the two that are talking, and today.
_ME_AND_YOU = {"i", "i'm", "i've", "my", "me", "you", "your", "you're", "u", "ur", "we", "our", "us"}
_HERE = {"this", "that", "these", "it", "today", "tonight", "tomorrow", "up", "so"}


class Context(NamedTuple):
    """The kind of talk, and how sure that is, from 0 to 1."""

    name: str
    confidence: float


def context_of(texts: Sequence[str]) -> Context:
    """Return what kind of talk the newest of `texts` make, the newest last, and how sure that is (F102).

    Told from words of English and from shapes, such as code and asterisks; always the same for the
    same texts. Talk without a sign is casual, with a confidence of 0.
    """
    points = dict.fromkeys(CONTEXTS, 0.0)
    for age, text in enumerate(reversed(texts[-LOOK_BACK:])):
        for context, worth in signs_in(text[:LONGEST]):
            points[context] += worth * FADING**age
    for context, worth in _shapes(texts[-1][:LONGEST].strip() if texts else ""):
        points[context] += worth
    if not any(points.values()):
        return Context(USUAL, 0.0)
    points[USUAL] += _HEAD_START
    best, second = sorted(points.values(), reverse=True)[:2]
    sure = (best - second) / (best + second) * min(1.0, best / _ENOUGH)
    return Context(max(CONTEXTS, key=lambda name: points[name]), round(sure, 3))


def _shapes(text: str) -> list[tuple[str, float]]:
    """Return what the newest message's way of writing speaks for: lower case is chat, care is a letter."""
    words = text.split()
    if not words:
        return []
    bare = text == text.lower() and text[-1] not in ".?!:"
    careful = len(words) >= 10 and text[0].isupper() and text[-1] in ".?" and "'" not in text
    verses = text.count("\n") >= 3 and all(len(line) < 60 for line in text.split("\n")) and "`" not in text
    return [
        ("casual", 0.5 * bare + 0.3 * (len(words) <= 4)),
        ("formal", 0.45 * careful + 0.6 * (careful and _letters(words) >= 4.9)),
        ("creative", 1.0 * verses),
        ("educational", 2.0 * _asks_about_the_world(text)),
    ]


def _letters(words: Sequence[str]) -> float:
    """Return the letters of an average word: letters have longer ones than chat."""
    return sum(map(len, words)) / len(words)


def _asks_about_the_world(text: str) -> bool:
    """Return whether the last line is a short question in which nobody who is here comes up."""
    words = text.lower().rsplit("\n", 1)[-1].rstrip("?! ").split()
    asks = words[:1] and (words[0] in _ASKING or words[:2] in (["is", "a"], ["is", "an"], ["are", "all"]))
    return bool(asks) and 3 <= len(words) <= 16 and (_ME_AND_YOU | _HERE).isdisjoint(words)
