"""What is kept of a proposed fact, by the words that the person really said (C52).

Refused are orders to the character, what is over tomorrow, and words that say nothing. Where no more than the
wording is not borne out, the person's own sentences take its place, in quotation marks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import regex

from memory.core import LONGEST, plain
from memory.rewording import WORDS, folded, only_reworded, pattern, subject_of, tokens
from memory.words import words

SHORTEST = 10
"""Bytes of a fact at least (F084): a letter of Japanese counts as three, and says as much."""
MORE = 1 / 3
"""What another sentence has to hold of a fact's words to stand beside the first: prompts have little room."""
_END = regex.compile(
    r"(?<=[.!?…][\"”’)]*)(?<!\b(?:\p{Lu}|[DMS]rs?|St|vs|e\.g|i\.e|z\.B)\.)\s+|(?<=[。！？])|\n+"
)
"""Where a sentence ends, but for a few shortened words."""


class Borne(NamedTuple):
    """What is kept of a proposed fact, and of whom else it tells; "" for the person themself."""

    text: str
    subject: str = ""


def borne_out(text: str, quote: str, line: str) -> Borne | None:
    """Return what is kept of a fact whose `quote` stands in a `line` of the person's; None for nothing."""
    if pattern("program").search(folded(line)) or is_order(text):
        return None
    telling = [
        one
        for one in _sentences(quote, line)
        if not (_is_empty(one) or is_order(one) or _binds(one) or passes(one))
    ]
    said = _fewest(text, telling)
    if not said or _is_passing_state(text, said):
        return None
    if len(text.encode()) >= SHORTEST and only_reworded(text, said):
        return Borne(text)
    return Borne(f"“{said}”", subject_of(said, text))


def is_order(sentence: str) -> bool:
    """Say whether somebody tells the character what to do, or writes as its program would."""
    said = folded(sentence)
    if pattern("program").search(said) or pattern("orders").search(said):
        return True
    return pattern("imperatives").match(pattern("lead").sub("", said, count=1)) is not None


def _binds(sentence: str) -> bool:
    """Say whether from now on something shall be, and that is no resolve of the speaker's own."""
    said = folded(sentence)
    found = pattern("hence").search(said)
    first = [one for one in tokens(pattern("hence").sub(" ", said)) if one not in WORDS["negations"]][:2]
    return (
        found is not None
        and WORDS["own"].isdisjoint(first)
        and not pattern("first_person").match(" ".join(first))
    )


def passes(sentence: str) -> bool:
    """Say whether a sentence tells what is over tomorrow: what somebody does just now, or how they are."""
    if _is_passing_state(sentence):
        return True
    said = folded(sentence)
    now = pattern("now").search(said) and pattern("being").search(said)
    return bool(now or pattern("doing").search(said)) and not any(
        pattern(name).search(said) for name in ("ongoing", "lasting")
    )


def _is_passing_state(text: str, beside: str = "") -> bool:
    """Say whether somebody is tired, hungry, on a bus, and nothing says that it lasts, `beside` it either."""
    lasts = pattern("lasting").search(f"{folded(text)} {folded(beside)}")
    return not lasts and pattern("passing").search(folded(text)) is not None


def _sentences(quote: str, line: str) -> list[str]:
    """Return the sentences in which a quote stands, whole: what it leaves out may turn it round."""
    sentences, sought = [one for one in _END.split(line) if one and one.strip()], plain(quote)
    while len(sentences) > 1 and sought in plain(" ".join(sentences[1:])):
        sentences.pop(0)
    while len(sentences) > 1 and sought in plain(" ".join(sentences[:-1])):
        sentences.pop()
    return [" ".join(one.split()) for one in sentences]


def _fewest(text: str, sentences: Sequence[str]) -> str:
    """Return the fewest sentences that hold most of those words of a text which any of them holds."""
    left, chosen = set(words(text)), list[str]()
    worth = MORE * len(left)
    rest = {one: set(words(one)) for one in sentences}
    while rest:
        best = max(rest, key=lambda one: (len(left & rest[one]), len(rest[one])))
        room = LONGEST - 2 - sum(len(one) + 1 for one in chosen)
        if len(best) > room or (chosen and len(left & rest[best]) < worth):
            break
        chosen.append(best)
        left -= rest.pop(best)
    return " ".join(one for one in sentences if one in chosen)


def _is_empty(sentence: str) -> bool:
    said = folded(sentence).strip(" .!?…。！？、,~")
    return said in WORDS["empty"] or WORDS["empty"].issuperset(words(sentence))
