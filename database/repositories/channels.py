"""Places, how far they were heard, and whether they can be written to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, select, update

from database.models import Channel
from database.repositories.base import Inserting, Repository, table_of

_channels = table_of(Channel)
_GET = select(Channel).where(Channel.id == bindparam("channel_id"))
_BEGIN_AT = (
    update(_channels)
    .where(_channels.c.id == bindparam("channel_id"), _channels.c.floor < bindparam("begins_at"))
    .values(floor=bindparam("begins_at"))
)
_HEAD = (
    update(_channels)
    .where(_channels.c.id == bindparam("channel_id"))
    .values(head_at=bindparam("shown_at"), head_people=bindparam("shown"))
)
_ACCEPTED = (
    update(_channels)
    .where(_channels.c.id == bindparam("channel_id"), _channels.c.refusals > 0)
    .values(refusals=0, unsendable_until=None)
)


class Channels(Repository):
    """The channels table."""

    async def note(
        self,
        channel_id: int,
        *,
        place: str,
        name: str,
        guild_id: int | None,
        guild_name: str,
        heard: int,
    ) -> None:
        """Keep a channel's present names, and that message `heard` arrived in it."""
        await self._session.execute(
            _note(self._insert),
            {
                "id": channel_id,
                "place": place,
                "name": name,
                "guild_id": guild_id,
                "guild_name": guild_name,
                "watermark": heard,
                "floor": 0,
                "refusals": 0,
            },
        )

    async def get(self, channel_id: int) -> Channel | None:
        return await self._session.scalar(_GET, {"channel_id": channel_id})

    async def of_place(self, place: str, *, limit: int) -> list[tuple[int, int]]:
        """Return (id, watermark) of the channels of one kind, the most recently used first."""
        query = (
            select(Channel.id, Channel.watermark)
            .where(Channel.place == place)
            .order_by(Channel.watermark.desc())
            .limit(limit)
        )
        return [(row.id, row.watermark) for row in await self._session.execute(query)]

    async def of_guild(self, guild_id: int) -> list[int]:
        """Return the channels of a server that we know."""
        return list(await self._session.scalars(select(Channel.id).where(Channel.guild_id == guild_id)))

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return how far each of the channels that we know was heard."""
        query = select(Channel.id, Channel.watermark).where(Channel.id.in_(list(channel_ids)))
        return {row.id: row.watermark for row in await self._session.execute(query)}

    async def begin_at(self, channel_id: int, floor: int) -> None:
        """Let the transcript of a channel begin at place `floor` of the log; it never moves back."""
        await self._session.execute(_BEGIN_AT, {"channel_id": channel_id, "begins_at": floor})

    async def show_at_head(self, channel_id: int, at: datetime, people: Sequence[int]) -> None:
        """Keep as of when, and about whom, memories stand at the head of a channel's prompt."""
        head = {"channel_id": channel_id, "shown_at": at, "shown": list(people)}
        await self._session.execute(_HEAD, head)

    async def refused(self, channel_id: int, *, until: datetime) -> None:
        """Keep that the channel can't be written to for now."""
        await self._session.execute(
            update(Channel)
            .where(Channel.id == channel_id)
            .values(refusals=Channel.refusals + 1, unsendable_until=until)
        )

    async def accepted(self, channel_id: int) -> None:
        """Keep that the channel can be written to again."""
        await self._session.execute(_ACCEPTED, {"channel_id": channel_id})


@cache
def _note(insert: Inserting) -> Any:
    row = insert(_channels)
    newer = row.excluded.watermark > Channel.watermark
    return row.on_conflict_do_update(
        index_elements=["id"],
        set_={
            "name": row.excluded.name,
            "guild_name": row.excluded.guild_name,
            "watermark": case((newer, row.excluded.watermark), else_=Channel.watermark),
        },
    )
