"""Merging of many summaries into one: all of them, or none."""

import logging
from collections.abc import Sequence

from bot.conversation import turns
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import TranscriptLimits
from bot.conversation.generation import ModelVoice
from bot.conversation.summaries import summary_prompt
from bot.conversation.summaries.note_taking import NoteTaker
from bot.conversation.types import Episode, Head
from bot.core.clock import Clock
from bot.llm.types import ModelCall
from database import Database
from database.models import Summary
from memory.places import Where

log = logging.getLogger(__name__)

EPISODES_SHARE = 6
"""The share of a prompt's budget from which a place's summaries are merged into one."""


class Joining:
    """Merges all summaries of a place but the newest."""

    def __init__(
        self,
        *,
        database: Database,
        notes: NoteTaker,
        voice: ModelVoice,
        extent: TranscriptLimits,
        clock: Clock,
    ) -> None:
        self._database = database
        self._notes = notes
        self._voice = voice
        self._extent = extent
        self._clock = clock

    async def join(self, role: PlayedCharacter, where: Where, *, person_id: int | None) -> bool:
        """Merge summaries if they take too much of the prompt; return whether they were merged.

        `person_id` is the person in a private place.
        """
        tokens = self._voice.tokens
        async with self._database.read() as db:
            rows = await db.summaries.of(where.channel_id, role.slug, person_id=person_id)
        older = rows[:-1]
        many = len(older) > 1 or any(row.channel_id is None for row in older)
        if not many or sum(tokens(row.text) for row in rows) <= self._extent.condensed // EPISODES_SHARE:
            return False
        head = Head(episodes=tuple(Episode(row.text, row.first_at, row.last_at) for row in older))
        prompt = summary_prompt.joining_prompt(role.character, head)
        answer = await self._notes.ask(prompt, where, summary_prompt.JOINED_SCHEMA, person_id=person_id)
        if answer is None:
            return False
        text = None
        if not answer.cut_short:
            size = sum(tokens(row.text) for row in older)
            text = summary_prompt.read_joined(answer.text, joined=size, tokens=tokens)
        if text is None:
            log.warning("The notes of channel %s stay many: the answer can't be used", where.channel_id)
            await self._notes.book(answer.call, role.slug)
            return False
        return await self._merge_into_one(self._joined(role, where, older, text), older, answer.call)

    def _joined(self, role: PlayedCharacter, where: Where, older: Sequence[Summary], text: str) -> Summary:
        return Summary(
            channel_id=where.channel_id,
            person_id=next((row.person_id for row in older if row.person_id is not None), None),
            character=role.slug,
            text=text,
            first_place=min(row.first_place for row in older),
            last_place=max(row.last_place for row in older),
            first_at=min(row.first_at for row in older),
            last_at=max(row.last_at for row in older),
            made_at=self._clock.now(),
        )

    async def _merge_into_one(self, joined: Summary, older: Sequence[Summary], call: ModelCall) -> bool:
        ids = {row.id for row in older}
        async with self._database.begin() as db:
            await turns.note_calls(db, [call], joined.character)
            if await db.summaries.existing(ids) != ids:
                return False  # one of them was deleted meanwhile, and the new one contains its words
            await db.summaries.join(ids, joined)
        log.info("Joined %d notes of channel %s into one", len(ids), joined.channel_id)
        return True
