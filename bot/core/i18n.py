"""Translations of texts for people: gettext's tables in bot/locales, one file for each language (C95).

A message stands in the code in English, marked as `_("…")` (or `n_` if a number selects the form), and is
translated when it is written out: in an f-string, by `str()`, by `format()` or by any other method of a
string. The language is that of the task: `speak` sets it for the rest of the task, `speaking` for a block. So
constants of modules can be marked, too. C code that only looks at the characters (`", ".join`, `json`, `re`)
would output English: write the message out with `str()` before.

Texts for the database, the log, the log channel and models are not marked.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parents[1] / "locales"
SOURCE = "en"
"""The language of the code; it has no table."""

COMMAND, MENU, OPTION, CHOICE, ABOUT = "command", "menu", "option", "choice", "about"
"""Contexts of the texts that Discord shows for commands: names of commands, with a slash and their groups; of
those in the menu of a message; of options; of choices; and descriptions of commands and options.
"""

_COMMAND_MENTION = re.compile(r"(?<![\w/<:.])/[a-z][\w-]*(?: [a-z][\w-]*){0,2}")


class Table:
    """The messages of one language, and its names for commands."""

    def __init__(self, messages: GNUTranslations, commands: Mapping[str, str]) -> None:
        self._messages = messages
        self._commands = commands

    def find(self, message: str, context: str = "") -> str:
        """Return a message in this language; in English without a translation."""
        found = self._messages.pgettext(context, message) if context else self._messages.gettext(message)
        return self._with_names(found)

    def find_plural(self, one: str, more: str, count: int) -> str:
        """Return the form of a message for a number; in English without a translation."""
        return self._with_names(self._messages.ngettext(one, more, count))

    def command(self, qualified_name: str) -> str:
        """Return a command's name, with its groups and without the slash; in English if untranslated."""
        return self._named(f"/{qualified_name}").removeprefix("/")

    def _with_names(self, text: str) -> str:
        """Return a text that mentions commands by the names that Discord shows in this language."""
        return _COMMAND_MENTION.sub(lambda found: self._named(found[0]), text) if "/" in text else text

    def _named(self, mention: str) -> str:
        words = mention.split(" ")
        for size in range(len(words), 0, -1):
            if called := self._commands.get(" ".join(words[:size])):
                return " ".join([called, *words[size:]])
        return mention


_spoken: ContextVar[Table | None] = ContextVar("spoken", default=None)


def languages() -> tuple[str, ...]:
    """Return the available languages, English first."""
    return (SOURCE, *sorted(path.stem for path in TABLES.glob("*.po")))


@cache
def table_of(locale: str) -> Table | None:
    """Return the table for a locale such as "de" or "pt-BR"; None for English."""
    for name in dict.fromkeys((locale, locale.partition("-")[0])):
        path = TABLES / f"{name}.po"
        if re.fullmatch(r"[A-Za-z0-9-]+", name) and path.is_file():
            return load(path)
    return None


def read_all() -> None:
    """Load all tables in advance, so that no later call has to wait."""
    for language in languages():
        table_of(language)


def load(path: Path) -> Table:
    """Read a table in gettext's own format."""
    from polib import pofile

    file = pofile(str(path), encoding="utf-8")
    commands = {entry.msgid: entry.msgstr for entry in file.translated_entries() if entry.msgctxt == COMMAND}
    return Table(GNUTranslations(BytesIO(file.to_binary())), commands)


def fingerprint() -> bytes:
    """Return a value that changes whenever a table does."""
    return b"".join(sha256(path.read_bytes()).digest() for path in sorted(TABLES.glob("*.po")))


def speak(locale: str | None) -> None:
    """Use the language of a locale in this task from now on; None is English."""
    _spoken.set(table_of(str(locale)) if locale else None)


@contextmanager
def speaking(locale: str | None) -> Iterator[None]:
    """Use the language of a locale within a block; None is English."""
    token = _spoken.set(table_of(str(locale)) if locale else None)
    try:
        yield
    finally:
        _spoken.reset(token)


def called(command: str) -> str:
    """Return a command's name in the current language, with its groups, without the slash."""
    table = _spoken.get()
    return table.command(command) if table else command


class Text(str):
    """A message that is translated into the current language when written out."""

    context: str

    def __new__(cls, message: str, context: str = "") -> "Text":
        text = super().__new__(cls, message)
        text.context = context
        return text

    def __str__(self) -> str:
        message = str.__str__(self)
        table = _spoken.get()
        return table.find(message, self.context) if table else message

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __reduce__(self) -> tuple[type["Text"], tuple[str, str]]:
        return Text, (str.__str__(self), self.context)


def _written_out(name: str) -> Any:
    def method(self: Text, *arguments: Any, **named: Any) -> Any:
        return getattr(str(self), name)(*arguments, **named)

    return method


# A method of a string sees the translation, not the message in the code.
_KEPT = set(vars(Text)) | set(vars(object)) | {"__getnewargs__", "maketrans"}
for _name in set(vars(str)) - _KEPT:
    setattr(Text, _name, _written_out(_name))
setattr(Text, "__radd__", lambda self, other: other + str(self))  # noqa: B010


class Plural:
    """A message with a form for one and another for more; `count` decides, and can be shown in it."""

    def __init__(self, one: str, more: str) -> None:
        self._one, self._more = one, more

    def format(self, *, count: int, **values: object) -> str:
        """Return the form for a number with its values filled in; the number has thousands separators."""
        table = _spoken.get()
        if table is None:
            text = self._one if count == 1 else self._more
        else:
            text = table.find_plural(self._one, self._more, count)
        return text.format(count=number(count), **values)


_, n_ = Text, Plural
_EXAMPLE = _("1,234.5", "how a number is written")


def number(value: float, spec: str = ",") -> str:
    """Return a number in the current language's format; `spec` is as in an f-string."""
    example = str(_EXAMPLE)
    return f"{value:{spec}}".translate({ord(","): example[1:-5], ord("."): example[-2]})


def worded(words: Mapping[str, str], name: str) -> str:
    """Return the displayed words for a name; an unknown name, such as an older cause, stays as it is."""
    return str(words.get(name, name))
