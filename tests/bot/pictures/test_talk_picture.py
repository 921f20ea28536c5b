"""The picture of a talk: it says which voice spoke, and can be made again."""

import shutil

import pytest

from tests import talk_picture
from tests.talk_picture import COLUMNS, TALK, as_png, drawn, example, voice_on

SCREEN = (
    "Nyx Void  A rogue AI\n\nNyx Void\n  hi\n\n>\n\n\n\n Nyx Void · {model} · no cost · 2 messages · /help\n"
)


@pytest.mark.parametrize(
    ("begins", "model", "voice"),
    [
        ("Claude speaks, with the model claude-x.", "claude-x", "Claude speaks, with the model claude-x"),
        (
            "Ollama on this machine speaks, with the model qwen3:4b. For Claude",
            "qwen3:4b",
            "Ollama on this machine speaks, with the model qwen3:4b",
        ),
        (
            "This is a rehearsal voice: a small model\nNyx Void is waking up",
            "qwen2.5",
            "the embedded rehearsal voice, qwen2.5",
        ),
        (
            "127.0.0.1 speaks, with the model scripted-example.",
            talk_picture.EXAMPLE,
            "a scripted example, written for this picture",
        ),
    ],
)
def test_the_picture_names_the_voice_that_the_program_named(begins, model, voice):
    screen = f"{begins}\n{SCREEN.format(model=model)}"
    assert voice_on(screen) == voice
    svg = drawn(screen, voice).replace("&#160;", " ")
    assert f">{voice}<" in svg
    assert begins not in svg
    assert as_png(svg).startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux")
async def test_a_talk_is_played_in_a_real_terminal_of_80_columns():
    voice, screen = await example()
    assert voice == "a scripted example, written for this picture"
    svg = drawn(screen, voice).replace("&#160;", " ")
    assert all(line in svg for line in TALK)
    assert "one coin, two crisps" in svg
    assert "**" not in svg
    assert max(map(len, screen.split("\n"))) >= COLUMNS - 20
