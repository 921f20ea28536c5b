"""Starts on a store and gives one answer there: `python -m benchmarks.store_start FOLDER`."""

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.store_building import private_place, someone
from bot.app import open_app
from bot.conversation.types import Part
from bot.llm.server import Server
from bot.settings import Settings
from memory.embeddings import Embedder
from memory.multilingual import NAME, SIZE
from memory.places import Place, Where
from tests.builders import AT_ONCE, PIXEL, utterance
from tests.fakes import FakeClaude, FakeClock, FakeMouth

if TYPE_CHECKING:
    from memory.sentence_models import Vectors

ASKED = "Do you still remember what I told you about the parrot?"
SERVER = Server("http://127.0.0.1:9", "", "claude-sonnet-5-5")


class Ready:
    """Stands for an embedder whose vectors are there already: encoding is measured on its own."""

    name = NAME
    dimensions = SIZE

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        import numpy as np

        rows = np.random.default_rng(len(texts[0])).standard_normal((len(texts), SIZE), np.float32)
        unit: Vectors = rows / (rows**2).sum(axis=1, keepdims=True) ** 0.5
        return unit

    def close(self) -> None:
        """Nothing to let go of."""


class Mouth(FakeMouth):
    """Gives each message an id that it never gave before, in other processes neither."""

    async def say(self, part: Part, *, to: int) -> int:
        await super().say(part, to=to)
        return time.time_ns()


def ready() -> Embedder | None:
    """Return such an embedder; None where vectors can't be had at all."""
    return Ready() if find_spec("numpy") else None


async def first_answer(folder: Path, *, done: Callable[[], None] = lambda: None) -> float:
    """Open everything in a data folder and answer somebody; return the seconds until it is `done`."""
    begun, clock, mouth = time.perf_counter(), FakeClock(), Mouth()
    where = Where(private_place(0), Place.DM)
    heard = utterance(ASKED, where=where, author_id=someone(0), message_id=time.time_ns())
    async with open_app(
        Settings(data_dir=folder),
        PIXEL,
        SERVER,
        manner=AT_ONCE,
        claude=FakeClaude(clock),
        clock=clock,
        embedder=ready(),
    ) as app:
        await app.conversation.take_turn(heard, mouth)
        taken = time.perf_counter() - begun
        done()
    assert mouth.said
    return taken


def main() -> None:
    """Say when the answer is there."""
    asyncio.run(first_answer(Path(sys.argv[1]), done=lambda: print("answered", flush=True)))


if __name__ == "__main__":
    main()
