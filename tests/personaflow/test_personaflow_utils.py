"""PersonaFlow beside the characters: templates, checks, JSON files, the log."""

import json
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personaflow import Memory, MemoryManager, utils
from personaflow.utils import (
    Logger,
    PromptManager,
    PromptTemplate,
    Serializer,
    validate_memory_config,
    validate_memory_content,
    validate_prompt_template,
    validators,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture
def a_log():
    """Makes logs, and takes their handlers away at the end."""
    made = []

    def make(name, **options):
        made.append(Logger(name, **options))
        return made[-1]

    yield make
    for logger in made:
        for handler in [*logger.logger.handlers]:
            logger.logger.removeHandler(handler)
            handler.close()


def test_templates_are_filled_in_and_what_is_unknown_stays():
    """P16."""
    prompts = PromptManager()
    prompts.add_template("keeper", "You are ${name}, $role of ${place}; $$3.")
    assert prompts.get_prompt("keeper", name="Mara", role=7) == "You are Mara, 7 of ${place}; $3."
    assert prompts.get_prompt(template_name="keeper") == "You are ${name}, $role of ${place}; $3."
    assert list(prompts.templates) == ["keeper"]


def test_no_variable_but_one_is_taken_by_the_call_itself():
    """P16, P17."""
    words = {name: name.upper() for name in ("name", "self", "template", "mapping", "variables")}
    prompts = PromptManager()
    prompts.add_template("t", " ".join(f"${{{name}}}" for name in words))
    assert prompts.get_prompt("t", **words) == " ".join(words.values())


@pytest.mark.parametrize(
    ("name", "template"), [("", "x"), (" ", "x"), ("t", ""), ("t", " \n"), ("t", "Hi ${"), ("t", None)]
)
def test_a_template_that_can_not_be_used_is_refused_at_once(name, template):
    """P16."""
    prompts = PromptManager()
    with pytest.raises(ValueError, match="template"):
        prompts.add_template(name, template)
    assert prompts.templates == {}


def test_an_unknown_template_is_a_key_error_that_names_the_known():
    """P16."""
    prompts = PromptManager.from_dict({"keeper": "k"})
    with pytest.raises(KeyError, match="known: keeper"):
        prompts.get_prompt("keepr")


def test_templates_come_back_from_their_dict():
    """P16."""
    kept = {"one": "Hello ${name}", "two": "$$"}
    assert PromptManager.from_dict(kept).to_dict() == kept
    with pytest.raises(ValueError, match="bad"):
        PromptManager.from_dict({"bad": "${"})


def test_a_template_alone_fills_in_what_it_is_given():
    """P17."""
    assert PromptTemplate("Hi ${name}, ${x}").format(name="Ada") == "Hi Ada, ${x}"


def test_a_log_writes_its_four_levels_to_the_console_and_its_file(tmp_path, capfd, a_log):
    """P18."""
    log = a_log("personaflow.test.four", level="debug", log_file=tmp_path / "a.log")
    for level in ("debug", "info", "warning", "error"):
        getattr(log, level)(f"100% {level}")
    lines = (tmp_path / "a.log").read_text().splitlines()
    assert [line.split(" - ", 1)[1] for line in lines] == [
        f"personaflow.test.four - {level.upper()} - 100% {level}"
        for level in ("debug", "info", "warning", "error")
    ]
    assert all(datetime.fromisoformat(line.split(" - ")[0]) for line in lines)
    assert capfd.readouterr().err.splitlines() == lines


def test_a_log_starts_at_info_and_takes_numbers_and_words(a_log):
    """P18."""
    name = "personaflow.test.levels"
    assert a_log(name).logger.level == logging.INFO
    assert a_log(name, level=logging.ERROR).logger.level == logging.ERROR
    assert a_log(name, level="WARNING").logger is logging.getLogger(name)
    with pytest.raises(ValueError, match="LOUD"):
        a_log(name, level="loud")


def test_of_one_name_nothing_doubles_and_a_second_file_is_added(tmp_path, capfd, a_log):
    """P18: the original passed over a second file."""
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    (tmp_path / "sub").mkdir()
    for path in (None, one, str(one), tmp_path / "sub/../one.log", two, None):
        log = a_log("personaflow.test.twice", log_file=path)
    log.info("once")
    assert [path.read_text().count("once") for path in (one, two)] == [1, 1]
    assert capfd.readouterr().err.count("once") == 1


def test_a_log_file_that_can_not_be_opened_is_said_at_once(tmp_path, a_log):
    """P18."""
    with pytest.raises(FileNotFoundError):
        a_log("personaflow.test.nowhere", log_file=tmp_path / "none/a.log")


@given(JSON)
def test_what_is_written_is_read_back(tmp_path_factory, data):
    """P19."""
    path = tmp_path_factory.getbasetemp() / "round.json"
    Serializer.to_json(data, path)
    assert Serializer.from_json(path) == data


def test_memories_dates_and_sets_are_written(tmp_path):
    """P19: the original could not write the list of memories that its README shows."""
    memory = Memory("t", "event", {"when": {date(2024, 5, 1)}}, character_name="Ada")
    path = str(tmp_path / "a.json")
    day = datetime(2024, 5, 1, 12, tzinfo=UTC)
    data = {"m": [memory], "d": day, "t": time(9), "s": {*"sorted"}, "f": frozenset({"b", 1})}
    Serializer.to_json(data=data, file_path=path)
    assert Serializer.from_json(file_path=path) == {
        "m": [
            {"timestamp": "t", "type": "event", "content": {"when": ["2024-05-01"]}, "metadata": {}}
            | {"character_name": "Ada"}
        ],
        "d": "2024-05-01T12:00:00+00:00",
        "t": "09:00:00",
        "s": [*"deorst"],
        "f": ["b", 1],
    }
    assert Path(path).read_text().startswith('{\n  "m": [\n    {\n')


@dataclass
class Knot:
    """Something that holds itself."""

    end: object = None


def knot():
    tied = Knot()
    tied.end = tied
    return tied


def deep():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "data",
    [{"a": object()}, {("a", "b"): 1}, {"t": Memory}, knot(), deep()],
    ids=lambda data: type(data).__name__,
)
def test_what_can_not_be_written_is_an_os_error_and_the_file_stays(tmp_path, data):
    """P19: the original left a file that was cut short."""
    path = tmp_path / "a.json"
    path.write_text("[1]")
    with pytest.raises(OSError, match=r"a\.json"):
        Serializer.to_json(data, path)
    assert path.read_text() == "[1]"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_disk_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, step):
    """P19."""

    def fail(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.json"
    path.write_text("[1]")
    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="No space left"):
        Serializer.to_json([2], path)
    assert path.read_text() == "[1]"
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_that_is_written_anew_keeps_its_rights_and_its_link(tmp_path):
    """P19."""
    path, link = tmp_path / "a.json", tmp_path / "link.json"
    path.write_text("[1]")
    path.chmod(0o640)
    link.symlink_to(path)
    Serializer.to_json([2], link)
    assert (link.is_symlink(), json.loads(path.read_text()), path.stat().st_mode & 0o777) == (
        True,
        [2],
        0o640,
    )


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff\xfe{}", b"[" * 200_000])
def test_what_can_not_be_read_is_an_os_error(tmp_path, content):
    """P19."""
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OSError, match=r"a\.json"):
        Serializer.from_json(path)


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    """P19."""
    with pytest.raises(OSError, match="none"):
        Serializer.to_json({}, tmp_path / "none/a.json")


@pytest.mark.parametrize("template", ["$$ok", "Hello ${name}", "Hello $name", "plain", "{x} 100%"])
def test_a_template_that_can_be_read_is_valid(template):
    """P20."""
    assert validate_prompt_template(template) is True


@pytest.mark.parametrize(
    "template", ["Hi ${", "$", "${}", "${1a}", "costs $5", "${a b}", "ends $", None, 7, b"x"]
)
def test_a_template_that_can_not_be_read_is_not(template):
    """P20."""
    assert validate_prompt_template(template) is False


@pytest.mark.parametrize(
    ("content", "valid"), [({"user": "hi"}, True), ({}, False), ([], False), ("hi", False), (None, False)]
)
def test_content_is_a_dict_with_something_in_it(content, valid):
    """P20."""
    assert validate_memory_content(content) is valid


@pytest.mark.parametrize(
    ("config", "valid"),
    [
        ({}, True),
        ({"max_memories": 1}, True),
        ({"max_memories": 1000, "summary_threshold": 10, "auto_summarize": False}, True),
        ({"max_memories": -1}, False),
        ({"max_memories": 0}, False),
        ({"max_memories": True}, False),
        ({"max_memories": 1.5}, False),
        ({"summary_threshold": "10"}, False),
        ({"auto_summarize": 1}, False),
        ({"most": 1}, False),
        ({7: 1}, False),
        ([], False),
        (None, False),
    ],
)
def test_a_configuration_is_valid_where_a_manager_takes_it(config, valid):
    """P20."""
    assert validate_memory_config(config) is valid
    if valid:
        assert MemoryManager("Ada", config)


def test_utils_gives_its_names_and_the_validators_as_a_module():
    """P20."""
    assert utils.validators is validators
    for name in ("memory_content", "prompt_template", "memory_config"):
        assert getattr(validators, f"validate_{name}") is getattr(utils, f"validate_{name}")
