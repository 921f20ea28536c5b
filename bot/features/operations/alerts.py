"""Alerts to the operator: one message when a problem begins, one when it ends (F017)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.features.operations.vitals import Vitals

BEGINS_AFTER = 3
ENDS_AFTER = 3
"""Consecutive readings needed before an alert begins or ends, so that a flapping value causes no storm."""
EASED = 0.75
"""Hysteresis: an alert ends below this share of its threshold, so that a value near it alerts only once."""
FEWEST_CALLS = 5
FAILING_SHARE, WELL_SHARE = 0.5, 0.2
LONGEST_LAG = 1.0
NAMED = 3
"""Maximum number of jobs named in one sentence."""

LATENCY, CONNECTION, LAG, MODEL = "latency", "connection", "event loop", "model"
DATABASE, SIZE, DISK, JOB = "database", "database size", "disk", "job"

_MORE = "Look up \u201c{name}\u201d in docs/operating.md."
BEGUN: Mapping[str, str] = {
    CONNECTION: "Alert: Discord is not connected; nobody can be heard or answered.",
    LATENCY: "Alert: Discord answers slowly ({slow}).",
    LAG: "Alert: the event loop stands still for up to {lag:.1f} s, so everything comes late.",
    MODEL: "Alert: {failed} of the last {calls} calls to the model failed ({outcomes}).",
    DATABASE: "Alert: the database can't be read, so nobody is answered.",
    SIZE: "Alert: the database has grown to {megabytes:,.0f} MB (alert_database_mb={bound:,.0f}).",
    DISK: "Alert: only {megabytes:,.0f} MB are free on the disk (alert_disk_free_mb={bound:,.0f}).",
    JOB: "Alert: jobs fail or are overdue: {jobs}. Write `jobs` for more.",
}
ENDED: Mapping[str, str] = {
    CONNECTION: "Over: Discord is connected again.",
    LATENCY: "Over: Discord answers as fast as usual again.",
    LAG: "Over: the event loop runs freely again.",
    MODEL: "Over: the model answers again.",
    DATABASE: "Over: the database can be read again.",
    SIZE: "Over: the database is smaller again ({megabytes:,.0f} MB).",
    DISK: "Over: there is room on the disk again ({megabytes:,.0f} MB).",
    JOB: "Over: jobs run as they should again: {jobs}.",
}
AND_MORE = "{jobs} and {number} more"


@dataclass(frozen=True, slots=True)
class AlertBounds:
    """Alert thresholds in seconds and bytes; 0 bytes disables an alert."""

    latency: float = 1.0
    database: int = 0
    disk_free: int = 0


@dataclass(frozen=True, slots=True)
class AlertReading:
    """One reading: `bad` may begin an alert, `well` may end it; a reading that is neither changes nothing."""

    alert: str
    bad: bool
    well: bool
    facts: Mapping[str, object] = field(default_factory=dict)
    about: str = ""


class Alarm:
    """State of one alert, which begins and ends only after several consecutive readings."""

    def __init__(self) -> None:
        self.on = False
        self._agree = 0

    def take(self, reading: AlertReading) -> bool:
        """Process a reading; return whether the alert begins or ends with it."""
        wanted, needed = (reading.well, ENDS_AFTER) if self.on else (reading.bad, BEGINS_AFTER)
        self._agree = self._agree + 1 if wanted else 0
        if self._agree < needed:
            return False
        self.on, self._agree = not self.on, 0
        return True


class Alerts:
    """All alerts. `tell` receives sentences about beginnings, `ease` about ends."""

    def __init__(
        self, bounds: AlertBounds, *, tell: Callable[[str], None], ease: Callable[[str], None]
    ) -> None:
        self._bounds = bounds
        self._tell = tell
        self._ease = ease
        self._alarms: dict[tuple[str, str], Alarm] = {}

    @property
    def on(self) -> list[str]:
        """The names of active alerts."""
        return sorted({alert for (alert, _), alarm in self._alarms.items() if alarm.on})

    def judge(self, vitals: Vitals) -> None:
        """Evaluate the vitals, and report alerts that begin or end."""
        turned: list[AlertReading] = []
        for reading in readings(vitals, self._bounds):
            alarm = self._alarms.setdefault((reading.alert, reading.about), Alarm())
            if alarm.take(reading):
                turned.append(reading)
        begun = [reading for reading in turned if self._alarms[reading.alert, reading.about].on]
        for sentence in _sentences(begun, BEGUN):
            self._tell(sentence)
        for sentence in _sentences([reading for reading in turned if reading not in begun], ENDED):
            self._ease(sentence)


def readings(vitals: Vitals, bounds: AlertBounds) -> Iterator[AlertReading]:
    """Yield a reading for everything that can cause an alert."""
    known, slow = vitals.known_latencies, vitals.slow(bounds.latency)
    yield AlertReading(CONNECTION, bad=not known, well=bool(known))
    worst = max(known.values(), default=0.0)
    yield AlertReading(
        LATENCY, bad=bool(slow), well=bool(known) and worst < EASED * bounds.latency, facts={"slow": slow}
    )
    yield AlertReading(
        LAG,
        bad=vitals.lag > LONGEST_LAG,
        well=vitals.lag < EASED * LONGEST_LAG,
        facts={"lag": vitals.lag},
    )
    yield AlertReading(DATABASE, bad=not vitals.readable, well=vitals.readable)
    yield _model(vitals)
    yield from _room(vitals, bounds)
    for job in vitals.jobs:
        yield AlertReading(JOB, bad=job.troubled, well=not job.troubled, about=job.name)


def _model(vitals: Vitals) -> AlertReading:
    calls, failed = vitals.calls, vitals.failed
    share = failed / calls if calls else 0.0
    outcomes = ", ".join(f"{what} {count}" for what, count in sorted(vitals.outcomes.items()))
    return AlertReading(
        MODEL,
        bad=calls >= FEWEST_CALLS and share >= FAILING_SHARE,
        well=failed == 0 or (calls >= FEWEST_CALLS and share < WELL_SHARE),
        facts={"calls": calls, "failed": failed, "outcomes": outcomes},
    )


def _room(vitals: Vitals, bounds: AlertBounds) -> Iterator[AlertReading]:
    if bounds.database:
        facts = {"megabytes": vitals.database_bytes / 1e6, "bound": bounds.database / 1e6}
        grown, shrunk = vitals.database_bytes > bounds.database, EASED * bounds.database
        yield AlertReading(SIZE, bad=grown, well=vitals.database_bytes < shrunk, facts=facts)
    if bounds.disk_free:
        facts = {"megabytes": vitals.disk_free_bytes / 1e6, "bound": bounds.disk_free / 1e6}
        full, enough = vitals.disk_free_bytes < bounds.disk_free, bounds.disk_free / EASED
        yield AlertReading(DISK, bad=full, well=vitals.disk_free_bytes > enough, facts=facts)


def _sentences(turned: Iterable[AlertReading], words: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence per alert; jobs share one, because they often fail together."""
    turned = list(turned)
    for reading in turned:
        if reading.alert != JOB:
            yield _with_more(words[reading.alert].format(**reading.facts), reading.alert, words)
    if names := [reading.about for reading in turned if reading.alert == JOB]:
        shown = ", ".join(names[:NAMED])
        if len(names) > NAMED:
            shown = AND_MORE.format(jobs=shown, number=len(names) - NAMED)
        yield _with_more(words[JOB].format(jobs=shown), JOB, words)


def _with_more(sentence: str, alert: str, words: Mapping[str, str]) -> str:
    return f"{sentence} {_MORE.format(name=alert)}" if words is BEGUN else sentence
