"""A character's inner life in a conversation: its feelings, and its relation to a person.

Feelings are read before a reply and changed after its delivery, in the same transaction, so that nothing
counts twice. A summary of a few words stands at the prompt's very end.
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
"""The time for which an event is named as the cause of a mood."""
STAGE = "stage"
"""Stands in the ledger in place of a metric when a relationship reaches another stage (C74)."""
DAY = "day"
"""The kind of a change that is no stimulus: the day's mood changed."""
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
"""Stimuli from lines of other characters."""
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
    """The state that was read: feelings, the day's mood, and the person's relation to the character.

    `guard` is the effect of attacks, None if no attack was recent enough to matter.
    """

    feeling: Feeling
    day: Mapping[DayMood, int] = field(default_factory=dict)
    bond: Bond | None = None
    kind: str = ""
    guard: HostilityState | None = None
    manner: str = ""
    """The difference between its manner and its card's, in a few words (F104)."""


class InnerLife:
    """Reads feelings, words them, and changes them by events."""

    def __init__(self, *, clock: Clock, zone: tzinfo, learns: Consent) -> None:
        self._clock = clock
        self.zone = zone
        self._learns = learns
        self._guilds: dict[int, int | None] = {}
        self.musings = OwnThoughts(clock, learns)

    def nature(self, role: PlayedCharacter) -> Nature:
        return Nature(role.character.temperament, self.zone)

    async def read(self, db: UnitOfWork, role: PlayedCharacter, person_id: int, *, private: bool) -> Inner:
        """Return the state before a reply to somebody.

        A relationship type chosen in private shows in `private` only.
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
        """Return the hostility and sensitivity left by attacks; None if there was no recent attack."""
        now, temperament = self._clock.now(), role.character.temperament
        since = now - hostility.REMEMBERED
        if not temperament.hostility or not _attacked(feeling, since):
            return None
        settled = await settled_at(db, role.slug)
        attacks = await db.characters.attacks(role.slug, since=max(since, settled or since))
        return hostility.guard_after([(at, Stimulus(kind)) for at, kind in attacks], temperament, now)

    # Wording.

    def levels(self, role: PlayedCharacter, inner: Inner) -> dict[Hormone, float]:
        return hormones.levels(inner.feeling, self.nature(role), self._clock.now())

    def tempo(self, role: PlayedCharacter, inner: Inner) -> float:
        """Return the current typing speed; 1 is normal (C69)."""
        return moods.tempo_of(self.levels(role, inner))

    def notes(self, role: PlayedCharacter, inner: Inner, person: str) -> list[str]:
        """Return the notes for the prompt's end; empty if there is nothing to say."""
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
        """Return its hostility and the thickness of its skin, if one of the notes mentions them."""
        if inner.guard is None or _guard_note(role, inner.guard) not in notes:
            return ()
        skin = hostility.skin_of(inner.guard, role.character.temperament)
        return round(inner.guard.hostility, 2), round(skin, 2)

    def mood_name(self, role: PlayedCharacter, standing: CharacterStanding) -> str:
        """Return the name of its mood, "" for none; `standing` was read with `day_keys`."""
        feeling = feeling_of(standing.feeling, self._clock.now())
        levels = hormones.levels(feeling, self.nature(role), self._clock.now())
        mood = moods.mood_of(levels, _day(standing.states), role.character.temperament)
        return mood.name if mood else ""

    def mood_words(self, role: PlayedCharacter, inner: Inner) -> str:
        """Return the mood in words, with its latest cause: `stressed after a quarrel: short ...`."""
        levels, temperament = self.levels(role, inner), role.character.temperament
        said = [f"{mood} {value} of 10" for mood, value in moods.telling(inner.day, temperament).items()]
        day = f"a day of {', '.join(said)}" if said else ""
        sleepy = "sleepy" if moods.is_sleepy(levels) else ""
        mood = moods.mood_of(levels, inner.day, temperament)
        now = f"{mood.name}{self._latest_cause(inner)}: {mood.manner}" if mood else ""
        return "; ".join(part for part in (day, now, sleepy) if part)

    def moods(self, role: PlayedCharacter, inner: Inner) -> list[str]:
        """Return the names of its feelings: the day's strongest mood, the current mood, sleepiness."""
        levels, temperament = self.levels(role, inner), role.character.temperament
        day = moods.telling(inner.day, temperament)
        felt = [str(mood) for mood, value in day.items() if value >= temperament.usually(mood)]
        mood = moods.mood_of(levels, inner.day, temperament)
        return [*felt, *([mood.name] if mood else []), *(["sleepy"] if moods.is_sleepy(levels) else [])]

    def _latest_cause(self, inner: Inner) -> str:
        """Name the latest event without the person: other conversations are private."""
        since = self._clock.now() - RECENT
        lately = {
            at: WORDS[stimulus]
            for stimulus, at in inner.feeling.lately.items()
            if stimulus in WORDS and at >= since
        }
        return f" after {lately[max(lately)]}" if lately else ""

    # Events.

    async def take_in(self, db: UnitOfWork, role: PlayedCharacter, turn: rows.Turn) -> None:
        """Change feelings by a person's message, once, in the transaction that makes the answer history.

        Without the person's consent neither the person nor the place is noted: a private place identifies the
        person.
        """
        if turn.tone is None:
            return  # the line answered no person
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
        """Change feelings by another character's line."""
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
        hard = (
            await self._strength(db, role, feeling)
            if any(stimulus in ATTACKS for stimulus in stimuli)
            else 1.0
        )
        guild_id = await self._guild_of(db, channel_id) if channel_id is not None else None
        for stimulus in stimuli:
            hit = hard if stimulus in ATTACKS else 1.0
            feeling = hormones.felt(feeling, self.nature(role), stimulus, now, hit)
            stirred.append(rows.Stirring(role.slug, feeling.at, stimulus, person_id, channel_id, guild_id))
        await db.characters.stir(stirred)
        await db.characters.keep_feeling(row_of(role.slug, feeling))

    async def _strength(self, db: UnitOfWork, role: PlayedCharacter, feeling: Feeling) -> float:
        """Return the force of an attack, given the current thickness of the skin."""
        guard = await self.guard(db, role, feeling) or HostilityState(self._clock.now())
        return hostility.strength(guard, role.character.temperament)

    async def _guild_of(self, db: UnitOfWork, channel_id: int) -> int | None:
        """Return the server of a channel; it never changes."""
        if channel_id not in self._guilds:
            channel = await db.channels.get(channel_id)
            self._guilds[channel_id] = channel.guild_id if channel else None
        return self._guilds[channel_id]

    async def _grow_closer(
        self, db: UnitOfWork, role: PlayedCharacter, turn: rows.Turn, tone: Tone, known: rows.BondRow | None
    ) -> None:
        """Let one exchange change the relationship by a step at most, with its cause (C71)."""
        now = self._clock.now()
        before = bond_of(known) if known else Bond(now)
        register = turn.register or 0
        bond, steps = bonds.shifted(before, tone, register, now)
        if any(step.cause != bonds.TIME for step in steps):
            lately = await db.bonds.causes(turn.addressee_id, role.slug, since=now - bonds.AGAIN, until=now)
            bond, steps = bonds.shifted(before, tone, register, now, lately=lately)
        stage = bonds.stage_after(bond)
        entries = [(step.metric.value, step.change, step.cause) for step in steps]
        if before.stage and stage != before.stage:
            entries.append((STAGE, 0, stage))
        ledger = [
            rows.BondChange(
                turn.addressee_id,
                role.slug,
                now,
                *entry,
                message_id=turn.trigger_id,
                channel_id=turn.channel_id,
            )
            for entry in entries
        ]
        await db.bonds.note(ledger)
        kept = bond_row(turn.addressee_id, role.slug, replace(bond, stage=stage), talked_at=now)
        kept.kind = known.kind if known else None
        await db.bonds.keep(kept)


async def day_of(db: UnitOfWork, slug: str) -> dict[DayMood, int]:
    """Return the day's moods of a character, as far as they are known (F087)."""
    found = await db.states.of([day_key(slug, mood) for mood in DayMood])
    return _day([found.get(day_key(slug, mood)) for mood in DayMood])


def _day(values: Sequence[str | None]) -> dict[DayMood, int]:
    """Parse the day's moods from the global state; values that are no numbers are omitted."""
    day = zip(DayMood, values, strict=True)
    return {mood: min(int(value[:4]), 10) for mood, value in day if value is not None and value.isdecimal()}


def _manner(growth: rows.Growth | None, now: datetime) -> str:
    """Return how traits change the manner of its card; "" if the difference is too small."""
    return personality.manner(traits_of(growth, now)) if growth is not None and growth.traits else ""


def day_keys(slug: str) -> list[str]:
    """Return the global state's keys of a day's moods."""
    return [day_key(slug, mood) for mood in DayMood]


def day_key(slug: str, mood: DayMood) -> str:
    """Return the global state's key of a day's mood: `daily_mood_anger nyx`."""
    return f"daily_mood_{mood} {slug}"


def _attacked(feeling: Feeling, since: datetime) -> bool:
    return any(feeling.lately[attack] >= since for attack in ATTACKS if attack in feeling.lately)


def _guard_note(role: PlayedCharacter, guard: HostilityState | None) -> str:
    """Return the prompt's note about hostility; the attacker is not named."""
    posture = guard.posture if guard else None
    return fill("guard", name=role.name, manner=posture.manner) if posture else ""


def settled_key(slug: str) -> str:
    """Return the key of the moment before which attacks don't count, if operators set one."""
    return f"hostility_settled {slug}"


async def settled_at(db: UnitOfWork, slug: str) -> datetime | None:
    """Return the moment before which an operator declared all attacks settled."""
    try:
        return datetime.fromisoformat(await db.states.get(settled_key(slug)) or "")
    except ValueError:
        return None


def kind_of(role: PlayedCharacter, bond: rows.BondRow | None) -> str:
    """Return the type of the relationship: the person's choice, else the character's first type."""
    allowed = role.character.relationships
    return bond.kind if bond and bond.kind in allowed else allowed[0]


# Conversion between rows and values.


def feeling_of(row: rows.FeelingRow | None, now: datetime) -> Feeling:
    """Return the feeling of a row; without a row it is at rest. A time in the future (clock skew) counts as
    now.
    """
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
    """Return the row that stores a feeling."""
    return rows.FeelingRow(
        slug,
        feeling.at,
        feeling.talked_at,
        {str(name): value for name, value in feeling.deviations.items()},
        {str(name): value for name, value in feeling.shift.items()},
        {str(name): at.isoformat() for name, at in feeling.lately.items()},
    )


def bond_of(row: rows.BondRow) -> Bond:
    return Bond(row.changed_at, row.anger, row.rapport, row.trust, row.formality, row.exchanges, row.stage)


def bond_row(user_id: int, slug: str, bond: Bond, *, talked_at: datetime) -> rows.BondRow:
    """Return the row that stores a bond."""
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
