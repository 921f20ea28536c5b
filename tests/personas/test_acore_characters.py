"""Characters as acore keeps them: sheets and cards whose extensions say the same (F097, F098, F109)."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.cards import card_from, read_card, write_png
from personas.cards.convert import card_of
from personas.cards.images import AvatarPicture
from personas.character import Character
from personas.evolution import evolved
from personas.library import FolderContents, read_file
from personas.lorebooks.domains import within_domains
from personas.lorebooks.reading import read_lorebook
from personas.persona import compile_persona
from personas.selection.routing import candidate_of, scores
from personas.sheet_values import BESIDE_A_CARD
from personas.sheets import SheetContents, cast_whole, is_sheet, read_sheet
from tests.carding import V2, changed
from tests.support.acore_files import AVATAR, CHARACTERS, EXTENSIONS, PICTURE, TIDES, card, put, sheet

BESIDE = {"interests", "avoidances", "stages", "knowledge", "voice", "opinions", "quirks"} | {
    "channels",
    "activities",
    "blending",
}
"""The fields that EXTENSIONS fill."""


def read(tmp_path: Path, name: str, content: Any = None) -> FolderContents:
    put(tmp_path / name, CHARACTERS[name] if content is None else content)
    return read_file(tmp_path / name)


def cast(**extensions: Any) -> SheetContents:
    return cast_whole(card_from(card("Wick", extensions=extensions)))


def played(made: SheetContents) -> Character:
    return Character(**{"slug": "wick", **made.fields})


def points(character: Character, text: str, channel: str = "") -> dict[str, float]:
    """Return what a message brings this character."""
    found = scores(text, [candidate_of(character)], channel={channel})
    return {slug: score.points for slug, score in found.items()}


@pytest.mark.parametrize("name", CHARACTERS)
def test_every_file_of_acore_makes_a_character_unchanged(tmp_path, name):
    """F097, F108."""
    found = read(tmp_path, name)
    assert found.faults == ()
    character = Character(**found.fields)
    assert character.name.casefold() in str(CHARACTERS[name]).casefold()


@pytest.mark.parametrize(
    "wrapped",
    [
        card("Wick", extensions=EXTENSIONS),
        card("Wick", extensions={"acore": EXTENSIONS}),
        card("Wick", extensions={"depth_prompt": {"depth": 4}, "harbour_bot": EXTENSIONS}),
        {**card("Wick", extensions=EXTENSIONS), "spec": "chara_card_v3", "spec_version": "3.0"},
        {**card("Wick", extensions=EXTENSIONS)["data"]},
    ],
    ids=["straight", "in acore", "in another table", "version 3", "version 1"],
)
def test_what_a_cards_extensions_say_counts_as_in_a_sheet(wrapped):
    """F097: whether it stands there straight or in a table of its own."""
    from_card, from_sheet = cast_whole(card_from(wrapped)), read_sheet(sheet("wick", "Wick") | EXTENSIONS)
    assert from_sheet.faults == ()
    for field in BESIDE:
        assert from_card.fields[field] == from_sheet.fields[field], field
    assert from_card.books == from_sheet.books == (TIDES,)
    assert {path.split(":")[0].rsplit(".")[-1] for path in from_card.used} >= EXTENSIONS.keys()


def test_interests_avoidances_knowledge_and_channels_of_a_card_score(tmp_path):
    """F101: 50 an interest, 30 the domain, 20 the channel, -100 an avoidance."""
    character = Character(**read(tmp_path, "dagoth_ur.json").fields)
    assert points(character, "where are the tide tables") == {"dagoth_ur": 50}
    assert points(character, "a life of seafaring") == {"dagoth_ur": 30}
    assert points(character, "hello", channel="4242") == {"dagoth_ur": 20}
    assert points(character, "knots, tide tables and politics", channel="4242") == {"dagoth_ur": 20}


def test_the_stages_of_a_card_change_the_character(tmp_path):
    """F104, D19: with `unlocks` and with `changes`."""
    character = Character(**read(tmp_path, "dagoth_ur.json").fields)
    grown, notices = evolved(character, character.stages)
    assert notices == ()
    assert grown.quirks == ("counts waves", "remembers wagers", "whistles off key")
    assert grown.voice.notes["tone"] == "less guarded"


def test_behaviour_colours_the_voice_of_cards_and_sheets(tmp_path):
    notes = Character(**read(tmp_path, "dagoth_ur.json").fields).voice.notes
    assert notes == {"when teased": "laughs first", "default tone": "salty"}
    singer = Character(**read(tmp_path, "singer.json").fields)
    assert (singer.voice.notes, singer.framework) == ({"behavior": "hums before answering"}, "chaotic")


def test_a_card_builds_on_a_framework_only_where_it_names_one():
    assert "framework" not in cast(topic_interests=["knots"]).fields
    assert cast(framework="caring").fields["framework"] == "caring"
    assert cast(acore={"quirks": ["hums"], "framework": "caring"}).fields.get("framework") is None
    inside = cast(acore={"topic_interests": ["knots"], "identity": {"who": "a pilot", "framework": "caring"}})
    assert inside.fields["framework"] == "caring"
    assert inside.fields["core_prompt"] == "who: a pilot\n\nKeeps the harbour."


def test_rules_of_blending_become_weights_by_context(tmp_path):
    """F102: what they leave is the base framework's."""
    weaver = Character(**read(tmp_path, "weaver.json").fields)
    assert weaver.framework == "assistant"
    assert weaver.blending is not None
    assert weaver.blending.contexts == {
        "creative": {"chaotic": 0.5, "assistant": 0.5},
        "emotional_support": {"caring": 0.7, "assistant": 0.3},
    }


def test_a_weight_of_hundreds_of_digits_is_left_out():
    rules = [{"context": "c", "framework": "caring", "weight": one} for one in (0.5, 10**350)]
    rules[1]["framework"] = "chaotic"
    made = cast(framework_blending={"base_framework": "assistant", "blend_rules": rules})
    assert "blending" not in made.fields
    assert made.notices[0].startswith("framework_blending")


def test_fields_under_their_older_names_are_read(tmp_path):
    found = read(tmp_path, "nova.json")
    nova = Character(**found.fields)
    assert "traits: patient" in nova.core_prompt
    assert (nova.override, nova.version) == ("Nova never hurries anybody.", "2.0")
    assert (nova.interests, nova.avoidances) == (("lenses",), ("fog",))
    assert nova.knowledge == {"rag_categories": ["sea"]}
    assert nova.activities == ("Lanterns",)
    assert set(found.kept) == {"name", "autonomous_behavior", "extensions.mood_system"}


def test_a_card_of_version_1_stays_one_whatever_stands_beside():
    flat = {
        "name": "Wick",
        "description": "d",
        "first_mes": "Hi",
        "character_id": "w",
        "tags": [],
        "creator": "c",
    }
    assert not is_sheet(flat)
    assert not is_sheet({**flat, "display_name": "Wick"})
    assert is_sheet({"character_id": "w", "identity": "who"})


def test_a_field_under_both_names_counts_under_the_newer_one():
    found = read_sheet({**sheet("wick", "Wick"), "character_version": "2", "version": "1"})
    assert found.fields["version"] == "2"
    assert found.kept == {"version": "1"}


def test_what_nothing_reads_is_kept_and_told(tmp_path):
    found = read(tmp_path, "ferryman.json")
    assert found.card == tmp_path / "ferryman.json"
    told = "kept and not used: extensions.acore.mode_profiles, extensions.acore.voice_model"
    assert [notice.text for notice in found.notices] == [told]


def test_what_a_sheet_says_besides_survives_as_a_card(tmp_path):
    """F097: kept by export, also the lorebook for which a sheet has a place and a card has none."""
    found = read(tmp_path, "sergeant.json", {**CHARACTERS["sergeant.json"], "embedded_lorebook": TIDES})
    again = read_card(card_of(Character(**found.fields), found.kept))
    assert again.extensions["legacy_config"] == CHARACTERS["sergeant.json"]["legacy_config"]
    back = cast_whole(again)
    assert back.books == (TIDES,)
    assert played(back) == Character(**{**found.fields, "slug": "wick"})


@pytest.mark.parametrize("key", sorted(BESIDE_A_CARD.keys() - {"behavior"}))
def test_a_field_that_is_not_what_it_should_be_is_kept_told_and_hides_no_other(key):
    made = cast(**{**EXTENSIONS, key: 3.5})
    assert not any(used.startswith(f"extensions.{key}:") for used in made.used)
    assert made.kept == {f"extensions.{key}": 3.5}
    assert any(notice.startswith(key) for notice in made.notices)
    assert len(made.used) == len({*EXTENSIONS} - {key})
    assert played(made).name == "Wick"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9) | st.floats(0, 2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*BESIDE_A_CARD, "enabled", "contexts", "milestone"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*BESIDE_A_CARD, "acore", "other"]), _JSON, max_size=5))
def test_whatever_extensions_hold_a_character_comes_of_it(extensions):
    assert played(cast(**extensions)).core_prompt.endswith("Keeps the harbour.")


def test_what_this_program_wrote_goes_before_what_acore_says():
    made = cast(topic_interests=["knots"], masquerade={"interests": ["rope"]})
    assert made.fields["interests"] == ["rope"]
    assert "extensions.masquerade" in made.used


def test_the_picture_of_a_card_is_its_own_else_what_avatar_url_holds():
    """F098."""
    told = changed(V2, avatar_url=AVATAR)
    assert cast_whole(card_from(told)).avatar == AvatarPicture(PICTURE, ".png")
    there = cast_whole(read_card(write_png(card_from(changed(V2, avatar_url="https://example.org/a.png")))))
    assert there.avatar is not None
    assert "avatar" not in there.fields
    away = cast_whole(card_from(changed(V2, avatar_url="https://example.org/a.png")))
    assert (away.avatar, away.fields["avatar"]) == (None, "https://example.org/a.png")


# Domains of lore (F109).


def contents(domains: set[str]) -> list[str]:
    book, _ = read_lorebook(TIDES)
    return [entry.uid for entry in within_domains(book, domains).entries]


def test_an_entry_of_a_domain_is_for_characters_of_that_domain():
    """F109: an entry without one is for everybody, and a character without any reads all."""
    assert contents({"sea"}) == ["0", "2"]
    assert contents({"banking", "law"}) == ["0", "1"]
    assert contents({"law"}) == ["0"]
    assert contents(set()) == ["0", "1", "2"]


@pytest.mark.parametrize("key", ["category", "categories", "tags"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_domain_may_be_a_text_or_a_list_also_in_extensions(key, inside):
    said: dict[str, Any] = {key: ["Law", "Sea"] if key != "category" else "law, sea"}
    entry = {"keys": ["a"], "content": "b", **({"extensions": said} if inside else said)}
    book, _ = read_lorebook({"entries": [entry]})
    assert within_domains(book, {"sea"}) is book
    assert within_domains(book, {"land"}).entries == ()


def test_the_domains_of_lore_are_no_words_of_a_prompt(tmp_path):
    banker = Character(**read(tmp_path, "banker.json").fields)
    persona, _ = compile_persona(banker, {})
    assert "rag" not in persona.prompt
