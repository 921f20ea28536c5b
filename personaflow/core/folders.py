"""Character folders on disk: written atomically, and never replaced without request."""

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

    All files are written under hidden names first. An existing folder raises FileExistsError, or with
    `overwrite` keeps everything but its character.env.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The bot ignores letter case in folder names, so Ada/ conflicts with ada/.
    existing = {path.name.lower(): path for path in folder.iterdir()}
    if not overwrite:
        _refuse_any(existing[sheet.slug] for sheet in sheets if sheet.slug in existing)
    with ExitStack() as leftovers:
        hidden = []
        for sheet in sheets:
            path = folder / f".{token_hex(8)}"
            leftovers.callback(shutil.rmtree, path, ignore_errors=True)
            path.mkdir()
            write_whole(path / SHEET_NAME, sheet.text)
            hidden.append(path)
        return [
            _place(path, folder / sheet.slug, existing.get(sheet.slug))
            for path, sheet in zip(hidden, sheets, strict=True)
        ]


def _place(hidden: Path, target: Path, existing: Path | None) -> Path:
    if existing is None:
        return hidden.rename(target)
    (hidden / SHEET_NAME).replace(existing / SHEET_NAME)
    return existing


def _refuse_any(existing: Iterable[Path]) -> None:
    paths = ", ".join(map(str, existing))
    if paths:
        raise FileExistsError(f"{paths}: there already; choose another folder or write overwrite=True")
