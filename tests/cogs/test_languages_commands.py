"""What Discord is told of commands in other languages, and what /help, /status and /why say there (C95)."""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest

from bot.conversation.attention.explain import explain, holding, in_one_line, in_words, standing, switched
from bot.conversation.attention.relevance import SIGNS
from bot.conversation.attention.rules import RULES
from bot.conversation.attention.server_rules import EVERYWHERE, HouseRules, RuleKind
from bot.conversation.decision import DecisionStep, Note, Pause, Reason, RuleRemark, Trace, Wait, trace_json
from bot.core import i18n
from bot.core.i18n import TABLES, table_of
from bot.discord import commands as command_tree
from bot.discord.commands import Translations
from cogs._discord.panels import Signature
from personas.selection.orchestration import CueReason
from tests import pseudo
from tests.locale_tables import brought_up_to_date, template
from tests.support.claims import ALL, HERE, IN_THREAD, MENTIONED, claim, turn
from tests.support.commands import admin, let_vote, show_to, told
from tests.support.discord import World, world
from tests.support.languages import KNOWN, LANGUAGES, speak_in
from tests.support.presses import Pressed
from tests.walking import leaves
from tests.world.discord_requests import Request
from tests.world.discord_schema import load_schema

LETTERS_OF_A_COMMAND = 8_000
"""What names, descriptions and values of a command and all in it may have together: of each field the
longest of its languages counts."""
LONGEST_NAME, LONGEST_DESCRIPTION = 32, 100


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        entered.app.schedule.stop()
        yield entered


@pytest.fixture
def cyrillic(w: World, monkeypatch: pytest.MonkeyPatch) -> i18n.Table:
    """Let German be a language in which every letter of ours is another one, and everybody speak it."""
    table = pseudo.table(template(w.client.tree))
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    speak_in(monkeypatch, "de")
    return table


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in(monkeypatch, "de")


# --- What Discord is told -------------------------------------------------------------------------


async def payload_of(w: World) -> list[dict[str, Any]]:
    tree, translator = w.client.tree, Translations()
    return [await one.get_translated_payload(tree, translator) for one in tree.get_commands()]


def fields_of(node: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield every name, description and value of a command and all in it, in all of its languages."""
    for field in ("name", "description", "value"):
        if isinstance(node.get(field), str):
            yield field, [node[field], *(node.get(f"{field}_localizations") or {}).values()]
    for one in (*node.get("options", ()), *node.get("choices", ())):
        yield from fields_of(one)


async def test_names_and_descriptions_fit_discord_in_every_language(w):
    for command in await payload_of(w):
        fields = list(fields_of(command))
        letters = sum(max(map(len, texts)) for _field, texts in fields)
        assert letters <= LETTERS_OF_A_COMMAND, command["name"]
        for field, texts in fields:
            assert all(texts), texts
            # A choice is named in up to 100 letters; commands and options are looked at by their pattern.
            assert max(map(len, texts)) <= LONGEST_DESCRIPTION, (field, texts)
        assert max(map(len, next(fields_of(command))[1])) <= LONGEST_NAME


async def test_what_is_told_is_what_discord_describes(w):
    schema = load_schema()
    if not schema.is_available:
        pytest.skip("Discord's OpenAPI document is not on this machine")
    path = "/applications/{application_id}/commands"
    body = await payload_of(w)
    assert [one for one in body if one["name_localizations"]]
    assert (
        schema.faults_of(Request("PUT", path.format(application_id=1), 0.0, body=body, template=path)) == []
    )


async def test_names_in_one_place_differ_in_every_language(w):
    for language in LANGUAGES:
        for place in ([*await payload_of(w)], *groups_of(await payload_of(w))):
            names = [
                (one.get("type"), (one.get("name_localizations") or {}).get(language, one["name"]))
                for one in place
            ]
            assert len(set(names)) == len(names), language


def groups_of(commands: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for one in commands:
        if options := one.get("options"):
            yield [{**option, "type": 0} for option in options]
            yield from groups_of(options)
        if choices := one.get("choices"):
            yield choices


async def test_a_changed_translation_reaches_discord(w, tmp_path, monkeypatch):
    sync = AsyncMock()
    monkeypatch.setattr(w.client.tree, "sync", sync)
    await w.client._sync_commands()
    assert sync.await_count == 0
    tables = Path(shutil.copytree(TABLES, tmp_path / "locales"))
    monkeypatch.setattr(i18n, "TABLES", tables)
    changed = (tables / "de.po").read_text(encoding="utf-8").replace("Wen ich ignoriere", "Wen nicht")
    (tables / "de.po").write_text(changed, encoding="utf-8")
    await w.client._sync_commands()
    await w.client._sync_commands()
    assert sync.await_count == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fr", "pt-BR", "es-419", "ja"])
async def test_an_empty_file_becomes_the_table_of_another_language(w, tmp_path, monkeypatch, name):
    path = tmp_path / f"{name}.po"
    path.touch()
    wanted = template(w.client.tree)
    text = brought_up_to_date(path, wanted)
    text = text.replace('msgid "Whom"\nmsgstr ""', 'msgid "Whom"\nmsgstr "Qui"')
    path.write_text(text, encoding="utf-8")
    assert brought_up_to_date(path, wanted) == text
    table = i18n.load(path)
    assert table.find("Whom", i18n.ABOUT) == "Qui"
    assert table.find("Whom I ignore", i18n.ABOUT) == "Whom I ignore"
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == name else None)
    with i18n.speaking(name):
        assert i18n.number(1234.5) == "1,234.5"  # until somebody translates how a number is written


def test_discords_names_of_languages_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(i18n, "TABLES", tmp_path)
    shutil.copy(TABLES / "de.po", tmp_path / "es-419.po")
    i18n.table_of.cache_clear()
    try:
        assert i18n.table_of("es-419") is not None
        assert i18n.table_of("es-ES") is None
    finally:
        i18n.table_of.cache_clear()


async def test_every_permission_that_a_command_asks_for_has_words(w):
    needed = {
        name
        for one in leaves(w)
        for permissions in command_tree._needed(one)
        for name, is_needed in permissions
        if is_needed
    }
    assert needed <= set(command_tree.CALLED)


# --- /help ----------------------------------------------------------------------------------------


async def test_help_lists_commands_by_the_names_that_discord_shows(w, german):
    said = told(await w.mira.slash(w.channel, "help"))
    assert said.startswith("**Mit Pixel reden**: Erwähne <@")
    lines = said.splitlines()
    assert "**/hilfe**: Was ich kann und wie man mit mir redet" in lines
    line = next(one for one in lines if one.startswith("**/gedächtnis** "))
    assert "alles_löschen" in line
    assert line.endswith(": Was ich über dich weiß und was ich darf")
    assert any(one.startswith("**Warum?**: warum ich") for one in lines)
    assert lines[-1] == (
        "-# /hilfe mit einem Thema, etwa /hilfe thema:gedächtnis, sagt, was jeder Befehl einer Gruppe tut."
    )
    names = [one.split("**")[1] for one in lines if one.startswith("**/")]
    assert names.index("/befinden") < names.index("/hilfe") < names.index("/warum")


@pytest.mark.parametrize(
    "topic", ["gedächtnis", "/gedächtnis am", "memory", "/memory at", " GEDÄCHTNIS ", "Memory"]
)
async def test_a_topic_is_found_by_its_german_and_its_english_name(w, german, topic):
    said = told(await w.mira.slash(w.channel, "help", topic=topic))
    assert "**/gedächtnis am**: Was ich am Ende eines Tages über dich wusste" in said.splitlines()
    assert len(said.splitlines()) == 11


@pytest.mark.slow
async def test_topics_are_offered_by_both_names_and_found_by_what_is_offered(w, german):
    for typed in ("gedä", "/mem", "memory"):
        [offered] = await w.mira.autocomplete(w.channel, "help", "topic", typed)
        assert (offered["name"], offered["value"]) == ("gedächtnis", "memory")
    for one in await w.mira.autocomplete(w.channel, "help", "topic", ""):
        said = told(await w.mira.slash(w.channel, "help", topic=one["value"]))
        assert "Es gibt keinen Befehl" not in said


@pytest.mark.slow
async def test_who_asks_in_english_is_told_of_no_german_names(w):
    offered = await w.mira.autocomplete(w.channel, "help", "topic", "")
    assert all(one["name"] == one["value"] for one in offered)
    for one in offered:
        assert "There is no command" not in told(await w.mira.slash(w.channel, "help", topic=one["value"]))
    assert told(await w.mira.slash(w.channel, "help", topic="gedächtnis")).startswith("There is no command")


# --- In another alphabet --------------------------------------------------------------------------


@pytest.mark.slow
async def test_no_answer_about_the_bot_itself_is_left_in_english(w, cyrillic):
    let_vote(w)
    anna = admin(w)
    show_to(w, anna)
    found: dict[str, list[str]] = {}
    for name, options in (
        ("help", {}),
        ("help", {"topic": "memory"}),
        ("help", {"topic": "settings"}),
        ("help", {"topic": "nonsense"}),
        ("status", {}),
        ("why", {}),
        ("why", {"message": "x"}),
        ("why", {"message": "1"}),
        ("why", {"message": "https://discord.com/channels/@me/1/2"}),
        ("settings show", {}),
        ("ban", {"user": w.tom}),
        ("purge", {"count": 1}),
        ("slowmode", {"wait": "1s"}),
        ("admin jobs", {}),
    ):
        said = await anna.slash(w.channel, name, **options)
        read(found, name, told(said))
    await anna.send(w.channel, f"{w.me} hello")
    read(found, "why", told(await anna.slash(w.channel, "why")))
    await anna.slash(w.channel, "settings deactivate")
    await w.mira.send(w.channel, f"{w.me} hello")
    for name in ("status", "why"):
        read(found, name, told(await w.mira.slash(w.channel, name)))
    for name, options in (("help", {}), ("help", {"topic": "poll"}), ("status", {})):
        read(found, name, told(await anna.user.slash(name, **options)))
    assert found == {}


def read(found: dict[str, list[str]], name: str, text: str) -> None:
    known = {*KNOWN, "Pix", "nonsense", "poll", "claude", "haiku", "opus", "sonnet"}
    if words := pseudo.left_in_english(text, known=known):
        found.setdefault(name, []).extend([*words, text])


@pytest.mark.slow
async def test_presses_that_come_to_nothing_are_answered_in_the_language_of_who_presses(w, cyrillic):
    panels = w.client.get_cog("WhyCog").panels
    now, found = int(w.app.clock.now().timestamp()), dict[str, list[str]]()
    for owner, until, action in ((w.tom, 60, "keep"), (w.mira, -60, "keep"), (w.mira, 60, "gone")):
        custom_id = str(Signature("why", action, owner.id, now + until))
        press: Any = Pressed(w, custom_id, w.mira.id, form=True)
        press.locale = discord.Locale.german
        await panels.pressed(press)
        assert len(press.said) == 1
        read(found, action, press.said[0])
    assert found == {}


async def test_the_note_under_a_panel_names_its_command_as_discord_shows_it(w, german):
    first, second = [(await w.mira.slash(w.channel, "privacy delete")).response for _ in range(2)]
    assert first.content.endswith("\n-# Du hast das weiter unten neu geöffnet: Verwende das neuere.")
    await w.env.advance_time(3600)
    assert second.content.endswith(
        "\n-# Die Zeit dafür ist vorbei. Um neu anzufangen, verwende /datenschutz löschen."
    )


EVERY_FACT = Trace(
    steps=(
        *ALL[:6],
        DecisionStep("often_enough", RuleRemark(Note.REPLIES, {"count": 1, "limit": 3})),
        DecisionStep("by_chance", RuleRemark(Note.CHANCE_AGAINST, {"roll": 0.9, "chance": 0.5})),
    ),
    addressees=(5, 0),
    waits=(Wait("COOLDOWN", 2.5), Wait("TURN", 1.0)),
    votes=("yes", "abstain", "no"),
    seconds=1.234,
    cost=0.0021,
    signal="react",
)


CHANCES = {"roll": 0.1, "chance": 0.2}
EVERY_SIGN = (
    "follow-up, asked, takes up what it said, question, room, plea, asks for opinions, after a silence, "
    "in no talk with others, its length, several sentences, tells about oneself, a feeling, shows something, "
    "others' talk, answers somebody's question, called by somebody, names somebody, small talk, a reaction, "
    "elsewhere, from a bot"
)
REMARKS: list[tuple[RuleRemark, str]] = [
    (RuleRemark(Note.BUDGET_SHORT), "four fifths of a budget are spent"),
    (RuleRemark(Note.BUDGET_SPENT), "a budget is spent"),
    (RuleRemark(Note.REPLIES, {"count": 1, "limit": 3}), "1 of 3 replies"),
    (RuleRemark(Note.ENERGY, {"count": 2, "limit": 5}), "2 of 5 spent"),
    (RuleRemark(Note.PRIORITY, {"score": 0.0, "needed": 0.3, "signs": []}), "0.00 of 0.30: no sign"),
    (
        RuleRemark(Note.PRIORITY, {"score": 0.12, "needed": 0.3, "signs": [one.name for one in SIGNS]}),
        f"0.12 of 0.30: {EVERY_SIGN}",
    ),
    (RuleRemark(Note.CHANCE_AGAINST, CHANCES), "0.10 is not below 0.20"),
    (RuleRemark(Note.CHANCE, CHANCES), "0.10 is below 0.20"),
    (RuleRemark(Note.SPEAKS_FIRST, {**CHANCES, "kind": "contextual"}), "contextual; 0.10 is below 0.20"),
    (RuleRemark(Note.SPEAKS_FIRST, {**CHANCES, "kind": "status"}), "status; 0.10 is below 0.20"),
    (RuleRemark(Note.AWAY, {"days": 3.4}), "away for 3.4 days"),
]


def decisions() -> Iterator[tuple[Reason, Trace]]:
    """Yield decisions with every reason, remark, pause, signal and cue that there is."""
    pauses = tuple(Wait(pause.name, 1.0) for pause in Pause)
    for reason in Reason:
        yield reason, Trace(steps=ALL[:2], waits=pauses)
    for remark, _words in REMARKS:
        yield Reason.MENTION, Trace(steps=(DecisionStep("chatter", remark), *MENTIONED))
    for cue in (*CueReason, "scene"):
        yield Reason.CUE, Trace(cue=cue)
    for signal in ("reply", "react", "silent"):
        yield Reason.NO_ANSWER, Trace(signal=signal)


@pytest.mark.slow
async def test_what_is_kept_of_decisions_is_shown_in_the_language_of_who_asks(cyrillic):
    with i18n.speaking("de"):
        for reason, trace in decisions():
            said = explain(claim(reason, trace), None)
            assert pseudo.left_in_english(said, known=set()) == [], (reason, trace)


@pytest.mark.parametrize(("remark", "words"), REMARKS)
def test_a_remark_is_shown_with_its_figures(remark, words):
    kept = json.loads(json.dumps(trace_json(Trace(steps=(DecisionStep("chatter", remark), *MENTIONED)))))
    said = explain(claim(Reason.MENTION, Trace.from_json(kept)), None).splitlines()
    assert f"- `chatter` let it pass ({words})" in said


def test_there_are_words_for_every_note():
    assert {remark.note for remark, _words in REMARKS} == set(Note)


def test_what_is_kept_under_no_name_is_shown_as_it_is():
    trace = Trace(
        steps=(DecisionStep("chatter", RuleRemark("it was late")), ALL[0]), waits=(Wait("dinner", 2.0),)
    )
    kept = claim(Reason.NAME, trace)
    kept.reason = "the moon is full"
    said = explain(kept, None)
    assert said.startswith("**Not answered**: the moon is full.")
    assert "`chatter` let it pass (it was late)" in said
    assert "waited 2.0 s: dinner" in said


@pytest.mark.slow
async def test_no_decision_and_no_rule_is_explained_in_english_elsewhere(cyrillic):
    rules = tuple(
        (guild, kind, target, value)
        for kind in RuleKind
        for guild, target in ((700, 600), (700, 650), (700, EVERYWHERE), (EVERYWHERE, EVERYWHERE))
        for value in (0.0, 0.5)
    )
    with i18n.speaking("de"):
        said = [explain(claim(None), None)]
        for reason in Reason:
            said += [
                explain(claim(reason, replace(EVERY_FACT, asked_who=asked)), None) for asked in (True, False)
            ]
        for state in ("pledged", "said", "dropped"):
            for fallback in (True, False):
                trace = Trace(steps=MENTIONED, cost=None)
                said.append(explain(claim(Reason.MENTION, trace), turn(state, fallback=fallback)))
        for house in (HouseRules(rules[:number]) for number in range(len(rules) + 1)):
            for where in (HERE, IN_THREAD):
                said += [*holding(house, where, chance=0.25), *switched(house, where)]
            said += standing(house, 700)
        said += [in_words(kind, target) for kind in RuleKind for target in (EVERYWHERE, 600)]
        text = "\n".join(said)
        assert pseudo.left_in_english(text, known=set()) == []


@pytest.mark.slow
async def test_the_log_channel_reads_english_whoever_asks(cyrillic):
    with i18n.speaking("de"):
        line = in_one_line(Reason.VOTE, EVERY_FACT, reply=True)
    assert line == in_one_line(Reason.VOTE, EVERY_FACT, reply=True)
    assert "waited 2.5 s: cooldown" in line


# --- In German ------------------------------------------------------------------------------------


def test_a_decision_is_explained_in_german():
    trace = Trace(
        steps=(
            *ALL[:2],
            DecisionStep("often_enough", RuleRemark(Note.REPLIES, {"count": 1, "limit": 3})),
            DecisionStep(
                "chatter", RuleRemark(Note.PRIORITY, {"score": 0.12, "needed": 0.3, "signs": ["small_talk"]})
            ),
        ),
        waits=(Wait("COOLDOWN", 2.5),),
        votes=("yes", "abstain"),
        addressees=(5, 0),
        seconds=1.234,
        cost=0.0021,
    )
    with i18n.speaking("de"):
        said = explain(claim(Reason.CHATTER, trace), None).splitlines()
    assert said == [
        "**Nicht beantwortet**: Geplauder, das keine Antwort braucht.",
        "- `often_enough` ließ sie durch (1 von 3 Antworten)",
        f"- 2 von {len(RULES)} Regeln hatten nichts zu sagen",
        "- `chatter` entschied (0,12 von 0,30: Geplauder)",
        "Sie kam bis zu den Regeln.",
        "gerichtet an <@5>, jemand Unbekanntes",
        "2,5 s gewartet: Pause zwischen zwei Antworten",
        "Stimmen: 1 ja, 1 enthalten",
        "entschieden in 1,23 s für 0,002100 $",
    ]


async def test_the_status_in_german(w, german):
    said = told(await w.mira.slash(w.channel, "status")).splitlines()
    assert said[0] == "**Bisher**: 0 Tokens gelesen und 0 geschrieben für dich, 0,0000 $"
    assert said[2] == "**Plan**: Standard"
    assert said[4].startswith(
        "**Auf Dauer über dich bekannt**: 0 (/gedächtnis); von selbst notiere ich nichts"
    )
    assert said[5].startswith("**Wer dir antwortet**: Pixel, mit dem Modell ")
    assert said[6].startswith("**Hier**: Ich bin eingeschaltet")


async def test_a_refusal_in_german(w, german):
    show_to(w, w.mira)
    said = told(await w.mira.slash(w.channel, "ban", user=w.tom))
    assert said == (
        "Das darfst du hier nicht: Dafür braucht es das Recht **Mitglieder bannen**. "
        "Frag die Administration dieses Servers."
    )
    table = table_of("de")
    assert table is not None
    assert table.command("remind me") == "erinnerung neu"
