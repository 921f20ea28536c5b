"""Measures Masquerade, in JSON lines: `python -m benchmarks [NAME ...] [--quick]`; --help names them."""

import argparse
import asyncio
import json
import tempfile
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path

from benchmarks import (
    bench_budget,
    bench_burst,
    bench_console,
    bench_cost,
    bench_duplicates,
    bench_layout,
    bench_lines,
    bench_lore,
    bench_proposals,
    bench_recall,
    bench_rehearsal,
    bench_reply,
    bench_scale,
    bench_secrets,
    bench_shipped,
    bench_start,
    bench_store,
    bench_throughput,
    bench_voice,
    bench_vote,
)
from tests.postgres import a_server

BENCHES = {
    "reply": [bench_reply, bench_shipped, bench_budget],
    "burst": [bench_burst],
    "throughput": [bench_throughput],
    "start": [bench_start],
    "scale": [bench_scale],
    "vote": [bench_vote, bench_lines],
    "cost": [bench_cost, bench_layout],
    "layout": [bench_layout],
    "recall": [bench_recall],
    "duplicates": [bench_duplicates],
    "secrets": [bench_secrets],
    "proposals": [bench_proposals],
    "store": [bench_store],
    "lore": [bench_lore],
    "console": [bench_console],
    "voice": [bench_voice],
    "rehearsal": [bench_rehearsal],
}


ON_REQUEST = ("layout", "voice", "rehearsal")
"""What cost runs too, takes minutes and the extra voice, or an hour and a real model."""


def main() -> None:
    """Run the benchmarks that the command line names, or all but those on request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "bench",
        nargs="*",
        choices=[*BENCHES, []],
        metavar="NAME",
        help=f"one of {', '.join(BENCHES)}; without a name all but {', '.join(ON_REQUEST)}",
    )
    parser.add_argument("--quick", action="store_true", help="few messages: to see that it runs")
    parser.add_argument(
        "--postgres", action="store_true", help="reply, burst, throughput: with a database on a server"
    )
    parser.add_argument("--data", type=Path, help="LoCoMo's file, where it is not beside the repository")
    parser.add_argument(
        "--gaps", nargs="+", type=int, metavar="SECONDS", help="cost: only with these between two messages"
    )
    parser.add_argument("--tokens", type=int, help="cost: from so many on talk is summed up")
    parser.add_argument("--messages", type=int, help="cost, lore: of each talk so many")
    parser.add_argument("--characters", nargs="+", metavar="NAME", help="rehearsal: only these")
    parser.add_argument("--seeds", type=int, help="rehearsal: how often each talk is had")
    parser.add_argument("--talks", type=int, help="rehearsal: of the five, the first so many")
    parser.add_argument("--without", nargs="+", choices=bench_rehearsal.FACTORS, help="rehearsal: leave out")
    parser.add_argument("--threads", type=int, help="rehearsal: of the model, all cores without it")
    parser.add_argument("--at-once", type=int, help="rehearsal: talks at a time; then times say nothing")
    parser.add_argument("--transcripts", type=Path, help="rehearsal: the page below whose marker talks go")
    options = parser.parse_args()
    named = options.bench or [name for name in BENCHES if name not in ON_REQUEST]
    with a_server() if options.postgres else nullcontext() as server:
        for bench in [bench for name in named for bench in BENCHES[name]]:
            extent = bench.QUICK if options.quick else bench.Extent()
            if server and not hasattr(extent, "server"):
                continue
            options.server = server.take(template="template0") if server else None
            own = {one.name: getattr(options, one.name, None) for one in fields(extent)}
            extent = replace(extent, **{name: value for name, value in own.items() if value is not None})
            with tempfile.TemporaryDirectory(prefix="masquerade-bench-") as folder:
                figures = asyncio.run(bench.measure(Path(folder), extent))
            print(json.dumps(figures | ({"database": "postgresql"} if server else {})), flush=True)


if __name__ == "__main__":
    main()
