"""The three questions: token, key and character, each checked right after the answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from bot.cli.doctor.account import BotAccount, DiscordUnreachableError, TokenRefusedError, look_up
from bot.cli.doctor.models import KEY_PAGE, list_models, server_name
from bot.cli.doctor.report import tell
from bot.discord.client import PORTAL
from bot.llm.errors import ClaudeDenied, ClaudeError
from bot.settings import characters_in
from bot.settings.envfile import read_env
from personas.character import Character, CharacterError, character_from, slug_of

CHECK_SECONDS = 5.0
FIRST_CHARACTER = "nyx"
OWN = "0"
_SHORTEST_MASKED = 12


class Ask(Protocol):
    """Asks a question. Raises KeyboardInterrupt or EOFError if the person leaves."""

    async def __call__(self, question: str, *, hidden: bool = False) -> str: ...


@dataclass(frozen=True, slots=True)
class CheckedToken:
    """The chosen token, and its account if it could be checked."""

    value: str
    account: BotAccount | None = None


async def ask_token(ask: Ask, current: str) -> CheckedToken:
    """Ask until Discord accepts the token, it can't be checked, or the current one is kept."""
    tell(f"{PORTAL}\ngives you a token: your application, its page 'Bot', 'Reset Token'.")
    tell("Without one, the character talks here in the terminal only.")
    refused = False
    while True:
        said = await _secret(ask, "Discord token", current)
        token = re.sub(r"^bot\s+", "", said, flags=re.IGNORECASE) or current
        if not token or (refused and not said):
            return CheckedToken(current)
        try:
            account = await look_up(token, deadline=CHECK_SECONDS)
        except TokenRefusedError:
            tell("✗ Discord does not accept this token. Copy it again, or press Enter to go on.", then="  ")
            refused = True
        except DiscordUnreachableError as error:
            tell(f"– Discord can't be reached to check it ({error}).", then="  ")
            if await _agrees(ask, "Keep it unchecked?"):
                return CheckedToken(token)
        else:
            tell(f"✓ Discord knows it: {account.name}.", then="  ")
            return CheckedToken(token, account)


async def ask_key(ask: Ask, current: str, base_url: str | None) -> str:
    """Ask until the server accepts the key, it can't be checked, or the current one is kept."""
    server = server_name(base_url)
    tell(f"{KEY_PAGE}\ngives you a key to Claude.")
    tell("Without one, a small model on this machine speaks: good for a rehearsal.")
    refused = False
    while True:
        said = await _secret(ask, "Claude key", current)
        key = said or current
        if not key or (refused and not said):
            return current
        try:
            await list_models(key, base_url, deadline=CHECK_SECONDS)
        except ClaudeDenied:
            tell(f"✗ {server} refuses this key. Copy it again, or press Enter to go on.", then="  ")
            refused = True
        except ClaudeError as error:
            tell(f"– It can't be checked at {server} ({error}).", then="  ")
            if await _agrees(ask, "Keep it unchecked?"):
                return key
        else:
            tell(f"✓ {server} takes it.", then="  ")
            return key


async def ask_character(ask: Ask, current: str, folders: Path, own: Path) -> str:
    """Ask for the character, by number or name; an empty answer means the one in the file `own`."""
    known = characters_in(folders)
    names = list(known)
    own_name = _own_name(own)
    if not names:
        tell(f"{folders} holds no characters; docs/characters.md says how to make one.")
        return current
    if own_name:
        tell(f"  {OWN}  {own_name}, as {own} says")
    for number, name in enumerate(names, 1):
        tell(f"  {number}  {name}: {_description(known[name])}", then="     ")
    usual = current or (OWN if own_name else FIRST_CHARACTER if FIRST_CHARACTER in names else names[0])
    choices = _choices(names, own=bool(own_name))
    while True:
        said = (await ask(f"Number or name [{usual}]: ")).strip() or usual
        chosen = choices.get(said.lower())
        if chosen is not None:
            return chosen
        near = get_close_matches(said.lower()[:40], choices, n=1)
        hint = f" Did you mean {near[0]}?" if near and not near[0].isdigit() else ""
        tell(f"There is no character of that name.{hint}")
        usual = usual if usual.lower() in choices else names[0]


def masked(secret: str) -> str:
    """Return the visible part of a secret: the last four characters, if it is long."""
    return f"…{secret[-4:]}" if len(secret) >= _SHORTEST_MASKED else "…"


async def _secret(ask: Ask, what: str, current: str) -> str:
    """Return a secret without surrounding blanks and quotes; an empty answer keeps the current one."""
    kept = f"Enter keeps {masked(current)}" if current else "Enter leaves it out"
    while True:
        said = (await ask(f"{what} ({kept}): ", hidden=True)).strip().strip("\"'")
        if re.fullmatch(r"(?:bot\s+)?[!-~]*", said, re.IGNORECASE):
            return said
        tell("✗ There are blanks or foreign characters in it. Copy it again, all of it, once.", then="  ")


async def _agrees(ask: Ask, question: str) -> bool:
    while True:
        said = (await ask(f"{question} [Y/n] ")).strip().lower()
        if said in ("", "y", "yes"):
            return True
        if said in ("n", "no"):
            return False


def _choices(names: list[str], *, own: bool) -> Mapping[str, str]:
    """Map lower-case answers to folders."""
    numbers = {str(number): name for number, name in enumerate(names, 1)}
    # A folder named "2" takes precedence over the number 2.
    return ({OWN: ""} if own else {}) | numbers | {name.lower(): name for name in names}


def _description(folder: Path) -> str:
    if folder.is_file():
        return f"the file {folder.name}"
    character = _character(folder / "character.env", slug_of(folder.name))
    if character is None:
        return "has faults; the doctor tells which"
    return character.description or character.name


def _own_name(own: Path) -> str:
    character = _character(own, "") if own.is_file() else None
    return character.name if character else ""


def _character(path: Path, slug: str) -> Character | None:
    try:
        return character_from(read_env(path).values, slug)
    except CharacterError:
        return None
