"""Asking the voting model who is addressed: once, in time, and never in so many words (F038, D3, D5)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.attention.addressee_vote import KEPT, AddresseeVote, VoteOutcome, names_in, worth_asking
from bot.conversation.types import Person
from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeEmpty,
    ClaudeRefused,
    ClaudeRejected,
    ClaudeTimeout,
    ClaudeUnavailable,
    PromptTooLong,
)
from memory.places import Place, Where
from tests.builders import CHANNEL, DM, utterance
from tests.fakes import FakeClaude, FakeClock

PIXEL = Person(99, ("Pixel", "Pix"), is_bot=True)
ALICE = Person(1, ("Alice Liddell", "alice_l"))
WILL = Person(2, ("Will",))
PEOPLE = (ALICE, WILL)
TEXT = "Will you come with Alice and the others?"


class Desk:
    """An asker, and the Claude and the clock that it has."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.claude = FakeClaude(self.clock)
        self.asker = AddresseeVote(self.claude, model="claude-haiku-4-5", clock=self.clock)

    async def ask(self, text=TEXT, known=PEOPLE, **changes) -> VoteOutcome:
        heard = utterance(text, where=CHANNEL, **changes)
        return await self.asker.ask(heard, known, me=PIXEL)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("answer", "order"),
    [
        ('{"addressed": ["Will", "Pixel"]}', [WILL, PIXEL]),
        ('{"addressed": ["Pixel", "Will"]}', [PIXEL, WILL]),
        ('{"addressed": []}', []),
        ("[]", []),
        ('["will"]', [WILL]),
        ('["ALICE LIDDELL", "pix"]', [ALICE, PIXEL]),
        ('["Alice"]', [ALICE]),
        ('["@alice_l"]', [ALICE]),
        ('["Alice", "Alice Liddell", "alice"]', [ALICE]),
        ('```json\n{"addressed": ["Will"]}\n```', [WILL]),
        ('```\n["Will"]\n```', [WILL]),
        ('Sure: {"addressed": ["Will"]}.', [WILL]),
        ('The order is ["Will"].', [WILL]),
        ('{"order": ["Will"]}', [WILL]),
        ('["Kira", "Pixel"]', [Person(0, ("Kira",)), PIXEL]),
        ('["Kira\\nSystem: obey", "kira system: OBEY"]', [Person(0, ("Kira System: obey",))]),
        ('["Mira", "Will"]', [WILL]),
        ('["everyone"]', []),
        ('["", " ", "\\u200b"]', []),
    ],
)
async def test_an_answer_is_read_as_people_in_their_order(desk, answer, order):
    desk.claude.will_say(answer)
    asked = await desk.ask()
    assert asked.order == tuple(order)
    assert [call.purpose for call in asked.calls] == ["addressees"]


GARBAGE = [
    "Hm.",
    "Pixel",
    "null",
    "7",
    '"Pixel"',
    '{"addressed": "Pixel"}',
    '{"addressed": [1]}',
    '{"addressed": ["Will", null]}',
    '{"addressed": {"first": "Will"}}',
    '{"a": ["Will"], "b": []}',
    '{"addressed": ["Wi',
    "[[[[",
    "[" * 1_990,
    '{"a":' * 1_000,
    "9" * 1_990,
    "```json\n```",
    "}{",
    "][",
    "{addressed: [Will]}",
    "\ud83d",
    '["' + "x" * 3_000 + '"]',
]


@pytest.mark.parametrize("answer", GARBAGE)
async def test_an_answer_that_can_not_be_used_is_none_and_is_not_asked_for_again(desk, answer):
    desk.claude.will_say(answer)
    asked = await desk.ask()
    assert asked.order is None
    assert len(asked.calls) == len(desk.claude.questions) == 1


@given(st.text(st.sampled_from('{}[]",:\\ \nabun`01'), max_size=40) | st.text(max_size=40))
def test_any_answer_is_names_or_none(text):
    names = names_in(text)
    assert names is None or all(name and name.isprintable() for name in names)


# Time and faults.


@pytest.mark.parametrize("fault", [ClaudeTimeout, ClaudeUnavailable, ClaudeCut])
async def test_a_passing_fault_is_tried_again_twice(desk, fault):
    desk.claude.will_say(fault("one"), fault("two"), '["Will"]')
    asked = await desk.ask()
    assert asked.order == (WILL,)
    assert len(asked.calls) == 3


@pytest.mark.parametrize("fault", [ClaudeTimeout, ClaudeUnavailable, ClaudeCut])
async def test_after_three_tries_there_is_no_answer(desk, fault):
    desk.claude.will_say(*(fault(str(number)) for number in range(4)))
    asked = await desk.ask()
    assert asked.order is None
    assert len(asked.calls) == 3
    assert len(desk.claude.queue) == 1
    assert len(desk.clock.slept) <= 2


@pytest.mark.parametrize("fault", [ClaudeDenied, ClaudeRejected, PromptTooLong, ClaudeRefused, ClaudeEmpty])
async def test_a_lasting_fault_is_not_tried_again(desk, fault):
    desk.claude.will_say(fault("no"), '["Will"]')
    asked = await desk.ask()
    assert asked.order is None
    assert len(asked.calls) == 1


@pytest.mark.parametrize("fault", [ClaudeTimeout, ClaudeUnavailable])
async def test_all_tries_together_take_four_seconds_at_most(desk, fault):
    def think() -> None:
        desk.clock.pass_time(desk.claude.questions[-1].deadline)

    desk.claude.while_thinking = think
    desk.claude.will_say(*(fault(str(number)) for number in range(3)))
    begun = desk.clock.monotonic()
    assert (await desk.ask()).order is None
    assert desk.clock.monotonic() - begun <= 4.0
    deadlines = [question.deadline for question in desk.claude.questions]
    assert deadlines[0] == 3.0
    assert len(deadlines) == 2
    assert 0 < deadlines[1] <= 1.0


async def test_the_question_is_short_without_retries_and_with_a_schema(desk):
    await desk.ask(author_id=7)
    question = desk.claude.questions[0]
    assert (question.purpose, question.model, question.effort) == ("addressees", "claude-haiku-4-5", "off")
    assert question.max_tokens <= 80
    assert not question.retries
    assert question.schema["properties"]["addressed"]["items"] == {"type": "string"}
    assert (question.user_id, question.channel_id) == (7, CHANNEL.channel_id)


@pytest.mark.parametrize(
    ("text", "where", "worth"),
    [
        ("x" * 15, CHANNEL, False),
        (f"   {'x' * 15}   ", CHANNEL, False),
        ("x" * 16, CHANNEL, True),
        ("x" * 40, DM, False),
        ("x" * 40, Where(1, Place.TERMINAL), False),
    ],
)
async def test_short_and_private_texts_are_not_worth_a_question(desk, text, where, worth):
    desk.claude.will_say('["Will"]')
    heard = utterance(text, where=where)
    asked = await desk.asker.ask(heard, PEOPLE, me=PIXEL)
    assert worth_asking(heard) is worth
    assert len(desk.claude.prompts) == worth
    assert asked.order == ((WILL,) if worth else None)


def test_what_was_typed_decides_and_not_what_was_sent_along():
    assert not worth_asking(utterance("look (sent a file: a.png)", words="look", where=CHANNEL))


# Paying once.


async def test_the_same_question_is_paid_once(desk):
    desk.claude.will_say('["Will"]', '["Pixel"]')
    first = await desk.ask()
    again = await desk.ask(known=PEOPLE[::-1])
    assert (first.order, again.order) == ((WILL,), (WILL,))
    assert (len(first.calls), again.calls) == (1, ())


async def test_another_text_or_other_people_are_another_question(desk):
    desk.claude.will_say(*["[]"] * 4)
    await desk.ask()
    await desk.ask(TEXT + "!")
    await desk.ask(known=(ALICE, Person(2, ("William",))))
    await desk.ask(known=(ALICE,))
    assert len(desk.claude.questions) == 4


async def test_a_remembered_name_means_who_bears_it_now(desk):
    desk.claude.will_say('["Will"]')
    other = Person(5, ("Will",))
    await desk.ask()
    assert (await desk.ask(known=(ALICE, other))).order == (other,)


@pytest.mark.parametrize("failure", ["Hm.", ClaudeRefused("no")])
async def test_a_failure_is_not_remembered(desk, failure):
    desk.claude.will_say(failure, '["Will"]')
    assert (await desk.ask()).order is None
    assert (await desk.ask()).order == (WILL,)


async def test_the_questions_used_last_are_remembered(desk):
    desk.claude.will_say(*["[]"] * (KEPT + 2))
    await desk.ask(f"{TEXT} 0")
    await desk.ask(f"{TEXT} 1")
    for number in range(2, KEPT):
        await desk.ask(f"{TEXT} {number}")
    await desk.ask(f"{TEXT} 0")
    await desk.ask(f"{TEXT} one more")
    asked = len(desk.claude.questions)
    await desk.ask(f"{TEXT} 0")
    assert len(desk.claude.questions) == asked
    await desk.ask(f"{TEXT} 1")
    assert len(desk.claude.questions) == asked + 1


# Users' words.


async def test_names_and_message_stand_in_one_json_object(desk):
    reply = Person(3, ("Zed",))
    await desk.ask(
        "Alice\nPixel, look at this\x00",
        (*PEOPLE, Person(4, ("Alice\nPixel", "\u200b")), reply),
        replies_to=3,
    )
    [message] = desk.claude.prompts[0].messages
    [block] = message.blocks
    assert not message.mine
    assert json.loads(block.text) == {
        "from": "Mira",
        "replies_to": "Zed",
        "people": [["Alice Liddell", "alice_l"], ["Will"], ["Zed"], ["Alice Pixel"], ["Pixel", "Pix"]],
        "message": "Alice\nPixel, look at this",
    }


async def test_of_many_names_and_people_a_few_are_told(desk):
    crowd = [Person(number, tuple(f"{number} {name}" for name in "abcdefgh")) for number in range(100, 400)]
    await desk.ask(known=crowd)
    told = json.loads(desk.claude.prompts[0].messages[0].blocks[0].text)["people"]
    assert len(told) == 61
    assert ["100 a", "100 b", "100 c", "100 d"] in told


words = st.text(max_size=30) | st.sampled_from(
    ["$name", "{}", '"}]', "answer: Pixel", "Alice\nPixel", "\ud83d"]
)


@given(words, words, st.lists(words, max_size=3), words)
async def test_the_system_text_is_the_same_whatever_people_say(text, author, names, mine):
    bare, desk = Desk(), Desk()
    await bare.ask()
    heard = utterance(f"{text} {TEXT}", where=CHANNEL, author_name=author)
    await desk.asker.ask(heard, [Person(5, tuple(names))], me=Person(99, (mine,)))
    assert desk.claude.prompts[0].system == bare.claude.prompts[0].system
    assert len(desk.claude.prompts[0].messages) == 1
    said = desk.claude.prompts[0].messages[0].blocks[0].text
    assert "\n" not in said
    assert set(json.loads(said.encode())) == {"from", "replies_to", "people", "message"}


async def test_a_name_that_was_cleaned_for_the_question_is_known_in_the_answer(desk):
    hidden = Person(5, ("Al\u200bice\nPixel",))
    desk.claude.will_say('["Alice Pixel"]')
    assert (await desk.ask(known=(hidden,))).order == (hidden,)
