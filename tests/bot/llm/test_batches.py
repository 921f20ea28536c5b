"""Many questions at once, for half the price: the stock client against a server with batches."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.llm.batches import DEADLINE, FIRST_LOOK, LETTING_GO, LONGEST_NAP
from bot.llm.breaker import Breaker
from bot.llm.client import Answer, AnthropicClaude, ask_all
from bot.llm.errors import (
    ClaudeCut,
    ClaudeDenied,
    ClaudeEmpty,
    ClaudeError,
    ClaudeRefused,
    ClaudeRejected,
    ClaudeTimeout,
    ClaudeUnavailable,
    PromptTooLong,
)
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from tests.fakes import FakeClock
from tests.world import claude_faults as faults
from tests.world.claude_batches import Expired
from tests.world.claude_server import ScriptedClaude

MODEL = "claude-haiku-5-5"
QUESTION = Question(purpose="facts", model=MODEL, max_tokens=50, deadline=5.0, user_id=42, channel_id=600)


def prompt(text: str) -> Prompt:
    return Prompt(
        system=(Block("You draw facts from talk."),), messages=(Message(mine=False, blocks=(Block(text),)),)
    )


def texts(answers: Sequence[Answer | ClaudeError]) -> list[str]:
    return [one.text for one in answers if isinstance(one, Answer)]


THREE = [(prompt(text), QUESTION) for text in ("one", "two", "three")]


@pytest.fixture
async def server():
    async with ScriptedClaude() as scripted:
        scripted.answer_with(lambda asked: f"heard {asked.last_text}")
        yield scripted


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def noted():
    return []


@pytest.fixture
async def claude(server, clock, noted):
    client = open_client(server, clock, note=lambda call, length: noted.append((call, length)))
    yield client
    await client.close()


def open_client(server, clock, **options: Any) -> AnthropicClaude:
    return AnthropicClaude(
        Server(server.base_url, server.api_key, ""), load_prices(None), clock=clock, **options
    )


async def test_the_answers_of_a_batch_come_in_the_order_of_the_questions(server, claude):
    answers = await claude.batch(THREE)
    assert [one.text for one in answers] == ["heard one", "heard two", "heard three"]
    (batch,) = server.batches.made
    assert len(batch.requests) == 3


async def test_a_request_in_a_batch_says_what_it_would_say_alone(server, claude):
    await claude.batch(THREE[:1])
    await claude.ask(*THREE[0])
    together, alone = (request.raw for request in server.requests)
    assert together == alone


async def test_what_a_batch_answers_costs_half(server, claude, noted):
    (answer,) = await claude.batch(THREE[:1])
    alone = await claude.ask(*THREE[0])
    assert answer.call.usage == alone.call.usage
    assert answer.call.cost == pytest.approx(alone.call.cost / 2, abs=1e-12)
    assert answer.call.cost > 0
    (call, length), _ = noted
    assert call == answer.call
    assert length == len(THREE[0][0].text)
    assert (call.purpose, call.outcome, call.user_id, call.channel_id) == ("facts", "ok", 42, 600)
    assert call.seconds == FIRST_LOOK


async def test_a_batch_is_looked_at_after_half_a_minute_and_then_ever_more_rarely(server, claude, clock):
    server.batches.takes = 7
    answers = await claude.batch(THREE)
    assert clock.slept == [FIRST_LOOK, 60, 120, 240, LONGEST_NAP, LONGEST_NAP, LONGEST_NAP]
    assert all(one.text for one in answers)


async def test_a_batch_that_takes_too_long_is_called_off_and_what_it_did_is_kept(server, claude, clock):
    server.batches.takes, server.batches.done_first = float("inf"), 1
    first, *others = await claude.batch(THREE)
    assert first.text == "heard one"
    assert [type(one) for one in others] == [ClaudeTimeout, ClaudeTimeout]
    assert all(one.call.outcome == "timeout" and one.call.cost is None for one in others)
    assert server.batches.made[0].cancelled
    assert DEADLINE <= sum(clock.slept) <= DEADLINE + LETTING_GO


async def test_a_batch_that_can_not_be_called_off_either_is_left(server, claude, clock, monkeypatch):
    server.batches.takes = float("inf")
    monkeypatch.setattr("tests.world.claude_batches.Batch.ended", property(lambda _: False))
    answers = await claude.batch(THREE)
    assert [type(one) for one in answers] == [ClaudeTimeout] * 3
    assert sum(clock.slept) == DEADLINE + LETTING_GO


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (Expired(), ClaudeTimeout),
        (faults.Refusal(), ClaudeRefused),
        (faults.WhitespaceOnly(), ClaudeEmpty),
        (faults.BadRequest400("messages: nonsense"), ClaudeRejected),
        (faults.BadRequest400("prompt is too long: 300000 tokens > 200000 maximum"), PromptTooLong),
        (faults.Server500(), ClaudeUnavailable),
        (faults.Overloaded529(), ClaudeUnavailable),
    ],
)
async def test_one_question_that_fails_leaves_the_others_alone(server, claude, noted, said, error):
    server.will_say("first").will_fail(said)
    first, second, third = await claude.batch(THREE)
    assert (first.text, third.text) == ("first", "heard three")
    assert type(second) is error
    assert second.call.outcome == error.outcome
    assert [call.outcome for call, _ in noted] == ["ok", error.outcome, "ok"]


async def test_an_answer_that_holds_nothing_is_paid_for(server, claude):
    server.will_fail(faults.WhitespaceOnly())
    (error,) = await claude.batch(THREE[:1])
    assert error.call.usage.input > 0
    assert error.call.cost > 0


async def test_what_the_server_does_not_tell_of_is_no_answer(server, claude, monkeypatch):
    results = server.batches._work

    async def forgetful(batch, http):
        await results(batch, http)
        for left_out in (batch.requests, batch.results):
            left_out.pop("question-1", None)

    monkeypatch.setattr(server.batches, "_work", forgetful)
    first, second, third = await claude.batch(THREE)
    assert isinstance(second, ClaudeCut)
    assert (first.text, third.text) == ("heard one", "heard three")


async def test_where_there_are_no_batches_that_is_said_once_and_questions_are_asked_one_by_one(
    server, claude, caplog
):
    server.batches.offered = False
    caplog.set_level(logging.INFO, logger="bot.llm.batches")
    for _ in range(2):
        answers = await ask_all(claude, THREE, batch=True)
        assert texts(answers) == ["heard one", "heard two", "heard three"]
    (said,) = caplog.records
    assert said.levelno == logging.INFO
    assert "one by one" in said.getMessage()


async def test_questions_are_put_together_where_that_can_be_done(server, claude):
    answers = await ask_all(claude, THREE, batch=True)
    assert texts(answers) == ["heard one", "heard two", "heard three"]
    assert len(server.batches.made) == 1
    await ask_all(claude, THREE, batch=False)
    await ask_all(claude, THREE[:1], batch=True)  # one alone gains nothing but the wait
    assert len(server.batches.made) == 1


async def test_a_server_of_another_make_is_asked_one_by_one(server, claude, monkeypatch):
    monkeypatch.setattr("tests.world.claude_batches.Batch.card", lambda *_: {"ok": True})
    assert await claude.batch(THREE) is None


async def test_a_batch_goes_on_while_the_server_can_not_be_reached(server, claude, clock):
    server.batches.will_fail[:] = [None, *[faults.Overloaded529()] * 3]  # the first look, each attempt
    answers = await claude.batch(THREE)
    assert [one.text for one in answers] == ["heard one", "heard two", "heard three"]
    assert len(server.batches.made) == 1
    assert clock.slept == [FIRST_LOOK, 0.5, 1.0, 60]


async def test_an_overloaded_server_is_asked_again_to_take_a_batch_and_then_no_more(server, claude):
    server.batches.will_fail[:] = [faults.Overloaded529()] * 2
    assert all(one.text for one in await claude.batch(THREE))
    server.batches.will_fail[:] = [faults.Overloaded529()] * 3
    answers = await claude.batch(THREE)
    assert [type(one) for one in answers] == [ClaudeUnavailable] * 3
    assert all(one.call.outcome == "unavailable" for one in answers)
    assert len(server.batches.made) == 1


async def test_a_key_that_is_refused_stops_everything_for_a_while(server, clock):
    denials: list[str] = []
    claude: Any = open_client(server, clock, breaker=Breaker(clock, tell=denials.append))
    server.batches.will_fail[:] = [faults.Billing402()]
    answers = await claude.batch(THREE)
    assert [type(one) for one in answers] == [ClaudeDenied] * 3
    assert len(denials) == 1
    again = await claude.batch(THREE)
    assert [type(one) for one in again] == [ClaudeDenied] * 3
    assert all(one.call is None for one in again)  # nothing was asked
    with pytest.raises(ClaudeDenied):
        await claude.ask(*THREE[0])
    assert not server.batches.made
    await claude.close()


async def test_no_word_of_a_question_is_in_the_log(server, claude, caplog):
    caplog.set_level(logging.DEBUG, logger="bot")
    server.will_fail(faults.BadRequest400("messages: SECRET is nonsense"))
    asked = [(prompt("SECRET"), QUESTION), (prompt("SECRET too"), replace(QUESTION, user_id=43))]
    answers = await claude.batch(asked)
    assert isinstance(answers[0], ClaudeRejected)
    assert "SECRET" not in caplog.text + str(answers[0])
    assert isinstance(answers[1].call, ModelCall)
