"""A language in which every letter of ours is Cyrillic: what is left in Latin letters came from no table."""

import re
from collections.abc import Collection
from gettext import GNUTranslations
from io import BytesIO
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from bot.core import i18n

LATIN = "abcdefghijklmnopqrstuvwxyz"
OTHER = "абцдефгхийклмнопярстуввхуз"
_LETTERS = str.maketrans(LATIN + LATIN.upper(), OTHER + OTHER.upper())
# What stays as it is in every language: fields, code, Discord's own markup, addresses, commands, marks.
_KEPT = re.compile(
    r"\{[^{}]*\}|`[^`]*`|<[^<>\s][^<>]*>|https?://\S+|(?<![\w/])/[a-z]\w*(?: [a-z]\w*){0,2}|\S+\.md\S*"
    r"|\b[0-9a-f]{12}\b"
)
_WORD = re.compile(r"[A-Za-z]{3,}")


def table(wanted: Catalog) -> i18n.Table:
    """Return the language, for everything that there is to translate."""
    catalog = Catalog(locale="de")
    names = {str(one.id) for one in wanted if one.context == i18n.COMMAND}
    for message in wanted:
        if not message.id:
            continue
        forms = [message.id] if isinstance(message.id, str) else message.id
        forms = tuple(written(one, names) for one in forms)
        said = forms[0] if isinstance(message.id, str) else forms
        catalog.add(message.id, said, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return i18n.Table(GNUTranslations(compiled), {one: one.translate(_LETTERS) for one in names})


def written(message: str, commands: Collection[str] = ()) -> str:
    """Return a message in this language; of what looks like a command the words after its name, too."""
    said, at = "", 0
    for found in _KEPT.finditer(message):
        kept = _named(found[0], commands)
        said += message[at : found.start()].translate(_LETTERS) + kept
        at = found.start() + len(kept)
    return said + message[at:].translate(_LETTERS)


def _named(mention: str, commands: Collection[str]) -> str:
    words = mention.split(" ")
    names = (" ".join(words[:size]) for size in range(len(words), 0, -1))
    return next((name for name in names if name in commands), mention)


def left_in_english(text: str, *, known: set[str]) -> list[str]:
    """Return the words of a text that came from no table, without those that are known to be data."""
    bare = _KEPT.sub(" ", text)
    return [word for word in _WORD.findall(bare) if word not in known]


def shown(result: Any) -> list[str]:
    """Return everything that can be read in the answer to a command or a press."""
    texts: list[str] = []
    if getattr(result, "modal", None) is not None:
        texts += _strings(result.modal)
    for one in (getattr(result, "response", None), *getattr(result, "followups", ())):
        if one is not None:
            texts += [one.content, *_strings(one.components)]
            for embed in one.embeds:
                texts += _strings(embed)
    return [text for text in texts if text]


_READ = {"label", "placeholder", "description", "title", "text", "name", "value", "content"}


def _strings(node: Any, key: str = "") -> list[str]:
    """Return what is to be read in a component or an embed, as Discord keeps it."""
    if isinstance(node, str):
        return [node] if key in _READ else []
    if isinstance(node, dict):
        # The value of a line in a menu is for the program; that of a field in an embed is to be read.
        ours = {name: one for name, one in node.items() if name != "value" or "name" in node}
        return [text for name, one in ours.items() for text in _strings(one, name)]
    if isinstance(node, list | tuple):
        return [text for one in node for text in _strings(one, key)]
    return []
