"""Selection of lore for the next prompt: C32, C33 and C34 as one pure function."""

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
    """Result of a scan.

    `entries` are in prompt order; `state` is for the next scan of the same channel; `left_out` has the
    reasons for named entries that are not active; `notices` are for operators and contain no words of the
    talk.
    """

    entries: tuple[Active, ...]
    state: LoreState
    left_out: Mapping[Ref, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def reasons(self) -> dict[Ref, str]:
        """Return the reason for each active entry."""
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
    """Return the entries for this turn's prompt, and the state after it.

    `books` are keyed by name. `talk` are rendered messages, newest last. `turn` increases by one with each
    reply in this channel; to repeat a turn, pass the state from before it. `near` has the cosines of semantic
    entries (see `meanings`). `budget` is in units of `tokens`; None means the books' own. Never raises
    because of books or talk, and is deterministic except for patterns that time out, which `stopwatch`
    measures in seconds.
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
    """Return the text to compare the talk with for each semantic entry: its keys, or else its name."""
    return {
        (name, entry.uid): ", ".join(entry.keys) or entry.name or entry.content[:500]
        for name, book in books.items()
        for entry in book.entries
        if entry.enabled and entry.semantic
    }


def faults(book: Lorebook) -> tuple[str, ...]:
    """Return the faults of the book's patterns: broken, too heavy, or found too slow so far (D9)."""
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
