"""How the character behaves in a conversation."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.conversation.deciding import Attentiveness
from bot.conversation.etiquette import Errors
from bot.conversation.pacing import Pace
from bot.conversation.recall import Extent
from memory.dumps import Dumps


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What an operator may choose about it; durations without a type are seconds."""

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
    longest_message: int = 2000
