"""Strangers' cards are read in a process of their own (C31; faults D7, D8, D9, D18)."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bot.core import child
from bot.core.errors import ConfigurationError
from bot.features.characters import sandboxed_reader, strangers
from bot.features.characters.strangers import RefusedStranger, export_stranger, harmless, read_stranger
from personas.cards import card_from, read_card, write_charx, write_json, write_png
from personas.cards.convert import KEPT, card_of
from personas.character import Character
from tests.carding import (
    BOOK,
    ODD,
    V1,
    V2,
    V3,
    VERSIONS,
    as_json,
    changed,
    charx,
    good_files,
    mutated,
    packed_chunk,
    png,
)
from tests.support.examples import EXAMPLES, shipped
from tests.support.paths import ROOT

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss and the limits are Linux's")


@pytest.mark.parametrize("container", ["PNG", "JSON", "CHARX"])
async def test_a_card_comes_back_as_plain_values(container):
    """F107: the fields of a character, the lorebook, and what to look at before it is used."""
    card = card_from(V3)
    data = {"PNG": write_png(card), "JSON": as_json(V3), "CHARX": write_charx(card)}[container]
    seen = await read_stranger(data, name="low.png")
    assert (seen.kind, seen.version, seen.container, seen.card_name) == ("card", 3, container, "Marlow")
    assert seen.book == BOOK
    assert seen.creator_notes == {"en": "For fun", "de": "Zum Spass"}
    assert seen.macros == ("char", "original", "user")
    assert any("system_prompt" in warning for warning in seen.warnings)
    character = Character.model_validate({"slug": "low", **seen.fields})
    assert (character.name, character.aliases) == ("Low", ("Marlow",))


@pytest.mark.slow
async def test_a_sheet_and_a_lorebook_are_read_too():
    sheet = await read_stranger(as_json({"display_name": "Ur", "identity": {"who": "god"}}), name="ur.json")
    assert (sheet.kind, sheet.fields["name"], sheet.fields["framework"]) == ("sheet", "Ur", "neuro")
    book = await read_stranger(as_json(BOOK), name="book.json")
    assert (book.kind, book.book, book.fields) == ("lorebook", BOOK, {})


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("to", ["json", "png", "charx"])
async def test_a_card_is_written_as_another_kind_of_file(version, to):
    """C31: lossless also by way of the process."""
    data = await export_stranger(write_png(card_from(VERSIONS[version])), to=to, name="a.png")
    assert read_card(data).original == VERSIONS[version]


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "deep": (b"[" * 100_000, "deeper"),
    "NaN": (b'{"name": "a", "description": NaN}', "NaN"),
    "a huge text": (png(packed_chunk("chara", bytes(60 << 20))), "unpacks"),
    "a zip bomb": (charx({"card.json": as_json(V3), "b": bytes(30 << 20)}), "beyond reason"),
    "a path": (charx({"card.json": as_json(V3), "../b": b""}), "leads out"),
    "a million lists": (b"[" + b"[]," * 1_300_000 + b"[]]", "more values"),
    "many keys": (b"{" + b",".join(b'"%x":0' % n for n in range(360_000)) + b"}", "no card"),
    "a sheet without a name": (b'{"character_id": "x", "identity": {}}', "display_name"),
    "too large": (bytes(25 << 20), "MB"),
    "no file at all": (bytes(range(255, -1, -1)) * 4, "neither text nor a picture"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", HOSTILE)
async def test_a_hostile_file_is_refused_in_a_sentence(how):
    """D7, D8, D9: the fault, and what to do about it."""
    data, word = HOSTILE[how]
    with pytest.raises(RefusedStranger, match=word) as refused:
        await read_stranger(data, name="evil\x1b[2J.png", deadline=30)
    text = str(refused.value)
    assert text.isprintable()
    assert text.startswith("evil [2J.png ")
    assert isinstance(refused.value, ConfigurationError)
    assert not refused.value.dangerous


MEASURING = """\
import asyncio, resource, sys
from pathlib import Path
from bot.features.characters.strangers import RefusedStranger, read_stranger
peak = lambda whose: resource.getrusage(whose).ru_maxrss // 1024
before = peak(resource.RUSAGE_SELF)
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        asyncio.run(read_stranger(path.read_bytes(), name=path.name, deadline=30))
    except RefusedStranger as refused:
        assert "broke" not in str(refused), (path, refused)
print(peak(resource.RUSAGE_CHILDREN), peak(resource.RUSAGE_SELF) - before)
"""


@pytest.mark.slow
@linux_only
def test_no_hostile_file_costs_much_memory_in_the_process_that_reads_it(tmp_path: Path):
    """D7: the process stays under 256 MB."""
    large = changed(V2, description="x" * 2_500_000)
    files = {**{how: data for how, (data, _) in HOSTILE.items()}, "large": write_png(card_from(large))}
    files["keys"] = as_json(changed(V2, extensions={f"{n:06x}": [] for n in range(190_000)}))
    for number, data in enumerate(files.values()):
        (tmp_path / f"{number}.bin").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURING, tmp_path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    children, grown = map(int, done.stdout.split())
    assert 15 < children < 256
    assert grown < 120


WATCHING = """\
import json, os, sys
from pathlib import Path
sys.argv[1:] = ["", "", os.pathsep.join(sys.path)]
from bot.features.characters import sandboxed_reader as child
from bot.core.sandbox import hold
files = {path.name: path.read_bytes() for path in sorted(Path(os.environ["CORPUS"]).iterdir())}
child._load_all()
opened = []
def watch(event, about):
    if event in {"open", "import", "os.listdir", "os.scandir", "subprocess.Popen"} and watched:
        opened.append([name, order, event, str(about[0])])
watched = False
sys.addaudithook(watch)
hold(200, memory=child.MOST_MEMORY)
watched = True
for name, data in files.items():
    for order in ("inspect", *child.WRITERS):
        try:
            json.dumps(child.answered(data, order)[0])
        except child.CardError:
            pass
        except OSError as error:
            opened.append([name, order, "OSError", str(error)])
watched = False
print(json.dumps(opened))
"""
ODD_VALUES: tuple[Any, ...] = (*ODD, "Europe/Berlin", {"a": {"b": 1}}, "romantic, mentorship", ["familial"])


def watched(folder: Path, files: dict[str, bytes]) -> list[list[str]]:
    """Return what the process opens or imports with its limits on: the file, the order, what and which."""
    for name, data in files.items():
        (folder / name).write_bytes(data)
    environ = {**os.environ, "CORPUS": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", WATCHING], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return json.loads(done.stdout)


@pytest.mark.slow
@linux_only
def test_with_its_limits_on_the_process_opens_nothing_whatever_the_file(tmp_path: Path):
    """Each shipped character as every kind of file, good and hostile files, odd values in each own field."""
    files = {f"good-{number}": data for number, data in enumerate(good_files())}
    files |= {f"hostile-{how}": data for how, (data, _) in HOSTILE.items()}
    for slug in EXAMPLES:
        card = read_card(card_of(shipped(slug)))
        files |= {f"{slug}.json": write_json(card), f"{slug}.png": write_png(card)}
        files[f"{slug}.charx"] = write_charx(card)
    for field in KEPT:
        values = enumerate(ODD_VALUES)
        own = {number: {"masquerade": {field: value}} for number, value in values}
        files |= {
            f"odd-{field}-{n}": json.dumps(changed(V3, extensions=one)).encode() for n, one in own.items()
        }
    assert watched(tmp_path, files) == []


@pytest.mark.slow
@pytest.mark.parametrize("to", ["json", "png", "charx"])
@pytest.mark.parametrize("slug", EXAMPLES)
async def test_what_the_bot_exports_it_takes_again(slug, to):
    """C31: a shipped character, as it is."""
    character = shipped(slug)
    exported = await export_stranger(card_of(character), to=to, name=slug, deadline=30)
    seen = await read_stranger(exported, name=f"{slug}.{to}", deadline=30)
    assert seen.notices == ()
    assert Character.model_validate({"slug": slug, **seen.fields}) == character.model_copy(
        update={"avatar": ""}
    )


FUZZING = """\
import json, os, sys, time
from pathlib import Path
sys.argv[1:] = ["", "", os.pathsep.join(sys.path)]
from bot.features.characters import sandboxed_reader as child
from bot.core.sandbox import hold
files = [path.read_bytes() for path in sorted(Path(os.environ["CORPUS"]).iterdir())]
child._load_all()
status = open("/proc/self/status")  # ru_maxrss counts what the process was before it began, too
hold(200, memory=child.MOST_MEMORY)
ends, slowest = {"read": 0, "refused": 0}, 0.0
for data in files:
    began = time.process_time()
    try:
        answer, _ = child.answered(data, "inspect")
        json.dumps(answer)
        ends["read"] += 1
    except child.CardError as error:
        assert error.wrong and error.mend
        ends["refused"] += 1
    slowest = max(slowest, time.process_time() - began)
print(json.dumps([ends, slowest, int(status.read().split("VmHWM:")[1].split()[0]) // 1024]))
"""


def fuzzed(folder: Path, *, count: int, seed: int) -> None:
    """Have one process with all its limits read many broken files, one after the other."""
    rng, good = Random(seed), good_files()
    for number in range(count):
        (folder / f"{number:05}").write_bytes(mutated(rng.choice(good), rng))
    environ = {**os.environ, "CORPUS": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", FUZZING], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    ends, slowest, peak = json.loads(done.stdout)
    assert ends["read"] + ends["refused"] == count
    assert min(ends.values()) > count // 20
    assert slowest < 2
    assert peak < 256


@linux_only
def test_good_files_with_anything_wrong_in_them_are_refused_or_read_within_the_limits(tmp_path: Path):
    """D7, D8: 400 files; none over 2 s, the process never over 256 MB."""
    fuzzed(tmp_path, count=400, seed=11)


@linux_only
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thousands_of_files_with_anything_wrong_in_them_stay_within_the_limits(tmp_path: Path):
    """D7, D8: 5,000 files."""
    fuzzed(tmp_path, count=5_000, seed=12)


LIMITED = """\
import sys
sys.path.append(sys.argv[1])
from bot.core.sandbox import hold
hold(5, memory=256 << 20)
def fails(what):
    try:
        what()
    except (MemoryError, OSError):
        return True
    return False
import os
print(fails(lambda: bytearray(300 << 20)), fails(lambda: open(sys.argv[1])), fails(os.pipe), fails(os.fork))
"""


@linux_only
def test_the_process_has_little_memory_and_no_files():
    command = [sys.executable, "-I", "-S", "-c", LIMITED, str(ROOT)]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Root may start processes whatever the limit says.
    assert done.split()[:3] == ["True"] * 3
    assert os.geteuid() == 0 or done.split()[3] == "True"


GOOD = '{"kind": "card", "container": "PNG", "version": 2, "fields": {}}'
MADE_UP_FIELD = GOOD.replace("{}", '{"__class__": 1}')
MADE_UP_ANSWER = GOOD.replace("2", '2, "run": "rm"')
SPIES: dict[str, tuple[str, str]] = {
    "says nothing": ("", "broke"),
    "dies": ("import os; os._exit(3)", "broke"),
    "says nonsense": ("print('x' * 1000)", "broke"),
    "ends within a line": (f"print({GOOD!r}, end='')", "broke"),
    "nests deeply": ("print('[' * 50_000)", "broke"),
    "says a number": ("print(3)", "broke"),
    "makes up a field": (f"print({MADE_UP_FIELD!r})", "broke"),
    "makes up a kind": (f"print({GOOD.replace('card', 'root')!r})", "broke"),
    "makes up an answer": (f"print({MADE_UP_ANSWER!r})", "broke"),
    "faults without words": ('print(\'{"fault": {"wrong": 1}}\')', "broke"),
    "moves the cursor": (
        'print(\'{"fault": {"wrong": "a\\\\u001b[2J\\\\u202eb", "mend": "c", "line": null}}\')',
        r"a \[2J b; c\.",
    ),
    "never ends a line": ("while True: print('x' * 100_000, end='')", "broke"),
    "never ends": (f"print({GOOD!r})\nwhile True: print('x' * 100_000)", "broke"),
    "never answers": ("import time; time.sleep(600)", "too long"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", SPIES)
async def test_a_process_that_was_taken_over_is_not_believed(tmp_path: Path, monkeypatch, how):
    program, word = SPIES[how]
    spy = tmp_path / "spy.py"
    spy.write_text(program)
    monkeypatch.setattr(sandboxed_reader, "__file__", str(spy))
    with pytest.raises(RefusedStranger, match=word) as refused:
        await read_stranger(as_json(V1), name="a.json", deadline=2 if how == "never answers" else 30)
    assert str(refused.value).isprintable()
    assert refused.value.dangerous == (how != "moves the cursor")


RAISING = """\
import os, sys
sys.path += sys.argv[3].split(os.pathsep)
from bot.features.characters import sandboxed_reader
def answered(data, order):
    raise KeyError(data) from OSError(24, data.decode())
sandboxed_reader.answered = answered
sandboxed_reader._load_all = lambda: None
{how}
"""


@pytest.mark.parametrize(
    ("how", "told"),
    [("sandboxed_reader.main()", "KeyError at "), ("import no_such_package", "No module named")],
)
async def test_an_error_of_ours_is_not_put_down_to_the_file(tmp_path: Path, monkeypatch, caplog, how, told):
    """The log has its kind and its place, and not a word of the file."""
    spy = tmp_path / "spy.py"
    spy.write_text(RAISING.format(how=how))
    monkeypatch.setattr(sandboxed_reader, "__file__", str(spy))
    with pytest.raises(RefusedStranger, match="an error in Masquerade; the log says more") as refused:
        await read_stranger(b"words-of-the-file", name="a.json", deadline=30)
    assert (refused.value.ours, refused.value.dangerous) == (True, False)
    assert told in caplog.text
    assert "spy.py" in caplog.text
    assert "words-of-the-file" not in caplog.text


NO_MEMORY = """\
import os, sys
sys.path += sys.argv[3].split(os.pathsep)
from bot.features.characters import sandboxed_reader
sandboxed_reader.answered = lambda *_: bytearray(300 << 20)
sandboxed_reader._load_all = lambda: None
sandboxed_reader.main()
"""


@linux_only
async def test_a_file_that_takes_too_much_memory_is_refused_as_dangerous(tmp_path: Path, monkeypatch):
    """D7: at 256 MB it ends, and nobody else should read the file."""
    spy = tmp_path / "spy.py"
    spy.write_text(NO_MEMORY)
    monkeypatch.setattr(sandboxed_reader, "__file__", str(spy))
    with pytest.raises(RefusedStranger, match="more than 256 MB") as refused:
        await read_stranger(as_json(V1), name="a.json", deadline=30)
    assert refused.value.dangerous


async def test_the_process_gets_no_secrets(tmp_path: Path, monkeypatch):
    spy, seen = tmp_path / "spy.py", tmp_path / "seen"
    spy.write_text(f"import os, sys; open({str(seen)!r}, 'w').write(repr((dict(os.environ), sys.argv)))")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-canary")
    monkeypatch.setattr(sandboxed_reader, "__file__", str(spy))
    with pytest.raises(RefusedStranger):
        await read_stranger(as_json(V1), name="name-canary")
    assert "canary" not in seen.read_text()


IMPORTED = """\
import os, sys
sys.argv[1:] = ["5", "inspect", os.pathsep.join(path for path in sys.path if path)]
sys.path.append(os.getcwd())
import runpy
runpy.run_path("bot/features/characters/sandboxed_reader.py")
others = {"bot", "database", "memory", "cogs", "discord", "anthropic", "sqlalchemy", "rich", "asyncio"}
print(" ".join(name for name in sys.modules if name.partition(".")[0] in others))
"""


def test_the_process_loads_personas_and_nothing_else_of_ours():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert set(done.stdout.split()) <= {"bot", "bot.core", "bot.core.sandbox"}


async def test_the_bot_goes_on_while_a_card_is_read(tmp_path: Path, monkeypatch):
    spy, gate = tmp_path / "spy.py", tmp_path / "gate"
    spy.write_text(
        f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)\nprint({GOOD!r})"
    )
    monkeypatch.setattr(sandboxed_reader, "__file__", str(spy))
    reading = asyncio.create_task(read_stranger(b"x", name="a", deadline=60))
    await asyncio.sleep(0.05)
    assert not reading.done()
    gate.touch()
    assert (await reading).version == 2


@pytest.mark.slow
async def test_only_so_many_are_read_at_once(tmp_path: Path, monkeypatch):
    running, most = 0, 0
    lock = threading.Lock()
    real = child.answer_of

    def counting(*arguments, **keywords):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return real(*arguments, **keywords)

    monkeypatch.setattr(strangers, "answer_of", counting)
    seen = await asyncio.gather(*(read_stranger(as_json(V1), name="a", deadline=60) for _ in range(5)))
    assert len(seen) == 5
    assert most <= 2


def test_what_is_shown_of_a_file_moves_no_cursor():
    assert harmless("a\x1b[2J\r\n\u202eb\u200bc", 100) == "a [2J b c"
    assert harmless("x" * 50, 10) == "x" * 10
