"""Voice messages: people's choices and the recordings; and consent to be heard in calls."""

from collections import deque
from collections.abc import Collection
from typing import Literal, get_args

from bot.conversation.company import Company
from bot.conversation.decision import Reason
from bot.conversation.senses import Recorder, Recording
from bot.conversation.types import Utterance
from bot.core.clock import Clock, Runtime
from bot.core.errors import Unspeakable
from database import Database, UnitOfWork
from memory.attachments import AttachmentKind

Choice = Literal["on", "off", "auto"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


class VoiceReplies:
    """Decides which replies are voice messages; without a `recorder`, none are.

    `default` applies to people without a choice. With `with_text`, the text is posted below the recording.
    """

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        company: Company,
        recorder: Recorder | None,
        *,
        default: Choice,
        with_text: bool,
    ) -> None:
        self._database = database
        self._clock, self.reached = runtime.clock, runtime.reached
        self._company = company
        self._recorder = recorder
        self._default = default
        self.with_text = with_text
        self.unspoken = deque[int](maxlen=1_000)
        """Ids of messages known to have no recording, so that Discord need not be asked."""

    @property
    def available(self) -> bool:
        return self._recorder is not None

    async def is_spoken(self, db: UnitOfWork, heard: Utterance) -> bool:
        """Return whether the reply to a message is a voice message; "auto" replies in kind."""
        if self._recorder is None or heard.from_bot or heard.aloud:
            return False
        choice = await db.users.voice_choice(heard.author_id, heard.where.channel_id) or self._default
        return choice == "on" or (choice == "auto" and _was_spoken(heard))

    async def chosen(self, person_id: int, channel_id: int) -> Choice:
        async with self._database.read(brief=True) as db:
            found = await db.users.voice_choice(person_id, channel_id)
        return next((choice for choice in CHOICES if choice == found), self._default)

    async def choose(self, person_id: int, channel_id: int, choice: Choice) -> None:
        async with self._database.begin(brief=True) as db:
            await db.users.choose_voice(person_id, channel_id, choice, at=self._clock.now())

    async def spoken_among(self, message_ids: Collection[int]) -> list[int]:
        """Return the messages that belong to spoken replies and so may have a recording."""
        if not self.available:
            return []
        async with self._database.read(brief=True) as db:
            return await db.turns.spoken_among(message_ids)

    async def record(self, text: str, slug: str) -> Recording:
        """Record a text in a character's voice. Raises Unspeakable."""
        role = self._company.by_slug.get(slug)
        if self._recorder is None or role is None:
            raise Unspeakable("nobody is here to speak it")
        return await self._recorder.record(text, role.character.timbre)


def _was_spoken(heard: Utterance) -> bool:
    kinds = [attachment.kind for attachment in heard.attachments if not attachment.forwarded]
    return AttachmentKind.VOICE in kinds


class Callers:
    """Stores consent to be heard, by server, and closes utterances that a call left unanswered."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def agree(self, person_id: int, guild_id: int) -> None:
        async with self._database.begin(brief=True) as db:
            await db.consents.let_hear(person_id, guild_id, at=self._clock.now())

    async def withdraw(self, person_id: int, guild_id: int) -> None:
        async with self._database.begin(brief=True) as db:
            await db.consents.hear_no_more(person_id, guild_id)

    async def agreed(self, guild_id: int) -> frozenset[int]:
        """Return the people who may be heard in the voice channels of a server."""
        async with self._database.read(brief=True) as db:
            return await db.consents.heard_in(guild_id)

    async def hung_up(self, channel_id: int | None = None) -> None:
        """Close the unanswered spoken utterances of one channel, or of all."""
        async with self._database.begin(brief=True) as db:
            now = self._clock.now()
            await db.turns.end_calls(reason=Reason.CALL_ENDED.name, at=now, channel_id=channel_id)
