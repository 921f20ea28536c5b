"""Shared memories of two personas: the encounters that mattered, one line each (F093).

They never contain the words that were said.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from personas.relations.affinity import DELTAS, Interaction

MOST_SHARED = 10
"""Maximum number of memories that two personas share in a channel."""
FELL_OUT = "fell out"
_KINDS = (Interaction.COLLABORATION, Interaction.COMPLIMENT, Interaction.INSULT)
_ONCE = ("made up", "at odds", "besties", "friends", "inseparable", "old acquaintances", "first words")
"""Milestones by importance: if an encounter reaches several, the first counts."""
WORDS: Mapping[str, str] = {
    FELL_OUT: "{speaker} and {other} fell out",
    "made up": "{speaker} and {other} made up",
    "at odds": "{speaker} and {other} came to be at odds",
    "besties": "{speaker} and {other} became best friends",
    "friends": "{speaker} and {other} became friends",
    "inseparable": "{speaker} and {other} came to be inseparable",
    "old acquaintances": "{speaker} and {other} came to be old acquaintances",
    "first words": "{speaker} and {other} spoke for the first time",
    Interaction.COLLABORATION: "{speaker} and {other} did something together",
    Interaction.COMPLIMENT: "{speaker} paid {other} a compliment",
    Interaction.INSULT: "{speaker} insulted {other}",
}


@dataclass(frozen=True, slots=True)
class Shared:
    """The effect of an encounter: the speaker's `change` before bounds, the milestones reached, and whether a
    conflict began."""

    kind: Interaction
    change: float
    reached: Collection[str] = ()
    fell_out: bool = False


def remembered(met: Shared) -> str | None:
    """Return the memory that two keep of an encounter; None if it did not matter.

    It matters if a conflict began, if a milestone was reached, or if they did something together or said
    something very kind or unkind, unless circumstances weakened it.
    """
    if met.fell_out:
        return FELL_OUT
    once = next((name for name in _ONCE if name in met.reached), None)
    telling = met.kind in _KINDS and abs(met.change) >= abs(DELTAS[met.kind])
    if once == "first words" and telling:
        return met.kind.value
    return once or (met.kind.value if telling else None)


def told(code: str, speaker: str, other: str, topic: str | None) -> str:
    """Return a memory in words: `Fangs paid Nyx a compliment, about stars`."""
    line = WORDS.get(code, "{speaker} and {other} met").format(speaker=speaker, other=other)
    return f"{line}, about {topic}" if topic else line
