"""Requests for replies as they were sent, kept for some hours, and deleted along with any line in them."""

import json
import zlib
from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import delete, func, insert, select, tuple_

from database.models import SentPrompt, SystemPrompt
from database.repositories import Repository, table_of, values_of

_SYSTEM = b'"system":'
_LEVEL = 1
"""The fastest level: the event loop compresses 100 kB in two milliseconds."""


class PromptRepository(Repository):
    """The prompts and system_prompts tables."""

    async def add(
        self, turn_id: int, body: bytes, *, at: datetime, channel_id: int, people: Collection[int]
    ) -> None:
        """Store a request for a reply."""
        begin, end = _system_of(body)
        system = body[begin:end]
        last = select(func.max(SentPrompt.number)).where(SentPrompt.turn_id == turn_id)
        row = SentPrompt(
            turn_id=turn_id,
            number=(await self._session.scalar(last) or 0) + 1,
            at=at,
            channel_id=channel_id,
            people=sorted(people),
            system_hash=blake2b(system, digest_size=16).hexdigest(),
            system_at=begin,
            body=zlib.compress(body[:begin] + body[end:], _LEVEL),
        )
        shared = {"hash": row.system_hash, "text": zlib.compress(system, _LEVEL)}
        await self._session.execute(
            self._insert(table_of(SystemPrompt)).on_conflict_do_nothing(index_elements=["hash"]), shared
        )
        await self._session.execute(insert(table_of(SentPrompt)), values_of(row))

    async def of_turn(self, turn_id: int) -> list[tuple[datetime, bytes]]:
        """Return the requests for a reply, in order, byte for byte."""
        query = (
            select(SentPrompt, SystemPrompt.text)
            .join(SystemPrompt, SystemPrompt.hash == SentPrompt.system_hash)
            .where(SentPrompt.turn_id == turn_id)
            .order_by(SentPrompt.number)
        )
        found = []
        for prompt, shared in await self._session.execute(query):
            rest, at = zlib.decompress(prompt.body), prompt.system_at
            found.append((prompt.at, rest[:at] + zlib.decompress(shared) + rest[at:]))
        return found

    async def forget(self, *, channel_ids: Collection[int] = (), people: Collection[int] = ()) -> None:
        """Delete requests that contain lines of these channels or facts about these people."""
        query = select(SentPrompt.turn_id, SentPrompt.number, SentPrompt.channel_id, SentPrompt.people)
        gone = [
            (turn_id, number)
            for turn_id, number, channel_id, prompt_people in await self._session.execute(query)
            if channel_id in channel_ids or not set(people).isdisjoint(prompt_people)
        ]
        if gone:
            await self._session.execute(
                delete(SentPrompt).where(tuple_(SentPrompt.turn_id, SentPrompt.number).in_(gone))
            )

    async def prune(self, before: datetime | None = None) -> None:
        """Delete requests from before a moment, or all; and unused system prompts."""
        old = delete(SentPrompt)
        await self._session.execute(old if before is None else old.where(SentPrompt.at < before))
        shared = select(SentPrompt.system_hash)
        await self._session.execute(delete(SystemPrompt).where(SystemPrompt.hash.not_in(shared)))


def _system_of(body: bytes) -> tuple[int, int]:
    """Return the start and end of the system prompt in a request; (0, 0) if it has none."""
    begin = body.find(_SYSTEM)
    if begin < 0:
        return 0, 0
    text = body[begin + len(_SYSTEM) :].decode()
    _, end = json.JSONDecoder().raw_decode(text)
    begin += len(_SYSTEM)
    return begin, begin + len(text[:end].encode())
