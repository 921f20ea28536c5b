"""Waits for one's turn: after the people named first, and between two replies to a bot (F035, F039, F040)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random

from bot.conversation.attention.rules import Attention, Circumstances
from bot.conversation.decision import Pause, Wait
from bot.conversation.types import Person, Utterance
from bot.core.clock import Clock, sleep_until

MOST_BOTS_WAITED_FOR = 3
COOLDOWN, TURN = Pause.COOLDOWN.name, Pause.TURN.name


class TurnTaking:
    """Order of speakers in a channel. `turn` is the maximum time a bot takes to answer, in seconds."""

    def __init__(self, turn: float, clock: Clock, rng: Random) -> None:
        self._turn = turn
        self._clock = clock
        self._rng = rng
        self._awaited: dict[int, list[tuple[set[int], asyncio.Event]]] = {}

    def spoke(self, heard: Utterance) -> None:
        """Wake the waits for somebody to speak in a channel."""
        for people, event in self._awaited.get(heard.where.channel_id, ()):
            people.discard(heard.author_id)
            if not people:
                event.set()

    def pause(
        self, heard: Utterance, now: Circumstances, attention: Attention, waits: Sequence[Wait]
    ) -> Wait | None:
        """Return the wait before the rules are applied again; None if it is the character's turn."""
        if attention.decision is not None and not attention.decision.reply:
            return None
        left = now.tally.cooldown_left(now.patience, now.now)
        if left > 0:
            return Wait(COOLDOWN, round(left, 3))
        silent = _named_first(now)
        base = self._turn * (1.0 if heard.from_bot else 0.25)
        if attention.decision is None or not silent or base <= 0:
            return None
        bots = min(sum(person.is_bot for person in silent), MOST_BOTS_WAITED_FOR)
        longest = max(base, self._turn * bots)
        waited = sum(wait.seconds for wait in waits if wait.why == TURN)
        if waited >= longest * 0.9:
            return None
        return Wait(TURN, round(base * self._rng.uniform(0.9, 1.1), 3))

    async def wait(self, heard: Utterance, now: Circumstances, pause: Wait) -> None:
        """Wait for the given pause; it ends early once everybody who was named first has spoken."""
        if pause.why != TURN:
            await self._clock.sleep(pause.seconds)
            return
        people = {person.id for person in _named_first(now)}
        with self._awaiting(heard.where.channel_id, people) as spoken:
            await sleep_until(spoken, self._clock, pause.seconds)

    @contextmanager
    def _awaiting(self, channel_id: int, people: set[int]) -> Iterator[asyncio.Event]:
        entry = (people, asyncio.Event())
        self._awaited.setdefault(channel_id, []).append(entry)
        try:
            yield entry[1]
        finally:
            waiting = self._awaited[channel_id]
            waiting.remove(entry)
            if not waiting:
                del self._awaited[channel_id]


def _named_first(now: Circumstances) -> list[Person]:
    """Return the people who were named before the character, or instead of it, and have not spoken since."""
    spoken = {line.author_id for line in now.after}
    return [person for person in now.addressed.before(now.me) if person.id not in spoken]
