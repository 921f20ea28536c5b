"""Moods, bonds, costs, health, settings and curation in another language: screens and pictures (C95)."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, get_args

import pytest

from bot.core import i18n
from bot.features.admin import selves
from bot.features.inner_life import wording
from bot.features.inner_life.relationship import chart_of
from bot.features.inner_life.week import Viewer
from bot.features.inner_life.week_picture import week_svg, week_text
from bot.features.operations import costs
from bot.features.operations.costs import THE_REST, CostReports, bars_of
from bot.pictures import bars_svg, bars_text, bond_svg, bond_text
from bot.settings.allowance import Allowance, Unit
from cogs._discord.health import JOBS, RESULTS, runs_lines, span
from database.models import CallRow, JobRun
from personas.affect import moods
from personas.affect.temperament import DayMood, Hormone
from personas.relations import bonds
from personas.relations.bonds import Tone
from tests import pseudo
from tests.inner_world import STAGE, agree, noted, stand
from tests.locale_tables import template
from tests.staged import ONYX, PIXEL_ENV, RUBY, company, folders, library_in
from tests.support.commands import admin, let_operate
from tests.support.discord import World
from tests.support.growth import meet
from tests.support.languages import speak_in
from tests.support.moods import happened
from tests.support.panels import components, panel_of

NAMES = {"mira", "Pixel", "Onyx", "Ruby", "Mira", "Tom", "Anna", "pixel", "onyx", "ruby", "The", "Guild"}
KNOWN = NAMES | {"UTC"}
SAID = KNOWN | {"hums", "tune", "card", "json", "old", "anvil", "hammer", "laid", "down"}
Read = Callable[..., None]


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    root = folders(tmp_path / "characters", onyx=ONYX, ruby=RUBY)
    (root / "pixel" / "character.env").write_text(
        PIXEL_ENV + "relationships=platonic, mentorship, romantic\n"
    )
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as entered:
        entered.app.schedule.stop()
        await agree(entered.app.database, entered.mira.id, at=entered.env.now())
        yield entered


@pytest.fixture
def cyrillic(w: World, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Let everybody read another alphabet; return what looks whether answers are wholly in it."""
    table = pseudo.table(template(w.client.tree))
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    speak_in(monkeypatch, "de")

    def look(*answers: Any, known: set[str] = KNOWN) -> None:
        for one in answers:
            texts = [one] if isinstance(one, str) else pseudo.shown(one)
            assert texts
            left = {text: words for text in texts if (words := pseudo.left_in_english(text, known=known))}
            assert left == {}

    return look


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


async def moved_in_a_week(w: World) -> None:
    """Let a week with something of everything lie behind Pixel."""
    hours = (
        ("praise", 150, w.mira),
        ("conflict", 90, w.tom),
        ("gratitude", 50, w.mira),
        ("conflict", 2, w.mira),
    )
    await happened(w, *((ago, kind, who, w.channel) for kind, ago, who in hours))


async def known_to_each_other(w: World) -> None:
    """Let every kind of change stand in the ledger of Mira and Pixel."""
    now, causes = w.env.now(), list(wording.CAUSES)
    await stand(
        w.app.database,
        w.mira.id,
        at=now,
        anger=1,
        rapport=6,
        trust=4,
        exchanges=21,
        stage=bonds.STAGES[1].name,
    )
    changes = [
        (now - timedelta(hours=len(causes) - number), list(bonds.Metric)[number % 4], 1 - number % 3, cause)
        for number, cause in enumerate(causes)
    ]
    await noted(w.app.database, w.mira.id, *changes, (now, STAGE, 0, bonds.STAGES[1].name))


def pressed(label: str) -> str:
    return pseudo.written(label)


async def chosen(w: World, shown: Any, placeholder: str, number: int = 0) -> Any:
    menu = next(one for one in components(shown) if one.get("placeholder") == pressed(placeholder))
    return await w.mira.select(shown, [menu["options"][number]["value"]], custom_id=menu["custom_id"])


# --- The words of names that are kept in English ---------------------------------------------------


def test_every_name_that_is_kept_has_its_words():
    assert set(wording.METRICS) == {str(one) for one in bonds.Metric}
    assert set(wording.DAY_MOODS) == {str(one) for one in DayMood}
    assert set(wording.HORMONES) == {str(one) for one in Hormone}
    assert set(wording.MOODS) == {*(one.name for one in moods.MOODS), moods.STEADY}
    assert {one.name: one.manner for one in moods.MOODS} == wording.MANNERS
    assert set(wording.BOND_STAGES) == {*(one.name for one in bonds.STAGES), bonds.AT_ODDS}
    assert set(wording.KINDS) == set(bonds.RELATIONSHIP_TYPES)
    assert {
        (kind, stage): sound
        for kind, sounds in bonds.RELATIONSHIP_TYPES.items()
        for stage, sound in sounds.items()
    } == wording.SOUNDS
    assert set(wording.LINE_KINDS) == set(get_args(selves.Kind))
    assert set(costs.GROUPS) == {*costs._GROUPS, THE_REST}


def test_every_cause_of_a_change_has_its_words():
    now = datetime(2026, 11, 8, tzinfo=UTC)
    causes = {cause for some in bonds._CAUSES.values() for _metric, _change, cause in some}
    causes |= {bonds.TIME, *bonds.BY_HAND, bonds._COMPANY, bonds._BROKEN}
    for register in (5, -5):
        causes |= {one.cause for one in bonds._wished(bonds.Bond(now), Tone.TALK, register)}
    assert causes == set(wording.CAUSES)


async def test_every_job_has_its_words(w: World):
    assert {one.name for one in w.app.schedule.reports()} <= set(JOBS)


# --- Moods and bonds -------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_week_is_told_in_the_readers_language(w, cyrillic):
    cyrillic(await w.mira.slash(w.channel, "mood", character="ruby"))
    await moved_in_a_week(w)
    cyrillic(await w.mira.slash(w.channel, "mood"))


@pytest.mark.slow
async def test_a_relationship_is_told_and_changed_in_the_readers_language(w, cyrillic):
    cyrillic(await w.mira.slash(w.channel, "relationship"), await w.tom.slash(w.channel, "relationship"))
    await known_to_each_other(w)
    result = await w.mira.slash(w.channel, "relationship")
    cyrillic(result, older := await w.mira.click(panel_of(result), label=pressed("Older")))
    for _time in range(4):
        newer = await w.mira.click(panel_of(older), label=pressed("Newer"))
        asked = await chosen(w, panel_of(newer), "Take a change back") if _time < 3 else newer
        cyrillic(newer, asked)
        if _time < 3:
            older = await w.mira.click(panel_of(asked), label=pressed("Take it back"))
            cyrillic(older)
            older = await w.mira.click(panel_of(older), label=pressed("Older"))
    cyrillic(await chosen(w, panel_of(newer), "What you are to each other", 2))
    async with w.app.database.begin() as db:
        await db.consents.set(w.mira.id, False, at=w.env.now())
    cyrillic(await w.mira.slash(w.channel, "relationship"))


@pytest.mark.slow
async def test_operators_set_bonds_and_days_in_their_language(w, cyrillic):
    anna = operator(w)
    await known_to_each_other(w)
    for command, options in (
        ("bond show", {}),
        ("bond show", {"person": w.mira}),
        ("bond show", {"person": w.tom}),
        ("bond show", {"search": "mira"}),
        ("bond show", {"search": "zz"}),
        ("bond set", {"person": w.mira}),
        ("bond set", {"person": w.mira, "anger": 3, "formality": -2}),
        ("bond set", {"person": w.mira, "anger": 3}),
        ("bond set", {"person": w.tom, "anger": 3}),
        ("mood show", {"character": "onyx"}),
        ("mood set", {"character": "onyx"}),
        ("mood set", {"character": "onyx", "anger": 9, "joy": 0}),
        ("mood show", {"character": "onyx"}),
        ("mood reset", {"character": "onyx"}),
        ("changes list", {}),
        ("changes show", {"number": 1}),
        ("changes show", {"number": 2}),
        ("changes show", {"number": 99}),
        ("changes undo", {}),
        ("changes undo", {"number": 2}),
        ("changes undo", {"number": 2}),
        ("changes list", {}),
    ):
        cyrillic(await anna.slash(w.channel, f"admin {command}", **options))
    asked = await anna.slash(w.channel, "admin bond reset", person=w.mira)
    cyrillic(asked, await anna.click(panel_of(asked), label=pressed("Keep it")))
    asked = await anna.slash(w.channel, "admin bond reset", person=w.mira)
    cyrillic(await anna.click(panel_of(asked), label=pressed("Remove it")))


# --- What operators curate -------------------------------------------------------------------------


@pytest.mark.slow
async def test_identity_and_lore_are_changed_in_the_operators_language(w, cyrillic):
    anna, ruby, onyx = operator(w), {"character": "ruby"}, {"character": "onyx"}
    for command, options in (
        ("identity list", ruby),
        *(("identity add", {**ruby, "kind": kind, "text": "hums a tune"}) for kind in get_args(selves.Kind)),
        ("identity add", {**ruby, "kind": "trait", "text": "\u200b"}),
        ("identity list", ruby),
        ("identity edit", {**ruby, "number": 1, "text": "hums"}),
        ("identity edit", {**ruby, "number": 1, "text": "hums"}),
        ("identity edit", {**ruby, "number": 99, "text": "hums"}),
        ("lore list", ruby),
        ("lore list", onyx),
        ("lore add", {**onyx, "content": "old", "keys": "hammer"}),
        ("lore add", {**onyx, "content": "old", "always": True}),
        ("lore add", {**onyx, "content": "old"}),
        ("lore add", {**onyx, "content": "\u200b", "always": True}),
        ("lore edit", {**onyx, "entry": "card.json: 0"}),
        ("lore edit", {**onyx, "entry": "card.json: 9", "on": True}),
        ("lore reset", {**onyx, "entry": "card.json: 0"}),
        ("lore edit", {**onyx, "entry": "card.json: 0", "on": False}),
        ("lore list", onyx),
        ("lore reset", {**onyx, "entry": "laid down: 1"}),
        ("lore reset", {**onyx, "entry": "card.json: 0"}),
        ("changes list", {}),
        *(("changes show", {"number": number}) for number in range(1, 9)),
    ):
        cyrillic(await anna.slash(w.channel, f"admin {command}", **options), known=SAID)
    for command, options in (
        ("identity remove", {**ruby, "number": 1}),
        ("lore remove", {**onyx, "entry": "card.json: 0"}),
        ("lore remove", {**onyx, "entry": "laid down: 1"}),
    ):
        asked = await anna.slash(w.channel, f"admin {command}", **options)
        cyrillic(asked, await anna.click(panel_of(asked), label=pressed("Remove it")), known=SAID)


@pytest.mark.slow
async def test_growth_and_relations_are_changed_in_the_operators_language(w, cyrillic):
    await meet(w, "Good evening.", "I love your work, Onyx, you are brilliant!")
    anna = operator(w)
    two = {"character": "ruby", "other": "onyx"}
    for command, options in (
        ("growth show", {"character": "onyx"}),
        ("growth revert", {"character": "onyx", "milestone": 5}),
        ("growth restore", {"character": "onyx", "milestone": 5}),
        ("relations show", {"character": "onyx"}),
        ("relations show", two),
        ("relations undo", {"encounter": 1}),
        ("relations undo", {"encounter": 1}),
        ("relations set", {**two, "value": 5.5}),
        ("relations set", {"character": "onyx", "other": "onyx", "value": 5.5}),
        ("relations show", two),
        ("relations make_up", {"one": "onyx", "other": "ruby"}),
        ("relations make_up", {"one": "onyx", "other": "onyx"}),
        ("changes show", {"number": 1}),
    ):
        cyrillic(await anna.slash(w.channel, f"admin {command}", **options))
    asked = await anna.slash(w.channel, "admin relations reset", **two)
    cyrillic(asked, await anna.click(panel_of(asked), label=pressed("Remove it")))


@pytest.mark.slow
async def test_the_global_state_is_set_in_the_operators_language(w, cyrillic):
    anna, keys = (
        operator(w),
        KNOWN | {"daily", "mood", "anger", "joy", "sadness", "energy", "status", "verbose"},
    )
    for command, options in (
        ("state list", {}),
        ("state set", {"key": "verbose", "value": "maybe"}),
        ("state set", {"key": "daily_mood_anger onyx", "value": "11"}),
        ("state set", {"key": "daily_mood_anger onyx", "value": "9"}),
        ("state set", {"key": "status onyx", "value": "https://example.org"}),
        ("state set", {"key": "\u200b", "value": "1"}),
        ("state remove", {"key": "daily_mood_anger onyx"}),
        ("state list", {"search": "onyx"}),
    ):
        cyrillic(await anna.slash(w.channel, f"admin {command}", **options), known=keys | {"off"})
    await anna.slash(w.channel, "admin state set", key="status onyx", value="iron")
    asked = await anna.slash(w.channel, "admin state remove", key="status onyx")
    done = await anna.click(panel_of(asked), label=pressed("Remove it"))
    cyrillic(asked, done, known=keys | {"iron"})


# --- A house, costs and health ---------------------------------------------------------------------


@pytest.mark.slow
async def test_a_server_is_set_up_in_the_language_of_its_admins(w, cyrillic):
    anna = operator(w)
    for command, options in (
        ("show", {}),
        ("audit", {}),
        ("deactivate", {}),
        ("deactivate", {"whole_server": True}),
        ("activate", {"channel": w.channel, "whole_server": True}),
        ("activate", {}),
        ("chance", {"percent": 12.5}),
        ("chance_reset", {}),
        ("chance_reset", {}),
        ("chance", {"percent": 50, "whole_server": True}),
        ("deny", {"user": w.mira}),
        ("deny", {"user": w.tom, "everywhere": True}),
        ("deny", {"role": w.guild.default_role}),
        ("deny", {"user": w.mira, "role": w.guild.default_role}),
        ("deny", {}),
        ("allow", {"user": w.tom}),
        ("allow", {"user": w.mira}),
        ("allow", {"user": w.mira}),
        *(
            ("switch", {"what": what, "state": state})
            for what in ("adults", "notices")
            for state in ("off", "on")
        ),
        ("show", {}),
        ("audit", {}),
    ):
        cyrillic(await anna.slash(w.channel, f"settings {command}", **options))


@pytest.mark.slow
async def test_speaking_first_is_switched_in_the_operators_language(w, cyrillic):
    anna = operator(w)
    for options in ({}, {"state": "on"}, {}, {"state": "off"}):
        cyrillic(await anna.slash(w.channel, "admin initiative", **options))
    forum = await anna.slash(w.channel, "settings deactivate")
    cyrillic(forum, await anna.slash(w.channel, "admin initiative", state="on"))


@pytest.mark.slow
async def test_costs_are_told_in_the_readers_language(w, cyrillic):
    anna = operator(w)
    for options in ({}, {"everything": True}):
        cyrillic(await anna.slash(w.channel, "costs", **options))
    await spend(w)
    for options in ({}, {"everything": True}):
        cyrillic(await anna.slash(w.channel, "costs", **options))


async def spend(w: World) -> None:
    async with w.app.database.begin() as db:
        for purpose, cost in (("reply", 0.5), ("vote", 0.0125), ("facts", None), ("status", 0.1)):
            await db.calls.add(
                CallRow(
                    at=w.env.now(),
                    purpose=purpose,
                    model="m",
                    outcome="ok",
                    seconds=1.0,
                    channel_id=w.channel.id,
                    user_id=w.mira.id,
                    input_tokens=100_000,
                    output_tokens=10,
                    cache_read_tokens=0,
                    cache_write_5m_tokens=0,
                    cache_write_1h_tokens=0,
                    cost=cost,
                )
            )


@pytest.mark.slow
async def test_health_is_told_in_the_readers_language(w, cyrillic):
    anna = operator(w)
    await w.client.get_cog("HealthCog").tick()
    cyrillic(*[await who.slash(w.channel, "health") for who in (anna, w.mira)])
    cyrillic(await anna.slash(w.channel, "admin jobs"))
    with i18n.speaking("de"):
        runs = [
            JobRun("speak first", w.env.now(), w.env.now(), result, seconds=2.5, error=None)
            for result in RESULTS
        ]
        cyrillic("\n".join(runs_lines(runs)), *map(span, (0.04, 3.2, 90, 7_200, 200_000)))


# --- Pictures --------------------------------------------------------------------------------------


def lettered(svg: str) -> list[str]:
    """Return all words in a picture."""
    return [unescape(words) for words in re.findall(r"<(?:text|title|desc)[^>]*>([^<]*)<", svg)]


@pytest.mark.slow
async def test_no_word_in_a_picture_is_in_english(w, cyrillic):
    await moved_in_a_week(w)
    await known_to_each_other(w)
    await spend(w)
    app, role, known = w.app, w.app.company.primary, KNOWN | {"Mo", "Nov"}
    felt = await app.weeks.of(role, Viewer(w.mira.id, lambda _: True))
    relationship = await app.relationships.of(w.mira.id, role)
    books = CostReports(app.database, app.budgets, app.clock, zone=app.manner.zone)
    with i18n.speaking("de"):
        week = app.weeks.picture_of(await app.weeks.of(role, Viewer(w.mira.id, lambda _: True)))
        bond = chart_of(role, relationship, app.manner.zone)
        bars = bars_of(await books.of(None), "Title")
        words = [*lettered(week_svg(week)), *lettered(bond_svg(bond)), *lettered(bars_svg(bars))]
        words += [week_text(week), bond_text(bond), bars_text(bars)]
    assert felt is not None
    months = {"Jan", "Feb", "März", "Apr", "Mai", "Juni", "Juli", "Aug", "Sept", "Okt", "Nov", "Dez"}
    cyrillic(*words, known=known | months | {"Title"} | WEEKDAYS)


WEEKDAYS = {"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"}


# --- German ----------------------------------------------------------------------------------------


GERMAN = """\
**Du und Pixel**: wachsende Verbundenheit, Stufe 2 von 4
Art: **platonisch**, das klingt so: auf dem Weg zur Freundschaft; lockere Gespräche, \
erste gemeinsame Witze
Ärger **1** von 10 · Verbundenheit **6** von 10 · Vertrauen **4** von 10 · Förmlichkeit **0** von ±5 · \
1.021 Wortwechsel
**Was sich geändert hat**
- <t:{moment}:d> −1 Verbundenheit: du warst unfreundlich
- <t:{moment}:d> +1 Ärger: du warst unfreundlich
-# Stimmt eine Änderung nicht? Wähle sie unten, und sie wird zurückgenommen: noch 3 innerhalb von 24 \
Stunden. Nur du siehst das alles."""


async def test_a_relationship_in_german(w, monkeypatch):
    speak_in(monkeypatch, "de")
    now = w.env.now()
    await stand(
        w.app.database,
        w.mira.id,
        at=now,
        anger=1,
        rapport=6,
        trust=4,
        exchanges=1021,
        stage=bonds.STAGES[1].name,
    )
    rude = "you were unkind"
    await noted(w.app.database, w.mira.id, (now, "anger", 1, rude), (now, "rapport", -1, rude))
    shown = panel_of(await w.mira.slash(w.channel, "relationship"))
    assert shown.content == GERMAN.format(moment=int(now.timestamp()))
    placeholders = [one["placeholder"] for one in components(shown)]
    assert placeholders == ["Eine Änderung zurücknehmen", "Was ihr füreinander seid"]
    options = components(shown)[1]["options"]
    assert [one["label"] for one in options] == ["platonisch", "Mentoring", "romantisch"]


async def test_a_picture_in_german_shortens_no_word(w):
    await stand(w.app.database, w.mira.id, at=w.env.now(), anger=1, rapport=6, trust=4, exchanges=21)
    await moved_in_a_week(w)
    role = w.app.company.primary
    relationship = await w.app.relationships.of(w.mira.id, role)
    assert relationship is not None
    with i18n.speaking("de"):
        felt = await w.app.weeks.of(role, Viewer(w.mira.id, lambda _: True))
        assert felt is not None
        week = lettered(week_svg(w.app.weeks.picture_of(felt)))
        bond = lettered(bond_svg(chart_of(role, relationship, w.app.manner.zone)))
    assert {"Ärger", "Verbundenheit", "Vertrauen", "Förmlichkeit", "gefestigt"} <= set(bond)
    assert {"Wie sich Pixel diese Woche gefühlt hat", "Östrogen", "Testosteron", "ein Streit mit dir"} <= set(
        week
    )
    assert not [one for one in (*week, *bond) if one.endswith("…")]


def test_amounts_and_days_in_german():
    from bot.pictures.costs import amount
    from bot.pictures.days import day_of_month, month, weekday

    day = datetime(2026, 3, 3, tzinfo=UTC)
    with i18n.speaking("de"):
        assert (day_of_month(day), month(day), weekday(day)) == ("3. März", "März 2026", "Di")
        assert [amount(one, "$") for one in (0, 0.0012, 0.05, 1234.5)] == [
            "0,00 $",
            "0,0012 $",
            "0,0500 $",
            "1.234,50 $",
        ]
        assert amount(1_250_000, "tokens") == "1,25 M Token"
        assert span(3.2) == "3,2 s"
    assert (day_of_month(day), month(day), weekday(day)) == ("3 Mar", "Mar 2026", "Tue")
    assert Allowance(2.0, Unit.DOLLARS).written(0.0015) == "0.0015 USD"
