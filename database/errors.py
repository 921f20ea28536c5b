"""Errors of the database."""


class DatabaseError(Exception):
    """The database can't do what was requested; the message is a sentence for the operator."""


class DatabaseFull(DatabaseError):  # noqa: N818 - named after the state
    """The disk is full: nothing can be written, everything can still be read."""


class DatabaseBusy(DatabaseError):  # noqa: N818
    """Another process holds the database for longer than the timeout."""


class DatabaseTaken(DatabaseBusy):
    """Another process of this program uses the same database."""


class DatabaseAway(DatabaseError):  # noqa: N818
    """The server can't be reached or the connection broke; the next transaction tries again."""


class DatabaseCorrupt(DatabaseError):  # noqa: N818
    """The file is damaged or not a database. It is left unchanged."""


class DatabaseTooNew(DatabaseError):  # noqa: N818
    """A later version of the program wrote this database."""
