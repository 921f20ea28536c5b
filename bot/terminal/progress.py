"""Showing how far a download has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

_STEP = 10


@contextmanager
def download_bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told (bytes here, bytes in all) and shows it.

    That is a bar on a screen, and a line for every tenth elsewhere. Nothing is shown before the
    first call.
    """
    if not console.is_terminal:
        yield _lines(console)
        return
    bar = Progress(
        TextColumn("Fetching"), BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=console
    )
    task = bar.add_task("Fetching", total=None, start=False)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.start_task(task)
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    try:
        yield show
    finally:
        bar.stop()


def _lines(console: Console) -> Callable[[int, int], None]:
    told = 0

    def show(done: int, total: int) -> None:
        nonlocal told
        percent = done * 100 // max(total, 1)
        if percent >= told + _STEP:
            told = percent - percent % _STEP
            console.print(f"Fetching: {told}% of {total / 1e6:,.0f} MB", soft_wrap=True)

    return show
