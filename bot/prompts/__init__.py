"""Every word that we put to Claude, as Markdown files filled by name."""

from functools import cache
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent


def fill(prompt: str, **values: str) -> str:
    """Return the words of `prompt`.md with $names replaced.

    Values are put in once and never looked at again, so nothing in them can act as a template.
    """
    return _template(prompt).substitute(values)


@cache
def _template(prompt: str) -> Template:
    return Template((FOLDER / f"{prompt}.md").read_text(encoding="utf-8").strip())
