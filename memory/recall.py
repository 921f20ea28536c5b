"""What else comes to mind: facts and earlier lines, found by what is said now (C58, C60, C61)."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from database import UnitOfWork
from database.repositories.archive import ArchivedLine
from database.repositories.memories import Recallable
from database.repositories.vectors import Packed
from memory.asking import asks_for_memory
from memory.at_hand import FACTS_AT_HAND, TALK_AT_HAND, AtHand, PlaceTalk, fact_index, rows_of
from memory.meaning import DEADLINE, Meaning
from memory.places import Where, audience_of
from memory.ranking import PassageIndex
from memory.rules import SOFT_KEPT
from memory.words import SILENT, asked_of_oneself, names_in, word_count
from memory.worth import LEAST_SHARE, Find, Recalled, worthiest

if TYPE_CHECKING:
    from memory.ranking import Vector
    from memory.sentence_models import Vectors

_Made = TypeVar("_Made")
FEWEST_WORDS = 4
"""Of fewer words nothing is searched for, unless they ask what is remembered (F082)."""
MOST_LINES = 10_000
"""Earlier lines of one place that are searched: the newest."""
LOOKED_AT = 60
"""Of the facts, and of the lines, so many are looked at, the best of them."""
FEW_FACTS = 400
"""So many are searched where the event loop runs: in two milliseconds or so."""
SHORTEST_NAME = 3
"""Letters of a name's first word, if it is to stand for the name."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whom a question is about, by id, and the names of theirs and of others whom it names.

    The vector is that of the question as they would ask it, for they said "I".
    """

    people: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()
    vector: "Vectors | None" = None


@dataclass(frozen=True, slots=True)
class Material:
    """What may come up in a place: facts about the people there, and what was said there earlier.

    `index` and `talk` may be at hand already: then the vectors, or the lines, were not read. `asked` says
    whom the question is about.
    """

    character: str
    facts: tuple[Recallable, ...]
    index: PassageIndex | None
    talk: PlaceTalk | None
    line_vectors: Packed | None
    names: dict[int, str]
    asked: _Asked


NOTHING = Material("", (), None, None, None, {}, _Asked())


@dataclass(frozen=True, slots=True)
class RecallQuery:
    """What is searched for, in words and by its vector (1, dimensions): "" for nothing.

    The vector is made once there is something to compare it with: that takes longer than all the rest.
    It is for a reply to those who are `addressed`, by the names under which they spoke, and what is known
    about `people` may come up. `for_memory` says that it asks what is remembered.
    """

    text: str
    vector: "Vectors | None"
    addressed: Mapping[int, str]
    people: frozenset[int]
    for_memory: bool = True


class HeardMessage(Protocol):
    """A message to which something may come to mind; `said` is what was typed or spoken."""

    @property
    def said(self) -> str: ...
    @property
    def author_id(self) -> int: ...
    @property
    def author_name(self) -> str: ...
    @property
    def mentions(self) -> tuple[int, ...]: ...


class RecallSearch:
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
        self._facts = AtHand[PassageIndex](FACTS_AT_HAND)
        self._talk = AtHand[PlaceTalk](TALK_AT_HAND)

    def search(self, heard: Sequence[HeardMessage]) -> RecallQuery:
        """Return what to search for before a reply; nothing where it is not worth it (F082)."""
        text = "\n".join(one.said for one in heard)
        addressed = {one.author_id: one.author_name for one in heard}
        people = frozenset(addressed).union(*(one.mentions for one in heard))
        for_memory = asks_for_memory(text)
        worth = self._budget and (for_memory or word_count(text) >= FEWEST_WORDS)
        return RecallQuery(text if worth else "", None, addressed, people, for_memory)

    async def read(
        self, db: UnitOfWork, character: str, where: Where, search: RecallQuery, *, now: datetime
    ) -> Material:
        """Return what may come up in a place: the one rule of where stands in the query."""
        if not search.text:
            return NOTHING
        audience = audience_of(where)
        talk, line_vectors = await self._read_talk(db, character, audience.channel_ids)
        asked = _asked(search, talk)
        # Alone with somebody all that they told may come up: theirs, and nobody else's (D2).
        people = search.addressed if where.place.private else search.people | asked.people
        facts = await db.memories.recallable(
            people, character, audience, there_since=now - SOFT_KEPT, here=search.addressed.keys()
        )
        index = await self._fact_index(db, facts, now) if facts else None
        names = dict(search.addressed)
        if others := {one.person_id for one in facts} - names.keys():
            known = await db.users.known_as(others, guild_id=where.guild_id)
            names |= {one.user_id: one.names[0] for one in known}
        return Material(character, tuple(facts), index, talk, line_vectors, names, asked)

    async def _fact_index(self, db: UnitOfWork, facts: Sequence[Recallable], now: datetime) -> PassageIndex:
        """Return an index over facts: their words are made ready while their vectors are read."""
        model = self._meaning.model
        key = tuple((one.id, one.changed) for one in facts), model, now.date()
        if (at_hand := self._facts.again(key)) is not None:
            return at_hand
        making, vectors = self._made(facts, partial(fact_index, facts, now)), None
        if model:
            people, characters = {one.person_id for one in facts}, {one.character for one in facts}
            reading = db.embeddings.of("fact", people, model, characters=characters)
            vectors, index = await asyncio.gather(reading, making)
            rows = await self._made(facts, partial(rows_of, vectors, [one.id for one in facts]))
            if rows is not None:
                index.take(rows)
        else:
            index = await making
        # One that lacks vectors is better made anew: they may be there by then.
        if vectors is None or set(vectors.ids).issuperset(one.id for one in facts):
            self._facts.keep(key, index)
        return index

    @staticmethod
    async def _made(facts: Sequence[Recallable], make: Callable[[], _Made]) -> _Made:
        """Return what is made of some facts."""
        # What takes a moment is done at once: a thread's turn may come late on a busy machine.
        return make() if len(facts) <= FEW_FACTS else await asyncio.to_thread(make)

    async def _read_talk(
        self, db: UnitOfWork, character: str, channel_ids: Collection[int]
    ) -> tuple[PlaceTalk | None, Packed | None]:
        """Return the earlier lines of some places, and their vectors where no index is at hand yet."""
        versions, model = await db.archive.versions(channel_ids), self._meaning.model
        key = (character, versions, model)
        talk = self._talk.again(key)
        if talk is None and any(version for _, version in versions):
            talk = PlaceTalk(await db.archive.of_channels(channel_ids, character, limit=MOST_LINES))
            self._talk.keep(key, talk)
        if talk is None or talk.index is not None or not model:
            return talk, None
        return talk, await db.embeddings.of("line", channel_ids, model)

    async def found(
        self,
        material: Material,
        search: RecallQuery,
        *,
        shown: Collection[int],
        said_before: datetime,
    ) -> tuple[Recalled, ...]:
        """Return what is worth its room: facts, and what was said before a moment.

        Facts that are `shown` already are left out. What somebody said about others comes up with them
        alone (C57).
        """
        if not (material.facts or (material.talk and material.talk.lines)):
            return ()
        if search.vector is None:
            vector = await self._meaning.encode([search.text], deadline=DEADLINE)
            search = replace(search, vector=vector)
        asked = await self._as_they_ask(search, material.asked)
        alone = next(iter(search.addressed)) if len(search.addressed) == 1 else None
        claims = {one.id for one in material.facts if one.subject and one.person_id != alone}
        find = partial(self._found, material, claims.union(shown), search, asked, before=said_before)
        # What a moment takes is done at once: a thread's turn may come late on a busy machine.
        few = len(material.facts) <= FEW_FACTS and material.talk is None
        return find() if few else await asyncio.to_thread(find)

    async def _as_they_ask(self, search: RecallQuery, asked: _Asked) -> _Asked:
        """Return with its vector whom a question is about."""
        put = asked_of_oneself(search.text, asked.names)
        if search.vector is None or put == search.text:
            return replace(asked, vector=search.vector)
        return replace(asked, vector=await self._meaning.encode([put], deadline=DEADLINE))

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
        search: RecallQuery,
        asked: _Asked,
        *,
        before: datetime,
    ) -> tuple[Recalled, ...]:
        lines = list(self._lines_found(material, search, asked, before=before))
        facts = list(self._facts_found(material, left_out, search, asked))
        if not lines:  # that could lift a fact: what would not be shown need not be made ready
            facts = [(fact, score) for fact, score in facts if score >= LEAST_SHARE * facts[0][1]]
        # What a fact was drawn from counts beside lines alone, and to make it out of JSON takes long.
        finds = [
            Find(
                self._fact(fact, material.names),
                score,
                frozenset(json.loads(fact.sources)) if lines else frozenset(),
            )
            for fact, score in facts
        ]
        return worthiest([*finds, *lines], room=self._budget, asked=search.for_memory, tokens=self._tokens)

    def _facts_found(
        self,
        material: Material,
        left_out: Collection[int],
        search: RecallQuery,
        asked: _Asked,
    ) -> Iterator[tuple[Recallable, float]]:
        index, by_id = material.index, {one.id: one for one in material.facts}
        if index is None:
            return
        about = (*asked.names, *map(str, asked.people))
        for one in index.rank(
            search.text, _row(asked.vector), asked_about=about, limit=LOOKED_AT + len(left_out)
        ):
            if one.id not in left_out:
                yield by_id[one.id], one.score

    def _lines_found(
        self, material: Material, search: RecallQuery, asked: _Asked, *, before: datetime
    ) -> Iterator[Find]:
        talk = material.talk
        if talk is None or not talk.lines:
            return
        places = {one.id: place for place, one in enumerate(talk.lines) if one.sent_at < before}
        limit = LOOKED_AT + len(talk.lines) - len(places)
        index = talk.made_ready(material.line_vectors)
        for one in index.rank(search.text, _row(asked.vector), asked_about=asked.names, limit=limit):
            if one.id in places:
                place = places[one.id]
                yield Find(self._line(talk.lines[place]), one.score, frozenset([one.id]), place)

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


def _asked(search: RecallQuery, talk: PlaceTalk | None) -> _Asked:
    """Return whom a question is about: who is named or mentioned, or else whoever asks, if it is one person.

    People are known by every name under which they spoke in the place, and by the first word of it.
    """
    spoke = talk.people if talk is not None else {}
    spoken = {short: person for person, names in spoke.items() for name in names for short in _short(name)}
    own = talk.characters if talk is not None else set()
    names = names_in(search.text, own.union(spoken))
    people = {spoken[one] for one in names if one in spoken} | (search.people - search.addressed.keys())
    if not people and len(search.addressed) == 1:
        people = set(search.addressed)
    theirs = [name for person in people for name in spoke.get(person, ())]
    return _Asked(frozenset(people), tuple(dict.fromkeys([*names, *theirs])))


def _short(name: str) -> set[str]:
    """Return a name, and its first word where that may stand for it."""
    first = next(iter(name.split()), "")
    return {name, first} if len(first) >= SHORTEST_NAME and first.casefold() not in SILENT else {name}


def _row(vectors: "Vectors | None") -> "Vector | None":
    return vectors[0] if vectors is not None else None
