"""What a lorebook is: entries that know when they are wanted, and where they stand in the prompt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

NEAR_ENOUGH = 0.65
"""From this cosine on a text is about what an entry is about, where the entry names no other."""
NEWEST = 4
"""So many messages are looked through where neither book nor entry says how many."""
ORDER = 100
"""The place of an entry that names none."""
WEIGHT = 100
"""The chance of an entry in its group, next to the others, where it names none."""

Ref = tuple[str, str]
"""Which entry: the name its book is kept under, and its uid in that book."""


class LorebookError(ValueError):
    """This is no lorebook at all, or one past all limits; says what is wrong and what to do."""


class Logic(StrEnum):
    """What the secondary keys of an entry have to do with it."""

    AND_ANY = "one of them is there"
    NOT_ALL = "one of them is missing"
    NOT_ANY = "none of them is there"
    AND_ALL = "all of them are there"


class Position(StrEnum):
    """Where in a prompt an entry stands; in this order."""

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
    """Who says it, for an entry that stands among the messages."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoreEntry:
    """One piece of lore: `content` comes into the prompt when the rest says so (C32, C33, C34).

    `keys` and `secondary_keys` are as written; `use_regex` makes all of them patterns, `slashed` only
    those between slashes. What is None is the book's affair, or the default's. Turns are counted by the
    caller. `original` is what the entry was read from, untouched.
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
    """How many messages stand below it, at Position.DEPTH."""
    role: Role = Role.SYSTEM
    scan_depth: int | None = None
    probability: float = 100
    """In percent."""
    group: str = ""
    """Names separated by commas."""
    group_weight: float = WEIGHT
    group_override: bool = False
    """Among those of its group that have this, the highest insertion_order wins without a draw."""
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    delay_until_recursion: int = 0
    """The first round of recursion that may bring it in; 0: it needs none."""
    semantic: bool = False
    threshold: float = NEAR_ENOUGH
    stateful: bool = False
    switches_off: tuple[str, ...] = ()
    additional_keys: tuple[str, ...] = ()
    exclude_keys: tuple[str, ...] = ()
    only_after: int | None = None
    """How often the character has to have spoken before."""
    only_every: int | None = None
    keep_after_match: bool = False
    never_after_match: bool = False
    greeting: int | None = None
    ignore_on_max_context: bool = False
    ignore_budget: bool = False
    forced: bool | None = None
    """True: always in; False: never (@@activate, @@dont_activate)."""
    decorators: tuple[tuple[str, str], ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    original: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups it is in."""
        return () if not self.group else tuple(name for name in map(str.strip, self.group.split(",")) if name)

    @property
    def rank(self) -> float:
        """Return what the budget goes by: the lowest goes first."""
        return self.insertion_order if self.priority is None else self.priority


@dataclass(frozen=True, eq=False, kw_only=True)
class Lorebook:
    """A book of entries; two books are the same only if they are one object, so that an index can be kept.

    `recursive` None means: if one of its entries has a recursion switch. `original` is what was read.
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
        """Return whether what its entries say can bring in others."""
        if self.recursive is not None:
            return self.recursive
        return any(
            entry.exclude_recursion or entry.prevent_recursion or entry.delay_until_recursion
            for entry in self.entries
        )
