"""What several tests stand on: examples."""

from pathlib import Path

from bot.settings.envfile import read_env
from personas.character import Character, character_from

ROOT = Path(__file__).parents[2]


CHARACTERS = ROOT / "characters"


EXAMPLES = ("nyx", "fangs", "pixel")


def shipped(slug: str) -> Character:
    return character_from(read_env(CHARACTERS / slug / "character.env").values, slug)
