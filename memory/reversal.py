"""Restoring a person's memories to their state before a change (C50, C68)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from database import UnitOfWork
from database.models import Fact
from database.repositories.memories import ChangedFact, same_memory
from memory.history import RESTORED

_SHOWN = (
    *("number", "text", "scope", "channel_id", "guild_id", "pinned", "origin", "quote"),
    *("kept", "for_all", "ended_at", "superseded_by", "mentions"),
)
"""The fields that make up a memory's state; its source messages don't count."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """Effect of a restore on a memory: its values now and then, None where it does not exist."""

    number: int
    now: Mapping[str, Any] | None
    then: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Back:
    """A memory, None if it no longer exists, and the first change to it since the state to restore."""

    memory: Fact | None
    change: ChangedFact

    @property
    def reversal(self) -> Reversal:
        now, then = _values(self.memory), self.change.before
        return Reversal((now or then or {})["number"], now, then)

    @property
    def stands(self) -> bool:
        """Whether the memory is already in its earlier state."""
        now, then = _values(self.memory), self.change.before
        return now is then if now is None or then is None else now.items() <= then.items()


async def steps_back(db: UnitOfWork, person_id: int, character: str, batch: int) -> list[Back] | None:
    """Return the memories that differ from the state before a change; None if there is no such state."""
    known = {memory.id: memory for memory in await db.memories.of(person_id, character)}
    changes = {change.memory_id: change for change in await db.memories.since(person_id, character, batch)}
    if batch < 1 or not changes:
        return None
    steps = (Back(known.get(memory_id), change) for memory_id, change in changes.items())
    return [step for step in steps if not step.stands]


async def bring_back(
    db: UnitOfWork, steps: Sequence[Back], known: Sequence[Fact], *, at: datetime, cause: str = RESTORED
) -> None:
    """Restore memories to earlier values; this is recorded like any other change."""
    new = await db.memories.new_batch()
    existing = {memory.id for memory in known} | {
        step.change.memory_id for step in steps if step.change.before
    }
    taken = {memory.number for memory in known} - {step.memory.number for step in steps if step.memory}
    for memory, change in ((step.memory, step.change) for step in steps):
        if change.before is None and memory is not None:
            await db.memories.remove(memory, batch=new, cause=cause, at=at)
        elif change.before is not None and memory is not None:
            # The memory keeps its later sources, so that their deletion still finds it.
            values = _reactivated({**change.before, "sources": memory.sources}, existing)
            await db.memories.change(memory, values, batch=new, cause=cause, at=at)
        elif change.before is not None:
            again = same_memory(change, _reactivated(change.before, existing), at)
            again.sources = await _all_sources(db, change)
            again.number = 0 if again.number in taken else again.number
            await db.memories.add(again, batch=new, cause=cause)


def _reactivated(values: Mapping[str, Any], existing: Collection[int]) -> dict[str, Any]:
    """Return a fact's values, reactivated if its successor no longer exists."""
    successor = values.get("superseded_by")
    over = successor is not None and successor not in existing
    return {**values, "superseded_by": None, "ended_at": None} if over else dict(values)


def _values(memory: Fact | None) -> dict[str, Any] | None:
    return {key: getattr(memory, key) for key in _SHOWN} if memory is not None else None


async def _all_sources(db: UnitOfWork, change: ChangedFact) -> list[int]:
    """Return the source messages of all forms of a memory since a change."""
    since = await db.memories.since(change.person_id, change.character, change.batch)
    forms = [
        form
        for later_change in since
        if later_change.memory_id == change.memory_id
        for form in (later_change.before, later_change.after)
    ]
    return sorted({source for form in forms if form for source in form["sources"]})
