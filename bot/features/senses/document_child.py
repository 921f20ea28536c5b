"""Reads the words of a stranger's file: a program of its own, started by bot.core.child with `text` or `pdf`.

It says `{"text": "...", "more": false}`; `more` where the file goes on after that.
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
    # Run as a program, it knows of nothing but the standard library.
    sys.path += sys.argv[3].split(os.pathsep)

import charset_normalizer
import pypdf

from bot.features.senses.child import Answer, UnreadableFile, quiet, serve

MOST_MEMORY = 384 << 20
MOST_READ = 64 << 10
"""Bytes of a text that are read; it may have more."""
MOST_PAGES = 20
MOST_LETTERS = 16_000
"""Characters that are handed on: about 4,000 tokens."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ENCODINGS = [
    *("cp1252", "cp932", "cp1251", "gb18030", "euc_jp", "euc_kr", "big5", "koi8_r"),
    *("cp1250", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "latin_1"),
]
"""What texts come in, where two of them fit equally well the more usual first."""
_NO_TEXT = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def read(data: bytes, order: str) -> Answer:
    """Return the words of a file, and whether it goes on; raises Refused."""
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
        # ISO-2022-JP is ASCII, too, with escapes in it.
        return _decoded(data, "iso2022_jp" if b"\x1b$" in data else "utf-8", more=more), more
    except UnicodeDecodeError:
        return _guessed(data), more


def _decoded(data: bytes, encoding: str, *, more: bool) -> str:
    """Decode strictly, but let go of a letter that was cut in two."""
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
    """Return how unlikely a guess is: by its chaos, by its words, and then by how usual the encoding is."""
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
        # Ligatures are letters of their own in a PDF.
        pages.append(unicodedata.normalize("NFKC", page.extract_text()).strip())
        letters += len(pages[-1])
        if letters > MOST_LETTERS:
            break
    return "\n\n".join(filter(None, pages)), len(document.pages) > MOST_PAGES


def _load_all() -> None:
    """Use everything once: what is loaded late needs a file, and none can be opened once the limits hold."""
    quiet()
    for module in pkgutil.iter_modules(encodings.__path__):  # a document may name any of them for its fonts
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
