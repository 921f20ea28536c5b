"""What was said is found again by its words, its meaning, its day, and by what stands around it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_recall import Searched
from benchmarks.locomo import average, conversations
from memory.languages import _COMMON, ENGLISH_OR_NONE, MORE_ELSEWHERE, language_of_words
from memory.meaning import packed, unpacked, whole_numbers
from memory.ranking import FACTS, TALK, Passage, PassageIndex
from memory.words import _named, asked_of_oneself, names_in, stem, without_names, words, words_of
from tests.talk import LOCOMO


def said(*texts: str, **more) -> list[Passage]:
    return [Passage(number, text, **more) for number, text in enumerate(texts)]


def found(index: PassageIndex, query: str, vector=None, **more) -> list[int]:
    return [one.id for one in index.rank(query, vector, **{"limit": 10, **more})]


def test_a_rare_word_counts_more_than_a_common_one():
    index = PassageIndex(
        said("the cat sleeps", "the cat eats", "the cat purrs", "a falcon eats"), weights=FACTS
    )
    assert found(index, "cat or falcon?")[0] == 3


def test_words_are_found_in_their_other_forms():
    index = PassageIndex(said("She climbed two mountains", "We hiked along the river"), weights=FACTS)
    assert found(index, "climbing a mountain") == [0]


def test_nothing_is_found_where_no_word_is_shared():
    index = PassageIndex(said("I have a dog", "It rains"))
    assert found(index, "who plays the violin?") == []
    assert found(index, "what is it?") == []
    assert found(index, "") == []
    assert found(PassageIndex([]), "a dog") == []


def test_an_answer_is_found_by_the_words_of_the_question_it_answers():
    talk = said(
        "Good morning", "Did you ever try surfing?", "Twice, and it was great.", "Bye", "See you soon"
    )
    assert set(found(PassageIndex(talk), "surfing", limit=2)) == {1, 2}
    assert found(PassageIndex(talk, weights=FACTS), "surfing") == [1]


def test_the_neighbours_of_another_talk_do_not_count():
    first, second = said("Did you ever try surfing?")[0], Passage(1, "Good evening", talk=1)
    assert found(PassageIndex([first, second]), "surfing") == [0]
    assert set(found(PassageIndex([first, second._replace(talk=0)]), "surfing")) == {0, 1}


def test_somebody_asked_about_is_heard_first():
    talk = [Passage(1, "My garden is full of roses", "Ann"), Passage(2, "My garden is full of roses", "Ben")]
    assert found(PassageIndex(talk), "Whose garden?", asked_about=["Ann"]) == [1, 2]
    assert found(PassageIndex(talk), "Whose garden?", asked_about=["Ben"]) == [2, 1]


def test_a_name_does_not_draw_the_passages_that_only_mention_it():
    talk = [Passage(0, "Ann, Ann, are you there", "Ben"), Passage(1, "I planted roses", "Ann")]
    assert found(PassageIndex(talk, weights=FACTS), "What did Ann plant?", asked_about=["Ann"]) == [1]


def test_what_tells_comes_before_what_asks():
    talk = said("The concert is on Friday", "Is the concert on Friday?! 🎉")
    assert found(PassageIndex(talk, weights=replace(TALK, reach=())), "concert") == [0, 1]


def test_a_day_that_the_question_names_is_found():
    talk = [
        Passage(1, "We went swimming", date="3 May 2023"),
        Passage(2, "We went swimming", date="9 June 2023"),
    ]
    index = PassageIndex(talk, weights=replace(TALK, reach=()))
    assert found(index, "swimming in May") == [1, 2]
    assert found(index, "swimming in June") == [2, 1]


def test_of_two_that_are_as_good_the_later_comes_first():
    assert found(PassageIndex(said("tea", "tea", "tea"), weights=FACTS), "tea", limit=2) == [2, 1]


def test_a_boost_lifts_what_fits_and_nothing_else():
    facts = [
        Passage(1, "likes tea"),
        Passage(2, "likes tea", boost=-0.1),
        Passage(3, "plays chess", boost=5.0),
    ]
    ranked = PassageIndex(facts, weights=FACTS).rank("tea", limit=5)
    assert [one.id for one in ranked] == [1, 2]
    assert ranked[1].score == pytest.approx(0.9 * ranked[0].score)


@given(
    st.lists(
        st.lists(st.sampled_from(["tea", "chess", "roses", "surf", "rain"]), min_size=1).map(" ".join),
        max_size=8,
    )
)
def test_a_score_is_a_share_and_the_best_come_first(texts):
    for weights in (TALK, FACTS):
        scores = [
            one.score for one in PassageIndex(said(*texts), weights=weights).rank("tea and roses", limit=20)
        ]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score < 1 for score in scores)


class TestWithVectors:
    np = pytest.importorskip("numpy")
    EAST, NORTH, WEST = [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]

    def index(self, *rows, weights=FACTS, kind="float32", **more):
        return PassageIndex(said(*["…"] * len(rows), **more), self.np.array(rows, kind), weights=weights)

    def test_what_is_close_in_meaning_is_found_without_a_common_word(self):
        index = self.index(self.NORTH, [0.8, 0.6], self.EAST, self.WEST)
        assert found(index, "something", self.EAST) == [2, 1]

    def test_words_and_vectors_count_together(self):
        index = PassageIndex(
            said("roses", "roses", "tea"), self.np.array([self.NORTH, self.EAST, self.EAST]), weights=FACTS
        )
        assert found(index, "roses", self.EAST)[0] == 1
        assert found(index, "roses")[-1] == 0

    def test_a_passage_is_found_by_the_meaning_of_what_stands_around_it(self):
        index = self.index(self.EAST, self.NORTH, self.NORTH, self.NORTH, self.NORTH, weights=TALK)
        assert found(index, "something", self.EAST) == [0, 1, 2]

    def test_where_neighbours_lend_nothing_the_meaning_around_a_passage_is_its_own(self):
        index = self.index(self.EAST, self.NORTH, weights=replace(TALK, reach=()))
        assert found(index, "something", self.EAST) == [0]

    def test_the_meaning_of_another_talk_does_not_count(self):
        passages = [Passage(0, "…"), Passage(1, "…", talk=1)]
        index = PassageIndex(passages, self.np.array([self.EAST, self.NORTH]))
        assert found(index, "something", self.EAST) == [0]

    def test_vectors_of_4_bits_are_as_good(self):
        rows = self.np.random.default_rng(1).normal(size=(30, 384))
        rows /= self.np.linalg.norm(rows, axis=1, keepdims=True)
        full, small = self.index(*rows), self.index(*unpacked(b"".join(packed(rows)), 30))
        asked = rows[3] + rows[4] / 2
        shares = [
            {one.id: one.score for one in index.rank("something", asked, limit=30)} for index in (full, small)
        ]
        assert list(shares[1])[:2] == [3, 4]
        assert shares[1] == pytest.approx({one: shares[0].get(one, 0) for one in shares[1]}, abs=0.01)

    def test_how_long_a_vector_is_does_not_count(self):
        rows = packed(self.np.random.default_rng(2).normal(size=(600, 24)))
        rows[7] = bytes(12)
        together, asked = b"".join(rows), self.np.ones(24, "float32")
        for weights in (FACTS, TALK):
            unit, whole = (
                {one.id: one.score for one in index.rank("something", asked, limit=600)}
                for index in (
                    PassageIndex(said(*["…"] * 600), made(together, 600), weights=weights)
                    for made in (unpacked, whole_numbers)
                )
            )
            every = range(600)
            assert [whole.get(one, 0) for one in every] == pytest.approx(
                [unit.get(one, 0) for one in every], abs=1e-6
            )
            assert weights is TALK or 7 not in whole

    def test_a_passage_without_a_vector_is_found_by_its_words(self):
        nothing = [0.0, 0.0]
        index = PassageIndex(said("roses", "tea"), self.np.array([nothing, self.EAST]), weights=FACTS)
        assert found(index, "roses", self.NORTH) == [0]


def test_everything_works_by_words_where_numpy_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert found(PassageIndex(said("roses", "tea")), "tea")[0] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She studies parties, dresses and buses", ["studi", "parti", "dress", "bus"]),
        ("Planning and planned; hoping, hoped, hopes!", ["plan", "plan", "hop", "hop", "hop"]),
        ("What did you do about it?", []),
        ("Crème brûlée in Zürich", ["creme", "brule", "zuric"]),
        ("東京に行く", ["東京", "京に", "に行", "行く"]),
        ("猫", ["猫"]),
        ("I don’t think it’s 42%", ["think", "42"]),
        ("Was hast du in Köln gekauft", ["koln", "gekau"]),
        ("🦊 \ud800", []),
    ],
)
def test_a_text_is_taken_apart_into_the_words_that_say_something(text, expected):
    assert words(text) == expected


@given(st.text())
def test_any_text_can_be_taken_apart_and_any_word_stemmed(text):
    for word in words(text):
        assert word
        assert stem(word)


@given(st.lists(st.text()))
def test_texts_that_are_taken_apart_together_have_the_words_that_each_has_alone(texts):
    assert list(words_of(texts)) == [words(text) for text in texts]


@given(st.text(st.characters(max_codepoint=127)))
def test_plain_letters_are_taken_apart_like_all_others(text):
    assert words(f"{text} ø") == [*words(text), "ø"]


def test_names_are_whole_words():
    names = ["Al", "Ann", "Mary Ann", ""]
    assert names_in("Alas, ann's cat", names) == ["Ann"]
    assert without_names("Does Mary Ann know Al?", names_in("Does Mary Ann know Al?", names)).split() == [
        "Does",
        "know",
        "?",
    ]


def test_a_name_is_known_in_either_case_of_its_language():
    assert names_in("IŞIL ve STRASSE, ipek", ["Işıl", "Straße", "İpek"]) == ["Işıl", "Straße", "İpek"]


def test_no_pattern_is_compiled_for_a_name_whose_letters_are_nowhere():
    before = _named.cache_info().misses
    assert names_in("Who is here?", ["Nobody of that name"]) == []
    assert without_names("Who is here?", ["Nobody of that name"]) == "Who is here?"
    assert asked_of_oneself("Who is here?", ["Nobody of that name"]) == "Who is here?"
    assert _named.cache_info().misses == before


def test_a_question_about_somebody_is_turned_into_one_of_their_own():
    assert asked_of_oneself("Where does Ann's brother meet Ann?", ["Ann"]) == "Where does my brother meet I?"
    assert asked_of_oneself("Where was it?", []) == "Where was it?"
    assert asked_of_oneself(r"Who is (.*)\1?", [r"(.*)\1"]) == "Who is I?"


@pytest.mark.slow
def test_words_alone_find_more_than_full_text_search_does():
    if not LOCOMO.exists():
        pytest.skip("locomo-dev.json is not on this machine")
    rows: list[Sequence[float]] = []
    for talk in conversations(LOCOMO):
        one = Searched(talk, questions=[None] * len(talk.questions))
        rows += one.rows(one.search(by_words=True))
    assert len(rows) == 916
    assert all(ours > least for ours, least in zip(average(rows), (67, 75, 83, 87), strict=True))


def test_evidence_that_is_named_oddly_or_not_there_is_understood(tmp_path):
    turns = [{"dia_id": f"D1:{one}", "speaker": "Ann", "text": "…"} for one in range(1, 12)]
    evidence = [["D1:6; D1:9"], ["D:1:11", "D1:99"], [], None]
    told = {
        "sample_id": "one",
        "conversation": {"session_1": turns, "session_1_date_time": "1:56 pm on 8 May, 2023"},
        "qa": [{"question": "What did Ann do?", "category": 4, "evidence": one} for one in evidence],
    }
    file = tmp_path / "locomo.json"
    file.write_text(json.dumps([told]))
    (talk,) = conversations(file)
    assert [one.evidence for one in talk.questions] == [{5, 8}, {10}]
    assert talk.without_evidence == 2
    assert talk.passages[0].date == "8 May 2023"


@given(st.lists(st.sampled_from(sorted({word for votes in _COMMON.values() for word in votes.split()}))))
def test_what_speaks_for_no_other_language_more_than_for_english_is_in_english_or_in_none(found):
    plain = [word for word in found if word not in MORE_ELSEWHERE]
    assert language_of_words(plain) in ENGLISH_OR_NONE
