"""What somebody wants of a reply, told by rules alone: measured on labelled messages and on LoCoMo's talk."""

import json
import tomllib
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.conversation.intents import Intent, IntentKind, intent_of, sign_of_code
from bot.conversation.types import Line
from memory.attachments import Attachment, AttachmentKind
from tests.builders import utterance
from tests.fakes import EPOCH
from tests.support.paths import DATA
from tests.talk import LOCOMO

LABELLED = tomllib.loads((DATA / "intents.toml").read_text("utf-8"))
KINDS = {
    "code": IntentKind.CODE,
    "general": IntentKind.GENERAL,
    "picture": IntentKind.VISION,
    "memory": IntentKind.MEMORY,
}
PICTURE = Attachment(AttachmentKind.PICTURE, name="a.png")


def said(text: str, *, seconds: float = 0, by: int = 42, mine: bool = False) -> Line:
    return Line(1, "Mira", text, mine, EPOCH + timedelta(seconds=seconds), by)


def kind(text: str, lines: Sequence[Line] = ()) -> IntentKind:
    return intent_of([utterance(text)], lines).kind


def told(label: str, text: str) -> IntentKind:
    heard = utterance(text, attachments=(PICTURE,) if label == "picture" else ())
    return intent_of([heard], pictured=any(one.pictured for one in heard.attachments)).kind


def test_at_least_57_of_60_labelled_messages_are_told_right():
    all_of_them = [(label, text) for label in KINDS for text in LABELLED[label]]
    assert len(all_of_them) == 60
    wrong = [(label, text) for label, text in all_of_them if told(label, text) is not KINDS[label]]
    assert len(wrong) <= 3, wrong


def test_no_trap_is_taken_for_code():
    assert [text for text in LABELLED["general"] if sign_of_code(text)] == []


@pytest.mark.skipif(not LOCOMO.exists(), reason="LoCoMo's talk is not beside the repository")
def test_of_a_thousand_lines_of_plain_talk_five_at_most_are_taken_for_code():
    talks = json.loads(LOCOMO.read_text("utf-8"))
    turns = [
        turn["text"]
        for talk in talks
        for name, session in talk["conversation"].items()
        if isinstance(session, list) and name.startswith("session")
        for turn in session
    ][:1000]
    assert len(turns) == 1000
    taken = [text for text in turns if sign_of_code(text)]
    assert len(taken) <= 5, taken


def test_the_sign_is_named():
    assert intent_of([utterance("```\nx = 1\n```")]) == Intent(IntentKind.CODE, "fence")
    assert intent_of([utterance("ValueError: no")]) == Intent(IntentKind.CODE, "traceback")
    assert intent_of([utterance("git push from bash")]).why == "shell + language"
    assert intent_of([utterance("hi")]) == Intent(IntentKind.GENERAL)
    assert intent_of([utterance("```x```")], pictured=True) == Intent(IntentKind.VISION, "picture")


def test_the_coder_stays_until_two_messages_in_a_row_show_no_code():
    code = said("```\nx = 1\n```")
    assert kind("and now?", [code]) is IntentKind.CODE
    assert intent_of([utterance("and now?")], [code]).why == "exchange"
    assert kind("thanks", [code, said("Try y.", mine=True), said("and now?")]) is IntentKind.GENERAL
    assert kind("thanks", [code, said("thanks")]) is IntentKind.CODE, "the transcript holds it already"


def test_two_messages_without_code_that_are_answered_together_end_it():
    heard = [utterance("thanks"), utterance("what's for dinner?")]
    assert intent_of(heard, [said("```\nx = 1\n```")]).kind is IntentKind.GENERAL
    assert intent_of([utterance("```\nx\n```"), utterance("see?"), utterance("hm")]).kind is IntentKind.CODE


def test_the_code_of_others_of_the_character_and_of_hours_ago_keeps_nobody_with_the_coder():
    assert kind("nice", [said("```\nx\n```", by=43)]) is IntentKind.GENERAL
    assert kind("nice", [said("```\nx\n```", mine=True)]) is IntentKind.GENERAL
    assert kind("nice", [said("```\nx\n```", seconds=-3700)]) is IntentKind.GENERAL
    assert kind("nice", [said("```\nx\n```"), said("ugh", by=43)]) is IntentKind.CODE


def test_a_long_message_is_told_soon():
    assert kind("a(" * 100_000 + "```x```") is IntentKind.GENERAL
