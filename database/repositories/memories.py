"""Facts about people, their changes, and the rule for where they may come up."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    type_coerce,
)

from database.models import Fact, FactChange, FactSource, State, User
from database.repositories import Repository, table_of, values_of
from database.repositories.prompts import PromptRepository
from database.repositories.vectors import EmbeddingRepository
from database.types import EPOCH, UNSAID

_DEFAULTS: Mapping[str, Any] = {
    "kept": True,
    "category": "",
    "tags": [],
    "first_at": UNSAID,
    "last_at": UNSAID,
    "mentions": 1,
    "subject": "",
    "for_all": False,
    "ended_at": None,
    "superseded_by": None,
    "search_text": None,
}
"""Values for fields that changes recorded by earlier versions lack."""
_WORDS = (
    "number text scope channel_id guild_id quote sources pinned origin made_at".split()  # noqa: SIM905
    + list(_DEFAULTS)
)
"""Fields of a fact that a change records."""
MOST_AT_HAND = 200
"""Cached lists of facts, of hundreds each."""
_LAST_BATCH, _LAST_ID = "last change of core memory", "last fact"


class Audience(NamedTuple):
    """The readers of a channel, before whom a memory may come up.

    `channel_ids` are the channel and, for a thread, its parent channel. A private channel has no guild:
    there, people see what they said anywhere.
    """

    channel_ids: tuple[int, ...]
    guild_id: int | None
    private: bool


class ChangeBatch(NamedTuple):
    """A change of one or more memories; `id` names the state before it."""

    id: int
    at: datetime
    cause: str
    memories: int


class ChangedFact(NamedTuple):
    """A change of a fact: `before` is None for a new fact, `after` for a removed one."""

    id: int
    batch: int
    memory_id: int
    person_id: int
    character: str
    at: datetime
    cause: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Count(NamedTuple):
    """Number of changes with a cause to a character's facts about a person."""

    person_id: int
    cause: str
    changes: int


class Recallable(NamedTuple):
    """The fields of a fact that search needs: a reply reads hundreds, too many for entities.

    Times are microseconds since 1970 as stored, and `sources` is unparsed JSON, because most are never used.
    """

    id: int
    person_id: int
    character: str
    text: str
    last: int
    changed: int
    pinned: bool
    subject: str
    sources: str
    kept: bool
    search_text: str | None

    @property
    def last_at(self) -> datetime:
        """When the fact was last mentioned."""
        return EPOCH + timedelta(microseconds=self.last)


_FACT = table_of(Fact).c


def heard_by_all(row: Any) -> ColumnElement[bool]:
    """Return the condition for rows whose sources everybody in a server's audience may know (D2).

    The rule: never a wider audience than the one before which it was said, unless the person decided so.
    """
    here: BindParameter[int] = bindparam("channel_ids", expanding=True)
    return or_(
        row.scope == "everywhere",
        and_(row.scope == "guild", row.guild_id == bindparam("guild_id")),
        and_(row.scope == "channel", row.channel_id.in_(here)),
    )


def _visible(*, private: bool) -> ColumnElement[bool]:
    """Return the condition for memories that may come up before an audience (D2, C60).

    A person alone with a character may hear of everything they said in public.
    """
    return true() if private else heard_by_all(_FACT)


def _about(*, private: bool) -> ColumnElement[bool]:
    """Return the condition for facts that a character may use before an audience (C53, C61)."""
    return and_(
        _FACT.person_id.in_(bindparam("person_ids", expanding=True)),
        or_(_FACT.character == bindparam("character"), _FACT.for_all.is_(True)),
        _FACT.ended_at.is_(None),
        _visible(private=private),
    )


_CORE = {
    private: select(Fact)
    .where(_about(private=private), _FACT.kept.is_(True), _FACT.subject == "")
    .order_by(_FACT.person_id, _FACT.number, _FACT.id)
    for private in (True, False)
}
_USER = table_of(User).c
_LOOKED_AT = (
    _FACT.id,
    _FACT.person_id,
    _FACT.character,
    _FACT.text,
    type_coerce(_FACT.last_at, BigInteger),
    type_coerce(_FACT.changed_at, BigInteger),
    type_coerce(_FACT.pinned, Integer),
    _FACT.subject,
    cast(_FACT.sources, Text),  # a server hands on JSON as a list
    type_coerce(_FACT.kept, Integer),
    _FACT.search_text,
)
"""The columns of Recallable, as they are stored."""
_RECALLABLE = {
    private: select(*_LOOKED_AT).where(_about(private=private)).execution_options(long=True)
    for private in (True, False)
}
_THERE_SINCE = select(_USER.id).where(
    _USER.id.in_(bindparam("person_ids", expanding=True)), _USER.last_seen >= bindparam("since")
)
_CHANGES = tuple(name for name in ChangedFact._fields if name != "after")


def _asked(person_ids: Collection[int], character: str, audience: Audience) -> dict[str, Any]:
    asked: dict[str, Any] = {"person_ids": list(person_ids), "character": character}
    if not audience.private:
        asked |= {"channel_ids": list(audience.channel_ids), "guild_id": audience.guild_id}
    return asked


class MemoryRepository(Repository):
    """The facts, fact_changes and fact_sources tables."""

    async def about(self, person_ids: Collection[int], character: str, audience: Audience) -> list[Fact]:
        """Return the core memory about people that may come up before an audience."""
        asked = _asked(person_ids, character, audience)

        async def read() -> list[Fact]:
            return list(await self._session.scalars(_CORE[audience.private], asked))

        key = ("about", frozenset(person_ids), character, audience)
        return list(await self._kept((Fact.__tablename__,), key, read, most=MOST_AT_HAND))

    async def recallable(
        self,
        person_ids: Collection[int],
        character: str,
        audience: Audience,
        *,
        there_since: datetime,
        here: Collection[int] = (),
    ) -> list[Recallable]:
        """Return all that may come up about some people: core memory, and what did not expire.

        Facts that are not kept expire when their person was not there since a moment (C59). Of those who
        are `here` now that need not be looked up.
        """
        asked = _asked(person_ids, character, audience)

        async def read() -> list[Recallable]:
            found = await self._session.execute(_RECALLABLE[audience.private], asked)
            return list(map(Recallable._make, found))

        # Not by when people were there, which is written all the time.
        key = ("recallable", frozenset(person_ids), character, audience)
        found = await self._kept((Fact.__tablename__,), key, read, most=MOST_AT_HAND)
        away = {one.person_id for one in found if not one.kept}.difference(here)
        if away:
            since = {"person_ids": list(away), "since": there_since}
            away.difference_update(await self._session.scalars(_THERE_SINCE, since))
        return [one for one in found if one.kept or one.person_id not in away]

    async def of(self, person_id: int, character: str) -> list[Fact]:
        """Return all facts of a character about a person, by number."""
        query = select(Fact).where(Fact.person_id == person_id, Fact.character == character)
        return list(await self._session.scalars(query.order_by(Fact.number)))

    async def these(self, ids: Collection[int]) -> list[Fact]:
        """Return the facts with these ids."""
        return list(await self._session.scalars(select(Fact).where(Fact.id.in_(ids))))

    async def numbered(self, person_id: int, character: str, number: int) -> Fact | None:
        """Return the memory about a person with a number."""
        return await self._session.scalar(
            select(Fact).where(
                Fact.person_id == person_id,
                Fact.character == character,
                Fact.number == number,
            )
        )

    async def new_batch(self) -> int:
        """Return the number for the next change; related changes share it.

        Numbers are never reused, even after their changes are forgotten: a menu may still show them.
        """
        return await self._next(_LAST_BATCH)

    async def new_id(self) -> int:
        """Return the id for a new fact; ids are never reused either."""
        return await self._next(_LAST_ID)

    async def last_numbers(self) -> tuple[int, int]:
        """Return the last id and the last change number ever assigned."""
        query = select(State.key, State.value).where(State.key.in_((_LAST_ID, _LAST_BATCH)))
        last = {row[0]: int(row[1]) for row in await self._session.execute(query)}
        return last.get(_LAST_ID, 0), last.get(_LAST_BATCH, 0)

    async def add(self, memory: Fact, *, batch: int, cause: str) -> Fact:
        """Store a new memory under its person's next number."""
        last = select(func.coalesce(func.max(Fact.number), 0)).where(
            Fact.person_id == memory.person_id, Fact.character == memory.character
        )
        memory.number = memory.number or int(await self._session.scalar(last) or 0) + 1
        memory.id = memory.id or await self._next(_LAST_ID)
        memory.first_at = memory.made_at if memory.first_at == UNSAID else memory.first_at
        memory.last_at = memory.first_at if memory.last_at == UNSAID else memory.last_at
        self._session.add(memory)
        await self._session.flush()
        await self.link(memory.id, memory.sources)
        await self._note(memory, batch, cause, memory.changed_at, before=None)
        return memory

    async def change(
        self, memory: Fact, values: Mapping[str, Any], *, batch: int, cause: str, at: datetime
    ) -> None:
        """Change a memory's values; a new text drops the separate search text."""
        if "text" in values:
            values = {"search_text": None, **values}
        before = {key: getattr(memory, key) for key, value in values.items() if getattr(memory, key) != value}
        for key, value in values.items():
            setattr(memory, key, value)
        memory.changed_at = at
        await self._session.flush()
        if "sources" in values:
            await self.link(memory.id, memory.sources)
        if before.keys() & {"text", "search_text"}:
            await PromptRepository(self._session).forget(people=[memory.person_id])
            await EmbeddingRepository(self._session).drop("fact", [memory.person_id], [memory.id])
        await self._note(memory, batch, cause, at, before=before)

    async def remove(self, memory: Fact, *, batch: int, cause: str, at: datetime) -> None:
        """Remove a memory in a way that can be undone."""
        await self._note(memory, batch, cause, at, before=_words(memory))
        await PromptRepository(self._session).forget(people=[memory.person_id])
        await EmbeddingRepository(self._session).drop("fact", [memory.person_id], [memory.id])
        await self._session.delete(memory)
        await self._session.flush()

    async def forget(self, memory_ids: Collection[int]) -> int:
        """Delete memories and every trace of their words; return their number."""
        people = set(await self._session.scalars(select(Fact.person_id).where(Fact.id.in_(memory_ids))))
        await EmbeddingRepository(self._session).drop("fact", people, memory_ids)
        await PromptRepository(self._session).forget(people=people)
        for model in (FactChange, FactSource):
            await self._session.execute(delete(model).where(model.memory_id.in_(memory_ids)))
        result = await self._session.execute(delete(Fact).where(Fact.id.in_(memory_ids)))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def revive(self, gone: Collection[int]) -> None:
        """Reactivate facts that the deleted facts had superseded."""
        ended = list(await self._session.scalars(select(Fact).where(Fact.superseded_by.in_(gone))))
        values = {"superseded_by": None, "ended_at": None}
        for fact in ended:
            batch = await self.new_batch()
            await self.change(fact, values, batch=batch, cause="taken back", at=fact.changed_at)

    async def repoint(self, gone: int, instead: int, *, batch: int, at: datetime) -> None:
        """Replace a superseding fact by the fact into which it was merged."""
        for fact in await self._session.scalars(select(Fact).where(Fact.superseded_by == gone)):
            await self.change(fact, {"superseded_by": instead}, batch=batch, cause="superseded", at=at)

    async def expired(self, before: datetime) -> list[int]:
        """Return facts, except kept ones, of people absent since a moment (C59)."""
        # Starting from absent people reads a few pages every five minutes; from present ones, every fact.
        gone = select(User.id).where(User.last_seen < before)
        query = select(Fact.id).where(Fact.kept.is_(False), Fact.person_id.in_(gone))
        return list(await self._session.scalars(query))

    async def last_batch(self, memory_id: int) -> int:
        """Return the number of a fact's last change; 0 without one."""
        query = select(func.max(FactChange.batch)).where(FactChange.memory_id == memory_id)
        return int(await self._session.scalar(query) or 0)

    async def batches(
        self, person_id: int, character: str, *, limit: int, since: datetime | None = None
    ) -> list[ChangeBatch]:
        """Return the latest changes of facts about a person, newest first."""
        query = (
            select(
                FactChange.batch,
                func.max(FactChange.at),
                func.max(FactChange.cause),
                func.count(func.distinct(FactChange.memory_id)),
            )
            .where(FactChange.person_id == person_id, FactChange.character == character)
            .group_by(FactChange.batch)
            .order_by(FactChange.batch.desc())
            .limit(limit)
        )
        if since is not None:
            query = query.where(FactChange.at >= since)
        return [ChangeBatch(*row) for row in await self._session.execute(query)]

    async def since(self, person_id: int, character: str, batch: int) -> list[ChangedFact]:
        """Return the changes since a batch, newest first."""
        query = select(*(getattr(FactChange, name) for name in _CHANGES)).where(
            FactChange.person_id == person_id,
            FactChange.character == character,
            FactChange.batch >= batch,
        )
        rows = await self._session.execute(query.order_by(FactChange.id.desc()))
        now = {fact.id: _words(fact) for fact in await self.of(person_id, character)}
        return list(_with_states(rows, now))

    async def places(
        self, facts: Collection[Fact], *, but: Collection[str]
    ) -> dict[int, tuple[int | None, int | None]]:
        """Return the (channel, guild) in which facts were told, before people changed their scope.

        `but` are causes that leave a fact where it is, which most changes have.
        """
        places = {fact.id: {"channel_id": fact.channel_id, "guild_id": fact.guild_id} for fact in facts}
        query = select(FactChange.memory_id, FactChange.before).where(
            FactChange.person_id.in_({fact.person_id for fact in facts}),
            FactChange.character.in_({fact.character for fact in facts}),
            FactChange.cause.not_in(but),
        )
        for memory_id, before in await self._session.execute(query.order_by(FactChange.id.desc())):
            if memory_id in places and before is not None:
                places[memory_id] |= {key: before[key] for key in places[memory_id] if key in before}
        return {key: (place["channel_id"], place["guild_id"]) for key, place in places.items()}

    async def causes(self, character: str, *, since: datetime, until: datetime) -> list[Count]:
        """Return the number of changes between two moments, by person and cause."""
        query = (
            select(FactChange.person_id, FactChange.cause, func.count())
            .where(FactChange.character == character, FactChange.at >= since, FactChange.at < until)
            .group_by(FactChange.person_id, FactChange.cause)
            .order_by(FactChange.person_id, FactChange.cause)
        )
        return [Count(*row) for row in await self._session.execute(query)]

    async def drawn_from(self, message_ids: Collection[int]) -> set[tuple[int, str]]:
        """Return (person, character) of memories that ever had any of the messages as a source."""
        ids = select(FactSource.memory_id).where(FactSource.message_id.in_(message_ids))
        now = select(Fact.person_id, Fact.character).where(Fact.id.in_(ids))
        past = select(FactChange.person_id, FactChange.character).where(FactChange.memory_id.in_(ids))
        return {(row[0], row[1]) for row in await self._session.execute(now.union(past))}

    async def characters(self, person_id: int) -> list[str]:
        """Return the characters that know or knew anything about a person."""
        now = select(Fact.character).where(Fact.person_id == person_id)
        past = select(FactChange.character).where(FactChange.person_id == person_id)
        return sorted(await self._session.scalars(now.union(past)))

    async def link(self, memory_id: int, sources: Collection[int]) -> None:
        """Record source messages of a fact permanently."""
        if sources:
            rows = [{"message_id": source, "memory_id": memory_id} for source in set(sources)]
            await self._session.execute(self._insert(table_of(FactSource)).on_conflict_do_nothing(), rows)

    async def _note(
        self, memory: Fact, batch: int, cause: str, at: datetime, *, before: dict[str, Any] | None
    ) -> None:
        change = FactChange(
            batch=batch,
            memory_id=memory.id,
            person_id=memory.person_id,
            character=memory.character,
            at=at,
            cause=cause,
            before=before,
        )
        await self._session.execute(insert(table_of(FactChange)), values_of(change))


def _words(memory: Fact) -> dict[str, Any]:
    return {key: getattr(memory, key) for key in _WORDS}


def _with_states(rows: Iterable[Any], now: dict[int, dict[str, Any]]) -> Iterable[ChangedFact]:
    """Yield changes with complete old and new values, backwards from the facts as they are `now`."""
    for row in rows:
        kept = dict(zip(_CHANGES, row, strict=True))
        after, before = now.pop(row.memory_id, None), kept.pop("before")
        if before is not None:
            before = {**(after or _DEFAULTS), **before}
            now[row.memory_id] = before
        yield ChangedFact(**kept, before=before, after=after)


def same_memory(change: ChangedFact, values: Mapping[str, Any], at: datetime) -> Fact:
    """Return a memory with the values of a change."""
    values = {"made_at": at, **values}
    memory = Fact(person_id=change.person_id, character=change.character, changed_at=at, **values)
    memory.id = change.memory_id
    return memory
