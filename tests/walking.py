"""A walk over every command of the tree, with what people may put into its options (faults D13).

Nothing here knows a command by name: what is added to the tree is walked over without a change.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import discord
from discord import app_commands

from tests.support.discord import World

NASTY = (
    "@everyone <@&1> <@1> `code` ||hush|| [a](https://evil.example) **bold**\n# head",
    "'; DROP TABLE messages; -- {0} {name} %s $name \\x00",
    "\u202egnihton \u200b\u2066 \x00\x07 \ufeff",
    "   ",
    "9" * 40,
    "-1",
    "../../../etc/passwd",
    "💥" * 300,
    "x" * 6000,
)
"""Texts that were not meant for any option."""
FILES = (("../../x.png", b"MZ\x00not a picture"), ("a.json", b"[" * 5000), ("b.json", b"{}"))
Kind = discord.AppCommandOptionType


def leaves(w: World) -> list[Any]:
    """Return every command that somebody can use: typed, or chosen at a message or a member."""
    tree = w.client.tree
    typed = [one for one in tree.walk_commands() if isinstance(one, app_commands.Command)]
    at_messages = tree.walk_commands(type=discord.AppCommandType.message)
    return [*typed, *at_messages, *tree.walk_commands(type=discord.AppCommandType.user)]


def is_guarded(command: Any) -> bool:
    """Say whether a command, or a group that it is in, is not for everybody."""
    root = getattr(command, "root_parent", None)
    above = [command, getattr(command, "parent", None), root]
    return any(one is not None and one.default_permissions is not None for one in above)


def is_for_servers(command: Any) -> bool:
    above = [command, getattr(command, "parent", None), getattr(command, "root_parent", None)]
    return any(one is not None and getattr(one, "guild_only", False) for one in above)


def fillings(w: World, command: Any) -> Iterator[dict[str, Any]]:
    """Yield options for a command: the needed ones alone, then all of them, each time with other values."""
    parameters = command.parameters if isinstance(command, app_commands.Command) else []
    yield {one.display_name: _plain(_at_hand(w, command), one) for one in parameters if one.required}
    for number in range(len(NASTY)) if parameters else ():
        there = _at_hand(w, command)
        yield {one.display_name: _nasty(there, one, number) for one in parameters}


def _at_hand(w: World, command: Any) -> World:
    """Return who may be named: others each time for what may send them away, as kicks and bans do."""
    needed = getattr(command, "default_permissions", None)
    if needed is None or not (needed.kick_members or needed.ban_members):
        return w
    gone = [w.guild.add_member(w.env.create_user("gone")) for _ in range(2)]
    return replace(w, tom=gone[0], mira=gone[1])


async def use(w: World, who: Any, command: Any, options: dict[str, Any]) -> Any:
    """Use a command as somebody in the channel."""
    if isinstance(command, app_commands.ContextMenu):
        at_message = command.type is discord.AppCommandType.message
        target = await w.tom.send(w.channel, NASTY[0]) if at_message else w.tom
        return await who.context_menu(w.channel, command.name, target)
    return await who.slash(w.channel, command.qualified_name, **options)


def _plain(w: World, option: Any) -> Any:
    return option.choices[0].value if option.choices else _value(w, option, "1", 1)


def _nasty(w: World, option: Any, number: int) -> Any:
    """Return one of the values that Discord lets through for an option."""
    if option.choices:
        return option.choices[number % len(option.choices)].value
    low, high = option.min_value, option.max_value
    if option.type is Kind.string:
        text = NASTY[number][: high or 6000]
        return text.ljust(low or 1, "x") if len(text) < (low or 1) else text
    least, most = (-(2**53) + 1 if low is None else low), (2**53 - 1 if high is None else high)
    return _value(w, option, "", (least, most, min(max(0, least), most))[number % 3], number)


def _value(w: World, option: Any, text: str, number: Any, which: int = 0) -> Any:
    members = [w.tom, w.mira, w.guild.default_role]
    values: dict[Kind, Any] = {
        Kind.string: text,
        Kind.integer: int(number),
        Kind.number: float(number),
        Kind.boolean: bool(which % 2),
        Kind.user: members[which % 2],
        Kind.role: w.guild.default_role,
        Kind.mentionable: members[which % 3],
        Kind.channel: w.channel,
        Kind.attachment: FILES[which % len(FILES)],
    }
    return values[option.type]
