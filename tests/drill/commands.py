"""What else is killed at its work: copies, imports, moves, and the deletion of what somebody said."""

import asyncio
import pickle
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.drill.faults import POSTGRESQL, SQLITE, a_while, fault, process_of
from tests.drill.town import Town
from tests.world.replies import named

OLD = Path(__file__).parents[1] / "data" / "old_database.sql"
AN_ID = 481516234200000000
ERASED_WITHIN = 30.0


async def killed(town: Town, *arguments: str) -> None:
    """Begin a command of main.py and kill it somewhere between its start and its end."""
    await town.bot.kill_command(*arguments, after=town.dice.uniform(0.2, 1.8))


async def done(town: Town, *arguments: str) -> str:
    """Run a command to its end and return what it said."""
    code, told = await town.bot.command(*arguments)
    assert code == 0, told
    return told


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def copy_beside(town: Town) -> Path:
    """Return where a copy may be made that was not there yet."""
    return town.bot.folder / f"copy-{time.monotonic_ns()}.sqlite3"


@fault("a backup is killed", needs=SQLITE)
async def backup(town: Town) -> None:
    """What stands under the name of a copy is one."""
    begun, whole = copy_beside(town), copy_beside(town)
    async with town.talking():
        await killed(town, "backup", str(begun))
        assert not begun.exists() or is_sound(begun)
        await done(town, "backup", str(whole))
    assert is_sound(whole)


@fault("a restore is killed", 3, needs=SQLITE)
async def restore(town: Town) -> None:
    """The copy is of just now, so that the old state and the new one are the same."""
    await town.bot.terminate()
    copy = copy_beside(town)
    await done(town, "backup", str(copy))
    await killed(town, "restore", str(copy))
    if town.dice.random() < 0.5:
        await done(town, "restore", str(copy))
    await town.bot.start()


@fault("drawing facts is killed", 3, needs=SQLITE)
async def consolidate(town: Town) -> None:
    await town.bot.terminate()
    if town.dice.random() < 0.5:
        stage = town.dice.choice(["read", "asked", "embedded", "written", "kept"])
        await town.bot.command("consolidate", crash_at=stage)
    else:
        await killed(town, "consolidate")
    await town.bot.start()


@fault("an import is killed", 3, needs=SQLITE)
async def import_legacy(town: Town) -> None:
    """What an older bot knew comes in once, however often it is tried."""
    await town.bot.terminate()
    person_id, path = AN_ID + time.monotonic_ns() % 10**9, town.bot.folder / "user_info.pickle"
    facts = [f"Loves sailing to island {number}." for number in range(20)]
    known = {"core_memories": "\n".join(facts), "conversation_history": [], "token_usage": 7}
    path.write_bytes(pickle.dumps({person_id: known}))
    await killed(town, "import-legacy", str(path))
    await done(town, "import-legacy", str(path))
    found = town.rows(f"SELECT count(*) FROM facts WHERE person_id = {person_id}")
    assert found == [(len(facts),)], found
    await town.bot.start()


@fault("a migration is killed", 3, needs=SQLITE)
async def migration(town: Town) -> None:
    """The database of an earlier version is brought up to date, whatever happens on the way."""
    await town.bot.terminate()
    with beside(town) as folder:
        path = folder / "masquerade.sqlite3"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(OLD.read_text("utf-8"))
            before = counts(connection)
        for _ in range(town.dice.randint(1, 2)):
            await killed(town, "consolidate")
        await done(town, "consolidate")
        with closing(sqlite3.connect(path)) as connection:
            assert before <= counts(connection)
    await town.bot.start()


@fault("the server of the database stops", 6, needs=POSTGRESQL)
async def server_stops(town: Town) -> None:
    server = town.server
    assert server is not None
    async with town.talking():
        await a_while(town, 1.0)
        await asyncio.to_thread(server.stop, at_once=town.dice.random() < 0.5)
        await a_while(town, 4.0)
        if town.dice.random() < 0.3:
            await town.bot.kill()
        await asyncio.to_thread(server.start)
        if process_of(town).returncode is not None:
            await town.bot.start()


@fault("a move to the server is killed", 4, needs=POSTGRESQL)
async def move(town: Town) -> None:
    """All rows go over, or none."""
    assert town.server is not None
    await town.bot.terminate()
    url = town.server.take(template="template0")
    with beside(town, DATABASE_URL=url) as folder:
        with closing(sqlite3.connect(folder / "masquerade.sqlite3")) as connection:
            connection.executescript(OLD.read_text("utf-8"))
            before = counts(connection)
        await killed(town, "move-database")
        code, told = await town.bot.command("move-database")
        assert code == 0 or "holds" in told, told
        for table, count in before:
            moved = town.server.tell(f"SELECT count(*) FROM {table}", url.rpartition("/")[2])
            assert int(moved) == count, table
    town.server.drop(url)
    await town.bot.start()


def counts(connection: sqlite3.Connection) -> set[tuple[str, int]]:
    """Return how many rows the tables have that nothing is ever taken out of by itself."""
    tables = ("consents", "users", "reminders", "bonds")
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return {
        (name, connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])
        for name in tables
        if name in known
    }


@contextmanager
def beside(town: Town, **settings: str) -> Iterator[Path]:
    """Let the next commands work in another data folder, with other settings."""
    folder, before = town.bot.folder / f"data-{time.monotonic_ns()}", dict(town.bot.settings)
    folder.mkdir()
    town.bot.settings |= {"DATA_DIR": str(folder), **settings}
    try:
        yield folder
    finally:
        town.bot.settings.clear()
        town.bot.settings.update(before)


@fault("erasing somebody is killed", 4, needs=SQLITE)
async def erasing(town: Town) -> None:
    """Somebody new says something and wishes it gone: once that was confirmed, it goes."""
    discord = town.bot.discord
    number = len(town.lines)
    person = discord.add_user(f"Leaver{number}")
    here = discord.dm_with(person)
    town.left.append(here)
    lines = [town.say(here, person) for _ in range(3)]
    await town.rest("somebody new")
    used = await person.use_command(here, "privacy yes")
    await used.wait_answered()
    town.erased.add(person.id)
    panel = await (await person.use_command(here, "privacy delete")).wait_answered()
    async with town.talking():
        pressed = await person.press(panel, named(panel, "Delete everything"))
        await pressed.wait_acknowledged()
        await a_while(town, 0.3)
        await town.bot.kill()
        await town.bot.start()
        if "Shall I delete" in panel.content:
            again = await person.press(panel, named(panel, "Delete everything"))  # nothing was confirmed yet
            await again.wait_acknowledged()
    for line in lines:
        line.is_open = True
        town.words[line.canary].is_gone = True
    await until_gone(town, [str(person.id), person.name, *(line.canary for line in lines)])


async def until_gone(town: Town, words: list[str]) -> None:
    """Wait until nothing in the data folder holds any of these words, and count the bytes that stay."""
    deadline = time.monotonic() + ERASED_WITHIN
    while (left := left_of(town.bot.data, words)) and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    for word, name in left:
        town.score.failed("residue", f"{word} in {name}", len(word))


def left_of(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Return which words stand in which files; copies that were made before are a matter of their own."""
    pattern = re.compile("|".join(map(re.escape, words)).encode())
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "backups"]
    return [
        (found.decode(), path.name) for path in files for found in set(pattern.findall(path.read_bytes()))
    ]
