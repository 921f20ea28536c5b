"""The contracts of import-linter leave nothing out; what the measures count is there."""

import ast
import re

from tests import house


def test_memory_personas_and_database_import_nothing_of_the_bot():
    below = ("memory", "personas", "database")
    assert [(a, b) for a, b in house.imports() if a.startswith(below) and b.startswith("bot")] == []


def test_only_the_database_speaks_sql():
    """F014."""
    drivers = {"sqlalchemy", "aiosqlite", "alembic", "asyncpg", "sqlite3"}
    speaking = {
        path.as_posix()
        for path, tree in house.sources().items()
        for node in ast.walk(tree)
        for name in imported(node)
        if name.partition(".")[0] in drivers
    }
    # The library reads the bot's file without any of the bot.
    assert {path.split("/")[0] for path in speaking} == {"database", "personaflow"}


def test_the_design_names_every_folder_with_what_lives_there():
    """F013."""
    design = (house.ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (`.+?) \| (.+) \|$", design)
    named = {name.rstrip("/") for names, _ in rows for name in re.findall(r"`([\w./]+)`", names)}
    homes = [path.parts[:-1][: 2 if path.parts[0] == "bot" else 1] for path in house.sources()]
    folders = {"/".join(home) for home in homes} - {"", "bot"}
    assert folders - named == set()


def test_the_design_leads_to_code_and_tests_that_are_there():
    design = (house.ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert len(design.splitlines()) <= 200
    table = design.split("## Where a feature lives")[1].split("\n\n")[1]
    paths = re.findall(r"`([a-z][\w.*/]+)`", table)
    assert len(paths) > 60
    assert [path for path in paths if not [*house.ROOT.glob(path)]] == []


def test_no_files_import_one_another_in_a_circle():
    assert house.file_cycles() == []


def test_nothing_but_spawn_starts_a_background_task():
    """Ruff bans what asyncio's own functions start; an event loop's methods start tasks, too."""
    started = [
        path.as_posix()
        for path, tree in house.sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "create_task" and not of_group(node, tree)
    ]
    assert started == ["bot/core/tasks.py"]


def of_group(node: ast.Attribute, tree: ast.Module) -> bool:
    """Say whether a task is started by a name that a `with` binds: a TaskGroup, which waits for it."""
    bound = [
        ast.unparse(each.optional_vars)
        for each in ast.walk(tree)
        if isinstance(each, ast.withitem) and each.optional_vars
    ]
    return ast.unparse(node.value) in bound


def imported(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [one.name for one in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
