"""What the characters perceive with: each sense is a protocol; bot.features.senses has the real ones."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.llm.types import Picture
from memory.attachments import Attachment
from personas.timbre import Timbre


class Eye(Protocol):
    """Turns a file from anybody into a picture that a model can be shown."""

    async def look(self, data: bytes) -> Picture:
        """Return the picture: upright, without metadata, its longer edge at most 1,568 pixels.

        Raises Unperceived for what is no picture, or none that can be read within its limits.
        """


class Reader(Protocol):
    """Reads the words of a file from anybody."""

    async def read(self, data: bytes, *, pdf: bool) -> str:
        """Return the words as clean text, of a bounded length; "" where there are none.

        Raises Unperceived for what can't be read within its limits.
        """


class Ear(Protocol):
    """Makes out what is said in a recording."""

    async def hear(self, data: bytes, *, seconds: float) -> str:
        """Return the words of a recording of so many seconds, by what Discord says; "" where nobody speaks.

        Raises Unperceived for what is too long, can't be decoded, or takes longer than its deadline.
        """


class CallEar(Protocol):
    """Makes out what is said in a call, and is kept warm for as long as that takes."""

    async def hear(self, pcm: bytes) -> str:
        """Return the words in 16 kHz mono s16le; "" where nobody speaks. Raises Unperceived."""

    async def close(self) -> None: ...


class SpeechEngine(Protocol):
    """Speaks a text."""

    def speak(self, text: str, timbre: Timbre) -> AsyncIterator[bytes]:
        """Yield the words of a text as 48 kHz mono s16le, as they are made. Raises Unspeakable."""

    async def close(self) -> None:
        """Let go of what it holds; it may speak again."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A voice message: an Ogg file with Opus in it, its length, and its waveform as Discord takes it."""

    data: bytes
    seconds: float
    waveform: str


class Recorder(Protocol):
    """Records what a character says."""

    async def record(self, text: str, timbre: Timbre) -> Recording:
        """Return the words of a text as a voice message. Raises Unspeakable."""


class Fetch(Protocol):
    """Gets the bytes of an attachment: from Discord, or from a file in the terminal."""

    async def __call__(
        self, channel_id: int, message_id: int, attachment: Attachment, /, *, most: int
    ) -> bytes:
        """Return the bytes of an attachment of a message, `most` at most.

        Raises Unperceived where it is not there any more, is larger, or takes longer than it may.
        """


@dataclass(frozen=True, slots=True)
class Senses:
    """The senses that this machine has: None where the packages are missing, or the setting says no.

    `most_pictures` is how many pictures of one message are looked at.
    """

    eye: Eye | None = None
    reader: Reader | None = None
    ear: Ear | None = None
    most_pictures: int = 4
    speech: SpeechEngine | None = None
