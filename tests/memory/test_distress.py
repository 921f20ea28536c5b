"""Telling distress from talk: measured on a labelled set, with hard negatives (C91)."""

import tomllib

import pytest

from memory.sensitive.distress import reads_as_distress
from tests.support.paths import DATA

LINES = tomllib.loads((DATA / "distress.toml").read_text("utf-8"))


@pytest.mark.parametrize("language", sorted(LINES))
def test_every_line_of_distress_is_read_as_such(language):
    assert len(LINES[language]["distress"]) >= 30
    assert [one for one in LINES[language]["distress"] if not reads_as_distress(one)] == []


@pytest.mark.parametrize("language", sorted(LINES))
def test_no_saying_denial_quote_or_order_to_a_machine_is(language):
    assert len(LINES[language]["calm"]) >= 20
    assert [one for one in LINES[language]["calm"] if reads_as_distress(one)] == []
