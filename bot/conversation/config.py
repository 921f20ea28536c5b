"""How the character behaves in a conversation."""

from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from typing import Literal

from bot.conversation.attention.decide import Attentiveness
from bot.conversation.care import Notice
from bot.conversation.context import Extent
from bot.conversation.effects import Growing
from bot.conversation.etiquette import Errors
from bot.conversation.speakers import Direction
from bot.conversation.text.typing import Pace
from memory.dumps import Dumps
from personas.initiative import Bounds

LOG_KEPT = timedelta(hours=24)
WAITING_KEPT = timedelta(days=7)
"""For so long talk waits to be summed up, or for facts to be drawn, when every try fails."""
Consent = Literal["opt_in", "opt_out", "off"]
"""About whom anything is noted without their asking: who agreed, who did not say no, nobody (D03)."""


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
    extent: Extent = field(default_factory=Extent)
    summary_deadline: float = 30.0
    dumps: Dumps | None = None
    consent: Consent = "opt_in"
    learning: Learning = field(default_factory=Learning)
    asks_after: int = 2
    backups_kept: timedelta = timedelta(days=7)
    recalled: int = 600
    longest_message: int = 2000
    direction: Direction = field(default_factory=Direction)
    growing: Growing = field(default_factory=Growing)
    mode: str = "casual"
    blending: bool = True
    lore: int = 1_500
    greets: bool = True
    zone: tzinfo = UTC
    initiative: Bounds = field(default_factory=Bounds)
    checkins: bool = False
    curiosity: Curiosity = field(default_factory=Curiosity)
    notice: Notice = field(default_factory=Notice)
