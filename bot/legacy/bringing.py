"""The command itself: reads the file, takes over what is in it, and says what that was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app import DATABASE_NAME, held
from bot.clock import Clock, SystemClock
from bot.legacy.reading import read
from bot.legacy.report import show
from bot.legacy.taking_over import take_over
from bot.settings import Settings
from database import Database, files, schema
from personas.character import Character


async def bring_over(
    path: Path, settings: Settings, character: Character, *, dry: bool, clock: Clock | None = None
) -> None:
    """Take over what the older bot's file at `path` knows of people (F066, F060, F062, D02; faults D6).

    With `dry` nothing is written. Raises RefusedFile or another ConfigurationError, which leave
    everything as it was, and DatabaseError.
    """
    inheritance = read(path, name=character.name)
    at = (clock or SystemClock()).now()
    opened = _rehearsal(settings.data_dir) if dry else _real(settings.data_dir)
    async with opened as database:
        outcomes = await take_over(database, inheritance, character=character, at=at, dry=dry)
    show(inheritance, outcomes, path=path, character=character, dry=dry)


@asynccontextmanager
async def _real(data_dir: Path) -> AsyncIterator[Database]:
    with held(data_dir):
        async with _opened(data_dir) as database:
            yield database


@asynccontextmanager
async def _rehearsal(data_dir: Path) -> AsyncIterator[Database]:
    """Open the database to look into it; an empty one in its stead where opening it would change it."""
    path = data_dir / DATABASE_NAME
    if path.exists():
        with held(data_dir):
            files.check(path, backups=data_dir / files.BACKUPS)
            if files.revision(path) == schema.head():
                async with _opened(data_dir) as database:
                    yield database
                return
    with TemporaryDirectory() as folder:
        async with _opened(Path(folder)) as database:
            yield database


@asynccontextmanager
async def _opened(data_dir: Path) -> AsyncIterator[Database]:
    database = await Database.open(data_dir / DATABASE_NAME)
    try:
        yield database
    finally:
        await database.close()
