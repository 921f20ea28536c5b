"""Write the example files and docs/settings.md from the settings: `python -m bot.settings --write`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.settings.pages import character_example, config_example, settings_page

ROOT = Path(__file__).resolve().parents[2]


def written_files() -> dict[str, str]:
    """Return the text of every generated file, by its path in the project."""
    return {
        "config.env.example": config_example(),
        "character.env.example": character_example(),
        "docs/settings.md": settings_page(),
    }


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Write the files, or only report outdated ones; exit code 1 if any was not written."""
    parser = argparse.ArgumentParser(prog="python -m bot.settings", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what is out of date")
    write = parser.parse_args(arguments).write
    stale = [name for name, text in written_files().items() if _content(root / name) != text]
    for name in stale:
        if write:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(written_files()[name], encoding="utf-8", newline="\n")
        sys.stdout.write(f"{name} {'written' if write else 'is out of date'}\n")
    return 1 if stale and not write else 0


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
