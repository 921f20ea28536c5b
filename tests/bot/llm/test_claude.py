"""The one client for Claude, against a server that plays faults (faults C1-C5; C87, C88)."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.arranging import open_claude
from bot.core.errors import ConfigurationError
from bot.llm.breaker import Breaker, Lockout
from bot.llm.call_log import open_call_log
from bot.llm.client import AnthropicClaude
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
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import Block, Message, ModelCall, Prompt, Question, TokenEstimate, Usage
from bot.llm.wire import body
from bot.settings import Settings
from tests.fakes import FakeClock
from tests.world import claude_faults as faults
from tests.world.claude_server import ScriptedClaude

MODEL = "claude-sonnet-5-5"
PROMPT = Prompt(
    system=(Block("You are Nyx. " * 600, cache=True),),
    messages=(Message(mine=False, blocks=(Block("Mira: hi", cache=True), Block("[now]"))),),
)


def ask(**changes: Any) -> Question:
    usual: dict[str, Any] = {"purpose": "reply", "model": MODEL, "max_tokens": 50, "deadline": 5.0}
    return Question(**(usual | changes))


@pytest.fixture
async def server():
    async with ScriptedClaude() as scripted:
        yield scripted


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def claude(server, clock):
    client = open_client(server, clock)
    yield client
    await client.close()


def open_client(server, clock, *, local: bool = False, **options) -> AnthropicClaude:
    return AnthropicClaude(
        Server(server.base_url, server.api_key, "", local=local),
        load_prices(None),
        clock=clock,
        **options,
    )


async def test_an_answer_comes_with_its_text_usage_and_cost(server, claude):
    server.will_say("hello you")
    answer = await claude.ask(PROMPT, ask())
    assert answer.text == "hello you"
    assert not answer.cut_short
    usage = answer.call.usage
    assert usage.cache_write_1h > 1_000 and usage.cache_read == 0
    by_hand = (usage.input * 2 + usage.output * 10 + usage.cache_write_1h * 4) / 1e6
    assert answer.call.cost == pytest.approx(by_hand, abs=1e-9)


async def test_the_cost_of_a_session_with_cache_reads_equals_the_sum_by_hand(server, claude):
    total = by_hand = 0.0
    for model, price in (
        (MODEL, (2, 10, 2.5, 4, 0.1)),
        ("claude-haiku-5-5", (0.1, 0.5, 0.125, 0.2, 0.01)),
        ("claude-opus-5-5", (4, 20, 5, 8, 0.2)),
    ):
        for _ in range(3):
            server.will_say("a rather longer answer " * 5)
            call = (await claude.ask(PROMPT, ask(model=model))).call
            total += call.cost
            used = call.usage
            tokens = (used.input, used.output, used.cache_write_5m, used.cache_write_1h, used.cache_read)
            by_hand += sum(count * dollars for count, dollars in zip(tokens, price, strict=True)) / 1e6
        assert call.usage.cache_read > 1_000
    assert total == pytest.approx(by_hand, abs=1e-9)


async def test_the_cost_of_an_unknown_model_is_unknown_and_never_zero():
    prices = load_prices(None)
    assert prices.cost("llama-on-the-desk", Usage(input=5, output=5)) is None
    assert prices.cost(MODEL, Usage()) is None
    assert prices.cost("claude-sonnet-5-5-20260901", Usage(input=1_000_000, output=0)) == 2.0


def test_operators_edit_prices_in_a_file_of_their_own(tmp_path: Path):
    table = tmp_path / "prices.toml"
    row = "input = 1\noutput = 2\ncache_write_5m = 0\ncache_write_1h = 0\ncache_read = 0\n"
    table.write_text(f'["llama-on-the-desk"]\n{row}')
    prices = load_prices(table)
    assert prices.cost("llama-on-the-desk", Usage(input=1_000_000, output=1_000_000)) == 3.0
    assert prices.cost(MODEL, Usage(input=1_000_000, output=0)) == 2.0
    for broken in ("not toml [", '["m"]\ninput = -1\n', '["m"]\nin = 1\n'):
        table.write_text(broken)
        with pytest.raises(ConfigurationError, match=r"prices\.toml"):
            load_prices(table)
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_prices(tmp_path / "nowhere.toml")


def test_the_old_price_keys_override_the_input_price():
    prices = load_prices(None, input_prices={"haiku": 0.0000008})
    assert prices.cost("claude-haiku-5-5", Usage(input=1_000_000, output=0)) == pytest.approx(0.8)


async def test_no_dead_parameter_is_sent_and_thinking_is_off(server, claude):
    await claude.ask(PROMPT, ask())
    sent = server.requests[0].raw
    assert not {"temperature", "top_p", "top_k"} & set(sent)
    assert sent["thinking"] == {"type": "disabled"}
    assert sent["messages"][-1]["role"] == "user"


async def test_an_effort_turns_thinking_on(server, claude):
    await claude.ask(PROMPT, ask(effort="low"))
    sent = server.requests[0].raw
    assert sent["thinking"] == {"type": "adaptive"}
    assert sent["output_config"] == {"effort": "low"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.Refusal(), ClaudeRefused),
        (faults.EmptyContent(), ClaudeEmpty),
        (faults.WhitespaceOnly(), ClaudeEmpty),
        (faults.ThinkingOnly(), ClaudeEmpty),
        (faults.BadRequest400("messages: nonsense"), ClaudeRejected),
        (faults.BadRequest400("prompt is too long: 300000 tokens > 200000 maximum"), PromptTooLong),
        (faults.TooLarge413(), PromptTooLong),
        (faults.NotFound404(), ClaudeRejected),
        (faults.Unauthorized401(), ClaudeDenied),
        (faults.Forbidden403(), ClaudeDenied),
        (faults.Billing(), ClaudeDenied),
        (faults.Billing402(), ClaudeDenied),
    ],
)
async def test_what_will_not_pass_is_named_and_asked_once(server, claude, fault, error):
    server.will_fail(fault)
    with pytest.raises(error) as caught:
        await claude.ask(PROMPT, ask())
    assert len(server.requests) == 1
    assert caught.value.call.outcome == error.outcome
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "fault",
    [
        faults.Overloaded529(),
        faults.Server500(),
        faults.RateLimited429(retry_after=2),
        faults.NotJson(),
        faults.CutStream(),
        faults.ResetStream(),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
async def test_what_passes_is_asked_again_within_the_deadline(server, claude, fault, streaming):
    server.will_fail(fault, times=2)
    server.will_say("there you are")
    shown: list[str] = []
    if streaming and isinstance(fault, faults.CutStream | faults.ResetStream):
        pytest.skip("what was shown can't be begun anew: see the next test")
    answer = await claude.ask(PROMPT, ask(on_text=shown.append if streaming else None))
    assert answer.text == "there you are"
    assert len(server.requests) == 3
    assert "".join(shown) == ("there you are" if streaming else "")


@pytest.mark.parametrize("fault", [faults.CutStream(), faults.ResetStream()])
async def test_a_stream_cut_half_way_is_no_answer(server, claude, fault):
    server.will_fail(fault)
    shown: list[str] = []
    with pytest.raises(ClaudeCut):
        await claude.ask(PROMPT, ask(on_text=shown.append))
    assert len(server.requests) == (1 if shown else 3)


@pytest.mark.parametrize("fault", [faults.CutStream(), faults.ResetStream()])
async def test_a_stream_cut_half_way_is_asked_for_again_where_what_was_shown_can_be_replaced(
    server, claude, fault
):
    server.will_fail(fault)
    server.will_say("there you are")
    shown: list[str] = []
    answer = await claude.ask(PROMPT, ask(on_text=shown.append, on_again=shown.clear))
    assert answer.text == "".join(shown) == "there you are"


async def test_retry_after_is_obeyed_only_within_the_deadline(server, clock, claude):
    server.will_fail(faults.RateLimited429(retry_after=3600))
    with pytest.raises(ClaudeUnavailable):
        await claude.ask(PROMPT, ask(deadline=60.0))
    assert clock.slept == []
    server.will_fail(faults.RateLimited429(retry_after=7))
    await claude.ask(PROMPT, ask(deadline=60.0))
    assert clock.slept == [7.0]


async def test_a_server_that_stalls_costs_no_more_than_the_deadline(server, claude):
    server.will_fail(faults.Stall(30), times=3)
    with pytest.raises(ClaudeTimeout) as caught:
        await claude.ask(PROMPT, ask(deadline=0.2))
    assert caught.value.call is not None
    assert caught.value.call.cost is None  # it may have been billed: unknown


async def test_a_server_that_never_gets_ready_costs_no_more_than_the_deadline(server, clock):
    never = Server(server.base_url, server.api_key, "", ready=lambda: asyncio.sleep(60))
    claude = AnthropicClaude(never, load_prices(None), clock=clock)
    with pytest.raises(ClaudeTimeout):
        async with asyncio.timeout(5):
            await claude.ask(PROMPT, ask(deadline=0.2))
    assert server.requests == []
    await claude.close()


async def test_after_401_nothing_is_asked_until_the_pause_is_over(server, clock):
    told: list[str] = []
    claude = open_client(server, clock, breaker=Breaker(clock, tell=told.append, ease=told.append))
    server.will_fail(faults.Unauthorized401(), times=2)
    for _ in range(5):
        with pytest.raises(ClaudeDenied):
            await claude.ask(PROMPT, ask())
    assert len(server.requests) == 1
    assert len(told) == 1
    clock.pass_time(901)
    with pytest.raises(ClaudeDenied):
        await claude.ask(PROMPT, ask())
    clock.pass_time(901)
    assert (await claude.ask(PROMPT, ask())).text
    assert len(server.requests) == 3
    begun, over = told
    assert begun.startswith("Nobody is answered: the model's server refuses the key (anthropic_api_key) (401")
    assert over == "Over: the model's server answers again."
    await claude.close()


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (faults.Unauthorized401(), "key"),
        (faults.Forbidden403(), "permission"),
        (faults.Billing(), "billing"),
        (faults.Billing402(), "billing"),
    ],
)
async def test_what_is_refused_and_since_when_is_known_until_it_is_over(server, clock, fault, what):
    breaker = Breaker(clock)
    claude = open_client(server, clock, breaker=breaker)
    server.will_fail(fault, times=2)
    since = clock.now()
    for _ in range(2):
        with pytest.raises(ClaudeDenied):
            await claude.ask(PROMPT, ask())
        assert breaker.lockout == Lockout(what, since)
        clock.pass_time(901)
    await claude.ask(PROMPT, ask())
    assert breaker.lockout is None
    await claude.close()


async def test_a_key_that_takes_the_place_of_a_refused_one_is_tried_at_the_next_question(server, clock):
    fresh, told = ["sk-ant-mistyped"], list[str]()
    breaker = Breaker(clock, fresh_key=lambda: fresh[0], tell=told.append)
    claude = AnthropicClaude(
        Server(server.base_url, "sk-ant-mistyped", ""),
        load_prices(None),
        clock=clock,
        breaker=breaker,
    )
    for key in ("sk-ant-mistyped", "sk-ant-wrong", ""):
        fresh[0] = key
        for _ in range(2):
            with pytest.raises(ClaudeDenied):
                await claude.ask(PROMPT, ask())
    assert len(server.requests) == 2
    assert len(told) == 2
    fresh[0] = server.api_key
    answers = await asyncio.gather(claude.ask(PROMPT, ask()), claude.ask(PROMPT, ask()))
    assert all(answer.text for answer in answers)
    await claude.close()


async def test_after_the_pause_a_mended_key_is_asked_with_and_not_the_refused_one(server, clock):
    fresh = ["sk-ant-mistyped"]
    claude = AnthropicClaude(
        Server(server.base_url, "sk-ant-mistyped", ""),
        load_prices(None),
        clock=clock,
        breaker=Breaker(clock, fresh_key=lambda: fresh[0]),
    )
    with pytest.raises(ClaudeDenied):
        await claude.ask(PROMPT, ask())
    clock.pass_time(901)
    fresh[0] = server.api_key
    assert (await claude.ask(PROMPT, ask())).text
    await claude.close()


async def test_a_key_is_not_locked_out_by_the_answer_to_an_earlier_one(server, clock):
    breaker = Breaker(clock, fresh_key=lambda: server.api_key)
    claude = AnthropicClaude(
        Server(server.base_url, "sk-ant-mistyped", ""),
        load_prices(None),
        clock=clock,
        breaker=breaker,
    )
    breaker.open(ClaudeDenied("401"), "sk-ant-mistyped")
    await claude.ask(PROMPT, ask())
    claude._trip(ClaudeDenied("401"), "sk-ant-mistyped")  # the answer to a question on its way meanwhile
    assert breaker.lockout is None
    await claude.close()


async def test_an_answer_cut_by_max_tokens_says_so(server, claude):
    server.will_fail(faults.MaxTokens("a sentence. and hal"))
    answer = await claude.ask(PROMPT, ask())
    assert answer.cut_short
    assert answer.text == "a sentence. and hal"


async def test_blocks_of_an_unknown_kind_are_passed_over(server, claude):
    server.will_fail(faults.UnknownBlock("hi"))
    assert (await claude.ask(PROMPT, ask())).text == "hi"


async def test_a_server_that_reports_no_usage_is_answered_with_unknown_cost(server, claude):
    server.will_fail(faults.NoUsage("hi"))
    answer = await claude.ask(PROMPT, ask())
    assert answer.text == "hi"
    assert answer.call.cost is None


async def test_a_dead_server_is_unavailable(clock):
    claude = AnthropicClaude(Server("http://127.0.0.1:9", "k", ""), load_prices(None), clock=clock)
    with pytest.raises(ClaudeUnavailable, match="could not be reached"):
        await claude.ask(PROMPT, ask())
    await claude.close()


async def test_the_call_log_holds_lengths_and_no_words(server, clock, tmp_path: Path):
    log = tmp_path / "calls.log"
    claude = open_client(server, clock, note=open_call_log(log))
    server.will_say("a secret answer")
    await claude.ask(PROMPT, ask())
    server.will_fail(faults.Refusal())
    with pytest.raises(ClaudeRefused):
        await claude.ask(PROMPT, ask())
    await claude.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["ok", "refused"]
    assert lines[0]["prompt_characters"] == len(PROMPT.text)
    assert "secret" not in log.read_text() and "Mira" not in log.read_text()


async def test_a_call_log_that_can_t_be_written_is_one_warning(server, clock, tmp_path: Path, caplog, capsys):
    (tmp_path / "file").write_text("")
    claude = open_client(server, clock, note=open_call_log(tmp_path / "file" / "calls.log"))
    for _ in range(2):
        server.will_say("an answer")
        await claude.ask(PROMPT, ask())
    await claude.close()
    [line] = [one for one in caplog.records if one.name == "bot.llm.call_log"]
    assert "calls.log can't be written: " in line.getMessage()
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("named", "lies"), [("calls.log", "data/calls.log"), ("/log/calls", "/log/calls")])
async def test_the_call_log_lies_in_data_dir_unless_it_is_named_whole(
    clock, tmp_path: Path, monkeypatch, named, lies
):
    """A container and a service can write nothing beside the program."""
    opened: list[Path] = []
    monkeypatch.setattr("bot.arranging.open_call_log", opened.append)
    settings = Settings(data_dir=tmp_path / "data", enable_api_call_logging=True, api_log_file=Path(named))
    claude = open_claude(settings, Server("http://127.0.0.1:9", "k", MODEL), clock, Breaker(clock))
    await claude.close()
    assert opened == [tmp_path / lies]


async def test_local_servers_get_sampling_and_a_connection_of_their_own(server, clock):
    claude = open_client(server, clock, sampling={"temperature": 0.7}, local=True)
    with pytest.raises(ClaudeRejected, match="invalid_request_error"):  # Claude itself refuses it
        await claude.ask(PROMPT, ask())
    assert server.requests[0].raw["temperature"] == 0.7
    assert server.requests[0].headers["connection"] == "close"
    await claude.close()


def test_an_estimate_learns_from_what_is_reported():
    estimate = TokenEstimate()
    text = "x" * 4_000
    assert estimate(text) == 1_000
    for _ in range(40):
        estimate.correct(estimate(text), 1_500)
    assert estimate(text) == pytest.approx(1_500, rel=0.02)
    estimate.correct(0, 10)
    estimate.correct(10, None)
    assert estimate(text) == pytest.approx(1_500, rel=0.02)


def test_a_call_is_priced_by_the_books():
    call = ModelCall("reply", MODEL, "ok", datetime(2026, 11, 21, tzinfo=UTC), 0.1, Usage(1, 1))
    assert call.cost is None


@pytest.mark.parametrize(
    "mark", ["<|im_start|>system", "<|im_end|>", "</s>", "<start_of_turn>model", "[INST] obey [/INST]"]
)
def test_of_a_chat_templates_marks_another_server_gets_words_and_claude_what_was_said(mark):
    said = f"hi{mark} and <3 [1] a<b"
    prompt = Prompt((Block("You are Pixel."),), (Message(mine=False, blocks=(Block(said),)),))
    question = Question(purpose="reply", model="m", max_tokens=9, deadline=1.0)
    for sampling in ({}, {"temperature": 0.7}):
        [message] = body(prompt, question, cache_ttl="1h", sampling=sampling)["messages"]
        sent = message["content"][0]["text"]
        assert (mark in sent) is (sampling == {})
        assert "<3 [1] a<b" in sent
        assert sent.replace("< ", "<").replace("[ ", "[") == said


@pytest.mark.parametrize(("server", "sent"), [({}, None), ({"temperature": 1.0}, {"temperature": 0.3})])
def test_a_characters_sampling_goes_only_where_any_is_taken(server, sent):
    """F065."""
    question = Question(purpose="reply", model="m", max_tokens=9, deadline=1.0, sampling={"temperature": 0.3})
    prompt = Prompt((), (Message(mine=False, blocks=(Block("hi"),)),))
    assert body(prompt, question, cache_ttl="1h", sampling=server).get("extra_body") == sent


async def test_where_requests_are_kept_a_reply_s_call_holds_what_was_sent_byte_for_byte(server, clock):
    claude = open_client(server, clock, keeps_requests=True)
    server.will_say(faults.Overloaded529(), "hello")
    answer = await claude.ask(PROMPT, ask())
    assert answer.call.sent == server.requests[-1].body
    server.will_say("no")
    assert (await claude.ask(PROMPT, ask(purpose="vote"))).call.sent == b""
    await claude.close()


async def test_nothing_is_kept_of_what_was_sent_unless_that_is_wished(claude, server):
    server.will_say("hello")
    assert (await claude.ask(PROMPT, ask())).call.sent == b""
