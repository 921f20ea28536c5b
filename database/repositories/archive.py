"""The archive of lines by people who consent (F075), and its consolidated windows."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, insert, or_, select, update

from database.models import Archived, CastMember, Channel, Claim, MessageRow, Seat, Turn, Window
from database.repositories import Repository, table_of, values_of
from database.repositories.casts import heard_by
from database.repositories.channels import ChannelRepository
from database.repositories.musings import MusingRepository
from database.repositories.prompts import PromptRepository
from database.repositories.vectors import EmbeddingRepository


class ArchivedLine(NamedTuple):
    """A line of the archive: see Archived. Thousands are read at once, too many for entities."""

    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    mine: bool
    drew_on: list[int] | None


class Fresh(NamedTuple):
    """A line of the log from which no facts were extracted yet: see MessageRow. `mine` marks replies."""

    position: int
    id: int
    author_id: int
    author_name: str
    text: str
    sent_at: datetime
    reply_to: int | None
    mine: bool
    from_bot: bool
    turn_id: int | None
    cast_id: int | None
    drew_on: list[int] | None
    attachments: list[dict[str, Any]] | None


_LAST_VERSION = "last change of the archive"
_OF_CHANNELS = (
    select(*(table_of(Archived).c[name] for name in ArchivedLine._fields))
    .where(
        table_of(Archived).c.channel_id.in_(bindparam("channel_ids", expanding=True)),
        or_(
            table_of(Archived).c.cast_id.in_(
                select(CastMember.cast_id).where(CastMember.character == bindparam("character"))
            ),
            and_(
                table_of(Archived).c.cast_id.is_(None),
                # "" if the listeners were not recorded
                table_of(Archived).c.character.in_((bindparam("character"), "")),
            ),
        ),
    )
    .order_by(table_of(Archived).c.id.desc())
    .limit(bindparam("limit"))
    .execution_options(long=True)
)


_VERSIONS = (
    select(table_of(Channel).c.id, table_of(Channel).c.archive_version)
    .where(table_of(Channel).c.id.in_(bindparam("channel_ids", expanding=True)))
    .order_by(table_of(Channel).c.id)
)


def _drawn_by(character: str) -> ColumnElement[int]:
    """Return the position up to which a character extracted facts from a message's channel."""
    seat = select(Seat.consolidated).where(
        Seat.channel_id == MessageRow.channel_id, Seat.character == character
    )
    return func.coalesce(seat.correlate(MessageRow).scalar_subquery(), 0)


class ArchiveRepository(Repository):
    """The archive and windows tables."""

    async def add(self, lines: Collection[Archived]) -> None:
        """Add lines, skipping existing ones."""
        if lines:
            row = self._insert(table_of(Archived)).on_conflict_do_nothing()
            await self._session.execute(row, [values_of(line) for line in lines])
            await self._changed({line.channel_id for line in lines})

    async def of_channels(
        self, channel_ids: Collection[int], character: str, *, limit: int
    ) -> list[ArchivedLine]:
        """Return the newest lines that a character heard in some channels, in order (C61)."""
        asked = {"channel_ids": list(channel_ids), "character": character, "limit": limit}
        found = await self._session.execute(_OF_CHANNELS, asked)
        return [ArchivedLine(*row) for row in reversed(found.all())]

    async def of_person(self, person_id: int) -> list[Archived]:
        """Return a person's lines and the replies to them, oldest first."""
        query = select(Archived).where(Archived.person_id == person_id).order_by(Archived.id)
        return list(await self._session.scalars(query))

    async def these(self, message_ids: Collection[int]) -> list[Archived]:
        """Return the lines with these ids."""
        return list(await self._session.scalars(select(Archived).where(Archived.id.in_(message_ids))))

    async def versions(self, channel_ids: Collection[int]) -> tuple[tuple[int, int], ...]:
        """Return the versions of some channels' archives, which differ after each change."""
        found = await self._session.execute(_VERSIONS, {"channel_ids": list(channel_ids)})
        return tuple((row[0], row[1]) for row in found)

    async def edited(self, message_id: int, text: str) -> bool:
        """Replace a line's text; return whether it was archived with other text."""
        changed = update(Archived).where(Archived.id == message_id, Archived.text != text).values(text=text)
        lost = list(await self._session.execute(changed.returning(Archived.channel_id, Archived.person_id)))
        places = {channel_id for channel_id, _ in lost}
        await PromptRepository(self._session).forget(people={person_id for _, person_id in lost})
        await EmbeddingRepository(self._session).drop("line", places, [message_id])
        if places:
            await MusingRepository(self._session).lose([message_id])
        await self._changed(places)
        return bool(places)

    async def recast(self, message_ids: Collection[int], cast_id: int) -> None:
        """Assign another cast of listeners to lines."""
        moved = update(Archived).where(Archived.id.in_(message_ids)).values(cast_id=cast_id)
        await self._changed(set(await self._session.scalars(moved.returning(Archived.channel_id))))

    async def forget(self, message_ids: Collection[int]) -> int:
        """Delete lines and the musings based on them; return the number of lines."""
        gone = delete(Archived).where(Archived.id.in_(message_ids))
        lost = list(await self._session.execute(gone.returning(Archived.channel_id, Archived.person_id)))
        places = [channel_id for channel_id, _ in lost]
        people = {person_id for _, person_id in lost}
        await PromptRepository(self._session).forget(channel_ids=set(places), people=people)
        await EmbeddingRepository(self._session).drop("line", set(places), message_ids)
        await MusingRepository(self._session).lose(message_ids)
        await self._changed(set(places))
        return len(places)

    async def ids_of(self, person_id: int, *, channel_ids: Collection[int] | None = None) -> list[int]:
        """Return the ids of a person's lines and the replies to them, in some channels or anywhere."""
        query = select(Archived.id).where(Archived.person_id == person_id)
        if channel_ids is not None:
            query = query.where(Archived.channel_id.in_(channel_ids))
        return list(await self._session.scalars(query))

    async def said_by(self, author_id: int, channel_id: int) -> list[int]:
        """Return the ids of a person's lines in a channel, without the replies to them."""
        query = select(Archived.id).where(Archived.author_id == author_id, Archived.channel_id == channel_id)
        return list(await self._session.scalars(query))

    async def ids_in(self, channel_id: int) -> list[int]:
        return list(await self._session.scalars(select(Archived.id).where(Archived.channel_id == channel_id)))

    async def channels_of(self, person_id: int) -> list[int]:
        """Return the channels of a person's archived lines and of replies to them."""
        query = select(Archived.channel_id).where(Archived.person_id == person_id).distinct()
        return list(await self._session.scalars(query))

    async def count(self, person_id: int) -> int:
        query = select(func.count()).select_from(Archived).where(Archived.person_id == person_id)
        return int(await self._session.scalar(query) or 0)

    # Windows.

    async def due(self, character: str) -> list[int]:
        """Return channels with lines from which a character has yet to extract facts, except others'."""
        mine = select(Turn.channel_id).where(Turn.character == character)
        others = select(Turn.channel_id).where(Turn.character != character)
        query = (
            select(MessageRow.channel_id)
            .where(
                MessageRow.position > _drawn_by(character),
                heard_by(character),
                or_(MessageRow.channel_id.in_(mine), MessageRow.channel_id.not_in(others)),
            )
            .distinct()
            .order_by(MessageRow.channel_id)
        )
        return list(await self._session.scalars(query))

    async def fresh(self, channel_id: int, character: str, *, limit: int) -> list[Fresh]:
        """Return the oldest lines that a character heard in a channel and has extracted no facts from yet.

        Lines from the first reply on that is currently being sent or changed are left for later.
        """
        query = (
            select(
                MessageRow.position,
                MessageRow.id,
                MessageRow.author_id,
                MessageRow.author_name,
                MessageRow.text,
                MessageRow.sent_at,
                MessageRow.reply_to,
                and_(
                    MessageRow.heard_through.is_not(None),
                    func.coalesce(MessageRow.character, character) == character,
                ),
                MessageRow.from_bot,
                MessageRow.turn_id,
                MessageRow.cast_id,
                MessageRow.drew_on,
                MessageRow.attachments,
                Turn.state,
            )
            .outerjoin(Turn, Turn.id == MessageRow.turn_id)
            .where(
                MessageRow.channel_id == channel_id,
                MessageRow.position > _drawn_by(character),
                heard_by(character),
            )
            .order_by(MessageRow.position)
            .limit(limit)
        )
        lines = []
        for *line, state in await self._session.execute(query):
            if state == "pledged":
                break
            lines.append(Fresh(*line))
        return lines

    async def answered(self, turn_ids: Collection[int]) -> dict[int, set[int]]:
        """Return, by turn, the people answered with it."""
        people: dict[int, set[int]] = {turn_id: set() for turn_id in turn_ids}
        claims = select(Claim.turn_id, Claim.author_id).where(Claim.turn_id.in_(turn_ids))
        turns = select(Turn.id, Turn.addressee_id).where(Turn.id.in_(turn_ids))
        for turn_id, person_id in await self._session.execute(claims.union(turns)):
            if turn_id is not None:
                people[turn_id].add(person_id)
        return people

    async def close_window(self, window: Window) -> bool:
        """Record that an excerpt was consolidated; return False if it, or more, already was."""
        channels = ChannelRepository(self._session)
        await channels.take_seat(window.channel_id, window.character)
        if not await channels.consolidated(window.channel_id, window.character, window.through):
            return False
        await self._session.execute(insert(table_of(Window)), values_of(window))
        return True

    async def windows(self, channel_id: int) -> list[Window]:
        """Return a channel's windows, oldest first."""
        mine = Window.channel_id == channel_id
        query = select(Window).where(mine).order_by(Window.through, Window.character)
        return list(await self._session.scalars(query))

    async def prune_windows(self, before: datetime) -> None:
        await self._session.execute(delete(Window).where(Window.at < before))

    async def _changed(self, channel_ids: Collection[int]) -> None:
        if channel_ids:
            # Versions never repeat: a channel that is forgotten and returns must not match an old cache
            # entry.
            version = await self._next(_LAST_VERSION)
            await self._session.execute(
                update(Channel).where(Channel.id.in_(channel_ids)).values(archive_version=version)
            )
