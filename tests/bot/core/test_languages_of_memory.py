"""What is kept of people, and what is said to them later, is told in their own language (C95).

Whatever people say here is in Cyrillic: a word in Latin letters is ours, and came from no table.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.audit import Actor
from bot.core import i18n
from bot.features.memory import map as mapping
from bot.features.memory.wording import matching
from bot.features.privacy.export_format import MOST_BYTES
from cogs._discord.posting import language_of_the_server
from memory.browsing import FactEntry
from memory.map.rasterise import PictureMissing
from tests import pseudo
from tests.builders import AT_ONCE
from tests.knowing import again, archived, noted, overtaken
from tests.locale_tables import template
from tests.support.commands import admin, let_operate
from tests.support.discord import World, world
from tests.support.languages import speak_in
from tests.support.panels import menu_of, panel_of
from tests.support.privacy import ASKING

KNOWN = {"Pixel", "general", "Guild", "mira", "tom", "anna", "UTC", "Europe", "Oslo", "SNE", "svg"}
"""Names, and what is the same in every language."""
DAY = timedelta(days=1)


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, manner=AT_ONCE) as entered:
        entered.app.schedule.stop()
        entered.claude.will_say("Так!")
        yield entered


@pytest.fixture
def cyrillic(w: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody's Discord, and the server, be in a language with other letters."""
    table = pseudo.table(template(w.client.tree))
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    speak_in(monkeypatch, "de")


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in(monkeypatch, "de")


def read(*shown: Any) -> None:
    """Fail on whatever is left in English of what somebody is shown."""
    texts: list[str] = []
    for one in shown:
        if hasattr(one, "components"):
            texts += [one.content, *pseudo._strings(one.components)]
        else:
            texts += pseudo.shown(one)
    assert texts
    found = {text: words for text in texts if (words := pseudo.left_in_english(text, known=KNOWN))}
    assert found == {}


def speak_german_in_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every server have chosen German, as communities can: there is no command to ask for that."""
    german = property(lambda _guild: discord.Locale.german)
    monkeypatch.setattr("discord.Guild.preferred_locale", german, raising=False)


async def use(w: World, name: str, who: Any = None, **options: Any) -> Any:
    result = await (who or w.mira).slash(w.channel, name, **options)
    read(result)
    return result


async def see(w: World, name: str, who: Any = None, **options: Any) -> Any:
    return panel_of(await use(w, name, who, **options))


async def press(who: Any, panel: Any, label: str) -> Any:
    """Press a button by what it says in English; read what that leads to."""
    result = await who.click(panel, label=pseudo.written(label))
    read(panel)
    if pseudo.shown(result):
        read(result)
    return result


async def much(w: World) -> None:
    """Let a great deal be known of Mira, in every way that there is."""
    now = w.app.clock.now()
    other = w.guild.create_text_channel("другой")
    cat = await noted(w, "Кошка", tags=["звери"], sources=[7, 9], at=now - 20 * DAY)
    await archived(w, 7)
    await archived(w, 9)
    await again(w, cat, 9)
    old, new = await noted(w, "Живёт там", category="places"), await noted(w, "Живёт тут", for_all=True)
    await overtaken(w, old, new)
    await noted(w, "Орехи", subject="Боб", scope="guild", tags=["еда", "еда два"])
    await noted(w, "Далеко", scope="guild", guild_id=5, pinned=True, kept=True)
    await noted(w, "Везде", scope="everywhere", origin="inherited", category="work")
    await noted(w, "Наедине", scope="dm", origin="laid down", kept=True)
    await noted(w, "В другом", channel_id=other.id, kept=True, for_all=True)


# --- Memory -----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_memories_are_told_changed_and_deleted(w, cyrillic):
    await use(w, "remember", memory="Люблю чай")
    await use(w, "remember", memory="   ")
    await use(w, "remember", memory="password: hunter2!X")
    await use(w, "memory edit", number=1, text="Люблю кофе")
    await use(w, "memory edit", number=99, text="Люблю кофе")
    for where in ("channel", "guild", "everywhere", "dm", "every character", "one character"):
        await use(w, "memory share", number=1, where=where)
    for _ in range(2):
        await use(w, "memory pin", number=1)
    for switch in ("on", "off"):
        await use(w, "memory learning", switch=switch)
    read(await w.mira.user.slash("memory share", number=1, where="guild"))
    panel = await see(w, "memory delete", number=1)
    await press(w.mira, panel, "Keep it")
    panel = await see(w, "memory delete", number=1)
    await press(w.mira, panel, "Forget it")
    await use(w, "remember", memory="Люблю чай")
    panel = await see(w, "memory delete_all")
    await press(w.mira, panel, "Forget all 1")
    await use(w, "memory delete_all")


@pytest.mark.slow
async def test_lists_of_what_is_known_and_was_known(w, cyrillic):
    await much(w)
    for number in range(11):
        await use(w, "remember", memory=f"Номер {number}")
    panel = await see(w, "memory list")
    await press(w.mira, panel, "Next")
    await press(w.mira, panel, "Back")
    panel = await see(w, "memory facts")
    await press(w.mira, panel, "Next")
    for search in ({"search": "кошка"}, {"tag": "звери"}, {"search": "нет", "tag": "нет"}):
        await use(w, "memory facts", **search)
    today = w.app.clock.now().date()
    panel = await see(w, "memory at", day=str(today))
    await press(w.mira, panel, "Next")
    for day in ("2020-01-01", "2014-01-01", str(today + 2 * DAY), "вчера"):
        await use(w, "memory at", day=day)
    w.env._errors.clear()  # of a day before there was Discord


@pytest.mark.slow
async def test_earlier_states_are_looked_at_and_brought_back(w, cyrillic):
    await use(w, "memory history")
    await much(w)
    await use(w, "remember", memory="Люблю чай")
    [*_, tea] = await w.app.memories.of("pixel", w.mira.id)
    await use(w, "memory edit", number=tea.number, text="Люблю кофе")
    await use(w, "memory share", number=tea.number, where="everywhere")
    await use(w, "memory share", number=tea.number, where="every character")
    await use(w, "memory pin", number=tea.number)
    await w.app.known_people.looked(Actor(w.tom.id, w.channel.id), w.mira.id)
    panel = await see(w, "memory history")
    for state in [one["value"] for one in menu_of(panel)["options"]]:
        shown = await see(w, "memory history")
        read(await w.mira.select(shown, [state]))
        read(shown)
        await press(w.mira, shown, "Leave it")
    first = menu_of(panel)["options"][-1]["value"]
    shown = await see(w, "memory history")
    await w.mira.select(shown, [first])
    await press(w.mira, shown, "Bring it back")


@pytest.mark.slow
async def test_the_map_speaks_the_language_of_whoever_looks_at_it(w, cyrillic, monkeypatch):
    await use(w, "memory map")
    await much(w)
    await use(w, "memory map")
    with i18n.speaking("de"):
        picture = await w.app.maps.of("pixel", w.mira.id)
    assert picture is not None
    assert pseudo.left_in_english(picture.about, known=KNOWN) == []
    words = [text for line in picture.svg.decode().split("\n") for text in _words_in(line)]
    assert len(words) > 10
    assert pseudo.left_in_english("\n".join(words), known=KNOWN) == []

    def missing(_svg: str) -> bytes:
        raise PictureMissing("`resvg`")

    monkeypatch.setattr(mapping, "as_png", missing)
    await use(w, "memory map")


def _words_in(line: str) -> list[str]:
    return [one.rpartition(">")[2] for one in line.split("<") if one.rpartition(">")[2].strip()]


@pytest.mark.slow
async def test_the_map_that_somebody_asks_for_in_a_channel_is_in_the_language_of_the_server(
    w, cyrillic, monkeypatch
):
    await w.mira.send(w.channel, "!memsvg")
    said = w.said()[-1]
    assert pseudo.left_in_english(said, known=KNOWN) != []
    speak_german_in_servers(monkeypatch)
    await much(w)
    await w.mira.send(w.channel, "!memsvg")
    sent = w.said(w.mira.user.dm_channel)[-1]
    assert pseudo.left_in_english(w.said()[-1], known=KNOWN) == []
    assert pseudo.left_in_english(sent, known=KNOWN) == []


@pytest.mark.slow
def test_outside_of_servers_it_is_english_where_nobody_asked(cyrillic):
    with i18n.speaking("de"), language_of_the_server(object()):
        assert i18n.number(1234) == "1,234"


@pytest.mark.slow
async def test_a_category_is_found_by_the_word_that_is_shown(w, cyrillic):
    fact = await noted(w, "Живёт там", category="places")
    with i18n.speaking("de"):
        assert matching([FactEntry(fact)], tag=pseudo.written("places"))
        assert matching([FactEntry(fact)], tag="places")
    assert not matching([FactEntry(fact)], tag=pseudo.written("places"))


# --- Privacy ----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_privacy_is_explained_and_everything_goes(w, cyrillic):
    await use(w, "privacy show")
    await w.mira.send(w.channel, "Pixel, привет")
    await use(w, "privacy yes")
    await much(w)
    await use(w, "remember", memory="Люблю чай")
    panel = await see(w, "privacy show")
    await press(w.mira, panel, "What is kept?")
    await press(w.mira, panel, "Stop, and delete what was noted")
    panel = await see(w, "privacy show")
    await press(w.mira, panel, "Allow it")
    await use(w, "privacy export")
    await use(w, "privacy no")
    await w.app.known_people.looked(Actor(w.tom.id, w.channel.id), w.mira.id)
    panel = await see(w, "privacy delete")
    await press(w.mira, panel, "Keep it")
    panel = await see(w, "privacy delete")
    await press(w.mira, panel, "Delete everything")


@pytest.mark.slow
async def test_files_that_are_taken_in_or_refused(w, cyrillic):
    await use(w, "privacy yes")
    await use(w, "remember", memory="Люблю чай")
    await use(w, "privacy export")
    [made] = await w.app.privacy.export(w.mira.id)
    data = made.data
    await use(w, "privacy import", file=("a.json", data))
    await use(w, "privacy import", file=("a.json", data.replace(b'"number": 1', b'"number": 2')))
    for wrong in (b"{", b"\xff", b"[]", b"[" * 50, b" " * (MOST_BYTES + 1)):
        await use(w, "privacy import", file=("a.json", wrong))
    await use(w, "privacy import", w.tom, file=("a.json", data))


@pytest.mark.slow
async def test_everybody_reads_the_question_in_the_language_of_the_server(tmp_path, monkeypatch):
    async with world(tmp_path, manner=ASKING) as w:
        table = pseudo.table(template(w.client.tree))
        monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
        speak_german_in_servers(monkeypatch)
        w.claude.will_say("Так!")
        for _ in range(2):
            await w.mira.send(w.channel, "Pixel, ты тут?")
        question = w.channel.history()[-1]
        ours = question.content.split("\n", 1)[1]
        assert pseudo.left_in_english(ours, known=KNOWN) == []
        labels = [one.label for row in question.components for one in row.children]
        assert len(labels) == 3
        assert pseudo.left_in_english("\n".join(labels), known=KNOWN) == []


# --- Reminders --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_reminders_and_birthdays_are_told(w, cyrillic):
    await use(w, "remind list")
    await use(w, "birthday show")
    await use(w, "timezone show")
    await use(w, "remind me", when="in 2 hours", what="чай")
    await use(w, "remind me", when="Ой", what="чай")
    await use(w, "remind me", when="2020-01-01", what="чай")
    await use(w, "remind me", when="in 2 hours", what="password: hunter2!X")
    await use(w, "timezone set", zone="Europe/Oslo")
    await use(w, "timezone set", zone="Oslq")
    await use(w, "timezone set", zone="Ой")
    await use(w, "timezone show")
    await use(w, "remind date", day=3, month=5, what="свадьба")
    await use(w, "remind date", day=31, month=2, what="свадьба")
    await use(w, "birthday set", day=3, month=5)
    await use(w, "birthday show")
    read(await w.mira.user.slash("birthday set", day=29, month=2))
    read(await w.mira.user.slash("birthday show"))
    await use(w, "birthday show")
    for hour in range(6):
        await use(w, "remind me", when=f"in {hour + 1} hours", what="чай")
    panel = await see(w, "remind list")
    await press(w.mira, panel, "Next")
    await w.mira.select(panel, [menu_of(panel)["options"][0]["value"]])
    read(panel)
    await use(w, "remind delete", number=9999)
    await use(w, "birthday forget")
    await use(w, "birthday forget")


async def test_a_time_may_be_written_in_the_language_of_ones_discord(w, german):
    result = await w.mira.slash(w.channel, "remind me", when="morgen um 18 Uhr", what="Tee")
    [kept] = await w.app.reminders.of("pixel", w.mira.id)
    tomorrow = w.app.clock.now() + DAY
    assert kept.due_at == tomorrow.replace(hour=18, minute=0, second=0, microsecond=0)
    assert "Ich erinnere dich" in panel_of(result).content
    for when in ("in 2 Stunden", "am 3. Mai um 18:30", "3. Mai 18:30", "Freitag um 18:00", "am Freitag"):
        result = await w.mira.slash(w.channel, "remind me", when=when, what="Tee")
        assert "Ich erinnere dich" in panel_of(result).content, when


# --- One's own talk ---------------------------------------------------------------------------------


@pytest.mark.slow
async def test_talk_is_forgotten_told_anew_and_rewritten(w, cyrillic):
    for name in ("reset_conversation", "forget_last", "swipe", "reroll", "continue", "edit_reply"):
        await w.tom.user.slash(name)
        read(await w.tom.user.slash(name))
    await use(w, "edit_reply", w.tom, text="Ой")
    await w.mira.send(w.channel, "Pixel, привет")
    w.claude.will_say("Другое.")
    panel = await see(w, "reroll", context="иначе")
    await press(w.mira, panel, "Redo")
    assert pseudo.written("You said about it:") in panel.content
    await press(w.mira, panel, "Accept")
    panel = await see(w, "swipe")
    await press(w.mira, panel, "Dismiss")
    await use(w, "continue")
    await use(w, "greeting")
    read(await w.mira.context_menu(w.channel, "Reroll this", await w.tom.send(w.channel, "ой")))
    read(await w.mira.context_menu(w.channel, "Forget this", await w.tom.send(w.channel, "ой")))
    panel = await see(w, "forget_last", count=5)
    await press(w.mira, panel, "Select all")
    await press(w.mira, panel, "Forget 1 exchange")
    await w.mira.send(w.channel, "Pixel, привет")
    await w.mira.send_dm("привет")
    panel = await see(w, "reset_conversation")
    await press(w.mira, panel, "Keep")
    panel = await see(w, "reset_conversation")
    await press(w.mira, panel, "Forget everywhere")
    await w.mira.send_dm("привет")
    read(await w.mira.user.slash("edit_reply"))
    read(await w.mira.user.slash("edit_reply", text="Ой"))
    shown = panel_of(await w.mira.user.slash("reset_conversation"))
    read(shown)
    await press(w.mira.user, shown, "Forget here")


# --- Operators --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_operators_look_at_a_day_and_at_facts(w, cyrillic):
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    await use(w, "admin facts list", anna, person=w.mira)
    await much(w)
    await use(w, "privacy yes")
    await use(w, "remember", memory="Люблю чай")
    today = str(w.app.clock.now().date())
    panel = await see(w, "admin memory day", anna, day=today)
    await press(anna, panel, "Undo that day")
    await press(anna, panel, "Leave it")
    panel = await see(w, "admin memory day", anna, day=today)
    await press(anna, panel, "Undo that day")
    await press(anna, panel, "Undo it")
    for day in ("2020-01-01", "2014-01-01", "вчера"):
        await use(w, "admin memory day", anna, day=day)
    w.env._errors.clear()  # of a day before there was Discord
    await use(w, "admin facts add", anna, person=w.mira, text="Любит чай", reach="channel")
    await use(w, "admin facts list", anna, person=w.mira)
    await use(w, "admin facts edit", anna, person=w.mira, number=1, text="Любит кофе")
    panel = await see(w, "admin facts remove", anna, person=w.mira, number=1)
    await press(anna, panel, "Keep it")
    panel = await see(w, "admin facts remove", anna, person=w.mira, number=1)
    await press(anna, panel, "Remove it")


# --- German -----------------------------------------------------------------------------------------


async def test_a_german_reads_german(w, german):
    now = datetime(2026, 5, 3, 12, tzinfo=UTC)
    await noted(w, "Hat eine Katze", category="pets", kept=True, pinned=True, at=now)
    page = panel_of(await w.mira.slash(w.channel, "memory list"))
    assert page.content.split("\n") == [
        "**Was ich auf Dauer über dich weiß**: 1 Erinnerung",
        "**1.** Hat eine Katze",
        (
            f"-# angepinnt · nur in {w.channel.mention} und wenn wir allein sind · "
            f"ich habe es selbst bemerkt · <t:{int(now.timestamp())}:d>"
        ),
        page.content.split("\n")[-1],
    ]
    assert "/gedächtnis fakten" in page.content.split("\n")[-1]


def test_days_are_spelt_as_their_language_does():
    from bot.core.spelling import day_in_words, listed, utc_in_words, yearly_in_words
    from memory.dates import YearDay

    moment = datetime(2026, 5, 3, 18, 30, tzinfo=UTC)
    words = (day_in_words(date(2026, 3, 3)), yearly_in_words(YearDay(5, 3)), utc_in_words(moment))
    assert words == ("3 March 2026", "3 May", "03 May 2026, 18:30 UTC")
    assert listed(["a", "b", "c"]) == "a, b and c"
    with i18n.speaking("de"):
        assert day_in_words(date(2026, 3, 3)) == "3. März 2026"
        assert yearly_in_words(YearDay(5, 3)) == "3. Mai"
        assert utc_in_words(moment) == "03. Mai 2026, 18:30 UTC"
        assert listed(["a", "b", "c"]) == "a, b und c"
        assert listed(["a"]) == "a"
