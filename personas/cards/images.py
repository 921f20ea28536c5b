"""Detection of picture formats by magic bytes, without decoding."""

import base64
import binascii
import re
import struct
import zlib
from dataclasses import dataclass

from personas.cards.errors import CardError

MOST_PICTURE = 8 << 20
"""Maximum size of a picture in bytes."""

_DATA_URI = re.compile(r"data:[a-z0-9.+/-]{0,60}(?:;[a-z0-9=.+-]{0,60}){0,3};base64,", re.IGNORECASE)
_BLANK = re.compile(r"\s+")
_SIDE = 64
_GREY = b"\x00" + b"\x8a" * _SIDE


@dataclass(frozen=True)
class AvatarPicture:
    """A picture's bytes and file suffix, such as `.png`."""

    data: bytes
    suffix: str


def picture_of(data: bytes) -> AvatarPicture | None:
    """Return data as a picture by its magic bytes: PNG, JPEG, GIF or WebP; None for anything else."""
    for magic, suffix in ((b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif")):
        if data.startswith(magic):
            return AvatarPicture(data, suffix)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return AvatarPicture(data, ".webp")
    return None


def picture_from_uri(uri: str) -> AvatarPicture:
    """Return the picture in a data URI, whatever type the URI claims (F098); raises CardError."""
    head = _DATA_URI.match(uri)
    if head is None:
        raise CardError("is no picture in base64", "write data:image/png;base64,...")
    if len(uri) > MOST_PICTURE * 4 // 3 + 200:
        raise CardError(f"is a picture of over {MOST_PICTURE >> 20} MB", "make it smaller")
    picture = picture_of(unbase64(uri[head.end() :]))
    if picture is None:
        raise CardError("is no picture that Discord takes", "use a PNG, JPEG, GIF or WebP")
    return picture


def unbase64(text: str | bytes) -> bytes:
    """Decode base64 in any of its common variants; raises CardError."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    plain = _BLANK.sub("", text).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CardError("holds text that is no base64", "get the file anew from where it came") from error


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk, with length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def plain_png() -> bytes:
    """Return a small grey square, for a card without a picture."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    pixels = zlib.compress(_GREY * _SIDE, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
