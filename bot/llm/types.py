"""What is asked of a model, and what it costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
]

Effort = Literal["off", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of prompt text; `cache` puts a cache breakpoint behind it."""

    text: str
    cache: bool = False


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
class Call:
    """One call to a model, for the books. `cost` is in US dollars; None means the price is not known."""

    purpose: str
    model: str
    outcome: str
    at: datetime
    seconds: float
    usage: Usage = field(default_factory=Usage)
    cost: float | None = None
    user_id: int | None = None
    channel_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How a prompt is to be asked. `deadline` is for the whole call with its retries, in seconds.

    `schema` is the JSON schema that Claude's answer keeps to; servers of other makes pass it over.
    `sampling` (temperature and the like) reaches those other servers only.
    """

    purpose: Purpose
    model: str
    max_tokens: int
    deadline: float
    effort: Effort = "off"
    retries: bool = True
    schema: Mapping[str, Any] | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    on_text: Callable[[str], None] | None = None
    user_id: int | None = None
    channel_id: int | None = None
