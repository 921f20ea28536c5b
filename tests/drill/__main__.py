"""`python -m tests.drill`: runs all parts of the drill and prints what came of it in one line."""

import argparse
import asyncio
import secrets
import sys

from tests.drill.hunts import run_hunts
from tests.drill.running import run_faults, run_on_postgres, run_strangers
from tests.drill.score import Score
from tests.guards.running import try_all

QUICK = {"faults": 10, "prompts": 500, "guards": 0, "postgres": 0}
WHOLE = {"faults": 300, "prompts": 20_000, "guards": 1, "postgres": 20}


def main() -> int:
    """Run what was asked for; return 0 when all of it held."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="what chance begins with")
    parser.add_argument("--quick", action="store_true", help="a small part, in a few minutes")
    for name, count in WHOLE.items():
        parser.add_argument(f"--{name}", type=int, help=f"how many of them, or 0 for none (default: {count})")
    given = parser.parse_args()
    counts = QUICK if given.quick else WHOLE
    counts = {name: counts[name] if getattr(given, name) is None else getattr(given, name) for name in counts}
    _tell(f"seed {given.seed}")
    score = asyncio.run(_on_the_wire(counts, given.seed))
    score.add(run_hunts(max(counts["prompts"] - score.tried["prompt"], 0), given.seed, _tell))
    if counts["guards"]:
        held, tried = try_all(say=_tell)
        score.tried["guard"], score.wrong["guard"] = tried, tried - held
    _tell(score.line())
    return 0 if score.is_clean else 1


async def _on_the_wire(counts: dict[str, int], seed: int) -> Score:
    score = await run_faults(counts["faults"], seed, _tell)
    score.add(await run_strangers(seed, _tell))
    if counts["postgres"]:
        score.add(await run_on_postgres(counts["postgres"], seed, _tell))
    return score


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
