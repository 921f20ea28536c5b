"""How the character behaves in a conversation."""

from dataclasses import dataclass, field
from datetime import timedelta

from bot.conversation.deciding import Attentiveness
from bot.conversation.etiquette import Errors
from bot.conversation.pacing import Pace


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
    transcript_tokens: int = 6000
    longest_message: int = 2000
