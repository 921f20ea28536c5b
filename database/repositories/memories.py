"""Core memories, every change of them, and who agreed to be remembered."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    or_,
    select,
    true,
)

from database.models import Consent, CoreMemory, MemoryChange, MemorySource, State
from database.repositories.base import Repository, table_of, values_of

_WORDS = ("number", "text", "scope", "channel_id", "guild_id", "quote", "sources", "pinned", "origin")
"""What a change keeps of a memory."""


_LAST_BATCH = "last change of core memory"


class Audience(NamedTuple):
    """Who reads along where a memory may come up.

    `channel_ids` are the channel and, of a thread, the channel that it belongs to. A private place
    has no guild: there the person sees what they said anywhere.
    """

    channel_ids: tuple[int, ...]
    guild_id: int | None
    private: bool


class Batch(NamedTuple):
    """One change, of one or more memories: `id` names the state before it."""

    id: int
    at: datetime
    cause: str
    memories: int


def _visible(*, private: bool) -> ColumnElement[bool]:
    """Return which memories about a person may come up before an audience (D2, C60).

    The one rule: never a wider audience than that before which it was said, unless the person
    themself said so. What was said before many may come up when the person is alone with us.
    """
    if private:
        return true()
    here: BindParameter[int] = bindparam("channel_ids", expanding=True)
    return or_(
        CoreMemory.scope == "everywhere",
        and_(CoreMemory.scope == "guild", CoreMemory.guild_id == bindparam("guild_id")),
        and_(CoreMemory.scope == "channel", CoreMemory.channel_id.in_(here)),
    )


_ABOUT = {
    private: select(CoreMemory)
    .where(
        CoreMemory.person_id.in_(bindparam("person_ids", expanding=True)),
        CoreMemory.character == bindparam("character"),
        _visible(private=private),
    )
    .order_by(CoreMemory.person_id, CoreMemory.number)
    for private in (True, False)
}


class Memories(Repository):
    """The core_memories and core_memory_changes tables."""

    async def about(
        self, person_ids: Collection[int], character: str, audience: Audience
    ) -> list[CoreMemory]:
        """Return what a character knows about some people that may come up before an audience."""
        asked: dict[str, Any] = {"person_ids": list(person_ids), "character": character}
        if not audience.private:
            asked |= {"channel_ids": list(audience.channel_ids), "guild_id": audience.guild_id}
        return list(await self._session.scalars(_ABOUT[audience.private], asked))

    async def of(self, person_id: int, character: str) -> list[CoreMemory]:
        """Return everything that a character knows about somebody, by number."""
        query = select(CoreMemory).where(CoreMemory.person_id == person_id, CoreMemory.character == character)
        return list(await self._session.scalars(query.order_by(CoreMemory.number)))

    async def numbered(self, person_id: int, character: str, number: int) -> CoreMemory | None:
        """Return the memory about somebody that has a number."""
        return await self._session.scalar(
            select(CoreMemory).where(
                CoreMemory.person_id == person_id,
                CoreMemory.character == character,
                CoreMemory.number == number,
            )
        )

    async def count(self, person_id: int, character: str) -> int:
        query = select(func.count()).select_from(CoreMemory)
        query = query.where(CoreMemory.person_id == person_id, CoreMemory.character == character)
        return int(await self._session.scalar(query) or 0)

    async def new_batch(self) -> int:
        """Return the number of the next change; what belongs together is written under one.

        No number comes twice, also when the changes before were forgotten: a menu may still show them.
        """
        first = self._insert(table_of(State)).values(key=_LAST_BATCH, value="1")
        next_one = cast(cast(State.value, Integer) + 1, String)
        counted = first.on_conflict_do_update(index_elements=["key"], set_={"value": next_one})
        return int(await self._session.scalar(counted.returning(State.value)) or 0)

    async def add(self, memory: CoreMemory, *, batch: int, cause: str) -> CoreMemory:
        """Keep a new memory under the next number of its person."""
        last = select(func.coalesce(func.max(CoreMemory.number), 0)).where(
            CoreMemory.person_id == memory.person_id, CoreMemory.character == memory.character
        )
        memory.number = memory.number or int(await self._session.scalar(last) or 0) + 1
        self._session.add(memory)
        await self._session.flush()
        await self._link(memory.id, memory.sources)
        await self._note(memory, batch, cause, memory.changed_at, before=None, after=_words(memory))
        return memory

    async def change(
        self, memory: CoreMemory, values: Mapping[str, Any], *, batch: int, cause: str, at: datetime
    ) -> None:
        """Give a memory new values."""
        before = _words(memory)
        for key, value in values.items():
            setattr(memory, key, value)
        memory.changed_at = at
        await self._session.flush()
        if "sources" in values:
            await self._link(memory.id, memory.sources)
        await self._note(memory, batch, cause, at, before=before, after=_words(memory))

    async def remove(self, memory: CoreMemory, *, batch: int, cause: str, at: datetime) -> None:
        """Let a memory go so that it can be brought back."""
        await self._note(memory, batch, cause, at, before=_words(memory), after=None)
        await self._session.delete(memory)
        await self._session.flush()

    async def forget(self, memory_ids: Collection[int]) -> int:
        """Delete memories and every trace of their words; return how many there were."""
        for model in (MemoryChange, MemorySource):
            await self._session.execute(delete(model).where(model.memory_id.in_(memory_ids)))
        result = await self._session.execute(delete(CoreMemory).where(CoreMemory.id.in_(memory_ids)))
        return int(result.rowcount)  # type: ignore[attr-defined]

    async def batches(self, person_id: int, character: str, *, limit: int) -> list[Batch]:
        """Return the last changes of what is known about somebody, the newest first."""
        query = (
            select(
                MemoryChange.batch,
                func.max(MemoryChange.at),
                func.max(MemoryChange.cause),
                func.count(func.distinct(MemoryChange.memory_id)),
            )
            .where(MemoryChange.person_id == person_id, MemoryChange.character == character)
            .group_by(MemoryChange.batch)
            .order_by(MemoryChange.batch.desc())
            .limit(limit)
        )
        return [Batch(*row) for row in await self._session.execute(query)]

    async def since(self, person_id: int, character: str, batch: int) -> list[MemoryChange]:
        """Return the changes from a batch on, the newest first."""
        query = select(MemoryChange).where(
            MemoryChange.person_id == person_id,
            MemoryChange.character == character,
            MemoryChange.batch >= batch,
        )
        return list(await self._session.scalars(query.order_by(MemoryChange.id.desc())))

    async def drawn_from(self, message_ids: Collection[int]) -> set[tuple[int, str]]:
        """Return whose memories, and of which character's, ever came from any of some messages."""
        ids = select(MemorySource.memory_id).where(MemorySource.message_id.in_(message_ids))
        now = select(CoreMemory.person_id, CoreMemory.character).where(CoreMemory.id.in_(ids))
        past = select(MemoryChange.person_id, MemoryChange.character).where(MemoryChange.memory_id.in_(ids))
        return {(row[0], row[1]) for row in await self._session.execute(now.union(past))}

    async def characters(self, person_id: int) -> list[str]:
        """Return the characters that know anything about somebody."""
        query = select(CoreMemory.character).where(CoreMemory.person_id == person_id).distinct()
        return list(await self._session.scalars(query))

    # Who agreed.

    async def consents(self, person_ids: Collection[int]) -> set[int]:
        """Return those of some people who let characters note things about them by themselves."""
        query = select(Consent.person_id).where(Consent.person_id.in_(person_ids), Consent.given.is_(True))
        return set(await self._session.scalars(query))

    async def refuses(self, person_id: int) -> bool:
        """Say whether somebody said no to that; most have said neither."""
        query = select(Consent.person_id).where(Consent.person_id == person_id, Consent.given.is_(False))
        return await self._session.scalar(query) is not None

    async def set_consent(self, person_id: int, given: bool, *, at: datetime) -> None:
        row = self._insert(table_of(Consent)).values(person_id=person_id, given=given, at=at)
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=["person_id"], set_={"given": row.excluded.given, "at": row.excluded.at}
            )
        )

    async def _link(self, memory_id: int, sources: Collection[int]) -> None:
        if sources:
            rows = [{"message_id": source, "memory_id": memory_id} for source in set(sources)]
            await self._session.execute(self._insert(table_of(MemorySource)).on_conflict_do_nothing(), rows)

    async def _note(
        self,
        memory: CoreMemory,
        batch: int,
        cause: str,
        at: datetime,
        *,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        change = MemoryChange(
            batch=batch,
            memory_id=memory.id,
            person_id=memory.person_id,
            character=memory.character,
            at=at,
            cause=cause,
            before=before,
            after=after,
        )
        await self._session.execute(insert(table_of(MemoryChange)), values_of(change))


def _words(memory: CoreMemory) -> dict[str, Any]:
    return {key: getattr(memory, key) for key in _WORDS}


def same_memory(change: MemoryChange, values: Mapping[str, Any], at: datetime) -> CoreMemory:
    """Return a memory as a change kept it."""
    memory = CoreMemory(
        person_id=change.person_id, character=change.character, made_at=at, changed_at=at, **values
    )
    memory.id = change.memory_id
    return memory
