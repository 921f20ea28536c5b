"""What a prepared statement returns and writes is what SQLAlchemy would, which executes it the first time."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, union, update
from sqlalchemy.exc import DBAPIError

from database import Database, DatabaseError
from database.errors import DatabaseFull
from database.in_place import InPlaceSession
from database.models import Channel, FeelingRow, MessageRow, Row, Seat, State
from database.repositories import Repository, table_of, values_of
from database.repositories.channels import _note
from memory.places import Place

NOW = datetime(2026, 11, 23, 12, 30, 1, 5, tzinfo=UTC)
BLANK = dict.fromkeys(("reply_to", "turn_id", "heard_through", "character", "cast_id"))
FEELING = FeelingRow("nyx", NOW, NOW, {"dopamine": 0.5}, {}, {"praise": NOW.isoformat()})


@pytest.fixture
async def database(tmp_path):
    database = await Database.open(tmp_path / "masquerade.sqlite3")
    yield database
    await database.close()


@pytest.fixture
async def session(database):
    async with database.begin(brief=True) as db:
        assert isinstance(db._session, InPlaceSession)
        yield db._session


def line(number, text="hello"):
    drew_on = [1, 2] if number % 2 else None
    said = {"author_id": 7, "author_name": "Mira", "text": text, "sent_at": NOW, "drew_on": drew_on}
    return {**BLANK, "id": number, "channel_id": 5, "from_bot": bool(number % 2), **said}


def plain(row):
    """Return a row with entities as their values: one of a session equals no other."""
    return [values_of(one) if isinstance(one, Row) else one for one in row]


async def fill(session, lines=5):
    where: dict[str, Any] = {"place": Place.GUILD, "guild_id": 1, "name": "general", "guild_name": "G"}
    channel = Channel(id=5, watermark=3, refusals=0, **where)
    await session.execute(insert(table_of(Channel)), values_of(channel))
    for number in range(1, lines + 1):
        await session.execute(insert(table_of(MessageRow)), line(number))
    await session.execute(insert(table_of(FeelingRow)), values_of(FEELING))


THESE = select(MessageRow.id, MessageRow.sent_at, MessageRow.drew_on, MessageRow.from_bot).where(
    MessageRow.id.in_(bindparam("ids", expanding=True)), MessageRow.text == bindparam("words")
)
READING = {
    "columns": (THESE, {"ids": [1, 3], "words": "hello"}),
    "another length": (THESE, {"ids": [1, 2, 3, 4], "words": "hello"}),
    "an empty list": (THESE, {"ids": [], "words": "hello"}),
    "a literal and a limit": (
        select(MessageRow.id).where(MessageRow.id > 2).limit(bindparam("most")),
        {"most": 2},
    ),
    "an entity": (select(FeelingRow).where(FeelingRow.character == bindparam("who")), {"who": "nyx"}),
    "an entity that is not there": (
        select(Channel, Seat, MessageRow.id)
        .outerjoin(Seat, Seat.channel_id == Channel.id)
        .join(MessageRow, MessageRow.channel_id == Channel.id)
        .where(Channel.id == bindparam("here"))
        .order_by(MessageRow.id),
        {"here": 5},
    ),
    "what can't be prepared": (union(select(MessageRow.id), select(Channel.id)), None),
}


@pytest.mark.parametrize("name", READING)
async def test_a_statement_returns_the_same_each_time(session, name):
    statement, given = READING[name]
    await fill(session)
    found = [[plain(row) for row in (await session.execute(statement, given)).all()] for _ in range(3)]
    assert found[0] == found[1] == found[2]
    assert bool(session._lender.statements.plan(statement, given)) is (name != "what can't be prepared")


async def test_a_prepared_statement_writes_what_it_is_given_and_what_its_columns_start_with(session):
    note = _note(Repository(session)._insert)
    given: dict[str, Any] = {
        "place": Place.DM,
        "name": "n",
        "guild_id": None,
        "guild_name": "",
        "parent_id": None,
    }
    given |= {"age_restricted": True, "refusals": 0}
    for number in (1, 2, 3):
        given |= {"id": number, "watermark": number}
        await session.execute(note, given)
    assert session._lender.statements.plan(note, given) is not None
    found = (await session.scalars(select(Channel).order_by(Channel.id))).all()
    assert [(one.id, one.watermark, one.age_restricted, one.archive_version) for one in found] == [
        (number, number, True, 0) for number in (1, 2, 3)
    ]


async def test_a_prepared_insert_tells_the_number_of_its_row_and_an_update_how_many_there_were(session):
    await fill(session, lines=0)
    adding = insert(table_of(State))
    changing = update(table_of(State)).where(table_of(State).c.key == bindparam("which")).values(value="new")
    lines = insert(table_of(MessageRow))
    for number in (1, 2, 3):
        await session.execute(adding, {"key": f"k{number}", "value": "old"})
        written = await session.execute(lines, line(number))
        assert written.inserted_primary_key[0] == number
        assert (await session.execute(changing, {"which": f"k{number}"})).rowcount == 1
        assert (await session.execute(changing, {"which": "another"})).rowcount == 0
    assert set(await session.scalars(select(State.value).where(State.key.like("k_")))) == {"new"}


async def test_what_goes_wrong_is_named_without_what_people_said(session):
    await fill(session, lines=0)
    adding = insert(table_of(MessageRow))
    for number in (1, 2):
        await session.execute(adding, line(number))
    with pytest.raises(DBAPIError, match="UNIQUE") as found:
        await session.execute(adding, line(1, text="my secret"))
    assert "secret" not in str(found.value)


async def test_a_part_that_fails_with_a_prepared_statement_is_undone_alone(database):
    adding = insert(table_of(State))
    async with database.begin(brief=True) as db:
        for key in ("one", "two"):
            await db._session.execute(adding, {"key": key, "value": ""})
        with pytest.raises(DatabaseError):
            async with db.apart():
                await db._session.execute(adding, {"key": "three", "value": ""})
                await db._session.execute(adding, {"key": "one", "value": ""})
    async with database.read() as db:
        assert set(await db.states.all()) >= {"one", "two"}
        assert "three" not in await db.states.all()


async def test_a_transaction_that_the_database_ended_itself_is_not_taken_for_written(database):
    with pytest.raises(DatabaseFull):
        async with database.begin(brief=True) as db:
            await db.states.set("one", "")
            with suppress(ValueError):
                async with db.apart():
                    db._session._raw.execute("ROLLBACK")  # as SQLite does where the disk is full
                    raise ValueError
    async with database.read() as db:
        assert await db.states.get("one") is None


async def test_what_a_prepared_statement_writes_is_read_anew(database):
    for person in (7, 8, 9):
        async with database.begin(brief=True) as db:
            await db.channels.lay_down_rule(1, "denied user", person)
        async with database.read(brief=True) as db:
            assert person in {one.target_id for one in await db.channels.rules(1)}
