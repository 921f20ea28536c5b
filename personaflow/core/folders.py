"""Character folders on the disk: each appears whole, and none is replaced unasked."""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

from personaflow.core.sheet import Sheet
from personaflow.files import write_whole

SHEET_NAME = "character.env"


def publish(folder: Path, sheets: Sequence[Sheet], *, overwrite: bool) -> list[Path]:
    """Write a folder for each sheet within `folder`, and return their paths in the same order.

    Every file is written under a hidden name before the first takes its place. A folder that is
    there is a FileExistsError, or with `overwrite` keeps all but its character.env.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The bot looks folders up in any letter case, so Ada/ stands in the way of ada/.
    there = {path.name.lower(): path for path in folder.iterdir()}
    if not overwrite:
        _refuse_any(there[sheet.slug] for sheet in sheets if sheet.slug in there)
    with ExitStack() as leftovers:
        hidden = []
        for sheet in sheets:
            path = folder / f".{token_hex(8)}"
            leftovers.callback(shutil.rmtree, path, ignore_errors=True)
            path.mkdir()
            write_whole(path / SHEET_NAME, sheet.text)
            hidden.append(path)
        return [
            _place(path, folder / sheet.slug, there.get(sheet.slug))
            for path, sheet in zip(hidden, sheets, strict=True)
        ]


def _place(hidden: Path, target: Path, there: Path | None) -> Path:
    if there is None:
        return hidden.rename(target)
    (hidden / SHEET_NAME).replace(there / SHEET_NAME)
    return there


def _refuse_any(there: Iterable[Path]) -> None:
    paths = ", ".join(map(str, there))
    if paths:
        raise FileExistsError(f"{paths}: there already; choose another folder or write overwrite=True")
