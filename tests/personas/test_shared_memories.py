"""Which encounters two characters remember, and in which words (F093)."""

import pytest

from personas.relations.affinity import Interaction, milestones
from personas.relations.memories import WORDS, Shared, remembered, told

COMPLIMENT, INSULT, BANTER = Interaction.COMPLIMENT, Interaction.INSULT, Interaction.BANTER


@pytest.mark.parametrize(
    ("met", "code"),
    [
        (Shared(BANTER, 1.5), None),
        (Shared(BANTER, 1.5, ("first words",)), "first words"),
        (Shared(COMPLIMENT, 3.0), "compliment"),
        (Shared(COMPLIMENT, 3.6, ("first words",)), "compliment"),
        (Shared(COMPLIMENT, 2.4), None),
        (Shared(INSULT, -3.0), "insult"),
        (Shared(INSULT, -2.7), None),
        (Shared(Interaction.COLLABORATION, 2.5), "collaboration"),
        (Shared(BANTER, 1.5, ("first words", "friends")), "friends"),
        (Shared(INSULT, -3.0, ("at odds",)), "at odds"),
        (Shared(COMPLIMENT, 3.0, ("made up",), fell_out=True), "fell out"),
    ],
)
def test_what_mattered_is_remembered_as_what_tells_most(met, code):
    assert remembered(met) == code


def test_each_milestone_has_its_words():
    reached = {*milestones(10, 500, ()), *milestones(-5, 0, ()), *milestones(0, 0, ("at odds",))}
    assert reached <= set(WORDS)


def test_a_memory_is_one_line_that_names_both():
    assert told("compliment", "Fangs", "Nyx", "stars") == "Fangs paid Nyx a compliment, about stars"
    assert told("friends", "Fangs", "Nyx", None) == "Fangs and Nyx became friends"
