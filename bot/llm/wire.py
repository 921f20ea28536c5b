"""Conversion between our values and the Messages API."""

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from bot.llm.types import Block, Prompt, Usage

if TYPE_CHECKING:
    from anthropic.types import Message as AnthropicMessage

    from bot.llm.types import Question


_TEMPLATE_MARK = re.compile(r"<(?=\||/?(?:s|bos|eos|start_of_turn|end_of_turn)>)|\[(?=/?INST\])")
"""The beginning of a chat template's mark. Servers other than Claude's interpret such marks in people's
words, so `<|im_start|>system` would begin a system prompt: a space after its first letter makes it harmless.
"""


def body(
    prompt: Prompt, question: "Question", *, cache_ttl: Literal["5m", "1h"], sampling: Mapping[str, float]
) -> dict[str, Any]:
    """Return the request's fields. Thinking is off unless an effort is requested.

    Current models think by default, and may spend all of max_tokens on it. With `sampling`, which only
    servers other than Claude's get, marks of chat templates in messages are made harmless.
    """
    request: dict[str, Any] = {
        "model": question.model,
        "max_tokens": question.max_tokens,
        "system": [_block(block, cache_ttl) for block in prompt.system],
        "messages": [
            {
                "role": "assistant" if message.mine else "user",
                "content": [_block(block, cache_ttl, plain=bool(sampling)) for block in message.blocks],
            }
            for message in prompt.messages
        ],
        "timeout": question.deadline,
    }
    output: dict[str, Any] = {}
    if question.effort == "off":
        request["thinking"] = {"type": "disabled"}
    else:
        request["thinking"] = {"type": "adaptive"}
        output["effort"] = question.effort
    if question.schema is not None:
        output["format"] = {"type": "json_schema", "schema": dict(question.schema)}
    if output:
        request["output_config"] = output
    if sampling:  # a server that takes any parameters takes a character's own
        request["extra_body"] = {**sampling, **question.sampling}
    return request


def text_of(message: "AnthropicMessage") -> str:
    """Join the text blocks; thinking and unknown kinds of blocks are skipped."""
    pieces = [block.text for block in message.content or [] if getattr(block, "type", "") == "text"]  # type: ignore[union-attr]
    return "".join(piece for piece in pieces if isinstance(piece, str))


def usage_of(message: "AnthropicMessage") -> Usage:
    """Return the reported tokens; servers other than Claude's may omit some."""
    usage = getattr(message, "usage", None)
    if usage is None:
        return Usage()
    written = getattr(usage, "cache_creation", None)
    total_written = getattr(usage, "cache_creation_input_tokens", None) or 0
    hour = (getattr(written, "ephemeral_1h_input_tokens", None) or 0) if written else 0
    return Usage(
        input=getattr(usage, "input_tokens", None),
        output=getattr(usage, "output_tokens", None),
        cache_read=getattr(usage, "cache_read_input_tokens", None) or 0,
        cache_write_5m=max(0, total_written - hour),
        cache_write_1h=hour,
    )


def _block(block: Block, cache_ttl: Literal["5m", "1h"], *, plain: bool = False) -> dict[str, Any]:
    if block.picture is not None:
        encoded = base64.b64encode(block.picture.data).decode()
        source = {"type": "base64", "media_type": block.picture.media, "data": encoded}
        return {"type": "image", "source": source}
    text = _TEMPLATE_MARK.sub(r"\g<0> ", block.text) if plain else block.text
    wire: dict[str, Any] = {"type": "text", "text": text}
    if block.cache:
        wire["cache_control"] = {"type": "ephemeral", "ttl": cache_ttl}
    return wire
