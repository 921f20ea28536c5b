"""What several tests stand on: personas."""

from types import SimpleNamespace
from typing import Any

from bot.persona_sheet import sheet
from cogs._discord.text import in_a_line
from tests.support.discord import World

NIMA = {"name": "Nima", "description": "Nima is a cook.", "first_mes": "Hungry?"}


async def sheet_for(w: World, who: Any, slug: str) -> str:
    """Return what a character's sheet says to somebody, as it stands in the file of a long one."""
    cog: Any = w.client.get_cog("PersonasCog")
    asked = SimpleNamespace(user=who, guild=None, guild_id=None, channel_id=w.channel.id, channel=None)
    return sheet(await cog._examined(asked, w.app.company.by_slug[slug]), in_a_line)
