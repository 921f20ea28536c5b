"""The start of the web console together with the bot; `console` in the log channel returns its link."""

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from discord.ext import commands

if TYPE_CHECKING:
    from bot.discord.client import Masquerade
    from console.site import Console

log = logging.getLogger(__name__)

PACKAGES = ("starlette", "jinja2", "uvicorn", "sse_starlette")
OFF = "The console is off: console_port=8788 in config.env opens it in the browser (docs/console.md)"
MISSING = "The console can't be opened: {packages} not installed. Run: pip install '.[console]'"


class ConsoleCog(commands.Cog):
    """Runs the site if a port is set for it."""

    def __init__(self, bot: "Masquerade") -> None:
        self._bot = bot
        self._console: Console | None = None

    async def cog_load(self) -> None:
        if not self._bot.app.settings.console_port:
            log.info(OFF)
            return
        if packages := [name for name in PACKAGES if find_spec(name) is None]:
            log.error(MISSING.format(packages=", ".join(packages)))
            return
        from console.site import Console

        self._console = Console(self._bot.app)
        await self._console.start()
        self._bot.console_link = self._console.link

    async def cog_unload(self) -> None:
        if self._console is not None:
            self._bot.console_link = None
            await self._console.close()


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(ConsoleCog(bot))
