"""Replies that grow in Discord: who is pinged, what is heard of them, and what the log says."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation.config import Streaming
from tests.builders import AT_ONCE
from tests.fakes import EPOCH
from tests.support.aloud import Aloud
from tests.support.discord import World, world

GROWING = replace(AT_ONCE, streaming=Streaming(enabled=True, gap=0.0))
SOUP = "I like leek soup. It is green and hot, and nobody else here wants any of it. " * 3


async def breath(_: float) -> None:
    """Leave a moment to what goes on beside it: the in-memory Discord's own time would stand still."""
    await asyncio.to_thread(time.sleep, 0.004)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=GROWING) as entered:
        entered.claude.ask = Aloud(entered.claude, breath).ask  # type: ignore[method-assign]
        yield entered


def edits(w: World) -> list[dict[str, object]]:
    made = [one for one in w.env.http_requests if one.method == "PATCH" and "/messages/" in one.path]
    return [one.json or {} for one in made]


async def test_a_reply_grows_in_one_message_and_the_log_has_it_once(w):
    w.claude.will_say(SOUP)
    await w.mira.send(w.channel, "Pixel, what soup?")
    await w.env.settle()
    assert w.said() == [SOUP.strip()]
    assert w.posts()[0]["content"] == "I like leek soup."
    assert edits(w)[-1]["content"] == SOUP.strip()
    async with w.app.database.read() as db:
        lines = await db.messages.transcript(w.channel.id, "pixel", since=EPOCH.replace(year=2000))
        assert [line.text for line in lines] == ["Pixel, what soup?", SOUP.strip()]
        assert await db.drafts.channels() == []


async def test_the_first_words_may_ping_who_asked_and_no_edit_pings_anybody(w):
    w.claude.will_say(f"<@{w.mira.id}>, hear me. {SOUP} <@{w.tom.id}> @everyone too.")
    await w.mira.send(w.channel, "Pixel, what soup?")
    await w.env.settle()
    assert w.posts()[0]["allowed_mentions"] == {"parse": [], "users": [w.mira.id]}
    assert edits(w)
    assert all(one["allowed_mentions"] == {"parse": []} for one in edits(w))


@pytest.mark.slow
async def test_a_growing_reply_that_a_moderator_deletes_is_not_posted_again(w):
    aloud = Aloud(w.claude, breath)
    w.claude.ask = aloud.ask
    w.claude.will_say(SOUP * 4)

    async def delete() -> None:
        (message,) = [one for one in w.channel.history() if one.author.id == w.client.user.id]
        w.env.backend.delete_message(w.channel.id, message.id)

    aloud.at_word[30] = delete
    await w.mira.send(w.channel, "Pixel, what soup?")
    await w.env.settle()
    assert w.said() == []
