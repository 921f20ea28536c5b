"""Measures Masquerade, in JSON lines: `python -m benchmarks [NAME ...] [--quick]`; --help names them."""

import argparse
import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks import (
    bench_burst,
    bench_cost,
    bench_duplicates,
    bench_layout,
    bench_lore,
    bench_recall,
    bench_reply,
    bench_store,
    bench_vote,
)

BENCHES = {
    "reply": [bench_reply],
    "burst": [bench_burst],
    "vote": [bench_vote],
    "cost": [bench_cost, bench_layout],
    "recall": [bench_recall],
    "duplicates": [bench_duplicates],
    "store": [bench_store],
    "lore": [bench_lore],
}


def main() -> None:
    """Run the benchmarks that the command line names, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, []], help="all of them without a name")
    parser.add_argument("--quick", action="store_true", help="few messages: to see that it runs")
    parser.add_argument("--data", type=Path, help="LoCoMo's file, where it is not beside the repository")
    options = parser.parse_args()
    for bench in [bench for name in options.bench or BENCHES for bench in BENCHES[name]]:
        extent = bench.QUICK if options.quick else bench.Extent()
        if options.data and bench is bench_recall:
            extent = replace(extent, data=options.data)
        with tempfile.TemporaryDirectory(prefix="masquerade-bench-") as folder:
            figures = asyncio.run(bench.measure(Path(folder), extent))
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
