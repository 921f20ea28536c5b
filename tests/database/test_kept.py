"""What is kept of tables that change seldom is never older than what a transaction may see."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from database import Database
from database.kept import Kept, changed_by
from database.models import Row, Summary
from database.repositories.memories import Audience
from database.repositories.users import NOTED_AGAIN_AFTER
from tests.support.memories import row

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
async def database(opening):
    database = await opening()
    yield database
    await database.close()


async def rules_of(database: Database, *, brief: bool = True) -> list[str]:
    async with database.read(brief=brief) as db:
        return [one.kind for one in await db.channels.rules(1)]


async def test_a_rule_holds_from_its_transaction_on_and_not_before(database):
    assert await rules_of(database) == []
    async with database.begin() as db:
        await db.channels.lay_down_rule(1, "denied user", 7)
        assert [one.kind for one in await db.channels.rules(1)] == ["denied user"]
        assert await rules_of(database) == []
        assert await rules_of(database, brief=False) == []
    assert await rules_of(database) == ["denied user"]


async def test_what_was_read_while_somebody_wrote_is_not_kept(database):
    async with database.begin(brief=True) as db:
        await db.channels.lay_down_rule(1, "denied user", 7)
        assert await rules_of(database) == []
        assert await rules_of(database) == []
    assert await rules_of(database) == ["denied user"]
    async with database.begin(brief=True) as db:
        await db.channels.lift_rule(1, "denied user", 7)
    assert await rules_of(database) == []


async def test_what_somebody_wrote_is_not_kept_as_it_was_for_another_who_gave_up_waiting_to_write(database):
    async with database.begin(brief=True) as db:
        await db.channels.lay_down_rule(1, "denied user", 7)
        waiting = asyncio.create_task(_begin(database))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await rules_of(database) == []
    assert await rules_of(database) == ["denied user"]


async def _begin(database: Database) -> None:
    async with database.begin(brief=True):
        pass


async def test_what_a_session_read_before_it_failed_is_not_kept(database):
    async with database.begin(brief=True) as db:
        await db.channels.note(5, place="guild", name="x", guild_id=1, guild_name="G", heard=1)
        summary = Summary(5, None, "nyx", "talk", 1, 2, NOW, NOW, NOW)
        await db.summaries.add(summary, [])
    with pytest.raises(ZeroDivisionError):
        async with database.read() as db:
            assert len(await db.summaries.of(5, "nyx")) == 1
            raise ZeroDivisionError
    async with database.read(brief=True) as db:
        assert [one.text for one in await db.summaries.of(5, "nyx")] == ["talk"]


async def test_a_view_stays_as_it_was_when_it_began(database):
    async with database.read(brief=True) as before:
        assert await before.channels.rules(1) == []
        async with database.begin() as db:
            await db.channels.lay_down_rule(1, "denied user", 7)
        assert await rules_of(database) == ["denied user"]
        assert await before.channels.rules(1) == []
    assert await rules_of(database) == ["denied user"]


async def test_what_came_to_nothing_changes_nothing(database):
    assert await rules_of(database) == []
    with pytest.raises(RuntimeError):
        async with database.begin() as db:
            await db.channels.lay_down_rule(1, "denied user", 7)
            raise RuntimeError
    assert await rules_of(database) == []


async def test_whoever_reads_gets_a_list_of_their_own(database):
    async with database.read() as db:
        (await db.channels.rules(1)).append("something")
    assert await rules_of(database) == []


async def test_readers_and_writers_side_by_side_never_see_an_older_rule_than_was_there(database):
    """Every reader sees a count that stood when it began, or one that came later."""
    committed = 0

    async def write() -> None:
        nonlocal committed
        for number in range(1, 30):
            async with database.begin(brief=number % 2 == 0) as db:
                await db.channels.lay_down_rule(1, "chance", 7, float(number))
                await asyncio.sleep(0)
            committed = number

    async def read(brief: bool) -> None:
        while committed < 29:
            before = committed
            async with database.read(brief=brief) as db:
                await asyncio.sleep(0)
                found = await db.channels.rules(1)
            assert (found[0].value if found else 0) >= before
            await asyncio.sleep(0)

    await asyncio.gather(write(), read(True), read(False), read(True))


async def test_a_person_is_noted_again_for_a_new_name_or_after_a_while_only(database):
    async def note(name: str, minutes: float) -> None:
        async with database.begin(brief=True) as db:
            at = NOW + timedelta(minutes=minutes)
            await db.users.note(7, {0: name, 1: name}, is_bot=False, at=at)

    async def seen() -> tuple[datetime, tuple[str, ...]]:
        async with database.read(brief=True) as db:
            [known] = await db.users.known_as([7], guild_id=1)
            user = await db.users.get(7)
            assert user is not None
            return user.last_seen, known.names

    await note("Mira", 0)
    await note("Mira", 1)
    assert await seen() == (NOW, ("Mira", "Mira"))
    await note("Mirabel", 2)
    assert (await seen())[1][:2] == ("Mirabel", "Mirabel")
    later = 2 + NOTED_AGAIN_AFTER / timedelta(minutes=1)
    await note("Mirabel", later)
    assert (await seen())[0] == NOW + timedelta(minutes=later)


async def test_who_was_there_since_counts_although_the_facts_are_kept(database):
    async def note(days: int) -> None:
        async with database.begin(brief=True) as db:
            await db.users.note(1, {0: "Mira"}, is_bot=False, at=NOW + timedelta(days=days))

    async def known(days: int) -> list[str]:
        async with database.read(brief=True) as db:
            since = NOW + timedelta(days=days)
            found = await db.memories.recallable([1], "pixel", Audience((5,), None, True), there_since=since)
            return [one.text for one in found]

    await note(0)
    async with database.begin() as db:
        await db.memories.add(row(1, "Has a cat", kept=False), batch=1, cause="learnt")
        await db.memories.add(row(2, "Likes tea", kept=True), batch=1, cause="told")
    assert await known(0) == ["Has a cat", "Likes tea"]
    assert await known(1) == ["Likes tea"]
    await note(1)
    assert await known(1) == ["Has a cat", "Likes tea"]


async def test_of_more_than_may_be_kept_the_oldest_is_read_anew():
    kept, read = Kept(), list[int]()

    async def value(key: int) -> int:
        read.append(key)
        return key

    for key in (1, 2, 3, 2, 1):
        assert await kept.now().of(("facts",), key, partial(value, key), most=2) == key
    assert read == [1, 2, 3, 1]


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("SELECT 1", set()),
        ("INSERT INTO house_rules VALUES (1)", {"house_rules"}),
        ('UPDATE "guises" SET name = 1', {"guises"}),
        ("DELETE FROM users WHERE id = 1", {"users", "nicknames"}),
        ("INSERT OR IGNORE INTO users VALUES (1)", {"users", "nicknames"}),
        ("WITH x AS (SELECT 1) DELETE FROM facts", set(Row.metadata.tables)),
    ],
)
def test_a_statement_is_known_by_the_tables_that_it_changes(statement, tables):
    assert changed_by(statement) >= tables
    assert tables or not changed_by(statement)
