"""Bringing back what was known of somebody before a change (C50, C68)."""

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
"""What a memory is; the messages that it came from are no part of that."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """What bringing back an earlier state does to a memory: its values now and then, None without it."""

    number: int
    now: Mapping[str, Any] | None
    then: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Back:
    """A memory as it is, None when it is not there any more, and the first change of it since then."""

    memory: Fact | None
    change: ChangedFact

    @property
    def reversal(self) -> Reversal:
        now, then = _values(self.memory), self.change.before
        return Reversal((now or then or {})["number"], now, then)

    @property
    def stands(self) -> bool:
        """Say whether the memory is already as it was."""
        now, then = _values(self.memory), self.change.before
        return now is then if now is None or then is None else now.items() <= then.items()


async def steps_back(db: UnitOfWork, person_id: int, character: str, batch: int) -> list[Back] | None:
    """Return what would be otherwise in the state before a change; None when there is no such state."""
    known = {one.id: one for one in await db.memories.of(person_id, character)}
    changes = {one.memory_id: one for one in await db.memories.since(person_id, character, batch)}
    if batch < 1 or not changes:
        return None
    steps = (Back(known.get(memory_id), change) for memory_id, change in changes.items())
    return [step for step in steps if not step.stands]


async def bring_back(
    db: UnitOfWork, steps: Sequence[Back], known: Sequence[Fact], *, at: datetime, cause: str = RESTORED
) -> None:
    """Make memories what they were; that is a change as any other."""
    new = await db.memories.new_batch()
    there = {one.id for one in known} | {step.change.memory_id for step in steps if step.change.before}
    taken = {one.number for one in known} - {step.memory.number for step in steps if step.memory}
    for memory, change in ((step.memory, step.change) for step in steps):
        if change.before is None and memory is not None:
            await db.memories.remove(memory, batch=new, cause=cause, at=at)
        elif change.before is not None and memory is not None:
            # The messages of its later words stay with it: they have to be found when they are deleted.
            values = _holding({**change.before, "sources": memory.sources}, there)
            await db.memories.change(memory, values, batch=new, cause=cause, at=at)
        elif change.before is not None:
            again = same_memory(change, _holding(change.before, there), at)
            again.sources = await _ever(db, change)
            again.number = 0 if again.number in taken else again.number
            await db.memories.add(again, batch=new, cause=cause)


def _holding(values: Mapping[str, Any], there: Collection[int]) -> dict[str, Any]:
    """Return the values of a fact that holds again, where what had overtaken it is forgotten."""
    successor = values.get("superseded_by")
    over = successor is not None and successor not in there
    return {**values, "superseded_by": None, "ended_at": None} if over else dict(values)


def _values(memory: Fact | None) -> dict[str, Any] | None:
    return {key: getattr(memory, key) for key in _SHOWN} if memory is not None else None


async def _ever(db: UnitOfWork, change: ChangedFact) -> list[int]:
    """Return the messages that any form of a memory came from since a change."""
    since = await db.memories.since(change.person_id, change.character, change.batch)
    forms = [form for one in since if one.memory_id == change.memory_id for form in (one.before, one.after)]
    return sorted({source for form in forms if form for source in form["sources"]})
