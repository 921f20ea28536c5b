"""Talk that facts are drawn from, what a model found in it, what of that is let through (C52, C55, C57)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from database.models import Archived
from database.repositories.archive import Fresh
from memory.bearing import SHORTEST, borne_out
from memory.core import SaidLine, clean, plain, stands_in
from memory.places import Where
from memory.sensitive.detect import holds_secret, masked
from memory.sensitive.distress import reads_as_distress

# What a model found worth knowing in what somebody said, and what of that is let through.

MOST = 25
"""Facts that are taken from one answer of a model at most."""
MOST_LOOKED_AT = 200
MOST_TAGS, LONGEST_TAG = 3, 24
CATEGORIES = (
    *("self", "people", "work", "health", "food", "places", "pets", "hobbies", "plans", "feelings", "views"),
    "other",
)
OTHER = CATEGORIES[-1]


@dataclass(frozen=True, slots=True)
class FactCandidate:
    """A fact that the person's own words bear out: they are in `quote`, said in the messages `sources`.

    `subject` names somebody else, of whom the person said it: it is their claim, and no fact about the other.
    Where `text` is the person's own sentence, `search_text` holds the model's words, to find it by.
    """

    text: str
    category: str
    tags: tuple[str, ...]
    quote: str
    sources: tuple[int, ...]
    subject: str = ""
    search_text: str | None = None

    @property
    def searched(self) -> str:
        """What its vector is made of."""
        return self.search_text or self.text


def own_words(lines: Iterable[SaidLine]) -> list[SaidLine]:
    """Return what may be a source: what the person wrote themself, without secrets and distress (C55, C91).

    What they quote is somebody else's, most often the character's own: taken for theirs, it would come back
    to be learnt again and again.
    """
    own = (SaidLine(one.message_id, one.author_id, _unquoted(one.text)) for one in lines)
    usable = (one for one in own if one.text.strip() and not reads_as_distress(one.text))
    return [one for one in usable if not holds_secret(one.text)]


def candidates(
    found: Sequence[object], said: Sequence[SaidLine], person_id: int
) -> tuple[list[FactCandidate], int]:
    """Return the facts that hold, and how many were refused.

    A fact is {"text": words, "quote": words, "category": one of CATEGORIES, "tags": [words], "about": name of
    somebody else, or nothing}. Without a quote of the person's own it is thrown away, and so are secrets.
    Where the quote does not bear the words of a fact out, it is kept in the person's own (`borne_out`).
    """
    lines = [(one, plain(one.text)) for one in said if one.author_id == person_id]
    judged = [_candidate(one, lines) for one in found[:MOST_LOOKED_AT] if isinstance(one, Mapping)]
    held: dict[tuple[str, str], FactCandidate] = {}
    for one in (one for one in judged if one is not None):
        first = held.setdefault((plain(one.text), one.subject), one)
        if first.search_text and one.search_text and one.search_text not in first.search_text:
            # One sentence says both: it is found by either.
            joined = clean(f"{first.search_text}; {one.search_text}")
            held[plain(one.text), one.subject] = replace(first, search_text=joined or first.search_text)
    kept = list(held.values())[:MOST]
    return kept, len(found) - len(kept)


def _candidate(fact: Mapping[str, Any], lines: Sequence[tuple[SaidLine, str]]) -> FactCandidate | None:
    text, quote = clean(fact.get("text")), clean(fact.get("quote"))
    words = plain(quote)
    sources = [one for one, line in lines if stands_in(line, words)]
    borne = borne_out(text, quote, sources[0].text) if text and sources else None
    if borne is None or len(borne.text.encode()) < SHORTEST or holds_secret(f"{text}\n{borne.text}"):
        return None
    category = fact.get("category")
    return FactCandidate(
        borne.text,
        category if category in CATEGORIES else OTHER,
        tags_of(fact.get("tags")),
        quote,
        tuple(one.message_id for one in sources),
        clean(fact.get("about"))[:80] or borne.subject[:80],
        text if borne.text != text else None,
    )


def tags_of(tags: object) -> tuple[str, ...]:
    words = [clean(one).casefold() for one in tags] if isinstance(tags, list) else []
    fitting = (one for one in words if 0 < len(one) <= LONGEST_TAG)
    return tuple(dict.fromkeys(fitting))[:MOST_TAGS]


def _unquoted(text: str) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(">>> "):  # from here on all of it is quoted
            return "\n".join(_own(lines[:number]))
    return "\n".join(_own(lines))


def _own(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if not line.startswith("> "))


# A stretch of talk in one place, of which facts are to be drawn, and what a model is asked about it.


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines that a character heard in a place, oldest first.

    `agreed` are those of its people about whom anything may be noted.
    `answered` says, by reply, who was answered with it, and `own`, by message, which words of it may be a
    source of facts.
    """

    character: str
    where: Where
    lines: tuple[Fresh, ...]
    agreed: frozenset[int]
    answered: Mapping[int, set[int]]
    own: Mapping[int, str]

    @property
    def through(self) -> int:
        """The position of its last line in the log."""
        return self.lines[-1].position

    def said_by(self, person_id: int) -> list[SaidLine]:
        """Return what may be a source of facts about somebody."""
        theirs = (one for one in self.lines if one.author_id == person_id and one.id in self.own)
        return [SaidLine(one.id, person_id, self.own[one.id]) for one in theirs]

    def told_to(self, line: Fresh) -> int | None:
        """Return for whom alone a reply was meant; None where it answered several, or is none."""
        answered = self.answered.get(line.turn_id or 0, set())
        return next(iter(answered)) if line.mine and len(answered) == 1 else None

    def archived(self) -> Iterator[Archived]:
        """Yield what is to be kept of it: what people who agreed said, and were answered alone (D03).

        What they said in distress, and what they were answered then, is not (C91).
        """
        tender = in_distress(self.lines)
        for line in self.lines:
            if line.id in tender:
                continue
            person_id = self.told_to(line) if line.mine else line.author_id
            if person_id not in self.agreed or (line.from_bot and not line.mine):
                continue
            yield Archived(
                id=line.id,
                channel_id=self.where.channel_id,
                guild_id=self.where.guild_id,
                person_id=person_id,
                author_id=line.author_id,
                author_name=line.author_name,
                text=masked(line.text),
                sent_at=line.sent_at,
                mine=line.mine,
                reply_to=line.reply_to,
                character=self.character,
                cast_id=line.cast_id,
                drew_on=line.drew_on,
            )


def in_distress(lines: Sequence[Fresh]) -> frozenset[int]:
    """Return which lines hold words of distress, and which answer such a line."""
    said = {one.id for one in lines if not one.mine and reads_as_distress(one.text)}
    return frozenset(said | {one.id for one in lines if one.mine and one.reply_to in said})


def own_words_in(lines: Sequence[Fresh], agreed: Collection[int]) -> dict[int, str]:
    """Return, by message, what people who agreed wrote themselves, and holds no secret. It takes its time."""
    theirs = (one for one in lines if one.author_id in agreed and not one.mine)
    own = own_words(SaidLine(one.id, one.author_id, one.text) for one in theirs)
    return {one.message_id: one.text for one in own}
