"""The pictures of docs/design.md, drawn from the code itself: python -m tests.design_pictures --write.

Three of them: which package imports which, what one plain direct message passes, and the tables.
"""

import asyncio
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby, pairwise
from pathlib import Path
from types import FrameType

import grimp

from bot.pictures.sheet import GROUND, QUIET, RAISED, RULE, WORDS, bar, dot, lettering
from database.models import Row
from database.repositories.leftovers import PERSON
from memory.map.lettering import FAMILY, shortened, width
from tests import house

FOLDER = house.ROOT / "docs" / "pictures"
AGAIN = "make docs (python -m tests.design_pictures --write)"
WIDTH, MARGIN = 960.0, 24.0
SMALL, PLAIN, TITLE = 14.0, 16.0, 26.0
OURS, OUTSIDE, CALLED, LINE = "#6fcdf7", "#f0930e", "#a4f58c", 20.0
OUTSIDERS = {
    "Discord": {"discord"},
    "Anthropic": {"anthropic"},
    "SQL": {"sqlalchemy", "aiosqlite", "alembic", "asyncpg", "sqlite3"},
}
"""What only few packages may speak, by the import-linter's contracts, and by which imports that is told."""
READ, WRITE, ASKED = "read transaction", "write transaction", "the model is asked"
PASSED_OVER = ("database", "bot.discord", "bot.core", "bot.prompts", "bot.llm.types")
"""What every stage stands on, and so says nothing of one."""
BOX, BETWEEN = 196.0, 162.0
"""How wide a table is drawn, and what lies between two columns of those that refer to one another."""


def drawn(height: float, title: str, about: str, body: Iterable[str]) -> str:
    """Return a picture with its title; `about` says in a sentence how to read it."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0f}" height="{height:.0f}" '
        f"viewBox=\"0 0 {WIDTH:.0f} {height:.0f}\" font-family=\"'{FAMILY}', 'Source Sans 3', sans-serif\" "
        f'role="img">'
    )
    named = (f"<title>{escape(title)}</title>", f"<desc>{escape(about)}</desc>")
    ground = f'<rect width="{WIDTH:.0f}" height="{height:.0f}" fill="{GROUND}"/>'
    words = (text(MARGIN, 44, title, TITLE, bold=True), text(MARGIN, 70, about, SMALL, QUIET))
    return "\n".join([head, *named, ground, *words, *body, "</svg>"]) + "\n"


def text(
    x: float, y: float, words: str, size: float = PLAIN, colour: str = WORDS, *, bold: bool = False
) -> str:
    return lettering(x, y, words, size=size, colour=colour, bold=bold)


def stroke(path: str, colour: str = RULE, thick: float = 1.5) -> str:
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{thick:g}"/>'


def lines_of(words: Sequence[str], room: float, size: float, between: str = " · ") -> list[str]:
    """Return words in as many lines as they need; none is cut in two."""
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]}{between}{word}" if lines else word
        if lines and width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


# Layers


def layers() -> list[list[str]]:
    """Return the layers from the top down, as the contracts have them; then what stands apart."""
    rules = tomllib.loads((house.ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    whole, within = (contract["layers"] for contract in rules["contracts"][:2])
    found: list[list[str]] = []
    for layer in whole:
        inside = [_names(each, "bot.") for each in within] if layer == "bot" else [_names(layer)]
        found += inside
    known = {name.partition(".")[0] for layer in found for name in layer}
    return [*found, [one for one in rules["root_packages"] if one not in known]]


def _names(layer: str, container: str = "") -> list[str]:
    return [f"{container}{one.strip()}" for one in layer.replace("|", ":").split(":")]


def layers_svg() -> str:
    graph = grimp.build_graph(*house.PACKAGES, include_external_packages=True)
    rows = [(number, name) for number, layer in enumerate(layers()) for name in layer]
    names, top, step = [name for _, name in rows], 196.0, 32.0
    left = MARGIN + 150
    columns = [*names, *OUTSIDERS]
    across = (WIDTH - MARGIN - left - 20) / len(columns)

    def x(column: int) -> float:
        return left + across * (column + 0.5) + (14 if column >= len(names) else 0)

    def y(row: int) -> float:
        return top + step * (row + 0.5)

    body = [
        bar(MARGIN, y(row) - step / 2, WIDTH - 2 * MARGIN, step, RAISED)
        for row, (layer, _) in enumerate(rows)
        if layer % 2 == 0
    ]
    for column, name in enumerate(columns):
        at = f"{x(column) + 5:.1f} {top - 10:.1f}"
        colour = QUIET if column < len(names) else OUTSIDE
        body.append(f'<g transform="translate({at}) rotate(-52)">{text(0, 0, name, SMALL, colour)}</g>')
    for row, importer in enumerate(names):
        body.append(text(MARGIN + 10, y(row) + 5, importer))
        body += [
            stroke(f"M{x(row) - 6:.1f},{y(row):.1f}h12", RULE, 2),
            *(dot(x(column), y(row), 6, OURS) for column in _imported(graph, importer, names)),
            *(dot(x(len(names) + column), y(row), 6, OUTSIDE) for column in _spoken(graph, importer)),
        ]
    return drawn(
        y(len(rows)) + 4,
        "Which package imports which",
        "A row imports what has a dot in its column. Bands are layers: no dot lies left of the diagonal, so "
        "nothing knows what stands above it.",
        body,
    )


def _imported(graph: grimp.ImportGraph, importer: str, names: Sequence[str]) -> Iterator[int]:
    imported = {
        other for one in _of(graph, importer) for other in graph.find_modules_directly_imported_by(one)
    }
    for column, name in enumerate(names):
        if name != importer and imported & _of(graph, name):
            yield column


def _spoken(graph: grimp.ImportGraph, importer: str) -> Iterator[int]:
    imported = {
        other for one in _of(graph, importer) for other in graph.find_modules_directly_imported_by(one)
    }
    return (column for column, packages in enumerate(OUTSIDERS.values()) if imported & packages)


def _of(graph: grimp.ImportGraph, package: str) -> set[str]:
    return {one for one in graph.modules if one == package or one.startswith(f"{package}.")}


# The walk of one message


@dataclass
class Stage:
    """A stage of the walk: the modules that a message passes first in it, and whom it waits for."""

    name: str = ""
    modules: list[str] = field(default_factory=list)
    transactions: list[str] = field(default_factory=list)
    asks: bool = False


def walked() -> list[Stage]:
    """Return what one plain direct message passes, cut where the program says which stage it has reached."""
    stages, known, opened = [Stage()], set[str](), [READ]

    def look(frame: FrameType, event: str, _: object) -> None:
        module, name = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
        if event != "call" or module.partition(".")[0] not in house.PACKAGES:
            return
        now = stages[-1]
        if name == "Runtime.<lambda>":
            now.name = frame.f_locals["_stage"]
            stages.append(Stage())
        elif name in ("Database.begin", "Database.read"):
            opened[0] = WRITE if name == "Database.begin" else READ
        elif name == "UnitOfWork.__init__":
            now.transactions.append(opened[0])
        elif not module.startswith(PASSED_OVER) and module not in known:
            known.add(module)
            now.modules.append(module)
        now.asks = now.asks or name == "Standby.ask"

    asyncio.run(house.one_message(look))
    return [one for one in stages if one.name]


def walk_svg() -> str:
    body: list[str] = []
    y, left = 96.0, MARGIN + 190
    stages = walked()
    for number, stage in enumerate(stages):
        lines = lines_of([_short(one) for one in stage.modules], WIDTH - MARGIN - left - 14, SMALL)
        waits = ([ASKED] if stage.asks else []) + [
            _counted(len(list(same)), kind) for kind, same in groupby(sorted(stage.transactions))
        ]
        high = max(LINE * len(lines), LINE * (1 + len(waits))) + 22
        body.append(bar(MARGIN, y, WIDTH - 2 * MARGIN, high, RAISED, 8))
        body.append(text(MARGIN + 14, y + 25, f"{number + 1}  {stage.name.replace('_', ' ')}", bold=True))
        body += [
            text(MARGIN + 34, y + 25 + LINE * (row + 1), words, SMALL, OUTSIDE if words == ASKED else CALLED)
            for row, words in enumerate(waits)
        ]
        body += [text(left, y + 25 + LINE * row, words, SMALL, OURS) for row, words in enumerate(lines)]
        y += high + 8
    return drawn(
        y + 12,
        "One plain direct message, as it walks",
        "Each stage ends where the program says so. Named are the modules that a message passes there "
        "for the first time, in this order.",
        body,
    )


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind}{'s' if number > 1 else ''}"


def _short(module: str) -> str:
    return module.removeprefix("bot.conversation.").removeprefix("bot.")


# The tables


def tables_svg() -> str:
    tables = Row.metadata.tables
    referred = {name: sorted({one.column.table.name for one in t.foreign_keys}) for name, t in tables.items()}
    linked = {name for name, to in referred.items() if to} | {one for to in referred.values() for one in to}
    depths = {name: _depth(name, referred) for name in sorted(linked)}
    columns = [
        [name for name in depths if depths[name] == depth] for depth in range(max(depths.values()) + 1)
    ]
    columns = [sorted(column, key=lambda name: _behind(name, referred, columns[0])) for column in columns]
    places: dict[str, tuple[float, float]] = {}
    body: list[str] = []
    for depth, column in enumerate(columns):
        for row, name in enumerate(column):
            places[name] = (MARGIN + depth * (BOX + BETWEEN), 100 + row * 58)
    for name, to in sorted(referred.items()):
        body += [_link(places[one], places[name]) for one in to]
    for name, (x, y) in places.items():
        body.append(_table(name, x, y))
    y = 100.0 + 58 * max(map(len, columns)) + 34
    body.append(text(MARGIN, y, "Tables that refer to none", bold=True))
    apart = sorted(tables.keys() - linked, key=lambda name: (_subject(name), name))
    y += 18
    for subject, names in groupby(apart, key=_subject):
        inside = list(names)
        body.append(text(MARGIN, y + 27, subject, SMALL, QUIET))
        for number, name in enumerate(inside):
            below, beside = divmod(number, 4)
            body.append(_table(name, MARGIN + 96 + beside * (BOX + 8), y + below * 52))
        y += 52 * ((len(inside) + 3) // 4) + 12
    return drawn(
        y + 6,
        "The tables",
        "An arrow goes from a table to the one that it belongs to; below each name stands its key. "
        "A dot: a column says which person a row is of.",
        body,
    )


def _depth(name: str, referred: Mapping[str, Sequence[str]]) -> int:
    return max((1 + _depth(one, referred) for one in referred[name]), default=0)


def _behind(name: str, referred: Mapping[str, Sequence[str]], roots: Sequence[str]) -> tuple[float, str]:
    """Return where a table stands best: beside those that it belongs to, so that few arrows cross."""
    found = [roots.index(one) for one in referred[name] if one in roots]
    return (sum(found) / len(found) if found else len(roots) / 2, name)


def _subject(name: str) -> str:
    """Return what a table is about: the module of database/models that it stands in."""
    [mapper] = [one for one in Row.registry.mappers if one.local_table is Row.metadata.tables[name]]
    return mapper.class_.__module__.rpartition(".")[2]


def _table(name: str, x: float, y: float) -> str:
    keys = ", ".join(one.name for one in Row.metadata.tables[name].primary_key)
    parts = [bar(x, y, BOX, 44, RAISED, 6), text(x + 9, y + 19, name, bold=True)]
    parts.append(text(x + 9, y + 36, shortened(keys, SMALL, BOX - 11), SMALL, QUIET))
    if name in PERSON:
        parts.append(dot(x + BOX - 14, y + 14, 5, OUTSIDE))
    return "".join(parts)


def _link(to: tuple[float, float], start: tuple[float, float]) -> str:
    """Return an arrow from the left edge of a table to the right edge of the one that it belongs to.

    Past a column in between it goes through the gap above the row of its end, and touches no table there.
    """
    end, bottom = to[0] + BOX, to[1] + 22
    points, gap = [(start[0], start[1] + 22)], bottom - 29
    for column in range(round((start[0] - to[0]) / (BOX + BETWEEN)) - 1, 0, -1):
        left = to[0] + column * (BOX + BETWEEN)
        points += [(left + BOX + 10, gap), (left - 10, gap)]
    points.append((end, bottom))
    curve = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x, y), (further, there) in pairwise(points):
        bend = (x - further) / 2
        curve += f"C{x - bend:.1f},{y:.1f} {further + bend:.1f},{there:.1f} {further:.1f},{there:.1f}"
    head = f"M{end + 8:.1f},{bottom - 5:.1f}L{end:.1f},{bottom:.1f}L{end + 8:.1f},{bottom + 5:.1f}"
    return stroke(curve, OURS) + stroke(head, OURS, 2)


PICTURES: dict[str, Callable[[], str]] = {"layers": layers_svg, "walk": walk_svg, "tables": tables_svg}


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.svg"


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        if "--write" in sys.argv:
            path_of(name).write_text(draw(), encoding="utf-8")
        else:
            sys.stdout.write(draw())
