"""Comparison of facts: same, doubtful or new; strict, because a wrong merge destroys information (C53)."""

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
"""Cosine from which two facts with the same numbers, names, negation and tense are the same."""
LIKELY = 0.70
"""Cosine below which a fact is new, unless it shares the subject or a third of the words."""
MOST_NEIGHBOURS = 5
ALWAYS_SHOWN = 2
"""Number of nearest facts shown to the model whatever their cosine, because models differ in scale."""
SUBJECT_WORTH = 0.3
"""Bonus for the same subject in the ranking of similar facts."""
LONGEST_STEM = 6
"""Prefix length that word forms share, used only to choose the facts that a model compares."""
OVERLAP = 0.3
"""Share of the shorter fact's words in the other from which a model compares both."""


class Verdict(StrEnum):
    """Result of comparing a new fact with a known one."""

    SAME = "same"
    ASK = "ask"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class FactReading:
    """A fact prepared for comparison: its words, its meaningful words, and its subjects."""

    plain: tuple[str, ...]
    sense: tuple[str, ...]
    sides: tuple[tuple[str, ...], ...]
    prepositions: frozenset[str]
    people: frozenset[str]
    subjects: frozenset[int]
    stems: frozenset[str]


def compare(new: str, old: str, cosine: float | None) -> Verdict:
    """Compare a new fact with a known one by their words and the cosine of their vectors, if any.

    SAME if only the wording differs: the same words in the same order apart from synonyms and small words,
    whatever the cosine; or, from SURE on, an equivalent order. ASK if only a model can tell a paraphrase from
    an update. Numbers, names, negation and tense must always be equal.
    """
    first, second = reading(new), reading(old)
    if _equal(first, second) or ((cosine is None or cosine >= SURE) and _reordered(first, second)):
        return Verdict.SAME
    shared = _overlap(first, second) >= OVERLAP or not first.subjects.isdisjoint(second.subjects)
    alike = cosine is not None and cosine >= LIKELY
    return Verdict.ASK if shared or alike else Verdict.NEW


def neighbours(new: str, known: Iterable[tuple[str, float | None]]) -> list[int]:
    """Return the indices of the known facts, given with their cosines, that a model has to compare.

    At most MOST_NEIGHBOURS, most similar first: by cosine, or else by the share of common words, and by
    subject.
    """
    ranked = sorted(
        (
            (likeness(new, old, cosine), cosine, compare(new, old, cosine), place)
            for place, (old, cosine) in enumerate(known)
        ),
        key=lambda entry: -entry[0],
    )
    shown = [
        place
        for rank, (_, cosine, verdict, place) in enumerate(ranked)
        if verdict is Verdict.ASK or (verdict is Verdict.NEW and cosine is not None and rank < ALWAYS_SHOWN)
    ]
    return shown[:MOST_NEIGHBOURS]


def likeness(new: str, old: str, cosine: float | None) -> float:
    """Return the similarity of two facts, for ranking."""
    first, second = reading(new), reading(old)
    about_the_same = not first.subjects.isdisjoint(second.subjects)
    return (_overlap(first, second) if cosine is None else cosine) + SUBJECT_WORTH * about_the_same


def _overlap(first: FactReading, second: FactReading) -> float:
    shorter = min(len(first.stems), len(second.stems))
    return len(first.stems & second.stems) / shorter if shorter else 0.0


def _equal(first: FactReading, second: FactReading) -> bool:
    if first.plain == second.plain:
        return True
    return bool(first.sense) and first.sense == second.sense and _fit(first, second)


def _reordered(first: FactReading, second: FactReading) -> bool:
    return _fit(first, second) and (_turned(first, second) or _moved(first, second))


def _fit(first: FactReading, second: FactReading) -> bool:
    """Return whether the light words permit two facts to be the same: "her boss" is not "his boss"."""
    if first.people and second.people and first.people != second.people:
        return False
    return first.prepositions <= second.prepositions or second.prepositions <= first.prepositions


def _turned(first: FactReading, second: FactReading) -> bool:
    """Return whether the sides of "is" are swapped: "Sam is their friend", "Their friend is Sam"."""
    return len(first.sides) == 2 and all(first.sides) and first.sides == second.sides[::-1]


def _moved(first: FactReading, second: FactReading) -> bool:
    """Return whether two single statements differ only in the position of words of time and manner."""
    if not first.sense or not JOINING.isdisjoint(first.sense):
        return False
    return _parted(first.sense) == _parted(second.sense)


def _parted(sense: Sequence[str]) -> tuple[list[str], list[str]]:
    return [word for word in sense if word not in MOVABLE], [word for word in sense if word in MOVABLE]


@lru_cache(maxsize=4096)
def reading(text: str) -> FactReading:
    """Prepare a fact for comparison."""
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
    """Yield word prefixes, which inflected forms share, or single characters of scripts without spaces."""
    for word in tokens:
        if _UNSPACED.search(word):
            yield from _UNSPACED.findall(word)
        elif word not in FRAMING:
            yield stem(SYNONYMS.get(word, word).removesuffix("'s"))[:LONGEST_STEM]


def _subject(words: str) -> "regex.Pattern[str]":
    """Return the pattern of a subject: see SUBJECTS."""
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
    """Write numbers as digits; "thirty four" becomes one number."""
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
    """Yield the meaningful words, with synonyms unified; the tense stays."""
    before, first = "", True
    for word in tokens:
        if word not in LIGHT:
            yield _BY_FIRST_LETTERS.get(word) or _meant(word, before, first=first)
            first = False
        before = word


def _meant(word: str, before: str, *, first: bool) -> str:
    """Return the representative of a word's synonyms, given the word before it.

    "Works" is a verb at the start of a fact, "working" is one after "is"; "is like Tom" is about no liking.
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
    """Turn "has a cat named Miso" into "a cat named Miso"."""
    return words[1:] if words[:1] == ["have"] and "named" in words else words


def _dated(words: Iterable[str]) -> Iterator[str]:
    """Turn "3 may" into "may 3"."""
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
    """Split at the only "is"; return a single part if there is none or several."""
    if tokens.count("is") != 1:
        return [tokens]
    place = tokens.index("is")
    return [tokens[:place], tokens[place + 1 :]]
