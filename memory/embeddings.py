"""Text embeddings: vectors whose similarity reflects similarity of meaning (F080)."""

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
"""The default: MiniLM combined with a model for sixteen languages, 33 MB more."""
MINILM = "minilm"
"""all-MiniLM-L6-v2 with 8-bit weights on onnxruntime: 23 MB, no torch, English only."""
NO_VOCABULARY = (
    "Recall goes by words alone: the embedding model's vocabulary is missing; "
    "`python -m memory.vocabulary` fetches it."
)
REMEMBERED_TEXTS = 1_000
"""Capacity of the vector cache, in texts (F081)."""
BATCH_LETTERS = 2_000
"""Maximum characters of a batch, which determine its memory use."""
LITTLE = 500
"""Up to this many characters, memory is kept for the next texts; nearly every question is that short."""
BATCH = 8
"""Texts per job of the worker thread. Larger jobs gain nothing, and a question would wait behind them."""


class EmbedderMissing(Exception):  # noqa: N818 -- a missing optional package is no program error
    """The embedder is not available on this machine; the message is one sentence for the operator.

    `extra` names the extra in pyproject.toml that would install it, if that is the cause.
    """

    def __init__(self, why: str, *, extra: str = "") -> None:
        super().__init__(why)
        self.extra = extra


class Embedder(Protocol):
    """Turns texts into vectors. Vectors of different models are not comparable: store `name` with them."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def dimensions(self) -> int:
        """Length of a vector; 0 while unknown, before a custom model is loaded."""

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return float32 of shape (len(texts), dimensions), each row of unit length.

        Raises EmbedderMissing on every call if the model can't be loaded.
        """

    def close(self) -> None:
        """Shut down the worker thread."""


def open_embedder(model: str) -> Embedder | None:
    """Return an embedder, or None for "off"; raises EmbedderMissing if its packages are not installed.

    "multilingual" is the default; any other name or path selects a sentence-transformers model. The
    embedder's thread loads the model at its first use.
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
    """Yield batches that stay small when padded to their longest text; expects shortest first."""
    batch: list[str] = []
    for text in texts:
        if batch and (len(batch) == BATCH or len(text) * (len(batch) + 1) > BATCH_LETTERS):
            yield batch
            batch = []
        batch.append(text)
    if batch:
        yield batch


class ThreadEmbedder:
    """An embedder with its own thread and a cache of recent vectors."""

    def __init__(self, name: str, load: Callable[[], "Encode"], *, dimensions: int = 0) -> None:
        self.name = name
        self.dimensions = dimensions
        self._load = load
        self._encode: Encode | EmbedderMissing | None = None
        self._known: OrderedDict[str, np.ndarray] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="embedder")

    async def encode(self, texts: Sequence[str]) -> "Vectors":
        """Return one unit vector per text; see Embedder."""
        import numpy as np

        found = {text: self._known[text] for text in texts if text in self._known}
        # Texts of similar length share a batch, which avoids padding short texts to the longest of all.
        unknown = sorted(dict.fromkeys(text for text in texts if text not in found), key=len)
        for batch in _batches(unknown):
            # One job per batch: a question that arrives meanwhile waits for one batch, not for all.
            found.update(zip(batch, await self._in_worker(batch), strict=True))
        if sum(map(len, unknown)) > LITTLE:
            await asyncio.get_running_loop().run_in_executor(self._worker, sentence_models.give_back)
        self._remember(found)
        rows = [found[text] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def close(self) -> None:
        """Stop the thread and cancel waiting batches."""
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
