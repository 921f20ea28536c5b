"""Which of the lines that nobody addressed to the character are worth a paid question (C13, F032)."""

import importlib
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from bot.conversation.attention import relevance
from bot.conversation.attention.relevance import SIGNS, THRESHOLD, priority, strengths
from bot.conversation.types import Glimpse, Utterance
from memory.attachments import Attachment, AttachmentKind
from memory.places import Place, Where
from tests.lines import HELD_OUT, TUNING, Ruled, recall, ruled_on, share
from tests.talk import CHARACTER, CHARACTER_ID, LOCOMO, Said, channel_log, moments

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCES = ("generated", "LoCoMo")
SEEDS = (1, 2, 3, 4, 5, 6)
PEOPLE = {CHARACTER: CHARACTER_ID, "Ann": 11, "Ben": 12, "Cem": 13, "Dora": 14}


def heard(text: str, *, by: str = "Ann") -> Utterance:
    return Utterance(1000, PEOPLE[by], by, text, NOW, Where(9, Place.GUILD))


def said(*lines: str, gap: int = 40, since: int = 30) -> list[Glimpse]:
    """Lines such as "Ann: hello", `gap` seconds apart, the last one `since` seconds before now."""
    recent = []
    for number, line in enumerate(lines, start=1):
        who, text = line.split(": ", 1)
        at = NOW - timedelta(seconds=since + gap * (len(lines) - number))
        recent.append(Glimpse(number, PEOPLE[who], who, text, at, mine=who == CHARACTER))
    return recent


def score(text: str, *recent: str, by: str = "Ann", gap: int = 40, since: int = 30) -> float:
    return priority(heard(text, by=by), said(*recent, gap=gap, since=since)).score


def signs(text: str, *recent: str, by: str = "Ann", gap: int = 40, since: int = 30) -> dict[str, float]:
    return strengths(heard(text, by=by), said(*recent, gap=gap, since=since))


def log_of(source: str, seed: int) -> list[Said]:
    if source == "LoCoMo" and not LOCOMO.exists():
        pytest.skip("the LoCoMo conversations are not beside the repository")
    return channel_log(seed=seed, generated=source == "generated")


@cache
def judged(source: str, seed: int) -> list[tuple[bool, bool]]:
    """For each ambient line of the log, whether it should be answered and whether it is worth asking."""
    return [
        (line.should_answer, priority(utterance, recent).score >= THRESHOLD)
        for line, utterance, recent in moments(log_of(source, seed))
        if line.ambient
    ]


# The log


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", SEEDS)
def test_at_most_a_quarter_of_the_ambient_lines_is_worth_asking_about(source, seed):
    asked = [worth for _, worth in judged(source, seed)]
    assert sum(asked) / len(asked) <= 0.25


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", SEEDS)
def test_nearly_all_ambient_lines_that_should_be_answered_are_worth_asking_about(source, seed):
    found = [worth for should, worth in judged(source, seed) if should]
    assert sum(found) / len(found) >= 0.95


@pytest.mark.parametrize("source", SOURCES)
def test_a_tenth_or_a_little_more_of_the_ambient_lines_should_be_answered(source):
    for seed in SEEDS:
        labels = [should for should, _ in judged(source, seed)]
        assert len(labels) >= 900
        assert 0.09 <= sum(labels) / len(labels) <= 0.16


@pytest.mark.parametrize("source", SOURCES)
def test_a_log_runs_in_the_order_of_time_and_is_the_same_for_the_same_seed(source):
    log = log_of(source, 1)
    assert len(log) == 1200
    assert [line.seconds for line in log] == sorted(line.seconds for line in log)
    assert log_of(source, 1) == log != log_of(source, 2)


@pytest.mark.parametrize("source", SOURCES)
def test_whoever_should_be_answered_is_a_person_and_is_answered_by_the_character(source):
    log = log_of(source, 1)
    last = max(number for number, line in enumerate(log) if line.by_character)
    for number, line in enumerate(log[:last]):
        if line.should_answer or line.addressed:
            assert not line.by_character
            assert line.author_id != CHARACTER_ID
        if line.should_answer:
            assert any(later.by_character for later in log[number + 1 : number + 25])


# New lines of six kinds of server


@cache
def lines(name: str) -> tuple[Ruled, ...]:
    return tuple(ruled_on(name))


@pytest.mark.parametrize("name", [TUNING, HELD_OUT])
def test_of_new_lines_of_six_servers_at_most_a_quarter_reaches_the_vote(name):
    assert len(lines(name)) == 300
    assert share(lines(name)) <= 0.25


@pytest.mark.parametrize("name", [TUNING, HELD_OUT])
def test_nearly_all_new_lines_that_should_be_answered_reach_the_vote(name):
    assert sum(one.line.should_answer for one in lines(name)) == 42
    assert recall(lines(name)) >= 0.95


@pytest.mark.parametrize("name", [TUNING, HELD_OUT])
def test_each_of_the_six_servers_has_lines_that_should_be_answered(name):
    wanted = Counter(one.line.server for one in lines(name) if one.line.should_answer)
    assert len(wanted) == 6
    assert min(wanted.values()) >= 5


def test_no_line_stands_in_both_sets():
    tuning, held_out = ({one.line.text for one in lines(name)} for name in (TUNING, HELD_OUT))
    assert not any(len(text.split()) > 2 for text in tuning & held_out)


@pytest.mark.slow
def test_the_weights_are_learned_from_the_tuning_set_and_do_well_on_servers_left_out():
    pytest.importorskip("numpy")
    weights = importlib.import_module("tests.relevance_weights")
    found, kept = weights.learn(), tomllib.loads(weights.WEIGHTS.read_text("utf-8"))
    assert kept["weights"] == pytest.approx(found.weights, abs=0.02)
    assert (kept["start"], kept["needed"]) == pytest.approx((found.start, found.needed), abs=0.02)
    assert found.recall >= 0.95


def test_every_sign_has_a_weight_and_the_signs_against_a_line_take_away():
    weights = tomllib.loads(Path(relevance.__file__).with_suffix(".toml").read_text("utf-8"))["weights"]
    assert list(weights) == [sign.name for sign in SIGNS]
    against = {name for name, weight in weights.items() if weight < 0}
    silent = {"small_talk", "reaction", "elsewhere", "from_bot"}
    assert against == silent | {"others_talk", "answers", "called", "calls_somebody"}


# The signs


@pytest.mark.parametrize(
    "text",
    [
        "I have been up since three baking bread again, no idea why I do this to myself",
        "Ich bin seit drei wach und backe schon wieder Brot, keine Ahnung warum",
        "llevo despierta desde las tres haciendo pan, no sé por qué me hago esto",
        "je suis debout depuis trois heures à faire du pain, je ne sais pas pourquoi",
        "finished the whole shelf by myself and nothing is level",
    ],
)
def test_what_somebody_tells_of_themselves_after_a_silence_is_worth_asking_about(text):
    assert "own_story" in signs(text)
    assert score(text) >= THRESHOLD
    assert score(text, *DIALOGUE) < THRESHOLD


def test_what_one_says_in_two_messages_after_a_silence_opens_a_talk_all_the_same():
    told = "I have been up since three baking bread again"
    opened = signs(told, "Ben: so we left", "Ann: ok so", gap=900)
    assert opened["silence"] == opened["newcomer"] == 1
    assert signs(told, "Ben: so we left", gap=900)["silence"] < 0.2


def test_work_that_is_shown_with_a_word_counts_and_a_mere_picture_or_preview_does_not():
    picture = Attachment(AttachmentKind.PICTURE, id=1, name="shed.png")
    words = "the shed is done at last"
    shown = replace(heard(words), words=words, attachments=(picture,))
    mere = replace(heard("(sent a picture: shed.png)"), words="", attachments=(picture,))
    preview = replace(shown, attachments=(replace(picture, kind=AttachmentKind.EMBED),))
    assert "shows" in strengths(shown, ())
    assert priority(shown, ()).score >= THRESHOLD > priority(mere, ()).score
    assert "shows" not in {*strengths(mere, ()), *strengths(preview, ())}


@pytest.mark.parametrize(
    "text", ["any thoughts on blue", "hat wer ideen für blau", "algún consejo", "un avis"]
)
def test_asking_what_others_think_is_a_sign(text):
    assert "opinions" in signs(text)


@pytest.mark.parametrize("name", ["dora", "Dora", "dora_x", "xX.dora.Xx"])
def test_a_question_that_names_somebody_who_spoke_today_is_for_them(name):
    recent = [replace(line, author_name=name) for line in said("Dora: dinner was great", since=3600)]
    named, unnamed = (priority(heard(f"did {who} paint the shed"), recent) for who in ("dora", "nobody"))
    assert "calls_somebody" in named.signs
    assert named.score < THRESHOLD <= unnamed.score


def test_whoever_was_just_called_answers_that():
    told = "we went home and had dinner"
    assert "called" in signs(told, "Ben: where were you, ann")
    assert "called" not in signs(told, "Ben: where were you, anna")


def test_what_follows_a_question_of_somebody_else_answers_it_unless_it_asks():
    assert "answers" in signs("in the red box", "Ben: where is the paint?")
    assert "answers" not in signs("in the red box", "Ben: here is the paint")
    assert "answers" not in signs("which one do you need?", "Ben: where is the paint?")


def test_somebody_who_had_far_more_to_say_than_those_who_remarked_on_it_was_answered_too():
    story = "Ann: I took the shed apart to find the leak and now there are two sheds and three leaks"
    talk = (story, "Ben: oh no, not again", f"{CHARACTER}: three leaks are a fountain")
    assert "follow_up" in signs("it is blue now", *talk, by="Ann")
    assert "follow_up" in signs("it is blue now", *talk, by="Ben")


def test_the_weightiest_sign_is_named_first_and_trifles_are_not_named():
    found = priority(heard("please, does anyone know?", by="Ann"), said("Ben: so we left"))
    assert found.signs[0] == "room"
    assert "silence" not in found.signs


def test_the_next_line_of_whom_the_character_answered_is_worth_asking_about():
    assert score("I painted it blue in the end", "Ann: my shed leaks", f"{CHARACTER}: oh no") >= THRESHOLD
    assert score("I painted it blue in the end", "Ann: my shed leaks", "Ben: oh no, not again") < THRESHOLD


def test_the_next_line_of_somebody_else_is_no_follow_up():
    assert "follow_up" not in signs("I like blue", "Ann: it leaks", f"{CHARACTER}: oh no", by="Ben")


def test_a_follow_up_counts_more_after_a_question_of_the_character():
    told = score("blue, in the end", "Ann: my shed leaks", f"{CHARACTER}: paint it.")
    asked = score("blue, in the end", "Ann: my shed leaks", f"{CHARACTER}: which colour?")
    assert asked > told >= THRESHOLD


def test_a_follow_up_fades_with_the_lines_of_others():
    begun = ["Ann: my shed leaks", f"{CHARACTER}: oh no"]
    others = ["Ben: so we left early"]
    scores = [score("it is blue now", *begun, *others * lines, gap=0) for lines in (0, 2, 6)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


def test_a_follow_up_fades_with_time_and_is_gone_after_a_quarter_of_an_hour():
    begun = ["Ann: my shed leaks", f"{CHARACTER}: oh no"]
    found = [signs("it is blue now", *begun, since=60 * minutes) for minutes in (1, 6, 14, 16)]
    left = [one.get("follow_up", 0.0) for one in found]
    assert left[0] > left[1] > left[2] > left[3] == 0


def test_a_follow_up_fades_when_the_character_left_a_turn_of_the_author_to_others():
    begun = ["Ann: my shed leaks", f"{CHARACTER}: oh no"]
    others = ("Ben: so we left", "Cem: did you", "Ben: we did", "Cem: so early")
    left = score("it is blue now", *begun, "Ann: it was green before", *others)
    kept = score("it is blue now", *begun, "Dora: it was green before", *others)
    assert left < kept


@pytest.mark.parametrize(
    ("talk", "to"),
    [
        (("Ann: my shed leaks", "Ben: dinner was great", f"{CHARACTER}: poor Ann"), "Ann"),
        (("Ann: pixel, my shed leaks", "Ben: dinner was great", f"{CHARACTER}: poor you"), "Ann"),
        (("Ann: my shed leaks", "Ben: dinner was great", f"{CHARACTER}: poor you"), "Ben"),
        (("Ann: my shed leaks", "Ben: lol", f"{CHARACTER}: poor you"), "Ann"),
        (("Ann: my shed leaks", "Ben: sorry to hear that Ann", f"{CHARACTER}: poor you"), "Ann"),
        (("Ann: it leaks", f"{CHARACTER}: oh", "Ann: a lot", "Ben: we left", f"{CHARACTER}: oh"), "Ann"),
        (("Ann: it leaks", f"{CHARACTER}: oh no", f"{CHARACTER}: paint it"), "Ann"),
        ((f"{CHARACTER}: good morning", "Ben: lol", "Ann: and good morning to you"), "Ann"),
        ((f"{CHARACTER}: hello Ann", "Ben: dinner was great", "Ann: it was fish"), "Ann"),
    ],
    ids=[
        "whom it names",
        "who called it",
        "who spoke last",
        "who spoke last, not counting small talk",
        "who spoke last to nobody else",
        "whom it was in talk with",
        "whom it goes on talking to",
        "who takes up what it began",
        "whom it names to begin with",
    ],
)
def test_whom_the_character_answered_is_told_from_the_turns(talk, to):
    other = "Ben" if to == "Ann" else "Ann"
    assert "follow_up" in signs("it is blue now", *talk, by=to)
    assert "follow_up" not in signs("it is blue now", *talk, by=other)


def test_what_the_character_says_minutes_later_answers_whoever_takes_it_up():
    talk = ("Ann: my shed leaks", f"{CHARACTER}: good morning", "Ben: dinner was great")
    assert "follow_up" in signs("it was fish", *talk, by="Ben", gap=250)
    assert "follow_up" not in signs("it is blue now", *talk, by="Ann", gap=250)


def test_whom_the_character_answered_is_told_from_its_reply():
    talk = said("Ann: my shed leaks", "Ben: dinner was great", f"{CHARACTER}: poor you")
    talk[-1] = replace(talk[-1], reply_to=1)
    assert "follow_up" in strengths(heard("it is blue now", by="Ann"), talk)
    assert "follow_up" not in strengths(heard("it is blue now", by="Ben"), talk)


def test_a_name_within_a_word_names_nobody():
    talk = ("Ann: my shed leaks", "Ben: dinner was great", f"{CHARACTER}: so annoying")
    assert "follow_up" not in signs("it is blue now", *talk, by="Ann")


@pytest.mark.parametrize(
    "text",
    [
        "what time does it start?", "где это？", "متى تبدأ؟",
        "Πότε αρχίζει;", "Որտե՞ղ է՞", "መቼ ነው፧", "really‽ now⁉",
        "这个怎么用吗", "いつ始まりますか。", "where do i find the calendar",
        "Wo finde ich den Kalender",
        "hey, how do i turn this off",
    ],
)  # fmt: skip
def test_a_question_to_nobody_in_particular_is_worth_asking_about(text):
    assert "question" in signs(text)
    assert score(text) >= THRESHOLD


@pytest.mark.parametrize(
    "text",
    ["https://example.org/watch?v=dQ4w9&t=12", "see https://example.org/?q=a", "we went home; it rained"],
)
def test_a_question_mark_in_a_link_asks_nothing(text):
    assert "question" not in signs(text)


@pytest.mark.parametrize(
    "text",
    ["is anyone here good with sheds", "weiß das jemand", "¿alguien aquí", "quelqu’un est là", "有人在这里"],
)
def test_asking_for_anybody_is_worth_asking_about(text):
    assert "room" in signs(text)
    assert score(text) >= THRESHOLD


@pytest.mark.parametrize(
    "text", ["need help with my shed", "urgent, it floods", "bitte mal schauen", "この件、助けてほしい"]
)
def test_a_plea_is_worth_asking_about(text):
    assert "plea" in signs(text)
    assert score(text) >= THRESHOLD


@pytest.mark.parametrize("text", ["that really helped, cheers", "the shed was pleasing", "many anyones"])
def test_a_word_that_only_begins_like_a_plea_is_none(text):
    assert signs(text).keys().isdisjoint(("plea", "room"))


DIALOGUE = ("Ann: the shed leaks", "Ben: mine did too", "Ann: I will paint it", "Ben: which colour?")


def test_a_question_within_a_dialogue_of_others_is_for_them():
    assert "others_talk" in signs("blue, or what would you take?", *DIALOGUE)
    assert score("blue, or what would you take?", *DIALOGUE) < THRESHOLD
    assert score("blue, or what would you take?", *DIALOGUE, by="Cem") >= THRESHOLD


def test_two_dialogues_that_run_through_each_other_are_still_dialogues():
    one = ("Ann: the shed leaks", "Ben: mine did too", "Ann: I will paint it", "Ben: in blue?")
    other = ("Cem: back from Rome", "Dora: how was it", "Cem: hot", "Dora: as ever")
    through = [line for pair in zip(one, other, strict=True) for line in pair]
    assert score("would you take blue?", *through) < THRESHOLD


def test_small_talk_thrown_into_what_others_say_makes_no_dialogue():
    assert "others_talk" not in signs("what time is it?", "Ben: so we left", "Ann: lol", "Ben: and came back")
    assert "others_talk" in signs("what time is it?", "Ben: so we left", "Ann: no way", "Ben: and came back")


def test_who_asks_into_a_talk_of_others_is_no_part_of_it():
    talk = ("Ann: dinner was great", "Ben: so we left", "Cem: did you", "Ben: we did", "Cem: so early")
    assert "others_talk" not in signs("what time is it?", *talk)


def test_several_lines_in_a_row_are_one_turn():
    talk = ("Ann: no way", "Ben: so we left", "Ben: and came back", "Ben: for dinner")
    assert "others_talk" in signs("what time was it?", *talk)


def test_what_comes_minutes_after_another_line_does_not_answer_it():
    assert "others_talk" in signs("is it late?", "Ann: no way", "Ben: so we left", gap=60)
    assert "others_talk" not in signs("is it late?", "Ann: no way", "Ben: so we left", "Cem: lol", gap=250)


def test_the_first_line_after_an_answer_of_the_character_answers_nobody_else():
    begun = ("Ann: my shed leaks", f"{CHARACTER}: oh no", "Ben: so we left", "Ann: it was green")
    assert "others_talk" not in signs("and it is blue now", *begun)


def test_who_was_answered_by_the_character_is_no_longer_in_the_talk_of_others():
    answered = (*DIALOGUE, "Ann: no idea", f"{CHARACTER}: take blue, Ann")
    assert "others_talk" not in signs("would it not be too dark?", *answered)


@pytest.mark.parametrize("text", ["lol", "ok cool", "😂😂", "<:pog:1122334455>", "", "草", "nice!!", "jaja"])
def test_small_talk_after_an_answer_is_not_worth_asking_about(text):
    begun = ("Ann: my shed leaks", f"{CHARACTER}: oh no")
    assert "small_talk" in signs(text, *begun)
    assert score(text, *begun) < THRESHOLD


@pytest.mark.parametrize("text", ["这个软件很好用", "we left", "🔥 that went well"])
def test_a_sentence_is_no_small_talk(text):
    assert "small_talk" not in signs(text)


def test_one_word_that_answers_the_character_is_worth_asking_about():
    assert score("blue", "Ann: my shed leaks", f"{CHARACTER}: which colour?") >= THRESHOLD


def test_a_reply_to_somebody_else_is_never_worth_asking_about():
    talk = said("Ann: my shed leaks", f"{CHARACTER}: which colour?")
    text = "please help, does anyone know?"
    reply = replace(heard(text), reply_to=7, replies_to=PEOPLE["Ben"])
    assert priority(heard(text), talk).score > 0.9
    assert priority(reply, talk).score < THRESHOLD / 2
    assert "elsewhere" in priority(reply, talk).signs


def test_a_reply_to_oneself_or_to_the_character_is_no_reply_to_somebody_else():
    own = replace(heard("any news?"), reply_to=7, replies_to=PEOPLE["Ann"])
    mine = replace(heard("any news?"), reply_to=7, replies_to=CHARACTER_ID, replies_to_me=True)
    assert "elsewhere" not in (*priority(own, ()).signs, *priority(mine, ()).signs)


def test_what_a_bot_says_counts_a_little_less():
    person = heard("what time does it start?")
    assert 0 < priority(replace(person, from_bot=True), ()).score < priority(person, ()).score


def test_what_was_typed_counts_and_not_the_names_of_files():
    named = strengths(replace(heard("[file: why?.png]"), words=""), ())
    assert "small_talk" in named
    assert named.keys().isdisjoint(("question", "length"))


def test_a_score_lies_between_nought_and_one_and_its_signs_are_facts():
    many = said("Ann: my shed leaks", f"{CHARACTER}: which colour?")
    most = priority(heard("does anyone know? please help"), many)
    least = priority(replace(heard("lol"), replies_to=5, from_bot=True), ())
    assert 1 > most.score > 0.9 > 0.01 > least.score > 0
    assert set(most.signs) | set(least.signs) <= {sign.name for sign in SIGNS}


def test_only_the_last_fifty_lines_count():
    begun = said(f"{CHARACTER}: good morning, Ann", *["Ben: so we left"] * 49, gap=1)
    assert "follow_up" in strengths(heard("it is blue now"), begun)
    assert "follow_up" not in strengths(heard("it is blue now"), [*begun, begun[-1]])


def test_a_line_that_seems_older_than_the_answer_before_it_is_a_fresh_follow_up():
    talk = ("Ann: my shed leaks", f"{CHARACTER}: oh no")
    assert score("it is blue now", *talk, since=-900) == score("it is blue now", *talk, since=0) > THRESHOLD


@pytest.mark.parametrize(
    "piece", ["word ", "a'", "?a", ":a", "<a:", ":~", " ", "😂", "か", "n-", "α;", "aaa ", ". "]
)
def test_a_long_text_costs_no_more_than_linear_time(piece):
    short, long = (seconds(piece * (length // len(piece))) for length in (500, 4000))
    assert long < 8 * short * 4


def test_fifty_long_lines_cost_no_more_than_linear_time():
    short, long = (
        seconds("blue", said(*[f"Ann: {words}", f"Ben: {words}", f"Cem: {words}", f"{CHARACTER}: oh"] * 12))
        for words in ("Benn " * 100, "Benn " * 800)
    )
    assert long < 8 * short * 4


def seconds(text: str, recent: Sequence[Glimpse] = ()) -> float:
    """The shortest of several times that it took: the others were held up by something else."""
    utterance, times = heard(text), []
    for _ in range(15):
        begun = time.thread_time()
        priority(utterance, recent)
        times.append(time.thread_time() - begun)
    return min(times)
