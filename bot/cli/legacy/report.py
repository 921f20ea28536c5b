"""What came in, or would, as a table: numbers and the names of keys, never anybody's words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bot.cli.doctor.report import show as print_text
from bot.cli.legacy.reading import Inheritance
from bot.cli.legacy.taking_over import Outcome, counted, total
from personas.character import Character

WIDTH = 100
"""Columns where the output goes into a file or a pipe."""


def show(
    inheritance: Inheritance, outcomes: Sequence[Outcome], *, path: Path, character: Character, dry: bool
) -> None:
    """Print what came in of each person, in all, and what was left out and why."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    came = [one for one in outcomes if not one.before]
    with console.capture() as captured:
        console.print(_heading(path, character, dry=dry, anybody=bool(came)), soft_wrap=True)
        if came:
            console.print(_table(came))
        for sentence in _sentences(inheritance, outcomes, dry=dry):
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
    table.add_column("Premium", str(sum(one.premium for one in came)), justify="right")
    table.add_column("Tokens", f"{whole.tokens:,}", justify="right")
    table.add_column("Left out")
    for one in came:
        premium = "yes" if one.premium else ""
        numbers = (f"{number:,}" for number in (one.turns, one.memories))
        table.add_row(str(one.person_id), *numbers, premium, f"{one.tokens:,}", "; ".join(one.notes))
    return table


def _sentences(inheritance: Inheritance, outcomes: Sequence[Outcome], *, dry: bool) -> Iterator[str]:
    if before := sum(one.before for one in outcomes):
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
    if all(one.before for one in outcomes):
        return
    yield "Memories and history come up in direct messages with that person only."
    if dry:
        yield "To take it over, run this again without --dry-run."
