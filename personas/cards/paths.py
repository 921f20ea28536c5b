"""Paths of files within a card: short, relative, and confined to the card."""

import re

_UNSAFE = re.compile(r"[\\:\x00-\x1f\x7f]|^/|(?:^|/)\.{1,2}(?:/|$)|//|^$")
_LONGEST_PATH = 255


def is_within(path: str) -> bool:
    """Return whether a path stays inside the card on any operating system (faults D9)."""
    return len(path) <= _LONGEST_PATH and _UNSAFE.search(path) is None
