"""Core memory: validation of the changes that a model proposes (C50)."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex

LONGEST = 500
"""Maximum length of a memory in characters (F084)."""
MOST_REMOVED = 0.2
"""Maximum share of a person's memories that one answer of a model may remove (C50)."""
LEAST_LEFT = 0.5
"""Minimum length of a replacement, as a share of the memory's old length."""
KEPT_WORDS = 0.6
"""Minimum share of a memory's longer words that a merged memory must keep."""
_FEWEST_WORDS, _SHORTEST_QUOTE = 3, 12
"""A quote below both limits is too short to support a memory."""
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
"""Words that are often capitalised at the start of a sentence and are not names."""
_NEGATIONS = frozenset(_NOTS.split())
_NOT = regex.compile(r"n['’]t\b")
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")
"""A visible character."""


@dataclass(frozen=True, slots=True)
class KnownMemory:
    """A memory as the model sees it; `number` counts from 1 over all memories in the request."""

    number: int
    id: int
    person_id: int
    text: str
    pinned: bool = False
    place: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A message that can be the source of a memory."""

    message_id: int
    author_id: int
    text: str


@dataclass(frozen=True, slots=True)
class MemoryChange:
    """An accepted change: a new memory (`id` None), a new text, or a removal (`text` None).

    `quote` contains the person's words, `sources` the ids of the messages with the quote.
    """

    person_id: int
    id: int | None = None
    text: str | None = None
    quote: str = ""
    sources: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """A merge of several memories of one person: the first of `ids` gets the text, the others are removed."""

    ids: tuple[int, ...]
    text: str


def judge(
    operations: Sequence[Mapping[str, Any]],
    *,
    known: Sequence[KnownMemory],
    said: Sequence[SaidLine],
    people: Mapping[str, int],
) -> tuple[list[MemoryChange], int]:
    """Return the accepted changes and the number of refused operations (C50, C52).

    An operation is {"op": "add" | "replace" | "remove", "person": label, "number": n, "text": words,
    "quote": words}. New text needs a quote that the person really said. `people` maps labels to the ids of
    the people who may be remembered. If an answer would remove more than a fifth of a person's memories, all
    its changes to that person are refused; pinned memories never change.
    """
    found = [_judged(operation, known, said, people) for operation in operations]
    changes = [change for change in found if change is not None]
    changes = _each_once(changes)
    for person_id in {change.person_id for change in changes}:
        owned = sum(memory.person_id == person_id for memory in known)
        removed = sum(change.person_id == person_id and change.text is None for change in changes)
        if removed > MOST_REMOVED * owned:
            changes = [change for change in changes if change.person_id != person_id]
    return changes, len(operations) - len(changes)


def merge(groups: Sequence[Mapping[str, Any]], known: Sequence[KnownMemory]) -> list[Merged] | None:
    """Return merged memories (F067), or None if the merge would lose anything.

    A group is {"from": [numbers], "text": words}. Each memory must be in exactly one group, and a group's
    memories must share person and place. Every number, name and negation must survive, and most of the other
    words; no number may be added.
    """
    by_number = {memory.number: memory for memory in known}
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
            merged.append(Merged(tuple(memory.id for memory in joined), text))
    return merged


def clean(text: object) -> str:
    """Return a memory's text as one line; "" if it is not a string, empty or too long."""
    if not isinstance(text, str):
        return ""
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    line = _SPACE.sub(" ", _HIDDEN.sub("", paired)).strip().removeprefix("- ")
    return line if len(line) <= LONGEST else ""


def sources_of(quote: str, said: Sequence[SaidLine], person_id: int) -> tuple[int, ...]:
    """Return the ids of the person's own messages that contain the quote (C52)."""
    return tuple(line.message_id for line in said if line.author_id == person_id and holds(line.text, quote))


def holds(text: str, quote: str) -> bool:
    """Return whether a text contains a quote as whole words, long enough to support a memory."""
    return stands_in(plain(text), plain(quote))


def stands_in(whole: str, words: str) -> bool:
    """Do the check of `holds` on text and quote that are already normalised by `plain`."""
    if words not in whole or not words:
        return False
    if len(words.split()) < _FEWEST_WORDS and len(words) < _SHORTEST_QUOTE and words != whole:
        return False
    return regex.search(rf"(?<!\w){regex.escape(words)}(?!\w)", whole) is not None


def plain(text: str) -> str:
    """Normalise a text for comparing quotes: fold case, collapse spaces, remove quotation marks."""
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
    memory = next((memory for memory in known if memory.number == operation.get("number")), None)
    if memory is None or memory.pinned or memory.person_id not in people.values():
        return None
    if verb == "remove":
        quote = clean(operation.get("quote"))
        sources = sources_of(quote, said, memory.person_id)
        return MemoryChange(memory.person_id, memory.id, None, quote, sources) if sources else None
    if verb != "replace":
        return None
    change = _worded(operation, said, memory.person_id, memory_id=memory.id)
    shrunken = change is not None and len(change.text or "") < LEAST_LEFT * len(memory.text)
    return None if shrunken else change


def _worded(
    operation: Mapping[str, Any], said: Sequence[SaidLine], person_id: int, *, memory_id: int | None = None
) -> MemoryChange | None:
    """Return a change with new text if the person's own words support it."""
    text, quote = clean(operation.get("text")), clean(operation.get("quote"))
    sources = sources_of(quote, said, person_id)
    return MemoryChange(person_id, memory_id, text, quote, sources) if text and sources else None


def _each_once(changes: Sequence[MemoryChange]) -> list[MemoryChange]:
    """Return at most one change per memory, and each new memory once."""
    kept: dict[object, MemoryChange] = {}
    for change in changes:
        kept.setdefault(change.id or (change.person_id, plain(change.text or "")), change)
    return list(kept.values())


def _numbers(group: Mapping[str, Any]) -> list[int]:
    numbers = group.get("from")
    return [number for number in numbers if isinstance(number, int)] if isinstance(numbers, list) else []


def _keeps_everything(joined: Sequence[KnownMemory], text: str) -> bool:
    if not joined or len({(memory.person_id, memory.place) for memory in joined}) > 1:
        return False
    if any(memory.pinned for memory in joined):
        return len(joined) == 1 and text == joined[0].text
    numbers = {number for memory in joined for number in _NUMBER.findall(memory.text)}
    if numbers != set(_NUMBER.findall(text)) or sum(
        _negations(memory.text) for memory in joined
    ) > _negations(text):
        return False
    return all(_keeps(memory.text, _folded(text)) for memory in joined)


def _keeps(text: str, joined: str) -> bool:
    """Return whether a case-folded text contains a memory's names and most of its words."""
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
    """Yield possible names, case-folded: capitalised words, except common ones that begin a sentence."""
    for word in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        capital = any(letter.isupper() or letter.istitle() for letter in word[0])
        folded = word[0].casefold()
        if capital and not (folded in _COMMON and _BEGINNING.search(word.string, endpos=word.start())):
            yield folded


def _negations(text: str) -> int:
    folded = _folded(text)
    return len(_NOT.findall(folded)) + sum(word in _NEGATIONS for word in _WORD.findall(folded))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
