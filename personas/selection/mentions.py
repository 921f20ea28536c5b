"""Detection of names and topics in a text."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice

import regex

LONGEST_TOPIC, MOST_TOPICS = 100, 60
"""Limits on topics searched: an untrusted card may have any number, of any length."""
_NOT_SPOKEN = regex.compile(
    r"```.*?```|`[^`\n]++`|https?://\S++|<(?:a?:\w{2,32}:|@[!&]?|#)\d{1,20}>|(?<![\w:]):[\w~]{2,32}:(?!\w)",
    regex.DOTALL,
)
_QUOTES = str.maketrans("’ʼ＇‑‐", "'''--")
# A word's neighbours must not be letters, or signs followed by letters as in `pixel-art`.
_BEFORE = r"(?<![^\W_]|\p{M})(?<![^\W_][-.@_])"
_AFTER = r"(?![^\W_]|\p{M})(?![-.@_][^\W_])"
# Scripts without spaces: adjacent letters belong to the next word.
_NO_SPACES = regex.compile(r"[\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_KATAKANA = regex.compile(r"[\p{Katakana}ー]")
_HANGUL = regex.compile(r"\p{Hangul}")


def spoken(text: str) -> str:
    """Normalise `text` to one letter case and spelling, without code, links, mentions and emoji."""
    plain = unicodedata.normalize("NFC", text.casefold()).translate(_QUOTES)
    return _NOT_SPOKEN.sub(" ", plain)


def called(said: str, names: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the slugs called by name in `spoken` text, in order of appearance, without duplicates.

    `names` maps slugs to names, own name first. Only whole words count: neither 'onyx' nor `nyx-like` calls
    Nyx. Of overlapping names the longer counts. A shared name calls the one whose own name it is rather than
    an alias, then the alphabetically first slug.
    """
    holders, pattern = _holders(tuple((slug, tuple(its_names)) for slug, its_names in names.items()))
    found = pattern.finditer(said) if pattern else ()
    return tuple(dict.fromkeys(holders[" ".join(match[0].split())][1] for match in found))


@lru_cache(maxsize=256)
def _holders(
    names: tuple[tuple[str, tuple[str, ...]], ...],
) -> tuple[Mapping[str, tuple[bool, str]], regex.Pattern[str] | None]:
    """Return the holder of each name, and a pattern of all names."""
    holders: dict[str, tuple[bool, str]] = {}
    for slug, its_names in names:
        for place, name in enumerate(its_names):
            folded = " ".join(spoken(name).split())
            holder = (place > 0, slug)
            holders[folded] = min(holders.get(folded, holder), holder)
    return holders, _names(tuple(sorted(filter(None, holders))))


def about(said: str, topics: Iterable[str]) -> tuple[str, ...]:
    """Return the `topics` that occur in `spoken` text, in their order, without duplicates.

    A topic matches whole words, with or without a plural s: 'art' is not in 'party', and 'video_games' is in
    'a video game'.
    """
    once: dict[str, str] = {}
    for topic in islice((candidate for candidate in topics if len(candidate) <= LONGEST_TOPIC), MOST_TOPICS):
        once.setdefault(_words(topic), topic)
    return tuple(topic for words, topic in once.items() if words and _topic(words).search(said))


@lru_cache(maxsize=16_384)
def _words(topic: str) -> str:
    return " ".join(regex.split(r"[\s_-]+", spoken(topic).strip(" \t\n_-")))


def _names(names: tuple[str, ...]) -> regex.Pattern[str] | None:
    if not names:
        return None
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return regex.compile("|".join(_whole(name, r"\s{1,9}+") for name in ordered))


@lru_cache(maxsize=16_384)
def _topic(words: str) -> regex.Pattern[str]:
    latin = "a" <= words[-1] <= "z"
    stem = words[:-1] if len(words) > 3 and words.endswith("s") and not words.endswith("ss") else words
    return regex.compile(_whole(stem, r"[\s_-]{1,9}+", ending="(?:e?s)?" if latin else ""))


def _whole(words: str, gap: str, *, ending: str = "") -> str:
    """Return a pattern of `words`, escaped, with the boundary conditions."""
    spelt = gap.join(map(regex.escape, words.split()))
    return _before(words[0]) + spelt + ending + _after(words[-1])


def _before(letter: str) -> str:
    if _NO_SPACES.match(letter):
        return ""
    return r"(?<![\p{Katakana}ー])" if _KATAKANA.match(letter) else _BEFORE


def _after(letter: str) -> str:
    # Korean particles directly follow a name.
    if _NO_SPACES.match(letter) or _HANGUL.match(letter):
        return ""
    return r"(?![\p{Katakana}ー])" if _KATAKANA.match(letter) else _AFTER
