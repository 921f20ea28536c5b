"""Summary prompts: selection of lines, the request, and validation of the answer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation.context.transcript import KEPT_SHARE, MOST_LINES, line_of, written
from bot.conversation.prompt import written_head
from bot.conversation.text.emotes import named
from bot.conversation.text.names import clean_text, render_line
from bot.conversation.types import Head, Line
from bot.llm.json_answer import object_in
from bot.llm.types import Block, Message, Prompt
from bot.prompts import fill
from database.repositories.messages import Uncovered
from memory.core import KnownMemory
from memory.sensitive.distress import reads_as_distress
from personas.character import Character

EXCHANGES_KEPT = 2
"""The number of last exchanges that stay verbatim (C49)."""
ANSWERED_LINES = 10
"""The number of lines before a reply that count as its question (F045)."""
LEAST_SHARE = 0.01
"""The minimum length of a summary as a share of its lines (faults C7)."""
MOST_SHARE = 4
"""The maximum length of a summary is the budget divided by this."""
JOINED_SHARE = 0.2
"""The minimum length of a merged summary as a share of its parts."""
SUMMARY_TOKENS = 2_500
WORDS, WORDS_JOINED = 600, 900
WORDS_IN_TOKENS = 60
"""The typical number of words in a hundred tokens, in most languages."""

_OPERATION: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "op": {"type": "string", "enum": ["add", "replace", "remove"]},
        "person": {"type": "string"},
        "number": {"type": "integer"},
        "text": {"type": "string"},
        "quote": {"type": "string"},
    },
    "required": ["op"],
    "additionalProperties": False,
}
SUMMARY_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "operations": {"type": "array", "items": _OPERATION}},
    "required": ["summary", "operations"],
    "additionalProperties": False,
}
JOINED_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"summary": {"type": "string"}},
    "required": ["summary"],
    "additionalProperties": False,
}
GROUPS_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "groups": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "from": {"type": "array", "items": {"type": "integer"}},
                    "text": {"type": "string"},
                },
                "required": ["from", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["groups"],
    "additionalProperties": False,
}
# The provider's cache key includes the schema, so these prompts could not use the reply's cached beginning
# anyway. They contain only the lines to summarise, and no cache points.


@dataclass(frozen=True, slots=True)
class SummaryAnswer:
    """A model's parsed summary."""

    summary: str
    operations: tuple[Mapping[str, Any], ...]


def without_distress(rows: Sequence[Uncovered]) -> list[Uncovered]:
    """Return lines without signs of distress, and without the replies to those (C91).

    They stay in the log until they expire; nothing permanent is made of them.
    """
    kept, tender = list[Uncovered](), set[int]()
    for row in rows:
        if row.heard_through is not None:
            if row.said_to not in tender:
                kept.append(row)
        elif reads_as_distress(row.text):
            tender.add(row.author_id)
        else:
            tender.discard(row.author_id)
            kept.append(row)
    return kept


def due(
    rows: Sequence[Uncovered],
    *,
    character: str,
    floor: int,
    budget: int,
    tokens: Callable[[str], int],
    ageing: datetime,
    young: datetime,
) -> list[Uncovered]:
    """Return the oldest lines of a place for one step's summary; mostly none.

    Lines before the transcript's `floor` are in no prompt any more: they go first. Next come lines beyond the
    `budget`, and then lines before `ageing`, with all that are not `young`. Lines without the character's
    participation expire with the log.
    """
    rows = rows[: next((index for index, row in enumerate(rows) if row.under_way), len(rows))]
    sizes = [tokens(written(line_of(row, character))) for row in rows]
    behind = sum(row.place < floor for row in rows)
    if not behind and not any(line_of(row, character).mine for row in rows):
        return []
    full = sum(sizes[behind:]) > budget or len(rows) - behind >= MOST_LINES
    if full:
        count = max(_cut(rows, sizes, budget // KEPT_SHARE, character), behind)
    elif behind:
        count = behind
    elif rows[0].sent_at <= ageing:
        count = next((index for index, row in enumerate(rows) if row.sent_at > young), len(rows))
        count = _with_question(rows, count)
    else:
        return []
    return _step(rows[:count], sizes, budget)


def summary_prompt(
    character: Character,
    rows: Sequence[Uncovered],
    *,
    known: Sequence[KnownMemory],
    people: Mapping[str, int],
    budget: int,
) -> Prompt:
    """Return the prompt that summarises lines of a place with a conversation budget of `budget` tokens.

    `people` are those who consent to memory, by label, and `known` the facts about them. Earlier summaries
    are not shown: a summary depends on its own lines only, and goes when one of them goes.
    """
    words = min(max(_longest(budget) * WORDS_IN_TOKENS // 100, 50), WORDS)
    system = fill(
        "summary",
        name=character.name,
        summarization=character.summarization_prompt,
        core_memory=character.core_memory_prompt,
        words=str(words),
    )
    talk = "\n".join(_labelled(line_of(row, character.slug), character.name) for row in rows)
    remembered = _remembered(known, people)
    asked = f"[Now write the JSON object about this talk, for {character.name}'s memory.]"
    return _prompt(system, "\n".join((talk, remembered, asked)))


def joining_prompt(character: Character, head: Head) -> Prompt:
    """Return the prompt that merges many summaries into one."""
    system = fill(
        "joining",
        name=character.name,
        summarization=character.summarization_prompt,
        words=str(WORDS_JOINED),
    )
    return _prompt(system, written_head(head, character.name))


def dump_prompt(character: Character, known: Sequence[KnownMemory]) -> Prompt:
    """Return the prompt that condenses many memories, all told in one place, into fewer (F067)."""
    system = fill("core_memory_dump", name=character.name, core_memory_dump=character.core_memory_dump)
    lines = [
        f"{memory.number}.{' (pinned)' if memory.pinned else ''} {_line(memory.text)}" for memory in known
    ]
    return _prompt(system, "\n".join(lines))


def read_summary(
    text: str, *, covered: int, budget: int, tokens: Callable[[str], int]
) -> SummaryAnswer | None:
    """Return a model's summary, or None if it must not replace its lines (C49, C7).

    `covered` are the tokens of the lines.
    """
    answer = object_in(text)
    operations = answer.get("operations", [])
    summary = answer.get("summary")
    if not isinstance(summary, str) or not isinstance(operations, list):
        return None
    if not all(isinstance(operation, dict) for operation in operations):
        return None
    summary = clean_text(summary).strip()
    size = tokens(summary)
    if not summary or size < covered * LEAST_SHARE or size > _longest(budget):
        return None
    return SummaryAnswer(summary, tuple(operations))


def _longest(budget: int) -> int:
    """Return the maximum tokens of a summary."""
    return max(budget // MOST_SHARE, 100)


def read_joined(text: str, *, joined: int, tokens: Callable[[str], int]) -> str | None:
    """Return the merged summary of several with `joined` tokens; None if too much of them is lost."""
    summary = object_in(text).get("summary")
    if not isinstance(summary, str):
        return None
    summary = clean_text(summary).strip()
    return summary if joined * JOINED_SHARE <= tokens(summary) < joined else None


def _cut(rows: Sequence[Uncovered], sizes: Sequence[int], room: int, character: str) -> int:
    """Return how many of the oldest lines go, so that the newest fit `room` and two exchanges stay."""
    latest = _exchanges_begin(rows, character)
    if sum(sizes[latest:]) > 2 * room:
        latest = len(rows)  # the exchanges fill the prompt, with others' long conversation between them
    kept = len(rows)
    while kept > 0 and sizes[kept - 1] <= room:
        room -= sizes[kept - 1]
        kept -= 1
    return _with_question(rows, min(max(kept, len(rows) - MOST_LINES // KEPT_SHARE), latest))


def _with_question(rows: Sequence[Uncovered], count: int) -> int:
    """Return the number of the oldest lines to remove, so that a reply stays with its question.

    If only replies stand before the reply, there is no question to stay with.
    """
    kept = count
    while 0 < kept < len(rows) and rows[kept].heard_through is not None:
        kept -= 1
    return kept or count


def _exchanges_begin(rows: Sequence[Uncovered], character: str) -> int:
    """Return the start of the last two exchanges: a message to the character, and its reply (F045)."""
    mine = [line_of(row, character).mine for row in rows]
    replies = [index for index in range(len(rows)) if mine[index] and not (index and mine[index - 1])]
    begin = replies[-EXCHANGES_KEPT:][0] if replies else len(rows)
    answered = begin
    while begin > 0 and not mine[begin - 1] and answered - begin < ANSWERED_LINES:
        begin -= 1
    return begin


def _step(rows: Sequence[Uncovered], sizes: Sequence[int], budget: int) -> list[Uncovered]:
    """Return the oldest lines up to the size of one step; lines of one place go together."""
    taken, room = 0, budget
    for size in sizes[: len(rows)]:
        if taken and size > room:
            break
        room -= size
        taken += 1
    while 0 < taken < len(rows) and rows[taken].place == rows[taken - 1].place:
        taken += 1
    return list(rows[:taken])


def _remembered(known: Sequence[KnownMemory], people: Mapping[str, int]) -> str:
    if not people:
        return "(Nobody here wants to be remembered: the list of operations stays empty.)"
    lines = [f"(Those who want to be remembered: {', '.join(people)}. What is known of them:)"]
    labels: dict[int, str] = {}
    for label, person_id in people.items():
        labels.setdefault(person_id, label)
    for memory in known:
        pinned = " (pinned: it can't be changed)" if memory.pinned else ""
        lines.append(f"  {memory.number}. {labels[memory.person_id]}{pinned}: {_line(memory.text)}")
    return "\n".join(lines)


def _labelled(line: Line, name: str) -> str:
    return render_line(name if line.mine else line.speaker, named(line.text))


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _prompt(system: str, words: str) -> Prompt:
    return Prompt(system=(Block(system),), messages=(Message(mine=False, blocks=(Block(words),)),))


def labels_of(rows: Sequence[Uncovered], character: str, consenting: Collection[int]) -> dict[str, int]:
    """Return the people who consent to memory, by each of their labels in some lines."""
    return {
        line_of(row, character).speaker: row.author_id
        for row in rows
        if row.heard_through is None and row.author_id in consenting
    }
