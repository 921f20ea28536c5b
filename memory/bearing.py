"""Check of proposed facts against the person's actual words (C52).

Commands to the character, passing states and empty statements are refused. If only the wording is
unsupported, the person's own sentences replace it, in quotation marks.
"""

from collections.abc import Sequence
from typing import NamedTuple

import regex

from memory.core import LONGEST, plain
from memory.rewording import WORDS, folded, only_reworded, pattern, subject_of, tokens
from memory.words import words

SHORTEST = 10
"""Minimum length of a fact in bytes (F084): a Japanese character counts as three, and says as much."""
MORE = 1 / 3
"""Share of a fact's words that a further sentence must add to be kept: prompts have little room."""
_END = regex.compile(
    r"(?<=[.!?…][\"”’)]*)(?<!\b(?:\p{Lu}|[DMS]rs?|St|vs|e\.g|i\.e|z\.B)\.)\s+|(?<=[。！？])|\n+"
)
"""Sentence boundaries, except after some abbreviations."""


class Borne(NamedTuple):
    """The accepted text of a proposed fact and its subject, "" for the person themself."""

    text: str
    subject: str = ""


def borne_out(text: str, quote: str, line: str) -> Borne | None:
    """Return the accepted form of a fact whose `quote` occurs in the person's `line`; None to refuse it."""
    if pattern("program").search(folded(line)) or is_order(text):
        return None
    telling = [
        sentence
        for sentence in _sentences(quote, line)
        if not (_is_empty(sentence) or is_order(sentence) or _sets_rule(sentence) or passes(sentence))
    ]
    said = _shortest_cover(text, telling)
    if not said or _is_passing_state(text, said):
        return None
    if len(text.encode()) >= SHORTEST and only_reworded(text, said):
        return Borne(text)
    return Borne(f"“{said}”", subject_of(said, text))


def is_order(sentence: str) -> bool:
    """Return whether a sentence gives the character a command or imitates its prompt."""
    said = folded(sentence)
    if pattern("program").search(said) or pattern("orders").search(said):
        return True
    return pattern("imperatives").match(pattern("lead").sub("", said, count=1)) is not None


def _sets_rule(sentence: str) -> bool:
    """Return whether a sentence sets a rule for the future that is no resolution of the speaker's own."""
    said = folded(sentence)
    found = pattern("hence").search(said)
    first = [token for token in tokens(pattern("hence").sub(" ", said)) if token not in WORDS["negations"]][
        :2
    ]
    return (
        found is not None
        and WORDS["own"].isdisjoint(first)
        and not pattern("first_person").match(" ".join(first))
    )


def passes(sentence: str) -> bool:
    """Return whether a sentence describes a passing state or activity, over by tomorrow."""
    if _is_passing_state(sentence):
        return True
    said = folded(sentence)
    now = pattern("now").search(said) and pattern("being").search(said)
    return bool(now or pattern("doing").search(said)) and not any(
        pattern(name).search(said) for name in ("ongoing", "lasting")
    )


def _is_passing_state(text: str, beside: str = "") -> bool:
    """Return whether a text is about a passing state such as being tired, and nothing marks it as lasting."""
    lasts = pattern("lasting").search(f"{folded(text)} {folded(beside)}")
    return not lasts and pattern("passing").search(folded(text)) is not None


def _sentences(quote: str, line: str) -> list[str]:
    """Return the whole sentences around a quote, because omitted words may reverse its meaning."""
    sentences, sought = (
        [sentence for sentence in _END.split(line) if sentence and sentence.strip()],
        plain(quote),
    )
    while len(sentences) > 1 and sought in plain(" ".join(sentences[1:])):
        sentences.pop(0)
    while len(sentences) > 1 and sought in plain(" ".join(sentences[:-1])):
        sentences.pop()
    return [" ".join(sentence.split()) for sentence in sentences]


def _shortest_cover(text: str, sentences: Sequence[str]) -> str:
    """Return the fewest sentences that cover most of the text's words found in any of them."""
    left, chosen = set(words(text)), list[str]()
    worth = MORE * len(left)
    rest = {sentence: set(words(sentence)) for sentence in sentences}
    while rest:
        best = max(rest, key=lambda sentence: (len(left & rest[sentence]), len(rest[sentence])))
        room = LONGEST - 2 - sum(len(sentence) + 1 for sentence in chosen)
        if len(best) > room or (chosen and len(left & rest[best]) < worth):
            break
        chosen.append(best)
        left -= rest.pop(best)
    return " ".join(sentence for sentence in sentences if sentence in chosen)


def _is_empty(sentence: str) -> bool:
    said = folded(sentence).strip(" .!?…。！？、,~")
    return said in WORDS["empty"] or WORDS["empty"].issuperset(words(sentence))
