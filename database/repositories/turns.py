"""Claims, turns and the parts that wait to be said: what makes each reply happen exactly once."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update

from database.models import Claim, Part, Turn
from database.repositories.base import Repository


class Turns(Repository):
    """The claims, turns and parts tables."""

    async def claim(self, message_id: int, channel_id: int, *, at: datetime) -> bool:
        """Take a message on; False when it was taken on before (faults A2)."""
        row = self._insert(Claim).values(
            message_id=message_id, channel_id=channel_id, claimed_at=at, open=True
        )
        result = await self._session.execute(row.on_conflict_do_nothing())
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def is_open(self, message_id: int) -> bool:
        """Say whether a message was claimed and nothing was decided or pledged for it yet."""
        query = select(Claim.open).where(Claim.message_id == message_id)
        return bool(await self._session.scalar(query))

    async def open_claims(self, since: datetime) -> list[Claim]:
        """Return what was claimed since a moment and then left behind by a crash, oldest first."""
        query = (
            select(Claim).where(Claim.open.is_(True), Claim.claimed_at >= since).order_by(Claim.message_id)
        )
        return list(await self._session.scalars(query))

    async def close(self, message_ids: Collection[int], *, reason: str, turn_id: int | None = None) -> None:
        """Keep what was decided for messages: nothing more is to be done about them."""
        await self._session.execute(
            update(Claim)
            .where(Claim.message_id.in_(message_ids))
            .values(open=False, reason=reason, turn_id=turn_id)
        )

    async def close_open(self, message_ids: Collection[int], *, reason: str) -> None:
        """Keep why those messages that nothing was decided for are let go."""
        await self._session.execute(
            update(Claim)
            .where(Claim.message_id.in_(message_ids), Claim.open.is_(True))
            .values(open=False, reason=reason)
        )

    async def pledge(self, turn: Turn, parts: Sequence[tuple[int, str, str]]) -> int:
        """Write down a reply before it is said. `parts` are (number, text, nonce); returns the turn's id."""
        self._session.add(turn)
        await self._session.flush()
        for number, text, nonce in parts:
            self._session.add(Part(turn_id=turn.id, number=number, text=text, nonce=nonce))
        await self._session.flush()
        return turn.id

    async def get(self, turn_id: int) -> Turn | None:
        return await self._session.get(Turn, turn_id)

    async def pledged(self) -> list[tuple[int, int]]:
        """Return (turn id, channel id) of the replies that were begun and not finished, oldest first."""
        query = select(Turn.id, Turn.channel_id).where(Turn.state == "pledged").order_by(Turn.id)
        return [(row.id, row.channel_id) for row in await self._session.execute(query)]

    async def parts(self, turn_id: int) -> list[Part]:
        query = select(Part).where(Part.turn_id == turn_id).order_by(Part.number)
        return list(await self._session.scalars(query))

    async def said(self, turn_id: int, number: int, *, message_id: int, at: datetime) -> None:
        """Keep that a part was posted, and as which message."""
        await self._session.execute(
            update(Part)
            .where(Part.turn_id == turn_id, Part.number == number)
            .values(message_id=message_id, said_at=at)
        )

    async def settle(self, turn_id: int, *, state: str, at: datetime) -> bool:
        """End a turn as 'said' or 'dropped' and blank its parts; False when it had ended before."""
        result = await self._session.execute(
            update(Turn).where(Turn.id == turn_id, Turn.state == "pledged").values(state=state, settled_at=at)
        )
        await self._session.execute(update(Part).where(Part.turn_id == turn_id).values(text=""))
        return bool(result.rowcount)  # type: ignore[attr-defined]

    async def prune(self, before: datetime) -> None:
        """Delete claims and ended turns from before a moment; what is still pledged stays."""
        await self._session.execute(delete(Claim).where(Claim.claimed_at < before))
        await self._session.execute(delete(Turn).where(Turn.state != "pledged", Turn.pledged_at < before))
