"""Voice messages: who wants them where, how each is recorded; and who may be heard in calls."""

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
    """Knows which replies are voice messages; without a `recorder` none is.

    `default` is what holds where somebody chose nothing. The words stand beneath `with_text`.
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
        """Messages of which it is known that they have no recording: nobody has to ask Discord."""

    @property
    def available(self) -> bool:
        return self._recorder is not None

    async def is_spoken(self, db: UnitOfWork, heard: Utterance) -> bool:
        """Say whether what answers a message is a voice message; 'auto' answers in kind."""
        if self._recorder is None or heard.from_bot or heard.aloud:
            return False
        choice = await db.users.voice_choice(heard.author_id, heard.where.channel_id) or self._default
        return choice == "on" or (choice == "auto" and _was_spoken(heard))

    async def chosen(self, person_id: int, channel_id: int) -> Choice:
        async with self._database.read(brief=True) as db:
            found = await db.users.voice_choice(person_id, channel_id)
        return next((one for one in CHOICES if one == found), self._default)

    async def choose(self, person_id: int, channel_id: int, choice: Choice) -> None:
        async with self._database.begin(brief=True) as db:
            await db.users.choose_voice(person_id, channel_id, choice, at=self._clock.now())

    async def spoken_among(self, message_ids: Collection[int]) -> list[int]:
        """Return those messages that are words of spoken replies, and so may have a recording."""
        if not self.available:
            return []
        async with self._database.read(brief=True) as db:
            return await db.turns.spoken_among(message_ids)

    async def record(self, text: str, slug: str) -> Recording:
        """Return a text as a character speaks it. Raises Unspeakable."""
        role = self._company.by_slug.get(slug)
        if self._recorder is None or role is None:
            raise Unspeakable("nobody is here to speak it")
        return await self._recorder.record(text, role.character.timbre)


def _was_spoken(heard: Utterance) -> bool:
    kinds = [one.kind for one in heard.attachments if not one.forwarded]
    return AttachmentKind.VOICE in kinds


class Callers:
    """Keeps who agreed to be heard, by server, and lets go of what a call did not answer."""

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
        """Return who may be heard in the voice channels of a server."""
        async with self._database.read(brief=True) as db:
            return await db.consents.heard_in(guild_id)

    async def hung_up(self, channel_id: int | None = None) -> None:
        """Let go of what was said aloud and is not answered, in one channel or in all of them."""
        async with self._database.begin(brief=True) as db:
            now = self._clock.now()
            await db.turns.end_calls(reason=Reason.CALL_ENDED.name, at=now, channel_id=channel_id)
