"""docs/commands.md lists every command of the tree, as it is."""

from discord import app_commands

from tests.command_reference import PAGE, SECTIONS, page_of
from tests.support.discord import discord_world as discord_world  # noqa: PLC0414 - a fixture


async def test_the_docs_list_every_command_of_the_tree_as_it_is(discord_world):
    written = PAGE.read_text(encoding="utf-8")
    assert written == page_of(discord_world.client.tree), "python -m tests.command_reference --write"


async def test_every_command_stands_there_once(discord_world):
    commands = [
        one for one in discord_world.client.tree.walk_commands() if isinstance(one, app_commands.Command)
    ]
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `/")]
    named = [row.split("`")[1].split(" ") for row in rows]
    for command in commands:
        words = f"/{command.qualified_name}".split()
        options = len(command.parameters)
        found = [one for one in named if one[: len(words)] == words and len(one) == len(words) + options]
        assert len(found) == 1, command.qualified_name
    assert len(rows) == len(commands) > 100


def test_every_section_of_the_page_has_its_heading_once():
    text = PAGE.read_text(encoding="utf-8")
    assert [text.count(f"\n## {title}\n") for title in SECTIONS.values()] == [1] * len(SECTIONS)
