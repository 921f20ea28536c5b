"""Tolerance for events that discord.py can't parse: use what is valid, and keep the connection."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.core.errors import place_in_code
from bot.discord.payload_shapes import LISTS, check_interaction, check_message

if TYPE_CHECKING:
    from discord.abc import MessageableChannel
    from discord.state import ConnectionState

log = logging.getLogger(__name__)

Payload = Mapping[str, Any]

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""Exceptions that discord.py raises on an unreadable answer from Discord."""

_CORE = (
    *("id", "type", "name", "guild_id", "channel_id", "application_id", "token", "version", "user", "author"),
    *("content", "timestamp", "edited_timestamp", "pinned", "mention_everyone", "tts", "unavailable"),
    "attachment_size_limit",
)
"""Keys without which an event loses its meaning; each event has some of them."""
_CORE_OF_USE = (*_CORE, "member", "data")
"""Interactions also need these, because they decide on permissions."""
_MESSAGES = ("referenced_message", "message")
"""Keys whose values are messages and may contain invalid parts themselves."""
_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "MESSAGE_CREATE": check_message,
    "MESSAGE_UPDATE": check_message,
    "INTERACTION_CREATE": check_interaction,
}
"""Checks for values that discord.py would pass on unchecked."""
_NO_MESSAGE: Mapping[str, Any] = {
    "type": -1,  # unknown to Discord, so every handler ignores it
    "author": {"id": "0", "username": "unknown", "discriminator": "0", "avatar": None},
    "content": "",
    "timestamp": None,
    "edited_timestamp": None,
    "pinned": False,
    "mention_everyone": False,
    "tts": False,
    "attachments": [],
    "embeds": [],
    **{key: [] for key in LISTS},
}


class TracebackFilter(logging.Filter):
    """Shortens tracebacks of discord.py to one line, without user input."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and (error := record.exc_info[1]):
            record.msg = (
                f"What Discord asked for is not told: {type(error).__name__} in {place_in_code(error)}"
            )
            record.args, record.exc_info, record.levelno = None, None, logging.WARNING
            record.levelname = logging.getLevelName(logging.WARNING)
        return True


class Leniency:
    """Wraps discord.py's event parsers, which fail completely on a single unreadable part."""

    def __init__(self, state: "ConnectionState[Any]") -> None:
        self._state = state
        self._told: set[tuple[str, str, str]] = set()
        self._makers: Mapping[str, tuple[Callable[[Payload], object], Sequence[str]]] = {
            "MESSAGE_CREATE": (self._message, _CORE),
            "MESSAGE_UPDATE": (self._message, _CORE),
            "GUILD_CREATE": (self._guild, _CORE),
            "GUILD_UPDATE": (self._guild, _CORE),
            "INTERACTION_CREATE": (self._interaction, _CORE_OF_USE),
        }
        for event, parse in state.parsers.items():
            state.parsers[event] = partial(self._parse, event, parse)
        logging.getLogger("discord.app_commands.tree").addFilter(TracebackFilter())
        setattr(state, "create_message", self._fetched)  # noqa: B010 - REST responses use this method

    def _parse(self, event: str, parse: Callable[[Any], None], data: Payload) -> None:
        """Parse an event; on an error, parse its readable part or skip it."""
        try:
            if event in _CHECKS:
                _CHECKS[event](data)
            parse(data)
        except Exception as error:  # noqa: BLE001 - no error may end the connection
            kept = self._mended(event, data)
            self._tell(event, error, data, kept)
            if kept is not None:
                self._parse(event, parse, kept)

    def _mended(self, event: str, data: Payload) -> Payload | None:
        make, core = self._makers.get(event, (None, ()))
        if make is None or not isinstance(data, dict) or _works(make, data):
            return None
        return readable(data, partial(_works, make), core)

    def _fetched(self, *, channel: "MessageableChannel", data: Payload) -> discord.Message:
        """Parse a message; an unreadable one gets a type that every handler ignores."""
        make = partial(self._message_in, channel)
        try:
            return make(data)
        except Exception as error:  # noqa: BLE001 - see above
            kept = readable(data, partial(_works, make))
            self._tell("a fetched message", error, data, kept)
            return make(kept if kept is not None else {**_NO_MESSAGE, "id": data["id"]})

    def _message(self, data: Payload) -> object:
        channel, _ = self._state._get_guild_channel(data)  # type: ignore[arg-type]  # noqa: SLF001
        return self._message_in(channel, data)

    def _message_in(self, channel: Any, data: Payload) -> discord.Message:
        check_message(data)
        return discord.Message(state=self._state, channel=channel, data=data)  # type: ignore[arg-type]

    def _guild(self, data: Payload) -> object:
        return discord.Guild(state=self._state, data=data)  # type: ignore[arg-type]

    def _interaction(self, data: Payload) -> object:
        check_interaction(data)
        return discord.Interaction(state=self._state, data=data)  # type: ignore[arg-type]

    def _tell(self, what: str, error: Exception, data: Payload, kept: Payload | None) -> None:
        """Log an error once per kind, without message content."""
        kind = (what, type(error).__name__, place_in_code(error))
        if kind not in self._told:
            self._told.add(kind)
            lost = [] if kept is None else [key for key in data if kept.get(key) != data[key]]
            then = f"taken without {', '.join(lost)}" if lost else "passed over"
            log.warning("discord.py can't read %s (%s in %s): it is %s", *kind, then)


def readable(
    data: Payload, works: Callable[[Payload], bool], core: Sequence[str] = _CORE
) -> dict[str, Any] | None:
    """Return the largest part of an object that `works`; None if its core does not."""
    kept: dict[str, Any] = {key: [] for key in LISTS if "content" in data}
    kept |= {key: data[key] for key in core if key in data}
    kept |= {key: [] for key, value in data.items() if isinstance(value, list)}
    if not works(kept):
        return None
    for key, value in data.items():
        fits = partial(_fits, works, kept, key)
        if fits(value):
            kept[key] = value
        elif isinstance(value, list):
            kept[key] = _items(value, fits)
        elif key in _MESSAGES and isinstance(value, dict) and (part := readable(value, fits)) is not None:
            kept[key] = part
    return kept


def _fits(works: Callable[[Payload], bool], kept: Payload, key: str, part: object) -> bool:
    return works({**kept, key: part})


def _items(items: Sequence[object], fits: Callable[[object], bool]) -> list[object]:
    """Return the items that fit, found by bisection because a server may have thousands."""
    if fits(items):
        return list(items)
    middle = len(items) // 2
    return _items(items[:middle], fits) + _items(items[middle:], fits) if middle else []


def _works(make: Callable[[Any], object], data: Payload) -> bool:
    try:
        make(data)
    except Exception:  # noqa: BLE001 - discord.py may raise anything
        return False
    return True
