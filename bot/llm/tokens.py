"""How many tokens a text will be: an estimate, corrected by what the server reports."""

import tempfile
from collections.abc import Callable
from pathlib import Path

_ENCODING = "o200k_base"
# tiktoken names its cached file after a hash of where it fetched it from. Asking tiktoken itself
# would send it to the network when the file is not there.
_CACHED_AS = "fb374d419588a4632f3f557e76b4b70aebbca790"
_CHARACTERS_PER_TOKEN = 4
_LEARNING_RATE = 0.2


class TokenEstimate:
    """Estimates tokens locally (F063): counting on the server would cost a round trip a message."""

    def __init__(self, count: Callable[[str], int] | None = None) -> None:
        self._count = count or _by_length
        self._ratio = 1.0

    def __call__(self, text: str) -> int:
        """Return the estimated tokens of `text` in the model's own counting."""
        return round(self._count(text) * self._ratio)

    def correct(self, estimated: int, reported: int | None) -> None:
        """Learn from a response: `estimated` came from this object, `reported` from the server."""
        if not estimated or not reported:
            return
        seen = self._ratio * reported / estimated
        self._ratio += _LEARNING_RATE * (min(max(seen, 0.25), 4.0) - self._ratio)


def local_counter(cache: Path | None = None) -> Callable[[str], int] | None:
    """Return tiktoken's counter if its encoding is on this machine; None otherwise."""
    folder = cache or Path(tempfile.gettempdir()) / "data-gym-cache"
    if not (folder / _CACHED_AS).is_file():
        return None
    import tiktoken

    encoding = tiktoken.get_encoding(_ENCODING)
    return lambda text: len(encoding.encode_ordinary(text))


def _by_length(text: str) -> int:
    return (len(text) + _CHARACTERS_PER_TOKEN - 1) // _CHARACTERS_PER_TOKEN
