"""`main.py simulate`: scenes with their own time and their own model. (C93)"""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from bot.cli.simulate.play import play
from bot.core.errors import ConfigurationError
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/simulating.md").read_text(encoding="utf-8")
EVENING = PAGE.partition("```yaml\n")[2].partition("```")[0]


@pytest.fixture
def played(tmp_path):
    """Return a function that plays a scenario and returns its exit code and what it prints."""

    def playing(text: str) -> tuple[int, str]:
        out, file = StringIO(), tmp_path / "scene.yaml"
        file.write_text(text, encoding="utf-8")
        return play(file, characters_dir=ROOT / "characters", out=out), out.getvalue()

    return playing


def scene(*steps: str, **more: str) -> str:
    head = "".join(f"{key}: {value}\n" for key, value in more.items())
    return f"characters: [nyx]\n{head}steps:\n" + "".join(f"  - {step}\n" for step in steps)


@pytest.mark.slow
def test_the_scenario_of_the_docs_is_played_as_it_stands(played):
    code, printed = played(EVENING)
    assert code == 0, printed
    assert "02 Mar 22:30:06 #general Nyx Void: Always." in printed
    assert printed.endswith("5 steps, 5 with expectations: all as expected.\n")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_transcript_in_another_process(tmp_path):
    file = tmp_path / "scene.yaml"
    file.write_text(EVENING, encoding="utf-8")
    command = [sys.executable, ROOT / "main.py", "simulate", file]
    printed = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert "Always." in printed[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("silence", "Nyx Void spoke, not nobody (called by name)"),
        ("{speakers: [Fangs]}", "Nyx Void spoke, not Fangs"),
        ("{says: goodbye}", "what was said does not hold 'goodbye'"),
        ("{lacks: Always}", "what was said holds 'Always'"),
        ("{reason: voted}", "the reason was 'called by name', not 'voted'"),
        ("{within: 2s}", "not within 0:00:02"),
        ("{prompt_holds: zebra}", "the prompt does not hold 'zebra'"),
        ("{prompt_lacks: awake}", "the prompt holds 'awake'"),
        ("{rows: {turns: 2}}", "the table turns has 1 rows, not 2"),
        ("{rows: {nonsense: 2}}", "there is no table 'nonsense'; there are "),
    ],
)
def test_what_is_not_as_expected_is_told_with_its_step(played, expected, told):
    line = f'{{who: Mira, says: "Nyx, awake?", model: {{reply: Always.}}, expect: {expected}}}'
    code, printed = played(scene("wait: 1m", line))
    assert code == 1
    assert told in printed
    assert "  step 2: " in printed
    assert "1 not as expected" in printed


def test_a_scene_touches_no_database_of_the_operators(played):
    line = "{who: Mira, says: 'Nyx?', model: {reply: Always.}, expect: {says: Always}}"
    settings = "{database_url: 'postgresql://me@127.0.0.1:1/mine', core_memory_pickle_dir: /nowhere}"
    code, printed = played(scene(line, settings=settings))
    assert code == 0, printed


def test_a_reply_that_the_scenario_does_not_have_is_told(played):
    code, printed = played(scene('{who: Mira, says: "Nyx, awake?"}'))
    assert code == 1
    assert "asked for a reply that the scenario does not have" in printed


def test_a_vote_decides_and_a_bare_yes_is_a_word(played):
    ask = '{who: Tom, says: "does anybody know a good bakery?", model: {reply: Mine., vote: '
    assert played(scene(ask + "[yes, yes]}, expect: {speakers: Nyx Void, says: Mine}}"))[0] == 0
    assert played(scene(ask + "[no, no]}, expect: silence}"))[0] == 0


def test_an_answer_that_nobody_asked_for_is_not_said_to_a_later_line(played):
    code, printed = played(
        scene(
            "{who: Tom, says: lol, model: {reply: Too much.}, expect: silence}",
            '{who: Mira, says: "Nyx, awake?", model: {reply: Always.}, expect: {says: Always, lacks: much}}',
        )
    )
    assert code == 0, printed


def test_two_characters_answer_who_calls_both(played):
    line = '{who: Mira, says: "Nyx, Fangs, who is older?", model: {reply: [I am., No. I am.]}, expect: '
    both = "{speakers: [Nyx Void, Her Fangs Pierce Times Throat]}}"
    code, printed = played(f"characters: [nyx, fangs]\nsteps:\n  - {line}{both}")
    assert code == 0, printed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "is no YAML"),
        ("- 1", "the file: write keys with values here"),
        (scene("wait: 1m", begins="2026-02-30 12:00:00"), "is no YAML: day is out of range"),
        (scene("wait: 1m", seed="9" * 5_000), "is no YAML: Exceeds the limit"),
        (scene("wait: 1m", settings="{<<: {greet_newcomers: false}}"), "is no YAML: could not determine"),
        (scene("wait: 99999999999999d"), "step 1, wait: write a span of 366 days at most"),
        (scene("who: Mira"), "step 1: a line needs both `who` and `says`"),
        (scene("wait: soon"), "step 1, wait: write a span such as 30s"),
        (scene("wat: 1m"), "step 1, wat: there is no such key here"),
        (scene("model: {replies: x}"), "step 1, model"),
        (scene("wait: 1m", settings="{min_typing: 1}"), "did you mean min_typing_time"),
        ("characters: [nix]\nsteps: [{wait: 1m}]", "did you mean nyx"),
    ],
)
def test_a_fault_of_the_file_is_named_with_its_place_and_the_mend(played, text, told):
    with pytest.raises(ConfigurationError) as caught:
        played(text)
    assert told in str(caught.value)
    assert "scene.yaml" in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no shell with pipes")
def test_whoever_stops_reading_gets_no_traceback(tmp_path):
    file = tmp_path / "scene.yaml"
    file.write_text(EVENING, encoding="utf-8")
    command = f"{sys.executable} {ROOT / 'main.py'} simulate --prompts {file} | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match=r"none\.yaml can't be read"):
        play(Path("none.yaml"))
