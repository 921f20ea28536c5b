"""Lore with a state: what one entry switches off stays off until its own key is said anew (C34)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from personas.lorebooks.model import Entry, Ref


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


def targets(ref: Ref, entries: Mapping[Ref, Entry], rivals: Mapping[str, Sequence[Ref]]) -> Iterator[Ref]:
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
