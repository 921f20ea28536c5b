"""Builds the database of the scale benchmark: what many people said within half a day, each in a place.

The database itself says each line once for everybody: row by row, millions of them would take minutes.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    literal,
    select,
)

from benchmarks import store_words
from benchmarks.store_building import FIRST_GUILD, STEP, create, hurry, write
from bot.conversation.decision import Reason
from bot.features.memory.nightly import DRAWN
from database.models import (
    Cast,
    CastMember,
    Channel,
    Claim,
    MessageRow,
    Nickname,
    PartRow,
    Row,
    Seat,
    State,
    Turn,
    User,
)
from database.repositories import table_of, values_of

ANSWERED_EVERY = 10
SPAN = timedelta(hours=12)
CAST = 1
_places = Table(
    "scale_places",
    MetaData(),
    *(Column(name, BigInteger) for name in ("number", "channel_id", "person_id")),
    Column("name", String),
    prefixes=["TEMPORARY"],
)


class Told(NamedTuple):
    """Who talks in which channel of a guild."""

    channel_id: int
    guild_id: int
    person_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How many messages were said in each place, to which character, by how many people at least."""

    messages: int
    character: str
    people: int = 0

    def build(self, path: Path, places: Sequence[Told]) -> None:
        """Make the database at `path`, for these places and as many more as it takes."""
        asyncio.run(create(path))
        engine = create_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", hurry)
        with engine.begin() as db:
            self._write(db, [*places, *map(_elsewhere, range(self.people - len(places)))])
        engine.dispose()
        with path.open("rb") as built:
            os.fsync(built.fileno())  # or the bot's first checkpoint would wait for all of it

    def _write(self, db: Connection, places: Sequence[Told]) -> None:
        begun, rng = datetime.now(UTC) - SPAN, Random(20_261_123)
        _write_people(db, places, begun)
        seats = [Seat(place.channel_id, self.character) for place in places]
        # Facts were drawn last night: a bot that has not done so begins with it.
        drawn = State(f"{DRAWN} {self.character}", f"{datetime.now(UTC):%Y-%m-%d}")
        for row in (Cast(self.character), CastMember(self.character, CAST), drawn):
            write(db, type(row), [values_of(row)])
        write(db, Seat, [values_of(one) for one in seats])
        _places.create(db)
        rows = [(number, one.channel_id, one.person_id, one.name) for number, one in enumerate(places)]
        db.execute(insert(_places), [dict(zip(_places.c.keys(), row, strict=True)) for row in rows])
        for number in range(self.messages):
            line = _Line(db, self.character, number, len(places), begun + SPAN * (number / self.messages))
            line.say(store_words.line(rng))
            if number % ANSWERED_EVERY == 0:
                line.answer(store_words.line(rng))


@dataclass(frozen=True, slots=True)
class _Line:
    """A message that is said once in each place."""

    db: Connection
    character: str
    number: int
    places: int
    at: datetime

    def say(self, text: str) -> None:
        here, said = _places.c, self._said(text, place=2 * self.number)
        self._write(
            MessageRow, said | {"author_id": here.person_id, "author_name": here.name, "from_bot": False}
        )
        claim = {"message_id": said["id"], "channel_id": here.channel_id, "author_id": here.person_id}
        claim |= {"claimed_at": self.at, "decided_at": self.at, "open": False}
        self._write(Claim, claim | {"reason": Reason.MENTION.name, "turn_id": None})

    def answer(self, text: str) -> None:
        here, said = _places.c, self._said(text, place=2 * self.number + 1)
        turn = self._once(self.number // ANSWERED_EVERY)
        trigger, heard = self._message(2 * self.number), self._once(2 * self.number)
        pledged = values_of(Turn(0, 0, 0, self.character, Reason.MENTION.name, 0, self.at, cast_id=CAST))
        pledged |= {"state": "said", "settled_at": self.at, "id": turn, "heard_through": heard}
        pledged |= {"channel_id": here.channel_id, "trigger_id": trigger, "addressee_id": here.person_id}
        self._write(Turn, pledged)
        mine = {"author_id": literal(1), "author_name": self.character, "from_bot": True, "turn_id": turn}
        self._write(MessageRow, said | mine | {"character": self.character, "heard_through": heard})
        self._write(
            PartRow, {"turn_id": turn, "number": 1, "text": "", "nonce": "", "message_id": said["id"]}
        )

    def _said(self, text: str, *, place: int) -> dict[str, Any]:
        said = {"id": self._message(place), "position": self._once(place), "sent_at": self.at, "text": text}
        return said | {"channel_id": _places.c.channel_id, "cast_id": CAST}

    def _once(self, number: int) -> ColumnElement[int]:
        """Return what is different in each place, and for each number."""
        return literal(1 + number * self.places) + _places.c.number

    def _message(self, number: int) -> ColumnElement[int]:
        return literal(FIRST_GUILD) + self._once(number) * 1_000

    def _write(self, model: type[Row], values: dict[str, Any]) -> None:
        table = table_of(model)
        said = [
            one if isinstance(one, ColumnElement) else literal(one, table.c[name].type).label(name)
            for name, one in values.items()
        ]
        everywhere = select(*said).select_from(_places).order_by(_places.c.number)
        self.db.execute(insert(table).from_select(list(values), everywhere))


def _elsewhere(number: int) -> Told:
    """Return a place that nobody talks in any more."""
    guild, one = FIRST_GUILD + number % 100, number * STEP
    return Told(FIRST_GUILD + one, guild, FIRST_GUILD - one - STEP, f"Somebody{number}")


def _write_people(db: Connection, places: Sequence[Told], at: datetime) -> None:
    people = {place.person_id: place for place in places}.values()
    write(
        db,
        User,
        [values_of(User(one.person_id, is_bot=False, first_seen=at, last_seen=at)) for one in people],
    )
    names = [
        Nickname(one.person_id, where, one.name, at, at) for one in people for where in (0, one.guild_id)
    ]
    write(db, Nickname, [values_of(one) for one in names])
    channels = [
        Channel(one.channel_id, "guild", one.guild_id, "general", "The Guild", watermark=one.channel_id)
        for one in places
    ]
    write(db, Channel, [values_of(one) for one in channels])
