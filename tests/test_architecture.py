"""The contracts of import-linter leave nothing out; what the measures count is there."""

import ast

from tests import house


def test_memory_personas_and_database_import_nothing_of_the_bot():
    below = ("memory", "personas", "database")
    assert [(a, b) for a, b in house.imports() if a.startswith(below) and b.startswith("bot")] == []


def test_only_the_database_package_speaks_sql():
    spoken = {"sqlalchemy", "aiosqlite", "alembic", "asyncpg", "sqlite3"}
    speakers = {
        path.parts[0]
        for path, tree in house.sources().items()
        for node in ast.walk(tree)
        for name in imported_by(node)
        if name.partition(".")[0] in spoken
    }
    assert speakers == {"database", "personaflow"}  # a library of its own reads the bot's file


def imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


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
