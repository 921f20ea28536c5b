"""The command line: run (the default), chat, doctor, setup, backup, restore, cards and rarer commands."""

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread

from bot.cli.files import CHARACTER_ENV, CONFIG

EX_CONFIG = 78
"""Exit code for faults that the operator must fix: a supervisor must not restart on it (faults A5)."""
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, *, on_stage: Callable[[str], None] | None = None) -> int:
    """Run one command and return its exit code. `on_stage` is for tests: see Conversation."""
    arguments = parser().parse_args(argv)
    if arguments.command == "healthcheck":
        return healthcheck(arguments)
    from bot.core.errors import ConfigurationError, MasqueradeError

    try:
        with interruptible():
            name = arguments.command or "run"
            if name in {"run", "chat"}:
                refuse_a_second_one(arguments)
            if name == "run":
                gc.disable()  # nothing loaded at start is garbage: see settle_memory
            return command(name)(arguments, on_stage)
    except ConfigurationError as error:
        return _complain(error, EX_CONFIG)
    except MasqueradeError as error:
        return _complain(error, 1)
    except BrokenPipeError:  # the reader of the output, such as `| head`, is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def refuse_a_second_one(arguments: argparse.Namespace) -> None:
    """Raise AlreadyRunningError before the whole bot is imported, which takes seconds."""
    from bot.cli.files import load
    from bot.core.data_lock import held

    folder = load(arguments).settings.data_dir
    if folder.is_dir():
        with held(folder):
            pass


def command(name: str) -> Callable[[argparse.Namespace, Callable[[str], None] | None], int]:
    """Return a command's function, importing lazily: the whole bot takes seconds, and cards don't need it."""
    if name == "cards":
        from bot.cli.cards import cards

        return cards
    from bot.cli import commands

    return commands.COMMANDS[name]


def healthcheck(arguments: argparse.Namespace) -> int:
    """Check whether the running bot is healthy. Docker asks often, so only the settings are imported."""
    from bot.features.operations.heartbeat import STALE_TICKS, check_heartbeat
    from bot.settings import SettingsError, load_settings

    try:
        overrides = {"character": ""}
        settings = load_settings(
            arguments.config, arguments.character_env, os.environ, overrides=overrides
        ).settings
    except SettingsError as error:
        return _complain(error, EX_CONFIG)
    longest = STALE_TICKS * settings.heartbeat_seconds
    healthy, sentence = check_heartbeat(settings.data_dir, longest=longest)
    sys.stdout.write(f"{sentence}\n")
    return 0 if healthy else 1


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="main.py",
        description="Masquerade: characters for Discord who remember you. Without a command: run the bot.",
    )
    _files(top)
    commands = top.add_subparsers(dest="command", metavar="command")
    run = commands.add_parser("run", help="connect to Discord and play the character (the default)")
    chat = commands.add_parser("chat", help="talk to a character here, without Discord")
    chat.add_argument("--script", type=Path, metavar="FILE", help="read the lines from a file")
    doctor = commands.add_parser("doctor", help="check settings, character, database, Discord and Claude")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.add_argument("--offline", action="store_true", help="leave out what needs the network")
    setup = commands.add_parser("setup", help="ask for token, key and character, and write config.env")
    backup = commands.add_parser("backup", help="write a complete copy of the database; the bot may run")
    backup.add_argument("file", type=Path, metavar="FILE", help="where to write it")
    backup.add_argument("--force", action="store_true", help="overwrite FILE if it is there")
    restore = commands.add_parser("restore", help="bring a backup back; what it replaces is kept")
    restore.add_argument("file", type=Path, metavar="FILE", help="the backup")
    moving = commands.add_parser(
        "move-database", help="copy the file's rows into the database of database_url"
    )
    legacy = commands.add_parser("import-legacy", help="take over what an older bot knew of people")
    legacy.add_argument(
        "files",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="its user_info.pickle (default: the setting user_data_file), or SEL's folder or two files",
    )
    legacy.add_argument("--dry-run", action="store_true", help="say what would come in, and write nothing")
    console = commands.add_parser("console", help="print a link to the console of the bot that runs")
    facts = commands.add_parser("consolidate", help="draw facts from all talk so far; the bot must not run")
    healthy = commands.add_parser("healthcheck", help="say whether the bot that runs is healthy; else exit 1")
    for command in (run, chat, doctor, setup, backup, restore, moving, legacy, console, facts, healthy):
        _files(command, again=True)
    _without_settings(commands)
    return top


def _without_settings(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands that need neither settings nor a character."""
    simulate = commands.add_parser("simulate", help="play a written scene with expectations, all by itself")
    simulate.add_argument("file", type=Path, metavar="FILE", help="the scenario, as YAML")
    simulate.add_argument("--prompts", action="store_true", help="print the prompt of each reply, too")
    _cards(commands.add_parser("cards", help="look into a character card, or write it as another file"))


def _cards(cards: argparse.ArgumentParser) -> None:
    orders = cards.add_subparsers(dest="order", metavar="order", required=True)
    inspect = orders.add_parser("inspect", help="say what a card, sheet or lorebook would do")
    inspect.add_argument("file", type=Path, metavar="FILE", help="a PNG, JSON or CHARX file")
    export = orders.add_parser("export", help="write a card as another kind of file, with all that it holds")
    export.add_argument("file", type=Path, metavar="FILE", help="the card")
    export.add_argument("--to", choices=("json", "png", "charx"), required=True, help="the kind of file")
    export.add_argument("out", type=Path, metavar="OUT", help="where to write it")
    export.add_argument("--force", action="store_true", help="overwrite OUT if it is there")


@contextmanager
def interruptible() -> Iterator[None]:
    """Make Ctrl-C raise KeyboardInterrupt inside; outside, main.py lets it end the process at once."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or current_thread() is not main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f"{error}\n")
    return code


def _files(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """Add the options for the settings files; on a subcommand they don't reset earlier values."""
    absent = argparse.SUPPRESS if again else None
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=absent or CONFIG,
        help="technical settings (default: config.env)",
    )
    parser.add_argument(
        "--character-env",
        type=Path,
        metavar="FILE",
        default=absent or CHARACTER_ENV,
        help="the character's file (default: character.env)",
    )
    parser.add_argument(
        "--character", metavar="NAME", default=absent, help="play the character in characters/NAME"
    )


if __name__ == "__main__":
    sys.exit(main())
