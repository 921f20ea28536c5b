"""Card files: format detection by content, reading, and writing with verification."""

from collections.abc import Mapping
from typing import Any

from personas.cards import charx
from personas.cards.card import LISTS, TEXTS, Card
from personas.cards.errors import CardError
from personas.cards.images import picture_of, plain_png, unbase64
from personas.cards.json_text import read_json, write_json_text
from personas.cards.png import OURS, SIGNATURE, PngContents, read_png, write_png_texts
from personas.cards.versions import fields_in, origin_of, restored, to_v2, to_v3, version_of

# Reading: the format is detected from the content, never from the file's name.

MOST_BYTES = 8 << 20
"""Maximum size of a PNG or JSON file in bytes; a CHARX has its own limit."""
ICON = "assets/icon/images/main.png"
"""Path of the card's picture in a CHARX, unless the card uses this path itself."""
IMAGE = "masquerade.png"
"""Path of the picture otherwise."""
ORIGIN = "masquerade.json"
ORIGIN_IS_V2 = {"original": "chara"}
"""Marks the V2 card in the same file as the original."""
_MOST_NOTICES = 40
_NO_CARD = "use the file that the card was exported to, not a copy of what it looks like"


def read_card(data: bytes) -> Card:
    """Return the card in these bytes, of any version (C31, F107).

    Raises CardError with the fault and the remedy in one sentence (faults D7, D8, D9).
    """
    if charx.is_zip(data):
        return _from_charx(data)
    if len(data) > MOST_BYTES:
        raise CardError(f"has over {MOST_BYTES >> 20} MB", "use a smaller picture, or a CHARX")
    if data.startswith(SIGNATURE):
        return _from_png(data)
    if picture_of(data):
        raise CardError("is a picture without a card; only PNG carries one", _NO_CARD)
    original, notices = read_json(data)
    return card_from(original, notices)


def card_from(
    original: object,
    notices: tuple[str, ...] = (),
    *,
    image: bytes | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Card:
    """Return a card from parsed JSON; raises CardError if it is none."""
    version, more = version_of(original)
    assert isinstance(original, dict)
    every = (*notices, *more, *_misfits(fields_in(original, version)))
    return Card(
        version=version, original=original, image=image, files=files or {}, notices=every[:_MOST_NOTICES]
    )


def _from_png(data: bytes) -> Card:
    contents = read_png(data)
    original, notices = _from_texts(contents)
    if contents.doubled:
        notices = (*notices, "holds more than one card of a kind; the first counts")
    if contents.trailing:
        notices = (*notices, f"has {contents.trailing:,} bytes behind the picture, which were left out")
    return card_from(original, notices, image=contents.image, files=contents.files)


def _from_texts(contents: PngContents) -> tuple[Any, tuple[str, ...]]:
    """Return the card in a PNG: V3 if it is readable, else V2; the original V2 only if both match."""
    if "ccv3" in contents.texts:
        try:
            third, notices = _encoded(contents.texts["ccv3"])
            version_of(third)
        except CardError as error:
            if "chara" not in contents.texts:
                raise
            older, notices = _encoded(contents.texts["chara"])
            return older, (*notices, f"holds a card of version 3 that {error.wrong}; the older one was read")
        return restored(third, _origin(contents.texts)), notices
    if "chara" not in contents.texts:
        raise CardError("is a PNG without a card in it", _NO_CARD)
    return _encoded(contents.texts["chara"])


def _origin(texts: Mapping[str, bytes]) -> object:
    if OURS not in texts:
        return None
    try:
        origin = _encoded(texts[OURS])[0]
        return {"original": _encoded(texts["chara"])[0]} if origin == ORIGIN_IS_V2 else origin
    except (CardError, KeyError):
        return None


def _encoded(text: bytes) -> tuple[Any, tuple[str, ...]]:
    if text.lstrip().startswith(b"{"):
        return read_json(text)
    return read_json(unbase64(text))


def _from_charx(data: bytes) -> Card:
    files = charx.read_charx(data)
    if charx.CARD not in files:
        raise CardError(f"is a zip without {charx.CARD}", _NO_CARD)
    third, notices = read_json(files.pop(charx.CARD))
    original = third
    if ORIGIN in files and isinstance(third, dict):
        original = restored(third, _read_origin(files[ORIGIN]))
        if original is not third:
            del files[ORIGIN]
    card = card_from(original, notices, files=files)
    for path in (IMAGE, ICON):
        if files.get(path, b"").startswith(SIGNATURE) and not card.names_file(path):
            return card_from(original, notices, image=files.pop(path), files=files)
    return card


def _read_origin(data: bytes) -> object:
    try:
        return read_json(data)[0]
    except CardError:
        return None


def _misfits(fields: Mapping[str, Any]) -> list[str]:
    """Return notices about fields of the wrong type, which count as empty."""
    wrong = [key for key in (*TEXTS, "nickname") if not isinstance(fields.get(key, ""), str | int | float)]
    wrong += [key for key in LISTS if not isinstance(fields.get(key, []), list)]
    wrong += [key for key in ("character_book", "extensions") if not isinstance(fields.get(key) or {}, dict)]
    said = [f"{key}: is not what it should be and counts as empty" for key in wrong]
    if not isinstance(fields.get("name"), str) or not fields["name"].strip():
        said.append("name: is missing")
    return said


# Writing files that read back as the same card, in other programs too.


def write_json(card: Card) -> bytes:
    """Return the card's JSON as it was read, without its files."""
    return write_json_text(card.original).encode("utf-8")


def write_png(card: Card, image: bytes | None = None) -> bytes:
    """Return a PNG with the card as V2 and V3; the default image is the card's own or a plain one.

    Raises CardError if the image is no PNG, or if the card can't be read back from the result (C31).
    """
    if image is not None and not image.startswith(SIGNATURE):
        raise CardError("is no PNG", "give a PNG as the picture")
    second = to_v2(card.original, card.version)
    texts = {
        "chara": write_json_text(second),
        "ccv3": write_json_text(to_v3(card.original, card.version)),
    }
    if origin := origin_of(card.original, card.version):
        # A V2 card's original is already in the file.
        texts[OURS] = write_json_text(ORIGIN_IS_V2 if second is card.original else origin)
    return _proved(write_png_texts(image or _own_image(card), texts, card.files), card, "a CHARX or JSON")


def write_charx(card: Card) -> bytes:
    """Return a CHARX with the card as V3, its picture and its files.

    Raises CardError if the card can't be read back from the result (C31).
    """
    ours = {charx.CARD: write_json_text(to_v3(card.original, card.version)).encode("utf-8")}
    if origin := origin_of(card.original, card.version):
        ours[ORIGIN] = write_json_text(origin).encode("utf-8")
    if card.image:
        ours[IMAGE if ICON in card.files or card.names_file(ICON) else ICON] = card.image
    taken = {path.casefold() for path in ours}
    files = {path: data for path, data in card.files.items() if path.casefold() not in taken}
    return _proved(charx.write_charx_files(ours | files), card, "JSON")


def _proved(written: bytes, card: Card, other: str) -> bytes:
    """Return the written file after verifying that it reads back as the same card, within all limits."""
    try:
        same = read_card(written).original == card.original
    except CardError as error:
        raise CardError(f"can't be written so: the file {error.wrong}", f"export it as {other}") from error
    if not same:
        raise CardError("can't be written so without a change", f"export it as {other}")
    return written


def _own_image(card: Card) -> bytes:
    portrait = card.portrait
    return portrait.data if portrait is not None and portrait.suffix == ".png" else plain_png()
