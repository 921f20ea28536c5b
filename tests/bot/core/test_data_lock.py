"""The data folder: held by one process, and open to nobody else on the machine."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.data_lock import held
from bot.core.errors import AlreadyRunningError


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Let files be made as on most machines: everybody may read them."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_the_folder_that_is_made_is_open_to_its_owner_alone(tmp_path: Path):
    folder = tmp_path / "data"
    with held(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_held_is_refused_until_it_is_let_go(tmp_path: Path):
    with held(tmp_path), pytest.raises(AlreadyRunningError), held(tmp_path):
        raise AssertionError("two processes would answer everything twice")
    with held(tmp_path):
        pass
