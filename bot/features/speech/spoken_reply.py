"""Spoken reply: each sentence is synthesised while the previous one is played."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from bot.conversation.senses import SpeechEngine
from bot.core.errors import Unspeakable
from bot.core.tasks import spawn
from bot.features.speech.playback import Playback
from personas.timbre import Timbre

log = logging.getLogger(__name__)

STALLED_SECONDS = 10.0
"""Seconds without a read after which the player counts as dead."""


class Player(Protocol):
    """Plays sound in a call."""

    def start(self, playback: Playback) -> None:
        """Start playing in a separate thread, until `playback` ends. Raises Unspeakable."""

    def stop(self) -> None:
        """Stop at once."""


class SpokenReply:
    """The sentences of a reply, spoken in order."""

    def __init__(self, engine: SpeechEngine, timbre: Timbre, player: Player) -> None:
        self._engine, self._timbre, self._player = engine, timbre, player
        self._loop = asyncio.get_running_loop()
        self._moved = asyncio.Event()
        self._playback = Playback(self._on_progress)
        self._queue = asyncio.Queue[str]()
        self.given: list[str] = []
        self.stopped = False
        self.failed = False
        """Whether the engine or the player failed: the rest can only be written."""
        self._started = False
        self._making = spawn(self._make(), name="Speaking")

    def give(self, sentences: Sequence[str]) -> None:
        """Append sentences."""
        self.given += sentences
        for sentence in sentences:
            self._queue.put_nowait(sentence)

    def heard(self, after: int = 0) -> str:
        """Return the words heard so far, after the first `after` sentences."""
        return self._playback.heard(after)

    async def played(self, count: int) -> None:
        """Wait until `count` sentences were played, or nothing more will be."""
        while not (self.stopped or self.failed or self._playback.finished >= count):
            self._moved.clear()
            before = self._playback.read_frames
            try:
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._moved.wait()
            except TimeoutError:
                if self._started and self._playback.read_frames == before:
                    self._give_up("the player asks for no more sound")

    def stop(self) -> None:
        """Fall silent at once and discard the rest."""
        self.stopped = True
        self._playback.stop()
        self._making.cancel()
        if self._started:
            self._player.stop()
        self._moved.set()

    def end(self) -> None:
        """Let the player stop after the queued sentences."""
        self._playback.end()
        self._making.cancel()

    def _on_progress(self) -> None:
        self._loop.call_soon_threadsafe(self._moved.set)

    async def _make(self) -> None:
        try:
            while True:
                sentence = await self._queue.get()
                self._playback.begin(sentence)
                async for pcm in self._engine.speak(sentence, self._timbre):
                    self._playback.add(pcm)
                    self._start()
                self._playback.finish()
        except Unspeakable as error:
            self._give_up(str(error))

    def _start(self) -> None:
        if not self._started:
            self._player.start(self._playback)
            self._started = True

    def _give_up(self, why: str) -> None:
        log.warning("A reply can't be spoken to its end: %s", why)
        self.failed = True
        self._playback.end()
        self._moved.set()
