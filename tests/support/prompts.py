"""What several tests stand on: prompts."""

import json
from collections.abc import Sequence

from bot.llm.types import Prompt, Question
from bot.llm.wire import body

QUESTION = Question(purpose="reply", model="claude-sonnet-5-5", max_tokens=100, deadline=60)


def blocks(prompt: Prompt) -> list[tuple[str, dict]]:
    """Return every block as it is sent, with its role, in the order in which the model reads them."""
    sent = body(prompt, QUESTION, cache_ttl="1h", sampling={})
    flat = [("system", block) for block in sent["system"]]
    return flat + [(one["role"], block) for one in sent["messages"] for block in one["content"]]


def prefix(prompt: Prompt) -> bytes:
    """Return every byte up to the last cache breakpoint."""
    sent = blocks(prompt)
    last = max(index for index, (_, block) in enumerate(sent) if "cache_control" in block)
    return as_bytes(sent[: last + 1])


def as_bytes(sent: Sequence[tuple[str, dict]]) -> bytes:
    return b"".join(json.dumps([role, block["type"], block["text"]]).encode() for role, block in sent)
