"""The walk of one message: hear, note, attend, recall, compose, pledge, say, settle."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from random import Random

from bot.conversation import turns
from bot.conversation.attention.decide import Deciding
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.backstage import Backstage
from bot.conversation.care import Care
from bot.conversation.choosing import Choosing
from bot.conversation.company import Company, Role
from bot.conversation.config import Manner
from bot.conversation.decision import Decision, Reason
from bot.conversation.effects import Consequences, Newsroom, cue_of
from bot.conversation.etiquette import Etiquette
from bot.conversation.following import Following
from bot.conversation.followups import FollowUps
from bot.conversation.forgetting import Forgetting
from bot.conversation.generation import Voice
from bot.conversation.intake import Chronicle
from bot.conversation.mood_state import InnerLife
from bot.conversation.outbox import PLACES, MouthOf, Saying
from bot.conversation.players import Mind, Player, SummingUp
from bot.conversation.queue import Listener, Queues, Room, Rooms
from bot.conversation.revisions import Remaking
from bot.conversation.safety import AgeGate
from bot.conversation.situation import Staging
from bot.conversation.speakers import Casting, Lineup
from bot.conversation.summaries import Compaction
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import calls, clean_text
from bot.conversation.turns import Decided
from bot.conversation.turnstile import Turnstile
from bot.conversation.types import Mouth, Part, Place, Utterance
from bot.core.clock import Clock
from bot.core.cooldown import Once
from bot.core.errors import SpeakingError
from bot.core.tasks import spawn
from bot.features.privacy.consent import Privacy
from bot.features.privacy.erase import Leaving
from bot.features.proactive.checkins import CheckIns
from bot.features.proactive.greetings import Greetings
from bot.features.proactive.initiative import Initiative
from bot.features.reminders.delivery import Reminding
from bot.features.reminders.service import Reminders
from bot.llm.budget import Budgets
from bot.llm.client import Claude
from bot.llm.types import Call
from bot.memory.embedding import Embedding
from bot.memory.erasing import Eraser
from bot.memory.learn import Consolidation
from bot.memory.meaning import Meaning
from bot.memory.recall import Finding
from bot.memory.store import Memories
from database import Database, DatabaseError
from personas.character import Character, names_of

log = logging.getLogger(__name__)

BREAK_OFF_SECONDS = 5.0
FLOOD_SECONDS = 60.0
"""Somebody who floods is shown once in so long that not all of it is heard."""
IN_VAIN = (Reason.OUTVOTED, Reason.NO_VOTE, Reason.NO_ANSWER)
"""Silence that was thought about, and paid for."""


async def nothing_new() -> None:
    """Characters without files of their own stay as they are."""


class Conversation:
    """Everything that the characters hear and say.

    `on_stage` is told the name of each stage once it is behind: a test can stop the process there.
    `on_decided` are told what was decided about each message.
    """

    def __init__(
        self,
        *,
        company: Company,
        database: Database,
        claude: Claude,
        voice: Voice,
        manner: Manner,
        clock: Clock,
        rng: Random,
        meaning: Meaning | None = None,
        budgets: Budgets | None = None,
        refresh: Callable[[], Awaitable[object]] = nothing_new,
        on_stage: Callable[[str], None] | None = None,
    ) -> None:
        self._refresh = refresh
        self.company = company
        self.on_decided: list[Callable[[Decided], None]] = []
        self.meaning = meaning or Meaning(None)
        self.newsroom = Newsroom()
        self._database = database
        self._manner = manner
        self._clock = clock
        self._rng = rng
        self._reached = on_stage or (lambda _stage: None)
        self._rooms = Rooms(clock)
        self._etiquette = Etiquette(manner.errors, clock)
        self._turnstile = Turnstile()
        self._flooded = Once[int](clock, FLOOD_SECONDS)
        self._on_the_way: dict[int, asyncio.Task[object]] = {}
        self.eraser = Eraser(database, manner.dumps, spawn)
        self.budgets = budgets or Budgets(database, clock, zone=manner.zone)
        self.casting = Casting(
            database=database,
            company=company,
            direction=manner.direction,
            clock=clock,
            rng=rng,
            budgets=self.budgets,
        )
        self._care = Care(manner.notice, database, clock)
        self.age_gate = AgeGate(database, self.casting, clock)
        self.inner = InnerLife(clock=clock, zone=manner.zone, learns=manner.consent)
        self._behind = behind = self._backstage(claude, voice)
        self._minds = {role.slug: Mind(role, behind) for role in company}
        self._open_memory()
        self._open_talk(claude)

    def _backstage(self, claude: Claude, voice: Voice) -> Backstage:
        return Backstage(
            database=self._database,
            claude=claude,
            voice=voice,
            manner=self._manner,
            clock=self._clock,
            rng=self._rng,
            rooms=self._rooms,
            eraser=self.eraser,
            etiquette=self._etiquette,
            meaning=self.meaning,
            casting=self.casting,
            inner=self.inner,
            budgets=self.budgets,
            staging=Staging(
                self.casting,
                self.inner,
                mode=self._manner.mode,
                blending=self._manner.blending,
                lore=self._manner.lore,
                meaning=self.meaning,
                tokens=voice.tokens,
                rng=self._rng,
                followups=FollowUps(
                    self._clock, curiosity=self._manner.curiosity, consent=self._manner.consent
                ),
            ),
            reached=self._reached,
        )

    def _open_memory(self) -> None:
        """Make what keeps, forgets and gives account of what was said."""
        self.summing_up = SummingUp(self._minds)
        self.chronicle = Chronicle(
            database=self._database,
            rooms=self._rooms,
            eraser=self.eraser,
            casting=self.casting,
            compaction=self.summing_up,
            clock=self._clock,
            decisions_kept=self._manner.decisions_kept,
            consent=self._manner.consent,
        )
        self.forgetting = Forgetting(
            database=self._database,
            rooms=self._rooms,
            eraser=self.eraser,
            compaction=self.summing_up,
            clock=self._clock,
        )
        self.privacy = Privacy(
            database=self._database,
            memories=self.memories,
            consent=self._manner.consent,
            asks_after=self._manner.asks_after,
            leaving=Leaving(
                database=self._database,
                rooms=self._rooms,
                eraser=self.eraser,
                compaction=self.summing_up,
                dumps=self._manner.dumps,
                backups_kept=self._manner.backups_kept,
                clock=self._clock,
            ),
            clock=self._clock,
        )
        self.embedding = Embedding(self._database, self.meaning, self._manner.consent)

    def _open_talk(self, claude: Claude) -> None:
        """Make what decides, answers, and speaks of its own accord."""
        self._deciding = Deciding(
            database=self._database,
            claude=claude,
            casting=self.casting,
            how=self._manner.attention,
            clock=self._clock,
            rng=self._rng,
            budgets=self.budgets,
        )
        self._choosing = Choosing(
            self._deciding, pass_over=self._pass, clock=self._clock, reached=self._reached
        )
        self._saying = Saying(
            database=self._database,
            pace=self._manner.pace,
            clock=self._clock,
            rng=self._rng,
            casting=self.casting,
            resume_within=self._manner.resume_within,
            gone=self.chronicle.deleted,
            consequences=Consequences(
                self.casting,
                self.inner,
                direction=self._manner.direction,
                growing=self._manner.growing,
                clock=self._clock,
                newsroom=self.newsroom,
            ),
            reached=self._reached,
        )
        self.players = {slug: self._player(mind) for slug, mind in self._minds.items()}
        self.greetings = Greetings(
            database=self._database,
            casting=self.casting,
            rooms=self._rooms,
            saying=self._saying,
            longest_message=self._manner.longest_message,
            clock=self._clock,
            reached=self._reached,
        )
        self.initiative = Initiative(self._behind, self._saying)
        self.check_ins = CheckIns(self._behind, self._saying)
        self.following = Following(
            database=self._database,
            players=self.players,
            rooms=self._rooms,
            saying=self._saying,
            casting=self.casting,
            within=self._manner.resume_within,
            condensed=self._manner.extent.condensed,
            clock=self._clock,
        )

    def _player(self, mind: Mind) -> Player:
        return Player(mind, self._behind, self._saying, may_learn=self.privacy.may_learn)

    def join(self, role: Role) -> None:
        """Let one more character hear and speak, from the next message on."""
        self._minds[role.slug] = mind = Mind(role, self._behind)
        self.players[role.slug] = self._player(mind)
        self.company.by_slug[role.slug] = role

    async def part(self, slug: str) -> None:
        """Let a character go; what it knows stays, for the day on which it comes back."""
        del self.company.by_slug[slug]
        self.players.pop(slug)
        await self._minds.pop(slug).compaction.close()

    @property
    def clock(self) -> Clock:
        return self._clock

    # The bot's own character, for what concerns one alone.

    @property
    def character(self) -> Character:
        return self.company.primary.character

    @property
    def primary(self) -> Player:
        return self.players[self.company.primary.slug]

    @property
    def memories(self) -> Memories:
        return self._minds[self.company.primary.slug].memories

    @property
    def compaction(self) -> Compaction:
        return self._minds[self.company.primary.slug].compaction

    @property
    def consolidation(self) -> Consolidation:
        return self._minds[self.company.primary.slug].consolidation

    @property
    def finding(self) -> Finding:
        return self._minds[self.company.primary.slug].finding

    @property
    def remaking(self) -> Remaking:
        return self.primary.remaking

    @property
    def reminders(self) -> Reminders:
        return self.primary.reminders

    @property
    def reminding(self) -> Reminding:
        return self.primary.reminding

    async def take_turn(self, heard: Utterance, mouth: Mouth, *, gapless: bool = True) -> None:
        """Take in one message and, if the character is meant to, answer it.

        `gapless` says that everything before it in its channel was heard.
        """
        heard = replace(heard, text=clean_text(heard.text))
        with self._walking(heard.message_id):
            try:
                if house := await self._take_in(heard, mouth, gapless=gapless):
                    await self._consider(heard, mouth, house=house)
                    await self.following.follow(heard.where.channel_id, mouth)
            except DatabaseError as error:
                log.error("Can't remember anything now: %s", error)  # noqa: TRY400 - it says it all
                await self._say_cannot_remember(heard, mouth)

    async def resume(self, heard: Utterance, mouth: Mouth) -> None:
        """Go on with a message that a crash left behind after it was noted."""
        if heard.message_id in self._on_the_way:
            return
        with self._walking(heard.message_id):
            async with self._database.read() as db:
                received = await db.turns.open_since(heard.message_id)
            if received is not None:
                heard = replace(heard, text=clean_text(heard.text))
                await self.chronicle.edited(heard.where.channel_id, heard.message_id, heard.text)
                await self._consider(heard, mouth, received=received)
                await self.following.follow(heard.where.channel_id, mouth)

    async def go_on(self, mouth_of: MouthOf) -> None:
        """Let those speak who were to, before a stop or a fault."""
        for channel_id in await self.following.waiting(self._manner.resume_within):
            await self.following.follow(channel_id, mouth_of(channel_id))

    @property
    def queues(self) -> Queues:
        """How much is going on, and waits for its turn."""
        return self._rooms.queues

    async def left_open(self) -> list[tuple[int, int]]:
        """Return (channel id, message id) of what was noted and then left behind, oldest first."""
        async with self._database.read() as db:
            since = self._clock.now() - self._manner.resume_within
            claims = await db.turns.open_claims(since, PLACES)
        return [
            (claim.channel_id, claim.message_id)
            for claim in claims
            if claim.message_id not in self._on_the_way
        ]

    async def finish(self, mouth_of: MouthOf) -> int:
        """Say what was pledged and not said; return how many replies that were."""
        await self.reminding.renew()  # by kind, whichever character it is
        return await self._saying.finish(self._rooms, mouth_of)

    async def close(self, *, within: float) -> bool:
        """Let what is being said be finished, for at most `within` seconds; say whether all was.

        What is not finished then is broken off, and taken up again after the next start.
        """
        finished = await self._rooms.drain(within)
        await self.summing_up.close()
        await self._let_writers_finish()
        unfinished = [task for task in self._on_the_way.values() if task is not asyncio.current_task()]
        for task in unfinished:
            task.cancel()
        if unfinished:
            await asyncio.wait(unfinished, timeout=BREAK_OFF_SECONDS)
        return finished

    async def _let_writers_finish(self) -> None:
        """Return when whoever was noting a message before us has done so: writers queue."""
        try:
            async with self._database.begin() as db:
                await db.states.get("")  # without a statement there is no transaction to queue for
        except DatabaseError as error:
            log.error("What was heard last may not be noted: %s", error)  # noqa: TRY400

    async def _take_in(self, heard: Utterance, mouth: Mouth, *, gapless: bool) -> HouseRules | None:
        """Note a message when those before it of the same person are noted; of a flood, the newest."""
        async with self._turnstile.passing(heard.author_id) as admitted:
            if admitted:
                await self._refresh()
                return await self._note(heard, gapless=gapless)
        if self._flooded.first(heard.author_id):
            log.warning("User %d sends more than can be heard", heard.author_id)
            with suppress(SpeakingError):
                await mouth.react(heard.message_id)
        return None

    # The stages, in the order in which a message walks through them.

    async def _note(self, heard: Utterance, *, gapless: bool = True) -> HouseRules | None:
        """Claim the message and log it, in one transaction; None when it was claimed before."""
        async with self._database.begin() as db:
            cast_id = await self.casting.cast_id(db, heard.where)
            kept_out = await self.casting.kept_out(db, heard.where)
            house = await turns.note(
                db,
                heard,
                at=self._clock.now(),
                gapless=gapless,
                cast_id=cast_id,
                unheard=bool(kept_out) and not await self.casting.present(db, heard.where),
            )
        if house:
            self._deciding.turns.spoke(heard)
            self._reached("noted")
        return house

    async def _consider(
        self,
        heard: Utterance,
        mouth: Mouth,
        *,
        received: datetime | None = None,
        house: HouseRules | None = None,
    ) -> None:
        """Decide; what may be answered waits for its turn, alone or with what came meanwhile."""
        at = self._clock.monotonic()
        considered = await self._deciding.decide(heard, me=mouth.me, at=at, received=received, house=house)
        self._reached("attended")
        channel_id = heard.where.channel_id
        decision = considered.decision
        if decision is None and not self._deciding.votes:
            decision = Decision(reply=False, reason=Reason.UNADDRESSED)
        if decision is not None and not decision.reply:
            if room := self._rooms.busy(channel_id):
                room.heard(heard)
            await self._pass([Decided(heard, decision, considered.trace, considered.calls)])
            if await self._is_turned_away(heard, mouth, decision.reason):
                await self._care.look_after(heard, mouth)
            return
        if self._rooms.closing:
            return  # the claim stays open: it is answered after the restart
        async with self._rooms.enter(channel_id) as room:
            room.wait(Listener(heard, considered, mouth, received=at, at=self._clock.monotonic()))
            async with room.lock:
                if room.waiting:
                    await self._answer_all(room, mouth)

    async def _answer_all(self, room: Room, mouth: Mouth) -> None:
        """Answer what waits in this room and is to be answered: with one reply, where one heard all of it."""
        begun = min(one.at for one in room.waiting)
        async with AsyncExitStack() as typing:
            if called := any(one.called for one in room.waiting):
                await typing.enter_async_context(mouth.typing())
            await room.quiet(shortest=self._manner.burst_quiet, longest=self._manner.burst_longest)
            heard, decided = await self._choosing.wanted(room, room.take_all())
            for one in heard:
                await self._care.look_after(one.utterance, one.mouth)
            if heard and not called:
                await typing.enter_async_context(mouth.typing())
            while heard:
                lineup = await self.casting.lineup([one.utterance for one in heard])
                ids = lineup.heard if lineup else {heard[-1].utterance.message_id}
                theirs = [one for one in decided if one.utterance.message_id in ids]
                if lineup is None:
                    nobody = Decision(reply=False, reason=Reason.NOBODY)
                    await self._pass([replace(one, decision=nobody) for one in theirs])
                else:
                    if self._manner.greets:
                        await self.greetings.first_words(heard[-1].utterance, mouth)
                    some = [one for one in heard if one.utterance.message_id in ids]
                    await self._answer(room, some, theirs, lineup, begun=begun)
                # What that one did not hear is for others.
                heard = [one for one in heard if one.utterance.message_id not in ids]
            room.end()

    async def _answer(
        self,
        room: Room,
        heard: Sequence[Listener],
        decided: Sequence[Decided],
        lineup: Lineup,
        *,
        begun: float,
    ) -> None:
        """Let the first of a lineup answer; who speaks after it is written down with what it says."""
        newest, player = heard[-1], self.players.get(lineup.first)
        if player is None:  # it was let go while others spoke
            nobody = Decision(reply=False, reason=Reason.NOBODY)
            await self._pass([replace(one, decision=nobody) for one in decided])
            return
        where, mouth = newest.utterance.where, newest.mouth.speaking_as(player.role.speaker)
        then = [
            cue_of(cue.slug, where.channel_id, message_id, cue.reason, self._clock, cue.delay, 0)
            for cue, message_id in (() if newest.utterance.from_bot else lineup.then)  # one answer for a bot
        ]
        answered = await player.answering.answer(
            room, heard, decided, begun=begun, still=self._choosing.refused_by_now, then=then
        )
        await self._pass(answered.passed, answered.calls)
        if answered.pledge is None:
            return
        self._tell(answered.decided)
        await self._saying.say(answered.pledge, mouth, spent=float("inf"))
        if answered.tokens > self._manner.extent.condensed:
            player.mind.compaction.begin(where)

    async def _is_turned_away(self, heard: Utterance, mouth: Mouth, reason: Reason) -> bool:
        """Say whether somebody who turned to a character is not answered for what they can't help.

        That is where children may be, and where a budget is spent: people in distress are helped even so.
        """
        if reason is Reason.AGE_GATE:
            return await self.age_gate.turn_away(heard, mouth)
        if reason is not Reason.BUDGET:
            return False
        names = [name for role in self.company for name in names_of(role.character)]
        words = heard.text if heard.words is None else heard.words
        direct = heard.where.place.private or heard.mentions_me or heard.replies_to_me
        return direct or calls(words, names)

    async def _pass(self, decided: Sequence[Decided], calls: Sequence[Call] = ()) -> None:
        """Keep that messages are not answered, and why; what was paid for a reply all the same."""
        if not decided and not calls:
            return
        async with self._database.begin() as db:
            await turns.close(db, decided, at=self._clock.now())
            await turns.note_calls(db, calls)
            in_vain = [one.utterance for one in decided if one.decision.reason in IN_VAIN]
            await turns.count_bots(db, in_vain, replied_at=None)
        self._reached("passed")
        self._tell(decided)

    def _tell(self, decided: Sequence[Decided]) -> None:
        for one in decided:
            for listen in self.on_decided:
                listen(one)

    async def _say_cannot_remember(self, heard: Utterance, mouth: Mouth) -> None:
        """Answer, once an hour, although nothing can be written down (faults B7).

        Without a database there are no house rules to look at, so only what is meant for nobody else
        gets this answer.
        """
        direct = heard.where.place is Place.DM or heard.mentions_me or heard.replies_to_me
        kept_out = self.company.primary.nsfw and not heard.where.for_adults
        if heard.from_bot or kept_out or not (direct or heard.where.place.private):
            return
        if self._etiquette.signal(heard, lasting=True) != "reply":
            return
        line = self._rng.choice(self.character.fallback_lines)
        line = dress(line, mouth.emotes, self.character) or line
        part = Part(1, line, f"n{heard.message_id}")  # not the nonce of a reply that may still come
        try:
            await mouth.say(part, to=heard.author_id)
        except SpeakingError as error:
            log.warning("Can't write in channel %s: %s", heard.where.channel_id, error)

    @contextmanager
    def _walking(self, message_id: int) -> Iterator[None]:
        """Know which messages are on their way: an open claim of these was not left behind."""
        task = asyncio.current_task()
        assert task is not None
        first = self._on_the_way.setdefault(message_id, task) is task
        try:
            yield
        finally:
            if first:
                del self._on_the_way[message_id]
