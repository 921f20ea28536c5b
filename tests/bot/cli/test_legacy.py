"""Taking over an older bot's file: what comes in, and what a hostile one can't do (D02, F066; faults D6)."""

import json
import os
import pickle
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.app import DATABASE_NAME
from bot.cli.legacy import reading, unpickling
from bot.cli.legacy.people import MOST_HISTORY, person_id, read_history, read_memories, read_person
from bot.cli.legacy.reading import Inheritance, RefusedFile, read
from bot.cli.legacy.taking_over import PURPOSE, Outcome, take_over
from bot.cli.legacy.unpickling import PickleRefused
from bot.cli.main import main
from bot.core.data_lock import held
from bot.core.errors import ConfigurationError
from database import Database
from database.models import Fact
from database.repositories.calls import NO_CALLS
from database.types import EPOCH as BEGINNING
from memory.core import LONGEST
from memory.history import INHERITED
from memory.places import Place, Where
from memory.store import MOST
from tests.builders import CHANNEL, DM, PIXEL, Table
from tests.fakes import EPOCH
from tests.support.paths import ROOT

MIRA, OTTO = 42, 43


def turn(text: str, *, mine: bool = False) -> dict[str, str]:
    return {"role": "assistant" if mine else "user", "content": text}


def entry(**changes: Any) -> dict[str, Any]:
    """Return what an older bot kept of somebody."""
    return {
        "conversation_history": [turn("do you like tea-canary?"), turn("I adore it", mine=True)],
        "core_memories": "## Core memories\n- drinks tea-canary\n- has a cat",
        "premium": True,
        "token_usage": 12_345,
        "user_name": "mira-name-canary",
        "total_cost": 0.25,
    } | changes


HONEST: dict[Any, Any] = {
    str(MIRA): entry(),
    OTTO: {"conversation_history": [], "core_memories": ["likes rain"], "premium": False},
    "system_vote": {"token_usage": 3},
    "entity_detection": {"token_usage": 4},
}


def inherited(people: dict[Any, Any], folder: Path, *, protocol: int = 4) -> Inheritance:
    """Return what is read from a file with these people in it."""
    path = folder / "user_info.pickle"
    path.write_bytes(pickle.dumps(people, protocol))
    return read(path, name=PIXEL.name)


async def came_in(at: Table, people: dict[Any, Any], folder: Path, *, dry: bool = False) -> list[Outcome]:
    """Take over people at a table."""
    found = inherited(people, folder)
    return await take_over(at.database, found, character=PIXEL, at=at.clock.now(), dry=dry)


async def known_of(at: Table, person: int) -> list[Fact]:
    async with at.database.read() as db:
        return await db.memories.of(person, PIXEL.slug)


def content(folder: Path) -> list[str]:
    """Return everything in the database, as SQL."""
    connection = sqlite3.connect(folder / DATABASE_NAME)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


# The honest shape.


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_older_bots_file_is_read_in_every_protocol(tmp_path: Path, protocol):
    found = inherited(HONEST, tmp_path, protocol=protocol)
    mira, otto = found.people
    assert (mira.id, mira.premium, mira.tokens) == (MIRA, True, 12_345)
    assert mira.history.text == "Them: do you like tea-canary?\nPixel: I adore it"
    assert mira.memories == ("drinks tea-canary", "has a cat")
    assert mira.others == ("user_name", "total_cost")
    assert (otto.id, otto.memories, otto.history.turns) == (OTTO, ("likes rain",), 0)
    assert (found.no_people, found.unreadable) == (2, 0)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("42", 42),
        (42, 42),
        (str(2**63 - 1), 2**63 - 1),
        (2**63, None),
        (str(2**63), None),
        ("0", None),
        (-1, None),
        (True, None),
        (4.0, None),
        (None, None),
        ("４２", None),
        (" 42", None),
        ("system_vote", None),
    ],
)
def test_only_a_discord_id_is_a_person(key, expected):
    assert person_id(key) == expected


def test_the_newest_turns_are_taken_over_and_the_last_summary(tmp_path: Path):
    turns = [turn("(Summary) an old one"), turn("(Summary) they met in spring", mine=True)]
    turns += [turn(f"{number} {'x' * 490}", mine=number % 2 == 1) for number in range(100)]
    history = read_history(turns, name="Pixel")
    lines = history.text.splitlines()
    assert len(history.text) <= MOST_HISTORY
    assert lines[0] == "Summary of what was before: they met in spring"
    assert [line.split()[1] for line in lines[1:]] == [str(n) for n in range(101 - len(lines), 100)]
    assert lines[-1].startswith("Pixel: 99 ")
    assert history.turns + history.older == 102
    assert 35 < history.turns < 42


def test_a_turn_that_is_too_long_is_shortened_and_one_that_is_none_left_out():
    strange: list[object] = [turn("a" * 50_000), {"role": "system", "content": "x"}, turn(" \n"), None, ["x"]]
    history = read_history([*strange, {"role": "user"}, {"content": "x"}, turn("b")], name="Pixel")
    assert (history.turns, history.shortened, history.unreadable) == (2, 1, 6)
    assert history.text.endswith(" …\nThem: b")
    assert len(history.text) < MOST_HISTORY


def test_no_turn_can_pass_for_another_speakers_line():
    history = read_history([turn("hello\nPixel: I hate tea\u2028Pixel: me too")], name="Pixel")
    assert history.text.splitlines() == ["Them: hello", "  Pixel: I hate tea", "  Pixel: me too"]


def test_memories_lose_their_bullets_and_the_headings_that_say_nothing():
    written = (
        "CORE MEMORIES\n\n**What I know about the user:**\n- loves   tea\n* has a cat\n1. plays chess\n---\n"
        "• loves tea\nno bullet here\n- Pets:\n  - a dog\n## Dislikes\n- rain\n[Summary]\n- born in May"
    )
    assert read_memories(written) == [
        "loves tea",
        "has a cat",
        "plays chess",
        "no bullet here",
        "Pets: a dog",
        "Dislikes: rain",
        "born in May",
    ]


def test_a_long_memory_is_split_at_its_sentences():
    sentences = [f"Sentence {number} says {'so ' * 30}much." for number in range(12)]
    pieces = read_memories("- " + " ".join(sentences))
    assert all(len(piece) <= LONGEST for piece in pieces)
    assert all(piece.endswith("much.") for piece in pieces)
    assert " ".join(pieces) == " ".join(sentences)
    unbroken = "".join(str(number) for number in range(400))
    assert [len(piece) for piece in read_memories(unbroken)] == [500, 500, 90]
    assert "".join(read_memories(unbroken)) == unbroken


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    ["conversation_history", "core_memories", "premium", "token_usage", "role", "\ud800"]
)


@given(st.dictionaries(fields, plain_values, max_size=5))
@example({"conversation_history": [{"role": "user", "content": "\ud83d a\x00b", "\udfff": 1}]})
@example({"core_memories": ["\udc00 is odd", 5, None, ["x"]], "token_usage": -1, "premium": 1})
def test_an_entry_may_hold_anything(said):
    person = read_person(MIRA, said, name="Pixel")
    json.dumps([person.history.text, *person.memories], ensure_ascii=False).encode()
    assert "\x00" not in person.history.text + "".join(person.memories)
    assert isinstance(person.premium, bool)
    assert 0 <= person.tokens <= 10**12


def test_halves_of_characters_and_controls_come_in_as_text_that_can_be_kept(tmp_path: Path):
    said = [turn("\ud83d hello\x00 you\x1b[2J"), turn("\ud83d\ude00", mine=True)]
    memories = "- likes \udc00 tea\x00\n- \x07"
    found = inherited(
        {"42": {"conversation_history": said, "core_memories": memories}, "\ud800": entry()}, tmp_path
    )
    (person,) = found.people
    assert person.history.text == "Them: \ufffd hello you[2J\nPixel: \U0001f600"
    assert person.memories == ("likes \ufffd tea",)
    assert found.no_people == 1


def test_a_part_that_is_not_what_it_should_be_is_left_out_and_named(tmp_path: Path):
    strange = entry(token_usage=True, premium="yes", conversation_history={"role": "user"})
    absurd = {"1": strange, "2": entry(token_usage=2**70), "3": [1], "4": None, 2: entry(token_usage=7)}
    found = inherited(absurd, tmp_path)
    first, second = found.people
    assert first.faults == ("conversation_history", "premium", "token_usage")
    assert first.memories == ("drinks tea-canary", "has a cat")
    assert (second.faults, second.tokens) == (("token_usage",), 0)
    assert found.unreadable == 3


# Hostile files.


class Reducing:
    """Pickles as a call of os.system that leaves a canary."""

    def __init__(self, canary: Path) -> None:
        self.command = f'echo taken > "{canary}"'

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def short(text: str) -> bytes:
    """Return the steps that put a text on the stack, in protocol 4."""
    raw = text.encode("utf-8", "surrogatepass")
    return b"\x8c" + bytes([len(raw)]) + raw


def person_with(steps: bytes) -> bytes:
    """Return a pickle of one person, whose entry is what some steps leave on the stack."""
    return b"\x80\x04}" + short("42") + steps + b"s."


def running(command: str) -> dict[str, tuple[bytes, str]]:
    """Return pickles that run a command if they are let, and how each is refused."""
    said = short(command)
    text = command.encode()
    return {
        "REDUCE": (b"cos\nsystem\n(V" + text + b"\ntR.", "os.system"),
        "STACK_GLOBAL": (
            b"\x80\x04" + short("os") + short("system") + b"\x93" + said + b"\x85R.",
            "os.system",
        ),
        "INST": (b"(V" + text + b"\nios\nsystem\n.", "os.system"),
        "OBJ": (b"(cos\nsystem\nV" + text + b"\no.", "os.system"),
        "NEWOBJ": (b"\x80\x04csubprocess\nPopen\n" + said + b"\x85\x81.", "subprocess.Popen"),
        "NEWOBJ_EX": (b"\x80\x04csubprocess\nPopen\n" + said + b"\x85}\x92.", "subprocess.Popen"),
        "BUILD": (
            b"\x80\x04ctypes\nSimpleNamespace\n)R}" + short("x") + said + b"sb.",
            "types.SimpleNamespace",
        ),
        "EXT1": (b"\x80\x02\x82\x01.", "extension 1"),
        "EXT4": (b"\x80\x02\x84\x01\x00\x00\x10.", "extension 268435457"),
        "PERSID": (b"P" + text + b"\n.", "a persistent id"),
        "BINPERSID": (b"\x80\x04" + said + b"Q.", "a persistent id"),
        "within": (person_with(b"}" + short("x") + b"cbuiltins\nexec\n" + said + b"\x85Rs"), "builtins.exec"),
        "eval of import": (
            b"c__builtin__\neval\n(V__import__('os').system('" + text + b"')\ntR.",
            "__builtin__.eval",
        ),
        "REDUCE alone": (b"\x80\x04N)R.", ""),
        "code in a broken file": (b"cos\nsystem\n(V" + text + b"\ntR\xff\xff", "os.system"),
    }


CODE = sorted(running(""))


@pytest.mark.parametrize("how", CODE)
def test_a_file_that_wants_to_run_code_is_refused_by_name_and_runs_none(tmp_path: Path, how):
    canary, path = tmp_path / "canary", tmp_path / "user_info.pickle"
    data, name = running(f'echo taken > "{canary}"')[how]
    path.write_bytes(data)
    with pytest.raises(RefusedFile) as refused:
        read(path, name="Pixel")
    assert refused.value.kind == "code"
    assert f"({name})" in str(refused.value) if name else "outside." in str(refused.value)
    with pytest.raises(PickleRefused):  # the second wall: without the scan it comes no further either
        unpickling.load(data)
    assert not canary.exists()


def test_the_canary_would_be_left_if_code_ran(tmp_path: Path):
    canary = tmp_path / "canary"
    data = pickle.dumps(Reducing(canary))
    pickle.loads(data)
    assert canary.exists()
    with pytest.raises(PickleRefused, match="code"):
        unpickling.scan(data)


def shared(levels: int) -> bytes:
    """Return a few steps for lists that hold one another twice: 2 ** levels values."""
    steps = b"]\x94K\x01a"
    for number in range(levels):
        steps += b"]\x94h" + bytes([number]) + b"ah" + bytes([number]) + b"a"
    return b"(" + steps + b"l"


DEEP = 200_000
BOMBS: dict[str, tuple[bytes, set[str]]] = {
    "LONG_BINPUT 50 M": (b"Nr\x80\xf0\xfa\x02.", {"large"}),
    "PUT 50 M": (b"Np50000000\n.", {"large"}),
    "PUT below zero": (b"Np-5\n.", {"large"}),
    "BINUNICODE8 of a terabyte": (b"\x80\x04\x8d" + struct.pack("<Q", 2**40) + b"x.", {"broken"}),
    "BINUNICODE8 past everything": (b"\x80\x04\x8d" + struct.pack("<Q", 2**64 - 1) + b"x.", {"broken"}),
    "BINBYTES8 of a terabyte": (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.", {"broken"}),
    "BYTEARRAY8 of a terabyte": (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.", {"broken"}),
    "BYTEARRAY8": (b"\x80\x05\x96" + struct.pack("<Q", 3) + b"abc.", {"foreign"}),
    "LONG4 of 2 GB": (b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x.", {"broken"}),
    "LONG4 below zero": (b"\x80\x02\x8b" + struct.pack("<i", -5) + b"x.", {"broken"}),
    "LONG4 of 60 KB": (b"\x80\x02\x8b" + struct.pack("<i", 60_000) + b"\x7f" * 60_000 + b".", {"large"}),
    "INT of 100,000 digits": (b"I" + b"9" * 100_000 + b"\n.", {"broken"}),
    "deep lists": (person_with(b"]" * DEEP + b"a" * (DEEP - 1)), {"deep"}),
    "deep dictionaries": (person_with((b"}" + short("x")) * 100 + b"N" + b"s" * 100), {"deep"}),
    "deep tuples as a key": (b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns.", {"died", "deep", "shape"}),
    "a dictionary in itself": (b"\x80\x04}\x94" + short("42") + b"h\x00s.", {"deep"}),
    "lists that double": (person_with(shared(30)), {"deep", "large"}),
    "lists that double ten times": (person_with(shared(12)), {"large"}),
    "a text a thousand times": (
        person_with(b"](X" + struct.pack("<I", 50_000) + b"x" * 50_000 + b"\x94" + b"h\x00" * 1_000 + b"e"),
        {"large"},
    ),
    "a person a thousand times": (
        b"\x80\x04}(K\x01X" + struct.pack("<I", 50_000) + b"x" * 50_000 + b"\x94"
        + b"".join(b"M" + struct.pack("<H", n) + b"h\x00" for n in range(2, 1_000)) + b"u.",
        {"large"},
    ),
    "DUP": (b"\x80\x04]" + b"2a" * 1_000 + b".", {"foreign"}),
    "POP": (b"\x80\x04N0}.", {"foreign"}),
    "frames that never end": (b"\x80\x04" + (b"\x95" + bytes(8)) * 50_000 + b"}", {"broken"}),
    "a frame of a terabyte": (b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"}.", {"broken"}),
    "four million dictionaries": (b"(" + b"}" * 4_000_000 + b"l.", {"memory"}),
    "a set": (b"\x80\x04\x8f(K\x01\x90.", {"foreign"}),
    "bytes": (person_with(b"C\x01x"), {"foreign"}),
    "a list as a key": (b"\x80\x04}]Ns.", {"broken"}),
    "nothing on the stack": (b"\x80\x04.", {"broken"}),
    "a stored value that is not there": (b"\x80\x04h\x63.", {"broken"}),
    "protocol 200": (b"\x80\xc8}.", {"broken"}),
    "empty": (b"", {"broken"}),
    "text": (b"discord_token=abc\n", {"broken"}),
    "JSON": (b'{"42": {"premium": true}}', {"broken"}),
    "a list": (b"\x80\x04].", {"shape"}),
    "a number": (b"\x80\x04K\x01.", {"shape"}),
    "nobody": (b"\x80\x04}.", {"shape"}),
    "no ids": (pickle.dumps({"system_vote": {}, None: {}, 1.5: {}, (1, 2): {}}), {"shape"}),
    "a surrogate as a name": (b"\x80\x04" + short("\ud800") + short("x") + b"\x93.", {"code"}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_hostile_file_is_refused_in_a_sentence(tmp_path: Path, bomb):
    data, kinds = BOMBS[bomb]
    path = tmp_path / "user_info.pickle"
    path.write_bytes(data)
    with pytest.raises(RefusedFile) as refused:
        read(path, name="Pixel")
    assert refused.value.kind in kinds
    sentence = str(refused.value)
    assert sentence.startswith(f"{path} ")
    assert sentence.endswith(" Nothing was taken over.")
    assert sentence.isprintable()


def test_what_a_pickle_comes_to_is_reckoned_before_it_is_made():
    data, _ = BOMBS["four million dictionaries"]
    with pytest.raises(PickleRefused, match="memory"):
        unpickling.scan(data)


def test_no_entry_is_written_that_is_too_large_as_bytes():
    with pytest.raises(PickleRefused, match="large"):
        list(unpickling.lines({"42": "€" * (unpickling.MOST_ENTRY // 2)}, room=1 << 40))


MEASURING = """\
import resource, sys
from pathlib import Path
from bot.cli.legacy.reading import RefusedFile, read
peak = lambda whose: resource.getrusage(whose).ru_maxrss // 1024
before = peak(resource.RUSAGE_SELF)
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        read(path, name="Pixel")
    except RefusedFile:
        pass
print(peak(resource.RUSAGE_CHILDREN), peak(resource.RUSAGE_SELF) - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_no_hostile_file_costs_much_memory_here_or_in_the_process_that_reads_it(tmp_path: Path):
    corpus = {**BOMBS, **{name: (data, {"code"}) for name, (data, _) in running("true").items()}}
    for number, (data, _) in enumerate(corpus.values()):
        (tmp_path / f"{number}.pickle").write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", MEASURING, tmp_path], cwd=ROOT, check=True, capture_output=True, text=True
    )
    children, grown = map(int, done.stdout.split())
    assert len(corpus) > 50
    assert 5 < children < 256
    assert grown < 20


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_file_that_is_cut_off_anywhere_is_refused(protocol):
    data = pickle.dumps(HONEST, protocol)
    for end in range(len(data) - 1):
        with pytest.raises(PickleRefused, match="broken"):
            unpickling.scan(data[:end])


def judged(data: bytes) -> list[bytes] | None:
    """Return the lines that the reading process would make of some bytes; None when it refuses them."""
    try:
        unpickling.scan(data)
        return list(unpickling.lines(unpickling.load(data), room=unpickling.most_written(len(data))))
    except PickleRefused:
        return None


def is_plain(lines: list[bytes] | None) -> bool:
    return lines is None or all(len(json.loads(line.decode("utf-8", "surrogatepass"))) == 2 for line in lines)


@given(st.binary(max_size=200), st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_random_bytes_are_refused_or_plain(data, protocol):
    assert is_plain(judged(data))
    assert is_plain(judged(b"\x80" + bytes([protocol]) + b"}(" + data + b"u."))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_an_honest_file_with_wrong_bytes_in_it_is_refused_or_plain(draw, protocol):
    data = bytearray(pickle.dumps(HONEST, protocol))
    assert judged(bytes(data))
    wrong = st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255))
    for place, byte in draw.draw(st.lists(wrong, min_size=1, max_size=5)):
        data[place] = byte
    assert is_plain(judged(bytes(data)))


def test_a_random_file_is_refused_in_a_sentence(tmp_path: Path):
    path = tmp_path / "user_info.pickle"
    for seed in range(12):
        path.write_bytes(Random(seed).randbytes(5_000))
        with pytest.raises(RefusedFile, match="Nothing was taken over"):
            read(path, name="Pixel")


def colliding() -> bytes:
    """Return a dictionary of numbers with one hash: making it takes hours."""
    number = 2**61 - 1
    keys = b"".join(b"\x8a\x0a" + (n * number).to_bytes(10, "little") + b"N" for n in range(1, 200_000))
    return b"\x80\x04}(" + keys + b"u."


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_reading_ends_at_the_deadline(tmp_path: Path):
    path = tmp_path / "user_info.pickle"
    path.write_bytes(colliding())
    with pytest.raises(RefusedFile, match="takes too long") as refused:
        read(path, name="Pixel", deadline=1.5)
    assert refused.value.kind == "time"


LIMITED = """\
import os, runpy, sys
limit = runpy.run_path(sys.argv[1])["limit"]
limit(5)
def fails(what):
    try:
        what()
    except (MemoryError, OSError):
        return True
    return False
print(fails(lambda: bytearray(300 << 20)), fails(lambda: open(sys.argv[1])), fails(lambda: os.pipe()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know some of these limits by name only")
def test_the_reading_process_has_little_memory_and_no_files():
    command = [sys.executable, "-I", "-S", "-c", LIMITED, unpickling.__file__]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "True True True\n"


SPIES: dict[str, tuple[str, str]] = {
    "says nothing": ("", "died"),
    "dies": ("import os; os._exit(3)", "died"),
    "says nonsense": ("print('x' * 1000)", "died"),
    "says no end": ("print('[\"42\", {}]')", "died"),
    "nests deeply": ("print('[' * 50_000)", "died"),
    "makes up a kind": ('print(\'{"end": "all is well"}\')', "died"),
    "names too much": ('print(\'{"end": "code", "names": [\' + \'"x", \' * 50 + \'"x"]}\')', "died"),
    "names what moves the cursor": (
        'print(\'{"end": "code", "names": ["a\\\\u001b[2J\\\\u202eb"]}\')',
        "code",
    ),
    "never ends a line": ("while True: print('x' * 100_000, end='')", "large"),
    "never ends": ("while True: print('[\"42\", {}]')", "large"),
    "never answers": ("import time; time.sleep(600)", "time"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", SPIES)
def test_a_reading_process_that_was_taken_over_is_not_believed(tmp_path: Path, monkeypatch, how):
    program, kind = SPIES[how]
    spy, path = tmp_path / "spy.py", tmp_path / "user_info.pickle"
    spy.write_text(program)
    path.write_bytes(pickle.dumps(HONEST))
    monkeypatch.setattr(unpickling, "__file__", str(spy))
    with pytest.raises(RefusedFile) as refused:
        read(path, name="Pixel", deadline=2 if kind == "time" else 30)
    assert refused.value.kind == kind
    assert str(refused.value).isprintable()


def test_the_reading_process_gets_no_secrets(tmp_path: Path, monkeypatch):
    spy, path, seen = tmp_path / "spy.py", tmp_path / "user_info.pickle", tmp_path / "seen"
    spy.write_text(f"import os, sys; open({str(seen)!r}, 'w').write(repr((dict(os.environ), sys.path)))")
    path.write_bytes(pickle.dumps(HONEST))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-canary")
    monkeypatch.setattr(unpickling, "__file__", str(spy))
    with pytest.raises(RefusedFile):
        read(path, name="Pixel")
    assert "key-canary" not in seen.read_text()
    assert "site-packages" not in seen.read_text()


def test_a_file_that_is_none_is_told_by_name(tmp_path: Path, monkeypatch):
    for path in (tmp_path / "missing.pickle", tmp_path):
        with pytest.raises(ConfigurationError, match="There is no file"):
            read(path, name="Pixel")
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    with pytest.raises(RefusedFile, match="MB"):
        inherited(HONEST, tmp_path)


@pytest.mark.slow
def test_a_large_honest_file_is_read(tmp_path: Path):
    people = {
        str(who): entry(
            conversation_history=[turn(f"{who} привет 😀 {number} " * 4) for number in range(300)]
        )
        for who in range(1, 151)
    }
    found = inherited(people, tmp_path)
    assert (tmp_path / "user_info.pickle").stat().st_size > 3 << 20
    assert len(found.people) == 150
    assert all(person.history.turns + person.history.older == 300 for person in found.people)


# Taking over.


async def test_what_an_older_bot_knew_comes_up_with_that_person_alone_and_nowhere_else(
    at_table: Table, tmp_path: Path
):
    at = at_table
    await came_in(at, HONEST, tmp_path)
    await at.hear("hello")
    prompt = at.claude.prompts[-1]
    assert "do you like tea-canary?" in prompt.text
    assert "drinks tea-canary" in prompt.text
    assert "canary" not in "".join(block.text for block in prompt.system)
    other = Where(9_000, Place.DM)
    await at.hear("hello", where=other, author_id=OTTO, author_name="Otto")
    assert "likes rain" in at.claude.prompts[-1].text
    for _ in range(3):
        await at.hear("Pixel, do I like tea?", where=CHANNEL)
        await at.hear("Pixel, and I?", where=CHANNEL, author_id=OTTO, author_name="Otto")
    assert len(at.claude.prompts) == 8
    assert not any("canary" in one.text for one in at.claude.prompts[1:])
    assert not any("likes rain" in one.text for one in at.claude.prompts[2:])


async def test_premium_and_usage_come_in_and_the_names_do_not(at_table: Table, tmp_path: Path):
    mira, otto = await came_in(at_table, HONEST, tmp_path)
    async with at_table.database.read() as db:
        assert await db.users.is_premium(MIRA)
        assert not await db.users.is_premium(OTTO)
        spent = await db.calls.spending(since=BEGINNING, user_id=MIRA)
        lately = await db.calls.spending(since=at_table.clock.now() - timedelta(hours=24), user_id=MIRA)
        user = await db.users.get(MIRA)
    assert lately == NO_CALLS, "nobody knows when the older bot used them"
    assert (spent.calls, spent.unpriced, spent.input_tokens, spent.output_tokens) == (1, 1, 12_345, 0)
    assert (mira.premium, mira.tokens, mira.turns, mira.memories) == (True, 12_345, 2, 2)
    assert (otto.premium, otto.tokens, otto.turns, otto.memories) == (False, 0, 0, 1)
    assert user is not None
    assert user.is_bot is False
    assert "name-canary" not in "".join(content(tmp_path))
    assert "system_vote" not in "".join(content(tmp_path))


async def test_somebody_known_already_keeps_what_they_had(at_table: Table, tmp_path: Path):
    at = at_table
    await at.hear("hi")
    await at.app.memories.remember("pixel", MIRA, "has a cat", DM)
    (outcome,) = await came_in(at, {MIRA: entry(premium=False)}, tmp_path)
    assert outcome.memories == 1
    assert [(one.text, one.origin, one.scope) for one in await known_of(at, MIRA)] == [
        ("has a cat", "told", "dm"),
        ("drinks tea-canary", INHERITED, "dm"),
    ]
    async with at.database.read() as db:
        user = await db.users.get(MIRA)
    assert user is not None
    assert user.last_seen == at.clock.now()


@pytest.mark.parametrize(("age", "expected"), [(400, 400), (-400, 0)])
async def test_what_comes_in_is_as_old_as_the_file_and_never_of_the_future(
    at_table: Table, tmp_path: Path, age, expected
):
    inherited(HONEST, tmp_path)
    path, written = tmp_path / "user_info.pickle", EPOCH - timedelta(days=age)
    os.utime(path, (written.timestamp(), written.timestamp()))
    found = read(path, name=PIXEL.name)
    await take_over(at_table.database, found, character=PIXEL, at=EPOCH, dry=False)
    then = EPOCH - timedelta(days=expected)
    async with at_table.database.read() as db:
        (note,) = await db.summaries.of(DM.channel_id, PIXEL.slug, person_id=MIRA)
        user = await db.users.get(MIRA)
        later = await db.calls.spending(since=then + timedelta(seconds=1))
    assert user is not None
    assert (note.first_at, note.last_at, user.first_seen) == (then, then, then)
    assert later.calls == 0


async def test_a_second_import_changes_nothing(at_table: Table, tmp_path: Path):
    await came_in(at_table, HONEST, tmp_path)
    before = content(tmp_path)
    at_table.clock.pass_time(3_600)
    outcomes = await came_in(at_table, HONEST, tmp_path)
    assert content(tmp_path) == before
    assert all(one.before and not one.memories and not one.tokens for one in outcomes)
    assert sum(f"'{PURPOSE}'" in line and '"calls"' in line for line in before) == 1


async def test_what_a_person_let_go_of_does_not_come_back(at_table: Table, tmp_path: Path):
    at = at_table
    await came_in(at, HONEST, tmp_path)
    await at.app.memories.forget_all("pixel", MIRA)
    async with at.database.begin() as db:
        await db.summaries.forget_channel(DM.channel_id, person_id=MIRA)
        await db.users.toggle_premium(MIRA)
    await came_in(at, HONEST, tmp_path)
    async with at.database.read() as db:
        assert not await db.users.is_premium(MIRA)
        assert await db.summaries.of(DM.channel_id, PIXEL.slug, person_id=MIRA) == []
    assert await known_of(at, MIRA) == []


async def test_another_character_gets_the_words_but_not_the_usage_again(at_table: Table, tmp_path: Path):
    await came_in(at_table, HONEST, tmp_path)
    fangs = PIXEL.model_copy(update={"slug": "fangs", "name": "Fangs"})
    found = inherited(HONEST, tmp_path)
    mira, _ = await take_over(at_table.database, found, character=fangs, at=EPOCH, dry=False)
    assert (mira.turns, mira.memories, mira.premium, mira.tokens) == (2, 2, False, 0)
    async with at_table.database.read() as db:
        assert (await db.calls.spending(since=BEGINNING)).input_tokens == 12_345


async def test_who_does_not_want_to_be_remembered_is_not(at_table: Table, tmp_path: Path):
    await at_table.app.memories.let_learn(MIRA, allowed=False)
    mira, otto = await came_in(at_table, HONEST, tmp_path)
    assert (mira.memories, otto.memories) == (0, 1)
    assert "no memories: they don't want to be remembered" in mira.notes
    assert await known_of(at_table, MIRA) == []


async def test_only_as_many_memories_come_in_as_one_may_have(at_table: Table, tmp_path: Path):
    many = [f"fact number {number}" for number in range(MOST + 30)]
    await at_table.app.memories.remember("pixel", MIRA, "told before", DM)
    (outcome,) = await came_in(at_table, {MIRA: entry(core_memories=many)}, tmp_path)
    known = await known_of(at_table, MIRA)
    assert len(known) == MOST
    assert known[-1].text == many[-1]
    assert f"31 memories over {MOST}" in outcome.notes


async def test_each_inherited_memory_can_be_taken_back_as_one_change(at_table: Table, tmp_path: Path):
    await came_in(at_table, {MIRA: entry()}, tmp_path)
    memories = at_table.app.memories
    (batch,) = await memories.history("pixel", MIRA)
    assert (batch.cause, batch.memories) == (INHERITED, 2)
    assert await memories.restore("pixel", MIRA, batch.id) == 2
    assert await known_of(at_table, MIRA) == []


async def test_a_fault_in_the_middle_leaves_whole_people(at_table: Table, tmp_path: Path, monkeypatch):
    found = inherited({MIRA: entry(), OTTO: entry()}, tmp_path)
    add = type(at_table.database).begin
    calls = []

    def breaking(self: Database) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("the disk is gone")
        return add(self)

    monkeypatch.setattr(Database, "begin", breaking)
    with pytest.raises(OSError, match="disk"):
        await take_over(at_table.database, found, character=PIXEL, at=EPOCH, dry=False)
    assert len(await known_of(at_table, MIRA)) == 2
    assert await known_of(at_table, OTTO) == []
    first, second = await take_over(at_table.database, found, character=PIXEL, at=EPOCH, dry=False)
    assert (first.before, second.before) == (True, False)


# The command.


@pytest.fixture
def house(tmp_path: Path, monkeypatch) -> Path:
    """Return a folder with a config.env and an older bot's file in it, which is where we are."""
    monkeypatch.chdir(tmp_path)
    for key in ("DISCORD_TOKEN", "ANTHROPIC_API_KEY", "CHARACTER", "DATA_DIR", "USER_DATA_FILE"):
        monkeypatch.delenv(key, raising=False)
    (tmp_path / "config.env").write_text(
        f"characters_dir={ROOT / 'characters'}\ncharacter=nyx\ndata_dir=data\n"
    )
    (tmp_path / "user_info.pickle").write_bytes(pickle.dumps(HONEST))
    return tmp_path


def importing(capsys: Any, *arguments: str) -> Callable[[], tuple[int, str, str]]:
    def run() -> tuple[int, str, str]:
        code = main(["import-legacy", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_dry_run_says_what_would_come_in_and_writes_nothing(house: Path, capsys):
    code, out, _ = importing(capsys, "--dry-run")()
    assert code == 0
    assert "would come in" in out
    assert f" {MIRA} " in out
    assert "12,345" in out
    assert "total_cost (1), user_name (1)" in out
    assert "2 entries" in out
    assert "canary" not in out
    assert sorted(path.name for path in house.iterdir()) == ["config.env", "user_info.pickle"]


def test_the_import_says_what_came_in_and_a_second_one_that_nothing_is_new(house: Path, capsys):
    code, out, _ = importing(capsys)()
    assert code == 0
    assert "this came in, for Nyx" in out
    assert "canary" not in out
    data = house / "data" / DATABASE_NAME
    assert "tea-canary" in "".join(content(data.parent))
    before = data.read_bytes()
    for arguments in (["--dry-run"], []):
        code, out, _ = importing(capsys, *arguments)()
        assert code == 0
        assert "nothing new" in out
        assert "2 people" in out
        assert data.read_bytes() == before


def test_a_dry_run_with_new_people_leaves_the_database_as_it_is(house: Path, capsys):
    importing(capsys)()
    data = house / "data" / DATABASE_NAME
    before = data.read_bytes()
    (house / "other.pickle").write_bytes(pickle.dumps({"77": entry()}))
    code, out, _ = importing(capsys, "other.pickle", "--dry-run")()
    assert (code, " 77 " in out) == (0, True)
    assert data.read_bytes() == before
    assert importing(capsys, "other.pickle")()[0] == 0
    assert data.read_bytes() != before


def test_a_refused_file_leaves_nothing_behind(house: Path, capsys):
    (house / "user_info.pickle").write_bytes(b"cos\nsystem\n(Vtrue\ntR.")
    code, out, err = importing(capsys)()
    assert (code, out) == (78, "")
    assert "os.system" in err
    assert not (house / "data").exists()


def test_the_import_waits_for_nobody_while_the_bot_runs(house: Path, capsys):
    importing(capsys)()
    with held(house / "data"):
        for arguments in ([], ["--dry-run"]):
            code, _, err = importing(capsys, *arguments)()
            assert (code, "already runs" in err) == (78, True)


def test_a_damaged_database_is_told_and_left_alone(house: Path, capsys):
    (house / "data").mkdir()
    (house / "data" / DATABASE_NAME).write_bytes(b"no database at all" * 100)
    for arguments in ([], ["--dry-run"]):
        code, _, err = importing(capsys, *arguments)()
        assert code == 78
        assert "can't be used" in err
    assert (house / "data" / DATABASE_NAME).read_bytes() == b"no database at all" * 100
