"""Character cards (C31, F107): read from PNG, JSON and CHARX, and written back without a loss."""

import base64
import copy
import json
import struct
import time
import tracemalloc
import zipfile
import zlib
from io import BytesIO
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personas.cards import (
    CardError,
    card_from,
    cast,
    fields_of,
    read_card,
    write_charx,
    write_json,
    write_png,
)
from personas.cards import charx as charx_module
from personas.cards.charx import MOST_MEMBERS
from personas.cards.images import chunk, picture_of, plain_png
from personas.cards.json_text import DEEPEST
from personas.cards.survey import survey
from personas.character import Character
from personas.character_rules import check_name
from personas.sheets import cast_whole
from tests.carding import (
    V1,
    V2,
    V3,
    VERSIONS,
    as_json,
    changed,
    charx,
    encoded,
    good_files,
    mutated,
    packed_chunk,
    png,
    text_chunk,
    worldly_chunk,
)

WRITERS = {"png": write_png, "json": write_json, "charx": write_charx}


def refused(data: bytes, *words: str) -> CardError:
    """Read a file that has to be refused with these words, in a sentence that says what to do."""
    with pytest.raises(CardError) as caught:
        read_card(data)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert caught.value.wrong
    assert caught.value.mend
    assert text.isprintable()
    return caught.value


# --- C31: what is imported ---------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "container",
    ["JSON", "tEXt", "zTXt", "iTXt", "packed iTXt", "plain JSON in a PNG", "CHARX", "CHARX behind a JPEG"],
)
def test_every_version_is_read_from_every_container(version, container):
    """C31: PNG (chara, ccv3), JSON and CHARX are imported."""
    original = VERSIONS[version]
    keyword = "ccv3" if version == 3 else "chara"
    zipped = charx({"card.json": as_json(original)})
    data = {
        "JSON": as_json(original),
        "tEXt": png(text_chunk(keyword, original)),
        "zTXt": png(packed_chunk(keyword, original)),
        "iTXt": png(worldly_chunk(keyword, original, packed=False)),
        "packed iTXt": png(worldly_chunk(keyword, original, packed=True)),
        "plain JSON in a PNG": png((b"tEXt", keyword.encode() + b"\0" + as_json(original))),
        "CHARX": zipped,
        "CHARX behind a JPEG": b"\xff\xd8\xff\xe0" + bytes(50) + zipped,
    }[container]
    card = read_card(data)
    assert (card.version, card.original, card.notices) == (version, original, ())
    assert card.name == "Marlow"


def test_the_newer_card_in_a_png_is_preferred():
    """C31: ccv3 is preferred over chara, wherever it stands."""
    for chunks in (
        (text_chunk("chara", V2), text_chunk("ccv3", V3)),
        (text_chunk("ccv3", V3), text_chunk("chara", V2)),
    ):
        assert read_card(png(*chunks)).version == 3


def test_a_broken_newer_card_does_not_hide_the_older_one():
    card = read_card(png(text_chunk("chara", V2), text_chunk("ccv3", b"{")))
    assert card.version == 2
    assert any("version 3" in notice for notice in card.notices)
    refused(png(text_chunk("ccv3", b"{")), "no JSON")


def test_text_behind_the_pixels_and_keywords_in_capitals_are_found():
    """D7: text after IDAT counts, too."""
    assert read_card(png(text_chunk("Chara", V2))).original == V2


def test_the_picture_is_the_same_without_the_card():
    card = read_card(png((b"tEXt", b"Comment\0mine"), text_chunk("chara", V2)))
    assert card.image == png((b"tEXt", b"Comment\0mine"))


def test_fields_of_a_card_have_their_defaults():
    """F107: a V1 card has all the fields of V3, empty."""
    card = card_from({"name": "Nyx", "description": "d"})
    assert (card.nickname, card.system_prompt, card.post_history_instructions, card.creator) == (
        "",
        "",
        "",
        "",
    )
    assert (card.alternate_greetings, card.group_only_greetings, card.tags) == ((), (), ())
    assert (card.character_book, card.extensions, card.creator_notes) == (None, {}, "")
    assert card.assets == ({"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},)


def test_fields_of_a_full_card_are_read():
    card = card_from(V3)
    assert (card.name, card.nickname, card.creator, card.character_version) == ("Marlow", "Low", "ann", "1.2")
    assert card.alternate_greetings == ("Closed.", "Next!")
    assert card.group_only_greetings == ("All of you?",)
    assert card.tags == ("railway",)
    assert card.character_book == V3["data"]["character_book"]
    assert card.extensions["unknown/tool"] == {"deep": [{"x": "ü"}]}


def test_creators_notes_are_read_in_every_language():
    assert card_from(V3).creator_notes == "For fun"
    assert card_from(V3).creator_notes_by_language == {"en": "For fun", "de": "Zum Spass"}
    plain = changed(V3, creator_notes_multilingual={"de": "Zum Spass"})
    assert card_from(plain).creator_notes == "SECRET-OF-THE-CREATOR"


def test_the_oldest_names_of_fields_are_known():
    old = {"char_name": "Ada", "char_persona": "p", "char_greeting": "g", "world_scenario": "w"}
    card = card_from({**old, "example_dialogue": "e", "creatorcomment": "c"})
    assert (card.name, card.description, card.first_mes, card.scenario) == ("Ada", "p", "g", "w")
    assert (card.mes_example, card.creator_notes) == ("e", "c")


def test_fields_of_the_wrong_kind_count_as_empty_and_are_said():
    card = card_from(changed(V2, description=["x"], tags="a,b", character_version=2.5, character_book=["x"]))
    assert (card.description, card.tags, card.character_version, card.character_book) == ("", (), "2.5", None)
    assert {notice.split(":")[0] for notice in card.notices} == {"description", "tags", "character_book"}


@pytest.mark.parametrize(
    ("original", "version", "word"),
    [
        ({**V3, "spec_version": "4.0"}, 3, "3.0"),
        ({**V3, "spec": "chara_card_v9"}, 3, "not known"),
        ({"data": V2["data"]}, 2, "no version"),
        (changed(V2, name=" "), 2, "missing"),
    ],
)
def test_a_card_that_says_something_odd_is_read_with_a_notice(original, version, word):
    card = card_from(original)
    assert card.version == version
    assert any(word in notice for notice in card.notices)


def test_a_newer_spec_keeps_its_own_fields():
    newer = changed(V3, new_thing={"a": 1})
    newer["spec_version"] = "4.0"
    assert read_card(write_png(card_from(newer))).original == newer


@pytest.mark.parametrize(
    "other", [{}, [], "x", 1, None, {"name": "x"}, {"spec": "chara_card_v2"}, {"entries": []}, {"data": {}}]
)
def test_what_is_no_card_is_refused(other):
    refused(as_json(other), "card")


def test_portraits_come_from_the_card_and_never_from_the_web():
    own, other = plain_png(), png((b"tEXt", b"a\0b"))
    uri = "data:image/png;base64," + base64.b64encode(other).decode()
    icon = {"type": "icon", "name": "main", "ext": "png"}
    card = read_card(charx({"card.json": as_json(V3), "assets/icon/images/low.png": other}))
    assert card.portrait == picture_of(other)
    for assets, expected in (
        ([{**icon, "uri": uri}], picture_of(other)),
        ([{**icon, "uri": "ccdefault:"}], picture_of(own)),
        ([{**icon, "uri": "https://example.invalid/a.png"}], picture_of(own)),
        ([{**icon, "name": "b", "uri": "ccdefault:"}, {**icon, "uri": uri}], picture_of(other)),
    ):
        assert card_from(changed(V3, assets=assets), image=own).portrait == expected
    assert card_from(changed(V3, assets=[{**icon, "uri": "https://example.invalid/a"}])).portrait is None


# --- C31: what is exported ---------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", WRITERS)
def test_export_and_import_give_back_the_same_card(version, kind):
    """C31: export->import is identical, with unknown fields and extensions, and with the version."""
    card = card_from(copy.deepcopy(VERSIONS[version]))
    again = read_card(WRITERS[kind](card))
    assert (again.original, again.version, again.notices) == (VERSIONS[version], version, ())
    assert json.dumps(again.original) == json.dumps(VERSIONS[version])


def test_any_number_of_exports_keep_picture_files_and_card():
    card = read_card(png(text_chunk("chara", V2), (b"tEXt", b"chara-ext-asset_:a/b.png\0" + encoded(b"xyz"))))
    assert card.files == {"a/b.png": b"xyz"}
    for write in (write_png, write_charx, write_png, write_charx, write_charx):
        again = read_card(write(card))
        assert (again.original, again.version, again.image) == (card.original, card.version, card.image)
        assert again.files == card.files
        card = again


def test_a_picture_finds_its_place_beside_a_file_of_the_same_name():
    icon = "assets/icon/images/main.png"
    named = changed(V3, assets=[{"type": "icon", "uri": f"embeded://{icon}", "name": "main", "ext": "png"}])
    own, other = png((b"tEXt", b"a\0b")), png((b"tEXt", b"c\0d"))
    for card, files in (
        (card_from(named, image=own), {}),
        (card_from(named, image=own, files={icon: other}), {icon: other}),
        (card_from(V2, image=own, files={icon: other}), {icon: other}),
        (card_from(V2, image=own), {}),
    ):
        again = read_card(write_charx(card))
        assert (again.image, again.files) == (own, files)
        assert read_card(write_charx(again)) == again


def test_a_file_that_packs_too_well_is_kept_as_it_is():
    for size in (70_000, 5_000_000):
        card = card_from(V3, files={"a.bin": bytes(size)})
        assert read_card(write_charx(card)).files == card.files


def test_a_charx_keeps_what_else_is_in_it():
    files = {
        "assets/icon/images/low.png": plain_png(),
        "app.json": b"{}",
        "assets/other/other/ü.bin": b"\0\1",
    }
    card = read_card(charx({"card.json": as_json(V3), **files}))
    assert card.files == files
    assert read_card(write_charx(card)).files == files
    assert read_card(write_png(card)).files == files


def test_a_png_carries_the_card_for_old_and_new_readers():
    """C31: an exported PNG holds both `chara` (V2) and `ccv3`."""
    for original in VERSIONS.values():
        data = write_png(card_from(original))
        texts = {key: json.loads(base64.b64decode(text)) for key, text in texts_in(data).items()}
        assert texts["chara"]["spec"] == "chara_card_v2"
        assert texts["ccv3"]["spec"] == "chara_card_v3"
        assert texts["chara"]["data"]["first_mes"] == texts["ccv3"]["data"]["first_mes"] == "Yes, {{user}}?"
        assert isinstance(texts["ccv3"]["data"]["group_only_greetings"], list)


def texts_in(data: bytes) -> dict[str, bytes]:
    found, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + content)
        if kind == b"tEXt":
            keyword, _, text = content.partition(b"\0")
            found[keyword.decode()] = text
        at += 12 + length
    return found


def test_a_png_of_an_old_card_keeps_its_fields_where_the_oldest_readers_look():
    chara = json.loads(base64.b64decode(texts_in(write_png(card_from(V1)))["chara"]))
    assert V1.items() <= chara.items()


def test_a_change_made_elsewhere_to_the_newer_card_counts():
    """What a card was before it became V3 is not brought back over somebody's later work."""
    texts = texts_in(write_png(card_from(V2)))
    later = json.loads(base64.b64decode(texts["ccv3"]))
    later["data"]["description"] = "Another."
    ours = (b"tEXt", b"masquerade\0" + texts["masquerade"])
    older = (b"tEXt", b"chara\0" + texts["chara"])
    assert read_card(png(older, (b"tEXt", b"ccv3\0" + texts["ccv3"]), ours)).version == 2
    card = read_card(png(older, text_chunk("ccv3", later), ours))
    assert (card.version, card.description) == (3, "Another.")


def test_an_exported_png_has_a_picture_that_can_be_seen():
    data = write_png(card_from(V1))
    assert data.startswith(plain_png()[:-12])
    header = struct.unpack(">II", data[16:24])
    assert header == (64, 64)
    pixels = zlib.decompress(data[41 : data.index(b"tEXt") - 8])
    assert len(pixels) == 64 * 65


def test_a_picture_of_ones_own_is_used_and_anything_else_refused():
    own = png((b"tEXt", b"a\0b"))
    assert read_card(write_png(card_from(V2), own)).image == own
    with pytest.raises(CardError, match="no PNG"):
        write_png(card_from(V2), b"\xff\xd8\xff")


def test_exports_are_the_same_bytes_each_time():
    for write in WRITERS.values():
        assert write(card_from(V3)) == write(card_from(copy.deepcopy(V3)))


def test_what_could_not_be_read_back_is_not_written():
    deep: Any = "x"
    for _ in range(DEEPEST - 1):
        deep = [deep]
    card = read_card(as_json({"name": "a", "description": "b", "deep": deep}))
    with pytest.raises(CardError, match="can't be written so"):
        write_png(card)
    assert read_card(write_json(card)).original == card.original


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.fixed_dictionaries(
    {"name": TEXT, "description": TEXT},
    optional={"first_mes": JSON, "extensions": JSON, "tags": JSON, "character_book": JSON, "assets": JSON},
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    FIELDS,
    st.dictionaries(TEXT, JSON, max_size=4),
    st.sampled_from(sorted(VERSIONS)),
    st.sampled_from(sorted(WRITERS)),
)
def test_whatever_a_card_holds_comes_back(fields, more, version, kind):
    """C31: lossless for anything JSON can say, in every field, known or not."""
    if version == 1:
        original = {**more, **fields}
        original.pop("spec", None)
    else:
        original = {
            **more,
            "spec": f"chara_card_v{version}",
            "spec_version": f"{version}.0",
            "data": {**more, **fields},
        }
    card = card_from(original)
    again = read_card(WRITERS[kind](card))
    assert again.original == original
    assert again.version == card.version
    survey(again, cast_whole(again).kept)
    assert again.portrait is None or again.portrait.data


# --- casting: a card as a character -------------------------------------------------------------------------


def test_a_card_becomes_a_character():
    """F107: description and personality are the prompt; {{user}} and {{char}} stay as they are."""
    fields = fields_of(card_from(V3))
    assert fields["core_prompt"] == "{{char}} keeps the lost-property office.\n\nPersonality: dry, precise"
    assert fields["override"] == "Stay dry. {{original}}"
    assert fields["post_history"] == "Two sentences at most."
    assert fields["examples"].startswith("<START>")
    character = Character(slug="low", **fields)
    assert character.greeting == "Yes, {{user}}?"
    assert character.greetings == ("Closed.", "Next!")
    assert character.group_greetings == ("All of you?",)
    assert (character.version, character.creator, character.tags) == ("1.2", "ann", ("railway",))


def test_the_nickname_is_the_name_and_the_name_an_alias():
    """C31: the nickname is used."""
    fields = fields_of(card_from(V3))
    assert (fields["name"], fields["aliases"]) == ("Low", ("Marlow",))
    assert "aliases" not in fields_of(card_from(V2))
    assert fields_of(card_from(changed(V3, nickname="  ")))["name"] == "Marlow"


def test_creators_notes_stand_in_no_field_that_reaches_a_prompt():
    """C31: creator_notes never in prompts."""
    fields = fields_of(card_from(V2))
    holding = [key for key, value in fields.items() if "SECRET-OF-THE-CREATOR" in repr(value)]
    assert holding == ["creator_notes"]


def test_a_name_that_discord_does_not_take_is_cut_with_a_notice():
    long = "Arabella of the Very Long Name and Even Longer Titles"
    made = cast(card_from(changed(V2, name=long)))
    assert made.fields["name"] == "Arabella of the Very Long Name"
    assert any("Arabella" in notice for notice in made.notices)
    Character(slug="a", **made.fields)
    assert cast(card_from(changed(V2, name="𝔸" * 40))).fields["name"] == "𝔸" * 16
    sly = cast(card_from(changed(V2, name="Ny\u202ex\nVoid\u200b")))
    assert sly.fields["name"] == "Nyx Void"
    assert sly.notices


def test_a_card_that_says_nothing_of_its_character_is_played_with_a_notice():
    made = cast(card_from({"name": "Nyx", "description": "", "first_mes": "Hi"}))
    assert made.fields["core_prompt"] == "You are {{char}}."
    assert any("description" in notice for notice in made.notices)


def test_texts_that_are_too_long_are_cut_with_a_notice():
    made = cast(card_from(changed(V2, description="She waits. " * 20_000, alternate_greetings=["g"] * 300)))
    Character(slug="a", **made.fields)
    assert len(made.fields["greetings"]) == 200
    assert {notice.split(":")[0] for notice in made.notices} == {"core_prompt", "greetings"}


@settings(deadline=None)
@given(TEXT, TEXT)
def test_any_name_that_is_left_is_one_that_discord_takes(name, nickname):
    """F107: whatever a card calls its character, nothing that is left of it keeps it from being played."""
    fields = fields_of(card_from(changed(V3, name=name, nickname=nickname)))
    for left in (*([fields["name"]] if "name" in fields else []), *fields.get("aliases", ())):
        check_name(left)
    assert all(len(alias) > 1 for alias in fields.get("aliases", ()))


@pytest.mark.parametrize("name", ["\u0301\u0302", " \u200b ", "\u200d\u200d", "\n"])
def test_a_name_of_which_nothing_can_be_seen_is_none(name):
    made = cast(card_from(changed(V2, name=name)))
    assert "name" not in made.fields
    assert "aliases" not in cast(card_from(changed(V3, name=name))).fields


def test_a_survey_says_what_to_read_first():
    """D18: what an imported text would do is shown before it is used."""
    card = card_from(changed(V2, first_mes="{{foo}} @everyone https://x \u200b {{USER}}"))
    seen = survey(card, cast_whole(card).kept)
    assert seen.macros == ("char", "original", "user")
    assert seen.unknown_macros == ("foo",)
    assert "extensions.depth_prompt" in seen.unused
    assert "unknown_field" in seen.unused
    for word in ("system_prompt", "post_history", "links", "everyone", "nobody sees"):
        assert any(word in warning for warning in seen.warnings), word
    assert survey(card_from(V1), ()).warnings == ()


# --- hostile files (D7, D8, D9) -----------------------------------------------------------------------------


def test_a_png_that_is_cut_off_anywhere_is_refused():
    data = png(text_chunk("chara", V1))
    for end in range(len(data)):
        refused(data[:end])


def test_a_wrong_checksum_is_refused():
    data = bytearray(png(text_chunk("chara", V2)))
    data[-20] ^= 1
    refused(bytes(data), "checksum")


@pytest.mark.parametrize("length", [2**32 - 1, 2**31, 5_000])
def test_no_length_of_a_chunk_is_trusted(length):
    """D7: a chunk's claimed length is checked against the file."""
    data = bytearray(png(text_chunk("chara", V2)))
    data[8 + 25 : 8 + 29] = struct.pack(">I", length)
    refused(bytes(data), "breaks off")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_a_text_that_unpacks_beyond_reason_is_refused_early(kind):
    """D7: 200 MB in 200 kB."""
    bomb = zlib.compress(bytes(200 << 20), 9)
    head = b"chara\0\0" if kind == "zTXt" else b"chara\0\1\0en\0\0"
    data = png((kind.encode(), head + bomb))
    tracemalloc.start()
    refused(data, "unpacks")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


def test_many_packed_texts_cost_no_more_than_one():
    chunks = [(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(900_000)))] * 100
    assert read_card(png(*chunks, text_chunk("chara", V2))).original == V2
    doubled = read_card(png(text_chunk("chara", V2), *[packed_chunk("chara", V1)] * 100))
    assert doubled.original == V2
    assert any("more than one" in notice for notice in doubled.notices)


@pytest.mark.parametrize(
    ("chunks", "word"),
    [
        ([(b"tEXt", b"chara\0!!!")], "base64"),
        ([(b"tEXt", b"chara\0" + base64.b64encode(b"\xff\xfe"))], "no JSON|empty"),
        ([(b"zTXt", b"chara\0\1" + zlib.compress(b"x"))], "packed in a way"),
        ([(b"zTXt", b"chara\0\0nonsense")], "damaged"),
        ([(b"zTXt", b"chara\0\0" + zlib.compress(encoded(V2))[:-8])], "breaks off"),
        ([(b"zTXt", b"chara\0")], "packed in a way"),
        ([(b"iTXt", b"chara\0\1")], "packed in a way"),
        ([(b"tEXt", b"chara\0")], "empty"),
        ([(b"tEXt", b"chara")], "without a card"),
        ([(b"tEXt", b"chara-ext-asset_:../../x\0eA=="), text_chunk("chara", V2)], "leads out"),
        ([], "without a card"),
    ],
)
def test_a_png_with_a_broken_text_is_refused_with_the_reason(chunks, word):
    error = refused(png(*chunks))
    assert any(one in str(error) for one in word.split("|")), str(error)


def test_what_only_begins_like_a_png_is_refused():
    refused(b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "none")
    refused(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"1"), "none")
    refused(b"\xff\xd8\xff\xe0", "without a card")
    refused(b"GIF89a", "without a card")


def test_a_png_of_a_million_chunks_is_refused():
    data = plain_png()[:-12] + chunk(b"tEXt", b"") * 300_000
    refused(data, "chunks")


def test_bytes_behind_a_picture_are_left_out():
    card = read_card(png(text_chunk("chara", V2)) + b"PK nothing")
    assert card.image == plain_png()
    assert any("10 bytes" in notice for notice in card.notices)


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    refused(bytes(9 << 20), "8 MB")
    refused(b" " * (5 << 20), "4 MB")
    refused(b"PK\3\4" + bytes(25 << 20), "24 MB")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[" * 100_000, "deeper"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "deeper"),
        ('{"name": "a", "description": "b", "x": NaN}', "NaN"),
        ('{"name": "a", "description": "b", "x": -Infinity}', "Infinity"),
        ('{"name": "a", "description": "b", "x": 1e999}', "too large"),
        ('{"name": "a", "description": "b", "x": ' + "9" * 5_000 + "}", "digits"),
        ("[" + "[]," * 300_000 + "[]]", "more values"),
        ("[" + "0," * 600_000 + "0]", "more values"),
        ("{" + ",".join(f'"{n:x}":0' for n in range(510_000))[:4_000_000] + "}", "more values|no JSON"),
        ('{\n"name": "a",\n"description": }', "line 3"),
        ('{"name": "a"', "no JSON"),
        ("", "empty"),
        ("\\ud800", "no JSON"),
    ],
)
def test_json_that_no_card_holds_is_refused(text, word):
    """D8: deep, huge, NaN and Infinity."""
    error = refused(text.encode())
    assert any(one in str(error) for one in word.split("|")), str(error)


def test_a_syntax_error_has_its_line():
    assert refused(b'{\n"name": "a",\n"description": }').line == 3
    assert refused(b'{\n"name": "\xff"}').line == 2


def test_brackets_within_a_text_are_not_counted():
    text = '[{"\\"[' * 1_000
    assert read_card(as_json({"name": "a", "description": text})).description == text


def test_keys_that_stand_twice_are_said_and_the_last_counts():
    """D8: duplicate keys are noticed."""
    card = read_card(b'{"name": "a", "description": "b", "description": "c", "x": {"k": 1, "k": 2}}')
    assert card.description == "c"
    assert [notice for notice in card.notices if "twice" in notice] == [
        "says 'k' twice in one place; the last counts",
        "says 'description' twice in one place; the last counts",
    ]


def test_halves_of_letters_are_replaced():
    """D8: lone surrogates are cleaned; pairs are letters."""
    card = read_card(rb'{"name": "a\ud83d\ude00", "description": "b\ud800c", "\udc00": "\ud800"}')
    assert (card.name, card.description, card.original["\ufffd"]) == ("a😀", "b\ufffdc", "\ufffd")
    assert any("halves" in notice for notice in card.notices)
    assert read_card(write_png(card)).original == card.original


def test_json_with_a_mark_in_front_or_in_utf_16_is_read():
    assert read_card(b"\xef\xbb\xbf" + as_json(V2)).original == V2
    assert read_card(json.dumps(V2).encode("utf-16")).original == V2
    refused(b'{"name": "\xff"}', "UTF-8")


def flagged(data: bytes, *, bits: int) -> bytes:
    """Return a zip whose files say that they are something else, such as encrypted."""
    changed_bytes = bytearray(data)
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = changed_bytes.find(mark)
        while at >= 0:
            changed_bytes[at + offset] |= bits
            at = changed_bytes.find(mark, at + 4)
    return bytes(changed_bytes)


@pytest.mark.parametrize(
    "path",
    [
        "../evil",
        "a/../../evil",
        "/etc/passwd",
        "C:/x",
        "a\\..\\b",
        "a//b",
        "./x",
        "a\nb",
        "x" * 300,
        "a/..",
    ],
)
def test_a_charx_whose_paths_lead_out_of_it_is_refused(path):
    """C31, D9: path traversal and absolute paths."""
    refused(charx({"card.json": as_json(V3), path: b"x"}), "leads out")


def test_a_charx_with_a_file_without_a_name_is_refused():
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("card.json", as_json(V3))
        archive.writestr(zipfile.ZipInfo(""), b"x")
    refused(written.getvalue(), "leads out")


def test_a_charx_with_a_link_a_double_or_a_password_is_refused():
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("card.json", as_json(V3))
        archive.writestr(link, "/etc/passwd")
    refused(written.getvalue(), "link")
    refused(charx({"card.json": as_json(V3), "a": b"1", "A": b"2"}), "twice")
    refused(flagged(charx({"card.json": as_json(V3)}), bits=1), "encrypted")


def test_a_charx_packed_in_an_unusual_way_is_refused():
    refused(charx({"card.json": as_json(V3)}, pack=zipfile.ZIP_LZMA), "unusual")


@pytest.mark.slow
def test_a_charx_that_unpacks_beyond_reason_is_refused():
    """C31: zip bombs, by ratio, by size, and by how many files there are."""
    refused(charx({"card.json": as_json(V3), "bomb": bytes(30 << 20)}), "beyond reason")
    noise = Random(1).randbytes(1 << 20)
    refused(charx({"card.json": as_json(V3), **{f"{n}": noise * 10 for n in range(6)}}), "MB")
    refused(charx({f"{n}": b"" for n in range(MOST_MEMBERS + 1)}), "files")


def test_a_charx_that_lies_about_sizes_is_refused():
    data = bytearray(charx({"card.json": as_json(V3), "bomb": bytes(8 << 20)}))
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    refused(bytes(data), "damaged")


def test_a_table_of_contents_of_millions_is_refused_unread(monkeypatch):
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 10, 10, 20 << 20, 0, 0)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(b"PK\3\4" + bytes(20 << 20) + end, "files")
    wide = b"PK\6\7" + bytes(16) + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0)
    refused(b"PK\3\4" + bytes(100) + wide, "files")


def test_a_charx_without_a_card_or_cut_off_is_refused():
    refused(charx({"other.json": b"{}"}), "card.json")
    whole = charx({"card.json": as_json(V3), "a.bin": Random(2).randbytes(3_000)})
    for end in range(4, len(whole), 37):
        refused(whole[:end])


def test_what_is_read_of_a_charx_is_capped(monkeypatch):
    monkeypatch.setattr(charx_module, "MOST_UNPACKED", 100)
    refused(charx({"card.json": as_json(V3)}), "unpacks")


def judged(data: bytes) -> str:
    """Read a file that may be anything: refused in a sentence, or a card that can be used and written."""
    began = time.process_time()
    try:
        card = read_card(data)
    except CardError as error:
        result = "refused" if str(error).isprintable() else "refused in signs"
    else:
        survey(card, cast_whole(card).kept)
        assert read_card(write_json(card)).original == card.original
        result = "read"
    assert time.process_time() - began < 2
    return result


def fuzzed(count: int, seed: int) -> set[str]:
    rng, files = Random(seed), good_files()
    return {judged(mutated(rng.choice(files), rng)) for _ in range(count)}


def test_good_files_with_anything_wrong_in_them_are_refused_or_read():
    """D7, D8: a corpus of 400 files; none raises anything else, none takes over 2 s."""
    assert fuzzed(400, seed=1) == {"refused", "read"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thousands_of_good_files_with_anything_wrong_in_them_are_refused_or_read():
    """D7, D8: 5,000 files."""
    assert fuzzed(5_000, seed=2) == {"refused", "read"}


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"PK\3\4", b"{", b"\xff\xd8\xffPK\5\6"]),
)
def test_random_bytes_are_refused(data, head):
    assert judged(head + data) == "refused"


@pytest.mark.parametrize(
    ("tags", "own", "nsfw"),
    [
        (["Elf", " NSFW "], {}, True),
        (["18+"], {}, True),
        (["elf", "nsfw-free zone"], {}, False),
        (["elf"], {"nsfw": True}, True),
        (["nsfw"], {"nsfw": False}, False),
        (["elf"], {"nsfw": "whatever"}, False),
    ],
)
def test_a_card_says_by_a_tag_or_our_own_field_that_it_is_for_adults(tags, own, nsfw):
    """C91."""
    data = {"name": "Ash", "description": "An elf.", "tags": tags, "extensions": {"masquerade": own}}
    card = read_card(json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}).encode())
    assert bool(fields_of(card).get("nsfw", False)) is nsfw
