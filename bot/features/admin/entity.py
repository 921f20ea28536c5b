"""What can be changed by hand: how a kind of thing is read, written and put back."""

from typing import Protocol

from bot.features.admin.change import Change, Key, Values
from database import UnitOfWork


class Entity(Protocol):
    """One kind of thing. Everything happens in the transaction that is passed in."""

    name: str

    async def read(self, db: UnitOfWork, key: Key) -> Values | None:
        """Return what a thing is now; None where it is not there."""
        ...

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        """Make it so, None: take it away; return its key, with its number where it is new.

        Raises ChangeRefused for what can't be.
        """
        ...

    async def restore(self, db: UnitOfWork, change: Change) -> None:
        """Make a thing what it was before a change that still stands. Raises ChangeRefused."""
        ...

    def stands(self, now: Values | None, after: Values | None) -> bool:
        """Say whether a thing is still what a change made of it."""
        ...

    def person(self, key: Key) -> int | None:
        """Return whom a thing concerns."""
        ...

    async def changed(self, key: Key) -> None:
        """Take notice that a thing was changed, so that the very next prompt shows it."""
        ...


class Row:
    """What most kinds share: a thing concerns nobody, and is put back by writing what it was.

    `compared` are the values that say whether it still stands as it was made; empty: all of them.
    """

    compared: tuple[str, ...] = ()

    async def write(self, db: UnitOfWork, key: Key, values: Values | None) -> Key:
        raise NotImplementedError

    async def restore(self, db: UnitOfWork, change: Change) -> None:
        await self.write(db, change.key, change.before)

    def stands(self, now: Values | None, after: Values | None) -> bool:
        if now is None or after is None or not self.compared:
            return now == after
        return all(now.get(name) == after.get(name) for name in self.compared)

    def person(self, key: Key) -> int | None:  # noqa: ARG002 - most kinds concern nobody
        return None

    async def changed(self, key: Key) -> None:
        """Nothing is kept anywhere that would have to be read anew."""
