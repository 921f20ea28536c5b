"""Users, their names and personas, and their voice settings."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, delete, func, or_, select, update

from database.models import Guise, Nickname, User, VoiceChoice
from database.repositories import Inserting, Repository, table_of

_NAMES = (
    select(Nickname.user_id, Nickname.name, User.is_bot)
    .join(User, User.id == Nickname.user_id)
    .where(
        Nickname.user_id.in_(bindparam("user_ids", expanding=True)),
        Nickname.guild_id.in_(bindparam("guild_ids", expanding=True)),
    )
    .order_by(Nickname.last_seen.desc())
    .limit(300)  # webhooks may have any number of names
)
_GUISES_IN = select(Guise.user_id, Guise.name).where(
    Guise.user_id.in_(bindparam("user_ids", expanding=True)), Guise.channel_id == bindparam("channel")
)
_NOTED = (
    select(User.last_seen.label("seen_at"), Nickname.guild_id, Nickname.name)
    .join(Nickname, Nickname.user_id == User.id)
    .where(User.id == bindparam("user_id"))
    .order_by(Nickname.last_seen)
)
_OF_PEOPLE = ("users", "nicknames")
NOTED_AGAIN_AFTER = timedelta(minutes=5)
"""Maximum age of the stored time at which a user was last seen."""
_IS_PREMIUM = select(User.premium).where(User.id == bindparam("user_id"))


class _Noted(NamedTuple):
    """When a user was last noted, and the newest name in each guild."""

    at: datetime
    names: Mapping[int, str]


class KnownAs(NamedTuple):
    """A user with present and former names in a place, newest first."""

    user_id: int
    names: tuple[str, ...]
    is_bot: bool


class UserRepository(Repository):
    """The users, nicknames, guises and voice_choices tables."""

    async def note(self, user_id: int, names: Mapping[int, str], *, is_bot: bool, at: datetime) -> None:
        """Record that a user was here under `names` (guild id -> name; 0 is the account's own).

        A repetition within the last minutes is skipped.
        """
        last = await self._kept(_OF_PEOPLE, ("noted", user_id), partial(self._last_noted, user_id))
        if last and timedelta(0) <= at - last.at < NOTED_AGAIN_AFTER and names.items() <= last.names.items():
            return
        user = {"id": user_id, "is_bot": is_bot, "first_seen": at, "last_seen": at, "premium": False}
        await self._session.execute(_note_user(self._insert), user)
        names_now = [
            {"user_id": user_id, "guild_id": guild, "name": name, "first_seen": at, "last_seen": at}
            for guild, name in names.items()
        ]
        if names_now:
            await self._session.execute(_note_name(self._insert), names_now)

    async def _last_noted(self, user_id: int) -> "_Noted | None":
        rows = (await self._session.execute(_NOTED, {"user_id": user_id})).all()
        return _Noted(rows[0].seen_at, {row.guild_id: row.name for row in rows}) if rows else None

    async def inherit(self, user_id: int, *, premium: bool, at: datetime) -> None:
        """Record that an older program knew a person, and whether they had premium there."""
        row = self._insert(table_of(User)).values(
            id=user_id, is_bot=False, first_seen=at, last_seen=at, premium=premium
        )
        earlier = row.excluded.first_seen < User.first_seen
        first = case((earlier, row.excluded.first_seen), else_=User.first_seen)
        kept = {"first_seen": first, "premium": or_(User.premium, row.excluded.premium)}
        await self._session.execute(row.on_conflict_do_update(index_elements=["id"], set_=kept))

    async def get(self, user_id: int) -> User | None:
        return await self._session.get(User, user_id)

    async def known_as(self, user_ids: Collection[int], *, guild_id: int | None) -> list[KnownAs]:
        """Return the names of users, in a guild and of their accounts."""

        async def read() -> list[KnownAs]:
            asked = {"user_ids": list(user_ids), "guild_ids": [0] if guild_id is None else [0, guild_id]}
            names: dict[int, list[str]] = {}
            bots: dict[int, bool] = {}
            for user_id, name, is_bot in await self._session.execute(_NAMES, asked):
                names.setdefault(user_id, []).append(name)
                bots[user_id] = is_bot
            return [KnownAs(user_id, tuple(known), bots[user_id]) for user_id, known in names.items()]

        return list(await self._kept(_OF_PEOPLE, (frozenset(user_ids), guild_id), read))

    async def is_premium(self, user_id: int) -> bool:
        """Return whether the premium model answers this user (F060)."""

        async def read() -> bool:
            return bool(await self._session.scalar(_IS_PREMIUM, {"user_id": user_id}))

        return await self._kept(_OF_PEOPLE, ("premium", user_id), read)

    async def toggle_premium(self, user_id: int) -> bool | None:
        """Toggle premium; return the new value, or None for an unknown user."""
        await self._session.execute(update(User).where(User.id == user_id).values(premium=~User.premium))
        return await self._session.scalar(_IS_PREMIUM, {"user_id": user_id})

    async def count(self) -> int:
        """Return the number of users, without bots."""
        query = select(func.count()).select_from(User).where(User.is_bot.is_(False))
        return int(await self._session.scalar(query) or 0)

    async def page(self, *, offset: int, limit: int) -> list[User]:
        """Return users without bots, most recent speaker first."""
        query = select(User).where(User.is_bot.is_(False)).order_by(User.last_seen.desc(), User.id)
        return list(await self._session.scalars(query.offset(offset).limit(limit)))

    async def nicknames(self, user_id: int) -> list[Nickname]:
        """Return all names of a user, newest first."""
        query = select(Nickname).where(Nickname.user_id == user_id).order_by(Nickname.last_seen.desc())
        return list(await self._session.scalars(query))

    # Personas (C37).

    async def guises_in(self, user_ids: Collection[int], channel_id: int) -> dict[int, str]:
        """Return the personas that people play in a channel, for those who play one."""

        async def read() -> dict[int, str]:
            asked = {"user_ids": list(user_ids), "channel": channel_id}
            return {row.user_id: row.name for row in await self._session.execute(_GUISES_IN, asked)}

        return dict(await self._kept(("guises",), (frozenset(user_ids), channel_id), read))

    async def guises_of(self, user_id: int) -> list[Guise]:
        query = select(Guise).where(Guise.user_id == user_id).order_by(Guise.channel_id)
        return list(await self._session.scalars(query))

    async def put_on_guise(self, user_id: int, channel_id: int, name: str | None, *, at: datetime) -> None:
        """Set a person's persona in a channel; None removes it."""
        if name is None:
            gone = delete(Guise).where(Guise.user_id == user_id, Guise.channel_id == channel_id)
            await self._session.execute(gone)
            return
        row = self._insert(table_of(Guise)).values(
            user_id=user_id, channel_id=channel_id, name=name, made_at=at
        )
        kept = {"name": name, "made_at": at}
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["user_id", "channel_id"], set_=kept)
        )

    # Voice replies (C94).

    async def voice_choice(self, user_id: int, channel_id: int) -> str | None:
        """Return 'on', 'off' or 'auto'; None if the user chose nothing."""

        async def read() -> str | None:
            where = (VoiceChoice.user_id == user_id, VoiceChoice.channel_id == channel_id)
            chosen: str | None = await self._session.scalar(select(VoiceChoice.choice).where(*where))
            return chosen

        return await self._kept(("voice_choices",), (user_id, channel_id), read)

    async def voice_choices_of(self, user_id: int) -> list[VoiceChoice]:
        query = select(VoiceChoice).where(VoiceChoice.user_id == user_id).order_by(VoiceChoice.channel_id)
        return list(await self._session.scalars(query))

    async def choose_voice(self, user_id: int, channel_id: int, choice: str, *, at: datetime) -> None:
        row = self._insert(table_of(VoiceChoice)).values(
            user_id=user_id, channel_id=channel_id, choice=choice, made_at=at
        )
        kept = {"choice": choice, "made_at": at}
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["user_id", "channel_id"], set_=kept)
        )


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
