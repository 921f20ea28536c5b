"""The list of guards is true to the code, and the program knows a guard that no test holds."""

import ast
import subprocess
from pathlib import Path

import pytest

from tests.guards.catalogue import GUARDS
from tests.guards.guard import Guard
from tests.guards.running import Misplaced, check_places, chosen_of, try_all
from tests.support.paths import ROOT

FEWEST = 50
SHOP = """
def price(number: int) -> int:
    if number < 0:
        raise ValueError("less than nothing")
    return 5 * number if number < 10 else 4 * number
"""
SHOP_TESTS = """
import pytest
from shop import price

def test_less_than_nothing_has_no_price():
    with pytest.raises(ValueError):
        price(-1)

def test_ten_are_cheaper():
    assert price(9) == 45
"""
HELD = Guard(
    "less than nothing",
    "Nobody buys less than nothing.",
    "shop.py",
    "    if number < 0:\n",
    "    if number == 0:\n",
    "test_shop.py::test_less_than_nothing_has_no_price",
)
NOT_HELD = Guard(
    "ten",
    "Ten of them are cheaper.",
    "shop.py",
    "4 * number",
    "5 * number",
    "test_shop.py::test_ten_are_cheaper",
)
NOT_RUNNING = Guard(
    "a name",
    "What does not run proves nothing.",
    "shop.py",
    "return 5 * number",
    "return five * number",
    "test_shop.py::test_ten_are_cheaper",
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "test_shop.py").write_text(SHOP_TESTS)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_there_are_many_guards_each_under_a_name_of_its_own():
    assert len(GUARDS) >= FEWEST
    assert len({one.name for one in GUARDS}) == len(GUARDS)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda one: one.name)
def test_a_guard_stands_once_in_the_code_and_its_test_is_there(guard):
    """Who changes such a line changes tests/guards/catalogue.py, and runs `python -m tests.guards NAME`."""
    check_places([guard])
    assert guard.text != guard.without
    path, _, test = guard.test.partition("::")
    assert test.partition("[")[0] in functions_of(path)


def test_a_guard_that_no_test_holds_is_told_from_one_that_is_held(shop):
    told: list[str] = []
    assert try_all(say=told.append, guards=(HELD, NOT_HELD, NOT_RUNNING), root=shop) == (1, 3)
    verdicts = sorted(line.partition(" (")[0] for line in told)
    assert verdicts == [
        "a name: the change does not run",
        "less than nothing: red",
        "ten: green: no test holds this guard",
    ]
    assert (shop / "shop.py").read_text() == SHOP, "only a copy is changed"


def test_a_test_that_is_red_anyway_proves_nothing(shop):
    told: list[str] = []
    (shop / "test_shop.py").write_text(SHOP_TESTS.replace("price(-1)", "price(1)"))
    assert try_all(say=told.append, guards=(HELD,), root=shop) == (0, 1)
    assert told[-1].startswith("less than nothing: the test is red on the whole code, too")


def test_a_text_that_is_not_there_and_a_name_that_is_none_are_named(shop):
    (shop / "shop.py").write_text(SHOP * 2)
    with pytest.raises(Misplaced, match=r"ten: its text stands 2 times in shop\.py"):
        try_all(guards=(NOT_HELD,), root=shop)
    with pytest.raises(Misplaced, match="no guard of this name: twelve"):
        chosen_of((NOT_HELD,), ["twelve"])
