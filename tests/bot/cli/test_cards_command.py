"""`main.py cards`: what a card would do, and a card as another kind of file (C31, F107)."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bot.cli.main import EX_CONFIG, main
from personas.cards import card_from, read_card, write_png
from tests.carding import BOOK, V1, V2, V3, as_json, changed
from tests.world.process import ROOT


@pytest.fixture
def low(tmp_path: Path) -> Path:
    path = tmp_path / "low.png"
    path.write_bytes(
        write_png(card_from(changed(V3, first_mes="{{foo}} Yes?", creator_notes_multilingual=None)))
    )
    return path


def shown(capsys, *arguments: object) -> str:
    assert main(["cards", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refusal(capsys, *arguments: object) -> str:
    assert main(["cards", *map(str, arguments)]) == EX_CONFIG
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_a_card_is_shown_before_it_is_used(low: Path, capsys):
    """D18: version, sizes, greetings, lore, macros, what is ignored, and what to read first."""
    text = shown(capsys, "inspect", low)
    assert text.startswith(
        "Low: a card of version 3, from PNG, by ann, its author's version 1.2, tags railway\n"
    )
    for line in (
        "Greetings: one; 2 to choose from; 1 for places with several characters",
        "Macros: {{char}}, {{original}}, {{user}}",
        "Macros that mean nothing here and stay as they are: {{foo}}",
        "Kept in the card, and not used: extensions.unknown/tool, extensions.depth_prompt, unknown_field",
        "  | Stay dry. {{original}}",
        "  | Two sentences at most.",
        "The creator's notes, for you and never in a prompt:",
        "  | SECRET-OF-THE-CREATOR",
        "  ! system_prompt holds instructions that stand before everything else; read them",
    ):
        assert line in text.split("\n"), line
    assert re.search(
        r"^Lorebook: 1 entry, \d+ tokens in all; 0 of them always in the prompt, 0 tokens$",
        text,
        re.MULTILINE,
    )
    assert f"copy {low} to card.png in it" in text
    assert "\x1b" not in text


def test_the_sizes_add_up(low: Path, capsys):
    rows = [line.split() for line in shown(capsys, "inspect", low).split("\n")]
    sizes = [int(row[-1].replace(",", "")) for row in rows if row and row[-1].replace(",", "").isdigit()]
    *parts, whole = sizes
    assert len(parts) == 5
    assert sum(parts) == whole > 20


def test_what_a_card_says_can_not_move_the_cursor(tmp_path: Path, capsys):
    sly = dict.fromkeys(("creator", "creator_notes", "system_prompt", "first_mes"), "a\x1b[2J\x07\u202eb")
    path = tmp_path / "sly.json"
    path.write_bytes(as_json(changed(V2, **sly, tags=["\x1b]0;x\x07"], extensions={"\x1b[31m": 1})))
    text = shown(capsys, "inspect", path)
    assert not set(text) & set("\x1b\x07\u202e")
    assert "a [2J b" in text


def test_a_long_text_is_shown_in_part_and_says_so(tmp_path: Path, capsys):
    path = tmp_path / "long.json"
    path.write_bytes(as_json(changed(V2, system_prompt="word " * 2_000)))
    assert "(and 5,999 characters more)" in shown(capsys, "inspect", path)


def test_a_sheet_and_a_lorebook_are_shown(tmp_path: Path, capsys):
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps({"display_name": "Ur", "identity": {"who": "god"}, "quirks": ["hums"], "odd": 1})
    )
    text = shown(capsys, "inspect", path)
    assert text.startswith("Ur: a character sheet, from JSON\n")
    assert "Kept in the sheet, and not used: odd" in text.split("\n")
    assert "to character.json in it" in text
    path.write_text(json.dumps({**BOOK, "entries": {"0": {"content": "abcd", "constant": True}, "1": 3}}))
    text = shown(capsys, "inspect", path)
    assert text.startswith("Office: a lorebook, from JSON\n")
    assert "Lorebook: 1 entry, 1 token in all; 1 of them always" in text


@pytest.mark.parametrize("kind", ["json", "png", "charx"])
def test_a_card_is_exported_as_any_kind(tmp_path: Path, capsys, kind):
    """C31: with everything that it holds."""
    source, out = tmp_path / "v1.json", tmp_path / f"out.{kind}"
    source.write_bytes(as_json(V1))
    text = shown(capsys, "export", source, "--to", kind, out)
    assert text == f"Wrote {out}: {out.stat().st_size:,} bytes.\n"
    assert read_card(out.read_bytes()).original == V1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([source.name, out.name])


def test_an_export_to_json_says_what_it_leaves(low: Path, tmp_path: Path, capsys):
    assert "no picture" in shown(capsys, "export", low, "--to", "json", tmp_path / "out.json")


def test_nothing_is_overwritten_unasked(low: Path, tmp_path: Path, capsys):
    out = tmp_path / "out.json"
    out.write_text("mine")
    assert "already" in refusal(capsys, "export", low, "--to", "json", out)
    assert out.read_text() == "mine"
    shown(capsys, "export", low, "--to", "json", out, "--force")
    assert read_card(out.read_bytes()).version == 3


def test_a_file_that_is_no_card_is_refused_with_the_reason(tmp_path: Path, capsys):
    """Exit code 78, one sentence, no traceback."""
    path = tmp_path / "broken.json"
    path.write_text('{"name": "a",\n"description": }')
    assert refusal(capsys, "inspect", path) == (
        f"{path} is no JSON: expecting value in line 2; mend that line.\n"
    )
    out = tmp_path / "out.png"
    assert "line 2" in refusal(capsys, "export", path, "--to", "png", out)
    assert not out.exists()
    assert "There is no file" in refusal(capsys, "inspect", tmp_path / "none.png")
    assert "There is no file" in refusal(capsys, "inspect", tmp_path)


def test_a_place_that_can_not_be_written_to_is_said(low: Path, tmp_path: Path, capsys):
    out = tmp_path / "nowhere" / "out.png"
    assert "can't be written" in refusal(capsys, "export", low, "--to", "png", out)


def test_an_order_is_needed(capsys):
    with pytest.raises(SystemExit):
        main(["cards"])
    assert "order" in capsys.readouterr().err


IMPORTED = """\
import sys
from bot.cli.main import main
main(["cards", "inspect", sys.argv[1]])
print("imported", *sys.modules)
"""


def test_to_look_into_a_card_imports_neither_discord_nor_claude_nor_the_database(low: Path):
    command = [sys.executable, "-c", IMPORTED, str(low)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    imported = set(ran.stdout.splitlines()[-1].split())
    assert "personas.cards" in imported
    assert not imported & {
        *("discord", "anthropic", "sqlalchemy", "aiohttp", "apscheduler", "numpy"),
        *(
            "bot.app",
            "bot.cli.commands",
            "bot.conversation.company",
            "personas.relations.signs",
        ),
    }
