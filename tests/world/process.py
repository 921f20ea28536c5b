"""Bots as processes of their own, between the loopback Discord and the scripted Claude."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.world.claude_server import ScriptedClaude
from tests.world.discord_accounts import BotAccount
from tests.world.discord_server import DiscordServer

ROOT = Path(__file__).parents[2]
READY_WITHIN = 40.0

AT_ONCE = {
    "MIN_TYPING_TIME": "0",
    "MAX_TYPING_TIME": "0",
    "BURST_QUIET_SECONDS": "0",
    "BURST_MAX_SECONDS": "0",
}


@dataclass
class BotProcess:
    """Runs main.py as `account`, by default the first bot; may be killed and started again on its data."""

    discord: DiscordServer
    claude: ScriptedClaude
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    runs: int = 0
    account: BotAccount | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> str:
        """Everything that was logged so far, by all runs."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("run-*.log")))

    async def start(self, *, crash_at: str = "", wait: bool = True) -> None:
        """Start it; `crash_at` names the stage at which it is killed. Waits until Discord has it."""
        self.runs += 1
        for name in ("config.env", "character.env"):
            (self.folder / name).touch()
        with (self.folder / f"run-{self.runs:03}.log").open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self._command(),
                cwd=ROOT,
                env=self._environment(crash_at),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            account = self.account or self.discord.first_bot
            await self.discord.wait_until_connected(account=account, timeout=READY_WITHIN)

    async def command(self, *arguments: str, crash_at: str = "") -> tuple[int, str]:
        """Run another command of main.py on the same data; return its exit code and what it printed."""
        process = await self._begin(*arguments, crash_at=crash_at)
        printed, _ = await asyncio.wait_for(process.communicate(), READY_WITHIN)
        return process.returncode or 0, printed.decode()

    async def kill_command(self, *arguments: str, after: float) -> None:
        """Run another command of main.py, and kill it after so many seconds."""
        process = await self._begin(*arguments)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), after)
        if process.returncode is None:
            process.kill()
            await process.communicate()

    async def _begin(self, *arguments: str, crash_at: str = "") -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command(),
            *arguments,
            cwd=ROOT,
            env=self._environment(crash_at),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    def _command(self) -> list[str]:
        files = {"--config": "config.env", "--character-env": "character.env"}
        named = [word for option, name in files.items() for word in (option, str(self.folder / name))]
        return [sys.executable, "-m", "tests.world.launch", *named]

    def _environment(self, crash_at: str) -> dict[str, str]:
        account = self.account or self.discord.first_bot
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LOOPBACK_DISCORD": self.discord.base_url,
            "CRASH_AT": crash_at,
            "DISCORD_TOKEN": account.token,
            "ANTHROPIC_API_KEY": self.claude.api_key,
            "ANTHROPIC_BASE_URL": self.claude.base_url,
            "CHARACTER": "pixel",
            "DATA_DIR": str(self.data),
            **AT_ONCE,
            "GREET_NEWCOMERS": "false",
            **self.settings,
        }

    async def ended(self, *, within: float = 30.0) -> int:
        """Wait for its end and return the exit code."""
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), within)

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        await self._signal(signal.SIGKILL)

    async def terminate(self) -> int:
        """Ask it to stop and return the exit code."""
        return await self._signal(signal.SIGTERM)

    async def _signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()


@asynccontextmanager
async def world(folder: Path, **settings: str) -> AsyncIterator[BotProcess]:
    """Set up a Discord, a Claude and a bot that is not started yet."""
    async with (
        DiscordServer() as discord,
        ScriptedClaude() as claude,
        _killed_at_the_end(BotProcess(discord, claude, folder, settings)) as bot,
    ):
        yield bot


@asynccontextmanager
async def beside(bot: BotProcess, account: BotAccount, **settings: str) -> AsyncIterator[BotProcess]:
    """Set up a further bot in the same Discord, with a Claude and a folder of its own, not started yet."""
    folder = bot.folder / f"bot-{account.id}"
    folder.mkdir()
    async with (
        ScriptedClaude() as claude,
        _killed_at_the_end(BotProcess(bot.discord, claude, folder, settings, account=account)) as further,
    ):
        yield further


@asynccontextmanager
async def _killed_at_the_end(bot: BotProcess) -> AsyncIterator[BotProcess]:
    try:
        yield bot
    finally:
        if bot.process is not None:
            await bot.kill()
