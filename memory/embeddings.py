"""Texts as vectors: what lies close together means something similar (F080)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from memory import multilingual, sentence_models, vocabulary

if TYPE_CHECKING:
    import numpy as np

    from memory.sentence_models import Encode, Vectors

OFF = "off"
MULTILINGUAL = "multilingual"
"""The default: the next one, and beside it one that reads sixteen languages, 33 MB more."""
MINILM = "minilm"
"""all-MiniLM-L6-v2 with 8-bit weights on onnxruntime, 23 MB and no torch: it reads English."""
NO_VOCABULARY = (
    "Recall goes by words alone: the embedding model's vocabulary is missing; "
    "`python -m memory.vocabulary` fetches it."
)
REMEMBERED_TEXTS = 1_000
"""Texts whose vectors are kept at hand (F081)."""
BATCH_LETTERS = 2_000
"""What a batch takes of memory grows with its letters."""
LITTLE = 500
"""After so few letters the memory that they took is left for the next ones: as a question's nearly always."""
BATCH = 8
"""Texts of one job in the worker. Larger ones gain nothing, and a question would wait behind them."""


class EmbedderMissing(Exception):  # noqa: N818 -- it says what is so, and is no fault of the program
    """There is no such embedder on this machine; its text is one sentence for whoever runs the bot.

    `extra` names what of pyproject.toml would bring it, if that is what is missing.
    """

    def __init__(self, why: str, *, extra: str = "") -> None:
        super().__init__(why)
        self.extra = extra


class Embedder(Protocol):
    """Turns texts into vectors. Those of different models can't be compared: keep `name` beside them."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; 0 as long as nobody knows, before a model of one's own is loaded."""

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return float32 of shape (len(texts), dimensions), each row of unit length.

        EmbedderMissing, every time, when the model can't be loaded.
        """

    def close(self) -> None:
        """Let go of the worker thread."""


def open_embedder(model: str) -> Embedder | None:
    """Return an embedder, None for "off"; EmbedderMissing when its packages are not installed.

    "multilingual" is the default; a name or path that is none of ours is that of a sentence-transformers
    model. The model itself is loaded when it is first needed, in the embedder's thread.
    """
    if model.casefold() == OFF:
        return None
    if model.casefold() in (MULTILINGUAL, MINILM):
        return _open_ours(multilingual_too=model.casefold() == MULTILINGUAL)
    _need(sentence_models.TORCH_NEEDS, "sentence-transformers")
    return ThreadEmbedder(model, lambda: sentence_models.load_sentence_transformers(model))


def _open_ours(*, multilingual_too: bool) -> "ThreadEmbedder":
    _need(multilingual.NEEDS if multilingual_too else sentence_models.MINILM_NEEDS, "memory")
    if not vocabulary.PATH.is_file():
        raise EmbedderMissing(NO_VOCABULARY)
    if multilingual_too:
        return ThreadEmbedder(multilingual.NAME, multilingual.load, dimensions=multilingual.SIZE)
    return ThreadEmbedder(
        sentence_models.MINILM_NAME, sentence_models.load_minilm, dimensions=sentence_models.MINILM_SIZE
    )


def _need(packages: Sequence[str], extra: str) -> None:
    if missing := sentence_models.not_installed(packages):
        raise EmbedderMissing(
            f"Recall goes by words alone: {', '.join(missing)} not installed (extra `{extra}`).", extra=extra
        )


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts, the shortest first, in batches that are small when each is padded to its longest."""
    batch: list[str] = []
    for text in texts:
        if batch and (len(batch) == BATCH or len(text) * (len(batch) + 1) > BATCH_LETTERS):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


class ThreadEmbedder:
    """An embedder with one thread of its own, and the vectors of the last texts at hand."""

    def __init__(self, name: str, load: Callable[[], "Encode"], *, dimensions: int = 0) -> None:
        self.name = name
        self.dimensions = dimensions
        self._load = load
        self._encode: Encode | EmbedderMissing | None = None
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embedder")

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one unit vector for each text; see Embedder."""
        import numpy as np

        found = {text: self._known[text] for text in texts if text in self._known}
        # Texts of a like length share a batch: short ones are not padded to the longest of all.
        unknown = sorted(dict.fromkeys(text for text in texts if text not in found), key=len)
        for batch in _batches(unknown):
            # A job for each batch: a question that comes meanwhile waits for one batch, not for all.
            found.update(zip(batch, await self._in_worker(batch), strict=True))
        if sum(map(len, unknown)) > LITTLE:
            await asyncio.get_running_loop().run_in_executor(self._worker, sentence_models.give_back)
        self._remember(found)
        rows = [found[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def close(self) -> None:
        """Let go of the thread; batches that wait are not encoded any more."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _in_worker(self, batch: Sequence[str]) -> "Vectors":
        vectors = await asyncio.get_running_loop().run_in_executor(self._worker, self._work, batch)
        self.dimensions = vectors.shape[1]
        return vectors

    def _work(self, batch: Sequence[str]) -> "Vectors":
        if self._encode is None:
            try:
                self._encode = self._load()
            except sentence_models.UNUSABLE as error:
                self._encode = EmbedderMissing(
                    f"Recall goes by words alone: {self.name} can't be used: {error}"
                )
        if isinstance(self._encode, EmbedderMissing):
            raise self._encode
        return self._encode(batch)

    def _remember(self, found: dict[str, "np.ndarray"]) -> None:
        for text, vector in found.items():
            self._known[text] = vector
            self._known.move_to_end(text)
        while len(self._known) > REMEMBERED_TEXTS:
            self._known.popitem(last=False)
