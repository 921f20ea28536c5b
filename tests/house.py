"""The measures of the code's structure, each beside its goal: `python -m tests.house`."""

import ast
import asyncio
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import grimp
from rich.console import Console
from rich.table import Table

from bot.settings import Settings

ROOT = Path(__file__).parents[1]
PRODUCT = ("main.py", "bot", "cogs", "console", "memory", "personas", "personaflow", "database")
PACKAGES = PRODUCT[1:]
CONVERSATION = "bot.conversation.pipeline"
LONG, SHORT, MANY, MOST = 300, 60, 8, 6

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure and the most that it may be; `goal` is None where a later change sets one."""

    name: str
    figure: float
    goal: float | None

    @property
    def met(self) -> str:
        return "" if self.goal is None else "yes" if self.figure <= self.goal else "no"


@cache
def sources() -> dict[Path, ast.Module]:
    listed = subprocess.run(
        ["git", "ls-files", *PRODUCT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = [ROOT / name for name in listed.stdout.split() if name.endswith(".py")]
    return {path.relative_to(ROOT): ast.parse(path.read_text("utf-8")) for path in paths if path.is_file()}


def lines_of(path: Path) -> int:
    return len((ROOT / path).read_text("utf-8").splitlines())


def nodes(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[Any]:
    return (node for tree in sources().values() for node in ast.walk(tree) if isinstance(node, kind))


def lengths() -> list[int]:
    """Return the statements' lines of every function, without its docstring."""
    return [
        (each.end_lineno or 0) - each.body[bool(ast.get_docstring(each)) and len(each.body) > 1].lineno + 1
        for each in nodes((ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def parameters(function: Function) -> int:
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES)


def imports() -> Iterator[tuple[str, str]]:
    for module in graph().modules:
        for imported in graph().find_modules_directly_imported_by(module):
            yield module, imported


def folder(module: str) -> str:
    """Return the folder of a module of bot/; all that lies flat there counts as one."""
    parts = module.split(".")
    return ".".join(parts[:2]) if (ROOT.joinpath(*parts[:2])).is_dir() else "bot"


def two_way() -> list[tuple[str, str]]:
    """Return the folders of bot/ that import one another."""
    pairs = {(folder(a), folder(b)) for a, b in imports() if a.startswith("bot.") and b.startswith("bot.")}
    return sorted((a, b) for a, b in pairs if a < b and (b, a) in pairs)


def file_cycles() -> list[set[str]]:
    """Return the groups of modules that import one another in a circle (Tarjan)."""
    edges = defaultdict(set)
    for a, b in imports():
        edges[a].add(b)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in edges[module]:
            if other not in index:
                visit(other)
            if other in stack:
                low[module] = min(low[module], low[other])
        if low[module] == index[module]:
            circle = set()
            while module not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for module in sorted(edges):
        if module not in index:
            visit(module)
    return found


def ignored() -> list[str]:
    """Return the imports that contracts let pass, each as often as it stands in the code."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    patterns = [each.split(" -> ") for one in contracts for each in one.get("ignore_imports", ())]
    return [f"{a} -> {b}" for a, b in imports() if any(fits(x, a) and fits(y, b) for x, y in patterns)]


def fits(pattern: str, module: str) -> bool:
    start = pattern.removesuffix(".**")
    return module == start if start == pattern else module.startswith(f"{start}.")


def conversation() -> Iterator[Measure]:
    path = Path(*CONVERSATION.split(".")).with_suffix(".py")
    [whole] = [
        each
        for each in sources()[path].body
        if isinstance(each, ast.ClassDef) and each.name == "Conversation"
    ]
    methods = [each for each in whole.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    properties = [
        each for each in methods if any(getattr(d, "id", "") == "property" for d in each.decorator_list)
    ]
    reaching = [each for each in properties if any(depth(node) > 2 for node in ast.walk(each))]
    yield Measure("Conversation: imports", len(graph().find_modules_directly_imported_by(CONVERSATION)), 14)
    yield Measure("Conversation: methods", len(methods), 12)
    yield Measure("Conversation: lines", lines_of(path), 200)
    yield Measure("Conversation: properties that reach into another object", len(reaching), 0)


def depth(node: ast.AST) -> int:
    return 1 + depth(node.value) if isinstance(node, ast.Attribute) else 1


def names_twice() -> int:
    names = Counter(
        each.name for tree in sources().values() for each in tree.body if isinstance(each, ast.ClassDef)
    )
    return sum(count > 1 for name, count in names.items() if not name.startswith("_"))


def unread_settings() -> list[str]:
    """Return the settings that no product code reads: as `settings.KEY`, or by a name for getattr."""
    read = {node.attr for node in nodes(ast.Attribute) if named_settings(node.value)}
    asked = [each.args[1] for each in nodes(ast.Call) if getattr(each.func, "id", "") == "getattr"]
    read |= {each.value for each in asked if isinstance(each, ast.Constant)}
    begun = [each.values[0] for each in asked if isinstance(each, ast.JoinedStr)]
    begins = tuple(str(each.value) for each in begun if isinstance(each, ast.Constant))
    return sorted(key for key in set(Settings.model_fields) - read if not key.startswith(begins))


def named_settings(node: ast.expr) -> bool:
    name = getattr(node, "attr", "") or getattr(node, "id", "")
    return name in ("settings", "_settings")


def test_imports() -> int:
    """Count the test files that import another test_*.py."""
    return sum(
        any(
            isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2].startswith("test_")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
        )
        for path in (ROOT / "tests").rglob("*.py")
    )


def passed() -> Iterator[Measure]:
    """Yield what one plain direct message passes, and the repositories that are made for it.

    A function is what somebody wrote with `def`: no comprehension or lambda, and no generated method.
    """
    from database.repositories import Repository

    modules, classes, functions = set(), set(), set()
    made: Counter[str] = Counter()

    def look(frame: FrameType, event: str, _: object) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        if event != "call" or module.partition(".")[0] not in PACKAGES:
            return
        code = frame.f_code
        owner, _, name = code.co_qualname.rpartition(".")
        made[owner] += name == "__init__" and isinstance(frame.f_locals.get("self"), Repository)
        if name.startswith("<") or code.co_filename.startswith("<"):
            return
        modules.add(module)
        functions.add((module, code.co_qualname))
        if owner and "<locals>" not in owner:
            classes.add((module, owner))

    asyncio.run(one_message(look))
    yield Measure("one plain DM: modules", len(modules), 60)
    yield Measure("one plain DM: classes", len(classes), 45)
    yield Measure("one plain DM: functions", len(functions), 350)
    yield Measure("one plain DM: repository objects", made.total(), 30)


async def one_message(look: Callable[[FrameType, str, object], None]) -> None:
    from tests.support.discord import world

    # The in-memory Discord waits busily, and would keep the database's threads from running.
    sys.setswitchinterval(1e-5)
    with TemporaryDirectory() as folder:
        async with world(Path(folder)) as w:
            await w.mira.send_dm("hello")
            sys.setprofile(look)
            await w.mira.send_dm("how are you?")
            sys.setprofile(None)


def measures() -> Iterator[Measure]:
    files, long = list(sources()), [path for path in sources() if lines_of(path) > LONG]
    yield Measure("product lines", sum(map(lines_of, files)), 58_500)
    yield Measure("product files", len(files), 330)
    for place, goal in ((Path("bot"), 4), (Path("bot/conversation"), 24)):
        flat = [path for path in files if path.parent == place and path.name != "__init__.py"]
        yield Measure(f"modules flat in {place}/", len(flat), goal)
    yield Measure("two-way imports between folders of bot/", len(two_way()), 0)
    yield Measure("circles of files", len(file_cycles()), 0)
    inside = [each for each in ignored() if each.count("bot.") == 2]
    yield Measure("ignored imports inside bot/", len(inside), 0)
    yield from conversation()
    constructors = [each for each in nodes(ast.FunctionDef) if each.name == "__init__"]
    yield Measure(
        "constructors of 8 parameters or more", sum(parameters(one) >= MANY for one in constructors), 0
    )
    wide = [one for one in nodes((ast.FunctionDef, ast.AsyncFunctionDef)) if parameters(one) >= MOST]
    yield Measure("functions of 6 parameters or more", len(wide), 15)
    yield Measure(f"files over {LONG} lines", len(long), 2)
    yield Measure("lines of a function, median", median(lengths()), 8)
    yield Measure("lines of a function, p90", quantiles(lengths(), n=10)[-1], 20)
    yield Measure(f"modules under {SHORT} lines", sum(lines_of(path) < SHORT for path in files), 25)
    importers = [graph().find_modules_that_directly_import(each) for each in graph().modules]
    yield Measure("modules imported by one module alone", sum(len(each) == 1 for each in importers), 50)
    yield Measure("class names used twice", names_twice(), None)
    yield Measure("settings that nothing reads", len(unread_settings()), None)
    stems = Counter(path.stem for path in files if path.stem != "__init__")
    yield Measure("names of modules used twice", sum(count > 1 for count in stems.values()), None)
    outward = [1 for a, b in imports() if a.startswith("memory") and b.startswith("bot")]
    yield Measure("imports of bot/ in memory/", len(outward), 0)
    yield Measure("test files that import a test file", test_imports(), 0)
    yield from passed()


def show(found: Sequence[Measure]) -> None:
    table = Table("measure", "today", "goal", "met")
    for each in found:
        table.add_row(
            each.name, f"{each.figure:,g}", "" if each.goal is None else f"{each.goal:,g}", each.met
        )
    Console().print(table)


if __name__ == "__main__":
    show(list(measures()))
    Console().print(f"settings that nothing reads: {', '.join(unread_settings())}")
