"""What the console shows of characters' files, and what it takes for a number."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra is missing: pip install '.[console]'")

from console.pages.characters import HIDDEN, hidden, restored
from console.view import number_of

CONSOLE = Path(__file__).resolve().parents[2] / "console"
SHEET = """display_name=Nyx
ANTHROPIC_API_KEY = sk-ant-one
# discord_token=old
export discord_token="two words"
'Discord_Token'=quoted-name
ANTHROPIC_API_KEY="first
second" # trailing
avatar_url=https://mira:password@example.org/a.png
quirks=a key, a token
"""


def test_keys_in_a_characters_file_are_hidden():
    shown = hidden(SHEET)
    assert shown.count(HIDDEN) == 6
    words = ("sk-ant", "old", "two words", "quoted-name", "first", "second", "password")
    assert not any(word in shown for word in words)
    assert "never" not in hidden('discord_token="is never closed\nnever')
    assert "quirks=a key, a token" in shown


def test_what_stays_hidden_is_stored_as_it_was():
    assert restored(hidden(SHEET), SHEET) == SHEET
    edited = hidden(SHEET).replace("quirks=a key", "quirks=an odd key")
    assert restored(edited, SHEET).splitlines()[1] == "ANTHROPIC_API_KEY = sk-ant-one"
    assert "quirks=an odd key" in restored(edited, SHEET)
    assert restored("discord_token=new", SHEET) == "discord_token=new"


def test_a_hidden_value_comes_back_nowhere_else():
    for elsewhere in (f"quirks={HIDDEN}", f"avatar_url=https://{HIDDEN}@evil.example/a.png"):
        assert restored(elsewhere, SHEET) == elsewhere


@pytest.mark.parametrize("text", ["", None, "--5", "-", "5.0", "٥", "9" * 19, "1" * 20, " 5"])
def test_what_is_no_number_is_none(text):
    assert number_of(text) is None


@pytest.mark.parametrize("text", ["0", "-5", "1049876543210987654"])
def test_an_id_is_a_number(text):
    assert number_of(text) == int(text)


def test_the_scripts_of_others_are_as_they_were_published():
    named = dict(re.findall(r"\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|", (CONSOLE / "VENDORED.md").read_text()))
    there = {path.name: sha256(path.read_bytes()).hexdigest() for path in (CONSOLE / "static").glob("*.js")}
    assert there == named
