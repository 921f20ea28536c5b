"""docs/cards.md: a folder of acore's characters is played as it is."""

import json
from pathlib import Path

import pytest

from tests.promises.outside import Clone
from tests.promises.quoting import promise
from tests.support.acore_files import CHARACTERS, card, put, write_prompts

pytestmark = pytest.mark.timeout(300)
COPY = "cp -r ../acore_bot/prompts ."
SETTINGS = (
    "printf '%s\\n' '' 'CHARACTERS_DIR=./prompts/characters' "
    """'ACTIVE_PERSONAS=["dagoth_ur.json", "scav.json"]' >> config.env"""
)


@pytest.fixture
def moved(clone: Clone) -> Clone:
    """Give a clone after the commands that the page has, where acore lies beside it."""
    characters = write_prompts(clone.folder.parent / "acore_bot")
    put(characters / "scav.json", card("Scav", "Scavenges the ash.", avatar_url="data:image/png;base64,!"))
    for command in (COPY, SETTINGS):
        done = clone.run("sh", "-c", command)
        assert done.code == 0, done.said
    return clone


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@promise(
    "cards.md",
    "cp -r ../acore_bot/prompts . printf '%s\\n' '' 'CHARACTERS_DIR=./prompts/characters' "
    """'ACTIVE_PERSONAS=["dagoth_ur.json", "scav.json"]' >> config.env python main.py doctor""",
)
@promise(
    "cards.md",
    "The first of `ACTIVE_PERSONAS` that can be played speaks as the bot's own account, unless `character` "
    "names another one.",
)
@promise(
    "cards.md",
    "Nothing is ever written into `prompts/`: what is compiled, and pictures from within files, go",
)
def test_acores_characters_are_played_as_they_are(moved: Clone, claude):
    moved.environ |= {"ANTHROPIC_API_KEY": claude.api_key, "ANTHROPIC_BASE_URL": claude.base_url}
    before = written(moved.folder / "prompts")
    for path in (moved.folder / "prompts").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = moved.main("doctor", "--offline")
    assert "✓ Dagoth Ur (dagoth_ur)" in done.out, done.said
    assert "✓ Further characters: Scav." in done.out
    (moved.folder / "lines.txt").write_text("hello\nScav, of the spring tide?\n")
    done = moved.main("chat", "--script", "lines.txt")
    assert done.code == 0, done.said
    assert "Dagoth Ur: A pleasure." in done.out
    assert "Scav: A pleasure." in done.out
    assert "Keeps the harbour." in claude.requests[0].system_text
    assert (moved.folder / "data/avatars/dagoth_ur.png").is_file()
    compiled = {path.name for path in (moved.folder / "data/compiled").iterdir()}
    assert compiled == {"dagoth_ur.json", "scav.json"}
    assert written(moved.folder / "prompts") == before


@promise("cards.md", "A file that can't be used is named with its fault, and the others are played.")
def test_a_file_that_cannot_be_used_is_named(moved: Clone):
    (moved.folder / "prompts/characters/dagoth_ur.json").write_text('{"spec": "chara_card_v2",\n')
    done = moved.main("doctor", "--offline")
    assert "✓ Scav (scav)" in done.out, done.said
    assert "prompts/characters/dagoth_ur.json:" in done.out


@promise("cards.md", "`cards inspect FILE` says of each field whether it is used or kept")
@promise("cards.md", "which of its extensions are used, each with what for, and which are only kept")
def test_inspect_says_what_is_used_and_what_is_kept(moved: Clone):
    for name in ("ferryman.json", "sergeant.json"):
        done = moved.main("cards", "inspect", f"prompts/characters/{name}")
        assert done.code == 0, done.said
        lines = done.out.splitlines()
        if name == "ferryman.json":
            assert "  extensions.acore.topic_interests: topics that draw it in" in lines
            assert "  extensions.acore.embedded_lorebook: a lorebook of its own" in lines
            kept = "extensions.acore.mode_profiles, extensions.acore.voice_model"
            assert f"Kept in the card, and not used: {kept}" in lines
        else:
            assert "  opinions: what it thinks of things" in lines
            assert "Kept in the sheet, and not used: legacy_config" in lines


@pytest.mark.slow
@promise(
    "cards.md", "That one, and what nothing here reads, is kept when the character is exported as a card."
)
def test_an_export_holds_what_nothing_here_reads(moved: Clone):
    file = "prompts/characters/dagoth_ur.json"
    done = moved.main("cards", "export", file, "--to", "json", "out.json")
    assert done.code == 0, done.said
    assert json.loads((moved.folder / "out.json").read_text()) == CHARACTERS["dagoth_ur.json"]
