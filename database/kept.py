"""A cache of values read from tables that change seldom, invalidated by writes to these tables.

It works because this process is the only one that writes (Database says who else may).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

from database.models import Row

T = TypeVar("T")
_WRITES = re.compile(
    r'\s*(?:(DELETE FROM|(?:INSERT|UPDATE) OR \w+(?: INTO)?)|INSERT INTO|UPDATE)\s+"?(\w+)', re.IGNORECASE
)
"""Statements that write to a table; the first group matches those that may delete rows by cascade."""
_READS = re.compile(r"\s*(?:SELECT|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|PRAGMA)\b", re.IGNORECASE)


class Kept:
    """Cached values by the tables they were read from, and the number of changes to each table."""

    def __init__(self) -> None:
        self._changes = Counter[str]()
        self._values: defaultdict[tuple[str, ...], dict[Hashable, Any]] = defaultdict(dict)
        self.writing: set[str] = set()
        """Tables that the current holder of the writer's connection has written to."""

    def now(self, *, storing: bool = True) -> "KeptView":
        """Return the view for a transaction that begins now; `storing` says whether it may add values."""
        return KeptView(self, dict(self._changes), storing=storing)

    def wrote(self, statement: str) -> None:
        """Invalidate the tables of a statement that is about to run."""
        for table in changed_by(statement):
            self.writing.add(table)
            self._let_go(table)

    def ended(self, written: Iterable[str]) -> None:
        """Invalidate the tables of a transaction that ended: until now others read the old values."""
        for table in written:
            self._let_go(table)

    def _let_go(self, table: str) -> None:
        self._changes[table] += 1
        for tables, values in self._values.items():
            if table in tables:
                values.clear()

    async def of(
        self,
        since: Mapping[str, int],
        tables: tuple[str, ...],
        key: Hashable,
        read: Callable[[], Awaitable[T]],
        *,
        most: int | None,
    ) -> T:
        values = self._values[tables]
        if not self._is_current(since, tables):
            return await read()
        if key in values:
            return cast("T", values[key])
        value = await read()
        if most is not None and self._is_current(since, tables):
            values[key] = value
            while len(values) > most:
                del values[next(iter(values))]
        return value

    def _is_current(self, since: Mapping[str, int], tables: Sequence[str]) -> bool:
        return all(self._changes[table] == since.get(table, 0) for table in tables)


class KeptView:
    """The cache as one transaction may see it: without values changed since it began."""

    def __init__(self, kept: Kept, since: Mapping[str, int], *, storing: bool) -> None:
        self._kept = kept
        self._since = since
        self._storing = storing

    async def of(
        self, tables: tuple[str, ...], key: Hashable, read: Callable[[], Awaitable[T]], *, most: int
    ) -> T:
        """Return the cached value of tables under a key, or read it now.

        At most `most` values are cached for these tables; the oldest go first.
        """
        return await self._kept.of(self._since, tables, key, read, most=most if self._storing else None)


@lru_cache(maxsize=2_000)
def changed_by(statement: str) -> frozenset[str]:
    """Return the tables that a statement changes, directly or by cascade; all tables if in doubt."""
    if found := _WRITES.match(statement):
        return _with_dependants(found[2]) if found[1] else frozenset({found[2]})
    return frozenset() if _READS.match(statement) else frozenset(Row.metadata.tables)


def _with_dependants(table: str) -> frozenset[str]:
    found, left = {table}, [table]
    while left:
        parent = left.pop()
        for other in Row.metadata.tables.values():
            if other.name not in found and any(
                key.column.table.name == parent and key.ondelete for key in other.foreign_keys
            ):
                found.add(other.name)
                left.append(other.name)
    return frozenset(found)
