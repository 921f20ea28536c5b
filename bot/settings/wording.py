"""Settings in words: a default in a file's syntax, and the kind of a key's value."""

import ast
from collections.abc import Mapping
from functools import cache
from inspect import cleandoc, getsource
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_core import to_json

from bot.settings.model import Settings


def default_words(key: str) -> str:
    """Return a setting's default in an operator's spelling; empty without one."""
    return _words(Settings.model_fields[key].get_default(call_default_factory=True))


def does(key: str) -> str:
    """Return the description of a setting."""
    return said_below(Settings)[key]


@cache
def said_below(model: type[BaseModel]) -> Mapping[str, str]:
    """Return the docstring below each field of a model, parsed from its source."""
    said: dict[str, str] = {}
    for base in model.__mro__[-3::-1]:  # without BaseModel and object
        (defined,) = ast.parse(getsource(base)).body
        for field, words in pairwise(defined.body if isinstance(defined, ast.ClassDef) else ()):
            match field, words:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(line))):
                    said[name] = cleandoc(line)
    return said


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12f}".rstrip("0").rstrip(".")
    return _composed(value)


def _composed(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, Mapping):
        return to_json(value).decode()
    if isinstance(value, Path):
        return value.as_posix() if value.parts else "./"
    return str(value)
