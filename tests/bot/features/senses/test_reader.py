"""Words of strangers' files are read in a process of their own, whatever they are written in."""

import io
import random
from typing import Any

import pytest

from bot.core.errors import Unperceived
from bot.features.senses.reader import CUT, MOST_LETTERS, DocumentReader
from tests.support.pictures import PNG
from tests.support.senses import pdf

pypdf: Any = pytest.importorskip("pypdf", reason="the extra is missing: pip install '.[senses]'")
pytest.importorskip("charset_normalizer", reason="the extra is missing: pip install '.[senses]'")

TEXTS = {
    "ascii": "Plain words, and no more.",
    "utf-8": "Grüße, こんにちは, привет 🙂",
    "utf-8-sig": "Grüße mit Marke",
    "utf-16": "hello € wörld",
    "utf-16-be": "\ufeffhello € wörld",
    "utf-32": "hello € wörld",
    "latin-1": "Été à la plage, où il fait chaud, ça va.",
    "cp1252": "It’s “fine” – really, said the naïve café owner.",
    "cp1250": "Zażółć gęślą jaźń, proszę państwa.",
    "cp1251": "Привет, как дела? Сегодня хорошая погода.",
    "koi8-r": "Привет, как дела? Сегодня хорошая погода.",
    "cp1253": "Καλημέρα, τι κάνετε σήμερα;",
    "shift-jis": "こんにちは、今日はいい天気ですね。お茶を飲みましょう。",
    "iso2022_jp": "こんにちは、今日はいい天気ですね。",
    "gb18030": "你好，今天天气很好，我们去喝茶吧。",
    "euc_kr": "안녕하세요 오늘은 날씨가 좋네요",
}


def random_bytes(count: int) -> bytes:
    return random.Random(7).randbytes(count)


def written(writer: Any) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def many_pages(count: int) -> bytes:
    writer = pypdf.PdfWriter()
    for number in range(count):
        writer.append(io.BytesIO(pdf(f"This is page {number + 1}.")))
    return written(writer)


def locked() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("canary")))
    writer.encrypt("secret", algorithm="RC4-128")
    return written(writer)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", TEXTS)
async def test_a_text_is_read_in_whatever_it_was_written(encoding):
    text = TEXTS[encoding]
    assert await DocumentReader().read(text.encode(encoding), pdf=False) == text.removeprefix("\ufeff")


async def test_even_one_word_in_windows_letters_is_read():
    assert await DocumentReader().read("Grüße".encode("cp1252"), pdf=False) == "Grüße"
    assert await DocumentReader().read("Привет".encode("cp1251"), pdf=False) == "Привет"


@pytest.mark.parametrize(
    "data",
    [PNG, random_bytes(3_000), b"GIF89a\x01\x00\x01", b"words\0words", pdf("x").replace(b"BT", b"\0\1")],
    ids=["png", "noise", "gif", "nought", "pdf"],
)
async def test_what_is_binary_is_no_text(data):
    with pytest.raises(Unperceived):
        await DocumentReader().read(data, pdf=False)


@pytest.mark.parametrize("letters", ["word ", "Grüße ", "茶"])
async def test_a_long_text_is_cut_and_says_so(letters):
    text = letters * (300_000 // len(letters))
    read = await DocumentReader().read(text.encode(), pdf=False)
    assert read.endswith(CUT)
    assert read.removesuffix(CUT) == text[:MOST_LETTERS].strip()


async def test_a_text_that_is_cut_within_a_letter_is_read_all_the_same():
    read = await DocumentReader().read(b"a" + "é".encode() * 40_000, pdf=False)
    assert read.startswith("aéé")
    assert "\ufffd" not in read


async def test_what_moves_a_cursor_or_forges_a_line_is_gone():
    read = await DocumentReader().read(b"one\r\ntwo\x1b[2J\x1b]0;x\r", pdf=False)
    assert read == "one\ntwo[2J]0;x"


async def test_of_a_pdf_twenty_pages_are_read():
    read = await DocumentReader().read(many_pages(25), pdf=True)
    assert "This is page 20." in read
    assert "page 21" not in read
    assert read.endswith(CUT)
    whole = await DocumentReader().read(many_pages(20), pdf=True)
    assert whole.endswith("This is page 20.")


async def test_ligatures_of_a_pdf_are_read_as_letters():
    # Byte 174 is "fi" in a PDF's own standard encoding.
    data = pdf("the @re is out").replace(b"@", b"\xae").replace(b"Helvetica >>", b"Times-Roman >>")
    assert "fire is out" in await DocumentReader().read(data, pdf=True)


@pytest.mark.parametrize(
    ("named", "encoding", "text"),
    [
        ("90ms-RKSJ-H", "cp932", "お茶を飲む"),
        ("GBK-EUC-H", "gbk", "我们去喝茶"),
        ("UniJIS-UTF16-H", "utf-16-be", "お茶"),
    ],
)
async def test_a_pdf_whose_fonts_name_an_encoding_of_asia_is_read(named, encoding, text):
    font = f"/Type0 /Encoding /{named} /BaseFont /Any".encode()
    data = pdf("@").replace(b"/Type1 /BaseFont /Helvetica", font)
    data = data.replace(b"(@) Tj", f"<{text.encode(encoding).hex()}> Tj".encode())
    assert text in await DocumentReader().read(data, pdf=True)


async def test_a_pdf_without_words_has_none():
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    assert await DocumentReader().read(written(writer), pdf=True) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain text",
        locked(),
        b"%PDF-1.4\n" + random_bytes(2_000),
        pdf("x")[:40],
        b"%PDF-1.4\n%%EOF",
        b"%PDF-1.4\n" + b"<<" * 50_000,
    ],
    ids=["nothing", "text", "locked", "noise", "cut", "hollow", "deep"],
)
async def test_a_pdf_that_is_locked_or_broken_is_refused(data, caplog):
    with pytest.raises(Unperceived) as refused:
        await DocumentReader().read(data, pdf=True)
    assert "canary" not in str(refused.value)
    assert caplog.text == ""


async def test_a_pdf_that_points_to_itself_is_refused_in_time():
    data = pdf("x").replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]")
    with pytest.raises(Unperceived):
        await DocumentReader().read(data, pdf=True)
