"""Heartbeat file for a health check without a port: `main.py healthcheck`.

Keep imports light: Docker runs the check every 30 seconds.
"""

import time
from pathlib import Path

NAME = "heartbeat"
STALE_TICKS = 4
"""Ticks after which a heartbeat is stale: the process that should write it hangs."""
READY = "ready"

NO_HEARTBEAT = "Not healthy: there is no {path}, so the bot never came up with this data_dir."
STALE = "Not healthy: the bot gave no sign of life for {seconds:.0f} seconds."
UNREADY = "Not healthy: {why} The log says more."
HEALTHY = "Healthy: the last sign of life is {seconds:.0f} seconds old."


def write_heartbeat(data_dir: Path, state: str) -> None:
    """Write READY or the reason for not being ready, atomically. Raises OSError."""
    fresh = data_dir / f".{NAME}.new"
    fresh.write_text(f"{state}\n", encoding="utf-8")
    fresh.replace(data_dir / NAME)


def check_heartbeat(data_dir: Path, *, longest: float) -> tuple[bool, str]:
    """Return whether the program that uses this folder is healthy, and why; `longest` is in seconds."""
    path = data_dir / NAME
    try:
        state, written = path.read_text(encoding="utf-8").strip(), path.stat().st_mtime
    except OSError:
        return False, NO_HEARTBEAT.format(path=path)
    age = max(0.0, time.time() - written)
    if age > longest:
        return False, STALE.format(seconds=age)
    return (True, HEALTHY.format(seconds=age)) if state == READY else (False, UNREADY.format(why=state))
