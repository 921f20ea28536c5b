"""Every line ever said is in the log or in one summary, and in no prompt of another place (C49, D2, C63)."""

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.histories import Step, played
from tests.thorough import usually

HOWS = ("timeout", "unavailable", "refused", "cut", "garbage")
STAGES = (
    "noted",
    "attended",
    "recalled",
    "composed",
    "pledged",
    "part_posted",
    "part_said",
    "settled",
    "thought again",
    "revised",
)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
REACHES = ("", "guild", "everywhere")

_person, _place, _nth, _yes = st.integers(0, 2), st.integers(0, 5), st.integers(0, 200), st.booleans()
_say = st.tuples(
    st.just("say"), _place, st.integers(0, 3), st.integers(0, 40), st.sampled_from([True, True, False]), _yes
)
_takes_back = st.one_of(
    st.tuples(st.just("edit"), _nth),
    st.tuples(st.just("delete"), _nth, st.sampled_from([1, 1, 1, 3, 20])),
    st.tuples(st.just("reset"), _person, _place, _yes),
    st.tuples(st.just("forget_pairs"), _person, _place, st.integers(1, 10)),
)
_asks = st.one_of(
    st.tuples(st.just("reroll"), _person, _place, _yes, st.sampled_from([True, True, False])),
    st.tuples(st.just("remember"), _person, _place, st.sampled_from(REACHES)),
    st.tuples(st.just("forget_memory"), _person, _nth),
    st.tuples(st.just("consent"), _person, st.sampled_from([True, True, True, False])),
)
_passes = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([1, 5, 30, 90, 300, 660, 900, 1_500, 4_000])),
    st.tuples(st.just("catch_up")),
    st.tuples(st.just("prune")),
    st.tuples(st.just("finish")),
)
_goes_wrong = st.one_of(
    st.tuples(
        st.just("fail"),
        st.sampled_from(["reply", "summary", "memories"]),
        st.sampled_from(HOWS),
        st.integers(1, 9),
    ),
    st.tuples(st.just("unreachable"), st.integers(1, 3)),
    st.tuples(st.just("kill"), st.sampled_from(STAGES)),
    st.tuples(st.just("die"), st.integers(0, 30)),
    st.tuples(st.just("wait"), st.just(15 * 1_440)),
)
_meanwhile = st.tuples(
    st.just("meanwhile"), st.sampled_from(["reply", "summary"]), st.one_of(_say, _takes_back, _asks)
)
_talks = st.tuples(st.just("talk"), _place, st.integers(0, 3), st.integers(2, 9), st.integers(0, 25))
HISTORY = st.lists(
    st.one_of(_talks, _talks, _talks, _say, _takes_back, _asks, _passes, _passes, _goes_wrong, _meanwhile),
    min_size=35,
    max_size=60,
)


async def play(history: list[Step], condensed: int) -> None:
    """Play a history, and let it come to rest."""
    folder = Path(mkdtemp())
    try:
        async with played(folder, condensed=condensed) as play:
            for step in history:
                await play.step(step)
            await play.come_to_rest()
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
@settings(max_examples=usually(2, 15), deadline=None, phases=PHASES)
@given(history=HISTORY, condensed=st.sampled_from([200, 400, 1_000, 2_000]))
async def test_no_line_is_lost_stands_twice_or_goes_astray(history, condensed):
    await play(history, condensed)


@pytest.mark.slow
@pytest.mark.timeout(3_000)
@settings(max_examples=usually(40, 120), deadline=None, phases=PHASES)
@given(history=HISTORY, condensed=st.sampled_from([200, 400, 1_000, 2_000]))
async def test_no_line_is_lost_in_many_histories(history, condensed):
    await play(history, condensed)


@pytest.mark.slow
async def test_what_was_summed_up_elsewhere_in_a_place_does_not_let_the_rest_of_it_go():
    """A history in which lines that had yet to be summed up were pruned beside those that had been."""
    talk, edit = ("talk", 0, 0, 2, 0), ("edit", 0)
    history: list[Step] = [talk, talk, edit, talk, talk, talk, edit, edit, talk, edit, edit, talk, edit]
    await play([*history, ("wait", 1_500), ("prune",)], 200)
