"""Daily budgets for models: per person, per server, and in total (C86, faults C8)."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from enum import IntEnum

from bot.core.clock import Clock
from bot.llm.errors import OverBudget
from bot.settings.allowance import NOTHING, SPARING, Allowance, Amount
from database import Database
from database.models import DaySpending

log = logging.getLogger(__name__)

ALL = "all"
KEPT = timedelta(days=2)
"""The time for which past days are stored: a clock that is set back returns to them."""
SHORT = "Of what may be spent today ({whose}: {limit}) {percent} % is spent: {left}."
SAVING = "no votes, no remarks unasked, and the cheap model until midnight ({zone})"
SILENT = "nothing more is asked until midnight ({zone})"
SHORT_WHY, SPENT_WHY = "four fifths of a budget are spent", "a budget is spent"
WHOSE_ALL, WHOSE_SERVER = "budget_per_day", "budget_per_server, server {name}"


class Level(IntEnum):
    """The state of a budget: short from 80 % on, and spent at 100 %."""

    FREE = 0
    SPARING = 1
    SPENT = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a day, None for unlimited; the `exempt` people are never refused.

    `line` is told to people, once a day.
    """

    person: Allowance | None = None
    server: Allowance | None = None
    all: Allowance | None = None
    exempt: frozenset[int] = frozenset()
    line: str = ""


@dataclass(frozen=True, slots=True)
class Purse:
    """The budget of a message: the decisive level, its reason, and whether people were told already."""

    level: Level = Level.FREE
    why: str = ""
    told: bool = False


FULL = Purse()


@dataclass(slots=True)
class DayAccount:
    """The spending of one day, and the amounts held for pending calls."""

    day: str
    payer: str
    spent: Amount = NOTHING
    held: Amount = NOTHING
    level: Level = Level.FREE
    told: bool = False
    refused: bool = False
    """Whether too little was left for a reply: not stored, since another limit may apply after a restart."""

    @property
    def gone(self) -> Amount:
        return self.spent + self.held

    def row(self) -> dict[str, object]:
        """Return the account as a row of day_spending."""
        return {
            "day": self.day,
            "payer": self.payer,
            "nanodollars": self.spent.nanodollars,
            "tokens": self.spent.tokens,
            "held_nanodollars": self.held.nanodollars,
            "held_tokens": self.held.tokens,
            "level": int(self.level),
            "told": self.told,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """The amount held for one call."""

    amount: Amount
    accounts: tuple[DayAccount, ...]


@dataclass(frozen=True, slots=True)
class Payer:
    """An account that pays for a call, with its limit."""

    mark: str
    limit: Allowance | None
    whose: str = ""


@dataclass(slots=True)
class _Server:
    guild_id: int | None
    name: str = ""


class Budgets:
    """The day's accounts: current in memory, and stored in the database before each call.

    One process holds the data folder, so the copy in memory is authoritative. A held amount is stored before
    its call, the real cost with the next one, or within a minute: after a crash the held amount counts as
    spent.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        limits: Limits = Limits(),
        *,
        zone: tzinfo,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.limits = limits
        self.limited = any((limits.person, limits.server, limits.all))
        self._database = database
        self._clock = clock
        self._zone = zone
        self._tell = tell
        self._accounts: dict[tuple[str, str], DayAccount] = {}
        self._days: set[str] = set()
        self._changed: dict[tuple[str, str], DayAccount] = {}
        self._servers: dict[int, _Server] = {}
        self._opening = asyncio.Lock()
        self._keeping = asyncio.Lock()

    # Queries.

    def purse(self, user_id: int | None, guild_id: int | None) -> Purse:
        """Return the budget for a person's messages in a server; for operators it is never spent."""
        if not self.limited or user_id in self.limits.exempt:
            return FULL
        found = [(self._level(payer), payer) for payer in self._payers(user_id, guild_id)]
        level, payer = max(found, key=lambda pair: pair[0], default=(Level.FREE, None))
        if payer is None or level is Level.FREE:
            return FULL
        told = self._account(self._announced_to(payer, user_id, guild_id)).told
        # All readers of a channel may ask for the reason: it doesn't disclose who spent how much.
        return Purse(level, SPENT_WHY if level is Level.SPENT else SHORT_WHY, told)

    async def level_of(self, amount: Amount, *, user_id: int | None, channel_id: int | None) -> Level:
        """Return the level for a call in a channel with a certain cost.

        A call that doesn't fit counts as short, too: a cheaper one may fit.
        """
        await self._open_day()
        guild_id = await self._guild_of(channel_id)
        level = self.purse(user_id, guild_id).level
        if level is not Level.FREE or user_id in self.limits.exempt:
            return level
        fits = all(self._fits(payer, amount) for payer in self._payers(user_id, guild_id))
        return Level.FREE if fits else Level.SPARING

    def spent(self, guild_id: int | None) -> Iterator[tuple[str, Allowance, Amount]]:
        """Yield each limit of a server, or of the total, by its setting, with the amount spent."""
        for payer in self._payers(None, guild_id):
            if payer.limit:
                name = "budget_per_day" if payer.mark == ALL else "budget_per_server"
                yield name, payer.limit, self._account(payer.mark).spent

    # Spending.

    async def hold(
        self, amount: Amount, *, user_id: int | None, channel_id: int | None, lasting: bool = False
    ) -> Held:
        """Hold the maximum cost of a call, and store that.

        Raises OverBudget if too little is left, DatabaseError if the amount can't be stored. With `lasting` a
        budget that is too small for this call is spent for the rest of the day.
        """
        await self._open_day()
        guild_id = await self._guild_of(channel_id)
        payers = self._payers(user_id, guild_id)
        if user_id not in self.limits.exempt:
            for payer in payers:
                self._check(payer, amount, lasting=lasting)
        held = Held(amount, tuple(self._account(payer.mark) for payer in payers))
        for account in held.accounts:
            account.held += amount
            self._change(account)
        with ExitStack() as undoing:
            undoing.callback(self.settle, held, NOTHING)
            await self.keep()
            undoing.pop_all()
        return held

    def settle(self, held: Held, spent: Amount) -> None:
        """Replace a held amount by the real cost of the call."""
        for account in held.accounts:
            account.held -= held.amount
            account.spent += spent
            self._change(account)
        for payer in self._payers_of(held):
            self._noticed(payer, self._level(payer))

    def tell_once(self, user_id: int, guild_id: int | None) -> bool:
        """Return whether to announce the spent budget now, and record the announcement: once a day.

        A spent budget of a server or in total is announced once in each server; otherwise to each person.
        """
        purse = self.purse(user_id, guild_id)
        if purse.told:
            return False
        found = [payer for payer in self._payers(user_id, guild_id) if self._level(payer) is not Level.FREE]
        payer = max(found, key=self._level, default=Payer(_person(user_id), None))
        account = self._account(self._announced_to(payer, user_id, guild_id))
        first, account.told = not account.told, True
        self._change(account)
        return first

    async def keep(self) -> None:
        """Store changes, and return when they are stored, by whichever task."""
        async with self._keeping:
            if not self._changed:
                return
            changed, self._changed = self._changed, {}
            with ExitStack() as undoing:
                undoing.callback(self._mark_unsaved, changed)
                async with self._database.begin() as db:
                    await db.spendings.keep([account.row() for account in changed.values()])
                undoing.pop_all()

    def _mark_unsaved(self, changed: Mapping[tuple[str, str], DayAccount]) -> None:
        self._changed = {**changed, **self._changed}

    async def open(self) -> None:
        """Restore the day's accounts; held amounts of unfinished calls count as spent."""
        if self.limited:
            await self._open_day()
            await self.keep()

    # Accounts.

    def _check(self, payer: Payer, amount: Amount, *, lasting: bool) -> None:
        """Raise OverBudget if too little is left; amounts held by other calls may be released soon."""
        if payer.limit is None or self._fits(payer, amount):
            return
        account = self._account(payer.mark)
        if not lasting or payer.limit.holds(account.spent + amount):
            raise OverBudget(f"what is left of {payer.whose} is held for other calls, or too little for this")
        account.refused = True
        self._noticed(payer, Level.SPENT)
        raise OverBudget(f"too little is left of {payer.whose}", line=self.limits.line)

    def _fits(self, payer: Payer, amount: Amount) -> bool:
        return payer.limit is None or payer.limit.holds(self._account(payer.mark).gone + amount)

    def _payers(self, user_id: int | None, guild_id: int | None) -> list[Payer]:
        limits, payers = self.limits, [Payer(ALL, self.limits.all, WHOSE_ALL)]
        if guild_id is not None:
            payers.append(Payer(f"server {guild_id}", limits.server, "budget_per_server"))
        if user_id:
            payers.append(Payer(_person(user_id), limits.person, "budget_per_person"))
        return payers

    def _payers_of(self, held: Held) -> Iterator[Payer]:
        """Yield the accounts that operators are told about: the total, and servers."""
        for account in held.accounts:
            if account.payer == ALL:
                yield Payer(ALL, self.limits.all, WHOSE_ALL)
            elif account.payer.startswith("server "):
                yield Payer(account.payer, self.limits.server, "budget_per_server")

    def _announced_to(self, payer: Payer, user_id: int | None, guild_id: int | None) -> str:
        """Return the account that records the announcement: the server's, unless it concerns one person."""
        if guild_id is not None and payer.mark != _person(user_id):
            return f"server {guild_id}"
        return _person(user_id)

    def _level(self, payer: Payer) -> Level:
        if payer.limit is None:
            return Level.FREE
        account = self._account(payer.mark)
        share = payer.limit.share(account.spent)
        if share >= 1 or account.refused:
            return Level.SPENT
        return Level.SPARING if share >= SPARING else Level.FREE

    def _percent(self, payer: Payer) -> int:
        assert payer.limit is not None
        return int(payer.limit.share(self._account(payer.mark).spent) * 100)

    def _account(self, mark: str) -> DayAccount:
        key = (self._today(), mark)
        if key not in self._accounts:
            self._accounts[key] = DayAccount(*key)
        return self._accounts[key]

    def _change(self, account: DayAccount) -> None:
        self._changed[account.day, account.payer] = account

    def _noticed(self, payer: Payer, level: Level) -> None:
        """Store the level of a budget; operators are told of each level once a day."""
        account = self._account(payer.mark)
        if payer.limit is None or level <= account.level:
            return
        account.level = level
        self._change(account)
        if payer.mark.startswith("person"):
            return
        whose = payer.whose if payer.mark == ALL else self._named(payer.mark)
        left = (SAVING if level is Level.SPARING else SILENT).format(zone=self._zone)
        self._tell(SHORT.format(whose=whose, limit=payer.limit, percent=self._percent(payer), left=left))

    def _named(self, mark: str) -> str:
        guild_id = int(mark.removeprefix("server "))
        name = next((server.name for server in self._servers.values() if server.guild_id == guild_id), "")
        return WHOSE_SERVER.format(name=name or guild_id)

    # Days and places.

    def _today(self) -> str:
        return self._clock.now().astimezone(self._zone).date().isoformat()

    async def _open_day(self) -> None:
        """Load today's accounts once; delete expired days."""
        day = self._today()
        async with self._opening:
            if day in self._days:
                return
            async with self._database.begin() as db:
                oldest = (self._clock.now() - KEPT).astimezone(self._zone).date().isoformat()
                await db.spendings.prune(oldest)
                rows = await db.spendings.of(day)
            for row in rows:
                self._take_up(row)
            self._days = {day, *(day for day in self._days if day >= oldest)}
            for key in [key for key in self._accounts if key[0] < oldest]:
                del self._accounts[key]

    def _take_up(self, row: DaySpending) -> None:
        held = Amount(row.held_nanodollars, row.held_tokens)
        account = self._accounts.setdefault((row.day, row.payer), DayAccount(row.day, row.payer))
        account.spent += Amount(row.nanodollars, row.tokens) + held
        account.level, account.told = max(account.level, Level(row.level)), account.told or row.told
        if held != NOTHING:
            self._change(account)

    async def _guild_of(self, channel_id: int | None) -> int | None:
        if channel_id is None:
            return None
        if channel_id not in self._servers:
            async with self._database.read() as db:
                channel = await db.channels.get(channel_id)
            if channel is None:
                return None
            self._servers[channel_id] = _Server(channel.guild_id, channel.guild_name)
        return self._servers[channel_id].guild_id


def _person(user_id: int | None) -> str:
    """Return a person's pseudonym: it stays after the person is forgotten."""
    return f"person {hashlib.blake2s(str(user_id).encode(), digest_size=16).hexdigest()}"
