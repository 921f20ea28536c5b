"""Out of character: what a person is shown, once in a while, who writes that they want to die (C91)."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.conversation.attention.server_rules import HouseRules, Kind
from bot.conversation.types import Mouth, Part, Utterance
from bot.core.clock import Clock
from bot.core.cooldown import Once
from bot.core.errors import SpeakingError
from database import Database
from memory.sensitive.distress import reads_as_distress

log = logging.getLogger(__name__)

SECONDS = 10.0
"""So long the reply waits for the notice at most."""

NOT_REACHED = (
    "<@{person_id}>, I have something to tell you in private, but I can't write to you. Let members of this "
    "server send you direct messages, or write to me in private."
)
"""Names nothing of what it is about: others read it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown, and after how long one person may be shown it again; without a text nobody is."""

    text: str = ""
    again_after: timedelta = timedelta(hours=24)


class Care:
    """Shows the notice to that person alone. Whom it was shown to is never written down, nor logged."""

    def __init__(self, notice: Notice, database: Database, clock: Clock) -> None:
        self._text = notice.text
        self._database = database
        self._shown = Once[int](clock, notice.again_after.total_seconds())

    async def look_after(self, heard: Utterance, mouth: Mouth) -> None:
        """Show the notice beside the reply, if what was said calls for it and the server lets us."""
        words = heard.text if heard.words is None else heard.words
        if not self._text or heard.from_bot or heard.from_self or not reads_as_distress(words):
            return
        async with self._database.read() as db:
            house = HouseRules.of(await db.house.rules(heard.where.guild_id))
        if not house.allows(Kind.NOTICES, heard.where) or not self._shown.first(heard.author_id):
            return
        if not await self._show(heard, mouth):
            self._shown.forget(heard.author_id)

    async def _show(self, heard: Utterance, mouth: Mouth) -> bool:
        """Show it in private; where that can't be, say so without a word of what it is about."""
        part = Part(1, self._text, f"h{heard.message_id}")
        try:
            async with asyncio.timeout(SECONDS):
                if await mouth.whisper(part, to=heard.author_id):
                    return True
                neutral = NOT_REACHED.format(person_id=heard.author_id)
                await mouth.say(Part(1, neutral, f"h{heard.message_id}"), to=heard.author_id)
        except (SpeakingError, TimeoutError) as error:
            log.warning("A notice can't be shown: %s", type(error).__name__)
            return False
        return True
