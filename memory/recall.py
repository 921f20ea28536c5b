"""Recall for a reply: facts and earlier lines, searched by the new messages (C58, C60, C61)."""

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
"""A shorter message starts no search, unless it asks for a memory (F082)."""
MOST_LINES = 10_000
"""Maximum number of lines searched per channel: the newest."""
LOOKED_AT = 60
"""Maximum number of candidates among the facts, and among the lines."""
FEW_FACTS = 400
"""Up to this many facts are searched on the event loop itself, in about two milliseconds."""
SHORTEST_NAME = 3
"""Minimum length of a name's first word that may stand for the whole name."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The people whom a question is about, by id, and all names that refer to them in it.

    `vector` encodes the question in the first person, as those people would ask it: they said "I".
    """

    people: frozenset[int] = frozenset()
    names: tuple[str, ...] = ()
    vector: "Vectors | None" = None


@dataclass(frozen=True, slots=True)
class Material:
    """What may come up in a channel: facts about the people there, and earlier lines of the channel.

    `index` and `talk` may come from the cache; then vectors and lines were not read. `asked` says whom the
    question is about.
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
    """The query for a reply: its text ("" for no search) and its vector (1, dimensions).

    The vector is made only when there is something to compare it with, as encoding takes the most time.
    `addressed` are the people to whom the reply is, with the names under which they spoke; facts about
    `people` may come up. `for_memory` says that the text asks for a memory.
    """

    text: str
    vector: "Vectors | None"
    addressed: Mapping[int, str]
    people: frozenset[int]
    for_memory: bool = True


class HeardMessage(Protocol):
    """A message that starts a recall; `said` is the typed or spoken text."""

    @property
    def said(self) -> str: ...
    @property
    def author_id(self) -> int: ...
    @property
    def author_name(self) -> str: ...
    @property
    def mentions(self) -> tuple[int, ...]: ...


class RecallSearch:
    """Searches facts and lines; `label` returns how the prompt names a person, by name and id."""

    def __init__(
        self,
        meaning: Meaning,
        *,
        budget: int,
        tokens: Callable[[str], int],
        label: Callable[[str, int], str],
    ) -> None:
        self._label = lru_cache(maxsize=1024)(label)  # all finds come from the same few people
        self._meaning = meaning
        self._budget = budget
        self._tokens = tokens
        self._facts = AtHand[PassageIndex](FACTS_AT_HAND)
        self._talk = AtHand[PlaceTalk](TALK_AT_HAND)

    def search(self, heard: Sequence[HeardMessage]) -> RecallQuery:
        """Return the query for a reply; without text if a search is not worth it (F082)."""
        text = "\n".join(message.said for message in heard)
        addressed = {message.author_id: message.author_name for message in heard}
        people = frozenset(addressed).union(*(message.mentions for message in heard))
        for_memory = asks_for_memory(text)
        worth = self._budget and (for_memory or word_count(text) >= FEWEST_WORDS)
        return RecallQuery(text if worth else "", None, addressed, people, for_memory)

    async def read(
        self, db: UnitOfWork, character: str, where: Where, search: RecallQuery, *, now: datetime
    ) -> Material:
        """Return what may come up in a channel; the visibility rule is part of the SQL query."""
        if not search.text:
            return NOTHING
        audience = audience_of(where)
        talk, line_vectors = await self._read_talk(db, character, audience.channel_ids)
        asked = _asked(search, talk)
        # In private, all that this person told may come up, and nothing about anybody else (D2).
        people = search.addressed if where.place.private else search.people | asked.people
        facts = await db.memories.recallable(
            people, character, audience, there_since=now - SOFT_KEPT, here=search.addressed.keys()
        )
        index = await self._fact_index(db, facts, now) if facts else None
        names = dict(search.addressed)
        if others := {fact.person_id for fact in facts} - names.keys():
            known = await db.users.known_as(others, guild_id=where.guild_id)
            names |= {person.user_id: person.names[0] for person in known}
        return Material(character, tuple(facts), index, talk, line_vectors, names, asked)

    async def _fact_index(self, db: UnitOfWork, facts: Sequence[Recallable], now: datetime) -> PassageIndex:
        """Return an index over facts; their words are indexed while their vectors are read."""
        model = self._meaning.model
        key = tuple((fact.id, fact.changed) for fact in facts), model, now.date()
        if (at_hand := self._facts.again(key)) is not None:
            return at_hand
        making, vectors = self._made(facts, partial(fact_index, facts, now)), None
        if model:
            people, characters = {fact.person_id for fact in facts}, {fact.character for fact in facts}
            reading = db.embeddings.of("fact", people, model, characters=characters)
            vectors, index = await asyncio.gather(reading, making)
            rows = await self._made(facts, partial(rows_of, vectors, [fact.id for fact in facts]))
            if rows is not None:
                index.take(rows)
        else:
            index = await making
        # An index that lacks vectors is not cached: they may be there next time.
        if vectors is None or set(vectors.ids).issuperset(fact.id for fact in facts):
            self._facts.keep(key, index)
        return index

    @staticmethod
    async def _made(facts: Sequence[Recallable], make: Callable[[], _Made]) -> _Made:
        """Return the result of `make`, called in a thread if there are many facts."""
        # Short work stays on the event loop: on a busy machine a thread may start late.
        return make() if len(facts) <= FEW_FACTS else await asyncio.to_thread(make)

    async def _read_talk(
        self, db: UnitOfWork, character: str, channel_ids: Collection[int]
    ) -> tuple[PlaceTalk | None, Packed | None]:
        """Return the earlier lines of channels, and their vectors if no index is cached yet."""
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
        """Return the facts and the lines said before a moment that are worth their tokens.

        Facts that the prompt shows already are left out. What a person said about others comes up only when
        the reply is to this person alone (C57).
        """
        if not (material.facts or (material.talk and material.talk.lines)):
            return ()
        if search.vector is None:
            vector = await self._meaning.encode([search.text], deadline=DEADLINE)
            search = replace(search, vector=vector)
        asked = await self._as_they_ask(search, material.asked)
        alone = next(iter(search.addressed)) if len(search.addressed) == 1 else None
        claims = {fact.id for fact in material.facts if fact.subject and fact.person_id != alone}
        find = partial(self._found, material, claims.union(shown), search, asked, before=said_before)
        # Short work stays on the event loop: on a busy machine a thread may start late.
        few = len(material.facts) <= FEW_FACTS and material.talk is None
        return find() if few else await asyncio.to_thread(find)

    async def _as_they_ask(self, search: RecallQuery, asked: _Asked) -> _Asked:
        """Return `asked` with the vector of the question in the first person."""
        put = asked_of_oneself(search.text, asked.names)
        if search.vector is None or put == search.text:
            return replace(asked, vector=search.vector)
        return replace(asked, vector=await self._meaning.encode([put], deadline=DEADLINE))

    async def stands(self, db: UnitOfWork, recalled: Sequence[Recalled]) -> bool:
        """Return whether all recalled facts and lines still exist with the same text."""
        facts = await db.memories.these([find.id for find in recalled if find.kind == "fact"])
        lines = await db.archive.these([find.id for find in recalled if find.kind == "line"])
        now = {("fact", fact.id, fact.text) for fact in facts if fact.ended_at is None}
        now |= {("line", line.id, line.text) for line in lines}
        return all((find.kind, find.id, find.text) in now for find in recalled)

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
        if not lines:  # lines could lift a fact; without them, drop what `worthiest` would drop anyway
            facts = [(fact, score) for fact, score in facts if score >= LEAST_SHARE * facts[0][1]]
        # The sources of facts matter only beside lines, and parsing their JSON takes long.
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
        index, by_id = material.index, {fact.id: fact for fact in material.facts}
        if index is None:
            return
        about = (*asked.names, *map(str, asked.people))
        for ranked in index.rank(
            search.text, _row(asked.vector), asked_about=about, limit=LOOKED_AT + len(left_out)
        ):
            if ranked.id not in left_out:
                yield by_id[ranked.id], ranked.score

    def _lines_found(
        self, material: Material, search: RecallQuery, asked: _Asked, *, before: datetime
    ) -> Iterator[Find]:
        talk = material.talk
        if talk is None or not talk.lines:
            return
        places = {line.id: place for place, line in enumerate(talk.lines) if line.sent_at < before}
        limit = LOOKED_AT + len(talk.lines) - len(places)
        index = talk.made_ready(material.line_vectors)
        for ranked in index.rank(search.text, _row(asked.vector), asked_about=asked.names, limit=limit):
            if ranked.id in places:
                place = places[ranked.id]
                yield Find(self._line(talk.lines[place]), ranked.score, frozenset([ranked.id]), place)

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
    """Return whom a question is about: the people named or mentioned, or else the only asker.

    People are recognised by every name under which they spoke in the channel, and by its first word.
    """
    spoke = talk.people if talk is not None else {}
    spoken = {short: person for person, names in spoke.items() for name in names for short in _short(name)}
    own = talk.characters if talk is not None else set()
    names = names_in(search.text, own.union(spoken))
    people = {spoken[name] for name in names if name in spoken} | (search.people - search.addressed.keys())
    if not people and len(search.addressed) == 1:
        people = set(search.addressed)
    theirs = [name for person in people for name in spoke.get(person, ())]
    return _Asked(frozenset(people), tuple(dict.fromkeys([*names, *theirs])))


def _short(name: str) -> set[str]:
    """Return a name, and its first word if that is long enough to stand for it."""
    first = next(iter(name.split()), "")
    return {name, first} if len(first) >= SHORTEST_NAME and first.casefold() not in SILENT else {name}


def _row(vectors: "Vectors | None") -> "Vector | None":
    return vectors[0] if vectors is not None else None
