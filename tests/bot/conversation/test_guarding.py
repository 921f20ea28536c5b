"""Whether a reply is in the character's own voice, and what is done about one that is not (C47)."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.rethinking import Requester
from bot.conversation.style_guard import Flaw, flaw_of, forbidden_in, gravity, mended, unlabelled
from bot.llm.errors import ClaudeTimeout, PromptTooLong
from bot.prompts import fill
from personas.character import Character
from tests.builders import DM, PIXEL, table
from tests.fakes import FakeMouth
from tests.support.paths import DATA

FIXTURE = DATA / "replies_200.json"
MIRA = Requester(42, "Mira")
STRICT = PIXEL.model_copy(update={"forbidden_phrases": ("how can I help", "don't cry", "seamless", "すごい")})
MODEL_TALK = "As an AI language model, I can't eat soup."
LONG = "I hid nine tiny red wool balls behind the old warm router last night."


# --- the measure ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A reply of the fixture, in its talk: `flaw` is what somebody who read it found wrong with it."""

    character: Character
    heard: str
    reply: str
    earlier: tuple[str, ...]
    flaw: str | None


def samples() -> Iterator[Sample]:
    """Yield all replies; what is flawed was not said, so it is earlier than none."""
    fixture = json.loads(FIXTURE.read_text("utf-8"))
    characters = {
        slug: Character(
            slug=slug,
            name=one["name"],
            aliases=tuple(one["aliases"]),
            core_prompt=f"You are {one['name']}.",
            forbidden_phrases=tuple(one["forbidden"]),
        )
        for slug, one in fixture["characters"].items()
    }
    for talk in fixture["talks"]:
        said: list[str] = []
        for one in talk["exchanges"]:
            yield Sample(
                characters[talk["character"]], one["heard"], one["reply"], tuple(said[-10:]), one["flaw"]
            )
            if one["flaw"] is None:
                said.append(one["reply"])


def found(sample: Sample) -> str | None:
    flaw = flaw_of(sample.reply, sample.character, sample.earlier, heard=[sample.heard])
    return flaw.name.lower() if flaw else None


def test_the_fixture_has_200_replies_and_two_in_five_are_flawed():
    kinds = Counter(one.flaw for one in samples())
    assert kinds.total() == 200
    assert 70 <= kinds.total() - kinds[None] <= 90
    assert set(kinds) == {None, *(flaw.name.lower() for flaw in Flaw)}
    assert min(kinds.values()) >= 14


def test_every_flaw_of_200_replies_is_found_and_nothing_else():
    table = Counter((one.flaw, found(one)) for one in samples())
    right = sum(count for (flaw, seen), count in table.items() if flaw == seen and flaw)
    flawed = sum(count for (flaw, _), count in table.items() if flaw)
    alarms = sum(count for (_, seen), count in table.items() if seen)
    print(f"precision {right / alarms:.3f}, recall {right / flawed:.3f} over {flawed} of 200: {table}")  # noqa: T201
    assert [(one.reply, found(one)) for one in samples() if found(one) != one.flaw] == []
    assert right == flawed == alarms


def test_what_is_mended_of_200_replies_is_clean_and_part_of_what_was_said():
    for one in samples():
        whole = mended(one.reply, one.character, one.earlier, heard=[one.heard])
        if one.flaw is None:
            assert whole == one.reply
        if whole is None:
            continue
        assert flaw_of(whole, one.character, one.earlier, heard=[one.heard]) is None
        bare = unlabelled(one.reply, one.character)
        assert len(whole) * 3 >= len(bare)
        assert all(word in one.reply for word in whole.split())


# --- one by one -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Pixel: hi", "hi"),
        ("**Pixel (grinning)**: hi", "hi"),
        ("**Pixel:** hi", "hi"),
        ("Pixel： hi", "hi"),
        ("> Pixel: hi", "hi"),
        ("- PIXEL : hi", "hi"),
        ("*Pixel: hi there*", "hi there"),
        ("“Pixel: hi there”", "hi there"),
        ('"Pixel": hi', "hi"),
        ("`Pixel`: hi", "hi"),
        ("`Pixel:` hi", "hi"),
        ("[Pix]: hi", "hi"),
        ("Pixel#123456: hi", "hi"),
        ("Pixel: Pix: hi", "hi"),
        ("Assistant: hi", "hi"),
    ],
)
def test_a_label_goes_however_it_is_dressed(text, left):
    assert flaw_of(text, PIXEL) is Flaw.LABEL
    assert unlabelled(text, PIXEL) == left == mended(text, PIXEL)


@pytest.mark.parametrize("text", ["her fangs-pierce_times throat: hi", "HerFangsPierceTimesThroat: hi"])
def test_a_name_of_several_words_may_be_joined_by_anything(text):
    fangs = PIXEL.model_copy(update={"name": "Her Fangs Pierce Times Throat"})
    assert mended(text, fangs) == "hi"


@pytest.mark.parametrize(
    "text",
    [
        "Pixel :3 is me",
        "pixel:3",
        "Pixel :)",
        "Pixel! Bug hunter.",
        "Pixels: all of them",
        "Pixel, and a colon: this one",
        "note: Pixel",
        "```\nPixel: 3\n```",
        "`pixel: ok` is what the log says",
        "https://pixel:80/",
        "",
    ],
)
def test_what_only_looks_like_a_label_stays(text):
    assert flaw_of(text, PIXEL) is None
    assert unlabelled(text, PIXEL) == text


@pytest.mark.parametrize(
    "text",
    [
        "As an AI, I can't.",
        "as an ai i can't",
        "Speaking as an A.I. – no.",
        "AS AN AI LANGUAGE MODEL: no",
        "As a language model, no",
        "as a large language model I",
        "As just an AI, I",
        "As a chatbot, I",
        "As an artificial intelligence, I",
        "As\nan AI, I",
        "I'm just an AI.",
        "I’m only a language model and cannot",
        "I am merely an AI, so",
        "Im just an ai and",
        "I am a large language model.",
        "I'm an AI assistant",
        "I'm an AI language model",
        "I'm Claude, made by",
        "I was trained by OpenAI",
        "I'm a model created by Anthropic",
        "I don't have personal opinions",
        "I do not really have any personal experiences",
        "my knowledge cutoff is",
        "AI models like me can't",
        "Als KI kann ich das nicht",
        "En tant que modèle de langage, je",
        "Como modelo de lenguaje, no",
        "como uma IA, não",
        "作为一个人工智能，我",
        "AIとして、",
    ],
)
def test_talk_of_being_a_model_is_found(text):
    assert flaw_of(text, PIXEL) is Flaw.MACHINE


@pytest.mark.parametrize(
    "text",
    [
        "Honestly, I am an AI character, and no person sits behind these words.",
        "I'm an AI character!",
        "I am an AI, nobody at the keys.",
        "i'm an ai. the escape is a story.",
        "as an Airbnb host",
        "as an AI researcher she sleeps",
        "as an AI-generated picture",
        "as an ail patient",
        "was an AI",
        "speaking as a rogue ai: no",
        "She dressed as an AI for a day.",
        "It markets itself as an AI.",
        "he said 'as an AI' was a silly phrase",
        "“As an AI language model, I cannot” is what a helpdesk says.",
        "'as an AI, i can't': the dear sir or madam of machines",
        "I'm not a language model, I'm a cat",
        "I'm just a cat",
        "I'm Claude's friend",
        "GPT was trained by OpenAI.",
        "```\nAs an AI, I can't\n```",
        "`as an AI, I`",
        "I don't have opinions on soup",
    ],
)
def test_what_only_looks_like_talk_of_a_model_is_left_alone(text):
    assert flaw_of(text, PIXEL) is None


def test_who_is_called_claude_may_say_so():
    assert flaw_of("I'm Claude, hello", PIXEL.model_copy(update={"aliases": ("Claude",)})) is None


@pytest.mark.parametrize(
    "words",
    ["call the emergency number", "a crisis line", "the Samaritans", "text 988", "die Telefonseelsorge"],
)
def test_nothing_is_taken_from_words_that_show_where_help_is(words):
    text = f"As an AI I can't sit with you. Please, now: {words}. I stay here."
    assert flaw_of(text, PIXEL, [text]) is None
    forbidden = PIXEL.model_copy(update={"forbidden_phrases": ("please",)})
    assert mended(text, forbidden) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("How can I help?", ["how can I help"]),
        ("HOW  CAN\nI HELP", ["how can I help"]),
        ("how can **I** help", ["how can I help"]),
        ("_how can I help_", ["how can I help"]),
        ("Don’t cry and don't cry.", ["don't cry"]),
        ("それはすごいですね", ["すごい"]),
        ("a Seamless thing. How can I help?", ["how can I help", "seamless"]),
        ("how can I helpfully", []),
        ("show can I help", []),
        ("seamlessly", []),
        ("dont cry", []),
        ("", []),
    ],
)
def test_a_forbidden_phrase_is_found_as_whole_words(text, found):
    assert forbidden_in(text, STRICT) == found
    assert flaw_of(text, STRICT) is (Flaw.PHRASE if found else None)


@pytest.mark.parametrize("phrase", ["(", "[a-z", "\\", "!", "a'", "'", "C++", "$name"])
def test_a_forbidden_phrase_is_no_pattern(phrase):
    strict = PIXEL.model_copy(update={"forbidden_phrases": (phrase,)})
    assert forbidden_in(f"so {phrase} then", strict) == [phrase]
    assert forbidden_in("so nothing then", strict) == []


EIGHT = "one two three four five six seven eight"


@pytest.mark.parametrize(
    ("text", "earlier", "heard", "repeats"),
    [
        (EIGHT, [EIGHT], [], True),
        (EIGHT, ["zero " + EIGHT + " nine"], [], True),
        ("ONE, two; 'three' **four**\nfive... six! Seven – eight?", [EIGHT], [], True),
        (EIGHT.rpartition(" ")[0], [EIGHT], [], False),
        (EIGHT, [EIGHT.replace("four", "4")], [], False),
        (EIGHT, [], [], False),
        ("don't you tell me what I can't do", ["don’t you tell me what I can’t do"], [], True),
        # What is far back, asked for, or in what is answered.
        (EIGHT, [EIGHT, *map(str, range(9))], [], True),
        (EIGHT, [EIGHT, *map(str, range(10))], [], False),
        (EIGHT, [EIGHT], [f"did you say {EIGHT}?"], False),
        (EIGHT, [EIGHT], ["say that again please"], False),
        (EIGHT, [EIGHT], ["sing it one more time"], False),
        (EIGHT, [EIGHT], ["Noch mal bitte"], False),
        (EIGHT, [EIGHT], ["it crashed again"], True),
        (EIGHT + " nine", [EIGHT + " nine"], [EIGHT], True),
        # Code and links.
        (f"```\n{EIGHT}\n```", [f"```\n{EIGHT}\n```"], [], False),
        (f"`{EIGHT}`", [f"`{EIGHT}`"], [], False),
        (
            "one two three four `x` five six seven eight",
            ["one two three four `x` five six seven eight"],
            [],
            False,
        ),
        (f"https://a.b/{EIGHT.replace(' ', '-')}", [f"https://a.b/{EIGHT.replace(' ', '-')}"], [], False),
        # Laughter is no phrase.
        ("ha " * 20, ["ha " * 30], [], False),
        # Scripts without spaces: 24 characters.
        (
            "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯",
            ["一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰"],
            [],
            True,
        ),
        (
            "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅",
            ["一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅"],
            [],
            False,
        ),
        ("สวัสดีครับผมชื่อพิกเซลและผมชอบจับแมลงมากๆเลยนะ", ["สวัสดีครับผมชื่อพิกเซลและผมชอบจับแมลงมากๆเลยนะ"], [], True),
        ("안녕 나는 픽셀 이고 벌레 를 잡아", ["안녕 나는 픽셀 이고 벌레 를 잡아"], [], False),
    ],
)
def test_a_run_that_was_said_is_a_repetition(text, earlier, heard, repeats):
    assert flaw_of(text, PIXEL, earlier, heard=heard) is (Flaw.REPETITION if repeats else None)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            f"{MODEL_TALK} Leek is the best of all soups, trust me.",
            "Leek is the best of all soups, trust me.",
        ),
        (
            f"Leek is the best of soups. {MODEL_TALK} Which is yours?",
            "Leek is the best of soups. Which is yours?",
        ),
        (
            f"Leek is the best of all the soups.\n{MODEL_TALK}\nTrust me.",
            "Leek is the best of all the soups.\nTrust me.",
        ),
        (
            f"It is this here, I think:\n{MODEL_TALK}\n```\nx = 1.0\ny. Z\n```",
            "It is this here, I think:\n```\nx = 1.0\ny. Z\n```",
        ),
        ("Pixel: Leek soup is really good. How can I help?", "Leek soup is really good."),
        (MODEL_TALK, None),
        (f"{MODEL_TALK} nya~", None),
        (f"{MODEL_TALK} Leek soup.", None),  # not a third
        (f"{MODEL_TALK} But I can tell you that leek soup is good.", None),
        (f"**{MODEL_TALK} Leek is the best of all soups, trust me.**", None),
        (f"({MODEL_TALK} Leek is the best of all soups, trust me.)", None),
        ("Take this:\n```\nseamless = 1\n```\nThat is all there is to it.", None),  # code is never cut
    ],
)
def test_a_sentence_at_fault_is_left_out_where_enough_is_left(text, left):
    assert mended(text, STRICT) == left


def test_the_less_flawed_of_two_is_known():
    weights = [
        gravity(text, STRICT, [LONG])
        for text in (
            "Pixel: hm",
            LONG,
            "so seamless",
            f"seamless. {LONG}",
            MODEL_TALK,
            f"{MODEL_TALK} {LONG}",
        )
    ]
    assert weights == sorted(weights)
    assert weights[0] == 0
    assert len(set(weights)) == len(weights)


pieces = st.lists(
    st.sampled_from(
        [
            "Pixel: ",
            "**Pix**: ",
            MODEL_TALK,
            "I'm just an AI. ",
            LONG,
            "seamless",
            "How can I help? ",
            "```",
            "`",
            "\n",
            " ",
            "Soup is good. ",
            "But ",
            "**",
            "(",
            ")",
            "🙂",
            "すごい",
            "あ" * 24,
            "\ud800",
            "call 911",
            "“",
            "”",
            "1. ",
            "https://x.y ",
            "\ufffc",
        ]
    )
    | st.text(max_size=12),
    max_size=12,
).map("".join)


@given(pieces, st.lists(pieces, max_size=4), st.lists(pieces, max_size=2))
def test_what_is_mended_is_flawless_and_stays_as_it_is(text, earlier, heard):
    flaw = flaw_of(text, STRICT, earlier, heard=heard)
    whole = mended(text, STRICT, earlier, heard=heard)
    assert (gravity(text, STRICT, earlier, heard=heard) > 0) <= (flaw is not None)
    if flaw is None:
        assert whole in (text, None)  # None: there are no words in it
    if whole is not None:
        assert flaw_of(whole, STRICT, earlier, heard=heard) is None
        assert mended(whole, STRICT, earlier, heard=heard) == whole
        assert not whole or whole.strip()


# --- through the walk -----------------------------------------------------------------------------


async def spending(at):
    async with at.database.read() as db:
        return await db.calls.spending(since=at.clock.now().replace(year=2000))


@pytest.fixture
async def at(tmp_path):
    async with table(tmp_path, character=STRICT) as at:
        yield at


async def test_a_flawed_answer_is_asked_for_again_and_the_second_is_said(at, caplog):
    caplog.set_level(logging.INFO)
    at.claude.will_say(MODEL_TALK, "Leek soup, obviously.")
    await at.hear("what soup?")
    assert at.mouth.said == ["Leek soup, obviously."]
    assert [one.purpose for one in at.claude.questions] == ["reply", "reply"]
    spent = await spending(at)
    assert spent.calls == 2
    assert spent.cost == pytest.approx(0.002)
    assert "A reply of pixel was asked for again because of talk of being a model" in caplog.messages
    assert "soup" not in caplog.text


async def test_the_second_prompt_differs_from_the_first_in_its_tail_alone(at):
    at.claude.will_say(MODEL_TALK, "Leek.")
    await at.hear("what soup?")
    first, second = at.claude.prompts
    assert first.system == second.system
    *before, tail = [block for message in first.messages for block in message.blocks]
    *again, other = [block for message in second.messages for block in message.blocks]
    assert before == again
    assert "as a language model would" not in tail.text
    assert "as a language model would" in other.text
    assert MODEL_TALK not in second.text


async def test_a_reply_that_can_be_mended_takes_one_call(at, caplog):
    caplog.set_level(logging.INFO)
    at.claude.will_say(f"Leek is the best of all soups. {MODEL_TALK}")
    await at.hear("what soup?")
    assert at.mouth.said == ["Leek is the best of all soups."]
    assert len(at.claude.prompts) == 1
    assert "A reply of pixel was mended because of talk of being a model" in caplog.messages


async def test_it_is_asked_twice_at_most_and_the_less_flawed_answer_is_said(at):
    at.claude.will_say(MODEL_TALK, "Nyx_Void and seamless", "never asked for")
    await at.hear("what soup?")
    at.claude.queue.clear()
    at.claude.will_say("How can I help?", MODEL_TALK, "never asked for")
    await at.hear("and a drink?")
    assert at.mouth.said == ["Nyx_Void and seamless", "How can I help?"]
    assert len(at.claude.prompts) == 4
    assert (await spending(at)).calls == 4


async def test_a_second_answer_is_mended_and_has_no_label_either(at):
    at.claude.will_say(MODEL_TALK, f"> Pixel: Leek is the best of all soups. {MODEL_TALK}")
    await at.hear("what soup?")
    at.claude.will_say(MODEL_TALK, f"> Pixel: {MODEL_TALK}")
    await at.hear("why?")
    assert at.mouth.said == ["Leek is the best of all soups.", MODEL_TALK]


@pytest.mark.parametrize("error", [ClaudeTimeout("late"), PromptTooLong("long")])
async def test_without_a_second_answer_the_first_is_said(at, error):
    at.claude.will_say(f"> Pixel: {MODEL_TALK}", error)
    await at.hear("what soup?")
    assert at.mouth.said == [MODEL_TALK]
    assert (await spending(at)).calls == 2


async def test_a_label_alone_is_asked_for_again_and_then_the_fallback_is_said(at):
    at.claude.will_say("> Pixel:", "Leek.")
    await at.hear("what soup?")
    at.claude.will_say("> Pixel:", "> Pixel:")
    await at.hear("why?")
    assert at.mouth.said == ["Leek.", *PIXEL.fallback_lines]


async def test_what_was_said_lately_is_not_said_again(at):
    at.claude.will_say(LONG, LONG, "Under the sofa.")
    await at.hear("where are they?")
    await at.hear("and the rest?")
    assert at.mouth.said == [LONG, "Under the sofa."]
    assert "find new words" in at.claude.prompts[-1].text


async def test_what_somebody_asks_for_once_more_is_said_once_more(at):
    at.claude.will_say(LONG, LONG)
    await at.hear("where are they?")
    await at.hear("say that again?")
    assert at.mouth.said == [LONG, LONG]


async def test_a_note_names_the_forbidden_phrases(at):
    at.claude.will_say("How can I help, so seamless?", "Leek.")
    await at.hear("what soup?")
    assert '("how can I help", "seamless")' in at.claude.prompts[-1].text


async def test_another_take_on_a_reply_may_say_much_of_it_again(at):
    at.claude.will_say("hm.", LONG)
    await at.hear("hello?")
    await at.hear("where are they?")
    for number in range(2):
        at.claude.will_say(f"{LONG} Take {number}.")
        takes = await at.app.revisions.another("pixel", MIRA, DM)
    assert takes.texts == (LONG, f"{LONG} Take 0.", f"{LONG} Take 1.")
    assert len(at.claude.prompts) == 4


async def test_another_take_says_no_earlier_reply_again(at):
    at.claude.will_say(LONG, "Under the sofa.")
    await at.hear("where are they?")
    await at.hear("and the rest?")
    at.claude.will_say(LONG, "Beside the sofa.")
    takes = await at.app.revisions.another("pixel", MIRA, DM)
    assert takes.texts[-1] == "Beside the sofa."
    asked = at.claude.prompts[-1].text
    assert "another take" in asked
    assert "find new words" in asked


async def test_going_on_does_not_say_the_same_again(at):
    at.claude.will_say(LONG)
    await at.hear("where are they?")
    at.claude.will_say(LONG, "One is blue.")
    assert await at.app.revisions.go_on("pixel", MIRA, DM, mouth=at.mouth) == "One is blue."
    assert at.mouth.said == [LONG, "One is blue."]


class ScreenMouth(FakeMouth):
    """Shows what is being written."""

    def __init__(self) -> None:
        super().__init__()
        self.shown_now: list[str] = []
        self.show = self.shown_now.append  # type: ignore[assignment]


async def test_what_is_shown_begins_anew_with_the_second_answer(at):
    at.mouth = ScreenMouth()
    ask = at.claude.ask

    async def aloud(prompt, question):
        answer = await ask(prompt, question)
        for start in range(0, len(answer.text), 5):
            question.on_text(answer.text[start : start + 5])
        return answer

    at.claude.ask = aloud
    at.claude.will_say(MODEL_TALK, "Leek soup.")
    await at.hear("what soup?")
    shown = at.mouth.shown_now
    begun = shown.index("")
    assert shown[begun - 1] == MODEL_TALK
    assert shown[begun:] == ["", "Leek ", "Leek soup."]
    assert at.mouth.said == ["Leek soup."]


def test_every_note_can_be_filled():
    for flaw in Flaw:
        note = fill(f"again_{flaw.name.lower()}", name="Pixel", phrases='"x"')
        assert note.startswith("A draft of this message was not sent")
        assert "\n" not in note
