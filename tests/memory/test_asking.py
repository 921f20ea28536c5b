"""Whether somebody asks for a memory is told by form, in six languages; small talk does not."""

import json
import tomllib

import pytest

from memory.asking import asks_for_memory
from memory.languages import language_of
from memory.words import word_count
from tests.support.paths import DATA
from tests.talk import LOCOMO

SAID = tomllib.loads((DATA / "asking.toml").read_text("utf-8"))
EVERY = [(part, language) for part in SAID for language in SAID[part]]


@pytest.mark.parametrize(("part", "language"), EVERY)
def test_who_asks_for_a_memory_is_understood(part, language):
    missed = [text for text in SAID[part][language]["asks"] if not asks_for_memory(text)]
    assert len(missed) <= (part == "held_out"), missed


@pytest.mark.parametrize(("part", "language"), EVERY)
def test_small_talk_asks_for_no_memory(part, language):
    taken = [text for text in SAID[part][language]["chats"] if asks_for_memory(text)]
    assert len(taken) <= (part == "held_out"), taken


@pytest.mark.skipif(not LOCOMO.exists(), reason="LoCoMo's talk is not beside the repository")
def test_of_questions_about_long_talk_49_in_50_ask_for_a_memory_and_of_its_lines_one_in_ten():
    talks = json.loads(LOCOMO.read_text("utf-8"))
    questions = [one["question"] for talk in talks for one in talk["qa"]]
    assert sum(map(asks_for_memory, questions)) >= 0.98 * len(questions)
    said = [
        turn["text"]
        for talk in talks
        for name, session in talk["conversation"].items()
        if isinstance(session, list) and name.startswith("session")
        for turn in session
    ]
    assert sum(map(asks_for_memory, said)) <= 0.1 * len(said)


def test_nine_in_ten_short_texts_are_known_to_be_in_their_language():
    texts = [
        (language, text)
        for part in SAID.values()
        for language, kinds in part.items()
        for kind in kinds.values()
        for text in kind
    ]
    wrong = [(language, text) for language, text in texts if language_of(text) != language]
    assert len(wrong) <= len(texts) / 10, wrong


def test_a_text_of_an_unknown_language_asks_for_a_memory_where_it_names_somebody():
    assert asks_for_memory("Gdzie mieszka Zofia?")
    assert not asks_for_memory("jak leci?")
    assert not asks_for_memory("")
    assert language_of("🦊 42") == ""


def test_words_are_counted_where_no_spaces_are_set():
    assert word_count("don't you well-known 3 cats?!") == 5
    assert word_count("妹の名前は何だっけ？") == 5
    assert word_count("元気？") == 1
    assert word_count("안녕 친구야") == 2


@pytest.mark.parametrize(
    "text",
    ["Pixel, tell me about my two cats", "tell me about my cats once more", "Erzähl mir von meinen Katzen"],
)
def test_who_wants_to_be_told_of_what_is_theirs_asks_for_a_memory(text):
    assert asks_for_memory(text)
