"""What several tests stand on: speaking first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.audit import Actor, AuditLog
from bot.conversation.config import Manner
from bot.conversation.types import Mouth
from bot.features.proactive.venues import Venues
from database.models import Remark
from memory.places import Where
from personas.initiative import TICK, InitiativeBounds, slot_of
from tests.builders import AT_ONCE, CHANNEL, PIXEL, Table, table

MIRA, TOM = 42, 7


ALWAYS = replace(AT_ONCE, initiative=InitiativeBounds(chance=1.0))


MUSING = PIXEL.model_copy(update={"status_lines": ("Counting raindrops",)})


BY_ADMIN = Actor(1, 1)


@asynccontextmanager
async def lively(
    folder: Path, manner: Manner = ALWAYS, *, agreed: tuple[int, ...] = (MIRA,), **changes: Any
) -> AsyncIterator[Table]:
    """Set a table at which Pixel may speak first in the channel."""
    async with table(folder, manner=manner, **changes) as at:
        await let(at)
        await agree(at, *agreed)
        yield at


async def let(at: Table, *, allowed: bool = True) -> None:
    venues = Venues(at.database, at.clock, AuditLog(at.database, at.clock), zone=ALWAYS.zone)
    await venues.let(BY_ADMIN, CHANNEL, allowed=allowed)


async def agree(at: Table, *people: int, given: bool = True) -> None:
    async with at.database.begin() as db:
        for person in people:
            await db.consents.set(person, given, at=at.clock.now())


async def say(at: Table, text: str, person: int = MIRA, where: Where = CHANNEL, **changes: Any) -> int:
    heard = await at.hear(
        text, where=where, author_id=person, author_name="Mira" if person == MIRA else "Tom", **changes
    )
    return heard.message_id


async def tick(at: Table, mouth: Mouth | None = None) -> int:
    """Let the next half hour come, and almost be over."""
    begin = (slot_of(at.clock.now()) + 1) * TICK.total_seconds()
    at.clock.pass_time(begin + 1700 - at.clock.now().timestamp())
    return await look(at, mouth)


async def look(at: Table, mouth: Mouth | None = None) -> int:
    return await at.app.initiative.tick(lambda _channel: mouth or at.mouth)


async def remarks(at: Table, channel_id: int = CHANNEL.channel_id) -> list[Remark]:
    async with at.database.read() as db:
        return await db.remarks.of_channel(channel_id, limit=50)
