"""What a character's folder holds (F095, F107): every file read on its own."""

import base64
import json
import os
import sys
from pathlib import Path

import pytest

from personas.cards import card_from, write_charx, write_png
from personas.cards.images import AvatarPicture, plain_png
from personas.character import Character
from personas.library import MOST_FILES, FolderContents, read_folder
from tests.carding import BOOK, V1, V2, V3, as_json, png

SHEET = {"display_name": "Ur", "identity": {"who": "a god"}, "scenario": "A volcano.", "quirks": ["hums"]}
WORLD = {"entries": {"0": {"key": ["a"], "content": "b"}}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Marlow the Keeper"
    made.mkdir()
    return made


def put(folder: Path, **files: object) -> None:
    """Write files; `__` in a name stands for a folder, `_dot_` for a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else as_json(content))


def faults(found: FolderContents) -> list[str]:
    return [fault.file for fault in found.faults]


def test_a_folder_with_everything_is_read(folder: Path):
    put(
        folder,
        card_dot_png=write_png(card_from(V2)),
        character_dot_json=SHEET,
        lorebook_dot_json=WORLD,
        lorebooks__more_dot_json={"spec": "lorebook_v3", "data": {"entries": []}},
        prompts__reply_dot_md=b"Say it.\n",
        avatar_dot_webp=b"RIFF\0\0\0\0WEBP",
        readme_dot_txt=b"mine",
    )
    found = read_folder(folder, {"default_name": "Env", "ANTHROPIC_API_KEY": "x"})
    assert found.faults == ()
    assert [book.file for book in found.books] == ["card.png", "lorebook.json", "lorebooks/more.json"]
    assert found.books[0].data == BOOK
    assert found.prompts == {"reply": "Say it."}
    assert found.avatar == folder / "avatar.webp"
    character = Character(**found.fields)
    assert (character.slug, character.creator_notes) == ("marlow-the-keeper", "SECRET-OF-THE-CREATOR")


def test_the_env_file_goes_over_the_sheet_and_the_sheet_over_the_card(folder: Path):
    put(folder, card_dot_json=V2, character_dot_json=SHEET)
    found = read_folder(folder, {"DEFAULT_NAME": "Env", "core_prompt": " ", "description": ""})
    assert found.fields["name"] == "Env"
    assert (found.fields["scenario"], found.fields["quirks"]) == ("A volcano.", ("hums",))
    assert found.fields["core_prompt"] == "who: a god"
    assert found.fields["greeting"] == "Yes, {{user}}?"


def test_an_id_in_the_env_file_is_what_memories_are_kept_under(folder: Path):
    assert read_folder(folder, {"character_id": "kept"}).fields["slug"] == "kept"
    assert read_folder(folder, {}).fields["slug"] == "marlow-the-keeper"


@pytest.mark.parametrize("name", ["card.png", "card.json", "card.charx", "some one.charx", "marlow.json"])
def test_a_card_is_found_whatever_it_is_in(folder: Path, name: str):
    data = write_png(card_from(V3)) if name.endswith("png") else write_charx(card_from(V3))
    (folder / name).write_bytes(as_json(V3) if name.endswith("json") else data)
    found = read_folder(folder, {})
    assert (found.fields["name"], found.faults) == ("Low", ())


def test_json_is_told_by_what_is_in_it(folder: Path):
    put(
        folder,
        a_dot_json=WORLD,
        b_dot_json=V1,
        c_dot_json=SHEET,
        d_dot_json={"framework_id": "x"},
        e_dot_json=[],
    )
    found = read_folder(folder, {})
    assert [book.file for book in found.books] == ["a.json"]
    assert (found.fields["name"], found.fields["greeting"]) == ("Ur", "Yes, {{user}}?")
    assert [notice.file for notice in found.notices] == ["d.json", "e.json"]
    assert found.faults == ()


def test_one_broken_file_hides_no_other(folder: Path):
    """F095: each fault has its file, and its line where JSON is wrong."""
    put(
        folder,
        card_dot_png=png(),
        character_dot_json=b'{\n"display_name": "Ur",\n}',
        lorebook_dot_json=WORLD,
        lorebooks__broken_dot_json=b"[",
        prompts__reply_dot_md=b"\xff",
        prompts__other_dot_md=b"Fine.",
        avatar_dot_png=b"<svg>",
        other_dot_json=V1,
    )
    found = read_folder(folder, {})
    assert faults(found) == [
        "card.png",
        "character.json",
        "avatar.png",
        "lorebooks/broken.json",
        "prompts/reply.md",
    ]
    assert {fault.line for fault in found.faults if fault.file.endswith("json")} == {3, 1}
    assert str(found.faults[1]).startswith("character.json:3: ")
    assert found.fields["name"] == "Marlow"
    assert found.prompts == {"other": "Fine."}
    assert len(found.books) == 1


def test_a_second_card_or_sheet_is_said_and_not_used(folder: Path):
    other = {**V1, "name": "Other"}
    put(
        folder,
        card_dot_json=V1,
        zzz_dot_json=other,
        a_dot_json=SHEET,
        b_dot_json={**SHEET, "display_name": "B"},
    )
    found = read_folder(folder, {})
    assert found.fields["name"] == "Ur"
    assert [notice.file for notice in found.notices] == ["b.json", "zzz.json"]


def test_a_sheet_that_can_not_be_used_is_a_fault(folder: Path):
    put(folder, character_dot_json={"character_id": "x", "identity": 3})
    found = read_folder(folder, {})
    assert faults(found) == ["character.json", "character.json"]
    assert "display_name" in found.faults[0].wrong
    assert found.faults[0].mend


def test_the_avatar_is_what_is_named_then_a_file_then_what_came_along(folder: Path):
    inside = {**SHEET, "avatar_url": "data:image/gif;base64," + base64.b64encode(b"GIF89a").decode()}
    put(folder, card_dot_png=write_png(card_from(V1)))
    assert read_folder(folder, {}).avatar == AvatarPicture(plain_png(), ".png")
    put(folder, character_dot_json=inside)
    assert read_folder(folder, {}).avatar == AvatarPicture(b"GIF89a", ".gif")
    put(folder, avatar_dot_jpg=b"\xff\xd8\xff")
    assert read_folder(folder, {}).avatar == folder / "avatar.jpg"
    put(folder, face_dot_gif=b"GIF89a")
    put(folder, character_dot_json={**SHEET, "avatar_url": "face.gif"})
    assert read_folder(folder, {}).avatar == folder / "face.gif"
    put(folder, character_dot_json={**SHEET, "avatar_url": "https://example.invalid/a.png"})
    found = read_folder(folder, {})
    assert (found.avatar, found.fields["avatar"]) == (None, "https://example.invalid/a.png")


@pytest.mark.parametrize("named", ["missing.png", "notes.txt", "../outside.png", "/etc/passwd", "a\0b"])
def test_an_avatar_that_is_none_is_a_fault(folder: Path, named: str, monkeypatch):
    (folder.parent / "outside.png").write_bytes(plain_png())
    put(folder, notes_dot_txt=b"hello", avatar_dot_png=plain_png())
    monkeypatch.setattr("personas.library.IDENTITY_KEYS", {"avatar": "avatar"})
    found = read_folder(folder, {"avatar": named})
    assert found.avatar == folder / "avatar.png"
    assert found.faults


@pytest.mark.skipif(sys.platform == "win32", reason="links take a right of their own there")
def test_no_link_leads_out_of_the_folder(folder: Path):
    """D9: a borrowed folder shows nothing of the machine it lies on."""
    outside = folder.parent / "outside"
    put(outside, secret_dot_json=V1, secret_dot_md=b"secret")
    (folder / "card.json").symlink_to(outside / "secret.json")
    (folder / "prompts").symlink_to(outside)
    (folder / "lorebooks").mkdir()
    (folder / "lorebooks" / "a.json").symlink_to(outside / "secret.json")
    (folder / "loop.json").symlink_to(folder / "loop.json")
    (folder / "gone.json").symlink_to(folder / "nowhere.json")
    found = read_folder(folder, {})
    assert faults(found) == ["card.json", "lorebooks/a.json"]
    assert (found.fields, found.prompts, found.books) == ({"slug": "marlow-the-keeper"}, {}, ())


@pytest.mark.skipif(sys.platform == "win32", reason="links take a right of their own there")
def test_a_link_within_the_folder_is_followed(folder: Path):
    put(folder, real_dot_txt=as_json(V1))
    (folder / "card.json").symlink_to("real.txt")
    assert read_folder(folder, {}).fields["name"] == "Marlow"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes of this kind")
@pytest.mark.timeout(10)
def test_a_pipe_and_a_folder_in_a_files_place_are_left_alone(folder: Path):
    os.mkfifo(folder / "card.json")
    (folder / "character.json").mkdir()
    assert read_folder(folder, {}) == FolderContents({"slug": "marlow-the-keeper"})


def test_files_that_are_too_large_are_faults(folder: Path):
    put(
        folder,
        card_dot_json=b" " * (5 << 20),
        prompts__reply_dot_md=b"x" * 200_000,
        avatar_dot_png=bytes(9 << 20),
    )
    assert faults(read_folder(folder, {})) == ["card.json", "avatar.png", "prompts/reply.md"]


def test_a_folder_of_thousands_of_files_is_read_in_part(folder: Path):
    for number in range(MOST_FILES + 20):
        (folder / f"{number:04}.json").write_text(json.dumps(WORLD))
    found = read_folder(folder, {})
    assert len(found.books) == MOST_FILES
    assert found.notices


def test_what_is_hidden_or_not_there_is_not_read(folder: Path):
    put(folder, _dot_hidden_dot_json=b"[")
    assert read_folder(folder, {}).faults == ()
    assert read_folder(folder / "nowhere", {}).fields == {"slug": "nowhere"}
