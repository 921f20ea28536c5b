"""Recursive activation of entries, from the talk to lore triggered by other lore."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from personas.lorebooks.choosing import Trigger, chosen, switched_off, targets
from personas.lorebooks.hearing import HeardKeys, Naming
from personas.lorebooks.model import LoreEntry, Ref
from personas.lorebooks.patterns import TimeBox
from personas.lorebooks.select import ScanMoment, barred, cooling_groups, stays
from personas.lorebooks.state import LoreState

DEEPEST = 5
"""Maximum number of recursion rounds."""
MOST_LORE = 100_000
"""Maximum characters of lore searched for keys of other lore."""

_HIDDEN = re.compile(r"\{\{(?://|comment:)[^{}]*\}\}", re.IGNORECASE)


class ActivationKind(StrEnum):
    """How an entry was activated."""

    NAMED = "named"
    TOLD = "told"
    ALWAYS = "always"
    NEAR = "near"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class Because:
    """Reason for an entry; `words` are for people to read."""

    kind: ActivationKind
    words: str
    round: int = 0


class LoreShelf(Mapping[Ref, LoreEntry]):
    """The entries of all books, by reference."""

    def __init__(self, hearings: Mapping[str, HeardKeys]) -> None:
        self._hearings = hearings
        self.rivals: dict[str, list[Ref]] = defaultdict(list)
        for name, hearing in hearings.items():
            for uid in hearing.index.stateful:
                for group in hearing.index.entries[uid].groups:
                    self.rivals[group].append((name, uid))

    def __getitem__(self, ref: Ref) -> LoreEntry:
        return self._hearings[ref[0]].index.entries[ref[1]]

    def __iter__(self) -> Iterator[Ref]:
        return ((name, uid) for name, hearing in self._hearings.items() for uid in hearing.index.entries)

    def __len__(self) -> int:
        return sum(len(hearing.index.entries) for hearing in self._hearings.values())


class Rounds:
    """A scan in progress. Its results are `active`, `left_out` and `too_long`."""

    def __init__(
        self,
        hearings: Mapping[str, HeardKeys],
        moment: ScanMoment,
        *,
        fresh: int,
        near: Mapping[Ref, float],
        rng: Random,
        box: TimeBox,
    ) -> None:
        self._hearings = hearings
        self._shelf = LoreShelf(hearings)
        self._moment = replace(moment, cooling=cooling_groups(self._shelf, moment.state, moment.turn))
        self._fresh = fresh
        self._near = near
        self._rng = rng
        self._box = box
        self._books = {name: place for place, name in enumerate(hearings)}
        self._looked_through = 0
        self._off = set(moment.state.off)
        self._anew: dict[Ref, int | None] = {}
        self.active: dict[Ref, Because] = {}
        self.left_out: dict[Ref, str] = {}
        self.too_long = False

    def run(self) -> None:
        """Activate entries named in the talk, then entries named in those, and so on."""
        self._admit(self._at_first())
        deepest = max((hearing.index.deepest for hearing in self._hearings.values()), default=0)
        for number in range(1, DEEPEST + 1):
            if not self._search_lore(number - 1) and number > deepest:
                return
            self._admit(self._brought(number))

    def order(self, ref: Ref) -> tuple[int, int]:
        """Return the position of an entry's book among the books, and its own in the book."""
        return self._books[ref[0]], self._hearings[ref[0]].index.order[ref[1]]

    def entry(self, ref: Ref) -> LoreEntry:
        """Return an entry."""
        return self._shelf[ref]

    def state_after(self, placed: Collection[Ref]) -> LoreState:
        """Return the state after this turn, given the entries in the prompt."""
        turn = self._moment.turn
        since = {
            ref: began for ref, began in self._moment.state.since.items() if self._remembered(ref, began)
        }
        for ref in placed:
            if self.active[ref].kind is not ActivationKind.STAYS and _timed(self._shelf[ref]):
                since[ref] = turn
        for ref in self._off:
            since.pop(ref, None)
        on = frozenset(ref for ref in self.active if _switches(self._shelf[ref]))
        return LoreState(turn, since, on, frozenset(self._off))

    def _remembered(self, ref: Ref, began: int) -> bool:
        entry = self._shelf[ref]
        over = began + entry.sticky + entry.cooldown
        return entry.keep_after_match or entry.never_after_match or self._moment.turn <= over

    def _at_first(self) -> dict[Ref, Because]:
        wanted = dict(self._staying())
        for name, hearing in self._hearings.items():
            for uid in hearing.index.always:
                wanted.setdefault((name, uid), Because(ActivationKind.ALWAYS, "it is always in"))
        for ref, because in self._brought(0).items():
            wanted.setdefault(ref, because)
        for ref, likeness in self._near.items():
            if ref in self._shelf and self._shelf[ref].semantic and likeness >= self._shelf[ref].threshold:
                wanted.setdefault(ref, Because(ActivationKind.NEAR, f"the talk is about it ({likeness:.2f})"))
        return wanted

    def _staying(self) -> Iterator[tuple[Ref, Because]]:
        state, turn = self._moment.state, self._moment.turn
        for ref, since in state.since.items():
            entry = self._shelf[ref]
            if entry.keep_after_match:
                yield ref, Because(ActivationKind.STAYS, "it stays since it was in once")
            elif stays(entry, since, turn):
                yield ref, Because(ActivationKind.STAYS, f"it stays until turn {since + entry.sticky}")
        for ref in state.on:
            if self._shelf[ref].stateful:
                yield ref, Because(ActivationKind.STAYS, "it stays until it is switched off")

    def _brought(self, number: int) -> dict[Ref, Because]:
        wanted: dict[Ref, Because] = {}
        for name, hearing in self._hearings.items():
            for uid in dict.fromkeys(hearing.waiting()):
                ref = name, uid
                if ref in self.active or ref in self.left_out:
                    continue
                naming = hearing.named(uid, recursion=number)
                if naming:
                    wanted[ref] = _named(naming, number)
        return wanted

    def _admit(self, wanted: Mapping[Ref, Because]) -> None:
        """Activate entries that no rule, chance or group excludes; then apply the switches."""
        passed = []
        for ref in sorted(wanted, key=self.order):
            reason = self._held_back(ref, wanted[ref])
            if reason is None:
                passed.append(ref)
            else:
                self.left_out[ref] = reason
        staying = {ref for ref in passed if wanted[ref].kind is ActivationKind.STAYS}
        taken = {
            group for ref in self.active for group in self._shelf[ref].groups if _drawn(self._shelf[ref])
        }
        for ref, fits in chosen(passed, self._shelf, staying=staying, taken=taken, rng=self._rng).items():
            if fits:
                self.active[ref] = wanted[ref]
            else:
                self.left_out[ref] = "another of its group is in"
        self._switch()

    def _held_back(self, ref: Ref, because: Because) -> str | None:
        entry = self._shelf[ref]
        if entry.forced:
            return None
        if ref in self._off and self._said_anew(ref) is None:
            return "it is switched off until its key is said"
        if because.kind is ActivationKind.STAYS:
            return None
        reason = barred(entry, ref, self._moment)
        if reason is None and entry.probability < 100 and self._rng.random() * 100 >= entry.probability:
            return f"its chance of {entry.probability:g} % did not come up"
        return reason

    def _said_anew(self, ref: Ref) -> int | None:
        if ref not in self._anew:
            said = self._hearings[ref[0]].said(ref[1])
            self._anew[ref] = said if said is not None and said < self._fresh else None
        return self._anew[ref]

    def _switch(self) -> None:
        triggers = [
            Trigger(ref, self._said_anew(ref), self.order(ref))
            for ref in self.active
            if _switches(self._shelf[ref]) and self._triggered(ref)
        ]

        def aims(ref: Ref) -> Iterator[Ref]:
            return targets(ref, self._shelf, self._shelf.rivals)

        for ref, by in switched_off(triggers, aims, self._said_anew).items():
            self._off.add(ref)
            if ref in self.active and not self._shelf[ref].forced:
                del self.active[ref]
                self.left_out[ref] = f"entry {by[1]} switched it off"
        self._off -= self.active.keys()

    def _triggered(self, ref: Ref) -> bool:
        """Return whether an entry is newly activated, as opposed to still active."""
        if self._said_anew(ref) is not None:
            return True
        return (
            self.active[ref].kind not in (ActivationKind.NAMED, ActivationKind.STAYS)
            and ref not in self._moment.state.on
        )

    def _search_lore(self, number: int) -> bool:
        """Search the last round's lore for keys of other lore; return whether there was any lore."""
        self._anew.clear()
        contents = [
            _HIDDEN.sub("", self._shelf[ref].content)
            for ref in sorted(self.active, key=self.order)
            if self.active[ref].round == number and self._talks(ref)
        ]
        for content in contents:
            self._looked_through += len(content)
            if self._looked_through > MOST_LORE:
                self.too_long = True
                break
            for hearing in self._hearings.values():
                if hearing.index.recurses:
                    hearing.told |= hearing.index.within_lore(content, self._box)
        return bool(contents)

    def _talks(self, ref: Ref) -> bool:
        entry = self._shelf[ref]
        return bool(entry.content) and not entry.prevent_recursion and self._hearings[ref[0]].index.recurses


def _named(naming: Naming, number: int) -> Because:
    if naming.depth is None:
        return Because(ActivationKind.TOLD, f"other lore names {naming.key[:60]!r}", number)
    return Because(ActivationKind.NAMED, f"{naming.key[:60]!r} was said", number)


def _timed(entry: LoreEntry) -> bool:
    return bool(entry.sticky or entry.cooldown or entry.keep_after_match or entry.never_after_match)


def _switches(entry: LoreEntry) -> bool:
    return entry.stateful or bool(entry.switches_off)


def _drawn(entry: LoreEntry) -> bool:
    return not entry.stateful
