"""Writing config.env: a few keys set, everything else left as it stands, all of it or nothing."""

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
    """config.env can't be written; it was left as it is."""


def quoted(value: str) -> str:
    """Return a value as it is written in an env file, so that read_env gives it back unchanged.

    Raises ValueError for what no env file can hold: a NUL, or half of a surrogate pair.
    """
    value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    if "\0" in value:
        raise ValueError("an env file can't hold a NUL")
    if not value or _PLAIN.fullmatch(value):
        return value
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'


def with_values(text: str, values: Mapping[str, str], *, lines: Mapping[str, int]) -> str:
    """Return the text of an env file with these values set.

    `lines` says where the lower-case keys stand that are set already, from 1. A key that is only
    there as a remark (`#key=`) takes that line; any other comes at the end.
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
    """Raise UnwritableError in one sentence where `config` can't be written or has faults."""
    try:
        faults = _faults(config, config.resolve())
    except OSError as error:
        raise unwritable(str(config), error) from error
    if faults:
        raise UnwritableError("\n".join(["Mend this first:", *map(str, faults)]))


def write_config(config: Path, values: Mapping[str, str]) -> None:
    """Set lower-case keys in `config`, readable by its owner alone (faults D16), all or nothing.

    Raises a MasqueradeError and leaves the file as it is.
    """
    path = config.resolve()  # a link stays a link; what it leads to is written
    try:
        before, text = _begun(path)
        lines = {key.lower(): line for key, line in before.lines.items()}
        _replace(path, with_values(text, values, lines=lines), {**_lower(before), **values})
    except OSError as error:
        raise unwritable(str(config), error) from error
    except ValueError as error:
        raise UnwritableError(f"{config} can't hold one of these values. {LEFT}") from error


def pasted(values: Mapping[str, str]) -> str:
    """Return the lines that set these values, for whoever writes them into the file by hand."""
    lines = []
    for key, value in values.items():
        with suppress(ValueError):  # no file can hold it
            lines.append(f"{key}={quoted(value)}\n")
    return "".join(lines)


def _faults(config: Path, path: Path) -> Sequence[Fault]:
    """Return what is wrong in the file at `path`, which `config` leads to; see check_writable."""
    if path.is_dir():
        raise UnwritableError(f"{config} is a folder; move it away, so that a file can take its place.")
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        raise UnwritableError(f"{config} can't be read and written by this user; change its permissions.")
    folder = path.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise UnwritableError(f"No file can be written in {folder}; make the folder, or let this user write.")
    return read_env(path).faults if path.exists() else ()


def _replace(path: Path, text: str, wanted: Mapping[str, str]) -> None:
    """Write beside the file, read it back, and only then take its place."""
    # .gitignore knows this ending, should the machine fail before the file has its name.
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
    """Return what stands in the file; a new one begins as the example, which explains every setting."""
    if path.exists():
        return read_env(path), _text(path)
    example = path.with_name("config.env.example")
    begun = read_env(example)
    return (EnvFile(str(path)), HEADING) if begun.faults else (begun, _text(example))


def _lower(file: EnvFile) -> dict[str, str]:
    return {key.lower(): value for key, value in file.values.items()}
