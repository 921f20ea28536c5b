"""How the program fares, in words for operators: the jobs, and everything else (F017)."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from discord.utils import format_dt

from bot.conversation.splitting import width
from bot.i18n import _
from bot.schedule import BOOKKEEPING
from bot.timetable import Daily, Every, JobReport, Once, Plan
from bot.vitals import Vitals
from cogs._discord.quoting import LONGEST
from cogs._discord.reports import latency
from database.models import JobRun

NOT_LOOKED = _("Nobody looked yet: the first look comes {seconds} seconds after the start. Ask again then.")
ALL_WELL = _("All is well.")
TROUBLE = _("Alerts are on: {alerts}. docs/operating.md says what each means and what to do.")
LATENCY = _("- Discord: latency {latency}, {servers} servers")
LOOP = _("- event loop: {lag} late at worst in the last minute")
QUEUES = _(
    "- waiting: {waiting} messages in {places} channels, {unsaid} replies not said yet, "
    "{untold} lines for the log channel, {writers} writers"
)
CALLS = _("- model, last 15 minutes: {calls} calls, {failed} failed")
OUTCOMES = " ({outcomes})"
ROOM = _("- database {database}, free on the disk {free}")
UNREADABLE = _("- database: can't be read")
JOBS_WELL = _("- jobs: {count}, all as they should be")
JOBS_ILL = _("- jobs: {ill} of {count} fail or are overdue: {names}; `jobs` says more")
LOOKED = _("- looked at {at}")
SHORT_WELL = _("I am well: Discord answers in {latency}, and nothing is broken that I know of.")
SHORT_ILL = _("Something is not as it should be, and the bot's operators are told. Replies may come late.")

JOBS_HEAD = _("**{count} jobs**, {ill} in trouble")
JOBS_HEAD_WELL = _("**{count} jobs**, all as they should be")
JOB = "- {mark}**{name}**: {plan}; {last}; {following}"
ILL = "\N{WARNING SIGN} "
EVERY, DAILY, ONCE = _("every {span}"), _("daily from {hour:02d}:00"), "once"
NEVER_RAN = _("not run yet")
LAST_OK = _("last {at}, took {span}")
LAST_FAILED = _("last {at} failed ({error}), {failures} in a row")
AT_IT = _("at it for {span}")
NEXT, OVERDUE, DUE_NOW, OVER = _("next {at}"), _("overdue by {span}"), _("due now"), "done"
LEFT_OUT = _("… and {number} more: `/admin jobs` shows all.")
RUNS_HEAD = _("**Runs worth noting**, the newest first")
RUN = "- {at} {job}: {result}"
RUN_LASTED = _(" after {span}")
RUN_ERROR = " ({error})"
NO_RUNS = _("No run was worth a row yet: of frequent jobs only failures and long runs are.")

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def health_lines(
    vitals: Vitals | None, alerts: Sequence[str], *, seconds: int, with_link: bool = True
) -> list[str]:
    """Return how everything fares, a line each, for operators; `with_link` with the connection, too."""
    if vitals is None:
        return [NOT_LOOKED.format(seconds=seconds)]
    head = TROUBLE.format(alerts=", ".join(alerts)) if alerts else ALL_WELL
    link = [_link_line(vitals)] if with_link else []
    return [head, *link, *_lines(vitals), LOOKED.format(at=format_dt(vitals.at, "R"))]


def _link_line(vitals: Vitals) -> str:
    link = vitals.link
    return LATENCY.format(latency=latency(link.latencies), servers=f"{link.servers:,}")


def _lines(vitals: Vitals) -> Iterator[str]:
    yield LOOP.format(lag=span(vitals.lag))
    yield QUEUES.format(
        waiting=vitals.waiting,
        places=vitals.places,
        unsaid=vitals.unsaid,
        untold=vitals.link.untold,
        writers=vitals.writers,
    )
    failed = {what: count for what, count in sorted(vitals.outcomes.items()) if what != "ok"}
    calls = CALLS.format(calls=f"{vitals.calls:,}", failed=f"{vitals.failed:,}")
    named = ", ".join(f"{what} {count:,}" for what, count in failed.items())
    yield calls + (OUTCOMES.format(outcomes=named) if failed else "")
    room = ROOM.format(database=megabytes(vitals.database_bytes), free=megabytes(vitals.disk_free_bytes))
    yield room if vitals.readable else UNREADABLE
    yield _jobs_line(vitals.jobs)


def _jobs_line(jobs: Sequence[JobReport]) -> str:
    jobs = _worth_showing(jobs)
    ill = [one.name for one in jobs if one.troubled]
    if not ill:
        return JOBS_WELL.format(count=len(jobs))
    return JOBS_ILL.format(ill=len(ill), count=len(jobs), names=", ".join(ill[:3]))


def short_health(vitals: Vitals | None, alerts: Sequence[str], *, seconds: int) -> str:
    """Return how everything fares in a sentence, for everybody."""
    if vitals is None:
        return NOT_LOOKED.format(seconds=seconds)
    if alerts:
        return SHORT_ILL
    return SHORT_WELL.format(latency=latency(vitals.link.latencies))


def jobs_lines(jobs: Sequence[JobReport], now: datetime) -> list[str]:
    """Return a line for each job, what is in trouble first."""
    shown = _worth_showing(jobs)
    ill = [one for one in shown if one.troubled]
    head = JOBS_HEAD if ill else JOBS_HEAD_WELL
    ordered = [*ill, *(one for one in shown if not one.troubled)]
    return [head.format(count=len(shown), ill=len(ill)), *(_job_line(one, now) for one in ordered)]


def _worth_showing(jobs: Sequence[JobReport]) -> list[JobReport]:
    """Return the jobs without that which keeps their own books, as long as it does."""
    return [one for one in jobs if one.name != BOOKKEEPING or one.troubled]


def fitting(lines: Sequence[str]) -> str:
    """Return as many lines as one message holds, and how many were left out."""
    text, kept = "\n".join(lines), list(lines)
    while width(text) > LONGEST:
        kept.pop()
        text = "\n".join([*kept, LEFT_OUT.format(number=len(lines) - len(kept))])
    return text


def runs_lines(runs: Sequence[JobRun]) -> list[str]:
    """Return a line for each run that was worth a row."""
    if not runs:
        return [NO_RUNS]
    return [RUNS_HEAD, *(_run_line(one) for one in runs)]


def _job_line(job: JobReport, now: datetime) -> str:
    return JOB.format(
        mark=ILL if job.troubled else "",
        name=job.name,
        plan=_plan(job.plan),
        last=_last(job),
        following=_following(job, now),
    )


def _plan(plan: Plan) -> str:
    match plan:
        case Every(seconds):
            return EVERY.format(span=span(seconds))
        case Daily(hour):
            return DAILY.format(hour=hour)
        case Once():
            return ONCE


def _last(job: JobReport) -> str:
    if job.begun_at is None or job.seconds is None:
        return NEVER_RAN
    at = format_dt(job.begun_at, "R")
    if job.error:
        return LAST_FAILED.format(at=at, error=job.error, failures=job.failures)
    return LAST_OK.format(at=at, span=span(job.seconds))


def _following(job: JobReport, now: datetime) -> str:
    if job.overdue:
        return OVERDUE.format(span=span(job.overdue))
    if job.running is not None and job.running >= 1:
        return AT_IT.format(span=span(job.running))
    if job.next_at is None:
        return OVER
    if isinstance(job.plan, Daily) and job.next_at <= now:
        return DUE_NOW
    return NEXT.format(at=format_dt(job.next_at, "R"))


def _run_line(run: JobRun) -> str:
    line = RUN.format(at=format_dt(run.begun_at, "R"), job=run.job, result=run.result)
    lasted = RUN_LASTED.format(span=span(run.seconds)) if run.seconds is not None else ""
    return line + lasted + (RUN_ERROR.format(error=run.error) if run.error else "")


def span(seconds: float) -> str:
    """Return a time as people say it: "45 ms", "3.2 s", "5 min", "2 d"."""
    for unit, name in _SPANS:
        if seconds >= unit:
            return f"{timedelta(seconds=seconds) / timedelta(seconds=unit):.3g} {name}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def megabytes(size: int) -> str:
    """Return a size in megabytes, or in gigabytes where that is shorter to read."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
