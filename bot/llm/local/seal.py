"""Seals: records that a large file was verified, so that not every start has to read it again."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

READ_BYTES = 1 << 20


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal; a gigabyte takes some seconds."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def seal(path: Path, sha256: str) -> None:
    """Record beside the file that it had this hash."""
    _beside(path).write_text(json.dumps(_state(path, sha256)), encoding="utf-8")


def is_sealed(path: Path, sha256: str) -> bool:
    """Say whether the file had this hash when it was sealed and has not changed since."""
    with suppress(OSError, ValueError):
        return bool(json.loads(_beside(path).read_text(encoding="utf-8")) == _state(path, sha256))
    return False


def _state(path: Path, sha256: str) -> dict[str, str | int]:
    stat = path.stat()
    return {"sha256": sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _beside(path: Path) -> Path:
    return path.with_suffix(".checked.json")
