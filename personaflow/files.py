"""Writing a text file whole or not at all."""

import os
import shutil
from pathlib import Path
from secrets import token_hex


def write_whole(path: Path, text: str) -> None:
    """Write the text as UTF-8 in place of what stands there; OSError leaves that as it was.

    It is written beside the file, forced to the disk and then put in its place. A link stays a link.
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
