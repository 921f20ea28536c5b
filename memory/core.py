"""Core memory: what a model proposes to change about it, and what of that is let through (C50)."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

LONGEST = 500
"""Characters of one memory at most (F084)."""
MOST_REMOVED = 0.2
"""The share of somebody's memories that one answer of a model may remove (C50)."""
LEAST_LEFT = 0.5
"""The share of a memory's length that must be left when a model replaces it."""
KEPT_WORDS = 0.6
"""The share of a memory's longer words that must be left when it is joined with others."""
_FEWEST_WORDS, _SHORTEST_QUOTE = 3, 12
"""A quote of fewer words, and shorter, says too little to bear anything out."""
_STEM = 4
_SPACE = regex.compile(r"\s+")
_HIDDEN = regex.compile(r"(?!\s)\p{Cc}")
_QUOTES = regex.compile(r"[\"'“”‘’«»]")
_NUMBER = regex.compile(r"\d+(?:[.,:]\d+)*")
_WORD = regex.compile(r"[\p{L}\p{M}]+")
_UNSPACED = regex.compile(r"\p{Lo}[\p{Lo}\p{M}]*")
_BEGINNING = regex.compile(r"(?:^|[.!?:;]\s)\W*$")
_BEGINNERS = """
    a an and are at but did does had has hates have he her his i if in is it likes lives loves my not now on
    our she some that the their there these they this those wants was we were when works you your
"""
_NOTS = """
    no not never none nothing nobody nor without cannot nicht nie kein keine keinen nichts ohne
    nunca nada sin jamás ne pas jamais rien sans
"""
_COMMON = frozenset(_BEGINNERS.split())
"""Words that begin a sentence with a capital letter and are no name."""
_NEGATIONS = frozenset(_NOTS.split())
_NOT = regex.compile(r"n['’]t\b")
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")
"""What can be seen of a text."""


@dataclass(frozen=True, slots=True)
class KnownMemory:
    """A memory as the model is shown it: `number` counts from 1 over all that it is shown."""

    number: int
    id: int
    person_id: int
    text: str
    pinned: bool = False
    place: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A line that a memory may come from."""

    message_id: int
    author_id: int
    text: str


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """A change that holds: a new memory (`id` None), a new text for one, or, with no `text`, its end.

    `quote` is what the person said, and `sources` the messages in which they said it.
    """

    person_id: int
    id: int | None = None
    text: str | None = None
    quote: str = ""
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """Several memories of a person as one: the first of `ids` gets the text, the others go."""

    ids: tuple[int, ...]
    text: str


def judge(
    operations: Sequence[Mapping[str, Any]],
    *,
    known: Sequence[KnownMemory],
    said: Sequence[SaidLine],
    people: Mapping[str, int],
) -> tuple[list[MemoryChange], int]:
    """Return the changes that hold, and how many of the operations were refused (C50, C52).

    An operation is {"op": "add" | "replace" | "remove", "person": label, "number": n, "text": words,
    "quote": words}. New words need a quote that the person really said. `people` are those who may be
    remembered, by label. If more than a fifth of somebody's memories would go, the whole answer counts for
    nothing about them; what is pinned stays as it is.
    """
    found = [_judged(one, known, said, people) for one in operations]
    changes = [change for change in found if change is not None]
    changes = _each_once(changes)
    for person_id in {change.person_id for change in changes}:
        theirs = sum(one.person_id == person_id for one in known)
        removed = sum(one.person_id == person_id and one.text is None for one in changes)
        if removed > MOST_REMOVED * theirs:
            changes = [one for one in changes if one.person_id != person_id]
    return changes, len(operations) - len(changes)


def merge(groups: Sequence[Mapping[str, Any]], known: Sequence[KnownMemory]) -> list[Merged] | None:
    """Return how memories are joined (F067), or None when anything would be lost.

    A group is {"from": [numbers], "text": words}. Each memory has to be in exactly one group; all of a
    group are of one person and were said in one place. Every number and name in them survives, every "not",
    and most of the other words; no number is made up.
    """
    by_number = {one.number: one for one in known}
    used = [number for group in groups for number in _numbers(group)]
    if sorted(used) != sorted(by_number):
        return None
    merged = []
    for group in groups:
        joined = [by_number[number] for number in _numbers(group)]
        text = clean(group.get("text"))
        if not text or not _keeps_everything(joined, text):
            return None
        if len(joined) > 1 or text != joined[0].text:
            merged.append(Merged(tuple(one.id for one in joined), text))
    return merged


def clean(text: object) -> str:
    """Return a memory's words as one line that can be kept; "" for what is no text, is empty or too long."""
    if not isinstance(text, str):
        return ""
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    line = _SPACE.sub(" ", _HIDDEN.sub("", paired)).strip().removeprefix("- ")
    return line if len(line) <= LONGEST else ""


def sources_of(quote: str, said: Sequence[SaidLine], person_id: int) -> tuple[int, ...]:
    """Return the person's own messages in which the quoted words stand (C52)."""
    return tuple(line.message_id for line in said if line.author_id == person_id and holds(line.text, quote))


def holds(text: str, quote: str) -> bool:
    """Say whether quoted words stand in a text: whole words, and enough of them to say something."""
    return stands_in(plain(text), plain(quote))


def stands_in(whole: str, words: str) -> bool:
    """Say the same of a text and of quoted words that are plain already."""
    if words not in whole or not words:
        return False
    if len(words.split()) < _FEWEST_WORDS and len(words) < _SHORTEST_QUOTE and words != whole:
        return False
    return regex.search(rf"(?<!\w){regex.escape(words)}(?!\w)", whole) is not None


def plain(text: str) -> str:
    """Return a text as quotes are compared: letter case, spaces and kinds of quotes left aside."""
    return _SPACE.sub(" ", _QUOTES.sub("", _folded(text))).strip()


def _judged(
    operation: Mapping[str, Any],
    known: Sequence[KnownMemory],
    said: Sequence[SaidLine],
    people: Mapping[str, int],
) -> MemoryChange | None:
    verb = operation.get("op")
    if verb == "add":
        person_id = people.get(str(operation.get("person", "")))
        return None if person_id is None else _worded(operation, said, person_id)
    one = next((one for one in known if one.number == operation.get("number")), None)
    if one is None or one.pinned or one.person_id not in people.values():
        return None
    if verb == "remove":
        quote = clean(operation.get("quote"))
        sources = sources_of(quote, said, one.person_id)
        return MemoryChange(one.person_id, one.id, None, quote, sources) if sources else None
    if verb != "replace":
        return None
    change = _worded(operation, said, one.person_id, memory_id=one.id)
    shrunken = change is not None and len(change.text or "") < LEAST_LEFT * len(one.text)
    return None if shrunken else change


def _worded(
    operation: Mapping[str, Any], said: Sequence[SaidLine], person_id: int, *, memory_id: int | None = None
) -> MemoryChange | None:
    """Return a change with new words, if the person's own words bear it out."""
    text, quote = clean(operation.get("text")), clean(operation.get("quote"))
    sources = sources_of(quote, said, person_id)
    return MemoryChange(person_id, memory_id, text, quote, sources) if text and sources else None


def _each_once(changes: Sequence[MemoryChange]) -> list[MemoryChange]:
    """Leave one change for each memory, and each new memory once."""
    kept: dict[object, MemoryChange] = {}
    for change in changes:
        kept.setdefault(change.id or (change.person_id, plain(change.text or "")), change)
    return list(kept.values())


def _numbers(group: Mapping[str, Any]) -> list[int]:
    numbers = group.get("from")
    return [one for one in numbers if isinstance(one, int)] if isinstance(numbers, list) else []


def _keeps_everything(joined: Sequence[KnownMemory], text: str) -> bool:
    if not joined or len({(one.person_id, one.place) for one in joined}) > 1:
        return False
    if any(one.pinned for one in joined):
        return len(joined) == 1 and text == joined[0].text
    numbers = {number for one in joined for number in _NUMBER.findall(one.text)}
    if numbers != set(_NUMBER.findall(text)) or sum(_nots(one.text) for one in joined) > _nots(text):
        return False
    return all(_keeps(one.text, _folded(text)) for one in joined)


def _keeps(text: str, joined: str) -> bool:
    """Say whether the names of a memory and most of its words stand in a folded text."""
    words = set(_WORD.findall(joined))
    if not all(name in words for name in _names(text)):
        return False
    if not all(run in joined for run in _UNSPACED.findall(_folded(text))):
        return False
    stems = {word[:_STEM] for word in words}
    spaced = _UNSPACED.sub(" ", _folded(text))
    longer = [word[:_STEM] for word in _WORD.findall(spaced) if len(word) >= _STEM]
    return sum(stem in stems for stem in longer) >= KEPT_WORDS * len(longer)


def _names(text: str) -> Iterator[str]:
    """Yield what may be a name, folded: a word with a capital letter, unless it only begins a sentence."""
    for word in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        capital = any(letter.isupper() or letter.istitle() for letter in word[0])
        folded = word[0].casefold()
        if capital and not (folded in _COMMON and _BEGINNING.search(word.string, endpos=word.start())):
            yield folded


def _nots(text: str) -> int:
    folded = _folded(text)
    return len(_NOT.findall(folded)) + sum(word in _NEGATIONS for word in _WORD.findall(folded))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
