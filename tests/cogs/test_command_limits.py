"""Discord takes every command of the tree: by its own document, and by the limits that it states."""

from typing import Any

import pytest

from tests.command_limits import INTEGER, STRING, SUBCOMMAND, faults_of
from tests.support.discord import World
from tests.support.discord import discord_world as discord_world  # noqa: PLC0414 - a fixture
from tests.world.discord_requests import Request
from tests.world.discord_schema import document_path, load_schema

SYNC = "/applications/{application_id}/commands"


async def sent(w: World) -> list[Any]:
    """Return all commands as the bot tells Discord of them."""
    await w.client.tree.sync()
    [*_, request] = [one for one in w.env.http_requests if one.method == "PUT"]
    assert request.path.endswith("/commands")
    payload: Any = request.json
    assert len(payload) == len(w.client.tree._get_all_commands(guild=None)) > 30
    return list(payload)


async def test_no_command_is_beyond_discords_limits(discord_world):
    assert faults_of(await sent(discord_world)) == []


@pytest.mark.slow
@pytest.mark.skipif(not document_path().is_file(), reason="Discord's OpenAPI document is not here")
async def test_discords_document_forbids_no_command(discord_world):
    request = Request("PUT", SYNC, 0.0, body=await sent(discord_world), template=SYNC)
    assert load_schema().faults_of(request) == []


# --- What would be found --------------------------------------------------------------------------


def option(kind: int = STRING, name: str = "text", **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "description": "what is meant", **more}


def command(*options: dict[str, Any], name: str = "say", **more: Any) -> dict[str, Any]:
    return {"type": 1, "name": name, "description": "Say it", "options": list(options), **more}


def choices(count: int, **more: Any) -> list[dict[str, Any]]:
    return [{"name": f"n{number}", "value": f"v{number}", **more} for number in range(count)]


TOO_LONG = [option(name=f"o{number}", choices=choices(25, value="x" * 100)) for number in range(4)]
BEYOND = {
    "a hundred and one": [command(name=f"c{number}") for number in range(101)],
    "six menus": [{"type": 3, "name": f"Menu {number}"} for number in range(6)],
    "twice": [command(), command()],
    "a menu with a description": [{"type": 3, "name": "Menu", "description": "what it does"}],
    "options": [command(*(option(name=f"o{number}") for number in range(26)))],
    "a capital": [command(name="Say")],
    "a space": [command(option(name="a text"))],
    "a long name": [command(option(name="o" * 33))],
    "a name in another language": [command(name_localizations={"de": "Sag es"})],
    "no description": [command(description="")],
    "a long description": [command(option(SUBCOMMAND, options=[option(description="d" * 101)]))],
    "a description in another language": [command(description_localizations={"de": "d" * 101})],
    "choices": [command(option(choices=choices(26)))],
    "a choice without a name": [command(option(choices=choices(1, name="")))],
    "a long choice": [command(option(choices=choices(1, value="v" * 101)))],
    "a large choice": [command(option(INTEGER, choices=choices(1, value=2**53)))],
    "at most": [command(option(INTEGER, max_value=2**53))],
    "at least": [command(option(INTEGER, min_value=-(2**53)))],
    "at least more than at most": [command(option(INTEGER, min_value=2, max_value=1))],
    "long texts": [command(option(max_length=6_001))],
    "an order": [command(option(name="one"), option(name="two", required=True))],
    "one name for two": [command(option(), option())],
    "beside subcommands": [command(option(SUBCOMMAND), option(name="more"))],
    "too deep": [command(option(SUBCOMMAND, options=[option(SUBCOMMAND)]))],
    "characters": [command(*TOO_LONG)],
}


@pytest.mark.parametrize("payload", BEYOND.values(), ids=BEYOND)
def test_what_is_beyond_a_limit_is_found(payload):
    assert len(faults_of(payload)) == 1


def test_what_is_just_within_the_limits_is_fine():
    assert faults_of([command(name=f"c{number}") for number in range(100)]) == []
    assert faults_of([{"type": 3, "name": f"Menu {number}"} for number in range(5)]) == []
    assert faults_of([command(*(option(name=f"o{number}") for number in range(25)))]) == []
    ends = {"min_value": -(2**53) + 1, "max_value": 2**53 - 1}
    assert faults_of([command(option(INTEGER, "größe", **ends), description="d" * 100)]) == []
    assert faults_of([command(*TOO_LONG[:2], option(choices=choices(25)))]) == []


@pytest.mark.skipif(not document_path().is_file(), reason="Discord's OpenAPI document is not here")
@pytest.mark.parametrize("name", ["options", "a long name", "a long description", "choices", "at most"])
def test_the_document_forbids_that_too(name):
    request = Request("PUT", SYNC, 0.0, body=BEYOND[name], template=SYNC)
    assert load_schema().faults_of(request) != []
