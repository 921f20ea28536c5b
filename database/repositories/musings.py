"""What characters think by themselves: beliefs, dreams and threads, and what these came from (F133)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from database.models import Archived, CastMember, Channel, Musing, MusingChange, MusingSource, Nickname
from database.repositories import Repository, table_of, values_of
from database.repositories.memories import Audience, heard_by_all

FORMED, OWN, STRONGER, WEAKER = "formed", "own", "stronger", "weaker"
CAME_BACK, SETTLED, OPERATOR = "came back", "settled", "operator"
"""Causes of changes: it was `formed` of talk, or is the character's `own` by its file."""
BEGUN = frozenset({FORMED, OWN})


class HeldMusing(NamedTuple):
    """A musing that is held, with the people whose words it came from, as far as a reply looks at it."""

    id: int
    kind: str
    text: str
    confidence: float
    made_at: datetime
    changed_at: datetime
    people: tuple[int, ...]


class DayLine(NamedTuple):
    """A line of the archive that a person said, and where."""

    id: int
    person_id: int
    author_name: str
    text: str
    sent_at: datetime
    channel_id: int
    guild_id: int | None
    place: str
    public: bool


class Circle(NamedTuple):
    """Those before whom something was said: all of a server, or whoever is in one place."""

    scope: str
    guild_id: int | None
    channel_id: int | None


_MUSING, _CHANGE, _SOURCE = table_of(Musing).c, table_of(MusingChange).c, table_of(MusingSource).c


def _before(*, private: bool) -> ColumnElement[bool]:
    """Return what a character thought that may come up before an audience: nothing that was taken away.

    Alone with somebody it is what was thought there, and nothing else.
    """
    here = and_(_MUSING.scope == "dm", _MUSING.channel_id.in_(bindparam("channel_ids", expanding=True)))
    return and_(
        _MUSING.character == bindparam("character"),
        _MUSING.removed_at.is_(None),
        here if private else heard_by_all(_MUSING),
    )


_KNOWN_HERE = {
    private: select(*(_MUSING[name] for name in HeldMusing._fields if name != "people"), _SOURCE.person_id)
    .outerjoin(table_of(MusingChange), _CHANGE.musing_id == _MUSING.id)
    .outerjoin(table_of(MusingSource), _SOURCE.change_id == _CHANGE.id)
    .where(_before(private=private), _MUSING.closed_at.is_(None))
    .order_by(_MUSING.id)
    for private in (True, False)
}


class MusingRepository(Repository):
    """The musings, musing_changes and musing_sources tables."""

    async def known_before(self, character: str, audience: Audience) -> list[HeldMusing]:
        """Return what a character holds that may come up before an audience."""

        async def read() -> list[HeldMusing]:
            rows = await self._session.execute(_KNOWN_HERE[audience.private], _asked(character, audience))
            held: dict[int, HeldMusing] = {}
            for *fields, person_id in rows:
                one = held.setdefault(fields[0], HeldMusing._make((*fields, ())))
                if person_id is not None and person_id not in one.people:
                    held[one.id] = one._replace(people=(*one.people, person_id))
            return list(held.values())

        tables = (Musing.__tablename__, MusingChange.__tablename__, MusingSource.__tablename__)
        return list(await self._kept(tables, ("before", character, audience), read))

    async def told_before(self, character: str, audience: Audience) -> list[Musing]:
        """Return what may come up before an audience, with what came to an end lately."""
        query = select(Musing).where(_before(private=audience.private)).order_by(Musing.id)
        return list(await self._session.scalars(query, _asked(character, audience)))

    async def get(self, musing_id: int) -> Musing | None:
        return await self._session.get(Musing, musing_id)

    async def these(self, ids: Collection[int]) -> list[Musing]:
        """Return some musings, those that came to an end as well."""
        return list(await self._session.scalars(select(Musing).where(Musing.id.in_(ids)).order_by(Musing.id)))

    async def of_circle(self, character: str, circle: Circle) -> list[Musing]:
        """Return all that a character ever thought there and is still kept, the oldest first."""
        query = select(Musing).where(
            Musing.character == character,
            Musing.scope == circle.scope,
            Musing.guild_id.is_not_distinct_from(circle.guild_id),
            Musing.channel_id.is_not_distinct_from(circle.channel_id),
        )
        return list(await self._session.scalars(query.order_by(Musing.id)))

    async def of_guild(self, character: str, guild_id: int) -> list[Musing]:
        """Return what a character thinks in a server, its private channels included, the newest first."""
        query = select(Musing).where(
            Musing.character == character, Musing.guild_id == guild_id, Musing.removed_at.is_(None)
        )
        return list(await self._session.scalars(query.order_by(Musing.id.desc())))

    async def changes(self, ids: Collection[int]) -> list[MusingChange]:
        """Return how some musings came to be what they are, the newest change first."""
        query = select(MusingChange).where(MusingChange.musing_id.in_(ids))
        return list(await self._session.scalars(query.order_by(MusingChange.id.desc())))

    async def add(self, musing: Musing) -> Musing:
        self._session.add(musing)
        await self._session.flush()
        return musing

    async def note(self, change: MusingChange, drawn: Iterable[DayLine] = ()) -> None:
        """Keep a change and the lines that it came from; the confidence moves by what it `added`."""
        self._session.add(change)
        await self._session.flush()
        rows = [MusingSource(one.id, change.id, one.person_id) for one in drawn]
        if rows:
            await self._session.execute(insert(table_of(MusingSource)), [values_of(one) for one in rows])
        await self._recount([change.musing_id])

    async def take_back(self, change: MusingChange) -> None:
        """Let a change not have been made."""
        await self._session.delete(change)
        await self._session.flush()
        await self._recount([change.musing_id])

    async def lose(self, message_ids: Collection[int]) -> None:
        """Forget what came from some lines: what began with one goes, what only changed is as before."""
        query = (
            select(MusingChange.id, MusingChange.musing_id, MusingChange.cause)
            .join(MusingSource, MusingSource.change_id == MusingChange.id)
            .where(MusingSource.message_id.in_(message_ids))
        )
        found = (await self._session.execute(query)).all()
        if not found:
            return
        await self.drop({row.musing_id for row in found if row.cause in BEGUN})
        lost = {row.id: row for row in found if row.cause not in BEGUN}
        await self._session.execute(delete(MusingChange).where(MusingChange.id.in_(lost)))
        reopened = {row.musing_id for row in lost.values() if row.cause == SETTLED}
        await self._session.execute(
            update(Musing).where(Musing.id.in_(reopened)).values(closed_at=None, result="")
        )
        left = {row.musing_id for row in lost.values()}
        await self._recount(left)
        grown = select(MusingChange.musing_id).where(MusingChange.cause != OWN)
        await self._session.execute(delete(Musing).where(Musing.id.in_(left), Musing.id.not_in(grown)))

    async def drop(self, ids: Collection[int]) -> None:
        if ids:
            await self._session.execute(delete(Musing).where(Musing.id.in_(ids)))

    async def prune(self, before: datetime) -> None:
        """Forget what came to an end, was dreamt, or was not come back to since a moment."""
        over = or_(
            Musing.closed_at < before,
            Musing.removed_at < before,
            and_(Musing.kind == "dream", Musing.made_at < before),
            and_(Musing.kind == "thread", Musing.changed_at < before),
        )
        if await self._session.scalar(select(Musing.id).where(over).limit(1)) is not None:
            await self._session.execute(delete(Musing).where(over))

    async def lately_said(self, character: str, since: datetime) -> list[DayLine]:
        """Return what people said after a moment that a character was there for, in its order."""
        casts = select(CastMember.cast_id).where(CastMember.character == character)
        alone = and_(Archived.cast_id.is_(None), Archived.character.in_((character, "")))
        query = (
            select(
                *(Archived.id, Archived.person_id, Archived.author_name, Archived.text, Archived.sent_at),
                *(Archived.channel_id, Archived.guild_id, Channel.place, _said_in_public()),
            )
            .join(Channel, Channel.id == Archived.channel_id)
            .where(
                Archived.mine.is_(False),
                Archived.sent_at > since,
                or_(Archived.cast_id.in_(casts), alone),
            )
            .order_by(Archived.sent_at, Archived.id)
        )
        return [DayLine(*row) for row in await self._session.execute(query)]

    async def names_in(self, circle: Circle) -> list[str]:
        """Return by what names people go, or went, in a server, or anywhere where that is not one."""
        query = select(Nickname.name).where(Nickname.guild_id.in_((0, circle.guild_id or 0))).distinct()
        return list(await self._session.scalars(query))

    async def _recount(self, ids: Collection[int]) -> None:
        """Let musings be as sure, and as old, as what is left of their changes makes them."""
        mine = MusingChange.musing_id == Musing.id
        total = select(func.sum(MusingChange.added)).where(mine).scalar_subquery()
        last = select(func.max(MusingChange.at)).where(mine).scalar_subquery()
        await self._session.execute(
            update(Musing)
            .where(Musing.id.in_(ids), _has_changes())
            .values(confidence=func.coalesce(total, 0.0), changed_at=func.coalesce(last, Musing.changed_at))
            .execution_options(synchronize_session=False)
        )
        for one in await self.these(ids):
            await self._session.refresh(one)


def _has_changes() -> ColumnElement[bool]:
    return select(MusingChange.id).where(MusingChange.musing_id == Musing.id).exists()


def _said_in_public() -> ColumnElement[bool]:
    """Return which lines all of a server might read when they were said, and may still."""
    since = and_(Channel.public_from.is_not(None), Archived.id >= Channel.public_from)
    return and_(Channel.public, Channel.age_restricted.is_(False), since)


def _asked(character: str, audience: Audience) -> dict[str, Any]:
    asked: dict[str, Any] = {"character": character, "channel_ids": list(audience.channel_ids)}
    return asked if audience.private else {**asked, "guild_id": audience.guild_id}


def circles_of(lines: Sequence[DayLine]) -> dict[Circle, list[DayLine]]:
    """Return lines by those before whom they were said; what all of a server may read stands together."""
    circles: dict[Circle, list[DayLine]] = {}
    for one in lines:
        circles.setdefault(circle_of(one), []).append(one)
    return circles


def circle_of(line: DayLine) -> Circle:
    if line.place != "guild":
        return Circle("dm", None, line.channel_id)
    if line.public:
        return Circle("guild", line.guild_id, None)
    return Circle("channel", line.guild_id, line.channel_id)
