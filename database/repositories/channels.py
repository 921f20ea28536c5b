"""Places, how far they were heard, and whether they can be written to."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import case, select, update

from database.models import Channel
from database.repositories.base import Repository


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
        row = self._insert(Channel).values(
            id=channel_id,
            place=place,
            name=name,
            guild_id=guild_id,
            guild_name=guild_name,
            watermark=heard,
            floor=0,
            refusals=0,
        )
        newer = row.excluded.watermark > Channel.watermark
        await self._session.execute(
            row.on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "name": row.excluded.name,
                    "guild_name": row.excluded.guild_name,
                    "watermark": case((newer, row.excluded.watermark), else_=Channel.watermark),
                },
            )
        )

    async def get(self, channel_id: int) -> Channel | None:
        return await self._session.get(Channel, channel_id)

    async def of_place(self, place: str, *, limit: int) -> list[tuple[int, int]]:
        """Return (id, watermark) of the channels of one kind, the most recently used first."""
        query = (
            select(Channel.id, Channel.watermark)
            .where(Channel.place == place)
            .order_by(Channel.watermark.desc())
            .limit(limit)
        )
        return [(row.id, row.watermark) for row in await self._session.execute(query)]

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return how far each of the channels that we know was heard."""
        query = select(Channel.id, Channel.watermark).where(Channel.id.in_(list(channel_ids)))
        return {row.id: row.watermark for row in await self._session.execute(query)}

    async def begin_at(self, channel_id: int, floor: int) -> None:
        """Let the transcript of a channel begin at place `floor` of the log; it never moves back."""
        await self._session.execute(
            update(Channel).where(Channel.id == channel_id, Channel.floor < floor).values(floor=floor)
        )

    async def refused(self, channel_id: int, *, until: datetime) -> None:
        """Keep that the channel can't be written to for now."""
        await self._session.execute(
            update(Channel)
            .where(Channel.id == channel_id)
            .values(refusals=Channel.refusals + 1, unsendable_until=until)
        )

    async def accepted(self, channel_id: int) -> None:
        """Keep that the channel can be written to again."""
        await self._session.execute(
            update(Channel)
            .where(Channel.id == channel_id, Channel.refusals > 0)
            .values(refusals=0, unsendable_until=None)
        )
