"""Speech recognition in a call: Whisper in a process that lives as long as the call, so it starts once."""

import asyncio
import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.conversation.text.names import clean_text
from bot.core.child import import_paths
from bot.core.errors import Unperceived
from bot.core.sandbox import bare_environment, command_of
from bot.core.tasks import spawn
from bot.features.senses.child import LENGTH_BYTES
from bot.features.senses.ear import PROGRAM, deadline_of
from bot.features.senses.process import ChildAnswer

log = logging.getLogger(__name__)

BYTES_A_SECOND = 32_000
MOST_SECONDS = 60
LONGEST_CALL = 24 * 3600.0
"""Limit of CPU seconds for the whole life of the process."""
LOADING_SECONDS = 30.0

_MOST_LETTERS = 8_000


class _Understood(ChildAnswer):
    text: str


class WarmEar:
    """Transcribes with the Whisper model in a folder, one turn of speech at a time."""

    def __init__(self, model: Path, language: str = "auto") -> None:
        self._order = json.dumps({"model": str(model), "language": language, "call": True})
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def hear(self, pcm: bytes) -> str:
        """Transcribe 16 kHz mono s16le; "" for silence. Raises Unperceived."""
        seconds = len(pcm) / BYTES_A_SECOND
        if seconds > MOST_SECONDS:
            raise Unperceived(f"it is longer than {MOST_SECONDS} s")
        await self._turn.acquire()  # a caller cancelled while waiting costs nobody any time
        # The shield keeps a cancelled caller from leaving an answer behind for the next one.
        answer = await asyncio.shield(spawn(self._answer(pcm, seconds), name="Listening"))
        if answer is None:
            raise Unperceived("the process for it gives no answer")
        if "fault" in answer:
            raise Unperceived(str(answer["fault"])[:200])
        return clean_text(_Understood.of(answer).text[:_MOST_LETTERS]).strip()

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _answer(self, pcm: bytes, seconds: float) -> dict[str, Any] | None:
        """Return the process's answer; None on failure, after which the process is restarted."""
        try:
            async with asyncio.timeout(LOADING_SECONDS + deadline_of(seconds)):
                return await self._asked(pcm)
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            log.warning("The ear of a call is started anew: %s", type(error).__name__)
            await self.close()
            return None
        finally:
            self._turn.release()

    async def _asked(self, pcm: bytes) -> dict[str, Any]:
        process = self._process or await self._begin()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(pcm).to_bytes(LENGTH_BYTES, "big") + pcm)
        await process.stdin.drain()
        line = json.loads(await process.stdout.readline())
        if not isinstance(line, dict):
            raise ValueError("no answer")  # noqa: TRY004 - a malformed answer is a value error
        return line

    async def _begin(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            *command_of(PROGRAM, LONGEST_CALL, (self._order, import_paths())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=bare_environment(),
        )
        return self._process
