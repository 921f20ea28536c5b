"""The embedded voice: a small real model in a child process that speaks the Messages API."""

import asyncio
import importlib.util
import json
import secrets
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.core.tasks import running, spawn
from bot.llm.local import errors
from bot.llm.local.errors import LocalVoiceError
from bot.llm.local.weights import default_cache

CHILD = Path(__file__).with_name("child.py")
START_SECONDS = 120.0  # a gigabyte from a slow disk, on a busy machine
STOP_SECONDS = 5.0
STILL_SECONDS = 5.0
WARM_SECONDS = 180.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The model's resources: `context_tokens` for each of `slots` parallel prompts.

    `repetition` is the penalty on repeated words that its makers recommend; 1 for none.
    """

    context_tokens: int = 8192
    slots: int = 2
    cache_mib: int = 256
    threads: int | None = None
    repetition: float = 1.05


def has_runtime() -> bool:
    """Say whether the extra that runs models is installed, without loading it."""
    return importlib.util.find_spec("xllamacpp") is not None


class LocalVoice:
    """A model file served on 127.0.0.1 by a child process, behind a random key.

    Start it in the main thread: on Linux the child ends with the thread that started it. A child that
    crashes is replaced once, at the same address and with the same key; `alive` is False meanwhile.
    """

    def __init__(
        self,
        path: Path,
        *,
        model: str | None = None,
        tuning: Tuning | None = None,
        log_file: Path | None = None,
        say: Say = lambda _sentence: None,
        command: tuple[str, ...] = (sys.executable, "-P", str(CHILD)),
    ) -> None:
        self.path = path.absolute()
        self.model = model or path.stem
        self.api_key = secrets.token_urlsafe(24)
        self.base_url = ""
        self._tuning = tuning or Tuning()
        self._log_file = log_file or default_cache() / "rehearsal-voice.log"
        self._say = say
        self._command = command
        self._process: Process | None = None
        self._ready = False
        self._settled = asyncio.Event()
        self._settled.set()
        self._watch: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether it can be asked now."""
        return self._ready and self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, *, deadline: float = START_SECONDS) -> Self:
        """Start the child, and return when the model listens, within `deadline` seconds.

        Raises LocalVoiceError, and leaves no child behind.
        """
        errors.check_model_file(self.path)
        began = time.monotonic()
        self._say(f"Loading {self.path.name} ...")
        self.base_url = await self._serve(deadline, port=0)
        self._say(f"Loaded {self.path.name} in {time.monotonic() - began:.1f} s.")
        self._watch = spawn(self._replace_once(deadline), name="Replacing the rehearsal voice")
        return self

    async def ready(self) -> None:
        """Wait while a crashed child is being replaced; a call meanwhile would fail."""
        await self._settled.wait()

    async def stop(self) -> None:
        """End the child and wait for its end; a second call does nothing."""
        watch, self._watch = self._watch, None
        if watch:
            watch.cancel()
            await asyncio.wait([watch])
        await self._end_child()

    async def __aenter__(self) -> Self:
        return self if self.alive else await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _serve(self, deadline: float, *, port: int) -> str:
        """Start a child and return its address once it listens."""
        async with AsyncExitStack() as undo:
            process = self._process = await self._spawn()
            undo.push_async_callback(self._end_child)
            try:
                async with asyncio.timeout(deadline), self._saying_still():
                    answer = await self._order(process, port)
            except TimeoutError as error:
                raise errors.too_slow(self.path, deadline) from error
            if (url := answer.get("url")) is None:
                await self._end_child()
                raise self._failure(answer, port, process.returncode or 0)
            self._ready = True
            undo.pop_all()
            return url

    async def _spawn(self) -> Process:
        try:
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            with self._log_file.open("wb") as log:
                return await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    # Ctrl-C reaches only our process: we may want to finish a reply before we stop it.
                    start_new_session=True,
                )
        except OSError as error:
            raise LocalVoiceError(f"The rehearsal voice's process could not be started ({error})") from error

    async def _order(self, process: Process, port: int) -> dict[str, str]:
        """Send the child its orders, and return its line of answer; empty if there is none."""
        assert process.stdin
        assert process.stdout
        orders = {
            **asdict(self._tuning),
            "path": str(self.path),
            "model": self.model,
            "port": port,
            "api_key": self.api_key,  # by the pipe: any process on the machine can read arguments
        }
        with suppress(ConnectionError):
            process.stdin.write(json.dumps(orders).encode() + b"\n")
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            await process.wait()
        with suppress(ValueError):
            if isinstance(answer := json.loads(line), dict):
                return answer
        return {}

    def _failure(self, answer: dict[str, str], port: int, code: int) -> LocalVoiceError:
        if answer.get("fault") == "runtime":
            return errors.missing_runtime(answer.get("detail", "") if has_runtime() else "")
        if answer.get("fault") == "model":
            return errors.no_port(port) if port else errors.refused(self.path, self._log_file)
        return errors.crashed(self.path, code, self._log_file)

    async def _replace_once(self, deadline: float) -> None:
        """Wait for an unexpected end of the child, and start a replacement, once."""
        assert self._process
        await self._process.wait()
        self._ready = False
        self._settled.clear()
        self._say("The rehearsal voice stopped by itself; starting it once more.")
        try:
            # The same address, so that clients need not change.
            await self._serve(deadline, port=int(self.base_url.rpartition(":")[2]))
        except LocalVoiceError as error:
            self._say(str(error))
            return
        finally:
            self._settled.set()
        await self._process.wait()
        self._say("The rehearsal voice stopped by itself again and stays off until the next start.")

    @asynccontextmanager
    async def _saying_still(self) -> AsyncIterator[None]:
        async def still() -> None:
            began = time.monotonic()
            while True:
                await asyncio.sleep(STILL_SECONDS)
                self._say(f"Still loading ({time.monotonic() - began:.0f} s) ...")

        async with running(still(), name="Telling that the voice is still loading"):
            yield

    async def _end_child(self) -> None:
        process, self._ready = self._process, False
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.stdin:
            process.stdin.close()


async def warm(
    ask: Callable[[], Awaitable[object]],
    *,
    progress: Callable[[float], None] = lambda _seconds: None,
    deadline: float = WARM_SECONDS,
    every: float = 1.0,
    now: Callable[[], float] = time.monotonic,
) -> float | None:
    """Have the model read the common beginning of prompts, by one short question; return the seconds.

    `ask` sends the question (the real system prompt, one token to answer with); its exceptions propagate.
    `progress` receives the seconds so far. The result is None after the deadline: the first reply will be
    slow. The server caches the part that it has read.
    """
    began = now()

    async def tell() -> None:
        while True:
            progress(now() - began)
            await asyncio.sleep(every)

    try:
        async with running(tell(), name="Telling how long warming takes"), asyncio.timeout(deadline) as limit:
            await ask()
    except TimeoutError:
        if not limit.expired():
            raise
        return None
    return now() - began
