"""`main.py setup`: asks for the necessary settings and writes config.env."""

import asyncio
import base64
import binascii
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.cli.doctor.account import invite_link
from bot.cli.doctor.report import show, tell
from bot.cli.setup.asking import Ask, CheckedToken, ask_character, ask_key, ask_token
from bot.cli.setup.writing import check_writable, pasted, write_config
from bot.discord.client import PORTAL
from bot.settings.envfile import read_env
from personas.character import is_placeholder

INTERRUPTED = 130
KEYS = ("discord_token", "anthropic_api_key", "character")
NOBODY = (
    "setup asks questions, and nobody can answer them here. Run it in a terminal, or copy "
    "config.env.example to config.env and write discord_token and anthropic_api_key into it."
)


async def set_up(config: Path, *, environ: Mapping[str, str], ask: Ask | None = None) -> int:
    """Ask for token, key and character, write them to `config`, and return the exit code.

    Nothing is written before the last answer. `ask` puts the questions, on the terminal if it is None.
    Raises a MasqueradeError if the file can't be written; the lines for it are then printed.
    """
    if ask is None and (sys.stdin is None or not sys.stdin.isatty()):
        sys.stderr.write(f"{NOBODY}\n")
        return 1
    check_writable(config)
    said: dict[str, str] = {}
    try:
        with _no_echo():
            token = await _ask_all(ask or _terminal(), _standing(config, environ), config, said)
        write_config(config, said)
    except (KeyboardInterrupt, EOFError) as stop:
        tell("\nStopped: nothing was written.")
        return INTERRUPTED if isinstance(stop, KeyboardInterrupt) else 1
    except asyncio.CancelledError:  # Ctrl-C during a check
        tell("\nStopped: nothing was written.")
        raise
    except Exception:
        if said:
            show(f"\nNothing that you said is lost. These lines belong into {config}:\n\n{pasted(said)}")
        raise
    _say_what_next(config, environ, token)
    return 0


async def _ask_all(ask: Ask, standing: Mapping[str, str], config: Path, said: dict[str, str]) -> CheckedToken:
    """Ask for all values and put them into `said`; return the token with its account."""

    def note(key: str, answer: str) -> None:
        if answer != standing.get(key, ""):
            said[key] = answer

    tell(f"This writes {config}. Token and key stay hidden as you type. Ctrl-C leaves.")
    tell("\n1 of 3: Discord")
    token = await ask_token(ask, standing.get("discord_token", ""))
    note("discord_token", token.value)
    tell("\n2 of 3: Claude")
    key = await ask_key(ask, standing.get("anthropic_api_key", ""), standing.get("anthropic_base_url"))
    note("anthropic_api_key", key)
    tell("\n3 of 3: the character")
    folders = Path(standing.get("characters_dir", "characters"))
    own = config.with_name("character.env")
    note("character", await ask_character(ask, standing.get("character", ""), folders, own))
    return token


def _standing(config: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the current values by lower-case key, from config.env or the character.env next to it.

    The environment counts only for the locations of files.
    """
    found: dict[str, str] = {}
    for path in (config.with_name("character.env"), config):
        if path.is_file():
            found |= {
                key.lower(): value.strip() for key, value in read_env(path).values.items() if value.strip()
            }
    for name, value in environ.items():
        if name.lower() in ("anthropic_base_url", "characters_dir") and value.strip():
            found[name.lower()] = value.strip()
    return {key: value for key, value in found.items() if not is_placeholder(value)}


def _say_what_next(config: Path, environ: Mapping[str, str], token: CheckedToken) -> None:
    tell(f"\nWrote {config}; only you can read it.")
    for name, value in environ.items():
        if name.lower() in KEYS and value.strip():
            tell(f"! {name} is set in the environment too, and counts before this file.")
    option = "" if config == Path("config.env") else f" --config {config}"
    if not token.value:
        tell(f"\nTalk to the character here: python main.py chat{option}")
        return
    for switch in token.account.missing_intents if token.account else ("Message Content Intent",):
        tell(f"\nOn your application's page 'Bot', '{switch}' has to be on:\n{PORTAL}")
    application = token.account.application_id if token.account else _application_in(token.value)
    if application:
        tell(f"\nAdd the bot to a server:\n{invite_link(application)}")
    tell(f"\nStart it:      python main.py{option}\nCheck it all:  python main.py doctor{option}")


def _application_in(token: str) -> int | None:
    """Return the account's id, encoded at a token's start; a bot shares it with its application."""
    head = token.partition(".")[0]
    try:
        number = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(number) if number.isdecimal() and 17 <= len(number) <= 20 else None


@contextmanager
def _no_echo() -> Iterator[None]:
    """Switch off the echo between questions, so that a token typed during a check stays hidden."""
    try:
        import termios

        before = termios.tcgetattr(sys.stdin)
    except (ImportError, OSError, ValueError, termios.error):  # Windows, or no terminal
        yield
        return
    flags = 3
    quiet = [*before[:flags], before[flags] & ~termios.ECHO, *before[flags + 1 :]]
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _terminal() -> Ask:
    """Return a prompt on the terminal that does not show hidden answers."""
    from prompt_toolkit import PromptSession

    async def ask(question: str, *, hidden: bool = False) -> str:
        # A new session each time, so that the up arrow can't reveal a hidden answer.
        session: PromptSession[str] = PromptSession()
        return await session.prompt_async(question, is_password=hidden)

    return ask
