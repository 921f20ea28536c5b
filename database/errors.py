"""What can go wrong with the database, by name."""


class DatabaseError(Exception):
    """The database can't do what was asked; the text is a sentence for the operator."""


class DatabaseFull(DatabaseError):  # noqa: N818 - a state, and the field's own word
    """There is no room left on the disk: nothing can be written, everything can still be read."""


class DatabaseBusy(DatabaseError):  # noqa: N818
    """Somebody else holds the database for longer than we wait."""


class DatabaseTaken(DatabaseBusy):
    """Another process of this program runs on the same database."""


class DatabaseAway(DatabaseError):  # noqa: N818
    """The server can't be reached, or went away; the next transaction tries again."""


class DatabaseCorrupt(DatabaseError):  # noqa: N818
    """The file is damaged, or is no database at all. It is left exactly as it is."""


class DatabaseTooNew(DatabaseError):  # noqa: N818
    """A later version of the program wrote this database."""
