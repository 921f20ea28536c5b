"""Several servers behind one client: keys, sampling, prices, blind models, and who stands by."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.arranging import limits_of, open_claude, voice_of, within
from bot.conversation.experts import Experts, ModelChoice
from bot.conversation.intents import Intent, IntentKind
from bot.core.clock import SystemClock
from bot.llm.breaker import Breaker
from bot.llm.budget import Budgets
from bot.llm.budgeted import Tariff
from bot.llm.client import Claude
from bot.llm.errors import ClaudeRejected, ClaudeUnavailable
from bot.llm.pricing import load_prices
from bot.llm.server import CLAUDE_URL, Server, label_of, model_at, other_servers
from bot.llm.standby import Standby
from bot.llm.types import Block, Message, Model, Picture, Prompt, Question
from bot.settings import Settings, load_settings
from database import Database
from tests.fakes import FakeClock
from tests.world import claude_faults as faults
from tests.world.claude_server import Request, ScriptedClaude

GENERAL, CODER = "claude-sonnet-5-5", "qwen-coder"
NOWHERE = "http://127.0.0.1:9"
CLAUDE = Server(CLAUDE_URL, "sk-ant-of-claude", GENERAL)
PROMPT = Prompt((Block("You are Nyx."),), (Message(mine=False, blocks=(Block("Mira: hi"),)),))
SHOWN = Prompt(
    PROMPT.system,
    (Message(mine=False, blocks=(Block("Mira: look"), Block.showing(Picture(b"webp", 800, 600)))),),
)


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


@pytest.fixture
async def local() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude(api_key=None, models={CODER: 512}) as server:
        yield server


def settings_of(**written: str) -> Settings:
    return load_settings(None, None, {}, written).settings


def main_of(server: ScriptedClaude) -> Server:
    return Server(server.base_url, server.api_key, GENERAL)


@asynccontextmanager
async def opened(main: Server, url: str, *, clock: Any = None, **written: str) -> AsyncIterator[Claude]:
    settings = settings_of(sel_coder_model=f"{CODER}@{url}", **written)
    clock = clock or FakeClock()
    client = open_claude(settings, main, clock, Breaker(clock))
    yield client
    await client.close()


def question(url: str = "", **changes: Any) -> Question:
    model = Model(CODER, url.removeprefix("http://")) if url else Model(GENERAL)
    usual: dict[str, Any] = {"purpose": "reply", "max_tokens": 50, "deadline": 5.0}
    return Question(model=model.name, server=model.server, **(usual | changes))


def blind(asked: Request) -> str | faults.Answer:
    seen = any(block["type"] == "image" for message in asked.messages for block in message["content"])
    return faults.BadRequest400("image input is not supported") if seen else "I can't see it."


# --- which server -----------------------------------------------------------------------------------


def test_a_server_is_called_by_host_and_path_and_the_main_one_by_nothing():
    assert label_of("https://openrouter.ai/api", CLAUDE) == "openrouter.ai/api"
    assert label_of(CLAUDE_URL, CLAUDE) == label_of("", CLAUDE) == ""
    assert model_at("qwen@http://127.0.0.1:81", CLAUDE) == Model("qwen", "127.0.0.1:81")
    assert str(model_at("qwen@http://127.0.0.1:81", CLAUDE)) == "qwen@127.0.0.1:81"
    assert model_at("claude-opus-5-5", CLAUDE) == Model("claude-opus-5-5")
    assert model_at("", CLAUDE) is None


def test_claudes_key_is_sent_to_no_other_server_and_theirs_to_https_alone():
    settings = settings_of(
        anthropic_api_key="sk-ant-of-claude",
        other_server_key="sk-or",
        sel_coder_model="qwen@http://127.0.0.1:81",
        vision_model="seeing@https://openrouter.ai/api",
    )
    found = other_servers(settings, CLAUDE)
    assert {label: one.api_key for label, one in found.items()} == {
        "127.0.0.1:81": "no-key",
        "openrouter.ai/api": "sk-or",
    }
    assert [one.free for one in found.values()] == [True, False]


def test_a_server_that_two_models_are_at_is_there_once():
    settings = settings_of(sel_coder_model="a@http://h:81", vision_model="b@http://h:81")
    assert len(other_servers(settings, CLAUDE)) == 1


async def test_each_server_gets_its_own_questions_key_and_sampling(claude, local):
    async with opened(main_of(claude), local.base_url, default_temperature="0.3") as client:
        asked = question(local.base_url, sampling={"top_p": 0.5})
        await client.ask(PROMPT, asked)
        await client.ask(PROMPT, question(sampling={"top_p": 0.5}))
    [there], [here] = local.requests, claude.requests
    assert (there.model, here.model) == (CODER, GENERAL)
    assert (there.raw["temperature"], there.raw["top_p"]) == (0.3, 0.5)
    assert not {"temperature", "top_p"} & here.raw.keys()
    assert claude.api_key not in str(there.headers)


async def test_headers_of_the_environment_are_for_the_main_server_alone(claude, local, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "Authorization: Bearer canary\nX-Tenant: canary")
    async with opened(main_of(claude), local.base_url) as client:
        for asked in (question(local.base_url), question(local.base_url, on_text=len)):
            await client.ask(PROMPT, asked)
        monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Tenant: canary")
        await client.ask(PROMPT, question())
    assert [request.headers["authorization"] for request in local.requests] == ["Bearer no-key"] * 2
    assert [request.headers["connection"] for request in local.requests] == ["close"] * 2
    assert "canary" not in str([request.headers for request in local.requests])
    assert claude.requests[0].headers["x-tenant"] == "canary"


def by_hand(usage: Any, *prices: float) -> float:
    """Return dollars for what went in and what came out, at prices for a million tokens."""
    return (usage.input * prices[0] + usage.output * prices[1]) / 1e6


@pytest.mark.parametrize(("here", "price"), [(("127.0.0.1",), (0, 0)), ((), (3, 7))])
async def test_what_was_spent_is_summed_over_both_servers(claude, local, tmp_path, monkeypatch, here, price):
    """On this machine a server costs nothing; elsewhere it has a row of its own in the operator's prices."""
    monkeypatch.setattr("bot.llm.server._HERE", here)
    label, prices = local.base_url.removeprefix("http://"), tmp_path / "prices.toml"
    rest = "cache_write_5m = 1\ncache_write_1h = 1\ncache_read = 1\n"
    prices.write_text(f'["{CODER}@{label}"]\ninput = 3\noutput = 7\n{rest}')
    settings = settings_of(
        sel_coder_model=f"{CODER}@{local.base_url}", price_file=str(prices), budget_per_day="1 USD"
    )
    clock, main = FakeClock(), main_of(claude)
    database = await Database.open(tmp_path / "masquerade.sqlite3")
    budgets = Budgets(database, clock, limits_of(settings), zone=ZoneInfo("UTC"))
    paying = await within(budgets, open_claude(settings, main, clock, Breaker(clock)), settings, main)
    calls = [(await paying.ask(PROMPT, one)).call for one in (question(), question(local.base_url)) * 3]
    assert {call.model for call in calls} == {GENERAL, f"{CODER}@{label}"}
    summed = sum(by_hand(call.usage, *(price if call.server else (2, 10))) for call in calls)
    ((_, _, spent),) = budgets.spent(None)
    assert spent.dollars == pytest.approx(summed, abs=1e-9)
    assert sum(call.cost or 0.0 for call in calls) == pytest.approx(summed, abs=1e-9)
    await paying.close()
    await database.close()


async def test_what_another_server_costs_is_unknown_and_counts_as_the_dearest(
    claude, local, tmp_path, monkeypatch
):
    """A model of Claude's name costs there what that server asks, so Claude's prices say nothing of it."""
    monkeypatch.setattr("bot.llm.server._HERE", ())
    async with opened(main_of(claude), local.base_url) as client:
        call = (await client.ask(PROMPT, question(local.base_url))).call
    assert call.cost is None
    tariff = Tariff(load_prices(None))
    dearest = tariff.prices.dearest
    spent = tariff.of(call)
    assert spent is not None
    assert spent.dollars == pytest.approx(by_hand(call.usage, dearest.input, dearest.output), abs=1e-9)
    assert Tariff(tariff.prices, free=True).of(call) == spent, "that the main one is free is no matter"
    assert tariff.of(replace(call, model=f"{GENERAL}@{call.server}")) == spent


async def test_a_call_to_another_server_that_was_never_reached_costs_nothing(claude, local, monkeypatch):
    monkeypatch.setattr("bot.llm.server._HERE", ())
    async with opened(main_of(claude), NOWHERE) as client:
        with pytest.raises(ClaudeUnavailable) as caught:
            await client.ask(PROMPT, question(NOWHERE))
    assert [call.cost for call in caught.value.calls] == [0.0]
    local.will_fail(faults.Server500(), times=3)
    async with opened(main_of(claude), local.base_url) as client:
        with pytest.raises(ClaudeUnavailable) as caught:
            await client.ask(PROMPT, question(local.base_url))
    assert [call.cost for call in caught.value.calls] == [None], "who answered may ask for something"


# --- blind models -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [faults.BadRequest400("no images"), faults.Server500()])
async def test_a_model_that_takes_no_picture_is_asked_without_it_and_the_second_costs_no_failed_call(
    claude, local, caplog, fault
):
    local.answer_with(lambda asked: fault if isinstance(blind(asked), faults.Answer) else "I can't see it.")
    clock = FakeClock()
    async with opened(main_of(claude), local.base_url, clock=clock) as client:
        first = await client.ask(SHOWN, question(local.base_url))
        tries = len(local.requests)
        second = await client.ask(SHOWN, question(local.base_url))
        assert first.text == second.text == "I can't see it."
        assert ([call.outcome for call in first.before], second.before) == (
            ["rejected" if fault.status == 400 else "unavailable"],
            (),
        )
        assert len(local.requests) == tries + 1
        assert "a picture that you can't see" in local.requests[-1].text
        assert sum("set vision_model" in line for line in caplog.messages) == 1
        clock.pass_time(25 * 3600)
        local.answer_with("A cat!")
        assert (await client.ask(SHOWN, question(local.base_url))).text == "A cat!"


async def test_one_odd_picture_does_not_blind_a_model_that_took_another_one_before(claude, local, caplog):
    async with opened(main_of(claude), local.base_url) as client:
        await client.ask(SHOWN, question(local.base_url))
        local.answer_with(blind)
        odd = await client.ask(SHOWN, question(local.base_url))
        assert (odd.text, len(odd.before)) == ("I can't see it.", 1)
        local.answer_with("A cat!")
        assert (await client.ask(SHOWN, question(local.base_url))).text == "A cat!"
    assert "image" in str(local.requests[-1].raw)
    assert "for a day" not in caplog.text


async def test_who_is_to_say_what_a_picture_shows_is_never_asked_without_it(claude, local):
    local.answer_with(blind)
    async with opened(main_of(claude), local.base_url) as client:
        with pytest.raises(ClaudeRejected):
            await client.ask(SHOWN, question(local.base_url, purpose="look"))
        assert (await client.ask(SHOWN, question(local.base_url))).text == "I can't see it."
        asked = len(local.requests)
        with pytest.raises(ClaudeRejected):
            await client.ask(SHOWN, question(local.base_url, purpose="look"))
        assert len(local.requests) == asked


async def test_what_fails_without_pictures_too_blinds_nobody(claude, local):
    local.will_fail(faults.BadRequest400("no"), times=2)
    async with opened(main_of(claude), local.base_url) as client:
        with pytest.raises(ClaudeRejected) as caught:
            await client.ask(SHOWN, question(local.base_url))
        assert len(caught.value.calls) == 2
        await client.ask(SHOWN, question(local.base_url))
    assert "image" in str(local.requests[-1].raw)


# --- who is down ------------------------------------------------------------------------------------


def standing_by(client: Claude, clock: Any) -> tuple[Standby, list[str]]:
    told: list[str] = []
    return Standby(client, clock, told.append), told


async def test_where_the_coder_is_down_the_general_one_answers_and_operators_hear_it_once_an_hour(claude):
    clock = FakeClock()
    async with opened(main_of(claude), NOWHERE, clock=clock) as client:
        both, told = standing_by(client, clock)
        asked = question(NOWHERE, instead=Model(GENERAL))
        answers = [await both.ask(PROMPT, asked) for _ in range(2)]
        assert [answer.expert for answer in answers] == [("general", "down")] * 2
        assert [call.model for call in answers[0].calls] == [f"{CODER}@127.0.0.1:9", GENERAL]
        assert len(told) == 1
        assert "qwen-coder@127.0.0.1:9 can't be asked" in told[0]
        clock.pass_time(3601)
        await both.ask(PROMPT, asked)
        assert len(told) == 2


@pytest.mark.slow
async def test_a_coder_that_hangs_leaves_time_for_the_general_one_within_the_one_deadline(claude, local):
    local.will_say("too late", after=30)
    clock = SystemClock()
    async with opened(main_of(claude), local.base_url, clock=clock) as client:
        both, _ = standing_by(client, clock)
        async with asyncio.timeout(3):
            answer = await both.ask(PROMPT, question(local.base_url, deadline=3.0, instead=Model(GENERAL)))
    assert answer.call.model == GENERAL
    assert answer.before[0].outcome == "timeout"


async def test_a_server_that_does_not_answer_is_not_asked_for_another_model(claude):
    async with opened(Server(NOWHERE, "k", GENERAL), "http://127.0.0.1:10") as client:
        both, told = standing_by(client, FakeClock())
        with pytest.raises(ClaudeUnavailable) as caught:
            await both.ask(PROMPT, question(instead=Model("claude-haiku-5-5")))
    assert (len(caught.value.calls), told) == (1, [])


async def test_what_was_shown_already_is_not_begun_anew_by_another_model(claude, local):
    local.will_say(faults.CutStream(after_events=4))
    shown: list[str] = []
    async with opened(main_of(claude), local.base_url) as client:
        both, _ = standing_by(client, FakeClock())
        with pytest.raises(Exception, match="broke"):
            await both.ask(PROMPT, question(local.base_url, instead=Model(GENERAL), on_text=shown.append))
    assert shown
    assert claude.requests == []


async def test_what_was_shown_and_can_be_replaced_is_begun_anew_by_another_model(claude, local):
    local.will_say(*[faults.CutStream(after_events=4)] * 3)
    claude.will_say("there you are")
    shown: list[str] = []
    async with opened(main_of(claude), local.base_url) as client:
        both, _ = standing_by(client, FakeClock())
        asked = question(local.base_url, instead=Model(GENERAL), on_text=shown.append, on_again=shown.clear)
        answer = await both.ask(PROMPT, asked)
    assert answer.text == "".join(shown) == "there you are"


# --- who is chosen ----------------------------------------------------------------------------------

A, B, C, D = (Model(name) for name in ("general", "coder", "vision", "premium"))
ALL = Experts(A, B, C, D)


@pytest.mark.parametrize(
    ("experts", "kind", "premium", "choice"),
    [
        (ALL, IntentKind.GENERAL, False, ModelChoice(A)),
        (ALL, IntentKind.MEMORY, False, ModelChoice(A)),
        (ALL, IntentKind.CODE, True, ModelChoice(B, A, ("coder", "why"))),
        (ALL, IntentKind.VISION, True, ModelChoice(C, A, ("vision", "why"))),
        (ALL, IntentKind.GENERAL, True, ModelChoice(D, A, ("premium", "member"))),
        (Experts(A, B), IntentKind.VISION, False, ModelChoice(A)),
        (Experts(A, A), IntentKind.CODE, True, ModelChoice(A)),
        (Experts(A, spare=B), IntentKind.GENERAL, True, ModelChoice(A, B)),
    ],
)
def test_eyes_come_before_code_code_before_premium_and_else_it_is_the_general_one(
    experts, kind, premium, choice
):
    assert experts.choose(Intent(kind, "why"), premium=premium) == choice


def test_a_general_model_elsewhere_has_the_default_one_standing_by():
    voice = voice_of(settings_of(sel_general_model="qwen@http://h:81"), CLAUDE)
    assert (voice.experts.general, voice.experts.spare) == (Model("qwen", "h:81"), Model(GENERAL))
    assert voice_of(settings_of(), CLAUDE).experts.spare is None
