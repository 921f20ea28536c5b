"""What else comes to mind: facts and earlier lines, found by what is said now (C58, C60, C61)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache, partial
from math import exp
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import regex

from database import UnitOfWork
from database.repositories.archive import ArchivedLine
from database.repositories.memories import Recallable
from database.repositories.vectors import Packed
from database.types import EPOCH
from memory.meaning import DEADLINE, Meaning
from memory.places import Where, audience_of
from memory.ranking import FACTS, TALK, Index, Passage
from memory.rules import SOFT_KEPT
from memory.words import asked_of_oneself, names_in

if TYPE_CHECKING:
    from memory.ranking import Rows
    from memory.sentence_models import Vectors

_Kept = TypeVar("_Kept")
FEWEST_WORDS = 4
"""Of fewer words nothing is searched for, unless they ask what is remembered (F082)."""
MOST_LINES = 10_000
"""Earlier lines of one place that are searched: the newest."""
MOST_FACTS, MOST_QUOTES = 10, 5
"""What is shown at most of either."""
FEW_FACTS = 400
"""So many are searched where the event loop runs: in two milliseconds or so."""
AT_HAND, TALK_AT_HAND = 64, 8
"""People, and places, whose words are kept ready to be searched: half a megabyte each, and up to fifty."""
PINNED, RECENT, RECENT_DAYS = 0.1, 0.1, 30.0
"""What a pin adds to a fact's score, and having been mentioned just now, which fades over so many days."""
_DAY = 86_400_000_000
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*")
ASKS_WHAT_IS_REMEMBERED = regex.compile(
    r"\b(?:remember|recall|forg[eo]t|remind|memor(?:y|ies)|erinner\w*|weißt du noch|souviens|rappelle\w*|"
    r"recuerd\w*|acuerd\w*)\b",
    regex.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom a question names of those who spoke, and the vector of it as they would ask it."""

    names: tuple[str, ...]
    vector: "Vectors | None"


@dataclass(frozen=True, slots=True)
class _Talk:
    """Earlier lines, and the index over them."""

    lines: tuple[ArchivedLine, ...]
    index: Index


@dataclass(frozen=True, slots=True)
class Material:
    """What may come up in a place: facts about the people there, and what was said there earlier.

    `index` and `talk` are what is at hand of just these: then the vectors, or the lines, were not read.
    `versions` is what an index of the lines goes by.
    """

    character: str
    facts: tuple[Recallable, ...]
    index: Index | None
    fact_vectors: Packed | None
    versions: tuple[tuple[int, int], ...]
    talk: _Talk | None
    lines: tuple[ArchivedLine, ...]
    line_vectors: Packed | None
    names: dict[int, str]


NOTHING = Material("", (), None, None, (), None, (), None, {})


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, in words and by its vector (1, dimensions): "" for nothing.

    The vector is made once there is something to compare it with: that takes longer than all the rest.
    It is for a reply to those who are `addressed`, by the names under which they spoke, and what is known
    about `people` may come up.
    """

    text: str
    vector: "Vectors | None"
    addressed: Mapping[int, str]
    people: frozenset[int]


class Heard(Protocol):
    """A message to which something may come to mind; `said` is what was typed or spoken."""

    @property
    def said(self) -> str: ...
    @property
    def author_id(self) -> int: ...
    @property
    def author_name(self) -> str: ...
    @property
    def mentions(self) -> tuple[int, ...]: ...


@dataclass(frozen=True, slots=True)
class Recalled:
    """A 'fact', or a 'line' that was said, found by search: as `speaker` told it, last at `at`.

    `about` names somebody else, of whom the speaker said it. `person_id` told it; where a character did,
    it `drew_on` some people.
    """

    kind: Literal["fact", "line"]
    id: int
    speaker: str
    text: str
    at: datetime
    about: str = ""
    person_id: int | None = None
    drew_on: tuple[int, ...] = ()


class Finding:
    """Searches what characters know; `label` returns how somebody is called there, by name and id."""

    def __init__(
        self,
        meaning: Meaning,
        *,
        budget: int,
        tokens: Callable[[str], int],
        label: Callable[[str, int], str],
    ) -> None:
        self._label = lru_cache(maxsize=1024)(label)  # the same few people told all that is found
        self._meaning = meaning
        self._budget = budget
        self._tokens = tokens
        self._facts: OrderedDict[object, Index] = OrderedDict()
        self._talk: OrderedDict[object, _Talk] = OrderedDict()

    def search(self, heard: Sequence[Heard]) -> Search:
        """Return what to search for before a reply; nothing where it is not worth it (F082)."""
        text = "\n".join(one.said for one in heard)
        words = _WORD.findall(text)
        addressed = {one.author_id: one.author_name for one in heard}
        people = frozenset(addressed).union(*(one.mentions for one in heard))
        worth = self._budget and (
            len(words) >= FEWEST_WORDS or (words and ASKS_WHAT_IS_REMEMBERED.search(text))
        )
        return Search(text if worth else "", None, addressed, people)

    async def read(
        self, db: UnitOfWork, character: str, where: Where, search: Search, *, now: datetime
    ) -> Material:
        """Return what may come up in a place: the one rule of where stands in the query."""
        if not search.text:
            return NOTHING
        audience, model = audience_of(where), self._meaning.model
        # Alone with somebody all that they told may come up: theirs, and nobody else's (D2).
        people = search.addressed if where.place.private else search.people
        facts = await db.memories.recallable(people, character, audience, there_since=now - SOFT_KEPT)
        versions = await db.archive.versions(audience.channel_ids)
        lines: tuple[ArchivedLine, ...] = ()
        line_vectors, fact_vectors = None, None
        talk = _again(self._talk, (character, versions, model))
        if talk is None and any(version for _, version in versions):
            lines = tuple(await db.archive.of_channels(audience.channel_ids, character, limit=MOST_LINES))
            line_vectors = await db.embeddings.of("line", audience.channel_ids, model) if model else None
        told, index = {one.person_id for one in facts}, _again(self._facts, self._key(facts, now))
        if facts and index is None and model:
            characters = {one.character for one in facts}
            fact_vectors = await db.embeddings.of("fact", told, model, characters=characters)
        names = dict(search.addressed)
        if others := told - names.keys():
            known = await db.users.known_as(others, guild_id=where.guild_id)
            names |= {one.user_id: one.names[0] for one in known}
        return Material(
            character, tuple(facts), index, fact_vectors, versions, talk, lines, line_vectors, names
        )

    async def found(
        self,
        material: Material,
        search: Search,
        *,
        shown: Collection[int],
        said_before: datetime,
        now: datetime,
    ) -> tuple[Recalled, ...]:
        """Return what fits best, within the budget: facts first, then what was said before a moment.

        Facts that are `shown` already are left out. What somebody said about others comes up with them
        alone (C57).
        """
        if not (material.facts or material.lines or material.talk):
            return ()
        if search.vector is None:
            vector = await self._meaning.encode([search.text], deadline=DEADLINE)
            search = replace(search, vector=vector)
        alone = next(iter(search.addressed)) if len(search.addressed) == 1 else None
        claims = {one.id for one in material.facts if one.subject and one.person_id != alone}
        left_out = claims.union(shown)
        asked = await self._about_speakers(search, material)
        find = partial(self._found, material, left_out, search, asked, said_before=said_before, now=now)
        # What a moment takes is done at once: a thread's turn may come late on a busy machine.
        few = len(material.facts) <= FEW_FACTS and not material.lines and material.talk is None
        return find() if few else await asyncio.to_thread(find)

    async def _about_speakers(self, search: Search, material: Material) -> "_Asked":
        """Return a question as it is put to talk: those whom it names said "I" where it has their names."""
        lines = material.talk.lines if material.talk is not None else material.lines
        names = names_in(search.text, {one.author_name for one in lines})
        if not names or search.vector is None:
            return _Asked(tuple(names), search.vector)
        asked = asked_of_oneself(search.text, names)
        return _Asked(tuple(names), await self._meaning.encode([asked], deadline=DEADLINE))

    async def stands(self, db: UnitOfWork, recalled: Sequence[Recalled]) -> bool:
        """Say whether what came to mind is still known, in the same words."""
        facts = await db.memories.these([one.id for one in recalled if one.kind == "fact"])
        lines = await db.archive.these([one.id for one in recalled if one.kind == "line"])
        now = {("fact", one.id, one.text) for one in facts if one.ended_at is None}
        now |= {("line", one.id, one.text) for one in lines}
        return all((one.kind, one.id, one.text) in now for one in recalled)

    def _found(
        self,
        material: Material,
        left_out: Collection[int],
        search: Search,
        asked: "_Asked",
        *,
        said_before: datetime,
        now: datetime,
    ) -> tuple[Recalled, ...]:
        by_id = {one.id: one for one in material.facts}
        index, talk = self._fact_index(material, now), self._talk_of(material)
        question, query = search.text, search.vector[0] if search.vector is not None else None
        ranked = index.rank(question, query, limit=MOST_FACTS + len(left_out)) if index is not None else []
        ids = [one.id for one in ranked if one.id not in left_out]
        found = [self._fact(by_id[one], material.names) for one in ids[:MOST_FACTS]]
        if talk is not None:
            by_line = {one.id: one for one in talk.lines if one.sent_at < said_before}
            ranked = talk.index.rank(
                question,
                asked.vector[0] if asked.vector is not None else None,
                asked_about=asked.names,
                limit=MOST_QUOTES + len(talk.lines) - len(by_line),
            )
            found += [self._line(by_line[one.id]) for one in ranked if one.id in by_line][:MOST_QUOTES]
        return tuple(self._within(found))

    def _fact(self, fact: Recallable, names: Mapping[int, str]) -> Recalled:
        speaker = self._label(names.get(fact.person_id, "someone"), fact.person_id)
        return Recalled("fact", fact.id, speaker, fact.text, fact.last_at, fact.subject, fact.person_id)

    def _line(self, line: ArchivedLine) -> Recalled:
        return Recalled(
            "line",
            line.id,
            self._label(line.author_name, line.author_id),
            line.text,
            line.sent_at,
            person_id=None if line.mine else line.author_id,
            drew_on=tuple(line.drew_on or ()),
        )

    def _within(self, found: Sequence[Recalled]) -> list[Recalled]:
        room, kept = self._budget, []
        for one in found:
            room -= self._tokens(one.text) + 12
            if room < 0:
                break
            kept.append(one)
        return kept

    def _key(self, facts: Sequence[Recallable], now: datetime) -> object:
        """Return what an index of facts is kept under."""
        return tuple((one.id, one.changed) for one in facts), self._meaning.model, now.date()

    def _fact_index(self, material: Material, now: datetime) -> Index | None:
        facts, there = material.facts, material.fact_vectors
        if not facts or material.index is not None:
            return material.index
        at = (now - EPOCH) / timedelta(microseconds=1)
        passages = [Passage(one.id, one.text, boost=_boost(one, at)) for one in facts]
        ids = [one.id for one in facts]
        index = Index(passages, _rows(there, ids), weights=FACTS)
        # One that lacks vectors is better made anew: they may be there by then.
        if not self._meaning.model or (there is not None and there.ids and set(there.ids).issuperset(ids)):
            _keep(self._facts, self._key(facts, now), index, most=AT_HAND)
        return index

    def _talk_of(self, material: Material) -> _Talk | None:
        lines = material.lines
        if not lines:
            return material.talk
        passages = [Passage(one.id, one.text, one.author_name, _day(one.sent_at)) for one in lines]
        rows = _rows(material.line_vectors, [one.id for one in lines])
        talk = _Talk(lines, Index(passages, rows, weights=TALK))
        _keep(
            self._talk, (material.character, material.versions, self._meaning.model), talk, most=TALK_AT_HAND
        )
        return talk


def _keep(at_hand: OrderedDict[object, _Kept], key: object, one: _Kept, *, most: int) -> None:
    at_hand[key] = one
    at_hand.move_to_end(key)
    while len(at_hand) > most:
        at_hand.popitem(last=False)


def _again(at_hand: OrderedDict[object, _Kept], key: object) -> _Kept | None:
    """Return what is at hand, to be kept for longer than what nobody asked for since."""
    one = at_hand.get(key)
    with suppress(KeyError):  # a thread may have put it away just now
        at_hand.move_to_end(key)
    return one


def _rows(there: Packed | None, ids: Sequence[int]) -> "Rows | None":
    """Return a row for each of some items, zeros for those that have no vector yet; None without any."""
    if there is None or not there.ids:
        return None
    import numpy as np

    rows = np.frombuffer(there.rows, dtype=np.int8).reshape(len(there.ids), -1)
    place = {one: index for index, one in enumerate(there.ids)}
    if place.keys() >= set(ids):
        return rows[[place[one] for one in ids]]
    found = np.zeros((len(ids), rows.shape[1]), dtype=np.int8)
    for index, one in enumerate(ids):
        if one in place:
            found[index] = rows[place[one]]
    return found


def _boost(fact: Recallable, at: float) -> float:
    """Return what lifts a fact at a moment, in microseconds since 1970."""
    days = max((at - fact.last) / _DAY, 0.0)
    return (PINNED if fact.pinned else 0.0) + RECENT * exp(-days / RECENT_DAYS)


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"
