"""History of each memory: all its forms and the evidence behind them (C52, C63, D03).

The history is derived from the record of changes. Removing a form also removes every form derived from it,
and nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from memory.core import plain

TOLD, LEARNT, INHERITED, LAID_DOWN = "told", "learnt", "inherited", "laid down"
"""Origin of a memory's text: the person, the character, an older program, an operator."""
NOT_THEIRS = (LEARNT, INHERITED, LAID_DOWN)
"""Origins other than the person's own input: withdrawing consent removes these memories."""
EDITED, JOINED, RESTORED, TAKEN_BACK = "edited", "joined", "restored", "taken back"
REINFORCED, SUPERSEDED = "mentioned again", "superseded"
_INTO = "joined into "
_MENTIONED = ("quote", "mentions", "last_at")
_PLACING = ("scope", "channel_id", "guild_id", "pinned")


class RecordedChange(Protocol):
    """A change in the record: `before` is None for a new memory, `after` for a removed one."""

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
    """Evidence for a form: words of the person, found in each of the source messages."""

    quote: str
    sources: frozenset[int]


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """A change: the memory's `values` after it, None if it removed the memory.

    All `grounds` must hold. `of` contains the ids of the memories whose words it includes, and its own.
    """

    batch: int
    at: datetime
    cause: str
    values: Mapping[str, Any] | None
    grounds: frozenset[Ground] = frozenset()
    of: frozenset[int] = frozenset()


Lines = Mapping[int, Sequence[HistoryStep]]
"""The steps of each memory, oldest first."""
Plan = dict[int, list[HistoryStep]]
"""The remaining steps of each affected memory; an empty list deletes it for good."""


def into(memory_id: int) -> str:
    """Return the cause that records merging a memory into another."""
    return f"{_INTO}{memory_id}"


def lineages(changes: Iterable[RecordedChange]) -> dict[int, list[HistoryStep]]:
    """Return the steps of each memory, oldest first, from the record of a person's changes."""
    lines: dict[int, list[HistoryStep]] = {}
    # Rewritten old changes are recorded late, and a merge needs its parts' removals first.
    for change in sorted(changes, key=lambda change: (change.batch, change.after is not None)):
        line = lines.setdefault(change.memory_id, [])
        parts = (
            [line for line in lines.values() if _went_into(line, change)] if change.cause == JOINED else []
        )
        line.append(_step(change, line, parts))
    return lines


def words_in(lines: Lines, memory_id: int) -> frozenset[int]:
    """Return the ids of the memories whose words a memory contains, including its own."""
    return next((step.of for step in reversed(lines.get(memory_id, ())) if step.values), frozenset()) | {
        memory_id
    }


def without(lines: Lines, memory_ids: Collection[int]) -> Plan:
    """Return the plan that forgets memories and every form of other memories that contains their words."""
    return {memory_id: [] for memory_id in memory_ids} | _cut(
        lines, lambda step: step.of.isdisjoint(memory_ids)
    )


def unlearnt(lines: Lines) -> Plan:
    """Return the plan that removes everything noted by the character, an older program or an operator.

    Facts that the person told stay, but every later form loses what reinforcement added to it.
    """
    plan = _cut(
        lines,
        lambda step: (
            step.values is None or (step.values["origin"] not in NOT_THEIRS and step.cause != REINFORCED)
        ),
    )
    heard = {memory_id: _reinforcing_messages(line) for memory_id, line in lines.items()}
    for memory_id, line in lines.items():
        steps = plan.get(memory_id, line)
        left = _unmentioned(steps, line, heard)
        if left != list(steps):
            plan[memory_id] = left
    return plan


def after_loss(lines: Lines, message_ids: Collection[int], said: Mapping[int, str]) -> Plan:
    """Return the plan after messages were deleted, or edited into `said` (C63)."""

    def holds(ground: Ground) -> bool:
        return any(not _lost(ground, message_id, message_ids, said) for message_id in ground.sources)

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
        # The person said the same again: from here on the new message alone supports it.
        return replace(made, grounds=_ground(change.after, (last.values or {})["sources"]), of=last.of)
    if change.cause == JOINED:
        joined = [last, *(step for part in parts for step in part[-2:-1])]
        return replace(
            made,
            grounds=frozenset().union(*(step.grounds for step in joined)),
            of=itself.union(*(step.of for step in joined)),
        )
    # The text is that of an earlier form: the memory was pinned, shared or restored.
    alike = next((step for step in reversed(line) if _alike(step, change.after)), last)
    return replace(made, grounds=alike.grounds, of=alike.of)


def _ground(values: Mapping[str, Any], known: Collection[int]) -> frozenset[Ground]:
    """Return the evidence for new text: one ground per message if old and new ones can't be told apart."""
    quote, sources = values["quote"], frozenset(values["sources"])
    if new := sources.difference(known):
        return frozenset((Ground(quote, new),))
    return frozenset(Ground(quote, frozenset((source,))) for source in sources)


def _alike(step: HistoryStep, values: Mapping[str, Any]) -> bool:
    return step.values is not None and all(step.values[key] == values[key] for key in ("text", "quote"))


def _went_into(line: Sequence[HistoryStep], change: RecordedChange) -> bool:
    return bool(line) and (line[-1].batch, line[-1].cause) == (change.batch, into(change.memory_id))


def _cut(lines: Lines, fine: Callable[[HistoryStep], bool]) -> Plan:
    """Return the remaining steps of each memory that has a form for which `fine` is false.

    A memory that loses its last form returns to the previous one, and memories merged into it become
    independent again. A memory that was already removed is deleted for good.
    """
    kept = {
        memory_id: [step for step in line if not step.values or fine(step)]
        for memory_id, line in lines.items()
    }
    plan: Plan = {}
    for memory_id, line in lines.items():
        left = _without_repeated_removals(kept[memory_id])
        if line[-1].values is not None:
            left = _placed(left, line[-1]) if left and left[-1].values else []
        elif line[-1].cause.startswith(_INTO):
            left = _unmerged(left, line, lines, kept)
        elif len(kept[memory_id]) < len(line):
            left = []
        if left != list(line):
            plan[memory_id] = left
    return plan


def _unmerged(
    left: list[HistoryStep], line: Sequence[HistoryStep], lines: Lines, kept: Plan
) -> list[HistoryStep]:
    """Return the remaining steps of a merged memory, which becomes independent if the merged form goes."""
    target = int(line[-1].cause.removeprefix(_INTO))
    if any(step.cause == JOINED and step.batch == line[-1].batch for step in kept.get(target, ())):
        return left
    left = _without_repeated_removals(left[:-1])
    now = lines[target][-1] if target in lines else line[-1]
    return _placed(left, now) if left and left[-1].values else []


def _without_repeated_removals(steps: Sequence[HistoryStep]) -> list[HistoryStep]:
    """Return steps without removals of a memory that is already gone."""
    joined: list[HistoryStep] = []
    for step in steps:
        if step.values is not None or (joined and joined[-1].values is not None):
            joined.append(step)
    return joined


def _placed(left: list[HistoryStep], now: HistoryStep) -> list[HistoryStep]:
    """Return the steps with the scope that the person chose last."""
    last = left[-1]
    if last.values is None or now.values is None:
        return left
    placed = {**last.values, **{key: now.values[key] for key in _PLACING}}
    if placed == last.values:
        return left
    return [*left, replace(last, batch=now.batch, at=now.at, cause=TAKEN_BACK, values=placed)]


def _reinforcing_messages(line: Sequence[HistoryStep]) -> frozenset[int]:
    """Return the ids of messages that only reinforced a memory."""
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
    """Return steps without the quotes, counts and sources that reinforcement added."""
    again = [step.values for step in line if step.values and step.cause == REINFORCED]
    first = next((number for number, step in enumerate(line) if step.cause == REINFORCED), 0)
    last = line[first - 1].values if first else None
    left = []
    for step in steps:
        if step.values is None:
            left.append(step)
        else:
            gone = set[int]().union(*(heard.get(memory_id, ()) for memory_id in step.of))
            values = {
                **step.values,
                "sources": [source for source in step.values["sources"] if source not in gone],
            }
            for key in _MENTIONED if last else ():
                if any(step.values[key] == values_again[key] for values_again in again):
                    values[key] = (last or values)[key]
            left.append(replace(step, values=values))
            last = values
    return left


def _lost(ground: Ground, message_id: int, gone: Collection[int], said: Mapping[int, str]) -> bool:
    """Return whether a deleted or edited message no longer supports the ground's quote."""
    return message_id in gone and (
        message_id not in said or plain(ground.quote) not in plain(said[message_id])
    )


def _no_sources_of(line: Sequence[HistoryStep], gone: Collection[int], said: Mapping[int, str]) -> set[int]:
    """Return the messages that no longer support anything in a memory."""
    grounds = {ground for step in line for ground in step.grounds}
    lost = set()
    for message_id in gone:
        borne_out = [ground for ground in grounds if message_id in ground.sources]
        if message_id not in said or (
            borne_out and all(_lost(ground, message_id, gone, said) for ground in borne_out)
        ):
            lost.add(message_id)
    return lost


def _with_fewer_sources(step: HistoryStep, lost: Collection[int]) -> HistoryStep:
    if step.values is None:
        return step
    sources = [source for source in step.values["sources"] if source not in lost]
    mentions = max(step.values["mentions"] - len(step.values["sources"]) + len(sources), 1)
    return replace(step, values={**step.values, "sources": sources, "mentions": mentions})
