"""Check whether a text only rewords a sentence in the third person: "Lives in Oslo" (C52).

It is strict because a miss costs nothing: then the sentence itself is kept.
"""

import tomllib
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import regex

from memory.words import SILENT

_DATA: dict[str, Any] = tomllib.loads(Path(__file__).with_name("bearing.toml").read_text(encoding="utf-8"))
WORDS = {name: frozenset(said.split()) for name, said in _DATA["words"].items() if isinstance(said, str)}
_FORMS, _KINDS, _TURNING = (
    [frozenset(group.split()) for group in _DATA["words"][name]] for name in ("forms", "kinds", "turning")
)
_ENDINGS = {tuple(f" {pair}".rsplit(" ", 1)) for pair in _DATA["words"]["endings"]}
_ENDINGS = {(mine.strip(), others) for mine, others in _ENDINGS}
_ALL_TURNING = frozenset[str]().union(*_TURNING)
_FRAME = (SILENT | WORDS["frame"] | WORDS["own"]).union(*_KINDS) - _ALL_TURNING
"""Words that a text may contain without counterpart in the sentence."""
_PAST = _KINDS[-1]
_TOKEN = regex.compile(r"\d+(?:[.,:]\d+)*|[\p{L}\p{M}]+|[,;:()—–]")
_PARTING = frozenset(",;:()—–") | WORDS["parting"]
_ACCENTS = regex.compile(r"[\u0300-\u036f]+")
_SPELT = (
    (regex.compile(r"\bcan'?t\b|\bcannot\b"), "can not"),
    (regex.compile(r"\bwon't\b"), "will not"),
    (regex.compile(r"n't\b|(?<=\b(?:do|does|did|is|was))nt\b"), " not"),
    (regex.compile(r"\bi'?m\b"), "i am"),
    (regex.compile(r"'re\b"), " are"),
    (regex.compile(r"'ve\b"), " have"),
    (regex.compile(r"'ll\b"), " will"),
)
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_SPEAKER = regex.compile(
    r"^(?:(?:実は|あのね|ねえ|えっと|うん)、?)?(?:(?:私|僕|俺|わたし|ぼく|おれ|うち|自分)(?:たち)?[はがも、]+)?"
)
_TOPIC = regex.compile(r"^(?!昔|夢|前|今|趣味|目標)(?P<who>[^、。はがも]{1,12}?)[はがも]、?$")
_ENDS = tuple(
    regex.compile(rf"(?:{end})(?:んです|んだ|のです)?[よねなぁ]*[。！!.…\s]*")
    for end in (
        "[いきぎしちにびみり]?ます|[うくぐすつぬぶむる]|です|だ|である|",
        "[いきぎしちにびみり]?ません|[わかがさたなばまら]?ない(?:です)?",
        "[いきぎしちにびみり]?ました|でした|だった|[っいん]?[ただ]",
    )
)
"""Polite and plain endings of Japanese affirmative, negative and past forms."""


@cache
def pattern(name: str) -> "regex.Pattern[str]":
    """Compile a pattern at its first use, because compiling all of them would slow down the start."""
    return regex.compile("|".join(_DATA["patterns"][name]))


@lru_cache(4_096)
def folded(text: str) -> str:
    """Return a text case-folded, without accents, with contractions expanded."""
    text = unicodedata.normalize("NFKD", text).casefold().replace("’", "'").replace("œ", "oe")
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", text))
    for short, full in _SPELT:
        text = short.sub(full, text)
    return text


def tokens(text: str) -> list[str]:
    """Split a folded text into words, numbers and the punctuation between clauses."""
    return _TOKEN.findall(text)


def only_reworded(text: str, said: str) -> bool:
    """Return whether a text says exactly what some adjacent clauses of a sentence say, in that order.

    The rest of the sentence must not reverse its meaning or be about somebody else.
    """
    if said.rstrip().endswith(("?", "？")):
        return False
    if _UNSPACED.search(said):
        return _only_ends_otherwise(text, said)
    fact, sentence = tokens(folded(text)), tokens(folded(said))
    turned = [
        group for group in (*_TURNING, WORDS["third"] | WORDS["persons"]) if not group.isdisjoint(sentence)
    ]
    if any(group.isdisjoint(fact) for group in turned):
        return False
    return any(_says_the_same(fact, begin, clauses) for begin, clauses in _runs(sentence))


def subject_of(said: str, text: str) -> str:
    """Return the person a sentence is about, in its words; "" for the speaker, or if the text names them."""
    if _UNSPACED.search(said):
        bare = _SPEAKER.sub("", said, count=1)
        found = _TOPIC.search(bare[: max(bare.find(text[:3]), 0)])
        return found["who"] if found else ""
    raw, small, fact = _TOKEN.findall(said), tokens(folded(said)), tokens(folded(text))
    while small and (small[0] in WORDS["fillers"] or not WORDS["hearsay"].isdisjoint(small[:2])):
        raw, small = raw[1:], small[1:]
    verb = next(
        (position for position in range(1, 5) if fact and small[position : position + 2] == fact[:2]), 0
    )
    determined = verb != 1 and not WORDS["owning"].union(WORDS["articles"]).isdisjoint(small[:1])
    somebody = WORDS["third"] | WORDS["persons"]
    end = verb or next(
        (position + 1 for position, word in enumerate(small[: 3 if determined else 1]) if word in somebody), 0
    )
    subject_words, own = set(small[determined:end]), WORDS["own"] - WORDS["third"]
    speaker = not own.isdisjoint(small[:verb] if verb else small) and subject_words.isdisjoint(WORDS["third"])
    told = not (subject_words - SILENT).isdisjoint(fact) or not (verb or WORDS["persons"].isdisjoint(fact))
    nobody = not subject_words.isdisjoint(WORDS["ourselves"] | WORDS["owning"])
    return "" if speaker or told or nobody else " ".join(raw[determined:end])


def _runs(sentence: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each clause and each run of adjacent clauses, with its start position."""
    ends = [position for position, token in enumerate(sentence) if token in _PARTING]
    for start, end in combinations([-1, *ends, len(sentence)], 2):
        yield start + 1, sentence[start + 1 : end]


def _says_the_same(fact: Sequence[str], begin: int, clauses: Sequence[str]) -> bool:
    wanted, said = _content(fact), _content(clauses)
    if not wanted or len(wanted) != len(said) or not all(map(_is_form_of, wanted, said)):
        return False
    if any(not kind.isdisjoint(fact) and kind.isdisjoint(clauses) for kind in _KINDS):
        return False
    if _PAST.isdisjoint(fact) != _PAST.isdisjoint(clauses):
        return False
    own = WORDS["own"] | WORDS["owning"]
    return not own.isdisjoint(clauses) or (begin == 0 and wanted != said)


def _content(clauses: Collection[str]) -> list[str]:
    return [word for word in clauses if word not in _FRAME and word not in _PARTING]


def _is_form_of(word: str, said: str) -> bool:
    """Return whether a word equals the person's word or is its third-person form."""
    if word == said or any(word in group and said in group for group in _FORMS):
        return True
    same = next(
        (at for at, (first, second) in enumerate(zip(word, said, strict=False)) if first != second),
        min(len(word), len(said)),
    )
    return any((said[at:], word[at:]) in _ENDINGS for at in range(2, same + 1))


def _only_ends_otherwise(text: str, said: str) -> bool:
    """Return whether two Japanese texts differ only in a politer or plainer ending."""
    first, second = (_SPEAKER.sub("", sentence, count=1) for sentence in (text, said))
    same = next(
        (
            at
            for at, (first_letter, second_letter) in enumerate(zip(first, second, strict=False))
            if first_letter != second_letter
        ),
        min(len(first), len(second)),
    )
    return any(
        end.fullmatch(first[at:]) and end.fullmatch(second[at:]) for at in range(2, same + 1) for end in _ENDS
    )
