"""Builds the database of the store benchmark: facts of many people, as months of talk leave them.

A bot writes day by day: each day some people tell a few things, which become rows, sources, changes and
vectors. So the rows of one person lie scattered over the file, as they would; written person by person they
would lie side by side, and be read faster than any bot ever reads them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, delete, event, insert

from benchmarks import store_words
from benchmarks.store_vectors import Embedded
from database import Database
from database.models import (
    Archived,
    Channel,
    Consent,
    Fact,
    FactChange,
    FactSource,
    Nickname,
    Row,
    State,
    User,
)
from database.repositories import table_of, values_of
from memory.history import LEARNT

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

CHARACTER = "pixel"
FIRST_PERSON, FIRST_CHANNEL, FIRST_GUILD = (
    300_000_000_000_000_000,
    600_000_000_000_000_000,
    700_000_000_000_000_000,
)
STEP = 4_194_304_001
"""Ids of Discord's lie far apart."""
TOPICS = 400
AT_A_TIME = 8
"""Facts of one person on one day."""
_CACHE = "PRAGMA cache_size = -400000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is known about how many people, who told it in how many days, until `end`."""

    facts: int
    people: int
    lines: int
    days: int = 250
    end: datetime


def someone(number: int) -> int:
    """Return the id of one of the people."""
    return FIRST_PERSON + number * STEP


def private_place(number: int) -> int:
    """Return the channel of somebody's direct messages."""
    return FIRST_CHANNEL + number * STEP


@dataclass(frozen=True, slots=True)
class Spoken:
    """A channel, and the guild that it is in."""

    channel_id: int
    guild_id: int | None


def talkative_place() -> Spoken:
    """Return the channel that has an archive."""
    return Spoken(FIRST_CHANNEL - STEP, FIRST_GUILD)


def build(path: Path, size: Size) -> None:
    """Make the database at `path`; minutes for a million facts."""
    asyncio.run(create(path))
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", hurry)
    work = Building(size)
    with engine.begin() as connection:
        work.people(connection)
    for day in range(size.days):
        with engine.begin() as connection:
            work.day(connection, day)
    with engine.begin() as connection:
        work.archive(connection)
    with engine.begin() as connection:
        work.finish(connection)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # the file keeps it, as one that a bot made
    engine.dispose()


async def create(path: Path) -> None:
    """Make an empty database."""
    await (await Database.open(path)).close()


def hurry(connection: Any, _record: object) -> None:
    """Let a connection write as fast as it goes."""
    # Nobody minds if this file is lost half-way; where rows come to lie is the same.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(_CACHE)


@dataclass
class Building:
    """What a bot would have written, day by day; the same for the same size."""

    size: Size
    rng: Random = field(default_factory=lambda: Random(20_261_121))

    def __post_init__(self) -> None:
        self._last_fact = 0
        self._numbers = [0] * self.size.people
        self._vectors = Embedded(self.rng.randrange(2**32)) if find_spec("numpy") else None

    def people(self, db: Connection) -> None:
        """Write down who there is, and where they are heard."""
        first, place = self._at(0), talkative_place()
        write(db, Channel, [_channel(place.channel_id, "guild", place.guild_id) | {"archive_version": 1}])
        for number in range(self.size.people):
            person, last = someone(number), self.size.end - timedelta(hours=self.rng.uniform(1, 200))
            write(db, User, [values_of(User(id=person, is_bot=False, first_seen=first, last_seen=last))])
            names = [Nickname(person, guild, f"Person {number}", first, last) for guild in (0, FIRST_GUILD)]
            write(db, Nickname, [values_of(one) for one in names])
            write(db, Channel, [_channel(private_place(number), "dm", None)])
            write(db, Consent, [values_of(Consent(person, given=True, at=first))])

    def day(self, db: Connection, day: int) -> None:
        """Write down what some people told on a day."""
        facts: list[dict[str, Any]] = []
        due = self.size.facts * (day + 1) // self.size.days - self._last_fact
        while due > 0:
            number = self.rng.randrange(self.size.people)
            for _ in range(min(AT_A_TIME, due)):
                facts.append(self._fact(number, day))
                due -= 1
        write(db, Fact, facts)
        linked = [{"message_id": one["sources"][0], "memory_id": one["id"]} for one in facts]
        write(db, FactSource, linked)
        write(db, FactChange, [_change(one) for one in facts])
        if self._vectors is not None:
            self._vectors.add(db, "fact", CHARACTER, [(one["person_id"], one["id"]) for one in facts])

    def archive(self, db: Connection) -> None:
        """Write down what was said in one channel."""
        place = talkative_place()
        lines = [self._line(place, number) for number in range(self.size.lines)]
        write(db, Archived, [values_of(one) for one in lines])
        if self._vectors is not None:
            self._vectors.add(db, "line", "", [(place.channel_id, one.id) for one in lines])

    def finish(self, db: Connection) -> None:
        """Write down the last numbers that were given out."""
        last = str(self._last_fact)
        state = table_of(State)
        for key in ("last fact", "last change of core memory"):
            db.execute(delete(state).where(state.c.key == key))
            db.execute(insert(state), {"key": key, "value": last})

    def _fact(self, number: int, day: int) -> dict[str, Any]:
        self._last_fact += 1
        self._numbers[number] += 1
        at = self._at(day) + timedelta(seconds=self.rng.randrange(86_400))
        said, private = store_words.fact(self.rng), self.rng.random() < 0.3
        kept = self.rng.random() < 0.02
        where = private_place(number) if private else FIRST_CHANNEL - STEP * self.rng.randrange(1, 200)
        return {
            "id": self._last_fact,
            "person_id": someone(number),
            "character": CHARACTER,
            "number": self._numbers[number],
            "text": said.text,
            "scope": "dm" if private else "channel",
            "channel_id": where,
            "guild_id": None if private else FIRST_GUILD,
            "origin": LEARNT,
            "made_at": at,
            "changed_at": at,
            "quote": said.quote,
            "sources": [FIRST_GUILD + self._last_fact * STEP],
            "pinned": kept and self.rng.random() < 0.3,
            "kept": kept,
            "category": said.category,
            "tags": list(said.tags),
            "first_at": at,
            "last_at": at,
            "mentions": 1,
            "subject": self.rng.choice(("Ada", "Hugo")) if self.rng.random() < 0.1 else "",
            "for_all": False,
            "ended_at": at if self.rng.random() < 0.03 else None,
            "superseded_by": None,
        }

    def _line(self, place: Spoken, number: int) -> Archived:
        person = someone(self.rng.randrange(min(self.size.people, 40)))
        return Archived(
            id=FIRST_GUILD + number * STEP,
            channel_id=place.channel_id,
            guild_id=place.guild_id,
            person_id=person,
            author_id=person,
            author_name=f"Person {person % 40}",
            text=store_words.line(self.rng),
            sent_at=self.size.end - timedelta(minutes=5 * (self.size.lines - number) + 3_000),
        )

    def _at(self, day: int) -> datetime:
        return self.size.end - timedelta(days=self.size.days - day + 1)


def _channel(channel_id: int, place: str, guild_id: int | None) -> dict[str, Any]:
    guild_name = "" if guild_id is None else "The Guild"
    return values_of(Channel(channel_id, place, guild_id, "general", guild_name))


def _change(fact: dict[str, Any]) -> dict[str, Any]:
    same = {key: fact[key] for key in ("person_id", "character")}
    row = {"batch": fact["id"] // AT_A_TIME, "memory_id": fact["id"], **same}
    return {**row, "at": fact["made_at"], "cause": LEARNT, "before": None}


def write(db: Connection, model: type[Row], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of one table, if there are any."""
    if rows:
        db.execute(insert(table_of(model)), rows)
