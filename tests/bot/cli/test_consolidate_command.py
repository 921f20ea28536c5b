"""`python main.py consolidate`: facts drawn from all talk so far, while the bot does not run (F074, C54)."""

import asyncio
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.terminal.consolidating import NOBODY, NOTHING_NEW, _Places, place_bar, report
from bot.core.data_lock import held
from memory.facts import FactTally
from tests.builders import table
from tests.learning import MIRA, agree, fact, finding, say, texts
from tests.support.paths import ROOT
from tests.world.claude_server import ScriptedClaude


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


async def consolidate(folder: Path, claude: ScriptedClaude, **settings: str) -> Outcome:
    """Run the command on a data folder, as a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "ANTHROPIC_API_KEY": claude.api_key,
        "ANTHROPIC_BASE_URL": claude.base_url,
        "CHARACTER": "pixel",
        "DATA_DIR": str(folder / "data"),
        "EMBEDDING_MODEL": "off",
        **settings,
    }
    for name in ("config.env", "character.env"):
        (folder / name).touch()
    files = ["--config", str(folder / "config.env"), "--character-env", str(folder / "character.env")]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "main.py", "consolidate", *files),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Outcome(process.returncode, out.decode(), err.decode())


async def talked(folder: Path) -> None:
    """Let Mira, who agreed, have said something that was not consolidated yet."""
    (folder / "data").mkdir()
    async with table(folder / "data") as at:
        await agree(at)
        await say(at, "I live in canary Oslo with my cat")


async def known(folder: Path) -> list[str]:
    async with table(folder / "data") as at:
        return await texts(at, MIRA)


@pytest.mark.slow
async def test_facts_are_drawn_and_what_came_of_it_is_told_in_numbers(tmp_path):
    await talked(tmp_path)
    async with ScriptedClaude() as claude:
        claude.will_say(finding(fact("Lives in canary Oslo", "live in canary Oslo")))
        first = await consolidate(tmp_path, claude)
        again = await consolidate(tmp_path, claude)
    assert first.code == 0, first.err
    assert first.out.splitlines() == [
        "Read 2 lines in 1 place, and kept 2 of them for those who agreed.",
        "1 fact added, 0 said again, 0 overtaken, 0 refused.",
    ]
    assert (again.code, again.out) == (0, f"{NOTHING_NEW}\n")
    assert "canary" not in first.out + first.err
    assert await known(tmp_path) == ["Lives in canary Oslo"]


@pytest.mark.slow
async def test_while_the_bot_runs_it_is_refused_and_nothing_is_asked(tmp_path):
    await talked(tmp_path)
    async with ScriptedClaude() as claude:
        with held(tmp_path / "data"):
            outcome = await consolidate(tmp_path, claude)
        assert claude.requests == []
    assert outcome.code != 0
    assert outcome.out == ""
    assert "already runs on" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.slow
async def test_what_no_answer_came_to_is_left_for_another_run_and_told(tmp_path):
    await talked(tmp_path)
    async with ScriptedClaude() as claude:
        claude.will_say("what?")
        outcome = await consolidate(tmp_path, claude)
    assert outcome.code == 1
    assert "1 place is left for another run" in outcome.out
    assert "no usable answer" in outcome.err


@pytest.mark.slow
async def test_without_a_character_it_says_what_to_mend(tmp_path):
    async with ScriptedClaude() as claude:
        outcome = await consolidate(tmp_path, claude, CHARACTER="nobody-of-that-name")
    assert outcome.code == 78
    assert "Traceback" not in outcome.err


def test_where_nothing_may_be_noted_that_is_said():
    assert next(report(FactTally(lines=3), 1, off=True)) == NOBODY


@pytest.mark.parametrize("screen", [True, False])
def test_the_bar_is_for_screens_and_the_places_are_counted_anyway(screen):
    out, places = io.StringIO(), _Places()
    with place_bar(Console(file=out, force_terminal=screen, width=80), places) as progress:
        progress(20, 31)
        progress(31, 31)
    assert (places.done, places.total) == (31, 31)
    assert ("31/31" in out.getvalue()) is screen
