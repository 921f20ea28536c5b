"""The pictures of docs/design.md are what the code gives today, and nothing in them is out of its place."""

import re
import subprocess
import sys

import pytest

from database.models import Row
from tests import design_pictures as pictures
from tests import house
from tests.design_pictures import AGAIN, PICTURES, path_of

DESIGN = (house.ROOT / "docs" / "design.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_the_code_gives(name):
    # In a process of its own: what an earlier test has made a function remember is not called again.
    program = f"from tests.design_pictures import PICTURES; print(PICTURES[{name!r}](), end='')"
    drawn = subprocess.run([sys.executable, "-c", program], cwd=house.ROOT, capture_output=True, check=True)
    assert path_of(name).read_text("utf-8") == drawn.stdout.decode(), f"{name}.svg is out of date: {AGAIN}"


def test_the_page_shows_every_picture():
    assert re.findall(r"\(pictures/(\w+)\.svg\)", DESIGN) == list(PICTURES)


def test_every_package_has_its_row_and_imports_nothing_above_it():
    rows = [name for layer in pictures.layers() for name in layer]
    packages = {pictures_package(module) for module in house.graph().modules} - {"bot", "bot.locales"}
    assert packages == set(rows)
    for importer, imported in house.imports():
        a, b = pictures_package(importer), pictures_package(imported)
        assert a == b or "bot" in (a, b) or rows.index(a) < rows.index(b), (importer, imported)


def pictures_package(module: str) -> str:
    return ".".join(module.split(".")[: 2 if module.startswith("bot.") else 1])


def test_every_table_is_drawn_once_with_an_arrow_for_each_table_that_it_refers_to():
    drawn = PICTURES["tables"]()
    names = re.findall(r'font-weight="700">(\w+)</text>', drawn)
    assert sorted(names) == sorted(Row.metadata.tables)
    links = {(t.name, one.column.table.name) for t in Row.metadata.sorted_tables for one in t.foreign_keys}
    assert len(re.findall(r'd="M[^"]*C[^"]*"', drawn)) == len(links)
