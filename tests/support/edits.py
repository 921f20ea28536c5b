"""What several tests stand on: edits."""

from typing import Any

from database.models import Audit
from tests.support.commands import told
from tests.support.discord import World
from tests.support.panels import panel_of


async def use(w: World, who: Any, command: str, /, **options: Any) -> str:
    return told(await who.slash(w.channel, command, **options))


async def remove(w: World, who: Any, command: str, /, **options: Any) -> str:
    """Use a command that asks first, and say yes."""
    asked = panel_of(await who.slash(w.channel, command, **options))
    return panel_of(await who.click(asked, label="Remove it")).content


async def changes(w: World) -> list[Audit]:
    """Return every change in the audit, the newest first."""
    async with w.app.database.read() as db:
        return await db.audits.changes(limit=100)


async def prompt(w: World) -> str:
    """Return the very next prompt of Onyx, all of it."""
    await w.mira.send(w.channel, "Onyx, what do you remember of the anvil and the canary?")
    return "\n".join([*(block.text for block in w.prompt.system), w.prompt.text])
