"""Choice among competing entries: one per group, and none that another entry switched off."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from personas.lorebooks.model import LoreEntry, Ref

# Groups: a member that is already active wins, else by order if an entry asks for it, else a random one.


def chosen(
    wanted: Sequence[Ref],
    entries: Mapping[Ref, LoreEntry],
    *,
    staying: Collection[Ref],
    taken: set[str],
    rng: Random,
) -> dict[Ref, bool]:
    """Return for each entry whether its groups admit it; one member of each group wins (C33).

    `taken` are groups with an active member. Entries that stay from an earlier turn take precedence. Stateful
    entries are exempt from the draw: the most recently named one switches the others off.
    """
    fate = dict.fromkeys(wanted, True)
    members: dict[str, list[Ref]] = {}
    for ref in wanted:
        for group in () if entries[ref].stateful else entries[ref].groups:
            members.setdefault(group, []).append(ref)
    for group, refs in members.items():
        left = [ref for ref in refs if fate[ref]]
        winner = None if group in taken else _winner(left, entries, staying, rng)
        for ref in left:
            fate[ref] = ref == winner
    return fate


def _winner(
    refs: Sequence[Ref], entries: Mapping[Ref, LoreEntry], staying: Collection[Ref], rng: Random
) -> Ref | None:
    for ref in refs:
        if ref in staying:
            return ref
    preferred = [ref for ref in refs if entries[ref].group_override]
    if preferred:
        return max(preferred, key=lambda ref: entries[ref].insertion_order)
    if len(refs) < 2:
        return refs[0] if refs else None
    weights = [entries[ref].group_weight for ref in refs]
    return rng.choices(refs, weights if sum(weights) > 0 else None)[0]


# Stateful lore: an entry that was switched off stays off until its own key is said again (C34).


@dataclass(frozen=True, slots=True)
class Trigger:
    """A newly triggered entry: named `said` messages ago, or None if not triggered by the talk."""

    ref: Ref
    said: int | None
    order: tuple[int, int]

    @property
    def first(self) -> tuple[bool, int, tuple[int, int]]:
        """Return the sort key: the most recently said first."""
        return self.said is None, self.said or 0, self.order


def switched_off(
    triggers: Sequence[Trigger],
    aims: Callable[[Ref], Iterable[Ref]],
    said: Callable[[Ref], int | None],
) -> dict[Ref, Ref]:
    """Return the entries to switch off, each with the entry responsible.

    `aims` yields a trigger's targets, and `said` the number of messages since an entry's key was said again.
    The entry said later stays; within one message, the one that switches off wins. An entry that is off
    switches nothing off.
    """
    off: dict[Ref, Ref] = {}
    for trigger in sorted(triggers, key=lambda trigger: trigger.first):
        if trigger.ref in off:
            continue
        for target in aims(trigger.ref):
            later = said(target)
            if target != trigger.ref and (later is None or _earlier(trigger.said, later)):
                off.setdefault(target, trigger.ref)
    return off


def targets(ref: Ref, entries: Mapping[Ref, LoreEntry], rivals: Mapping[str, Sequence[Ref]]) -> Iterator[Ref]:
    """Yield an entry's targets: those it names, and if it is stateful, its `rivals` in each group."""
    entry = entries[ref]
    for uid in entry.switches_off:
        if (ref[0], uid) in entries:
            yield ref[0], uid
    if entry.stateful:
        for group in entry.groups:
            yield from rivals.get(group, ())


def _earlier(said: int | None, later: int) -> bool:
    return said is not None and said <= later
