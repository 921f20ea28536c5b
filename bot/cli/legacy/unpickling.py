"""Reader of untrusted pickles, run as a separate sandboxed program that writes plain JSON.

It is started as `python -I -S unpickling.py SECONDS` with the file as its standard input, and imports
only the standard library and bot.core.sandbox. It writes a line `[key, entry]` for each entry of the
single dictionary in the pickle, then a line `{"end": "done"}`, or the kind of fault instead of "done" with
its `names`.
"""

import codecs
import io
import json
import os
import pickle
import pickletools
import sys
from collections import deque
from collections.abc import Iterator
from typing import Any

if not __package__:
    # When run as a program, only the standard library is on the path.
    sys.path.append(os.path.abspath(f"{__file__}/../../../.."))  # noqa: PTH100 - pathlib takes its time to load

from bot.core.sandbox import hold


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


MOST_BYTES = 64 << 20
"""Maximum size of a file."""
MOST_MEMORY = 256 << 20
"""Memory limit of this process in bytes, where the system can enforce it."""
MOST_VALUES = 160 << 20
"""Memory limit for the values of a pickle, estimated before they are created, on any system."""
MOST_ENTRY = 16 << 20
"""Maximum size of an entry as JSON, in bytes."""
DEEPEST = 16
"""Maximum nesting depth of an entry."""
MOST_NAMES = 5
LONGEST_NAME = 80
_LONGEST_NUMBER = 64
"""Maximum memory size of an integer, in bytes."""

PLAIN = _names(
    "PROTO FRAME MARK STOP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT "
    "BINFLOAT UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 EMPTY_LIST APPEND APPENDS LIST EMPTY_TUPLE "
    "TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT SETITEM SETITEMS GET BINGET LONG_BINGET PUT BINPUT "
    "LONG_BINPUT MEMOIZE"
)
"""Opcodes that only build strings, numbers, lists and dictionaries. All others are refused."""
REACHING = _names(
    "GLOBAL STACK_GLOBAL INST EXT1 EXT2 EXT4 PERSID BINPERSID REDUCE OBJ NEWOBJ NEWOBJ_EX BUILD"
)
"""Opcodes that import code and run it."""
_STORING = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
# Memory cost of values, with room for the growth of lists and dictionaries; strings are measured.
_COSTS = {"EMPTY_DICT": 280, "DICT": 280, "EMPTY_LIST": 104, "LIST": 104, "TUPLE": 104, "TUPLE1": 64}
_COST = 32


class PickleRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The pickle is refused; `names` are the forbidden names that it refers to."""

    def __init__(self, kind: str, *names: str) -> None:
        super().__init__(kind)
        self.kind = kind
        self.names = names


def scan(data: bytes) -> None:
    """Raise PickleRefused unless a pickle's opcodes are harmless and within the limits."""
    seen = _Seen()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            seen.note(opcode.name, argument)
    except ValueError as error:
        seen.judge()
        raise PickleRefused("broken") from error
    seen.judge()


class _Seen:
    """Running totals over a pickle's opcodes."""

    def __init__(self) -> None:
        self._steps = 0
        self._room = MOST_VALUES
        self._texts = deque[str](maxlen=2)
        self._reached: dict[str, None] = {}
        self._foreign: dict[str, None] = {}
        self._wants_code = False

    def note(self, name: str, argument: Any) -> None:
        self._steps += 1
        self._room -= _COSTS.get(name, _COST) + (0 if argument is None else sys.getsizeof(argument))
        if self._room < 0:
            self.judge()
            raise PickleRefused("memory")
        if name in PLAIN:
            self._check(name, argument)
        elif name in REACHING:
            self._wants_code = True
            self._keep(self._reached, self._named(name, argument))
        else:
            self._keep(self._foreign, name)

    def judge(self) -> None:
        """Raise PickleRefused if any opcode was forbidden."""
        if self._wants_code:
            raise PickleRefused("code", *self._reached)
        if self._foreign:
            raise PickleRefused("foreign", *self._foreign)

    def _check(self, name: str, argument: Any) -> None:
        if isinstance(argument, str):
            self._texts.append(argument[:LONGEST_NAME])
        elif name in _STORING and not 0 <= argument <= self._steps:
            # The unpickler's memo would grow to this index.
            raise PickleRefused("large")
        elif isinstance(argument, int) and sys.getsizeof(argument) > _LONGEST_NUMBER:
            raise PickleRefused("large")

    def _named(self, name: str, argument: Any) -> str:
        if name in ("GLOBAL", "INST"):
            return str(argument).replace(" ", ".", 1)
        if name == "STACK_GLOBAL":
            return ".".join(self._texts)
        if name.startswith("EXT"):
            return f"extension {argument}"
        return "a persistent id" if "PERSID" in name else ""

    @staticmethod
    def _keep(names: dict[str, None], name: str) -> None:
        if name and len(names) < MOST_NAMES:
            names[name[:LONGEST_NAME]] = None


class _Unpickler(pickle.Unpickler):
    """Unpickler without classes and functions: a second line of defence behind the scan."""

    def find_class(self, module: str, name: str, /) -> Any:
        raise PickleRefused("code", f"{module}.{name}"[:LONGEST_NAME])

    def persistent_load(self, _pid: Any, /) -> Any:
        raise PickleRefused("code", "a persistent id")


def load(data: bytes) -> Any:
    """Return the values in a pickle. Raises PickleRefused."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except RecursionError as error:
        raise PickleRefused("deep") from error
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        OverflowError,
    ) as error:
        raise PickleRefused("broken") from error


def lines(people: Any, *, room: int) -> Iterator[bytes]:
    """Yield each entry of the dictionary as a line of JSON, with `room` bytes for all of them."""
    if not isinstance(people, dict):
        raise PickleRefused("shape")
    for key, entry in people.items():
        pair = (key if isinstance(key, str | int) else None, entry)
        within(pair, room=min(room, MOST_ENTRY))
        line = json.dumps(pair, ensure_ascii=False, skipkeys=True).encode("utf-8", "surrogatepass")
        room -= len(line)
        if room < 0 or len(line) > MOST_ENTRY:
            raise PickleRefused("large")
        yield line + b"\n"


def most_written(size: int) -> int:
    """Return the byte limit for the JSON of a file of `size` bytes.

    A pickle refers to repeated strings by number, so a few bytes could expand beyond any machine's memory; in
    an honest file only the words "role" and "content" repeat.
    """
    return 4 * size + (64 << 10)


def within(value: Any, *, room: int, depth: int = DEEPEST) -> int:
    """Return the part of `room` that a value leaves over as JSON. Raises PickleRefused if it does not fit."""
    if depth < 0:
        raise PickleRefused("deep")
    room -= len(value) + 3 if isinstance(value, str) else 3
    if room < 0:
        raise PickleRefused("large")
    if isinstance(value, dict):
        for key, item in value.items():
            room = within(item, room=within(key, room=room, depth=depth - 1), depth=depth - 1)
    elif isinstance(value, list | tuple):
        for item in value:
            room = within(item, room=room, depth=depth - 1)
    return room


def limit(seconds: float) -> None:
    """Limit this process's memory and time; on Windows, only the scan and the parent's timeout apply."""
    codecs.lookup("raw_unicode_escape")  # protocol 0 needs this codec, and no file can be opened later
    hold(seconds, memory=MOST_MEMORY)


def main() -> None:
    """Read the pickle from standard input and write its contents to standard output."""
    limit(float(sys.argv[1]))
    try:
        _pass_on()
    except PickleRefused as refused:
        end = {"end": refused.kind, "names": refused.names}
    except MemoryError:
        end = {"end": "memory"}
    else:
        end = {"end": "done"}
    sys.stdout.buffer.write(json.dumps(end).encode())


def _pass_on() -> None:
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise PickleRefused("size")
    room = most_written(len(data))
    scan(data)
    people = load(data)
    del data
    for line in lines(people, room=room):
        sys.stdout.buffer.write(line)


if __name__ == "__main__":
    main()
