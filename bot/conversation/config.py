"""Settings of the characters' behaviour in a conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from typing import Literal

from bot.conversation.attention.rules import RULES, Rule
from bot.conversation.attention.throttle import Patience
from bot.conversation.attention.vote import Voters
from bot.conversation.text.typing import Pace
from memory.dumps import Dumps
from memory.rules import Consent
from personas.initiative import InitiativeBounds
from personas.selection.routing import Rules

Errors = Literal["reply", "react", "silent"]
"""Visibility of a fault in a server: the character's own line, a reaction, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attentiveness:
    """Settings of the decision; durations without a type are seconds.

    `turn` is the maximum time a bot takes to answer (max_typing_time): a character named after it waits this
    long for it, and a quarter of that after a person's message (F040).
    """

    too_old: timedelta = timedelta(seconds=30)
    answers_missed: timedelta = timedelta(minutes=15)
    patience: Patience = field(default_factory=Patience)
    chance: float = 1.0
    voters: Voters = field(default_factory=lambda: Voters(model="", count=0, deadline=10.0))
    turn: float = 0.0
    rules: Sequence[Rule] = RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptLimits:
    """The size of the past in a prompt, in tokens.

    From `condensed` tokens of conversation on, older lines are summarised if `summed`, else omitted; `known`
    is the limit for memories. The provider caches a prompt for `cached`.
    """

    condensed: int = 6_000
    known: int = 25_000
    cached: timedelta = timedelta(hours=1)
    summed: bool = True


@dataclass(frozen=True, slots=True)
class Growing:
    """Whether characters grow, and after how many answers (F104)."""

    enabled: bool = True
    milestones: tuple[int, ...] = (50, 100, 500, 1000, 5000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Operators' settings of who speaks (F108).

    `weights` are by slug. `banter` is the share of possible answers between characters that they give; at
    most `chain` lines of characters follow a person's. A conflict of two characters fades by `decay` an hour,
    and grows by `escalation`, if `conflicts` are on.
    """

    rules: Rules = field(default_factory=Rules)
    weights: Mapping[str, float] = field(default_factory=dict)
    banter: float = 0.2
    chain: int = 4
    conflicts: bool = True
    escalation: float = 0.2
    decay: float = 0.1


@dataclass(frozen=True, slots=True)
class Notice:
    """A text, and the time after which one person may see it again; without a text nobody sees it."""

    text: str = ""
    again_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Learning:
    """How facts are extracted from a day's conversation: the model, batching, and the first hour (UTC)."""

    model: str = ""
    batches: bool = False
    hour: int = 4


@dataclass(frozen=True, slots=True)
class Curiosity:
    """How readily characters ask about something earlier: a level, and the pause after each time."""

    level: str = "off"
    cooldown: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Streaming:
    """Whether replies grow in Discord while they are written: first size in characters, and interval of
    edits.
    """

    enabled: bool = False
    gap: float = 1.0
    after: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """An operator's settings of behaviour; durations without a type are seconds.

    `recalled` is the limit in tokens for search results in a prompt. After `asks_after` answers a person is
    asked for consent to memory; 0 means never. The program's own copies of the database are deleted after
    `backups_kept`. `mode` is the general mood (F086), and `lore` the limit in tokens for lorebooks. The
    characters live in the time zone `zone`. `initiative` bounds how often they speak first; with `checkins`
    they also write to people in private. `curiosity` is how readily they ask back. `notice` is shown to
    people in distress.
    """

    pace: Pace
    attention: Attentiveness = field(default_factory=Attentiveness)
    errors: Errors = "reply"
    burst_quiet: float = 2.0
    burst_longest: float = 8.0
    resume_within: timedelta = timedelta(minutes=15)
    decisions_kept: timedelta = timedelta(days=7)
    prompts_kept: timedelta = timedelta()
    extent: TranscriptLimits = field(default_factory=TranscriptLimits)
    summary_deadline: float = 30.0
    dumps: Dumps | None = None
    consent: Consent = "opt_in"
    learning: Learning = field(default_factory=Learning)
    asks_after: int = 2
    backups_kept: timedelta = timedelta(days=7)
    recalled: int = 870
    longest_message: int = 2000
    streaming: Streaming = Streaming()
    direction: Direction = field(default_factory=Direction)
    growing: Growing = field(default_factory=Growing)
    mode: str = "casual"
    blending: bool = True
    lore: int = 1_500
    greets: bool = True
    zone: tzinfo = UTC
    initiative: InitiativeBounds = field(default_factory=InitiativeBounds)
    checkins: bool = False
    curiosity: Curiosity = field(default_factory=Curiosity)
    notice: Notice = field(default_factory=Notice)
