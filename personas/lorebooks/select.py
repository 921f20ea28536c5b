"""Rules that exclude a named entry: each is a function, and the first with a reason counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from personas.lorebooks.model import LoreEntry, Ref
from personas.lorebooks.state import LoreState


@dataclass(frozen=True, slots=True)
class ScanContext:
    """Further circumstances of a scan.

    `fresh`: the number of messages since the last scan (a message and the reply before it: 2). `replies`: the
    character's earlier replies here. `greeting`: index of the greeting that the talk began with. None:
    unknown, and rules about it don't apply. `full`: the prompt has reached its limit.
    """

    fresh: int = 2
    replies: int | None = None
    greeting: int | None = None
    full: bool = False


@dataclass(frozen=True, slots=True)
class ScanMoment:
    """Data for the gates: turn, circumstances, state. `cooling` are the groups in cooldown."""

    turn: int
    scene: ScanContext
    state: LoreState
    cooling: frozenset[str] = frozenset()


Gate = Callable[[LoreEntry, Ref, ScanMoment], str | None]


def stays(entry: LoreEntry, since: int | None, turn: int) -> bool:
    """Return whether an entry activated at turn `since` is still sticky."""
    return entry.sticky > 0 and since is not None and since <= turn <= since + entry.sticky


def cools(entry: LoreEntry, since: int | None, turn: int) -> bool:
    """Return whether an entry activated at turn `since` is in cooldown, which follows its sticky time."""
    if since is None:
        return False
    over = since + entry.sticky
    return over < turn <= over + entry.cooldown


def cooling_groups(entries: Mapping[Ref, LoreEntry], state: LoreState, turn: int) -> frozenset[str]:
    """Return the groups with a member in cooldown: the whole group pauses (C33)."""
    return frozenset(
        group
        for ref, since in state.since.items()
        if ref in entries and cools(entries[ref], since, turn)
        for group in entries[ref].groups
    )


def barred(entry: LoreEntry, ref: Ref, moment: ScanMoment) -> str | None:
    """Return the reason why this entry can't be active now, or None."""
    for gate in GATES:
        reason = gate(entry, ref, moment)
        if reason is not None:
            return reason
    return None


def _greeting(entry: LoreEntry, _ref: Ref, moment: ScanMoment) -> str | None:
    begun = moment.scene.greeting
    if entry.greeting is None or begun is None or entry.greeting == begun:
        return None
    return "the talk began with another greeting"


def _once(entry: LoreEntry, ref: Ref, moment: ScanMoment) -> str | None:
    since = moment.state.since.get(ref)
    if entry.never_after_match and since is not None and since < moment.turn:
        return "it has been in once"
    return None


def _delay(entry: LoreEntry, _ref: Ref, moment: ScanMoment) -> str | None:
    return f"not before turn {entry.delay}" if moment.turn < entry.delay else None


def _replies(entry: LoreEntry, _ref: Ref, moment: ScanMoment) -> str | None:
    replies = moment.scene.replies
    if replies is None:
        return None
    if entry.only_after is not None and replies < entry.only_after:
        return f"not before {entry.only_after} replies"
    if entry.only_every is not None and replies % entry.only_every:
        return f"only every {entry.only_every} replies"
    return None


def _full(entry: LoreEntry, _ref: Ref, moment: ScanMoment) -> str | None:
    return "the prompt is full" if entry.ignore_on_max_context and moment.scene.full else None


def _resting(entry: LoreEntry, ref: Ref, moment: ScanMoment) -> str | None:
    if cools(entry, moment.state.since.get(ref), moment.turn):
        return "it rests"
    return "its group rests" if moment.cooling.intersection(entry.groups) else None


GATES: tuple[Gate, ...] = (_greeting, _once, _delay, _replies, _full, _resting)
