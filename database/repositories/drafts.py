"""Messages that show a reply while it is still being written, recorded for recovery after a crash."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from database.models import Draft
from database.repositories import Repository, table_of, values_of


class DraftRepository(Repository):
    """The drafts table."""

    async def open(self, draft: Draft) -> None:
        """Record a message that is about to be posted."""
        await self._session.execute(insert(table_of(Draft)), values_of(draft))

    async def posted(self, draft: Draft, message_id: int) -> None:
        """Record the message that a draft became."""
        where = (Draft.mark == draft.mark, Draft.character == draft.character, Draft.number == draft.number)
        await self._session.execute(update(Draft).where(*where).values(message_id=message_id))

    async def of_channel(self, channel_id: int) -> list[Draft]:
        """Return a channel's drafts, those of each reply in order."""
        query = select(Draft).where(Draft.channel_id == channel_id)
        return list(await self._session.scalars(query.order_by(Draft.mark, Draft.character, Draft.number)))

    async def channels(self) -> list[int]:
        """Return the channels with drafts."""
        return list(await self._session.scalars(select(Draft.channel_id).distinct()))

    async def close(self, channel_id: int, character: str, nonces: Collection[str]) -> None:
        """Delete drafts of a character that became parts of a reply or whose messages are gone."""
        condition = (Draft.channel_id == channel_id, Draft.character == character, Draft.nonce.in_(nonces))
        await self._session.execute(delete(Draft).where(*condition))

    async def prune(self, before: datetime) -> None:
        """Delete drafts opened before a moment, which nobody could remove from Discord."""
        await self._session.execute(delete(Draft).where(Draft.opened_at < before))
