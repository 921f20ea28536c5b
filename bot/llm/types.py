"""What is asked of a model, how many tokens that is, and what it costs."""

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
"""Pixels of a picture that become one token, by Anthropic's documentation of vision."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a model is shown it: `data` is a file of this media type, of `width` x `height` pixels."""

    data: bytes = field(repr=False)
    width: int
    height: int
    media: Literal["image/webp", "image/jpeg"] = "image/webp"

    @property
    def tokens(self) -> int:
        """Tokens that it takes in a prompt."""
        return max(1, self.width * self.height // PIXELS_A_TOKEN)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a prompt: its text, or a picture; `cache` puts a cache breakpoint behind it."""

    text: str
    cache: bool = False
    picture: Picture | None = None

    @classmethod
    def showing(cls, picture: Picture) -> "Block":
        """Return a block that is a picture; its text is what stands for it in estimates and tests."""
        return cls(f"[picture {picture.width}x{picture.height}]", picture=picture)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the prompt: what was heard, or what the character said."""

    mine: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What Claude is asked. `system` holds only our words and the operator's: never a user's."""

    system: tuple[Block, ...]
    messages: tuple[Message, ...]

    @property
    def text(self) -> str:
        """Everything in it, for estimates and for tests that look for what must not be there."""
        pieces = [block.text for block in self.system]
        pieces += [block.text for message in self.messages for block in message.blocks]
        return "\n".join(pieces)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures that it shows."""
        blocks = (block for message in self.messages for block in message.blocks)
        return tuple(block.picture for block in blocks if block.picture is not None)

    @property
    def picture_tokens(self) -> int:
        """Tokens that its pictures take, which are not in its text."""
        return sum(picture.tokens for picture in self.pictures)

    def without_pictures(self) -> "Prompt":
        """Return the same prompt for a model that can't see."""
        return replace(self, messages=tuple(replace(one, blocks=_blind(one.blocks)) for one in self.messages))


def _blind(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    unseen = Block("(a picture that you can't see)")
    return tuple(unseen if block.picture is not None else block for block in blocks)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as the server reported them. None where it reported nothing."""

    input: int | None = None
    output: int | None = None
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def prompt(self) -> int | None:
        """Tokens that went in, read from the cache or not."""
        if self.input is None:
            return None
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True, slots=True)
class Model:
    """A model by its name; `server` names one besides the server that all else is asked of, which is ""."""

    name: str
    server: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.server}" if self.server else self.name


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call to a model, for the books. `cost` is in US dollars; None means the price is not known.

    Of a `server` besides the one for all else the model is called as `str(Model)` calls it. `sent` is the
    body of the request for a reply, where those are kept.
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
    """How a prompt is to be asked. `deadline` is for the whole call with its retries, in seconds.

    `schema` is the JSON schema that Claude's answer keeps to; servers of other makes pass it over.
    `sampling` (temperature and the like) reaches those other servers only. `instead` is asked where the
    model can't be. `on_text` is given each piece of the answer as it comes. Where `on_again` is given, an
    answer that broke off is asked for again although it was shown, and that is told when it begins anew.
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


# How many tokens a text will be: an estimate, corrected by what the server reports.

_ENCODING = "o200k_base"
# tiktoken names its cached file after a hash of where it fetched it from. Asking tiktoken itself
# would send it to the network when the file is not there.
_CACHED_AS = "fb374d419588a4632f3f557e76b4b70aebbca790"
_CHARACTERS_PER_TOKEN = 4
_LEARNING_RATE = 0.2


class TokenEstimate:
    """Estimates tokens locally (F063): counting on the server would cost a round trip a message."""

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
