"""A character that learns: people who agreed, and a Claude that finds facts in what they said."""

import json
from collections.abc import Mapping
from typing import Any

import regex

from bot.llm.types import Prompt, Question
from database.models import Archived, Fact
from tests.builders import CHANNEL, Table

MIRA, BOB = 42, 43
HOUR = 3_600.0
DAY = 24 * HOUR
SAID = regex.compile(r"^(?P<name>[^\s:#]+)#\d{6}: (?P<text>.+)$", regex.MULTILINE)


async def agree(at: Table, *people: int, given: bool = True) -> None:
    """Let people say yes, or no, to being remembered."""
    async with at.database.begin() as db:
        for person_id in people or (MIRA,):
            await db.consents.set(person_id, given, at=at.clock.now())


def fact(text: str, quote: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "quote": quote, "category": "self", "tags": ["tag"], "about": ""} | more


def finding(*facts: Mapping[str, Any]) -> str:
    """Return what a model answers that found facts."""
    return json.dumps({"facts": list(facts)})


def deciding(*decisions: tuple[int, str, int]) -> str:
    """Return what a model answers about (new fact, verdict, known fact)."""
    keys = ("fact", "verdict", "number")
    return json.dumps({"decisions": [dict(zip(keys, one, strict=True)) for one in decisions]})


def all_of_it(prompt: Prompt, question: Question) -> str:
    """Find a fact in each line that somebody said: the whole line, as it is."""
    if question.purpose == "same facts":
        return deciding()
    talk = prompt.messages[-1].blocks[0].text
    return finding(*(fact(f"Said: {one['text']}", one["text"]) for one in SAID.finditer(talk)))


async def say(at: Table, text: str, *, reply: str = "I see.", **changes: Any) -> int:
    """Say something in the channel, to the character, and hear its reply; return the message's id."""
    at.claude.queue.clear()
    at.claude.will_say(reply)
    changes = {"where": CHANNEL, "mentions_me": True} | changes
    return (await at.hear(text, **changes)).message_id


async def facts(at: Table, person_id: int = MIRA) -> list[Fact]:
    async with at.database.read() as db:
        return await db.memories.of(person_id, at.app.character.slug)


async def texts(at: Table, person_id: int = MIRA) -> list[str]:
    return [one.text for one in await facts(at, person_id)]


async def archived(at: Table, person_id: int = MIRA) -> list[Archived]:
    async with at.database.read() as db:
        return await db.archive.of_person(person_id)
