"""Places, how far they were heard, and whether they can be written to."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, func, or_, select, update

from database.models import Channel
from database.repositories.base import Inserting, Repository, table_of

_channels = table_of(Channel)
_AT_ONCE = 500
"""Ids in one statement: databases take a bounded number of them."""
_GET = select(Channel).where(Channel.id == bindparam("channel_id"))
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
        parent_id: int | None = None,
        age_restricted: bool = False,
    ) -> None:
        """Keep a channel's present names and mark, whose thread it is, and that message `heard` came in."""
        await self._session.execute(
            _note(self._insert),
            {
                "id": channel_id,
                "place": place,
                "name": name,
                "guild_id": guild_id,
                "guild_name": guild_name,
                "parent_id": parent_id,
                "age_restricted": age_restricted,
                "watermark": heard,
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

    async def choose(self, channel_id: int, character: str | None) -> None:
        """Keep which character was asked for in a channel; None leaves it to the router."""
        await self._session.execute(update(Channel).where(Channel.id == channel_id).values(chosen=character))

    async def keep_note(self, channel_id: int, text: str | None, *, depth: int = 0, by: int | None) -> None:
        """Keep what is to be kept in mind in a channel, `depth` lines before the prompt's end (C35)."""
        note = {"note": text, "note_depth": depth, "note_by": by if text else None}
        await self._session.execute(update(Channel).where(Channel.id == channel_id).values(**note))

    async def mark(self, channel_ids: Iterable[int], *, age_restricted: bool) -> None:
        """Keep Discord's mark of channels, which holds for their threads too (C91)."""
        ids = list(channel_ids)
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            meant = or_(Channel.id.in_(some), Channel.parent_id.in_(some))
            await self._session.execute(update(Channel).where(meant).values(age_restricted=age_restricted))

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
            "parent_id": func.coalesce(row.excluded.parent_id, Channel.parent_id),
            "age_restricted": row.excluded.age_restricted,
            "watermark": case((newer, row.excluded.watermark), else_=Channel.watermark),
        },
    )
