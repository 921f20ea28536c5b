"""The health of the program as text for operators: its jobs, connection, database and models (F017)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from discord.utils import format_dt

from bot.conversation.text.split import width
from bot.core.i18n import _, number, worded
from bot.features.operations.vitals import Vitals
from bot.jobs.schedule import BOOKKEEPING
from bot.jobs.timetable import Daily, Every, JobReport, Once, Plan
from cogs._discord.text import LONGEST
from database.models import JobRun

NOT_LOOKED = _(
    "Nothing has been checked yet: the first check comes {seconds} seconds after the start. Ask again then."
)
ALL_WELL = _("All is well.")
TROUBLE = _("Alerts are on: {alerts}. docs/operating.md says what each means and what to do.")
LOCKED_OUT = {
    "key": _(
        "Nobody has been answered since {since}: the model's server refuses the key (`anthropic_api_key`). "
        "Write a valid one into config.env: it is taken at the next message."
    ),
    "permission": _(
        "Nobody has been answered since {since}: the model's server does not let this key use the model. "
        "Allow it in the account's console, or write another `anthropic_api_key` into config.env: "
        "it is taken at the next message."
    ),
    "billing": _(
        "Nobody has been answered since {since}: the model's server asks for payment. "
        "See to the billing in the account's console; the next try comes within 15 minutes."
    ),
}
LATENCY = _("- Discord: latency {latency}, {servers} servers")
LOOP = _("- event loop: {lag} late at worst in the last minute")
QUEUES = _(
    "- waiting: {waiting} messages in {places} channels, {unsaid} replies not said yet, "
    "{untold} lines for the log channel, {writers} writers"
)
CALLS = _("- model, last 15 minutes: {calls} calls, {failed} failed")
CALLS_FAILED = _("- model, last 15 minutes: {calls} calls, {failed} failed ({outcomes})")
ROOM = _("- database {database}, free on the disk {free}")
UNREADABLE = _("- database: can't be read")
JOBS_WELL = _("- jobs: {count}, all as they should be")
JOBS_ILL = _("- jobs: {ill} of {count} fail or are overdue: {names}; `jobs` says more")
LOOKED = _("- looked at {at}")
SHORT_WELL = _("I am well: Discord answers in {latency}, and nothing is broken that I know of.")
SHORT_LOCKED_OUT = {
    "key": _("I have had no answer for anybody since {since}: the model's server refuses my key."),
    "permission": _("I have had no answer for anybody since {since}: my key may not use the model."),
    "billing": _("I have had no answer for anybody since {since}: the model's server asks for payment."),
}
OPERATORS_KNOW = _("The bot's operators have been told.")
SHORT_ILL = _("Something is not as it should be, and the bot's operators are told. Replies may come late.")

JOBS_HEAD = _("**{count} jobs**, {ill} in trouble")
JOBS_HEAD_WELL = _("**{count} jobs**, all as they should be")
JOB = "- {mark}**{name}**: {plan}; {last}; {following}"
ILL = "\N{WARNING SIGN} "
EVERY, DAILY = _("every {span}"), _("daily from {hour:02d}:00")
ONCE = _("once", "how often a job runs")
NEVER_RAN = _("not run yet")
LAST_OK = _("last {at}, took {span}")
LAST_FAILED = _("last {at} failed ({error}), {failures} in a row")
AT_IT = _("at it for {span}")
NEXT, OVERDUE, DUE_NOW, OVER = (
    _("next {at}"),
    _("overdue by {span}"),
    _("due now"),
    _("done", "a job that runs once"),
)
LEFT_OUT = _("… and {number} more: `/admin jobs` shows all.")
RUNS_HEAD = _("**Runs worth noting**, the newest first")
RUN = "- {at} {job}: {result}"
RUN_LASTED = _("{result} after {span}")
RUN_ERROR = "{result} ({error})"
NO_RUNS = _("No run has been worth noting yet: of frequent jobs only failures and long runs are noted.")

_SPANS = ((86_400, _("{number} d")), (3_600, _("{number} h")), (60, _("{number} min")))
_SECONDS, _MILLISECONDS = _("{number} s"), _("{number} ms")
_GIGABYTES, _MEGABYTES = _("{number} GB"), _("{number} MB")
JOBS = {
    "sum up what ages": _("sum up what ages", "a job"),
    "forget what expired": _("forget what expired", "a job"),
    "count what characters did": _("count what characters did", "a job"),
    "draw facts from talk": _("draw facts from talk", "a job"),
    "embed what is new": _("embed what is new", "a job"),
    "forget what is past its time": _("forget what is past its time", "a job"),
    "erase who wished it": _("erase who wished it", "a job"),
    "note what was spent": _("note what was spent", "a job"),
    "write the whole database anew": _("write the whole database anew", "a job"),
    "check the whole database": _("check the whole database", "a job"),
    "check what the start left out": _("check what the start left out", "a job"),
    "go on with what was left behind": _("go on with what was left behind", "a job"),
    "give faces to characters": _("give faces to characters", "a job"),
    "speak first": _("speak first", "a job"),
    "heartbeat": _("heartbeat", "a job"),
    "say what is due": _("say what is due", "a job"),
    "write down how the jobs fare": _("write down how the jobs fare", "a job"),
}
RESULTS = {
    "ok": _("ok", "what came of a job or a call"),
    "failed": _("failed", "what came of a job or a call"),
    "running": _("running", "what came of a job or a call"),
    "broken off": _("broken off", "what came of a job or a call"),
    "timeout": _("timeout", "what came of a job or a call"),
    "unavailable": _("unavailable", "what came of a job or a call"),
    "rejected": _("rejected", "what came of a job or a call"),
    "too long": _("too long", "what came of a job or a call"),
    "denied": _("denied", "what came of a job or a call"),
    "refused": _("refused", "what came of a job or a call"),
    "empty": _("empty", "what came of a job or a call"),
    "cut": _("cut", "what came of a job or a call"),
    "over budget": _("over budget", "what came of a job or a call"),
}
MILLISECONDS = _("{number} ms")
UNKNOWN = _("unknown", "how fast Discord answers")
OF_SHARD = _("{latency} (shard {shard})")


def health_lines(
    vitals: Vitals | None, alerts: Sequence[str], *, seconds: int, with_link: bool = True
) -> list[str]:
    """Return the health report for operators, a line per part; `with_link` adds the connection."""
    if vitals is None:
        return [NOT_LOOKED.format(seconds=seconds)]
    head = [LOCKED_OUT[out.what].format(since=format_dt(out.since))] if (out := vitals.lockout) else []
    if alerts:
        head.append(TROUBLE.format(alerts=", ".join(alerts)))
    link = [_link_line(vitals)] if with_link else []
    return [*(head or [str(ALL_WELL)]), *link, *_lines(vitals), LOOKED.format(at=format_dt(vitals.at, "R"))]


def _link_line(vitals: Vitals) -> str:
    link = vitals.link
    return LATENCY.format(latency=latency(link.latencies), servers=number(link.servers))


def _lines(vitals: Vitals) -> Iterator[str]:
    yield LOOP.format(lag=span(vitals.lag))
    yield QUEUES.format(
        waiting=vitals.waiting,
        places=vitals.places,
        unsaid=vitals.unsaid,
        untold=vitals.link.untold,
        writers=vitals.writers,
    )
    failed = {outcome: count for outcome, count in sorted(vitals.outcomes.items()) if outcome != "ok"}
    named = ", ".join(f"{worded(RESULTS, outcome)} {number(count)}" for outcome, count in failed.items())
    calls = CALLS_FAILED if failed else CALLS
    yield calls.format(calls=number(vitals.calls), failed=number(vitals.failed), outcomes=named)
    room = ROOM.format(database=megabytes(vitals.database_bytes), free=megabytes(vitals.disk_free_bytes))
    yield room if vitals.readable else str(UNREADABLE)
    yield _jobs_line(vitals.jobs)


def _jobs_line(jobs: Sequence[JobReport]) -> str:
    jobs = _worth_showing(jobs)
    ill = [job.name for job in jobs if job.troubled]
    if not ill:
        return JOBS_WELL.format(count=len(jobs))
    return JOBS_ILL.format(
        ill=len(ill), count=len(jobs), names=", ".join(worded(JOBS, job) for job in ill[:3])
    )


def short_health(vitals: Vitals | None, alerts: Sequence[str], *, seconds: int) -> str:
    """Return the health of the bot in one sentence for everybody."""
    if vitals is None:
        return NOT_LOOKED.format(seconds=seconds)
    if out := vitals.lockout:
        return f"{SHORT_LOCKED_OUT[out.what].format(since=format_dt(out.since))} {OPERATORS_KNOW}"
    if alerts:
        return SHORT_ILL
    return SHORT_WELL.format(latency=latency(vitals.link.latencies))


def jobs_lines(jobs: Sequence[JobReport], now: datetime) -> list[str]:
    """Return a line for each job, troubled jobs first."""
    shown = _worth_showing(jobs)
    ill = [job for job in shown if job.troubled]
    head = JOBS_HEAD if ill else JOBS_HEAD_WELL
    ordered = [*ill, *(job for job in shown if not job.troubled)]
    return [head.format(count=len(shown), ill=len(ill)), *(_job_line(job, now) for job in ordered)]


def _worth_showing(jobs: Sequence[JobReport]) -> list[JobReport]:
    """Return the jobs; the job that records their runs is left out while it works."""
    return [job for job in jobs if job.name != BOOKKEEPING or job.troubled]


def fitting(lines: Sequence[str]) -> str:
    """Return as many lines as one message holds, followed by the number of omitted lines."""
    text, kept = "\n".join(lines), list(lines)
    while width(text) > LONGEST:
        kept.pop()
        text = "\n".join([*kept, LEFT_OUT.format(number=len(lines) - len(kept))])
    return text


def runs_lines(runs: Sequence[JobRun]) -> list[str]:
    """Return a line for each recorded run."""
    if not runs:
        return [str(NO_RUNS)]
    return [str(RUNS_HEAD), *(_run_line(run) for run in runs)]


def _job_line(job: JobReport, now: datetime) -> str:
    return JOB.format(
        mark=ILL if job.troubled else "",
        name=worded(JOBS, job.name),
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
    result = worded(RESULTS, run.result)
    result = RUN_LASTED.format(result=result, span=span(run.seconds)) if run.seconds is not None else result
    result = RUN_ERROR.format(result=result, error=run.error) if run.error else result
    return RUN.format(at=format_dt(run.begun_at, "R"), job=worded(JOBS, run.job), result=result)


def span(seconds: float) -> str:
    """Return a duration in its largest unit: "45 ms", "3.2 s", "5 min", "2 d"."""
    for unit, words in _SPANS:
        if seconds >= unit:
            return words.format(number=number(timedelta(seconds=seconds) / timedelta(seconds=unit), ".3g"))
    if seconds >= 1:
        return _SECONDS.format(number=number(seconds, ".3g"))
    return _MILLISECONDS.format(number=number(seconds * 1000, ".0f"))


def megabytes(size: int) -> str:
    """Return a size in megabytes, or in gigabytes if that is shorter."""
    if size >= 1e9:
        return _GIGABYTES.format(number=number(size / 1e9, ",.1f"))
    return _MEGABYTES.format(number=number(size / 1e6, ",.1f"))


def latency(latencies: Mapping[int, float]) -> str:
    """Return "45 ms", per shard if there are several; the latency is unknown before the first heartbeat."""
    shown = {
        shard: MILLISECONDS.format(number=number(seconds * 1000, ".0f"))
        if math.isfinite(seconds)
        else str(UNKNOWN)
        for shard, seconds in latencies.items()
    }
    if len(shown) == 1:
        return next(iter(shown.values()))
    told = (OF_SHARD.format(latency=milliseconds, shard=shard) for shard, milliseconds in shown.items())
    return ", ".join(told) or str(UNKNOWN)
