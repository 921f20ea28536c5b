"""Hostility and a thicker or thinner skin: what attacks leave, and how it goes again (F133)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from database.models.inner import ATTACKS as KEPT_AS_ATTACKS
from personas.affect import hormones, hostility
from personas.affect.hormones import Nature, at_rest
from personas.affect.hostility import (
    HALF_LIFE,
    POSTURES,
    SKIN_HALF_LIFE,
    WEIGHTS,
    HostilityState,
    guard_after,
)
from personas.affect.temperament import ATTACKS, Hormone, Stimulus, Temperament
from tests.support.paths import ROOT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ANYBODY = Temperament()
INNER_LIFE = (ROOT / "docs" / "inner-life.md").read_text(encoding="utf-8")


def after(
    *attacks: tuple[timedelta, Stimulus], temperament: Temperament = ANYBODY, now=NOON
) -> HostilityState:
    """Return what attacks left that were so long ago."""
    return guard_after([(NOON - ago, one) for ago, one in attacks], temperament, now)


def barrage(times: int, temperament: Temperament = ANYBODY) -> HostilityState:
    return after(*((n * MINUTE, Stimulus.CONFLICT) for n in reversed(range(times))), temperament=temperament)


def test_each_class_of_hostility_weighs_more_than_the_milder_one():
    left = [after((timedelta(0), one)).hostility for one in ATTACKS]
    assert left == sorted(left)
    assert left == list(WEIGHTS.values())


def test_one_insult_leaves_the_manner_as_usual_and_one_after_another_changes_it():
    postures = [barrage(times).posture for times in range(6)]
    assert [one.name if one else "" for one in postures] == [
        "",
        "",
        "guarded",
        "guarded",
        "hostile",
        "hostile",
    ]


def test_half_of_it_is_gone_after_its_half_life_and_then_the_manner_is_as_usual():
    fresh = barrage(3)
    assert hostility.later(fresh, NOON + HALF_LIFE).hostility == pytest.approx(fresh.hostility / 2)
    assert hostility.later(fresh, NOON + HALF_LIFE).posture is None
    assert hostility.later(fresh, NOON + SKIN_HALF_LIFE).hardening == pytest.approx(fresh.hardening / 2)


def test_however_many_there_were_the_manner_is_as_usual_once_that_can_not_be_seen_any_more():
    worst = HostilityState(NOON, hostility=1.0)
    assert hostility.later(worst, NOON + hostility.SHOWS_FOR - MINUTE).posture is not None
    assert hostility.later(worst, NOON + hostility.SHOWS_FOR + MINUTE).posture is None


def test_attacks_that_find_it_calm_make_its_skin_thicker():
    spread = after(*((n * DAY, Stimulus.CONFLICT) for n in reversed(range(7))))
    assert hostility.skin_of(spread, ANYBODY) > 0.2


def test_attacks_without_a_pause_make_its_skin_thinner():
    assert hostility.skin_of(barrage(10), ANYBODY) < -0.2


def test_through_a_thick_skin_the_same_insult_moves_the_hormones_less():
    def cortisol(skin: float) -> float:
        temperament = Temperament(skin=skin)
        nature, strength = (
            Nature(temperament, ZoneInfo("UTC")),
            hostility.strength(HostilityState(NOON), temperament),
        )
        felt = hormones.felt(at_rest(NOON), nature, Stimulus.CONFLICT, NOON, strength)
        return felt.deviations[Hormone.CORTISOL]

    assert cortisol(1.0) == pytest.approx(cortisol(0.0) / 2)
    assert cortisol(-1.0) == pytest.approx(cortisol(0.0) * 2)


def test_with_hostility_switched_off_no_attack_leaves_anything():
    assert not barrage(20, Temperament(hostility=0)).is_felt


def test_what_was_longer_ago_than_it_is_remembered_counts_for_nothing():
    assert not after((10 * DAY, Stimulus.THREAT)).is_felt


def test_kindness_is_no_attack():
    assert not after((MINUTE, Stimulus.PRAISE), (MINUTE, Stimulus.NEGLECT)).is_felt


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.sampled_from(Stimulus)), max_size=60),
    st.floats(-1, 1),
    st.floats(0, 3),
)
def test_whatever_happened_both_stay_within_their_bounds(happened, skin, pace):
    temperament = Temperament(skin=skin, hostility=pace)
    attacks = [(minutes * MINUTE, one) for minutes, one in sorted(happened, reverse=True)]
    guard = after(*attacks, temperament=temperament)
    assert 0 <= guard.hostility <= 1
    assert -1 <= hostility.skin_of(guard, temperament) <= 1
    assert 0.5 <= hostility.strength(guard, temperament) <= 2


def test_what_the_database_forgets_with_a_person_are_all_the_attacks():
    assert tuple(map(str, ATTACKS)) == KEPT_AS_ATTACKS


def test_the_page_names_each_class_and_each_posture_with_its_figures():
    for stimulus, weight in WEIGHTS.items():
        assert f"| {stimulus} | " in INNER_LIFE
        assert f" | {weight:g} |" in INNER_LIFE
    for posture in POSTURES:
        assert f"| {posture.name} | {posture.at_least:g} | {posture.manner} |" in INNER_LIFE
    for half_life in ("3 hours", "2 days"):
        assert f"half of it is gone after {half_life}" in INNER_LIFE
    assert timedelta(hours=3) == HALF_LIFE
    assert timedelta(days=2) == SKIN_HALF_LIFE
