"""Shifts of a character's traits, stored with the reply that becomes history (F104)."""

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
    """The cause of a shift: an encounter with the character `other`, or the tone of a person."""

    name: str
    spoke: bool = False
    other: str | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Shaped:
    """A character's growth as it was read, and the causes of new shifts."""

    slug: str
    growth: Growth | None
    steps: Mapping[Trait, float]
    cause: TraitCause


def by_tone(slug: str, growth: Growth | None, tone: Tone, *, person_id: int | None) -> list[Shaped]:
    """Return the effect of a person's tone on a character; without `person_id` no person may be noted."""
    return [Shaped(slug, growth, personality.TONES.get(tone, {}), TraitCause(tone, person_id=person_id))]


async def by_encounter(
    db: UnitOfWork, slug: str, growth: Growth | None, other: str, kind: Interaction
) -> list[Shaped]:
    """Return the effect on both characters of one's line to the other; `growth` is the speaker's."""
    heard = personality.HEARD.get(kind, {})
    growth_of_other = await db.characters.grown(other) if heard else None
    spoke = Shaped(slug, growth, personality.SPOKE.get(kind, {}), TraitCause(kind, spoke=True, other=other))
    return [spoke, Shaped(other, growth_of_other, heard, TraitCause(kind, other=slug))]


async def shape(db: UnitOfWork, shaped: Iterable[Shaped], now: datetime) -> None:
    """Shift traits, and store the cause."""
    growths, shifts = [], []
    for shaping in shaped:
        traits, moved = personality.shifted(traits_of(shaping.growth, now), shaping.steps)
        if not moved:
            continue
        growths.append(grown(shaping.slug, traits, now))
        cause = shaping.cause
        shifts += [
            TraitShift(
                shaping.slug, now, trait, change, cause.name, cause.spoke, cause.other, cause.person_id
            )
            for trait, change in moved.items()
        ]
    if shifts:
        await db.characters.shape(growths, shifts)


def traits_of(growth: Growth | None, now: datetime) -> dict[str, float]:
    """Return the current difference of a character's traits from its card's."""
    if growth is None or growth.traits_at is None:
        return {}
    return personality.left(growth.traits or {}, growth.traits_at, now)


def grown(slug: str, traits: Mapping[str, float], now: datetime) -> Growth:
    """Return the row that stores the current traits; the count of answers stays the same."""
    return Growth(slug, traits=dict(traits), traits_at=now)
