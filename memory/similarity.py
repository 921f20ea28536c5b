"""Whether a new fact is a known one in other words, may be, or is new; a wrong merge destroys truth (C53)."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import regex

from memory.similarity_words import (
    ARTICLES,
    BEFORE_DOING,
    COPULAS,
    FRAMING,
    JOINING,
    LIGHT,
    MONTHS,
    MOVABLE,
    ORDINALS,
    PEOPLE,
    PHRASES,
    PREPOSITIONS,
    SMALL_NUMBERS,
    SUBJECTS,
    SYNONYMS,
    TENS,
    VERBS,
)
from memory.words import every_word, stem

SURE = 0.92
"""From this cosine on two facts with the same numbers, names, negation and tense are one."""
LIKELY = 0.70
"""Below this cosine a fact is new, unless it is about the same or has a third of the words in common."""
MOST_NEIGHBOURS = 5
ALWAYS_SHOWN = 2
"""So many of the likest known facts are put to the model whatever their cosine: models differ in theirs."""
SUBJECT_WORTH = 0.3
"""What being about the same adds to how alike two facts are, when the likest are chosen."""
LONGEST_STEM = 6
"""Letters by which two words are forms of one, where it is only about asking."""
OVERLAP = 0.3
"""Share of the shorter fact's words in the other from which two facts are put to the model, too."""


class Verdict(StrEnum):
    """What a new fact is beside a known one."""

    SAME = "same"
    ASK = "ask"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class FactReading:
    """A fact as it is compared: its words, those that carry its sense, and what it is about."""

    plain: tuple[str, ...]
    sense: tuple[str, ...]
    sides: tuple[tuple[str, ...], ...]
    prepositions: frozenset[str]
    people: frozenset[str]
    subjects: frozenset[int]
    stems: frozenset[str]


def compare(new: str, old: str, cosine: float | None) -> Verdict:
    """Return what a new fact is beside a known one, by their words and the cosine of their vectors, if any.

    SAME where the wording alone differs: the same words in the same order but for synonyms and small words,
    whatever the cosine; or, from SURE on, in another order that says the same. ASK where only a model can
    tell a paraphrase from an update. Numbers, names, negation and tense always have to be the same.
    """
    one, other = reading(new), reading(old)
    if _equal(one, other) or ((cosine is None or cosine >= SURE) and _reordered(one, other)):
        return Verdict.SAME
    shared = _overlap(one, other) >= OVERLAP or not one.subjects.isdisjoint(other.subjects)
    alike = cosine is not None and cosine >= LIKELY
    return Verdict.ASK if shared or alike else Verdict.NEW


def neighbours(new: str, known: Iterable[tuple[str, float | None]]) -> list[int]:
    """Return the places of the known facts, given with their cosines, that a model has to look at.

    At most MOST_NEIGHBOURS, the likest first: by their cosines, or else by the share of common words, and by
    what they are about.
    """
    ranked = sorted(
        (
            (likeness(new, old, cosine), cosine, compare(new, old, cosine), place)
            for place, (old, cosine) in enumerate(known)
        ),
        key=lambda one: -one[0],
    )
    shown = [
        place
        for rank, (_, cosine, verdict, place) in enumerate(ranked)
        if verdict is Verdict.ASK or (verdict is Verdict.NEW and cosine is not None and rank < ALWAYS_SHOWN)
    ]
    return shown[:MOST_NEIGHBOURS]


def likeness(new: str, old: str, cosine: float | None) -> float:
    """Return how alike two facts are, to be put in order by it."""
    one, other = reading(new), reading(old)
    about_the_same = not one.subjects.isdisjoint(other.subjects)
    return (_overlap(one, other) if cosine is None else cosine) + SUBJECT_WORTH * about_the_same


def _overlap(one: FactReading, other: FactReading) -> float:
    shorter = min(len(one.stems), len(other.stems))
    return len(one.stems & other.stems) / shorter if shorter else 0.0


def _equal(one: FactReading, other: FactReading) -> bool:
    if one.plain == other.plain:
        return True
    return bool(one.sense) and one.sense == other.sense and _fit(one, other)


def _reordered(one: FactReading, other: FactReading) -> bool:
    return _fit(one, other) and (_turned(one, other) or _moved(one, other))


def _fit(one: FactReading, other: FactReading) -> bool:
    """Return whether the light words allow two facts to be the same: "her boss" is not "his boss"."""
    if one.people and other.people and one.people != other.people:
        return False
    return one.prepositions <= other.prepositions or other.prepositions <= one.prepositions


def _turned(one: FactReading, other: FactReading) -> bool:
    """Return whether "Sam is their best friend" stands against "Their best friend is Sam"."""
    return len(one.sides) == 2 and all(one.sides) and one.sides == other.sides[::-1]


def _moved(one: FactReading, other: FactReading) -> bool:
    """Return whether only words of time and manner stand elsewhere, in a fact that is one statement."""
    if not one.sense or not JOINING.isdisjoint(one.sense):
        return False
    return _parted(one.sense) == _parted(other.sense)


def _parted(sense: Sequence[str]) -> tuple[list[str], list[str]]:
    return [word for word in sense if word not in MOVABLE], [word for word in sense if word in MOVABLE]


@lru_cache(maxsize=4096)
def reading(text: str) -> FactReading:
    """Return a fact as it is compared."""
    tokens = _phrased(_numbered(_tokens(text)))
    sides = tuple(tuple(_sense(side)) for side in _split_at_is(tokens))
    surface = frozenset(tokens)
    folded = f"{' '.join(every_word(text))} {text}"
    return FactReading(
        plain=tuple(tokens) or (text,),
        sense=tuple(_dated(_named(list(_sense(tokens))))),
        sides=sides,
        prepositions=surface & PREPOSITIONS,
        people=frozenset(PEOPLE[word] for word in tokens if word in PEOPLE),
        subjects=frozenset(place for place, words in enumerate(_SUBJECTS) if words.search(folded)),
        stems=frozenset(_stems(tokens)),
    )


def _stems(tokens: Iterable[str]) -> Iterator[str]:
    """Yield the beginnings of words, which their forms share, or each sign where no spaces are set."""
    for word in tokens:
        if _UNSPACED.search(word):
            yield from _UNSPACED.findall(word)
        elif word not in FRAMING:
            yield stem(SYNONYMS.get(word, word).removesuffix("'s"))[:LONGEST_STEM]


def _subject(words: str) -> "regex.Pattern[str]":
    """Return a pattern for what facts are about: see SUBJECTS."""
    spaced: list[str] = []
    unspaced: list[str] = []
    for word in words.split():
        (spaced if word.isascii() else unspaced).append(word.replace("*", r"\w*"))
    return regex.compile("|".join([rf"\b(?:{'|'.join(spaced)})\b", *unspaced]))


_SUBJECTS = tuple(map(_subject, SUBJECTS))
_UNSPACED = regex.compile(r"[\p{Han}\p{Thai}]|\p{Katakana}+")
_WORD = regex.compile(
    r"(?<![\p{L}\p{N}])-(?=\d)|\p{N}+(?:[.,:/]\p{N}+)*|[\p{L}\p{M}_]+(?:'[\p{L}\p{M}]+)*|[\p{S}#&%@*]"
)
_THOUSANDS = regex.compile(r"\d{1,3}(?:,\d{3})+")
_SHORTENED = tuple(
    (regex.compile(pattern), full)
    for pattern, full in (
        (r"\bwon't\b", "will not"),
        (r"\b(?:can't|cannot)\b", "can not"),
        (r"n't\b", " not"),
        (r"\b(it|he|she|that|there|what|who)'s\b", r"\1 is"),
        (r"(?<=\w)'s name is\b", " named"),
        (r"'m\b", " am"),
        (r"'re\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"(?<=\d)(?:st|nd|rd|th)\b", ""),
    )
)


def _tokens(text: str) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    for pattern, full in _SHORTENED:
        text = pattern.sub(full, text)
    for found in _WORD.finditer(text):
        word = found[0]
        if word not in ARTICLES:
            yield word.replace(",", "") if _THOUSANDS.fullmatch(word) else word


_VALUES = (
    {word: number for number, word in enumerate(SMALL_NUMBERS)}
    | {word: 10 * number for number, word in enumerate(TENS, 2)}
    | {word: number for number, word in enumerate(ORDINALS, 1)}
)


def _numbered(tokens: Iterable[str]) -> Iterator[str]:
    """Write numbers as digits; "thirty four" is one of them."""
    tens = ""
    for word in tokens:
        value = _VALUES.get(word)
        if tens and (value is None or not 0 < value < 10):
            yield tens
            tens = ""
        if word in TENS:
            tens = str(value)
        elif value is None:
            yield word
        else:
            yield str(int(tens or 0) + value)
            tens = ""
    if tens:
        yield tens


def _phrased(tokens: Iterable[str]) -> list[str]:
    text = f" {' '.join(tokens)} "
    for phrase, shorter in PHRASES.items():
        text = text.replace(f" {phrase} ", f" {shorter} ")
    return text.split()


_BY_FIRST_LETTERS = {month[:3]: month for month in MONTHS} | {"sept": "september"}


def _sense(tokens: Iterable[str]) -> Iterator[str]:
    """Return the words that carry the sense, each group of equal ones as one word; the tense stays."""
    before, first = "", True
    for word in tokens:
        if word not in LIGHT:
            yield _BY_FIRST_LETTERS.get(word) or _meant(word, before, first=first)
            first = False
        before = word


def _meant(word: str, before: str, *, first: bool) -> str:
    """Return the word that stands for one and its like, by the word before it.

    "Works" is what somebody does where a fact begins with it, "working" behind "is"; "is like Tom" tells of
    no liking.
    """
    verb = VERBS.get(word)
    if verb is None:
        return SYNONYMS.get(word, word)
    if word.endswith("ing"):
        return SYNONYMS.get(verb, verb) if before in BEFORE_DOING else word
    if before in COPULAS:
        return f"{word}, a thing"
    return SYNONYMS.get(verb, verb) if first or word == verb else word


def _named(words: Sequence[str]) -> Sequence[str]:
    """Say "a cat named Miso" for "has a cat named Miso"."""
    return words[1:] if words[:1] == ["have"] and "named" in words else words


def _dated(words: Iterable[str]) -> Iterator[str]:
    """Write "3 may" as "may 3"."""
    held = ""
    for word in words:
        if held and word in MONTHS:
            yield from (word, held)
            held = ""
            continue
        if held:
            yield held
        held = word if word.isdigit() else ""
        if not held:
            yield word
    if held:
        yield held


def _split_at_is(tokens: list[str]) -> list[list[str]]:
    """Return what stands on both sides of the only "is", or all of it where there are none or several."""
    if tokens.count("is") != 1:
        return [tokens]
    place = tokens.index("is")
    return [tokens[:place], tokens[place + 1 :]]
