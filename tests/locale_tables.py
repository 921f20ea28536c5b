"""The tables in bot/locales, kept in step with the program: python -m tests.locale_tables --write.

What the code marks (`_`, `n_`) and what Discord shows of the commands is gathered. Messages that are new
stand in each table without a translation, those that are gone are taken out, and what merely resembles one
that there was is marked fuzzy, which counts as missing until somebody looked.
"""

import asyncio
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import discord
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from discord import app_commands

from bot.core.i18n import ABOUT, CHOICE, COMMAND, MENU, OPTION, TABLES
from tests.command_reference import tree_of_the_program

ROOT = Path(__file__).parent.parent
KEYWORDS: dict[str, Any] = {"_": {1: (1,), 2: (1, (2, "c")), 3: (1, (2, "c"))}, "n_": (1, 2)}
"""By how many arguments there are, as Babel counts them: a comma at the end is one more."""
MARKED_IN = ("bot", "cogs", "console")
HEAD = """\
# What people read of Masquerade in another language than English: see docs/languages.md.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""
NOT_DESCRIBED = "…"
"""What discord.py puts where an option has no description."""


def catalog_of(path: Path) -> Catalog:
    """Read a file as Babel does; Discord writes "pt-BR" where Babel writes "pt_BR"."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem.replace("-", "_"))


def template(tree: app_commands.CommandTree[Any]) -> Catalog:
    """Return every message that there is, without a translation."""
    catalog = Catalog()
    for folder in MARKED_IN:
        for path, _line, message, _comments, context in extract_from_dir(
            ROOT / folder,
            [("**.py", "python")],
            keywords=KEYWORDS,
            comment_tags=(),
            directory_filter=lambda _path: True,  # Babel's own leaves out what begins with "_"
        ):
            catalog.add(message, locations=[(f"{folder}/{path}", 0)], context=context)
    for context, message in _of_commands(tree):
        catalog.add(message, context=context)
    return catalog


def _of_commands(tree: app_commands.CommandTree[Any]) -> Any:
    for one in tree.walk_commands():
        yield COMMAND, f"/{one.qualified_name}"
        yield ABOUT, one.description
        for option in getattr(one, "parameters", ()):
            yield OPTION, option.display_name
            if str(option.description) != NOT_DESCRIBED:
                yield ABOUT, str(option.description)
            yield from ((CHOICE, choice.name) for choice in option.choices)
    for menu in tree.walk_commands(type=discord.AppCommandType.message):
        yield MENU, menu.name
        yield ABOUT, menu.extras["about"]


def brought_up_to_date(path: Path, wanted: Catalog) -> str:
    """Return what a table has to look like: sorted, so that two changes seldom meet."""
    table = catalog_of(path)
    table.update(wanted, no_fuzzy_matching=True)
    written = BytesIO()
    write_po(
        written,
        table,
        sort_output=True,
        omit_header=True,
        ignore_obsolete=True,
        include_lineno=False,
        width=100,
    )
    head = HEAD.format(language=path.stem.replace("-", "_"), plural=table.plural_forms)
    return head + written.getvalue().decode("utf-8")


async def main(*, write: bool) -> int:
    """Write the tables anew, or say which are behind and what is not translated in them."""
    async with tree_of_the_program() as tree:
        wanted = template(tree)
    behind = 0
    for path in sorted(TABLES.glob("*.po")):
        text = brought_up_to_date(path, wanted)
        behind += text != path.read_text(encoding="utf-8")
        if write:
            path.write_text(text, encoding="utf-8")
        with BytesIO(text.encode()) as file:
            missing = [one for one in read_po(file) if one.id and (one.fuzzy or not _translated(one))]
        for one in missing[:20]:
            _tell(f"{path.name}: not translated: {one.context or ''} {one.id!r}")
        _tell(f"{path.name}: {len(missing)} of {len(wanted)} not translated")
    return 0 if write else behind


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _translated(message: Any) -> bool:
    forms = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(forms)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(write="--write" in sys.argv)))
