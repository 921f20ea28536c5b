"""Characters' unprompted messages and questions about earlier talk (F112, F116)."""

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
    """A person who used to talk with a character in private, the channel, and when they last did."""

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
        """Return the times of remarks of some kinds since a moment, newest first."""
        asked = {"kinds": list(kinds), "since": since, "channel": channel_id, "person": person_id}
        return list(await self._session.scalars(_TIMES, asked))

    async def of_channel(self, channel_id: int, *, limit: int) -> list[Remark]:
        """Return the latest remarks in a channel, newest first."""
        query = select(Remark).where(Remark.channel_id == channel_id).order_by(Remark.id.desc())
        return list(await self._session.scalars(query.limit(limit)))

    async def of_turn(self, turn_id: int, channel_id: int) -> Remark | None:
        """Return a turn's remark, or None; an answer with a follow-up question is no remark."""
        lately = await self.of_channel(channel_id, limit=LOOKED_AT)
        spoken = (remark for remark in lately if remark.kind != "follow-up" and remark.why)
        return next((remark for remark in spoken if remark.why and remark.why.get("turn") == turn_id), None)

    async def drawn_on(self, person_id: int) -> set[int]:
        """Return the messages of remarks that were based on a person's words, among others."""
        drawn = await self._made_of(person_id)
        turns = [remark.why["turn"] for remark in drawn if remark.why and "turn" in remark.why]
        parts = select(PartRow.message_id).where(PartRow.turn_id.in_(turns), PartRow.message_id.is_not(None))
        return {message_id for message_id in await self._session.scalars(parts) if message_id is not None}

    async def _made_of(self, person_id: int) -> list[Remark]:
        written = cast(Remark.why, String).contains(str(person_id))
        found = await self._session.scalars(select(Remark).where(written))
        return [remark for remark in found if remark.why and person_id in remark.why.get("of", ())]

    async def absent(self, consent: Mode, *, since: datetime, until: datetime) -> list[Absent]:
        """Return consenting people who last spoke in private between two moments.

        The sources are the archive, which contains only consenting people's lines, and today's log.
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
        """Anonymise remarks to a person and delete those in some private channels."""
        await self._session.execute(delete(Remark).where(Remark.channel_id.in_(channel_ids)))
        to_person = update(Remark).where(Remark.person_id == person_id)
        await self._session.execute(to_person.values(person_id=None, why=None))
        made_of = [remark.id for remark in await self._made_of(person_id)]
        await self._session.execute(update(Remark).where(Remark.id.in_(made_of)).values(why=None))

    # Permission.

    async def venues(self) -> list[Channel]:
        """Return the channels in which admins permit unprompted messages."""
        query = select(Channel).where(Channel.speaks_first.is_(True)).order_by(Channel.id)
        return list(await self._session.scalars(query))

    async def let(self, channel_id: int, allowed: bool) -> None:
        query = update(Channel).where(Channel.id == channel_id)
        await self._session.execute(query.values(speaks_first=allowed))
