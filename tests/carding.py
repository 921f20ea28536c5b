"""Cards for tests: good ones of every version, and files made of them by hand."""

import base64
import copy
import json
import struct
import zipfile
import zlib
from io import BytesIO
from random import Random
from typing import Any

from personas.cards.images import chunk, plain_png

BOOK: dict[str, Any] = {
    "name": "Office",
    "entries": [{"keys": ["umbrella"], "content": "{{char}} has 300 of them.", "extensions": {"depth": 4}}],
    "extensions": {},
}
V1: dict[str, Any] = {
    "name": "Marlow",
    "description": "{{char}} keeps the lost-property office.",
    "personality": "dry, precise",
    "scenario": "A platform at night.",
    "first_mes": "Yes, {{user}}?",
    "mes_example": "<START>\n{{user}}: Hello.\n{{char}}: Name and item.",
    "talkativeness": "0.5",
}
V2: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "something_else": [1, 2.5, None],
    "data": {
        **{key: V1[key] for key in V1 if key != "talkativeness"},
        "creator_notes": "SECRET-OF-THE-CREATOR",
        "system_prompt": "Stay dry. {{original}}",
        "post_history_instructions": "Two sentences at most.",
        "alternate_greetings": ["Closed.", "Next!"],
        "tags": ["railway"],
        "creator": "ann",
        "character_version": "1.2",
        "character_book": BOOK,
        "extensions": {"unknown/tool": {"deep": [{"x": "ü"}]}, "depth_prompt": {"prompt": "p", "depth": 4}},
        "unknown_field": {"kept": True},
    },
}
V3: dict[str, Any] = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        **V2["data"],
        "nickname": "Low",
        "group_only_greetings": ["All of you?"],
        "creator_notes_multilingual": {"de": "Zum Spass", "en": "For fun"},
        "source": ["https://example.invalid/1"],
        "creation_date": 1700000000,
        "assets": [
            {"type": "icon", "uri": "embeded://assets/icon/images/low.png", "name": "main", "ext": "png"}
        ],
    },
}
VERSIONS = {1: V1, 2: V2, 3: V3}


def as_json(card: Any) -> bytes:
    return json.dumps(card, ensure_ascii=False).encode()


def encoded(card: Any) -> bytes:
    return base64.b64encode(card if isinstance(card, bytes) else as_json(card))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG with these chunks, of kind and content, in front of its end."""
    bare = plain_png()
    return b"".join((bare[:-12], *(chunk(kind, data) for kind, data in chunks), bare[-12:]))


def text_chunk(keyword: str, card: Any) -> tuple[bytes, bytes]:
    return b"tEXt", keyword.encode() + b"\0" + encoded(card)


def packed_chunk(keyword: str, card: Any) -> tuple[bytes, bytes]:
    return b"zTXt", keyword.encode() + b"\0\0" + zlib.compress(encoded(card))


def worldly_chunk(keyword: str, card: Any, *, packed: bool) -> tuple[bytes, bytes]:
    text = zlib.compress(encoded(card)) if packed else encoded(card)
    return b"iTXt", keyword.encode() + b"\0" + bytes([packed]) + b"\0en\0\0" + text


def charx(files: dict[str, bytes], *, pack: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", pack) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return written.getvalue()


def good_files() -> list[bytes]:
    """Return a good file of every kind and version."""
    files: list[bytes] = []
    for card in VERSIONS.values():
        files += [as_json(card), png(text_chunk("chara", card)), png(packed_chunk("chara", card))]
    files.append(png(text_chunk("chara", V2), text_chunk("ccv3", V3)))
    files.append(png(worldly_chunk("ccv3", V3, packed=True)))
    files.append(charx({"card.json": as_json(V3), "assets/icon/images/low.png": plain_png()}))
    files.append(charx({"card.json": as_json(V3)}, pack=zipfile.ZIP_STORED))
    return files


ODD: tuple[Any, ...] = (
    None, True, -1, 1e308, 10**30, "", "x" * 5_000, "\u202e\x00\ud83d", [], {}, [[]] * 50, {"": {"": []}},
    ["a"] * 300, {str(n): n for n in range(300)}, "{{char}}" * 500, "data:image/png;base64,AAAA",
)  # fmt: skip


def odd_card(rng: Random) -> bytes:
    """Return a file that is whole, with a card whose fields hold what nobody expects there."""
    card = copy.deepcopy(VERSIONS[rng.choice((1, 2, 3))])
    for _ in range(rng.randint(1, 5)):
        place: Any = card
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = rng.choice(keys) if keys else None
            if key is None or not isinstance(place[key], dict | list) or rng.random() < 0.3:
                break
            place = place[key]
        if key is not None:
            place[key] = copy.deepcopy(rng.choice(ODD))
        elif isinstance(place, list):
            place.append(copy.deepcopy(rng.choice(ODD)))
    data = json.dumps(card).encode()
    return rng.choice(
        (data, png(text_chunk("ccv3", data)), png(packed_chunk("chara", data)), charx({"card.json": data}))
    )


def mutated(data: bytes, rng: Random) -> bytes:
    """Return a good file with something wrong in it: cut, filled, swapped, or its numbers made huge."""
    if rng.random() < 0.3:
        return odd_card(rng)
    broken = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(broken) or 1)
        how = rng.randrange(6)
        if how == 0:
            broken[at : at + 1] = bytes([rng.randrange(256)])
        elif how == 1:
            del broken[at : at + rng.randint(1, 200)]
        elif how == 2:
            broken[at:at] = rng.randbytes(rng.randint(1, 40))
        elif how == 3:
            broken[at : at + 4] = struct.pack(rng.choice("<>") + "I", rng.choice((0, 1, 2**31, 2**32 - 1)))
        elif how == 4:
            other = rng.randrange(len(broken) or 1)
            broken[at:at] = broken[other : other + rng.randint(1, 300)]
        else:
            broken[at:at] = rng.choice((b'"', b"{", b"[", b"]", b"}", b"null", b"1e999", b"NaN", b"\\ud800"))
    # Half of them get their checksums right again, or nothing behind the first one would ever be reached.
    return mended(bytes(broken)) if rng.random() < 0.5 else bytes(broken)


def mended(data: bytes) -> bytes:
    """Return a PNG with the checksum of every chunk that is whole made right; other bytes as they are."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        (length,) = struct.unpack_from(">I", fixed, at)
        end = at + 8 + length
        if end + 4 > len(fixed):
            break
        fixed[end : end + 4] = struct.pack(">I", zlib.crc32(fixed[at + 4 : end]))
        at = end + 4
    return bytes(fixed)


def changed(card: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a copy of a V2 or V3 card with other fields."""
    fresh = copy.deepcopy(card)
    fresh["data"].update(fields)
    return fresh
