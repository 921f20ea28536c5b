"""Files that are shown in a terminal."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cli.terminal.files import HOW_TO_SHOW, ShownFiles
from bot.cli.terminal.missed import NO_SENSE, NO_WORDS, REHEARSAL, TOO_LARGE, UNKNOWN_KIND
from bot.conversation.perception import LARGEST
from bot.conversation.senses import Senses
from memory.attachments import AttachmentKind
from tests.support.senses import fake_senses, recording
from tests.terminals import opened, seated, talked
from tests.world.claude_server import ScriptedClaude

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def claude() -> AsyncIterator[ScriptedClaude]:
    async with ScriptedClaude() as server:
        yield server


def made(folder: Path, name: str, data: bytes = PNG) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def test_a_file_is_not_taken_for_one_of_an_earlier_session(tmp_path, claude):
    ids = list[int]()
    for name in ("old.png", "new.png"):
        async with opened(tmp_path, claude) as (session, _):
            heard = session.hear("look", [made(tmp_path, name), made(tmp_path, f"other-{name}")])
            assert heard is not None
            assert await session.app.perception.fetch(1, 1, heard.attachments[0], most=99) == PNG
            ids += [one.id for one in heard.attachments]
    assert len(set(ids)) == 4
    assert min(ids) >> 22


async def test_a_file_that_was_not_perceived_is_told_once_with_the_reason(tmp_path, claude):
    big = made(tmp_path, "big.txt", b"a" * (LARGEST[AttachmentKind.TEXT] + 1))
    paths = [
        made(tmp_path, "broken.png", b"?"),
        made(tmp_path, "a.zip", b"PK\0"),
        big,
        made(tmp_path, "e.txt", b" "),
    ]
    async with opened(tmp_path, claude) as (session, _):
        session.app.perception.senses = fake_senses()
        result = await talked(session, f"/show {' '.join(map(str, paths))} look\nand now?")
    assert result.out.split("\n")[1:-2] == [
        "(broken.png was not looked at: it is no picture)",
        f"(a.zip was not read: {UNKNOWN_KIND})",
        f"(big.txt was not read: {TOO_LARGE})",
        f"(e.txt was not read: {NO_WORDS})",
    ]


async def test_what_was_perceived_is_not_spoken_of(tmp_path, claude):
    paths = [made(tmp_path, "a.png"), made(tmp_path, "a.txt", b"a"), made(tmp_path, "a.ogg", recording("hi"))]
    async with opened(tmp_path, claude) as (session, _):
        session.app.perception.senses = fake_senses()
        result = await talked(session, f"/show {' '.join(map(str, paths))}")
    assert result.out.count("\n") == 1


async def test_a_sense_that_is_missing_is_told(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        session.app.perception.senses = Senses()
        result = await talked(session, f"/show {made(tmp_path, 'a.ogg', recording('hi'))}")
    assert f"(a.ogg was not listened to: {NO_SENSE})\n" in result.out


async def test_a_picture_too_many_is_told(tmp_path, claude):
    paths = [made(tmp_path, f"{number}.png", PNG + bytes([number])) for number in range(3)]
    async with opened(tmp_path, claude) as (session, _):
        session.app.perception.senses = fake_senses(most_pictures=2)
        result = await talked(session, f"/show {' '.join(map(str, paths))}")
    assert "(2.png was not looked at: of one message, 2 are at most)\n" in result.out
    assert "1.png" not in result.out


async def test_the_rehearsal_voice_says_once_that_it_sees_nothing(tmp_path, claude):
    path = made(tmp_path, "a.png")
    async with opened(tmp_path, claude, rehearsal=True) as (session, _):
        result = await talked(session, f"/show {path}\n/show {path} again")
    assert result.out.count(REHEARSAL) == 1
    assert "a.png" not in result.out


async def test_a_file_that_was_not_perceived_is_told_on_a_screen(tmp_path, claude):
    path = made(tmp_path, "broken.png", b"?")
    async with seated(tmp_path, claude, columns=200) as seat:
        seat.session.app.perception.senses = fake_senses()
        seat.keys.send_text(f"/show {path}\r")
        await seat.shows("(broken.png was not looked at: it is no picture)")


async def test_no_length_of_a_recording_is_made_up(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        heard = session.hear("", [made(tmp_path, "a.ogg", recording("hi"))])
    assert heard is not None
    assert heard.text == "(sent a voice message)"
    assert not heard.attachments[0].seconds


async def test_what_is_no_file_is_told_by_its_path(tmp_path, claude):
    async with opened(tmp_path, claude) as (session, _):
        result = await talked(
            session, f"/show\n/show {tmp_path}\n/show {os.devnull}\n/show ~no-such-user/no.png hm\n"
        )
    folder = f"{tmp_path} is a folder. {HOW_TO_SHOW}"
    device = f"{os.devnull} is no ordinary file. {HOW_TO_SHOW}"
    assert result.complaints == [
        HOW_TO_SHOW,
        folder,
        device,
        f"There is no file ~no-such-user/no.png. {HOW_TO_SHOW}",
    ]
    assert result.code == 1


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("Makefile", b"all:\n\tmake it\n", AttachmentKind.TEXT),
        ("notes.org", b"a" * 1_023 + "ü".encode(), AttachmentKind.TEXT),
        ("core", b"ELF\0\1", AttachmentKind.FILE),
        ("a.bin", b"\xff\xfe", AttachmentKind.FILE),
        ("empty", b"", AttachmentKind.FILE),
        ("a.png", b"words", AttachmentKind.PICTURE),
        ("a.OGG", b"words", AttachmentKind.VOICE),
    ],
)
def test_what_a_file_is_goes_by_its_name_and_then_by_its_beginning(tmp_path, name, data, kind):
    assert ShownFiles().add(made(tmp_path, name, data), 1).kind is kind
