"""How many secrets are found in what people say, and how often something harmless is taken for one."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import Goal, with_goals
from memory.sensitive.detect import holds_secret

SECRETS = Path(__file__).parent.parent / "tests" / "data" / "secrets.jsonl"
GOALS: tuple[Goal, ...] = (
    Goal("recall", 0.9, at_least=True),
    Goal("precision", 0.95, at_least=True),
    Goal("held_out_recall", 0.9, at_least=True),
)
Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extent:
    """All lines are looked through: it takes no second."""


QUICK = Extent()


async def measure(_folder: Path, _extent: Extent) -> dict[str, Any]:
    """Return what share of the secrets was found, and of what was found is one, by part and by language."""
    lines = labelled_lines()
    parts = {
        part: figures_of([one for one in lines if one["part"] == part]) for part in ("tuned_on", "held_out")
    }
    figures = {
        "bench": "secrets",
        **figures_of(lines),
        **parts,
        "held_out_recall": parts["held_out"]["recall"],
    }
    return with_goals(figures | {"missed": _missed(lines)}, GOALS)


def labelled_lines() -> list[Line]:
    """Return the lines: text, secret, lang, part."""
    return [json.loads(line) for line in SECRETS.read_text(encoding="utf-8").splitlines()]


def figures_of(lines: Sequence[Line]) -> dict[str, Any]:
    """Return recall and precision over some lines."""
    counts = Counter((one["secret"], holds_secret(one["text"])) for one in lines)
    secrets, found = counts[True, True] + counts[True, False], counts[True, True] + counts[False, True]
    return {
        "secrets": secrets,
        "harmless": len(lines) - secrets,
        "recall": round(counts[True, True] / secrets, 3) if secrets else 1.0,
        "precision": round(counts[True, True] / found, 3) if found else 1.0,
    }


def _missed(lines: Sequence[Line]) -> dict[str, int]:
    return dict(Counter(one["lang"] for one in lines if one["secret"] and not holds_secret(one["text"])))
