"""Queue of characters to speak, and scenes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, delete, insert, or_, select, update

from database.models import Channel, CueRow, Scene, Turn
from database.repositories import Repository, table_of, values_of

T = TypeVar("T")
_OPEN = (
    select(CueRow)
    .where(CueRow.channel_id == bindparam("channel_id"), CueRow.open.is_(True))
    .order_by(CueRow.id)
    .limit(1)
)
_SCENE = (
    select(Scene)
    .where(Scene.channel_id == bindparam("channel_id"), Scene.ended_at.is_(None))
    .order_by(Scene.id.desc())
    .limit(1)
)

_GOES_ON = (
    select(CueRow.id)
    .outerjoin(Turn, Turn.id == CueRow.turn_id)
    .where(CueRow.scene_id == Scene.id, or_(CueRow.open.is_(True), Turn.state == "pledged"))
    .correlate(Scene)
)


class CueRepository(Repository):
    """The cues and scenes tables."""

    async def add(self, cues: Sequence[CueRow]) -> None:
        """Queue characters to speak, in this order."""
        if cues:
            await self._session.execute(insert(table_of(CueRow)), [values_of(cue) for cue in cues])

    async def next(self, channel_id: int) -> CueRow | None:
        """Return the next cue of a channel."""
        return await self._if_any("cues", channel_id, _OPEN)

    async def is_open(self, cue_id: int) -> bool:
        query = select(CueRow.id).where(CueRow.id == cue_id, CueRow.open.is_(True))
        return await self._session.scalar(query) is not None

    async def waiting(self, since: datetime, places: Collection[str]) -> list[int]:
        """Return the channels with open cues since a moment."""
        query = (
            select(CueRow.channel_id)
            .join(Channel, Channel.id == CueRow.channel_id)
            .where(CueRow.open.is_(True), CueRow.made_at >= since, Channel.place.in_(places))
            .distinct()
            .order_by(CueRow.channel_id)
        )
        return list(await self._session.scalars(query))

    async def close(
        self,
        cue_id: int,
        *,
        ended: str,
        turn_id: int | None = None,
        kind: str | None = None,
        trace: Mapping[str, Any] | None = None,
    ) -> bool:
        """Close a cue with its turn or the reason for silence; return False if it was closed before."""
        closed = (
            update(CueRow)
            .where(CueRow.id == cue_id, CueRow.open.is_(True))
            .values(open=False, ended=ended, turn_id=turn_id, kind=kind, trace=trace)
        )
        return bool((await self._session.execute(closed)).rowcount)  # type: ignore[attr-defined]

    async def drop(
        self,
        *,
        ended: str,
        channel_id: int | None = None,
        message_ids: Collection[int] = (),
        scene_id: int | None = None,
        before: datetime | None = None,
    ) -> None:
        """Close open cues with a reason: of a channel, of messages, of a scene, or old ones."""
        query = update(CueRow).where(CueRow.open.is_(True))
        if channel_id is not None:
            query = query.where(CueRow.channel_id == channel_id)
        if message_ids:
            query = query.where(CueRow.message_id.in_(message_ids))
        if scene_id is not None:
            query = query.where(CueRow.scene_id == scene_id)
        if before is not None:
            query = query.where(CueRow.made_at < before)
        await self._session.execute(query.values(open=False, ended=ended))

    async def of_message(self, message_id: int) -> list[CueRow]:
        """Return the cues after a message, in order."""
        return list(
            await self._session.scalars(
                select(CueRow).where(CueRow.message_id == message_id).order_by(CueRow.id)
            )
        )

    async def of_turn(self, turn_id: int) -> CueRow | None:
        """Return the cue that led to a turn; None if the turn answers a message."""
        return await self._session.scalar(select(CueRow).where(CueRow.turn_id == turn_id).limit(1))

    async def prune(self, before: datetime) -> None:
        """Delete closed cues and ended scenes from before a moment."""
        await self._session.execute(delete(CueRow).where(CueRow.open.is_(False), CueRow.made_at < before))
        await self._session.execute(
            delete(Scene).where(Scene.ended_at.is_not(None), Scene.started_at < before)
        )

    # Scenes.

    async def scene(self, channel_id: int) -> Scene | None:
        """Return the current scene of a channel."""
        return await self._if_any("scenes", channel_id, _SCENE)

    async def _if_any(self, table: str, channel_id: int, query: Select[T]) -> T | None:
        """Return a channel's row; its absence, the normal case, is cached."""

        async def read() -> bool:
            return await self._session.scalar(query, {"channel_id": channel_id}) is not None

        if not await self._kept((table,), channel_id, read):
            return None
        return await self._session.scalar(query, {"channel_id": channel_id})

    async def scene_of(self, scene_id: int) -> Scene | None:
        return await self._session.scalar(select(Scene).where(Scene.id == scene_id))

    async def begin_scene(self, scene: Scene) -> int:
        row = await self._session.execute(insert(table_of(Scene)), values_of(scene))
        return int(row.inserted_primary_key[0])  # type: ignore[attr-defined]

    async def played(self, scene_id: int) -> int:
        """Count a turn of a running scene; return the new total."""
        counted = (
            update(Scene)
            .where(Scene.id == scene_id, Scene.ended_at.is_(None))
            .values(done=Scene.done + 1)
            .returning(Scene.done)
        )
        return int(await self._session.scalar(counted) or 0)

    async def end_scene(self, scene_id: int, *, ended: str, at: datetime) -> bool:
        """End a scene and close its cues; return False if it had ended before."""
        query = (
            update(Scene)
            .where(Scene.id == scene_id, Scene.ended_at.is_(None))
            .values(ended_at=at, ended=ended)
        )
        over = bool((await self._session.execute(query)).rowcount)  # type: ignore[attr-defined]
        await self.drop(ended=ended, scene_id=scene_id)
        return over

    async def end_unsaid(self, *, ended: str, at: datetime) -> None:
        """End scenes without open cues or pending replies."""
        await self._session.execute(
            update(Scene).where(Scene.ended_at.is_(None), ~_GOES_ON.exists()).values(ended_at=at, ended=ended)
        )
