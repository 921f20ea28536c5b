"""Parser for hand-written env files: invalid lines are rejected one by one with the reason."""

import re
import stat
from bisect import bisect_left, bisect_right
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

LARGEST = 1_000_000
"""The maximum size of an env file in bytes."""

_KEY_IS = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*=[^\S\n]*")
_KEY_COLON = re.compile(r"[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*:")
_AFTER_QUOTE = re.compile(r"[^\S\n]*(?:#|\n|\Z)")
_ESCAPE_OR_QUOTE = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in "\"'"}
_CURLY = "\u201c\u201d\u2018\u2019\u201e"
_LONGEST_GAP = 100
_FOREIGN = "is not UTF-8 and was read as Windows-1252; save it as UTF-8"


@dataclass(frozen=True)
class Fault:
    """An error that has to be corrected before the program can start.

    `path` is the file as it was given, or a word such as `environment`; `line` counts from 1.
    """

    path: str
    line: int | None
    wrong: str
    mend: str
    key: str = ""

    def __str__(self) -> str:
        return _sentence(self.path, self.line, self.key, f"{self.wrong}; {self.mend}")


@dataclass(frozen=True)
class ConfigurationNotice:
    """A hint for the operator that doesn't prevent the start."""

    path: str
    line: int | None
    text: str
    key: str = ""

    def __str__(self) -> str:
        return _sentence(self.path, self.line, self.key, self.text)


@dataclass(frozen=True)
class EnvFile:
    """The content of one env file: values and line numbers by the key as it was written."""

    path: str
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notices: tuple[ConfigurationNotice, ...] = ()


class _RefusedError(Exception):
    """The whole file cannot be read."""

    def __init__(self, line: int | None, wrong: str, mend: str) -> None:
        super().__init__(wrong)
        self.line, self.wrong, self.mend = line, wrong, mend


def read_env(path: Path) -> EnvFile:
    """Parse an env file without interpolation; it never raises, errors are returned as `faults`.

    Of a key that occurs twice, in any letter case, the last counts and a notice names both lines.
    """
    name = str(path)
    try:
        text, foreign_line = _decode(_content(path))
        _refuse_nul(text)
    except _RefusedError as refused:
        return EnvFile(name, faults=(Fault(name, refused.line, refused.wrong, refused.mend),))
    found = _Bindings(name)
    mended = _Lines(text.replace("\r\n", "\n").replace("\r", "\n"), found).mended()
    if foreign_line is not None:
        found.notices.append(ConfigurationNotice(name, foreign_line, _FOREIGN))
    for binding in parse_stream(StringIO(mended)):
        found.add(binding)
    found.faults.sort(key=lambda fault: fault.line or 0)
    return EnvFile(name, found.values, found.lines, tuple(found.faults), tuple(found.notices))


def _content(path: Path) -> bytes:
    try:
        found = path.stat()
        # Checked before opening: opening a named pipe would wait for ever.
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder, not a file" if stat.S_ISDIR(found.st_mode) else "not an ordinary file"
            raise _RefusedError(None, f"is {kind}", "put a text file in its place")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not a file name"
        mend = "check that it is there and may be read by this user"
        raise _RefusedError(None, f"cannot be read ({reason})", mend) from error
    if len(content) > LARGEST:
        raise _RefusedError(None, f"is larger than {LARGEST:,} bytes", "check that it is the right file")
    return content


def _decode(content: bytes) -> tuple[str, int | None]:
    """Return the text, and the line of the first byte that is not UTF-8, if any."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return _decode_as(content, "utf-16"), None
    if content.startswith(BOM_UTF8):
        return _decode_as(content, "utf-8-sig"), None
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return _decode_as(content, "cp1252"), content.count(b"\n", 0, error.start) + 1


def _decode_as(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise _RefusedError(line, "is in no encoding that can be read", "save it as UTF-8") from error


def _refuse_nul(text: str) -> None:
    at = text.find("\0")
    if at >= 0:
        wrong = "holds a NUL byte, so that it is no text, or UTF-16 without its mark"
        raise _RefusedError(text.count("\n", 0, at) + 1, wrong, "save it as UTF-8")


@dataclass
class _Bindings:
    """The bindings of one file so far."""

    name: str
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notices: list[ConfigurationNotice] = field(default_factory=list)

    def add(self, binding: Binding) -> None:
        written = binding.original.string
        line = binding.original.line + written[: -len(written.lstrip()) or None].count("\n")
        if binding.error or (binding.key is not None and binding.value is None):
            self.refuse(line, "is not KEY=value", "write KEY=value, or # before a remark")
        elif binding.key is not None and binding.value is not None:
            self._forget_earlier(binding.key, line)
            self.values[binding.key] = binding.value
            self.lines[binding.key] = line

    def _forget_earlier(self, key: str, line: int) -> None:
        earlier = self.spellings.get(key.lower())
        if earlier is not None:
            text = f"is also set on line {self.lines[earlier]}; line {line} counts"
            self.notices.append(ConfigurationNotice(self.name, line, text, key))
            del self.values[earlier], self.lines[earlier]
        self.spellings[key.lower()] = key

    def refuse(self, line: int, wrong: str, mend: str, key: str = "") -> None:
        self.faults.append(Fault(self.name, line, wrong, mend, key))


class _Lines:
    """The text of a file by lines, prepared for the parser.

    A stray quote inside a quoted value gets a backslash if the value's end is certain; unreadable lines are
    reported and left blank, so that line numbers stay the same.
    """

    def __init__(self, text: str, found: _Bindings) -> None:
        self.text, self.found = text, found
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.quotes = [mark.start() for mark in re.finditer('"', text)]
        # For each line, the next line that sets a key, and the next one that isn't empty.
        count = len(self.lines)
        self.next_key, self.next_word = [count] * (count + 1), [count] * (count + 1)
        for at in range(count - 1, -1, -1):
            sets_key = _KEY_IS.match(self.lines[at]) is not None
            silent = not self.lines[at].strip() or self.lines[at].lstrip().startswith("#")
            self.next_key[at] = at if sets_key else self.next_key[at + 1]
            self.next_word[at] = self.next_word[at + 1] if silent else at

    def mended(self) -> str:
        """Return the text with stray quotes escaped and refused lines blank."""
        pieces: list[str] = []
        at = 0
        while at < len(self.lines):
            piece, after = self._entry(at)
            pieces += [piece] + [""] * (after - at - 1 - piece.count("\n"))
            at = after
        return "\n".join(pieces)

    def _entry(self, at: int) -> tuple[str, int]:
        """Return the text of the entry at this line, and the line after it."""
        line = self.lines[at]
        if self.next_word[at] != at:
            return "", at + 1
        setting = _KEY_IS.match(line)
        if setting is None:
            return self._refuse_words(at)
        key, value = setting[1], line[setting.end() :]
        if value.startswith(('"', "'")):
            return self._quoted(at, key, self.starts[at] + setting.end())
        wrong = _error_in(value)
        if wrong:
            self.found.refuse(at + 1, wrong, 'write KEY="value" with straight quotes', key)
            return "", at + 1
        return line, at + 1

    def _refuse_words(self, at: int) -> tuple[str, int]:
        after = self.next_key[at]
        colon = _KEY_COLON.match(self.lines[at])
        if colon is not None:
            self.found.refuse(at + 1, "has : where = belongs", f"write {colon[1]}=", colon[1])
            return "", at + 1
        last = max(n for n in range(at, after) if self.next_word[n] == n)
        wrong = "is not KEY=value" if last == at else f"and the lines to {last + 1} are not KEY=value"
        self.found.refuse(at + 1, wrong, "put a text of several lines in double quotes")
        return "", after

    def _quoted(self, at: int, key: str, opened: int) -> tuple[str, int]:
        quote = self.text[opened]
        closed = None if self.text.startswith(quote * 3, opened) else self._closing(at, opened)
        if closed is None:
            wrong = "opens a quote whose end is in doubt"
            mend = f"write \\{quote} for a quote inside the text, and one {quote} to end its last line"
            self.found.refuse(at + 1, wrong, mend, key)
            return "", self.next_key[at + 1]
        inner = self.text[opened + 1 : closed]
        escaped = _ESCAPE_OR_QUOTE[quote].sub(lambda m: m[0].rjust(2, "\\"), inner)
        return f"{self.text[self.starts[at] : opened]}{quote}{escaped}{quote}", (self._line_of(closed) + 1)

    def _closing(self, at: int, opened: int) -> int | None:
        """Return the end of the value: the first quote that ends a line before the next key.

        If anything like a key lies between the first quote and that one, the end is in doubt.
        """
        first: int | None = None
        quote = self.text[opened]
        for mark in _ESCAPE_OR_QUOTE[quote].finditer(self.text, opened + 1):
            line = self._line_of(mark.start())
            if mark[0] != quote:
                continue
            if first is not None and self.next_key[at + 1] <= line:
                break
            if self._ends_line(at, mark.start()) and self._before_key(line):
                return None if self._has_odd_comments(mark.start()) else mark.start()
            first = mark.start() if first is None else first
        return first if first is not None and self._ends_line(at, first) else None

    def _ends_line(self, at: int, quote: int) -> bool:
        line = self._line_of(quote)
        # `other_key="` opens a value: that quote belongs to the other key.
        opening = _KEY_IS.match(self.lines[line]) if line > at else None
        opens = opening is not None and self.starts[line] + opening.end() == quote
        return not opens and _AFTER_QUOTE.match(self.text, quote + 1) is not None

    def _before_key(self, line: int) -> bool:
        after = self.next_word[line + 1]
        return after == len(self.lines) or self.next_key[after] == after

    def _has_odd_comments(self, quote: int) -> bool:
        """Whether the apparent comments up to the next key contain the end of a quotation instead."""
        end = self.starts[self.next_word[self._line_of(quote) + 1]]
        within = bisect_left(self.quotes, end) - bisect_right(self.quotes, quote)
        return self.text[quote] == '"' and within % 2 == 1

    def _line_of(self, offset: int) -> int:
        return bisect_right(self.starts, offset) - 1


def _error_in(value: str) -> str:
    """Return the error in an unquoted value, if any."""
    words = re.split(r"\s#", value, maxsplit=1)[0].strip()
    if words.startswith(tuple(_CURLY)):
        return "starts with a curly quote"
    if words.endswith('"') and words.count('"') % 2:
        return "ends with a quote that was never opened"
    # The parser looks for a comment after every blank, which takes for ever in a long gap.
    wide = any(len(gap) > _LONGEST_GAP for gap in re.findall(r"\s+", value))
    return f"has a gap of more than {_LONGEST_GAP} blanks" if wide else ""


def _sentence(path: str, line: int | None, key: str, words: str) -> str:
    place = path if line is None else f"{path}:{line}"
    whole = ": ".join(part for part in (place, key, words) if part)
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", whole)
