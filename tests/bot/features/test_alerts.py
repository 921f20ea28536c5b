"""Alerts: once when it begins, once when it is over, and no storm in between (F017)."""

import math
from dataclasses import replace

import pytest

from bot.features.operations.alerts import (
    BEGINS_AFTER,
    BEGUN,
    EASED,
    ENDED,
    ENDS_AFTER,
    FEWEST_CALLS,
    NAMED,
    AlertBounds,
    Alerts,
)
from bot.features.operations.vitals import Link, Vitals
from bot.jobs.timetable import Every, JobReport
from tests.fakes import EPOCH
from tests.support.paths import ROOT

GB = 10**9
BOUNDS = AlertBounds(latency=1.0, database=4 * GB, disk_free=GB)
WELL = Vitals(EPOCH, 60.0, Link({0: 0.1}, 3, ready=True), disk_free_bytes=50 * GB)


class Watch:
    """Alerts, and what was told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.over: list[str] = []
        self.alerts = Alerts(BOUNDS, tell=self.begun.append, ease=self.over.append)

    def see(self, *times: Vitals) -> None:
        for vitals in times:
            self.alerts.judge(vitals)

    @property
    def told(self) -> tuple[int, int]:
        return len(self.begun), len(self.over)


@pytest.fixture
def watch() -> Watch:
    return Watch()


def slow(seconds: float) -> Vitals:
    return replace(WELL, link=Link({0: seconds}))


def job(name: str, *, failing: bool = False, overdue: float = 0.0) -> JobReport:
    return JobReport(name, Every(30), 1, 3 * failing, EPOCH, 0.1, None, None, None, None, overdue, failing)


ILL: dict[str, Vitals] = {
    "connection": replace(WELL, link=Link({0: math.nan, 1: math.inf})),
    "latency": slow(1.2),
    "event loop": replace(WELL, lag=1.5),
    "model": replace(WELL, outcomes={"ok": 3, "timeout": 4, "unavailable": 1}),
    "database": replace(WELL, readable=False),
    "database size": replace(WELL, database_bytes=5 * GB),
    "disk": replace(WELL, disk_free_bytes=GB // 2),
    "job": replace(WELL, jobs=(job("heartbeat", failing=True),)),
}
WELL_AGAIN = replace(WELL, jobs=(job("heartbeat"),))


def test_there_is_a_case_for_each_alert():
    assert ILL.keys() == BEGUN.keys() == ENDED.keys()


@pytest.mark.parametrize("alert", ILL)
def test_each_alert_begins_once_and_ends_once(watch, alert):
    watch.see(WELL_AGAIN, *[ILL[alert]] * 100)
    assert watch.told == (1, 0)
    assert watch.alerts.on == [alert]
    watch.see(*[WELL_AGAIN] * 100)
    assert watch.told == (1, 1)
    assert watch.alerts.on == []
    watch.see(*[ILL[alert]] * 100)
    assert watch.told == (2, 1)


@pytest.mark.parametrize("alert", ILL)
def test_what_comes_and_goes_is_no_alert(watch, alert):
    for _ in range(50):
        watch.see(*[ILL[alert]] * (BEGINS_AFTER - 1), WELL_AGAIN)
    assert watch.told == (0, 0)


@pytest.mark.parametrize("alert", ILL)
def test_a_short_relief_does_not_end_an_alert(watch, alert):
    watch.see(*[ILL[alert]] * BEGINS_AFTER)
    for _ in range(50):
        watch.see(*[WELL_AGAIN] * (ENDS_AFTER - 1), ILL[alert])
    assert watch.told == (1, 0)


@pytest.mark.parametrize(
    "hovering",
    [
        lambda by: slow(1.0 + by / 100),
        lambda by: replace(WELL, lag=1.0 + by / 100),
        lambda by: replace(WELL, database_bytes=4 * GB + by * GB // 100),
        lambda by: replace(WELL, disk_free_bytes=GB - by * GB // 100),
        lambda by: replace(WELL, outcomes={"ok": 50 - by, "timeout": 50 + by}),
    ],
)
def test_a_value_that_hovers_at_its_bound_is_told_once(watch, hovering):
    for by in [5, 5, 5, -5, -5, -5] * 20:
        watch.see(hovering(by))
    assert watch.told == (1, 0)


def test_an_alert_names_the_facts_and_where_to_look(watch):
    for vitals in ILL.values():
        watch.see(*[vitals] * BEGINS_AFTER, *[WELL_AGAIN] * ENDS_AFTER)
    assert watch.begun[1:4] == [
        "Alert: Discord answers slowly (shard 0: 1.20 s). Look up \u201clatency\u201d in docs/operating.md.",
        (
            "Alert: the event loop stands still for up to 1.5 s, so everything comes late. "
            "Look up \u201cevent loop\u201d in docs/operating.md."
        ),
        (
            "Alert: 5 of the last 8 calls to the model failed (ok 3, timeout 4, unavailable 1). "
            "Look up \u201cmodel\u201d in docs/operating.md."
        ),
    ]
    assert "only 500 MB are free" in watch.begun[6]
    assert len(watch.over) == len(watch.begun) == len(ILL)


def test_ten_jobs_that_fail_together_are_one_line(watch):
    names = [f"job {number}" for number in range(10)]
    watch.see(*[replace(WELL, jobs=tuple(job(one, overdue=5.0) for one in names))] * 9)
    (line,) = watch.begun
    assert "job 0, job 1, job 2 and 7 more" in line
    assert NAMED == 3
    watch.see(*[replace(WELL, jobs=tuple(map(job, names)))] * 9)
    assert len(watch.over) == 1


def test_another_job_that_fails_is_told_too(watch):
    ill = job("one", failing=True)
    watch.see(*[replace(WELL, jobs=(ill, job("two")))] * 5)
    watch.see(*[replace(WELL, jobs=(ill, job("two", failing=True)))] * 5)
    assert [line.split(". Write")[0] for line in watch.begun] == [
        "Alert: jobs fail or are overdue: one",
        "Alert: jobs fail or are overdue: two",
    ]


def test_few_calls_say_nothing_about_the_model(watch):
    watch.see(*[replace(WELL, outcomes={"timeout": FEWEST_CALLS - 1})] * 9)
    assert watch.told == (0, 0)


def test_a_refusal_is_an_answer(watch):
    watch.see(*[replace(WELL, outcomes={"refused": 50})] * 9)
    assert watch.told == (0, 0)


def test_a_model_that_nobody_asks_any_more_is_no_alert_for_ever(watch):
    watch.see(*[ILL["model"]] * 9, *[WELL] * ENDS_AFTER)
    assert watch.told == (1, 1)


def test_a_bound_of_nothing_is_never_reached():
    begun: list[str] = []
    alerts = Alerts(AlertBounds(), tell=begun.append, ease=begun.append)
    for _ in range(9):
        alerts.judge(replace(WELL, database_bytes=10**15, disk_free_bytes=0))
    assert begun == []


def test_the_guide_has_a_chapter_for_each_alert():
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    for alert in BEGUN:
        assert f"\n### {alert}\n" in guide
    assert EASED == 0.75
    assert f"after {('', 'one', 'two', 'three')[BEGINS_AFTER]} looks" in guide
