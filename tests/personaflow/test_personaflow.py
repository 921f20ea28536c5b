"""PersonaFlow: characters, what they remember, and the system that holds them."""

import json
import subprocess
import sys

import pytest

import personaflow
import personaflow.core
from personaflow import Character, PersonaSystem
from tests.support.paths import ROOT

ALONE = """
import sys
sys.path.insert(0, sys.argv[1])

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "personaflow"}:
            raise ImportError(name)

sys.meta_path.insert(0, Refusing())
import personaflow, personaflow.core, personaflow.utils
from personaflow.utils import *
strange = {name.partition(".")[0] for name in sys.modules} - {*sys.stdlib_module_names, "personaflow"}
print(sorted(strange - {"__main__", "__mp_main__"}))
try:
    import pydantic
except ImportError as error:
    print("refused", error)
"""


@pytest.fixture
def system():
    system = PersonaSystem()
    system.create_character("Ada", "You are Ada.")
    system.create_character("Bo", {"role": "cook"}, background={"town": "Oslo"})
    return system


def heard(system, name):
    return [memory.content for memory in system.get_character(name).memory_manager.memories]


def test_the_library_needs_nothing_but_the_standard_library():
    """P21: nothing of the bot's dependencies, and nothing of the bot."""
    command = [sys.executable, "-I", "-S", "-c", ALONE, str(ROOT)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout.split("\n"), ran.stderr) == (["[]", "refused pydantic", ""], "")


def test_the_same_five_names_come_from_the_package_and_from_core():
    """P01."""
    for name in ("Character", "Memory", "MemoryManager", "MemoryConfig", "PersonaSystem"):
        assert getattr(personaflow, name) is getattr(personaflow.core, name)


def test_a_new_system_is_empty_and_a_new_character_is_not_active():
    """P01."""
    system = PersonaSystem()
    assert (system.characters, system.active_character) == ({}, None)
    system.create_character("Ada", "p")
    assert system.active_character is None


def test_a_character_is_registered_and_the_same_name_takes_its_place(system):
    """P02."""
    first = system.get_character("Ada")
    second = system.create_character(name="Ada", prompt="new", background={"a": 1}, memory_config={})
    assert second is not first
    assert system.characters["Ada"] is second
    assert list(system.characters) == ["Ada", "Bo"]


def test_an_unknown_name_is_a_key_error_and_changes_nothing(system):
    """P03, P04."""
    system.switch_active_character("Bo")
    for call in (system.get_character, system.switch_active_character):
        with pytest.raises(KeyError, match="Cy"):
            call("Cy")
    with pytest.raises(KeyError, match="Cy"):
        system.add_interaction("Cy", {"user": "hi"})
    assert system.active_character == "Bo"
    assert heard(system, "Ada") == []


def test_an_interaction_reaches_one_character_and_returns_nothing(system):
    """P04."""
    assert system.add_interaction("Ada", {"user": "hi"}, "event", {"k": 1}) is None
    (memory,) = system.get_character("Ada").memory_manager.memories
    assert (memory.type, memory.content, memory.metadata) == ("event", {"user": "hi"}, {"k": 1})
    assert heard(system, "Bo") == []


@pytest.mark.parametrize(
    ("options", "hearing"),
    [
        ({}, {"Ada", "Bo"}),
        ({"exclude_characters": ["Bo", "Cy"]}, {"Ada"}),
        ({"exclude_characters": []}, {"Ada", "Bo"}),
        ({"broadcast_to": ["Bo", "Cy"]}, {"Bo"}),
        ({"broadcast_to": ["Bo", "Bo"], "exclude_characters": ["Bo"]}, {"Bo"}),
        ({"broadcast_to": []}, set()),
        ({"broadcast_to": [], "exclude_characters": ["Ada"]}, set()),
    ],
)
def test_a_broadcast_reaches_those_who_are_named_or_all_but_the_excluded(system, options, hearing):
    """P05."""
    system.broadcast_interaction({"news": 1}, **options)
    for name in ("Ada", "Bo"):
        assert heard(system, name) == ([{"news": 1}] if name in hearing else [])


def test_everyone_who_hears_a_broadcast_has_their_own_copy(system):
    """P05."""
    system.broadcast_interaction({"news": [1]}, metadata={"tags": []})
    memory = system.get_character("Ada").memory_manager.memories[0]
    memory.content["news"].append(2)
    memory.metadata["tags"].append("x")
    other = system.get_character("Bo").memory_manager.memories[0]
    assert (other.type, other.content, other.metadata) == ("broadcast", {"news": [1]}, {"tags": []})


def test_a_system_comes_back_from_its_dict_and_from_json(system):
    """P06."""
    system.switch_active_character("Bo")
    system.broadcast_interaction({"news": 1})
    system.create_character("Cy", "p", memory_config={"max_memories": 1})
    for n in range(3):
        system.add_interaction("Cy", {"n": n})
    kept = system.to_dict()
    assert set(kept) == {"characters", "active_character"}
    assert PersonaSystem.from_dict(kept).to_dict() == kept
    assert PersonaSystem.from_dict(json.loads(json.dumps(kept))).to_dict() == kept


def test_what_was_taken_out_does_not_change_with_the_system(system):
    """P06."""
    system.add_interaction("Bo", {"words": ["hi"]})
    kept, context = system.to_dict(), system.get_character("Bo").get_context()
    before = json.dumps([kept, context])
    for bo in (system.get_character("Bo"), PersonaSystem.from_dict(kept).get_character("Bo")):
        bo.background["town"] = "Rome"
        assert isinstance(bo.prompt, dict)
        bo.prompt["role"] = "baker"
        bo.memory_manager.memories[0].content["words"].append("you")
    assert json.dumps([kept, context]) == before


@pytest.mark.parametrize(
    ("name", "prompt"), [("", "p"), (" \n", "p"), ("Ada", ""), ("Ada", {}), ("Ada", None)]
)
def test_a_character_needs_a_name_and_a_prompt(name, prompt):
    """P07."""
    with pytest.raises(ValueError, match="cannot be empty") as caught:
        Character(name, prompt)
    assert (str(caught.value) == "Character name cannot be empty") is (not name.strip())


def test_a_character_has_what_it_was_made_of():
    """P07."""
    ada = Character("Ada", {"role": "x"}, None, {"max_memories": 7})
    assert (ada.name, ada.prompt, ada.background) == ("Ada", {"role": "x"}, {})
    assert (ada.memory_manager.character_name, ada.memory_manager.config.max_memories) == ("Ada", 7)


def test_a_context_has_the_memories_newest_first_or_no_such_key():
    """P08."""
    ada = Character("Ada", "p", {"a": 1})
    ada.add_memory({"n": 1})
    ada.add_memory({"n": 2}, memory_type="event", metadata={"m": 1})
    ada.add_memory({"n": 3})
    assert ada.get_context(include_memories=False) == {"name": "Ada", "prompt": "p", "background": {"a": 1}}
    context = ada.get_context()
    assert list(context) == ["name", "prompt", "background", "memories"]
    assert [memory["content"]["n"] for memory in context["memories"]] == [3, 2, 1]
    (event,) = ada.get_context(True, 1, ["event"])["memories"]
    stamp = ada.memory_manager.memories[1].timestamp
    assert event == {
        "timestamp": stamp,
        "type": "event",
        "content": {"n": 2},
        "metadata": {"m": 1},
        "character_name": "Ada",
    }


def test_a_character_comes_back_from_its_dict_even_from_part_of_it():
    """P09."""
    ada = Character("Ada", "p", {"a": 1})
    ada.add_memory({"n": 1})
    assert list(ada.to_dict()) == ["name", "prompt", "background", "memory_manager"]
    assert Character.from_dict(ada.to_dict()).to_dict() == ada.to_dict()
    bare = Character.from_dict({"name": "Ada", "prompt": "p"})
    assert (bare.background, bare.memory_manager.memories) == ({}, [])
