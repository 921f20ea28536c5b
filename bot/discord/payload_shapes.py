"""Schemas of Discord's messages and interactions, since discord.py does not check types.

Only fields that we read are checked. Missing fields are mostly left to discord.py, except for some without
which it would build an incomplete message.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

Shape: TypeAlias = "Callable[[object], bool] | Mapping[str, Shape] | Sequence[Shape]"
"""A predicate; a mapping of an object's fields; or a one-item list with the shape of each item."""

LISTS = ("mentions", "mention_roles", "components")
"""Keys that every message has, even if empty."""
_BEYOND = 2**63
"""Limit of valid ids, and of integers in the database."""
_LONGEST_TOKEN = 1_000
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")


class MisshapenError(ValueError):
    """A value of a payload has another type than Discord documents."""


def check(value: object, shape: Shape) -> None:
    """Raise MisshapenError if a value does not match its shape."""
    if isinstance(shape, Mapping):
        _check_object(value, shape)
    elif isinstance(shape, Sequence):
        _check_list(value, shape[0])
    elif not shape(value):
        raise MisshapenError


def _check_object(value: object, shape: Mapping[str, Shape]) -> None:
    if not isinstance(value, dict):
        raise MisshapenError
    for key, part in shape.items():
        if key in value:
            check(value[key], part)


def _check_list(value: object, shape: Shape) -> None:
    if not isinstance(value, list):
        raise MisshapenError
    for item in value:
        check(item, shape)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _BEYOND


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _BEYOND


def _kind(value: object) -> bool:
    return not isinstance(value, bool) and (_text(value) or (isinstance(value, int) and abs(value) < _BEYOND))


def _id(value: object) -> bool:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        value = int(value)
    return _count(value)


def _token(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and 0 < len(value) <= _LONGEST_TOKEN


def _locale(value: object) -> bool:
    return isinstance(value, str) and _LOCALE.fullmatch(value) is not None


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _or_none(shape: Shape) -> Shape:
    """Return a shape that also accepts null."""

    def passes(value: object) -> bool:
        if value is not None:
            check(value, shape)
        return True

    return passes


def _having(shape: Shape, *keys: str) -> Shape:
    """Return a shape that requires these keys."""

    def passes(value: object) -> bool:
        check(value, shape)
        return isinstance(value, dict) and value.keys() >= set(keys)

    return passes


def check_message(value: object) -> bool:
    """Raise MisshapenError if a message lacks a key or has an invalid value; otherwise return True."""
    check(value, MESSAGE)
    assert isinstance(value, dict)
    if not value.keys() >= {"author", *LISTS} or ("member" in value and value.get("guild_id") is None):
        raise MisshapenError
    return True


def check_interaction(value: object) -> bool:
    """Raise MisshapenError if an interaction's kind or user can't be read; otherwise return True."""
    check(value, INTERACTION)
    assert isinstance(value, dict)
    if ("user" if value.get("guild_id") is None else "member") not in value:
        raise MisshapenError
    return True


_MAYBE_TEXT, _MAYBE_ID, _MAYBE_COUNT = _or_none(_text), _or_none(_id), _or_none(_count)
_MAYBE_NUMBER = _or_none(_number)

_USER: Shape = {
    "id": _id,
    "username": _text,
    "global_name": _MAYBE_TEXT,
    "avatar": _MAYBE_TEXT,
    "public_flags": _MAYBE_COUNT,
    "bot": _or_none(_flag),
}
USER = _having(_USER, "id", "username", "discriminator", "avatar")
MEMBER: Shape = {"nick": _MAYBE_TEXT, "roles": [_id], "flags": _MAYBE_COUNT, "avatar": _MAYBE_TEXT}
FILE: Shape = {
    "id": _id,
    "filename": _text,
    "size": _count,
    "url": _text,
    "proxy_url": _text,
    "content_type": _MAYBE_TEXT,
    "description": _MAYBE_TEXT,
    "title": _MAYBE_TEXT,
    "duration_secs": _MAYBE_NUMBER,
    "width": _MAYBE_COUNT,
    "height": _MAYBE_COUNT,
    "flags": _MAYBE_COUNT,
}
STICKER: Shape = {"id": _id, "name": _text, "format_type": _count}
_PICTURE: Shape = _or_none({"url": _MAYBE_TEXT, "proxy_url": _MAYBE_TEXT})
EMBED: Shape = {
    "type": _MAYBE_TEXT,
    "title": _MAYBE_TEXT,
    "description": _MAYBE_TEXT,
    "url": _MAYBE_TEXT,
    "provider": _or_none({"name": _MAYBE_TEXT, "url": _MAYBE_TEXT}),
    "author": _or_none({"name": _MAYBE_TEXT, "url": _MAYBE_TEXT}),
    "footer": _or_none({"text": _MAYBE_TEXT}),
    "fields": [{"name": _MAYBE_TEXT, "value": _MAYBE_TEXT}],
    "image": _PICTURE,
    "thumbnail": _PICTURE,
    "video": _PICTURE,
}
_POLL_MEDIA: Shape = {"text": _MAYBE_TEXT}
POLL: Shape = {
    "question": _POLL_MEDIA,
    "answers": [{"answer_id": _count, "poll_media": _POLL_MEDIA}],
}
_SAID: dict[str, Shape] = {
    "type": _kind,
    "content": _text,
    "flags": _count,
    "attachments": [FILE],
    "embeds": [EMBED],
    "sticker_items": [STICKER],
}
MESSAGE: Shape = {
    **_SAID,
    "id": _id,
    "channel_id": _id,
    "guild_id": _MAYBE_ID,
    "webhook_id": _MAYBE_ID,
    "application_id": _MAYBE_ID,
    "author": USER,
    "member": MEMBER,
    "mentions": [USER],
    "mention_roles": [_id],
    "poll": _or_none(POLL),
    "message_reference": {
        "type": _kind,
        "message_id": _MAYBE_ID,
        "channel_id": _MAYBE_ID,
        "guild_id": _MAYBE_ID,
    },
    "referenced_message": _or_none(check_message),
    "message_snapshots": [{"message": _SAID}],
}
INTERACTION: Shape = {
    "id": _id,
    "application_id": _id,
    "type": _kind,
    "token": _token,
    "version": _count,
    "guild_id": _MAYBE_ID,
    "channel_id": _MAYBE_ID,
    "channel": {"id": _id, "type": _kind, "name": _MAYBE_TEXT},
    "guild": {"id": _id},
    "locale": _locale,
    "guild_locale": _locale,
    "user": USER,
    "member": {"user": USER, "nick": _MAYBE_TEXT, "roles": [_id], "flags": _MAYBE_COUNT},
    "message": check_message,
    "attachment_size_limit": _count,
    "data": _or_none(
        {
            "id": _id,
            "name": _text,
            "type": _kind,
            "custom_id": _text,
            "component_type": _kind,
            "target_id": _id,
            "guild_id": _MAYBE_ID,
            "values": [_text],
        }
    ),
}
