"""The characters' senses, each a protocol; bot.features.senses has the implementations."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.llm.types import Picture
from memory.attachments import Attachment
from personas.timbre import Timbre


class Eye(Protocol):
    """Converts an untrusted file into a picture for a model."""

    async def look(self, data: bytes) -> Picture:
        """Return the picture: upright, without metadata, its longer edge at most 1,568 pixels.

        Raises Unperceived for a file that is no picture, or can't be decoded within its limits.
        """


class Reader(Protocol):
    """Extracts the text of an untrusted file."""

    async def read(self, data: bytes, *, pdf: bool) -> str:
        """Return the words as clean text, of a bounded length; "" without any.

        Raises Unperceived for a file that can't be read within its limits.
        """


class Ear(Protocol):
    """Transcribes a recording."""

    async def hear(self, data: bytes, *, seconds: float) -> str:
        """Return the words of a recording; `seconds` is its length according to Discord; "" without speech.

        Raises Unperceived for a recording that is too long, can't be decoded, or exceeds its deadline.
        """


class CallEar(Protocol):
    """Transcribes a call, and stays loaded while the call lasts."""

    async def hear(self, pcm: bytes) -> str:
        """Return the words in 16 kHz mono s16le; "" without speech. Raises Unperceived."""

    async def close(self) -> None: ...


class SpeechEngine(Protocol):
    """Speaks a text."""

    def speak(self, text: str, timbre: Timbre) -> AsyncIterator[bytes]:
        """Yield the words of a text as 48 kHz mono s16le, as they are made. Raises Unspeakable."""

    async def close(self) -> None:
        """Release resources; it may speak again."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A voice message: an Ogg file with Opus in it, its length, and its waveform in Discord's format."""

    data: bytes
    seconds: float
    waveform: str


class Recorder(Protocol):
    """Records a character's words."""

    async def record(self, text: str, timbre: Timbre) -> Recording:
        """Return the words of a text as a voice message. Raises Unspeakable."""


class Fetch(Protocol):
    """Downloads an attachment: from Discord, or from a file in the terminal."""

    async def __call__(
        self, channel_id: int, message_id: int, attachment: Attachment, /, *, most: int
    ) -> bytes:
        """Return the bytes of a message's attachment, `most` at most.

        Raises Unperceived for a file that was deleted, is larger, or exceeds its deadline.
        """


@dataclass(frozen=True, slots=True)
class Senses:
    """The senses of this machine: None if packages are missing, or the setting is off.

    `most_pictures` is the number of pictures per message that are loaded.
    """

    eye: Eye | None = None
    reader: Reader | None = None
    ear: Ear | None = None
    most_pictures: int = 4
    speech: SpeechEngine | None = None
