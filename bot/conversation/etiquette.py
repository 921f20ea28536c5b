"""What is shown when thinking fails (C19): seldom, never twice, and nothing to who did not ask."""

from typing import Literal

from bot.clock import Clock
from bot.turn import Utterance

Errors = Literal["reply", "react", "silent"]
"""How a fault shows in a server: the character's own line, a reaction, or not at all."""

ONCE_AN_HOUR = 3600.0


class Etiquette:
    """Remembers where a fault was shown; a person alone with the character always learns of it."""

    def __init__(self, errors: Errors, clock: Clock) -> None:
        self._errors = errors
        self._clock = clock
        self._shown_at: dict[int, float] = {}

    def signal(self, heard: Utterance, *, lasting: bool, asked: bool = True, once: bool = True) -> Errors:
        """Return how to show that `heard` can't be answered, and take it as shown.

        In a server at most one signal is seen per message, hour and channel, and none where nobody `asked`
        for an answer. A `lasting` fault, which only the operator can mend, is told once an hour in private
        too (faults C2). What the caller sees to itself is not counted here: not `once` an hour.
        """
        private = heard.where.place.private
        if private and not lasting:
            return "reply"
        if not asked or (not private and self._errors == "silent"):
            return "silent"
        if once and not self._first_this_hour(heard.where.channel_id):
            return "silent"
        return "reply" if private else self._errors

    def _first_this_hour(self, channel_id: int) -> bool:
        last, now = self._shown_at.get(channel_id), self._clock.monotonic()
        if last is not None and now - last < ONCE_AN_HOUR:
            return False
        self._shown_at[channel_id] = now
        return True
