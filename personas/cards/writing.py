"""Cards as files that read back as what they were, also elsewhere."""

from personas.cards import charx
from personas.cards.card import Card
from personas.cards.errors import CardError
from personas.cards.images import plain_png
from personas.cards.json_text import write_json_text
from personas.cards.png import OURS, SIGNATURE, write_png_texts
from personas.cards.reading import ICON, IMAGE, ORIGIN, ORIGIN_IS_V2, read_card
from personas.cards.versions import origin_of, to_v2, to_v3


def write_json(card: Card) -> bytes:
    """Return the card's JSON as it was read, without what else the card carries."""
    return write_json_text(card.original).encode("utf-8")


def write_png(card: Card, image: bytes | None = None) -> bytes:
    """Return a PNG with the card as V2 and as V3; without `image` the card's own, or a plain one.

    Raises CardError when the image is no PNG, or the card could not be read back from it (C31).
    """
    if image is not None and not image.startswith(SIGNATURE):
        raise CardError("is no PNG", "give a PNG as the picture")
    second = to_v2(card.original, card.version)
    texts = {
        "chara": write_json_text(second),
        "ccv3": write_json_text(to_v3(card.original, card.version)),
    }
    if origin := origin_of(card.original, card.version):
        # Of a V2 card the original stands there already.
        texts[OURS] = write_json_text(ORIGIN_IS_V2 if second is card.original else origin)
    return _proved(write_png_texts(image or _own_image(card), texts, card.files), card, "a CHARX or JSON")


def write_charx(card: Card) -> bytes:
    """Return a CHARX with the card as V3, its picture and its files.

    Raises CardError when the card could not be read back from it (C31).
    """
    ours = {charx.CARD: write_json_text(to_v3(card.original, card.version)).encode("utf-8")}
    if origin := origin_of(card.original, card.version):
        ours[ORIGIN] = write_json_text(origin).encode("utf-8")
    if card.image:
        ours[IMAGE if ICON in card.files or card.names_file(ICON) else ICON] = card.image
    taken = {path.casefold() for path in ours}
    theirs = {path: data for path, data in card.files.items() if path.casefold() not in taken}
    return _proved(charx.write_charx_files(ours | theirs), card, "JSON")


def _proved(written: bytes, card: Card, other: str) -> bytes:
    """Return what was written, once it was read back as the same card: too much may have come together."""
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
