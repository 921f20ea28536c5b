"""A prompt as Claude's service sees it: refused or not, counted, billed by its cache."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
Body = dict[str, Any]

LIFETIMES = {"5m": 300.0, "1h": 3600.0}
LOOK_BACK = 20
IMAGE_CHARACTERS = 6000

# The smallest prefix, in tokens, that the service caches for each model it knows.
MODELS: Mapping[str, int] = {
    "claude-haiku-5-5": 512,
    "claude-sonnet-5-5": 1024,
    "claude-opus-5-5": 512,
    "claude-fable-5-2": 512,
    "claude-sonnet-5": 1024,
    "claude-opus-5": 512,
    "claude-fable-5": 512,
    "claude-opus-4-8": 1024,
    "claude-sonnet-4-6": 1024,
    "claude-haiku-4-5": 4096,
}


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, or the sum over many (`calls` says how many)."""

    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0
    output_tokens: int = 0
    calls: int = 1

    @property
    def cache_creation_input_tokens(self) -> int:
        return self.ephemeral_5m_input_tokens + self.ephemeral_1h_input_tokens

    @property
    def prompt_tokens(self) -> int:
        """Everything that was read, from the cache or not."""
        return self.input_tokens + self.cache_read_input_tokens + self.cache_creation_input_tokens

    @property
    def hit_rate(self) -> float:
        """Share of the prompt tokens that came from the cache, 0 to 1."""
        return self.cache_read_input_tokens / max(self.prompt_tokens, 1)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cache_read_input_tokens + other.cache_read_input_tokens,
            self.ephemeral_5m_input_tokens + other.ephemeral_5m_input_tokens,
            self.ephemeral_1h_input_tokens + other.ephemeral_1h_input_tokens,
            self.output_tokens + other.output_tokens,
            self.calls + other.calls,
        )

    def as_json(self) -> dict[str, Any]:
        """The `usage` object of a message."""
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": self.cache_creation_input_tokens,
            "cache_read_input_tokens": self.cache_read_input_tokens,
            "cache_creation": {
                "ephemeral_5m_input_tokens": self.ephemeral_5m_input_tokens,
                "ephemeral_1h_input_tokens": self.ephemeral_1h_input_tokens,
            },
            "output_tokens": self.output_tokens,
            "service_tier": "standard",
        }


NOTHING = Usage(calls=0)


@dataclass(frozen=True)
class Breakpoint:
    """A `cache_control` mark: the block that it closes, and how many seconds the entry lives."""

    block: int
    lifetime: float


@dataclass(frozen=True)
class Rendering:
    """A prompt as the model reads it: for each block, digest and tokens of the prefix it ends."""

    digests: tuple[bytes, ...]
    tokens: tuple[int, ...]
    breakpoints: tuple[Breakpoint, ...]

    @property
    def total(self) -> int:
        return self.tokens[-1] if self.tokens else 0


@dataclass(frozen=True)
class Bill:
    """What a prompt costs, and what the cache will hold once the response has begun."""

    usage: Usage
    entries: tuple[tuple[bytes, float], ...]


def tokens_in(characters: int) -> int:
    """Tokens of a text of that many characters: a quarter, rounded up."""
    return -(-characters // 4)


def blocks_of(content: Any) -> list[Block]:
    """Content as a list of blocks; a string is one text block, nothing is none."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(content or [])


def prompt_blocks(body: Body) -> Iterator[tuple[str, Block]]:
    """Every block with its place (tools, system, or a role), in the order the model reads them."""
    for tool in body.get("tools") or []:
        yield "tools", tool
    for block in blocks_of(body.get("system")):
        yield "system", block
    for message in body.get("messages") or []:
        for block in blocks_of(message.get("content")):
            yield message["role"], block


def breakpoints_of(body: Body) -> list[Breakpoint]:
    """The marks of a request in prompt order, the automatic one at the top level included."""
    blocks = [block for _, block in prompt_blocks(body)]
    marks = [(index, block["cache_control"]) for index, block in enumerate(blocks)
             if block.get("cache_control")]  # fmt: skip
    automatic = body.get("cache_control")
    if automatic and blocks and not blocks[-1].get("cache_control"):
        marks.append((len(blocks) - 1, automatic))
    return [Breakpoint(index, LIFETIMES[mark.get("ttl") or "5m"]) for index, mark in marks]


def render(body: Body) -> Rendering:
    """Digest the prompt block by block; marks are no part of the bytes."""
    digest, characters = hashlib.sha256(), 0
    digests, tokens = [], []
    for place, block in prompt_blocks(body):
        bare = {key: value for key, value in block.items() if key != "cache_control"}
        digest.update(json.dumps([place, bare], sort_keys=True).encode())
        characters += _characters(bare)
        digests.append(digest.digest())
        tokens.append(tokens_in(characters))
    return Rendering(tuple(digests), tuple(tokens), tuple(breakpoints_of(body)))


def _characters(block: Block) -> int:
    if block.get("type") == "text":
        return len(block["text"])
    return IMAGE_CHARACTERS if block.get("type") == "image" else len(json.dumps(block))


class PromptCache:
    """Entries by model and prefix, each living its 5 minutes or hour from its last use.

    `clock` returns seconds; `smallest` is the fewest tokens of a prefix worth an entry, by model.
    """

    def __init__(self, clock: Callable[[], float], smallest: Mapping[str, int]) -> None:
        self._clock = clock
        self._smallest = smallest
        self._entries: dict[tuple[str, bytes], tuple[float, float]] = {}

    def bill(self, model: str, prompt: Rendering) -> Bill:
        """Price a prompt against what is cached now; nothing is stored until `keep`."""
        marks = [mark for mark in prompt.breakpoints
                 if prompt.tokens[mark.block] >= self._smallest.get(model, 0)]  # fmt: skip
        hit = max((self._longest_hit(model, prompt, mark.block) for mark in marks), default=-1)
        read = prompt.tokens[hit] if hit >= 0 else 0
        hour = max((prompt.tokens[mark.block] for mark in marks if mark.lifetime > 300), default=0)
        last = prompt.tokens[marks[-1].block] if marks else 0
        usage = Usage(
            input_tokens=prompt.total - max(last, read),
            cache_read_input_tokens=read,
            ephemeral_5m_input_tokens=max(0, last - max(hour, read)),
            ephemeral_1h_input_tokens=max(0, hour - read),
        )
        entries = [(prompt.digests[mark.block], mark.lifetime) for mark in marks]
        if hit >= 0:
            entries.append((prompt.digests[hit], 0.0))
        return Bill(usage, tuple(entries))

    def keep(self, model: str, bill: Bill) -> None:
        """Store and refresh what a bill names: the service does it when the response begins."""
        now = self._clock()
        for digest, lifetime in bill.entries:
            longest = max(lifetime, self._lifetime(model, digest))
            self._entries[model, digest] = (now + longest, longest)

    def _lifetime(self, model: str, digest: bytes) -> float:
        expires, lifetime = self._entries.get((model, digest), (0.0, 0.0))
        return lifetime if expires > self._clock() else 0.0

    def _longest_hit(self, model: str, prompt: Rendering, block: int) -> int:
        for index in range(block, max(block - LOOK_BACK, -1), -1):
            if self._lifetime(model, prompt.digests[index]) > 0:
                return index
        return -1


# --- what the service refuses -------------------------------------------------------------------

# What API version 2026-10-21 takes: temperature, top_p and top_k are no longer among it.
COUNT_KEYS = frozenset(
    {"messages", "model", "cache_control", "output_config", "speed", "system", "thinking"}
    | {"tool_choice", "tools"}
)
MESSAGE_KEYS = COUNT_KEYS | frozenset(
    {"max_tokens", "container", "diagnostics", "inference_geo", "metadata", "service_tier"}
    | {"stop_sequences", "stream", "user_profile_id", "workspace_id"}
)
TEXT_KEYS = {"type", "text", "cache_control", "citations"}


def objection(body: Body, *, counting: bool = False) -> str | None:
    """The first thing the service would reject with an invalid_request_error, in its words."""
    checks: tuple[Callable[[Body], str | None], ...]
    checks = (_surrogates, _keys, _thinking, _length, _messages, _turns, _texts, _marks)
    if counting:
        checks = (_surrogates, _counted_keys, _thinking, _messages, _turns, _texts, _marks)
    return next((words for words in (check(body) for check in checks) if words), None)


def strings(value: Any) -> Iterator[str]:
    """Every string among the values of a JSON document, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def _surrogates(body: Body) -> str | None:
    try:
        "".join(strings(body)).encode()
    except UnicodeEncodeError:
        return "The request body is not valid JSON: no low surrogate in string"
    return None


def _keys(body: Body, known: frozenset[str] = MESSAGE_KEYS) -> str | None:
    unknown = sorted(body.keys() - known)
    return f"{unknown[0]}: Extra inputs are not permitted" if unknown else None


def _counted_keys(body: Body) -> str | None:
    return _keys(body, COUNT_KEYS)


def _thinking(body: Body) -> str | None:
    if (body.get("thinking") or {}).get("type") == "enabled":
        return '"thinking.type.enabled" is not supported for this model.'
    return None


def _length(body: Body) -> str | None:
    if "max_tokens" not in body:
        return "max_tokens: Field required"
    if body["max_tokens"] < 1:
        return "max_tokens: must be greater than or equal to 1"
    return None


def _messages(body: Body) -> str | None:
    if not body.get("messages"):
        return "messages: at least one message is required"
    for index, message in enumerate(body["messages"]):
        unknown = sorted(message.keys() - {"role", "content"})
        if unknown:
            return f"messages.{index}.{unknown[0]}: Extra inputs are not permitted"
        if message.get("role") not in {"user", "assistant"}:
            return f'messages: Unexpected role "{message.get("role")}".'
        if not blocks_of(message.get("content")):
            return f"messages.{index}: all messages must have non-empty content"
    return None


def _turns(body: Body) -> str | None:
    if body["messages"][0]["role"] != "user":
        return 'messages: first message must use the "user" role'
    if body["messages"][-1]["role"] == "assistant":
        return (
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    return None


def _texts(body: Body) -> str | None:
    for place, block in prompt_blocks(body):
        where = place if place == "system" else "messages"
        if block.get("type") != "text":
            continue
        if not block["text"]:
            return f"{where}: text content blocks must be non-empty"
        if not block["text"].strip():
            return f"{where}: text content blocks must contain non-whitespace text"
        if block.keys() - TEXT_KEYS:
            return f"{where}: {min(block.keys() - TEXT_KEYS)}: Extra inputs are not permitted"
    return None


def _marks(body: Body) -> str | None:
    marked = [*(block for _, block in prompt_blocks(body)), body]
    controls = [block["cache_control"] for block in marked if block.get("cache_control")]
    if any(one["type"] != "ephemeral" or one.get("ttl", "5m") not in LIFETIMES for one in controls):
        return "cache_control: Input should be 'ephemeral' with a ttl of '5m' or '1h'"
    marks = [mark.lifetime for mark in breakpoints_of(body)]
    if len(marks) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {len(marks)}."
    if marks != sorted(marks, reverse=True):
        return "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block."
    return None
