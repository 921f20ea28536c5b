"""A character made with PersonaFlow, played by the bot: P22."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.settings import load_settings
from bot.settings.envfile import LARGEST, read_env
from personaflow import Character, PersonaSystem
from personaflow.core import sheet
from personaflow.core.sheet import ExportError, prompt_text
from personas.character import LONGEST_NAME, CharacterError, character_from, slug_of

BREAKS = ["\n", "\r", "\r\n", "\n\n", "\u2028", "\x85", "\x0b", "\t", " ", "\ufeff"]
MARKS = ['"', "'", '"""', "\\", "\\n", "\\\\", "=", '="', "#", " # ", "\n#", "“", "```", "%s", "{{user}}"]
WORDS = ["a=", "\nmood=", "export b=", "${HOME}", "$PATH", "key: value", "é", "猫", "\U0001f431"]
PIECES = st.sampled_from([*BREAKS, *MARKS, *WORDS])
PROMPTS = st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join)
NAMES = st.text(max_size=36) | st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join)
SAMPLES = ["Character Name", "character name ", "your_bot_name", "Change me", "xxx", "<your name>"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def played(folder, slug):
    """Return the character as the bot reads it, from a folder of characters."""
    overrides = {"character": slug, "characters_dir": str(folder)}
    loaded = load_settings(None, None, {}, overrides)
    assert loaded.notices == ()
    return loaded.playable


def refusal(character, folder):
    with pytest.raises(ValueError, match="; ") as caught:
        character.export(folder)
    assert names_in(folder) == []
    return str(caught.value)


@given(NAMES, PROMPTS, st.just({}) | st.dictionaries(PROMPTS, PROMPTS, max_size=2))
@example("Ada", "You are Ada.\nmood=", {})
@example("Ada", "You are Ada.\n\n  export mood= \t", {"a": "x="})
@example("Ada", 'a="b"\nc="\n"d"\n', {})
@example("Ada", "a\\", {})
@example("Ada=", '"', {})
@example("x=\u3000", "\r\n${a}\r", {})
def test_the_bot_reads_back_what_it_would_take_and_the_rest_is_refused(
    tmp_path_factory, name, prompt, background
):
    """P22."""
    folder = tmp_path_factory.mktemp("export")
    whole = prompt_text(prompt, background)
    try:
        expected = character_from({"default_name": name, "core_prompt": whole}, "")
    except CharacterError:
        expected = None
    if not name.strip() or not prompt:
        return
    character = Character(name, prompt, background)
    if expected is None or "\0" in whole or any(unicodedata.category(letter) == "Cs" for letter in whole):
        refusal(character, folder)
        return
    path = character.export(folder)
    found = played(folder, path.name)
    assert (found.name, found.core_prompt) == (name.strip(), whole)
    assert (found.slug, path) == (expected.slug, folder / expected.slug)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_samples_name_is_refused(tmp_path, name):
    """P22."""
    assert "sample" in refusal(Character(name, "p"), tmp_path)


@pytest.mark.parametrize("name", ["Your Bot_x", "your_bot!", "change-me!"])
def test_whatever_is_exported_can_be_named_in_the_settings(tmp_path, name):
    """P22: a folder called like a sample would count as not set."""
    character = Character(name, "p")
    if slug_of(name) == "your-bot_x":
        assert played(tmp_path, character.export(tmp_path).name).name == name
    else:
        assert "sample" in refusal(character, tmp_path)


@pytest.mark.parametrize("prompt", [" \n", "your_prompt_here", "You are X, [brief description].", {"a": ""}])
def test_a_prompt_that_says_nothing_is_refused(tmp_path, prompt):
    """P22."""
    fault = refusal(Character("Ada", prompt), tmp_path)
    assert fault.startswith("'Ada': its prompt is ")


def test_the_limits_are_the_bots_own():
    """P22."""
    assert (sheet.LONGEST_NAME, sheet.LARGEST) == (LONGEST_NAME, LARGEST)


def test_a_file_of_the_largest_size_is_read_and_a_byte_more_is_refused(tmp_path):
    """P22."""
    small = Character("Ada", "y").export(tmp_path / "small") / "character.env"
    room = LARGEST - small.stat().st_size + 1
    path = Character("Ada", "y" * room).export(tmp_path / "large")
    assert read_env(path / "character.env").faults == ()
    (tmp_path / "none").mkdir()
    assert "1,000,000 bytes" in refusal(Character("Ada", "y" * (room + 1)), tmp_path / "none")


@given(st.text(max_size=80))
def test_a_character_has_the_folder_that_the_bot_would_give_it(name):
    """P22."""
    assert sheet.slug_of(name) == slug_of(name)


def test_a_dict_prompt_and_the_background_become_readable_lines():
    """P22."""
    prompt = {"role": "pilot", "rules": ["be dry", "be brief"], "empty": "", "none": None, "calm": True}
    background = {
        "skills": {"first": "knots", "more": ["fog", 7]},
        "ships": [{"name": "Ida"}, ["a", "b"]],
        "hues": {*"sorted"},
        "nothing": [],
    }
    assert prompt_text(prompt, background).split("\n") == [
        "role: pilot",
        "rules: be dry, be brief",
        "calm: True",
        "",
        "## Background",
        "skills:",
        "  first: knots",
        "  more: fog, 7",
        "ships:",
        "  -",
        "    name: Ida",
        "  - a, b",
        "hues: d, e, o, r, s, t",
    ]
    assert prompt_text("As it is. \n", {}) == "As it is. \n"
    assert prompt_text("As it is. \n", {"a": 1}) == "As it is. \n\n\n## Background\na: 1"


def test_the_bot_gets_prompt_background_and_description(tmp_path):
    """P22."""
    background = {"town": "Oslo", "description": 'A "harbour"\n pilot.'}
    path = Character("Otto B.", {"role": "pilot"}, background).export(str(tmp_path))
    found = played(tmp_path, path.name)
    assert (found.slug, found.name, found.description) == ("otto-b", "Otto B.", 'A "harbour" pilot.')
    assert found.core_prompt == prompt_text({"role": "pilot"}, background)
    assert found.aliases == ()


def test_without_a_description_there_is_none_and_a_dict_prompt_may_hold_it(tmp_path):
    """P22."""
    bare = Character("Ada", "p", {"description": 7}).export(tmp_path)
    assert "description=" not in (bare / "character.env").read_text()
    told = Character("Bo", {"description": "A cook."}).export(tmp_path)
    assert played(tmp_path, told.name).description == "A cook."


def test_memories_stay_behind(tmp_path):
    """P22."""
    ada = Character("Ada", "p")
    ada.add_memory({"user": "a secret"})
    path = ada.export(tmp_path)
    assert names_in(path) == ["character.env"]
    assert "secret" not in (path / "character.env").read_text()


@pytest.mark.parametrize("there", ["ada", "Ada"])
def test_a_folder_that_is_there_is_left_alone_unless_asked(tmp_path, there):
    """P22."""
    (tmp_path / there).mkdir()
    (tmp_path / there / "character.env").write_text("old")
    (tmp_path / there / "lorebook.json").write_text("{}")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        Character("Ada", "new").export(tmp_path)
    assert (tmp_path / there / "character.env").read_text() == "old"
    path = Character("Ada", "new").export(tmp_path, overwrite=True)
    assert path == tmp_path / there
    assert played(tmp_path, "ada").core_prompt == "new"
    assert names_in(path) == ["character.env", "lorebook.json"]
    assert names_in(tmp_path) == [there]


def test_a_system_is_exported_whole_or_every_fault_is_said(tmp_path):
    """P22."""
    system = PersonaSystem()
    system.create_character("Ada", "p")
    system.create_character("Bo", {"role": "cook"})
    assert system.export(tmp_path / "new/characters") == [
        tmp_path / "new/characters" / s for s in ("ada", "bo")
    ]
    system.create_character("ada!", "p")
    system.create_character("y" * 33, "p\0")
    with pytest.raises(ExportError) as caught:
        system.export(tmp_path / "none")
    assert [fault.split(";")[0] for fault in caught.value.faults] == [
        "'ada!': its folder ada is that of another name, too",
        f"'{'y' * 33}': its name has 33 characters and Discord takes 32",
        f"'{'y' * 33}': its prompt or background holds a NUL or half a character",
    ]
    assert str(caught.value) == "\n".join(caught.value.faults)
    assert not (tmp_path / "none").exists()


def test_a_system_of_nobody_exports_nobody(tmp_path):
    """P22."""
    assert PersonaSystem().export(tmp_path) == []


@pytest.mark.parametrize(("prompt", "background"), [(["a"], {}), ("p", ["a"]), ("p", "text")])
def test_what_is_no_prompt_or_background_is_refused(tmp_path, prompt, background):
    """P22."""
    assert "write them so" in refusal(Character("Ada", prompt, background), tmp_path)


def test_a_disk_that_fails_half_way_leaves_nothing(tmp_path, monkeypatch):
    """P22."""
    calls = []

    def fail_the_second_time(descriptor):
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail_the_second_time)
    system = PersonaSystem()
    for name in ("Ada", "Bo"):
        system.create_character(name, "p")
    with pytest.raises(OSError, match="No space left"):
        system.export(tmp_path)
    assert names_in(tmp_path) == []
