"""What the project is to do, and the tests that show each of it: `python -m tests.features`.

`features.toml` has a row for every feature: its number, what it is, and the tests. `--draw 25 --seed 7`
prints rows drawn by lot, to be tried by hand from the documents alone. Each test stands on a line of
its own, to be handed to pytest as it is.
"""

import ast
import sys
import tomllib
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from rich.console import Console

from tests.support.paths import ROOT

ROWS = Path(__file__).with_suffix(".toml")
NUMBERS = [
    *(f"F{number:03}" for number in range(1, 135)),
    *(f"C{number:02}" for number in range(1, 97)),
    *(f"P{number:02}" for number in range(1, 23)),
]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature and the tests that show it, as `path::name`; `later` says what of it is not built yet."""

    number: str
    says: str
    shown_by: tuple[str, ...]
    later: str = ""

    @property
    def faults(self) -> Iterator[str]:
        if not self.says:
            yield f"{self.number} does not say what it is"
        if not self.shown_by:
            yield f"{self.number} is shown by no test"
        for test in self.shown_by:
            path, _, name = test.partition("::")
            if name not in tests_in(path):
                yield f"{self.number} names {test}, which is not there"


@cache
def tests_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file; those of a class bear its name, as pytest writes it."""
    file = ROOT / "tests" / path
    if not file.is_file():
        return frozenset()
    module = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    homes = [("", module.body), *((f"{one.name}::", one.body) for one in classes)]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(home + node.name for home, body in homes for node in body if isinstance(node, functions))


def features() -> list[Feature]:
    """Return all features in the order of their numbers; one that has no row says nothing."""
    rows = tomllib.loads(ROWS.read_text(encoding="utf-8"))
    return [
        Feature(number, row.get("says", ""), tuple(row.get("shown_by", ())), row.get("later", ""))
        for number in NUMBERS
        for row in [rows.get(number, {})]
    ]


def drawn(known: Sequence[Feature], count: int, seed: int) -> list[Feature]:
    """Return so many features by lot, of those that are built."""
    shuffled = Random(seed).sample(known, len(known))
    return [one for one in shuffled if not one.later][:count]


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser(prog="python -m tests.features", description=__doc__)
    parser.add_argument("--draw", type=int, metavar="N", help="print N rows drawn by lot")
    parser.add_argument("--seed", type=int, default=1, help="what the lot is drawn with")
    chosen = parser.parse_args(arguments)
    known = features()
    shown = drawn(known, chosen.draw, chosen.seed) if chosen.draw else known
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for one in shown:
        console.print(f"{one.number}  {one.says}", style="bold")
        if one.later:
            console.print(f"      not built yet: {one.later}", style="yellow")
        for test in one.shown_by:
            console.print(f"      tests/{test}")
    faults = [fault for one in known for fault in one.faults]
    open_ones = [one.number for one in known if one.later]
    console.print(f"{len(known)} features, {len(known) - len(open_ones)} built.")
    for fault in faults:
        console.print(f"ERROR: {fault}", style="red")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
