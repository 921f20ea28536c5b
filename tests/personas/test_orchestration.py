"""Who speaks when several personas hear a message, answer one another, or play a scene."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.selection.orchestration import Cue, CueReason, PairBond, banter, next_of_scene, plan
from personas.selection.routing import RoutingCandidate

NYX, PIXEL, FANGS = (RoutingCandidate(slug, (slug.title(),)) for slug in ("nyx", "pixel", "fangs"))
COMPANY = (NYX, PIXEL, FANGS)
PAIRS = [(one.slug, other.slug) for one in COMPANY for other in COMPANY if one != other]
DEVOTED = {pair: PairBond(affinity=10, compatibility=1.5) for pair in PAIRS}
HOSTILE = dict.fromkeys(PAIRS, PairBond(affinity=-10))


class Fixed(Random):
    """Chance that always draws the middle of a range, and the same fraction."""

    def __init__(self, fraction: float) -> None:
        super().__init__(0)
        self.fraction = fraction

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2

    def random(self) -> float:
        return self.fraction


def planned(text: str, company=COMPANY, *, seed: int = 1, **more: Any) -> tuple[Cue, ...]:
    usual: dict[str, Any] = {"routed": "nyx", "rng": Random(seed), "chance": 0.0}
    return plan(text, company, **usual | more)


def who(cues: tuple[Cue, ...]) -> list[str]:
    return [cue.slug for cue in cues]


# A message


def test_of_three_personas_the_ones_named_speak_in_the_order_of_the_text():
    """C27, F004, D26: persona, delay and reason as data."""
    cues = planned("Fangs and Nyx, who of you has the key?")
    assert [(cue.slug, cue.reason) for cue in cues] == [("fangs", CueReason.NAMED), ("nyx", CueReason.NAMED)]
    assert cues[0].delay == 0
    assert 1.5 <= cues[1].delay <= 4
    assert json.loads(json.dumps([asdict(cue) for cue in cues]))[1]["reason"] == "named"


def test_who_is_named_speaks_rather_than_who_was_routed():
    assert who(planned("Pixel?", routed="fangs")) == ["pixel"]


def test_where_nobody_is_named_the_routed_one_speaks_at_once():
    assert planned("is it raining?", routed="fangs") == (Cue("fangs", 0.0, CueReason.ROUTED),)


def test_whom_a_message_replies_to_speaks_before_those_it_names():
    cues = planned("Nyx says otherwise, and Fangs too", addressed=("fangs",))
    assert [(cue.slug, cue.reason) for cue in cues] == [
        ("fangs", CueReason.ADDRESSED),
        ("nyx", CueReason.NAMED),
    ]


def test_at_most_so_many_of_those_named_speak():
    company = [RoutingCandidate(name, (name,)) for name in ("ann", "ben", "cem", "dora")]
    assert who(planned("dora, cem, ben, ann?", company)) == ["dora", "cem", "ben"]
    assert who(planned("dora, cem, ben, ann?", company, most=1)) == ["dora"]


def test_nobody_speaks_who_is_not_present():
    """C27."""
    assert who(planned("Nyx and Ghost?", addressed=("ghost",))) == ["nyx"]
    assert planned("is it raining?", routed="ghost", chance=1.0) == ()
    assert who(planned("Nyx and Fangs?", (FANGS,), routed="fangs")) == ["fangs"]


def test_another_one_joins_in_as_likely_as_the_two_get_on():
    """F041, F042: with strangers that is 0.5 where the draw for chance is 1.0."""
    for fraction, joins in ((0.0, True), (0.499, True), (0.5, False), (0.9, False)):
        cues = plan("rain?", COMPANY, routed="nyx", rng=Fixed(fraction))
        assert (len(cues) == 2) is joins
        assert [cue.reason for cue in cues[1:]] == [CueReason.BANTER] * joins


def test_who_joins_in_takes_longer_than_who_was_asked():
    cues = planned("rain?", bonds=DEVOTED, chance=1.0)
    assert len(cues) == 2
    assert 3 <= cues[1].delay <= 8


def test_joining_in_can_be_made_rarer_and_switched_off():
    def joined(chance: float) -> int:
        return sum(len(planned("rain?", seed=seed, chance=chance)) > 1 for seed in range(400))

    assert 160 < joined(1.0) < 240
    assert 20 < joined(0.2) < 60
    assert joined(0.0) == 0


def test_a_large_company_is_no_noisier_than_a_small_one():
    crowd = [NYX, *(RoutingCandidate(f"p{number}", (f"P{number}",)) for number in range(30))]
    small = sum(len(planned("rain?", (NYX, PIXEL), seed=seed, chance=1.0)) > 1 for seed in range(400))
    large = sum(len(planned("rain?", crowd, seed=seed, chance=1.0)) > 1 for seed in range(400))
    assert abs(small - large) < 70


def test_who_hates_the_other_one_never_joins_in():
    assert all(len(planned("rain?", seed=seed, chance=1.0, bonds=HOSTILE)) == 1 for seed in range(100))


TEXTS = st.lists(st.sampled_from(["Nyx", "Pixel", "Fangs", "Ghost", "and", "rain?"]), max_size=8).map(
    " ".join
)
BONDS = st.dictionaries(
    st.sampled_from(PAIRS),
    st.builds(PairBond, st.floats(-10, 10), st.integers(0, 20), st.floats(0.5, 1.5), st.floats(0, 1)),
)


@given(
    text=TEXTS,
    company=st.permutations(COMPANY),
    absent=st.integers(0, 3),
    seed=st.integers(0, 2**32),
    most=st.integers(1, 4),
    bonds=BONDS,
)
def test_a_plan_is_of_those_present_each_once_and_in_no_order_of_chance(
    text, company, absent, seed, most, bonds
):
    """C27: pure, deterministic, nobody absent, nobody twice, at most `most` and one who joins in."""
    present = company[absent:]
    cues = planned(text, present, seed=seed, most=most, bonds=bonds, chance=1.0)
    assert cues == planned(text, tuple(reversed(present)), seed=seed, most=most, bonds=bonds, chance=1.0)
    assert set(who(cues)) <= {one.slug for one in present}
    assert len(who(cues)) == len(set(who(cues))) <= most + 1
    assert [cue.reason for cue in cues[:-1]].count(CueReason.BANTER) == 0
    assert all(cue.delay >= 0 for cue in cues)


def run(code: str, hash_seed: str = "0") -> str:
    """Return what a Python of its own prints; a set's order goes by its hash seed."""
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout


def test_the_orchestrator_needs_nothing_of_discord():
    """C27: pure, without a Discord import."""
    code = (
        "import sys, personas.selection.orchestration; "
        "print({'discord', 'anthropic', 'sqlalchemy'} & set(sys.modules))"
    )
    assert run(code) == "set()\n"


def test_a_plan_is_the_same_in_every_process():
    """C27: nothing depends on the order of a set."""
    code = """
from random import Random
from personas.selection.orchestration import plan
from personas.selection.routing import RoutingCandidate
crowd = [RoutingCandidate(f"p{number}", ()) for number in range(12)]
print([plan("rain?", crowd, routed="p0", rng=Random(seed)) for seed in range(20)])
"""
    assert run(code, "1") == run(code, "2")


# Banter


def answer(
    said: str, speaker: str = "nyx", *, rng: Random | None = None, since_human: int = 1, **more: Any
) -> Cue | None:
    return banter(said, speaker, COMPANY, since_human=since_human, rng=rng or Random(1), **more)


def test_who_is_named_by_a_persona_answers_it_for_certain():
    """F041."""
    cue = answer("And what do you say, Pixel?", bonds=HOSTILE, chance=0.0)
    assert cue is not None
    assert (cue.slug, cue.reason) == ("pixel", CueReason.ADDRESSED)


def test_who_says_their_own_name_does_not_answer_themselves():
    assert answer("Nyx is my name, and nobody else's", chance=0.0) is None


@pytest.mark.parametrize(
    ("bond", "likely"),
    [
        (PairBond(), 0.5),
        (PairBond(affinity=10), 1.0),
        (PairBond(recent=7), 0.15),
        (PairBond(recent=3), 0.35),
        (PairBond(compatibility=1.5), 0.75),
        (PairBond(severity=1.0), 0.1),
        (PairBond(severity=0.5), 0.3),
        (PairBond(affinity=10, severity=1.0), 0.2),
    ],
)
def test_a_persona_answers_another_with_exactly_that_probability(bond, likely):
    """F041, F042, F094: F042 x (1 - 0.8 x severity), with the draw for chance at 1.0."""
    bonds = {("nyx", "pixel"): bond, ("nyx", "fangs"): PairBond(affinity=-10)}
    assert answer("lovely night", bonds=bonds, rng=Fixed(likely - 0.001)) is not None
    assert answer("lovely night", bonds=bonds, rng=Fixed(likely + 0.001)) is None


def test_how_the_speaker_feels_about_the_other_one_counts():
    """F042: from the speaker to who may respond."""
    warm = {("nyx", "pixel"): PairBond(affinity=10), ("nyx", "fangs"): PairBond(affinity=-10)}
    cue = answer("lovely night", bonds=warm, rng=Fixed(0.9))
    assert cue is not None
    assert cue.slug == "pixel"


def test_nobody_answers_after_so_many_turns_of_personas():
    assert answer("Pixel?", since_human=3) is not None
    assert answer("Pixel?", since_human=4) is None
    assert answer("Pixel?", since_human=4, chain=5) is not None
    assert answer("Pixel?", since_human=1, chain=1) is None


@given(seed=st.integers(0, 2**32), chain=st.integers(0, 12), names=st.booleans(), bonds=BONDS)
def test_a_chain_of_personas_ends(seed, chain, names, bonds):
    """F041, C22: even when everybody adores everybody and names them, the cap on turns holds."""
    rng = Random(seed)
    cues = list(planned("good evening", seed=seed, chance=1.0, bonds=DEVOTED | bonds))
    turns, speaker = len(cues), cues[-1].slug
    first = turns
    while turns < 100:
        said = "Nyx, Pixel, Fangs?" if names else "indeed"
        cue = banter(said, speaker, COMPANY, since_human=turns, rng=rng, bonds=DEVOTED | bonds, chain=chain)
        if cue is None:
            break
        assert cue.slug != speaker
        turns, speaker = turns + 1, cue.slug
    assert turns <= max(chain, first)
    assert not names or turns == max(chain, first)


# Scenes


def test_a_scene_alternates_for_exactly_its_turns():
    """C26: six turns of two."""
    turns = [next_of_scene(("nyx", "pixel"), done, 6) for done in range(8)]
    assert turns == ["nyx", "pixel", "nyx", "pixel", "nyx", "pixel", None, None]


def test_a_scene_of_three_goes_round():
    assert [next_of_scene(("a", "b", "c"), done, 5) for done in range(6)] == ["a", "b", "c", "a", "b", None]


def test_a_scene_takes_two():
    assert next_of_scene(("nyx",), 0, 6) is None
    assert next_of_scene(("nyx", "nyx"), 0, 6) is None
    assert next_of_scene((), 0, 6) is None


@given(members=st.lists(st.sampled_from("abcdef"), min_size=2, unique=True), turns=st.integers(0, 30))
def test_a_scene_has_its_exact_count_and_nobody_speaks_twice_running(members, turns):
    """C26."""
    spoken = [next_of_scene(members, done, turns) for done in range(turns + 3)]
    assert spoken[turns:] == [None] * 3
    assert None not in spoken[:turns]
    assert all(one != after for one, after in pairwise(spoken[:turns]))
