"""Monitoring of connection, database and jobs: the heartbeat, /health and /admin jobs (F017, C07)."""

import logging
from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.discord.commands import Interaction, answer
from bot.features.operations.vitals import Link
from cogs._discord.admin import AdminCog, command, operators_only
from cogs._discord.health import health_lines, jobs_lines, latency, runs_lines, short_health
from cogs._discord.permissions import is_operator

if TYPE_CHECKING:
    from bot.discord.client import Masquerade
    from bot.features.operations.metrics import MetricsServer

log = logging.getLogger(__name__)

RUNS_SHOWN = 10


class HealthCog(AdminCog):
    """The heartbeat monitor and its reports."""

    def __init__(self, bot: "Masquerade") -> None:
        super().__init__(bot)
        self._settings = bot.app.settings
        self._health = bot.app.health
        self._ticks = 0
        self._server: MetricsServer | None = None
        jobs = "The scheduled work: what ran, what failed, what is next"
        self.members = (command("jobs", jobs, self.jobs),)
        bot.app.schedule.every(self._settings.heartbeat_seconds, self.tick, name="heartbeat")

    async def cog_load(self) -> None:
        await super().cog_load()
        if self._settings.metrics_port and not self._settings.console_has_metrics:
            from bot.features.operations.metrics import MetricsServer

            self._server = MetricsServer(self._health, self._settings.metrics_port)
            await self._server.start()

    async def cog_unload(self) -> None:
        await super().cog_unload()
        if self._server is not None:
            await self._server.close()

    async def tick(self) -> None:
        """Check the health: log one warning while any shard is slow, and a line at every tenth tick.

        The log channel gets an alert when a problem begins and when it ends.
        """
        vitals = await self._health.tick(self._link())
        if slow := vitals.slow(self._settings.latency_warning_seconds):
            log.warning("High latency: %s", slow)
        self._ticks += 1
        if self._ticks % self._settings.heartbeat_status_ticks == 0:
            shown = latency(vitals.link.latencies)
            log.info("Connected to %d servers, latency %s", vitals.link.servers, shown)

    @app_commands.command(description="Whether I am well: the connection, the model, the jobs")
    async def health(self, interaction: Interaction) -> None:
        vitals, alerts = self._health.last, self._health.alerts.on
        seconds = self._settings.heartbeat_seconds
        if is_operator(self.bot, interaction.user):
            await answer(interaction, "\n".join(health_lines(vitals, alerts, seconds=seconds)))
        else:
            await answer(interaction, short_health(vitals, alerts, seconds=seconds))

    @operators_only
    async def jobs(self, _interaction: Interaction) -> str:
        schedule, now = self.bot.app.schedule, self.bot.app.clock.now()
        runs = await schedule.latest(limit=RUNS_SHOWN)
        return "\n".join([*jobs_lines(schedule.reports(), now), "", *runs_lines(runs)])

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        log.info("Shard %d is ready", shard_id)

    @commands.Cog.listener()
    async def on_resumed(self) -> None:
        log.info("Discord session resumed")

    @commands.Cog.listener()
    async def on_disconnect(self) -> None:
        log.info("Disconnected from Discord, connecting again")

    def _link(self) -> Link:
        bot = self.bot
        ready = bot.is_ready() and not bot.is_closed()
        return Link(dict(bot.shard_latencies()), len(bot.guilds), ready, bot.outlet.untold)


async def setup(bot: "Masquerade") -> None:
    await bot.add_cog(HealthCog(bot))
