"""Messages that show a reply while it is still being written: what a crash leaves behind of them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from database.models import Draft
from database.repositories import Repository, table_of, values_of


class DraftRepository(Repository):
    """The drafts table."""

    async def open(self, draft: Draft) -> None:
        """Write down that a message is about to be posted."""
        await self._session.execute(insert(table_of(Draft)), values_of(draft))

    async def posted(self, draft: Draft, message_id: int) -> None:
        """Keep which message a draft became."""
        where = (Draft.mark == draft.mark, Draft.character == draft.character, Draft.number == draft.number)
        await self._session.execute(update(Draft).where(*where).values(message_id=message_id))

    async def of_channel(self, channel_id: int) -> list[Draft]:
        """Return the drafts in a channel: each reply's in their order."""
        query = select(Draft).where(Draft.channel_id == channel_id)
        return list(await self._session.scalars(query.order_by(Draft.mark, Draft.character, Draft.number)))

    async def channels(self) -> list[int]:
        """Return the channels in which there are drafts."""
        return list(await self._session.scalars(select(Draft.channel_id).distinct()))

    async def close(self, channel_id: int, character: str, nonces: Collection[str]) -> None:
        """Forget drafts of a character: they became parts of a reply, or their messages are gone."""
        theirs = (Draft.channel_id == channel_id, Draft.character == character, Draft.nonce.in_(nonces))
        await self._session.execute(delete(Draft).where(*theirs))

    async def prune(self, before: datetime) -> None:
        """Forget what was opened before a moment: nobody could take it down."""
        await self._session.execute(delete(Draft).where(Draft.opened_at < before))
