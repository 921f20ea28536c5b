"""Channels: watermarks, seats of characters, message counts, server rules."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, delete, func, not_, null, or_, select, update

from database.models import Channel, HouseRule, Rhythm, Seat
from database.repositories import Inserting, Repository, table_of

_channels, _seats, _rhythms = table_of(Channel), table_of(Seat), table_of(Rhythm)
_AT_ONCE = 500
"""Ids per statement: databases limit the number of parameters."""
_GET = select(Channel).where(Channel.id == bindparam("channel_id"))
_ACCEPTED = (
    update(_channels)
    .where(_channels.c.id == bindparam("channel_id"), _channels.c.refusals > 0)
    .values(refusals=0, unsendable_until=None)
)
_HERE = (_seats.c.channel_id == bindparam("channel"), _seats.c.character == bindparam("who"))
_SEAT = select(Seat).where(*_HERE)
_WITH_SEAT = (
    select(Channel, Seat)
    .outerjoin(Seat, and_(Seat.channel_id == Channel.id, Seat.character == bindparam("who")))
    .where(Channel.id == bindparam("channel"))
)
_FLOOR = select(func.max(_seats.c.floor)).where(_seats.c.channel_id == bindparam("channel"))
_BEGIN_AT = (
    update(_seats).where(*_HERE, _seats.c.floor < bindparam("begins_at")).values(floor=bindparam("begins_at"))
)
_HEAD = update(_seats).where(*_HERE).values(head_at=bindparam("shown_at"), head_people=bindparam("shown"))
_LORE = update(_seats).where(*_HERE).values(lore=bindparam("kept"))
_CONSOLIDATED = (
    update(_seats)
    .where(*_HERE, _seats.c.consolidated < bindparam("through"))
    .values(consolidated=bindparam("through"))
)


class HouseRuleRow(NamedTuple):
    """A rule: see HouseRule."""

    guild_id: int
    kind: str
    target_id: int
    value: float


_RULES = (
    select(*(getattr(HouseRule, name) for name in HouseRuleRow._fields))
    .where(HouseRule.guild_id.in_(bindparam("guild_ids", expanding=True)))
    .order_by(HouseRule.guild_id, HouseRule.kind, HouseRule.target_id)
)


class ChannelRepository(Repository):
    """The channels, seats, rhythms and house_rules tables."""

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
        public: bool = False,
    ) -> None:
        """Update a channel's names, flags and parent, and its watermark with message `heard`."""
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
                "public": public,
                "public_from": heard if public else None,
                "watermark": heard,
                "refusals": 0,
            },
        )

    async def get(self, channel_id: int) -> Channel | None:
        return await self._session.scalar(_GET, {"channel_id": channel_id})

    async def of_place(self, place: str, *, limit: int) -> list[tuple[int, int]]:
        """Return (id, watermark) of the channels of one kind, most recently used first."""
        query = (
            select(Channel.id, Channel.watermark)
            .where(Channel.place == place)
            .order_by(Channel.watermark.desc())
            .limit(limit)
        )
        return [(row.id, row.watermark) for row in await self._session.execute(query)]

    async def of_guild(self, guild_id: int) -> list[int]:
        """Return the known channels of a server."""
        return list(await self._session.scalars(select(Channel.id).where(Channel.guild_id == guild_id)))

    async def watermarks(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Return the watermarks of the known channels among these."""
        ids, known = list(channel_ids), dict[int, int]()
        for first in range(0, len(ids), _AT_ONCE):
            batch = Channel.id.in_(ids[first : first + _AT_ONCE])
            found = await self._session.execute(select(Channel.id, Channel.watermark).where(batch))
            known |= {row.id: row.watermark for row in found}
        return known

    async def choose(self, channel_id: int, character: str | None) -> None:
        """Select a channel's character; None leaves the choice to the router."""
        await self._session.execute(update(Channel).where(Channel.id == channel_id).values(chosen=character))

    async def keep_note(self, channel_id: int, text: str | None, *, depth: int = 0, by: int | None) -> None:
        """Store a channel's note for the prompt, `depth` lines before its end (C35)."""
        note = {"note": text, "note_depth": depth, "note_by": by if text else None}
        await self._session.execute(update(Channel).where(Channel.id == channel_id).values(**note))

    async def mark(self, channel_ids: Iterable[int], *, age_restricted: bool) -> None:
        """Store Discord's age flag of channels, which extends to their threads (C91)."""
        ids = list(channel_ids)
        for first in range(0, len(ids), _AT_ONCE):
            batch = ids[first : first + _AT_ONCE]
            meant = or_(Channel.id.in_(batch), Channel.parent_id.in_(batch))
            await self._session.execute(update(Channel).where(meant).values(age_restricted=age_restricted))

    async def refused(self, channel_id: int, *, until: datetime) -> None:
        """Record that the channel can't be written to for now."""
        await self._session.execute(
            update(Channel)
            .where(Channel.id == channel_id)
            .values(refusals=Channel.refusals + 1, unsendable_until=until)
        )

    async def accepted(self, channel_id: int) -> None:
        """Record that the channel can be written to again."""
        await self._session.execute(_ACCEPTED, {"channel_id": channel_id})

    # Seats: the start of a character's transcript of a channel, and the memories at its prompt's start.

    async def seat(self, channel_id: int, character: str) -> Seat | None:
        return await self._session.scalar(_SEAT, {"channel": channel_id, "who": character})

    async def with_seat(self, channel_id: int, character: str) -> tuple[Channel | None, Seat | None]:
        """Return a channel and a character's seat in it."""
        found = await self._session.execute(_WITH_SEAT, {"channel": channel_id, "who": character})
        row = found.first()
        return (row[0], row[1]) if row else (None, None)

    async def highest_floor(self, channel_id: int) -> int:
        """Return the latest transcript start in a channel, as a place in the log; 0 without any."""
        return int(await self._session.scalar(_FLOOR, {"channel": channel_id}) or 0)

    async def take_seat(self, channel_id: int, character: str) -> None:
        """Create a character's seat in a channel unless it exists."""
        seat = {"channel_id": channel_id, "character": character}
        await self._session.execute(_take_seat(self._insert), seat)

    async def begin_transcript(self, channel_id: int, character: str, floor: int) -> None:
        """Move the start of a character's transcript to place `floor` of the log; it never moves back."""
        await self._session.execute(_BEGIN_AT, {"channel": channel_id, "who": character, "begins_at": floor})

    async def show_at_head(
        self, channel_id: int, character: str, at: datetime, people: Sequence[int]
    ) -> None:
        """Store the moment and the people of the memories at the start of a character's prompt."""
        head = {"channel": channel_id, "who": character, "shown_at": at, "shown": list(people)}
        await self._session.execute(_HEAD, head)

    async def keep_lore(self, channel_id: int, character: str, state: Mapping[str, Any] | None) -> None:
        """Store the state of a character's lorebooks between turns."""
        await self._session.execute(_LORE, {"channel": channel_id, "who": character, "kept": state})

    async def forget_lore(self, channel_id: int) -> None:
        """Reset the lorebooks' state in a channel."""
        await self._session.execute(update(Seat).where(Seat.channel_id == channel_id).values(lore=None))

    async def consolidated(self, channel_id: int, character: str, through: int) -> bool:
        """Store how far a character extracted facts; return False if it was already that far."""
        moved = {"channel": channel_id, "who": character, "through": through}
        return bool((await self._session.execute(_CONSOLIDATED, moved)).rowcount)  # type: ignore[attr-defined]

    # Message counts by hour (F106).

    async def count_messages(self, channel_id: int, hour: int, messages: int = 1) -> None:
        """Add to the message count of an hour; hours count from 1970."""
        row = {"channel_id": channel_id, "hour": hour, "messages": messages}
        await self._session.execute(_count_messages(self._insert), row)

    async def messages_by_hour(self, channel_id: int, *, since: int) -> dict[int, int]:
        """Return a channel's message counts by hour since an hour."""
        query = select(Rhythm.hour, Rhythm.messages).where(
            Rhythm.channel_id == channel_id, Rhythm.hour >= since
        )
        return {row.hour: row.messages for row in await self._session.execute(query)}

    async def prune_hours(self, before: int) -> None:
        await self._session.execute(delete(Rhythm).where(Rhythm.hour < before))

    # Rules that a server's admins set.

    async def rules(self, guild_id: int | None) -> list[HouseRuleRow]:
        """Return the rules of a server and the global rules (0); None is for channels without a server."""

        async def read() -> list[HouseRuleRow]:
            asked = {"guild_ids": [0] if guild_id is None else [0, guild_id]}
            return [HouseRuleRow(*row) for row in (await self._session.execute(_RULES, asked)).all()]

        return list(await self._kept(("house_rules",), guild_id, read))

    async def lay_down_rule(self, guild_id: int, kind: str, target_id: int, value: float = 0.0) -> None:
        """Create or change a rule."""
        rule = {"guild_id": guild_id, "kind": kind, "target_id": target_id, "value": value}
        await self._session.execute(_lay_down_rule(self._insert), rule)

    async def lift_rule(self, guild_id: int, kind: str, target_id: int) -> bool:
        """Delete a rule; return whether it existed."""
        result = await self._session.execute(
            delete(HouseRule).where(
                HouseRule.guild_id == guild_id, HouseRule.kind == kind, HouseRule.target_id == target_id
            )
        )
        return bool(result.rowcount)  # type: ignore[attr-defined]


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
            "public": row.excluded.public,
            "public_from": case(
                (not_(row.excluded.public), null()),
                (and_(Channel.public, Channel.public_from.is_not(None)), Channel.public_from),
                (newer, row.excluded.watermark),
                else_=Channel.watermark + 1,
            ),
            "watermark": case((newer, row.excluded.watermark), else_=Channel.watermark),
        },
    )


@cache
def _take_seat(insert: Inserting) -> Any:
    return insert(_seats).on_conflict_do_nothing()


@cache
def _count_messages(insert: Inserting) -> Any:
    row = insert(_rhythms).values(
        channel_id=bindparam("channel_id"), hour=bindparam("hour"), messages=bindparam("messages")
    )
    return row.on_conflict_do_update(
        index_elements=["channel_id", "hour"], set_={"messages": Rhythm.messages + row.excluded.messages}
    )


@cache
def _lay_down_rule(insert: Inserting) -> Any:
    row = insert(table_of(HouseRule))
    return row.on_conflict_do_update(
        index_elements=["guild_id", "kind", "target_id"], set_={"value": row.excluded.value}
    )
