"""CHARX files, zips with card.json and assets: everything is checked against limits before it is read."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from personas.cards.errors import CardError
from personas.cards.paths import is_within

MOST_BYTES = 24 << 20
"""Maximum size of a CHARX file in bytes."""
MOST_UNPACKED = 48 << 20
"""Maximum total size of the unpacked files."""
MOST_MEMBERS = 1_000
MOST_RATIO = 200
"""Maximum compression ratio of a file over 64 kB."""
CARD = "card.json"
_END = b"PK\5\6"
_ZIP64 = b"PK\6\7"
_MOST_DIRECTORY = 1 << 20
_TAIL = 22 + 0xFFFF
_SMALL = 64 << 10
_ZLIB_FRAME = 6
"""Size of zlib's header and checksum, which a zip does not contain."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_ANEW = "get the file anew from where it came"
_DISTRUST = "don't use this file"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


def is_zip(data: bytes) -> bool:
    """Return whether data is a zip, including one appended to a picture."""
    return data.startswith(b"PK\3\4") or (data.startswith(b"\xff\xd8\xff") and _end_of(data) >= 0)


def read_charx(data: bytes) -> dict[str, bytes]:
    """Return the files in a CHARX by path; raises CardError if any of them may be harmful (faults D9)."""
    if len(data) > MOST_BYTES:
        raise CardError(f"is a CHARX of over {MOST_BYTES >> 20} MB", "take large files out of it")
    _check_directory(data)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.filename.endswith("/")]
            _check_members(members)
            return {member.filename: archive.read(member) for member in members}
    except CardError:
        raise
    except _BROKEN as error:
        raise CardError("is a damaged CHARX", _ANEW) from error


def write_charx_files(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of the files by path; equal files give equal bytes."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            member = zipfile.ZipInfo(path, _EPOCH)
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            fits = len(data) <= _SMALL or len(data) < MOST_RATIO * (len(zlib.compress(data)) - _ZLIB_FRAME)
            archive.writestr(member, data, zipfile.ZIP_DEFLATED if fits else zipfile.ZIP_STORED)
    return written.getvalue()


def _end_of(data: bytes) -> int:
    return data.rfind(_END, max(0, len(data) - _TAIL))


def _check_directory(data: bytes) -> None:
    """Refuse a huge central directory before zipfile reads it into memory."""
    ends = {_end_of(data)} | ({len(data) - 22} if data[-22:-18] == _END else set())
    for end in ends:
        if end < 0 or end + 22 > len(data):
            raise CardError("is a CHARX that breaks off", _ANEW)
        count, size = struct.unpack_from("<HI", data, end + 10)
        if count > MOST_MEMBERS or size > _MOST_DIRECTORY or data[end - 20 : end - 16] == _ZIP64:
            raise CardError(f"is a CHARX of over {MOST_MEMBERS:,} files", "take files out of it")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise CardError(f"is a CHARX of over {MOST_MEMBERS:,} files", "take files out of it")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        raise CardError(f"unpacks to over {MOST_UNPACKED >> 20} MB", "take large files out of it")
    seen: set[str] = set()
    for member in members:
        _check_member(member)
        if member.filename.casefold() in seen:
            raise CardError("is a CHARX that holds a file twice", _DISTRUST)
        seen.add(member.filename.casefold())


def _check_member(member: zipfile.ZipInfo) -> None:
    if not is_within(member.orig_filename):
        raise CardError("is a CHARX with a file whose path leads out of it", _DISTRUST)
    mode = member.external_attr >> 16
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        raise CardError("is a CHARX with a link in it", _DISTRUST)
    if member.flag_bits & 0x41:
        raise CardError("is an encrypted CHARX", "export it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise CardError("is a CHARX packed in an unusual way", "pack it anew as a plain zip")
    if member.file_size > max(_SMALL, MOST_RATIO * member.compress_size):
        raise CardError("is a CHARX with a file packed beyond reason", _DISTRUST)
