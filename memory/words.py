"""The search terms of a text: case-folded and stemmed words without stop words."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import regex

from memory.languages import (
    ENGLISH_OR_NONE,
    GERMAN,
    JAPANESE,
    MORE_ELSEWHERE,
    language_of,
    language_of_words,
)

_WORD = regex.compile(
    r"(?P<unspaced>[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+)"
    r"|[\p{L}\p{M}\p{N}]+"
)
_UNSPACED_LETTERS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_UNSPACED = regex.compile(_UNSPACED_LETTERS)
_COUNTED = regex.compile(rf"(?P<unspaced>{_UNSPACED_LETTERS}+)|[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}'’-]*")
_BREAK = "\x01"
"""Separates texts that are split together."""
_PLAIN = "".join(char.lower() if char.isalnum() or char == _BREAK else " " for char in map(chr, range(128)))
"""Translation of ASCII: letters to lower case, everything between words to spaces."""
_ACCENT = regex.compile(r"[\u0300-\u036f]+")
_ENDINGS = ("ing", "ed", "ly")
_SHORTEST = 3
"""Minimum letters of a stem."""
_BEGINNING = 5
"""In languages other than English the search term is this many first letters, without the ending."""
_AT_HAND = 1 << 15
"""Maximum number of cached stems: most words of a text occurred in an earlier one."""

# Stop words of several languages, unless they carry meaning in another one.
_SILENT = """
    a about after again all also am an and any are as at be because been before being between both but by can
    could did do does doing don down during each few for from further had has have having he her here hers
    herself him himself his how i if in into is it its itself just me might more most must my myself no nor
    not now of off on once only or other our ours out over own same shall she should so some such than that
    the their theirs them themselves then there these they this those through to too under until up very was
    we were what when where which while who whom whose why will with would yes you your yours yourself
    aren didn doesn isn wasn d ll m re s t ve hey hi oh
    aber auch auf bei bin bist das dem den der des dich dir du ein eine einem einen einer er es für habe
    haben hast hat ich ihm ihn ihr im ist ja mein meine mich mir mit nicht oder sein seine sich sie sind und
    uns von wann war warum was wem wen wenn wer wie wir wo zu zum zur
    au aux avec ce ces cette comment dans de elle en est et il ils je la le les leur lui ma mais mes moi ne
    nous ont où par pas pour pourquoi quand que quel quelle qui quoi sa se ses suis sur ta te tes toi tu un
    une vous
    con cuando cómo dónde el ella eres esta este fue ha han he las lo los mi mis muy para pero por qué quién
    sin soy su sus también tus y ya yo
"""


def words(text: str) -> list[str]:
    """Return a text's search terms in order, with repetitions.

    Scripts without spaces are split into overlapping pairs of characters.
    """
    found = every_word(text)
    language = language_of_words(found) if text.isascii() else language_of(text)
    return _telling(found, language)


def every_word(text: str) -> list[str]:
    """Return a text's case-folded words in order, with stop words: see `words`."""
    plain = text.isascii() and _BREAK not in text
    return text.translate(_PLAIN).split() if plain else list(_folded_words(text))


def word_count(text: str) -> int:
    """Return the approximate number of words; in scripts without spaces two characters count as one."""
    found = _COUNTED.finditer(text)
    return sum((len(one[0]) + 1) // 2 if one["unspaced"] else 1 for one in found)


def words_of(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the search terms of each text: see `words`.

    ASCII texts are split all at once, because a reply needs hundreds of them.
    """
    joined = f" {_BREAK} ".join(texts)
    if not texts or not joined.isascii() or joined.count(_BREAK) >= len(texts):
        yield from map(words, texts)
        return
    for text in joined.translate(_PLAIN).split(_BREAK):
        found = text.split()
        english = MORE_ELSEWHERE.isdisjoint(found)  # a quick test; only other texts need their language told
        yield _telling(found, "" if english else language_of_words(found))


def stem(word: str) -> str:
    """Return a folded word without the most common English endings."""
    if len(word) <= _SHORTEST or not word.isascii():
        return word
    word = _singular(word)
    for ending in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= _SHORTEST and any(letter in "aeiouy" for letter in rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    if len(word) <= _SHORTEST:
        return word
    word = word.removesuffix("e")
    return f"{word[:-1]}i" if len(word) > _SHORTEST and word[-1] == "y" else word


class _Searched(dict[str, str]):
    """Search terms by folded word; "" for stop words. A dict is faster than lru_cache."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _AT_HAND:
            self.clear()
        self[word] = found = "" if word in SILENT else stem(word)
        return found


_SEARCHED = _Searched()


def _telling(found: Sequence[str], language: str) -> list[str]:
    """Return the search terms of folded words of a language, without stop words."""
    if language in ENGLISH_OR_NONE:
        return list(filter(None, map(_SEARCHED.__getitem__, found)))
    if language == JAPANESE:
        return [word for word in found if word not in SILENT]
    return [word[:_BEGINNING] for word in found if word not in SILENT]


def names_in(text: str, names: Iterable[str]) -> list[str]:
    """Return the names that a text contains as whole words, ignoring case."""
    return [name for name, pattern in _patterns(text, names) if pattern.search(text)]


def without_names(text: str, names: Collection[str]) -> str:
    """Return a question without the names of those it asks about: their own lines rarely contain them."""
    for _, pattern in _patterns(text, sorted(names, key=len, reverse=True)):
        text = pattern.sub(" ", text)
    return text


def asked_of_oneself(text: str, names: Collection[str]) -> str:
    """Return a question in the first person: "When did I move?" for "When did Mira move?".

    Its vector is then close to what Mira said; with the name it would be close to all that mentions Mira.
    """
    for _, pattern in _patterns(text, sorted(names, key=len, reverse=True)):
        text = pattern.sub(lambda found: "my" if found["possessive"] else "I", text)
    return text


def _folded_words(text: str) -> Iterator[str]:
    for found in _WORD.finditer(_folded(text)):
        word = found[0]
        if found["unspaced"] and len(word) > 1:
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        else:
            yield word


def _folded(text: str) -> str:
    unfolded = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _ACCENT.sub("", unfolded))


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORTEST + 1:
        return f"{word[:-3]}y"
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _patterns(text: str, names: Iterable[str]) -> list[tuple[str, "regex.Pattern[str]"]]:
    """Return the names whose letters occur in a text, with their patterns, which take long to compile."""
    folded = _cased_alike(text)
    standing = [name for name in names if name and _cased_alike(name) in folded]
    genitive = bool(standing) and language_of(text) == GERMAN
    return [(name, _named(name, genitive)) for name in standing]


def _cased_alike(text: str) -> str:
    """Return a text in lower case, with the Turkish letters i as plain i, as patterns match them."""
    return text.replace("\u0130", "i").casefold().replace("\u0131", "i")


@lru_cache(1_024)
def _named(name: str, genitive: bool) -> "regex.Pattern[str]":
    """Return the pattern of a name as a whole word; in scripts without spaces it may end anywhere.

    The German `genitive` has no apostrophe.
    """
    before = "" if _UNSPACED.match(name[0]) else rf"(?<![\w--{_UNSPACED_LETTERS}])"
    after = "" if _UNSPACED.match(name[-1]) else rf"(?![\w--{_UNSPACED_LETTERS}])"
    possessive = "(?P<possessive>['’]?s)?" if genitive else "(?P<possessive>['’]s)?"
    # Only the name ignores case: with the whole pattern doing so, compiling takes three times as long.
    escaped = regex.escape(name, literal_spaces=True)
    return regex.compile(f"{before}(?i:{escaped}{possessive}){after}", regex.V1)


SILENT = frozenset(_folded(_SILENT).split())
"""Stop words."""
