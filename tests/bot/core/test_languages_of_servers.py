"""Moderation, tickets, scenes and characters in another language: every screen, pressed and posted (C95)."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import simcord.interactions

from bot.core import i18n
from bot.core.errors import MasqueradeError
from bot.features.moderation import in_words, span_of_mute
from bot.features.privacy.export_format import read_portable
from bot.features.privacy.restore import TOO_MANY
from tests import pseudo
from tests.locale_tables import template
from tests.staged import company
from tests.support.commands import admin, let_operate, show_to, told
from tests.support.discord import World, world
from tests.support.growth import meet
from tests.support.languages import speak_in
from tests.support.moderation import above_the_bot, acts, moderator, take_from_bot
from tests.support.panels import panel_of
from tests.support.tickets import set_up, threads, written

KNOWN = {"Mira", "Tom", "Ben", "Anna", "Onyx", "Ruby", "Pixel", "The", "Guild", "general", "TestBot"}
DATA = KNOWN | {"onyx", "ruby", "pixel", "caring", "chaotic", "assistant", "neuro", "grim", "war", "iron"}
"""Names, and words that stand in the files of the characters here."""

RUBY_CARD = b'{"name": "Ruby", "description": "x"}'
CYRILLIC = re.compile("[а-яА-Я]")
Read = Callable[..., None]


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as entered:
        yield entered


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


@pytest.fixture
def cyrillic(w: World, monkeypatch: pytest.MonkeyPatch) -> Read:
    return in_cyrillic(w, monkeypatch)


def in_cyrillic(w: World, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Let everybody read another alphabet; return what looks whether texts are wholly in it."""
    table = pseudo.table(template(w.client.tree))
    monkeypatch.setattr(i18n, "table_of", lambda locale: table if locale == "de" else None)
    speak_in(monkeypatch, "de")

    def look(*answers: Any, known: set[str] = KNOWN) -> None:
        for one in answers:
            texts = [one] if isinstance(one, str) else pseudo.shown(one)
            assert texts
            left = {text: pseudo.left_in_english(text, known=known) for text in texts}
            assert not any(left.values()), left

    return look


def server_in(monkeypatch: pytest.MonkeyPatch, people: str, server: str) -> None:
    """Let people read one language, and their server be in another."""
    made = simcord.interactions.base_payload

    def make(*arguments: Any, **named: Any) -> Any:
        record, payload = made(*arguments, **named)
        payload |= {"locale": people, "guild_locale": server}
        return record, payload

    monkeypatch.setattr(simcord.interactions, "base_payload", make)


def labels(message: Any) -> list[str]:
    """Return what stands on the buttons of a message, as a person or as the one who asked sees it."""
    rows = [row["components"] if isinstance(row, dict) else row.children for row in message.components]
    return [one["label"] if isinstance(one, dict) else one.label for row in rows for one in row]


# --- Moderation -----------------------------------------------------------------------------------


@pytest.mark.slow
async def test_acts_of_moderation_speak_the_moderators_language(w, cyrillic):
    anna = moderator(w)
    asked = await anna.slash(w.channel, "ban", user=w.mira, delete_messages="1 day and 5 hours")
    cyrillic(asked, await anna.click(panel_of(asked), label="Цанцел"))
    asked = await anna.slash(w.channel, "ban", user=w.mira)
    cyrillic(asked, await anna.click(panel_of(asked), label="Бан"))
    [(_act, _target, reason)] = acts(w)
    assert reason == f"No reason given (asked by anna, {anna.id})", "Discord's audit log is in English"
    for _time in range(2):
        cyrillic(await anna.slash(w.channel, "unban", user=w.mira.user))
    for duration in ("2 h", "29 days", "soon", "0s"):
        cyrillic(await anna.slash(w.channel, "mute", member=w.tom, duration=duration))
    for _time in range(2):
        cyrillic(await anna.slash(w.channel, "unmute", member=w.tom))
    cyrillic(await anna.slash(w.channel, "kick", member=w.tom))


@pytest.mark.slow
async def test_why_somebody_is_not_touched_is_told_in_the_moderators_language(w, cyrillic):
    anna = moderator(w)
    star = w.guild.add_member(w.env.create_user("ben", global_name="Ben"), roles=[above_the_bot(w)])
    for one in (anna, star):
        cyrillic(await anna.slash(w.channel, "kick", member=one))
    take_from_bot(w, "kick_members", "manage_messages", "read_message_history")
    cyrillic(await anna.slash(w.channel, "kick", member=w.tom))
    cyrillic(await anna.slash(w.channel, "purge", count=1))


@pytest.mark.slow
@pytest.mark.parametrize("status", [403, 404, 429, 500])
async def test_what_discord_refuses_is_told_in_the_moderators_language(w, cyrillic, status):
    anna = moderator(w)
    w.env.inject_error("DELETE", f"/guilds/{w.guild.id}/members/{w.tom.id}", status=status, times=None)
    cyrillic(await anna.slash(w.channel, "kick", member=w.tom))


@pytest.mark.slow
async def test_purging_and_waiting_speak_the_moderators_language(w, cyrillic):
    anna = moderator(w)
    for _time in range(3):
        await w.mira.send(w.channel, "hm")
    for options in ({"count": 1}, {"count": 5, "person": w.mira}):
        asked = await anna.slash(w.channel, "purge", **options)
        [yes, _no] = labels(panel_of(asked))
        cyrillic(asked, await anna.click(panel_of(asked), label=yes))
    cyrillic(await anna.slash(w.channel, "purge", count=1, person=w.mira))
    for wait in ("10s", "off", "7 hours"):
        cyrillic(await anna.slash(w.channel, "slowmode", wait=wait))


@pytest.mark.slow
async def test_cards_of_people_and_the_server_are_in_the_askers_language(w, cyrillic):
    for plain in (True, False):
        cyrillic(await w.mira.slash(w.channel, "userinfo", person=w.tom, plain=plain), known=KNOWN | {"tom"})
        result = await w.mira.slash(w.channel, "serverinfo", plain=plain)
        cyrillic(result, known=KNOWN | {"Owner"})
    stranger = w.env.create_user("Ben", global_name="Ben")
    cyrillic(await w.mira.slash(w.channel, "userinfo", person=stranger))
    many = [w.guild.create_role(f"{number}") for number in range(12)]
    anna = w.guild.add_member(w.env.create_user("Anna", global_name="Anna"), roles=many)
    cyrillic(await w.mira.slash(w.channel, "userinfo", person=anna))
    poll = {"question": "?", "answer1": "a", "answer2": "a"}
    cyrillic(await w.mira.slash(w.channel, "poll", **poll))


def test_lengths_of_time_are_told_with_the_forms_of_the_language():
    span = span_of_mute("1 day, 2 hours, 1 minute and 5 seconds")
    assert in_words(span) == "1 day, 2 hours, 1 minute, 5 seconds"
    with i18n.speaking("de"):
        assert in_words(span) == "1 Tag, 2 Stunden, 1 Minute, 5 Sekunden"


# --- Tickets --------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_all_of_a_ticket_is_in_another_language(w, monkeypatch):
    staff = await set_up(w)
    look = in_cyrillic(w, monkeypatch)
    known = KNOWN | {"broken", "mend", "office", "Helpers"}
    for command in ("tickets show", "tickets panel"):
        look(await staff.anna.slash(w.channel, command))
    look(*w.said())
    panel = w.channel.history()[-1]
    assert labels(panel) == ["Опен а тицкет"]
    look(await w.mira.click(panel, label="Опен а тицкет"))
    [thread] = threads(w)
    look(thread.name, *w.said(thread))
    [news] = staff.office.history()
    look(news.content)
    look(await w.tom.click(panel, label="Опен а тицкет"), await w.mira.slash(w.channel, "ticket open"))
    look(await staff.ben.click(news, label=labels(news)[0]), await w.mira.slash(w.channel, "ticket close"))
    await w.mira.send(thread, "broken", attachments=[("x.png", b"x")])
    look(await w.mira.slash(thread, "ticket close"))
    look(*w.said(thread)[1:], *w.said(staff.office), *w.said(w.mira.user.dm_channel))
    look((await written(w, thread)).replace("broken", "").replace("x.png", ""), known=known)
    for _time in range(2):
        look(await staff.anna.slash(w.channel, "tickets off"))
    look(await w.mira.slash(w.channel, "ticket open"))


async def test_what_others_read_of_a_ticket_is_in_the_servers_language(w, monkeypatch):
    staff = await set_up(w)
    server_in(monkeypatch, people="de", server="en-US")
    said = told(await staff.anna.slash(w.channel, "tickets panel"))
    assert said.startswith("Der Button ")
    assert labels(w.channel.history()[-1]) == ["Open a ticket"]
    said = told(await w.mira.slash(w.channel, "ticket open"))
    [thread] = threads(w)
    assert said == f"Dein Ticket ist offen: <#{thread.id}>. Schreib dort, worum es geht."
    [first] = thread.history()
    assert "write here what it is about" in first.content
    assert labels(first) == ["Close this ticket"]
    [news] = staff.office.history()
    assert "was opened by" in news.content
    assert told(await w.mira.slash(thread, "ticket close")).startswith("Geschlossen.")
    assert (await written(w, thread)).splitlines()[0] == "Ticket 1 · Mira in The Guild"
    assert "was closed by" in staff.office.history()[-1].content


async def test_a_ticket_of_a_german_server(w, monkeypatch):
    staff = await set_up(w)
    server_in(monkeypatch, people="en-US", server="de")
    assert told(await w.mira.slash(w.channel, "ticket open")).startswith("Your ticket is open: ")
    [thread] = threads(w)
    [first] = thread.history()
    assert first.content == (
        "**Ticket 1 · Mira**\n"
        "**Mira**, schreib hier, worum es geht; jemand wird antworten.\n"
        "**Wer das lesen kann**: du, Mitglieder, die hier Threads verwalten dürfen, und alle mit der Rolle "
        f"<@&{staff.role.id}>, die beitreten.\n"
        "**Beim Schließen** wird das Gesagte hier als Datei gepostet, dir privat geschickt und in "
        f"<#{staff.office.id}> abgelegt.\n"
        "Hier hört kein Charakter zu. Ich behalte kein Wort: nur, dass du ein Ticket hattest, und das bis "
        "30 Tage nach seinem Ende."
    )
    assert labels(first) == ["Dieses Ticket schließen"]
    await w.mira.send(thread, "Hallo", attachments=[("x.png", b"x")])
    assert told(await w.mira.slash(thread, "ticket close")).startswith("Closed.")
    lines = (await written(w, thread)).splitlines()
    assert lines[0] == "Ticket 1 · Mira auf The Guild"
    assert lines[1].startswith("Geöffnet am ")
    assert lines[-1] == "    (Datei: x.png)"


# --- Scenes and who plays -------------------------------------------------------------------------


@pytest.mark.slow
async def test_scenes_notes_and_guises_are_in_another_language(stage, monkeypatch):
    w = stage
    look = in_cyrillic(w, monkeypatch)
    anna = admin(w)
    plays = {"characters": "Onyx, Ruby", "topic": "1", "turns": 2}
    look(await w.mira.slash(w.channel, "scene start", **plays))
    for wrong in ({"characters": "Onyx"}, {"characters": "Zed"}, {"topic": " "}):
        look(await anna.slash(w.channel, "scene start", **plays | wrong), known=DATA | {"Zed"})
    going = await anna.slash(w.channel, "scene start", **plays)
    look(going)
    look(going.followups[-1].content)
    await w.env.advance_time(600)
    assert not CYRILLIC.search(w.prompt.text), "what a model reads is in English"
    for command in ("scene show", "scene stop", "scene note_clear", "me show", "me clear"):
        look(await anna.slash(w.channel, command))
    for depth in (0, 1, 5):
        look(await anna.slash(w.channel, "scene note", text="1", depth=depth))
    look(await anna.slash(w.channel, "scene show"), await anna.slash(w.channel, "scene note_clear"))
    look(await anna.slash(w.channel, "me set", name="1"), await anna.slash(w.channel, "me show"))
    look(await anna.slash(w.channel, "me set", name="\u200b"), await anna.slash(w.channel, "me clear"))


@pytest.mark.slow
async def test_characters_are_told_of_in_another_language(stage, monkeypatch):
    w = stage
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    look = in_cyrillic(w, monkeypatch)
    words = DATA | {"catgirl", "few", "words"}
    known = words | {word for one in w.app.company for word in one.character.core_prompt.split()}
    for command in ("persona invite", "persona dismiss", "persona reset"):
        look(await anna.slash(w.channel, command, name="onyx"))
        look(await anna.slash(w.channel, "persona list"), known=words)
    for name in ("Onyx", "nobody", "нободй", "Zed"):
        look(await anna.slash(w.channel, "persona choose", name=name), known=DATA | {"Zed"})
    look(await anna.slash(w.channel, "persona show", name="ruby"), known=known)
    look(
        await w.mira.user.slash("persona choose", name="Ruby"),
        await w.mira.user.slash("persona choose", name="nobody"),
    )
    look(await w.mira.user.slash("persona list"), known=words)
    look(await w.mira.slash(w.channel, "persona choose", name="Ruby"))


@pytest.mark.slow
async def test_files_of_characters_are_told_of_in_another_language(stage, monkeypatch):
    w = stage
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    look = in_cyrillic(w, monkeypatch)
    reader = KNOWN | {"json", "holds", "card", "use", "character", "version", "ruby"}
    for name, data in (("x.txt", b""), ("x.json", b"{}"), ("x.json", RUBY_CARD)):
        look(await anna.slash(w.channel, "persona import", file=(name, data)), known=reader)
    look(await anna.slash(w.channel, "persona remove", name="ruby"))
    look(await anna.slash(w.channel, "persona export", name="ruby", format="json"))


@pytest.mark.slow
async def test_a_sheet_is_in_another_language_but_for_the_authors_words(stage, monkeypatch):
    from tests.support.personas import sheet_for

    w = stage
    await w.mira.send(w.channel, "Onyx, lol hey hey what's up")
    look = in_cyrillic(w, monkeypatch)
    with i18n.speaking("de"):
        lines = (await sheet_for(w, w.mira, "onyx")).splitlines()
    ours = [line for line in lines if line.startswith("- ")]
    assert len(ours) >= 15
    look(*ours, known=DATA | {"card", "json", "ale", "wine"})


@pytest.mark.slow
async def test_how_characters_get_on_is_told_in_another_language(stage, monkeypatch):
    w = stage
    await meet(w, "Good evening.", "I love your work, Onyx, you are brilliant!")
    boss = admin(w, administrator=True)
    let_operate(w, boss)
    show_to(w, boss)
    look = in_cyrillic(w, monkeypatch)
    result = await boss.slash(w.channel, "admin relations show", character="ruby", other="onyx")
    look(result, known=DATA)
    look(await boss.slash(w.channel, "admin growth show", character="ruby"), known=DATA)


# --- Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"x", b"[]", b"\xff", b"[" * 50, b" " * 2_000_001])
def test_a_file_that_is_no_export_is_refused_in_german(w, data):
    with i18n.speaking("de"):
        with pytest.raises(MasqueradeError) as refused:
            read_portable(data, now=w.app.clock.now())
        assert "Datei" in str(refused.value)
        said = TOO_MANY.format(most=i18n.number(1000), count=2)
    assert "1.000" in said


async def test_a_german_moderator_reads_german(w, monkeypatch):
    anna = moderator(w)
    speak_in(monkeypatch, "de")
    table = i18n.table_of("de")
    assert table is not None
    asked = await anna.slash(w.channel, "ban", user=w.mira, delete_messages="1 day", reason="Werbung")
    panel = panel_of(asked)
    assert panel.content == (
        "Soll ich **Mira** bannen?\n"
        f"Damit ist die Mitgliedschaft hier vorbei, und vor /{table.command('unban')} gibt es keine "
        "Rückkehr. Gelöscht wird, was in dieser Zeit davor geschrieben wurde: 1 Tag.\n"
        "Der Grund im Audit-Log des Servers:\n> Werbung"
    )
    assert labels(panel) == ["Bannen", "Abbrechen"]
    said = await anna.click(panel, label="Bannen")
    assert acts(w)[-1][2] == f"Werbung (asked by anna, {anna.id})"
    assert "Mira" in pseudo.shown(said)[0]
