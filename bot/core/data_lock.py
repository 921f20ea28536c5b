"""One process for each data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.core.errors import AlreadyRunningError, unwritable


@contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: a second process on it would answer everything twice (faults B5)."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(data_dir / "masquerade.lock", blocking=False)
        lock.acquire()
    except Timeout as error:
        raise AlreadyRunningError(
            f"Masquerade already runs on {data_dir.resolve()}. Stop it first, or give this one a folder "
            "of its own with data_dir=... in config.env."
        ) from error
    except OSError as error:
        raise unwritable(f"data_dir {data_dir}", error) from error
    try:
        yield
    finally:
        lock.release()
