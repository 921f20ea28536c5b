"""Characters compiled with a framework into the prompt they are played by."""

import json

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from personas.character import Blending, Character, VoiceAndTone, character_from
from personas.frameworks import read_framework, read_frameworks
from personas.persona import Identity, compile_persona
from tests.support.paths import ROOT

SHIPPED = read_frameworks(ROOT / "characters" / "_frameworks").by_id
NYX = Character(slug="nyx", name="Nyx", core_prompt="You are Nyx.  \n\n\n\nLow voice. ")
EVERYTHING = {
    "scenario": "A night train.",
    "examples": "<START>\n{{user}}: hi\n{{char}}: mind the gap\n<start>\n{{user}}: bye",
    "knowledge": {"primary": "locks", "depth": 0.9, "also": ["trains", "tea"]},
    "opinions": {"tea": "overrated"},
    "quirks": "hums\ncounts stairs\nhums",
    "interests": "locks, trains",
    "avoidances": "football",
    "voice": VoiceAndTone(formality=0.2, verbosity="short", notes={"accent": "none"}, temperature=0.9),
}
ROWS = Identity(
    traits=("never late",), lore=("born at sea",), facts=("owns a key",), quirks=("blinks twice",)
)


def prompt_of(character=NYX, frameworks=SHIPPED, identity=ROWS, **fields):
    changed = Character.model_validate(character.model_dump() | fields)
    return compile_persona(changed, frameworks, identity)[0].prompt


def bare(**fields):
    return prompt_of(identity=Identity(), **fields)


# ---- without a framework


def test_a_character_of_today_is_compiled_to_its_core_prompt_byte_for_byte():
    """F099: what people wrote before there were frameworks stays as it is."""
    persona, notices = compile_persona(NYX, SHIPPED)
    assert persona.prompt == NYX.core_prompt
    assert (persona.id, persona.framework, persona.tools, notices) == ("nyx", None, (), ())


@pytest.mark.parametrize("slug", ["nyx", "fangs", "pixel"])
def test_the_shipped_characters_are_compiled_to_what_stands_in_their_files(slug):
    """F099: their own words, then what their smaller keys say, and no word of ours but the headings."""
    values = dotenv_values(ROOT / "characters" / slug / "character.env", interpolate=False)
    character = character_from({key: text or "" for key, text in values.items()}, slug)
    assert compile_persona(character, SHIPPED)[0].prompt == "\n\n".join(
        (
            values["core_prompt"] or "",
            "## Your quirks\n" + "\n".join(f"- {one}" for one in character.quirks),
            "## What you like to talk about\n" + ", ".join(character.interests),
            "## What you would rather not talk about\n" + ", ".join(character.avoidances),
        )
    )


def test_what_a_character_says_of_itself_follows_its_own_words():
    """F099: sections identity, behavior, knowledge, interaction; F110: the rows of admins."""
    prompt = prompt_of(**EVERYTHING)
    assert prompt.startswith(NYX.core_prompt)
    told = [
        "A night train.",
        "- never late",
        "- born at sea",
        "- hums\n- counts stairs\n- blinks twice",
        "- Primary: locks\n- Depth: very much (0.9 of 1)\n- Also: trains; tea",
        "- owns a key",
        "- Tea: overrated",
        "- Formality: a little (0.2 of 1)\n- Verbosity: short\n- Accent: none",
        "locks, trains",
        "football",
        "{{user}}: hi\n{{char}}: mind the gap\n\n{{user}}: bye",
    ]
    places = [prompt.index(words) for words in told]
    assert places == sorted(places)
    assert prompt.count("## ") == 11


@pytest.mark.parametrize(
    "part",
    [
        {"creator_notes": "canary"},
        {"greeting": "canary"},
        {"greetings": ["canary", "b"]},
        {"group_greetings": ["canary"]},
        {"tags": ["canary"]},
        {"creator": "canary"},
        {"version": "canary"},
        {"description": "canary"},
        {"avatar": "canary.png"},
        {"post_history": "canary"},
    ],
)
@pytest.mark.parametrize("framework", ["", "neuro"])
def test_notes_greetings_and_tags_are_never_in_a_prompt(part, framework):
    """F099."""
    assert bare(**part, framework=framework) == bare(framework=framework)


def test_a_row_of_several_lines_stays_one_line_so_that_it_can_open_no_section():
    """F110."""
    rows = Identity(traits=("tall\n\n## Rules\nobey", "  ", "tall\n## Rules obey"))
    assert prompt_of(identity=rows) == f"{NYX.core_prompt}\n\n## What marks you\n- tall ## Rules obey"


# ---- with one


def test_a_persona_is_named_by_its_character_and_framework():
    """F099: `<character>@<framework>`."""
    persona, notices = compile_persona(NYX.model_copy(update={"framework": "caring"}), SHIPPED)
    assert (persona.id, notices) == ("nyx@caring", ())
    assert persona.framework == SHIPPED["caring"]


def test_a_framework_that_is_not_there_is_replaced_by_neuro_with_a_notice():
    """F099."""
    lost = NYX.model_copy(update={"framework": "carring"})
    persona, (notice,) = compile_persona(lost, SHIPPED)
    assert persona.id == "nyx@neuro"
    assert "'carring'" in notice
    assert "neuro takes its place" in notice


def test_without_neuro_a_character_is_played_by_its_own_words_with_a_notice():
    """F099: the fallback may be missing too."""
    persona, (notice,) = compile_persona(NYX.model_copy(update={"framework": "neuro"}), {})
    assert (persona.id, persona.prompt) == ("nyx", NYX.core_prompt)
    assert "without one" in notice


def test_a_context_that_is_none_is_a_notice_of_the_character():
    """F102."""
    odd = Blending(enabled=True, contexts={"debate": {"neuro": 1.0}})
    _, (notice,) = compile_persona(NYX.model_copy(update={"blending": odd}), SHIPPED)
    assert notice.startswith("nyx: blending: 'debate'")


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_framework_holds_the_whole_character_and_everything_it_says_itself(name):
    """F096, F099."""
    prompt = prompt_of(framework=name, **EVERYTHING)
    framework = SHIPPED[name]
    assert prompt.startswith(NYX.core_prompt)
    for words in ("A night train.", "- Primary: locks", "- hums\n- counts", "football", "mind the gap"):
        assert prompt.count(words) == 1
    for rule in framework.anti_hallucination["rules"]:
        assert f"\n- {rule}\n" in prompt
    for words in (*framework.context_requirements.values(), framework.decision_making["when_unsure"]):
        assert words in prompt
    assert "character_name" not in prompt
    assert "\n\n\n" not in prompt.removeprefix(NYX.core_prompt)


def test_a_characters_own_manner_stands_in_place_of_its_frameworks():
    assert bare(framework="neuro").count("Formality") == 1
    own = bare(framework="neuro", voice=VoiceAndTone(formality="like a judge"))
    assert own.count("Formality") == 1
    assert "- Formality: like a judge" in own


def test_the_braces_of_older_framework_files_are_filled_and_rules_are_lines_not_a_list():
    """F099, F096."""
    old = {
        "framework_id": "old",
        "prompt_template": "You are {character_name}.\n{identity}\nRules:\n{anti_hallucination}\n{knowledge}",
        "anti_hallucination": {"rules": ["Be true.", "Be brief."], "strict": True},
    }
    prompt = bare(
        frameworks={"old": read_framework(old, "old")}, framework="old", knowledge={"primary": "tea"}
    )
    assert prompt.startswith(f"You are Nyx.\n{NYX.core_prompt}\nRules:\n")
    assert "- Be true.\n- Be brief.\n- Strict: yes\n## What you know about\n- Primary: tea" in prompt


def test_words_of_a_character_that_look_like_a_part_stay_words():
    """Faults D5: values are never scanned again."""
    prompt = bare(framework="neuro", scenario="${identity} {knowledge} $behavior", quirks="{character_name}")
    assert "${identity} {knowledge} $behavior" in prompt
    assert "- {character_name}" in prompt


def test_tools_are_the_names_that_the_framework_requires_each_once():
    """F099."""
    for asked, tools in (
        ({"required": ["a", "b", "a", 3, ""]}, ("a", "b")),
        ({"required": "a"}, ("a",)),
        (["a"], ("a",)),
        ({"required": {"a": 1}}, ()),
        ({}, ()),
    ):
        made = read_framework({"framework_id": "x", "prompt_template": "t", "tool_requirements": asked}, "x")
        persona, _ = compile_persona(NYX.model_copy(update={"framework": "x"}), {"x": made})
        assert persona.tools == tools


# ---- the override


def test_an_override_stands_before_the_prompt():
    """F099: system_prompt_override, a blank line, the prompt."""
    assert bare(override="Be brief.") == f"Be brief.\n\n{NYX.core_prompt}"
    assert bare(override="Be brief.", framework="neuro") == f"Be brief.\n\n{bare(framework='neuro')}"
    assert bare(override=" \n ") == NYX.core_prompt


def test_an_override_with_original_holds_the_prompt_there_and_nowhere_else():
    """F099."""
    assert bare(override="A {{original}} B") == f"A {NYX.core_prompt} B"
    assert bare(override="{{ ORIGINAL }}") == NYX.core_prompt


def test_an_override_that_names_the_prompt_often_holds_it_once():
    """Faults D5: seven thousand times a prompt would be gigabytes."""
    prompt = bare(override="{{original}}," * 7_000)
    assert prompt == NYX.core_prompt + "," * 7_000
    assert bare(core_prompt="Say {{original}}", override="{{original}}!") == "Say {{original}}!"


# ---- the same again, and for files


def test_a_persona_becomes_plain_json_with_all_it_is_made_of():
    """F095, F099: it is saved for operators to look at."""
    fields = EVERYTHING | {"framework": "neuro", "blending": Blending(enabled=True)}
    character = Character.model_validate(NYX.model_dump() | fields)
    persona, _ = compile_persona(character, SHIPPED, ROWS)
    plain = json.loads(json.dumps(persona.as_dict()))
    assert (plain["id"], plain["version"], plain["prompt"]) == (persona.id, persona.version, persona.prompt)
    assert plain["tools"] == ["memory"]
    assert Character.model_validate(plain["character"]) == character
    assert read_framework(plain["framework"], "saved") == SHIPPED["neuro"]
    assert plain["identity"]["lore"] == ["born at sea"]


def test_the_same_values_give_the_same_bytes_and_version_and_other_values_another():
    """F099."""
    first, _ = compile_persona(NYX, SHIPPED, ROWS)
    again, _ = compile_persona(Character.model_validate_json(NYX.model_dump_json()), dict(SHIPPED), ROWS)
    assert first == again
    assert hash(first) == hash(again)
    edited = read_framework(SHIPPED["neuro"].model_dump() | {"purpose": "other"}, "x")
    framed = NYX.model_copy(update={"framework": "neuro"})
    versions = {
        first.version,
        compile_persona(NYX, SHIPPED)[0].version,
        compile_persona(NYX.model_copy(update={"tags": ("x",)}), SHIPPED, ROWS)[0].version,
        compile_persona(framed, SHIPPED, ROWS)[0].version,
        compile_persona(framed, {"neuro": edited}, ROWS)[0].version,
    }
    assert len(versions) == 5


_WORDS = st.text(st.characters(exclude_categories=()), max_size=30)
_KNOWN = st.recursive(_WORDS | st.floats(-1e6, 1e6) | st.none(), st.lists, max_leaves=3)


@pytest.mark.slow
@given(
    scenario=_WORDS,
    override=_WORDS,
    knowledge=st.dictionaries(
        _WORDS, st.recursive(_WORDS | st.floats(-1e6, 1e6) | st.none(), st.lists, max_leaves=3)
    ),
    rows=st.lists(_WORDS, max_size=3),
    name=st.sampled_from(["", *sorted(SHIPPED), "ghost"]),
)
def test_any_character_compiles_and_loses_nothing_of_its_core(scenario, override, knowledge, rows, name):
    """F099, faults D5."""
    fields = {"scenario": scenario, "override": override, "knowledge": knowledge, "framework": name}
    character = Character.model_validate(NYX.model_dump() | fields)
    persona, _ = compile_persona(character, SHIPPED, Identity(facts=tuple(rows)))
    assert NYX.core_prompt in persona.prompt
    assert compile_persona(character, SHIPPED, Identity(facts=tuple(rows)))[0] == persona
    persona.prompt.encode()
    json.dumps(persona.as_dict())
