"""Names of files within a card: short, relative, and leading nowhere else."""

import re

_UNSAFE = re.compile(r"[\\:\x00-\x1f\x7f]|^/|(?:^|/)\.{1,2}(?:/|$)|//|^$")
_LONGEST_PATH = 255


def is_within(path: str) -> bool:
    """Return whether a path names a file inside the card, on any system (faults D9)."""
    return len(path) <= _LONGEST_PATH and _UNSAFE.search(path) is None
