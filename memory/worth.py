"""What is worth its room in a prompt: facts and lines compete by how well they fit, for its tokens."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

# Chosen on two of LoCoMo's conversations: see `prompt_recall` in docs/benchmarks.md.
SIZE = 0.2
"""How much better a find has to fit to be longer: at 1 one of twice the length twice as well."""
LINE_SHARE = 0.7
"""What a line's own score counts beside that of the facts drawn from it, and the same of a fact."""
ALONE = 0.92
"""What the score of a line counts from which no fact was drawn: there may be nothing in it."""
UNSEEN = 0.9
"""Of the lowest score of a line that was found: what one has that was not."""
LEAST_SHARE = 0.35
"""Of the best find's score: what fits less is not shown."""
LEAST = 0.31
"""A score below which nothing is shown unless a memory is asked for: small talk shares a word with much."""
UNASKED = 0.06
"""Of the room for a memory that is asked for: what others may take."""
HEADINGS, BESIDE_FACT, BESIDE_LINE = 20, 4, 6
"""Tokens of what stands above what is shown, and beside a fact and a line: whose it is, and of which day."""


class Recalled(NamedTuple):
    """A 'fact', or a 'line' that was said, found by search: as `speaker` told it, last at `at`.

    `about` names somebody else, of whom the speaker said it. `person_id` told it; where a character did,
    it `drew_on` some people. What `follows` was said right behind the line before it.
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
    """Something found: how well it fits, the messages it came from, and of a line its `place` in the talk."""

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
    """Return what is shown of what was found: facts, the best first, and lines in their order.

    A line and a fact that was drawn from it say the same, so there is no room for both. Unless a memory is
    `asked` for, little of the room is taken, by what fits well.
    """
    fused = _fused(finds)
    least = LEAST_SHARE * max((one.score for one in fused), default=0.0)
    if not asked:
        room, least = round(UNASKED * room), max(least, LEAST)
    room -= HEADINGS
    fitting = [
        (one, tokens(one.recalled.text) + (BESIDE_LINE if one.is_line else BESIDE_FACT))
        for one in fused
        if one.score >= least
    ]
    kept, in_lines, in_facts = list[Find](), set[int](), set[int]()
    for one, size in sorted(fitting, key=lambda fit: fit[0].score / fit[1] ** SIZE, reverse=True):
        said = one.sources <= (in_facts if one.is_line else in_lines) and one.sources
        if said or size > room:
            continue
        kept.append(one)
        (in_lines if one.is_line else in_facts).update(one.sources)
        room -= size
    facts = sorted((one for one in kept if not one.is_line), key=lambda one: one.score, reverse=True)
    return (*(one.recalled for one in facts), *_quotes([one for one in kept if one.is_line]))


def _fused(finds: Sequence[Find]) -> Sequence[Find]:
    """Return finds by what speaks for them together: a line, and the facts that were drawn from it."""
    lines = {one.recalled.id: one.score for one in finds if one.is_line}
    if not lines:
        return finds
    lowest, drawn = UNSEEN * min(lines.values(), default=0.0), dict[int, float]()
    for one in finds:
        if not one.is_line:
            drawn |= {source: max(one.score, drawn.get(source, 0.0)) for source in one.sources}
    fused = []
    for one in finds:
        score = one.score
        if one.is_line:
            fact = drawn.get(one.recalled.id)
            score = ALONE * score if fact is None else LINE_SHARE * score + (1 - LINE_SHARE) * fact
        else:
            said = max((lines.get(source, lowest) for source in one.sources), default=lowest)
            score = LINE_SHARE * said + (1 - LINE_SHARE) * score
        fused.append(one._replace(score=score))
    return fused


def _quotes(lines: Sequence[Find]) -> Iterator[Recalled]:
    """Yield lines in their order; neighbours are one quote."""
    before = -2
    for one in sorted(lines, key=lambda one: one.place):
        yield one.recalled._replace(follows=one.place == before + 1)
        before = one.place
