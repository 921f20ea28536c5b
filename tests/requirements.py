"""Writes requirements.txt from what pyproject.toml needs at least: `python -m tests.requirements --write`."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements.txt"
HEAD = """\
-c constraints.txt
# Made from pyproject.toml by `make docs`. `make run` installs more: see README.md.
"""


def requirements() -> str:
    """Return the file as it has to be: what is needed without any extra, in the versions that were tested."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return HEAD + "".join(f"{one}\n" for one in project["dependencies"])


if __name__ == "__main__":
    if "--write" in sys.argv:
        REQUIREMENTS.write_text(requirements(), encoding="utf-8")
    else:
        sys.stdout.write(requirements())
