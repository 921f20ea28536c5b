"""The weights of what makes a channel's line worth a vote, learned from labelled lines.

`python -m tests.relevance_weights` prints how well they do on servers that they were not learned from, and
with `--write` writes them to bot/conversation/attention/relevance.toml. It is a logistic regression; what
it learns from are the lines of the tuning set (tests/lines.py) and of two logs put together from templates
(tests/talk.py), never the held-out set.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.conversation.attention import relevance
from bot.conversation.attention.relevance import strengths
from tests.lines import TUNING, excerpts
from tests.talk import Said, channel_log, moments

WEIGHTS = Path(relevance.__file__).with_name("relevance.toml")
ASSUMED = {
    "follow_up": 1.0,
    "asked": 0.5,
    "takes_up": 1.0,
    "question": 2.0,
    "room": 1.5,
    "plea": 1.5,
    "opinions": 1.0,
    "silence": 0.5,
    "newcomer": 0.5,
    "length": 1.0,
    "sentences": 0.5,
    "own_story": 1.0,
    "feeling": 1.0,
    "shows": 1.0,
    "others_talk": -1.0,
    "answers": -0.5,
    "called": -1.0,
    "calls_somebody": -1.0,
    "small_talk": -1.0,
    "reaction": -1.0,
}
"""What one would take without having seen a line: the weights stay near, unless the lines say otherwise."""
GIVEN = {"elsewhere": -8.0, "from_bot": -0.5}
"""What no line of the sets shows: a reply to somebody else is theirs, and a bot seldom means what it asks."""
PASSED = 0.21
"""The share of lines that gets through on servers that the weights were not learned from."""

_STAYS = 2.0  # how strongly a weight stays near what was assumed
_OF_THE_LOGS = 1.0  # what all lines of the logs count together, next to all of the tuning set
_LOGS = (1, 2)
_ROUNDS = 50

Figures = NDArray[np.float64]


@dataclass(frozen=True)
class Lines:
    """Lines as a table: a column for each sign, with the label and the weight of each line."""

    signs: Figures
    wanted: Figures
    counts: Figures
    servers: tuple[str, ...]

    def but(self, server: str) -> "Lines":
        kept = np.array([one != server for one in self.servers])
        names = tuple(one for one in self.servers if one != server)
        return Lines(self.signs[kept], self.wanted[kept], self.counts[kept], names)


@dataclass(frozen=True)
class Learned:
    """What relevance.toml holds, and the `recall` of such weights on servers that did not teach them."""

    start: float
    needed: float
    weights: Mapping[str, float]
    recall: float

    def as_toml(self) -> str:
        lines = [
            "# What the signs of relevance.py weigh: written by `python -m tests.relevance_weights --write`.",
            "",
            f"start = {self.start:.2f} # of a line without any sign",
            f"needed = {self.needed:.2f} # the score that is worth a vote",
            "",
            "[weights]",
            *(f"{name} = {weight:.2f}" for name, weight in self.weights.items()),
        ]
        return "\n".join(lines) + "\n"


def table_of(log: Sequence[Said]) -> Lines:
    rows, said = [], []
    for line, heard, recent in moments(log):
        if line.ambient:
            found = strengths(heard, recent)
            rows.append([1.0, *(found.get(name, 0.0) for name in ASSUMED)])
            said.append(line)
    return Lines(
        np.array(rows),
        np.array([line.should_answer for line in said], dtype=np.float64),
        np.ones(len(said)),
        tuple(line.server for line in said),
    )


def joined(one: Lines, other: Lines) -> Lines:
    return Lines(
        np.concatenate([one.signs, other.signs]),
        np.concatenate([one.wanted, other.wanted]),
        np.concatenate([one.counts, other.counts]),
        (*one.servers, *other.servers),
    )


def learned(lines: Lines) -> Figures:
    """Return the start and the weights under which the labels are likeliest, by Newton's method."""
    assumed = np.array([-4.0, *ASSUMED.values()])
    stays = np.diag([1e-6, *[_STAYS] * len(ASSUMED)])
    weights = assumed.copy()
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-lines.signs @ weights))
        slope = lines.signs.T @ (lines.counts * (likely - lines.wanted)) + stays @ (weights - assumed)
        bend = (lines.signs * (lines.counts * likely * (1 - likely))[:, None]).T @ lines.signs + stays
        weights = weights - np.linalg.solve(bend, slope)
    return np.asarray(weights)


def on_unseen_servers(tuning: Lines, logs: Lines) -> Figures:
    """Return the score of each tuning line by weights that were learned without its server."""
    scores = np.zeros(len(tuning.servers))
    for server in sorted(set(tuning.servers)):
        here = np.array([one == server for one in tuning.servers])
        scores[here] = tuning.signs[here] @ learned(joined(tuning.but(server), logs))
    return np.asarray(1 / (1 + np.exp(-scores)))


def learn() -> Learned:
    """Learn from the tuning set and the logs."""
    tuning = table_of(excerpts(TUNING))
    logs = joined(*(table_of(channel_log(seed=seed, generated=True)) for seed in _LOGS))
    logs = replace(logs, counts=logs.counts * (_OF_THE_LOGS * len(tuning.servers) / len(logs.servers)))
    start, *weights = learned(joined(tuning, logs)).tolist()
    unseen = on_unseen_servers(tuning, logs)
    needed = float(np.quantile(unseen, 1 - PASSED))
    return Learned(
        start=start,
        needed=needed,
        weights={**dict(zip(ASSUMED, weights, strict=True)), **GIVEN},
        recall=float((unseen[tuning.wanted > 0] >= needed).mean()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write relevance.toml")
    options = parser.parse_args()
    found = learn()
    sys.stdout.write(
        f"on unseen servers {found.recall:.1%} of what should be answered gets through, "
        f"at {PASSED:.0%} of the lines\n"
    )
    if options.write:
        WEIGHTS.write_text(found.as_toml(), encoding="utf-8")


if __name__ == "__main__":
    main()
