"""Characters that are one file each in a folder of them, as acore keeps them (F097, F098, F108, F109)."""

import json
import unicodedata
from pathlib import Path

import pytest

from bot.audit import Actor, AuditLog
from bot.cli.doctor.configuration import company_findings
from bot.conversation.company import Company
from bot.features.characters.importing import Arrivals
from bot.features.characters.library import Library, library_of
from bot.features.characters.presence import NotStaged
from bot.settings import Loaded, SettingsError, load_settings
from personas.cards import card_from, read_card, write_png
from tests.builders import Table, table
from tests.support.acore_files import CHARACTERS, PICTURE, TIDES, card, put, sheet, write_prompts
from tests.support.live_characters import last, write
from tests.support.live_characters import sheet as env

ADMIN = Actor(7, 8)


def configured(root: Path, *active: str, **more: object) -> Loaded:
    """Return the settings as acore writes them."""
    said = {"CHARACTERS_DIR": root / "prompts/characters", "DATA_DIR": root / "data", **more}
    lines = [f"ACTIVE_PERSONAS={json.dumps(active)}", *(f"{key}={value}" for key, value in said.items())]
    write(root / "config.env", "\n".join(lines))
    return load_settings(root / "config.env", root / "character.env", {})


def library(root: Path, *active: str) -> Library:
    return library_of(configured(root, *active))


async def opened(root: Path, *active: str, **more: object) -> Company:
    return await library_of(configured(root, *active, **more)).open()


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def prompt_to(at: Table, text: str) -> str:
    await at.hear(text)
    return last(at)


@pytest.mark.slow
async def test_acores_own_settings_play_its_own_files(tmp_path):
    """F108: the first is the bot's own account; `.json` may be said or not."""
    write_prompts(tmp_path)
    company = await opened(tmp_path, "dagoth_ur.json", "lamplighter", "Käthe Grün.json")
    assert [role.slug for role in company] == ["dagoth_ur", "lamplighter", "kathe-grun"]
    assert [role.name for role in company] == ["Dagoth Ur", "Wick", "Käthe Grün"]
    assert company.primary.slug == "dagoth_ur"


@pytest.mark.slow
async def test_all_seventeen_are_played(tmp_path, caplog):
    write_prompts(tmp_path)
    company = await opened(tmp_path, "all", CHARACTER="dagoth_ur")
    assert len(list(company)) == len(CHARACTERS) == 17
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


@pytest.mark.slow
async def test_a_picture_among_the_files_is_a_character_only_if_it_is_named(tmp_path, caplog):
    characters = write_prompts(tmp_path, "plain.json")
    write(characters / "face.png", PICTURE)
    write(characters / "moth.png", write_png(card_from(card("Moth"))))
    company = await opened(tmp_path, "all", CHARACTER="moth.png")
    assert [role.slug for role in company] == ["moth", "plain"]
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


async def test_a_name_is_found_in_any_letter_case_and_as_any_system_writes_umlauts(tmp_path):
    characters = write_prompts(tmp_path, "plain.json")
    put(characters / unicodedata.normalize("NFD", "Käthe Grün.json"), card("Käthe Grün"))
    write(characters / "moth.png", write_png(card_from(card("Moth"))))
    company = await opened(tmp_path, "PLAIN.JSON", "käthe grün", "moth.json")
    assert [role.slug for role in company] == ["plain", "kathe-grun", "moth"]


@pytest.mark.slow
async def test_a_broken_file_is_named_with_its_fault_and_the_others_load(tmp_path, caplog):
    """F095."""
    characters = write_prompts(tmp_path, "plain.json", "banker.json")
    write(characters / "torn.json", '{"spec": "chara_card_v2",\n "data": {"name"')
    write(characters / "book.json", json.dumps(TIDES))
    put(characters / "nameless.json", {**sheet("x", "X"), "display_name": True})
    company = await opened(tmp_path, "torn.json", "plain", "nameless", "book", "banker", "nobody.json")
    assert [role.slug for role in company] == ["plain", "banker"]
    told = "\n".join(one.getMessage() for one in caplog.records if one.levelname == "ERROR")
    for fault in (
        f"{characters}/torn.json:2: ",
        f"{characters}/nameless.json: display_name: is missing",
        f"{characters}/book.json: makes no character",
        f"'nobody.json', which is no character in {characters}; known: ",
    ):
        assert fault in told, fault


@pytest.mark.slow
async def test_the_doctor_finds_the_same(tmp_path):
    characters = write_prompts(tmp_path, "plain.json", "banker.json", "lamplighter.json")
    write(characters / "torn.json", "{")
    put(characters / "copy.json", sheet("lamplighter", "Snuff"))
    said = ("plain.json", "torn.json", "lamplighter", "copy.json", "nobody.json")
    problems = [
        one.sentence for one in await company_findings(configured(tmp_path, *said)) if one.level == "problem"
    ]
    assert len(problems) == 3
    assert "names no character" in problems[0]
    assert problems[1].startswith(f"{characters}/torn.json:1: ")
    assert problems[2].startswith(f"{characters}/copy.json: Two characters are called lamplighter")
    found, *_ = await company_findings(configured(tmp_path, "plain.json", "banker.json"))
    assert found.sentence == "Further characters: Banker."


def test_where_no_file_can_be_played_the_first_fault_is_told(tmp_path):
    characters = write_prompts(tmp_path, "plain.json")
    write(characters / "torn.json", "{")
    loaded = configured(tmp_path, "torn.json", "nobody.json")
    with pytest.raises(SettingsError, match=r"torn\.json:1"):
        _ = loaded.playable
    with pytest.raises(SettingsError, match=r"names no character in .*'nobody\.json'.*known: plain, torn"):
        _ = configured(tmp_path, "nobody.json").playable


def test_the_character_that_is_named_goes_before_the_active_ones(tmp_path):
    write_prompts(tmp_path, "plain.json", "banker.json")
    loaded = configured(tmp_path, "plain.json", CHARACTER="banker.json")
    assert loaded.playable.slug == "banker"
    write(tmp_path / "character.env", env("Own", "You are Own."))
    assert configured(tmp_path, "plain.json").playable.name == "Own"
    (tmp_path / "character.env").unlink()
    with pytest.raises(SettingsError, match="there is no character"):
        _ = configured(tmp_path, "plain.json", USE_PERSONA_SYSTEM="false").playable


async def test_of_two_files_with_one_id_the_first_is_played_and_the_other_named(tmp_path, caplog):
    characters = write_prompts(tmp_path, "lamplighter.json")
    put(characters / "copy.json", sheet("lamplighter", "Snuff"))
    company = await opened(tmp_path, "lamplighter.json", "copy.json")
    assert [role.name for role in company] == ["Wick"]
    assert f"{characters}/copy.json: Two characters are called lamplighter" in caplog.text


@pytest.mark.slow
async def test_folders_and_files_stand_side_by_side(tmp_path):
    characters = write_prompts(tmp_path, "plain.json")
    write(characters / "nyx/character.env", env("Nyx", "You are Nyx."))
    put(characters / "nyx.json", sheet("other-nyx", "Nyx the Other"))
    put(characters / "card/card.json", card("Folded"))
    company = await opened(tmp_path, "nyx", "plain.json", "nyx.json", "card.json")
    assert [role.slug for role in company] == ["nyx", "plain", "other-nyx", "card"]


async def test_nothing_is_ever_written_into_the_operators_folder(tmp_path):
    """F098, F099: what is compiled and a picture from within a file go to the data folder."""
    write_prompts(tmp_path)
    before = files_in(tmp_path / "prompts")
    shelf = library(tmp_path, "lamplighter.json", "dagoth_ur.json")
    async with table(tmp_path, library=shelf) as at:
        await shelf.refresh(at.app.company, at.database)
        for slug in ("lamplighter", "dagoth_ur"):
            avatar = at.app.company.by_slug[slug].playing.avatar
            assert avatar == tmp_path / f"data/avatars/{slug}.png"
            assert avatar is not None
            assert avatar.read_bytes() == PICTURE
    assert files_in(tmp_path / "prompts") == before
    assert sorted(path.name for path in (tmp_path / "data/compiled").iterdir()) == [
        "dagoth_ur.json",
        "lamplighter@caring.json",
    ]


async def test_the_frameworks_beside_the_folder_are_found(tmp_path):
    """F095."""
    characters = write_prompts(tmp_path, "plain.json")
    put(characters / "pilot.json", sheet("pilot", "Pilot", framework="harbour"))
    async with table(tmp_path, library=library(tmp_path, "pilot.json")) as at:
        assert "Speak as one does on a quay." in await prompt_to(at, "hello")
    put(characters / "_frameworks/mine.json", {"framework_id": "harbour", "prompt_template": "Inside."})
    async with table(tmp_path, library=library(tmp_path, "pilot.json")) as at:
        assert "Inside." in await prompt_to(at, "hello")


@pytest.mark.slow
async def test_an_edit_of_the_file_shows_in_the_very_next_prompt(tmp_path, caplog):
    """C06; one that can't be used changes nothing."""
    characters = write_prompts(tmp_path, "plain.json")
    async with table(tmp_path, library=library(tmp_path, "plain.json")) as at:
        assert "Keeps the harbour." in await prompt_to(at, "hello")
        put(characters / "plain.json", card("Plain", "Mends nets now."))
        assert "Mends nets now." in await prompt_to(at, "hello")
        (characters / "plain.json").unlink()
        assert "Mends nets now." in await prompt_to(at, "hello")
        assert "stays as it was" in caplog.text


@pytest.mark.slow
async def test_a_character_reads_the_lore_of_its_domains_only(tmp_path):
    """F109: in its own book, and in those that several share."""
    characters = write_prompts(tmp_path, "dagoth_ur.json", "banker.json")
    put(characters / "_lorebooks/sea.json", {"entries": [{"keys": ["eel"], "content": "Eels sing."}]})
    put(characters / "_lorebooks/banking.json", {"entries": [{"keys": ["coin"], "content": "Coins sweat."}]})
    async with table(tmp_path, library=library(tmp_path, "dagoth_ur.json", "banker.json")) as at:
        prompt = await prompt_to(at, "of the spring tide, the ledger, the ferry, an eel and a coin")
    for text in ("The mill floods at spring tide.", "The ferry sails at dusk.", "Eels sing."):
        assert text in prompt
    for text in ("The ledger is kept by the bank.", "Coins sweat."):
        assert text not in prompt


async def test_the_stages_of_a_card_fire(tmp_path):
    """F104, D19: also at a count that the settings don't name."""
    characters = write_prompts(tmp_path, "plain.json")
    stages = [{"milestone": 2, "unlocks": {"quirks": ["remembers_wagers"]}}]
    put(characters / "pilot.json", card("Pilot", extensions={"acore": {"evolution_stages": stages}}))
    async with table(tmp_path, library=library(tmp_path, "pilot.json")) as at:
        for _ in range(3):
            await at.hear("hello")
        found = ["remembers wagers" in prompt.system[0].text for prompt in at.claude.prompts]
    assert found == [False, False, True]


@pytest.mark.slow
async def test_a_file_is_exported_as_it_came_and_a_sheet_with_what_nothing_reads(tmp_path):
    """C31, F097."""
    write_prompts(tmp_path, "dagoth_ur.json", "sergeant.json")
    shelf = library(tmp_path, "dagoth_ur.json", "sergeant.json")
    async with table(tmp_path, library=shelf) as at:
        doors = Arrivals(at.database, at.app.company, shelf, AuditLog(at.database, at.clock))
        _, written = await doors.export(at.app.company.by_slug["dagoth_ur"], "json")
        assert read_card(written).original == CHARACTERS["dagoth_ur.json"]
        _, written = await doors.export(at.app.company.by_slug["sergeant"], "json")
        legacy = CHARACTERS["sergeant.json"]["legacy_config"]
        assert read_card(written).extensions["legacy_config"] == legacy
        with pytest.raises(NotStaged):
            await doors.leave(ADMIN, at.app.company.by_slug["sergeant"])


async def test_a_file_that_leads_out_of_the_folder_is_not_read(tmp_path, caplog):
    characters = write_prompts(tmp_path, "plain.json")
    put(tmp_path / "secret.json", card("Secret"))
    (characters / "sly.json").symlink_to(tmp_path / "secret.json")
    company = await opened(tmp_path, "plain.json", "sly.json")
    assert [role.slug for role in company] == ["plain"]
    assert f"{characters}/sly.json: leads out of" in caplog.text


async def test_a_picture_that_a_sheet_names_is_looked_for_beside_it(tmp_path):
    characters = write_prompts(tmp_path, "plain.json")
    put(characters / "moth.json", sheet("moth", "Moth", avatar_url="moth-face.png"))
    write(characters / "moth-face.png", PICTURE)
    async with table(tmp_path, library=library(tmp_path, "moth.json")) as at:
        await at.hear("hello")
        assert at.app.company.primary.playing.avatar == characters / "moth-face.png"
