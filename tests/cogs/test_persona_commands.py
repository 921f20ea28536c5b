"""/persona, used as people would (C20, C24, C25, C31, F095, F102, F107, F111; D13)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.features.characters.importing import NOT_WRITABLE
from bot.features.characters.presence_words import CHOSEN, DISMISSED, INVITED, NOBODY_CHOSEN
from bot.persona_sheet import _talk
from cogs import personas
from cogs._discord.admin import OPERATORS_ONLY
from memory.places import Place, Where
from personas.cards.charx import MOST_BYTES
from tests.staged import ONYX, card, company, folders, library_in, shown_in
from tests.support.commands import admin, let_operate, told
from tests.support.discord import World
from tests.support.panels import panel_of
from tests.support.personas import NIMA, sheet_for


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with company(tmp_path) as entered:
        yield entered


def operator(w: World) -> Any:
    anna = admin(w, administrator=True)
    let_operate(w, anna)
    return anna


def place(w: World) -> Where:
    return Where(w.channel.id, Place.GUILD, guild_id=w.guild.id)


async def audited(w: World) -> list[tuple[str, str]]:
    return [(one.action, one.detail) for one in await w.app.audit.latest()]


# --- Looking --------------------------------------------------------------------------------------


async def test_everybody_sees_who_there_is_and_who_hears_this_channel(w):
    said = told(await w.mira.slash(w.channel, "persona list"))
    assert (
        "**Pixel** (`pixel`): A catgirl of few words\n-# hears this channel · the bot's own account" in said
    )
    assert "**Onyx** (`onyx`)\n-# hears this channel · framework caring" in said
    anna = admin(w)
    await anna.slash(w.channel, "persona dismiss", name="onyx")
    said = told(await w.mira.slash(w.channel, "persona list"))
    assert "**Onyx** (`onyx`)\n-# does not hear this channel" in said


async def test_in_private_the_list_says_who_talks_with_one(w):
    await w.mira.user.slash("persona choose", name="Ruby")
    said = told(await w.mira.user.slash("persona list"))
    assert "**Ruby** (`ruby`)\n-# talks with you here" in said
    assert "**Pixel** (`pixel`): A catgirl of few words\n-# not here" in said


async def test_names_with_markdown_and_mentions_stay_words(tmp_path):
    rude = {"name": "**Bad** <@1>", "description": "x"}
    root = folders(tmp_path / "characters", rude=rude)
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as w:
        said = told(await w.mira.slash(w.channel, "persona list"))
        assert r"\*\*Bad\*\*" in said
        assert w.pinged() == set()


async def test_the_framework_that_is_shown_is_the_one_that_is_played(tmp_path):
    """F099: a framework that is not there is replaced by neuro."""
    lost = {"name": "Lost", "extensions": {"masquerade": {"framework": "nowhere"}}}
    root = folders(tmp_path / "characters", lost=lost)
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as w:
        said = told(await w.mira.slash(w.channel, "persona list"))
        assert "**Lost** (`lost`)\n-# hears this channel · framework neuro" in said
        assert "- Framework: neuro" in await sheet_for(w, w.mira, "lost")


async def test_show_tells_a_small_character_in_a_message(w):
    said = told(await admin(w).slash(w.channel, "persona show", name="Ruby"))
    assert said.startswith("**Ruby** (ruby)")
    assert "- Framework: none" in said
    assert "- Blending: off" in said
    assert "- Lorebooks: none" in said
    assert "hears what is said" in said


async def test_a_sheet_tells_blends_modes_books_and_growth(w):
    """F102, C76: the weights by context, and the blend of the talk here now."""
    anna = admin(w)
    await w.mira.send(w.channel, "Onyx, lol hey hey what's up")
    result = await anna.slash(w.channel, "persona show", name="onyx")
    [file] = (result.response or result.followups[-1]).attachments
    assert file.filename == "onyx.txt"
    text = await sheet_for(w, w.mira, "onyx")
    assert "- Version: version 1.2, compiled as onyx@caring " in text
    tokens = re.search(r"In every prompt: ([0-9,]+) tokens", text)
    assert tokens is not None
    assert int(tokens[1].replace(",", "")) > 100
    assert "- Blending when the talk is casual: caring 0.7, chaotic 0.3" in text
    assert "- Blending when the talk is formal: assistant 0.9, neuro 0.1" in text
    assert "- The talk here is casual now" in text
    assert "  > caring 0.7, chaotic 0.3" in text
    assert "- Modes: grim (war)" in text
    assert "- Likes to talk about: iron, ale" in text
    assert "- Lorebook card.json: 1 entry" in text
    assert "has answered 1 time, 1 of them in the last seven days; stages reached: none" in text


async def test_the_talk_that_show_goes_by_is_that_of_this_channel(w):
    role = w.app.company.by_slug["onyx"]
    await w.mira.send(
        w.channel, "Onyx, my code throws `TypeError: int` in def main(), the stack trace says line 3"
    )
    where = place(w)
    assert (await _talk(w.app, role, where)).name == "technical"
    assert (await _talk(w.app, role, Where(1, Place.GUILD))).name == "casual"


async def test_remarks_about_files_are_told_to_operators_alone(tmp_path):
    root = folders(tmp_path / "characters", onyx={**ONYX, "character_book": {"entries": "none"}})
    async with company(tmp_path, library=library_in(root, tmp_path / "data")) as w:
        anna = admin(w, administrator=True)
        for operates in (False, True):
            if operates:
                let_operate(w, anna)
            text = await sheet_for(w, anna, "onyx")
            assert ("which the bot's operators can read here" in text) is not operates
            assert ("card.json: there are no `entries`" in text) is operates


@pytest.mark.parametrize("name", ["show", "invite", "dismiss"])
async def test_a_name_that_is_nobodys_gets_a_sentence_with_those_there_are(w, name):
    said = told(await admin(w).slash(w.channel, f"persona {name}", name="Nobody"))
    assert said == "There is no character called 'Nobody' here. There are: Pixel, Onyx, Ruby."


async def test_names_are_offered_while_one_types(w):
    offered = await w.mira.autocomplete(w.channel, "persona choose", "name", "on")
    assert [one["value"] for one in offered] == ["onyx"]
    offered = await w.mira.autocomplete(w.channel, "persona choose", "name", "no")
    assert [one["value"] for one in offered] == ["nobody"]


# --- Who is where ---------------------------------------------------------------------------------


async def test_who_was_chosen_answers_where_nobody_is_called(w):
    """C24, D07: a mention of the bot's account is of its own character; the chosen one has the rest."""
    anna = admin(w, manage_channels=True)
    said = told(await anna.slash(w.channel, "persona choose", name="Ruby"))
    assert said.startswith(CHOSEN.format(name="Ruby"))
    async with w.app.database.read() as db:
        channel = await db.channels.get(w.channel.id)
    assert channel is not None
    assert (channel.chosen, channel.name) == ("ruby", "general")
    said = told(await anna.slash(w.channel, "persona choose", name="nobody"))
    assert said.startswith(NOBODY_CHOSEN)
    done = [one for one in await w.app.audit.latest() if one.action == "chosen"]
    ruby = {"character": "ruby"}
    assert [(one.before, one.after) for one in done] == [(ruby, None), (None, ruby)]
    assert {one.guild_id for one in done} == {w.guild.id}


async def test_in_private_everybody_chooses_whom_they_talk_with(w):
    assert told(await w.mira.user.slash("persona choose", name="RUBY")) == personas.CHOSEN_ALONE.format(
        name="Ruby"
    )
    await w.mira.send_dm("hello")
    assert shown_in(w.mira.user.dm_channel)[-1][1] == "Ruby: Hm."
    assert told(await w.mira.user.slash("persona choose", name="nobody")) == personas.NOBODY_ALONE.format(
        name="Pixel"
    )
    await w.mira.send_dm("hello")
    assert shown_in(w.mira.user.dm_channel)[-1][1] == "Hm."


async def test_in_a_server_a_stranger_chooses_nobody(w):
    assert told(await w.mira.slash(w.channel, "persona choose", name="Ruby")) == personas.NOT_YOURS_TO_CHOOSE
    async with w.app.database.read() as db:
        channel = await db.channels.get(w.channel.id)
    assert channel is None or channel.chosen is None


async def test_who_was_sent_out_neither_hears_nor_answers_until_invited(w):
    """C25: what was said without it, it never learns."""
    anna = admin(w)
    said = told(await anna.slash(w.channel, "persona dismiss", name="onyx"))
    assert said.startswith(DISMISSED.format(name="Onyx"))
    assert "The bot's operators can take it back." in said
    await w.mira.send(w.channel, "Onyx? The canary is dead.")
    assert "Onyx" not in [name for name, _ in shown_in(w.channel)]
    said = told(await anna.slash(w.channel, "persona invite", name="onyx"))
    assert said.startswith(INVITED.format(name="Onyx"))
    await w.mira.send(w.channel, "Onyx?")
    assert shown_in(w.channel)[-1] == ("Onyx", "Hm.")
    assert "canary" not in w.prompt.text
    said = told(await anna.slash(w.channel, "persona reset", name="onyx"))
    assert said.startswith(personas.AS_RULED.format(name="Onyx"))
    here, gone = {"present": True}, {"present": False}
    done = [one for one in await w.app.audit.latest() if one.action == "presence"]
    assert [(one.before, one.after) for one in done] == [(here, None), (gone, here), (None, gone)]


@pytest.mark.parametrize("name", ["show", "invite", "dismiss", "reset"])
async def test_a_stranger_is_refused_what_is_for_admins(w, name):
    said = told(await w.mira.slash(w.channel, f"persona {name}", name="onyx"))
    assert said.startswith("You may not do that here: it takes the permission **Manage Server**, or ")
    assert all(one.present for one in await w.app.presence.attending(place(w)))


# --- Who is played at all: for operators ----------------------------------------------------------


@pytest.mark.slow
async def test_a_card_brings_a_character_that_hears_and_answers_from_then_on(w):
    """C31, F107."""
    anna = operator(w)
    said = told(await anna.slash(w.channel, "persona import", file=("nima.json", card(NIMA))))
    assert said.startswith("**Nima** (`nima`) is here")
    w.claude.will_say("Soup?")
    await w.mira.send(w.channel, "Nima, what's for dinner?")
    assert shown_in(w.channel)[-1] == ("Nima", "Soup?")
    assert ("persona import", "nima") in await audited(w)


async def test_a_folder_that_can_t_be_written_to_is_told_without_its_path(w, monkeypatch, caplog):
    def read_only(path: Path, *_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system", str(path))

    with monkeypatch.context() as container:
        container.setattr(Path, "mkdir", read_only)
        said = told(await operator(w).slash(w.channel, "persona import", file=("nima.json", card(NIMA))))
    assert said == NOT_WRITABLE
    assert "Read-only file system" in caplog.text
    assert "nima" not in w.app.company.by_slug


@pytest.mark.slow
async def test_who_came_by_import_can_go_again_and_others_can_not(w):
    anna = operator(w)
    await anna.slash(w.channel, "persona import", file=("nima.json", card(NIMA)))
    assert told(await anna.slash(w.channel, "persona remove", name="Nima")) == personas.LEFT.format(
        name="Nima"
    )
    assert "nima" not in w.app.company.by_slug
    said = told(await anna.slash(w.channel, "persona remove", name="Onyx"))
    assert "did not come by /persona import" in said
    assert "onyx" in w.app.company.by_slug


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("nima.gif", b"GIF89a", personas.NO_CARD),
        ("nima.json", b"{", "nima.json"),
        ("nima.png", b"\x89PNG\r\n\x1a\nxx", "nima.png"),
        ("large.png", b"x" * (MOST_BYTES + 1), personas.TOO_LARGE.format(most=MOST_BYTES >> 20)),
    ],
)
async def test_what_is_no_card_is_refused_in_a_sentence(w, name, data, why):
    said = told(await operator(w).slash(w.channel, "persona import", file=(name, data)))
    assert why in said
    assert len(w.app.company) == 3


async def test_a_character_goes_out_as_a_file_for_one_pair_of_eyes(w):
    anna = operator(w)
    result = await anna.slash(w.channel, "persona export", name="onyx", format="json")
    message = panel_of(result)
    assert message.content == personas.EXPORTED.format(name="Onyx")
    [file] = message.attachments
    assert (file.filename, file.size) == ("onyx.json", len(card(ONYX)))
    assert ("persona export", "onyx") in await audited(w)


@pytest.mark.slow
@pytest.mark.parametrize("operates", [False, True])
async def test_import_export_and_remove_are_for_operators(w, operates):
    boss = admin(w, administrator=True)
    if operates:
        let_operate(w, boss)
    files: dict[str, Any] = {"file": ("nima.json", card(NIMA))}
    for command, options in (
        ("import", files),
        ("export", {"name": "onyx", "format": "png"}),
        ("remove", {"name": "nima"}),
    ):
        result = await boss.slash(w.channel, f"persona {command}", **options)
        assert (told(result) == OPERATORS_ONLY) is not operates, command
        refused = told(await w.mira.slash(w.channel, f"persona {command}", **options))
        assert refused.startswith("You may not do that here: it takes the permission **Administrator**, or ")
    assert ("persona import", "nima") in await audited(w) or not operates


async def test_nothing_of_all_this_pings_anybody(w):
    anna = operator(w)
    for name, options in (("list", {}), ("show", {"name": "onyx"}), ("choose", {"name": "ruby"})):
        await anna.slash(w.channel, f"persona {name}", **options)
    sent = [one.json or {} for one in w.env.http_requests if "webhooks" in one.path and one.method == "POST"]
    assert all(one.get("allowed_mentions", {"parse": []}) == {"parse": []} for one in sent)
    assert w.pinged() == set()
