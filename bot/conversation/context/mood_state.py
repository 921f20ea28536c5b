"""A character's inner life as it meets a conversation: what it feels now, how it stands with a person.

What is felt is read before a reply, and moved when the reply has been said: in the same transaction, so that
nothing counts twice. All of it stands at the prompt's very end, in a few words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from bot.conversation.company import PlayedCharacter
from bot.conversation.context.musings import OwnThoughts
from bot.conversation.context.shaping import by_tone, shape, traits_of
from bot.core.clock import Clock
from bot.prompts import fill
from database import UnitOfWork
from database import models as rows
from database.repositories.characters import CharacterStanding
from memory.rules import Consent
from personas import personality
from personas.affect import hormones, hostility, moods
from personas.affect.hormones import Feeling, Nature
from personas.affect.hostility import HostilityState
from personas.affect.temperament import ATTACKS, DayMood, Hormone, Stimulus
from personas.relations import bonds
from personas.relations.affinity import Interaction
from personas.relations.bonds import Bond, Tone

RECENT = timedelta(hours=1)
"""So long what happened is named as the cause of a mood."""
STAGE = "stage"
"""Stands in the ledger in place of a metric where two came to another stage (C74)."""
DAY = "day"
"""The kind of a stirring that is no stimulus: what the day is like changed."""
_MOVES: Mapping[Tone, Stimulus] = {
    Tone.PRAISE: Stimulus.PRAISE,
    Tone.GRATITUDE: Stimulus.GRATITUDE,
    Tone.RUDENESS: Stimulus.RUDENESS,
    Tone.CONFLICT: Stimulus.CONFLICT,
    Tone.THREAT: Stimulus.THREAT,
}
_AMONG: Mapping[Interaction, Stimulus] = {
    Interaction.COMPLIMENT: Stimulus.PRAISE,
    Interaction.INSULT: Stimulus.CONFLICT,
    Interaction.ARGUMENT: Stimulus.CONFLICT,
}
"""What another character says moves too."""
WORDS: Mapping[Stimulus, str] = {
    Stimulus.PRAISE: "praise",
    Stimulus.GRATITUDE: "thanks",
    Stimulus.RUDENESS: "rude words",
    Stimulus.CONFLICT: "a quarrel",
    Stimulus.THREAT: "a threat",
    Stimulus.NEGLECT: "a long silence",
}


@dataclass(frozen=True, slots=True)
class Inner:
    """What was read: what is felt, what the day is like, how the person stands with the character.

    `guard` is what attacks left, None where nobody attacked so lately that it shows.
    """

    feeling: Feeling
    day: Mapping[DayMood, int] = field(default_factory=dict)
    bond: Bond | None = None
    kind: str = ""
    guard: HostilityState | None = None
    manner: str = ""
    """How its manner differs from its card's own, in a few words (F104)."""


class InnerLife:
    """Reads what is felt, puts it into words, and lets it be moved by what happens."""

    def __init__(self, *, clock: Clock, zone: tzinfo, learns: Consent) -> None:
        self._clock = clock
        self.zone = zone
        self._learns = learns
        self._guilds: dict[int, int | None] = {}
        self.musings = OwnThoughts(clock, learns)

    def nature(self, role: PlayedCharacter) -> Nature:
        return Nature(role.character.temperament, self.zone)

    async def read(self, db: UnitOfWork, role: PlayedCharacter, person_id: int, *, private: bool) -> Inner:
        """Return what is true before a reply to somebody.

        What they chose to be to each other was chosen alone, and shows in `private` only.
        """
        standing = await db.characters.standing(person_id, role.slug, day_keys(role.slug))
        known = standing.bond if self._may_note(standing) else None
        now = self._clock.now()
        feeling = feeling_of(standing.feeling, now)
        return Inner(
            feeling,
            _day(standing.states),
            bond_of(known) if known else None,
            kind_of(role, known if private else None),
            await self.guard(db, role, feeling) if _attacked(feeling, now - hostility.SHOWS_FOR) else None,
            _manner(standing.growth, now),
        )

    async def guard(self, db: UnitOfWork, role: PlayedCharacter, feeling: Feeling) -> HostilityState | None:
        """Return what attacks left of hostility, and made of the skin; None where nobody attacked lately."""
        now, temperament = self._clock.now(), role.character.temperament
        since = now - hostility.REMEMBERED
        if not temperament.hostility or not _attacked(feeling, since):
            return None
        settled = await settled_at(db, role.slug)
        attacks = await db.characters.attacks(role.slug, since=max(since, settled or since))
        return hostility.guard_after([(at, Stimulus(kind)) for at, kind in attacks], temperament, now)

    # In words.

    def levels(self, role: PlayedCharacter, inner: Inner) -> dict[Hormone, float]:
        return hormones.levels(inner.feeling, self.nature(role), self._clock.now())

    def tempo(self, role: PlayedCharacter, inner: Inner) -> float:
        """Return how fast it types now, 1 for as fast as ever (C69)."""
        return moods.tempo_of(self.levels(role, inner))

    def notes(self, role: PlayedCharacter, inner: Inner, person: str) -> list[str]:
        """Return what stands of it at the prompt's end: nothing where there is nothing to say."""
        said = []
        if mood := self.mood_words(role, inner):
            said.append(fill("mood", name=role.name, mood=mood))
        if note := _guard_note(role, inner.guard):
            said.append(note)
        if inner.manner:
            said.append(fill("manner", name=role.name, manner=inner.manner))
        if inner.bond is not None:
            bond, _ = bonds.cooled(inner.bond, self._clock.now())
            words = [bonds.RELATIONSHIP_TYPES[inner.kind][bonds.label_of(bond)], *bonds.words_of(bond)]
            said.append(fill("bond", name=role.name, person=person, bond="; ".join(words)))
        return said

    def guard_told(self, role: PlayedCharacter, inner: Inner, notes: Sequence[str]) -> tuple[float, ...]:
        """Return how hostile it is and how thick its skin, if one of the notes speaks of that."""
        if inner.guard is None or _guard_note(role, inner.guard) not in notes:
            return ()
        skin = hostility.skin_of(inner.guard, role.character.temperament)
        return round(inner.guard.hostility, 2), round(skin, 2)

    def mood_name(self, role: PlayedCharacter, standing: CharacterStanding) -> str:
        """Return what its mood is called, "" for none; `standing` was read with `day_keys`."""
        feeling = feeling_of(standing.feeling, self._clock.now())
        levels = hormones.levels(feeling, self.nature(role), self._clock.now())
        mood = moods.mood_of(levels, _day(standing.states), role.character.temperament)
        return mood.name if mood else ""

    def mood_words(self, role: PlayedCharacter, inner: Inner) -> str:
        """Return the mood in words, with what lately made it: `stressed after a quarrel: short ...`."""
        levels, temperament = self.levels(role, inner), role.character.temperament
        said = [f"{mood} {value} of 10" for mood, value in moods.telling(inner.day, temperament).items()]
        day = f"a day of {', '.join(said)}" if said else ""
        sleepy = "sleepy" if moods.is_sleepy(levels) else ""
        mood = moods.mood_of(levels, inner.day, temperament)
        now = f"{mood.name}{self._because(inner)}: {mood.manner}" if mood else ""
        return "; ".join(one for one in (day, now, sleepy) if one)

    def moods(self, role: PlayedCharacter, inner: Inner) -> list[str]:
        """Return what it feels by name: what the day is unusually full of, the mood, whether it is sleepy."""
        levels, temperament = self.levels(role, inner), role.character.temperament
        day = moods.telling(inner.day, temperament)
        felt = [str(mood) for mood, value in day.items() if value >= temperament.usually(mood)]
        mood = moods.mood_of(levels, inner.day, temperament)
        return [*felt, *([mood.name] if mood else []), *(["sleepy"] if moods.is_sleepy(levels) else [])]

    def _because(self, inner: Inner) -> str:
        """Name what happened last, without whom: what was said elsewhere is nobody's business here."""
        since = self._clock.now() - RECENT
        lately = {at: WORDS[one] for one, at in inner.feeling.lately.items() if one in WORDS and at >= since}
        return f" after {lately[max(lately)]}" if lately else ""

    # What happens.

    async def take_in(self, db: UnitOfWork, role: PlayedCharacter, turn: rows.Turn) -> None:
        """Be moved by what a person said, once, in the transaction that makes the answer history.

        Of who did not agree neither they nor the place is noted: a private place tells who it was.
        """
        if turn.tone is None:
            return  # it answered no person
        tone = Tone(turn.tone)
        standing = await db.characters.standing(turn.addressee_id, role.slug)
        noted = self._may_note(standing)
        whose = turn.addressee_id if noted else None
        shaped = by_tone(role.slug, standing.growth, tone, person_id=whose)
        await shape(db, shaped, self._clock.now())
        if not noted:
            await self._stir(db, role, self._stimuli(tone), standing.feeling)
            return
        await self._stir(db, role, self._stimuli(tone), standing.feeling, turn.addressee_id, turn.channel_id)
        await self._grow_closer(db, role, turn, tone, standing.bond)

    async def heard_another(
        self, db: UnitOfWork, role: PlayedCharacter, kind: Interaction, *, channel_id: int
    ) -> None:
        """Be moved by what another character said."""
        if stimulus := _AMONG.get(kind):
            felt = await db.characters.feeling(role.slug)
            await self._stir(db, role, [stimulus], felt, channel_id=channel_id)

    def _may_note(self, standing: CharacterStanding) -> bool:
        """Say whether anything about the person may be kept (D03)."""
        if self._learns == "off":
            return False
        return standing.agreed is True or (self._learns == "opt_out" and standing.agreed is not False)

    def _stimuli(self, tone: Tone) -> list[Stimulus]:
        moved = [Stimulus.MENTION]
        if stimulus := _MOVES.get(tone):
            moved.append(stimulus)
        return [*moved, Stimulus.NIGHT] if hormones.is_night(self._clock.now(), self.zone) else moved

    async def _stir(
        self,
        db: UnitOfWork,
        role: PlayedCharacter,
        stimuli: Sequence[Stimulus],
        felt: rows.FeelingRow | None,
        person_id: int | None = None,
        channel_id: int | None = None,
    ) -> None:
        now, stirred = self._clock.now(), []
        feeling = feeling_of(felt, now)
        hard = await self._strength(db, role, feeling) if any(one in ATTACKS for one in stimuli) else 1.0
        guild_id = await self._guild_of(db, channel_id) if channel_id is not None else None
        for one in stimuli:
            hit = hard if one in ATTACKS else 1.0
            feeling = hormones.felt(feeling, self.nature(role), one, now, hit)
            stirred.append(rows.Stirring(role.slug, feeling.at, one, person_id, channel_id, guild_id))
        await db.characters.stir(stirred)
        await db.characters.keep_feeling(row_of(role.slug, feeling))

    async def _strength(self, db: UnitOfWork, role: PlayedCharacter, feeling: Feeling) -> float:
        """Return how hard an attack hits through the skin that it finds."""
        guard = await self.guard(db, role, feeling) or HostilityState(self._clock.now())
        return hostility.strength(guard, role.character.temperament)

    async def _guild_of(self, db: UnitOfWork, channel_id: int) -> int | None:
        """Return the server of a channel, which never changes."""
        if channel_id not in self._guilds:
            channel = await db.channels.get(channel_id)
            self._guilds[channel_id] = channel.guild_id if channel else None
        return self._guilds[channel_id]

    async def _grow_closer(
        self, db: UnitOfWork, role: PlayedCharacter, turn: rows.Turn, tone: Tone, known: rows.BondRow | None
    ) -> None:
        """Let one exchange change how the two stand, by a step at most, with its cause (C71)."""
        now = self._clock.now()
        before = bond_of(known) if known else Bond(now)
        register = turn.register or 0
        bond, steps = bonds.shifted(before, tone, register, now)
        if any(one.cause != bonds.TIME for one in steps):
            lately = await db.bonds.causes(turn.addressee_id, role.slug, since=now - bonds.AGAIN, until=now)
            bond, steps = bonds.shifted(before, tone, register, now, lately=lately)
        stage = bonds.stage_after(bond)
        entries = [(one.metric.value, one.change, one.cause) for one in steps]
        if before.stage and stage != before.stage:
            entries.append((STAGE, 0, stage))
        ledger = [
            rows.BondChange(
                turn.addressee_id,
                role.slug,
                now,
                *one,
                message_id=turn.trigger_id,
                channel_id=turn.channel_id,
            )
            for one in entries
        ]
        await db.bonds.note(ledger)
        kept = bond_row(turn.addressee_id, role.slug, replace(bond, stage=stage), talked_at=now)
        kept.kind = known.kind if known else None
        await db.bonds.keep(kept)


async def day_of(db: UnitOfWork, slug: str) -> dict[DayMood, int]:
    """Return what the day is like for a character, as far as it is known (F087)."""
    found = await db.states.of([day_key(slug, mood) for mood in DayMood])
    return _day([found.get(day_key(slug, mood)) for mood in DayMood])


def _day(values: Sequence[str | None]) -> dict[DayMood, int]:
    """Return a day from what stands in the global state; what is no number is left out."""
    day = zip(DayMood, values, strict=True)
    return {mood: min(int(value[:4]), 10) for mood, value in day if value is not None and value.isdecimal()}


def _manner(growth: rows.Growth | None, now: datetime) -> str:
    """Return how its traits make it differ from its card's own; "" for what is too near to tell."""
    return personality.manner(traits_of(growth, now)) if growth is not None and growth.traits else ""


def day_keys(slug: str) -> list[str]:
    """Return the keys of a whole day's mood in the global state."""
    return [day_key(slug, mood) for mood in DayMood]


def day_key(slug: str, mood: DayMood) -> str:
    """Return the key under which a day's mood stands in the global state: `daily_mood_anger nyx`."""
    return f"daily_mood_{mood} {slug}"


def _attacked(feeling: Feeling, since: datetime) -> bool:
    return any(feeling.lately[one] >= since for one in ATTACKS if one in feeling.lately)


def _guard_note(role: PlayedCharacter, guard: HostilityState | None) -> str:
    """Return what the prompt's end says of hostility; who it was that attacked is nobody's business there."""
    posture = guard.posture if guard else None
    return fill("guard", name=role.name, manner=posture.manner) if posture else ""


def settled_key(slug: str) -> str:
    """Return the key of the moment from which on attacks count, if operators let them be over."""
    return f"hostility_settled {slug}"


async def settled_at(db: UnitOfWork, slug: str) -> datetime | None:
    """Return the moment at which an operator let all attacks before it be over."""
    try:
        return datetime.fromisoformat(await db.states.get(settled_key(slug)) or "")
    except ValueError:
        return None


def kind_of(role: PlayedCharacter, bond: rows.BondRow | None) -> str:
    """Return what sort of relationship it is: as the person chose it, else the character's first."""
    allowed = role.character.relationships
    return bond.kind if bond and bond.kind in allowed else allowed[0]


# Between rows and values.


def feeling_of(row: rows.FeelingRow | None, now: datetime) -> Feeling:
    """Return what a row says; who has none is at rest. What a clock that ran ahead wrote is of now."""
    if row is None:
        return hormones.at_rest(now)
    return Feeling(
        min(row.at, now),
        min(row.talked_at, now),
        {Hormone(name): value for name, value in row.deviations.items()},
        {Hormone(name): value for name, value in row.shift.items()},
        {Stimulus(name): min(datetime.fromisoformat(at), now) for name, at in row.lately.items()},
    )


def row_of(slug: str, feeling: Feeling) -> rows.FeelingRow:
    """Return the row that keeps a feeling."""
    return rows.FeelingRow(
        slug,
        feeling.at,
        feeling.talked_at,
        {str(name): value for name, value in feeling.deviations.items()},
        {str(name): value for name, value in feeling.shift.items()},
        {str(name): at.isoformat() for name, at in feeling.lately.items()},
    )


def bond_of(row: rows.BondRow) -> Bond:
    """Return what a row says."""
    return Bond(row.changed_at, row.anger, row.rapport, row.trust, row.formality, row.exchanges, row.stage)


def bond_row(user_id: int, slug: str, bond: Bond, *, talked_at: datetime) -> rows.BondRow:
    """Return the row that keeps a bond."""
    return rows.BondRow(
        user_id,
        slug,
        bond.changed_at,
        talked_at,
        anger=bond.anger,
        rapport=bond.rapport,
        trust=bond.trust,
        formality=bond.formality,
        exchanges=bond.exchanges,
        stage=bond.stage,
    )
