"""Several characters on one bot, read from folders, on an in-memory Discord."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import simcord

from bot.app import open_app
from bot.conversation.config import Manner
from bot.discord.connection import open_client
from bot.features.characters.library import Library
from bot.features.characters.shelves import sources_of
from bot.settings import Settings
from tests.builders import AT_ONCE, PIXEL
from tests.fakes import FakeClaude
from tests.filled import assert_filled
from tests.support.discord import SERVER, DiscordClock, World, connected

PIXEL_ENV = """\
default_name=Pixel
aliases=Pix
core_prompt="You are Pixel, a catgirl who debugs."
description=A catgirl of few words
fallback_lines="*static* say again?"
"""
ONYX = {
    "name": "Onyx",
    "description": "Onyx is a smith.",
    "first_mes": "Well met, {{user}}, says {{char}}.",
    "alternate_greetings": ["The forge is hot, {{user}}.", "Who knocks?"],
    "group_only_greetings": ["Onyx nods to all of you, {{user}} first."],
    "character_version": "1.2",
    "character_book": {"name": "Smithy", "entries": [{"keys": ["anvil"], "content": "It is old."}]},
    "extensions": {
        "masquerade": {
            "framework": "caring",
            "blending": {"enabled": True, "contexts": {"casual": {"caring": 0.7, "chaotic": 0.3}}},
            "interests": ["iron", "ale"],
            "modes": [{"name": "grim", "text": "Says little.", "cues": ["war"]}],
        }
    },
}
RUBY = {"name": "Ruby", "description": "Ruby is a thief."}


def card(values: Mapping[str, Any]) -> bytes:
    """Return a V3 card of these values."""
    return json.dumps({"spec": "chara_card_v3", "spec_version": "3.0", "data": dict(values)}).encode()


def folders(root: Path, **cards: Mapping[str, Any]) -> Path:
    """Write Pixel, and others by their cards."""
    (root / "pixel").mkdir(parents=True)
    (root / "pixel" / "character.env").write_text(PIXEL_ENV)
    for slug, values in cards.items():
        (root / slug).mkdir()
        (root / slug / "card.json").write_bytes(card(values))
    return root


def library_in(root: Path, data: Path) -> Library:
    """Return the library of all characters in a folder; Pixel is the bot's own."""
    sources = sources_of(characters=root, character="pixel", sheet=None, others=("all",), slug="pixel")
    library = Library(
        sources,
        characters=root,
        frameworks=root / "_frameworks",
        compiled=data / "compiled",
        pictures=data / "avatars",
    )
    # They are our own: no process has to look at them first, which takes most of a test's time.
    library._reader._screened |= {
        blake2b(path.read_bytes(), digest_size=16).hexdigest() for path in root.glob("*/card.json")
    }
    return library


@asynccontextmanager
async def company(
    folder: Path, *, manner: Manner = AT_ONCE, library: Library | None = None, **settings: Any
) -> AsyncIterator[World]:
    """Let Pixel, Onyx and Ruby be in a world; Mira and Tom are there, too.

    Nobody joins in by chance: the dice would fall otherwise on another day.
    """
    clock = DiscordClock()
    claude = FakeClaude(clock)
    quiet = replace(manner, direction=replace(manner.direction, banter=0.0))
    chosen = Settings(data_dir=folder / "data", **({"heartbeat_seconds": 3600} | settings))
    if library is None:
        root = folder / "characters"
        library = library_in(root if root.exists() else folders(root, onyx=ONYX, ruby=RUBY), folder / "data")
    async with open_app(
        chosen, PIXEL, SERVER, library=library, manner=quiet, claude=claude, clock=clock, rng=Random(1)
    ) as app:
        client = open_client(app)
        env = await connected(client, clock)
        _name_applications(client, env)
        try:
            guild = env.create_guild("The Guild")
            mira = guild.add_member(env.create_user("mira", global_name="Mira"))
            tom = guild.add_member(env.create_user("tom", global_name="Tom"))
            channel = guild.create_text_channel("general")
            yield World(env, app, client, claude, guild, channel, mira, tom)
        finally:
            await env.shutdown()
        env.raise_errors()
        assert_filled(env.http_requests)


def _name_applications(client: Any, env: simcord.Env) -> None:
    """Let messages of the bot's own webhooks say so, as Discord does and this Discord does not."""
    parsers = client._connection.parsers
    as_sent = parsers["MESSAGE_CREATE"]

    def named(payload: Any) -> None:
        webhook = env.backend.webhooks.get(int(payload.get("webhook_id") or 0))
        if webhook is not None and webhook.creator_id == client.user.id:
            payload = {**payload, "application_id": str(client.application_id)}
        as_sent(payload)

    parsers["MESSAGE_CREATE"] = named


def shown_in(channel: Any) -> list[tuple[str, str]]:
    """Return who said what in a channel, by the name that stands there."""
    return [(one.author.name, one.content) for one in channel.history()]
