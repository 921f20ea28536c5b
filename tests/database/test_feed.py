"""The feed's filters: each finds its lines, and "failed" reads no more of the log than what failed."""

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from database import Database
from database.models import Channel, Claim, MessageRow, Turn
from database.repositories.feed import Outcome

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
REASONS = {1: "CHATTER", 2: "NO_ANSWER", 3: "NO_VOTE", 4: "MENTIONED", 5: "MENTIONED"}
ANSWERED, IN_VAIN = 4, 5
"""Messages that are answered: with a reply, and with the line for when thinking fails."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Give a database with five lines, each with an outcome of its own."""
    opened = await Database.open(tmp_path / "masquerade.sqlite3")
    async with opened.begin() as db:
        session = db.feed._session
        session.add(Channel(1, "guild", 1, "general", "The Guild"))
        await session.flush()
        for number in REASONS:
            session.add(MessageRow(number, 1, 7, "Mira", f"line {number}", NOW))
        turns = [Turn(1, number, 7, "pixel", "MENTIONED", number, NOW, state="said") for number in (4, 5)]
        turns[1].fallback = True
        session.add_all(turns)
        await session.flush()
        replies = dict(zip((ANSWERED, IN_VAIN), (turn.id for turn in turns), strict=True))
        for number, reason in REASONS.items():
            claim = Claim(number, 1, NOW, 7, open=False, reason=reason)
            claim.turn_id = replies.get(number)
            session.add(claim)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("outcome", "numbers"), [("failed", [5, 3, 2]), ("answered", [4]), ("silent", [3, 2, 1])]
)
async def test_each_outcome_shows_its_lines(database: Database, outcome: Outcome, numbers: list[int]):
    async with database.read() as db:
        assert [line.message_id for line in await db.feed.lines(outcome=outcome)] == numbers


async def plan_of(database: Database, outcome: Outcome, **narrowed: int) -> list[str]:
    """Return how SQLite reads a page of the feed: a step each, which begins with SCAN or SEARCH."""
    told = list[str]()
    database._backend.listen(told.append)
    async with database.begin() as db:  # what the writer executes is told
        await db.feed.lines(outcome=outcome, **narrowed)
    [statement] = [one for one in told if "FROM messages" in one]
    with closing(sqlite3.connect(database.path)) as db:
        values = [0] * statement.count("?")
        return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


@pytest.mark.parametrize("narrowed", [{}, {"before": 9, "channel_id": 1, "person_id": 7}])
async def test_what_failed_is_found_without_reading_what_did_not(
    database: Database, narrowed: dict[str, int]
):
    plan = await plan_of(database, "failed", **narrowed)
    scanned = {re.sub(r"^SCAN (\w+) USING (COVERING )?INDEX", r"\1", one) for one in plan if "SCAN" in one}
    assert scanned == {"claims ix_claims_failed", "turns ix_turns_fallback"}, plan


@pytest.mark.parametrize("outcome", ["answered", "silent"])
async def test_what_is_common_is_read_from_the_newest_line_on_and_never_sorted(
    database: Database, outcome: Outcome
):
    plan = await plan_of(database, outcome)
    assert plan[0] == "SCAN messages", plan
    assert not any("TEMP B-TREE" in one for one in plan), plan
