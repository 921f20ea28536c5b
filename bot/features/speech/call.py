"""A call: what people say in turns becomes messages of the voice channel, and the answers are spoken."""

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
"""Silence after which a turn of speech is listened to; the receiver tells of that."""
LONGEST_TURN = 30 * 32_000
"""Bytes of a turn of speech, 16 kHz mono s16le: what is said after it is another one."""
SHORT = bytes(3_200)
"""A tenth of a second in which nobody speaks."""
PATIENCE = 5.0
"""Seconds that an answer waits for others who are speaking."""
LATELY = 20
"""Utterances that may have been left without an answer when somebody spoke in between."""
ENDING_SECONDS = 5.0
"""Seconds that what was heard of a reply may take to be written down when the call ends."""


class Transcript(Protocol):
    """Writes down what was said, where the people of the call can read it."""

    async def note(self, person_id: int, words: str) -> Utterance | None:
        """Return what a person said as an utterance; None where nothing may be heard of them there."""


@dataclass(slots=True)
class _Turn:
    """What somebody is saying: it is over when they were silent for long enough."""

    pcm: bytearray = field(default_factory=bytearray)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class CallHearing:
    """What a call is heard with: an ear, the transcript, and the silence that ends a turn, in seconds.

    `after` is called with each utterance once it was answered or passed over.
    """

    ear: CallEar
    transcript: Transcript
    silence: float
    after: Callable[[Utterance], Awaitable[object]]


class VoiceCall:
    """Listens in one channel to those who agreed, and answers them. It is a SpeechListener."""

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
        """Take notice that somebody begins to speak, or goes on: the character is silent at once."""
        self._turns.setdefault(person_id, _Turn()).resumed.set()
        self._broken_off |= self._delivery.interrupt()

    def ended(self, person_id: int, pcm: bytes) -> None:
        """Listen to what somebody said, which is thrown away if they go on after a short pause."""
        if (turn := self._turns.get(person_id)) is None:
            return  # they withdrew meanwhile
        turn.pcm += pcm
        turn.resumed = asyncio.Event()
        tasks = self._listening.setdefault(person_id, Tasks())
        tasks.spawn(self._listen(person_id, turn, turn.resumed), name="Listening in a call")

    # Called by whoever keeps the call.

    def warm(self) -> None:
        """Begin to load what listens, before anybody has said something."""
        self._walks.spawn(self._words_of(SHORT), name="Warming the ear of a call")

    def announce(self, speaker: Speaker, text: str) -> None:
        """Begin to say something of our own."""
        self._walks.spawn(self._delivery.announce(speaker, text), name="Saying a notice in a call")

    def forget(self, person_id: int) -> None:
        """Throw away what somebody is saying, who is not to be heard any more."""
        self._turns.pop(person_id, None)
        if tasks := self._listening.pop(person_id, None):
            tasks.cancel()
        if not self._turns:
            self._walks.spawn(self._take_in(person_id, ""), name="What waited in a call")

    async def close(self) -> None:
        """End the call: what was heard of a reply is written down, and nothing more is said."""
        for person_id in list(self._listening):
            self.forget(person_id)
        self._delivery.closed = True
        self._delivery.interrupt()
        await self._walks.wait(ENDING_SECONDS)
        self._walks.cancel()
        await self._hearing.ear.close()

    # A turn of speech becomes words.

    async def _listen(self, person_id: int, turn: _Turn, resumed: asyncio.Event) -> None:
        """Make out a turn beside the silence that ends it: most often that is all there was."""
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

    # Words become messages.

    async def _take_in(self, person_id: int, words: str) -> None:
        """Write down what was said, and answer it once nobody speaks any more."""
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
        """Return what may have no answer yet, because somebody spoke while it was thought of."""
        broken_off, self._broken_off = self._broken_off, False
        return list(self._lately) if broken_off else []

    async def _answer_together(self, left: Sequence[Utterance], new: Sequence[Utterance]) -> None:
        async def open_still() -> Sequence[Utterance]:
            return left

        async def arrivals() -> list[Arrival]:
            return [arrived(utterance, self._mouth, gapless=False) for utterance in new]

        backlog = Backlog(open_still, arrivals, bool, gapless=False)
        await self._conversation.catch_up((left or new)[0].where.channel_id, backlog, self._mouth)
