"""Atomic writing of text files."""

import os
import shutil
from pathlib import Path
from secrets import token_hex


def write_whole(path: Path, text: str) -> None:
    """Replace a file's contents by the text in UTF-8; on OSError the file is unchanged.

    The text is written to a file beside it, flushed to disk and then renamed. A link stays a link.
    """
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{token_hex(8)}.tmp")
    try:
        with new.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)
