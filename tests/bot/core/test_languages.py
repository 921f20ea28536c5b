"""What people read follows the language of their Discord (C95): tables that are complete, and used."""

import ast
import logging
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any

import discord
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.core import i18n
from bot.core.i18n import ABOUT, CHOICE, COMMAND, MENU, OPTION, TABLES, Text, _, n_
from tests import pseudo
from tests.locale_tables import MARKED_IN, ROOT, brought_up_to_date, catalog_of, template
from tests.support.commands import kept, let_operate, show_to
from tests.support.discord import World, world
from tests.support.languages import KNOWN, LANGUAGES, speak_in
from tests.walking import fillings, is_for_servers, is_guarded, leaves, use

_NAME = re.compile(r"[-_\w]{1,32}")
_FIELDS = re.compile(r"<t:|<#|<@|`|\*\*|\n")


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        entered.app.schedule.stop()
        yield entered


# --- The tables -----------------------------------------------------------------------------------


def translated(language: str) -> list[Message]:
    """Return the messages of a table; one without a translation is said in English, which is no fault."""
    return [one for one in catalog_of(TABLES / f"{language}.po") if one.id and all(_forms(one.string))]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_table_translates_what_the_program_says_and_loses_nothing_when_it_is_written_anew(
    w, language
):
    path = TABLES / f"{language}.po"
    anew = read_po(BytesIO(brought_up_to_date(path, template(w.client.tree)).encode()))
    for one in translated(language):
        kept = anew.get(one.id, context=one.context)
        assert kept is None or kept.string == one.string
    assert sum(anew.get(one.id, context=one.context) is not None for one in translated(language)) > 500


def _forms(said: Any) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, tuple | list) else (said,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_fields_and_the_marks_of_its_message(language):
    for one in translated(language):
        if not one.id or one.context in {COMMAND, OPTION, CHOICE, MENU, ABOUT}:
            continue
        source = _forms(one.id)[-1]
        for said in _forms(one.string):
            assert _fields(said) <= _fields(source), one.id
            assert _fields(source) - {"count"} <= _fields(said), one.id
            assert sorted(_FIELDS.findall(said)) == sorted(_FIELDS.findall(source)), one.id
            assert (said[:1].isspace(), said[-1:].isspace()) == (source[:1].isspace(), source[-1:].isspace())


def _fields(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_shows_its_signs_in_a_number(language):
    with i18n.speaking(language):
        assert re.fullmatch(r"1\D?234\D5", str(i18n._EXAMPLE))
        assert i18n.number(1234.5, ",.1f") == str(i18n._EXAMPLE)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_names_and_descriptions_of_commands_are_what_discord_takes(w, language):
    table = i18n.table_of(language)
    assert table is not None
    called: dict[str, set[str]] = {}
    for one in w.client.tree.walk_commands():
        name = table.command(one.qualified_name)
        assert len(name.split(" ")) == len(one.qualified_name.split(" ")), name
        group, _space, last = name.rpartition(" ")
        if one.parent:
            assert group == table.command(one.parent.qualified_name), "a group is called the same everywhere"
        assert _NAME.fullmatch(last), last
        assert last == last.lower(), last
        assert last not in called.setdefault(group, set()), "two commands are called the same"
        called[group].add(last)
        options = [table.find(option.display_name, OPTION) for option in getattr(one, "parameters", ())]
        assert all(_NAME.fullmatch(option) and option == option.lower() for option in options), options
        assert len(set(options)) == len(options), options
    for one in translated(language):
        if one.context in {ABOUT, CHOICE}:
            assert 1 <= len(str(one.string)) <= 100, one.id


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_command_that_a_translation_mentions_is_there(w, language):
    names = {f"/{one.qualified_name}" for one in w.client.tree.walk_commands()}
    first = {name.split(" ")[0] for name in names}
    for one in translated(language):
        if not one.id or one.context in {COMMAND, OPTION, CHOICE, MENU}:
            continue
        for source, said in zip(_forms(one.id), _forms(one.string), strict=False):
            wanted = sorted(_mentioned(source, names, first))
            assert sorted(_mentioned(said, names, first)) == wanted, "commands are written in English there"


def _mentioned(text: str, names: set[str], first: set[str]) -> list[str]:
    found = []
    for mention in re.findall(r"(?<![\w/])/[a-z]+(?: [a-z_]+){0,2}", text):
        words = mention.split(" ")
        longest = (" ".join(words[:size]) for size in range(len(words), 0, -1))
        if words[0] in first:
            found.append(next(name for name in longest if name in names))
    return found


@pytest.mark.slow
def test_only_messages_that_stand_in_the_code_are_marked():
    """A message that is put together as the program runs is in no table."""
    for folder in MARKED_IN:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in {"_", "n_"}
                ):
                    assert all(isinstance(one, ast.Constant) for one in node.args), f"{path}:{node.lineno}"


# --- The words of the moment ----------------------------------------------------------------------


@pytest.fixture
def cyrillic(monkeypatch: pytest.MonkeyPatch) -> i18n.Table:
    """Return a table for some messages, which is German's for now."""
    catalog = Catalog()
    for message in ("Hello {name}", ("{count} memory", "{count} memories"), "See /memory list"):
        catalog.add(message)
    table = pseudo.table(catalog)
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    return table


def test_a_message_is_written_out_in_the_language_of_the_moment(cyrillic):
    hello = _("Hello {name}")
    with i18n.speaking("de"):
        assert f"{hello}" == "Хелло {name}"
        assert hello.format(name="Mira") == "Хелло Mira"
        assert "> " + hello + "!" == "> Хелло {name}!"
        assert hello.split()[0] == "Хелло"
        assert n_("{count} memory", "{count} memories").format(count=1000) == "1,000 меморийес".replace(
            "ий", "и"
        )
    assert str(hello) == hello == "Hello {name}"
    assert n_("{count} memory", "{count} memories").format(count=1) == "1 memory"


def test_a_message_without_a_translation_is_in_english(cyrillic):
    with i18n.speaking("de"):
        assert str(_("Nobody translated this")) == "Nobody translated this"


def test_commands_are_mentioned_by_the_names_that_discord_shows(cyrillic):
    cyrillic._commands = {"/memory": "/память", "/memory list": "/память список"}
    with i18n.speaking("de"):
        assert str(_("See /memory list")) == "Сее /память список"


async def test_the_language_is_that_of_the_task_alone(cyrillic):
    import asyncio

    async def hear(locale: str | None) -> str:
        i18n.speak(locale)
        await asyncio.sleep(0)
        return f"{_('Hello {name}')}"

    assert tuple(await asyncio.gather(hear("de"), hear("en-US"), hear(None), hear("xx"))) == (
        "Хелло {name}",
        *["Hello {name}"] * 3,
    )


def test_a_locale_is_no_path():
    assert i18n.table_of("../locales/de") is None
    assert i18n.table_of("") is None


# --- What is shown --------------------------------------------------------------------------------

OURS = {"bot", "cogs", "database", "memory", "personas"}
CYRILLIC = re.compile(r"[а-яА-Я]+")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_command_answers_in_english_to_somebody_whose_discord_is_not(w, monkeypatch, caplog):
    """Every letter of ours is in another alphabet here: what is left in Latin letters is in no table."""
    table = pseudo.table(template(w.client.tree))
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    speak_in(monkeypatch, "de")
    role = w.guild.create_role("All", permissions=discord.Permissions.all())
    anna = w.guild.add_member(w.env.create_user("anna", global_name="anna"), roles=[role])
    let_operate(w, anna)
    show_to(w, anna)
    await anna.send(w.channel, "Pixel, hello")
    found: dict[str, list[str]] = {}
    with caplog.at_level(logging.DEBUG):
        for command in leaves(w):
            result = await use(w, anna, command, next(iter(fillings(w, command))))
            note(found, command, result)
            if not is_guarded(command) and not is_for_servers(command) and hasattr(command, "parameters"):
                options = next(iter(fillings(w, command)))
                note(found, command, await w.mira.user.slash(command.qualified_name, **options))
    assert found == {}
    # What is kept, logged or put to a model is in one language, whoever asked.
    for where, lines in (
        ("database", kept(w)),
        ("log", [one.getMessage() for one in caplog.records if one.name.split(".")[0] in OURS]),
        ("prompts", [one.text + str(one.system) for one in w.claude.prompts]),
    ):
        assert [CYRILLIC.findall(line) for line in lines if CYRILLIC.search(line)] == [], where


def note(found: dict[str, list[str]], command: Any, result: Any) -> None:
    for text in pseudo.shown(result):
        if words := pseudo.left_in_english(text, known=KNOWN):
            found.setdefault(command.qualified_name, []).extend(words)


async def test_discord_is_told_what_commands_are_called_in_each_language(w):
    from bot.discord.commands import Translations

    translator = Translations()
    for language in LANGUAGES:
        table = i18n.table_of(language)
        assert table is not None
        for command in w.client.tree.get_commands():
            payload = await command.get_translated_payload(w.client.tree, translator)
            name = table.command(command.qualified_name)
            if name != command.name and hasattr(command, "description"):
                assert payload["name_localizations"][language] == name
                assert payload["description_localizations"][language] == table.find(
                    command.description, ABOUT
                )


def test_text_survives_copying():
    import copy
    import pickle

    text = _("Open", "status")
    for one in (copy.copy(text), pickle.loads(pickle.dumps(text))):
        assert isinstance(one, Text)
        assert (str(one), one.context) == ("Open", "status")
