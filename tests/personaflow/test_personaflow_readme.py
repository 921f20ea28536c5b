"""PersonaFlow as its two pages show it: every block of them runs as it stands. (C96)"""

import logging
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

ORIGINAL = ROOT.parent / "shared/seeds/personaflow-readme.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in ("PersonaFlow", "PersonaSystem", "lighthouse"):
        for handler in [*logging.getLogger(name).handlers]:
            logging.getLogger(name).removeHandler(handler)
            handler.close()


def run(page: Path, before=lambda number, names: None) -> tuple[int, dict]:
    names: dict = {}
    blocks = list(_BLOCK.finditer(page.read_text(encoding="utf-8")))
    for number, block in enumerate(blocks, start=1):
        before(number, names)
        line = page.read_text(encoding="utf-8").count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), names)
    return len(blocks), names


@pytest.mark.skipif(not ORIGINAL.is_file(), reason=f"the original's README is not at {ORIGINAL}")
def test_the_originals_readme_runs_unchanged(folder, capsys):
    """P21."""

    def bind_character(number, names):
        if number == 3:
            names["character"] = names["system"].get_character("TechExpert")

    count, names = run(ORIGINAL, before=bind_character)
    assert count == 8
    assert "What's your name?" in capsys.readouterr().out
    assert names["response"] == "Generated response based on context..."
    assert [memory["type"] for memory in names["context"]["memories"]] == ["interaction"] * 2
    assert {path.name for path in folder.iterdir()} == {
        "persona_flow.log",
        "system.log",
        "system_backup.json",
        "character_backup.json",
        "memories_backup.json",
        "system_state.json",
    }
    assert "System state saved successfully" in (folder / "system.log").read_text()
    assert "DEBUG" not in (folder / "persona_flow.log").read_text()


def test_our_own_page_is_true_to_the_last_block(folder):
    """P21: a machine without the original's README checks the same ground."""
    count, _ = run(ROOT / "docs/personaflow.md")
    assert count == 8
    assert "INFO - the lamp is lit" in (folder / "lighthouse.log").read_text()
    assert (folder / "characters/otto/character.env").is_file()
