"""How a memory came to be what it is: every form that it had, and what each of them rests on (C52, C63, D03).

All of it is read from the record of changes. What is taken away there takes along whatever grew out of it,
and nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from memory.core import plain

TOLD, LEARNT, INHERITED, LAID_DOWN = "told", "learnt", "inherited", "laid down"
"""Where the words of a memory come from: the person, the character, an older program, an operator."""
NOT_THEIRS = (LEARNT, INHERITED, LAID_DOWN)
"""What did not come from the person's own hand: it goes with their "no"."""
EDITED, JOINED, RESTORED, TAKEN_BACK = "edited", "joined", "restored", "taken back"
REINFORCED, SUPERSEDED = "mentioned again", "superseded"
_INTO = "joined into "
_MENTIONED = ("quote", "mentions", "last_at")
_PLACING = ("scope", "channel_id", "guild_id", "pinned")


class RecordedChange(Protocol):
    """One change in the record: without `before` the memory was new, without `after` it went."""

    @property
    def batch(self) -> int: ...
    @property
    def memory_id(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def cause(self) -> str: ...
    @property
    def before(self) -> Mapping[str, Any] | None: ...
    @property
    def after(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Ground:
    """Something that a form rests on: words that the person said, in each of some messages."""

    quote: str
    sources: frozenset[int]


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """A change: the `values` that the memory had from then on, None when it went.

    Each of the `grounds` has to hold. `of` are the memories whose words are in it, its own among them.
    """

    batch: int
    at: datetime
    cause: str
    values: Mapping[str, Any] | None
    grounds: frozenset[Ground] = frozenset()
    of: frozenset[int] = frozenset()


Lines = Mapping[int, Sequence[HistoryStep]]
"""The steps of each memory, the oldest first."""
Plan = dict[int, list[HistoryStep]]
"""The steps that are left of some memories; none: it goes for good."""


def into(memory_id: int) -> str:
    """Return the cause for which a memory goes that is joined into another one."""
    return f"{_INTO}{memory_id}"


def lineages(changes: Iterable[RecordedChange]) -> dict[int, list[HistoryStep]]:
    """Return the steps of each memory from the record of somebody's changes, the oldest first."""
    lines: dict[int, list[HistoryStep]] = {}
    # What is told anew of an old change is recorded late; and parts go before the whole has their words.
    for change in sorted(changes, key=lambda one: (one.batch, one.after is not None)):
        line = lines.setdefault(change.memory_id, [])
        parts = [one for one in lines.values() if _went_into(one, change)] if change.cause == JOINED else []
        line.append(_step(change, line, parts))
    return lines


def words_in(lines: Lines, memory_id: int) -> frozenset[int]:
    """Return the memories whose words a memory holds by now: its own, and what was joined into it."""
    return next((step.of for step in reversed(lines.get(memory_id, ())) if step.values), frozenset()) | {
        memory_id
    }


def without(lines: Lines, memory_ids: Collection[int]) -> Plan:
    """Return what is left when memories are forgotten, with every form of others that holds their words."""
    return {one: [] for one in memory_ids} | _cut(lines, lambda step: step.of.isdisjoint(memory_ids))


def unlearnt(lines: Lines) -> Plan:
    """Return what is left without all that the character, an older program or an operator noted.

    What was told stays; that it was mentioned again, and how, goes from every form that came later, too.
    """
    plan = _cut(
        lines,
        lambda step: (
            step.values is None or (step.values["origin"] not in NOT_THEIRS and step.cause != REINFORCED)
        ),
    )
    heard = {one: _heard_again(line) for one, line in lines.items()}
    for memory_id, line in lines.items():
        steps = plan.get(memory_id, line)
        left = _unmentioned(steps, line, heard)
        if left != list(steps):
            plan[memory_id] = left
    return plan


def after_loss(lines: Lines, message_ids: Collection[int], said: Mapping[int, str]) -> Plan:
    """Return what is left when messages were deleted, or edited into what they `said` by now (C63)."""

    def holds(ground: Ground) -> bool:
        return any(not _lost(ground, one, message_ids, said) for one in ground.sources)

    plan = _cut(lines, lambda step: all(map(holds, step.grounds)))
    for memory_id, line in lines.items():
        lost = _no_sources_of(line, message_ids, said)
        if not any(step.values and lost.intersection(step.values["sources"]) for step in line):
            continue
        gone = line[-1].values is None and not line[-1].cause.startswith(_INTO)
        left = [] if gone else plan.get(memory_id, line)
        plan[memory_id] = [_with_fewer_sources(step, lost) for step in left]
    return plan


def _step(
    change: RecordedChange, line: Sequence[HistoryStep], parts: Sequence[Sequence[HistoryStep]]
) -> HistoryStep:
    made = HistoryStep(change.batch, change.at, change.cause, change.after)
    if change.after is None:
        return made
    itself = frozenset((change.memory_id,))
    last = next((step for step in reversed(line) if step.values), None)
    if change.cause == EDITED or last is None:
        grounds = frozenset() if change.cause == EDITED else _ground(change.after, ())
        return replace(made, grounds=grounds, of=itself)
    if change.cause == LEARNT:
        grounds = _ground(change.after, (last.values or {})["sources"])
        return replace(made, grounds=last.grounds | grounds, of=last.of)
    if change.cause == REINFORCED:
        # The same was said once more: from here on that bears it out alone.
        return replace(made, grounds=_ground(change.after, (last.values or {})["sources"]), of=last.of)
    if change.cause == JOINED:
        joined = [last, *(step for part in parts for step in part[-2:-1])]
        return replace(
            made,
            grounds=frozenset().union(*(step.grounds for step in joined)),
            of=itself.union(*(step.of for step in joined)),
        )
    # The words are those of an earlier form: it was pinned, shared or brought back.
    alike = next((step for step in reversed(line) if _alike(step, change.after)), last)
    return replace(made, grounds=alike.grounds, of=alike.of)


def _ground(values: Mapping[str, Any], known: Collection[int]) -> frozenset[Ground]:
    """Return what new words rest on; where their messages can't be told apart from older ones, on each."""
    quote, sources = values["quote"], frozenset(values["sources"])
    if new := sources.difference(known):
        return frozenset((Ground(quote, new),))
    return frozenset(Ground(quote, frozenset((one,))) for one in sources)


def _alike(step: HistoryStep, values: Mapping[str, Any]) -> bool:
    return step.values is not None and all(step.values[key] == values[key] for key in ("text", "quote"))


def _went_into(line: Sequence[HistoryStep], change: RecordedChange) -> bool:
    return bool(line) and (line[-1].batch, line[-1].cause) == (change.batch, into(change.memory_id))


def _cut(lines: Lines, fine: Callable[[HistoryStep], bool]) -> Plan:
    """Return what is left of each memory of which some form is not fine.

    A memory whose last form goes is again what it was before that, and what had been joined into it stands
    for itself again. What was gone already goes for good.
    """
    kept = {one: [step for step in line if not step.values or fine(step)] for one, line in lines.items()}
    plan: Plan = {}
    for memory_id, line in lines.items():
        left = _joints(kept[memory_id])
        if line[-1].values is not None:
            left = _placed(left, line[-1]) if left and left[-1].values else []
        elif line[-1].cause.startswith(_INTO):
            left = _again(left, line, lines, kept)
        elif len(kept[memory_id]) < len(line):
            left = []
        if left != list(line):
            plan[memory_id] = left
    return plan


def _again(
    left: list[HistoryStep], line: Sequence[HistoryStep], lines: Lines, kept: Plan
) -> list[HistoryStep]:
    """Return what is left of a memory that was joined into one: itself, if the joined form goes."""
    target = int(line[-1].cause.removeprefix(_INTO))
    if any(step.cause == JOINED and step.batch == line[-1].batch for step in kept.get(target, ())):
        return left
    left = _joints(left[:-1])
    now = lines[target][-1] if target in lines else line[-1]
    return _placed(left, now) if left and left[-1].values else []


def _joints(steps: Sequence[HistoryStep]) -> list[HistoryStep]:
    """Return steps without such as let go what is not there."""
    joined: list[HistoryStep] = []
    for step in steps:
        if step.values is not None or (joined and joined[-1].values is not None):
            joined.append(step)
    return joined


def _placed(left: list[HistoryStep], now: HistoryStep) -> list[HistoryStep]:
    """Return steps after which a memory comes up where the person last wanted it to."""
    last = left[-1]
    if last.values is None or now.values is None:
        return left
    placed = {**last.values, **{key: now.values[key] for key in _PLACING}}
    if placed == last.values:
        return left
    return [*left, replace(last, batch=now.batch, at=now.at, cause=TAKEN_BACK, values=placed)]


def _heard_again(line: Sequence[HistoryStep]) -> frozenset[int]:
    """Return the messages in which a memory was only mentioned again."""
    heard: set[int] = set()
    before: Collection[int] = ()
    for step in line:
        if step.values is None:
            continue
        if step.cause == REINFORCED:
            heard.update(set(step.values["sources"]).difference(before))
        before = step.values["sources"]
    return frozenset(heard)


def _unmentioned(
    steps: Sequence[HistoryStep], line: Sequence[HistoryStep], heard: Mapping[int, Collection[int]]
) -> list[HistoryStep]:
    """Return what is left of a line without what its forms took over from being mentioned again."""
    again = [step.values for step in line if step.values and step.cause == REINFORCED]
    first = next((number for number, step in enumerate(line) if step.cause == REINFORCED), 0)
    last = line[first - 1].values if first else None
    left = []
    for step in steps:
        if step.values is None:
            left.append(step)
        else:
            gone = set[int]().union(*(heard.get(one, ()) for one in step.of))
            values = {**step.values, "sources": [one for one in step.values["sources"] if one not in gone]}
            for key in _MENTIONED if last else ():
                if any(step.values[key] == one[key] for one in again):
                    values[key] = (last or values)[key]
            left.append(replace(step, values=values))
            last = values
    return left


def _lost(ground: Ground, message_id: int, gone: Collection[int], said: Mapping[int, str]) -> bool:
    """Say whether a message bears words out no more."""
    return message_id in gone and (
        message_id not in said or plain(ground.quote) not in plain(said[message_id])
    )


def _no_sources_of(line: Sequence[HistoryStep], gone: Collection[int], said: Mapping[int, str]) -> set[int]:
    """Return the messages that bear out nothing in a memory any more."""
    grounds = {ground for step in line for ground in step.grounds}
    lost = set()
    for one in gone:
        borne_out = [ground for ground in grounds if one in ground.sources]
        if one not in said or (borne_out and all(_lost(each, one, gone, said) for each in borne_out)):
            lost.add(one)
    return lost


def _with_fewer_sources(step: HistoryStep, lost: Collection[int]) -> HistoryStep:
    if step.values is None:
        return step
    sources = [one for one in step.values["sources"] if one not in lost]
    mentions = max(step.values["mentions"] - len(step.values["sources"]) + len(sources), 1)
    return replace(step, values={**step.values, "sources": sources, "mentions": mentions})
