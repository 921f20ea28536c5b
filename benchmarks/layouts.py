"""Prompt layouts: ours at several sizes, and what becomes of it when one thing is done differently."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import dropwhile, groupby
from random import Random
from typing import Literal

from bot.llm.types import Block, Message, Prompt, Question
from bot.llm.wire import body
from tests.world.claude_cache import Body

WINDOW_LINES = 100
RECALLED_LINES = 10
_ANOTHER_LINE = re.compile(r"\n(?!  )")  # further lines of one message are indented

Change = Callable[[Prompt, datetime], Prompt]


def as_it_is(prompt: Prompt, _now: datetime) -> Prompt:
    """Change nothing."""
    return prompt


@dataclass(frozen=True, slots=True)
class Layout:
    """How a prompt is laid out: ours, changed in one way, cached for `ttl`.

    `condensed` says that it lives by summaries, which are in its bill then. The `whole` bill is that of a bot
    as it is shipped, among people who agreed to be remembered: facts are drawn at night and found again, and
    what nobody addressed to it is put to the vote.
    """

    name: str
    ttl: Literal["5m", "1h"] = "1h"
    change: Change = as_it_is
    condensed: bool = True
    whole: bool = False

    def request(self, prompt: Prompt, question: Question, now: datetime) -> Body:
        """Return what goes over the wire for one of our prompts in this layout."""
        changed = self.change(prompt, now) if question.purpose == "reply" else prompt
        return body(changed, question, cache_ttl=self.ttl, sampling={})


def stamped(prompt: Prompt, now: datetime) -> Prompt:
    """Put the time at the head of the system prompt."""
    first, *others = prompt.system
    stamp = f"It is {now:%A %d %B %Y, %H:%M} UTC.\n\n"
    return replace(prompt, system=(replace(first, text=stamp + first.text), *others))


def recalling(prompt: Prompt, _now: datetime) -> Prompt:
    """Put ten lines of older talk, other ones each time, behind the character in the system prompt."""
    lines = [text for mine, text in spoken_lines(prompt) if not mine]
    rng = Random(prompt.text)
    recalled = "\n".join(rng.sample(lines, min(RECALLED_LINES, len(lines))))
    return replace(prompt, system=(*prompt.system, Block(f"What you remember:\n{recalled}")))


def sliding(prompt: Prompt, _now: datetime) -> Prompt:
    """Keep the last lines only. Nothing behind the system prompt is asked to be cached: it can't hit."""
    last = spoken_lines(prompt)[-WINDOW_LINES:]
    tail = prompt.messages[-1].blocks[-1]
    messages = list(_messages(list(dropwhile(lambda line: line[0], last))))
    if not messages or messages[-1].mine:
        messages.append(Message(mine=False, blocks=(tail,)))
    else:
        messages[-1] = replace(messages[-1], blocks=(*messages[-1].blocks, tail))
    return Prompt(system=prompt.system, messages=tuple(messages))


def uncached(prompt: Prompt, _now: datetime) -> Prompt:
    """Ask for no caching."""
    messages = tuple(replace(message, blocks=_unmarked(message.blocks)) for message in prompt.messages)
    return Prompt(system=_unmarked(prompt.system), messages=messages)


def spoken_lines(prompt: Prompt) -> list[tuple[bool, str]]:
    """Return what was said, line by line, and whether the character said it: neither head nor tail.

    What people say begins with a label, and a label never with the bracket that opens our own headings.
    """
    *others, last = prompt.messages
    messages = [*others, replace(last, blocks=last.blocks[:-1])]
    return [
        (message.mine, line)
        for message in messages
        for block in message.blocks
        if message.mine or not block.text.startswith("(")
        for line in ([block.text] if message.mine else _ANOTHER_LINE.split(block.text))
    ]


def _messages(lines: Sequence[tuple[bool, str]]) -> Iterator[Message]:
    for mine, run in groupby(lines, key=lambda line: line[0]):
        yield Message(mine=mine, blocks=(Block("\n".join(text for _, text in run)),))


def _unmarked(blocks: Sequence[Block]) -> tuple[Block, ...]:
    return tuple(replace(block, cache=False) for block in blocks)
