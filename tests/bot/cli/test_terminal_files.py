"""Files that are shown in a terminal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.terminals import opened
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
