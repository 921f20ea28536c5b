"""Measures Masquerade, a JSON line each: `python -m benchmarks [reply|burst|vote|cost] [--quick]`."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks import bench_burst, bench_cost, bench_reply, bench_vote

BENCHES = {
    "reply": (bench_reply.measure, bench_reply.Extent(), bench_reply.QUICK),
    "burst": (bench_burst.measure, bench_burst.Extent(), bench_burst.QUICK),
    "vote": (bench_vote.measure, bench_vote.Extent(), bench_vote.QUICK),
    "cost": (bench_cost.measure, bench_cost.Extent(), bench_cost.QUICK),
}


def main() -> None:
    """Run the benchmarks that the command line names, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, []], help="all of them without a name")
    parser.add_argument("--quick", action="store_true", help="few messages: to see that it runs")
    options = parser.parse_args()
    for name in options.bench or BENCHES:
        measure, full, quick = BENCHES[name]
        with tempfile.TemporaryDirectory(prefix="masquerade-bench-") as folder:
            figures = asyncio.run(measure(Path(folder), quick if options.quick else full))  # type: ignore[operator]
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
