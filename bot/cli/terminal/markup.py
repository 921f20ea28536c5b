"""Discord Markdown as styled terminal text."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

# Repetitions are bounded so that a reply full of asterisks can't cause excessive backtracking.
_MARKS = re.compile(
    r"\\(?P<escaped>[\\*_~`|#>\[\]-])"
    r"|`(?P<code>[^`\n]{1,1000})`"
    r"|\*\*\*(?P<both>[^*\n]{1,1000})\*\*\*"
    r"|\*\*(?P<bold>[^*\n]{1,1000})\*\*"
    r"|(?<![\w*])\*(?P<action>[^*\s][^*\n]{0,1000})\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^_\s][^_\n]{0,1000})_(?!\w)"
    r"|~~(?P<struck>[^~\n]{1,1000})~~"
    r"|\|\|(?P<spoiler>[^|\n]{1,1000})\|\|"
    r"|\[(?P<label>[^\[\]\n]{1,200})\]\((?P<url>https?://[^\s()<>]{1,1000})\)"
    r"|<(?P<bare>https?://[^\s<>]{1,1000})>"
    r"|<a?(?P<emoji>:\w{2,32}:)\d{1,20}>"
)
_STYLES = {
    "code": "cyan",
    "both": "bold italic",
    "bold": "bold",
    "action": "italic",
    "italic": "italic",
    "struck": "strike",
}
_FENCE = re.compile(r"```(?:[\w+#.-]{0,32}\n)?(.*?)(?:```|\Z)", re.DOTALL)
_BLOCK = re.compile(
    r"(?P<level>#{1,3}) +(?P<heading>\S.*)"
    r"|-# +(?P<aside>\S.*)"
    r"|(?P<bar>>(?:>>)?) ?(?P<quoted>.*)"
    r"|(?P<margin> {0,4})(?P<bullet>[-*]|\d{1,4}\.) +(?P<item>\S.*)"
)
_COLUMNS = re.compile(r"(?P<left>/\w+ {2,})(?P<right>\S.*)")
_HEADINGS = {"#": "bold underline", "##": "bold", "###": "bold"}
_INDENT, _BAR, _COVER = "  ", "│ ", "█"


class Marked(str):
    """Markdown text of the program; its other texts are plain."""

    __slots__ = ()


class _Row(NamedTuple):
    """A line before wrapping: `head` is its prefix, `below` the prefix of its continuation lines."""

    body: Text
    head: str = ""
    below: str = ""


_DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def bare(text: str) -> str:
    """Remove control characters, so that a model's output can't control the terminal.

    Bidirectional marks and line separators are removed too.
    """
    text = text.replace("\r\n", "\n").expandtabs(4)
    return "".join(letter for letter in text if letter == "\n" or not _steers(letter))


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) in {"Cc", "Zl", "Zp"} or letter in _DIRECTIONS


def styled(text: str, *, covered: bool = True) -> Text:
    """Convert Markdown to styles; brackets stay as they are.

    Spoilers are blacked out while they are `covered`.
    """
    result, at = Text(), 0
    for found in _MARKS.finditer(text):
        result.append(text[at : found.start()]).append_text(_marked(found, covered=covered))
        at = found.end()
    return result.append(text[at:])


def _marked(found: re.Match[str], *, covered: bool) -> Text:
    if found["label"]:
        return Text.assemble((found["label"], "underline"), f" ({found['url']})")
    kind = found.lastgroup or "code"
    words = found[kind]
    if kind == "spoiler":
        return Text(_blacked_out(words)) if covered else styled(words, covered=False)
    if kind == "code" or kind not in _STYLES:
        return Text(words, style=_STYLES.get(kind, ""))
    inner = styled(words, covered=covered)
    inner.stylize(_STYLES[kind])
    return inner


def _blacked_out(words: str) -> str:
    return "".join(letter if letter == " " else _COVER * cell_len(letter) for letter in words)


def hides(text: str) -> bool:
    """Return whether a text contains a spoiler."""
    return _COVER in "".join(row.body.plain for row in _rows(text)) and _COVER not in text


def lines_of(
    text: str,
    console: Console,
    width: int,
    *,
    indent: str = _INDENT,
    marked: bool = True,
    covered: bool = True,
) -> list[Text]:
    """Return a text as indented lines of at most `width` columns, without trailing spaces.

    Trailing spaces would leave blank lines when the window is narrowed. Text that is not `marked` is shown
    verbatim.
    """
    text = bare(text).strip("\n")
    rows = _rows(text, covered=covered) if marked else map(_columns, text.split("\n"))
    return [line for row in rows for line in _wrapped(row, console, width, indent)]


def plain_of(text: str) -> str:
    """Return a text without Markdown, for output without styles and wrapping."""
    return "\n".join(row.head + row.body.plain for row in _rows(bare(text), covered=False))


def _wrapped(row: _Row, console: Console, width: int, indent: str) -> Iterator[Text]:
    if cell_len(indent + row.head) > width // 2:
        row = _Row(Text(row.head).append_text(row.body))
    lines = row.body.wrap(console, max(width - cell_len(indent + row.head), 1)) or [Text()]
    for number, line in enumerate(lines):
        whole = Text(indent + (row.below if number else row.head)).append_text(line)
        whole.rstrip()
        yield whole


def _rows(text: str, *, covered: bool = True) -> Iterator[_Row]:
    """Yield the lines of a text; code blocks stay verbatim."""
    talk, *rest = _FENCE.split(text)
    if talk or not rest:
        yield from _talk(talk.removesuffix("\n") if rest else talk, covered=covered)
    for code, after in zip(rest[::2], rest[1::2], strict=True):
        for line in code.removesuffix("\n").split("\n"):
            yield _Row(Text(line, style="cyan"))
        if after:
            yield from _talk(after.removeprefix("\n").removesuffix("\n"), covered=covered)


def _talk(text: str, *, covered: bool) -> Iterator[_Row]:
    quoting = False
    for line in text.split("\n"):
        found = None if quoting else _BLOCK.fullmatch(line)
        quoting = quoting or bool(found and found["bar"] == ">>>")
        if found:
            yield _block(found, covered=covered)
        else:
            bar = _BAR if quoting else ""
            yield _Row(styled(line, covered=covered), bar, bar)


def _block(found: re.Match[str], *, covered: bool) -> _Row:
    words = found["heading"] or found["aside"] or found["quoted"] or found["item"] or ""
    body = styled(words, covered=covered)
    if found["heading"]:
        body.stylize(_HEADINGS[found["level"]])
    if found["aside"]:
        body.stylize("dim")
    if found["bar"]:
        return _Row(body, _BAR, _BAR)
    if found["item"]:
        bullet = "•" if found["bullet"] in "-*" else found["bullet"]
        head = f"{found['margin']}{bullet} "
        return _Row(body, head, " " * len(head))
    return _Row(body)


def _columns(line: str) -> _Row:
    """Keep two columns apart, even if the right one is wrapped."""
    if found := _COLUMNS.fullmatch(line):
        return _Row(Text(found["right"]), found["left"], " " * len(found["left"]))
    return _Row(Text(line))
