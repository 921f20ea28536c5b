"""Every feature has a test that shows it."""

import tomllib

from tests.features import NUMBERS, ROWS, features, main


def test_every_feature_is_shown_by_a_test_that_is_there(capsys):
    assert [fault for one in features() for fault in one.faults] == []
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(number in printed for number in NUMBERS)


def test_no_row_has_a_number_that_nobody_gave():
    assert set(tomllib.loads(ROWS.read_text(encoding="utf-8"))) <= set(NUMBERS)
