"""Voice call: turns of speech become messages of the voice channel, and the replies are spoken."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.conversation.company import Speaker
from bot.conversation.pipeline import Conversation
from bot.conversation.senses import CallEar
from bot.conversation.types import Arrival, Backlog, Utterance, arrived
from bot.core.clock import Clock, sleep_until
from bot.core.errors import Unperceived
from bot.core.tasks import Tasks
from bot.features.speech.call_mouth import CallMouth, Delivery

log = logging.getLogger(__name__)

PAUSE_MS = 200
"""Silence after which a turn is transcribed; the receiver detects it."""
LONGEST_TURN = 30 * 32_000
"""Maximum size of a turn in bytes, 16 kHz mono s16le; further speech starts a new turn."""
SHORT = bytes(3_200)
"""A tenth of a second of silence."""
PATIENCE = 5.0
"""Seconds that a reply waits for others to finish speaking."""
LATELY = 20
"""Number of recent utterances that may be unanswered after an interruption."""
ENDING_SECONDS = 5.0
"""Timeout in seconds for recording the heard part of a reply when the call ends."""


class Transcript(Protocol):
    """Records what was said, where the participants can read it."""

    async def note(self, person_id: int, words: str) -> Utterance | None:
        """Record a person's words as an utterance; None if the person must not be heard there."""


@dataclass(slots=True)
class _Turn:
    """Speech of a person, which ends after a long enough silence."""

    pcm: bytearray = field(default_factory=bytearray)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class CallHearing:
    """Input of a call: an ear, the transcript, and the silence that ends a turn, in seconds.

    `after` is called with each utterance once it was answered or skipped.
    """

    ear: CallEar
    transcript: Transcript
    silence: float
    after: Callable[[Utterance], Awaitable[object]]


class VoiceCall:
    """Listens to the consenting people in one channel and answers them. It is a SpeechListener."""

    def __init__(
        self,
        conversation: Conversation,
        hearing: CallHearing,
        mouth: CallMouth,
        delivery: Delivery,
        clock: Clock,
    ) -> None:
        self._conversation = conversation
        self._hearing = hearing
        self._mouth = mouth
        self._delivery = delivery
        self._clock = clock
        self._rest = max(hearing.silence - PAUSE_MS / 1000, 0.0)
        self._turns: dict[int, _Turn] = {}
        self._listening: dict[int, Tasks] = {}
        self._walks = Tasks()
        self._writing = asyncio.Lock()
        self._waiting: list[Utterance] = []
        self._waiting_since = 0.0
        self._lately: deque[Utterance] = deque(maxlen=LATELY)
        self._broken_off = False

    # Called by the receiver.

    def began(self, person_id: int) -> None:
        """Handle a person starting or resuming to speak: the character falls silent at once."""
        self._turns.setdefault(person_id, _Turn()).resumed.set()
        self._broken_off |= self._delivery.interrupt()

    def ended(self, person_id: int, pcm: bytes) -> None:
        """Transcribe a person's turn; the result is discarded if they resume after a short pause."""
        if (turn := self._turns.get(person_id)) is None:
            return  # the person withdrew meanwhile
        turn.pcm += pcm
        turn.resumed = asyncio.Event()
        tasks = self._listening.setdefault(person_id, Tasks())
        tasks.spawn(self._listen(person_id, turn, turn.resumed), name="Listening in a call")

    # Called by the owner of the call.

    def warm(self) -> None:
        """Load the speech recognition before anybody speaks."""
        self._walks.spawn(self._words_of(SHORT), name="Warming the ear of a call")

    def announce(self, speaker: Speaker, text: str) -> None:
        """Start speaking a notice."""
        self._walks.spawn(self._delivery.announce(speaker, text), name="Saying a notice in a call")

    def forget(self, person_id: int) -> None:
        """Discard the speech of a person who must no longer be heard."""
        self._turns.pop(person_id, None)
        if tasks := self._listening.pop(person_id, None):
            tasks.cancel()
        if not self._turns:
            self._walks.spawn(self._take_in(person_id, ""), name="What waited in a call")

    async def close(self) -> None:
        """End the call: record the heard part of a reply, and say nothing more."""
        for person_id in list(self._listening):
            self.forget(person_id)
        self._delivery.closed = True
        self._delivery.interrupt()
        await self._walks.wait(ENDING_SECONDS)
        self._walks.cancel()
        await self._hearing.ear.close()

    # Speech to words.

    async def _listen(self, person_id: int, turn: _Turn, resumed: asyncio.Event) -> None:
        """Transcribe a turn while waiting for the silence that confirms its end."""
        tasks = self._listening[person_id]
        words = tasks.spawn(self._words_of(bytes(turn.pcm)), name="Making out a turn of speech")
        longest = len(turn.pcm) >= LONGEST_TURN
        if not longest and await sleep_until(resumed, self._clock, self._rest):
            words.cancel()
            return
        del self._turns[person_id]
        self._walks.spawn(self._take_in(person_id, await words), name="A turn in a call")

    async def _words_of(self, pcm: bytes) -> str:
        try:
            return await self._hearing.ear.hear(pcm) if pcm else ""
        except Unperceived as error:
            log.info("A turn of speech can't be made out: %s", error)
            return ""

    # Words to messages.

    async def _take_in(self, person_id: int, words: str) -> None:
        """Record the words, and answer them once nobody speaks any more."""
        async with self._writing:
            heard = await self._hearing.transcript.note(person_id, words) if words else None
        if heard:
            self._waiting_since = self._waiting_since if self._waiting else self._clock.monotonic()
            self._waiting.append(heard)
        if self._turns and self._clock.monotonic() - self._waiting_since < PATIENCE:
            return
        waiting, self._waiting = self._waiting, []
        left = self._left_over()
        self._lately += waiting
        if left or len(waiting) > 1:
            await self._answer_together(left, waiting)
        elif waiting:
            await self._conversation.hear(arrived(waiting[0], self._mouth, gapless=False))
        for utterance in waiting:
            await self._hearing.after(utterance)

    def _left_over(self) -> list[Utterance]:
        """Return utterances that may lack a reply because an interruption cancelled it."""
        broken_off, self._broken_off = self._broken_off, False
        return list(self._lately) if broken_off else []

    async def _answer_together(self, left: Sequence[Utterance], new: Sequence[Utterance]) -> None:
        async def open_still() -> Sequence[Utterance]:
            return left

        async def arrivals() -> list[Arrival]:
            return [arrived(utterance, self._mouth, gapless=False) for utterance in new]

        backlog = Backlog(open_still, arrivals, bool, gapless=False)
        await self._conversation.catch_up((left or new)[0].where.channel_id, backlog, self._mouth)
