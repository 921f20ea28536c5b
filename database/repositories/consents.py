"""Consent to being remembered and to being heard (D03, F078)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, delete, false, func, or_, select

from database.models import Archived, Consent, Fact, Nickname, VoiceConsent
from database.repositories import Repository, table_of

Mode = Literal["opt_in", "opt_out", "off"]
"""Who consents: people who said yes, people who did not say no, nobody."""


class AnsweredIn(NamedTuple):
    """The place of an answer: a channel of a server or a whole server; with neither it is unknown."""

    guild_id: int | None = None
    channel_id: int | None = None


NOWHERE_KNOWN = AnsweredIn()
"""Place of an answer in private, or of unknown place."""


class Resettable(NamedTuple):
    """Number of people who would be asked again after a reset, and of the data it deletes.

    The people `agreed` or were asked and are `silent`; `memories` and `lines` are deleted. `refused` counts
    people who said no there, and `elsewhere` people of the server who agreed in another place; their data
    stays.
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
    """Return the condition that a column of person ids refers to people who consent."""
    if mode == "off":
        return false()
    answered = select(Consent.person_id).where(Consent.given.is_(mode == "opt_in"))
    condition: ColumnElement[bool] = person.in_(answered) if mode == "opt_in" else person.not_in(answered)
    return condition


class ConsentRepository(Repository):
    """The consents and voice_consents tables: most people said neither yes nor no."""

    async def given(self, person_ids: Collection[int], *, unless_refused: bool = False) -> set[int]:
        """Return the people who agreed, or, with `unless_refused`, those who did not say no."""
        query = select(Consent.person_id).where(Consent.person_id.in_(person_ids))
        if unless_refused:
            return set(person_ids) - set(await self._session.scalars(query.where(Consent.given.is_(False))))
        return set(await self._session.scalars(query.where(Consent.given.is_(True))))

    async def refuses(self, person_id: int) -> bool:
        """Return whether a person said no."""
        return (await self.of(person_id) or (None,))[0] is False

    async def of(self, person_id: int) -> tuple[bool | None, datetime] | None:
        """Return a person's answer (None if they were only asked) and its time; None without either."""
        row = await self._session.get(Consent, person_id)
        return (row.given, row.at) if row else None

    async def place_of(self, person_id: int) -> AnsweredIn:
        """Return where a person answered or was asked."""
        row = await self._session.get(Consent, person_id)
        return AnsweredIn(row.guild_id, row.channel_id) if row else NOWHERE_KNOWN

    async def asked(self, person_id: int, *, at: datetime, place: AnsweredIn = NOWHERE_KNOWN) -> bool:
        """Record that a person is asked now; return False if they were asked, or answered, before."""
        values = {"person_id": person_id, "given": None, "at": at, **place._asdict()}
        row = self._insert(table_of(Consent)).values(values)
        asked = row.on_conflict_do_nothing().returning(Consent.person_id)
        return await self._session.scalar(asked) is not None

    async def set(
        self, person_id: int, given: bool, *, at: datetime, place: AnsweredIn = NOWHERE_KNOWN
    ) -> None:
        """Store a person's answer and its place; repeating the same answer changes nothing."""
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
        """Delete a person's answers, so that they can be asked again."""
        await self._session.execute(delete(VoiceConsent).where(VoiceConsent.person_id == person_id))
        result = await self._session.execute(delete(Consent).where(Consent.person_id == person_id))
        return int(result.rowcount)  # type: ignore[attr-defined]

    # Consent to being heard in voice channels.

    async def let_hear(self, person_id: int, guild_id: int, *, at: datetime) -> None:
        """Record that a person may be heard in a server's voice channels."""
        values = {"person_id": person_id, "guild_id": guild_id, "at": at}
        row = self._insert(table_of(VoiceConsent)).values(values)
        await self._session.execute(row.on_conflict_do_nothing())

    async def hear_no_more(self, person_id: int, guild_id: int) -> None:
        condition = (VoiceConsent.person_id == person_id, VoiceConsent.guild_id == guild_id)
        await self._session.execute(delete(VoiceConsent).where(*condition))

    async def heard_in(self, guild_id: int) -> frozenset[int]:
        """Return the people who may be heard in a server's voice channels."""
        query = select(VoiceConsent.person_id).where(VoiceConsent.guild_id == guild_id)
        return frozenset(await self._session.scalars(query))

    async def hearing_of(self, person_id: int) -> list[VoiceConsent]:
        """Return the servers in which a person may be heard."""
        query = select(VoiceConsent).where(VoiceConsent.person_id == person_id)
        return list(await self._session.scalars(query.order_by(VoiceConsent.guild_id)))

    # Resetting answers.

    async def resettable(self, place: AnsweredIn, *, noted: Collection[str]) -> Resettable:
        """Count what a reset of a place affects; `noted` are the origins of facts that it deletes."""
        here, people = _given_in(place), _to_reset(place)
        elsewhere = 0
        if place.guild_id is not None:
            members = select(Nickname.user_id).where(Nickname.guild_id == place.guild_id)
            agreed_members = (Consent.person_id.in_(members), Consent.given.is_(True))
            elsewhere = await self._count(Consent, *agreed_members, Consent.person_id.not_in(people))
        return Resettable(
            agreed=await self._count(Consent, *here, Consent.given.is_(True)),
            silent=await self._count(Consent, *here, Consent.given.is_(None)),
            memories=await self._count(Fact, Fact.person_id.in_(people), Fact.origin.in_(noted)),
            lines=await self._count(Archived, Archived.person_id.in_(people)),
            refused=await self._count(Consent, *here, Consent.given.is_(False)),
            elsewhere=elsewhere,
        )

    async def to_reset(self, place: AnsweredIn) -> list[int]:
        """Return the people who answered or were asked in a place and did not say no."""
        return list(await self._session.scalars(_to_reset(place).order_by(Consent.person_id)))

    async def _count(self, model: type[Consent | Fact | Archived], *where: ColumnElement[bool]) -> int:
        return int(await self._session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def _given_in(place: AnsweredIn) -> list[ColumnElement[bool]]:
    """Return the conditions for answers given in a place; a channel counts only within its server."""
    columns = {"guild_id": Consent.guild_id, "channel_id": Consent.channel_id}
    return [columns[key] == value for key, value in place._asdict().items() if value is not None]


def _to_reset(place: AnsweredIn) -> Select[int]:
    unrefused = or_(Consent.given.is_(None), Consent.given.is_(True))
    return select(Consent.person_id).where(*_given_in(place), unrefused)
