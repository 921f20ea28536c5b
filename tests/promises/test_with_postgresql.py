"""docs/operating.md, "With PostgreSQL": from the file to a server, and its copies."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PASSWORD, NoServer, Server, a_server
from tests.promises.outside import Clone
from tests.promises.quoting import promise

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
WORDS = "I sail a boat called Halcyon"


@pytest.fixture
def server() -> Iterator[Server]:
    try:
        with a_server() as server:
            yield server
    except NoServer as error:
        pytest.skip(f"no PostgreSQL here: {error}")


def tool(server: Server, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's own tools."""
    program = server.programs / name
    if not program.exists():
        pytest.skip(f"this PostgreSQL comes without {name}")
    return subprocess.run(
        [str(program), *arguments],
        env={"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )


@promise(
    "operating.md",
    "`python main.py move-database` | copies everything from the file into the PostgreSQL database of "
    "`database_url`",
)
@promise("operating.md", "All rows go over, or none; the file stays as it was.")
@promise("operating.md", "A database that holds something already is refused")
@promise(
    "operating.md", "`main.py backup` and `restore` tell the command for your database and do nothing else"
)
@promise("operating.md", "pg_dump --format=custom --file=monday.dump postgresql://masquerade@HOST/masquerade")
@promise("operating.md", "pg_restore --list monday.dump")
@promise(
    "operating.md",
    "pg_restore --no-owner --single-transaction --dbname=postgresql://masquerade@HOST/masquerade monday.dump",
)
def test_everything_moves_to_the_server_and_a_dump_brings_it_back(
    talking: Clone, claude, server: Server, tmp_path: Path
):
    assert talking.main("chat", stdin=f"{WORDS}\n").code == 0
    file = talking.folder / "data" / "masquerade.sqlite3"
    before = file.read_bytes()
    server.tell("CREATE DATABASE masquerade OWNER masquerade ENCODING 'UTF8' TEMPLATE template0")
    with talking.config.open("a") as config:
        config.write(f"database_url={server.url('masquerade')}\n")
    moved = talking.main("move-database")
    assert moved.code == 0, moved.said
    assert PASSWORD not in moved.said
    assert file.read_bytes() == before
    assert talking.main("move-database").code != 0
    assert talking.main("chat", stdin="what is my boat called?\n").code == 0
    assert WORDS in claude.requests[-1].text

    told = talking.main("backup", "monday.dump")
    assert "pg_dump" in told.said
    assert not (talking.folder / "monday.dump").exists()
    address, dump = f"postgresql://masquerade@127.0.0.1:{server.port}/masquerade", tmp_path / "monday.dump"
    assert tool(server, "pg_dump", "--format=custom", f"--file={dump}", address).returncode == 0
    assert "TABLE DATA" in tool(server, "pg_restore", "--list", str(dump)).stdout
    server.drop(server.url("masquerade"))
    server.tell("CREATE DATABASE masquerade OWNER masquerade ENCODING 'UTF8' TEMPLATE template0")
    back = tool(server, "pg_restore", "--no-owner", "--single-transaction", f"--dbname={address}", str(dump))
    assert back.returncode == 0, back.stderr
    assert talking.main("chat", stdin="what is it called once more?\n").code == 0
    assert WORDS in claude.requests[-1].text
