"""Three sets of new channel lines with labels, and which of them the rules put to the vote (C13, F032).

tests/data/channel_lines.md says how they were written, and which of them were held out.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

import regex

from bot.conversation.attention.addressing import addressees
from bot.conversation.attention.rules import Circumstances, attend
from bot.conversation.types import Glimpse, Person, Utterance
from memory.attachments import Attachment, kind_of
from tests.talk import CHARACTER_ID, Said, moments

TUNING, HELD_OUT, FRESH = "channel_lines_tuning", "channel_lines", "channel_lines_fresh"
DATA = Path(__file__).with_name("data")

_NYX = Person(CHARACTER_ID, ("Nyx",), is_bot=True)
_APART = 2 * 24 * 3600
"""Seconds between two excerpts: nothing of the one is lately said in the other."""
_LATELY = timedelta(days=1)
_FILE = regex.compile(r"\s*\[([\w.-]+\.\w{2,4})\]")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What became of a person's line: whether the rules let it through, and whether they should."""

    line: Said
    passed: bool


@cache
def excerpts(name: str) -> tuple[Said, ...]:
    """Return a set as one log, each of its excerpts two days after the one before."""
    rows = [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text("utf-8").splitlines()]
    log: list[Said] = []
    for number, (_, lines) in enumerate(groupby(rows, key=lambda row: (row["server"], row["excerpt"]))):
        log += [_said(row, number * _APART) for row in lines]
    return tuple(log)


def _said(row: dict[str, object], begun: float) -> Said:
    author, text = str(row["author"]), str(row["text"])
    mine = bool(row.get("by_character"))
    files = _FILE.findall(text)
    return Said(
        author_id=CHARACTER_ID if mine else int.from_bytes(author.encode()),
        author_name=author,
        text=_FILE.sub("", text).strip(),
        seconds=begun + float(str(row["seconds"])),
        by_character=mine,
        should_answer=bool(row.get("answer")),
        server=str(row["server"]),
        attachments=tuple(Attachment(kind_of(file), id=at, name=file) for at, file in enumerate(files, 1)),
    )


def ruled_on(name: str) -> Iterator[Ruled]:
    """Yield what the rules make of each line of a set that a person said."""
    for line, heard, recent in moments(excerpts(name)):
        if not line.by_character:
            yield Ruled(line, _passes(heard, recent))


def share(lines: Sequence[Ruled]) -> float:
    """Return the share of the lines that gets past the rules."""
    return sum(one.passed for one in lines) / len(lines)


def recall(lines: Sequence[Ruled]) -> float:
    """Return the share of those that should be answered."""
    return share([one for one in lines if one.line.should_answer])


def _passes(heard: Utterance, recent: Sequence[Glimpse]) -> bool:
    before = tuple(line for line in recent if heard.sent_at - line.sent_at <= _LATELY)
    authors = {line.author_id: line.author_name for line in reversed(before) if not line.mine}
    people = [Person(user, (name,)) for user, name in authors.items()]
    now = Circumstances(
        now=heard.sent_at,
        received=heard.sent_at,
        me=_NYX,
        too_old=timedelta(minutes=5),
        before=before,
        people=tuple(people),
        addressed=addressees(heard, people, me=_NYX),
    )
    decision = attend(heard, now).decision
    return decision is None or decision.reply
