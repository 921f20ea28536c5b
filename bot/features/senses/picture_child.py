"""Conversion of untrusted pictures to a small WebP or JPEG: a separate program, started by bot.core.child.

It answers `{"width": 1568, "height": 1176}`, followed by the file.
"""

import io
import os
import sys

if __name__ == "__main__":
    # When run as a program, only the standard library is on the path.
    sys.path += sys.argv[3].split(os.pathsep)

# Imported now, because Pillow loads plugins lazily and no file can be opened once the limits are in force.
# No other formats are supported.
from PIL import (
    GifImagePlugin,  # noqa: F401
    Image,
    ImageStat,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401 - a JPEG with two pictures in it
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401 - EXIF is a TIFF
    WebPImagePlugin,  # noqa: F401
)

from bot.features.senses.child import Answer, UnreadableFile, quiet, serve

MOST_MEMORY = 640 << 20
"""Memory limit in bytes: decoding a WebP takes up to five buffers of four bytes per pixel."""
LONGEST_EDGE = 1568
MOST_PIXELS = {"PNG": 25_000_000, "GIF": 25_000_000, "WEBP": 25_000_000, "JPEG": 64_000_000}
"""Maximum number of pixels by format; a JPEG can be decoded at a fraction of its size."""
QUALITY = 80
LIGHT, DARK = (255, 255, 255), (49, 51, 56)
"""Backgrounds for transparent pictures: the dark one resembles Discord's."""

_BEGINNINGS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF87a": "GIF", b"GIF89a": "GIF"}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def looked(data: bytes, order: str) -> Answer:
    """Return the size of the converted picture and its bytes, in the ordered format.

    Raises UnreadableFile.
    """
    kind = _kind(data)
    Image.MAX_IMAGE_PIXELS = None  # _check applies its own limits by format
    with Image.open(io.BytesIO(data), formats=(kind,)) as picture:
        _check(picture.size, MOST_PIXELS[kind])
        small = _small(picture)
    made = io.BytesIO()
    # Pillow drops EXIF, colour profile and XMP by default, but would keep a JPEG's comment.
    small.info.clear()
    small.save(made, order, quality=QUALITY)
    return {"width": small.width, "height": small.height}, made.getvalue()


def _kind(data: bytes) -> str:
    for beginning, kind in _BEGINNINGS.items():
        if data.startswith(beginning):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise UnreadableFile("it is no PNG, JPEG, WebP or GIF")


def _check(size: tuple[int, int], most: int) -> None:
    """Check the size given in the header, before decoding any pixel."""
    if size[0] * size[1] > most:
        raise UnreadableFile(f"it has {size[0]}x{size[1]} pixels")


def _small(picture: Image.Image) -> Image.Image:
    """Return the first frame, upright and scaled down to the largest size that a model uses."""
    scale = LONGEST_EDGE / max(picture.size)
    if scale < 1:
        # Only JPEG can be decoded at a half, a quarter or an eighth of its size.
        picture.draft("RGB", (round(picture.width * scale), round(picture.height * scale)))
    picture.load()
    turn = _UPRIGHT.get(_orientation(picture))
    plain = _plain(picture)
    plain.thumbnail((LONGEST_EDGE, LONGEST_EDGE), Image.Resampling.LANCZOS)
    upright = plain.transpose(turn) if turn is not None else plain
    return _grounded(upright) if upright.mode == "RGBA" else upright


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - broken metadata must not prevent reading the picture
        return 1


def _plain(picture: Image.Image) -> Image.Image:
    """Return the picture as RGB with 8 bits per channel, or RGBA if it is transparent."""
    if picture.mode.startswith("I"):  # 16-bit grey, of which Pillow would keep the lower bits
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")


def _grounded(picture: Image.Image) -> Image.Image:
    """Put a transparent picture on the background with more contrast."""
    alpha = picture.getchannel("A")
    grey = picture.convert("L")
    shown = ImageStat.Stat(grey, mask=alpha.point(lambda value: 255 * (value > 127)))
    light = shown.count[0] > 0 and shown.mean[0] >= 128
    ground = Image.new("RGB", picture.size, DARK if light else LIGHT)
    ground.paste(picture, mask=alpha)
    return ground


def _load_all() -> None:
    """Exercise all code once: lazy imports open files, which is impossible once the limits are in force."""
    quiet()
    for kind in MOST_PIXELS:
        file = io.BytesIO()
        Image.new("RGB", (2, 2)).save(file, kind, **({} if kind == "GIF" else {"exif": _exif()}))
        for order in ("WEBP", "JPEG"):
            looked(file.getvalue(), order)


def _exif() -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    return exif.tobytes()


if __name__ == "__main__":
    _load_all()
    serve(looked, memory=MOST_MEMORY)
