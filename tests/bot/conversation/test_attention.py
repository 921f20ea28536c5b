"""Whether to answer: who is called, who is not, and what is never answered (C10, C11, C15-C17, D06)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.conversation.attention.addressing import Addressees
from bot.conversation.attention.rules import RULES, Circumstances, attend
from bot.conversation.attention.server_rules import HouseRules, RuleKind
from bot.conversation.attention.throttle import Patience, ReplyTally
from bot.conversation.decision import Decision, DecisionStep, Reason, RuleRemark
from bot.conversation.types import Glimpse, Person, Utterance
from memory.places import Place, Where
from personas.character import names_of
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, table, utterance
from tests.fakes import EPOCH

TERMINAL = Where(1, Place.TERMINAL)
ME = Person(99, names_of(PIXEL), is_bot=True)
NOW = Circumstances(
    now=EPOCH, received=EPOCH, me=ME, too_old=timedelta(seconds=30), answers_missed=timedelta(minutes=15)
)


def decided(heard: Utterance, now: Circumstances = NOW) -> Decision | None:
    return attend(heard, now).decision


def reason(heard: Utterance, now: Circumstances = NOW) -> Reason | None:
    decision = decided(heard, now)
    return decision.reason if decision else None


DIRECT = [
    ("@Pixel hello", {"mentions_me": True}, Reason.MENTION),
    ("hello", {"mentions_me": True}, Reason.MENTION),
    ("what about `this`?", {"mentions_me": True}, Reason.MENTION),
    ("nice pixel-art", {"mentions_me": True}, Reason.MENTION),
    ("yes", {"replies_to_me": True, "reply_to": 5}, Reason.REPLY),
    ("why?", {"replies_to_me": True, "reply_to": 5, "mentions_me": False}, Reason.REPLY),
    ("https://example.org/pixel", {"replies_to_me": True}, Reason.REPLY),
    ("\N{THUMBS UP SIGN}", {"replies_to_me": True}, Reason.REPLY),
    ("Pixel", {}, Reason.NAME),
    ("pixel?", {}, Reason.NAME),
    ("hey PIXEL", {}, Reason.NAME),
    ("Pixel's right", {}, Reason.NAME),
    ("Pixel’s right", {}, Reason.NAME),
    ("what do you think, pixel", {}, Reason.NAME),
    ("pixel, help", {}, Reason.NAME),
    ("(pixel)", {}, Reason.NAME),
    ("**Pixel**!", {}, Reason.NAME),
    ("_pixel_ please", {}, Reason.NAME),
    ("@pixel look", {}, Reason.NAME),
    ("line one\npixel: line two", {}, Reason.NAME),
    ("Pix, wake up", {}, Reason.NAME),
    ("good morning pix", {}, Reason.NAME),
    ("`x = 1` is that right, pixel?", {}, Reason.NAME),
    ("see https://example.org pixel", {}, Reason.NAME),
    ("pixel... are you there", {}, Reason.NAME),
    ("is it you, Pixel\N{SMILING FACE WITH SMILING EYES}", {}, Reason.NAME),
]

NOT_DIRECT = [
    "pixels",
    "I need more pixels",
    "a megapixel camera",
    "pixel-art is nice",
    "nice pixel-perfect layout",
    "pixel_count = 3",
    "open pixel.py",
    "https://example.org/pixel",
    "see https://pixel.example.org/a?b=pixel now",
    "`pixel`",
    "``pixel``",
    "```\npixel\n```",
    "```py\nprint('pixel')\n``` why?",
    ":pixel:",
    "write to me@pixel",
    "@Onyx what do you think",
    "<@12345> hello",
    "pixie",
    "pix2pix",
    "pixelated",
    "p i x e l",
    "Pixl",
    "anybody seen my keys?",
    "lol",
]


def test_there_are_fifty_labelled_messages():
    assert len(DIRECT) + len(NOT_DIRECT) == 50


@pytest.mark.parametrize(("text", "changes", "reason"), DIRECT)
def test_who_is_called_answers(text, changes, reason):
    assert decided(utterance(text, where=CHANNEL, **changes)) == Decision(reply=True, reason=reason)


@pytest.mark.parametrize("text", NOT_DIRECT)
def test_who_is_not_called_keeps_quiet(text):
    decision = decided(utterance(text, where=CHANNEL))
    assert decision is None or not decision.reply


@pytest.mark.parametrize("text", NOT_DIRECT + [text for text, _, _ in DIRECT])
def test_whatever_is_said_in_a_dm_is_answered(text):
    assert decided(utterance(text, where=DM)) == Decision(reply=True, reason=Reason.DM)


def test_a_reply_to_somebody_else_is_not_for_the_character():
    heard = utterance("I agree", where=CHANNEL, reply_to=77, replies_to=7, replies_to_me=False)
    alice = Addressees((Person(7, ("Alice",)),), sure=True)
    assert reason(heard, replace(NOW, addressed=alice)) is Reason.OTHERS


async def test_each_dm_gets_one_reply_and_no_vote(tmp_path):
    async with table(tmp_path) as at:
        for text in ["hi", "pixels", "...", "\N{THUMBS UP SIGN}", "`x`"]:
            await at.hear(text, where=DM)
        assert len(at.mouth.said) == 5
        assert [question.purpose for question in at.claude.questions] == ["reply"] * 5


@pytest.mark.parametrize(("where", "reply"), [(DM, False), (CHANNEL, False), (TERMINAL, True)])
def test_what_is_too_old_is_not_answered_but_a_terminal_is_never_late(where, reply):
    heard = utterance("Pixel?", where=where, sent_at=EPOCH - timedelta(seconds=901), mentions_me=True)
    decision = decided(heard)
    assert decision is not None
    assert decision.reply is reply


@pytest.mark.parametrize(
    ("age", "reply"), [(0, True), (30.001, True), (900, True), (900.001, False), (9e4, False)]
)
@pytest.mark.parametrize("turned", [{"mentions_me": True}, {"replies_to_me": True}, {"where": DM}, {}])
def test_who_turns_to_it_while_it_is_away_is_answered_up_to_fifteen_minutes_later(age, reply, turned):
    heard = utterance("Pixel?", **{"where": CHANNEL, "sent_at": EPOCH - timedelta(seconds=age), **turned})
    assert (reason(heard) is Reason.STALE) is not reply


@pytest.mark.parametrize(("age", "stale"), [(0, False), (30, False), (30.001, True), (9e4, True)])
def test_thirty_seconds_are_too_old_for_what_is_said_to_nobody(age, stale):
    heard = utterance("what a day it is?", where=CHANNEL, sent_at=EPOCH - timedelta(seconds=age))
    assert (reason(heard) is Reason.STALE) is stale


def test_a_clock_that_runs_behind_discords_makes_nothing_stale():
    heard = utterance("Pixel?", where=CHANNEL, sent_at=EPOCH + timedelta(minutes=5))
    assert reason(heard) is Reason.NAME


def test_what_was_fresh_when_it_came_in_is_not_stale_after_waiting_for_a_turn():
    later = replace(NOW, now=EPOCH + timedelta(minutes=2))
    assert reason(utterance("Pixel?", where=CHANNEL), later) is Reason.NAME


@pytest.mark.parametrize("where", [DM, CHANNEL, TERMINAL])
@pytest.mark.parametrize("call", [{}, {"mentions_me": True}, {"replies_to_me": True}])
def test_its_own_messages_are_not_answered(where, call):
    itself = utterance("Pixel?", where=where, from_self=True, from_bot=True, **call)
    assert reason(itself) is Reason.SELF


@pytest.mark.parametrize("call", [{}, {"mentions_me": True}, {"replies_to_me": True}])
@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (ReplyTally(2, 2), True),
        (ReplyTally(3, 3), Reason.THRESHOLD),
        (ReplyTally(9, 9), Reason.THRESHOLD),
        (ReplyTally(0, 11), True),
        (ReplyTally(0, 12), Reason.TIRED),
    ],
)
def test_a_bot_that_calls_is_answered_until_patience_is_at_an_end(call, tally, expected):
    heard = utterance("Pixel?", where=CHANNEL, from_bot=True, **call)
    decision = decided(heard, replace(NOW, tally=tally, patience=Patience(threshold=3, energy=12)))
    assert decision is not None
    assert decision.reply is (expected is True)
    assert expected is True or decision.reason is expected


def test_no_tally_keeps_a_person_from_being_answered():
    assert reason(utterance("Pixel?", where=CHANNEL), replace(NOW, tally=ReplyTally(99, 99))) is Reason.NAME


def test_what_a_bot_said_is_over_once_the_character_has_spoken_after_it():
    mine = Glimpse(5, 99, "Pixel", "well", EPOCH, mine=True)
    heard = utterance("Pixel?", where=CHANNEL, from_bot=True)
    assert reason(heard, replace(NOW, after=(mine,))) is Reason.ANSWERED
    assert reason(replace(heard, from_bot=False), replace(NOW, after=(mine,))) is Reason.NAME


ALICE = Addressees((Person(7, ("Alice",)),), sure=True)


def test_it_keeps_quiet_when_somebody_else_is_addressed():
    heard = utterance("Alice, does anybody know help?", where=CHANNEL)
    assert reason(heard, replace(NOW, addressed=ALICE)) is Reason.OTHERS


def test_who_else_is_addressed_does_not_matter_to_who_is_called():
    heard = utterance("Alice and Pixel?", where=CHANNEL)
    assert reason(heard, replace(NOW, addressed=ALICE)) is Reason.NAME


CHANCES = [
    ((), 1.0, 0.99, None),
    ((), 0.5, 0.6, Reason.CHANCE),
    ((), 0.5, 0.4, None),
    (((700, RuleKind.CHANCE, 600, 0.0),), 1.0, 0.0, Reason.CHANCE),
    (((700, RuleKind.CHANCE, 0, 0.0),), 1.0, 0.0, Reason.CHANCE),
    (((700, RuleKind.CHANCE, 0, 0.0), (700, RuleKind.CHANCE, 600, 1.0)), 0.0, 0.9, None),
    (((700, RuleKind.CHANCE, 601, 0.0),), 1.0, 0.0, None),
    (((701, RuleKind.CHANCE, 0, 0.0),), 1.0, 0.0, None),
    (((0, RuleKind.CHANCE, 0, 0.0),), 1.0, 0.0, Reason.CHANCE),
]


@pytest.mark.parametrize(("rules", "chance", "roll", "expected"), CHANCES)
def test_the_nearest_chance_counts_for_what_is_not_addressed_and_never_for_who_calls(
    rules, chance, roll, expected
):
    now = replace(NOW, house=HouseRules(rules), chance=chance, roll=roll)
    asking = "does anybody know how to fix this? please help"
    assert reason(utterance(asking, where=CHANNEL), now) is expected
    assert reason(utterance(f"Pixel, {asking}", where=CHANNEL), now) is Reason.NAME


THREAD = replace(CHANNEL, channel_id=610, parent_id=600)
FORBIDDEN: list[tuple[Any, Where, dict[str, Any], Reason | None]] = [
    ((700, RuleKind.ACTIVE, 600, 0), CHANNEL, {}, Reason.INACTIVE),
    ((700, RuleKind.ACTIVE, 600, 0), THREAD, {}, Reason.INACTIVE),
    ((700, RuleKind.ACTIVE, 0, 0), CHANNEL, {}, Reason.INACTIVE),
    ((0, RuleKind.ACTIVE, 0, 0), DM, {}, Reason.INACTIVE),
    ((700, RuleKind.ACTIVE, 0, 0), DM, {}, None),
    ((700, RuleKind.ACTIVE, 601, 0), CHANNEL, {}, None),
    ((700, RuleKind.DENIED_USER, 42, 0), CHANNEL, {}, Reason.DENIED_USER),
    ((700, RuleKind.DENIED_USER, 43, 0), CHANNEL, {}, None),
    ((0, RuleKind.DENIED_USER, 42, 0), DM, {}, Reason.DENIED_USER),
    ((700, RuleKind.DENIED_ROLE, 5, 0), CHANNEL, {"author_roles": (4, 5)}, Reason.DENIED_ROLE),
    ((700, RuleKind.DENIED_ROLE, 5, 0), CHANNEL, {"author_roles": (4,)}, None),
]


@pytest.mark.parametrize(("rule", "where", "changes", "expected"), FORBIDDEN)
def test_what_admins_forbid_is_not_answered_even_when_it_is_called(rule, where, changes, expected):
    heard = utterance("Pixel?", where=where, mentions_me=True, **changes)
    decision = decided(heard, replace(NOW, house=HouseRules((rule,))))
    assert decision is not None
    assert decision.reply is (expected is None)
    assert expected is None or decision.reason is expected


def test_a_channel_that_is_on_counts_before_a_server_that_is_off():
    house = HouseRules(((700, RuleKind.ACTIVE, 0, 0), (700, RuleKind.ACTIVE, 600, 1)))
    assert house.active(CHANNEL)
    assert house.active(THREAD)
    assert not house.active(replace(CHANNEL, channel_id=601))
    house = HouseRules(((700, RuleKind.ACTIVE, 600, 0), (700, RuleKind.ACTIVE, 610, 1)))
    assert house.active(THREAD)
    assert not house.active(CHANNEL)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \u00a0"])
@pytest.mark.parametrize("where", [DM, CHANNEL])
def test_where_there_is_nothing_to_read_nothing_is_answered(where, text):
    assert reason(utterance(text, where=where, mentions_me=True)) is Reason.EMPTY


def test_the_first_opinion_wins_and_every_rule_up_to_it_leaves_a_step():
    heard = utterance("Pixel?", where=DM, mentions_me=True, replies_to_me=True)
    assert reason(heard) is Reason.DM
    yes, no = Decision(reply=True, reason=Reason.NAME), Decision(reply=False, reason=Reason.EMPTY)

    def silent(*_):
        return None

    def remarks(*_):
        return RuleRemark("0.5 of 0.4")

    def refuses(*_):
        return no

    def agrees(*_):
        return yes

    attention = attend(heard, NOW, [silent, remarks, refuses, agrees])
    assert attention.decision == no
    assert [(step.rule, step.remark) for step in attention.steps] == [
        ("silent", None),
        ("remarks", RuleRemark("0.5 of 0.4")),
        ("refuses", None),
    ]
    assert attend(heard, NOW, []).decision is None


async def test_a_rule_added_to_the_list_needs_no_other_change(tmp_path):
    def shouted(heard, _now):
        return Decision(reply=True, reason=Reason.NAME) if heard.text.isupper() else None

    manner = replace(AT_ONCE, attention=replace(AT_ONCE.attention, rules=(shouted, *RULES)))
    async with table(tmp_path, manner=manner) as at:
        await at.hear("anybody here?", where=CHANNEL)
        assert at.mouth.said == []
        loud = await at.hear("ANYBODY HERE?", where=CHANNEL)
        assert len(at.mouth.said) == 1
        kept = await at.decided(loud.message_id)
    assert kept.turn is not None
    assert kept.trace.steps == (DecisionStep("shouted"),)


async def test_silence_is_kept_with_its_reason(tmp_path):
    async with table(tmp_path) as at:
        quiet = await at.hear("lol", where=CHANNEL)
        unvoted = await at.hear("does anybody know how to fix this? please help", where=CHANNEL)
        answered = await at.hear("Pixel?", where=CHANNEL)
        kept = [await at.decided(one.message_id) for one in (quiet, unvoted, answered)]
    assert [one.claim.reason for one in kept] == [
        Reason.CHATTER.name,
        Reason.UNADDRESSED.name,
        Reason.NAME.name,
    ]
    assert [one.turn is not None for one in kept] == [False, False, True]
    assert not any(one.claim.open for one in kept)
    assert all(one.claim.author_id == 42 and one.claim.decided_at for one in kept)
