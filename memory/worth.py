"""Selection of recalled facts and lines for a prompt, by score per token."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

# Chosen on two of LoCoMo's conversations: see `prompt_recall` in docs/benchmarks.md.
SIZE = 0.2
"""How much the length of a find counts against it: at 1, twice the length needs twice the score."""
LINE_SHARE = 0.7
"""Weight of a line's own score beside that of its facts; for a fact, weight of the score of its lines."""
ALONE = 0.92
"""Factor for a line without facts: it may say nothing of interest."""
UNSEEN = 0.9
"""Assumed score of a line that was not found, as a share of the lowest found score."""
LEAST_SHARE = 0.35
"""Minimum score to be shown, as a share of the best score."""
LEAST = 0.31
"""Minimum score unless the message asks for a memory: small talk shares a word with many lines."""
UNASKED = 0.06
"""Share of the token budget for messages that don't ask for a memory."""
HEADINGS, BESIDE_FACT, BESIDE_LINE = 20, 4, 6
"""Tokens of the headings, and of the name and day beside each fact and each line."""


class Recalled(NamedTuple):
    """A 'fact' or a 'line' found by search, with its `speaker` and the moment `at` of the last mention.

    `about` names another person of whom the speaker said it. `person_id` is the speaker's; a line of a
    character has None, and the people whose memories it `drew_on`. `follows` marks a line right after the
    previous one.
    """

    kind: Literal["fact", "line"]
    id: int
    speaker: str
    text: str
    at: datetime
    about: str = ""
    person_id: int | None = None
    drew_on: tuple[int, ...] = ()
    follows: bool = False


class Find(NamedTuple):
    """A search result with its score, its source messages and, for a line, its `place` in the talk."""

    recalled: Recalled
    score: float
    sources: frozenset[int]
    place: int = -1

    @property
    def is_line(self) -> bool:
        return self.place >= 0


def worthiest(
    finds: Sequence[Find], *, room: int, asked: bool, tokens: Callable[[str], int]
) -> tuple[Recalled, ...]:
    """Return the finds to show: facts, best first, then lines in chronological order.

    A line and a fact drawn from it say the same, so only one of them is shown. `room` is the token
    budget; most of it stays unused unless a memory is `asked` for.
    """
    fused = _fused(finds)
    least = LEAST_SHARE * max((find.score for find in fused), default=0.0)
    if not asked:
        room, least = round(UNASKED * room), max(least, LEAST)
    room -= HEADINGS
    fitting = [
        (find, tokens(find.recalled.text) + (BESIDE_LINE if find.is_line else BESIDE_FACT))
        for find in fused
        if find.score >= least
    ]
    kept, in_lines, in_facts = list[Find](), set[int](), set[int]()
    for find, size in sorted(fitting, key=lambda fit: fit[0].score / fit[1] ** SIZE, reverse=True):
        said = find.sources <= (in_facts if find.is_line else in_lines) and find.sources
        if said or size > room:
            continue
        kept.append(find)
        (in_lines if find.is_line else in_facts).update(find.sources)
        room -= size
    facts = sorted((find for find in kept if not find.is_line), key=lambda find: find.score, reverse=True)
    return (*(find.recalled for find in facts), *_quotes([find for find in kept if find.is_line]))


def _fused(finds: Sequence[Find]) -> Sequence[Find]:
    """Return finds with the scores of lines and of the facts drawn from them combined."""
    lines = {find.recalled.id: find.score for find in finds if find.is_line}
    if not lines:
        return finds
    lowest, drawn = UNSEEN * min(lines.values(), default=0.0), dict[int, float]()
    for find in finds:
        if not find.is_line:
            drawn |= {source: max(find.score, drawn.get(source, 0.0)) for source in find.sources}
    fused = []
    for find in finds:
        score = find.score
        if find.is_line:
            fact = drawn.get(find.recalled.id)
            score = ALONE * score if fact is None else LINE_SHARE * score + (1 - LINE_SHARE) * fact
        else:
            said = max((lines.get(source, lowest) for source in find.sources), default=lowest)
            score = LINE_SHARE * said + (1 - LINE_SHARE) * score
        fused.append(find._replace(score=score))
    return fused


def _quotes(lines: Sequence[Find]) -> Iterator[Recalled]:
    """Yield lines in chronological order, with neighbours joined to one quote."""
    before = -2
    for find in sorted(lines, key=lambda find: find.place):
        yield find.recalled._replace(follows=find.place == before + 1)
        before = find.place
