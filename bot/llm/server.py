"""Which server speaks for the characters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


def no_key() -> str:
    return ""


async def at_once() -> None:
    """Wait for nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that speaks the Messages API.

    `local` ones are not Claude's own: they take sampling parameters, and no thinking. A `rehearsal`
    is our embedded model, which has to be warmed up. A `free` one is known to cost nothing, since it runs on
    this machine. `fresh_key` returns the key as the settings hold it now, "" where there is none. `ready`
    returns when it can be asked.
    """

    base_url: str
    api_key: str
    model: str
    local: bool = False
    rehearsal: bool = False
    free: bool = False
    fresh_key: Callable[[], str] = no_key
    ready: Callable[[], Awaitable[None]] = at_once


CLAUDE_URL = "https://api.anthropic.com"
