"""Character sheets (F097, F098): one JSON object as the fields of a character."""

import base64
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.cards.images import plain_png
from personas.character import Character
from personas.sheets import SHEET_KEYS, SheetContents, is_sheet, read_sheet

FULL: dict[str, Any] = {
    "character_id": "Dagoth Ur",
    "display_name": "Dagoth Ur",
    "identity": {
        "who": "A god in a volcano",
        "personality_traits": ["grand", "lonely"],
        "framework": "caring",
    },
    "knowledge_domain": {"primary": "prophecy", "expertise": ["dreams", "ash"]},
    "opinions": {"mortals": "small", "loves": ["visitors", "corprus"]},
    "voice_and_tone": {
        "temperature": 0.9,
        "max_tokens": 300,
        "formality": 0.8,
        "style": "booming",
        "top_p": 7,
    },
    "quirks": ["laughs alone", "calls everyone old friend"],
    "avatar_url": "https://example.invalid/a.png",
    "description": "He sleeps beneath the mountain.",
    "scenario": "The heart chamber.",
    "first_message": "Welcome, {{user}}.",
    "mes_example": "<START>",
    "alternate_greetings": ["Come.", "Closer."],
    "creator_notes": "For grown-ups.",
    "tags": ["god"],
    "creator": "kirk",
    "character_version": "2.0",
    "system_prompt_override": "You never leave.",
    "topic_interests": ["ash", "dreams"],
    "topic_avoidances": ["boats"],
    "evolution_stages": [{"milestone": 50, "changes": {"personality": {"new_quirks": ["hums"]}}}],
    "activity_preferences": {"channels": [123, "lounge"], "gaming": "chess"},
    "framework_blending": {"enabled": True, "contexts": {"casual": {"caring": 0.6, "chaotic": 0.4}}},
}


def read(**fields: Any) -> SheetContents:
    return read_sheet({"display_name": "Ur", "identity": {"who": "a god"}, **fields})


def test_a_full_sheet_fills_every_field():
    """F097: each of its fields goes where the character has a place for it."""
    sheet = read_sheet(FULL)
    assert (sheet.notices, sheet.faults) == (
        ("voice_and_tone.top_p: is not what it should be and was left out",),
        (),
    )
    ur = Character(**sheet.fields)
    assert (ur.slug, ur.name, ur.framework) == ("dagoth-ur", "Dagoth Ur", "caring")
    assert ur.core_prompt == (
        "who: A god in a volcano\npersonality traits: grand; lonely\n\nHe sleeps beneath the mountain."
    )
    assert ur.description == "He sleeps beneath the mountain."
    assert (ur.knowledge["primary"], ur.knowledge["expertise"]) == ("prophecy", ["dreams", "ash"])
    assert ur.opinions == {"mortals": "small", "loves": "visitors; corprus"}
    assert (ur.voice.temperature, ur.voice.max_tokens, ur.voice.formality) == (0.9, 300, 0.8)
    assert (ur.voice.top_p, ur.voice.notes) == (None, {"style": "booming"})
    assert ur.quirks == ("laughs alone", "calls everyone old friend")
    assert (ur.scenario, ur.greeting, ur.examples) == ("The heart chamber.", "Welcome, {{user}}.", "<START>")
    assert (ur.greetings, ur.tags, ur.creator, ur.version) == (("Come.", "Closer."), ("god",), "kirk", "2.0")
    assert (ur.override, ur.creator_notes) == ("You never leave.", "For grown-ups.")
    assert (ur.interests, ur.avoidances) == (("ash", "dreams"), ("boats",))
    assert (ur.channels, ur.activities) == (("123", "lounge"), ("gaming: chess",))
    assert ur.stages[0].milestone == 50
    assert ur.blending is not None
    assert ur.blending.enabled
    assert ur.avatar == "https://example.invalid/a.png"


def test_every_field_of_the_sheet_is_used():
    """F097: a sheet without one of its fields reads differently from one with it."""
    assert set(FULL) == SHEET_KEYS
    whole = read_sheet(FULL)
    for key in FULL:
        assert read_sheet({name: value for name, value in FULL.items() if name != key}) != whole, key


def test_a_sheet_that_names_no_framework_stands_on_neuro():
    """F097, F099: identity.framework, and neuro without it."""
    assert read().fields["framework"] == "neuro"
    assert read(identity="A god.").fields["framework"] == "neuro"
    odd = read(identity={"framework": 3})
    assert odd.fields["framework"] == "neuro"
    assert odd.notices


@pytest.mark.parametrize(
    ("quirks", "expected"),
    [
        (["hums", 3, None], ("hums", "3")),
        (
            {"speech_patterns": ["slow", "loud"], "habit": "hums"},
            ("speech patterns: slow; loud", "habit: hums"),
        ),
        ("hums, sighs", ("hums", "sighs")),
        (None, None),
    ],
)
def test_quirks_come_as_a_list_or_a_table(quirks, expected):
    """D25: both ways of writing quirks are read."""
    assert read(quirks=quirks).fields.get("quirks") == expected


@pytest.mark.parametrize(
    ("opinions", "expected"),
    [
        (
            ["tea: yes please", {"topic": "rain", "opinion": "lovely"}],
            {"tea": "yes please", "rain": "lovely"},
        ),
        (["Loves tea"], {"in general": "Loves tea"}),
        ("Loves tea", {"in general": "Loves tea"}),
    ],
)
def test_opinions_come_as_a_table_or_a_list(opinions, expected):
    assert read(opinions=opinions).fields["opinions"] == expected


def test_stages_of_both_schemas_are_read():
    """D19: `changes` and `unlocks`; a stage without a milestone is left out with a notice."""
    sheet = read(
        evolution_stages=[
            {"milestone": 50, "changes": {"behavior": "x"}},
            {"milestone": 100, "unlocks": {"tone": "warm"}},
            {"changes": {}},
            "later",
        ]
    )
    assert sheet.fields["stages"] == (
        {"milestone": 50, "changes": {"behavior": "x"}},
        {"milestone": 100, "changes": {"unlocks": {"tone": "warm"}}},
    )
    assert [notice.split(":")[0] for notice in sheet.notices] == [
        "evolution_stages[3]",
        "evolution_stages[4]",
    ]


@pytest.mark.parametrize(
    ("magic", "suffix"),
    [
        (plain_png(), ".png"),
        (b"\xff\xd8\xff\xe0", ".jpg"),
        (b"GIF89a", ".gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ".webp"),
    ],
)
def test_an_avatar_in_base64_is_told_by_its_first_bytes(magic, suffix):
    """F098: whatever type it claims to be."""
    uri = "data:image/png;base64," + base64.b64encode(magic).decode()
    avatar = read(avatar_url=uri).avatar
    assert avatar is not None
    assert (avatar.data, avatar.suffix) == (magic, suffix)
    assert "avatar" not in read(avatar_url=uri).fields


@pytest.mark.parametrize(
    "uri",
    [
        "data:image/png;base64," + base64.b64encode(b"<svg onload=1>").decode(),
        "data:image/png;base64,####",
        "data:image/png,plain",
        "data:image/png;base64," + base64.b64encode(plain_png() + bytes(9 << 20)).decode(),
        "data:",
        "../../etc/passwd",
        "file:///etc/passwd",
    ],
)
def test_an_avatar_that_is_no_picture_is_left_out_with_a_notice(uri):
    """F098: capped in size, and never a path out of the folder."""
    sheet = read(avatar_url=uri)
    assert sheet.avatar is None
    assert "avatar" not in sheet.fields
    assert [notice.split(":")[0] for notice in sheet.notices] == ["avatar_url"]


def test_faults_name_their_field():
    sheet = read_sheet({"character_id": "x", "identity": 3, "quirks": 5, "opinions": 5, "tags": True, "x": 1})
    assert [fault.split(":")[0] for fault in sheet.faults] == ["display_name", "identity"]
    assert {notice.split(":")[0] for notice in sheet.notices} == {"quirks", "opinions", "tags"}
    assert sheet.kept == {"x": 1, "quirks": 5, "opinions": 5, "tags": True}


def test_a_long_name_is_cut_and_a_long_text_too():
    sheet = read(display_name="The Sharmat, " * 9, description="He waits. " * 20_000, voice_and_tone="loud")
    Character(slug="ur", **sheet.fields)
    assert {notice.split(":")[0] for notice in sheet.notices} == {"display_name", "description", "identity"}
    assert sheet.fields["voice"] == {"notes": {"tone": "loud"}}


def test_a_table_that_no_character_can_hold_is_left_out_with_a_notice():
    deep: Any = {}
    for _ in range(12):
        deep = {"a": deep}
    sheet = read(
        knowledge_domain=deep, opinions={str(n): "x" for n in range(300)}, framework_blending={"contexts": 3}
    )
    assert not {"knowledge", "opinions", "blending"} & sheet.fields.keys()
    assert len(sheet.notices) == 3


def test_a_sheet_is_told_from_a_card_and_a_framework():
    assert is_sheet(FULL)
    assert is_sheet({"character_id": "x", "identity": {}})
    others: list[Any] = [
        {"name": "x", "description": "y"},
        {"spec": "chara_card_v2", "display_name": "x"},
        [],
        None,
    ]
    for other in others:
        assert not is_sheet(other)
    assert not is_sheet({"framework_id": "neuro", "display_name": "Neuro"})


LETTERS = st.text(alphabet=string.ascii_letters + " :,;", max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=15,
)


@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(SHEET_KEYS)), JSON))
def test_any_sheet_is_read_or_refused_and_what_is_read_makes_a_character(data):
    """F097: whatever stands in its fields."""
    sheet = read_sheet(data)
    if not sheet.faults and sheet.fields["name"].strip(" :,;x"):
        Character(**{"slug": "someone", **sheet.fields})
