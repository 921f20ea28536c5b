"""Starts the bot against the loopback Discord: `python -m tests.world.launch ARGUMENTS`.

LOOPBACK_DISCORD is the server's base URL; CRASH_AT names the stage at which the process is killed,
"part_posted:2" at its second time. Nobody is asked whether they may be remembered, or after ASKS_AFTER
answers. WAITS are the seconds for which the start waits for Discord. The file CLOCK_FILE, where it is named,
holds the seconds by which this process's clock is wrong.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.world.discord_pointing import point_discord_at

PAUSE = 0.02


def crash_hook() -> Callable[[str], None] | None:
    """Return what kills this process when the stage of CRASH_AT is reached; None without it."""
    wanted = os.environ.get("CRASH_AT", "")
    if not wanted:
        return None
    name, _, count = wanted.partition(":")
    left = int(count or 1)

    def reached(stage: str) -> None:
        nonlocal left
        if stage != name:
            return
        left -= 1
        if left == 0:
            # As unexpected as a power cut: nothing is flushed, nothing is closed.
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def ask_after(answers: int) -> None:
    """Let people be asked for consent after so many answers; never with 0."""
    from bot import app, arranging

    made = arranging.manner_of
    setattr(app, "manner_of", lambda *given: replace(made(*given), asks_after=answers))  # noqa: B010


def wait_for(seconds: int) -> None:
    """Let the start wait so long for Discord when that is away."""
    from bot.discord import connection

    setattr(connection, "AWAY_SECONDS", seconds)  # noqa: B010


def set_clock_by(path: Path) -> None:
    """Let the clock be wrong by the seconds in a file, which may change at any time."""
    from bot.core.clock import SystemClock

    file = path.open("rb", buffering=0)  # once and for all: there may be no descriptor left later

    def now(_self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(os.pread(file.fileno(), 40, 0)))

    setattr(SystemClock, "now", now)  # noqa: B010


def main() -> int:
    """Run the bot's own main with these arguments."""
    from bot.cli import main as cli

    imported = cli.command

    def command(name: str) -> Any:
        """Import the bot in its own time, and set up then what it is to do differently."""
        found = imported(name)
        point_discord_at(os.environ["LOOPBACK_DISCORD"], pause=PAUSE)
        ask_after(int(os.environ.get("ASKS_AFTER", "0")))
        if seconds := os.environ.get("WAITS"):
            wait_for(int(seconds))
        if wrong := os.environ.get("CLOCK_FILE"):
            set_clock_by(Path(wrong))
        return found

    setattr(cli, "command", command)  # noqa: B010
    return cli.main(sys.argv[1:], on_stage=crash_hook())


if __name__ == "__main__":
    sys.exit(main())
