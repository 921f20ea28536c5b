"""People, and every name they go or went by."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import case, select

from database.models import Nickname, User
from database.repositories.base import Repository


class Users(Repository):
    """The users and nicknames tables."""

    async def note(self, user_id: int, names: Mapping[int, str], *, is_bot: bool, at: datetime) -> None:
        """Keep that a user was here, under `names` (guild id -> name; 0 is the account's own)."""
        user = self._insert(User).values(
            id=user_id, is_bot=is_bot, first_seen=at, last_seen=at, premium=False
        )
        later = user.excluded.last_seen > User.last_seen
        await self._session.execute(
            user.on_conflict_do_update(
                index_elements=["id"],
                set_={"last_seen": case((later, user.excluded.last_seen), else_=User.last_seen)},
            )
        )
        rows = [
            {"user_id": user_id, "guild_id": guild, "name": name, "first_seen": at, "last_seen": at}
            for guild, name in names.items()
        ]
        nickname = self._insert(Nickname)
        await self._session.execute(
            nickname.on_conflict_do_update(
                index_elements=["user_id", "guild_id", "name"],
                set_={"last_seen": nickname.excluded.last_seen},
            ),
            rows,
        )

    async def get(self, user_id: int) -> User | None:
        return await self._session.get(User, user_id)

    async def nicknames(self, user_id: int) -> list[Nickname]:
        """Return all names of a user, the newest first."""
        query = select(Nickname).where(Nickname.user_id == user_id).order_by(Nickname.last_seen.desc())
        return list(await self._session.scalars(query))
