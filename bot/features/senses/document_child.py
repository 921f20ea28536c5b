"""Text extraction from untrusted files: a separate program, started by bot.core.child with `text` or `pdf`.

It answers `{"text": "...", "more": false}`; `more` means that the file is longer.
"""

import codecs
import contextlib
import encodings
import io
import os
import pkgutil
import sys
import unicodedata

if __name__ == "__main__":
    # When run as a program, only the standard library is on the path.
    sys.path += sys.argv[3].split(os.pathsep)

import charset_normalizer
import pypdf

from bot.features.senses.child import Answer, UnreadableFile, quiet, serve

MOST_MEMORY = 384 << 20
MOST_READ = 64 << 10
"""Maximum number of bytes read from a text file."""
MOST_PAGES = 20
MOST_LETTERS = 16_000
"""Maximum number of characters returned: about 4,000 tokens."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, because its mark starts with that of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ENCODINGS = [
    *("cp1252", "cp932", "cp1251", "gb18030", "euc_jp", "euc_kr", "big5", "koi8_r"),
    *("cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "latin_1"),
]
"""Candidate encodings; among equally good matches, the earlier wins."""
_NO_TEXT = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def read(data: bytes, order: str) -> Answer:
    """Return the text of a file, and whether it continues. Raises UnreadableFile."""
    text, more = _pages(data) if order == "pdf" else _text(data)
    return {"text": text[:MOST_LETTERS], "more": more or len(text) > MOST_LETTERS}, b""


def _text(data: bytes) -> tuple[str, bool]:
    more, data = len(data) > MOST_READ, data[:MOST_READ]
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return _checked(_decoded(data, encoding, more=more)), more
    if _NO_TEXT.intersection(data):
        raise UnreadableFile("it is no text")
    try:
        # ISO-2022-JP is ASCII with escape sequences.
        return _decoded(data, "iso2022_jp" if b"\x1b$" in data else "utf-8", more=more), more
    except UnicodeDecodeError:
        return _guessed(data), more


def _decoded(data: bytes, encoding: str, *, more: bool) -> str:
    """Decode strictly, but ignore a character cut off at the end."""
    return codecs.getincrementaldecoder(encoding)().decode(data, final=not more)


def _checked(text: str) -> str:
    if any(ord(letter) in _NO_TEXT for letter in text):
        raise UnreadableFile("it is no text")
    return text


def _guessed(data: bytes) -> str:
    found = charset_normalizer.from_bytes(data, cp_isolation=_ENCODINGS, preemptive_behaviour=False)
    if not found:
        raise UnreadableFile("it is no text in a known encoding")
    return str(min(found, key=_doubt))


def _doubt(match: charset_normalizer.CharsetMatch) -> tuple[float, float, int]:
    """Return the sort key of a guess: chaos, coherence, and how common the encoding is."""
    same = [_ENCODINGS.index(name) for name in match.could_be_from_charset if name in _ENCODINGS]
    return match.chaos, -match.coherence, min(same, default=len(_ENCODINGS))


def _pages(data: bytes) -> tuple[str, bool]:
    if b"%PDF-" not in data[:1024]:
        raise UnreadableFile("it is no PDF")
    document = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if document.is_encrypted:
        raise UnreadableFile("it is encrypted")
    pages, letters = [], 0
    for page in document.pages[:MOST_PAGES]:
        # PDFs encode ligatures as single characters.
        pages.append(unicodedata.normalize("NFKC", page.extract_text()).strip())
        letters += len(pages[-1])
        if letters > MOST_LETTERS:
            break
    return "\n\n".join(filter(None, pages)), len(document.pages) > MOST_PAGES


def _load_all() -> None:
    """Exercise all code once: lazy imports open files, which is impossible once the limits are in force."""
    quiet()
    for module in pkgutil.iter_modules(encodings.__path__):  # fonts in a PDF may use any of them
        with contextlib.suppress(LookupError):
            codecs.lookup(module.name)
    for sample in ("Grüße aus Köln, und ein schönes Wochenende".encode("cp1252"), "お茶".encode("cp932")):
        read(sample, "text")
    written = io.BytesIO()
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(written)
    read(written.getvalue(), "pdf")


if __name__ == "__main__":
    _load_all()
    serve(read, memory=MOST_MEMORY)
