"""What several tests stand on: live characters."""

from pathlib import Path

import pytest

from bot.features.characters.library import Library
from bot.features.characters.shelves import sources_of
from tests.builders import Table


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8")


def sheet(name: str, prompt: str, **keys: str) -> str:
    lines = {"default_name": name, "core_prompt": prompt, **keys}
    return "".join(f'{key}="{value}"\n' for key, value in lines.items())


def library(folder: Path, *names: str) -> Library:
    """Return the library of these characters, the first being the bot's own."""
    characters = folder / "characters"
    return Library(
        sources_of(characters=characters, character=names[0], sheet=None, others=names[1:], slug=""),
        characters=characters,
        frameworks=characters / "_frameworks",
        compiled=folder / "compiled",
        pictures=folder / "pictures",
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write(tmp_path / "characters/nyx/character.env", sheet("Nyx", "You are Nyx, who watches the stars."))
    write(tmp_path / "characters/fangs/character.env", sheet("Fangs", "You are Fangs."))
    return tmp_path


def last(at: Table) -> str:
    return at.claude.prompts[-1].text
