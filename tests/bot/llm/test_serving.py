"""Which server speaks: a Claude key, a base URL, a local server, our own model, in this order."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bot.llm.local
from bot.app import App
from bot.cli.warming import warm_up
from bot.conversation.company import Company
from bot.conversation.rehearsal import rehearsal_beginning
from bot.llm.errors import ClaudeUnavailable
from bot.llm.local import LocalServer, LocalVoiceError
from bot.llm.server import open_server
from bot.settings import load_settings
from tests.builders import PIXEL
from tests.fakes import FakeClaude, FakeClock

OTHER = {"slug": "nyx", "name": "Nyx", "core_prompt": "You are Nyx."}
OLLAMA = LocalServer("Ollama", "http://127.0.0.1:11434", "qwen3")


class Voice:
    """A child process that is none."""

    base_url, api_key, model = "http://127.0.0.1:5", "random", "small"

    def __init__(self, path: Path, **_options: Any) -> None:
        self.path = path

    async def ready(self) -> None: ...

    async def __aenter__(self) -> "Voice":
        return self

    async def __aexit__(self, *_: object) -> None: ...


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with nothing on it; tests put things there."""
    has = SimpleNamespace(server=None, cached=tmp_path / "cached.gguf", runtime=True, fetched=[], spoke=[])

    async def find() -> LocalServer | None:
        return has.server

    async def obtain(**_: Any) -> Path:
        has.fetched.append(1)
        return tmp_path / "fetched.gguf"

    def voice(path: Path, **options: Any) -> Voice:
        has.spoke.append(path)
        return Voice(path, **options)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bot.llm.local, "find_local_server", find)
    monkeypatch.setattr(bot.llm.local, "obtain_weights", obtain)
    monkeypatch.setattr(bot.llm.local, "cached_weights", lambda **_: has.cached)
    monkeypatch.setattr(bot.llm.local, "has_runtime", lambda: has.runtime)
    monkeypatch.setattr(bot.llm.local, "LocalVoice", voice)
    return has


async def opened(**settings: str):
    said: list[str] = []
    loaded = load_settings(None, None, {}, settings)
    async with open_server(loaded.settings, say=said.append) as server:
        return server, said


async def test_a_claude_key_comes_first(machine):
    machine.server = OLLAMA
    server, said = await opened(anthropic_api_key="sk-ant-x")
    assert (server.base_url, server.api_key, server.local) == (
        "https://api.anthropic.com",
        "sk-ant-x",
        False,
    )
    assert said == ["Claude speaks, with the model claude-sonnet-5-5."]


async def test_a_base_url_comes_before_what_is_on_this_machine_and_its_password_is_not_shown(machine):
    machine.server = OLLAMA
    server, said = await opened(anthropic_base_url="http://me:canary@10.0.0.1:9", default_model="mine")
    assert (server.base_url, server.model, server.local) == ("http://me:canary@10.0.0.1:9", "mine", True)
    assert said == ["10.0.0.1 speaks, with the model mine."]


@pytest.mark.parametrize(
    ("key", "url", "free"),
    [
        ("", "http://localhost:11434", True),
        ("", "http://127.0.0.1:1", True),
        ("", "http://10.0.0.1:9", False),
        ("", "https://models.example", False),
        ("sk-x", "http://localhost:4000", False),
        ("sk-x", "", False),
    ],
)
async def test_only_what_runs_on_this_machine_without_a_key_is_known_to_be_free(machine, key, url, free):
    server, _ = await opened(anthropic_api_key=key, anthropic_base_url=url)
    assert server.free == free


async def test_a_server_on_this_machine_is_used_and_named(machine):
    machine.server = OLLAMA
    server, said = await opened()
    assert (server.base_url, server.model, server.local, server.rehearsal) == (
        OLLAMA.base_url,
        "qwen3",
        True,
        False,
    )
    assert "Ollama" in said[0]
    assert "main.py setup" in said[0]
    assert machine.spoke == []


async def test_without_anything_our_own_small_model_rehearses_and_says_how_to_go_on(machine):
    server, said = await opened()
    assert server.rehearsal
    assert server.api_key == "random"
    assert machine.spoke == [machine.cached]
    assert "rehearsal" in said[-1]
    assert "main.py setup" in said[-1]


async def test_a_model_file_of_ones_own_is_served_even_beside_a_local_server(machine, tmp_path):
    machine.server = OLLAMA
    await opened(local_model=str(tmp_path / "own.gguf"))
    assert machine.spoke == [tmp_path / "own.gguf"]


async def test_the_model_is_fetched_once_and_that_is_said(machine, tmp_path):
    machine.cached = None
    _, said = await opened()
    assert machine.spoke == [tmp_path / "fetched.gguf"]
    assert "1.1 GB" in said[0]


async def test_where_it_must_not_be_fetched_the_ways_out_are_named(machine):
    machine.cached = None
    with pytest.raises(LocalVoiceError, match=r"local_model_download=false.*ANTHROPIC_API_KEY"):
        await opened(local_model_download="false")
    assert machine.fetched == []


async def test_without_the_runtime_the_ways_out_are_named_before_anything_is_fetched(machine):
    machine.cached, machine.runtime = None, False
    with pytest.raises(LocalVoiceError, match="xllamacpp"):
        await opened()
    assert machine.fetched == []


def _app(claude: FakeClaude, *, rehearsal: bool) -> App:
    server = SimpleNamespace(rehearsal=rehearsal, model="small")
    company = Company.of(PIXEL, [PIXEL.model_copy(update=OTHER)])
    app: Any = SimpleNamespace(server=server, company=company, claude=claude)
    return app


async def test_the_characters_are_read_before_the_first_message_by_our_own_model_only():
    said: list[str] = []
    claude = FakeClaude(FakeClock())
    await warm_up(_app(claude, rehearsal=False), said.append)
    assert claude.prompts == []
    await warm_up(_app(claude, rehearsal=True), said.append)
    assert claude.prompts[0] == rehearsal_beginning(PIXEL)
    assert "You are Nyx" in claude.prompts[1].text
    assert claude.questions[0].max_tokens == 1
    assert said[1].startswith("Pixel is awake")
    assert said[3].startswith("Nyx is awake")


async def test_a_warm_up_that_fails_is_said_and_stops_nothing():
    said: list[str] = []
    claude = FakeClaude(FakeClock())
    claude.will_say(ClaudeUnavailable("503 loading"))
    await warm_up(_app(claude, rehearsal=True), said.append)
    assert "503 loading" in said[-1]
    assert len(claude.questions) == 1
