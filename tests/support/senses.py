"""Simple senses: they tell a file by its first bytes, as real ones do, and take no package and no time."""

import hashlib
import re

from bot.conversation.senses import Senses
from bot.conversation.text.names import clean_text
from bot.core.errors import Unperceived
from bot.llm.types import Picture

LONGEST_RECORDING = 180.0
LONGEST_TEXT = 16_000

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"RIFF")
_SHOWN_IN_PDF = re.compile(rb"\(([^()]*)\) Tj")
_SPOKEN = b"OggS, and somebody says: "


def recording(words: str) -> bytes:
    """Return bytes that FakeEar hears these words in; of "" nothing is heard."""
    return _SPOKEN + words.encode()


def pdf(*lines: str) -> bytes:
    """Return a PDF of one page with these lines of plain ASCII, which any reader can read."""
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 40 780 Td {shown} ET".encode()
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources 6 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Font << /F1 5 0 R >> >>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(parts) + 1, table, len(parts) + 1, len(data))
    )


class FakeEye:
    """Sees in every file one picture of `size`, told apart by its bytes; `looked` keeps what it was shown."""

    def __init__(self, size: tuple[int, int] = (320, 200)) -> None:
        self.size = size
        self.looked: list[bytes] = []

    async def look(self, data: bytes) -> Picture:
        self.looked.append(data)
        if not data.startswith(_PICTURES):
            raise Unperceived("it is no picture")
        digest = hashlib.blake2s(data).digest()
        # No WebP that can be decoded, but whoever looks at its first bytes takes it for one.
        body = b"WEBPVP8 " + len(digest).to_bytes(4, "little") + digest
        return Picture(b"RIFF" + len(body).to_bytes(4, "little") + body, *self.size)


class FakeReader:
    """Reads UTF-8, and what a PDF made by `pdf` shows; `read_files` keeps what it was given."""

    def __init__(self) -> None:
        self.read_files: list[bytes] = []

    async def read(self, data: bytes, *, pdf: bool) -> str:
        self.read_files.append(data)
        if pdf:
            if not data.startswith(b"%PDF-") or b"%%EOF" not in data:
                raise Unperceived("it is no PDF")
            text = "\n".join(line.decode("latin-1") for line in _SHOWN_IN_PDF.findall(data))
        elif b"\0" in data:
            raise Unperceived("it is no text")
        else:
            text = data.decode("utf-8", errors="replace")
        return clean_text(text)[:LONGEST_TEXT].strip()


class FakeEar:
    """Hears the words of a `recording`; `heard` keeps what it was given."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def hear(self, data: bytes, *, seconds: float) -> str:
        self.heard.append(data)
        if seconds > LONGEST_RECORDING:
            raise Unperceived(f"it is longer than {LONGEST_RECORDING:g} s")
        if not data.startswith(b"OggS"):
            raise Unperceived("it is no recording")
        return clean_text(data.removeprefix(_SPOKEN).decode(errors="replace"))


def fake_senses(*, most_pictures: int = 4) -> Senses:
    """Return every sense, none of them real."""
    return Senses(FakeEye(), FakeReader(), FakeEar(), most_pictures)
