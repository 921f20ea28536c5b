"""PersonaFlow: what a character remembers, in which order, and what becomes of the rest."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personaflow import Character, Memory, MemoryConfig, MemoryManager, PersonaSystem
from personaflow.core import memory as memory_module


def texts(memories):
    return [memory.content["n"] for memory in memories]


def filled(count, **config):
    manager = MemoryManager("Ada", config)
    for n in range(count):
        manager.add_memory({"n": n})
    return manager


def at(timestamp, n):
    return Memory(timestamp, "interaction", {"n": n})


def test_a_memory_without_metadata_has_none_of_it_rather_than_nothing():
    """P10."""
    memory = Memory("2024-01-01T00:00:00", "event", {"n": 1})
    assert (memory.metadata, memory.character_name) == ({}, "")
    assert memory == Memory("2024-01-01T00:00:00", "event", {"n": 1}, {}, "")
    manager = filled(1)
    assert manager.memories[0].metadata == {}
    assert datetime.fromisoformat(manager.memories[0].timestamp).tzinfo is not None


def test_a_configuration_has_the_originals_defaults():
    """P11."""
    config = MemoryConfig()
    assert (config.max_memories, config.summary_threshold, config.auto_summarize) == (1000, 10, True)


def test_part_of_a_configuration_is_enough_and_an_unknown_key_is_not_passed_over():
    """P12."""
    manager = MemoryManager("Ada", {"max_memories": 3})
    assert manager.config == MemoryConfig(max_memories=3)
    assert (manager.character_name, manager.memories, manager.summarized_memories) == ("Ada", [], [])
    with pytest.raises(TypeError, match="most"):
        MemoryManager("Ada", {"most": 3})
    for key in ("max_memories", "summary_threshold"):
        for number in (0, -1):
            with pytest.raises(ValueError, match=key):
                MemoryManager("Ada", {key: number})
    with pytest.raises(ValueError, match="Character name cannot be empty"):
        MemoryManager("  ")


def test_memories_are_chosen_by_type_and_number_newest_first():
    """P13."""
    manager = filled(4)
    manager.add_memory({"n": 4}, "event")
    assert texts(manager.get_memories()) == texts(manager.get_memories(0)) == [4, 3, 2, 1, 0]
    assert texts(manager.get_memories(2)) == [4, 3]
    assert texts(manager.get_memories(memory_types=["interaction"], limit=1)) == [3]
    assert texts(manager.get_memories(memory_types=[])) == [4, 3, 2, 1, 0]
    assert manager.get_memories(memory_types=["none"]) == []
    with pytest.raises(ValueError, match="-1"):
        manager.get_memories(limit=-1)


def test_reading_changes_nothing_and_the_newest_stay_when_room_is_made():
    """P13: the original sorted the living list and then dropped the newest."""
    manager = filled(5)
    before = manager.to_dict()
    manager.get_memories().clear()
    manager.get_memories(memory_types=["interaction"])
    assert manager.to_dict() == before
    manager.config.max_memories = 3
    for n in (5, 6):
        manager.add_memory({"n": n})
    assert texts(manager.memories) == [4, 5, 6]


def test_memories_of_one_moment_stay_in_the_order_they_came_in():
    """P13."""
    manager = MemoryManager("Ada", {"max_memories": 3})
    manager.memories = [at("2024-01-01T00:00:00+00:00", n) for n in range(3)]
    assert texts(manager.get_memories()) == [0, 1, 2]
    manager.add_memory({"n": 3})
    assert texts(manager.get_memories()) == [3, 1, 2]


def test_moments_are_compared_across_time_zones_and_what_is_no_moment_is_oldest():
    """P13."""
    manager = MemoryManager("Ada")
    stamps = ("2024-01-01T12:00:00+05:00", "2024-01-01T08:00:00Z", "yesterday", "0001-01-01T00:00:00+05:00")
    manager.memories = [at(stamp, n) for n, stamp in enumerate(stamps)]
    assert texts(manager.get_memories()) == [1, 0, 2, 3]


def test_a_clock_that_stands_still_or_goes_back_does_not_mix_up_the_order(monkeypatch):
    """P13."""
    moments = iter([datetime(2024, 1, day, tzinfo=UTC) for day in (5, 5, 5, 4)])

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return next(moments)

    monkeypatch.setattr(memory_module, "datetime", Clock)
    manager = filled(3)
    assert texts(manager.get_memories()) == [2, 1, 0]
    assert manager.memories[2].timestamp == "2024-01-05T00:00:00.000003+00:00"


def test_what_no_longer_fits_is_summed_up_in_one_memory():
    """P14."""
    manager = filled(5)
    stamps = [memory.timestamp for memory in manager.memories]
    manager.config.max_memories = 3
    manager.add_memory({"n": 5})
    assert texts(manager.memories) == [3, 4, 5]
    (summary,) = manager.summarized_memories
    assert (summary.type, summary.character_name) == ("summary", "Ada")
    assert summary.content == {"period": f"{stamps[0]} to {stamps[2]}", "summary": "Summary of 3 memories"}


def test_without_summaries_the_oldest_are_dropped():
    """P14."""
    manager = filled(5, max_memories=2, auto_summarize=False)
    assert (texts(manager.memories), manager.summarized_memories) == ([3, 4], [])


def test_the_oldest_leave_wherever_they_stand_in_the_list():
    """P14."""
    manager = MemoryManager("Ada", {"max_memories": 2})
    manager.memories = [at("2024-01-03T00:00:00Z", 3), at("2024-01-01T00:00:00Z", 1)]
    manager.add_memory({"n": 4})
    assert texts(manager.memories) == [3, 4]


@given(st.lists(st.integers(1, 9) | st.none(), max_size=40))
def test_however_the_limit_moves_the_newest_are_kept(steps):
    """P14, P15: a number moves the limit, None adds a memory; the whole is a list of numbers cut short."""
    expected: list[int] = []
    manager, most, n = MemoryManager("Ada"), 1000, 0
    for step in steps:
        if step is None:
            manager.add_memory({"n": n})
            expected, n = [*expected, n][-most:], n + 1
        else:
            manager.config.max_memories = most = step
        manager.get_memories()
        assert texts(manager.memories) == expected


def test_somebody_elses_words_may_sum_up():
    """P14: the function is given to every character, new or restored."""

    def in_short(memories):
        return "+".join(str(memory.content["n"]) for memory in memories)

    first = PersonaSystem(summarize=in_short)
    first.create_character("Ada", "p", memory_config={"max_memories": 1})
    for restored in (first, PersonaSystem.from_dict(first.to_dict(), summarize=in_short)):
        for n in (7, 8):
            restored.add_interaction("Ada", {"n": n})
        (summary,) = restored.get_character("Ada").memory_manager.summarized_memories
        assert summary.content["summary"] == "7"


def test_when_summing_up_fails_nothing_is_lost_and_the_next_memory_tries_again():
    """P14."""
    answers = iter([RuntimeError("away"), "both"])

    def summarize(memories):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return f"{answer} {texts(memories)}"

    manager = MemoryManager("Ada", {"max_memories": 1}, summarize=summarize)
    manager.add_memory({"n": 0})
    with pytest.raises(RuntimeError, match="away"):
        manager.add_memory({"n": 1})
    assert (texts(manager.memories), manager.summarized_memories) == ([0, 1], [])
    manager.add_memory({"n": 2})
    assert texts(manager.memories) == [2]
    assert manager.summarized_memories[0].content["summary"] == "both [0, 1]"


def test_memories_come_back_from_their_dict_even_from_part_of_it():
    """P15."""
    manager = filled(4, max_memories=2)
    kept = manager.to_dict()
    assert list(kept) == ["character_name", "config", "memories", "summarized_memories", "last_accessed"]
    assert kept["last_accessed"] == manager.memories[-1].timestamp
    assert MemoryManager.from_dict(kept).to_dict() == kept
    assert MemoryManager.from_dict({"character_name": "Ada"}).memories == []


def test_a_limit_that_is_changed_later_holds_whatever_it_is():
    """P15: the original's own test sets it to 5 and adds ten."""
    manager = MemoryManager("Ada")
    for most, left in ((5, 5), (0, 0), (-2, 0)):
        manager.config.max_memories = most
        for n in range(10):
            manager.add_memory({"n": n})
        assert len(manager.memories) == left


def test_a_save_of_the_original_with_times_of_no_zone_can_be_read():
    """P15."""
    kept = filled(1).to_dict()
    kept["memories"][0]["timestamp"] = kept["last_accessed"] = "2024-03-21T10:00:00.000001"
    manager = MemoryManager.from_dict(kept)
    manager.add_memory({"n": 1})
    assert texts(manager.get_memories()) == [1, 0]


def test_content_may_be_any_kind_of_dict():
    """P10."""
    ada = Character("Ada", "p")
    ada.add_memory(defaultdict(list, words=["hi"]))
    assert ada.get_context()["memories"][0]["content"] == {"words": ["hi"]}
