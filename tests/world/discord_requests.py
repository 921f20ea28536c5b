"""Requests to Discord's REST interface as they were received, and the errors that answer them."""

from dataclasses import dataclass, field
from typing import Any

from tests.world.discord_accounts import BotAccount
from tests.world.discord_files import Upload


@dataclass
class Request:
    """One REST request; `path` comes without `/api/v10`, `time` in Unix seconds.

    `by` is the bot whose token it brings, None where that is nobody's or where there is none.
    `status` is what it was answered with: 0 while it is open, and for good when the connection was
    reset instead.
    """

    method: str
    path: str
    time: float
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    files: list[Upload] = field(default_factory=list)
    authorization: str | None = None
    by: BotAccount | None = None
    template: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    status: int = 0

    @property
    def account(self) -> BotAccount:
        """Return the bot that asks; DiscordError 401 when it is none."""
        if self.by is None:
            raise DiscordError(401, 0, "401: Unauthorized")
        return self.by

    def id(self, name: str) -> int:
        """Return a parameter of the path as a snowflake; DiscordError 50035 where it is none."""
        try:
            return int(self.params[name])
        except ValueError:
            raise invalid_form(name, "NUMBER_TYPE_COERCE", "Value is not snowflake.") from None

    def field(self, name: str, default: Any = None) -> Any:
        """Return a field of the JSON body."""
        return self.body.get(name, default) if isinstance(self.body, dict) else default


@dataclass(frozen=True)
class Answer:
    """A status and the JSON that goes with it."""

    status: int
    body: Any = None


class DiscordError(Exception):
    """Discord's refusal of a request."""

    def __init__(self, status: int, code: int, message: str, errors: Any = None) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def invalid_form(name: str, code: str, message: str) -> DiscordError:
    """Return the refusal of one field of a body."""
    errors = {name: {"_errors": [{"code": code, "message": message}]}}
    return DiscordError(400, 50035, "Invalid Form Body", errors)
