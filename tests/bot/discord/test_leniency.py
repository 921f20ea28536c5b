"""Whatever form of a message Discord documents, its words are heard; what can't be read is left out alone."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import discord
import pytest

from bot.discord.malformed_events import Leniency, TracebackFilter, readable
from bot.discord.payload_shapes import LISTS
from tests.world.discord_schema import document_path

Schema = dict[str, Any]
DEEPEST = 4
SCALARS = {"integer": 1, "number": 1.0, "boolean": False, "null": None}
FORMATS = {"snowflake": "12345678901234", "date-time": "2026-01-01T00:00:00+00:00"}
documented = pytest.mark.skipif(not document_path().is_file(), reason="Discord's document is not at hand")


class Document:
    """Discord's document, read for what it says a message may look like."""

    def __init__(self) -> None:
        self._schemas = json.loads(document_path().read_text("utf-8"))["components"]["schemas"]

    def resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def ways(self, schema: Schema) -> list[Schema]:
        """Return the alternatives that a part has, null among them."""
        schema = self.resolved(schema)
        if ways := schema.get("oneOf") or schema.get("anyOf"):
            return [self.resolved(one) for one in ways]
        kinds = schema.get("type")
        return [{**schema, "type": one} for one in kinds] if isinstance(kinds, list) else [schema]

    def example(self, schema: Schema, depth: int) -> Any:
        """Return a value of the first way that is not null, with all that may be in it down to a depth."""
        way = next(one for one in self.ways(schema) if one.get("type") != "null")
        return self.example_of(way, depth)

    def example_of(self, way: Schema, depth: int) -> Any:
        if "const" in way or "enum" in way:
            return way.get("const", next(iter(way.get("enum", ())), None))
        if "allOf" in way:
            return self.example(way["allOf"][0], depth)
        if way.get("type") == "array":
            return [self.example(way["items"], depth - 1)] if depth > 0 else []
        if "properties" in way:
            there = [key for key in way["properties"] if depth > 0 or key in way.get("required", ())]
            return {key: self.example(way["properties"][key], depth - 1) for key in there}
        if way.get("type") == "string":
            return FORMATS.get(way.get("format", ""), "aaaa")
        return SCALARS.get(way.get("type", ""), {})

    def variants(self, schema: Schema, value: Any, depth: int) -> Iterator[Any]:
        """Yield a value with one part of it missing, null, empty, or of another kind."""
        ways = self.ways(schema)
        yield from (self.example_of(one, size) for one in ways if len(ways) > 1 for size in (0, depth))
        way = next(one for one in ways if one.get("type") != "null")
        if depth > 0 and isinstance(value, dict):
            for key, part in value.items():
                if key not in way.get("required", ()):
                    yield {name: one for name, one in value.items() if name != key}
                inner = way.get("properties", {}).get(key, {"type": "null"})
                yield from ({**value, key: one} for one in self.variants(inner, part, depth - 1))
        if depth > 0 and isinstance(value, list) and value:
            yield []
            yield from ([one] for one in self.variants(way["items"], value[0], depth - 1))


class Listener(discord.Client):
    """A client that hears what discord.py makes of an event."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all())
        self.loop = asyncio.get_running_loop()
        self.heard: list[Any] = []
        self._connection._add_guild_from_data({"id": "77", "name": "The Guild"})  # type: ignore[typeddict-item]

    def dispatch(self, event: str, /, *args: Any, **_: Any) -> None:
        if event in ("message", "interaction"):
            self.heard += args

    def hears(self, data: Any) -> discord.Message:
        self._connection.parsers["MESSAGE_CREATE"](data)
        return self.heard.pop()


@documented
@pytest.mark.parametrize("depth", [DEEPEST, 0])
@pytest.mark.parametrize("place", [{"guild_id": "77"}, {}])
async def test_each_form_of_a_message_that_discord_documents_is_heard(depth, place):
    document, client = Document(), Listener()
    Leniency(client._connection)
    schema = {"$ref": "#/components/schemas/MessageResponse"}
    message = document.example(schema, depth)
    variants = list(document.variants(schema, message, DEEPEST))
    assert len(variants) > (300 if depth else 20)
    for variant in variants:
        assert client.hears({**variant, **place}).content == variant["content"]


def doubtful(data: Any) -> bool:
    """Say whether an object can be read whose numbers are all even."""
    numbers = [*data.values(), *data.get("list", ()), *data.get("message", {}).values()]
    return data["id"] == "1" and all(one % 2 == 0 for one in numbers if isinstance(one, int))


def test_of_an_object_all_is_kept_that_can_be_read_with_the_rest():
    data = {
        "id": "1",
        "a": 2,
        "b": 3,
        "none": None,
        "list": [2, 3, 4, 5],
        "message": {"id": "1", "c": 1, "d": 2},
    }
    whole = {"id": "1", "a": 2, "none": None, "list": [2, 4], "message": {"id": "1", "d": 2}}
    assert readable(data, doubtful) == whole
    assert readable({"id": "2", "a": 2}, doubtful) is None
    assert readable({"id": "1", "message": "x", "list": 7}, lambda data: "message" not in data) == {
        "id": "1",
        "list": 7,
    }


async def test_what_cannot_be_read_is_logged_once_for_each_kind_without_its_words(caplog):
    client = Listener()
    Leniency(client._connection)
    for _ in range(3):
        client._connection.parsers["CHANNEL_PINS_UPDATE"]({"channel_id": "words"})
        client._connection.parsers["TYPING_START"]({"user_id": "words"})
    assert [one.levelname for one in caplog.records] == ["WARNING"] * 2
    assert "CHANNEL_PINS_UPDATE (ValueError in " in caplog.text
    assert "words" not in caplog.text


USER = {"id": "5", "username": "mira", "discriminator": "0", "avatar": None}
FILE = {"id": "6", "filename": "a.png", "size": 1, "url": "https://example.org/a", "proxy_url": ""}
GOOD = {
    "id": "4",
    "type": 0,
    "channel_id": "7",
    "author": USER,
    "content": "hello",
    "timestamp": "2026-01-01T00:00:00+00:00",
    "edited_timestamp": None,
    "tts": False,
    "mention_everyone": False,
    "pinned": False,
    "mentions": [],
    "mention_roles": [],
    "components": [],
    "attachments": [FILE],
    "embeds": [],
    "flags": 0,
}
NOBODY_HEARS = [
    {"content": None},
    {"content": 5},
    {"id": str(2**63)},
    {"id": "-1"},
    {"channel_id": [7]},
    {"author": {**USER, "id": 2**70}},
    {"author": {**USER, "bot": 2**70}},
    {"author": {"id": "5"}},
    {"type": []},
]
HEARD_WITHOUT = [
    ("attachments", [{**FILE, "filename": None}, {**FILE, "size": "1"}, 5, None]),
    ("embeds", [{"title": 5}, {"provider": {"name": []}}]),
    ("sticker_items", [{"id": "1", "name": None, "format_type": 1}]),
    ("message_snapshots", [{"message": {**GOOD, "content": None}}]),
    ("poll", {"question": {"text": 5}, "answers": [], "expiry": None}),
    ("mentions", 5),
    ("mention_roles", {}),
    ("member", {"roles": []}),
]


@pytest.mark.parametrize("odd", NOBODY_HEARS)
async def test_a_message_that_is_not_what_discord_documents_is_passed_over(odd):
    client = Listener()
    Leniency(client._connection)
    client._connection.parsers["MESSAGE_CREATE"]({**GOOD, **odd})
    assert client.heard == []


@pytest.mark.parametrize(("key", "odd"), HEARD_WITHOUT)
async def test_a_part_that_is_not_what_discord_documents_is_missing_and_the_words_are_heard(key, odd):
    client = Listener()
    Leniency(client._connection)
    heard = client.hears({**GOOD, key: odd})
    assert (heard.content, heard.author.name) == ("hello", "mira")
    assert (heard.mentions, heard.role_mentions) == ([], [])
    assert not getattr(heard, {"sticker_items": "stickers"}.get(key, key), None)


async def test_without_its_lists_of_mentions_and_components_a_message_has_none():
    client = Listener()
    Leniency(client._connection)
    bare = {key: value for key, value in GOOD.items() if key not in LISTS}
    heard = client.hears(bare)
    assert (heard.mentions, heard.role_mentions, heard.components) == ([], [], [])


@pytest.mark.parametrize("odd", [{"user": None}, {"token": "x" * 2_000}, {"version": []}, {"guild_id": "77"}])
async def test_a_use_of_which_it_cannot_be_read_whose_it_is_is_passed_over(odd):
    client = Listener()
    Leniency(client._connection)
    use = {
        "id": "1",
        "application_id": "2",
        "type": 2,
        "token": "t",
        "version": 1,
        "user": USER,
        "attachment_size_limit": 1,
    }
    client._connection.parsers["INTERACTION_CREATE"]({**use, "locale": "x" * 9_000})
    client._connection.parsers["INTERACTION_CREATE"]({**use, **odd})
    assert len(client.heard) == 1


def test_what_discord_py_would_tell_as_a_traceback_is_one_line_without_words(caplog):
    client_log = logging.getLogger("discord.app_commands.tree")
    client_log.addFilter(TracebackFilter())
    try:
        int("words")
    except ValueError:
        client_log.exception("Ignoring exception in autocomplete for %r", "persona choose")
    assert len(caplog.records) == 1
    assert "ValueError in test_leniency.py" in caplog.text
    assert "words" not in caplog.text
    assert "Traceback" not in caplog.text
