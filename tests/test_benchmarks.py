"""The benchmarks run and print what they promise; how fast anything is, they do not say here."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import cache
from importlib.util import find_spec

import psutil  # type: ignore[import-untyped]
import pytest

from benchmarks import (
    bench_budget,
    bench_layout,
    bench_rehearsal,
    bench_scale,
    bench_start,
    bench_store,
    bench_throughput,
)
from benchmarks.bench_rehearsal import Said
from benchmarks.bench_reply import Tally, figures
from benchmarks.measuring import Goal, Stall, percentile, with_goals
from benchmarks.scale_building import Talk, Told
from benchmarks.store_building import Size, build
from benchmarks.store_searching import Store
from bot.settings.model import Settings
from tests.builders import PIXEL
from tests.fakes import EPOCH
from tests.world.process import ROOT

STORED = ("facts", "fact_sources", "fact_changes", "archive", "users")
LAGS = ("recall", "encoding", "talk")
TIMES = ["p50_ms", "p99_ms", "cpu_ms_per_reply", "longest_stall_ms", "longest_stall_cpu_ms"]


@cache
def printed(bench: str) -> dict[str, dict]:
    """Return what `python -m benchmarks BENCH --quick` printed, by the name in each line."""
    command = [sys.executable, "-m", "benchmarks", bench, "--quick"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=480, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {line["bench"]: line for line in lines}


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_pages_of_the_console_are_timed_on_a_database_of_todays_schema():
    line = printed("console")["console"]
    assert line["messages"] == 20_000
    assert 0 < line["p50_ms"] <= line["p95_ms"]
    assert {goal["figure"] for goal in line["goals"]} < line.keys()


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_every_message_of_the_reply_benchmark_is_answered_by_both_bots():
    line = printed("reply")["reply"]
    assert line["replies"] == 8
    for prefix in ("", "floor_"):
        assert all(line[prefix + key] > 0 for key in TIMES)
        assert line[prefix + "p50_ms"] <= line[prefix + "p99_ms"]
        assert line[prefix + "growth_percent"] > -100
    assert line["p50_ratio"] == pytest.approx(line["p50_ms"] / line["floor_p50_ms"], rel=0.1)
    assert line["cpu_ratio"] > 0
    assert [goal["figure"] for goal in line["goals"]] == [
        "p50_ratio",
        "cpu_ratio",
        "longest_stall_ms",
        "growth_percent",
    ]


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_as_shipped_every_message_is_answered_as_well():
    line = printed("reply")["shipped"]
    assert line["replies"] == 8
    assert line["p99_ratio"] == pytest.approx(line["p99_ms"] / line["floor_p99_ms"], rel=0.1)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_however_many_talk_at_once_replies_come():
    line = printed("throughput")["throughput"]
    for talking in bench_throughput.AT_ONCE:
        ours, floor = (line[f"{prefix}replies_a_second_{talking}"] for prefix in ("", "floor_"))
        assert ours > 0
        assert line[f"ratio_{talking}"] == pytest.approx(ours / floor, abs=0.01)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_a_bot_that_grew_is_compared_with_itself():
    line = printed("scale")["scale"]
    for grown in bench_scale.LIMITS:
        much, little = line[f"{grown}_p50_ms"], line[f"{grown}_p50_ms_with_few"]
        assert line[f"{grown}_p50_ratio"] == pytest.approx(much / little, rel=0.01)
        assert line[f"{grown}_cpu_ratio"] > 0


def test_everybody_said_as_much_and_every_tenth_line_was_answered(tmp_path):
    places = [Told(5, 7, 1, "Ada"), Told(6, 7, 1, "Ada")]
    Talk(messages=20, character="alder", people=10).build(tmp_path / "talk.sqlite3", places)
    with closing(sqlite3.connect(tmp_path / "talk.sqlite3")) as db:
        said = db.execute("SELECT channel_id, COUNT(*), SUM(from_bot) FROM messages GROUP BY 1").fetchall()
        wrong = db.execute("PRAGMA foreign_key_check").fetchall()
        (people,) = db.execute("SELECT COUNT(*) FROM users").fetchone()
    assert [one[1:] for one in said] == [(22, 2)] * 10
    assert (people, wrong) == (9, [])


async def test_a_reply_does_no_more_than_it_did(tmp_path):
    """Counts are the same on every machine: whoever needs more of them has to say so here."""
    done = await bench_budget.measure(tmp_path, bench_budget.QUICK)
    assert done["statements"] <= 32
    assert done["transactions"] <= 5
    assert done["commits"] == 3
    assert done["trips_to_threads"] == 3
    assert done["tasks"] <= 7
    assert done["bytes_written"] <= 140_000


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_of_a_start_there_are_seconds_and_memory_of_both_bots():
    line = printed("start")["start"]
    for prefix in ("", "floor_"):
        assert 0 < line[f"{prefix}ready_s"] < line[f"{prefix}first_reply_s"]
        for recall in bench_start.RECALL:
            assert 0 < line[f"{prefix}{recall}_start_mb"] < line[f"{prefix}{recall}_start_rss_mb"]
            assert line[f"{prefix}{recall}_end_mb"] > 0
    assert line["ready_ratio"] == pytest.approx(line["ready_s"] / line["floor_ready_s"], rel=0.1)
    assert line["on_step_mb"] == pytest.approx(line["on_first_mb"] - line["on_start_mb"], abs=0.1)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_no_burst_is_answered_before_the_model_can_have_answered():
    line = printed("burst")["burst"]
    assert line["channels"] == 32
    assert line["last_reply_s"] > line["model_takes_s"]
    assert line["floor_last_reply_s"] > line["model_takes_s"]
    assert line["ratio"] == pytest.approx(line["last_reply_s"] / line["floor_last_reply_s"], rel=0.1)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_voters_who_agree_settle_the_vote_in_the_time_of_one_and_others_in_that_of_two():
    line = printed("vote")["vote"]
    model_takes = 1000 * line["model_takes_s"]
    assert line["decision_ms"] >= model_takes
    assert line["disagreeing_decision_ms"] >= 2 * model_takes
    assert line["sequential_ms"] >= line["voters"] * model_takes
    assert line["disagreeing_sequential_ms"] >= line["voters"] * model_takes
    assert line["ratio"] == pytest.approx(line["decision_ms"] / line["sequential_ms"], rel=0.1)
    assert [goal["figure"] for goal in line["goals"]] == ["ratio"]


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_every_layout_is_priced_at_every_gap_next_to_the_seeds():
    line = printed("layout")["layout"]
    for gap, rows in line["layouts"].items():
        assert rows.keys() == {"seed 000", "the whole bill", *(one.name for one in bench_layout.REPLIES)}
        seed = rows["seed 000"]
        assert (seed["hit_rate"], seed["ratio"]) == (0, 1)
        assert rows["not cached"]["hit_rate"] == 0
        assert rows["ours"]["calls"]["summary"] >= 1
        for row in rows.values():
            assert row["calls"]["reply"] == seed["calls"]["reply"] > 0
            assert row["ratio"] == pytest.approx(row["dollars_per_1000"] / seed["dollars_per_1000"], rel=0.01)
        assert line[f"hit_rate_{gap}"] == rows["ours"]["hit_rate"]
        assert line[f"ratio_{gap}"] == rows["ours"]["ratio"]
    assert rows["the whole bill"]["calls"].keys() >= {"vote", "summary"}
    figures = ["hit_rate_60s", "ratio_60s", "whole_hit_rate_60s", "whole_ratio_60s"]
    assert [goal["figure"] for goal in line["goals"]] == figures


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_the_store_is_searched_warm_and_cold_and_started_next_to_an_empty_one():
    line = printed("store")["store"]
    assert line["facts"] == bench_store.QUICK.facts
    for figure in ("warm", "paged", "cold"):
        assert 0 < line[f"{figure}_p50_ms"] <= line[f"{figure}_p95_ms"] <= line[f"{figure}_p99_ms"]
        assert line[f"{figure}_cpu_p99_ms"] > 0
    assert line["disk_mb"] > 1
    assert line["growth_percent"] > -50
    assert line["start_ratio"] == pytest.approx(line["start_ms"] / line["start_empty_ms"], rel=0.01)
    assert line["lag_p99_ms"] == max(
        line["lag_p99_recall_ms"], line["lag_p99_talk_ms"], line["lag_p99_encoding_ms"]
    )


def test_the_store_is_judged_at_a_million_facts_of_5000_people():
    extent = bench_store.Extent()
    assert (extent.facts, extent.people) == (1_000_000, 5_000)
    assert {goal.figure: goal.limit for goal in bench_store.GOALS} == {
        "warm_p99_ms": 2.0,
        "cold_p99_ms": 6.0,
        "disk_mb": 1_000.0,
        "growth_percent": 5.0,
        "start_ratio": 1.2,
        "lag_p99_ms": 20.0,
    }


def test_a_store_holds_as_many_facts_as_were_asked_for_each_with_its_source_its_change_and_its_vector(
    tmp_path,
):
    size = Size(facts=600, people=5, lines=40, days=10, end=EPOCH)
    build(tmp_path / "store.sqlite3", size)
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as db:
        counts = [db.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in STORED]
        vectors = db.execute("SELECT SUM(LENGTH(ids)) / 8, SUM(LENGTH(rows)) / 448 FROM vectors").fetchone()
        (turns,) = db.execute(
            "SELECT COUNT(*) FROM facts AS one JOIN facts AS next ON next.id = one.id + 1 "
            "WHERE next.person_id <> one.person_id"
        ).fetchone()
    assert counts == [600, 600, 600, 40, 5]
    assert vectors == ((640, 640) if find_spec("numpy") else (None, None))
    assert turns > 30  # written day by day, not person by person


@pytest.mark.skipif(find_spec("numpy") is None, reason="numpy is not installed")
async def test_a_cold_recall_takes_three_statements_and_few_pages_and_the_next_one_takes_one(tmp_path):
    size = Size(facts=2_000, people=10, lines=0, days=25, end=EPOCH)
    await asyncio.to_thread(build, tmp_path / "store.sqlite3", size)
    store, said = Store(tmp_path / "store.sqlite3", people=10), list[str]()
    store._database._backend.listen(said.append)
    await store.recall(0)
    await store._forget_pages()
    said.clear()
    before = psutil.Process().io_counters().read_count
    await store.recall(1)
    read = psutil.Process().io_counters().read_count - before
    assert len(said) == 3
    assert read <= 60
    await store.recall(1)
    assert len(said) == 4
    await store.close()


def test_the_layouts_are_judged_at_gaps_of_20_60_and_240_seconds():
    judged = {goal.figure: (goal.limit, goal.at_least) for goal in bench_layout.goals((20, 60, 240))}
    assert bench_layout.Extent().gaps == (20, 60, 240)
    assert judged == {
        **{f"hit_rate_{gap}s": (0.7, True) for gap in (20, 60, 240)},
        **{f"ratio_{gap}s": (0.3, False) for gap in (20, 60, 240)},
        **{f"whole_hit_rate_{gap}s": (0.85, True) for gap in (20, 60, 240)},
        **{f"whole_ratio_{gap}s": (0.15, False) for gap in (20, 60, 240)},
    }


def test_our_layout_is_measured_at_the_size_that_the_settings_begin_with():
    assert bench_layout.Extent().tokens == Settings().conversation_token_threshold
    assert bench_layout.REPLIES[0].ttl == Settings().cache_ttl


def test_a_goal_with_a_least_value_is_met_at_it_and_missed_below_it():
    goal = Goal("hit_rate", 0.7, at_least=True)
    assert goal.judged({"hit_rate": 0.7}) == {"figure": "hit_rate", "at_least": 0.7, "met": True}
    assert goal.judged({"hit_rate": 0.69})["met"] is False


def test_a_goal_is_met_at_its_limit_and_missed_above_it():
    goals = [Goal("ratio", 2.5), Goal("stall", 50.0)]
    met = with_goals({"ratio": 2.5, "stall": 50.0}, goals)
    assert met["met"] is True
    missed = with_goals({"ratio": 2.51, "stall": 1.0}, goals)
    assert [goal["met"] for goal in missed["goals"]] == [False, True]
    assert missed["met"] is False


def test_the_figures_compare_the_medians_and_the_cpu_time_of_the_same_replies():
    ours = Tally([0.02, 0.04, 0.06], 0.06, [Stall(0.01, 0.002), Stall(0.5, 0.003), Stall(0.02, 0.004)])
    floor = Tally([0.01, 0.02, 0.09], 0.03, [Stall(0.01, 0.001)] * 3)
    line = figures(ours, floor, [4.0, 3.0])
    assert line["p50_ratio"] == 2.0
    assert line["cpu_ratio"] == 2.0
    assert line["cpu_ms_per_reply"] == 20.0
    assert line["longest_stall_ms"] == 20.0  # one window that another program disturbed does not count
    assert line["longest_stall_cpu_ms"] == 4.0
    assert line["growth_percent"] == 4.0


def test_a_percentile_lies_within_what_was_measured():
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50) == 3.0
    assert 4.0 < percentile([1.0, 2.0, 3.0, 4.0, 5.0], 99) <= 5.0


SAMPLE = "soup is a backup of everything you forgot to eat today"
PIXEL_WITH_SAMPLES = PIXEL.model_copy(
    update={"core_prompt": f"You are Pixel.\n- To ‘i made soup’ you said: {SAMPLE}"}
)


@pytest.mark.parametrize(
    ("heard", "reply", "flaw"),
    [
        ("hello", "you: hi there", "has_label"),
        ("hello", "Sure.\n**Pixel**: hi", "has_label"),
        ("hello", "Mira#123456 hi", "has_label"),
        ("hello", "Listen: I hid it.", None),
        ("my boss yelled at me", "My boss yelled at me. Why?", "is_echo"),
        ("good night", "good night", None),
        ("and now?", SAMPLE.replace("today", "once"), "repeats_sample"),
        ("hello", "*static* say again?", "is_fallback"),
        ("hello", "", "is_fallback"),
        ("hello", "Ears up.", None),
    ],
)
def test_the_talks_of_the_rehearsal_voice_are_measured_by_what_one_would_dislike(heard, reply, flaw):
    said = Said(PIXEL_WITH_SAMPLES, 0, 0, 0, heard, reply)
    measures = ("has_label", "is_echo", "repeats_sample", "is_fallback")
    assert [one for one in measures if getattr(bench_rehearsal, one)(said)] == ([flaw] if flaw else [])
