"""What the tables hold of each line, read with a connection of its own."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from memory.places import Where
from tests.parrot import CANARY, PLACES

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


class Kept(NamedTuple):
    """A line in the log (with its `text`), covered by a `summary` (made of talk `until` then), or both."""

    where: Where
    text: str | None
    sent_at: datetime
    place: int
    mine: bool
    floor: int
    summary: int | None
    until: datetime | None


@dataclass(frozen=True)
class Tables:
    """A database file; `me` is the character."""

    path: Path
    me: int

    def kept(self) -> dict[int, Kept]:
        """Return every line that is left anywhere, by message."""
        by_id = {one.channel_id: one for one in PLACES}
        logged = self.rows(
            "SELECT m.id, m.channel_id, m.text, m.sent_at,"
            " CASE WHEN m.heard_through IS NULL THEN 2 * m.position ELSE 2 * m.heard_through + 1 END,"
            " m.heard_through IS NOT NULL, COALESCE(c.floor, 0), s.summary_id, y.last_at"
            " FROM messages m LEFT JOIN seats c ON c.channel_id = m.channel_id"
            " LEFT JOIN summary_sources s ON s.message_id = m.id LEFT JOIN summaries y ON y.id = s.summary_id"
        )
        covered = self.rows(
            "SELECT s.message_id, y.channel_id, NULL, NULL, 0, 0, c.floor, s.summary_id, y.last_at"
            " FROM summary_sources s JOIN summaries y ON y.id = s.summary_id"
            " JOIN seats c ON c.channel_id = y.channel_id"
        )
        return {
            key: Kept(by_id[there], text, _at(sent), place, bool(mine), floor, summary, until and _at(until))
            for key, there, text, sent, place, mine, floor, summary, until in (*covered, *logged)
        }

    def within(self, line: Kept) -> bool:
        """Say whether a line lies in the range of what its summary covers."""
        ((first, last, begun, ended),) = self.rows(
            "SELECT first_place, last_place, first_at, last_at FROM summaries WHERE id = ?", line.summary
        )
        return first <= line.place <= last and _at(begun) <= line.sent_at <= _at(ended)

    def transcript(self, where: Where, *, since: datetime) -> list[str]:
        """Return what stands in the log of a place behind the transcript's beginning."""
        there = [one for one in self.kept().values() if one.where == where and one.text]
        return [one.text or "" for one in there if one.place >= one.floor and one.sent_at >= since]

    def pick(self, nth: int, *, mine: bool = True) -> tuple[int, Kept] | None:
        """Return one of all lines; with `mine` false one that a person said."""
        lines = sorted(self.kept().items())
        if not mine:
            lines = [one for one in lines if one[0] < 1_000_000]
        return lines[nth % len(lines)] if lines else None

    def of_turns(self, turn_ids: list[int], person_id: int) -> set[int]:
        """Return the lines of some exchanges: what a person said in them, and the replies."""
        marks = ",".join("?" * len(turn_ids))
        said = self.rows(
            "SELECT m.id FROM messages m JOIN claims c ON c.message_id = m.id"
            f" WHERE c.turn_id IN ({marks}) AND m.author_id = ?",
            *turn_ids,
            person_id,
        )
        replies = self.rows(f"SELECT id FROM messages WHERE turn_id IN ({marks})", *turn_ids)
        return {row[0] for row in (*said, *replies)}

    def takes(self, message_ids: set[int]) -> list[str]:
        """Return all takes on the replies that some messages are parts of, and what is to be said of them."""
        marks = ",".join(map(str, message_ids))
        turns = f"SELECT turn_id FROM parts WHERE message_id IN ({marks})"
        kept = self.rows(f"SELECT parts FROM variants WHERE turn_id IN ({turns})")
        pending = self.rows(f"SELECT text FROM parts WHERE todo IS NOT NULL AND turn_id IN ({turns})")
        return [text for (text,) in (*kept, *pending)]

    def going(self) -> set[int]:
        """Return the messages that go because another take has fewer of them."""
        return {row[0] for row in self.rows("SELECT message_id FROM parts WHERE todo = 'delete'")}

    def known_for_good(self) -> set[str]:
        """Return the canaries in core memory, and in every earlier form of it."""
        words = self.rows("SELECT text, quote FROM facts")
        words += self.rows('SELECT "before", NULL FROM fact_changes')
        return {canary for both in words for text in both if text for canary in CANARY.findall(text)}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query, values).fetchall()


def _at(stored: str | None) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if stored else _NEVER
