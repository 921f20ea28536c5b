"""Limits of a day as operators write them (C86)."""

import pytest
from pydantic import ValidationError

from bot.settings import Settings
from bot.settings.allowance import NOTHING, Allowance, Amount, Unit


@pytest.mark.parametrize(
    ("text", "limit", "unit"),
    [
        ("2 USD", 2.0, Unit.DOLLARS),
        ("$0.50", 0.5, Unit.DOLLARS),
        ("1 dollar", 1.0, Unit.DOLLARS),
        ("1.5dollars", 1.5, Unit.DOLLARS),
        ("200000 tokens", 200_000, Unit.TOKENS),
        ("200,000 tokens", 200_000, Unit.TOKENS),
        ("200k tokens", 200_000, Unit.TOKENS),
        ("1.5m Tokens", 1_500_000, Unit.TOKENS),
    ],
)
def test_a_limit_is_a_number_of_dollars_or_tokens(text, limit, unit):
    assert Allowance.of(text) == Allowance(limit, unit)


@pytest.mark.parametrize("text", ["", "none", "None", "off", "0"])
def test_no_limit_is_none(text):
    assert Allowance.of(text) is None


@pytest.mark.parametrize(
    "text", ["2", "two USD", "-1 USD", "$2 USD", "0 USD", "2 EUR", "1e3 USD", "nan USD", "$"]
)
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(ValueError, match="is no limit"):
        Allowance.of(text)


@pytest.mark.parametrize("text", ["2 USD", "0.05 USD", "0.0011 USD", "12.345 USD", "200000 tokens"])
def test_a_limit_written_and_read_again_is_the_same(text):
    allowance = Allowance.of(text)
    assert allowance is not None
    assert Allowance.of(str(allowance)) == allowance


def test_a_limit_holds_up_to_itself_in_its_own_unit():
    allowance = Allowance(1.0, Unit.DOLLARS)
    assert allowance.holds(Amount.of(1.0, 10**9))
    assert not allowance.holds(Amount.of(1.000001, 0))
    assert allowance.share(Amount.of(0.8, 5)) == 0.8
    assert Allowance(100, Unit.TOKENS).share(Amount.of(99.0, 50)) == 0.5


def test_amounts_that_are_added_and_taken_away_again_leave_nothing_behind():
    amounts = [Amount.of(0.1 * number, number) for number in range(1, 20)]
    total = NOTHING
    for one in amounts:
        total += one
    for one in reversed(amounts):
        total -= one
    assert total == NOTHING


def test_an_amount_is_never_less_than_what_was_paid_nor_more_than_a_billionth_above_it():
    for dollars in (0.001, 0.0000000004, 1 / 3, 0.1 + 0.2):
        assert dollars <= Amount.of(dollars, 0).dollars + 1e-12
        assert Amount.of(dollars, 0).dollars - dollars < 1.1e-9
    assert Amount.of(0.001, 0).nanodollars == 1_000_000


def test_a_setting_that_is_no_limit_says_what_to_write():
    with pytest.raises(ValidationError, match="is no amount"):
        Settings(budget_per_day="plenty")
    assert Settings(budget_per_day="$2").budget_per_day == "2.00 USD"
    assert Settings().budget_per_person == "none"
