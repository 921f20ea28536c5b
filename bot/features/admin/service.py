"""What administrators do, from the log channel and by slash command alike (D20); each use leaves a trace."""

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
"""Users on one page of the list (F123)."""
VERBOSE = "verbose"


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of a user without any of their words: `lines` are those in the 24-hour log."""

    user_id: int
    premium: bool
    first_seen: datetime
    last_seen: datetime
    lines: int
    spending: Spending


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of all users, who spoke last first; pages count from 1."""

    number: int
    pages: int
    total: int
    members: tuple[Member, ...]


class Administration:
    """The one service behind every command for administrators.

    `is_verbose` is what `verbose` and `set_verbose` returned last, for those who can't wait for an answer;
    whoever is in `on_verbose` is told of it.
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

    # What holds in a server (F127, C15).

    async def house(self, guild_id: int | None) -> HouseRules:
        """Return the rules of a server, and those for every place."""
        async with self._database.read() as db:
            return HouseRules(await db.channels.rules(guild_id))

    async def set_rule(
        self, actor: Actor, kind: RuleKind, *, guild_id: int, target_id: int = 0, value: float = 0.0
    ) -> None:
        """Make a rule or change it; it holds from the very next message on.

        What somebody said who is denied now goes from the log and the summaries: the next prompt would
        hold it.
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
        """Take a rule away; say whether there was one."""
        async with self._database.begin() as db:
            lifted = await db.channels.lift_rule(guild_id, kind, target_id)
            if lifted:
                await self._audit.add(db, actor, f"lift {kind}", str(target_id), guild_id=guild_id)
            return lifted

    # Members (F123, F060).

    async def toggle_premium(self, actor: Actor, user_id: int) -> bool | None:
        """Turn a user's premium on or off and return what it is now; None for a user never heard."""
        async with self._database.begin() as db:
            premium = await db.users.toggle_premium(user_id)
            await self._audit.add(db, actor, "premium", f"{user_id}: {premium}")
            return premium

    async def member(self, user_id: int) -> Member | None:
        """Return what is known of a user; None if they were never heard."""
        async with self._database.read() as db:
            user = await db.users.get(user_id)
            return await self._member(db, user) if user else None

    async def members(self, page: int = 1) -> MemberPage:
        """Return a page of all users; a number beyond the ends becomes the nearest."""
        async with self._database.read() as db:
            total = await db.users.count()
            pages = max(1, -(-total // PAGE))
            number = min(max(page, 1), pages)
            users = await db.users.page(offset=(number - 1) * PAGE, limit=PAGE)
            return MemberPage(number, pages, total, tuple([await self._member(db, user) for user in users]))

    async def spending(self, *, last: timedelta) -> Spending:
        """Add up what everybody's calls came to lately."""
        async with self._database.read() as db:
            return await db.calls.spending(since=self._clock.now() - last)

    # The log channel.

    async def verbose(self) -> bool:
        """Say whether votes, addressees and waits are told to the log channel."""
        async with self._database.read() as db:
            now = await db.states.get(VERBOSE) == "on"
        return self._tell_verbose(now)

    async def set_verbose(self, actor: Actor, on: bool | None) -> bool:
        """Turn that on or off, or over with None; return what it is now."""
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
