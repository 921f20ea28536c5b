"""What an encounter counts for by what surrounds it: the modifier m (F092)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.affect import moods
from personas.relations.affinity import DELTAS, Interaction
from personas.relations.circumstances import AGAIN, MOODS, SILENCE, Around, factors, modifier

GOOD, BAD = Interaction.COMPLIMENT, Interaction.INSULT
SOON, LATER = timedelta(minutes=1), timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "around", "parts"),
    [
        (GOOD, Around(), {}),
        (GOOD, Around(in_scene=True), {"scene": 1.2}),
        (BAD, Around(in_scene=True), {"scene": 1.2}),
        (GOOD, Around(last=GOOD, since=SOON), {"again": 0.8}),
        (GOOD, Around(last=GOOD, since=AGAIN), {}),
        (GOOD, Around(last=BAD, since=SOON), {}),
        (GOOD, Around(last=BAD, since=LATER), {}),
        (GOOD, Around(last=BAD, since=SILENCE), {"silence": 1.2}),
        (GOOD, Around(since=SILENCE), {}),
        (GOOD, Around(severity=1.0), {"conflict": 0.7}),
        (BAD, Around(severity=1.0), {"conflict": 1.3}),
        (BAD, Around(severity=0.5), {"conflict": 1.15}),
        (GOOD, Around(mood="bright"), {"mood": 1.2}),
        (BAD, Around(mood="bright"), {"mood": 0.9}),
        (GOOD, Around(mood="stressed"), {"mood": 0.9}),
        (BAD, Around(mood="stressed"), {"mood": 1.2}),
        (BAD, Around(mood="melancholic"), {"mood": 1.1}),
        (GOOD, Around(mood="calm"), {}),
        (Interaction.OTHER, Around(in_scene=True, mood="bright"), {}),
    ],
)
def test_each_circumstance_has_its_part(kind, around, parts):
    assert factors(kind, around) == parts


@pytest.mark.parametrize(
    ("around", "m"),
    [
        (Around(), 1.0),
        (Around(in_scene=True, mood="stressed"), 1.44),
        (Around(in_scene=True, severity=1.0, mood="stressed"), 1.5),
        (Around(last=BAD, since=SOON, severity=0.5), 0.92),
    ],
)
def test_the_parts_are_multiplied_within_bounds(around, m):
    assert modifier(factors(BAD, around)) == m
    assert modifier({"one": 0.1}) == 0.5


@given(
    st.sampled_from(Interaction),
    st.builds(
        Around,
        in_scene=st.booleans(),
        last=st.none() | st.sampled_from(Interaction),
        since=st.timedeltas(timedelta(days=-1), timedelta(days=99)),
        severity=st.floats(-1, 2),
        mood=st.sampled_from(["", *MOODS]),
    ),
)
def test_no_circumstances_make_more_or_less_of_it_than_half(kind, around):
    assert 0.5 <= modifier(factors(kind, around)) <= 1.5
    assert DELTAS[kind] or factors(kind, around) == {}


def test_the_moods_that_count_are_moods_that_there_are():
    assert set(MOODS) <= {one.name for one in moods.MOODS}
