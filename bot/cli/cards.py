"""`main.py cards`: inspection of untrusted cards, and conversion to other file types."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.cli.doctor.report import show as print_text
from bot.core.errors import ConfigurationError, unwritable
from bot.features.characters.strangers import Inspected, export_stranger, harmless, read_stranger
from bot.llm.types import TokenEstimate
from personas.cards.charx import MOST_BYTES, is_zip
from personas.cards.images import picture_of
from personas.sheet_values import words

WIDTH = 100
"""Columns of output to a file or a pipe."""
LEFT_BEHIND = " JSON carries no picture and no files: keep the one that you have."
_MOST_SHOWN = 4_000
_GLIMPSE = 160
_ALWAYS: Mapping[str, str] = {
    "override": "Instructions in front (system_prompt)",
    "core_prompt": "Who it is",
    "scenario": "Scenario",
    "examples": "Examples of how it talks",
    "knowledge": "What it knows about",
    "opinions": "Opinions",
    "quirks": "Quirks",
    "voice": "Voice and tone",
    "interests": "Interests",
    "avoidances": "What it avoids",
    "post_history": "Instructions behind (post_history)",
}
_TOLD_IN_FULL: Mapping[str, str] = {
    "override": "Instructions that stand in front of everything (system_prompt):",
    "post_history": "Instructions that stand behind everything (post_history_instructions):",
}
_KEPT_IN = {"card": "the card", "sheet": "the sheet", "lorebook": "the book"}
_KINDS = {"card": "a card", "sheet": "a character sheet", "lorebook": "a lorebook"}


def cards(arguments: Namespace, _on_stage: object) -> int:
    """Inspect or convert an untrusted card; no character has to be configured."""
    return export(arguments) if arguments.order == "export" else inspect(arguments.file)


def inspect(path: Path) -> int:
    """Print what a file contains. Raises ConfigurationError for an unusable file."""
    seen = asyncio.run(read_stranger(_content(path), name=str(path)))
    count = TokenEstimate()
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    with console.capture() as captured:
        for part in _report(seen, path, count):
            console.print(part, soft_wrap=not console.is_terminal and isinstance(part, Text))
    print_text("\n".join(line.rstrip() for line in captured.get().split("\n")).rstrip("\n"))
    return 0


def export(arguments: Namespace) -> int:
    """Convert a card to another file type, atomically. Raises ConfigurationError."""
    out: Path = arguments.out
    if out.exists() and not arguments.force:
        raise ConfigurationError(f"{out} is there already; name another file, or add --force.")
    data = _content(arguments.file)
    written = asyncio.run(export_stranger(data, to=arguments.to, name=str(arguments.file)))
    try:
        _save(out, written)
    except OSError as error:
        raise unwritable(str(out), error) from error
    left = picture_of(data) or is_zip(data)
    said = LEFT_BEHIND if arguments.to == "json" and left else ""
    print_text(f"Wrote {out}: {len(written):,} bytes.{said}")
    return 0


def _save(out: Path, written: bytes) -> None:
    with NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}", delete=False) as file:
        unfinished = Path(file.name)
        try:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
    unfinished.replace(out)


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ConfigurationError(f"There is no file {path}. Name a PNG, JSON or CHARX.")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error


def _report(seen: Inspected, path: Path, count: Callable[[str], int]) -> Iterator[Any]:
    yield _heading(seen)
    if seen.fields:
        yield _prompt_table(seen.fields, count)
        yield from _greetings(seen.fields)
    if seen.book is not None:
        yield _lore(seen.book, count)
    yield from _marked_used(seen.used)
    yield from _lists(seen)
    for field, heading in _TOLD_IN_FULL.items():
        if text := seen.fields.get(field):
            yield from _told(heading, str(text))
    notes = seen.creator_notes or {"": str(seen.fields.get("creator_notes", ""))}
    for language, text in notes.items():
        if text.strip():
            tongue = f", in {harmless(language, 20)}" if len(notes) > 1 else ""
            yield from _told(f"The creator's notes{tongue}, for you and never in a prompt:", text)
    yield from _marked("Before you use it:", (*seen.warnings, *seen.notices))
    yield ""
    yield _advice(seen, path)


def _heading(seen: Inspected) -> Text:
    name = harmless(str(seen.fields.get("name") or seen.card_name or "(no name)"), 80)
    if seen.kind == "lorebook":
        name = harmless(str((seen.book or {}).get("name") or "A lorebook"), 80)
    kind = _KINDS[seen.kind] + (f" of version {seen.version}" if seen.version else "")
    parts = [kind, f"from {seen.container}"]
    if creator := harmless(str(seen.fields.get("creator", "")), 80):
        parts.append(f"by {creator}")
    if version := harmless(str(seen.fields.get("version", "")), 40):
        parts.append(f"its author's version {version}")
    if tags := [harmless(str(tag), 40) for tag in seen.fields.get("tags", ())][:12]:
        parts.append(f"tags {', '.join(tags)}")
    return Text.assemble((name, "bold"), ": ", ", ".join(parts))


def _prompt_table(fields: Mapping[str, Any], count: Callable[[str], int]) -> Table:
    sizes = [(label, count(words(fields[key]))) for key, label in _ALWAYS.items() if fields.get(key)]
    table = Table(box=box.SIMPLE_HEAD, show_footer=len(sizes) > 1)
    table.add_column("In every prompt", "In all", no_wrap=True)
    table.add_column("Tokens", f"{sum(size for _, size in sizes):,}", justify="right")
    for label, size in sizes:
        table.add_row(label, f"{size:,}")
    return table


def _greetings(fields: Mapping[str, Any]) -> Iterator[Any]:
    others, groups = fields.get("greetings", ()), fields.get("group_greetings", ())
    more = [
        f"{len(texts)} {words}"
        for texts, words in ((others, "to choose from"), (groups, "for places with several characters"))
        if texts
    ]
    first = str(fields.get("greeting", ""))
    if first or more:
        yield Text(f"Greetings: {'; '.join(['one' if first else 'none of its own', *more])}")
    if first:
        yield Padding(Text(_glimpse(first), style="italic"), (0, 0, 0, 2))


def _lore(book: Mapping[str, Any], count: Callable[[str], int]) -> Text:
    within = book.get("data") if book.get("spec") == "lorebook_v3" else book
    found = within.get("entries") if isinstance(within, Mapping) else None
    listed = list(found.values()) if isinstance(found, Mapping) else found
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    constant = [entry for entry in entries if entry.get("constant") is True]
    tokens = sum(count(entry["content"]) for entry in entries if isinstance(entry.get("content"), str))
    always = sum(count(entry["content"]) for entry in constant if isinstance(entry.get("content"), str))
    said = f"Lorebook: {_counted(len(entries), 'entry', 'entries')}, {_counted(tokens, 'token')} in all"
    return Text(f"{said}; {len(constant):,} of them always in the prompt, {_counted(always, 'token')}")


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def _lists(seen: Inspected) -> Iterator[Text]:
    braced = ["{{%s}}" % harmless(name, 60) for name in seen.macros]  # noqa: UP031 - braces in braces
    unknown = ["{{%s}}" % harmless(name, 60) for name in seen.unknown_macros]  # noqa: UP031
    for heading, found in (
        ("Macros: ", braced),
        ("Macros that mean nothing here and stay as they are: ", unknown),
        (f"Kept in {_KEPT_IN[seen.kind]}, and not used: ", [harmless(field, 80) for field in seen.unused]),
    ):
        if found:
            yield Text(heading + ", ".join(found))
    if seen.files:
        yield Text(f"Files that it carries: {seen.files:,}")


def _marked_used(used: tuple[str, ...]) -> Iterator[Any]:
    """Yield how each extension field is used."""
    if used:
        yield Text("Used:")
    for field in used:
        yield Padding(Text(harmless(field, 200)), (0, 0, 0, 2))


def _told(heading: str, text: str) -> Iterator[Any]:
    yield ""
    yield Text(heading, style="bold")
    shown = text[:_MOST_SHOWN]
    for line in shown.split("\n"):
        yield Padding(Text(f"| {harmless(line, _MOST_SHOWN)}".rstrip()), (0, 0, 0, 2))
    if len(text) > len(shown):
        yield Padding(Text(f"(and {len(text) - len(shown):,} characters more)"), (0, 0, 0, 2))


def _marked(heading: str, sentences: tuple[str, ...]) -> Iterator[Any]:
    if sentences:
        yield ""
        yield Text(heading, style="bold")
    for sentence in sentences:
        yield Padding(Text.assemble(("! ", "yellow"), harmless(sentence, 600)), (0, 0, 0, 2))


def _advice(seen: Inspected, path: Path) -> Text:
    name = {"PNG": "card.png", "JSON": "card.json", "CHARX": "card.charx"}[seen.container]
    if seen.kind != "card":
        name = "character.json" if seen.kind == "sheet" else "lorebook.json"
    return Text(
        f"Nothing was saved. To play it, make a folder characters/NAME and copy {path} to {name} in it"
    )


def _glimpse(text: str) -> str:
    shown = harmless(text, _GLIMPSE)
    return f"{shown}…" if len(text) > _GLIMPSE else shown
