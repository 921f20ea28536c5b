"""Questions to a model, their size in tokens, and their cost."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

Purpose = Literal[
    "reply",
    "warm-up",
    "vote",
    "addressees",
    "appraisal",
    "summary",
    "memories",
    "facts",
    "same facts",
    "status",
    "look",
    "musings",
]

Effort = Literal["off", "low", "medium", "high"]


PIXELS_A_TOKEN = 750
"""Pixels of a picture per token, by Anthropic's documentation of vision."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture for a model: `data` is a file of this media type, of `width` x `height` pixels."""

    data: bytes = field(repr=False)
    width: int
    height: int
    media: Literal["image/webp", "image/jpeg"] = "image/webp"

    @property
    def tokens(self) -> int:
        """Its size in a prompt."""
        return max(1, self.width * self.height // PIXELS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a prompt: its text, or a picture; `cache` sets a cache breakpoint after it."""

    text: str
    cache: bool = False
    picture: Picture | None = None

    @classmethod
    def showing(cls, picture: Picture) -> "Block":
        """Return a block with a picture; its text replaces it in estimates and tests."""
        return cls(f"[picture {picture.width}x{picture.height}]", picture=picture)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the prompt: people's words, or the character's."""

    mine: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt for Claude. `system` holds only our words and the operator's: never a user's."""

    system: tuple[Block, ...]
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """Its whole text, for estimates and for tests that search it for forbidden content."""
        pieces = [block.text for block in self.system]
        pieces += [block.text for message in self.messages for block in message.blocks]
        return "\n".join(pieces)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its pictures."""
        blocks = (block for message in self.messages for block in message.blocks)
        return tuple(block.picture for block in blocks if block.picture is not None)

    @property
    def picture_tokens(self) -> int:
        """The tokens of its pictures, which are not in its text."""
        return sum(picture.tokens for picture in self.pictures)

    def without_pictures(self) -> "Prompt":
        """Return the same prompt for a model without vision."""
        return replace(
            self, messages=tuple(replace(message, blocks=_blind(message.blocks)) for message in self.messages)
        )


def _blind(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    unseen = Block("(a picture that you can't see)")
    return tuple(unseen if block.picture is not None else block for block in blocks)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the server reported them; None if it did not."""

    input: int | None = None
    output: int | None = None
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def prompt(self) -> int | None:
        """Input tokens, cached or not."""
        if self.input is None:
            return None
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True, slots=True)
class Model:
    """A model by its name; `server` is the label of a server other than the main one, which is ""."""

    name: str
    server: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.server}" if self.server else self.name


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call to a model, for the books. `cost` is in US dollars; None means the price is unknown.

    With another `server` than the main one, `model` has the form of `str(Model)`. `sent` is the body of the
    request for a reply, if bodies are kept.
    """

    purpose: str
    model: str
    outcome: str
    at: datetime
    seconds: float
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    user_id: int | None = None
    channel_id: int | None = None
    server: str = ""
    sent: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The parameters of a call. `deadline` is for the whole call with its retries, in seconds.

    `schema` is the JSON schema of Claude's answer; servers of other makes ignore it. `sampling` (temperature
    and the like) reaches those other servers only. `instead` is the fallback model. `on_text` receives each
    piece of the answer. With `on_again`, an interrupted answer is retried even after its display began, and
    `on_again` announces the restart.
    """

    purpose: Purpose
    model: str
    server: str = ""
    instead: Model | None = None
    max_tokens: int
    deadline: float
    effort: Effort = "off"
    retries: bool = True
    schema: Mapping[str, Any] | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    on_text: Callable[[str], None] | None = None
    on_again: Callable[[], None] | None = None
    user_id: int | None = None
    channel_id: int | None = None


# An estimate of tokens, corrected by the server's reports.

_ENCODING = "o200k_base"
# tiktoken names its cached file after a hash of its source URL. tiktoken itself would use the network if the
# file is missing.
_CACHED_AS = "fb374d419588a4632f3f557e76b4b70aebbca790"
_CHARACTERS_PER_TOKEN = 4
_LEARNING_RATE = 0.2


class TokenEstimate:
    """Estimates tokens locally (F063): the server's count would cost a round trip per message."""

    def __init__(self, count: Callable[[str], int] | None = None) -> None:
        self._count = count or _by_length
        self._ratio = 1.0

    def __call__(self, text: str) -> int:
        """Return the estimated tokens of `text` in the model's own counting."""
        return round(self._count(text) * self._ratio)

    def correct(self, estimated: int, reported: int | None) -> None:
        """Learn from a response: `estimated` came from this object, `reported` from the server."""
        if not estimated or not reported:
            return
        seen = self._ratio * reported / estimated
        self._ratio += _LEARNING_RATE * (min(max(seen, 0.25), 4.0) - self._ratio)


def local_counter(cache: Path | None = None) -> Callable[[str], int] | None:
    """Return tiktoken's counter if its encoding is on this machine; None otherwise."""
    folder = cache or Path(tempfile.gettempdir()) / "data-gym-cache"
    if not (folder / _CACHED_AS).is_file():
        return None
    import tiktoken

    encoding = tiktoken.get_encoding(_ENCODING)
    return lambda text: len(encoding.encode_ordinary(text))


def _by_length(text: str) -> int:
    return (len(text) + _CHARACTERS_PER_TOKEN - 1) // _CHARACTERS_PER_TOKEN
