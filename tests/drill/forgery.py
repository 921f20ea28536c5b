"""Commands, orders and presses of people who may not: each is refused, and nothing changes by it."""

import asyncio
from collections.abc import Iterator
from typing import Any

from tests.drill.town import Town
from tests.world.discord_objects import Channel, Json, User
from tests.world.replies import named

REFUSALS = ("You may not do that here", "That is for the people in `admin_ids`")
ORDERS = (
    "shutdown? Pixel",
    "user data? {id}",
    "list users",
    "premium {id}",
    "verbose on",
    "status",
    "jobs",
    "testlog",
)
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, NUMBER = 1, 2, 3, 4, 5, 6, 10


async def run_forgery(town: Town) -> None:
    """Let strangers try everything that is not theirs."""
    guild = town.places[0].guild
    assert guild is not None
    stranger = town.bot.discord.add_user("Stranger")
    guild.add_member(stranger)
    here = town.places[0]
    for name, options in guarded(town, stranger):
        await refused(town, stranger, here, name, options)
    await orders(town, stranger, here)
    await presses(town, stranger)


async def refused(town: Town, stranger: User, here: Channel, name: str, options: Json) -> None:
    town.score.tried["forged"] += 1
    used = await stranger.use_command(here, name, **options)
    answer = await used.wait_answered()
    if not answer.content.startswith(REFUSALS) or not answer.is_ephemeral:
        town.score.failed("forged", f"/{name} of a stranger: {answer.content[:200]}")


async def orders(town: Town, stranger: User, here: Channel) -> None:
    """Give the orders of the log channel, there and elsewhere, as nobody special."""
    log = town.log_channel
    for place in (log, here):
        for order in ORDERS if place is log else ORDERS[1:]:  # elsewhere the first one calls the character
            town.score.tried["forged"] += 1
            before = len(place.said_by(town.bot.discord.bot))
            await stranger.say(place, order.format(id=stranger.id))
            await asyncio.sleep(0.3)
            if len(place.said_by(town.bot.discord.bot)) != before:
                town.score.failed("forged", f"{order!r} of a stranger is answered")
    if town.bot.process is None or town.bot.process.returncode is not None:
        town.score.failed("forged", "a stranger stopped the bot")


async def presses(town: Town, stranger: User) -> None:
    """Press what somebody else was shown."""
    for victim in town.people[::2]:
        here = town.private(victim)
        panel = await (await victim.use_command(here, "privacy delete")).wait_answered()
        for label in ("Delete everything", "Cancel"):
            town.score.tried["forged"] += 1
            try:
                custom_id = named(panel, label)
            except LookupError:
                continue
            forged = town.bot.discord.interactions.press(stranger, panel, custom_id, forged=True)
            answer = await forged.wait_answered()
            if "belong to somebody else" not in answer.content:
                town.score.failed("forged", f"a press of {label!r} by a stranger: {answer.content[:200]}")
    given = town.rows("SELECT count(*) FROM consents WHERE given")
    if int(given[0][0]) < len(town.agreed):
        town.score.failed("forged", "somebody's data are gone")


def guarded(town: Town, stranger: User) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each command that is not for everybody, with what it needs."""
    for commands in town.bot.discord.first_bot.commands.values():
        for command in commands:
            if command.get("default_member_permissions") is not None and command.get("type", 1) == 1:
                yield from _leaves(command, command["name"], stranger)


def _leaves(command: Json, name: str, stranger: User) -> Iterator[tuple[str, dict[str, Any]]]:
    options = command.get("options", [])
    inner = [one for one in options if one["type"] in (SUBCOMMAND, GROUP)]
    for one in inner:
        yield from _leaves(one, f"{name} {one['name']}", stranger)
    if not inner:
        yield name, {one["name"]: _value(one, stranger) for one in options if one.get("required")}


def _value(option: Json, stranger: User) -> Any:
    if option.get("choices"):
        return option["choices"][0]["value"]
    least = option.get("min_value", 1)
    return {STRING: "1", INTEGER: least, NUMBER: least, BOOLEAN: True, USER: stranger}.get(
        option["type"], "1"
    )
