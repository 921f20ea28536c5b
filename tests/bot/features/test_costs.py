"""What models cost, day by day, in words and as a picture: /costs (C86, C87)."""

import struct
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from bot.features.operations.costs import THE_REST, CostReports, bars_of
from bot.pictures import Bars, Series, bars_svg, bars_text
from bot.pictures.costs import amount, mark_above
from cogs.costs import IN_A_SERVER, NO_LIMIT, NO_LIMIT_HERE, OPERATORS_ONLY
from database.models import CallRow
from memory.map.rasterise import as_png
from tests.builders import CHANNEL, DM, Table, table
from tests.fakes import EPOCH
from tests.support.commands import admin, let_operate, told
from tests.support.discord import World, world

DAYS = tuple(date(2026, 11, 8) + timedelta(days=number) for number in range(14))


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, budget_per_server="2 USD", budget_per_day="5 USD") as entered:
        yield entered


async def book(at: Table, when: datetime, cost: float | None, **changes: object) -> None:
    values = {"purpose": "reply", "channel_id": None, "user_id": None} | changes
    async with at.database.begin() as db:
        await db.calls.add(
            CallRow(
                at=when,
                model="m",
                outcome="ok",
                seconds=1.0,
                input_tokens=100,
                output_tokens=10,
                cache_read_tokens=0,
                cache_write_5m_tokens=0,
                cache_write_1h_tokens=0,
                cost=cost,
                **values,  # type: ignore[arg-type]
            )
        )


async def accounts(at: Table) -> CostReports:
    return CostReports(at.database, at.app.budgets, at.clock, zone=at.app.inner_life.zone)


# --- The account ----------------------------------------------------------------------------------


async def test_days_are_those_of_the_house_and_groups_are_what_calls_were_for(tmp_path):
    async with table(tmp_path) as at:
        midnight = EPOCH.replace(hour=0)
        for when, cost, purpose in (
            (midnight, 0.5, "reply"),
            (midnight - timedelta(seconds=1), 0.25, "vote"),
            (midnight - timedelta(days=13), 0.125, "facts"),
            (midnight - timedelta(days=13, seconds=1), 9.0, "reply"),
            (midnight, None, "status"),
        ):
            await book(at, when, cost, purpose=purpose)
        costs = await (await accounts(at)).of(None)
        assert [one.total.cost for one in costs.days] == [0.125, *[0.0] * 11, 0.25, 0.5]
        assert {name: one.cost for name, one in costs.groups.items()} == {
            "replies": 0.5,
            "deciding and tone": 0.25,
            "memory": 0.125,
            THE_REST: 0.0,
        }
        assert costs.total.unpriced == 1


async def test_a_server_is_shown_what_was_asked_for_it_alone(tmp_path):
    async with table(tmp_path) as at:
        await at.hear("Pixel, hello", where=CHANNEL)
        await at.hear("hello", where=DM, author_id=43)
        books = await accounts(at)
        assert (await books.of(CHANNEL.guild_id)).total.calls < (await books.of(None)).total.calls
        assert (await books.of(999)).total.calls == 0
        everything = await books.of(None)
        assert [name for name, _ in everything.servers] == ["The Guild"]
        assert {user_id for user_id, _ in everything.people} == {42, 43}
        server = await books.of(CHANNEL.guild_id)
        assert (server.servers, server.people) == ((), ())


async def test_where_nothing_has_a_price_the_bars_are_tokens(tmp_path):
    async with table(tmp_path) as at:
        await book(at, EPOCH, None)
        bars = bars_of(await (await accounts(at)).of(None), "Cost")
        assert (bars.unit, bars.total(13)) == ("tokens", 110)


# --- The picture ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "mark"),
    [(0, 1), (0.0007, 0.001), (0.9, 1), (1, 1), (1.1, 2), (2.2, 2.5), (6, 10), (12_000, 20_000)],
)
def test_a_scale_ends_at_the_next_round_number(most, mark):
    assert mark_above(most) == pytest.approx(mark)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "$", "$0.00"),
        (0.0123, "$", "$0.0123"),
        (12.3, "$", "$12.30"),
        (1_234_567, "tokens", "1.23 M tokens"),
        (950, "tokens", "950 tokens"),
    ],
)
def test_an_amount_is_told_in_few_letters(value, unit, words):
    assert amount(value, unit) == words


def chart(**changes: object) -> Bars:
    values = {
        "title": "Cost of The Guild",
        "unit": "$",
        "days": DAYS,
        "series": (
            Series("replies", tuple(0.1 * (1 + number % 5) for number in range(14))),
            Series("deciding and tone", tuple(0.02 * (number % 3) for number in range(14))),
            Series("memory", (0.05,) * 14),
        ),
        "limit": 1.0,
    }
    return Bars(**(values | changes))  # type: ignore[arg-type]


def test_the_picture_says_in_words_what_it_shows():
    words = bars_text(chart())
    assert words.startswith(
        "Cost of The Guild: $4.96 in 14 days. A day may cost up to $1.00. For what: replies "
    )
    assert "21 Nov" in words
    assert len(words) <= 1024


@pytest.mark.parametrize(
    "bars",
    [
        chart(),
        chart(series=(), limit=None),
        chart(title="<b>&" * 30),
        chart(limit=500.0),
        chart(days=DAYS[:1]),
    ],
)
def test_the_picture_can_be_drawn(bars):
    png = as_png(bars_svg(bars), scale=1.0)
    width, height = struct.unpack(">II", png[16:24])
    assert width == 720
    assert height > 300


# --- /costs ---------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_who_manages_a_server_sees_what_it_cost_and_what_it_may_cost(w):
    w.claude.will_say("hello")
    await w.mira.send(w.channel, "Pixel, hi")
    result = await admin(w).slash(w.channel, "costs")
    said = told(result)
    assert said.startswith("**This server**, the last 14 days: ")
    assert "For what: replies" in said
    assert (
        "`budget_per_server`: 0.001 USD of 2.00 USD today (0 %); it starts again at midnight (UTC)." in said
    )
    assert "budget_per_day" not in said
    assert "Who caused" not in said
    shown = next(one for one in (result.response, *result.followups) if one.attachments)
    names = [one.filename for one in shown.attachments]
    assert names == ["costs.png", "costs.svg"]


async def test_operators_see_everything_with_who_caused_it(w):
    await w.mira.send_dm("hi")
    anna = admin(w)
    assert told(await anna.slash(w.channel, "costs", everything=True)) == OPERATORS_ONLY
    let_operate(w, anna)
    said = told(await anna.slash(w.channel, "costs", everything=True))
    assert f"Who caused most of it: <@{w.mira.id}> $" in said
    assert "`budget_per_day`: 0.001 USD of 5.00 USD today" in said
    assert w.pinged() == set()


async def test_in_private_operators_name_everything(w):
    anna = admin(w)
    let_operate(w, anna)
    assert told(await anna.user.slash("costs")) == IN_A_SERVER
    assert "Nothing was asked" in told(await anna.user.slash("costs", everything=True))


async def test_without_limits_it_is_said_how_to_set_one(tmp_path):
    async with world(tmp_path) as plain:
        anna = admin(plain)
        assert NO_LIMIT_HERE in told(await anna.slash(plain.channel, "costs"))
        let_operate(plain, anna)
        settings = "budget_per_day, budget_per_server or budget_per_person"
        everything = told(await anna.slash(plain.channel, "costs", everything=True))
        assert NO_LIMIT.format(settings=settings) in everything


async def test_on_discord_a_spent_budget_is_told_once_and_others_are_answered(tmp_path):
    async with world(tmp_path, budget_per_person="0.004 USD", budget_line="Enough.") as small:
        for number in range(8):
            await small.mira.send_dm(f"hello {number}")
        assert small.said(small.mira.user.dm_channel).count("Enough.") == 1
        assert small.said(small.mira.user.dm_channel)[0] == "Hm."
        await small.tom.send_dm("hello")
        assert small.said(small.tom.user.dm_channel) == ["Hm."]
