"""The end-to-end figure of the recall benchmark, on a talk that is small enough to be read."""

import pytest

from benchmarks.bench_recall import Extent, measure
from benchmarks.locomo import Conversation, Question
from benchmarks.prompt_recall import WAYS, exchanges, played, recalled_in
from memory.ranking import Passage

LINES = (
    ("Ann", "I adopted a grey parrot called Kiwi from the shelter", "3 May 2023", 1),
    ("Ben", "Lovely! My sister opened a bakery in Lisbon last month", "3 May 2023", 1),
    ("Ann", "I broke my ankle while skating on the frozen canal", "9 June 2023", 2),
    ("Ben", "Oh no, get well soon", "9 June 2023", 2),
)
FACTS = ((0, "Has a grey parrot called Kiwi"),)


def talk(*questions: Question) -> Conversation:
    passages = tuple(
        Passage(place, text, who, day, session) for place, (who, text, day, session) in enumerate(LINES)
    )
    return Conversation("small", passages, questions, 0, FACTS)


def asked(text: str, *evidence: int) -> Question:
    return Question(text, "single-hop", frozenset(evidence), ("Ann",))


@pytest.mark.slow
async def test_what_was_said_and_the_facts_drawn_from_it_are_found_in_prompts(tmp_path):
    told = talk(
        asked("What is the grey parrot of Ann called?", 0), asked("Where did Ann break an ankle skating?", 2)
    )
    figures = await played(tmp_path, [told], None)
    assert [figures[f"prompt_recall_{way}"] for way in WAYS] == [100.0] * len(WAYS)
    assert 0 < figures["talk_tail"] < figures["mean_tail"] < figures["question_tail"]
    assert figures["small_talk_tokens"] <= 100


@pytest.mark.slow
async def test_evidence_that_no_question_leads_to_is_missed(tmp_path):
    told = talk(asked("When did Ann visit the observatory of Prague?", 3))
    figures = await played(tmp_path, [told], None)
    assert figures["prompt_recall_by_name"] == 0.0


async def test_without_the_data_it_says_what_is_missing(tmp_path):
    said = await measure(tmp_path, Extent(data=tmp_path / "locomo.json"))
    assert "locomo.json is not beside the repository" in said["skipped"]


def test_a_talk_of_two_is_said_in_turns():
    assert list(exchanges([(False, "a"), (True, "b"), (True, "c"), (False, "d"), (True, "e")])) == [
        ("Hi!", "a"),
        ("b\nc", "d"),
        ("e", "I see."),
    ]


@pytest.mark.parametrize("after", ["[the end]", "(a note)"])
def test_what_was_recalled_ends_where_the_next_note_begins(after):
    quote = "(Said here before:)\n  3 May 2023, Ann#000041: hello"
    assert recalled_in(f"(before)\n{quote}\n{after}") == quote
