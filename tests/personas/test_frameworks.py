"""Frameworks read from files, and templates filled in."""

import json
import os
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.identity import character_folders
from personas.frameworks import (
    LARGEST_FILE,
    MOST_FILES,
    NAMES,
    Framework,
    FrameworkError,
    filled,
    framework_from,
    framework_notices,
    read_framework,
    read_frameworks,
)
from tests.support.paths import ROOT

SHIPPED = ROOT / "characters" / "_frameworks"
FIELDS = (
    "framework_id",
    "name",
    "purpose",
    "behavioral_patterns",
    "tool_requirements",
    "decision_making",
    "context_requirements",
    "interaction_style",
    "anti_hallucination",
    "prompt_template",
)
DRY = {
    "framework_id": "dry",
    "name": "Dry",
    "purpose": "Few words.",
    "behavioral_patterns": {"humor": 0.8},
    "tool_requirements": {"required": ["memory"]},
    "decision_making": {"when_unsure": "say so"},
    "context_requirements": {"the_talk": "who spoke last"},
    "interaction_style": {"length": "one sentence"},
    "anti_hallucination": {"rules": ["Guess nothing."]},
    "prompt_template": "{identity}\n\n{behavior}",
}


def refused(data, where="dry.json"):
    with pytest.raises(FrameworkError) as caught:
        read_framework(data, where)
    return caught.value


# ---- reading


def test_a_framework_has_exactly_the_ten_fields_and_keeps_what_stands_in_them():
    """F096."""
    assert tuple(Framework.model_fields) == FIELDS
    assert read_framework(DRY, "dry.json").model_dump() == DRY
    assert framework_notices(DRY, "dry.json") == ()


@pytest.mark.parametrize("name", ["neuro", "assistant", "caring", "chaotic"])
def test_each_shipped_framework_is_whole_and_shapes_by_words_numbers_and_lists(name):
    """F096, F102: the four that the default weights name."""
    framework, notices = framework_from((SHIPPED / f"{name}.json").read_bytes(), name)
    assert notices == ()
    assert framework.framework_id == name
    assert len(framework.anti_hallucination["rules"]) >= 3
    for table in (framework.behavioral_patterns, framework.decision_making, framework.interaction_style):
        assert {str, float, list} <= {type(value) for value in table.values()}
        assert all(0 <= value <= 1 for value in table.values() if isinstance(value, float))
        assert all(len(value) <= 5 for value in table.values() if isinstance(value, list))
    values = {part: f"<{part}>" for part in NAMES}
    assert all(filled(framework.prompt_template, values).count(f"<{part}>") == 1 for part in NAMES[2:])


def test_the_shipped_frameworks_speak_of_the_same_keys_and_differ_in_what_they_say():
    """F103: only what several frameworks have can be blended."""
    shipped = read_frameworks(SHIPPED)
    assert (sorted(shipped.by_id), shipped.faults) == (["assistant", "caring", "chaotic", "neuro"], ())
    for section in ("behavioral_patterns", "decision_making", "interaction_style", "anti_hallucination"):
        tables = [getattr(one, section) for one in shipped.by_id.values()]
        assert len({frozenset(table) for table in tables}) == 1
        for key in tables[0]:
            assert len({json.dumps(table[key]) for table in tables}) > 1, key


def test_the_folder_of_frameworks_is_not_taken_for_a_character(tmp_path):
    """F095."""
    assert SHIPPED.is_dir()
    assert "_frameworks" not in character_folders(ROOT / "characters")
    (tmp_path / "_frameworks").mkdir()
    (tmp_path / "_frameworks" / "character.env").write_text("default_name=X\n")
    assert character_folders(tmp_path) == {}


def test_everything_wrong_with_a_framework_is_said_at_once_with_file_field_and_mend():
    """F096."""
    error = refused({"framework_id": "Two Words", "purpose": 7, "decision_making": 3, "prompt_template": " "})
    assert {fault.field for fault in error.faults} == {
        "framework_id",
        "purpose",
        "decision_making",
        "prompt_template",
    }
    assert all(fault.wrong and fault.mend for fault in error.faults)
    assert all(line.startswith("dry.json: ") for line in str(error).splitlines())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"framework_id": None}, "framework_id"),
        ({"framework_id": "../etc"}, "framework_id"),
        ({"prompt_template": None}, "prompt_template"),
        ({"prompt_template": "x" * 100_001}, "prompt_template"),
        ({"behavioral_patterns": {"a": float("nan")}}, "behavioral_patterns"),
        ({"behavioral_patterns": {"a": 10**30}}, "behavioral_patterns"),
        ({"behavioral_patterns": {"a": {1, 2}}}, "behavioral_patterns"),
        ({"decision_making": {str(n): 1 for n in range(201)}}, "decision_making"),
        ({"interaction_style": {"a": [{"b": [{"c": [{"d": [{"e": 1}]}]}]}]}}, "interaction_style"),
    ],
)
def test_what_a_framework_must_not_hold_is_refused_by_field(change, field):
    """F096."""
    assert [fault.field for fault in refused(DRY | change).faults] == [field]


def test_an_error_never_quotes_what_stood_in_the_file():
    error = refused(DRY | {"purpose": ["canary words"], "framework_id": "canary words"})
    assert "canary" not in str(error)


def test_an_id_in_capitals_is_kept_in_small_letters():
    assert read_framework(DRY | {"framework_id": " Dry "}, "x").framework_id == "dry"


def test_a_bare_list_or_text_in_place_of_a_table_stands_under_a_key():
    bare = {
        "behavioral_patterns": ["hums"],
        "tool_requirements": ["memory"],
        "anti_hallucination": ["Guess nothing."],
        "interaction_style": "short",
        "decision_making": None,
    }
    framework = read_framework(DRY | bare, "x")
    assert framework.behavioral_patterns == {"patterns": ["hums"]}
    assert framework.tool_requirements == {"required": ["memory"]}
    assert framework.anti_hallucination == {"rules": ["Guess nothing."]}
    assert framework.interaction_style == {"style": "short"}
    assert framework.decision_making == {}


def test_what_is_left_out_empty_or_misspelt_is_a_notice():
    data = DRY | {
        "colour": "red",
        "purpose": "",
        "prompt_template": "{identity} {identiy} {behavior} {behavior}",
    }
    read_framework(data, "dry.json")
    told = "\n".join(framework_notices(data, "dry.json"))
    assert "'colour'" in told
    assert "purpose: says nothing" in told
    assert "'identiy'" in told
    assert "behavior is named more than once" in told


def test_changing_what_was_read_changes_no_framework():
    data = json.loads(json.dumps(DRY))
    framework = read_framework(data, "x")
    data["behavioral_patterns"]["humor"] = 0
    assert framework.behavioral_patterns == {"humor": 0.8}


def test_frameworks_are_equal_if_they_say_the_same_and_one_is_not_yes():
    assert read_framework(DRY, "a") == read_framework(DRY, "b")
    one, yes = ({"behavioral_patterns": {"x": value}} for value in (1, True))
    assert read_framework(DRY | one, "a") != read_framework(DRY | yes, "a")


# ---- files


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{\n"framework_id": "x",\n oops}', "line 3"),
        (b"\xff\xfe{}", "UTF-8"),
        (b'{"a": NaN}', "number"),
        (b"[" * 100_000, "nested"),
        (b"[1]", "no JSON object"),
        (b" " * (LARGEST_FILE + 1), "over"),
    ],
)
def test_a_file_that_is_no_framework_is_refused_with_the_reason(text, words):
    """F096."""
    with pytest.raises(FrameworkError, match=words):
        framework_from(text, "x.json")


def test_one_broken_file_never_hides_the_others(tmp_path):
    """F095."""
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text(json.dumps(DRY))
    (tmp_path / "c.json").write_text(json.dumps(DRY | {"name": "Other"}))
    (tmp_path / "d.json").mkdir()
    (tmp_path / "notes.txt").write_text("not me")
    found = read_frameworks(tmp_path)
    assert [(key, one.name) for key, one in found.by_id.items()] == [("dry", "Dry")]
    (fault,) = found.faults
    assert "a.json" in fault
    (notice,) = found.notices
    assert "c.json" in notice
    assert read_frameworks(tmp_path / "nowhere").by_id == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_among_the_files_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    assert read_frameworks(tmp_path).by_id == {}


def test_of_very_many_files_the_first_are_read_and_the_rest_is_a_notice(tmp_path):
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number:04}.json").write_text(json.dumps(DRY | {"framework_id": f"f{number}"}))
    found = read_frameworks(tmp_path)
    assert len(found.by_id) == MOST_FILES
    assert f"over {MOST_FILES} files" in found.notices[0]


# ---- templates


def test_all_three_ways_to_name_a_part_are_filled():
    """F099, faults D5."""
    values = {"character_name": "Nyx", "identity": "I", "behavior": "B"}
    template = "$character_name's: ${identity}, {behavior}; {character_name} ${character_name}"
    assert filled(template, values) == "Nyx's: I, B; Nyx Nyx"


@pytest.mark.parametrize(
    "text",
    [
        "{character.__class__.__init__.__globals__}",
        "{identity.__class__}",
        "{identity!r:>1500000000}",
        "{identity:>1500000000}",
        "{0} {} {{identity}} $ $$ $5 {unknown} ${HOME} $identity_card",
        '{"a": 1}',
    ],
)
def test_nothing_but_a_bare_name_is_looked_at(text):
    """Faults D5: str.format here gave away a secret, or a gigabyte."""
    assert filled(text, {"character_name": "Nyx"}) == text


def test_a_value_is_never_looked_at_again():
    """Faults D5."""
    values = dict.fromkeys(NAMES, "$identity {behavior} ${knowledge} {x}")
    assert filled("$behavior|$identity|$knowledge|$interaction|$anti_hallucination", values).count("{x}") == 5


def test_a_part_stands_once_however_often_it_is_named_and_the_name_every_time():
    template = "{character_name} {identity}" * 2_000
    text = filled(template, {"character_name": "Nyx", "identity": "i" * 100_000})
    assert text.count("i" * 100_000) == 1
    assert text.count("Nyx") == 2_000


def test_a_part_that_a_template_forgot_stands_at_its_end():
    text = filled(
        "Be dry, {character_name}.", {"character_name": "Nyx", "identity": "I am.", "knowledge": "K"}
    )
    assert text == "Be dry, Nyx.\n\nI am.\n\nK"


def test_a_line_of_nothing_but_an_empty_part_goes_and_the_values_keep_their_blank_lines():
    values = {"identity": "a\n\n\n\nb", "interaction": "c"}
    assert (
        filled("{identity}\n\n{behavior}\n\n  $knowledge  \n\n{interaction}\n", values) == "a\n\n\n\nb\n\nc"
    )


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(NAMES), st.text(max_size=50)))
def test_no_template_and_no_value_ever_raises_or_loses_the_character(template, values):
    assert values.get("identity", "") in filled(template, values)


# ---- broken files


def broken(rng):
    """Return the bytes of a framework file with something broken in it, at some place."""
    if rng.random() < 0.4:
        return mangled(json.dumps(DRY).encode(), rng)
    data = json.loads(json.dumps(DRY))
    for _ in range(rng.randint(1, 3)):
        spoil(data, rng)
    return json.dumps(data).encode()


def mangled(text, rng):
    at = rng.randrange(len(text))
    noise = bytes(rng.randrange(256) for _ in range(rng.randrange(4)))
    return rng.choice(
        [text[:at], text[:at] + noise + text[at + 1 :], text[:at] + text[at:] * 2, noise + text]
    )


def spoil(data, rng):
    deep: object = "end"
    for _ in range(rng.choice([2, 9, 300])):
        deep = [deep]
    key = rng.choice([*FIELDS, "".join(rng.choices(string.printable, k=5))])
    strange: list[object] = [
        None,
        [],
        {},
        0,
        -1.5,
        1e300,
        True,
        "",
        "x" * 100_001,
        "\ud800",
        "{identity.x}" * 99,
        deep,
    ]
    value = rng.choice([*strange, {"rules": deep}, {"a": {"b": None}}, list(range(300)), {"": ""}])
    if rng.random() < 0.2:
        data.pop(key, None)
    else:
        data[key] = value


def outcome(text):
    try:
        return framework_from(text, "x.json")
    except FrameworkError as error:
        return error


def survey(count, seed):
    """Read so many broken files; return how many were refused and how many were read."""
    rng = random.Random(seed)
    outcomes = [outcome(broken(rng)) for _ in range(count)]
    for found in outcomes:
        if isinstance(found, FrameworkError):
            assert all(fault.wrong and fault.mend for fault in found.faults)
            assert str(found).startswith("x.json: ")
        else:
            framework, notices = found
            assert all(notice.startswith("x.json: ") for notice in notices)
            json.dumps(framework.model_dump()).encode()
            assert "IDENTITY" in filled(framework.prompt_template, {"identity": "IDENTITY"})
    refused_ones = sum(isinstance(found, FrameworkError) for found in outcomes)
    return refused_ones, count - refused_ones


def test_of_2000_broken_files_each_is_refused_with_a_reason_or_read():
    """F096, faults D5."""
    refused_ones, read = survey(2_000, seed=1)
    assert refused_ones > 500
    assert read > 300


@pytest.mark.slow
def test_of_4000_more_broken_files_each_is_refused_with_a_reason_or_read():
    """F096, faults D5."""
    assert all(survey(4_000, seed=2))


# ---- the guide


def test_the_framework_in_the_guide_is_one():
    """F096."""
    guide = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    example = guide.split("```json\n")[1].split("```")[0]
    framework, notices = framework_from(example.encode(), "guide")
    assert (framework.framework_id, notices) == ("dry", ())
