"""Eight words in a row are somebody's own, and a name of theirs is theirs (C64)."""

import json

import pytest

from memory.echoes import called, echoes_of

SAID = "I keep the key of my boat under the blue flowerpot"


@pytest.mark.parametrize(
    ("text", "echoed"),
    [
        ("the key of my boat under the blue", True),
        ("The KEY, of my *boat*: under the “blue”", True),
        ("the key of my boat under a blue flowerpot", False),
        ("keep the key of my boat under", False),
        (json.dumps({"said": "über the key of\nmy boat under the blue"}), True),
        ("", False),
    ],
)
def test_eight_words_in_a_row_are_somebodys_whatever_stands_between_them(text: str, echoed: bool):
    assert echoes_of([SAID], []).repeated(text) is echoed


def test_words_of_letters_that_json_escapes_are_found():
    echoes = echoes_of(["für Äpfel und Öl über die grüne Brücke gehen"], [])
    assert echoes.repeated(json.dumps("für Äpfel und Öl über die grüne Brücke gehen"))
    assert not echoes.repeated("für Äpfel und Öl über die Brücke")


def test_scripts_without_spaces_go_by_pairs_of_characters():
    echoes = echoes_of(["鍵は青い植木鉢の下にあります"], [])
    assert echoes.repeated("彼女の鍵は青い植木鉢の下に")
    assert not echoes.repeated("青い植木鉢の下")


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("Mira", {"Mira"}),
        ("★ Mira Novák ★", {"Mira Novák", "Mira"}),
        ("Al", set()),
        ("you", set()),
        ("The Fox", {"The Fox"}),
        ("x2000 Zoe", {"x2000 Zoe"}),
        ("…", set()),
    ],
)
def test_people_are_recognised_by_their_whole_name_or_its_first_word(name: str, by: set[str]):
    assert called(name) == by


def test_a_name_counts_as_a_whole_word_in_any_letter_case():
    echoes = echoes_of([], ["Mira Novák"])
    told = ("ask MIRA about it", "that is Mira's", "Miranda knows", "the mirador", "Novák")
    assert [echoes.stand_in(text) for text in told] == [True, True, False, False, False]
    assert not echoes.repeated("Mira Novák")
