"""Detection of the kind of talk: technical, casual, formal, creative or educational."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

CONTEXTS = ("technical", "casual", "formal", "creative", "educational")
"""The contexts; of two with equal points, the earlier (F102)."""
USUAL = "casual"
"""The context of talk without any sign."""
LOOK_BACK = 4
"""Number of newest messages examined."""
LONGEST = 2000
"""Number of characters examined at the start of a message."""
FADING = 0.6
"""Factor of a sign's worth per message of age."""

MOST_FINDS = 3
"""Maximum number of finds of a sign that count in a message."""

# One or two stray words of work or school don't change chat; from this total on signs suffice.
_HEAD_START = 0.5
_ENOUGH = 2.0


_ASKING = frozenset({"what", "what's", "who", "who's", "when", "where", "which", "why", "how"})
# Questions about the world don't mention the speakers or the present.
_ME_AND_YOU = {"i", "i'm", "i've", "my", "me", "you", "your", "you're", "u", "ur", "we", "our", "us"}
_HERE = {"this", "that", "these", "it", "today", "tonight", "tomorrow", "up", "so"}


class Context(NamedTuple):
    """The kind of talk, and its confidence, from 0 to 1."""

    name: str
    confidence: float


def context_of(texts: Sequence[str]) -> Context:
    """Return the kind of talk in the newest of `texts`, newest last, and its confidence (F102).

    It is detected from English words and from forms such as code and asterisks; deterministic. Talk without a
    sign is casual, with confidence 0.
    """
    points = dict.fromkeys(CONTEXTS, 0.0)
    for age, text in enumerate(reversed(texts[-LOOK_BACK:])):
        for context, worth in _signs_in(text[:LONGEST]):
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
    """Return contexts suggested by the newest message's style: lower case is casual, careful formal."""
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
    """Return the average word length: formal letters have longer words than chat."""
    return sum(map(len, words)) / len(words)


def _asks_about_the_world(text: str) -> bool:
    """Return whether the last line is a short question that mentions nobody present."""
    words = text.lower().rsplit("\n", 1)[-1].rstrip("?! ").split()
    asks = words[:1] and (words[0] in _ASKING or words[:2] in (["is", "a"], ["is", "an"], ["are", "all"]))
    return bool(asks) and 3 <= len(words) <= 16 and (_ME_AND_YOU | _HERE).isdisjoint(words)


# Signs: the words of topic_words.toml, phrases and forms.


class TopicSign(NamedTuple):
    """A sign of a context, and the worth of each of its first finds."""

    context: str
    worth: float
    looks_like: re.Pattern[str]


def _words() -> dict[tuple[str, float], list[str]]:
    """Return the listed words, by context and worth."""
    tables = tomllib.loads(Path(__file__).with_name("topic_words.toml").read_text("utf-8"))["words"]
    return {
        (table["context"], table["worth"]): " ".join(table["listed"].split()).split(", ") for table in tables
    }


_WORDS = _words()

_MADE_UP = (
    "poem|story|stories|song|haiku|limerick|tale|scene|verse|rap|sonnet|ballad|lyrics|monologue|spell|myth"
    "|legend|villain|name|slogan|riddle"
)
_INVENT = r"(?:write|make|tell|give|compose|invent) (?:me |us )?(?:an?|another|some|five|ten)"
_ASKED = r"^(?:please |now |ok |can you |could you |hey )*"
_HAPPENS = "work|form|happen|cause|produce|make|move|breathe|know|start|end|fly|grow|get"

_PHRASES: tuple[tuple[str, float, str], ...] = (
    (
        "educational",
        1.5,
        rf"how (?:do|does|did|can) (?!i\b|we\b|you\b)(?:the |a |an )?\w+(?: \w+)? (?:{_HAPPENS})\w*",
    ),
    (
        "educational",
        1.5,
        r"why (?:is|are|do|does|did|was|were) (?:the|a|an|we|people|plants|animals|some|there)",
    ),
    ("educational", 1.5, r"what (?:causes|caused|does .{1,40} mean)"),
    (
        "educational",
        1.5,
        r"how do (?:you|i|we) (?:say|pronounce|spell|use|calculate|solve|find the)|when do you use",
    ),
    ("educational", 1.5, r"\d* ?[a-z] ?[-+*/^=] ?-?\d+|\d+ ?[-+*/^] ?\d+ ?="),
    ("educational", 2.0, r"i don'?t (?:understand|get) (?:why|how|what)"),
    ("creative", 2.5, rf"{_INVENT} (?:[\w-]+ ){{0,3}}?(?:{_MADE_UP})s?"),
    (
        "creative",
        1.5,
        rf"{_ASKED}(?:write|describe|pretend|finish|design|compose|rewrite|continue|draw|create|narrate|invent)",
    ),
    ("creative", 1.0, r"what would (?:an?|the) \w+"),
    ("creative", 1.5, r"(?:need|want|find|suggest) (?:me )?(?:an?|some) (?:name|title|rhyme|motto|slogan)s?"),
    ("creative", 1.5, r"(?:come|coming) up with"),
    ("creative", 2.0, r"^you(?:'re| are) an? (?:[\w-]+ ){1,5}?(?:who|in|at|from|on|with|and)"),
    ("creative", 1.5, r"if (?:the )?\w+ (?:was|were|had|could) (?!i\b|we\b|you\b)\w+"),
    ("creative", 1.0, r"(?:name|call|title)s? (?:for|of) (?:my|the|a|an|our|this) \w+"),
    ("formal", 2.5, r"could you (?:please|kindly) (?:provide|confirm|advise|review|clarify|send|forward)"),
    ("formal", 2.0, r"^dear \w+(?: \w+){0,3},"),
    ("formal", 1.0, r"please (?:do |do not )?[a-z]+ [^\n]{8,200}[.]"),
    ("formal", 1.5, r"good (?:morning|afternoon|day|evening), (?:mr|mrs|ms|dr|everyone|colleagues|team|sir)"),
)

_SHAPES: tuple[TopicSign, ...] = (
    TopicSign(
        "technical",
        3.0,
        re.compile(r"```|^Traceback |^\s*(?:def|class|import|#include|sudo|npm|pip)\b", re.MULTILINE),
    ),
    TopicSign(
        "technical", 2.0, re.compile(r"`[^`\n]{1,200}`|\b\w+\(\)|\b[a-z]+(?:_[a-z]+)+\b|\b[a-z]+[A-Z]\w*\(")
    ),
    TopicSign(
        "technical", 2.0, re.compile(r"\b\w+\.(?:py|js|ts|rs|go|cpp|java|json|ya?ml|toml|env|log|sh|exe)\b")
    ),
    TopicSign(
        "technical", 1.5, re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|\b[45]\d\d error\b|\berror [45]\d\d\b")
    ),
    TopicSign("creative", 2.0, re.compile(r"(?<![\w*])\*(?![\s*])[^*\n]{4,120}(?<![\s*])\*(?![\w*])")),
    TopicSign(
        "casual",
        1.0,
        re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|[:;]-?[)(DPp3]|<3|\\^_?\\^|\\bx+D+\\b"),
    ),
)


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _written(word: str) -> str:
    """Return a listed word, which may have several parts, as a pattern."""
    return f"{re.escape(word[:-1])}\\w*" if word.endswith("*") else f"{re.escape(word)}s?"


def _all_signs() -> Iterator[TopicSign]:
    for (context, worth), words in _WORDS.items():
        if marked := [word for word in words if not _PLAIN.fullmatch(word)]:
            yield TopicSign(context, worth, _whole("|".join(map(_written, marked))))
    for context, worth, pattern in _PHRASES:
        yield TopicSign(context, worth, _whole(pattern))
    yield from _SHAPES


_PLAIN = re.compile(r"\w+\*?")
_SIGNS = tuple(_all_signs())
# Hundreds of patterns would double the time per message.
_LISTED = {word: table for table, words in _WORDS.items() for word in words if _PLAIN.fullmatch(word)}
_SHORTEST, _LONGEST = (pick(map(len, _LISTED)) for pick in (min, max))


def _signs_in(text: str) -> Iterator[tuple[str, float]]:
    """Yield the context of each sign in a text, and the total worth of its finds."""
    listed = Counter(table for word in re.findall(r"\w+", text.lower()) if (table := _table_of(word)))
    for (context, worth), finds in listed.items():
        yield context, worth * min(MOST_FINDS, finds)
    for sign in _SIGNS:
        yield sign.context, sign.worth * min(MOST_FINDS, len(sign.looks_like.findall(text)))


def _table_of(word: str) -> tuple[str, float] | None:
    """Return the table of a word: listed itself, as a plural, or by its prefix."""
    found = _LISTED.get(word) or _LISTED.get(word.removesuffix("s"))
    if found:
        return found
    ends = range(min(len(word), _LONGEST), _SHORTEST - 1, -1)
    return next((_LISTED[f"{word[:end]}*"] for end in ends if f"{word[:end]}*" in _LISTED), None)
