"""The vitals as Prometheus text and as /healthz, on a localhost port.

They contain no text and no ids of people: labels are shards, job names, outcomes and alerts.
"""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.features.operations.alerts import BEGUN
from bot.jobs.timetable import Once

if TYPE_CHECKING:
    from bot.features.operations.health import Health
    from bot.features.operations.vitals import Vitals

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PREFIX = "masquerade"
METRICS_TYPE = CONTENT_TYPE_LATEST
TAKEN = "Nobody can be told how the bot fares: port {port} (metrics_port) is taken. Choose another one."
CLOSE_SECONDS = 2.0


class VitalsCollector(Collector):
    """Exports the latest vitals as metrics; before the first check there are only `ready` and alerts."""

    def __init__(self, health: "Health") -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        yield _gauge("ready", "1 if /healthz says ok", float(not self._health.fault()))
        if vitals := self._health.last:
            yield from _plain(vitals)
            yield from _queues(vitals)
            yield from _jobs(vitals)
            yield _labelled(
                "latency_seconds",
                "Latency of Discord",
                "shard",
                {str(shard): seconds for shard, seconds in vitals.known_latencies.items()},
            )
            calls = {what: float(count) for what, count in vitals.outcomes.items()}
            yield _labelled("model_calls", "Model calls of the last 15 minutes", "outcome", calls)
        on = self._health.alerts.on
        yield _labelled("alert", "1 if it is on", "alert", {name: float(name in on) for name in BEGUN})


def _plain(vitals: "Vitals") -> Iterator[Metric]:
    yield _gauge("uptime_seconds", "Seconds since the start", vitals.up)
    yield _gauge("servers", "Discord servers", vitals.link.servers)
    yield _gauge("loop_lag_seconds", "Worst lag of the event loop in the last minute", vitals.lag)
    yield _gauge("database_bytes", "Size of the database with its log", vitals.database_bytes)
    yield _gauge("disk_free_bytes", "Room on the disk of data_dir", vitals.disk_free_bytes)
    yield _gauge("looked_at_seconds", "When this was looked at, in Unix time", vitals.at.timestamp())


def _queues(vitals: "Vitals") -> Iterator[Metric]:
    lengths = {
        "channels": vitals.places,
        "messages": vitals.waiting,
        "replies": vitals.unsaid,
        "writers": vitals.writers,
        "log channel": vitals.link.untold,
    }
    yield _labelled(
        "queue_length", "What waits", "queue", {name: float(length) for name, length in lengths.items()}
    )


def _jobs(vitals: "Vitals") -> Iterator[Metric]:
    recurring = [job for job in vitals.jobs if not isinstance(job.plan, Once)]
    ages = {
        job.name: max(0.0, (vitals.at - job.succeeded_at).total_seconds())
        for job in recurring
        if job.succeeded_at
    }
    yield _labelled("job_age_seconds", "Seconds since a job last succeeded", "job", ages)
    lasted = {job.name: job.seconds for job in recurring if job.seconds is not None}
    yield _labelled("job_duration_seconds", "How long its last run took", "job", lasted)
    failures = {job.name: float(job.failures) for job in recurring}
    yield _labelled("job_failures", "Failures in a row", "job", failures)
    overdue = {job.name: job.overdue for job in recurring}
    yield _labelled("job_overdue_seconds", "By how much it is overdue", "job", overdue)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", about, value=value)


def _labelled(name: str, about: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", about, labels=[label])
    for labelled, value in values.items():
        family.add_metric([labelled], value)
    return family


class HealthReports:
    """Responses of /healthz and /metrics, shared by all HTTP servers."""

    def __init__(self, health: "Health") -> None:
        self._health = health
        # A separate registry, because the default one also exports process and Python metrics.
        self._registry = CollectorRegistry()
        self._registry.register(VitalsCollector(health))

    def healthz(self) -> tuple[str, int]:
        """Return a sentence and the HTTP status code."""
        fault = self._health.fault()
        return f"{fault or 'ok'}\n", 503 if fault else 200

    def metrics(self) -> bytes:
        """Return the vitals in the format METRICS_TYPE."""
        return generate_latest(self._registry)


class MetricsServer:
    """Serves GET /healthz and GET /metrics, and nothing else, while the bot runs."""

    def __init__(self, health: "Health", port: int) -> None:
        self._reports = HealthReports(health)
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 if it does not."""
        return int(self._runner.addresses[0][1]) if self._runner and self._runner.addresses else 0

    async def start(self) -> None:
        """Start listening. A port conflict is logged and stops nothing else."""
        app = web.Application()
        app.add_routes([web.get("/healthz", self._healthz), web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, self._port).start()
        except OSError:
            await self.close()
            log.error(TAKEN.format(port=self._port))  # noqa: TRY400 - it says it all
            return
        log.info("Health and metrics: http://%s:%d/healthz and /metrics", HOST, self.port)

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, _request: web.Request) -> web.Response:
        text, status = self._reports.healthz()
        return web.Response(text=text, status=status)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._reports.metrics(), headers={"Content-Type": METRICS_TYPE})
