"""The scripted Claude, asked by the stock Anthropic client."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic

from tests.support.paths import ROOT
from tests.world import claude_faults as faults
from tests.world.claude_server import Request, ScriptedClaude

SONNET = "claude-sonnet-5-5"
HAIKU = "claude-haiku-5-5"
FIVE_MINUTES = {"type": "ephemeral"}
ONE_HOUR = {"type": "ephemeral", "ttl": "1h"}
LONG = "a" * 8000  # 2,000 tokens


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def claude(clock: Clock) -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude(clock=clock) as claude:
        yield claude


@pytest.fixture
async def client(claude: ScriptedClaude) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=claude.base_url, api_key=claude.api_key, max_retries=0) as client:
        yield client


def user(*texts: str | dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [block(text) for text in texts]}


def block(text: str | dict[str, Any], mark: dict[str, Any] | None = None) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    return {"type": "text", "text": text} | ({"cache_control": mark} if mark else {})


def asking(text: str = "Hi", **more: Any) -> dict[str, Any]:
    return {"model": SONNET, "max_tokens": 100, "messages": [user(text)]} | more


async def ask(client: AsyncAnthropic, text: str = "Hi", **more: Any) -> anthropic.types.Message:
    return await client.messages.create(**asking(text, **more))


async def stream(client: AsyncAnthropic, text: str = "Hi", **more: Any) -> Any:
    async with client.messages.stream(**asking(text, **more)) as stream:
        return await stream.get_final_message()


def text_of(message: Any) -> str:
    return "".join(part.text for part in message.content if part.type == "text")


async def post(claude: ScriptedClaude, body: Any, **headers: str) -> tuple[int, Any]:
    """Send what the client would refuse to send; return status and body."""
    sent = {"x-api-key": claude.api_key, "anthropic-version": "2026-10-21"} | headers
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{claude.base_url}/v1/messages",
            data=body if isinstance(body, bytes) else json.dumps(body),
            headers={key: value for key, value in sent.items() if value},
        ) as response,
    ):
        return response.status, await response.json()


# --- the script ---------------------------------------------------------------------------------


async def test_answers_come_in_the_order_of_the_script(claude, client):
    claude.will_say("one", "two").answer_with("…and so on")
    assert [text_of(await ask(client)) for _ in range(4)] == [
        "one",
        "two",
        "…and so on",
        "…and so on",
    ]
    assert claude.unsaid == 0


async def test_faults_and_words_wait_in_one_line(claude, client):
    claude.will_fail(faults.Overloaded529()).will_say("better now")
    with pytest.raises(anthropic.InternalServerError):
        await ask(client)
    assert text_of(await ask(client)) == "better now"


async def test_the_clients_own_retry_meets_the_next_answer(claude, client):
    claude.will_fail(faults.RateLimited429(retry_after=0.01), times=2).will_say("third time")
    assert text_of(await ask(client.with_options(max_retries=2))) == "third time"
    assert len(claude.requests) == 3


async def test_a_function_answers_with_what_it_was_asked(claude, client):
    claude.answer_with(lambda asked: f"heard {asked.last_text}")
    assert text_of(await ask(client, "a bell")) == "heard a bell"


async def test_an_async_function_can_hold_an_answer_back(claude, client):
    gate = asyncio.Event()

    async def when_opened(_asked: Request) -> str:
        await gate.wait()
        return "open"

    claude.answer_with(when_opened)
    waiting = asyncio.create_task(ask(client))
    await claude.received(1)
    assert claude.busy == 1
    gate.set()
    assert text_of(await waiting) == "open"
    assert claude.busy == 0


async def test_a_function_can_answer_with_a_fault(claude, client):
    claude.answer_with(lambda _asked: faults.Forbidden403())
    for _ in range(2):
        with pytest.raises(anthropic.PermissionDeniedError):
            await ask(client)


async def test_a_rule_answers_for_its_model_and_the_rest_goes_on(claude, client):
    claude.when(HAIKU).will_say("yes")
    claude.when(lambda asked: "weather" in asked.text).answer_with("Rain.")
    claude.will_say("main")
    assert text_of(await ask(client, model=HAIKU)) == "yes"
    assert text_of(await ask(client, "the weather?")) == "Rain."
    assert text_of(await ask(client, model=HAIKU)) == "main"


async def test_a_stream_adds_up_to_the_same_message(claude, client):
    claude.will_say("A sentence long enough for several pieces.")
    async with client.messages.stream(**asking()) as stream:
        pieces = [piece async for piece in stream.text_stream]
        message = await stream.get_final_message()
    assert len(pieces) == 4
    assert "".join(pieces) == text_of(message) == "A sentence long enough for several pieces."
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == 11


async def test_a_stream_can_be_cut_where_the_test_wants(claude, client):
    claude.will_say(faults.Say("Well, no.", pieces=("Well", ", no."), between=0.01))
    async with client.messages.stream(**asking()) as stream:
        assert [piece async for piece in stream.text_stream] == ["Well", ", no."]


async def test_a_stream_has_the_services_events(claude, client):
    claude.will_say("Hi there")
    url, raw = f"{claude.base_url}/v1/messages", asking(stream=True)
    headers = {"x-api-key": claude.api_key, "anthropic-version": "2026-10-21"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=raw) as response,
    ):
        lines = (await response.text()).splitlines()
    assert response.content_type == "text/event-stream"
    assert [line.removeprefix("event: ") for line in lines if line.startswith("event")] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


async def test_an_answer_takes_as_long_as_it_is_told(claude, client):
    claude.delay = 3600
    claude.will_say("quick", after=0).will_say("never")
    assert text_of(await ask(client)) == "quick"
    with pytest.raises(anthropic.APITimeoutError):
        await ask(client.with_options(timeout=0.05))


# --- what it remembers of each request ----------------------------------------------------------


async def test_a_request_is_kept_as_it_came(claude, client, clock):
    clock.now = 1234.5
    await ask(client, "canary in a message", system="canary in the system prompt")
    (asked,) = claude.requests
    assert (asked.model, asked.max_tokens, asked.stream, asked.at) == (SONNET, 100, False, 1234.5)
    assert asked.system == [{"type": "text", "text": "canary in the system prompt"}]
    assert asked.messages == [user("canary in a message")]
    assert asked.text.count("canary") == 2
    assert asked.headers["content-type"] == "application/json"
    assert asked.raw["messages"][0]["role"] == "user"
    assert asked.answer == faults.Say("…")


async def test_a_refused_request_is_kept_with_the_reason(claude, client):
    with pytest.raises(anthropic.AuthenticationError):
        await ask(client.with_options(api_key="sk-ant-wrong"), "secret")
    assert claude.requests[0].refused == "invalid x-api-key"
    assert "secret" in claude.requests[0].text
    assert claude.usage.calls == 0


async def test_the_peak_of_concurrent_calls_is_counted(claude, client):
    claude.delay = 0.05
    await asyncio.gather(*(ask(client) for _ in range(5)))
    assert claude.busiest == 5
    assert claude.connections == claude.open_connections == 5
    await ask(client)
    assert claude.connections == 5


async def test_nothing_is_kept_when_told_so():
    async with ScriptedClaude(record=False) as claude:
        async with AsyncAnthropic(base_url=claude.base_url, api_key=claude.api_key) as client:
            await ask(client)
        assert claude.requests == []
        assert claude.usage.calls == 1


# --- what the service refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature": 0.7}, "temperature: Extra inputs are not permitted"),
        ({"top_p": 0.9}, "top_p: Extra inputs are not permitted"),
        ({"top_k": 40}, "top_k: Extra inputs are not permitted"),
        ({"mood": "good"}, "mood: Extra inputs are not permitted"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "is not supported"),
        ({"messages": []}, "at least one message is required"),
        ({"messages": [{"role": "assistant", "content": "Hi"}]}, "first message must use"),
        (
            {"messages": [user("Hi"), {"role": "assistant", "content": "Well"}]},
            "does not support assistant message prefill",
        ),
        ({"messages": [user("")]}, "text content blocks must be non-empty"),
        ({"messages": [user(" \n")]}, "must contain non-whitespace text"),
        ({"messages": [{"role": "user", "content": ""}]}, "must have non-empty content"),
        ({"messages": [{**user("Hi"), "name": "Ann"}]}, "messages.0.name: Extra inputs"),
        ({"messages": [{"role": "system", "content": "Hi"}]}, 'Unexpected role "system"'),
        ({"system": [block("")]}, "system: text content blocks must be non-empty"),
        ({"max_tokens": 0}, "max_tokens: must be greater than or equal to 1"),
        ({"max_tokens": None}, "Invalid request data"),
        (
            {"system": [block(str(number), FIVE_MINUTES) for number in range(5)]},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            {"system": [block("a", FIVE_MINUTES), block("b", ONE_HOUR)]},
            "must not come after a ttl='5m'",
        ),
        ({"system": [block("a", {"type": "ephemeral", "ttl": "2h"})]}, "a ttl of '5m' or '1h'"),
        ({"messages": [user("half a face \ud83d")]}, "no low surrogate in string"),
    ],
)
async def test_what_the_service_rejects_is_rejected_in_its_words(claude, change, words):
    status, body = await post(claude, asking() | change)
    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert words in body["error"]["message"]
    assert claude.requests[0].refused == body["error"]["message"]
    assert claude.busiest == 0


async def test_the_clients_exception_carries_the_words(client):
    with pytest.raises(anthropic.BadRequestError, match="assistant message prefill"):
        await ask(client, messages=[user("Hi"), {"role": "assistant", "content": "Well"}])


@pytest.mark.parametrize("mode", ["disabled", "adaptive"])
async def test_thinking_may_be_off_or_adaptive(client, mode):
    await ask(client, thinking={"type": mode}, output_config={"effort": "low"})


async def test_four_marks_and_an_hour_before_five_minutes_are_accepted(client):
    marks = [ONE_HOUR, ONE_HOUR, FIVE_MINUTES, FIVE_MINUTES]
    await ask(client, system=[block(str(index), mark) for index, mark in enumerate(marks)])


async def test_an_unknown_model_is_not_found(client):
    with pytest.raises(anthropic.NotFoundError, match="model: claude-3-5-sonnet-20241022"):
        await ask(client, model="claude-3-5-sonnet-20241022")


async def test_a_prompt_beyond_the_window_is_too_long(claude, client):
    claude.longest_prompt = 100
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long: 101 tokens > 100"):
        await ask(client, "a" * 401)
    await ask(client, "a" * 400)


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"x-api-key": ""}, 401, "x-api-key header is required"),
        ({"x-api-key": "sk-ant-wrong"}, 401, "invalid x-api-key"),
        ({"anthropic-version": ""}, 400, "anthropic-version: header is required"),
    ],
)
async def test_key_and_version_are_required(claude, headers, status, words):
    got, body = await post(claude, asking(), **headers)
    assert (got, body["error"]["message"]) == (status, words)
    assert body["type"] == "error"


async def test_a_body_that_is_no_json_is_refused(claude):
    status, body = await post(claude, b"{")
    assert status == 400
    assert "not valid JSON" in body["error"]["message"]


async def test_tokens_are_counted_without_an_answer(claude, client):
    counted = await client.messages.count_tokens(model=SONNET, messages=[user("a" * 9)])
    assert counted.input_tokens == 3
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Extra inputs"):
        await client.messages.count_tokens(model=SONNET, messages=[user("Hi")], extra_body={"max_tokens": 5})
    assert claude.requests == []


async def test_models_are_listed_and_looked_up(client):
    assert SONNET in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve(HAIKU)).display_name == "Claude Haiku 5 5"
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("claude-2")
    with pytest.raises(anthropic.AuthenticationError):
        await client.with_options(api_key="wrong").models.list()


# --- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        (faults.Server500(), anthropic.InternalServerError, "api_error"),
        (faults.Overloaded529(), anthropic.InternalServerError, "overloaded_error"),
        (faults.RateLimited429(), anthropic.RateLimitError, "rate_limit_error"),
        (faults.Unauthorized401(), anthropic.AuthenticationError, "authentication_error"),
        (faults.Forbidden403(), anthropic.PermissionDeniedError, "permission_error"),
        (faults.Billing(), anthropic.BadRequestError, "invalid_request_error"),
        (faults.Billing402(), anthropic.APIStatusError, "billing_error"),
        (faults.BadRequest400("no"), anthropic.BadRequestError, "invalid_request_error"),
        (faults.NotFound404(), anthropic.NotFoundError, "not_found_error"),
        (faults.TooLarge413(), anthropic.APIStatusError, "request_too_large"),
    ],
)
@pytest.mark.parametrize("way", [ask, stream])
async def test_an_error_arrives_as_the_clients_exception(claude, client, fault, error, kind, way):
    claude.will_fail(fault)
    with pytest.raises(error) as caught:
        await way(client)
    assert caught.value.status_code == fault.status
    assert caught.value.body["error"] == {"type": kind, "message": fault.message}
    assert caught.value.request_id.startswith("req_")
    assert claude.usage.calls == 0


async def test_a_rate_limit_says_when_to_come_back(claude, client):
    claude.will_fail(faults.RateLimited429(retry_after=3600))
    with pytest.raises(anthropic.RateLimitError) as caught:
        await ask(client)
    assert caught.value.response.headers["retry-after"] == "3600"


async def test_the_empty_purse_names_the_credit_balance(claude, client):
    claude.will_fail(faults.Billing())
    with pytest.raises(anthropic.BadRequestError, match="credit balance is too low"):
        await ask(client)


@pytest.mark.parametrize("way", [ask, stream])
@pytest.mark.parametrize(
    ("answer", "kinds", "text", "reason"),
    [
        (faults.Refusal(), [], "", "refusal"),
        (faults.EmptyContent(), [], "", "end_turn"),
        (faults.WhitespaceOnly(), ["text"], " \n\t ", "end_turn"),
        (faults.ThinkingOnly(), ["thinking"], "", "max_tokens"),
        (faults.UnknownBlock(), ["hologram"], "", "end_turn"),
        (faults.UnknownBlock("and words"), ["hologram", "text"], "and words", "end_turn"),
        (faults.MaxTokens("This ends in the mid"), ["text"], "This ends in the mid", "max_tokens"),
    ],
)
async def test_an_odd_message_arrives_as_it_is(claude, client, answer, kinds, text, reason, way):
    claude.will_fail(answer)
    message = await way(client)
    assert [part.type for part in message.content] == kinds
    assert (text_of(message), message.stop_reason) == (text, reason)


async def test_a_message_can_lack_its_usage(claude, client):
    claude.will_fail(faults.NoUsage("Hi"), faults.NoUsage("Hi", kept=("input_tokens",)))
    assert (await ask(client)).usage is None
    partly = (await ask(client)).usage
    assert (partly.input_tokens, partly.cache_read_input_tokens) == (1, None)


async def test_a_stream_can_lack_its_usage(claude, client):
    claude.will_fail(faults.NoUsage("Hi"))
    with pytest.raises(AttributeError):
        await stream(client)


async def test_a_stream_that_ends_half_way_has_no_stop_reason(claude, client):
    claude.will_fail(faults.CutStream(after_events=5))
    message = await stream(client)
    assert message.stop_reason is None
    assert faults.CutStream().text.startswith(text_of(message))
    assert 0 < len(text_of(message)) < len(faults.CutStream().text)


async def test_a_plain_answer_that_ends_half_way_is_no_json(claude, client):
    claude.will_fail(faults.CutStream())
    with pytest.raises(json.JSONDecodeError):
        await ask(client)


@pytest.mark.parametrize("way", [ask, stream])
@pytest.mark.parametrize("events", [-1, 0, 4])
async def test_a_reset_breaks_the_connection(claude, client, way, events):
    claude.will_fail(faults.ResetStream(after_events=events)).will_say("back")
    with pytest.raises((httpx2.TransportError, anthropic.APIConnectionError)):
        await way(client)
    assert text_of(await way(client)) == "back"


async def test_a_stall_outlasts_the_clients_timeout(claude, client):
    claude.will_fail(faults.Stall(3600), faults.Stall(3600, after_events=3))
    impatient = client.with_options(timeout=0.05)
    with pytest.raises(anthropic.APITimeoutError):
        await stream(impatient)
    with pytest.raises(httpx2.ReadTimeout):
        await stream(impatient)


async def test_a_short_stall_is_only_slow(claude, client):
    claude.will_fail(faults.Stall(0.01, text="sorry"), faults.Stall(0.01, text="sorry"))
    assert text_of(await ask(client)) == text_of(await stream(client)) == "sorry"


async def test_a_paced_answer_keeps_its_pace_and_tells_when_it_was_given(claude, client):
    text = "word" * 30
    claude.will_say(faults.paced(text, first=0.2, per_second=100))
    begun = time.time()
    assert text_of(await stream(client)) == text
    [asked] = claude.requests
    assert asked.first_words_at - begun >= 0.19
    assert asked.ended_at - asked.first_words_at >= 0.28


async def test_a_paced_answer_is_cut_behind_so_many_tokens(claude, client):
    claude.will_say(faults.paced("word" * 30, per_second=1000, kind=faults.CutStream, tokens=7))
    assert text_of(await stream(client)) == "word" * 7


async def test_an_answer_is_held_in_the_middle_until_the_test_lets_it_go_on(claude, client):
    held = faults.Held(text="word" * 9, pieces=("word",) * 9, after_events=faults.BEFORE_TEXT + 4)
    claude.will_say(held)
    asking = asyncio.create_task(stream(client))
    await claude.received(1)
    await asyncio.sleep(0.1)
    assert claude.requests[0].first_words_at
    assert claude.busy == 1
    held.goes_on.set()
    assert text_of(await asking) == "word" * 9


async def test_a_stream_can_turn_into_an_error(claude, client):
    claude.will_fail(faults.StreamError(after_events=4), faults.StreamError())
    with pytest.raises(anthropic.APIStatusError) as caught:
        await stream(client)
    assert caught.value.type == "overloaded_error"
    with pytest.raises(anthropic.InternalServerError):
        await ask(client)


async def test_a_web_page_is_no_message(claude, client):
    claude.will_fail(faults.NotJson())
    with pytest.raises(json.JSONDecodeError):
        await ask(client)


async def test_a_client_that_hangs_up_ends_the_answer(claude, client):
    claude.will_fail(faults.Stall(3600))
    waiting = asyncio.create_task(ask(client))
    await claude.received(1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await client.close()
    async with asyncio.timeout(5):
        while claude.busy:
            await asyncio.sleep(0.01)


# --- the prompt cache ---------------------------------------------------------------------------


async def test_tokens_are_a_quarter_of_the_characters(claude, client):
    claude.will_say("a" * 10)
    usage = (await ask(client, "a" * 401)).usage
    assert (usage.input_tokens, usage.output_tokens) == (101, 3)
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 0)


async def bill(client: AsyncAnthropic, **request: Any) -> tuple[int, int, int, int]:
    """Input, 5-minute write, 1-hour write, read."""
    usage = (await ask(client, **request)).usage
    written = usage.cache_creation
    assert written is not None
    short, long = written.ephemeral_5m_input_tokens, written.ephemeral_1h_input_tokens
    assert usage.cache_creation_input_tokens == short + long
    return usage.input_tokens, short, long, usage.cache_read_input_tokens or 0


async def test_a_marked_prefix_is_written_once_and_read_again(claude, client):
    system = [block(LONG, FIVE_MINUTES)]
    assert await bill(client, system=system) == (1, 2000, 0, 0)
    assert await bill(client, system=system, text="Another") == (2, 0, 0, 2000)
    assert claude.usage.calls == 2
    assert claude.usage.hit_rate == 2000 / 4003


async def test_a_stream_is_billed_like_a_plain_answer(claude, client):
    system = [block(LONG, ONE_HOUR)]
    first, second = [(await stream(client, system=system)).usage for _ in range(2)]
    assert first.cache_creation.ephemeral_1h_input_tokens == 2000
    assert second.cache_read_input_tokens == 2000


async def test_one_other_byte_in_the_prefix_misses(client):
    await bill(client, system=[block("12:00 " + LONG, FIVE_MINUTES)])
    assert (await bill(client, system=[block("12:01 " + LONG, FIVE_MINUTES)]))[3] == 0


async def test_a_prefix_of_another_role_or_model_misses(client):
    await bill(client, system=[block(LONG, FIVE_MINUTES)])
    assert (await bill(client, messages=[user(block(LONG, FIVE_MINUTES))]))[3] == 0
    assert (await bill(client, system=[block(LONG, FIVE_MINUTES)], model=HAIKU))[3] == 0


@pytest.mark.parametrize(("model", "smallest"), [(SONNET, 1024), (HAIKU, 512)])
async def test_a_short_prefix_is_not_cached(client, model, smallest):
    below, enough = "a" * (smallest * 4 - 4), "b" * smallest * 4
    for _ in range(2):
        assert await bill(client, system=[block(below, FIVE_MINUTES)], model=model) == (
            smallest,
            0,
            0,
            0,
        )
    assert (await bill(client, system=[block(enough, FIVE_MINUTES)], model=model))[1] == smallest


async def test_an_entry_lives_its_time_from_its_last_use(client, clock):
    system = [block(LONG, FIVE_MINUTES)]
    await bill(client, system=system)
    for passed, read in ((299, 2000), (299, 2000), (301, 0)):
        clock.now += passed
        assert (await bill(client, system=system))[3] == read


async def test_an_hour_is_an_hour(client, clock):
    system = [block(LONG, ONE_HOUR)]
    await bill(client, system=system)
    clock.now += 3599
    assert await bill(client, system=system) == (1, 0, 0, 2000)
    clock.now += 3601
    assert await bill(client, system=system) == (1, 0, 2000, 0)


async def test_hour_and_minutes_are_billed_apart(client):
    system = [block(LONG, ONE_HOUR)]
    turn = user(block("b" * 4000, FIVE_MINUTES), "now")
    assert await bill(client, system=system, messages=[turn]) == (1, 1000, 2000, 0)
    turn = user(block("b" * 4000), block("c" * 400, FIVE_MINUTES), "now")
    assert await bill(client, system=system, messages=[turn]) == (1, 100, 0, 3000)


async def test_a_growing_transcript_is_found_within_twenty_blocks(client):
    def transcript(lines: int) -> list[dict[str, Any]]:
        texts = [block(f"{index:04}" + "a" * 396) for index in range(lines)]
        return [user(*texts[:-1], texts[-1] | {"cache_control": FIVE_MINUTES})]

    assert await bill(client, messages=transcript(20)) == (0, 2000, 0, 0)
    assert await bill(client, messages=transcript(39)) == (0, 1900, 0, 2000)
    assert await bill(client, messages=transcript(59)) == (0, 5900, 0, 0)


async def test_the_automatic_mark_sits_on_the_last_block(client):
    turns = [user(LONG)]
    assert await bill(client, messages=turns, cache_control=FIVE_MINUTES) == (0, 2000, 0, 0)
    assert await bill(client, messages=turns, cache_control=FIVE_MINUTES) == (0, 0, 0, 2000)


async def test_an_entry_can_be_read_only_after_the_first_response_began(claude, client):
    claude.delay = 0.05
    system = [block(LONG, FIVE_MINUTES)]
    bills = await asyncio.gather(*(bill(client, system=system) for _ in range(3)))
    assert [read for *_, read in bills] == [0, 0, 0]
    assert (await bill(client, system=system))[3] == 2000


async def test_an_error_caches_nothing(claude, client):
    claude.will_fail(faults.Overloaded529())
    with pytest.raises(anthropic.InternalServerError):
        await bill(client, system=[block(LONG, FIVE_MINUTES)])
    assert (await bill(client, system=[block(LONG, FIVE_MINUTES)]))[3] == 0


# --- by hand ------------------------------------------------------------------------------------


async def test_it_runs_by_hand():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.world.claude_server", "--say", "hi"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url, key = [(await process.stdout.readline()).decode().strip() for _ in range(2)]
        async with AsyncAnthropic(base_url=url, api_key=key) as client:
            assert text_of(await ask(client)) == "hi"
    finally:
        process.terminate()
        await process.communicate()
