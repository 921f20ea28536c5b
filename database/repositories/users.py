"""People, and every name they go or went by."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import case, select

from database.models import Nickname, User
from database.repositories.base import Inserting, Repository, table_of


class Users(Repository):
    """The users and nicknames tables."""

    async def note(self, user_id: int, names: Mapping[int, str], *, is_bot: bool, at: datetime) -> None:
        """Keep that a user was here, under `names` (guild id -> name; 0 is the account's own)."""
        user = {"id": user_id, "is_bot": is_bot, "first_seen": at, "last_seen": at, "premium": False}
        await self._session.execute(_note_user(self._insert), user)
        names_now = [
            {"user_id": user_id, "guild_id": guild, "name": name, "first_seen": at, "last_seen": at}
            for guild, name in names.items()
        ]
        await self._session.execute(_note_name(self._insert), names_now)

    async def get(self, user_id: int) -> User | None:
        return await self._session.get(User, user_id)

    async def nicknames(self, user_id: int) -> list[Nickname]:
        """Return all names of a user, the newest first."""
        query = select(Nickname).where(Nickname.user_id == user_id).order_by(Nickname.last_seen.desc())
        return list(await self._session.scalars(query))


@cache
def _note_user(insert: Inserting) -> Any:
    row = insert(table_of(User))
    later = row.excluded.last_seen > User.last_seen
    seen = case((later, row.excluded.last_seen), else_=User.last_seen)
    return row.on_conflict_do_update(index_elements=["id"], set_={"last_seen": seen})


@cache
def _note_name(insert: Inserting) -> Any:
    row = insert(table_of(Nickname))
    return row.on_conflict_do_update(
        index_elements=["user_id", "guild_id", "name"], set_={"last_seen": row.excluded.last_seen}
    )
