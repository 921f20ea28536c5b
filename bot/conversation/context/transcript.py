"""What comes to mind before a reply: the transcript of this place, and of no other."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from bot.conversation.config import Extent
from bot.conversation.context.preamble import Present, is_cold, read_head
from bot.conversation.text.emotes import named
from bot.conversation.text.names import render_line, speaker_label
from bot.conversation.types import Line, Recollection
from database import UnitOfWork
from database.models import Seat
from database.repositories.messages import LoggedLine, Uncovered
from memory.places import Where
from personas.character import Character

WINDOW = timedelta(hours=24)
_label = lru_cache(maxsize=1024)(speaker_label)  # the same few people speak in line after line
KEPT_SHARE = 3  # after a step, a third of the budget is left: the cache holds until it is full again
MOST_LINES = 1_500  # from so many on they are too many, however short: only 2,000 are ever read
KNOWN_SHARE = 4  # what is known of many people may take a quarter of what one person's memories may


async def recall(
    db: UnitOfWork,
    where: Where,
    seat: Seat | None,
    *,
    character: Character,
    addressed: Collection[int],
    now: datetime,
    extent: Extent,
    tokens: Callable[[str], int],
    before: int | None = None,
) -> Recollection:
    """Return the last 24 hours of a place within a budget (F043, C28), and what stands before them.

    The transcript begins at a floor that stays where it is until older talk is summed up, and then moves
    up in one step: a window that slid with every message would break the provider's cache each time.
    With `before`, only what stood in the log before that place is looked at.
    """
    floor = seat.floor if seat else 0
    rows = await db.messages.transcript(where.channel_id, character.slug, since=now - WINDOW, floor=floor)
    rows = [row for row in rows if before is None or row.place < before]
    said = [line_of(row, character.slug) for row in rows]
    sizes = [tokens(written(line)) for line in said]
    lines = fit(said, budget=extent.most, tokens=tokens, sizes=sizes)
    floor = min((line.place for line in lines), default=0)
    own = [row.sent_at for row, line in zip(rows, said, strict=True) if line.mine]
    lately = dict.fromkeys(row.author_id for row in reversed(rows) if row.heard_through is None)
    head, fresh = await read_head(
        db,
        where,
        seat,
        character=character.slug,
        present=Present(
            list(reversed(lately)), addressed, is_cold(max(own, default=None), now=now, kept=extent.cached)
        ),
        now=now,
        budget=extent.known if where.place.private else extent.known // KNOWN_SHARE,
        tokens=tokens,
    )
    return Recollection(
        lines=tuple(lines),
        floor=floor,
        heard_through=max((row.position for row in rows if row.heard_through is None), default=0),
        head=head,
        fresh=fresh,
        seated=seat is not None,
        begun=seat.floor if seat else 0,
        tokens=max(sum(sizes), extent.condensed + 1 if len(rows) >= MOST_LINES else 0),
    )


def line_of(row: LoggedLine | Uncovered, character: str) -> Line:
    """Return a log row as a line of a character's transcript; what another one said is another's."""
    return Line(
        place=row.place,
        speaker=_label(row.author_name, row.author_id),
        text=row.text,
        mine=row.heard_through is not None and row.character in (character, None),
        said_at=row.sent_at,
    )


def fit(
    lines: Sequence[Line],
    *,
    budget: int,
    tokens: Callable[[str], int],
    sizes: Sequence[int] | None = None,
) -> list[Line]:
    """Return the newest of `lines`: all while they fit the budget, else as many as fit a third of it.

    `sizes` are the tokens of each, where they are known already.
    """
    sizes = [tokens(written(line)) for line in lines] if sizes is None else sizes
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
    """Return a line as it stands in the prompt: the character's own words bare, others' labelled.

    Emotes stand there by name: that is how the character writes them.
    """
    text = named(line.text)
    return text if line.mine else render_line(line.speaker, text)
