"""Import from SEL: finds its two files, imports their data, and builds a report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table

from bot.cli.legacy.sel import MEMORY, MOST_PLACES, STATE, SelFiles, read_sel
from bot.cli.legacy.sel_taking_over import SelOutcome, take_over_sel
from bot.cli.legacy.taking_over import Import, counted
from bot.core.errors import ConfigurationError
from bot.settings import Settings
from database import Database
from personas.character import Character

_NO_FILES = (
    f"{{where}} holds neither {MEMORY} nor {STATE}. Name SEL's folder, or these two files: "
    "python main.py import-legacy FOLDER"
)
_WHICH = (
    f"{{where}} can't be told apart: name one memory file and one state file, as SEL calls them ({MEMORY}, "
    f"{STATE})."
)
_OFF = "memory_consent is off: nobody is remembered here, so there is nothing to take over."


def are_sels(paths: Sequence[Path]) -> bool:
    """Return whether these paths are SEL's: a folder, or JSON files."""
    return any(path.is_dir() or path.suffix.casefold() == ".json" for path in paths)


async def bring_over_sel(
    paths: Sequence[Path],
    settings: Settings,
    character: Character,
    *,
    opened: AbstractAsyncContextManager[Database],
    at: datetime,
    dry: bool,
) -> tuple[str, Table | None, list[str]]:
    """Import the data in SEL's files; return the heading, table and sentences of a report.

    Raises ConfigurationError, which leaves everything as it was, and DatabaseError.
    """
    memory, state = _found(paths)
    files = read_sel(memory, state)
    if settings.memory_consent == "off":
        raise ConfigurationError(_OFF)
    run = Import(character, at, min(files.as_of, at))
    async with opened as database:
        zone = ZoneInfo(settings.home_timezone)
        outcomes, felt = await take_over_sel(database, files, run, dry=dry, zone=zone)
    told = [outcome for outcome in outcomes if not outcome.before]
    what = (
        "this"
        if felt or any(outcome.kept or outcome.soft or outcome.answer is not None for outcome in told)
        else "nothing"
    )
    where = " and ".join(str(path) for path in (memory, state) if path)
    heading = f"From {where} {what} came in, for {character.name}:"
    if dry:
        heading = f"From {where} {what} would come in, for {character.name} (nothing is written):"
    sentences = [*_of_people(outcomes, state), *_of_hormones(files, character, felt=felt), *_of_rest(files)]
    sentences += _of_the_folder(paths)
    if dry and what == "this":
        sentences.append("To take it over, run this again without --dry-run.")
    return heading, _table(told) if told else None, sentences


def _found(paths: Sequence[Path]) -> tuple[Path | None, Path | None]:
    """Return SEL's memory file and state file, or None where missing."""
    where = " and ".join(map(str, paths))
    files = [file for path in paths for file in ((path / MEMORY, path / STATE) if path.is_dir() else (path,))]
    if missing := [path for path in paths if not path.exists()]:
        raise ConfigurationError(f"There is no file {missing[0]}. {_NO_FILES.format(where=where)}")
    states = [path for path in files if "state" in path.stem.casefold() and path.is_file()]
    memories = [path for path in files if "state" not in path.stem.casefold() and path.is_file()]
    if not states and not memories:
        raise ConfigurationError(_NO_FILES.format(where=where))
    if len(states) > 1 or len(memories) > 1:
        raise ConfigurationError(_WHICH.format(where=where))
    return next(iter(memories), None), next(iter(states), None)


def _table(told: Sequence[SelOutcome]) -> Table:
    table, left_out = (
        Table(box=box.SIMPLE_HEAD, show_footer=True),
        sum(outcome.left_out.total() for outcome in told),
    )
    table.add_column("Person", counted(len(told), "person", "people"), no_wrap=True)
    table.add_column("Their answer", "")
    table.add_column("For good", f"{sum(outcome.kept for outcome in told):,}", justify="right")
    table.add_column("For now", f"{sum(outcome.soft for outcome in told):,}", justify="right")
    table.add_column("Left out", counted(left_out, "memory", "memories"))
    answers = {True: "yes", False: "no", None: ""}
    for outcome in told:
        left = "; ".join(f"{count:,} {why}" for why, count in outcome.left_out.items())
        table.add_row(
            str(outcome.person_id), answers[outcome.answer], f"{outcome.kept:,}", f"{outcome.soft:,}", left
        )
    return table


def _of_people(outcomes: Sequence[SelOutcome], state: Path | None) -> Iterator[str]:
    if before := sum(outcome.before for outcome in outcomes):
        yield f"Came in with an earlier import, and stays as it is: {counted(before, 'person', 'people')}."
    silent = [outcome for outcome in outcomes if outcome.left_out["not agreed to"]]
    if silent:
        count = sum(outcome.left_out["not agreed to"] for outcome in silent)
        yield (
            f"Left out, because nobody agreed to them: {counted(count, 'memory', 'memories')} of "
            f"{counted(len(silent), 'person', 'people')}."
        )
    if silent and state is None:
        yield f"Who agreed stands in {STATE}: name that file, too."
    if any(outcome.kept or outcome.soft for outcome in outcomes):
        yield (
            "Memories come up in direct messages with that person only; those of which the file names the "
            "channel and the server, in that channel, too. What is for now goes 14 days after they were "
            "last there."
        )


def _of_hormones(files: SelFiles, character: Character, *, felt: bool) -> Iterator[str]:
    if felt:
        yield (
            f"Hormones: {character.name} feels as SEL did on {files.felt_at:%Y-%m-%d at %H:%M} UTC, as far "
            "as that has not faded since."
        )
    elif files.hormones:
        yield f"Hormones: left behind, for {character.name} has feelings of its own already."


def _of_rest(files: SelFiles) -> Iterator[str]:
    if files.nobodys:
        yield f"Left out, because they name no Discord id: {counted(files.nobodys, 'entry', 'entries')}."
    if files.unreadable:
        places = ", ".join(files.unreadable[:MOST_PLACES])
        more = len(files.unreadable) - MOST_PLACES
        yield f"Left out, because it can't be read: {places}{f' and {more:,} more' if more > 0 else ''}."
    if files.others:
        yield f"Not taken over, because there is no place for it: {_listed(files.others)}."


def _of_the_folder(paths: Sequence[Path]) -> Iterator[str]:
    """List SEL's other files, which are not imported."""
    names = {file.name for path in paths if path.is_dir() for file in path.glob("sel_*.json")}
    if others := sorted(names - {MEMORY, STATE}):
        yield f"Not read, because there is no place for it: {', '.join(others)}."


def _listed(keys: Counter[str]) -> str:
    return ", ".join(f"{key} ({count:,})" for key, count in sorted(keys.items()))
