"""Who agreed to be remembered (D03, F078)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, false, or_, select

from database.models import Consent
from database.repositories import Repository, table_of

Mode = Literal["opt_in", "opt_out", "off"]
"""Who agrees: those who said yes, those who did not say no, nobody."""


def agreed(person: Any, mode: Mode) -> ColumnElement[bool]:
    """Return which rows are about people who agree, by the column of their ids."""
    if mode == "off":
        return false()
    answered = select(Consent.person_id).where(Consent.given.is_(mode == "opt_in"))
    theirs: ColumnElement[bool] = person.in_(answered) if mode == "opt_in" else person.not_in(answered)
    return theirs


class Consents(Repository):
    """The consents table: most people said neither yes nor no."""

    async def given(self, person_ids: Collection[int], *, unless_refused: bool = False) -> set[int]:
        """Return those of some people who agreed; with `unless_refused`, those who did not say no."""
        query = select(Consent.person_id).where(Consent.person_id.in_(person_ids))
        if unless_refused:
            return set(person_ids) - set(await self._session.scalars(query.where(Consent.given.is_(False))))
        return set(await self._session.scalars(query.where(Consent.given.is_(True))))

    async def refuses(self, person_id: int) -> bool:
        """Say whether somebody said no."""
        return (await self.of(person_id) or (None,))[0] is False

    async def of(self, person_id: int) -> tuple[bool | None, datetime] | None:
        """Return what somebody answered, None where they only were asked, and when; None for neither."""
        row = await self._session.get(Consent, person_id)
        return (row.given, row.at) if row else None

    async def asked(self, person_id: int, *, at: datetime) -> bool:
        """Keep that somebody is asked now; False when they were asked, or answered, before."""
        row = self._insert(table_of(Consent)).values(person_id=person_id, given=None, at=at)
        asked = row.on_conflict_do_nothing().returning(Consent.person_id)
        return await self._session.scalar(asked) is not None

    async def set(self, person_id: int, given: bool, *, at: datetime) -> None:
        """Keep what somebody answered."""
        row = self._insert(table_of(Consent)).values(person_id=person_id, given=given, at=at)
        changed = or_(Consent.given.is_(None), Consent.given != row.excluded.given)
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=["person_id"],
                set_={"given": row.excluded.given, "at": row.excluded.at},
                where=changed,
            )
        )

    async def forget(self, person_id: int) -> int:
        """Delete what somebody answered: they may be asked again."""
        result = await self._session.execute(delete(Consent).where(Consent.person_id == person_id))
        return int(result.rowcount)  # type: ignore[attr-defined]
