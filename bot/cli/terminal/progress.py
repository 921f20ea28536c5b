"""Showing how far a download has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def download_bar(console: Console) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function that is told (bytes here, bytes in all) and draws a bar; None without a screen.

    Nothing is drawn before the first call.
    """
    if not console.is_terminal:
        yield None
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
