"""What can be said and done about a PostgreSQL database from outside, while nobody has it open."""

import shlex
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sqlalchemy.exc import DBAPIError

from database import postgres_schema
from database.postgres import PostgresServer, place_of
from database.postgres_faults import require_driver
from database.postgres_schema import Found

__all__ = ["Found", "backup_command", "check", "look", "place_of", "require_driver", "restore_command"]

_SECRET = frozenset({"password", "passfile", "sslpassword"})
"""What no command shows that is printed."""


async def look(url: str) -> Found:
    """Look at a database and change nothing, also while the bot runs; raises DatabaseError."""
    server = PostgresServer(url)
    try:
        async with server.reader.connect() as connection:
            return await connection.run_sync(postgres_schema.look)
    except DBAPIError as error:
        raise server.named(error) from None
    finally:
        await server.close()


def check(url: str, found: Found) -> None:
    """Raise DatabaseError or DatabaseTooNew where what was found can't be used."""
    postgres_schema.check(place_of(url), found)


def backup_command(url: str, file: Path) -> str:
    """Return the command that copies a database into a file; it asks for the password."""
    return f"pg_dump --format=custom --file={shlex.quote(str(file))} {_without_password(url)}"


def restore_command(url: str, file: Path) -> str:
    """Return the command that brings such a copy back, into an empty database."""
    what = "--no-owner --single-transaction"
    return f"pg_restore {what} --dbname={_without_password(url)} {shlex.quote(str(file))}"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    kept = [one for one in parse_qsl(parts.query, keep_blank_values=True) if one[0].lower() not in _SECRET]
    query = urlencode(kept, safe="/", quote_via=quote)
    return shlex.quote(urlunsplit(("postgresql", f"{user}{host}{port}", parts.path, query, "")))
