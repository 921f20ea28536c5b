"""Characters' own thoughts: beliefs, dreams and threads, and their sources (F133)."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from database.models import Archived, CastMember, Channel, Musing, MusingChange, MusingSource, Nickname
from database.repositories import Repository, table_of, values_of
from database.repositories.memories import Audience, heard_by_all

FORMED, OWN, STRONGER, WEAKER = "formed", "own", "stronger", "weaker"
CAME_BACK, SETTLED, OPERATOR = "came back", "settled", "operator"
"""Causes of changes: a musing is `formed` from talk, or the character's `own` by its file."""
BEGUN = frozenset({FORMED, OWN})


class HeldMusing(NamedTuple):
    """A current musing and the people whose words it is based on, as far as a reply needs it."""

    id: int
    kind: str
    text: str
    confidence: float
    made_at: datetime
    changed_at: datetime
    people: tuple[int, ...]


class DayLine(NamedTuple):
    """A person's archived line, and its channel."""

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
    """An audience: a whole server, or whoever is in one channel."""

    scope: str
    guild_id: int | None
    channel_id: int | None


_MUSING, _CHANGE, _SOURCE = table_of(Musing).c, table_of(MusingChange).c, table_of(MusingSource).c


def _may_come_up(*, private: bool) -> ColumnElement[bool]:
    """Return the condition for a character's musings that may come up before an audience.

    In private that is only what it thought there.
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
    .where(_may_come_up(private=private), _MUSING.closed_at.is_(None))
    .order_by(_MUSING.id)
    for private in (True, False)
}


class MusingRepository(Repository):
    """The musings, musing_changes and musing_sources tables."""

    async def known_before(self, character: str, audience: Audience) -> list[HeldMusing]:
        """Return a character's current musings that may come up before an audience."""

        async def read() -> list[HeldMusing]:
            rows = await self._session.execute(_KNOWN_HERE[audience.private], _asked(character, audience))
            held: dict[int, HeldMusing] = {}
            for *fields, person_id in rows:
                musing = held.setdefault(fields[0], HeldMusing._make((*fields, ())))
                if person_id is not None and person_id not in musing.people:
                    held[musing.id] = musing._replace(people=(*musing.people, person_id))
            return list(held.values())

        tables = (Musing.__tablename__, MusingChange.__tablename__, MusingSource.__tablename__)
        return list(await self._kept(tables, ("before", character, audience), read))

    async def told_before(self, character: str, audience: Audience) -> list[Musing]:
        """Return musings that may come up before an audience, including recently closed ones."""
        query = select(Musing).where(_may_come_up(private=audience.private)).order_by(Musing.id)
        return list(await self._session.scalars(query, _asked(character, audience)))

    async def get(self, musing_id: int) -> Musing | None:
        return await self._session.get(Musing, musing_id)

    async def these(self, ids: Collection[int]) -> list[Musing]:
        """Return the musings with these ids, closed ones included."""
        return list(await self._session.scalars(select(Musing).where(Musing.id.in_(ids)).order_by(Musing.id)))

    async def of_circle(self, character: str, circle: Circle) -> list[Musing]:
        """Return all stored musings of a character in a circle, oldest first."""
        query = select(Musing).where(
            Musing.character == character,
            Musing.scope == circle.scope,
            Musing.guild_id.is_not_distinct_from(circle.guild_id),
            Musing.channel_id.is_not_distinct_from(circle.channel_id),
        )
        return list(await self._session.scalars(query.order_by(Musing.id)))

    async def of_guild(self, character: str, guild_id: int) -> list[Musing]:
        """Return a character's musings in a server, including its private channels, newest first."""
        query = select(Musing).where(
            Musing.character == character, Musing.guild_id == guild_id, Musing.removed_at.is_(None)
        )
        return list(await self._session.scalars(query.order_by(Musing.id.desc())))

    async def changes(self, ids: Collection[int]) -> list[MusingChange]:
        """Return the changes of musings, newest first."""
        query = select(MusingChange).where(MusingChange.musing_id.in_(ids))
        return list(await self._session.scalars(query.order_by(MusingChange.id.desc())))

    async def add(self, musing: Musing) -> Musing:
        self._session.add(musing)
        await self._session.flush()
        return musing

    async def note(self, change: MusingChange, drawn: Iterable[DayLine] = ()) -> None:
        """Store a change and its source lines; the confidence changes by `added`."""
        self._session.add(change)
        await self._session.flush()
        rows = [MusingSource(line.id, change.id, line.person_id) for line in drawn]
        if rows:
            await self._session.execute(insert(table_of(MusingSource)), [values_of(row) for row in rows])
        await self._recount([change.musing_id])

    async def take_back(self, change: MusingChange) -> None:
        """Delete a change, as if it had not been made."""
        await self._session.delete(change)
        await self._session.flush()
        await self._recount([change.musing_id])

    async def lose(self, message_ids: Collection[int]) -> None:
        """Erase the effect of lines: delete musings that began with one, revert other changes."""
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
        """Delete closed, removed and dreamt musings, and threads without change, from before a moment."""
        over = or_(
            Musing.closed_at < before,
            Musing.removed_at < before,
            and_(Musing.kind == "dream", Musing.made_at < before),
            and_(Musing.kind == "thread", Musing.changed_at < before),
        )
        if await self._session.scalar(select(Musing.id).where(over).limit(1)) is not None:
            await self._session.execute(delete(Musing).where(over))

    async def lately_said(self, character: str, since: datetime) -> list[DayLine]:
        """Return people's lines since a moment that a character heard, in order."""
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
        """Return present and former names of people in a circle's server, or of their accounts."""
        query = select(Nickname.name).where(Nickname.guild_id.in_((0, circle.guild_id or 0))).distinct()
        return list(await self._session.scalars(query))

    async def _recount(self, ids: Collection[int]) -> None:
        """Recompute the confidence and the time of musings from their remaining changes."""
        mine = MusingChange.musing_id == Musing.id
        total = select(func.sum(MusingChange.added)).where(mine).scalar_subquery()
        last = select(func.max(MusingChange.at)).where(mine).scalar_subquery()
        await self._session.execute(
            update(Musing)
            .where(Musing.id.in_(ids), _has_changes())
            .values(confidence=func.coalesce(total, 0.0), changed_at=func.coalesce(last, Musing.changed_at))
            .execution_options(synchronize_session=False)
        )
        for musing in await self.these(ids):
            await self._session.refresh(musing)


def _has_changes() -> ColumnElement[bool]:
    return select(MusingChange.id).where(MusingChange.musing_id == Musing.id).exists()


def _said_in_public() -> ColumnElement[bool]:
    """Return the condition for lines that the whole server could read when they were said, and still can."""
    since = and_(Channel.public_from.is_not(None), Archived.id >= Channel.public_from)
    return and_(Channel.public, Channel.age_restricted.is_(False), since)


def _asked(character: str, audience: Audience) -> dict[str, Any]:
    asked: dict[str, Any] = {"character": character, "channel_ids": list(audience.channel_ids)}
    return asked if audience.private else {**asked, "guild_id": audience.guild_id}


def circles_of(lines: Sequence[DayLine]) -> dict[Circle, list[DayLine]]:
    """Group lines by audience; lines that the whole server can read form one group."""
    circles: dict[Circle, list[DayLine]] = {}
    for line in lines:
        circles.setdefault(circle_of(line), []).append(line)
    return circles


def circle_of(line: DayLine) -> Circle:
    if line.place != "guild":
        return Circle("dm", None, line.channel_id)
    if line.public:
        return Circle("guild", line.guild_id, None)
    return Circle("channel", line.guild_id, line.channel_id)
