"""Token budgets and order of active lore."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personas.lorebooks.model import LoreEntry, Position, Ref, Role

_PLACES = tuple(Position)


@dataclass(frozen=True, slots=True)
class Active:
    """An active entry: `tokens` is its content's cost, `order` the positions of its book and in its book.

    `because` is the reason for people to read, without quotes from the talk.
    """

    ref: Ref
    entry: LoreEntry
    because: str
    tokens: int
    order: tuple[int, int] = (0, 0)
    round: int = 0

    @property
    def content(self) -> str:
        """Return the content with unexpanded macros."""
        return self.entry.content

    @property
    def position(self) -> Position:
        """Return the position in the prompt."""
        return self.entry.position

    @property
    def depth(self) -> int:
        """Return the number of messages below the entry, at Position.DEPTH."""
        return self.entry.depth

    @property
    def role(self) -> Role:
        """Return the author's role, at Position.DEPTH."""
        return self.entry.role


def afforded(
    wanted: Sequence[Active], limits: Mapping[str, int | None], budget: int | None
) -> tuple[list[Active], dict[Ref, str]]:
    """Return the entries within each book's budget and the total budget, and why the others are left out.

    Lowest priority is dropped first. Entries that ignore their book's budget still count against the total,
    and the same text occurs in a prompt only once.
    """
    kept, left_out = _once(wanted)
    for book, limit in limits.items():
        if limit is not None:
            bound = [active for active in kept if active.ref[0] == book and not active.entry.ignore_budget]
            dropped = _dropped(bound, limit)
            left_out |= dict.fromkeys(dropped, "over the book's token budget")
            kept = [active for active in kept if active.ref not in dropped]
    if budget is not None:
        dropped = _dropped(kept, budget)
        left_out |= dict.fromkeys(dropped, "over the token budget")
        kept = [active for active in kept if active.ref not in dropped]
    return kept, left_out


def in_prompt_order(placed: Iterable[Active]) -> list[Active]:
    """Sort entries by position, deepest first at a depth, then by insertion order, book and place."""
    return sorted(placed, key=_place)


def _place(active: Active) -> tuple[int, int, float, tuple[int, int]]:
    depth = active.depth if active.position is Position.DEPTH else 0
    return _PLACES.index(active.position), -depth, active.entry.insertion_order, active.order


def _once(wanted: Sequence[Active]) -> tuple[list[Active], dict[Ref, str]]:
    seen: set[tuple[str, Position, int]] = set()
    kept, left_out = [], {}
    for active in sorted(wanted, key=lambda active: active.order):
        text = (active.content, active.position, active.depth)
        if active.content and text in seen:
            left_out[active.ref] = "the same text is in already"
        else:
            seen.add(text)
            kept.append(active)
    return kept, left_out


def _dropped(wanted: Sequence[Active], limit: int) -> set[Ref]:
    """Return entries to drop: those that exceed the limit alone, then the lowest until the rest fits."""
    dropped = {active.ref for active in wanted if active.tokens > limit}
    left = sorted((active for active in wanted if active.ref not in dropped), key=_worth)
    total = sum(active.tokens for active in left)
    for active in left:
        if total <= limit:
            break
        dropped.add(active.ref)
        total -= active.tokens
    return dropped


def _worth(active: Active) -> tuple[bool, float, int, tuple[int, int]]:
    book, place = active.order
    entry = active.entry
    return not entry.ignore_on_max_context, entry.rank, -active.round, (-book, -place)
