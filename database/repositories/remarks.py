"""When characters spoke first, or asked back on something earlier (F112, F116)."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, String, bindparam, cast, delete, func, insert, or_, select, update

from database.models import Archived, Channel, MessageRow, PartRow, Remark
from database.repositories import Repository, table_of, values_of
from database.repositories.consents import Mode, agreed

LOOKED_AT = 200


_TIMES = (
    select(table_of(Remark).c.at)
    .where(
        table_of(Remark).c.kind.in_(bindparam("kinds", expanding=True)),
        table_of(Remark).c.at > bindparam("since"),
        or_(
            bindparam("channel", type_=BigInteger).is_(None),
            table_of(Remark).c.channel_id == bindparam("channel"),
        ),
        or_(
            bindparam("person", type_=BigInteger).is_(None),
            table_of(Remark).c.person_id == bindparam("person"),
        ),
    )
    .order_by(table_of(Remark).c.at.desc())
)


class Absent(NamedTuple):
    """Somebody who used to talk with a character in private, where, and when they last did."""

    channel_id: int
    person_id: int
    last_at: datetime


class RemarkRepository(Repository):
    """The remarks table."""

    async def add(self, remark: Remark) -> None:
        await self._session.execute(insert(table_of(Remark)), values_of(remark))

    async def times(
        self,
        kinds: Collection[str],
        *,
        since: datetime,
        channel_id: int | None = None,
        person_id: int | None = None,
    ) -> list[datetime]:
        """Return when remarks of some kinds were made since a moment, the newest first."""
        asked = {"kinds": list(kinds), "since": since, "channel": channel_id, "person": person_id}
        return list(await self._session.scalars(_TIMES, asked))

    async def of_channel(self, channel_id: int, *, limit: int) -> list[Remark]:
        """Return the last remarks of a channel, the newest first."""
        query = select(Remark).where(Remark.channel_id == channel_id).order_by(Remark.id.desc())
        return list(await self._session.scalars(query.limit(limit)))

    async def of_turn(self, turn_id: int, channel_id: int) -> Remark | None:
        """Return the remark that a turn was, if it was one: an answer may hold a follow-up, and is none."""
        lately = await self.of_channel(channel_id, limit=LOOKED_AT)
        spoken = (one for one in lately if one.kind != "follow-up" and one.why)
        return next((one for one in spoken if one.why and one.why.get("turn") == turn_id), None)

    async def drawn_on(self, person_id: int) -> set[int]:
        """Return the messages of remarks that were made of what somebody said, among others."""
        drawn = await self._made_of(person_id)
        turns = [one.why["turn"] for one in drawn if one.why and "turn" in one.why]
        parts = select(PartRow.message_id).where(PartRow.turn_id.in_(turns), PartRow.message_id.is_not(None))
        return {one for one in await self._session.scalars(parts) if one is not None}

    async def _made_of(self, person_id: int) -> list[Remark]:
        written = cast(Remark.why, String).contains(str(person_id))
        found = await self._session.scalars(select(Remark).where(written))
        return [one for one in found if one.why and person_id in one.why.get("of", ())]

    async def absent(self, consent: Mode, *, since: datetime, until: datetime) -> list[Absent]:
        """Return who last spoke in private between two moments, of those who agree to be remembered.

        Told by the archive, which holds what these said and nobody else, and by the log of today.
        """
        last_at = func.max(Archived.sent_at).label("last_at")
        later = select(MessageRow.id).where(
            MessageRow.channel_id == Archived.channel_id,
            MessageRow.author_id == Archived.person_id,
            MessageRow.sent_at >= until,
        )
        query = (
            select(Archived.channel_id, Archived.person_id, last_at)
            .join(Channel, Channel.id == Archived.channel_id)
            .where(
                Channel.place == "dm",
                Archived.mine.is_(False),
                agreed(Archived.person_id, consent),
                ~later.correlate(Archived).exists(),
            )
            .group_by(Archived.channel_id, Archived.person_id)
            .having(last_at >= since, last_at < until)
            .order_by(Archived.channel_id, Archived.person_id)
        )
        return [Absent(*row) for row in await self._session.execute(query)]

    async def prune(self, before: datetime) -> None:
        await self._session.execute(delete(Remark).where(Remark.at < before))

    async def without(self, person_id: int, channel_ids: Collection[int] = ()) -> None:
        """Let nobody know any more who was spoken to, nor where in private."""
        await self._session.execute(delete(Remark).where(Remark.channel_id.in_(channel_ids)))
        theirs = update(Remark).where(Remark.person_id == person_id)
        await self._session.execute(theirs.values(person_id=None, why=None))
        made_of = [one.id for one in await self._made_of(person_id)]
        await self._session.execute(update(Remark).where(Remark.id.in_(made_of)).values(why=None))

    # Where it may.

    async def venues(self) -> list[Channel]:
        """Return the channels in which admins want characters to speak first."""
        query = select(Channel).where(Channel.speaks_first.is_(True)).order_by(Channel.id)
        return list(await self._session.scalars(query))

    async def let(self, channel_id: int, allowed: bool) -> None:
        query = update(Channel).where(Channel.id == channel_id)
        await self._session.execute(query.values(speaks_first=allowed))
