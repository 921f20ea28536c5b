"""Talk that is summed up: histories of a given size, notes to answer with, and what the tables hold."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from bot.conversation.config import Manner, TranscriptLimits
from bot.conversation.context.transcript import line_of, written
from bot.llm.types import Prompt, TokenEstimate
from database import Database
from database.models import Summary
from database.repositories.messages import Uncovered
from memory.places import Where
from tests.builders import AT_ONCE, DM, PIXEL, Table

HOUR = 3600.0
DAY = 24 * HOUR
NOTE = "We talked at length about the garden, the bug in the parser and who feeds the cat on Sundays. " * 3


def note(text: str = NOTE, *operations: dict[str, Any]) -> str:
    """Return what a model answers that is asked for a summary."""
    return json.dumps({"summary": text, "operations": list(operations)})


def summary_of(texts: Sequence[str], seed: int, *, characters: int = 1_400) -> str:
    """Return words of some texts in any order, as many as a model sums up talk in."""
    words = [word for text in texts for word in text.split()]
    return " ".join(Random(seed).choices(words, k=characters // 2))[:characters]


def joined(text: str) -> str:
    """Return what a model answers that is asked to make one note of many."""
    return json.dumps({"summary": text})


def remembering(condensed: int, **changes: Any) -> Manner:
    """Return a manner that sums up from so many tokens on."""
    return replace(AT_ONCE, extent=TranscriptLimits(condensed=condensed, **changes))


def contents(folder: Path, *, but: tuple[str, ...] = ("calls",)) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table of a database, some tables left out."""
    with closing(sqlite3.connect(folder / "masquerade.sqlite3")) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        names = sorted(name for (name,) in found if name not in (*but, "sqlite_sequence"))
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


async def uncovered(database: Database, where: Where = DM) -> list[Uncovered]:
    async with database.read() as db:
        return await db.messages.uncovered(where.channel_id, PIXEL.slug)


async def summaries(database: Database, where: Where = DM) -> list[Summary]:
    async with database.read() as db:
        return await db.summaries.of(where.channel_id, PIXEL.slug)


async def size(at: Table, where: Where = DM) -> int:
    """Return the estimated tokens of what is said in a place and not summed up."""
    tokens = TokenEstimate()
    return sum(tokens(written(line_of(row, PIXEL.slug))) for row in await uncovered(at.database, where))


async def talk(at: Table, tokens: int, *, where: Where = DM, **changes: Any) -> int:
    """Let two talk, a minute an exchange, until the next line of theirs would fill `tokens`.

    Returns what is left of them.
    """
    number = 0
    while (left := tokens - await size(at, where)) > tokens // 12:
        number += 1
        words = f"Pixel, number {number}: " + "so much to tell you " * (tokens // 160)
        at.claude.will_say(f"answer {number}: " + never_twice(number, 20 * (tokens // 160)))
        await at.hear(words, where=where, **changes)
        at.clock.pass_time(60)
    return left


def never_twice(number: int, letters: int) -> str:
    """Return words of so many letters that no other reply has: what is said again is thought of anew."""
    return " ".join(f"purr{number}x{place}" for place in range(letters // 8))[:letters].ljust(letters, "r")


def filling(tokens: int) -> str:
    """Return a line of Mira's that takes so many tokens, with its label."""
    return "Pixel, " + "x" * (4 * tokens - len("Mira#123456: Pixel, "))


def transcript(prompt: Prompt) -> str:
    """Return what of a prompt is talk and notes: all but the system text and the tail."""
    texts = [block.text for message in prompt.messages for block in message.blocks]
    return "\n".join(texts[:-1])
