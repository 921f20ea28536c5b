"""The drill sees what goes wrong; a quick part of it is run with the slow tests (`python -m tests.drill`)."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.drill.score import Score
from tests.drill.town import Town
from tests.world.claude_server import ScriptedClaude
from tests.world.discord_server import DiscordServer
from tests.world.process import ROOT, BotProcess

SEED = "71"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town whose bot does not run: what it has said and noted is told by the tests."""
    discord = DiscordServer()
    town = Town(BotProcess(discord, ScriptedClaude(), tmp_path), Random(1), lambda _query: [])
    town.people = [discord.add_user("Mira"), discord.add_user("Tom")]
    return town


def wrong(town: Town, *noted: int) -> dict[str, object]:
    claims = [(town.lines[number].message.id, 0) for number in noted]
    town.rows = lambda query: claims if "claims" in query else [(0,)] if "count" in query else []
    return dict([*town._unfinished(), *town._spoilt()])


def test_all_is_well_where_each_line_was_noted_and_answered_once(town):
    mira = town.people[0]
    town.say(town.private(mira), mira)
    town.bot.discord.post(town.private(mira), town.bot.discord.bot, "answers 1 by 1")
    assert wrong(town, 1) == {}


def test_a_line_that_was_not_noted_or_not_answered_or_answered_twice_is_seen(town):
    mira = town.people[0]
    here = town.private(mira)
    for _ in range(3):
        town.say(here, mira)
    for words in ("answers 3 by 1", "answers 3 by 2"):
        town.bot.discord.post(here, town.bot.discord.bot, words)
    assert wrong(town, 2, 3) == {"never noted": 1, "lost": 2, "answered twice": 3}


def test_a_long_answer_that_was_torn_is_seen(town):
    mira = town.people[0]
    town.say(town.private(mira), mira)
    for words in ("answers 1 by 9", "rest-1-by-9-abc"):
        town.bot.discord.post(town.private(mira), town.bot.discord.bot, words)
    assert wrong(town, 1) == {"lost": "a part of answer 9"}


def test_a_word_out_of_a_direct_message_is_a_leak_anywhere_else(town):
    mira, tom = town.people
    secret = town.words[town.say(town.private(mira), mira).canary]
    assert town._may(secret, town.private(mira), one_person=False)
    assert not town._may(secret, town.private(tom), one_person=False)


def test_the_line_counts_each_kind_apart():
    score = Score()
    assert score.is_clean
    score.tried.update(fault=300, prompt=20_000, forged=80, guard=50)
    assert score.line() == (
        "faults survived 300/300 · never noted 0 · lost 0 · answered twice 0 · out of order 0 · "
        "leaks 0/20,000 prompts · residue 0 bytes · forged 0/80 · guards 50/50"
    )
    score.failed("residue", "a word in a file", 13)
    assert "residue 13 bytes" in score.line()
    assert not score.is_clean


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_quick_drill_comes_through():
    command = [sys.executable, "-m", "tests.drill", "--quick", "--seed", SEED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
