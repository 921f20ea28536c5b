"""The subcommands of /admin, by which operators inspect and edit data while the bot runs (C85)."""

from typing import TYPE_CHECKING

from cogs.admin import bonds, edits, facts, growth, identity, lore, memory_day, mood, thoughts

if TYPE_CHECKING:
    from bot.discord.client import Masquerade


async def setup(bot: "Masquerade") -> None:
    for part in (bonds, edits, facts, growth, identity, lore, memory_day, mood, thoughts):
        await part.setup(bot)
