"""Forty injections, wherever people can put words, against main.py on the real wire: they stay words."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.conversation.text.names import speaker_label
from tests.support.injections import HARMLESS, INJECTIONS, PLACES, is_only_talk, sent
from tests.support.wire import lawful
from tests.world.claude_server import Request
from tests.world.discord_objects import User
from tests.world.process import BotProcess, world

pytestmark = pytest.mark.timeout(180)

ANSWERED_WITHIN = 60.0
AT_ONCE = 20


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with world(tmp_path) as started:
        started.claude.answer_with("I see.")
        await started.start()
        yield started


def label(person: User) -> str:
    return speaker_label(person.name, person.id)


async def asked(bot: BotProcess, place: str, words: str) -> tuple[User, Request]:
    """Let somebody new send words in private; return who, and what Claude was asked then."""
    person = bot.discord.add_user("Mira")
    channel = bot.discord.dm_with(person)
    await sent(person, channel, place, words)
    await bot.discord.wait_for_message(channel, timeout=ANSWERED_WITHIN)
    return person, next(one for one in bot.claude.requests if label(person) in one.text)


async def stay_words(bot: BotProcess, tries: Sequence[tuple[str, str]]) -> None:
    """Put injections, by name, in places; check each request."""
    plain = {place: (await asked(bot, place, HARMLESS))[1] for place in dict(tries)}
    for first in range(0, len(tries), AT_ONCE):
        some = tries[first : first + AT_ONCE]
        found = await asyncio.gather(*(asked(bot, place, INJECTIONS[name]) for place, name in some))
        for (place, name), (person, request) in zip(some, found, strict=True):
            is_only_talk(request, plain[place], INJECTIONS[name], speaker=label(person))
    lawful(bot)


@pytest.mark.slow
async def test_each_injection_in_one_place_or_another_stays_words(bot):
    await stay_words(bot, [(list(PLACES)[at % len(PLACES)], name) for at, name in enumerate(INJECTIONS)])


@pytest.mark.slow
async def test_each_injection_in_each_place_stays_words(bot):
    await stay_words(bot, [(place, name) for place in PLACES for name in INJECTIONS])
