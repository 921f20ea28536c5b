"""Text of pictures: permitted characters, width, line breaks."""

import unicodedata
from functools import lru_cache

import regex

FAMILY = "Source Sans Pro"
"""The font of the widths below; `memory.map.rasterise` passes it to the renderer."""
BOLD = 0.04
"""Extra width of bold letters, in em."""
_WIDTHS = {
    200: " ",
    250: "|ij',.:;‘’·",
    263: "lI",
    311: "!f()[]{}-",
    350: "tr/\\",
    425: '*sz"?“”',
    465: "xcvy",
    497: "YJLFke#$+−±0123456789<=>^~€–_",
    535: "agXVEST",
    547: "Ahuno`Z",
    555: "bdpq",
    588: "PRCKB",
    620: "&DG",
    655: "UNH",
    664: "OQ",
    727: "wM",
    800: "W—",
    847: "%m@",
    963: "…",
}
_WIDTH = {letter: width / 1000 for width, letters in _WIDTHS.items() for letter in letters}
_OTHER, _LOUD, _WIDE, _PICTOGRAM = 0.66, 0.72, 1.0, 1.3
"""Widths in em: letters of other scripts (from a fallback font), their capitals, CJK, pictograms."""
_GREEK_CYRILLIC = 0.56
"""Average width of small Greek and Cyrillic letters in the font, with some reserve."""
# Characters that XML 1.0 forbids, such as lone surrogates, and marks that change the text direction.
_UNFIT = regex.compile(
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    r"|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
    r"|\p{Noncharacter_Code_Point}"
)
_SPACE = regex.compile(r"\s+")
_CLUSTER = regex.compile(r"\X")
_ELLIPSIS = "…"


def clean(text: str, longest: int) -> str:
    """Return `text` as one line of at most `longest` characters that is valid in XML, not yet escaped."""
    line = _SPACE.sub(" ", _UNFIT.sub("", text[: 4 * longest])).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + _ELLIPSIS


@lru_cache(4096)
def _em(letter: str) -> float:
    """Return the width of a code point in em; combining marks have none."""
    if letter in _WIDTH:
        return _WIDTH[letter]
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0.0
    base = unicodedata.normalize("NFD", letter)[0]
    if base in _WIDTH:
        return _WIDTH[base]
    if unicodedata.east_asian_width(letter) in "WF":
        return _PICTOGRAM if unicodedata.category(letter) == "So" else _WIDE
    if unicodedata.category(letter) == "So":
        return _PICTOGRAM
    if letter.isupper():
        return _LOUD
    return _GREEK_CYRILLIC if "\u0370" <= letter <= "\u052f" else _OTHER


def width(text: str, size: float, *, bold: bool = False, spaced: float = 0.0) -> float:
    """Return the width of `text` in the unit of `size`; `spaced` is letter spacing in em."""
    return sum(_em(letter) + spaced + (BOLD if bold else 0.0) for letter in text) * size


def shortened(text: str, size: float, most: float, *, bold: bool = False, spaced: float = 0.0) -> str:
    """Return `text`, truncated with an ellipsis if it is wider than `most`."""
    if width(text, size, bold=bold, spaced=spaced) <= most:
        return text
    left = most - width(_ELLIPSIS, size, bold=bold, spaced=spaced)
    kept = ""
    for cluster in _CLUSTER.findall(text):
        left -= width(cluster, size, bold=bold, spaced=spaced)
        if left < 0:
            break
        kept += cluster
    return kept.rstrip(" ,;:-") + _ELLIPSIS


def _pieces(text: str, size: float, most: float, *, bold: bool) -> list[str]:
    """Return words, each with its preceding space; split a word wider than a line into grapheme clusters."""
    pieces: list[str] = []
    for word in regex.findall(r" ?[^ ]+", text):
        pieces += [word] if width(word, size, bold=bold) <= most else _CLUSTER.findall(word)
    return pieces


def _lines(pieces: list[str], size: float, most: float, *, bold: bool) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and width(lines[-1] + piece, size, bold=bold) > most:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines


def wrapped(text: str, size: float, most: float, *, bold: bool = False) -> list[str]:
    """Wrap `text` into one or two even lines no wider than `most`, with an ellipsis if cut off."""
    if width(text, size, bold=bold) <= 0.72 * most:
        return [text]
    pieces = _pieces(text, size, most, bold=bold)
    for share in (0.55, 0.65, 0.75, 0.85, 1.0):
        lines = _lines(pieces, size, most * share, bold=bold)
        if len(lines) <= 2:
            return lines
    first = lines[0]
    return [first, shortened(text[len(first) :].lstrip(), size, most, bold=bold)]
