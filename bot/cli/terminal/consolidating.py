"""`python main.py consolidate`: fact extraction from all talk so far, while the bot does not run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from bot.app import open_app
from bot.features.characters.library import library_of
from bot.llm.server import open_server
from bot.settings import Loaded
from memory.facts import FactTally

NOBODY = "memory_consent=off: nothing is noted of anybody, so no facts are drawn."
NOTHING_NEW = "Nothing was said since the last time: there is nothing to draw facts from."
BATCHES = "The questions are put together, at half the price (memory_batches): it may take an hour, or more."
LEFT = "{count} left for another run, as the model gave no usable answer; why stands in the log above."


@dataclass(slots=True)
class _Places:
    """Progress: places done and in total."""

    done: int = 0
    total: int = 0


async def consolidate(loaded: Loaded, *, on_stage: Callable[[str], None] | None = None) -> int:
    """Extract facts from all talk so far and print the result; return the exit code (F074, C54).

    1 means that another run is needed. Raises AlreadyRunningError while the bot runs, and other errors that
    the operator must fix.
    """
    settings, character = loaded.settings, loaded.playable
    console = Console(stderr=True, highlight=False)

    def tell(sentence: str) -> None:
        console.print(Text(sentence, style="dim"), soft_wrap=not console.is_terminal)

    places = _Places()
    async with (
        open_server(settings, say=tell) as server,
        open_app(settings, character, server, library=library_of(loaded), on_stage=on_stage) as app,
    ):
        if app.manner.learning.batches:
            tell(BATCHES)
        with place_bar(console, places) as progress:
            tally, thoughts = FactTally(), 0
            for slug in app.company.by_slug:
                tally += await app.consolidation.run(slug, progress=progress)
                thoughts += 0 if app.server.rehearsal else await app.night_thoughts.run(slug)
    for sentence in report(tally, places.total, off=settings.memory_consent == "off"):
        print(sentence)  # noqa: T201
    if thoughts:
        print(f"{_count(thoughts, 'thought')} came or changed; /thoughts shows them.")  # noqa: T201
    return 1 if tally.left else 0


@contextmanager
def place_bar(console: Console, places: _Places) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback for (places done, places in all), which draws a bar if there is a screen."""
    columns = (TextColumn("Places"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Places", total=None)

        def show(done: int, total: int) -> None:
            places.done, places.total = done, total
            bar.update(task, completed=done, total=total)

        yield show


def report(tally: FactTally, places: int, *, off: bool) -> Iterator[str]:
    """Yield the result in sentences, without any content of the talk."""
    if off:
        yield NOBODY
    if not places:
        yield NOTHING_NEW
        return
    read, kept = f"{_count(tally.lines, 'line')} in {_count(places, 'place')}", f"{tally.archived:,} of them"
    yield f"Read {read}, and kept {kept} for those who agreed."
    added, again = _count(tally.added, "fact"), f"{tally.reinforced:,} said again"
    yield f"{added} added, {again}, {tally.superseded:,} overtaken, {tally.refused:,} refused."
    if tally.left:
        yield LEFT.format(count="1 place is" if tally.left == 1 else f"{tally.left:,} places are")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
