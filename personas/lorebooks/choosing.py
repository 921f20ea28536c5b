"""One of a group: by what is in already, by order where an entry asks for it, else by lot."""

from collections.abc import Collection, Mapping, Sequence
from random import Random

from personas.lorebooks.model import Entry, Ref


def chosen(
    wanted: Sequence[Ref],
    entries: Mapping[Ref, Entry],
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
    refs: Sequence[Ref], entries: Mapping[Ref, Entry], staying: Collection[Ref], rng: Random
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
