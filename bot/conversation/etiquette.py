"""What is shown when thinking fails (C19): seldom, never twice, and nothing to who did not ask."""

from typing import Literal

from bot.conversation.types import Utterance
from bot.core.clock import Clock
from bot.core.cooldown import Once

Errors = Literal["reply", "react", "silent"]
"""How a fault shows in a server: the character's own line, a reaction, or not at all."""

ONCE_AN_HOUR = 3600.0
EVERYBODY = 0


class Etiquette:
    """Remembers where a fault was shown; a person alone with the character always learns of it."""

    def __init__(self, errors: Errors, clock: Clock) -> None:
        self._errors = errors
        self._first_this_hour = Once[tuple[int, int]](clock, ONCE_AN_HOUR).first

    def signal(self, heard: Utterance, *, lasting: bool, asked: bool = True, once: bool = True) -> Errors:
        """Return how to show that `heard` can't be answered, and take it as shown.

        In a server a passing fault is seen at most once per message, hour and channel, and not at all where
        nobody `asked` for an answer. A `lasting` one, which only the operator can mend, is told to each
        person who asks, once per hour and channel, in private too. What the caller sees to itself is not
        counted here: not `once` an hour.
        """
        private = heard.where.place.private
        if private and not lasting:
            return "reply"
        if not asked or (not private and self._errors == "silent"):
            return "silent"
        person = heard.author_id if lasting else EVERYBODY
        if once and not self._first_this_hour((heard.where.channel_id, person)):
            return "silent"
        return "reply" if private else self._errors
