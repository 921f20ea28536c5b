"""Which of several entries go in: one of a group, and none that another one switched off."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from personas.lorebooks.model import LoreEntry, Ref

# One of a group: by what is in already, by order where an entry asks for it, else by lot.


def chosen(
    wanted: Sequence[Ref],
    entries: Mapping[Ref, LoreEntry],
    *,
    staying: Collection[Ref],
    taken: set[str],
    rng: Random,
) -> dict[Ref, bool]:
    """Return for each entry whether its groups let it in; one member of each group wins (C33).

    `taken` are groups with a member that is in already. Those that stay from an earlier turn go before
    others. Stateful entries are not drawn for: the latest to be named switches the others off.
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


# Lore with a state: what one entry switches off stays off until its own key is said anew (C34).


@dataclass(frozen=True, slots=True)
class Trigger:
    """An entry that has just been triggered: `said` messages ago; None: by something else than the talk."""

    ref: Ref
    said: int | None
    order: tuple[int, int]

    @property
    def first(self) -> tuple[bool, int, tuple[int, int]]:
        """Return what goes first: the latest to be said."""
        return self.said is None, self.said or 0, self.order


def switched_off(
    triggers: Sequence[Trigger],
    aims: Callable[[Ref], Iterable[Ref]],
    said: Callable[[Ref], int | None],
) -> dict[Ref, Ref]:
    """Return which entries go off, and by whom.

    `aims` tells what a trigger switches off, `said` how many messages ago the key of one of these was said
    anew. Who was said later stays; in one message, who switches off wins. Who has gone off switches nothing
    off.
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
    """Yield what an entry switches off: whom it names, and if it is stateful, its `rivals` in each group."""
    entry = entries[ref]
    for uid in entry.switches_off:
        if (ref[0], uid) in entries:
            yield ref[0], uid
    if entry.stateful:
        for group in entry.groups:
            yield from rivals.get(group, ())


def _earlier(said: int | None, later: int) -> bool:
    return said is not None and said <= later
