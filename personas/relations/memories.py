"""What two personas remember of what they did together: which encounters mattered, each in one line (F093).

The words that were said are never in it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from personas.relations.affinity import DELTAS, Interaction

MOST_SHARED = 10
"""Two personas remember so many encounters in one place."""
FELL_OUT = "fell out"
_KINDS = (Interaction.COLLABORATION, Interaction.COMPLIMENT, Interaction.INSULT)
_ONCE = ("made up", "at odds", "besties", "friends", "inseparable", "old acquaintances", "first words")
"""Milestones by how telling they are: where one encounter reaches several, the first of them counts."""
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
    """What became of an encounter: its `change` for the speaker before any bound, the milestones that it
    reached, and whether a conflict began."""

    kind: Interaction
    change: float
    reached: Collection[str] = ()
    fell_out: bool = False


def remembered(met: Shared) -> str | None:
    """Return as what two remember an encounter; None for one that did not matter.

    It matters where a conflict began, where they became something to each other, and where they did something
    together, or said something very kind or unkind: what counts less for its circumstances does not.
    """
    if met.fell_out:
        return FELL_OUT
    once = next((name for name in _ONCE if name in met.reached), None)
    telling = met.kind in _KINDS and abs(met.change) >= abs(DELTAS[met.kind])
    if once == "first words" and telling:
        return met.kind.value
    return once or (met.kind.value if telling else None)


def told(code: str, speaker: str, other: str, topic: str | None) -> str:
    """Return what two remember, in a line: `Fangs paid Nyx a compliment, about stars`."""
    line = WORDS.get(code, "{speaker} and {other} met").format(speaker=speaker, other=other)
    return f"{line}, about {topic}" if topic else line
