"""What leaves a transcript, archived at once: so it is found again on the same day (F075)."""

import asyncio

from database import Database, UnitOfWork
from memory.attachments import attachments_of, described
from memory.extraction import Excerpt
from memory.learn import LINES
from memory.meaning import Meaning, packed
from memory.places import where_of
from memory.store import Memories


class Archiving:
    """Archives talk of which no facts were drawn yet, by the rules that hold for what the night archives."""

    def __init__(self, database: Database, memories: Memories, meaning: Meaning) -> None:
        self._database = database
        self._memories = memories
        self._meaning = meaning

    async def keep(self, character: str, channel_id: int, *, through: int) -> int:
        """Archive what was said in a place up to a position of the log; return how many lines are new.

        What is deleted or edited meanwhile, or is of somebody who withdraws, is left out.
        """
        async with self._database.read() as db:
            stretch = await self._stretch(db, character, channel_id, through)
            if stretch is None:
                return 0
            there = {one.id for one in await db.archive.these([one.id for one in stretch.lines])}
        found = await asyncio.to_thread(lambda: list(stretch.archived()))
        lines = [one for one in found if one.id not in there]
        if not lines:
            return 0
        vectors = await self._meaning.encode([one.text for one in lines])
        made = packed(vectors) if vectors is not None else []
        rows = {one.id: row for one, row in zip(lines, made, strict=False)}
        async with self._database.begin() as db:
            now = await self._stretch(db, character, channel_id, through)
            if now is None:
                return 0
            left = {one.id: one for one in now.lines}
            same = {one.id for one in stretch.lines if left.get(one.id) == one}
            kept = [one for one in lines if one.id in same and one.person_id in now.agreed]
            await db.archive.add(kept)
            theirs = {one.id: rows[one.id] for one in kept if one.id in rows}
            await db.embeddings.put("line", channel_id, self._meaning.model, theirs)
        return len(kept)

    async def _stretch(self, db: UnitOfWork, character: str, channel_id: int, through: int) -> Excerpt | None:
        """Return what was said in a place up to a position; None where that is nothing."""
        channel = await db.channels.get(channel_id)
        fresh = await db.archive.fresh(channel_id, character, limit=LINES)
        lines = [one for one in fresh if one.position <= through]
        if channel is None or not lines:
            return None
        agreed = await self._memories.consenting(db, {one.author_id for one in lines if not one.from_bot})
        answered = await db.archive.answered({one.turn_id for one in lines if one.turn_id})
        shown = tuple(
            one._replace(text=described(one.text, attachments_of(one.attachments)))
            if one.attachments
            else one
            for one in lines
        )
        return Excerpt(character, where_of(channel), shown, frozenset(agreed), answered, own={})
