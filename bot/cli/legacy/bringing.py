"""The command itself: reads the file, takes over what is in it, and says what that was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.app import DATABASE_NAME, open_database
from bot.cli.legacy.reading import read
from bot.cli.legacy.report import show
from bot.cli.legacy.taking_over import take_over
from bot.core.clock import Clock, SystemClock
from bot.core.data_lock import held
from bot.settings import Settings
from database import Database, files, schema, servers
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
    opened = _rehearsal(settings) if dry else _real(settings)
    async with opened as database:
        outcomes = await take_over(database, inheritance, character=character, at=at, dry=dry)
    show(inheritance, outcomes, path=path, character=character, dry=dry)


@asynccontextmanager
async def _real(settings: Settings) -> AsyncIterator[Database]:
    with held(settings.data_dir):
        async with _closed_again(await open_database(settings)) as database:
            yield database


@asynccontextmanager
async def _rehearsal(settings: Settings) -> AsyncIterator[Database]:
    """Open the database to look into it; an empty one in its stead where opening it would change it."""
    if await _is_current(settings):
        async with _real(settings) as database:
            yield database
        return
    with TemporaryDirectory() as folder:
        async with _closed_again(await Database.open(Path(folder) / DATABASE_NAME)) as database:
            yield database


async def _is_current(settings: Settings) -> bool:
    """Say whether there is a database of this version's schema; look without changing anything."""
    if url := settings.database_url.get_secret_value():
        return (await servers.look(url)).revision == schema.head()
    path = settings.data_dir / DATABASE_NAME
    if not path.exists():
        return False
    with held(settings.data_dir):
        files.check(path, backups=settings.data_dir / files.BACKUPS)
        return files.revision(path) == schema.head()


@asynccontextmanager
async def _closed_again(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()
