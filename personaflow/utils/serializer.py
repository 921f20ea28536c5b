"""JSON files, written atomically."""

import json
from dataclasses import fields, is_dataclass
from datetime import date, time
from os import PathLike
from pathlib import Path
from typing import Any

from personaflow.files import write_whole


class Serializer:
    """JSON files of plain values, dataclasses, dates and sets (P19)."""

    @staticmethod
    def to_json(data: Any, file_path: str | PathLike[str]) -> None:
        """Write the data, indented by 2; on OSError the file is unchanged.

        A dataclass becomes an object, a date or time its ISO text, a set a list.
        """
        try:
            text = json.dumps(data, indent=2, default=_plain)
        except (TypeError, ValueError, RecursionError) as error:
            raise OSError(f"{file_path} can't be written: {error}") from error
        write_whole(Path(file_path), text)

    @staticmethod
    def from_json(file_path: str | PathLike[str]) -> Any:
        """Return the file's data; OSError if it can't be read or is not JSON."""
        try:
            return json.loads(Path(file_path).read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise OSError(f"{file_path} can't be read: {error}") from error


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return _ordered(value)
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _ordered(values: set[Any] | frozenset[Any]) -> list[Any]:
    """Return the values in a fixed order, so that equal sets produce equal files."""
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)
