"""Which persona answers: the points, the order of the steps, and what may not make a difference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.character import Character
from personas.selection.mentions import about, spoken
from personas.selection.routing import (
    How,
    NobodyPresentError,
    Routed,
    RoutingCandidate,
    Rules,
    Spoke,
    WeightError,
    candidate_of,
    named,
    route,
    scores,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NYX = RoutingCandidate(
    slug="nyx",
    names=("Nyx",),
    interests=("stars", "poetry", "night walks"),
    avoidances=("mornings",),
    knowledge="astronomy",
    channels=("#observatory", "4242"),
    activities=("stargazing",),
)
PIXEL = RoutingCandidate(
    slug="pixel",
    names=("Pixel", "Pix"),
    interests=("games", "robots"),
    avoidances=("sports", "politics"),
    knowledge="programming",
    activities=("minecraft", "speedrun"),
)
FANGS = RoutingCandidate(
    slug="fangs",
    names=("Lady Fangs", "Fangs"),
    interests=("history", "poetry", "castles"),
    knowledge="etiquette",
    channels=("salon",),
)
COMPANY = (NYX, PIXEL, FANGS)


def routed(text: str, company=COMPANY, *, seed: int = 1, default: str = "fangs", **more: Any) -> Routed:
    return route(text, company, default=default, now=NOW, rng=Random(seed), **more)


def ago(slug: str, seconds: float) -> Spoke:
    return Spoke(slug, NOW - timedelta(seconds=seconds))


# The points


@pytest.mark.parametrize(
    ("text", "channel", "points"),
    [
        ("Nyx, are you there?", (), {"nyx": 100}),
        ("look at the stars", (), {"nyx": 50}),
        ("poetry about the stars", (), {"nyx": 100, "fangs": 50}),
        ("a course in astronomy", (), {"nyx": 30}),
        ("good evening", ("4242", "lounge"), {"nyx": 20}),
        ("good evening", ("7", "observatory"), {"nyx": 20}),
        ("good evening", ("7", "Salon"), {"fangs": 20}),
        ("Nyx, poetry on stars, astronomy", ("4242",), {"nyx": 250, "fangs": 50}),
        ("robots and games and programming", (), {"pixel": 130}),
        ("stars in the mornings", (), {}),
        ("Nyx, what of the mornings?", (), {}),
        ("Nyx, what of stars in the mornings?", (), {"nyx": 50}),
        ("Pixel, are there sports games in politics?", (), {}),
        ("is it raining?", (), {}),
    ],
)
def test_each_sign_brings_its_points_and_only_more_than_none_count(text, channel, points):
    """C23, F101: name 100, interest 50, domain 30, channel 20, avoidance -100; only > 0."""
    assert {slug: score.points for slug, score in scores(text, COMPANY, channel=channel).items()} == points


def test_the_points_are_multiplied_by_the_weight():
    """F101, F108 (PERSONA_WEIGHTS)."""
    heavy, light = replace(NYX, weight=2.5), replace(FANGS, weight=0.5)
    found = scores("poetry", (heavy, light))
    assert {slug: score.points for slug, score in found.items()} == {"nyx": 125, "fangs": 25}
    assert scores("poetry", (replace(NYX, weight=0),)) == {}


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused_with_the_name_of_the_persona(weight):
    with pytest.raises(WeightError, match="nyx"):
        replace(NYX, weight=weight)


def test_a_score_tells_what_brought_it():
    score = scores("Nyx, poetry in the mornings", (NYX,), channel=("4242",))["nyx"]
    assert score.signs == ("name", "interest: poetry", "channel", "avoidance: mornings")
    assert score.points == 70


def test_a_name_or_topic_said_twice_counts_once():
    doubled = replace(NYX, interests=("stars", "Stars", "STARS"))
    assert scores("Nyx! Nyx, the stars, all the stars", (doubled,))["nyx"].points == 150


@pytest.mark.parametrize(
    "text",
    [
        "onyx is a gemstone",
        "nyxian art",
        "a nyx-like look",
        "`nyx`",
        "https://example.org/nyx",
        "a_nyx",
        "x.nyx",
    ],
)
def test_a_name_within_a_word_a_link_or_code_is_no_call(text):
    """F101, C23."""
    assert named(text, COMPANY) == ()


@pytest.mark.parametrize(
    "text", ["NYX!", "is that nyx's cat?", "*nyx*", "_Nyx_ please", "hey,nyx", "«Nyx»", "@nyx"]
)
def test_a_name_with_signs_around_it_is_a_call(text):
    assert named(text, COMPANY) == ("nyx",)


def test_the_longer_of_two_names_that_overlap_is_called():
    bat = RoutingCandidate("bat", ("Fangs",))
    assert named("Lady Fangs, a word?", (*COMPANY, bat)) == ("fangs",)
    assert named("Fangs, a word?", (*COMPANY, bat)) == ("bat",)


def test_of_two_names_that_begin_alike_the_longer_is_called():
    alba = RoutingCandidate("alba", ("Nyx Alba",))
    assert named("Nyx Alba?", (NYX, alba)) == ("alba",)
    assert named("Nyx?", (NYX, alba)) == ("nyx",)


def test_whose_own_name_it_is_comes_before_who_only_goes_by_it():
    assert named("Nyx?", (RoutingCandidate("alba", ("Alba", "Nyx")), NYX)) == ("nyx",)


def test_of_two_with_the_same_name_the_first_by_alphabet_is_called():
    one, other = RoutingCandidate("nyx-b", ("Nyx",)), RoutingCandidate("nyx-a", ("Nyx",))
    assert named("Nyx?", (one, other)) == named("Nyx?", (other, one)) == ("nyx-a",)


def test_a_name_is_no_pattern():
    odd = RoutingCandidate("odd", ("N.x (a+)+$",))
    assert named("Nyx aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", (odd,)) == ()
    assert named("well, N.x (a+)+$ ?", (odd,)) == ("odd",)


def test_names_and_topics_are_found_in_scripts_without_spaces():
    company = (
        RoutingCandidate("mika", ("ミカ",), interests=("音楽",)),
        RoutingCandidate("ming", ("小明",)),
        RoutingCandidate("sua", ("수아",)),
    )
    assert named("ねえミカさん", company) == ("mika",)
    assert named("ミカンが好き", company) == ()
    assert named("小明你好", company) == ("ming",)
    assert named("수아야 안녕", company) == ("sua",)
    assert scores("今日は音楽を聞く", company)["mika"].points == 50


@pytest.mark.parametrize(
    ("topic", "text", "found"),
    [
        ("art", "a party", False),
        ("art", "the arts", True),
        ("video_games", "a Video Game", True),
        ("video games", "video-games", True),
        ("chess", "a game of chess", True),
        ("chess", "ches", False),
        ("bus", "the buses", True),
        ("c++", "I write c++ all day", True),
        ("", "anything", False),
        ("  ", "anything  at all", False),
    ],
)
def test_a_topic_counts_as_whole_words_with_or_without_a_plural(topic, text, found):
    assert bool(about(spoken(text), (topic,))) is found


# The steps, in their order


def test_a_name_beats_whoever_is_in_talk():
    """C23, F100, D07: an explicit name beats sticky, active conversation and activity."""
    chosen = routed("Nyx, minecraft?", active=ago("fangs", 5), sticky=ago("pixel", 5))
    assert (chosen.slug, chosen.how) == ("nyx", How.DIRECT)


def test_of_several_names_the_first_in_the_text_is_meant():
    assert routed("Pixel, where is Nyx?").slug == "pixel"
    assert routed("Where is Nyx, Pixel?").slug == "nyx"


def test_whom_a_message_mentions_or_replies_to_comes_before_a_name():
    """D07."""
    chosen = routed("Nyx would love that", addressed=("pixel",))
    assert (chosen.slug, chosen.how) == ("pixel", How.DIRECT)


def test_who_is_addressed_and_not_present_is_passed_over():
    assert routed("Nyx would love that", addressed=("ghost",)).slug == "nyx"


def test_each_step_is_asked_in_its_order():
    """F100: direct, active conversation, activity, sticky, content, default."""
    text = "minecraft under the stars"
    talk: dict[str, Any] = {"active": ago("fangs", 10), "sticky": ago("nyx", 10)}
    assert (routed(text, **talk).slug, routed(text, **talk).how) == ("fangs", How.ACTIVE)
    talk["active"] = None
    assert (routed(text, **talk).slug, routed(text, **talk).how) == ("pixel", How.ACTIVITY)
    assert routed("robots!", **talk) == Routed("nyx", How.STICKY, scores("robots!", COMPANY))
    talk["sticky"] = None
    assert routed("robots!", **talk).how is How.CONTENT
    assert routed("robots!", **talk).slug == "pixel"
    assert (routed("is it raining?").slug, routed("is it raining?").how) == ("fangs", How.DEFAULT)


@pytest.mark.parametrize("step", ["active", "sticky"])
@pytest.mark.parametrize(
    ("seconds", "stays"), [(0, True), (299, True), (300, True), (300.001, False), (301, False)]
)
def test_a_talk_goes_on_for_300_seconds(step, seconds, stays):
    """C24, F100: at 299 s the same persona, at exactly 300 s still, at 301 s routed anew."""
    talk: dict[str, Any] = {step: ago("nyx", seconds)}
    chosen = routed("robots!", **talk)
    assert chosen.slug == ("nyx" if stays else "pixel")


def test_a_sticky_time_of_nothing_skips_both_steps_that_last():
    """F108 (PERSONA_STICKY_TIMEOUT=0)."""
    rules = Rules(sticky=timedelta(0))
    assert routed("robots!", active=ago("nyx", 0), sticky=ago("nyx", 0), rules=rules).how is How.CONTENT


def test_another_sticky_time_is_kept_to_the_second():
    rules = Rules(sticky=timedelta(seconds=60))
    assert routed("robots!", sticky=ago("nyx", 60), rules=rules).slug == "nyx"
    assert routed("robots!", sticky=ago("nyx", 61), rules=rules).slug == "pixel"


def test_who_has_left_is_not_stuck_to():
    assert routed("robots!", sticky=ago("ghost", 1), active=ago("ghost", 1)).how is How.CONTENT


def test_activities_are_skipped_when_they_are_switched_off():
    """F108 (CONTEXT_ROUTING_ENABLED, ACTIVITY_ROUTING_PRIORITY)."""
    for rules in (Rules(context_routing=False), Rules(activity_priority=0)):
        assert routed("minecraft?", sticky=ago("nyx", 1), rules=rules).slug == "nyx"
    assert routed("minecraft?", sticky=ago("nyx", 1)).slug == "pixel"


@pytest.mark.parametrize(("priority", "how"), [(100, How.ACTIVITY), (50, How.ACTIVITY), (49, How.CONTENT)])
def test_an_activity_decides_if_it_weighs_as_much_as_the_content_of_others(priority, how):
    """F108 (ACTIVITY_ROUTING_PRIORITY): its points against those of the content of anybody else."""
    rules = Rules(activity_priority=priority)
    assert routed("minecraft castles", rules=rules).how is how


def test_an_activity_that_comes_with_a_topic_to_avoid_is_left_to_others():
    assert routed("a minecraft about politics", sticky=ago("nyx", 1)).slug == "nyx"


def test_among_several_with_the_activity_one_is_chosen_whatever_their_order():
    one, other = (
        RoutingCandidate("one", (), activities=("chess",)),
        RoutingCandidate("other", (), activities=("chess",)),
    )
    chosen = [routed("chess?", (one, other), seed=seed).slug for seed in range(40)]
    assert set(chosen) == {"one", "other"}
    assert chosen == [routed("chess?", (other, one), seed=seed).slug for seed in range(40)]


# Content


def test_all_within_four_fifths_of_the_most_points_are_chosen_from():
    """C23, F101: the 80 % tie set, and a seeded choice among it."""
    company = [
        RoutingCandidate("most", (), interests=("tea",), weight=2.0),
        RoutingCandidate("near", (), interests=("tea",), weight=1.6),
        RoutingCandidate("below", (), interests=("tea",), weight=1.59),
    ]
    chosen = [routed("tea", company, seed=seed).slug for seed in range(200)]
    assert set(chosen) == {"most", "near"}
    assert 60 < chosen.count("near") < 140
    assert routed("tea", company, seed=7) == routed("tea", company, seed=7)


def test_without_its_default_the_weightiest_answers():
    company = (NYX, replace(PIXEL, weight=2.0), FANGS)
    assert routed("hm", company, default="ghost").slug == "pixel"
    assert routed("hm", (PIXEL, NYX), default="ghost").slug == "nyx"
    assert routed("hm", (NYX,), default="ghost").slug == "nyx"


def test_where_nobody_is_nobody_can_be_chosen():
    with pytest.raises(NobodyPresentError):
        routed("hello", ())


TEXTS = st.lists(
    st.sampled_from(
        ["Nyx", "Pix", "Fangs", "stars", "poetry", "games", "minecraft", "mornings", "sports", "and", "ok"]
    ),
    max_size=8,
).map(" ".join)


@given(
    text=TEXTS,
    company=st.permutations(COMPANY),
    seed=st.integers(0, 2**32),
    active=st.sampled_from([None, "nyx", "ghost"]),
    sticky=st.sampled_from([None, "pixel", "fangs"]),
    seconds=st.integers(0, 600),
)
def test_the_order_of_the_candidates_makes_no_difference(text, company, seed, active, sticky, seconds):
    """C23, F100: deterministic for a given rng, whatever the order, and always somebody present."""
    talk: dict[str, Any] = {
        "active": active and ago(active, seconds),
        "sticky": sticky and ago(sticky, seconds),
    }
    chosen = routed(text, company, seed=seed, **talk)
    usual = routed(text, COMPANY, seed=seed, **talk)
    assert chosen == usual
    assert list(chosen.scores) == list(usual.scores)
    assert chosen.slug in {"nyx", "pixel", "fangs"}


@given(text=st.text(max_size=300), names=st.lists(st.text(max_size=20), max_size=4))
def test_no_text_and_no_name_breaks_the_routing(text, names):
    odd = RoutingCandidate("odd", tuple(names), interests=tuple(names), avoidances=tuple(names))
    assert routed(text, (odd, NYX)).slug in {"odd", "nyx"}


def test_a_character_becomes_one_who_may_answer():
    """F097, F108."""
    character = Character(
        slug="nyx",
        name="Nyx",
        core_prompt="You are Nyx.",
        aliases=("Night",),
        interests=("stars",),
        avoidances=("mornings",),
        knowledge={"primary": "astronomy", "also": ["tea"]},
        channels=("observatory",),
        activities=("stargazing",),
    )
    candidate = candidate_of(character, weight=2.0)
    assert candidate == RoutingCandidate(
        "nyx",
        ("Nyx", "Night"),
        ("stars",),
        ("mornings",),
        "astronomy",
        ("observatory",),
        2.0,
        ("stargazing",),
    )
    assert candidate_of(character.model_copy(update={"knowledge": {"primary": 7}})).knowledge == ""
