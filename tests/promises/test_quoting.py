"""The promises themselves: they stand in the docs, are proven from outside, and leave no command line out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.quoting import FOLDER, ROOT, files, functions_in, plain, promises, text_of

PRODUCT = {"bot", "cogs", "memory", "database", "personas", "personaflow", "main"}
FEWEST = 60
WITH_COMMANDS = ("README.md", "operating.md")
NEEDS_MORE = {
    "docker": "Docker, which CI has not: tests/test_shipping.py looks at the files",
    "sudo": "a machine of one's own, with systemd",
    "journalctl": "systemd",
    "cd /opt/masquerade": "systemd",
    "py -3.11": "Windows",
    ".venv\\Scripts": "Windows",
    "git pull": "a newer version",
    "git checkout": "an older version",
    "echo ": "Docker: the line writes the .env of compose",
    "chmod 0644": "Docker: the line is for the container's user",
    "dropdb": "the whole server; the promise about dumps drops the database itself",
    "pip install": "a package index",
    ".venv/bin/pip install": "a package index",
    ".venv/bin/python -m pip install": "a package index",
    "--dbname=masquerade": "Docker",
    "make pictures": "tmux and a font: tests/bot/pictures/test_talk_picture.py makes one",
}


@pytest.mark.parametrize("document", sorted({each.document for each in promises()}))
def test_every_sentence_still_stands_in_its_document(document: str):
    gone = [each for each in promises() if each.document == document and not each.stands]
    assert [f"{each.file}::{each.test}: {each.sentence}" for each in gone] == []


def test_there_are_sixty_of_them_and_every_test_proves_one():
    quoted = {(each.document, plain(each.sentence)) for each in promises()}
    assert len(quoted) >= FEWEST
    proving = {(each.file, each.test) for each in promises()}
    others = [path for path in files() if path != Path(__file__)]
    assert [
        (path.name, test.name)
        for path in others
        for test in functions_in(path)
        if (path.name, test.name) not in proving
    ] == []


def test_nothing_of_the_product_is_imported_nor_by_what_the_promises_stand_on():
    seen: set[Path] = set()
    waiting = list(FOLDER.glob("*.py"))
    while waiting:
        path = waiting.pop()
        seen.add(path)
        for name in imported_by(path):
            assert name.partition(".")[0] not in PRODUCT, f"{path}: {name}"
            ours = ROOT.joinpath(*name.split(".")).with_suffix(".py")
            if ours.is_file() and ours not in seen:
                waiting.append(ours)
    assert ROOT / "tests" / "world" / "discord_server.py" in seen


def imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def command_lines(document: str) -> Iterator[str]:
    """Yield what a document gives to be typed: the lines of its blocks, and what stands between the lines."""
    text = text_of(document)
    for block in re.findall(r"^```(?:sh|bat)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield plain(re.sub(r"(^|\s)#\s.*", "", line))
    yield from re.findall(r"`((?:python main\.py|make)\b[^`]*)`", text)


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_every_command_line_is_tried(document: str):
    tried = [plain(each.sentence) for each in promises()]
    lines = [line for line in command_lines(document) if line and not line.startswith(tuple(NEEDS_MORE))]
    assert [line for line in lines if not any(stands_in(line, sentence) for sentence in tried)] == []


def stands_in(line: str, sentence: str) -> bool:
    """Say whether a sentence quotes a whole command line, and not only the beginning of a longer one."""
    return re.search(rf"(?:^|[`\s]){re.escape(line)}(?:$|[`\s.,])", sentence) is not None


def test_the_readme_is_read_in_five_minutes():
    assert len(text_of("README.md").split()) <= 1000
