"""Watches the connection: latency by shard, and a status line now and then (F017)."""

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from discord.ext import commands

if TYPE_CHECKING:
    from bot.client import Masquerade

log = logging.getLogger(__name__)

TICK = 30
HIGH_LATENCY = 1.0
TICKS_PER_STATUS = 10


def slow_shards(latencies: Mapping[int, float]) -> list[str]:
    """Return "shard 0: 1.20 s" for each shard with a high latency.

    Before the first heartbeat discord.py reports NaN or infinity: that is no latency at all.
    """
    return [
        f"shard {shard}: {seconds:.2f} s"
        for shard, seconds in latencies.items()
        if math.isfinite(seconds) and seconds > HIGH_LATENCY
    ]


class Health(commands.Cog):
    """The heartbeat monitor."""

    def __init__(self, bot: "Masquerade") -> None:
        self.bot = bot
        self._ticks = 0
        bot.app.schedule.every(TICK, self.tick, name="heartbeat")

    async def tick(self) -> None:
        """Warn once when any shard is slow; report every tenth time."""
        latencies = dict(self.bot.shard_latencies())
        if slow := slow_shards(latencies):
            log.warning("High latency: %s", ", ".join(slow))
        self._ticks += 1
        if self._ticks % TICKS_PER_STATUS == 0:
            shown = ", ".join(f"{seconds:.2f} s" for seconds in latencies.values())
            log.info("Connected to %d servers, latency %s", len(self.bot.guilds), shown or "unknown")

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        log.info("Shard %d is ready", shard_id)

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        log.info("Discord session resumed")

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        log.info("Disconnected from Discord, connecting again")


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(Health(bot))
