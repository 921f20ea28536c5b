"""The search index of a lorebook, cached as long as the book exists."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from personas.lorebooks.model import NEWEST, Lorebook, LoreEntry
from personas.lorebooks.needles import Needles, SearchedText, plain, stands_alone
from personas.lorebooks.patterns import (
    HEAVIEST,
    Compiled,
    PatternError,
    TimeBox,
    compiled,
    literal,
    slashed,
    weight_of,
)

MOST_PATTERNS = 500
HEAVIEST_TOGETHER = 200_000
"""Maximum total size of a book's unrolled patterns, see patterns.weight_of."""
STRIKES = 3
"""Number of timeouts after which a pattern is disabled."""
LORE_AT_HAND = 2_000
"""Capacity of the cache of matches in contents."""


@dataclass(frozen=True, slots=True)
class Needle:
    """A key prepared for search: a word or a pattern."""

    word: str
    cased: bool
    whole: bool = False
    is_pattern: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """Indices of an entry's needles."""

    primary: tuple[int, ...]
    secondary: tuple[int, ...] = ()
    additional: tuple[int, ...] = ()
    exclude: tuple[int, ...] = ()


class NeedleIndex:
    """The needles of a book, and the entries that use each. Entries that are never active are left out."""

    def __init__(self, book: Lorebook) -> None:
        self.notices: list[str] = []
        self.keys: dict[str, Keys] = {}
        self.entries: dict[str, LoreEntry] = {}
        self.order: dict[str, int] = {}
        self.uses: dict[int, list[str]] = defaultdict(list)
        self.needles: list[Needle] = []
        self._numbers: dict[Needle, int] = {}
        self._patterns: dict[int, Compiled] = {}
        self._weight = 0
        for place, entry in enumerate(book.entries):
            if entry.enabled and entry.forced is not False:
                self._add(entry, place)
        self._cased = self._words(cased=True)
        self._small = self._words(cased=False)
        self._strikes: Counter[int] = Counter()
        self._in_lore: dict[str, frozenset[int]] = {}
        self.always = tuple(uid for uid, entry in self.entries.items() if entry.constant or entry.forced)
        self.stateful = tuple(uid for uid, entry in self.entries.items() if entry.stateful)
        self.recurses = book.recurses
        self.furthest = _furthest(book)
        self.deepest = max((entry.delay_until_recursion for entry in self.entries.values()), default=0)

    def within(self, heard: SearchedText, box: TimeBox) -> Iterator[int]:
        """Yield the indices of the needles in a text."""
        for words in (self._cased, self._small):
            for number in words.within(heard):
                needle = self.needles[number]
                text = heard.plain if needle.cased else heard.small
                if not needle.whole or stands_alone(needle.word, text):
                    yield number
        for number in tuple(self._patterns):
            if self._matches(number, heard, box):
                yield number

    def within_lore(self, content: str, box: TimeBox) -> frozenset[int]:
        """Return the indices of the needles in a content; cached, because contents recur."""
        found = self._in_lore.get(content)
        if found is None:
            found = frozenset(self.within(SearchedText(content), box))
            if len(self._in_lore) >= LORE_AT_HAND:
                self._in_lore.clear()
            if not box.spent:
                self._in_lore[content] = found
        return found

    def _matches(self, number: int, heard: SearchedText, box: TimeBox) -> bool:
        found = box.search(self._patterns[number], heard.plain)
        if found is None and box.left > 0:
            self._strike(number)
        return bool(found)

    def _strike(self, number: int) -> None:
        self._strikes[number] += 1
        if self._strikes[number] >= STRIKES:
            del self._patterns[number]
            self.notices.append(
                f"the pattern {self.needles[number].word[:60]!r} is too slow: not tried again"
            )

    def _add(self, entry: LoreEntry, place: int) -> None:
        primary, secondary, exclude = entry.keys, entry.secondary_keys, entry.exclude_keys
        additional = entry.additional_keys
        if entry.use_regex:  # V3: all keys are patterns, and the additional keys become primary ones
            primary, secondary, additional, exclude = (*primary, *additional), (), (), ()
        keys = Keys(*(self._numbered(entry, words) for words in (primary, secondary, additional, exclude)))
        self.entries[entry.uid], self.keys[entry.uid], self.order[entry.uid] = entry, keys, place
        for number in {*keys.primary, *keys.secondary, *keys.additional}:
            self.uses[number].append(entry.uid)

    def _numbered(self, entry: LoreEntry, words: tuple[str, ...]) -> tuple[int, ...]:
        found = []
        for word in words:
            needle = needle_of(entry, word)
            number = self._numbers.setdefault(needle, len(self.needles))
            if number == len(self.needles):
                self.needles.append(needle)
                if needle.is_pattern:
                    self._compile(number, entry)
            found.append(number)
        return tuple(found)

    def _compile(self, number: int, entry: LoreEntry) -> None:
        """Compile a pattern if the book's limits permit; compilation is the expensive part."""
        word = self.needles[number].word
        weight = min(weight_of(word), HEAVIEST)
        wrong = "is one too many for a book"
        if len(self._patterns) < MOST_PATTERNS and self._weight + weight <= HEAVIEST_TOGETHER:
            try:
                self._patterns[number] = compiled(word, cased=self.needles[number].cased)
            except PatternError as error:
                wrong = str(error)
            else:
                self._weight += weight
                return
        self.notices.append(f"entry {entry.uid}: the pattern {word[:60]!r} {wrong}: it never matches")

    def _words(self, *, cased: bool) -> Needles:
        chosen = {
            number: needle.word
            for number, needle in enumerate(self.needles)
            if needle.cased is cased and not needle.is_pattern
        }
        return Needles(chosen, cased=cased)


def needle_of(entry: LoreEntry, key: str) -> Needle:
    """Return the needle of an entry's key. A pattern of letters alone becomes a word."""
    cased, whole = entry.case_sensitive, entry.match_whole_words
    pattern = entry.use_regex or entry.slashed
    if pattern and slashed(key):
        inner, flags = key[1:].rsplit("/", 1)
        if not literal(inner):
            return Needle(plain(key), cased="i" not in flags, is_pattern=True)
        key, cased, whole = inner, "i" not in flags, False
    elif entry.use_regex:
        if not literal(key):
            return Needle(plain(key), cased=cased, is_pattern=True)
        whole = False
    word = plain(key)
    return Needle(word if cased else word.casefold(), cased=cased, whole=whole)


def _furthest(book: Lorebook) -> int:
    depths = [entry.scan_depth for entry in book.entries if entry.scan_depth is not None]
    return max([NEWEST if book.scan_depth is None else book.scan_depth, *depths])


_INDEXES: WeakKeyDictionary[Lorebook, NeedleIndex] = WeakKeyDictionary()


def index_of(book: Lorebook) -> NeedleIndex:
    """Return the book's index, built at first use and cached as long as the book exists."""
    found = _INDEXES.get(book)
    if found is None:
        found = _INDEXES[book] = NeedleIndex(book)
    return found
