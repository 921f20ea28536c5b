"""What models cost, day by day and for what: the account behind /costs (C86, C87)."""

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
    """What a day cost, by group, for those groups that cost anything."""

    day: date
    groups: dict[str, Spending]

    @property
    def total(self) -> Spending:
        return sum_of(self.groups.values())


@dataclass(frozen=True, slots=True)
class Costs:
    """What a server, or everything, cost in the last days, the oldest first; today is the last of them.

    `limits` are those of the day by their setting, with what was spent of each. `servers` and `people` are
    those that cost most, by id, where everything is asked for.
    """

    days: tuple[DayCosts, ...]
    limits: tuple[tuple[str, Allowance, Amount], ...]
    servers: tuple[tuple[str, Spending], ...] = ()
    people: tuple[tuple[int, Spending], ...] = ()

    @property
    def total(self) -> Spending:
        return sum_of(one.total for one in self.days)

    @property
    def groups(self) -> dict[str, Spending]:
        """What all days cost by group, in the groups' order."""
        found = {
            name: sum_of(day.groups[name] for day in self.days if name in day.groups)
            for name in (*_GROUPS, THE_REST)
        }
        return {name: spending for name, spending in found.items() if spending.calls}


class CostReports:
    """Reads the books."""

    def __init__(self, database: Database, budgets: Budgets, clock: Clock, *, zone: tzinfo) -> None:
        self._database = database
        self._budgets = budgets
        self._clock = clock
        self._zone = zone

    async def of(self, guild_id: int | None) -> Costs:
        """Return what a server cost, or with None everything; days are those of the house's zone."""
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
            one for one in self._budgets.spent(guild_id) if everything or one[0] == "budget_per_server"
        )
        return Costs(tuple(found), limits, tuple(servers), tuple(people))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def bars_of(costs: Costs, title: str) -> Bars:
    """Return the chart: dollars, or tokens where nothing has a price."""
    priced = costs.total.cost > 0
    unit = "$" if priced else "tokens"
    series = tuple(
        Series(
            worded(GROUPS, name),
            tuple(_height(one.groups.get(name, NO_CALLS), priced=priced) for one in costs.days),
        )
        for name in costs.groups
    )
    limit = next((one.limit for _, one, _ in costs.limits if (one.unit.value == "USD") is priced), None)
    return Bars(title, unit, tuple(one.day for one in costs.days), series, limit)


def sum_of(some: Iterable[Spending]) -> Spending:
    """Add up."""
    return sum(some, start=NO_CALLS)


def _height(spending: Spending, *, priced: bool) -> float:
    return spending.cost if priced else spending.input_tokens + spending.output_tokens


def _grouped(found: Sequence[tuple[str, Spending]]) -> dict[str, Spending]:
    groups: dict[str, Spending] = {}
    for purpose, spending in found:
        name = next((name for name, purposes in _GROUPS.items() if purpose in purposes), THE_REST)
        groups[name] = groups.get(name, NO_CALLS) + spending
    return groups
