"""The import-legacy command: reads the file, imports its data, and prints a report."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.table import Table

from bot.app import DATABASE_NAME, open_database
from bot.cli.doctor.report import show as print_text
from bot.cli.legacy.reading import Inheritance, read
from bot.cli.legacy.sel_bringing import are_sels, bring_over_sel
from bot.cli.legacy.taking_over import Outcome, counted, take_over, total
from bot.core.clock import Clock, SystemClock
from bot.core.data_lock import held
from bot.core.errors import ConfigurationError
from bot.settings import Settings
from database import Database, files, schema, servers
from personas.character import Character

WIDTH = 100
"""Columns of output to a file or a pipe."""


def show(heading: str, table: Table | None, sentences: Iterable[str]) -> None:
    """Print what was imported per person and in total, and what was left out and why."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    with console.capture() as captured:
        console.print(heading, soft_wrap=True)
        if table is not None:
            console.print(table)
        for sentence in sentences:
            console.print(sentence, soft_wrap=not console.is_terminal)
    print_text(captured.get().rstrip("\n"))


def _heading(path: Path, character: Character, *, dry: bool, anybody: bool) -> str:
    what = "this" if anybody else "nothing new"
    if dry:
        return f"From {path} {what} would come in, for {character.name} (nothing is written):"
    return f"From {path} {what} came in, for {character.name}:"


def _table(came: Sequence[Outcome]) -> Table:
    whole = total(came)
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    table.add_column("Person", counted(len(came), "person", "people"), no_wrap=True)
    for heading, number in (("Turns", whole.turns), ("Memories", whole.memories)):
        table.add_column(heading, f"{number:,}", justify="right")
    table.add_column("Premium", str(sum(outcome.premium for outcome in came)), justify="right")
    table.add_column("Tokens", f"{whole.tokens:,}", justify="right")
    table.add_column("Left out")
    for outcome in came:
        premium = "yes" if outcome.premium else ""
        numbers = (f"{number:,}" for number in (outcome.turns, outcome.memories))
        table.add_row(
            str(outcome.person_id), *numbers, premium, f"{outcome.tokens:,}", "; ".join(outcome.notes)
        )
    return table


def _sentences(inheritance: Inheritance, outcomes: Sequence[Outcome], *, dry: bool) -> Iterator[str]:
    if before := sum(outcome.before for outcome in outcomes):
        yield f"Came in with an earlier import, and stays as it is: {counted(before, 'person', 'people')}."
    if inheritance.no_people:
        entries = counted(inheritance.no_people, "entry", "entries")
        yield f"Left out, because the key is no Discord id: {entries}."
    if inheritance.unreadable:
        entries = counted(inheritance.unreadable, "entry", "entries")
        yield f"Left out, because they can't be read or a person stands there twice: {entries}."
    others = Counter(key for person in inheritance.people for key in person.others)
    if others:
        keys = ", ".join(f"{key} ({count:,})" for key, count in sorted(others.items()))
        yield f"Not taken over, because there is no place for it: {keys}."
    if all(outcome.before for outcome in outcomes):
        return
    yield "Memories and history come up in direct messages with that person only."
    if dry:
        yield "To take it over, run this again without --dry-run."


async def bring_over(
    paths: Sequence[Path], settings: Settings, character: Character, *, dry: bool, clock: Clock | None = None
) -> None:
    """Import the people's data in the older bot's files at `paths` (F066, F060, F062, F078; faults D6).

    With `dry` nothing is written. Raises RefusedFile or another ConfigurationError, which leave
    everything as it was, and DatabaseError.
    """
    at = (clock or SystemClock()).now()
    opened = _rehearsal(settings) if dry else _real(settings)
    if are_sels(paths):
        show(*await bring_over_sel(paths, settings, character, opened=opened, at=at, dry=dry))
        return
    if len(paths) > 1:
        raise ConfigurationError("Name one user_info.pickle, or SEL's two files of JSON.")
    inheritance = read(paths[0], name=character.name)
    async with opened as database:
        outcomes = await take_over(database, inheritance, character=character, at=at, dry=dry)
    came = [outcome for outcome in outcomes if not outcome.before]
    heading = _heading(paths[0], character, dry=dry, anybody=bool(came))
    show(heading, _table(came) if came else None, _sentences(inheritance, outcomes, dry=dry))


@asynccontextmanager
async def _real(settings: Settings) -> AsyncIterator[Database]:
    with held(settings.data_dir):
        async with _closed_again(await open_database(settings)) as database:
            yield database


@asynccontextmanager
async def _rehearsal(settings: Settings) -> AsyncIterator[Database]:
    """Open the database for reading; open an empty one instead if opening would change it."""
    if await _is_current(settings):
        async with _real(settings) as database:
            yield database
        return
    with TemporaryDirectory() as folder:
        async with _closed_again(await Database.open(Path(folder) / DATABASE_NAME)) as database:
            yield database


async def _is_current(settings: Settings) -> bool:
    """Return whether a database of the current schema exists, without changing anything."""
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
