"""How much of what is long is run: with MASQUERADE_THOROUGH=1 every seed and every example, else a part."""

import os
from typing import TypeVar

Count = TypeVar("Count")

THOROUGH = os.environ.get("MASQUERADE_THOROUGH", "") not in ("", "0")


def usually(part: Count, everything: Count) -> Count:
    """Return a part, or everything where that was asked for."""
    return everything if THOROUGH else part
