"""Mentions: whom a text names, and whom Discord would ping for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

USER_MENTION = re.compile(r"<@!?(\d{1,20})>")
ROLE_MENTION = re.compile(r"<@&(\d{1,20})>")
EVERYONE_MENTION = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True)
class Mentions:
    """The ids of users and roles, and whether everyone is meant."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False


def named_in(content: str) -> Mentions:
    """Return everything that `content` mentions, in order and without repeats."""
    return Mentions(
        users=tuple(dict.fromkeys(map(int, USER_MENTION.findall(content)))),
        roles=tuple(dict.fromkeys(map(int, ROLE_MENTION.findall(content)))),
        everyone=bool(EVERYONE_MENTION.search(content)),
    )


def pinged_by(content: str, allowed: dict[str, Any] | None, *, replied_to: int | None = None) -> Mentions:
    """Return whom a message would ping.

    `allowed` is the payload's `allowed_mentions`; without it everything pings, the author of the
    message replied to (`replied_to`) included.
    """
    named = named_in(content)
    if allowed is None:
        return Mentions(_with_reply(named.users, replied_to), named.roles, named.everyone)
    parse = allowed.get("parse") or ()
    users = _permitted(named.users, "users" in parse, allowed.get("users"))
    return Mentions(
        users=_with_reply(users, replied_to if allowed.get("replied_user") else None),
        roles=_permitted(named.roles, "roles" in parse, allowed.get("roles")),
        everyone=named.everyone and "everyone" in parse,
    )


def contradiction(allowed: dict[str, Any] | None) -> str | None:
    """Return the field that `allowed` both parses and lists, which Discord refuses; else None."""
    if allowed is None:
        return None
    parse = allowed.get("parse") or ()
    return next((field for field in ("users", "roles") if field in parse and allowed.get(field)), None)


def _permitted(ids: tuple[int, ...], all_of_them: bool, listed: Iterable[Any] | None) -> tuple[int, ...]:
    if all_of_them:
        return ids
    allowed = set(map(int, listed or ()))
    return tuple(each for each in ids if each in allowed)


def _with_reply(users: tuple[int, ...], replied_to: int | None) -> tuple[int, ...]:
    return users if replied_to is None or replied_to in users else (*users, replied_to)
