"""Lorebooks: entries with their conditions and their position in the prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NEAR_ENOUGH = 0.65
"""Default cosine from which a text matches a semantic entry."""
NEWEST = 4
"""Default number of messages searched."""
ORDER = 100
"""Default insertion order."""
WEIGHT = 100
"""Default weight of an entry in the draw of its group."""

Ref = tuple[str, str]
"""Identifies an entry: its book's name, and its uid in the book."""


class LorebookError(ValueError):
    """The data is no lorebook or exceeds all limits; the message includes the remedy."""


class Logic(StrEnum):
    """Condition on an entry's secondary keys."""

    AND_ANY = "one of them is there"
    NOT_ALL = "one of them is missing"
    NOT_ANY = "none of them is there"
    AND_ALL = "all of them are there"


class Position(StrEnum):
    """Position of an entry in the prompt, in order."""

    BEFORE = "before_char"
    AFTER = "after_char"
    PERSONALITY = "personality"
    SCENARIO = "scenario"
    EXAMPLES_BEFORE = "before_examples"
    EXAMPLES_AFTER = "after_examples"
    NOTE_BEFORE = "before_note"
    NOTE_AFTER = "after_note"
    DEPTH = "at_depth"


class Role(StrEnum):
    """Author's role of an entry among the messages."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoreEntry:
    """A piece of lore: `content` is inserted into the prompt when the conditions hold (C32, C33, C34).

    `keys` and `secondary_keys` are as written; `use_regex` makes all of them patterns, `slashed` only those
    between slashes. None means the book's setting or the default. The caller counts turns. `original` is the
    source data, unchanged.
    """

    uid: str
    keys: tuple[str, ...] = ()
    secondary_keys: tuple[str, ...] = ()
    content: str = ""
    name: str = ""
    comment: str = ""
    enabled: bool = True
    constant: bool = False
    selective: bool = False
    logic: Logic = Logic.AND_ANY
    case_sensitive: bool = False
    match_whole_words: bool = False
    use_regex: bool = False
    slashed: bool = False
    insertion_order: float = ORDER
    priority: float | None = None
    position: Position = Position.BEFORE
    depth: int = 4
    """Number of messages below it, at Position.DEPTH."""
    role: Role = Role.SYSTEM
    scan_depth: int | None = None
    probability: float = 100
    """In percent."""
    group: str = ""
    """Comma-separated names."""
    group_weight: float = WEIGHT
    group_override: bool = False
    """Of the group's entries with this flag, the one with the highest insertion_order wins without a draw."""
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: int = 0
    """The first round of recursion that may activate it; 0 if it needs none."""
    semantic: bool = False
    threshold: float = NEAR_ENOUGH
    stateful: bool = False
    switches_off: tuple[str, ...] = ()
    additional_keys: tuple[str, ...] = ()
    exclude_keys: tuple[str, ...] = ()
    only_after: int | None = None
    """Minimum number of earlier messages by the character."""
    only_every: int | None = None
    keep_after_match: bool = False
    never_after_match: bool = False
    greeting: int | None = None
    ignore_on_max_context: bool = False
    ignore_budget: bool = False
    forced: bool | None = None
    """True: always active; False: never (@@activate, @@dont_activate)."""
    decorators: tuple[tuple[str, str], ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    original: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the names of its groups."""
        return () if not self.group else tuple(name for name in map(str.strip, self.group.split(",")) if name)

    @property
    def rank(self) -> float:
        """Return the priority for budgets: the lowest is dropped first."""
        return self.insertion_order if self.priority is None else self.priority


@dataclass(frozen=True, eq=False, kw_only=True)
class Lorebook:
    """A book of entries; books are compared by identity, so that their indexes can be cached.

    `recursive` None means: if one of its entries has a recursion setting. `original` is the source data.
    """

    name: str = ""
    description: str = ""
    scan_depth: int | None = None
    token_budget: int | None = None
    recursive: bool | None = None
    entries: tuple[LoreEntry, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict, repr=False)
    original: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def recurses(self) -> bool:
        """Return whether its entries' contents can activate other entries."""
        if self.recursive is not None:
            return self.recursive
        return any(
            entry.exclude_recursion or entry.prevent_recursion or entry.delay_until_recursion
            for entry in self.entries
        )
