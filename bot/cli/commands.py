"""The commands of the command line."""

import asyncio
import logging
import os
import signal
import socket
import stat
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot.app import DATABASE_NAME, App, database_named, open_app
from bot.cli.files import _overrides, load
from bot.cli.warming import warm_up
from bot.core.data_lock import held
from bot.core.errors import ConfigurationError
from bot.core.logging import set_up_logging
from bot.core.stalls import settle_memory
from bot.core.tasks import running
from bot.features.characters.library import library_of
from bot.llm.server import open_server
from bot.settings import Loaded, Settings, load_settings
from database import backups, files, schema, servers

if TYPE_CHECKING:
    from bot.discord.client import Masquerade

log = logging.getLogger(__name__)

OnStage = Callable[[str], None] | None

REHEARSAL = "nyx"
CONSOLE_SECONDS = 5.0
NO_CHARACTER = {"character": ""}
"""Overrides for commands that only handle files: they work without a valid character."""
WELCOME = """\
Masquerade plays characters on Discord, with Anthropic's Claude.
There is no Discord token yet, so {name} talks with you here.
To bring {name} to Discord: python main.py setup
"""
UNCONNECTED = (
    "There is no discord_token. Run `python main.py setup`, or write discord_token=... into config.env. "
    "To talk here in the terminal: python main.py chat"
)


def run(arguments: Namespace, on_stage: OnStage) -> int:
    """Connect to Discord; without a token, explain that and talk in the terminal."""
    loaded = load(arguments)
    if not loaded.settings.discord_token.get_secret_value():
        if _nobody_there():
            raise ConfigurationError(UNCONNECTED)
        loaded = _with_rehearsal(loaded, arguments)
        name = loaded.character.name if loaded.character else "the character"
        print(WELCOME.format(name=name))  # noqa: T201
        return _chat(loaded, None, on_stage)
    _log_to(sys.stderr, loaded)
    with database_named():
        return asyncio.run(_run_discord(loaded, on_stage))


def chat(arguments: Namespace, on_stage: OnStage) -> int:
    """Talk to a character in the terminal, through the same pipeline but without Discord."""
    return _chat(_with_rehearsal(load(arguments), arguments), arguments.script, on_stage)


def doctor(arguments: Namespace, _on_stage: OnStage) -> int:
    """Check everything and print what is wrong."""
    from bot.cli.doctor.examination import examine

    return asyncio.run(
        examine(
            config=arguments.config,
            character_env=arguments.character_env,
            environ=os.environ,
            overrides=_overrides(arguments),
            as_json=arguments.json,
            offline=arguments.offline,
        )
    )


def setup(arguments: Namespace, _on_stage: OnStage) -> int:
    """Ask for the necessary settings and write config.env."""
    from bot.cli.setup import set_up

    return asyncio.run(set_up(arguments.config, environ=os.environ))


def backup(arguments: Namespace, _on_stage: OnStage) -> int:
    """Write a complete copy of the database, even while the bot runs (C92)."""
    settings = load(arguments, overrides=NO_CHARACTER).settings
    data_dir = settings.data_dir
    _refuse_on_server(settings, servers.backup_command, arguments.file)
    with database_named():
        content = backups.back_up(
            data_dir / DATABASE_NAME, arguments.file, backups=data_dir / files.BACKUPS, force=arguments.force
        )
    print(f"Wrote {arguments.file}: {content}.")  # noqa: T201
    return 0


def restore(arguments: Namespace, _on_stage: OnStage) -> int:
    """Restore a backup while the bot does not run; the replaced database is kept (C92)."""
    settings = load(arguments, overrides=NO_CHARACTER).settings
    first = "Stop the bot, empty that database (docs/operating.md, With PostgreSQL), and run"
    _refuse_on_server(settings, servers.restore_command, arguments.file, how=first)
    path, kept_in = settings.data_dir / DATABASE_NAME, settings.data_dir / files.BACKUPS
    with database_named():
        backups.check(arguments.file, path, backups=kept_in)
        with held(settings.data_dir):
            restored = backups.restore(arguments.file, path, backups=kept_in, at=datetime.now(UTC))
    said = f"Restored {path} from {arguments.file}: {restored.content}."
    if restored.content.schema != schema.head():
        said += " The next start brings it up to date."
    if restored.kept:
        said += f" What it replaced is kept for {settings.backups_kept_days} days: {restored.kept}"
    print(said)  # noqa: T201
    return 0


def move_database(arguments: Namespace, _on_stage: OnStage) -> int:
    """Copy all data from the SQLite file into the server's empty database, while the bot does not run."""
    settings = load(arguments, overrides=NO_CHARACTER).settings
    path, url = settings.data_dir / DATABASE_NAME, settings.database_url.get_secret_value()
    if not url:
        raise ConfigurationError(
            "Write database_url=postgresql://user:password@host/name into config.env first."
        )
    with database_named(), held(settings.data_dir):
        moved = asyncio.run(servers.move(path, url, backups=settings.data_dir / files.BACKUPS))
    rows = f"{sum(moved.values()):,} rows of {len(moved)} tables are in {servers.place_of(url)} now"
    print(f"{rows}. {path} is as it was; remove it once all is well.")  # noqa: T201
    return 0


def import_legacy(arguments: Namespace, _on_stage: OnStage) -> int:
    """Import people's data from an older bot's files (D02)."""
    from bot.cli.legacy import bring_over

    loaded = load(arguments)
    paths = arguments.files or [loaded.settings.user_data_file]
    with database_named():
        asyncio.run(bring_over(paths, loaded.settings, loaded.playable, dry=arguments.dry_run))
    return 0


def consolidate(arguments: Namespace, on_stage: OnStage) -> int:
    """Extract facts from all talk so far, while the bot does not run (F074)."""
    from bot.cli.terminal.consolidating import consolidate as draw_facts

    loaded = load(arguments)
    _log_to(sys.stderr, loaded)
    with database_named():
        return asyncio.run(draw_facts(loaded, on_stage=on_stage))


def simulate(arguments: Namespace, _on_stage: OnStage) -> int:
    """Play a scenario with simulated time and a scripted model; no character has to be configured (C93)."""
    from bot.cli.simulate import play

    set_up_logging("ERROR", secrets=(), stream=sys.stderr)
    return play(arguments.file, prompts=arguments.prompts)


def console(arguments: Namespace, _on_stage: OnStage) -> int:
    """Print a link to the console of the bot that uses this data folder."""
    settings = load(arguments, overrides=NO_CHARACTER).settings
    if not settings.console_port:
        raise ConfigurationError(
            "There is no console: set console_port=8788 in config.env, and restart the bot."
        )
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(CONSOLE_SECONDS)
            door.connect(str(settings.data_dir / "console.sock"))
            link = door.makefile().readline().strip()
    except (AttributeError, OSError) as error:
        raise ConfigurationError(
            f"No bot with a console runs on {settings.data_dir}: start `python main.py` with a Discord token "
            "(a chat in the terminal has no console), or write `console` into the log channel."
        ) from error
    print(link)  # noqa: T201
    return 0


COMMANDS: Mapping[str, Callable[[Namespace, OnStage], int]] = {
    "run": run,
    "chat": chat,
    "doctor": doctor,
    "setup": setup,
    "backup": backup,
    "restore": restore,
    "move-database": move_database,
    "import-legacy": import_legacy,
    "console": console,
    "consolidate": consolidate,
    "simulate": simulate,
}


def _refuse_on_server(
    settings: Settings, command: Callable[[str, Path], str], file: Path, *, how: str = "Run"
) -> None:
    """Refuse to copy a server's database: its own tools do that completely."""
    if url := settings.database_url.get_secret_value():
        raise ConfigurationError(f"The database is on a server (database_url). {how}: {command(url, file)}")


def _with_rehearsal(loaded: Loaded, arguments: Namespace) -> Loaded:
    """Return the settings with a character: the first example if none is configured."""
    if loaded.character or loaded.character_faults:
        return loaded
    return load_settings(
        arguments.config, arguments.character_env, os.environ, overrides={"character": REHEARSAL}
    )


def _nobody_there() -> bool:
    """Return whether nobody can type here: a service's standard input is the null device."""
    if sys.stdin is None or sys.stdin.isatty():
        return sys.stdin is None
    return stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode)


def _log_to(stream: TextIO, loaded: Loaded) -> None:
    settings = loaded.settings
    set_up_logging(settings.log_level, secrets=settings.secrets, stream=stream)
    for notice in loaded.notices:
        log.warning("%s", notice)


def _chat(loaded: Loaded, script: Path | None, on_stage: OnStage) -> int:
    from bot.cli.terminal import talk

    with database_named():
        return asyncio.run(talk(loaded, script=script, on_stage=on_stage))


async def _run_discord(loaded: Loaded, on_stage: OnStage) -> int:
    from bot.discord.connection import open_client, run_until_stopped

    settings, character = loaded.settings, loaded.playable
    async with (
        open_server(settings, say=log.info, fresh_key=loaded.fresh_key) as server,
        open_app(
            settings, character, server, library=library_of(loaded), on_stage=on_stage, patient=True
        ) as app,
        open_client(app) as client,
    ):
        await warm_up(app, log.info)
        _load_once_connected(app, client)
        _stop_on_signals(client.begin_stopping)
        settle_memory()
        async with running(app.health.loop.run(), name="Watching over the event loop"):
            await run_until_stopped(client, settings.discord_token.get_secret_value())
    return 0


def _load_once_connected(app: App, client: "Masquerade") -> None:
    """Load what replies need during the connection, while Discord sends the servers."""

    async def load() -> None:
        client.remove_listener(load, "on_connect")  # on_connect recurs with each new session
        await asyncio.to_thread(app.load)
        settle_memory()

    client.add_listener(load, "on_connect")


def _stop_on_signals(begin_stopping: Callable[[], None]) -> None:
    """Make SIGTERM and Ctrl-C finish replies under way, and then stop (faults A15)."""
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(signal_number, begin_stopping)
        except NotImplementedError:  # Windows: Ctrl-C raises KeyboardInterrupt instead
            return
