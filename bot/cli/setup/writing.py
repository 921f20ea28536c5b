"""Writer of config.env: sets a few keys, keeps everything else, and is atomic."""

import os
import re
import stat
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.core.errors import ConfigurationError, unwritable
from bot.settings.envfile import EnvFile, Fault, read_env

HEADING = "# How the program runs; docs/settings.md lists every setting.\n"
LEFT = "It was left as it is: write the lines into it by hand."
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


class UnwritableError(ConfigurationError):
    """config.env can't be written and is unchanged."""


def quoted(value: str) -> str:
    """Quote a value for an env file so that read_env returns it unchanged.

    Raises ValueError for what no env file can hold: NUL or a lone surrogate.
    """
    value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    if "\0" in value:
        raise ValueError("an env file can't hold a NUL")
    if not value or _PLAIN.fullmatch(value):
        return value
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'


def with_values(text: str, values: Mapping[str, str], *, lines: Mapping[str, int]) -> str:
    """Return the text of an env file with these values set.

    `lines` gives the line numbers, from 1, of the lower-case keys already set. A key that is only present as
    a comment (`#key=`) replaces that line; any other is appended.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    rows = re.split(r"\r\n|\r|\n", text)
    for key, value in values.items():
        at = lines[key] - 1 if key in lines else _remark(rows, key)
        if at is None:
            at = len(rows) if rows[-1] else len(rows) - 1
            rows[at:at] = [""]
        before = re.match(rf"\s*(?:export\s+)?{key}\s*=\s*", rows[at], re.IGNORECASE)
        rows[at] = f"{before[0] if before else f'{key}='}{quoted(value)}"
    return ending.join(rows if not rows[-1] else [*rows, ""])


def check_writable(config: Path) -> None:
    """Raise UnwritableError with one sentence if `config` can't be written or has faults."""
    try:
        faults = _faults(config, config.resolve())
    except OSError as error:
        raise unwritable(str(config), error) from error
    if faults:
        raise UnwritableError("\n".join(["Mend this first:", *map(str, faults)]))


def write_config(config: Path, values: Mapping[str, str]) -> None:
    """Set lower-case keys in `config`, atomically and readable only by its owner (faults D16).

    Raises a MasqueradeError and leaves the file as it is.
    """
    path = config.resolve()  # a link is kept; its target is written
    try:
        before, text = _begun(path)
        lines = {key.lower(): line for key, line in before.lines.items()}
        _replace(path, with_values(text, values, lines=lines), {**_lower(before), **values})
    except OSError as error:
        raise unwritable(str(config), error) from error
    except ValueError as error:
        raise UnwritableError(f"{config} can't hold one of these values. {LEFT}") from error


def pasted(values: Mapping[str, str]) -> str:
    """Return the lines that set these values, for manual pasting into the file."""
    lines = []
    for key, value in values.items():
        with suppress(ValueError):  # unquotable values are left out
            lines.append(f"{key}={quoted(value)}\n")
    return "".join(lines)


def _faults(config: Path, path: Path) -> Sequence[Fault]:
    """Return the faults of the file at `path`, the target of `config`; see check_writable."""
    if path.is_dir():
        raise UnwritableError(f"{config} is a folder; move it away, so that a file can take its place.")
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        raise UnwritableError(f"{config} can't be read and written by this user; change its permissions.")
    folder = path.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise UnwritableError(f"No file can be written in {folder}; make the folder, or let this user write.")
    return read_env(path).faults if path.exists() else ()


def _replace(path: Path, text: str, wanted: Mapping[str, str]) -> None:
    """Write a temporary file, verify it, and replace the original."""
    # .gitignore covers this suffix, in case a crash leaves the file behind.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".env.local")
    fresh = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        again = read_env(fresh)
        if again.faults or _lower(again) != dict(wanted):
            raise UnwritableError(f"{path} is written in a way that can't be changed safely. {LEFT}")
        fresh.chmod(stat.S_IRUSR | stat.S_IWUSR)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _remark(rows: list[str], key: str) -> int | None:
    wanted = re.compile(rf"\s*#\s*{key}\s*=", re.IGNORECASE)
    return next((at for at, row in enumerate(rows) if wanted.match(row)), None)


def _text(path: Path) -> str:
    """Return the text as read_env reads it."""
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def _begun(path: Path) -> tuple[EnvFile, str]:
    """Return the file's contents; a new file starts as the example, which explains every setting."""
    if path.exists():
        return read_env(path), _text(path)
    example = path.with_name("config.env.example")
    begun = read_env(example)
    return (EnvFile(str(path)), HEADING) if begun.faults else (begun, _text(example))


def _lower(file: EnvFile) -> dict[str, str]:
    return {key.lower(): value for key, value in file.values.items()}
