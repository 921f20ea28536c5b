"""docs/commands.md, written from the tree of commands itself: python -m tests.command_reference --write."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bot.app import open_app
from bot.discord.client import extensions
from bot.discord.commands import only_in_servers
from bot.discord.connection import open_client
from bot.settings import Settings
from tests.builders import PIXEL
from tests.fakes import FakeClaude, FakeClock
from tests.support.discord import SERVER

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
FOR_OPERATORS = {"persona export", "persona import", "persona remove"}
FOR_WHO_ARRANGES = {"persona choose", "scene start", "scene stop", "scene note", "scene note_clear"}
"""In private for everybody: in a server `may_stage` asks for a permission (cogs/_discord/permissions.py)."""
HEAD = """\
# Every command

<!-- Written by `python -m tests.command_reference --write`; changes made here are lost. -->

What each does, what it takes (in brackets what may be left out), who may use it, and where: everywhere, if
nothing else stands there. An operator who does not see `/admin` in a server uses it in private. Only you
see the answers, unless a command is there to post something. `/help` lists what you may use where you are.

The log channel has [commands of its own](administration.md#the-log-channel).
"""
_WORDS = {"manage_guild": "Manage Server", "moderate_members": "Time Out Members"}
"""Permissions that Discord shows under another name than its interface for programs has."""
SECTIONS = {
    "everybody": "For everybody",
    "members": "For members with a permission",
    "operators": "For operators (admin_ids)",
    "menus": "In the menu of a message, under Apps",
}


def page_of(tree: app_commands.CommandTree[Any]) -> str:
    """Return the page for a tree of commands."""
    found: dict[str, list[tuple[str, ...]]] = {name: [] for name in SECTIONS}
    commands = [one for one in tree.walk_commands() if isinstance(one, app_commands.Command)]
    for command in sorted(commands, key=lambda one: one.qualified_name):
        section, who = _who(command)
        found[section].append((f"`{_called(command)}`", command.description, who))
    for menu in sorted(tree.walk_commands(type=discord.AppCommandType.message), key=lambda one: one.name):
        found["menus"].append((menu.name, menu.extras.get("about", ""), _who(menu)[1]))
    return "\n".join([HEAD, *(line for name, rows in found.items() for line in _section(name, rows))])


def _section(name: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        columns = ("command", "what it does", "who and where")[: 3 if any(row[2] for row in rows) else 2]
        table = [columns, ["---"] * len(columns), *rows]
        yield from (f"## {SECTIONS[name]}", "")
        yield from ("| " + " | ".join(row[: len(columns)]) + " |" for row in table)
        yield ""


def _who(command: Any) -> tuple[str, str]:
    root = getattr(command, "root_parent", None) or command
    place = "in a server" if only_in_servers(command) else ""
    if root.name == "admin" or command.qualified_name in FOR_OPERATORS:
        return "operators", place
    if command.qualified_name in FOR_WHO_ARRANGES:
        return "everybody", "Manage Channels in a server, everybody in private"
    needed = root.default_permissions or command.default_permissions
    if needed is None:
        return "everybody", place
    names = [_WORDS.get(name, name.replace("_", " ").title()) for name, on in needed if on]
    names = names or ["Administrator"]
    return "members", ", ".join(filter(None, [" and ".join(names), place]))


def _called(command: app_commands.Command[Any, ..., Any]) -> str:
    options = [one.display_name if one.required else f"[{one.display_name}]" for one in command.parameters]
    return " ".join([f"/{command.qualified_name}", *options])


@asynccontextmanager
async def tree_of_the_program() -> AsyncIterator[app_commands.CommandTree[Any]]:
    """Provide the commands of the program as it is."""
    with tempfile.TemporaryDirectory() as folder:
        clock = FakeClock()
        settings = Settings(data_dir=Path(folder) / "data")
        async with open_app(settings, PIXEL, SERVER, claude=FakeClaude(clock), clock=clock) as app:
            client = open_client(app)
            for extension in extensions():
                await client.load_extension(extension)
            yield client.tree
            await client.close()


async def from_the_program() -> str:
    """Return the page for the commands of the program as it is."""
    async with tree_of_the_program() as tree:
        return page_of(tree)


if __name__ == "__main__":
    written = asyncio.run(from_the_program())
    if "--write" in sys.argv:
        PAGE.write_text(written, encoding="utf-8")
    else:
        sys.stdout.write(written)
