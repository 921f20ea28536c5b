"""Text chunks of a PNG, and the picture around them; pixels are never decoded."""

import base64
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from personas.cards.errors import CardError
from personas.cards.images import chunk, unbase64
from personas.cards.json_text import MOST_TEXT
from personas.cards.paths import is_within

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 20_000
OURS = "masquerade"
"""Keyword of the card's original form before the conversion to V3."""
_ASSET = "chara-ext-asset_:"
_CARD_WORDS = frozenset({"chara", "ccv3", OURS})
_MOST_ENCODED = MOST_TEXT * 3 // 2
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LONGEST_KEYWORD = 400
_ANEW = "get the file anew from where it came, because services that shrink pictures break the card in them"


@dataclass(frozen=True)
class PngContents:
    """Contents of a PNG besides the pixels.

    `texts` are the first texts by lower-case keyword, still in base64; `files` are embedded assets by path;
    `image` is the picture without both; `doubled` are duplicate keywords.
    """

    texts: Mapping[str, bytes]
    files: Mapping[str, bytes]
    image: bytes
    doubled: tuple[str, ...]
    trailing: int


def read_png(data: bytes) -> PngContents:
    """Return texts and picture of a PNG; raises CardError for a wrong length or checksum (faults D7)."""
    texts: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    doubled: dict[str, None] = {}
    kept = [SIGNATURE]
    end = len(SIGNATURE)
    for kind, start, end in _chunks(data):
        keyword = _keyword(data, start, end) if kind in _TEXTS else ""
        if not _is_ours(keyword):
            kept.append(data[start - 8 : end + 4])
        elif keyword.lower() in texts or keyword.removeprefix(_ASSET) in files:
            doubled[keyword] = None
        elif keyword.startswith(_ASSET):
            files[_path(keyword)] = unbase64(_text(kind, data[start:end]))
        else:
            texts[keyword.lower()] = _text(kind, data[start:end])
    return PngContents(texts, files, b"".join(kept), tuple(doubled), len(data) - end - 4)


def write_png_texts(image: bytes, texts: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    """Return a PNG with these texts, in base64, before its end; cards that it contained are removed."""
    bare = read_png(image).image
    chunks = [_written(keyword, text.encode("utf-8")) for keyword, text in texts.items()]
    chunks += [_written(_ASSET + path, data) for path, data in files.items()]
    return b"".join((bare[:-12], *chunks, bare[-12:]))


def _written(keyword: str, data: bytes) -> bytes:
    return chunk(b"tEXt", keyword.encode("utf-8") + b"\0" + base64.b64encode(data))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each chunk's content, up to the end of the picture."""
    at = len(SIGNATURE)
    for number in range(MOST_CHUNKS):
        if at + 12 > len(data):
            raise CardError("is a PNG that breaks off", _ANEW)
        (length,) = struct.unpack_from(">I", data, at)
        start, end = at + 8, at + 8 + length
        if end + 4 > len(data):
            raise CardError("is a PNG that breaks off within a chunk", _ANEW)
        kind = data[at + 4 : start]
        _check(data, kind, start, end, first=number == 0)
        yield kind, start, end
        if kind == b"IEND":
            return
        at = end + 4
    raise CardError(f"is a PNG of over {MOST_CHUNKS:,} chunks", "save the picture anew with another program")


def _check(data: bytes, kind: bytes, start: int, end: int, *, first: bool) -> None:
    if first and (kind != b"IHDR" or end - start != 13):
        raise CardError("begins like a PNG and is none", _ANEW)
    if zlib.crc32(memoryview(data)[start - 4 : end]) != struct.unpack_from(">I", data, end)[0]:
        raise CardError("is a damaged PNG: a checksum is wrong", _ANEW)


def _keyword(data: bytes, start: int, end: int) -> str:
    stop = data.find(b"\0", start, min(end, start + _LONGEST_KEYWORD))
    return data[start:stop].decode("utf-8", "replace") if stop >= 0 else ""


def _is_ours(keyword: str) -> bool:
    return keyword.lower() in _CARD_WORDS or keyword.startswith(_ASSET)


def _path(keyword: str) -> str:
    path = keyword.removeprefix(_ASSET)
    if not is_within(path):
        raise CardError("holds a file whose path leads out of it", "don't use this file")
    return path


def _text(kind: bytes, content: bytes) -> bytes:
    """Return a chunk's text, decompressed up to the maximum size of a card."""
    _, _, rest = content.partition(b"\0")
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[:1], rest[1:])
    compressed, method = rest[:1], rest[1:2]
    text = rest[2:].split(b"\0", 2)[-1]
    return _inflated(method, text) if compressed == b"\1" else text


def _inflated(method: bytes, data: bytes) -> bytes:
    if method != b"\0":
        raise CardError("holds text packed in a way that PNG does not know", _ANEW)
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(data, _MOST_ENCODED + 1)
    except zlib.error as error:
        raise CardError("holds packed text that is damaged", _ANEW) from error
    if len(text) > _MOST_ENCODED:
        raise CardError(f"unpacks to over {_MOST_ENCODED >> 20} MB of text", "don't use this file")
    if not unpacking.eof:
        raise CardError("holds packed text that breaks off", _ANEW)
    return text
