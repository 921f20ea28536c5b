"""Starts main.py against the Discord at LOOPBACK_DISCORD, and changes nothing else."""

import os
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    from tests.world.discord_pointing import point_discord_at

    point_discord_at(os.environ["LOOPBACK_DISCORD"])
    sys.argv[0] = "main.py"
    runpy.run_path(str(ROOT / "main.py"), run_name="__main__")
