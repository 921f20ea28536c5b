"""The process's log: one event a line, no secrets, nothing that a name could forge."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO
from urllib.parse import quote

import regex

REDACTED = "[redacted]"

OURS = frozenset({"__main__", "bot", "cogs", "database", "memory", "personaflow", "personas"})

# At DEBUG both SDKs log people's words (D16), and other libraries may do the same: below INFO only our own
# events are written. At INFO these libraries log every request, statement or job.
QUIET = frozenset(
    {
        "aiosqlite",
        "alembic",
        "apscheduler",
        "asyncpg",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "sqlalchemy",
    }
)
TALKATIVE = frozenset({"aiohttp", "anthropic", "asyncio", "discord", "urllib3"})

_SHORTEST_SECRET = 6
_HEADER = r"(?:proxy-)?authorization|x-api-key|api-key|cookie|set-cookie"
_SECRETS = regex.compile(
    # A header as text, in a dict's repr or in a list of pairs, with its value up to its end.
    rf"(?P<kept>\b(?:{_HEADER})(?:\s{{0,3}}[:=]\s{{0,3}}|['\"]\s{{0,3}}[:,]\s{{0,3}})(?:b(?=['\"]))?['\"]?)"
    r"(?:(?:bot|bearer|basic)\s{1,3})?[^\s'\",;)}\]]+"
    r"|(?P<kept>\b(?:bearer|basic)\s{1,3})[A-Za-z0-9._~+/=-]{20,}"
    r"|(?P<kept>/(?:webhooks|interactions)/\d{1,20}/)[A-Za-z0-9._-]+"
    r"|(?P<kept>://[^\s:/@]{0,100}:)[^\s/@]{1,200}(?=@)"
    # A Claude key, a Discord bot token, an interaction's token.
    r"|\bsk-(?:ant|proj)-[A-Za-z0-9_-]{6,}"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{23,30}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"
    r"|\baW50ZXJhY3Rpb246[A-Za-z0-9_-]+",
    regex.IGNORECASE,
)
# Line ends and terminal codes forge lines; bidirectional marks reverse them; a lone surrogate can't be
# encoded at all.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")

_COLOURS = {logging.DEBUG: "\x1b[2m", logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m"}
_PLAIN = "\x1b[0m"


class Redaction:
    """Removes known secrets, and similar strings, from text."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        self._spellings: set[str] = set()
        self._known: re.Pattern[str] | None = None
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Add a secret."""
        self._spellings |= _spellings(secret.strip())
        longest_first = sorted(self._spellings, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return `text` with "[redacted]" for every secret in it."""
        if self._known:
            text = self._known.sub(REDACTED, text)
        return _SECRETS.sub(lambda match: f"{match['kept'] or ''}{REDACTED}", text)


class LineFormatter(logging.Formatter):
    """Writes an event as `time level name message`, and its traceback indented below it."""

    def __init__(self, redact: Redaction, *, colour: bool = False) -> None:
        super().__init__()
        self.redact = redact
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the event as text without secrets or control characters, in UTC."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = f"{time.replace('+00:00', 'Z')} {record.levelname} {record.name} {record.getMessage()}"
        lines = [self._printable(head)]
        if self._colour and (code := _COLOURS.get(min(record.levelno, logging.ERROR))):
            lines = [f"{code}{lines[0]}{_PLAIN}"]
        return "\n".join([*lines, *(f"    {line}" for line in self._trace(record))])

    def _trace(self, record: logging.LogRecord) -> list[str]:
        """Redact before splitting into lines: a secret may contain a line break."""
        trace = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
        whole = self.redact("\n".join(filter(None, [trace.rstrip(), record.stack_info])))
        return [self._printable(line) for line in whole.split("\n")] if whole else []

    def _printable(self, line: str) -> str:
        return _UNPRINTABLE.sub(_escaped, self.redact(line))


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream within its encoding, and never prints an event that it failed to write."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the event in characters that the stream supports."""
        encoding = getattr(self.stream, "encoding", None) or "utf-8"
        return super().format(record).encode(encoding, "backslashreplace").decode(encoding)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Report that a line is missing: the standard method would print its arguments, unredacted."""
        name = getattr(sys.exc_info()[0], "__name__", "unknown error")
        try:
            self.stream.write(f"A log line of {record.module}:{record.lineno} could not be written: {name}\n")
        except (OSError, ValueError):
            return


def set_up_logging(
    level: int | str = logging.INFO,
    *,
    secrets: Sequence[str] = (),
    stream: TextIO | None = None,
    colour: bool | None = None,
) -> LineHandler:
    """Log to `stream` (stderr) from `level` on, and return the handler.

    `secrets` are removed from the log; those of fewer than 6 characters are ignored, since they would make it
    unreadable. `colour` is by default on for a terminal. A second call replaces the first one's handler. An
    unknown `level` raises ValueError.
    """
    handler = LineHandler(stream or sys.stderr)
    coloured = handler.stream.isatty() if colour is None else colour
    handler.setFormatter(LineFormatter(Redaction(secrets), colour=coloured))
    handler.addFilter(_is_wanted)
    root = logging.getLogger()
    root.setLevel(level.upper() if isinstance(level, str) else level)
    for earlier in [handler for handler in root.handlers if isinstance(handler, LineHandler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    for name in QUIET | TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, _floor(name)))
    return handler


def keep_out_of_log(secret: str) -> None:
    """Add a secret that was unknown when the log was set up."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.formatter.redact.learn(secret)


def _is_wanted(record: logging.LogRecord) -> bool:
    """Apply the minimum levels here, too: a library may set its own loggers' levels when it is imported."""
    return record.levelno >= _floor(record.name.partition(".")[0])


def _floor(package: str) -> int:
    """Return the minimum level of a package's events."""
    if package in OURS:
        return logging.NOTSET
    return logging.WARNING if package in QUIET else logging.INFO


def _spellings(secret: str) -> set[str]:
    """Return the forms in which a secret may occur: as it is, in a URL, in JSON, in a repr."""
    if len(secret) < _SHORTEST_SECRET:
        return set()
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
