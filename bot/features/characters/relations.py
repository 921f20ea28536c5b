"""Relations between characters, for admins, who can undo single encounters (C72, C73)."""

from collections import Counter
from dataclasses import dataclass

from bot.audit import Actor, AuditLog
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.config import Direction
from bot.core.clock import Clock
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from database import Database
from database.models import Affinity, Encounter
from personas.relations import affinity
from personas.relations.memories import MOST_SHARED

LATEST = 15
NO_ENCOUNTER = _("There is no encounter {number} that still counts: /admin relations lists them.")


class NoSuchEncounter(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """The encounter can't be undone; the text says why."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A character's relation to another; `conflicts` are topics and severities from 0 to 1."""

    role: PlayedCharacter
    other: PlayedCharacter
    value: float
    back: float
    stage: str
    traits: dict[str, float]
    milestones: tuple[str, ...]
    conflicts: tuple[tuple[str, float], ...]
    latest: tuple[Encounter, ...]
    memories: tuple[Encounter, ...] = ()


class Relations:
    """Shows relations between characters, and lets admins change them."""

    def __init__(
        self,
        database: Database,
        company: Company,
        audit: AuditLog,
        clock: Clock,
        direction: Direction,
    ) -> None:
        self._database = database
        self._company = company
        self._audit = audit
        self._clock = clock
        self._direction = direction

    async def of(self, role: PlayedCharacter, other: PlayedCharacter) -> Relation:
        """Return a character's relation to another."""
        now, rate = self._clock.now(), self._direction.decay
        async with self._database.read() as db:
            pair = await db.affinities.pair(role.slug, other.slug)
            encounters = await db.affinities.encounters(role.slug, other.slug, limit=affinity.HISTORY_MOST)
            milestones = await db.affinities.milestones(role.slug, other.slug)
            rows = await db.affinities.conflicts(role.slug, other.slug)
            memories = await db.affinities.remembered(role.slug, other.slug, limit=MOST_SHARED)
        counts = Counter(
            affinity.Interaction(encounter.kind) for encounter in encounters if encounter.reverted_at is None
        )
        faded = (
            affinity.decayed(affinity.Conflict(row.topic, row.severity, row.at), now, rate=rate)
            for row in rows
        )
        return Relation(
            role,
            other,
            pair.value,
            pair.back,
            pair.stage or affinity.stage_after("", pair.value, 0),
            affinity.traits(counts),
            tuple(sorted(milestones)),
            tuple((conflict.topic, conflict.severity) for conflict in faded if conflict is not None),
            tuple(encounters[:LATEST]),
            tuple(memories),
        )

    async def others(self, role: PlayedCharacter) -> list[Relation]:
        """Return a character's relations to all other characters."""
        return [await self.of(role, other) for other in self._company if other.slug != role.slug]

    async def take_back(self, actor: Actor, encounter_id: int) -> Encounter:
        """Undo an encounter's effect on two characters' affinity. Raises NoSuchEncounter."""
        async with self._database.begin() as db:
            found = await db.affinities.encounter(encounter_id)
            if found is None or not await db.affinities.reverted(encounter_id, at=self._clock.now()):
                raise NoSuchEncounter(NO_ENCOUNTER.format(number=encounter_id))
            pair = await db.affinities.pair(found.speaker, found.other)
            value = affinity.clamped(pair.value - found.change)
            back = affinity.clamped(pair.back - found.back)
            stage = affinity.stage_after(pair.stage, value, pair.dealings)
            stage_back = affinity.stage_after(pair.stage_back, back, pair.dealings)
            rows = (found.speaker, found.other, value, stage), (found.other, found.speaker, back, stage_back)
            await db.affinities.keep_all([Affinity(*row) for row in rows])
        await self._audit.note(actor, "relations", f"took back encounter {encounter_id}")
        return found

    async def make_up(self, actor: Actor, role: PlayedCharacter, other: PlayedCharacter) -> int:
        """End all conflicts of two characters; return their number."""
        async with self._database.begin() as db:
            ended = await db.affinities.made_up(role.slug, other.slug)
        await self._audit.note(actor, "relations", f"{role.slug} and {other.slug} made up: {ended}")
        return ended
