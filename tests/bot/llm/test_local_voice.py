"""A voice without a key: the server that is found on this machine, and the embedded one."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
import psutil  # type: ignore[import-untyped,unused-ignore]
import pytest
from aiohttp import web

from bot.llm.local import (
    QWEN,
    LocalServer,
    LocalVoice,
    LocalVoiceError,
    cached_weights,
    find_local_server,
    has_runtime,
    warm,
)
from bot.llm.local.discover import ServerCandidate
from bot.llm.local.server import CHILD
from tests.support.paths import ROOT
from tests.terminals import Outcome, opened, talked

POSIX = pytest.mark.skipif(os.name != "posix", reason="asks for what only POSIX signals do")

# --- a server that is there already


def listing(*names):
    return web.json_response({"object": "list", "data": [{"id": name} for name in names]})


def fault(status=400):
    return web.json_response({"error": {"message": "messages is required"}}, status=status)


@asynccontextmanager
async def serving(models=None, messages=None):
    """Run a server on the loopback address and yield the candidate for it, with what it was asked."""
    asked = []

    async def answer(request):
        asked.append((request.method, request.path, await request.text()))
        made = models if request.path == "/v1/models" else messages
        result = made() if made else web.Response(status=404)
        return await result if asyncio.iscoroutine(result) else result

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield ServerCandidate("Test server", runner.addresses[0][1]), asked
    finally:
        await runner.cleanup()


async def test_a_server_that_speaks_the_messages_api_is_found_with_its_first_model():
    async with serving(lambda: listing("qwen3", "llama3"), fault) as (candidate, asked):
        found = await find_local_server([candidate], deadline=10)

    assert found == LocalServer("Test server", f"http://127.0.0.1:{candidate.port}", "qwen3")
    assert asked == [
        ("GET", "/v1/models", ""),
        ("POST", "/v1/messages", '{"model": "qwen3"}'),
    ]


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_each_way_to_miss_the_messages_counts(status):
    async with serving(lambda: listing("qwen3"), lambda: fault(status)) as (candidate, _):
        assert await find_local_server([candidate], deadline=10)


async def test_models_that_cannot_talk_or_run_elsewhere_are_passed_over():
    names = ("nomic-embed-text", "bge-m3", "gpt-oss:120b-cloud", "kimi:cloud", "gemma3")
    async with serving(lambda: listing(*names), fault) as (candidate, _):
        found = await find_local_server([candidate], deadline=10)

    assert found is not None
    assert found.model == "gemma3"


@pytest.mark.parametrize(
    ("models", "messages"),
    [
        pytest.param(None, fault, id="a web page, not a model server"),
        pytest.param(lambda: listing("qwen3"), None, id="no such endpoint"),
        pytest.param(
            lambda: listing("qwen3"), lambda: web.json_response({"error": "?"}), id="200 for all paths"
        ),
        pytest.param(lambda: listing("qwen3"), lambda: fault(401), id="wants a key"),
        pytest.param(lambda: listing("qwen3"), lambda: web.Response(status=400), id="no JSON"),
        pytest.param(
            lambda: listing("qwen3"),
            lambda: web.json_response({"error": "out of order"}, status=500),
            id="broken",
        ),
        pytest.param(lambda: listing("qwen3"), lambda: fault(405), id="not for POST"),
        pytest.param(lambda: listing("text-embedding-3"), fault, id="nobody who talks"),
        pytest.param(listing, fault, id="no model loaded"),
        pytest.param(lambda: web.json_response({"data": "none"}), fault, id="another listing"),
        pytest.param(lambda: web.json_response({"data": [1, {"id": 5}]}), fault, id="odd models"),
        pytest.param(lambda: web.json_response(["qwen3"]), fault, id="a list"),
        pytest.param(lambda: web.Response(text="<html>"), fault, id="a page at every path"),
    ],
)
async def test_who_does_not_speak_the_messages_api_is_not_found(models, messages):
    async with serving(models, messages) as (candidate, _):
        assert await find_local_server([candidate], deadline=10) is None


@pytest.mark.parametrize("where", ["models", "messages"])
async def test_no_answer_sends_us_elsewhere(where):
    async with serving(lambda: listing("elsewhere"), fault) as (elsewhere, asked):

        def redirect():
            return web.Response(
                status=307, headers={"Location": f"http://127.0.0.1:{elsewhere.port}/v1/{where}"}
            )

        models = redirect if where == "models" else (lambda: listing("qwen3"))
        async with serving(models, redirect) as (candidate, _):
            assert await find_local_server([candidate], deadline=10) is None

    assert asked == []


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch):
    async with serving() as (proxy, asked), serving(lambda: listing("qwen3"), fault) as (real, _):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)

        assert await find_local_server([real], deadline=10)

    assert asked == []


async def test_the_order_decides_and_not_the_speed():
    late = asyncio.Event()

    async def slowly():
        await late.wait()
        return listing("first")

    def at_once():
        late.set()
        return listing("second")

    async with serving(slowly, fault) as (first, _), serving(at_once, fault) as (second, _):
        found = await find_local_server([first, second], deadline=10)

    assert found is not None
    assert found.model == "first"


@pytest.mark.slow
async def test_a_server_that_never_answers_does_not_hide_the_next():
    async def take_all_and_say_nothing(reader, writer):
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(take_all_and_say_nothing, "127.0.0.1", 0)
    first = ServerCandidate("Silent", silent.sockets[0].getsockname()[1])
    async with silent, serving(lambda: listing("qwen3"), fault) as (second, _):
        found = await find_local_server([first, second], deadline=3)

    assert found is not None
    assert found.base_url.endswith(str(second.port))


async def test_an_endless_listing_is_given_up():
    async def endless():
        return web.Response(body=b"[" * (1 << 21))

    async with serving(endless, fault) as (candidate, _):
        assert await find_local_server([candidate], deadline=10) is None


async def test_nobody_there_is_none():
    async with serving() as (candidate, _):
        pass
    assert await find_local_server([candidate], deadline=10) is None


# --- the child and its parent, with llama.cpp played


@pytest.fixture
def gguf(tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF" + bytes(60))
    return path


@pytest.fixture
def voice(gguf, tmp_path):
    """Return a function that makes a voice whose child runs `code` (None: the real child)."""

    def make(code=None, **options):
        command = (sys.executable, "-P", str(CHILD)) if code is None else (sys.executable, "-c", code)
        options = {"log_file": tmp_path / "voice.log", "command": command, **options}
        return LocalVoice(gguf, **options)

    return make


LLAMA = """
import os, sys
from types import SimpleNamespace
class CommonParams:
    def __init__(self):
        part = lambda: SimpleNamespace(n_threads=-1)
        self.__dict__.update(model=SimpleNamespace(path=""), cpuparams=part(), cpuparams_batch=part())
        self.sampling = SimpleNamespace(penalty_repeat=1.0)
class Server:
    def __init__(self, parameters):
        {body}
    listening_address = "http://127.0.0.1:4711"
"""


@pytest.fixture
def llama(tmp_path, monkeypatch):
    """Have the child import a module of ours in place of the real binary."""

    def play(body, module=LLAMA):
        (tmp_path / "xllamacpp.py").write_text(module.format(body=body), encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return play


async def test_the_child_serves_this_machine_alone_behind_a_key(voice, llama, tmp_path):
    llama(
        "import json; json.dump({k: str(v) for k, v in vars(parameters).items()}, "
        f"open({str(tmp_path / 'seen.json')!r}, 'w'))"
    )
    async with voice(model="tiny") as running:
        assert running.alive
        assert running.base_url == "http://127.0.0.1:4711"
        seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
        assert running.api_key not in " ".join(psutil.Process(running.pid).cmdline())
        assert running.api_key not in str(psutil.Process(running.pid).environ())

    assert str(tmp_path / "tiny.gguf") in seen["model"]
    assert seen["hostnames"] == "['127.0.0.1']"
    assert seen["api_keys"] == f"['{running.api_key}']"
    assert seen["port"] == "0"
    assert seen["model_alias"] == "{'tiny'}"
    assert (seen["ui"], seen["cors_origins"], seen["cors_credentials"]) == ("False", "", "False")
    assert (seen["n_ctx"], seen["n_parallel"], seen["cache_ram_mib"]) == ("16384", "2", "256")
    assert seen["kv_unified"] == "False"
    assert "penalty_repeat=1.05" in seen["sampling"]
    assert not running.alive


async def test_each_voice_has_a_key_of_its_own(voice):
    assert voice().api_key != voice().api_key
    assert len(voice().api_key) >= 32


async def test_what_llama_writes_goes_to_the_log_and_not_into_the_answer(voice, llama, tmp_path):
    llama("os.write(1, b'to stdout\\n'); os.write(2, b'to stderr\\n')")
    async with voice() as running:
        assert running.alive
    assert (tmp_path / "voice.log").read_text(encoding="utf-8").splitlines() == [
        "to stdout",
        "to stderr",
    ]


async def test_stopping_ends_the_child_and_may_be_repeated(voice, llama):
    llama("pass")
    running = await voice().start()
    pid = running.pid
    await running.stop()
    await running.stop()
    assert not psutil.pid_exists(pid)
    assert not running.alive


@POSIX
async def test_a_child_that_ignores_its_termination_is_killed(voice, llama, monkeypatch):
    monkeypatch.setattr("bot.llm.local.server.STOP_SECONDS", 0.05)
    llama("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    running = await voice().start()
    pid = running.pid
    await running.stop()
    assert not psutil.pid_exists(pid)


@POSIX
async def test_an_interrupt_in_the_terminal_does_not_reach_the_child(voice, llama):
    llama("pass")
    async with voice() as running:
        assert os.getpgid(running.pid) != os.getpgid(0)
        assert os.getsid(running.pid) != os.getsid(0)


@POSIX
@pytest.mark.parametrize("stage", ["loading", "ready"])
async def test_the_child_goes_with_a_parent_that_is_killed(gguf, llama, tmp_path, stage):
    if stage == "loading" and sys.platform != "linux":
        pytest.skip("only Linux ends a child that can't look at its stdin")
    pid_file = tmp_path / "child.pid"
    llama(
        f"open({str(tmp_path / 'new')!r}, 'w').write(str(os.getpid())); "
        f"os.rename({str(tmp_path / 'new')!r}, {str(pid_file)!r}); "
        + ("import time; time.sleep(60)" if stage == "loading" else "pass")
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import asyncio, sys; from pathlib import Path; from bot.llm.local import LocalVoice\n"
        "async def main():\n"
        "    await LocalVoice(Path(sys.argv[1]), log_file=Path(sys.argv[2])).start()\n"
        "    print('ready', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())",
        *(str(gguf), str(tmp_path / "voice.log")),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
    )
    assert parent.stdout
    if stage == "ready":
        assert await parent.stdout.readline() == b"ready\n"
    while not pid_file.exists():
        await asyncio.sleep(0.01)
    child = psutil.Process(int(pid_file.read_text(encoding="utf-8")))

    parent.kill()
    await parent.communicate()

    while _runs(child):
        await asyncio.sleep(0.01)  # the test's own time limit ends a child that stays


def _runs(process):
    try:
        # In a container nobody may collect an orphan, which then stays as a zombie.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@POSIX
async def test_a_child_that_crashes_is_replaced_once_at_the_same_address(voice, llama, tmp_path):
    llama(f"open({str(tmp_path / 'ports')!r}, 'a').write(str(parameters.port) + ' ')")
    said: list[str] = []
    async with voice(say=said.append) as running:
        first, key, address = running.pid, running.api_key, running.base_url
        os.kill(first, signal.SIGKILL)
        while running.pid == first or not running.alive:
            await asyncio.sleep(0.01)
        assert (running.api_key, running.base_url) == (key, address)

        os.kill(running.pid, signal.SIGKILL)
        while not any("stays off" in sentence for sentence in said):
            await asyncio.sleep(0.01)
        assert not running.alive

    assert (tmp_path / "ports").read_text(encoding="utf-8").split() == ["0", "4711"]
    assert sum("once more" in sentence for sentence in said) == 1


# --- why there is no voice, in a sentence


SPEAKING = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
message = {{"id": "msg_1", "type": "message", "role": "assistant", "model": "tiny", "stop_sequence": None,
    "stop_reason": "end_turn", "usage": {{"input_tokens": 1, "output_tokens": 1}},
    "content": [{{"type": "text", "text": "here I am"}}]}}
class Speaker(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(message).encode())
    def log_message(self, *_): pass
orders = json.loads(sys.stdin.readline())
while orders["port"] and not os.path.exists({go!r}): time.sleep(0.01)
server = HTTPServer(("127.0.0.1", orders["port"]), Speaker)
print(json.dumps({{"url": f"http://127.0.0.1:{{server.server_port}}"}}), flush=True)
server.serve_forever()
"""


@pytest.mark.slow
@POSIX
async def test_lines_that_are_piped_in_while_a_voice_restarts_wait_for_it(voice, tmp_path):
    go = tmp_path / "go"
    async with voice(SPEAKING.format(go=str(go))) as running:
        at = SimpleNamespace(base_url=running.base_url, api_key=running.api_key)
        async with opened(tmp_path, at, local=True, ready=running.ready) as (session, _):
            assert (await talked(session, "hello")).out == "Pixel: here I am\n"
            os.kill(running.pid, signal.SIGKILL)
            while running.alive:
                await asyncio.sleep(0.01)
            talking = asyncio.create_task(talked(session, "are you there?\nand still?"))
            await asyncio.wait([talking], timeout=3.0)  # its three attempts would be over
            assert not talking.done()
            go.touch()
            assert await talking == Outcome(0, "Pixel: here I am\nPixel: here I am\n", [])


async def failure(voice, **options):
    with pytest.raises(LocalVoiceError) as caught:
        await voice.start(**options)
    assert not voice.alive
    assert voice.pid is None or not psutil.pid_exists(voice.pid)
    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_missing_file_and_another_kind_of_file_are_said_before_a_child_starts(voice, gguf):
    gguf.write_bytes(b"PK\x03\x04 a wheel")
    assert "is not a GGUF model file" in await failure(voice("raise SystemExit('started')"))
    gguf.unlink()
    assert "can't be read (No such file" in await failure(voice("raise SystemExit('started')"))


async def test_a_runtime_that_is_not_installed_is_said_with_the_command(voice, llama, monkeypatch):
    llama("", module="raise ImportError('gone')")
    monkeypatch.setattr("bot.llm.local.server.has_runtime", lambda: False)
    sentence = await failure(voice())
    assert "is not installed" in sentence
    assert "pip install" in sentence


async def test_a_runtime_that_does_not_fit_the_machine_is_said_with_the_reason(voice, llama, monkeypatch):
    llama("", module="raise ImportError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.setattr("bot.llm.local.server.has_runtime", lambda: True)
    assert "does not run on this machine (libgomp" in await failure(voice())


async def test_a_damaged_file_is_said_by_name(voice, llama, gguf):
    llama("raise RuntimeError('Failed to init server')")
    sentence = await failure(voice())
    assert f"{gguf} could not be loaded: it is damaged" in sentence
    assert "delete it" in sentence


@pytest.mark.parametrize("complaint", ["ggml_aligned_malloc: unable to allocate 900 MB", "std::bad_alloc"])
async def test_a_lack_of_memory_is_told_from_a_damaged_file(voice, llama, complaint):
    llama(f"os.write(2, {complaint!r}.encode()); raise RuntimeError('Failed to init server')")
    assert "not enough memory" in await failure(voice())


@POSIX
@pytest.mark.parametrize(
    ("name", "sentence"),
    [("SIGILL", "lacks instructions"), ("SIGKILL", "not enough memory"), ("SIGSEGV", "(SIGSEGV, details")],
)
async def test_a_crash_while_loading_is_told_by_its_signal(voice, llama, name, sentence):
    llama(
        f"import signal, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
        f"os.kill(os.getpid(), signal.{name})"
    )
    assert sentence in await failure(voice())


@pytest.mark.parametrize("code", ["", "print('what?')", "print('[1]')", "import sys; sys.stdin.close()"])
async def test_a_child_that_talks_nonsense_is_said_to_have_crashed(voice, code):
    assert "crashed while it loaded tiny.gguf" in await failure(voice(code))


async def test_a_load_past_the_deadline_ends_the_child(voice):
    assert "was not loaded after 0.2 s" in await failure(voice("import time; time.sleep(60)"), deadline=0.2)


async def test_a_cancelled_start_leaves_no_child(voice):
    starting = voice("import time; time.sleep(60)")
    task = asyncio.create_task(starting.start())
    while starting.pid is None:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(starting.pid)


# --- warming


async def test_warming_takes_as_long_as_its_question_and_tells_the_seconds():
    now = 100.0
    told: list[float] = []

    async def ask():
        nonlocal now
        while len(told) < 3:
            now += 2
            await asyncio.sleep(0)

    seconds = await warm(ask, progress=told.append, every=0, now=lambda: now)

    assert seconds == now - 100
    assert told == sorted(told)
    assert told[-1] > 0


async def test_warming_past_its_deadline_is_none_and_not_an_error():
    assert await warm(asyncio.Event().wait, deadline=0.01) is None


async def test_what_the_question_raises_goes_through_even_a_timeout_of_its_own():
    async def ask():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await warm(ask, deadline=60)


# --- the real model


@pytest.fixture
def real():
    if not has_runtime():
        pytest.skip("xllamacpp is not installed: pip install -e '.[local]'")
    if (path := cached_weights()) is None:
        pytest.skip("the rehearsal voice's weights are not in the cache: `make run` fetches them")
    return path


BLOCKS = [
    {
        "type": "text",
        "text": "You are Nyx, who lives in the walls of a space station. You speak in short sentences.",
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_real_model_answers_over_the_messages_api(real, tmp_path):
    async with (
        LocalVoice(real, model=QWEN.model, log_file=tmp_path / "voice.log") as running,
        aiohttp.ClientSession(headers={"x-api-key": running.api_key, "Connection": "close"}) as session,
    ):

        async def say(tokens):
            body = {
                "model": running.model,
                "max_tokens": tokens,
                "system": BLOCKS,
                "thinking": {"type": "disabled"},
                "messages": [{"role": "user", "content": "mara: who are you?"}],
            }
            async with session.post(f"{running.base_url}/v1/messages", json=body) as answer:
                assert answer.status == 200
                return await answer.json()

        assert await warm(lambda: say(1), deadline=300) is not None
        reply = await say(24)
        async with aiohttp.ClientSession() as stranger:
            refused = await stranger.post(f"{running.base_url}/v1/messages", json={})
            assert refused.status == 401
            assert refused.headers.get("Access-Control-Allow-Origin") in (None, "")

    assert reply["content"][0]["text"].strip()
    assert reply["model"] == QWEN.model
    assert reply["stop_reason"] in ("end_turn", "max_tokens")
    assert reply["usage"]["cache_read_input_tokens"] > 0
    assert "mara" not in (tmp_path / "voice.log").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_real_file_cut_short_is_said_to_be_damaged(real, tmp_path):
    with real.open("rb") as whole:
        (tmp_path / "cut.gguf").write_bytes(whole.read(20_000_000))
    assert "is damaged, cut short" in await failure(
        LocalVoice(tmp_path / "cut.gguf", log_file=tmp_path / "voice.log")
    )
