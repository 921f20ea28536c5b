"""main.py on the real wire: what is told is learnt overnight, recalled after a restart, and forgotten."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world.process import BotProcess, world
from tests.world.replies import Talk, lawful

pytestmark = pytest.mark.timeout(240)

TOLD = "I live in Oslo with two cats named Momo and Kiki"
KNOWN = "Has two cats named Momo and Kiki"
FACT = {
    "text": KNOWN,
    "quote": "two cats named Momo and Kiki",
    "category": "pets",
    "tags": ["cats"],
    "about": "",
}


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    # Batches are tested on their own: here nobody waits for one.
    async with world(tmp_path, MEMORY_BATCHES="false") as started_later:
        yield started_later


async def test_what_is_told_is_learnt_recalled_shown_and_forgotten(bot):
    talk = Talk.beginning(bot)
    asked_for_facts = bot.claude.when(lambda request: "Write a fact for each thing" in request.system_text)
    asked_for_facts.answer_with(json.dumps({"facts": [FACT]}))
    await bot.start()
    agreed = await talk.use("privacy yes")
    assert agreed.is_ephemeral
    await talk.ask(["one"], TOLD)
    code, printed = await bot.command("consolidate")
    assert code != 0, "the bot runs on this folder"
    assert "already runs" in printed
    assert await bot.terminate() == 0

    code, printed = await bot.command("consolidate")
    assert (code, "1 fact added" in printed) == (0, True), printed
    assert TOLD not in printed
    code, printed = await bot.command("consolidate")
    assert "nothing to draw facts from" in printed

    await bot.start()
    request = await talk.ask(["two"], "tell me about my two cats once more")
    tail = request.messages[-1]["content"][-1]["text"]
    assert "What Pixel remembers" in tail
    assert KNOWN in tail
    assert KNOWN not in request.system_text
    shown = await talk.use("memory facts")
    assert shown.is_ephemeral
    assert KNOWN in str(shown.content) + str(shown.embeds)

    refused = await talk.use("privacy no")
    assert refused.is_ephemeral
    await talk.until_nowhere(KNOWN)
    request = await talk.ask(["three"], "tell me about my two cats again please")
    assert KNOWN not in request.text
    lawful(bot)
    assert TOLD not in bot.log
