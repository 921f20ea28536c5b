"""Presence of characters, and the choice of who answers (C20, C23, C24, C25, C27)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from bot.conversation.attention.server_rules import HouseRules, RuleKind
from bot.conversation.company import Company, PlayedCharacter
from bot.conversation.config import Direction
from bot.conversation.text.names import clean_text
from bot.conversation.types import Utterance
from bot.core.clock import Clock, Runtime
from bot.llm.budget import Budgets, Level
from database import Database, UnitOfWork
from database.models import CueRow
from memory.places import Where
from personas.character import Character
from personas.relations import affinity
from personas.rhythm import WINDOW, Profile, hour_of, profile_of, shift_at, shifted_chance
from personas.selection.orchestration import Cue, CueReason, PairBond, banter, plan
from personas.selection.routing import RoutingCandidate, Spoke, candidate_of, named, route

LATELY = timedelta(hours=24)
"""Exchanges of two characters within this time make another one a little less likely (F042)."""


@dataclass(frozen=True, slots=True)
class Lineup:
    """The order of answers to several messages: the `first` character answers `heard`, by ids.

    `then` are those who speak after it, each to one of the messages.
    """

    first: str
    heard: frozenset[int]
    then: tuple[tuple[Cue, int], ...]


class Casting:
    """Knows who is present, and chooses who speaks."""

    def __init__(
        self,
        *,
        database: Database,
        company: Company,
        direction: Direction,
        runtime: Runtime,
        budgets: Budgets,
    ) -> None:
        self._database = database
        self.company = company
        self._direction = direction
        self._clock, self._rng = runtime.clock, runtime.rng
        self._budgets = budgets
        self._cast_ids: dict[tuple[str, ...], int] = {}
        self._known: dict[str, tuple[Character, RoutingCandidate]] = {}

    async def present(self, db: UnitOfWork, where: Where) -> tuple[PlayedCharacter, ...]:
        """Return the characters that hear messages in a place.

        In a direct message it is one: the chosen one, or the bot's own. Elsewhere it is everybody except
        characters that were sent out; in a scene its players (C25). An adults-only character is only present
        in age-restricted channels (C91).
        """
        called = await self._called_there(db, where)
        kept_out = await self._kept_out(db, called, where)
        return tuple(role for role in called if role not in kept_out)

    def is_another(self, heard: Utterance, role: PlayedCharacter) -> bool:
        """Say whether the author is a character other than `role`."""
        others = (other for other in self.company if other.slug != role.slug)
        return heard.author_id in {other.speaker.id for other in others if not other.primary} or (
            not role.primary and heard.from_bot and heard.author_name == self.company.primary.name
        )

    async def host(self, db: UnitOfWork, where: Where, present: Sequence[PlayedCharacter]) -> PlayedCharacter:
        """Return the default addressee: the chosen one, else the bot's own, else the first."""
        channel = await db.channels.get(where.channel_id)
        primary = self.company.primary
        order = [channel.chosen if channel else None, primary.slug, *(role.slug for role in present)]
        by_slug = {role.slug: role for role in present}
        return next((by_slug[slug] for slug in order if slug in by_slug), primary)

    async def kept_out(self, db: UnitOfWork, where: Where) -> tuple[PlayedCharacter, ...]:
        """Return the characters that would be present if the place were age-restricted (C91)."""
        if not any(role.nsfw for role in self.company):
            return ()
        return await self._kept_out(db, await self._called_there(db, where), where)

    async def admits(self, db: UnitOfWork, role: PlayedCharacter, where: Where) -> bool:
        """Say whether a character may be in a place at all: the age gate (C91)."""
        return not await self._kept_out(db, (role,), where)

    async def _kept_out(
        self, db: UnitOfWork, roles: Sequence[PlayedCharacter], where: Where
    ) -> tuple[PlayedCharacter, ...]:
        adults = tuple(role for role in roles if role.nsfw)
        if adults and where.for_adults:
            house = HouseRules(await db.channels.rules(where.guild_id))
            return () if house.allows(RuleKind.ADULTS, where) else adults
        return adults

    async def _called_there(self, db: UnitOfWork, where: Where) -> tuple[PlayedCharacter, ...]:
        if len(self.company) == 1:
            return (
                self.company.roles
            )  # a lone character is always present: /settings deactivate switches it off
        if not where.place.holds_several:
            channel = await db.channels.get(where.channel_id)
            chosen = self.company.by_slug.get((channel.chosen if channel else None) or "")
            if chosen and chosen.nsfw and not where.for_adults:
                chosen = None  # it was not an adults-only character when it was chosen
            return (chosen or self.company.primary,)
        if scene := await db.cues.scene(where.channel_id):
            playing = tuple(role for role in self.company if role.slug in scene.members)
            if playing:
                return playing
        candidates = (where.parent_id, where.channel_id)
        channel_ids = [channel_id for channel_id in candidates if channel_id is not None]
        attendance: dict[str, bool] = {}
        for channel_id in channel_ids:  # a thread's setting overrides its channel's
            attendance |= await db.casts.attendance([channel_id])
        return tuple(role for role in self.company if attendance.get(role.slug, True))

    async def cast_id(self, db: UnitOfWork, where: Where, *, speaker: str = "") -> int:
        """Return the audience id of the characters present in a place, and of the speaker."""
        present = await self.present(db, where)
        return await self._cast_of(db, {*(role.slug for role in present), speaker} - {""})

    async def narrowed(self, db: UnitOfWork, cast_id: int | None, where: Where, *, speaker: str = "") -> int:
        """Return the audience id of the speaker and of an audience's members who are still present.

        It applies to words that replace, or answer, something that this audience heard.
        """
        present = await self.heard(db, cast_id, where)
        return await self._cast_of(db, {*(role.slug for role in present), speaker} - {""})

    async def hearers(self, db: UnitOfWork, message_id: int, where: Where, *, speaker: str) -> int:
        """Return the audience id of the speaker, and of the characters that heard the answered message."""
        if len(self.company) == 1:
            return await self._cast_of(db, {speaker})
        witnesses = await self.witnesses(db, message_id, where)
        return await self._cast_of(db, {*(role.slug for role in witnesses), speaker})

    async def heard(self, db: UnitOfWork, cast_id: int | None, where: Where) -> tuple[PlayedCharacter, ...]:
        """Return the characters present that belong to an audience: no others may answer."""
        return await self._among(db, where, await db.casts.members(cast_id))

    async def witnesses(self, db: UnitOfWork, message_id: int, where: Where) -> tuple[PlayedCharacter, ...]:
        """Return the characters present that heard a certain message of the place."""
        return await self._among(db, where, await db.casts.who_heard(message_id))

    async def _among(
        self, db: UnitOfWork, where: Where, cast: frozenset[str] | None
    ) -> tuple[PlayedCharacter, ...]:
        present = await self.present(db, where)
        return tuple(role for role in present if cast is None or role.slug in cast)

    async def _cast_of(self, db: UnitOfWork, slugs: Iterable[str]) -> int:
        members = tuple(sorted(slugs))
        if members in self._cast_ids:
            return self._cast_ids[members]
        known = await db.casts.known(members)
        if known is None:
            return await db.casts.id_of(members)  # not cached: this transaction may be rolled back
        self._cast_ids[members] = known
        return known

    async def lineup(self, heard: Sequence[Utterance]) -> Lineup | None:
        """Return who answers the newest of some messages, and who speaks afterwards; None for nobody.

        Characters called in earlier messages speak too: two people may call two characters at once.
        """
        *earlier, newest = heard
        cues = await self.plan(newest)
        if not cues:
            return None
        first = cues[0].slug
        then = {cue.slug: (cue, newest.message_id) for cue in cues}
        witnessed = {newest.message_id}
        for message in earlier:
            async with self._database.read(brief=True) as db:
                there = await self.witnesses(db, message.message_id, message.where)
                witnesses = {role.slug for role in there}
            if first not in witnesses:
                continue  # others answer that message
            witnessed.add(message.message_id)
            for cue in await self.plan(message):
                if cue.reason is not CueReason.ROUTED:
                    then.setdefault(cue.slug, (cue, message.message_id))
        del then[first]
        return Lineup(first, frozenset(witnessed), tuple(then.values()))

    def cues(self, lineup: Lineup, newest: Utterance) -> tuple[CueRow, ...]:
        """Return the cues of the characters after the first, to be stored with the first one's reply."""
        return tuple(
            cue_of(cue.slug, newest.where.channel_id, message_id, cue.reason, self._clock, cue.delay, 0)
            for cue, message_id in lineup.then
        )

    async def plan(self, heard: Utterance) -> tuple[Cue, ...]:
        """Return who answers a message, and who speaks afterwards: empty if no character is present.

        For the same message and state the result is always the same.
        """
        if len(self.company) == 1 and not self.company.primary.nsfw:
            return (Cue(self.company.primary.slug, 0.0, CueReason.ROUTED),)
        async with self._database.read(brief=True) as db:
            present = await self.witnesses(db, heard.message_id, heard.where)
            if len(present) < 2:
                return tuple(Cue(role.slug, 0.0, CueReason.ROUTED) for role in present)
            text = clean_text(heard.said)
            candidates, rng = self._candidates(present), Random(f"{heard.message_id} {text}")
            slugs = {candidate.slug for candidate in candidates}
            called = tuple(slug for slug in await self._called(db, heard) if slug in slugs)
            if called or named(text, candidates):
                return plan(text, candidates, routed="", rng=rng, addressed=called, chance=0)
            channel = await db.channels.get(heard.where.channel_id)
            sticky = await self._spoke(db, heard.where.channel_id)
            active = await self._spoke(db, heard.where.channel_id, to=heard.author_id)
            chosen = channel.chosen if channel else None
        routed = route(
            text,
            candidates,
            default=chosen or self.company.primary.slug,
            now=self._clock.now(),
            rng=rng,
            channel=(str(heard.where.channel_id), heard.where.name),
            active=active,
            sticky=sticky,
            rules=self._direction.rules,
        )
        # Joining in is decided after the answer is known.
        return plan(text, candidates, routed=routed.slug, rng=rng, chance=0)

    async def joins(
        self, db: UnitOfWork, where: Where, speaker: str, said: str, *, since_human: int, cast_id: int | None
    ) -> Cue | None:
        """Return who of the audience answers a character's line; mostly nobody (F041, F042).

        When a budget runs short nobody does (C86).
        """
        chain = self._direction.chain if self._direction.banter > 0 else 0
        if since_human >= chain or self._budgets.purse(None, where.guild_id).level is not Level.FREE:
            return None
        present = await self.heard(db, cast_id, where)
        role = self.company.by_slug.get(speaker)
        if role is None or len(present) < 2:
            return None
        shift = shift_at(await self.profile(db, where), self._clock.now())
        return banter(
            said,
            speaker,
            self._candidates(present),
            since_human=since_human,
            rng=self._rng,
            bonds=await self.bonds(db, role, present),
            chance=shifted_chance(self._direction.banter, shift),
            chain=chain,
        )

    async def profile(self, db: UnitOfWork, where: Where) -> Profile:
        """Return at which times people talk in a place."""
        now = self._clock.now()
        counts = await db.channels.messages_by_hour(where.channel_id, since=hour_of(now - WINDOW))
        return profile_of(counts, now)

    def _candidates(self, present: Sequence[PlayedCharacter]) -> list[RoutingCandidate]:
        return [self._candidate(role) for role in present]

    def _candidate(self, role: PlayedCharacter) -> RoutingCandidate:
        character, known = self._known.get(role.slug, (None, None))
        if known is None or character is not role.character:
            known = candidate_of(role.character, weight=self._direction.weights.get(role.slug, 1.0))
            self._known[role.slug] = role.character, known
        return known

    async def _called(self, db: UnitOfWork, heard: Utterance) -> tuple[str, ...]:
        """Return the people whom a message mentions or replies to: a mention means the bot's own character
        (D07).
        """
        called = [self.company.primary.slug] if heard.mentions_me else []
        if heard.reply_to is not None and heard.replies_to_me:
            line = await db.messages.get(heard.reply_to)
            if line is not None and line.character:
                called.append(line.character)
        return tuple(called)

    async def _spoke(self, db: UnitOfWork, channel_id: int, *, to: int | None = None) -> Spoke | None:
        """Return the last character to speak in a channel, or to a certain person there."""
        found = await db.turns.last_speaker(channel_id, to=to)
        return Spoke(*found) if found else None

    async def bonds(
        self, db: UnitOfWork, role: PlayedCharacter, others: Sequence[PlayedCharacter]
    ) -> dict[tuple[str, str], PairBond]:
        """Return the relations of a character that affect whether it talks (F042)."""
        now = self._clock.now()
        liked, recent = (
            await db.affinities.of(role.slug),
            await db.affinities.met_since(role.slug, now - LATELY),
        )
        severities = await self.severities(db, role)
        return {
            (role.slug, other.slug): PairBond(
                affinity=liked.get(other.slug, 0.0),
                recent=recent[other.slug],
                compatibility=affinity.compatibility(role.character, other.character),
                severity=severities.get(other.slug, 0.0),
            )
            for other in others
            if other.slug != role.slug
        }

    async def severities(self, db: UnitOfWork, role: PlayedCharacter) -> dict[str, float]:
        """Return the current severity of a character's worst conflict with each other character, if any."""
        worst: dict[str, float] = {}
        if not self._direction.conflicts:
            return worst
        now, rate = self._clock.now(), self._direction.decay
        for quarrel in await db.affinities.quarrels(role.slug):
            faded = affinity.decayed(
                affinity.Conflict(quarrel.topic, quarrel.severity, quarrel.at), now, rate=rate
            )
            if faded is not None:
                worst[quarrel.other] = max(worst.get(quarrel.other, 0.0), faded.severity)
        return worst


def cue_of(
    slug: str, channel_id: int, message_id: int, reason: str, clock: Clock, delay: float, chain: int
) -> CueRow:
    """Return the cue for a character to speak after a message."""
    return CueRow(
        channel_id=channel_id,
        message_id=message_id,
        character=slug,
        reason=reason,
        made_at=clock.now(),
        delay=delay,
        chain=chain,
    )
