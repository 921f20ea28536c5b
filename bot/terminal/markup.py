"""The Markdown that people and characters write in chats, as styled lines of a terminal."""

import re
import unicodedata

from rich.console import Console
from rich.text import Text

# Runs are bounded so that a reply full of stars takes no longer than any other.
_MARKS = re.compile(
    r"```(?:[\w+#.-]{0,32}\n)?(?P<block>.*?)(?:```|\Z)"
    r"|`(?P<code>[^`\n]{1,1000})`"
    r"|\*\*(?P<bold>[^*\n]{1,1000})\*\*"
    r"|(?<![\w*])\*(?P<action>[^*\s][^*\n]{0,1000})\*(?![\w*])"
    r"|(?<!\w)_(?P<italic>[^_\s][^_\n]{0,1000})_(?!\w)"
    r"|~~(?P<struck>[^~\n]{1,1000})~~",
    re.DOTALL,
)
_STYLES = {
    "block": "cyan",
    "code": "cyan",
    "bold": "bold",
    "action": "italic",
    "italic": "italic",
    "struck": "strike",
}
_INDENT = "  "


def bare(text: str) -> str:
    """Return a text without control characters: a model's words must not steer anybody's terminal."""
    text = text.replace("\r\n", "\n").expandtabs(4)
    return "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) != "Cc")


def styled(text: str) -> Text:
    """Return a text with its marks turned into styles; brackets stay what they are."""
    result, at = Text(), 0
    for found in _MARKS.finditer(text):
        result.append(text[at : found.start()])
        kind = found.lastgroup or "code"
        result.append(found[kind].rstrip("\n") if kind == "block" else found[kind], style=_STYLES[kind])
        at = found.end()
    return result.append(text[at:])


def lines_of(text: str, console: Console, width: int) -> list[Text]:
    """Return a text as indented lines of at most `width` columns, without trailing spaces.

    A padded line would leave blank ones behind when the window is made narrower.
    """
    wrapped = styled(bare(text).strip("\n")).wrap(console, max(width - len(_INDENT), 1))
    for line in wrapped:
        line.rstrip()
    return [Text(_INDENT).append_text(line) if line else Text() for line in wrapped]
