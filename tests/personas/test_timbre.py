"""How a character's voice is written in its file."""

import pytest

from personas.character import Character, CharacterError, character_from
from personas.timbre import Timbre
from tests.support.examples import shipped

NYX = {"default_name": "Nyx", "core_prompt": "You are Nyx."}
NO_PATH = "voice: names no model; write joe, or the name of a voice beside piper_model: no path"


@pytest.mark.parametrize(
    ("text", "timbre"),
    [
        ("pitch 0.95", Timbre(pitch=0.95)),
        ("model joe, length_scale 1.1, pitch 0.95", Timbre(model="joe", length_scale=1.1, pitch=0.95)),
        ("Pitch: 1.2\nmodel: de_DE-thorsten.onnx", Timbre(model="de_DE-thorsten.onnx", pitch=1.2)),
        ('{model: "joe", pitch: 1}', Timbre(model="joe")),
    ],
)
def test_a_voice_is_written_in_words(text, timbre):
    assert character_from(NYX | {"voice": text}, "nyx").timbre == timbre


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("loud", "voice: holds 'loud'; write a name and a value, such as 'pitch 0.95'"),
        ("volume 2", "voice: names 'volume'; write one of model, length_scale, pitch"),
        ("pitch 3", "voice: gives pitch 3.0; write a number from 0.7 to 1.4"),
        ("pitch high", "voice: gives pitch high; write a number from 0.7 to 1.4"),
        ("length_scale nan", "voice: gives length_scale nan; write a number from 0.5 to 2"),
        ("pitch 1, pitch 1.1", "voice: names pitch twice; leave one of them out"),
        *(
            (
                f"model {path}",
                "voice: names no model; write joe, or the name of a voice beside piper_model: no path",
            )
            for path in ("/etc/voice.onnx", "../voice.onnx", "C:\\voice.onnx", ".hidden")
        ),
    ],
)
def test_a_fault_says_what_to_write(text, wrong):
    with pytest.raises(CharacterError) as raised:
        character_from(NYX | {"voice": text}, "nyx")
    assert [str(fault) for fault in raised.value.faults] == [wrong]


def test_a_table_is_checked_as_well():
    with pytest.raises(ValueError, match="no path"):
        Character.model_validate(
            {"slug": "nyx", "name": "Nyx", "core_prompt": "x", "timbre": {"model": "a/b"}}
        )


def test_each_shipped_character_has_a_voice_of_its_own():
    timbres = [shipped(slug).timbre for slug in ("nyx", "fangs", "pixel")]
    assert len({(one.length_scale, one.pitch) for one in (*timbres, Timbre())}) == 4
