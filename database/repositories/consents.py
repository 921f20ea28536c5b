"""Who agreed to be remembered (D03, F078)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, false, func, or_, select

from database.models import Archived, Consent, Fact, Nickname, VoiceConsent
from database.repositories import Repository, table_of

Mode = Literal["opt_in", "opt_out", "off"]
"""Who agrees: those who said yes, those who did not say no, nobody."""


class AnsweredIn(NamedTuple):
    """Where an answer was given: in a channel of a server, anywhere in it, or, with neither, anywhere."""

    guild_id: int | None = None
    channel_id: int | None = None


NOWHERE_KNOWN = AnsweredIn()
"""The place of an answer that was given in private, or of which nobody knows the place."""


class Resettable(NamedTuple):
    """How many people would be asked anew, and what of them would go.

    They `agreed`, or were asked and are `silent`; `memories` and `lines` go. `refused` said no there, and
    `elsewhere` are people of that server who agreed in another place: theirs stays.
    """

    agreed: int
    silent: int
    memories: int
    lines: int
    refused: int
    elsewhere: int

    @property
    def people(self) -> int:
        return self.agreed + self.silent


def agreed(person: Any, mode: Mode) -> ColumnElement[bool]:
    """Return which rows are about people who agree, by the column of their ids."""
    if mode == "off":
        return false()
    answered = select(Consent.person_id).where(Consent.given.is_(mode == "opt_in"))
    theirs: ColumnElement[bool] = person.in_(answered) if mode == "opt_in" else person.not_in(answered)
    return theirs


class ConsentRepository(Repository):
    """The consents and voice_consents tables: most people said neither yes nor no."""

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

    async def place_of(self, person_id: int) -> AnsweredIn:
        """Return where somebody answered, or was asked."""
        row = await self._session.get(Consent, person_id)
        return AnsweredIn(row.guild_id, row.channel_id) if row else NOWHERE_KNOWN

    async def asked(self, person_id: int, *, at: datetime, place: AnsweredIn = NOWHERE_KNOWN) -> bool:
        """Keep that somebody is asked now; False when they were asked, or answered, before."""
        values = {"person_id": person_id, "given": None, "at": at, **place._asdict()}
        row = self._insert(table_of(Consent)).values(values)
        asked = row.on_conflict_do_nothing().returning(Consent.person_id)
        return await self._session.scalar(asked) is not None

    async def set(
        self, person_id: int, given: bool, *, at: datetime, place: AnsweredIn = NOWHERE_KNOWN
    ) -> None:
        """Keep what somebody answered, and where; who says the same again answered the first time."""
        values = {"person_id": person_id, "given": given, "at": at, **place._asdict()}
        row = self._insert(table_of(Consent)).values(values)
        changed = or_(Consent.given.is_(None), Consent.given != row.excluded.given)
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=["person_id"],
                set_={key: row.excluded[key] for key in values if key != "person_id"},
                where=changed,
            )
        )

    async def forget(self, person_id: int) -> int:
        """Delete what somebody answered: they may be asked again."""
        await self._session.execute(delete(VoiceConsent).where(VoiceConsent.person_id == person_id))
        result = await self._session.execute(delete(Consent).where(Consent.person_id == person_id))
        return int(result.rowcount)  # type: ignore[attr-defined]

    # Being heard in voice channels.

    async def let_hear(self, person_id: int, guild_id: int, *, at: datetime) -> None:
        """Keep that somebody may be heard in the voice channels of a server."""
        values = {"person_id": person_id, "guild_id": guild_id, "at": at}
        row = self._insert(table_of(VoiceConsent)).values(values)
        await self._session.execute(row.on_conflict_do_nothing())

    async def hear_no_more(self, person_id: int, guild_id: int) -> None:
        theirs = (VoiceConsent.person_id == person_id, VoiceConsent.guild_id == guild_id)
        await self._session.execute(delete(VoiceConsent).where(*theirs))

    async def heard_in(self, guild_id: int) -> frozenset[int]:
        """Return who may be heard in the voice channels of a server."""
        query = select(VoiceConsent.person_id).where(VoiceConsent.guild_id == guild_id)
        return frozenset(await self._session.scalars(query))

    async def hearing_of(self, person_id: int) -> list[VoiceConsent]:
        """Return where somebody may be heard."""
        query = select(VoiceConsent).where(VoiceConsent.person_id == person_id)
        return list(await self._session.scalars(query.order_by(VoiceConsent.guild_id)))

    # Asking anew.

    async def resettable(self, place: AnsweredIn, *, noted: Collection[str]) -> Resettable:
        """Count whom a reset of a place concerns, and what goes; `noted` are the origins of facts that do."""
        here, people = _given_in(place), _to_reset(place)
        elsewhere = 0
        if place.guild_id is not None:
            members = select(Nickname.user_id).where(Nickname.guild_id == place.guild_id)
            theirs = (Consent.person_id.in_(members), Consent.given.is_(True))
            elsewhere = await self._count(Consent, *theirs, Consent.person_id.not_in(people))
        return Resettable(
            agreed=await self._count(Consent, *here, Consent.given.is_(True)),
            silent=await self._count(Consent, *here, Consent.given.is_(None)),
            memories=await self._count(Fact, Fact.person_id.in_(people), Fact.origin.in_(noted)),
            lines=await self._count(Archived, Archived.person_id.in_(people)),
            refused=await self._count(Consent, *here, Consent.given.is_(False)),
            elsewhere=elsewhere,
        )

    async def to_reset(self, place: AnsweredIn) -> list[int]:
        """Return who answered in a place, or was asked there, and did not say no."""
        return list(await self._session.scalars(_to_reset(place).order_by(Consent.person_id)))

    async def _count(self, model: type[Consent | Fact | Archived], *where: ColumnElement[bool]) -> int:
        return int(await self._session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def _given_in(place: AnsweredIn) -> list[ColumnElement[bool]]:
    """Return which answers were given in a place; a channel counts within its server alone."""
    columns = {"guild_id": Consent.guild_id, "channel_id": Consent.channel_id}
    return [columns[key] == value for key, value in place._asdict().items() if value is not None]


def _to_reset(place: AnsweredIn) -> Select[int]:
    unrefused = or_(Consent.given.is_(None), Consent.given.is_(True))
    return select(Consent.person_id).where(*_given_in(place), unrefused)
