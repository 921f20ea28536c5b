"""How the character behaves in a conversation."""

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
"""How a fault shows in a server: the character's own line, a reaction, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attentiveness:
    """How the character decides; durations without a type are seconds.

    `turn` is how long a bot takes to answer at most (max_typing_time): whoever is named after it waits so
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
    """How much of the past goes into a prompt, in tokens.

    From `condensed` tokens of talk on, older talk is summed up, or passed over unless that is `summed`;
    `known` is what memories may take. The provider keeps a prompt `cached` for so long.
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
    """What operators set about who speaks (F108).

    `weights` are by slug. `banter` is the share of what characters would answer one another that they do;
    `chain` lines of characters follow one of a person's at most. A conflict of two fades by `decay` an
    hour, and grows by `escalation`, where `conflicts` are on.
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
    """What is shown, and after how long one person may be shown it again; without a text nobody is."""

    text: str = ""
    again_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Learning:
    """How facts are drawn from a day's talk: the model, whether in batches, and from which hour on (UTC)."""

    model: str = ""
    batches: bool = False
    hour: int = 4


@dataclass(frozen=True, slots=True)
class Curiosity:
    """How readily characters ask back on something earlier: by a level, and with a pause after each time."""

    level: str = "off"
    cooldown: timedelta = timedelta(seconds=300)


@dataclass(frozen=True, slots=True)
class Streaming:
    """Whether replies grow in Discord while they are written: after how many characters, how often edited."""

    enabled: bool = False
    gap: float = 1.0
    after: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What an operator may choose about it; durations without a type are seconds.

    `recalled` is how many tokens of what was found by search go into a prompt. After `asks_after` answers
    somebody is asked whether they may be remembered; with 0 nobody is. Copies of the database that the
    program made by itself are there for as long as `backups_kept`. `mode` is the mood of the house (F086),
    and `lore` how many tokens of lorebooks go into a prompt. By the hours of `zone` the characters live.
    `initiative` bounds how often they speak first; with `checkins` they write to people in private, too.
    `curiosity` is how readily they ask back. `notice` is what is shown to people in distress.
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
