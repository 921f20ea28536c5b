"""What comes to mind before a reply: the transcript of this place, and of no other."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from bot.conversation.naming import render_line, speaker_label
from bot.turn import Line, Recollection
from database import UnitOfWork
from database.repositories.messages import LoggedLine

WINDOW = timedelta(hours=24)
_label = lru_cache(maxsize=1024)(speaker_label)  # the same few people speak in line after line
KEPT_SHARE = 3  # after a step, a third of the budget is left: the cache holds until it is full again


async def recall(
    db: UnitOfWork,
    channel_id: int,
    *,
    floor: int,
    name: str,
    now: datetime,
    budget: int,
    tokens: Callable[[str], int],
) -> Recollection:
    """Return the last 24 hours of a channel within `budget` tokens (F043, C28).

    The transcript begins at a `floor` that stays where it is until the budget is full, and then moves
    up in one step: a window that slid with every message would break the provider's cache each time.
    `name` is the character's: what the bot said as another character is another's line.
    """
    rows = await db.messages.transcript(channel_id, since=now - WINDOW, floor=floor)
    lines = fit([line_of(row, name) for row in rows], budget=budget, tokens=tokens)
    return Recollection(
        lines=tuple(lines),
        floor=min((line.place for line in lines), default=0),
        heard_through=max((row.position for row in rows if row.heard_through is None), default=0),
    )


def line_of(row: LoggedLine, name: str) -> Line:
    """Return a log row as a line of the transcript."""
    return Line(
        place=row.place,
        speaker=_label(row.author_name, row.author_id),
        text=row.text,
        mine=row.heard_through is not None and row.author_name == name,
        said_at=row.sent_at,
    )


def fit(lines: Sequence[Line], *, budget: int, tokens: Callable[[str], int]) -> list[Line]:
    """Return the newest of `lines`: all while they fit the budget, else as many as fit a third of it."""
    sizes = [tokens(written(line)) for line in lines]
    if sum(sizes) <= budget:
        return list(lines)
    room = budget // KEPT_SHARE
    kept = 0
    for size in reversed(sizes):
        if kept and size > room:
            break
        room -= size
        kept += 1
    return list(lines[len(lines) - kept :])


def written(line: Line) -> str:
    """Return a line as it stands in the prompt: the character's own words bare, others' labelled."""
    return line.text if line.mine else render_line(line.speaker, line.text)
