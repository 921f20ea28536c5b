"""A character's own thoughts that fit a reply and that everybody present may know (F133)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.conversation.company import PlayedCharacter
from bot.conversation.text.names import indented
from bot.core.clock import Clock
from bot.prompts import fill
from database import UnitOfWork
from database.repositories.musings import HeldMusing
from memory.places import Where, audience_of
from memory.rules import Consent
from memory.words import words

MUSING_TOKENS = 120
"""The limit in tokens for all thoughts in a prompt."""
MOST_FITTING = 2
DREAM_LASTS = timedelta(days=1)
THREAD_LASTS = timedelta(days=14)
"""A thread that nobody mentions for this long is dropped."""
SURE = ((0.8, "is quite sure"), (0.6, "is fairly sure"), (0.4, "would not swear to it"), (0.0, "has doubts"))


class OwnThoughts:
    """Selects a character's beliefs, dreams and threads for the prompt's end."""

    def __init__(self, clock: Clock, consent: Consent) -> None:
        self._clock = clock
        self._consent = consent

    async def read(self, db: UnitOfWork, role: PlayedCharacter, where: Where) -> tuple[HeldMusing, ...]:
        """Return the thoughts that everybody in a place may know."""
        if not role.character.inner_life or self._consent == "off":
            return ()
        held = await db.musings.known_before(role.slug, audience_of(where))
        now = self._clock.now()
        return tuple(one for one in held if f"{one.kind}s" in role.character.inner_life and _lasts(one, now))

    def note(
        self,
        role: PlayedCharacter,
        held: Sequence[HeldMusing],
        talk: Sequence[str],
        *,
        tokens: Callable[[str], int],
    ) -> tuple[str, tuple[HeldMusing, ...]]:
        """Return the note and the thoughts that it uses; "" if none fits the conversation."""
        chosen: list[HeldMusing] = []
        note = ""
        for one in _fitting(held, talk) if held else ():
            longer = _written(role, [*chosen, one])
            if tokens(longer) <= MUSING_TOKENS:
                chosen.append(one)
                note = longer
        return note, tuple(chosen)


def _lasts(one: HeldMusing, now: datetime) -> bool:
    if one.kind == "dream":
        return now - one.made_at < DREAM_LASTS
    return one.kind == "belief" or now - one.changed_at < THREAD_LASTS


def _fitting(held: Sequence[HeldMusing], talk: Sequence[str]) -> Iterator[HeldMusing]:
    """Yield thoughts that share words with the conversation, best matches first, and last night's dream."""
    said = {word for text in talk for word in words(text)}
    shared = {one: len(said.intersection(words(one.text))) for one in held if one.kind != "dream"}
    fitting = sorted((one for one in shared if shared[one]), key=lambda one: (-shared[one], -one.id))
    yield from fitting[:MOST_FITTING]
    yield from [one for one in held if one.kind == "dream"][-1:]


def _written(role: PlayedCharacter, chosen: Sequence[HeldMusing]) -> str:
    thoughts = indented("\n".join(_line(one) for one in chosen))
    return fill("musings", name=role.name, thoughts=thoughts)


def _line(one: HeldMusing) -> str:
    if one.kind == "dream":
        return f"dreamt last night: {one.text}"
    if one.kind == "thread":
        return f"keeps wondering: {one.text}"
    return f"believes, and {sureness(one.confidence)}: {one.text}"


def sureness(confidence: float) -> str:
    """Return the certainty in words."""
    return next(told for least, told in SURE if confidence >= least)
