"""Two-person channels side by side, in the order of time: what is said there, and which of it is answered."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.talk import LOCOMO, Dialogue, _dialogue, _sessions

ANSWERED = 0.37
"""The share of the messages that the character answers."""
_FIRST_PERSON = 10_000
_GENERATED_PAIRS = (("Marlow", "Ines"), ("Tobias", "Quinn"), ("Yara", "Hollis"), ("Bram", "Odette"))
_GENERATED_SESSIONS = 30


@dataclass(frozen=True, slots=True)
class Said:
    """A person's message in a channel (0, 1, ...), `seconds` after the beginning.

    `answer` is what the character says to it; None where it keeps silent.
    """

    channel: int
    seconds: float
    author_id: int
    author_name: str
    text: str
    answer: str | None


def source_of_talk(data: Path = LOCOMO) -> str:
    """Return where the words come from on this machine."""
    return "LoCoMo" if data.exists() else "generated"


def pair_talk(
    *,
    channels: int,
    messages: int,
    gap: float,
    seed: int = 1,
    generated: bool | None = None,
    data: Path = LOCOMO,
) -> list[Said]:
    """Return so many messages in each of the channels, exponentially distributed `gap` seconds apart.

    A channel belongs to two people; it takes one of their conversations after the other, in an order of
    its own, and begins anew when they are through. Words, answers and the pattern in time come from `seed`
    alone: another gap only stretches them. `generated` True takes the templates, False LoCoMo
    (FileNotFoundError where it is not), and None LoCoMo where it is there.
    """
    templates = generated or (generated is None and not data.exists())
    pairs = _from_templates(seed) if templates else _sessions(data)
    talk = [
        said
        for channel in range(channels)
        for said in _in_channel(channel, pairs[channel % len(pairs)], messages, gap, seed)
    ]
    return sorted(talk, key=lambda said: said.seconds)


def _in_channel(
    channel: int, sessions: tuple[Dialogue, ...], messages: int, gap: float, seed: int
) -> Iterator[Said]:
    rng = Random(f"{seed} {channel}")
    answers = _answers(rng, sessions)
    people = sorted({name for session in sessions for name, _ in session})
    lines = _dealt(rng, sessions)
    seconds = 0.0
    for _ in range(messages):
        seconds += gap * rng.expovariate(1.0)
        name, text = next(lines)
        yield Said(
            channel=channel,
            seconds=seconds,
            author_id=_FIRST_PERSON + channel * len(people) + people.index(name),
            author_name=name,
            text=text,
            answer=next(answers) if rng.random() < ANSWERED else None,
        )


def _answers(rng: Random, sessions: tuple[Dialogue, ...]) -> Iterator[str]:
    """Yield what is answered, its words in any order: who repeats themself is asked once more (C47).

    Of an answer only its length matters here.
    """
    texts = [text.split() for session in sessions for _, text in session]
    while True:
        for words in rng.sample(texts, len(texts)):
            yield " ".join(rng.sample(words, len(words)))


def _dealt(rng: Random, sessions: tuple[Dialogue, ...]) -> Iterator[tuple[str, str]]:
    while True:
        for session in rng.sample(sessions, len(sessions)):
            yield from session


def _from_templates(seed: int) -> tuple[tuple[Dialogue, ...], ...]:
    rng = Random(seed)
    return tuple(
        tuple(_dialogue(rng, one, other) for _ in range(_GENERATED_SESSIONS))
        for one, other in _GENERATED_PAIRS
    )
