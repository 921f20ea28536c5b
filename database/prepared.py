"""Prepared statements: SQLAlchemy compiles each statement once, and the driver executes it from then on.

SQLAlchemy's work for each execution takes ten times longer than SQLite takes for a short statement.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Select, UpdateBase, inspect
from sqlalchemy.engine import Dialect, Result
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.attributes import instance_dict

Convert = Callable[[Any], Any] | None
Given = Mapping[str, Any]
Tell = Callable[[str], object]
MOST_SHAPES = 200
"""Maximum number of cached texts of a statement, one for each set of list lengths."""


class Written(NamedTuple):
    """Result of a statement without rows: see CursorResult of SQLAlchemy."""

    rowcount: int
    inserted_primary_key: tuple[int | None]


class ParameterPlace(NamedTuple):
    """Source of a parameter: its name, and for a list the place in it."""

    name: str
    place: int | None
    convert: Convert


class Plan:
    """A compiled statement for one set of parameter names."""

    def __init__(self, statement: Any, names: Sequence[str], dialect: Dialect) -> None:
        self._compiled = compiled = statement.compile(dialect=dialect, column_keys=list(names) or None)
        lists, defaults = compiled.post_compile_params, compiled.insert_prefetch
        known = all(bind.expanding for bind in lists) and all(column.default.is_scalar for column in defaults)
        if compiled.update_prefetch or not known:
            raise NotImplementedError("SQLAlchemy computes a value for every execution")
        self._converts = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        self._own = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self._own |= {column.key: column.default.arg for column in defaults}
        self._lists = sorted(bind.key for bind in lists)
        self._shapes: dict[tuple[int, ...], tuple[str, list[ParameterPlace]]] = {}
        self._rows = Rows(statement, dialect) if _asked(statement) else None

    def run(self, raw: sqlite3.Connection, given: Given | Sequence[Given] | None, tell: Tell) -> Any:
        """Execute the statement once or for each set of parameters; call `tell` with its text first.

        Raises DBAPIError, as SQLAlchemy does.
        """
        asked = {**self._own, **given} if isinstance(given, Mapping) else self._own
        text, fields = self._shape(tuple(len(asked[name]) for name in self._lists))
        tell(text)
        try:
            if isinstance(given, Sequence):
                cursor = raw.executemany(text, [_arguments(fields, {**asked, **values}) for values in given])
            else:
                cursor = raw.execute(text, _arguments(fields, asked))
            if self._rows is None:
                return Written(cursor.rowcount, (cursor.lastrowid,))
            return self._rows.of(cursor.fetchall())
        except sqlite3.Error as error:
            raise DBAPIError(text, None, error, hide_parameters=True) from error

    def _shape(self, lengths: tuple[int, ...]) -> tuple[str, list[ParameterPlace]]:
        if lengths not in self._shapes:
            if len(self._shapes) >= MOST_SHAPES:
                self._shapes.clear()
            self._shapes[lengths] = self._shaped(lengths)
        return self._shapes[lengths]

    def _shaped(self, lengths: Sequence[int]) -> tuple[str, list[ParameterPlace]]:
        if not self._lists:
            plain = [
                ParameterPlace(name, None, self._converts[name]) for name in self._compiled.positiontup or ()
            ]
            return self._compiled.string, plain
        lists = {name: range(length) for name, length in zip(self._lists, lengths, strict=True)}
        state = self._compiled.construct_expanded_state(
            {**dict.fromkeys(self._converts), **self._own, **lists}
        )
        origin = {
            each: (name, place)
            for name, expanded in state.parameter_expansion.items()
            for place, each in enumerate(expanded)
        }
        places = (origin.get(each, (each, None)) for each in state.positiontup or ())
        return state.statement, [ParameterPlace(name, place, self._converts[name]) for name, place in places]


class Rows:
    """Converts a statement's rows to values and entities. Entities belong to no session."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        asked = _asked(statement)
        columns = statement.selected_columns if statement.is_select else [column["expr"] for column in asked]
        found = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        self._converts = [(place, convert) for place, convert in enumerate(found) if convert]
        self._entities = _entities(asked)
        self._metadata = SimpleResultMetaData([column["name"] for column in asked])

    def of(self, raw: Iterable[tuple[Any, ...]]) -> "Result[Any]":
        rows = map(self._converted, raw) if self._converts else raw
        if self._entities:
            rows = map(self._with_entities, rows)
        return IteratorResult(self._metadata, iter(rows))

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, convert in self._converts:
            values[place] = convert(values[place])
        return tuple(values)

    def _with_entities(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(part.of(row) if isinstance(part, Entity) else row[part] for part in self._entities)


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity in the columns from `first` to before `last` of a row; None if its key is NULL."""

    made: Callable[[], Any]
    names: tuple[str, ...]
    first: int
    last: int
    key: int

    def of(self, row: tuple[Any, ...]) -> Any:
        if row[self.key] is None:
            return None
        entity = self.made()
        instance_dict(entity).update(zip(self.names, row[self.first : self.last], strict=True))
        return entity


class Statements:
    """Cache of plans for statements that are executed repeatedly, by the statement object."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._plans: WeakKeyDictionary[Any, dict[tuple[str, ...], Plan | None]] = WeakKeyDictionary()

    def plan(self, statement: Any, given: Given | Sequence[Given] | None) -> Plan | None:
        """Return the plan of a statement; None at its first execution, or if it can't have one."""
        plans = self._plans.get(statement)
        if plans is None:
            self._plans[statement] = {}
            return None
        names = tuple((given[0] if isinstance(given, Sequence) else given) or ())
        if names not in plans:
            plans[names] = self._made(statement, names)
        return plans[names]

    def _made(self, statement: Any, names: Sequence[str]) -> Plan | None:
        if not isinstance(statement, Select | UpdateBase):
            return None
        try:
            return Plan(statement, names, self._dialect)
        except NotImplementedError:
            return None


def _arguments(fields: Iterable[ParameterPlace], given: Given) -> list[Any]:
    found = []
    for name, place, convert in fields:
        value = given[name] if place is None else given[name][place]
        found.append(convert(value) if convert else value)
    return found


def _asked(statement: Any) -> list[Any]:
    """Return the entities and columns that a statement returns; none for one without rows."""
    if statement.is_select:
        return list(statement.column_descriptions)
    return list(statement.returning_column_descriptions)


def _entities(asked: Sequence[Mapping[str, Any]]) -> list["Entity | int"]:
    """Return an Entity or a column's place for each item; none if all are columns."""
    found, place = list[Entity | int](), 0
    for column in asked:
        if column.get("entity") is None or column["expr"] is not column["entity"]:
            found.append(place)
            place += 1
            continue
        mapper = inspect(column["entity"])
        names = tuple(attribute.key for attribute in mapper.column_attrs)
        key = place + names.index(mapper.get_property_by_column(mapper.primary_key[0]).key)
        last = place + len(names)
        found.append(Entity(mapper.class_manager.new_instance, names, place, last, key))
        place = last
    return found if any(isinstance(part, Entity) for part in found) else []
