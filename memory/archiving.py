"""Immediate archiving of lines that leave a transcript, so that search finds them the same day (F075)."""

import asyncio

from database import Database, UnitOfWork
from memory.attachments import attachments_of, described
from memory.extraction import Excerpt
from memory.learn import LINES
from memory.meaning import Meaning, packed
from memory.places import where_of
from memory.store import Memories


class Archiving:
    """Archives lines before facts are extracted from them, under the same rules as the nightly archiving."""

    def __init__(self, database: Database, memories: Memories, meaning: Meaning) -> None:
        self._database = database
        self._memories = memories
        self._meaning = meaning

    async def keep(self, character: str, channel_id: int, *, through: int) -> int:
        """Archive a channel's lines up to a log position and return the number of new lines.

        Lines that are deleted or edited meanwhile, and lines of people who withdraw consent, are left out.
        """
        async with self._database.read() as db:
            excerpt = await self._excerpt(db, character, channel_id, through)
            if excerpt is None:
                return 0
            archived = {line.id for line in await db.archive.these([line.id for line in excerpt.lines])}
        found = await asyncio.to_thread(lambda: list(excerpt.archived()))
        lines = [line for line in found if line.id not in archived]
        if not lines:
            return 0
        vectors = await self._meaning.encode([line.text for line in lines])
        made = packed(vectors) if vectors is not None else []
        rows = {line.id: row for line, row in zip(lines, made, strict=False)}
        async with self._database.begin() as db:
            now = await self._excerpt(db, character, channel_id, through)
            if now is None:
                return 0
            left = {line.id: line for line in now.lines}
            same = {line.id for line in excerpt.lines if left.get(line.id) == line}
            kept = [line for line in lines if line.id in same and line.person_id in now.agreed]
            await db.archive.add(kept)
            vectors_of_kept = {line.id: rows[line.id] for line in kept if line.id in rows}
            await db.embeddings.put("line", channel_id, self._meaning.model, vectors_of_kept)
        return len(kept)

    async def _excerpt(self, db: UnitOfWork, character: str, channel_id: int, through: int) -> Excerpt | None:
        """Return the channel's lines up to a log position as an excerpt, or None if there are none."""
        channel = await db.channels.get(channel_id)
        fresh = await db.archive.fresh(channel_id, character, limit=LINES)
        lines = [line for line in fresh if line.position <= through]
        if channel is None or not lines:
            return None
        agreed = await self._memories.consenting(db, {line.author_id for line in lines if not line.from_bot})
        answered = await db.archive.answered({line.turn_id for line in lines if line.turn_id})
        shown = tuple(
            line._replace(text=described(line.text, attachments_of(line.attachments)))
            if line.attachments
            else line
            for line in lines
        )
        return Excerpt(character, where_of(channel), shown, frozenset(agreed), answered, own={})
