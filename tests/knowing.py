"""Facts about people in a small Discord, as talk would have left them."""

from datetime import datetime, timedelta
from typing import Any

from database.models import Archived, Fact
from memory.history import LEARNT, REINFORCED, SUPERSEDED
from tests.support.discord import World


async def noted(w: World, text: str, *, who: Any = None, cause: str = LEARNT, **values: Any) -> Fact:
    """Let the character have noted something about somebody, Mira unless told otherwise."""
    at: datetime = values.pop("at", w.app.clock.now())
    place = {"scope": "channel", "channel_id": w.channel.id, "guild_id": w.guild.id}
    plain = {"origin": LEARNT, "made_at": at, "changed_at": at, "kept": False, "category": "self"}
    person = (who or w.mira).id
    fact = Fact(
        **{"person_id": person, "character": "pixel", "number": 0, "text": text, **place, **plain, **values}
    )
    async with w.app.database.begin() as db:
        # Who is not there for two weeks is forgotten, but for what is kept for good.
        await db.users.note(person, {0: "somebody"}, is_bot=False, at=w.app.clock.now())
        return await db.memories.add(fact, batch=await db.memories.new_batch(), cause=cause)


async def again(w: World, fact: Fact, *sources: int) -> None:
    """Let a fact have been said once more."""
    now = w.app.clock.now()
    values = {"mentions": fact.mentions + 1, "last_at": now, "sources": [*fact.sources, *sources]}
    async with w.app.database.begin() as db:
        row = await db.memories.numbered(fact.person_id, "pixel", fact.number)
        assert row is not None
        await db.memories.change(row, values, batch=await db.memories.new_batch(), cause=REINFORCED, at=now)


async def overtaken(w: World, fact: Fact, by: Fact) -> None:
    """Let a fact hold no more."""
    now = w.app.clock.now()
    async with w.app.database.begin() as db:
        row = await db.memories.numbered(fact.person_id, "pixel", fact.number)
        assert row is not None
        values = {"ended_at": by.first_at, "superseded_by": by.id}
        await db.memories.change(row, values, batch=await db.memories.new_batch(), cause=SUPERSEDED, at=now)


async def archived(w: World, message_id: int, *, channel: Any = None, who: Any = None) -> None:
    """Let a message stand in the archive."""
    place, person = channel or w.channel, who or w.mira
    line = Archived(
        message_id,
        place.id,
        w.guild.id,
        person.id,
        person.id,
        "somebody",
        "words",
        w.app.clock.now() - timedelta(1),
    )
    async with w.app.database.begin() as db:
        await db.archive.add([line])
