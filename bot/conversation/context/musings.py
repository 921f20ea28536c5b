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
        return tuple(
            musing
            for musing in held
            if f"{musing.kind}s" in role.character.inner_life and _lasts(musing, now)
        )

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
        for musing in _fitting(held, talk) if held else ():
            longer = _written(role, [*chosen, musing])
            if tokens(longer) <= MUSING_TOKENS:
                chosen.append(musing)
                note = longer
        return note, tuple(chosen)


def _lasts(musing: HeldMusing, now: datetime) -> bool:
    if musing.kind == "dream":
        return now - musing.made_at < DREAM_LASTS
    return musing.kind == "belief" or now - musing.changed_at < THREAD_LASTS


def _fitting(held: Sequence[HeldMusing], talk: Sequence[str]) -> Iterator[HeldMusing]:
    """Yield thoughts that share words with the conversation, best matches first, and last night's dream."""
    said = {word for text in talk for word in words(text)}
    shared = {musing: len(said.intersection(words(musing.text))) for musing in held if musing.kind != "dream"}
    fitting = sorted(
        (musing for musing in shared if shared[musing]), key=lambda musing: (-shared[musing], -musing.id)
    )
    yield from fitting[:MOST_FITTING]
    yield from [musing for musing in held if musing.kind == "dream"][-1:]


def _written(role: PlayedCharacter, chosen: Sequence[HeldMusing]) -> str:
    thoughts = indented("\n".join(_line(musing) for musing in chosen))
    return fill("musings", name=role.name, thoughts=thoughts)


def _line(musing: HeldMusing) -> str:
    if musing.kind == "dream":
        return f"dreamt last night: {musing.text}"
    if musing.kind == "thread":
        return f"keeps wondering: {musing.text}"
    return f"believes, and {sureness(musing.confidence)}: {musing.text}"


def sureness(confidence: float) -> str:
    """Return the certainty in words."""
    return next(told for least, told in SURE if confidence >= least)
