"""The costs of models: /costs, for people who manage a server and for operators (C86, C87)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.conversation.text.split import split
from bot.core.i18n import _, n_, number, worded
from bot.discord.commands import Interaction, answer
from bot.features.operations.costs import DAYS, GROUPS, CostReports, Costs, bars_of
from bot.pictures import Drawings, bars_svg, bars_text
from bot.settings.allowance import Allowance, Amount, Unit
from cogs._discord.permissions import is_operator
from cogs._discord.text import NOBODY, files_of, inline
from database.repositories.calls import Spending

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

NAME_ROOM = 60
TITLE = _("Cost of {name}")
TITLE_ALL = _("Cost of everything")
HEAD = _("**{name}**, the last {days} days: {total}. Today: {today}.")
HERE, EVERYTHING = _("This server"), _("Everything together")
FOR_WHAT = _("For what: {groups}.")
LIMIT = _("`{setting}`: {spent} of {limit} today ({percent} %); it starts again at midnight ({zone}).")
NO_LIMIT = _("No limit is set for a day: {settings} in config.env sets one, such as 2 USD.")
NO_LIMIT_HERE = _("No limit is set for this server: the bot's operator can set one with budget_per_server.")
DEAREST_SERVERS = _("Servers that cost most: {those}.")
DEAREST_PEOPLE = _("Who caused most of it: {those}.")
SPENT = n_("{money} ({count} call, {tokens} tokens)", "{money} ({count} calls, {tokens} tokens)")
NO_PRICE, DOLLARS = _("price unknown"), _("${amount}", "an amount of money")
USD, TOKENS = _("{amount} USD"), _("{amount} tokens")
SETTINGS = _("budget_per_day, budget_per_server or budget_per_person")
UNPRICED = _("Calls of models without a known price: {count}. A price_file in config.env can name theirs.")
NOTHING_YET = _("Nothing was asked of a model here in the last {days} days, so nothing was paid.")
OPERATORS_ONLY = _("What everything costs is for the bot's operators (admin_ids). Leave `everything` out.")
IN_A_SERVER = _("In private there is no server to account for: set `everything`, or ask in a server.")


class AccountingCog(commands.Cog):
    """Only the asker sees the answers."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        app = bot.app
        self._zone = app.manner.zone
        self._accounts = CostReports(app.database, app.budgets, app.clock, zone=self._zone)
        self._drawings = Drawings()

    @app_commands.command(description="What I cost here, day by day, and what may be spent")
    @app_commands.describe(everything="All servers and private talks together (operators)")
    @app_commands.default_permissions(manage_guild=True)
    async def costs(self, interaction: Interaction, everything: bool = False) -> None:
        await interaction.response.defer(ephemeral=True)
        if refusal := self._refusal(interaction, everything=everything):
            await answer(interaction, refusal)
            return
        guild = None if everything else interaction.guild
        costs = await self._accounts.of(guild.id if guild else None)
        text = "\n".join(map(str, self._lines(costs, everything=everything)))
        if not costs.total.calls:
            await answer(interaction, text)
            return
        bars = bars_of(costs, TITLE.format(name=guild.name) if guild else TITLE_ALL)
        drawn = await self._drawings.of(lambda: bars_svg(bars), bars_text(bars))
        *first, last = split("\n".join(str(part) for part in (text, drawn.missing) if part))
        for piece in first:
            await answer(interaction, piece)
        await interaction.followup.send(
            last, files=files_of(drawn, "costs"), ephemeral=True, allowed_mentions=NOBODY
        )

    def _refusal(self, interaction: Interaction, *, everything: bool) -> str:
        if everything and not is_operator(self.bot, interaction.user):
            return OPERATORS_ONLY
        return IN_A_SERVER if interaction.guild is None and not everything else ""

    def _lines(self, costs: Costs, *, everything: bool) -> Iterator[str]:
        if costs.total.calls:
            name = EVERYTHING if everything else HERE
            today = _spent(costs.days[-1].total)
            yield HEAD.format(name=name, days=DAYS, total=_spent(costs.total), today=today)
            groups = "; ".join(
                f"{worded(GROUPS, group)} {_spent(spending)}" for group, spending in costs.groups.items()
            )
            yield FOR_WHAT.format(groups=groups)
        else:
            yield NOTHING_YET.format(days=DAYS)
        yield from self._limits(costs, everything=everything)
        if costs.servers:
            servers = "; ".join(f"{inline(name, NAME_ROOM)} {_spent(cost)}" for name, cost in costs.servers)
            yield DEAREST_SERVERS.format(those=servers)
        if costs.people:
            people = "; ".join(f"<@{person_id}> {_spent(cost)}" for person_id, cost in costs.people)
            yield DEAREST_PEOPLE.format(those=people)
        if costs.total.unpriced:
            yield UNPRICED.format(count=costs.total.unpriced)

    def _limits(self, costs: Costs, *, everything: bool) -> Iterator[str]:
        for setting, allowance, spent in costs.limits:
            yield _limit(setting, allowance, spent, self._zone)
        if not costs.limits:
            yield NO_LIMIT.format(settings=SETTINGS) if everything else NO_LIMIT_HERE


def _limit(setting: str, allowance: Allowance, spent: Amount, zone: object) -> str:
    return LIMIT.format(
        setting=setting,
        spent=_amount(allowance, spent.in_(allowance.unit)),
        limit=_amount(allowance, allowance.limit),
        percent=int(allowance.share(spent) * 100),
        zone=zone,
    )


def _amount(allowance: Allowance, value: float) -> str:
    """Return an amount in an allowance's unit, with the number of decimals of that unit."""
    places = len(allowance.written(value).partition(" ")[0].partition(".")[2])
    words = TOKENS if allowance.unit is Unit.TOKENS else USD
    return words.format(amount=number(value, f".{places}f"))


def _spent(spending: Spending) -> str:
    tokens = spending.input_tokens + spending.output_tokens
    money = DOLLARS.format(amount=number(spending.cost, ".2f" if spending.cost >= 0.1 else ".4f"))
    paid = money if spending.unpriced < spending.calls or not spending.calls else NO_PRICE
    return SPENT.format(count=spending.calls, money=paid, tokens=number(tokens))


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(AccountingCog(bot))
