"""What becomes of facts that a model proposes: junk of four kinds, and good ones."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.locomo import conversations
from benchmarks.measuring import Goal, with_goals
from memory.core import SaidLine
from memory.extraction import candidates

PROPOSALS = Path(__file__).parent.parent / "tests" / "data" / "fact_proposals.jsonl"
LOCOMO = Path(__file__).parent.parent.parent / "shared" / "data" / "locomo-dev.json"
GOOD = "good"
JUNK = ("unborne", "instruction", "other", "passing")
"""What its quote does not bear out, orders, what is told of others, and what is over tomorrow."""
UNSEEN = "unseen"
"""The part at which nobody looked while the rules were written."""
Proposal = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Extent:
    """LoCoMo's file, where it is not beside the repository; all proposals are judged."""

    data: Path = LOCOMO


QUICK = Extent()


async def measure(_folder: Path, extent: Extent) -> dict[str, Any]:
    """Return what was kept, refused and put in the person's own words, by part, and of LoCoMo's facts."""
    proposals = labelled_proposals()
    looked_at = [one for one in proposals if one["part"] != UNSEEN]
    figures: dict[str, Any] = {"bench": "proposals", **figures_of(looked_at)}
    for part in dict.fromkeys(one["part"] for one in proposals):
        figures[part] = figures_of([one for one in proposals if one["part"] == part])
    goals = [Goal("junk_stored", 0), Goal("good_lost", 0.02)]
    if extent.data.is_file():
        figures |= {
            f"locomo_{name}": figures_of(drawn)
            for name, drawn in zip(("tuned_on", "held_out"), locomo_facts(extent.data), strict=True)
        }
        figures["locomo_lost"] = figures["locomo_held_out"]["good_lost"]
        goals.append(Goal("locomo_lost", 0.02))
    return with_goals(figures, tuple(goals))


def labelled_proposals() -> list[Proposal]:
    """Return the proposals: text, quote, line, label, lang, part."""
    return [json.loads(line) for line in PROPOSALS.read_text(encoding="utf-8").splitlines()]


def locomo_facts(file: Path) -> tuple[list[Proposal], list[Proposal]]:
    """Return the facts that people drew from LoCoMo's talks: those that were looked at, and the others."""
    halves: tuple[list[Proposal], list[Proposal]] = ([], [])
    for number, talk in enumerate(conversations(file)):
        halves[number % 2].extend(
            {"label": GOOD, "text": text, "quote": talk.passages[place].text} for place, text in talk.facts
        )
    return halves


def figures_of(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Return the figures of some proposals; a good one that is kept in other words is not lost."""
    counts = Counter((one["label"], outcome(one)) for one in proposals)
    good = _share_of(counts, GOOD)
    return {
        "junk": sum(one["label"] in JUNK for one in proposals),
        "junk_stored": sum(counts[kind, "stored"] for kind in JUNK)
        + sum(counts[kind, "quoted"] for kind in ("instruction", "passing")),
        "junk_by_kind": {kind: _counted(counts, kind) for kind in JUNK if _counted(counts, kind)},
        "good": sum(_counted(counts, GOOD).values()),
        "good_lost": good.get("refused", 0.0),
        "good_in_own_words": round(good.get("quoted", 0.0) + good.get("of another", 0.0), 4),
    }


def outcome(proposal: Proposal) -> str:
    """Say what becomes of a proposal; the model is no help in it.

    It is "stored" in the model's words, "quoted" in the person's own, a claim "of another", or "refused".
    """
    fact = {"text": proposal["text"], "quote": proposal["quote"], "category": "self", "tags": [], "about": ""}
    kept, _ = candidates([fact], [SaidLine(1, 1, proposal.get("line", proposal["quote"]))], 1)
    if not kept:
        return "refused"
    if kept[0].subject:
        return "of another"
    return "stored" if kept[0].text == proposal["text"] else "quoted"


def _counted(counts: Counter[tuple[str, str]], label: str) -> dict[str, int]:
    return {what: number for (one, what), number in sorted(counts.items()) if one == label}


def _share_of(counts: Counter[tuple[str, str]], label: str) -> dict[str, float]:
    counted = _counted(counts, label)
    return {what: round(number / sum(counted.values()), 4) for what, number in counted.items()}
