"""A change made by hand: of what, and the values before and after (C85)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import MasqueradeError
from database.models import Audit

Key = tuple[str, ...]
"""What tells one thing of a kind from the others, such as a character's slug and a number."""
Values = dict[str, Any]


class ChangeRefused(MasqueradeError):  # noqa: N818 - it is an answer, not a fault
    """It can't be changed so; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one thing was and is; None where it was not there, or is not there any more.

    `number` is that of its row in the audit, `undoes` the change that it took back.
    """

    entity: str
    key: Key
    before: Values | None
    after: Values | None
    number: int = 0
    person_id: int | None = None
    undoes: int | None = None

    @property
    def verb(self) -> str:
        if self.undoes is not None:
            return "put back"
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A change as it stands in the audit; `undone_by` is the change that took it back.

    `is_blank` says that what it was is forgotten, because the person whom it concerned left.
    """

    change: Change
    at: datetime
    actor_id: int
    undone_by: int | None = None
    is_blank: bool = False


def recorded(row: Audit, undone_by: int | None = None) -> Recorded:
    """Return a row of the audit as a change."""
    change = Change(
        row.entity or "", tuple(row.key or ()), row.before, row.after, row.id, row.person_id, row.undoes
    )
    blank = row.key is None or (row.before is None and row.after is None)
    return Recorded(change, row.at, row.actor_id, undone_by, blank)
