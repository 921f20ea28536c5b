"""Reader of untrusted cards, run as a separate sandboxed program that writes one line of JSON.

It is started as `python -I -S sandboxed_reader.py SECONDS ORDER PATHS` with the file as its standard input.
ORDER is `inspect`, or the file type to write: `json`, `png` or `charx`. PATHS lists the package folders.
The bytes of the written file, if any, follow the JSON line. It imports only personas and its dependencies.
"""

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

if not __package__:
    # When run as a program, only the standard library is on the path.
    sys.path += sys.argv[3].split(os.pathsep)

from bot.core.sandbox import hold
from personas.cards import Card, CardError, read_card, write_charx, write_json, write_png
from personas.cards.charx import MOST_BYTES, is_zip
from personas.cards.images import picture_of
from personas.cards.json_text import read_json
from personas.cards.survey import survey
from personas.cards.versions import is_card
from personas.library import is_book
from personas.sheets import SheetContents, cast_whole, is_sheet, read_sheet

MOST_MEMORY = 256 << 20
"""Memory limit of this process in bytes, where the system can enforce it."""
MOST_NOTICES = 80
MOST_LETTERS = 120
WRITERS = {"json": write_json, "png": write_png, "charx": write_charx}


def main() -> None:
    """Read the file from standard input and write the answer to standard output."""
    _load_all()
    hold(float(sys.argv[1]), memory=MOST_MEMORY)
    written = b""
    try:
        answer, written = answered(sys.stdin.buffer.read(MOST_BYTES + 1), sys.argv[2])
    except CardError as error:
        answer = {"fault": {"wrong": error.wrong, "mend": error.mend, "line": error.line}}
    except MemoryError:
        wrong = f"takes more than {MOST_MEMORY >> 20} MB to read"
        answer = {"fault": {"wrong": wrong, "mend": "don't use this file", "line": None, "dangerous": True}}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.write(written)


def answered(data: bytes, order: str) -> tuple[dict[str, Any], bytes]:
    """Return the answer about a file, and the bytes of the file to write. Raises CardError."""
    if order != "inspect":
        card = read_card(data)
        return {"kind": "card", "files": len(card.files)}, WRITERS[order](card)
    other = None if is_zip(data) or picture_of(data) else _sheet_or_book(data)
    return other or _of_card(read_card(data), _container(data)), b""


def _of_card(card: Card, container: str) -> dict[str, Any]:
    made = cast_whole(card)
    seen = survey(card, made.kept)
    return {
        "kind": "card",
        "version": card.version,
        "container": container,
        "card_name": card.name[:200],
        "fields": made.fields,
        "book": _book(card.character_book, made),
        "used": _named(made.used),
        "creator_notes": dict(list(card.creator_notes_by_language.items())[:MOST_NOTICES]),
        "files": len(card.files),
        "macros": seen.macros,
        "unknown_macros": seen.unknown_macros,
        "unused": seen.unused,
        "warnings": seen.warnings,
        "notices": [*card.notices, *made.notices][:MOST_NOTICES],
    }


def _sheet_or_book(data: bytes) -> dict[str, Any] | None:
    """Describe JSON that is a sheet or a lorebook; None for a card or anything else."""
    value, notices = read_json(data)
    if is_sheet(value):
        sheet = read_sheet(value)
        said = [*notices, *sheet.notices][:MOST_NOTICES]
        if sheet.faults:
            wrong, _, mend = sheet.faults[0].partition("; ")
            raise CardError(f"is a character sheet that can't be used: {wrong}", mend)
        return {
            "kind": "sheet",
            "container": "JSON",
            "fields": sheet.fields,
            "book": _book(None, sheet),
            "used": _named(sheet.used),
            "unused": _named(sheet.kept),
            "notices": said,
        }
    if is_card(value):
        return None
    if is_book(value):
        return {"kind": "lorebook", "container": "JSON", "book": value, "notices": list(notices)}
    return None


def _book(own: dict[str, Any] | None, made: SheetContents) -> dict[str, Any] | None:
    """Return the lorebook to show: the card's own, otherwise the first from its extensions."""
    return own or (dict(made.books[0]) if made.books else None)


def _named(paths: Iterable[str]) -> list[str]:
    return [path[:MOST_LETTERS] for path in paths][:MOST_NOTICES]


def _container(data: bytes) -> str:
    if is_zip(data):
        return "CHARX"
    return "PNG" if picture_of(data) else "JSON"


def _load_all() -> None:
    """Exercise all code once: lazy imports open files, which is impossible once the limits are in force."""
    sample = {"name": "Nyx", "description": "{{char}}\ud800", "spec": "", "data": {}}
    card = read_card(json.dumps(sample).encode())
    for write in (write_png, write_charx):
        answered(write(card), "inspect")
    for broken in (b"\xff\xfe", b"\xef\xbb\xbf[", b"PK\3\4"):
        try:
            answered(broken, "inspect")
        except CardError:
            continue
    answered(b'{"display_name": "Nyx", "voice_and_tone": {"top_p": 9}, "quirks": 3}', "inspect")


if __name__ == "__main__":
    main()
