"""The process of a sense is not believed, gets no secrets, and ends when nobody waits for it any more."""

import asyncio
import errno
import json
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped,unused-ignore]
import pytest

from bot.core.child import Stop
from bot.core.errors import Unperceived
from bot.features.senses.ear import WhisperEar
from bot.features.senses.eye import PillowEye
from bot.features.senses.process import Process
from bot.features.senses.reader import DocumentReader
from tests.support.paths import ROOT


@pytest.fixture
def spy(tmp_path: Path):
    """Return a process whose program was taken over, as code."""

    def made(code: str) -> Process:
        program = tmp_path / "spy.py"
        program.write_text(code)
        return Process(str(program))

    return made


TAKEN_OVER = {
    "says nothing": "",
    "dies": "import os; os._exit(3)",
    "says nonsense": "print('x' * 1000)",
    "says a number": "print(3)",
    "ends within a line": "print('{}', end='')",
    "never ends a line": "while True: print('x' * 100_000, end='')",
    "never ends": "print('{}')\nwhile True: print('x' * 100_000)",
}


@pytest.mark.parametrize("how", TAKEN_OVER)
async def test_no_whole_answer_is_no_answer(spy, how):
    with pytest.raises(Unperceived, match="broke the process"):
        await spy(TAKEN_OVER[how]).ask(b"x", "", deadline=30)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"width": 0, "height": 4},
        {"width": 9_999, "height": 4},
        {"width": "4", "height": 4},
        {"width": 4, "height": 4, "run": "rm"},
        {"width": 4, "height": 4},
        {"text": 4},
        {"text": "a", "more": 1},
    ],
    ids=str,
)
async def test_an_answer_that_makes_no_sense_is_not_believed(spy, answer):
    process = spy(f"print({json.dumps(answer)!r})")
    eye, reader, ear = PillowEye(), DocumentReader(), WhisperEar(Path("model"))
    for sense in (eye, reader, ear):
        sense._process = process
    with pytest.raises(Unperceived, match="of it"):
        await eye.look(b"x")
    with pytest.raises(Unperceived, match="makes no sense"):
        await reader.read(b"x", pdf=False)
    with pytest.raises(Unperceived, match="makes no sense"):
        await ear.hear(b"x", seconds=1)


async def test_what_is_said_is_clean_and_bounded_whoever_says_it(spy):
    reader, ear = DocumentReader(), WhisperEar(Path("model"))
    reader._process = spy("print('{\"text\": \"a\\\\u001b\\\\ud800' + 'b' * 99999 + '\", \"more\": false}')")
    text = await reader.read(b"x", pdf=False)
    assert text.startswith("a\ufffdbbb")
    assert len(text) < 17_000
    ear._process = spy("print('{\"text\": \"a\\\\u0000' + 'b' * 99999 + '\"}')")
    assert len(await ear.hear(b"x", seconds=1)) <= 8_000


@pytest.mark.slow
async def test_it_ends_at_its_deadline(spy):
    with pytest.raises(Unperceived, match="longer than 1 s"):
        await spy("import time; time.sleep(600)").ask(b"x", "", deadline=1)


async def test_one_that_cannot_be_started_is_no_answer(spy, monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(Unperceived, match="can't be started"):
        await spy("print('{}')").ask(b"x", "", deadline=30)


async def test_it_gets_no_secrets_and_no_name_of_the_file(spy, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-canary")
    process = spy(f"import os, sys; open({str(seen)!r}, 'w').write(repr((dict(os.environ), sys.argv)))")
    with pytest.raises(Unperceived):
        await process.ask(b"x", "", deadline=30)
    assert "canary" not in seen.read_text()


async def test_it_is_ended_as_soon_as_nobody_waits_for_it(spy, tmp_path):
    begun = tmp_path / "begun"
    process = spy(f"import os, time; open({str(begun)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    waiting = asyncio.create_task(process.ask(b"x", "", deadline=300))
    while not (begun.exists() and begun.read_text()):
        await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    child = int(begun.read_text())
    async with asyncio.timeout(30):
        while psutil.pid_exists(child):
            await asyncio.sleep(0.02)


async def test_one_that_was_never_waited_for_does_not_even_begin(spy, tmp_path):
    begun = tmp_path / "begun"
    stop = Stop()
    stop()
    process = spy(f"import time; time.sleep(2); open({str(begun)!r}, 'w')")
    with pytest.raises(Unperceived, match="broke the process"):
        process._asked(b"x", "", 30, stop)
    assert not begun.exists()


async def test_the_bot_goes_on_meanwhile(spy, tmp_path):
    gate = tmp_path / "gate"
    process = spy(
        f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\nprint('{{}}')"
    )
    asking = asyncio.create_task(process.ask(b"x", "", deadline=60))
    await asyncio.sleep(0.05)
    assert not asking.done()
    gate.touch()
    assert await asking == ({}, b"")


IMPORTED = """\
import os, sys
sys.argv[1:] = ["5", "look", os.pathsep.join(path for path in sys.path if path)]
sys.path.append(os.getcwd())
import runpy
runpy.run_path("bot/features/senses/{program}.py")
others = {{"bot", "database", "memory", "cogs", "discord", "anthropic", "sqlalchemy", "pydantic", "asyncio"}}
print(" ".join(name for name in sys.modules if name.partition(".")[0] in others))
"""


@pytest.mark.parametrize(("program", "package"), [("picture_child", "PIL"), ("document_child", "pypdf")])
def test_the_process_loads_nothing_else_of_ours(program, package):
    pytest.importorskip(package, reason="the extra is missing: pip install '.[senses]'")
    code = IMPORTED.format(program=program)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    ours = {"bot", "bot.core", "bot.core.sandbox", "bot.features", "bot.features.senses"}
    assert set(done.stdout.split()) - {"asyncio"} <= {*ours, "bot.features.senses.child"}


OPENED = """\
import json, os, sys
from pathlib import Path
from bot.core.sandbox import hold
from bot.features.senses import document_child, picture_child
from bot.features.senses.child import answered
files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
picture_child._load_all()
document_child._load_all()
opened, watched = [], False
told = {"open", "import", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect"}
def watch(event, about):
    if watched and event in told:
        opened.append([event, str(about[0])])
sys.addaudithook(watch)
hold(200, memory=2 << 30)
watched = True
for data in files:
    answered(picture_child.looked, data, "WEBP")
    answered(picture_child.looked, data, "JPEG")
    answered(document_child.read, data, "text")
    answered(document_child.read, data, "pdf")
watched = False
print(json.dumps(opened))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")
def test_once_it_has_loaded_it_opens_nothing_whatever_the_file(tmp_path: Path):
    pytest.importorskip("PIL", reason="the extra is missing: pip install '.[senses]'")
    pytest.importorskip("pypdf", reason="the extra is missing: pip install '.[senses]'")
    from tests.bot.features.senses import test_eye, test_reader

    files = list(test_eye.hostile().values())[:-1]
    files += [test_eye.moving(kind) for kind in ("PNG", "GIF", "WEBP")]
    files += [test_eye.phone_photo(), test_reader.many_pages(3), test_reader.locked()]
    files += [text.encode(encoding) for encoding, text in test_reader.TEXTS.items()]
    for number, data in enumerate(files):
        (tmp_path / f"{number:03}").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", OPENED, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout) == []
