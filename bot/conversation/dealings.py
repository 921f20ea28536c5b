"""Effects of one character's line on the relation to another character (F091-F094)."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.config import Direction
from bot.conversation.context.mood_state import InnerLife, day_keys
from bot.conversation.context.shaping import by_encounter, shape
from bot.core.clock import Clock
from database import UnitOfWork
from database.models import Affinity, CueRow, Encounter, MessageRow
from database.repositories.affinities import AffinityPair
from database.repositories.characters import CharacterStanding
from personas.character import names_of
from personas.relations import affinity
from personas.relations.affinity import Conflict, Interaction
from personas.relations.circumstances import Around, factors, modifier
from personas.relations.memories import Shared, remembered
from personas.relations.signs import interaction_of
from personas.selection.mentions import about, spoken

LONGEST_TOPIC = 100
NOBODY = 0


@dataclass(frozen=True, slots=True)
class SaidTo:
    """A line of one character to another: `answered` is the line before it, `line` the speaker's last row,
    and `text` all rows together; `cue` is its reason to speak, if any.
    """

    speaker: PlayedCharacter
    other: PlayedCharacter
    answered: MessageRow
    line: MessageRow
    text: str
    cue: CueRow | None


@dataclass(frozen=True, slots=True)
class Sore:
    """A conflict of two characters: its current severity, and the topics that just came up."""

    known: dict[str, Conflict]
    stirred: tuple[str, ...]

    @property
    def begun(self) -> str | None:
        """The first topic that caused no conflict until now."""
        return next((topic for topic in self.stirred if topic not in self.known), None)

    @property
    def severity(self) -> float:
        return max((conflict.severity for conflict in self.known.values()), default=0.0)


class Dealings:
    """Stores encounters of characters, in the transaction that makes a reply history."""

    def __init__(self, company: Company, inner: InnerLife, clock: Clock, direction: Direction) -> None:
        self._company = company
        self._inner = inner
        self._clock = clock
        self._direction = direction

    async def of(
        self,
        db: UnitOfWork,
        speaker: PlayedCharacter,
        lines: Sequence[MessageRow],
        answered: MessageRow,
        cue: CueRow | None,
    ) -> list[str]:
        """Store the effects of one character's line to another; return descriptions of the changes."""
        other = self._company.by_slug.get(answered.character or "")
        if other is None or other is speaker:
            return []
        text = "\n".join(line.text for line in lines)
        return await self._store_encounter(db, SaidTo(speaker, other, answered, lines[-1], text, cue))

    async def _store_encounter(self, db: UnitOfWork, said: SaidTo) -> list[str]:
        speaker, other = said.speaker.slug, said.other.slug
        kind = _kind(said)
        pair = await db.affinities.pair(speaker, other)
        achieved = await db.affinities.milestones(speaker, other)
        standing = await db.characters.standing(NOBODY, speaker, day_keys(speaker))
        sore = await self._sore(db, said)
        parts = factors(kind, self._circumstances(said, pair, standing, sore))
        m = modifier(parts)
        change, echo = affinity.shift(pair.value, kind, m, back=pair.back)
        value, back, dealings = pair.value + change, pair.back + echo, pair.dealings + 1
        reached = affinity.milestones(value, dealings, achieved)
        stage = affinity.stage_after(pair.stage, value, dealings)
        stage_back = affinity.stage_after(pair.stage_back, back, dealings)
        await db.affinities.keep_all(
            [Affinity(speaker, other, value, stage), Affinity(other, speaker, back, stage_back)]
        )
        became = [*reached, *([] if stage == pair.stage else [f"now {stage}"])]
        memory = remembered(Shared(kind, affinity.DELTAS[kind] * m, reached, fell_out=bool(sore.begun)))
        await db.affinities.met(
            Encounter(
                speaker=speaker,
                other=other,
                kind=kind,
                at=self._clock.now(),
                channel_id=said.answered.channel_id,
                message_id=said.line.id,
                change=change,
                back=echo,
                milestone=", ".join(became) or None,
                modifier=m,
                circumstances=parts or None,
                memory=memory,
                topic=sore.begun or (_topic(said) if memory == kind else None),
            )
        )
        await self._inner.heard_another(db, said.other, kind, channel_id=said.answered.channel_id)
        shaped = await by_encounter(db, speaker, standing.growth, other, kind)
        await shape(db, shaped, self._clock.now())
        await self._fall_out(db, said, sore)
        return became

    def _circumstances(
        self, said: SaidTo, pair: AffinityPair, standing: CharacterStanding, sore: Sore
    ) -> Around:
        return Around(
            in_scene=said.cue is not None and said.cue.scene_id is not None,
            last=Interaction(pair.kind) if pair.kind else None,
            since=self._clock.now() - (pair.at or self._clock.now()),
            severity=sore.severity,
            mood=self._inner.mood_name(said.speaker, standing),
        )

    async def _sore(self, db: UnitOfWork, said: SaidTo) -> Sore:
        """Return the remaining severity of a conflict, and its topics that just came up (F094, C73)."""
        if not self._direction.conflicts:
            return Sore({}, ())
        speaker, other = said.speaker, said.other
        topics = dict.fromkeys(
            (
                *speaker.character.conflicts.get(other.slug, ()),
                *other.character.conflicts.get(speaker.slug, ()),
            )
        )
        rows = await db.affinities.conflicts(speaker.slug, other.slug)
        left = (
            affinity.decayed(
                Conflict(row.topic, row.severity, row.at), self._clock.now(), rate=self._direction.decay
            )
            for row in rows
        )
        known = {conflict.topic: conflict for conflict in left if conflict is not None}
        return Sore(known, affinity.stirred(said.text, topics))

    async def _fall_out(self, db: UnitOfWork, said: SaidTo, sore: Sore) -> None:
        """Let each sore topic that came up escalate its conflict."""
        now = self._clock.now()
        for topic in sore.stirred:
            worse = affinity.escalated(
                sore.known.get(topic, Conflict(topic, 0.0, now)),
                now,
                amount=self._direction.escalation,
                rate=self._direction.decay,
            )
            await db.affinities.fell_out(
                said.speaker.slug,
                said.other.slug,
                topic,
                severity=worse.severity,
                at=now,
                message_id=said.line.id,
            )


def _kind(said: SaidTo) -> Interaction:
    if said.cue and said.cue.kind:
        return Interaction(said.cue.kind)
    return interaction_of(said.text, names_of(said.other.character), before=said.answered.text)


def _topic(said: SaidTo) -> str | None:
    """Return the interest that the line mentions: no other words of it are stored."""
    interests = (*said.speaker.character.interests, *said.other.character.interests)
    return next(iter(about(spoken(said.text), interests)), "")[:LONGEST_TOPIC] or None
