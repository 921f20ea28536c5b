"""Administration, shared by log channel and slash commands (D20); each use is audited."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import HouseRules, RuleKind
from bot.core.clock import Clock
from database import Database, UnitOfWork
from database.models import User
from database.repositories.calls import Spending
from database.types import EPOCH

PAGE = 20
"""Users per page of the list (F123)."""
VERBOSE = "verbose"


@dataclass(frozen=True, slots=True)
class Member:
    """A user's record without any of their words: `lines` counts their lines in the 24-hour log."""

    user_id: int
    premium: bool
    first_seen: datetime
    last_seen: datetime
    lines: int
    spending: Spending


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of all users, most recent speakers first; pages count from 1."""

    number: int
    pages: int
    total: int
    members: tuple[Member, ...]


class Administration:
    """The single service behind all administrator commands.

    `is_verbose` caches the latest result of `verbose` and `set_verbose`, for callers that can't await;
    callbacks in `on_verbose` are told of changes.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        *,
        finish_erasing: Callable[[], Awaitable[bool]],
    ) -> None:
        self._database = database
        self._audit = audit
        self._finish_erasing = finish_erasing
        self._clock = clock
        self.is_verbose = False
        self.on_verbose: list[Callable[[bool], None]] = []

    # Server rules (F127, C15).

    async def house(self, guild_id: int | None) -> HouseRules:
        """Return the rules of a server, including the rules that apply everywhere."""
        async with self._database.read() as db:
            return HouseRules(await db.channels.rules(guild_id))

    async def set_rule(
        self, actor: Actor, kind: RuleKind, *, guild_id: int, target_id: int = 0, value: float = 0.0
    ) -> None:
        """Set a rule; it applies from the next message on.

        Denying a user also deletes their lines from the log and the summaries, or the next prompt would still
        contain them.
        """
        async with self._database.begin() as db:
            await db.channels.lay_down_rule(guild_id, kind, target_id, value)
            if kind is RuleKind.DENIED_USER:
                channels = await db.channels.of_guild(guild_id) if guild_id else None
                await db.summaries.drop(await db.summaries.drawn_from(target_id, channel_ids=channels))
                await db.messages.forget_author(target_id, guild_id=guild_id or None)
                await db.archive.forget(await db.archive.ids_of(target_id, channel_ids=channels))
            await self._audit.add(db, actor, f"set {kind}", f"{target_id}: {value:g}", guild_id=guild_id)
        if kind is RuleKind.DENIED_USER:
            await self._finish_erasing()

    async def lift_rule(self, actor: Actor, kind: RuleKind, *, guild_id: int, target_id: int = 0) -> bool:
        """Remove a rule; return whether it existed."""
        async with self._database.begin() as db:
            lifted = await db.channels.lift_rule(guild_id, kind, target_id)
            if lifted:
                await self._audit.add(db, actor, f"lift {kind}", str(target_id), guild_id=guild_id)
            return lifted

    # Members (F123, F060).

    async def toggle_premium(self, actor: Actor, user_id: int) -> bool | None:
        """Toggle a user's premium and return the new value; None for an unknown user."""
        async with self._database.begin() as db:
            premium = await db.users.toggle_premium(user_id)
            await self._audit.add(db, actor, "premium", f"{user_id}: {premium}")
            return premium

    async def member(self, user_id: int) -> Member | None:
        """Return a user's record; None for an unknown user."""
        async with self._database.read() as db:
            user = await db.users.get(user_id)
            return await self._member(db, user) if user else None

    async def members(self, page: int = 1) -> MemberPage:
        """Return a page of all users; a page number out of range is clamped."""
        async with self._database.read() as db:
            total = await db.users.count()
            pages = max(1, -(-total // PAGE))
            number = min(max(page, 1), pages)
            users = await db.users.page(offset=(number - 1) * PAGE, limit=PAGE)
            return MemberPage(number, pages, total, tuple([await self._member(db, user) for user in users]))

    async def spending(self, *, last: timedelta) -> Spending:
        """Return the total spending of the recent period `last`."""
        async with self._database.read() as db:
            return await db.calls.spending(since=self._clock.now() - last)

    # The log channel.

    async def verbose(self) -> bool:
        """Return whether votes, addressees and waits are reported to the log channel."""
        async with self._database.read() as db:
            now = await db.states.get(VERBOSE) == "on"
        return self._tell_verbose(now)

    async def set_verbose(self, actor: Actor, on: bool | None) -> bool:
        """Set verbose reporting, or toggle it with None; return the new value."""
        async with self._database.begin() as db:
            now = await db.states.get(VERBOSE) != "on" if on is None else on
            await db.states.set(VERBOSE, "on" if now else "off")
            await self._audit.add(db, actor, "verbose", "on" if now else "off")
        return self._tell_verbose(now)

    def _tell_verbose(self, now: bool) -> bool:
        self.is_verbose = now
        for listen in self.on_verbose:
            listen(now)
        return now

    async def _member(self, db: UnitOfWork, user: User) -> Member:
        return Member(
            user_id=user.id,
            premium=user.premium,
            first_seen=user.first_seen,
            last_seen=user.last_seen,
            lines=await db.messages.count(author_id=user.id),
            spending=await db.calls.spending(since=EPOCH, user_id=user.id),
        )
