"""Excerpts of talk, and validation of the facts that a model extracts from them (C52, C55, C57)."""

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

# Facts that a model extracted from a person's messages, and their validation.

MOST = 25
"""Maximum number of facts accepted from one answer of a model."""
MOST_LOOKED_AT = 200
MOST_TAGS, LONGEST_TAG = 3, 24
CATEGORIES = (
    *("self", "people", "work", "health", "food", "places", "pets", "hobbies", "plans", "feelings", "views"),
    "other",
)
OTHER = CATEGORIES[-1]


@dataclass(frozen=True, slots=True)
class FactCandidate:
    """A fact that the person's own words support: `quote`, found in the messages `sources`.

    `subject` names somebody else whom the person's claim is about; it is no fact about that other person.
    If `text` is the person's own sentence, `search_text` keeps the model's wording for search.
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
        """The text of its embedding."""
        return self.search_text or self.text


def own_words(lines: Iterable[SaidLine]) -> list[SaidLine]:
    """Return the lines that may be sources: the person's own words without secrets and distress (C55, C91).

    Quoted text belongs to somebody else, mostly the character: treated as the person's own, it would be
    learnt again and again.
    """
    own = (SaidLine(line.message_id, line.author_id, _unquoted(line.text)) for line in lines)
    usable = (line for line in own if line.text.strip() and not reads_as_distress(line.text))
    return [line for line in usable if not holds_secret(line.text)]


def candidates(
    found: Sequence[object], said: Sequence[SaidLine], person_id: int
) -> tuple[list[FactCandidate], int]:
    """Return the accepted facts and the number of refused ones.

    A fact is {"text": words, "quote": words, "category": one of CATEGORIES, "tags": [words], "about": name of
    somebody else, or nothing}. Facts without a quote of the person's own and facts with secrets are refused.
    If the quote doesn't support the wording, the person's own words replace it (`borne_out`).
    """
    lines = [(line, plain(line.text)) for line in said if line.author_id == person_id]
    judged = [_candidate(fact, lines) for fact in found[:MOST_LOOKED_AT] if isinstance(fact, Mapping)]
    held: dict[tuple[str, str], FactCandidate] = {}
    for candidate in (candidate for candidate in judged if candidate is not None):
        first = held.setdefault((plain(candidate.text), candidate.subject), candidate)
        if first.search_text and candidate.search_text and candidate.search_text not in first.search_text:
            # Two facts share one sentence: make it findable by the search text of both.
            joined = clean(f"{first.search_text}; {candidate.search_text}")
            held[plain(candidate.text), candidate.subject] = replace(
                first, search_text=joined or first.search_text
            )
    kept = list(held.values())[:MOST]
    return kept, len(found) - len(kept)


def _candidate(fact: Mapping[str, Any], lines: Sequence[tuple[SaidLine, str]]) -> FactCandidate | None:
    text, quote = clean(fact.get("text")), clean(fact.get("quote"))
    words = plain(quote)
    sources = [source for source, line in lines if stands_in(line, words)]
    borne = borne_out(text, quote, sources[0].text) if text and sources else None
    if borne is None or len(borne.text.encode()) < SHORTEST or holds_secret(f"{text}\n{borne.text}"):
        return None
    category = fact.get("category")
    return FactCandidate(
        borne.text,
        category if category in CATEGORIES else OTHER,
        tags_of(fact.get("tags")),
        quote,
        tuple(source.message_id for source in sources),
        clean(fact.get("about"))[:80] or borne.subject[:80],
        text if borne.text != text else None,
    )


def tags_of(tags: object) -> tuple[str, ...]:
    words = [clean(tag).casefold() for tag in tags] if isinstance(tags, list) else []
    fitting = (tag for tag in words if 0 < len(tag) <= LONGEST_TAG)
    return tuple(dict.fromkeys(fitting))[:MOST_TAGS]


def _unquoted(text: str) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(">>> "):  # everything from here on is quoted
            return "\n".join(_own(lines[:number]))
    return "\n".join(_own(lines))


def _own(lines: Iterable[str]) -> Iterable[str]:
    return (line for line in lines if not line.startswith("> "))


# Excerpts of talk in one channel.


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines that a character heard in a channel, oldest first.

    `agreed` are the people who consented to being remembered. `answered` maps each reply's turn to the people
    it answered, and `own` maps message ids to the words that may be a source of facts.
    """

    character: str
    where: Where
    lines: tuple[Fresh, ...]
    agreed: frozenset[int]
    answered: Mapping[int, set[int]]
    own: Mapping[int, str]

    @property
    def through(self) -> int:
        """Log position of the last line."""
        return self.lines[-1].position

    def said_by(self, person_id: int) -> list[SaidLine]:
        """Return the person's lines that may be sources of facts."""
        sources = (line for line in self.lines if line.author_id == person_id and line.id in self.own)
        return [SaidLine(line.id, person_id, self.own[line.id]) for line in sources]

    def told_to(self, line: Fresh) -> int | None:
        """Return the only person that a reply answered; None if it answered several or is no reply."""
        answered = self.answered.get(line.turn_id or 0, set())
        return next(iter(answered)) if line.mine and len(answered) == 1 else None

    def archived(self) -> Iterator[Archived]:
        """Yield the lines to archive: those of consenting people, and replies to one alone (D03).

        Lines in distress and the replies to them are left out (C91).
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
    """Return the ids of lines that express distress and of the replies to them."""
    said = {line.id for line in lines if not line.mine and reads_as_distress(line.text)}
    return frozenset(said | {line.id for line in lines if line.mine and line.reply_to in said})


def own_words_in(lines: Sequence[Fresh], agreed: Collection[int]) -> dict[int, str]:
    """Return, by message id, consenting people's own words without secrets. Slow: run it in a thread."""
    lines_of_agreed = (line for line in lines if line.author_id in agreed and not line.mine)
    own = own_words(SaidLine(line.id, line.author_id, line.text) for line in lines_of_agreed)
    return {line.message_id: line.text for line in own}
