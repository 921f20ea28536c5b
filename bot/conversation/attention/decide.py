"""Decision about one message: rules, addressees, turn-taking and the vote."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.conversation.attention.addressee_vote import AddresseeVote, VoteOutcome, worth_asking
from bot.conversation.attention.addressing import Addressees, addressees
from bot.conversation.attention.rules import Attention, Circumstances, attend
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.attention.throttle import ReplyTally, place_of, tally_for
from bot.conversation.attention.turn_taking import TurnTaking
from bot.conversation.attention.vote import Ballot, vote, vote_prompt
from bot.conversation.config import Attentiveness
from bot.conversation.context.transcript import WINDOW, line_of
from bot.conversation.decision import Considered, Decision, Reason, Trace, Wait
from bot.conversation.speakers import Casting
from bot.conversation.types import Glimpse, Person, Utterance, as_edited
from bot.core.clock import Runtime
from bot.llm.budget import FULL, Budgets
from bot.llm.client import Claude
from bot.llm.types import ModelCall
from database import Database, UnitOfWork
from database.repositories.messages import LatelySaid
from memory.attachments import attachments_of
from memory.places import Place
from personas.character import names_of

LOOKED_AT = 50
"""The number of a channel's latest lines that the decision considers (D05)."""
VOTED_ON = 10
"""The number of a channel's latest lines in the vote's prompt (D05)."""
ASKED_AGAIN_AFTER = 5.0
"""The minimum of seconds between two addressee questions in a channel: a flood must not cost one for each
message.
"""


class Deciding:
    """The "attend" stage of the pipeline."""

    def __init__(
        self,
        *,
        database: Database,
        claude: Claude,
        casting: Casting,
        how: Attentiveness,
        runtime: Runtime,
        budgets: Budgets,
    ) -> None:
        self._database = database
        self._claude = claude
        self._casting = casting
        self._how = how
        self._clock, self._rng = clock, rng = runtime.clock, runtime.rng
        self._budgets = budgets
        self._asker = AddresseeVote(claude, model=how.voters.model, clock=clock)
        self._asked_at: dict[int, float] = {}
        self.turns = TurnTaking(how.turn, clock, rng)

    async def decide(
        self,
        heard: Utterance,
        *,
        me: int,
        at: float,
        received: datetime,
        house: HouseRules | None = None,
    ) -> Considered:
        """Apply the rules to a message that came in `at` (monotonic seconds); wait for its turn, and apply
        them again.

        `received` is the moment by which a message from before a restart is judged: it was fresh then.
        `house` are the rules of the place, if they were just read.
        """
        roll, waits = self._rng.random(), list[Wait]()
        who: VoteOutcome | None = None
        while True:
            now = await self._look(heard, me=me, roll=roll, received=received, again=bool(waits), house=house)
            house = None
            if now.closed is not None:
                return self._considered(Attention(now.closed, ()), now, waits, who, at)
            heard = now.edited or heard
            if who is not None and who.order is not None:
                now = replace(now, addressed=Addressees(who.order, sure=True))
            attention = attend(heard, now, self._how.rules)
            if who is None and self._in_doubt(heard, now, attention):
                who = await self._asker.ask(heard, now.people, me=now.me)
                continue
            alone = (heard.where.place.private or heard.alone) and not heard.from_bot
            pause = None if alone else self.turns.pause(heard, now, attention, waits)
            if pause is None:
                return self._considered(attention, now, waits, who, at)
            waits.append(pause)
            await self.turns.wait(heard, now, pause)

    async def wanted_still(self, heard: Utterance, considered: Considered, *, me: int) -> Considered:
        """Apply the rules again to a message that waited in a queue, now that its turn has come.

        This doesn't replace a vote: a message that needed one still does, unless the rules now reject it.
        """
        now = await self._look(heard, me=me, roll=0.0, received=considered.received, again=True)
        heard = now.edited or heard
        attention = attend(heard, now, self._how.rules)
        decision = now.closed or attention.decision
        if decision is None or decision.reply:
            if now.tally.cooldown_left(now.patience, now.now) <= 0:
                return replace(considered, bot_replies=now.tally.to_this_bot)
            decision = Decision(reply=False, reason=Reason.COOLDOWN)
        trace = replace(considered.trace, steps=attention.steps)
        return replace(considered, decision=decision, trace=trace)

    async def put_to_vote(
        self, heard: Sequence[Utterance], *, bot_replies: int, interrupt: asyncio.Event
    ) -> Ballot:
        """Let the voting model decide whether the character joins in (F030), unless `interrupt` is set."""
        newest = heard[-1]
        channel_id = newest.where.channel_id
        cues = await self._casting.plan(newest)
        role = self._casting.company.by_slug[cues[0].slug] if cues else self._casting.company.primary
        async with self._database.read(brief=True) as db:
            rows = await db.messages.transcript(
                channel_id, role.slug, since=self._clock.now() - WINDOW, limit=VOTED_ON
            )
        lines = [line_of(row, role.slug) for row in rows]
        prompt = vote_prompt(role.character, lines, heard, bot_replies=bot_replies)
        ballot = await vote(
            self._claude,
            self._how.voters,
            prompt,
            clock=self._clock,
            user_id=newest.author_id,
            channel_id=channel_id,
            interrupt=interrupt,
        )
        return replace(ballot, character=role.slug)

    @property
    def votes(self) -> bool:
        """Say whether messages that don't address the character are put to the vote at all."""
        return self._how.voters.count > 0

    # Circumstances for the rules.

    async def _look(
        self,
        heard: Utterance,
        *,
        me: int,
        roll: float,
        received: datetime,
        again: bool = False,
        house: HouseRules | None = None,
    ) -> Circumstances:
        how, guild = self._how, heard.where.place is Place.GUILD
        async with self._database.read(brief=True) as db:
            closed = await _closed(db, heard) if again else None
            house = house or HouseRules(await db.channels.rules(heard.where.guild_id))
            tally = await self._tally(db, heard)
            lately = await self._lately(db, heard) if guild else []
            known = await self._known(db, heard, lately, me) if guild else ()
            present = await self._casting.present(db, heard.where)
            kept_out = await self._casting.kept_out(db, heard.where)
        logged = next((row for row in lately if row.id == heard.message_id), None)
        if logged is not None:
            heard = as_edited(heard, logged.text, attachments_of(logged.attachments))
        before, after = self._around(heard, lately, again=again)
        # Others see the characters as one participant: which of them answers is decided afterwards.
        names = dict.fromkeys(name for role in present for name in names_of(role.character))
        myself = Person(me, tuple(names), is_bot=True)
        known = tuple(person for person in known if not house.ignores(person.id))
        return Circumstances(
            now=self._clock.now(),
            received=received,
            closed=closed,
            edited=heard,
            me=myself,
            too_old=how.too_old,
            answers_missed=how.answers_missed,
            house=house,
            before=before,
            after=after,
            people=known,
            addressed=addressees(heard, known, me=myself) if guild else Addressees((), sure=True),
            patience=how.patience,
            tally=tally,
            chance=how.chance,
            roll=roll,
            purse=self._budgets.purse(heard.author_id, heard.where.guild_id)
            if self._budgets.limited
            else FULL,
            kept_out=tuple(name for role in kept_out for name in names_of(role.character)),
        )

    async def _tally(self, db: UnitOfWork, heard: Utterance) -> ReplyTally:
        if not heard.from_bot:
            return ReplyTally()
        return tally_for(heard, await db.bots.tallies(place_of(heard.where), heard.author_id))

    async def _lately(self, db: UnitOfWork, heard: Utterance) -> list[LatelySaid]:
        since = self._clock.now() - WINDOW
        return await db.messages.lately(heard.where.channel_id, since=since, limit=LOOKED_AT)

    async def _known(
        self, db: UnitOfWork, heard: Utterance, lately: Sequence[LatelySaid], me: int
    ) -> tuple[Person, ...]:
        """Return the possible addressees: recent speakers, the newest first, and people whom Discord
        mentions.
        """
        authors = [line.author_id for line in reversed(lately)]
        others = dict.fromkeys(
            person_id for person_id in (*authors, *heard.mentions) if person_id != me and person_id > 0
        )
        known = {
            person.user_id: person
            for person in await db.users.known_as(others, guild_id=heard.where.guild_id)
        }
        told = {person.id: person for person in heard.people if person.id != me}
        people = []
        for user_id in dict.fromkeys((*others, *told)):
            names = (told[user_id].names if user_id in told else ()) + (
                known[user_id].names if user_id in known else ()
            )
            is_bot = (user_id in told and told[user_id].is_bot) or (
                user_id in known and known[user_id].is_bot
            )
            people.append(Person(user_id, tuple(dict.fromkeys(names)), is_bot))
        return tuple(people)

    def _around(
        self, heard: Utterance, lately: Sequence[LatelySaid], *, again: bool
    ) -> tuple[tuple[Glimpse, ...], tuple[Glimpse, ...]]:
        """Return the lines before an utterance and those after it, in the order of arrival.

        If the utterance is no longer among the latest lines when it is judged `again`, all of them came after
        it.
        """
        before: list[Glimpse] = []
        after: list[Glimpse] = []
        scrolled_out = again and all(row.id != heard.message_id for row in lately)
        side = after if scrolled_out else before
        for row in lately:
            if row.id == heard.message_id:
                side = after
            else:
                side.append(_glimpse(row))
        return tuple(before), tuple(after)

    # Addressees.

    def _in_doubt(self, heard: Utterance, now: Circumstances, attention: Attention) -> bool:
        """Say whether the addressee matters, but the rules can't tell (F038)."""
        if now.addressed.sure or heard.alone or not self.votes or not worth_asking(heard):
            return False
        if attention.decision is not None and not attention.decision.reply:
            return False
        channel_id, moment = heard.where.channel_id, self._clock.monotonic()
        if moment - self._asked_at.get(channel_id, -ASKED_AGAIN_AFTER) < ASKED_AGAIN_AFTER:
            return False
        self._asked_at[channel_id] = moment
        return True

    def _considered(
        self,
        attention: Attention,
        now: Circumstances,
        waits: Sequence[Wait],
        who: VoteOutcome | None,
        at: float,
    ) -> Considered:
        calls = who.calls if who else ()
        trace = Trace(
            steps=attention.steps,
            addressees=tuple(person.id for person in now.addressed.order),
            asked_who=who is not None,
            waits=tuple(waits),
            seconds=round(self._clock.monotonic() - at, 3),
            cost=cost_of(calls),
        )
        return Considered(attention.decision, trace, now.received, now.tally.to_this_bot, calls)


async def _closed(db: UnitOfWork, heard: Utterance) -> Decision | None:
    """Return the decision made while a message waited: it was deleted, or answered together with another
    message.
    """
    found = await db.turns.decided(heard.message_id)
    if found is None or found[0].open:
        return None
    return Decision(reply=False, reason=Reason.__members__.get(found[0].reason or "", Reason.DELETED))


def cost_of(calls: Iterable[ModelCall]) -> float | None:
    """Return the total cost of calls in US dollars; None if one of the prices is unknown."""
    costs = [call.cost for call in calls]
    return None if None in costs else sum(cost for cost in costs if cost is not None)


def _glimpse(row: LatelySaid) -> Glimpse:
    return Glimpse(
        message_id=row.id,
        author_id=row.author_id,
        author_name=row.author_name,
        text=row.text,
        sent_at=row.sent_at,
        mine=row.heard_through is not None,
        from_bot=row.from_bot,
        reply_to=row.reply_to,
    )
