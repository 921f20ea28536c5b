"""The types of settings' values, each with its validation and an error that tells a valid value."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError, from_json

from bot.settings.allowance import Allowance
from memory.dates import near_zones, zone_named
from personas.initiative import QuietHours


def wrong(what: str, mend: str) -> PydanticCustomError:
    """Return the error for an invalid value, with a valid alternative."""
    return PydanticCustomError("setting", "{wrong}", {"wrong": what, "mend": mend})


def _split(mark: str) -> Callable[[object], object]:
    def split(value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.startswith("["):
            return _json(value)
        return [part for part in map(str.strip, re.split(mark, value)) if part]

    return split


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError:
        raise wrong("is not valid JSON", "see docs/settings.md for its form") from None


def _channel(value: object) -> object:
    if not isinstance(value, str):
        return value
    mention = re.fullmatch(r"<#(\d+)>", value)
    if mention is not None:
        return mention[1]
    if value in ("", "0"):
        return None
    if re.fullmatch(r"\d{1,19}", value) is None:
        mend = "right-click the channel in Discord, copy its id and write that number"
        raise wrong("is not a channel's id", mend)
    return value


def _whole_path(path: str) -> str:
    if path.startswith("~"):
        raise wrong("starts with ~, which stands for nothing here", "write the whole path")
    if "\0" in path:
        raise wrong("is not a path", "write a path")
    return path


def _base_url(value: str | None) -> str | None:
    return _address(value, "http://127.0.0.1:8080") if value else None


def _address(value: str, example: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and parts.hostname is not None
        fits = fits and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise wrong("is not an address", f"write it as {example}")
    plain = value.rstrip("/")
    if plain.endswith(("/v1", "/v1/messages")):
        raise wrong("ends in a path that is added to it anyway", "leave /v1 and all after it out")
    return plain


_AT_ADDRESS = re.compile(r"@(?=\w+://)")
_HALF_AN_ADDRESS = re.compile(r"@(?:localhost|[\w.-]+:\d+)?(?:/.*)?$")


def at_server(value: str) -> tuple[str, str]:
    """Return the model's name, and the server's address; "" for the main server."""
    name, *address = _AT_ADDRESS.split(value, maxsplit=1)
    return name, address[0] if address else ""


def _model_at(value: str) -> str:
    """Parse `name` or `name@http://address`; a name may contain an @ of its own."""
    name, address = at_server(value)
    form = "write it as name@http://127.0.0.1:8081"
    if "@" in value and re.search(r"\s", value):
        raise wrong("has blanks in or around the name or the address", f"leave them out, and {form}")
    if not address:
        if _HALF_AN_ADDRESS.search(name):
            raise wrong("names no whole address behind the @", form)
        return value
    if not name:
        raise wrong("names no model before the @", form)
    plain = _address(address, f"{name}@http://127.0.0.1:8081")
    if "@" in urlsplit(plain).netloc:
        raise wrong("holds a user or a password", "write the key of that server as other_server_key")
    return f"{name}@{plain}"


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    name = zone_named(value)
    if name is None:
        near = ", ".join(near_zones(value)) or "Europe/Berlin"
        raise wrong("is no time zone", f"write a name such as {near}")
    return name


def _hours(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return str(QuietHours.of(value))
    except ValueError:
        mend = (
            "write two different hours from 0 to 24, such as 23-8, or none; initiative_chance=0 is for never"
        )
        raise wrong("are no hours of the day", mend) from None


def _budget(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return str(Allowance.of(value) or "none")
    except ValueError:
        raise wrong("is no amount", "write it as 2 USD, 200000 tokens, or none") from None


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text.lower().startswith("bot "):
        raise wrong("starts with the word Bot", "write the token alone")
    if re.fullmatch(r"[!-~]*", text) is None:
        raise wrong("has blanks or foreign characters in it", "copy it again, all of it, once")
    return value


def _database(value: SecretStr) -> SecretStr:
    """Validate the address of a PostgreSQL database; the error never quotes it."""
    address = value.get_secret_value()
    if not address:
        return value
    form = "postgresql://user:password@host/name"
    scheme = address.partition("://")[0].lower()
    if scheme not in ("postgresql", "postgres"):
        mend = f"write it as {form}, or leave it empty for a SQLite file in data_dir"
        raise wrong("names no kind of database that this runs on", mend)
    try:
        parts = urlsplit(address)
        fits = bool(parts.hostname or "host=" in parts.query) and len(parts.path) > 1
        fits = fits and "/" not in parts.path[1:] and not parts.fragment and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits:
        raise wrong(
            "is not an address", f"write it as {form}, with %40 for an @ in the password, %2F for a /"
        )
    if "password" in map(str.lower, parse_qs(parts.query, keep_blank_values=True)):
        raise wrong("has the password behind the ?, where it would be shown", f"write it as {form}")
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _language(code: str) -> str:
    if re.fullmatch(r"auto|[a-z]{2,3}", code) is None:
        raise wrong("is no code of a language", "write auto, or a code such as en or de")
    return code


def _ascending(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if list(numbers) != sorted(set(numbers)):
        raise wrong("are not in ascending order", "write them as 50,100,500")
    return numbers


def _empty_if_off(text: str) -> str:
    """Return "" for off: an empty value in a file counts as not set, which is the default."""
    return "" if text.strip().lower() in ("off", "none", "false") else text.strip()


# The upper bounds keep sums and timers within the range of the machine and the database.
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrNone = Annotated[int, Field(ge=0, le=10**9)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Snowflake = Annotated[int, Field(ge=1, lt=2**63)]
Channel = Annotated[Snowflake | None, BeforeValidator(_channel)]
Ids = Annotated[tuple[Snowflake, ...], BeforeValidator(_split(r"[,\s]+"))]
Numbers = Annotated[tuple[Count, ...], BeforeValidator(_split(r"[,\s]+")), AfterValidator(_ascending)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split(r"[,\n]"))]

Real = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[Real, Field(ge=0, le=10**6)]
Deadline = Annotated[Real, Field(gt=0, le=3600)]
Speed = Annotated[Real, Field(gt=0, le=10**6)]
ZoneName = Annotated[str, BeforeValidator(_zone)]
Budgeted = Annotated[str, BeforeValidator(_budget)]
Hours = Annotated[str, BeforeValidator(_hours)]
Share = Annotated[Real, Field(ge=0, le=1)]
Price = Annotated[Real, Field(ge=0)]
Weights = Annotated[dict[str, Price], BeforeValidator(_json)]

ModelName = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]*$")]
ModelAt = Annotated[str, Field(pattern=r"^[^\x00-\x1f]*$"), AfterValidator(_model_at)]
Secret = Annotated[SecretStr, AfterValidator(_secret)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
BaseUrl = Annotated[str | None, AfterValidator(_base_url)]
NoticeText = Annotated[str, AfterValidator(_empty_if_off), Field(max_length=1900)]
PathText = Annotated[str, AfterValidator(_whole_path)]
PathOrOff = Annotated[PathText, AfterValidator(_empty_if_off)]
Folder = Annotated[Path, BeforeValidator(lambda v: _whole_path(v) if isinstance(v, str) else v)]

SpokenLanguage = Annotated[str, BeforeValidator(_lower), AfterValidator(_language)]
Effort = Annotated[Literal["off", "low", "medium", "high"], BeforeValidator(_lower)]
Errors = Annotated[Literal["reply", "react", "silent"], BeforeValidator(_lower)]
ConsentMode = Annotated[Literal["opt_in", "opt_out", "off"], BeforeValidator(_lower)]
CacheTime = Annotated[Literal["1h", "5m"], BeforeValidator(_lower)]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)]
Mode = Annotated[Literal["casual", "deep_focus", "playful", "quiet_companion"], BeforeValidator(_lower)]
Level = Annotated[Literal["off", "low", "medium", "high", "maximum"], BeforeValidator(_lower)]
