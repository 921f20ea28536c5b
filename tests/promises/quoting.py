"""Promises: sentences of README and docs/, each with the tests that prove it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent.parent


def promise(document: str, sentence: str) -> pytest.MarkDecorator:
    """Say which sentence of a document a test proves; docs/ need not be written."""
    return pytest.mark.promise(document, sentence)


@dataclass(frozen=True)
class Promise:
    """A sentence, and the test that proves it."""

    document: str
    sentence: str
    file: str
    test: str

    @property
    def stands(self) -> bool:
        """Say whether the document still holds the sentence, however its lines are broken."""
        return plain(self.sentence) in plain(text_of(self.document))


@cache
def text_of(document: str) -> str:
    """Return what a document says."""
    folder = ROOT if document == "README.md" else ROOT / "docs"
    return (folder / document).read_text(encoding="utf-8")


def plain(text: str) -> str:
    """Return a text with one space wherever there is room."""
    return re.sub(r"\s+", " ", text).strip()


def files() -> list[Path]:
    """Return the files with tests of promises."""
    return sorted(FOLDER.glob("test_*.py"))


@cache
def promises() -> tuple[Promise, ...]:
    """Return every promise, read from the tests' own text."""
    return tuple(_promises())


def _promises() -> Iterator[Promise]:
    for path in files():
        for test in functions_in(path):
            for quoted in test.decorator_list:
                if isinstance(quoted, ast.Call) and getattr(quoted.func, "id", "") == "promise":
                    document, sentence = (ast.literal_eval(each) for each in quoted.args)
                    yield Promise(document, sentence, path.name, test.name)


def functions_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the tests of a file."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node
