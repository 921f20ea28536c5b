"""Messages for a PostgreSQL server's errors, without values and passwords."""

import sys
from collections.abc import Mapping

from database.errors import DatabaseAway, DatabaseBusy, DatabaseCorrupt, DatabaseError, DatabaseFull

Kind = type[DatabaseError]

_CORRECT = "Correct database_url in config.env."
_FAULTS: Mapping[str, tuple[Kind, str]] = {
    "28": (DatabaseError, f"the user or the password is not accepted. {_CORRECT}"),
    "3D": (DatabaseError, f"there is no such database on that server. Make it with createdb, or: {_CORRECT}"),
    "08": (DatabaseAway, "the connection was lost; it is made anew by itself."),
    "57P": (DatabaseAway, "the server stops or starts just now; the connection is made anew by itself."),
    "57014": (DatabaseBusy, "it took too long over a statement. Is something else at work on that server?"),
    "53100": (DatabaseFull, "no room left: free some disk space on the server and it goes on by itself."),
    "53": (DatabaseBusy, "the server has no connection or no memory left for us (max_connections)."),
    "40": (DatabaseBusy, "somebody else wrote the same rows just then; trying again helps."),
    "55P03": (DatabaseBusy, "somebody else holds a table for longer than 5 seconds."),
    "25P03": (DatabaseBusy, "a transaction was ended, as nothing happened in it for too long."),
    "25006": (DatabaseError, "this is readonly: nothing can be written here. Is it a standby server?"),
    "42501": (DatabaseError, "its user lacks a right. Make that user the owner: ALTER DATABASE … OWNER TO …"),
    "XX00": (DatabaseCorrupt, "it is damaged; restore a backup."),
}
"""Errors by prefix of the server's SQLSTATE; the longest matching prefix counts."""
_UNREACHED = "it can't be reached. Does the server run, and are host and port right?"


def require_driver() -> None:
    """Raise DatabaseError if the extra is not installed."""
    try:
        import asyncpg  # noqa: F401
    except ImportError:
        get_it = f"{sys.executable} -m pip install --constraint constraints.txt '.[postgres]'"
        raise DatabaseError(
            f"database_url names PostgreSQL, whose driver is not installed. Run: {get_it}"
        ) from None


def failures() -> tuple[type[Exception], ...]:
    """Return the exceptions of the driver itself, when used without SQLAlchemy."""
    import asyncpg

    return (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def lock_not_available() -> type[Exception]:
    """Return the exception for a table locked for too long."""
    import asyncpg

    found: type[Exception] = asyncpg.LockNotAvailableError
    return found


def is_lost(error: BaseException) -> bool:
    """Return whether a connection is unusable after an error although it was not closed."""
    import asyncpg

    said = error.__cause__ or error
    if isinstance(said, asyncpg.InterfaceError):
        return "closed" in str(said) and not isinstance(said, ValueError)  # a ValueError quotes a value
    # Interrupted during a response, the driver has lost its state.
    return isinstance(said, (OSError, asyncpg.InternalClientError))


def named(place: str, error: BaseException, *, lost: bool = False) -> DatabaseError:
    """Return an error that names the fault and the remedy; `lost` says that the connection is lost.

    Only constraint violations are quoted, which contain table names: other messages may contain values.
    """
    state = getattr(error, "sqlstate", None) or ""
    fitting = [known for known in _FAULTS if state.startswith(known)]
    if fitting:
        kind, sentence = _FAULTS[max(fitting, key=len)]
        return kind(_sentence(place, sentence))
    if isinstance(error, OSError):  # includes timeouts
        return DatabaseAway(_sentence(place, _UNREACHED))
    if lost or is_lost(error):
        return DatabaseAway(_sentence(place, _FAULTS["08"][1]))
    if state.startswith("23"):
        return DatabaseError(_sentence(place, f"a rule was broken: {_message(error)}."))
    said = _message(error) if state.startswith("42") else type(error.__cause__ or error).__name__
    return DatabaseError(_sentence(place, f"the server or its driver refused something ({said})."))


def readonly(place: str) -> DatabaseError:
    """Return the error for a server that is read-only from the start."""
    kind, sentence = _FAULTS["25006"]
    return kind(_sentence(place, sentence))


def _sentence(place: str, sentence: str) -> str:
    return f"{place[0].upper()}{place[1:]}: {sentence}"


def _message(error: BaseException) -> str:
    """Return the server's message without its details, which quote rows."""
    original = error.__cause__ or error
    said = str(getattr(original, "message", None) or (original.args[0] if original.args else ""))
    return " ".join(said.splitlines()[0].split()) if said else type(original).__name__
