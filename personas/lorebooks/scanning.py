"""What of the lore belongs into the next prompt: C32, C33 and C34 in one pure function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

from personas.lorebooks.budget import Active, afforded, in_prompt_order
from personas.lorebooks.hearing import HeardKeys, heard_of
from personas.lorebooks.match import index_of
from personas.lorebooks.model import Lorebook, Ref
from personas.lorebooks.patterns import TimeBox
from personas.lorebooks.scan import Because, LoreShelf, Rounds
from personas.lorebooks.select import ScanContext, ScanMoment
from personas.lorebooks.state import LoreState


@dataclass(frozen=True, slots=True)
class Activated:
    """What a scan found.

    `entries` stand in prompt order; `state` is for the next scan of the same place; `left_out` says of
    entries that were named and are not in why not; `notices` are for operators and hold no word of the talk.
    """

    entries: tuple[Active, ...]
    state: LoreState
    left_out: Mapping[Ref, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def reasons(self) -> dict[Ref, str]:
        """Return why each entry is in."""
        return {active.ref: active.because for active in self.entries}


def scan(
    books: Mapping[str, Lorebook],
    talk: Sequence[str],
    *,
    state: LoreState,
    turn: int,
    rng: Random,
    tokens: Callable[[str], int],
    budget: int | None = None,
    near: Mapping[Ref, float] | None = None,
    scene: ScanContext | None = None,
    stopwatch: Callable[[], float] = perf_counter,
) -> Activated:
    """Return which entries of these books come into the prompt of this turn, and the state after it.

    `books` by the name that each is kept under. `talk` are rendered messages, the newest last. `turn` counts
    up by one with each reply in this place; to look at the same turn anew, give the state from before it.
    `near` holds the cosines of semantic entries (see `meanings`). `budget` in what `tokens` counts; None: as
    the books say. Never raises for what books or talk hold, and is the same for the same values, but for
    patterns that run out of time: `stopwatch` gives seconds for that.
    """
    box = TimeBox(stopwatch)
    hearings = _listened(books, talk, box)
    scene = scene or ScanContext()
    moment = ScanMoment(turn, scene, state.cleaned(LoreShelf(hearings), turn))
    fresh = len(talk) if state.turn is None else scene.fresh
    rounds = Rounds(hearings, moment, fresh=fresh, near=near or {}, rng=rng, box=box)
    rounds.run()
    wanted = [_active(rounds, ref, because, tokens) for ref, because in rounds.active.items()]
    limits = {name: book.token_budget for name, book in books.items()}
    placed, dropped = afforded(wanted, limits, budget)
    rounds.left_out.update(dropped)
    after = rounds.state_after({active.ref for active in placed})
    shown = tuple(active for active in in_prompt_order(placed) if active.content)
    return Activated(shown, after, rounds.left_out, _notices(hearings, box, rounds))


def meanings(books: Mapping[str, Lorebook]) -> dict[Ref, str]:
    """Return what to compare the talk with for each semantic entry: its keys, or its name without any."""
    return {
        (name, entry.uid): ", ".join(entry.keys) or entry.name or entry.content[:500]
        for name, book in books.items()
        for entry in book.entries
        if entry.enabled and entry.semantic
    }


def faults(book: Lorebook) -> tuple[str, ...]:
    """Return what is wrong with the book's patterns: broken, too heavy, found too slow by now (D9)."""
    return tuple(index_of(book).notices)


def _listened(books: Mapping[str, Lorebook], talk: Sequence[str], box: TimeBox) -> dict[str, HeardKeys]:
    hearings = {name: HeardKeys(book, index_of(book)) for name, book in books.items()}
    furthest = max((hearing.index.furthest for hearing in hearings.values()), default=0)
    newest_first = heard_of(talk, furthest)
    for hearing in hearings.values():
        hearing.listen(newest_first[: hearing.index.furthest], box)
    return hearings


def _active(rounds: Rounds, ref: Ref, because: Because, tokens: Callable[[str], int]) -> Active:
    entry = rounds.entry(ref)
    cost = tokens(entry.content) if entry.content else 0
    return Active(ref, entry, because.words, cost, rounds.order(ref), because.round)


def _notices(hearings: Mapping[str, HeardKeys], box: TimeBox, rounds: Rounds) -> tuple[str, ...]:
    found = [f"{name}: {notice}" for name, hearing in hearings.items() for notice in hearing.index.notices]
    if box.spent:
        found.append("The time for patterns was up before all of them were tried.")
    if rounds.too_long:
        found.append("So much lore came in that not all of it was looked through for the keys of other lore.")
    return tuple(found)
