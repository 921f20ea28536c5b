"""What admins laid down about entries of lorebooks."""

from sqlalchemy import delete, func, select

from database.models import LoreLine
from database.repositories.base import Repository, upsert, values_of


class Lore(Repository):
    """The lore_lines table."""

    async def of(self, character: str) -> list[LoreLine]:
        """Return everything laid down about a character's lorebooks, by book and uid."""
        query = select(LoreLine).where(LoreLine.character == character)
        return list(await self._session.scalars(query.order_by(LoreLine.book, LoreLine.uid)))

    async def get(self, character: str, book: str, uid: str) -> LoreLine | None:
        return await self._session.get(LoreLine, (character, book, uid))

    async def keep(self, line: LoreLine) -> None:
        """Keep what is laid down about an entry, in place of what was before."""
        await self._session.execute(upsert(self._insert, LoreLine), values_of(line))

    async def lift(self, character: str, book: str, uid: str) -> None:
        """Let an entry be again as the files have it; one that they have not goes."""
        gone = delete(LoreLine).where(
            LoreLine.character == character, LoreLine.book == book, LoreLine.uid == uid
        )
        await self._session.execute(gone)

    async def count(self, character: str) -> int:
        query = select(func.count()).select_from(LoreLine).where(LoreLine.character == character)
        return int(await self._session.scalar(query) or 0)
