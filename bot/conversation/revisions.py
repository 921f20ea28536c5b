"""Changes of delivered replies: other takes, continuation, and rewriting (C44-C46)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.context.lineage import drawn_on
from bot.conversation.outbox import Saying
from bot.conversation.queue import Rooms
from bot.conversation.rethinking import CannotRemake, Requester, Rethinking
from bot.conversation.safety import why_not
from bot.conversation.speakers import Casting
from bot.conversation.text.names import clean_text, is_blank
from bot.conversation.text.split import split
from bot.conversation.types import NO_EMOTES, Mouth
from bot.core.clock import Runtime
from bot.core.i18n import _
from bot.prompts import fill
from database import Database, UnitOfWork
from database.models import Turn
from memory.places import Where

MOST_TAKES = 20
"""The maximum number of takes on one reply."""
MOST_MESSAGES = 20
"""The maximum number of messages of a continued reply."""
_BEGINNING = 160

NOTHING_HERE = _(
    "There is no reply of mine to you here that I still know word for word: say something first."
)
GONE = _(
    "I don't know that reply of mine to you any more: it was deleted or forgotten, is more than a "
    "day old, or answered somebody else."
)
TOO_MANY = _("There are {most} takes on this reply already. Choose one of them with /swipe.")
TOO_LONG = _("I said a great deal there already. Answer me, and I have something to go on from.")
NOT_HERE = _("I am switched off here, or asked not to answer you: I can't change what I said.")
SPEAKING = _("Something of mine is still being said here. Try again in a moment.")
EMPTY = _("There is nothing in that to say: write at least one word.")
NOT_DONE = _("That could not be done right now; as soon as Discord can be reached, I try again by myself.")


@dataclass(frozen=True, slots=True)
class Takes:
    """All takes on one reply: `stands` is the number of the one in the channel; numbers count from 1."""

    turn_id: int
    parts: tuple[tuple[str, ...], ...]
    stands: int

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple("\n".join(parts) for parts in self.parts)

    @property
    def newest(self) -> int:
        return len(self.parts)


class Remaking:
    """Changes replies in the channel and in the log, so that the two never differ."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        casting: Casting,
        rooms: Rooms,
        saying: Saying,
        rethinking: Rethinking,
        *,
        longest_message: int,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._casting = casting
        self._rooms = rooms
        self._saying = saying
        self._rethinking = rethinking
        self._longest_message = longest_message

    async def takes(
        self, character: str, asker: Requester, where: Where, turn_id: int | None = None
    ) -> Takes:
        """Return the takes on a person's last reply in a place, or on a certain one of theirs.

        Raises CannotRemake.
        """
        role = self._role_of(character)
        async with self._database.read() as db:
            turn = await self._theirs(db, role, asker, where, turn_id)
            return await self._takes(db, turn)

    async def another(
        self,
        character: str,
        asker: Requester,
        where: Where,
        *,
        context: str = "",
        turn_id: int | None = None,
        emotes: Mapping[str, str] = NO_EMOTES,
    ) -> Takes:
        """Generate another take and store it beside the others; the reply stays the same (C44).

        `context` is the person's remark about it, out of character; `emotes` are the place's. Raises
        CannotRemake.
        """
        role = self._role_of(character)
        with self._rethinking.one_at_a_time(role.slug, asker.id):
            async with self._database.read() as db:
                turn = await self._theirs(db, role, asker, where, turn_id)
                known = await self._takes(db, turn)
            _room_for_one(known)
            before = json.dumps(" ".join(known.texts[-1].split())[:_BEGINNING], ensure_ascii=False)
            thought = await self._rethinking.think(
                role,
                asker,
                turn,
                where,
                before=2 * turn.heard_through + 1,
                note=fill("another_take", before=before),
                context=context,
                emotes=emotes,
            )
            async with self._database.begin() as db:
                turn = await self._theirs(db, role, asker, where, turn.id)
                await self._rethinking.check(db, role, thought)
                known = await self._takes(db, turn)
                await db.turns.draw_on(turn, drawn_on(thought.text, thought.remembered))
                # The first of them is the delivered reply: from now on there is more than one.
                for parts in (*known.parts, self._split(thought.text)):
                    await db.turns.add_variant(turn.id, parts, at=self._clock.now())
                await db.turns.count_takes(turn.id, rerolls=1)
                known = await self._takes(db, turn)
        self._reached("thought again")
        return known

    async def choose(
        self, character: str, asker: Requester, where: Where, *, turn_id: int, number: int, mouth: Mouth
    ) -> Takes:
        """Select another take: in the channel, in the log, and so in the next prompt (C44, C45).

        Raises CannotRemake, also if Discord can't be reached: then the change follows later.
        """
        role = self._role_of(character)
        async with self._rooms.enter(where.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                turn = await self._theirs(db, role, asker, where, turn_id)
                kept = {variant.number: variant.parts for variant in await db.turns.variants(turn.id)}
                if number not in kept:
                    raise CannotRemake(GONE)
                if number == turn.variant:
                    return await self._takes(db, turn)
                await db.turns.revise(turn.id, kept[number], variant=number, at=self._clock.now())
                await db.turns.count_takes(turn.id, swipes=1)
                await self._set_audience(db, role, turn, where)
            self._reached("revised")
            return await self._carry_out(turn.id, mouth)

    async def rewrite(
        self,
        character: str,
        asker: Requester,
        where: Where,
        text: str,
        *,
        mouth: Mouth,
        turn_id: int | None = None,
    ) -> Takes:
        """Give the last reply, or a certain one, new words in the channel and in the log (C46).

        Raises CannotRemake.
        """
        role, text = self._role_of(character), clean_text(text).strip()
        if is_blank(text):
            raise CannotRemake(EMPTY)
        async with self._rooms.enter(where.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                turn = await self._theirs(db, role, asker, where, turn_id)
                known = await self._takes(db, turn)
                _room_for_one(known)
                await db.turns.add_variant(turn.id, known.parts[0], at=self._clock.now())
                number = await db.turns.add_variant(turn.id, self._split(text), at=self._clock.now())
                if number == turn.variant:
                    return known
                await db.turns.revise(turn.id, self._split(text), variant=number, at=self._clock.now())
                await self._set_audience(db, role, turn, where)
            self._reached("revised")
            return await self._carry_out(turn.id, mouth)

    async def go_on(self, character: str, asker: Requester, where: Where, *, mouth: Mouth) -> str:
        """Let the character continue its last reply, as a part of it (C46). Raises CannotRemake."""
        role, entered = self._role_of(character), self._rooms.enter(where.channel_id)
        with self._rethinking.one_at_a_time(role.slug, asker.id):
            async with entered as room, room.lock:
                return await self._go_on(role, asker, where, mouth)

    async def _go_on(self, role: PlayedCharacter, asker: Requester, where: Where, mouth: Mouth) -> str:
        async with self._database.read() as db:
            turn = await self._theirs(db, role, asker, where, None)
            said = len(await db.messages.of_turn(turn.id))
        if said >= MOST_MESSAGES:
            raise CannotRemake(TOO_LONG)
        async with mouth.typing():
            thought = await self._rethinking.think(
                role,
                asker,
                turn,
                where,
                before=2 * turn.heard_through + 2,
                note=fill("going_on"),
                emotes=mouth.emotes,
            )
        async with self._database.begin() as db:
            turn = await self._theirs(db, role, asker, where, turn.id)
            await self._rethinking.check(db, role, thought)
            last = max(part.number for part in await db.turns.parts(turn.id))
            now = self._clock.now()
            # Takes on the former reply are no takes on its new form.
            await db.turns.one_take(turn.id)
            await db.turns.draw_on(turn, drawn_on(thought.text, thought.remembered))
            await db.turns.extend(turn.id, self._split(thought.text), after=last, mark=f"c{last}", at=now)
            await db.turns.recast(turn.id, await self._casting.cast_id(db, where, speaker=role.slug))
        self._reached("pledged")
        await self._carry_out(turn.id, mouth)
        return thought.text

    def _role_of(self, character: str) -> PlayedCharacter:
        role = self._casting.company.by_slug.get(character)
        if role is None:
            raise CannotRemake(GONE)
        return role

    async def _set_audience(self, db: UnitOfWork, role: PlayedCharacter, turn: Turn, where: Where) -> None:
        """Set the audience of new words: characters that heard the old ones and are present now (C25)."""
        cast_id = await self._casting.narrowed(db, turn.cast_id, where, speaker=role.slug)
        said = [line.id for line in await db.messages.of_turn(turn.id)]
        await db.turns.recast(turn.id, cast_id)
        await db.messages.recast(said, cast_id)
        await db.archive.recast(said, cast_id)

    async def _carry_out(self, turn_id: int, mouth: Mouth) -> Takes:
        """Apply the stored changes to the channel. A failed one is retried by its job."""
        async with self._database.read() as db:
            pledge = await turns.unfinished(db, turn_id)
        if pledge is not None:
            await self._saying.say(pledge, mouth, spent=float("inf"))
        async with self._database.read() as db:
            turn = await db.turns.get(turn_id)
            if turn is None or turn.state == "pledged":
                raise CannotRemake(NOT_DONE)
            if turn.state == "dropped":
                raise CannotRemake(GONE)
            return await self._takes(db, turn)

    async def _theirs(
        self, db: UnitOfWork, role: PlayedCharacter, asker: Requester, where: Where, turn_id: int | None
    ) -> Turn:
        """Return a reply that may be changed: one to this person, in this place, still in the log."""
        house = HouseRules(await db.channels.rules(where.guild_id))
        denied = bool(house.denied_roles & set(asker.roles))
        if denied or house.ignores(asker.id) or not house.active(where):
            raise CannotRemake(NOT_HERE)
        if not await self._casting.admits(db, role, where):
            raise CannotRemake(why_not(role, where))
        turns = await db.turns.last_to(asker.id, where.channel_id, limit=50)
        turn = next((turn for turn in turns if turn_id in (None, turn.id)), None)
        if turn is None:
            raise CannotRemake(NOTHING_HERE if turn_id is None else GONE)
        if turn.state == "pledged":
            raise CannotRemake(SPEAKING)
        if turn.character != role.slug:
            raise CannotRemake(GONE)
        said = [line.id for line in await db.messages.of_turn(turn.id)]
        if await db.summaries.covering(said):
            raise CannotRemake(NOTHING_HERE)  # the old words would stay in the summary
        return turn

    async def _takes(self, db: UnitOfWork, turn: Turn) -> Takes:
        kept = await db.turns.variants(turn.id)
        if kept:
            return Takes(turn.id, tuple(tuple(variant.parts) for variant in kept), turn.variant)
        said = await db.messages.of_turn(turn.id)
        return Takes(turn.id, (tuple(line.text for line in said),), turn.variant)

    def _split(self, text: str) -> list[str]:
        return split(text, self._longest_message)


def _room_for_one(known: Takes) -> None:
    if known.newest >= MOST_TAKES:
        raise CannotRemake(TOO_MANY.format(most=MOST_TAKES))
