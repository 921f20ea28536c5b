"""A character's inner life as it meets a conversation: what it feels now, how it stands with a person.

What is felt is read before a reply, and moved when the reply has been said: in the same transaction, so that
nothing counts twice. All of it stands at the prompt's very end, in a few words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from bot.conversation.company import Role
from bot.conversation.context.musings import OwnThoughts
from bot.core.clock import Clock
from bot.prompts import fill
from database import UnitOfWork
from database import models as rows
from database.repositories.characters import Standing
from memory.rules import Consent
from personas.affect import hormones, moods
from personas.affect.hormones import Feeling, Nature
from personas.affect.temperament import DayMood, Hormone, Stimulus
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
    Tone.CONFLICT: Stimulus.CONFLICT,
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
    Stimulus.CONFLICT: "a quarrel",
    Stimulus.NEGLECT: "a long silence",
}


@dataclass(frozen=True, slots=True)
class Inner:
    """What was read: what is felt, what the day is like, and how the person stands with the character."""

    feeling: Feeling
    day: Mapping[DayMood, int] = field(default_factory=dict)
    bond: Bond | None = None
    kind: str = ""


class InnerLife:
    """Reads what is felt, puts it into words, and lets it be moved by what happens."""

    def __init__(self, *, clock: Clock, zone: tzinfo, learns: Consent) -> None:
        self._clock = clock
        self.zone = zone
        self._learns = learns
        self._guilds: dict[int, int | None] = {}
        self.musings = OwnThoughts(clock, learns)

    def nature(self, role: Role) -> Nature:
        return Nature(role.character.temperament, self.zone)

    async def read(self, db: UnitOfWork, role: Role, person_id: int, *, private: bool) -> Inner:
        """Return what is true before a reply to somebody.

        What they chose to be to each other was chosen alone, and shows in `private` only.
        """
        keys = [day_key(role.slug, mood) for mood in DayMood]
        standing = await db.characters.standing(person_id, role.slug, keys)
        known = standing.bond if self._may_note(standing) else None
        now = self._clock.now()
        return Inner(
            feeling_of(standing.feeling, now),
            _day(standing.states),
            bond_of(known) if known else None,
            kind_of(role, known if private else None),
        )

    # In words.

    def levels(self, role: Role, inner: Inner) -> dict[Hormone, float]:
        return hormones.levels(inner.feeling, self.nature(role), self._clock.now())

    def tempo(self, role: Role, inner: Inner) -> float:
        """Return how fast it types now, 1 for as fast as ever (C69)."""
        return moods.tempo_of(self.levels(role, inner))

    def notes(self, role: Role, inner: Inner, person: str) -> list[str]:
        """Return what stands of it at the prompt's end: nothing where there is nothing to say."""
        said = []
        if mood := self.mood_words(role, inner):
            said.append(fill("mood", name=role.name, mood=mood))
        if inner.bond is not None:
            bond, _ = bonds.cooled(inner.bond, self._clock.now())
            words = [bonds.RELATIONSHIP_TYPES[inner.kind][bonds.stage_after(bond)], *bonds.words_of(bond)]
            said.append(fill("bond", name=role.name, person=person, bond="; ".join(words)))
        return said

    def mood_words(self, role: Role, inner: Inner) -> str:
        """Return the mood in words, with what lately made it: `stressed after a quarrel: short ...`."""
        levels, temperament = self.levels(role, inner), role.character.temperament
        said = [f"{mood} {value} of 10" for mood, value in moods.telling(inner.day, temperament).items()]
        day = f"a day of {', '.join(said)}" if said else ""
        sleepy = "sleepy" if moods.is_sleepy(levels) else ""
        mood = moods.mood_of(levels, inner.day, temperament)
        now = f"{mood.name}{self._because(inner)}: {mood.manner}" if mood else ""
        return "; ".join(one for one in (day, now, sleepy) if one)

    def _because(self, inner: Inner) -> str:
        """Name what happened last, without whom: what was said elsewhere is nobody's business here."""
        since = self._clock.now() - RECENT
        lately = {at: WORDS[one] for one, at in inner.feeling.lately.items() if one in WORDS and at >= since}
        return f" after {lately[max(lately)]}" if lately else ""

    # What happens.

    async def take_in(self, db: UnitOfWork, role: Role, turn: rows.Turn) -> None:
        """Be moved by what a person said, once, in the transaction that makes the answer history.

        Of who did not agree neither they nor the place is noted: a private place tells who it was.
        """
        if turn.tone is None:
            return  # it answered no person
        tone = Tone(turn.tone)
        standing = await db.characters.standing(turn.addressee_id, role.slug)
        if not self._may_note(standing):
            await self._stir(db, role, self._stimuli(tone), standing.feeling)
            return
        await self._stir(db, role, self._stimuli(tone), standing.feeling, turn.addressee_id, turn.channel_id)
        await self._grow_closer(db, role, turn, tone, standing.bond)

    async def heard_another(self, db: UnitOfWork, role: Role, kind: Interaction, *, channel_id: int) -> None:
        """Be moved by what another character said."""
        if stimulus := _AMONG.get(kind):
            felt = await db.characters.feeling(role.slug)
            await self._stir(db, role, [stimulus], felt, channel_id=channel_id)

    def _may_note(self, standing: Standing) -> bool:
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
        role: Role,
        stimuli: Sequence[Stimulus],
        felt: rows.Feeling | None,
        person_id: int | None = None,
        channel_id: int | None = None,
    ) -> None:
        feeling, stirred = feeling_of(felt, self._clock.now()), []
        guild_id = await self._guild_of(db, channel_id) if channel_id is not None else None
        for one in stimuli:
            feeling = hormones.felt(feeling, self.nature(role), one, self._clock.now())
            stirred.append(rows.Stirring(role.slug, feeling.at, one, person_id, channel_id, guild_id))
        await db.characters.stir(stirred)
        await db.characters.keep_feeling(row_of(role.slug, feeling))

    async def _guild_of(self, db: UnitOfWork, channel_id: int) -> int | None:
        """Return the server of a channel, which never changes."""
        if channel_id not in self._guilds:
            channel = await db.channels.get(channel_id)
            self._guilds[channel_id] = channel.guild_id if channel else None
        return self._guilds[channel_id]

    async def _grow_closer(
        self, db: UnitOfWork, role: Role, turn: rows.Turn, tone: Tone, known: rows.Bond | None
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


def day_key(slug: str, mood: DayMood) -> str:
    """Return the key under which a day's mood stands in the global state: `daily_mood_anger nyx`."""
    return f"daily_mood_{mood} {slug}"


def kind_of(role: Role, bond: rows.Bond | None) -> str:
    """Return what sort of relationship it is: as the person chose it, else the character's first."""
    allowed = role.character.relationships
    return bond.kind if bond and bond.kind in allowed else allowed[0]


# Between rows and values.


def feeling_of(row: rows.Feeling | None, now: datetime) -> Feeling:
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


def row_of(slug: str, feeling: Feeling) -> rows.Feeling:
    """Return the row that keeps a feeling."""
    return rows.Feeling(
        slug,
        feeling.at,
        feeling.talked_at,
        {str(name): value for name, value in feeling.deviations.items()},
        {str(name): value for name, value in feeling.shift.items()},
        {str(name): at.isoformat() for name, at in feeling.lately.items()},
    )


def bond_of(row: rows.Bond) -> Bond:
    """Return what a row says."""
    return Bond(row.changed_at, row.anger, row.rapport, row.trust, row.formality, row.exchanges, row.stage)


def bond_row(user_id: int, slug: str, bond: Bond, *, talked_at: datetime) -> rows.Bond:
    """Return the row that keeps a bond."""
    return rows.Bond(
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
