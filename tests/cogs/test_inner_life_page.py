"""docs/inner-life.md says what the code does: every table, and every figure in its sentences (F085, F089)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from math import exp, log
from operator import ge, le

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.message_log import STIRRINGS_KEPT
from bot.features.inner_life.days import MORNING
from bot.features.inner_life.relationship import A_DAY, MOST_DISPUTES
from bot.features.inner_life.replay import SHOWN
from personas.affect import hormones, moods
from personas.affect.hormones import CURVES, EFFECTS, NIGHT_HOURS, NOVELTY, RATE, SILENCES
from personas.affect.moods import MOODS, SHIFTS, SLEEPY
from personas.affect.temperament import BASELINES, USUAL, DayMood, Hormone, Stimulus
from personas.relations import bonds
from personas.relations.bonds import BOUNDS, STAGES, TIME, Bond, Metric, Tone
from tests.fakes import EPOCH
from tests.support.paths import ROOT

PAGE = ROOT / "docs/inner-life.md"
TEXT = PAGE.read_text("utf-8")
PLAIN = " ".join(TEXT.split())


def tables() -> Iterator[list[list[str]]]:
    """Return the tables, each as its rows with the head first."""
    for block in re.findall(r"(?m)(?:^\|.*\n)+", TEXT):
        rows = [[cell.strip() for cell in line.strip()[1:-1].split("|")] for line in block.splitlines()]
        yield [row for row in rows if not set("".join(row)) <= set("- ")]


def table(*head: str) -> dict[str, list[str]]:
    """Return the table with this head: its rows by their first cells."""
    [found] = [one for one in tables() if one[0] == list(head)]
    rows = {row[0]: row[1:] for row in found[1:]}
    assert len(rows) == len(found) - 1
    return rows


def amounts(cell: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+) ([+-]\d+(?:\.\d+)?)", cell)}


def test_hormones_rest_where_the_page_says_and_gather_in_their_hours():
    told = table("hormone", "rests at", "by the hour")
    assert {Hormone(name): float(row[0]) for name, row in told.items()} == dict(BASELINES)
    by_hour = {
        Hormone(name): tuple(map(float, re.findall(r"\d+(?:\.\d+)?", row[1])))
        for name, row in told.items()
        if row[1]
    }
    assert by_hour == {one: (amount, begin, end) for one, (begin, end, amount) in CURVES.items()}


def test_stimuli_do_what_the_page_says():
    told = table("stimulus", "when", "what it does")
    assert {Stimulus(name): amounts(row[1]) for name, row in told.items()} == {
        one: {str(hormone): value for hormone, value in effects.items()} for one, effects in EFFECTS.items()
    }
    hours = [int(hour) for hour in re.findall(r"\d+", told["neglect"][0])]
    assert tuple(timedelta(hours=one) for one in hours) == SILENCES
    assert tuple(int(hour) for hour in re.findall(r"\d+", told["night"][0])) == NIGHT_HOURS


MOOD_ROWS = table("mood", "when", "how it talks")
LEVELS = st.fixed_dictionaries(
    {
        one: st.floats(0.3, 0.7) | st.sampled_from([0.42, 0.45, 0.47, 0.48, 0.52, 0.55, 0.57, 0.6, 0.62])
        for one in Hormone
    }
)


def holds(condition: str, levels: dict[Hormone, float]) -> bool:
    """Say whether a condition as the page words it holds: the `and` binds more than the `, or`."""
    for way in condition.split(", or "):
        parts = [re.fullmatch(r"(\w+) (>=|<=) ([\d.]+)", part) for part in way.split(" and ")]
        compared = {">=": ge, "<=": le}
        if all(one and compared[one[2]](levels[Hormone(one[1])], float(one[3])) for one in parts):
            return True
    return False


def test_moods_stand_in_their_order_with_their_manners():
    assert [(name, row[1]) for name, row in MOOD_ROWS.items()] == [(one.name, one.manner) for one in MOODS]


@given(LEVELS)
def test_moods_are_found_just_when_the_page_says(levels):
    for mood in MOODS:
        assert bool(mood.way_into(levels)) == holds(MOOD_ROWS[mood.name][0], levels), (mood.name, levels)


def test_days_are_as_usual_and_shift_as_the_page_says():
    told = table("day", "usually", "at 10")
    assert {DayMood(name): int(row[0]) for name, row in told.items()} == dict(USUAL)
    assert {DayMood(name): amounts(row[1]) for name, row in told.items()} == {
        day: {str(hormone): value for hormone, value in shift.items()} for day, shift in SHIFTS.items()
    }


def test_the_four_numbers_have_their_bounds_and_begin_where_the_page_says():
    told = table("number", "from", "to", "begins at", "what moves it")
    fresh = Bond(EPOCH)
    assert {Metric(name): tuple(map(int, row[:3])) for name, row in told.items()} == {
        metric: (*BOUNDS[metric], fresh.of(metric)) for metric in Metric
    }


def test_every_cause_that_the_rules_know_stands_on_the_page_and_no_other():
    told = table("number", "from", "to", "begins at", "what moves it")
    said = {
        (Metric(name), 1 if part.startswith("up") else -1, cause.strip())
        for name, row in told.items()
        for part in row[3].split("; ")
        for cause in part.split(": ", 1)[1].split(",")
    }
    said = {one for one in said if not one[2].startswith("and by one")}
    known = {
        (step.metric, step.change, step.cause)
        for tone in Tone
        for anger in (1, 6)
        for exchanges in (1, 4, 19)
        for register in (-5, 0, 5)
        for step in bonds.shifted(
            Bond(EPOCH, anger=anger, rapport=3, trust=3, exchanges=exchanges), tone, register, EPOCH
        )[1]
        if step.cause != TIME
    }
    assert said == known


def test_stages_begin_where_the_page_says():
    told = table("stage", "exchanges", "warmth")
    assert [(name, *map(int, row)) for name, row in told.items()] == [
        (one.name, one.exchanges, one.warmth) for one in STAGES
    ]


@pytest.mark.parametrize(
    "figure",
    [
        f"After each minute {exp(-RATE / 60):g} of a deviation is left",
        f"half of it is gone after {round(60 * log(2) / RATE)} minutes",
        f"From melatonin {SLEEPY:g} on it is sleepy",
        "from 0.75 to 1.3 times its usual speed",
        f"{1 - exp(-1):.0%}".replace("%", " %") + f" after {NOVELTY // timedelta(minutes=1)} minutes",
        f"Each morning at {MORNING} o'clock",
        f"and the last {'seven' if SHOWN.days == 7 else SHOWN.days} days as a picture",
        f"What moved a character is kept for {STIRRINGS_KEPT.days} days",
        f"by one after each {bonds.COOLING // timedelta(hours=1)} hours",
        f"The same cause counts once in {bonds.AGAIN // timedelta(minutes=1)} minutes",
        f"makes rapport after each {bonds._EVERY_RAPPORT} answers and trust",
        f"trust after each {bonds._EVERY_TRUST}, up to {bonds._REGULAR};",
        f"when it is {bonds.MARGIN} colder than where it begins",
        f"once each, {MOST_DISPUTES} times within {A_DAY // timedelta(hours=1)} hours over all characters",
    ],
)
def test_figures_in_sentences_are_those_of_the_code(figure):
    assert figure in PLAIN


def test_how_fast_it_types_stays_within_what_the_page_says():
    ends = [
        moods.tempo_of({**BASELINES, Hormone.ADRENALINE: high, Hormone.MELATONIN: low})
        for high, low in ((1.0, 0.0), (0.0, 1.0))
    ]
    assert ends == [1.3, 0.75]
    assert hormones.EFFECTS


def test_links_and_pictures_of_the_page_are_there():
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", TEXT):
        assert (PAGE.parent / target).is_file(), target
