"""Decisions and house rules in words (C18, F127)."""

from dataclasses import replace

import pytest

from bot.conversation.attention.explain import explain, holding, in_one_line, in_words, standing
from bot.conversation.attention.rules import RULES
from bot.conversation.attention.server_rules import EVERYWHERE, HouseRules, RuleKind
from bot.conversation.decision import DecisionStep, Note, Reason, RuleRemark, Trace, Wait
from tests.support.claims import ALL, CHANNEL, GUILD, HERE, IN_THREAD, MENTIONED, THREAD, claim, through, turn

FORBIDDEN = through("forbidden")
OFTEN_ENOUGH = DecisionStep("often_enough", RuleRemark(Note.REPLIES, {"count": 1, "limit": 3}))


def test_the_rules_are_those_that_the_tests_take_them_for():
    assert len(FORBIDDEN) == 2
    assert ALL[-1].rule == "by_chance"


def test_a_message_that_waits_is_said_to_be_undecided():
    assert explain(claim(None), None).startswith("**Not decided yet**")


def test_the_rule_that_decided_is_named_and_the_others_are_counted():
    said = explain(claim(Reason.INACTIVE, Trace(steps=FORBIDDEN)), None).splitlines()
    assert said[0] == "**Not answered**: switched off here."
    assert said[1:4] == [
        f"- 1 of {len(RULES)} rules had nothing to say",
        "- `forbidden` decided",
        "It came as far as the rules.",
    ]


def test_a_rule_that_only_remarked_something_is_named_with_its_remark():
    before = through("often_enough")[:-1]
    steps = (*before, OFTEN_ENOUGH, *MENTIONED[len(before) + 1 :])
    said = explain(claim(Reason.MENTION, Trace(steps=steps)), turn())
    assert "- `often_enough` let it pass (1 of 3 replies)" in said
    assert "- `mentioned` decided" in said


@pytest.mark.parametrize(
    ("reason", "steps", "stage"),
    [
        (Reason.CHATTER, through("chatter"), "the rules"),
        (Reason.CHANCE, ALL, "the rules"),
        (Reason.UNADDRESSED, ALL, "the rules"),
        (Reason.OUTVOTED, ALL, "the vote"),
        (Reason.ANSWERED, through("answered"), "the rules"),
        (Reason.ANSWERED, ALL, "the answer to something else"),
        (Reason.UNSENDABLE, MENTIONED, "recalling what was said here"),
        (Reason.NO_ANSWER, MENTIONED, "thinking of an answer"),
        (Reason.DELETED, (), "waiting to be answered"),
    ],
)
def test_of_what_was_not_answered_the_stage_that_stopped_it_is_named(reason, steps, stage):
    said = explain(claim(reason, Trace(steps=steps) if steps else None), None)
    assert said.startswith(f"**Not answered**: {reason.value}.")
    assert f"It came as far as {stage}." in said.splitlines()


@pytest.mark.parametrize("reason", [Reason.OUTVOTED, Reason.VOTE, Reason.UNADDRESSED, Reason.MENTION])
def test_where_all_rules_were_asked_without_an_opinion_none_is_said_to_have_decided(reason):
    assert "` decided" not in explain(claim(reason, Trace(steps=ALL, votes=("no",))), None)


def test_chance_is_the_last_rule_and_may_decide():
    steps = (
        *ALL[:-1],
        DecisionStep("by_chance", RuleRemark(Note.CHANCE_AGAINST, {"roll": 0.9, "chance": 0.5})),
    )
    said = explain(claim(Reason.CHANCE, Trace(steps=steps)), None)
    assert "- `by_chance` decided (0.90 is not below 0.50)" in said


@pytest.mark.parametrize(
    ("state", "verdict", "outcome"),
    [
        ("pledged", "**Being answered**", "a reply is being said"),
        ("said", "**Answered**", "the reply was said"),
        ("dropped", "**Meant to be answered**", "the reply could not be said, or not all of it"),
    ],
)
def test_what_became_of_a_reply_is_told(state, verdict, outcome):
    said = explain(claim(Reason.MENTION, Trace(steps=MENTIONED)), turn(state)).splitlines()
    assert said[0] == f"{verdict}: mentioned."
    assert said[-1] == outcome
    assert not [line for line in said if "came as far" in line]


def test_a_fallback_line_is_told_apart_from_an_answer():
    said = explain(claim(Reason.MENTION, Trace(steps=MENTIONED)), turn(fallback=True))
    assert said.startswith("**Answered with a fallback line**")


def test_addressees_waits_votes_time_and_cost_are_told():
    trace = Trace(
        steps=ALL,
        addressees=(5, 0),
        asked_who=True,
        waits=(Wait("COOLDOWN", 2.5),),
        votes=("yes", "abstain", "yes"),
        seconds=1.234,
        cost=0.0021,
    )
    line = in_one_line(Reason.VOTE, trace, reply=True)
    assert line.startswith(
        "answered: voted to join in | addressed to <@5>, somebody unknown (the model was asked)"
    )
    assert "waited 2.5 s: cooldown" in line
    assert "votes: 2 yes, 1 abstain" in line
    assert line.endswith("decided in 1.23 s for $0.002100")
    assert "an unknown sum" in in_one_line(Reason.VOTE, replace(trace, cost=None), reply=True)


# House rules.


def test_where_nothing_was_set_the_operators_chance_holds():
    here, chance = holding(HouseRules(), HERE, chance=0.25)
    assert here == "**Here**: switched on, nobody has set anything else"
    assert chance.endswith("25 %, the operator's setting")


RULES_BY_DISTANCE = [
    ((EVERYWHERE, EVERYWHERE), "set for every place"),
    ((GUILD, EVERYWHERE), "set for the whole server"),
    ((GUILD, CHANNEL), "set for the channel of this thread"),
    ((GUILD, THREAD), "set for this thread"),
]


@pytest.mark.parametrize("nearest", range(4))
def test_the_rule_that_is_named_is_the_one_that_holds(nearest):
    placed = RULES_BY_DISTANCE[: nearest + 1]
    chances = tuple((guild, RuleKind.CHANCE, target, n / 10) for n, ((guild, target), _) in enumerate(placed))
    house = HouseRules(chances)
    _, chance = holding(house, IN_THREAD, chance=1.0)
    assert house.chance(IN_THREAD) == nearest / 10
    assert chance.endswith(f"{nearest * 10} %, {placed[-1][1]}")


def test_a_rule_for_this_channel_is_told_and_one_for_another_is_not():
    rules = ((GUILD, RuleKind.ACTIVE, CHANNEL, 0.0), (GUILD, RuleKind.ACTIVE, 601, 1.0))
    assert (
        next(holding(HouseRules(rules), HERE, chance=1.0)) == "**Here**: switched off, set for this channel"
    )


def test_the_rules_of_a_server_are_listed_without_those_of_another():
    rules = (
        (EVERYWHERE, RuleKind.CHANCE, 0, 0.5),
        (GUILD, RuleKind.ACTIVE, 0, 0.0),
        (GUILD, RuleKind.CHANCE, CHANNEL, 0.125),
        (GUILD, RuleKind.DENIED_ROLE, 3, 0.0),
        (701, RuleKind.ACTIVE, 0, 0.0),
    )
    assert list(standing(HouseRules(rules), GUILD)) == [
        "**Set in this server**:",
        "- switched off in the whole server",
        "- chance of 12.5 % in <#600>",
        "- <@&3> is ignored",
    ]
    assert list(standing(HouseRules(rules), 702)) == ["**Set in this server**: nothing"]


def test_a_rule_that_was_taken_back_is_named_without_a_value():
    assert in_words(RuleKind.CHANCE, CHANNEL) == "chance in <#600>"
    assert in_words(RuleKind.DENIED_USER, 5) == "<@5> is ignored"


def test_denials_of_the_operators_are_counted_and_not_named():
    house = HouseRules(((0, RuleKind.DENIED_USER, 77, 0.0), (0, RuleKind.DENIED_USER, 78, 0.0)))
    lines = list(standing(house, 700))
    assert lines == ["**Set in this server**: nothing", "**Ignored everywhere**: 2, by the bot's operators"]
    assert list(standing(HouseRules(), 700)) == lines[:1]
