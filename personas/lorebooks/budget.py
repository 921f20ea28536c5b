"""What of the lore that is wanted fits, and in which order it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personas.lorebooks.model import LoreEntry, Position, Ref, Role

_PLACES = tuple(Position)


@dataclass(frozen=True, slots=True)
class Active:
    """An entry that is in: `tokens` is its content's cost, `order` its book's and its own place.

    `because` says why, in words for people, with nothing in it that somebody said.
    """

    ref: Ref
    entry: LoreEntry
    because: str
    tokens: int
    order: tuple[int, int] = (0, 0)
    round: int = 0

    @property
    def content(self) -> str:
        """Return its text, macros and all."""
        return self.entry.content

    @property
    def position(self) -> Position:
        """Return where it stands."""
        return self.entry.position

    @property
    def depth(self) -> int:
        """Return how many messages stand below it, at Position.DEPTH."""
        return self.entry.depth

    @property
    def role(self) -> Role:
        """Return who says it, at Position.DEPTH."""
        return self.entry.role


def afforded(
    wanted: Sequence[Active], limits: Mapping[str, int | None], budget: int | None
) -> tuple[list[Active], dict[Ref, str]]:
    """Return what fits each book's limit and then the whole budget, and why the rest does not.

    The lowest priority goes first. What ignores its book's limit still has to fit the whole budget, and the
    same text stands in a prompt only once.
    """
    kept, left_out = _once(wanted)
    for book, limit in limits.items():
        if limit is not None:
            bound = [one for one in kept if one.ref[0] == book and not one.entry.ignore_budget]
            dropped = _dropped(bound, limit)
            left_out |= dict.fromkeys(dropped, "over the book's token budget")
            kept = [one for one in kept if one.ref not in dropped]
    if budget is not None:
        dropped = _dropped(kept, budget)
        left_out |= dict.fromkeys(dropped, "over the token budget")
        kept = [one for one in kept if one.ref not in dropped]
    return kept, left_out


def in_prompt_order(placed: Iterable[Active]) -> list[Active]:
    """Return entries by position, at a depth the deepest first, then by insertion order, book and place."""
    return sorted(placed, key=_place)


def _place(active: Active) -> tuple[int, int, float, tuple[int, int]]:
    depth = active.depth if active.position is Position.DEPTH else 0
    return _PLACES.index(active.position), -depth, active.entry.insertion_order, active.order


def _once(wanted: Sequence[Active]) -> tuple[list[Active], dict[Ref, str]]:
    seen: set[tuple[str, Position, int]] = set()
    kept, left_out = [], {}
    for one in sorted(wanted, key=lambda one: one.order):
        text = (one.content, one.position, one.depth)
        if one.content and text in seen:
            left_out[one.ref] = "the same text is in already"
        else:
            seen.add(text)
            kept.append(one)
    return kept, left_out


def _dropped(wanted: Sequence[Active], limit: int) -> set[Ref]:
    """Return what has to go: what would not fit alone, then the lowest until the rest fits."""
    dropped = {one.ref for one in wanted if one.tokens > limit}
    left = sorted((one for one in wanted if one.ref not in dropped), key=_worth)
    total = sum(one.tokens for one in left)
    for one in left:
        if total <= limit:
            break
        dropped.add(one.ref)
        total -= one.tokens
    return dropped


def _worth(active: Active) -> tuple[bool, float, int, tuple[int, int]]:
    book, place = active.order
    entry = active.entry
    return not entry.ignore_on_max_context, entry.rank, -active.round, (-book, -place)
