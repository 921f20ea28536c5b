"""Model costs by day and purpose, for /costs (C86, C87)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from bot.core.clock import Clock
from bot.core.i18n import _, worded
from bot.llm.budget import Budgets
from bot.pictures.costs import Bars, Series
from bot.settings.allowance import Allowance, Amount
from database import Database
from database.repositories.calls import NO_CALLS, Spending

DAYS = 14
TOP = 5
_GROUPS = {
    "replies": ("reply", "warm-up"),
    "deciding and tone": ("vote", "addressees", "appraisal"),
    "memory": ("summary", "memories", "facts", "same facts"),
}
THE_REST = "the rest"
GROUPS = {
    "replies": _("replies", "what models cost, and for what"),
    "deciding and tone": _("deciding and tone", "what models cost, and for what"),
    "memory": _("memory", "what models cost, and for what"),
    "the rest": _("the rest", "what models cost, and for what"),
}


@dataclass(frozen=True, slots=True)
class DayCosts:
    """Costs of a day, by group; groups without calls are absent."""

    day: date
    groups: dict[str, Spending]

    @property
    def total(self) -> Spending:
        return sum_of(self.groups.values())


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of a server, or of everything, in recent days, oldest first; the last day is today.

    `limits` are today's budgets as (setting, limit, spent). `servers` and `people` list the most expensive
    ones by id, for the report on everything.
    """

    days: tuple[DayCosts, ...]
    limits: tuple[tuple[str, Allowance, Amount], ...]
    servers: tuple[tuple[str, Spending], ...] = ()
    people: tuple[tuple[int, Spending], ...] = ()

    @property
    def total(self) -> Spending:
        return sum_of(day.total for day in self.days)

    @property
    def groups(self) -> dict[str, Spending]:
        """The total costs by group, in display order."""
        found = {
            name: sum_of(day.groups[name] for day in self.days if name in day.groups)
            for name in (*_GROUPS, THE_REST)
        }
        return {name: spending for name, spending in found.items() if spending.calls}


class CostReports:
    """Compiles cost reports from the recorded calls."""

    def __init__(self, database: Database, budgets: Budgets, clock: Clock, *, zone: tzinfo) -> None:
        self._database = database
        self._budgets = budgets
        self._clock = clock
        self._zone = zone

    async def of(self, guild_id: int | None) -> Costs:
        """Return the costs of a server, or of everything with None; days follow the house's time zone."""
        today = self._clock.now().astimezone(self._zone).date()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        since = self._midnight(days[0])
        async with self._database.read() as db:
            found = [
                DayCosts(
                    day,
                    _grouped(
                        await db.calls.by_purpose(
                            since=self._midnight(day),
                            until=self._midnight(day + timedelta(days=1)),
                            guild_id=guild_id,
                        )
                    ),
                )
                for day in days
            ]
            everything = guild_id is None
            servers = await db.calls.by_server(since=since, limit=TOP) if everything else []
            people = await db.calls.by_person(since=since, limit=TOP) if everything else []
        limits = tuple(
            limit for limit in self._budgets.spent(guild_id) if everything or limit[0] == "budget_per_server"
        )
        return Costs(tuple(found), limits, tuple(servers), tuple(people))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def bars_of(costs: Costs, title: str) -> Bars:
    """Return the chart data, in dollars, or in tokens if nothing has a price."""
    priced = costs.total.cost > 0
    unit = "$" if priced else "tokens"
    series = tuple(
        Series(
            worded(GROUPS, name),
            tuple(_height(day.groups.get(name, NO_CALLS), priced=priced) for day in costs.days),
        )
        for name in costs.groups
    )
    limit = next(
        (allowance.limit for _, allowance, _ in costs.limits if (allowance.unit.value == "USD") is priced),
        None,
    )
    return Bars(title, unit, tuple(day.day for day in costs.days), series, limit)


def sum_of(some: Iterable[Spending]) -> Spending:
    """Return the total."""
    return sum(some, start=NO_CALLS)


def _height(spending: Spending, *, priced: bool) -> float:
    return spending.cost if priced else spending.input_tokens + spending.output_tokens


def _grouped(found: Sequence[tuple[str, Spending]]) -> dict[str, Spending]:
    groups: dict[str, Spending] = {}
    for purpose, spending in found:
        name = next((name for name, purposes in _GROUPS.items() if purpose in purposes), THE_REST)
        groups[name] = groups.get(name, NO_CALLS) + spending
    return groups
