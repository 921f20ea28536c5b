"""Pictures of strangers become small, upright WebP files, in a process of their own (senses A.7.1)."""

import asyncio
import io
import struct
import sys
import zlib
from typing import Any

import psutil  # type: ignore[import-untyped,unused-ignore]
import pytest

from bot.core.child import answer_of
from bot.core.errors import Unperceived
from bot.features.senses.eye import PillowEye
from bot.features.senses.process import MOST_BYTES

Image: Any = pytest.importorskip("PIL.Image", reason="the extra is missing: pip install '.[senses]'")

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux's")

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def written(picture: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def halves(width: int = 64, height: int = 32, *, mode: str = "RGB") -> Any:
    """Return a picture that is red on the left and blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture.convert(mode)


def noisy(width: int, height: int) -> Any:
    """Return a picture with about as much in it as a photo."""
    return Image.effect_noise((width // 16, height // 16), 90).convert("RGB").resize((width, height))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(edge: int = 20_000) -> bytes:
    """Return a PNG of 48 kB with 400 million pixels in it."""
    header = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((edge // 8 + 1) * edge), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def moving(kind: str, count: int = 3, **options: Any) -> bytes:
    """Return a picture whose first frame is red and whose others are green and blue."""
    frames = [Image.new("RGB", (40, 30), (GREEN, BLUE)[n % 2]) for n in range(count - 1)]
    first = Image.new("RGB", (40, 30), RED)
    return written(first, kind, save_all=True, append_images=frames, duration=100, **options)


def phone_photo() -> bytes:
    """Return a JPEG as a phone held upright makes it: lying on its side, with the place in it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "canary-phone"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 29: "canary-day"})
    return written(
        halves(), "JPEG", exif=exif, icc_profile=b"canary-colour" * 20, comment=b"canary-comment", quality=95
    )


async def seen(data: bytes) -> Any:
    """Return the picture that is made of a file, decoded."""
    picture = await PillowEye().look(data)
    decoded = Image.open(io.BytesIO(picture.data))
    assert (decoded.format, decoded.size) == ("WEBP", (picture.width, picture.height))
    return decoded.convert("RGB")


def is_near(colour: Any, other: tuple[int, int, int]) -> bool:
    return all(abs(one - two) < 40 for one, two in zip(colour, other, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
async def test_every_usual_picture_is_seen_in_its_colours(kind, mode):
    if (kind, mode) in (("JPEG", "P"), ("WEBP", "P")):
        mode = "RGB"
    picture = await seen(written(halves(mode=mode), kind))
    assert picture.size == (64, 32)
    grey = mode == "L"
    assert is_near(picture.getpixel((8, 8)), (81, 81, 81) if grey else RED)
    assert is_near(picture.getpixel((56, 8)), (50, 50, 50) if grey else BLUE)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
async def test_of_a_picture_that_moves_the_first_frame_is_seen(kind):
    assert is_near((await seen(moving(kind))).getpixel((20, 15)), RED)


@pytest.mark.parametrize("jpeg", [False, True])
async def test_a_photo_is_turned_upright_and_nothing_of_its_metadata_is_left(jpeg):
    data = phone_photo()
    assert data.count(b"canary") >= 4
    picture = await PillowEye(jpeg=jpeg).look(data)
    assert picture.media == ("image/jpeg" if jpeg else "image/webp")
    assert b"canary" not in picture.data
    assert not any(name in picture.data for name in (b"EXIF", b"Exif", b"ICCP", b"XMP "))
    upright = await seen(data)
    assert upright.size == (32, 64)
    assert is_near(upright.getpixel((16, 8)), RED)
    assert is_near(upright.getpixel((16, 56)), BLUE)


@pytest.mark.parametrize("turn", range(1, 9))
async def test_each_orientation_of_exif_comes_out_as_a_viewer_shows_it(turn):
    from PIL import ImageOps

    picture = halves(64, 32)
    picture.paste(GREEN, (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = turn
    data = written(picture, "PNG", exif=exif)
    wanted: Any = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    got = await seen(data)
    assert got.size == wanted.size
    for x in (4, got.width - 4):
        for y in (4, got.height - 4):
            assert is_near(got.getpixel((x, y)), wanted.getpixel((x, y)))


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255)], ids=["dark", "light"])
async def test_writing_on_a_see_through_ground_can_be_read(ink):
    sticker = Image.new("RGBA", (60, 60), (0, 0, 0, 0))
    sticker.paste((*ink, 255), (20, 20, 40, 40))
    picture = await seen(written(sticker, "PNG"))
    assert is_near(picture.getpixel((30, 30)), ink)
    ground = picture.getpixel((5, 5))
    assert abs(sum(ground) - sum(ink)) > 300


async def test_sixteen_bits_of_grey_are_not_all_white():
    grey = Image.new("I;16", (32, 32), 128 * 256)
    assert is_near((await seen(written(grey, "PNG"))).getpixel((9, 9)), (128, 128, 128))


@pytest.mark.parametrize(("width", "height"), [(4000, 3000), (3000, 4000), (1569, 1), (20_000, 10)])
async def test_the_longer_edge_is_1568_pixels_at_most(width, height):
    picture = await PillowEye().look(written(Image.new("RGB", (width, height), RED), "PNG"))
    assert max(picture.width, picture.height) == 1568
    assert picture.tokens < 3_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_photo_of_24_million_pixels_becomes_a_few_hundred_kilobytes(kind):
    options = {"method": 0} if kind == "WEBP" else {}
    picture = await PillowEye().look(written(noisy(6000, 4000), kind, **options))
    assert (picture.width, picture.height) == (1568, 1045)
    assert 10_000 < len(picture.data) < 600_000


def small_screen_of_a_large_frame() -> bytes:
    data = bytearray(moving("GIF", 1))
    place = data.index(b",", 13)
    data[place + 5 : place + 9] = struct.pack("<HH", 30_000, 30_000)
    return bytes(data)


def large_canvas() -> bytes:
    data = bytearray(moving("WEBP"))
    assert data[12:16] == b"VP8X"
    data[24:30] = (16_000).to_bytes(3, "little") * 2
    return bytes(data)


def hostile() -> dict[str, bytes]:
    photo = written(halves(800, 600), "JPEG")
    return {
        "nothing": b"",
        "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        "html": b"<!doctype html><script>1</script>",
        "bmp": written(halves(), "BMP"),
        "tiff": written(halves(), "TIFF"),
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "a beginning alone": b"\x89PNG\r\n\x1a\n",
        "a bomb": bomb(),
        "a cut png": written(noisy(800, 600), "PNG")[:20_000],
        "a cut jpeg": photo[: len(photo) // 2],
        "a cut gif": written(noisy(800, 600), "GIF")[:20_000],
        "a cut webp": written(noisy(800, 600), "WEBP")[:4_000],
        "a png of noise": written(halves(), "PNG")[:60] + bytes(range(256)) * 40,
        "a gif with a large frame": small_screen_of_a_large_frame(),
        "a webp with a large canvas": large_canvas(),
        "too many bytes": b"\xff\xd8\xff" + bytes(MOST_BYTES),
    }


@pytest.mark.slow
@pytest.mark.parametrize("how", hostile())
async def test_what_is_no_good_picture_is_refused(how, caplog):
    with pytest.raises(Unperceived) as refused:
        await PillowEye().look(hostile()[how])
    assert str(refused.value)
    assert caplog.text == ""


async def test_the_bomb_is_known_by_its_header():
    data = bomb()
    assert 40_000 < len(data) < 60_000
    with pytest.raises(Unperceived, match="20000x20000"):
        await PillowEye().look(data)


async def test_broken_metadata_is_no_reason_not_to_look():
    exif = b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(range(256))
    assert (await seen(written(halves(), "JPEG", exif=exif))).size == (64, 32)


@pytest.mark.slow
async def test_twenty_pictures_and_a_bomb_cost_this_process_no_memory():
    photo, bad, eye = written(noisy(4000, 3000), "JPEG"), bomb(), PillowEye()
    await eye.look(photo)
    process = psutil.Process()
    before = process.memory_info().rss
    for _ in range(20):
        await eye.look(photo)
    with pytest.raises(Unperceived):
        await eye.look(bad)
    assert process.memory_info().rss - before <= 50 << 20


async def test_pictures_are_looked_at_one_after_the_other(monkeypatch):
    running, most = 0, 0

    def counting(*arguments: Any, **named: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return answer_of(*arguments, **named)
        finally:
            running -= 1

    monkeypatch.setattr("bot.features.senses.process.answer_of", counting)
    eye, data = PillowEye(), written(halves(), "PNG")
    assert len(await asyncio.gather(*(eye.look(data) for _ in range(4)))) == 4
    assert most == 1
