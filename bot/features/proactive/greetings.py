"""Greetings: to people who are new, to places that a character enters, or on request (C36)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from bot.conversation import turns
from bot.conversation.attention.server_rules import HouseRules
from bot.conversation.company import PlayedCharacter
from bot.conversation.config import Manner
from bot.conversation.context.transcript import WINDOW
from bot.conversation.decision import Reason
from bot.conversation.outbox import Saying
from bot.conversation.proactive import NOBODY, unpinged
from bot.conversation.queue import Rooms
from bot.conversation.rethinking import Requester
from bot.conversation.revisions import MOST_TAKES, NOT_DONE, NOT_HERE
from bot.conversation.safety import why_not
from bot.conversation.speakers import Casting
from bot.conversation.text.emotes import dress
from bot.conversation.text.names import clean_name, clean_text, is_blank
from bot.conversation.text.split import split
from bot.conversation.turns import Pledge
from bot.conversation.types import Mouth, Utterance
from bot.core.clock import Runtime
from bot.core.errors import MasqueradeError
from bot.core.i18n import _
from database import Database, UnitOfWork
from database.models import Turn
from memory.places import Place, Where
from personas.macros import Macros, expand

log = logging.getLogger(__name__)

LONGEST = 6_000
"""Maximum length of a greeting, three messages; a longer one from an imported card is ignored."""
NO_GREETING = _("{name} has no greeting: just say something.")
NOT_HERE_YET = _("{name} does not hear this channel: admins let it in with /persona invite.")
NOT_CHOSEN = _("{name} is not the one you are talking with here: /persona choose changes that.")
EVERYBODY = _("all of you", "whom a character greets that is let into a channel")
STOPPING = _("I am just shutting down. Try again in a minute.")
REFUSED = _("That could not be said here: I may not write in this channel.")


class NoGreeting(MasqueradeError):  # noqa: N818 - an answer, not a fault
    """No greeting was posted; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Greeted:
    """A posted greeting: its character and turn; `others` counts the alternative texts."""

    role: PlayedCharacter
    turn_id: int
    others: int


@dataclass(frozen=True, slots=True)
class GreetingOccasion:
    """A character's admission to a place, or its choice as responder there, by a person.

    `key` is a Discord id of that action; `absent` says that the character was not there before.
    """

    role: PlayedCharacter
    where: Where
    by: Requester
    key: int
    absent: bool


@dataclass(frozen=True, slots=True)
class _Opening:
    """A greeting to post: its alternative texts, person and place.

    `key` identifies the occasion and prevents a second posting. The log places the greeting right behind
    the line at position `behind`.
    """

    role: PlayedCharacter
    where: Where
    person_id: int
    texts: Sequence[str]
    key: int
    behind: int


class Greetings:
    """Posts greetings exactly once; they become history like replies, with the alternatives as takes."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        casting: Casting,
        rooms: Rooms,
        saying: Saying,
        manner: Manner,
    ) -> None:
        self._database = database
        self._clock, self._reached = runtime.clock, runtime.reached
        self._casting = casting
        self._rooms = rooms
        self._saying = saying
        self._manner = manner

    async def first_words(self, heard: Utterance, mouth: Mouth) -> bool:
        """Greet a person who writes privately to a character for the first time; return whether it did.

        The greeting precedes everything that the character heard there, so the message to answer still comes
        last. It is stored with the character's seat before it is posted, so it is posted once, whatever
        happens. The caller holds the room's lock; `mouth` is the place's own.
        """
        where = heard.where
        if (
            where.place is not Place.DM
            or heard.from_bot
            or not any(map(_has_greeting, self._casting.company))
        ):
            return False
        async with self._database.read() as db:
            if await self._first(db, heard) is None:
                return False
        async with self._database.begin() as db:
            opening = await self._first(db, heard)
            opening = _dressed(opening, mouth) if opening else None
            pledge = await self._pledge(db, opening) if opening else None
        if opening is None or pledge is None:
            return False
        await self._say(opening, pledge, mouth)
        return True

    async def welcome(self, asker: Requester, where: Where, mouth: Mouth, *, key: int) -> bool:
        """Let a place's responder greet a person who arrives there for the first time, before they speak."""
        async with self._database.read() as db:
            role = await self._casting.host(db, where, await self._casting.present(db, where))
            if not _has_greeting(role) or await _met(db, where.channel_id, role.slug):
                return False
        try:
            await self.greet(asker, where, mouth, key=key, role=role)
        except NoGreeting:
            return False
        return True

    async def greet(
        self, asker: Requester, where: Where, mouth: Mouth, *, key: int, role: PlayedCharacter | None = None
    ) -> Greeted:
        """Post a character's greeting; without a `role`, that of the place's responder.

        `key` is a Discord id of the occasion. Raises NoGreeting.
        """
        if self._rooms.closing:
            raise NoGreeting(STOPPING)
        async with self._rooms.enter(where.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                opening = _dressed(await self._asked_for(db, asker, where, role, key), mouth)
                pledge = await self._pledge(db, opening)
            await self._say(opening, pledge, mouth)
            async with self._database.read() as db:
                turn = await db.turns.get(pledge.turn_id)
        if turn is None or turn.state != "said":
            raise NoGreeting(NOT_DONE if turn and turn.state == "pledged" else REFUSED)
        return Greeted(opening.role, pledge.turn_id, len(opening.texts) - 1)

    async def arrive(self, arrival: GreetingOccasion, mouth: Mouth) -> bool:
        """Let a character greet a place that it entered; return whether it did.

        A character that was already there greets only if it never spoke. In a channel it names nobody, and is
        subject to all limits on unprompted messages.
        """
        if not self._manner.greets or not any(_forms(arrival.role, arrival.where)) or self._rooms.closing:
            return False
        async with self._rooms.enter(arrival.where.channel_id) as room, room.lock:
            async with self._database.begin() as db:
                opening = await self._at_arrival(db, arrival)
                if opening is None:
                    return False
                opening = _dressed(opening, mouth)
                pledge = await self._pledge(db, opening)
            await self._say(opening, pledge, mouth)
        return True

    # Choosing the text.

    async def _first(self, db: UnitOfWork, heard: Utterance) -> _Opening | None:
        """Return the greeting for a new person; None if the two have met or the message is gone."""
        role = await self._alone_with(db, heard.where)
        line = await db.messages.get(heard.message_id)
        if role is None or line is None or not _has_greeting(role):
            return None
        if await _met(db, heard.where.channel_id, role.slug):
            return None
        name = clean_name(heard.author_name, "somebody")
        texts = await self._texts(db, role, heard.where, Requester(heard.author_id, name), heard.message_id)
        if not texts:
            return None
        said = await db.messages.transcript(
            heard.where.channel_id, role.slug, since=self._clock.now() - WINDOW
        )
        first = min((line_said.position for line_said in said), default=line.position)
        return _Opening(role, heard.where, heard.author_id, texts, heard.message_id, first - 1)

    async def _asked_for(
        self, db: UnitOfWork, asker: Requester, where: Where, role: PlayedCharacter | None, key: int
    ) -> _Opening:
        house = HouseRules(await db.channels.rules(where.guild_id))
        if house.ignores(asker.id) or house.denied_roles & set(asker.roles) or not house.active(where):
            raise NoGreeting(NOT_HERE)
        present = await self._casting.present(db, where)
        role = role or await self._casting.host(db, where, present)
        if not await self._casting.admits(db, role, where):
            raise NoGreeting(why_not(role, where))
        if role.slug not in {character.slug for character in present}:
            refusal = NOT_HERE_YET if where.place.holds_several else NOT_CHOSEN
            raise NoGreeting(refusal.format(name=role.name))
        texts = await self._texts(db, role, where, asker, key)
        if not texts:
            raise NoGreeting(NO_GREETING.format(name=role.name))
        return _Opening(role, where, asker.id, texts, key, await db.reminders.last_position())

    async def _at_arrival(self, db: UnitOfWork, arrival: GreetingOccasion) -> _Opening | None:
        """Return the greeting for a place that a character entered; None if it stays silent."""
        where, role = arrival.where, arrival.role
        if not arrival.absent and await _met(db, where.channel_id, role.slug):
            return None
        if await self._is_left_alone(db, where):
            return None
        asker = arrival.by if where.place.private else Requester(NOBODY, str(EVERYBODY))
        try:
            opening = await self._asked_for(db, asker, where, role, arrival.key)
        except NoGreeting:
            return None
        texts = [text for unfiltered in opening.texts if (text := unpinged(unfiltered))]
        return replace(opening, texts=texts[:1]) if texts else None

    async def _is_left_alone(self, db: UnitOfWork, where: Where) -> bool:
        """Return whether unprompted messages are unwelcome in a place.

        Quiet hours don't count: whoever let the character in is awake.
        """
        channel = await db.channels.get(where.channel_id)
        refused = channel.unsendable_until if channel else None
        if refused is not None and refused > self._clock.now():
            return True
        chance = HouseRules(await db.channels.rules(where.guild_id)).chance(where)
        considered = self._manner.attention.chance if chance is None else chance
        return not considered or await db.cues.scene(where.channel_id) is not None

    async def _alone_with(self, db: UnitOfWork, where: Where) -> PlayedCharacter | None:
        return next(iter(await self._casting.present(db, where)), None)

    async def _texts(
        self, db: UnitOfWork, role: PlayedCharacter, where: Where, asker: Requester, key: int
    ) -> list[str]:
        """Return the texts of a greeting with macros expanded, deterministically for a key."""
        played = (await db.users.guises_in([asker.id], where.channel_id)).get(asker.id)
        user = clean_name(played or asker.name, "somebody")
        macros = Macros(char=role.name, user=user, seed=f"{role.slug} {key}")
        rng = Random(f"{role.slug} {key}")
        texts = [clean_text(expand(form, macros, rng=rng)).strip() for form in _forms(role, where)]
        fitting = (text for text in dict.fromkeys(texts) if not is_blank(text) and len(text) <= LONGEST)
        return list(fitting)[:MOST_TAKES]

    # Posting.

    async def _pledge(self, db: UnitOfWork, opening: _Opening) -> Pledge:
        """Store a greeting, with its alternatives as takes."""
        now, where, slug = self._clock.now(), opening.where, opening.role.slug
        longest = self._manner.longest_message
        await turns.note_place(db, where)
        await db.channels.take_seat(where.channel_id, slug)
        seat = await db.channels.seat(where.channel_id, slug)
        turn = Turn(
            channel_id=where.channel_id,
            trigger_id=opening.key,
            addressee_id=opening.person_id,
            character=slug,
            reason=Reason.GREETING.name,
            # Never before the start of the character's transcript.
            heard_through=max(opening.behind, seat.floor // 2 if seat else 0),
            pledged_at=now,
            cast_id=await self._casting.cast_id(db, where),
        )
        parts = turns.parts_of(opening.texts[0], mark=f"g{opening.key}", limit=longest)
        turn_id = await db.turns.pledge(turn, [(part.number, part.text, part.nonce) for part in parts])
        for text in opening.texts if len(opening.texts) > 1 else ():
            await db.turns.add_variant(turn_id, split(text, longest), at=now)
        return Pledge(turn_id, turn.channel_id, turn.trigger_id, turn.addressee_id, parts, now)

    async def _say(self, opening: _Opening, pledge: Pledge, mouth: Mouth) -> None:
        self._reached("pledged")
        log.info("%s greets in channel %s", opening.role.slug, opening.where.channel_id)
        await self._saying.say(pledge, mouth.speaking_as(opening.role.speaker), spent=float("inf"))


def _dressed(opening: _Opening, mouth: Mouth) -> _Opening:
    """Return an opening with emotes in the place's notation."""
    character = opening.role.character
    return replace(opening, texts=[dress(text, mouth.emotes, character) or text for text in opening.texts])


def _has_greeting(role: PlayedCharacter) -> bool:
    return bool(role.character.greeting or role.character.greetings)


def _forms(role: PlayedCharacter, where: Where) -> tuple[str, ...]:
    """Return a character's greetings for a place; in a server, the group greetings if it has any."""
    character = role.character
    if where.place is Place.GUILD and character.group_greetings:
        return character.group_greetings
    return (character.greeting, *character.greetings)


async def _met(db: UnitOfWork, channel_id: int, slug: str) -> bool:
    """Return whether a character ever spoke in a place, according to the data still stored."""
    if await db.channels.seat(channel_id, slug) is not None:
        return True
    latest = await db.turns.last_speaker(channel_id)
    return latest is not None and latest[0] == slug
