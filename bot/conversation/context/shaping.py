"""What shifts the traits of a character, written down with the reply that becomes history (F104)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from database import UnitOfWork
from database.models import Growth, TraitShift
from personas import personality
from personas.personality import Trait
from personas.relations.affinity import Interaction
from personas.relations.bonds import Tone


@dataclass(frozen=True, slots=True)
class TraitCause:
    """Why traits shift: a kind of encounter with the character `other`, or the tone of a person."""

    name: str
    spoke: bool = False
    other: str | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Shaped:
    """How far a character has grown, as it was read, and what shifts its traits now."""

    slug: str
    growth: Growth | None
    steps: Mapping[Trait, float]
    cause: TraitCause


def by_tone(slug: str, growth: Growth | None, tone: Tone, *, person_id: int | None) -> list[Shaped]:
    """Return what the tone of a person does to a character; without `person_id` nobody may be noted."""
    return [Shaped(slug, growth, personality.TONES.get(tone, {}), TraitCause(tone, person_id=person_id))]


async def by_encounter(
    db: UnitOfWork, slug: str, growth: Growth | None, other: str, kind: Interaction
) -> list[Shaped]:
    """Return what it does to both that one character said something to another; `growth` is the speaker's."""
    heard = personality.HEARD.get(kind, {})
    theirs = await db.characters.grown(other) if heard else None
    spoke = Shaped(slug, growth, personality.SPOKE.get(kind, {}), TraitCause(kind, spoke=True, other=other))
    return [spoke, Shaped(other, theirs, heard, TraitCause(kind, other=slug))]


async def shape(db: UnitOfWork, shaped: Iterable[Shaped], now: datetime) -> None:
    """Let traits shift, and keep why."""
    growths, shifts = [], []
    for one in shaped:
        traits, moved = personality.shifted(traits_of(one.growth, now), one.steps)
        if not moved:
            continue
        growths.append(grown(one.slug, traits, now))
        cause = one.cause
        shifts += [
            TraitShift(one.slug, now, trait, change, cause.name, cause.spoke, cause.other, cause.person_id)
            for trait, change in moved.items()
        ]
    if shifts:
        await db.characters.shape(growths, shifts)


def traits_of(growth: Growth | None, now: datetime) -> dict[str, float]:
    """Return how far from its card's own a character's traits are by now."""
    if growth is None or growth.traits_at is None:
        return {}
    return personality.left(growth.traits or {}, growth.traits_at, now)


def grown(slug: str, traits: Mapping[str, float], now: datetime) -> Growth:
    """Return the row that keeps traits as they are now; how often it has spoken stays as it is."""
    return Growth(slug, traits=dict(traits), traits_at=now)
