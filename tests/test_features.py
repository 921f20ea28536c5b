"""Every feature has a test that shows it."""

import tomllib

import pytest

from tests.features import NUMBERS, ROWS, Feature, features, main


@pytest.mark.slow
def test_every_feature_is_shown_by_a_test_that_is_there(capsys):
    assert [fault for one in features() for fault in one.faults] == []
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert all(number in printed for number in NUMBERS)


def test_no_row_has_a_number_that_nobody_gave():
    assert set(tomllib.loads(ROWS.read_text(encoding="utf-8"))) <= set(NUMBERS)


def test_a_row_without_words_or_tests_is_named_and_so_is_a_test_that_is_not_there():
    gone = ("test_features.py::test_nothing", "test_nowhere.py::test_nothing")
    assert list(Feature("F001", "", ()).faults) == [
        "F001 does not say what it is",
        "F001 is shown by no test",
    ]
    assert list(Feature("F001", "x", gone).faults) == [
        f"F001 names {one}, which is not there" for one in gone
    ]
