"""A call without Discord: people who speak, a player that a test winds on, a Claude that speaks in pieces."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bot.conversation.types import Utterance
from bot.core.errors import Unspeakable
from bot.features.speech.call import CallHearing, VoiceCall
from bot.features.speech.call_mouth import CallMouth, Delivery, Loudspeaker, MadeIds
from bot.features.speech.playback import SILENCE, Playback
from bot.llm.client import Answer
from bot.llm.types import Prompt, Question
from memory.places import Place, Where
from personas.timbre import Timbre
from tests.builders import Table, table, utterance
from tests.fakes import EPOCH, FakeClaude, FakeClock, FakeMouth

VOICE_CHANNEL = Where(650, Place.GUILD, name="Lounge", guild_id=700, guild_name="The Guild")
MIRA, TOM = 42, 7
NAMES = {MIRA: "Mira", TOM: "Tom"}
FRAMES_A_WORD = 10
EARLIEST = EPOCH - timedelta(days=1)


class ReadOutEar:
    """Hears the words that stand in the bytes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.closed = False

    async def hear(self, pcm: bytes) -> str:
        self.heard.append(pcm)
        await asyncio.sleep(0)
        return pcm.decode().strip()

    async def close(self) -> None:
        self.closed = True


class BeepingEngine:
    """Makes ten frames of sound for each word; may fail."""

    def __init__(self) -> None:
        self.spoken: list[str] = []
        self.made: list[str] = []
        self.timbres: list[Timbre] = []
        self.fails = False

    async def close(self) -> None: ...

    async def speak(self, text: str, timbre: Timbre) -> AsyncIterator[bytes]:
        if self.fails:
            raise Unspeakable("the engine is out of order")
        self.spoken.append(text)
        self.timbres.append(timbre)
        for _ in text.split():
            await asyncio.sleep(0)
            yield b"\x01\x00" * 960 * FRAMES_A_WORD
        self.made.append(text)


class WoundPlayer:
    """Plays as many frames as a test asks for, or all there are as soon as they come."""

    def __init__(self, *, by_itself: bool = True) -> None:
        self.by_itself = by_itself
        self.playback: Playback | None = None
        self.started = 0
        self.stops = 0
        self.sounded = 0
        """Frames that were no silence."""

    def start(self, playback: Playback) -> None:
        self.started += 1
        self.playback = playback
        if self.by_itself:
            asyncio.get_running_loop().call_soon(self._go_on, playback)

    def stop(self) -> None:
        self.stops += 1

    def wind(self, frames: int) -> None:
        """Play so many frames."""
        assert self.playback is not None
        for _ in range(frames):
            self.sounded += self.playback.read() not in (b"", SILENCE)

    def _go_on(self, playback: Playback) -> None:
        frame = playback.read()
        self.sounded += frame not in (b"", SILENCE)
        if frame:
            asyncio.get_running_loop().call_later(0.0005 if frame == SILENCE else 0, self._go_on, playback)


class SlowClaude(FakeClaude):
    """Says its answers word by word, and stops before the words that a test holds back."""

    def __init__(self, clock) -> None:
        super().__init__(clock)
        self.hold: asyncio.Event | None = None
        self.held_before = "never"
        self.holding = asyncio.Event()

    def hold_before(self, word: str) -> asyncio.Event:
        """Wait before this word until the event is set."""
        self.held_before, self.hold = word, asyncio.Event()
        self.holding.clear()
        return self.hold

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        answer = await super().ask(prompt, replace(question, on_text=None))
        show = question.on_text or (lambda _: None)
        for number, word in enumerate(answer.text.split(" ") if question.on_text else ()):
            if self.hold is not None and word == self.held_before:
                self.holding.set()
                await self.hold.wait()
                self.hold = None
            show(f" {word}" if number else word)
            await asyncio.sleep(0)
        return answer


@dataclass
class WrittenDown:
    """A transcript that numbers what was said; who is alone is answered."""

    clock: FakeClock
    noted: list[tuple[int, str]] = field(default_factory=list)
    alone: bool = True
    deaf_to: set[int] = field(default_factory=set)
    ids: Iterator[int] = field(default_factory=lambda: count(2_000_000))

    async def note(self, person_id: int, words: str) -> Utterance | None:
        if person_id in self.deaf_to:
            return None
        self.noted.append((person_id, words))
        return utterance(
            words,
            message_id=next(self.ids),
            where=VOICE_CHANNEL,
            author_id=person_id,
            author_name=NAMES[person_id],
            sent_at=self.clock.now(),
            aloud=True,
            alone=self.alone,
        )


@dataclass
class Line:
    """A call and everything around it, in reach of a test."""

    at: Table
    claude: SlowClaude
    call: VoiceCall
    ear: ReadOutEar
    engine: BeepingEngine
    player: WoundPlayer
    transcript: WrittenDown
    chat: FakeMouth

    async def says(self, words: str, who: int = MIRA) -> None:
        """Let somebody speak, and wait until all that follows from it is done."""
        self.call.began(who)
        self.call.ended(who, words.encode())
        await self.quiet()

    async def quiet(self) -> None:
        """Wait until nothing more happens."""
        await until(lambda: not (self.call._turns or self.call._walks))

    async def hears(self, frames: int) -> None:
        """Play until so many frames more were heard that are no silence."""
        heard = self.player.sounded + frames
        async with asyncio.timeout(30):
            while self.player.sounded < heard:
                self.player.wind(1)
                await asyncio.sleep(0.002)
        await until(lambda: self.engine.made == self.engine.spoken)

    async def keeps(self, *lines: str) -> None:
        """Wait until the log of the channel holds these lines and no others."""
        async with asyncio.timeout(30):
            while await self.log() != list(lines):
                await asyncio.sleep(0.002)

    async def log(self) -> list[str]:
        """Return what stands in the log of the channel."""
        async with self.at.database.read() as db:
            rows = await db.messages.transcript(VOICE_CHANNEL.channel_id, "pixel", since=EARLIEST)
        return [row.text for row in rows]


async def until(done: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def called(
    folder: Path, *, by_itself: bool = True, posts: bool = True, silence: float = 0.5, **options: Any
) -> AsyncIterator[Line]:
    """Open a call at a table of its own, where each sleep lasts some milliseconds for real."""
    async with (
        table(folder, claude=SlowClaude, **options) as at,
        line(at, by_itself=by_itself, posts=posts, silence=silence) as opened,
    ):
        yield opened


@asynccontextmanager
async def line(at: Table, *, by_itself: bool, posts: bool, silence: float) -> AsyncIterator[Line]:
    """Open a call at a table."""
    at.clock.breath = 0.02
    ear, engine, player = ReadOutEar(), BeepingEngine(), WoundPlayer(by_itself=by_itself)
    transcript, chat = WrittenDown(at.clock), FakeMouth()
    delivery = Delivery(Loudspeaker(engine, player, lambda speaker: Timbre(model=speaker.slug)))
    mouth = CallMouth(chat, delivery, MadeIds(at.clock), posts=posts)

    async def nothing(_: Utterance) -> None:
        pass

    hearing = CallHearing(ear, transcript, silence, nothing)
    call = VoiceCall(at.app.conversation, hearing, mouth, delivery, at.clock)
    try:
        assert isinstance(at.claude, SlowClaude)
        yield Line(at, at.claude, call, ear, engine, player, transcript, chat)
    finally:
        await call.close()
