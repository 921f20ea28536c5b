"""Whom an answer took up, of what stood before the character (C64)."""

from dataclasses import replace

from bot.conversation.context.lineage import drawn_on
from bot.conversation.types import Head, Knowledge, Line, PromptSituation, Recollection
from memory.worth import Recalled
from tests.fakes import EPOCH

SAID = "the key of my boat lies under the blue flowerpot"
NOTHING = Recollection((), 0, 0)
MIRA = Line(1, "Mira#000001", f"Well, {SAID}.", mine=False, said_at=EPOCH, person_id=42)


def test_whose_line_it_repeats_is_taken_up_wherever_that_stood():
    known = Knowledge("Mira#000001", ((1, SAID),), 42)
    before = (
        Recollection((MIRA,), 0, 0),
        replace(NOTHING, head=Head(known=(known,))),
        replace(NOTHING, fresh=(known,)),
        replace(NOTHING, recalled=(Recalled("fact", 7, "Mira#000001", SAID, EPOCH, person_id=42),)),
        replace(NOTHING, recalled=(Recalled("line", 7, "Nyx#000002", SAID, EPOCH, drew_on=(42,)),)),
        Recollection((Line(3, "Nyx#000002", SAID, mine=True, said_at=EPOCH, drew_on=(42,)),), 0, 0),
    )
    assert [drawn_on(f"So {SAID}", one) for one in before] == [[42]] * 6
    assert [drawn_on("So the key of my boat lies under a pot", one) for one in before] == [None] * 6
    assert drawn_on(f"So {SAID}", NOTHING) is None


def test_whom_it_names_is_taken_up_by_their_label_or_whom_they_play():
    here = Recollection((MIRA,), 0, 0, stage=PromptSituation(names={"Mira#000001": "Captain Hook"}))
    told = ("mira said so", "Captain Hook said so", "the captain said so", "Miranda said so")
    assert [drawn_on(text, here) for text in told] == [[42], [42], [42], None]


def test_a_character_that_is_named_is_nobody_who_could_leave():
    nyx = Line(1, "Nyx#000002", "hm", mine=False, said_at=EPOCH, drew_on=(42,))
    assert drawn_on("Nyx said so", Recollection((nyx,), 0, 0)) is None
