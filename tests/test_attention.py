"""Whether to answer: who is called, who is not, and what is never answered (C10, C11, C17)."""

from datetime import timedelta

import pytest

from bot.conversation import attention
from bot.conversation.attention import RULES, Circumstances, attend
from bot.turn import Decision, Place, Reason, Where
from personas.character import names_of
from tests.builders import CHANNEL, DM, PIXEL, table, utterance
from tests.fakes import EPOCH

TERMINAL = Where(1, Place.TERMINAL)
NOW = Circumstances(now=EPOCH, names=names_of(PIXEL), too_old=timedelta(seconds=30))

DIRECT = [
    ("@Pixel hello", {"mentions_me": True}, Reason.MENTION),
    ("hello", {"mentions_me": True}, Reason.MENTION),
    ("what about `this`?", {"mentions_me": True}, Reason.MENTION),
    ("nice pixel-art", {"mentions_me": True}, Reason.MENTION),
    ("yes", {"replies_to_me": True, "reply_to": 5}, Reason.REPLY),
    ("why?", {"replies_to_me": True, "reply_to": 5, "mentions_me": False}, Reason.REPLY),
    ("https://example.org/pixel", {"replies_to_me": True}, Reason.REPLY),
    ("\N{THUMBS UP SIGN}", {"replies_to_me": True}, Reason.REPLY),
    ("Pixel", {}, Reason.NAME),
    ("pixel?", {}, Reason.NAME),
    ("hey PIXEL", {}, Reason.NAME),
    ("Pixel's right", {}, Reason.NAME),
    ("Pixel’s right", {}, Reason.NAME),
    ("what do you think, pixel", {}, Reason.NAME),
    ("pixel, help", {}, Reason.NAME),
    ("(pixel)", {}, Reason.NAME),
    ("**Pixel**!", {}, Reason.NAME),
    ("_pixel_ please", {}, Reason.NAME),
    ("@pixel look", {}, Reason.NAME),
    ("line one\npixel: line two", {}, Reason.NAME),
    ("Pix, wake up", {}, Reason.NAME),
    ("good morning pix", {}, Reason.NAME),
    ("`x = 1` is that right, pixel?", {}, Reason.NAME),
    ("see https://example.org pixel", {}, Reason.NAME),
    ("pixel... are you there", {}, Reason.NAME),
    ("is it you, Pixel\N{SMILING FACE WITH SMILING EYES}", {}, Reason.NAME),
]

NOT_DIRECT = [
    "pixels",
    "I need more pixels",
    "a megapixel camera",
    "pixel-art is nice",
    "nice pixel-perfect layout",
    "pixel_count = 3",
    "open pixel.py",
    "https://example.org/pixel",
    "see https://pixel.example.org/a?b=pixel now",
    "`pixel`",
    "``pixel``",
    "```\npixel\n```",
    "```py\nprint('pixel')\n``` why?",
    ":pixel:",
    "write to me@pixel",
    "@Onyx what do you think",
    "<@12345> hello",
    "pixie",
    "pix2pix",
    "pixelated",
    "p i x e l",
    "Pixl",
    "anybody seen my keys?",
    "lol",
]


def test_there_are_fifty_labelled_messages():
    assert len(DIRECT) + len(NOT_DIRECT) == 50


@pytest.mark.parametrize(("text", "changes", "reason"), DIRECT)
def test_who_is_called_answers(text, changes, reason):
    assert attend(utterance(text, where=CHANNEL, **changes), NOW) == Decision(reply=True, reason=reason)


@pytest.mark.parametrize("text", NOT_DIRECT)
def test_who_is_not_called_keeps_quiet(text):
    assert attend(utterance(text, where=CHANNEL), NOW) == Decision(reply=False, reason=Reason.UNADDRESSED)


@pytest.mark.parametrize("text", NOT_DIRECT + [text for text, _, _ in DIRECT])
def test_whatever_is_said_in_a_dm_is_answered(text):
    assert attend(utterance(text, where=DM), NOW) == Decision(reply=True, reason=Reason.DM)


def test_a_reply_to_somebody_else_is_not_for_the_character():
    heard = utterance("I agree", where=CHANNEL, reply_to=77, replies_to_me=False)
    assert attend(heard, NOW).reason is Reason.UNADDRESSED


async def test_each_dm_gets_one_reply_and_no_vote(tmp_path):
    async with table(tmp_path) as at:
        for text in ["hi", "pixels", "...", "\N{THUMBS UP SIGN}", "`x`"]:
            await at.hear(text, where=DM)
        assert len(at.mouth.said) == 5
        assert [question.purpose for question in at.claude.questions] == ["reply"] * 5


@pytest.mark.parametrize(("where", "reply"), [(DM, False), (CHANNEL, False), (TERMINAL, True)])
def test_what_is_too_old_is_not_answered_but_a_terminal_is_never_late(where, reply):
    heard = utterance("Pixel?", where=where, sent_at=EPOCH - timedelta(seconds=31), mentions_me=True)
    assert attend(heard, NOW).reply is reply


@pytest.mark.parametrize(
    ("age", "reply"), [(0, True), (29.999, True), (30, True), (30.001, False), (9e4, False)]
)
def test_thirty_seconds_are_not_too_old_and_more_are(age, reply):
    heard = utterance("Pixel?", where=CHANNEL, sent_at=EPOCH - timedelta(seconds=age))
    assert attend(heard, NOW).reply is reply
    if not reply:
        assert attend(heard, NOW).reason is Reason.STALE


def test_a_clock_that_runs_behind_discords_makes_nothing_stale():
    heard = utterance("Pixel?", where=CHANNEL, sent_at=EPOCH + timedelta(minutes=5))
    assert attend(heard, NOW).reason is Reason.NAME


@pytest.mark.parametrize("where", [DM, CHANNEL, TERMINAL])
@pytest.mark.parametrize("call", [{}, {"mentions_me": True}, {"replies_to_me": True}])
def test_bots_and_its_own_messages_are_not_answered(where, call):
    bot = utterance("Pixel?", where=where, from_bot=True, **call)
    itself = utterance("Pixel?", where=where, from_self=True, from_bot=True, **call)
    assert attend(bot, NOW) == Decision(reply=False, reason=Reason.BOT)
    assert attend(itself, NOW) == Decision(reply=False, reason=Reason.SELF)


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t \u00a0"])
@pytest.mark.parametrize("where", [DM, CHANNEL])
def test_where_there_is_nothing_to_read_nothing_is_answered(where, text):
    heard = utterance(text, where=where, mentions_me=True)
    assert attend(heard, NOW) == Decision(reply=False, reason=Reason.EMPTY)


def test_the_first_opinion_wins():
    heard = utterance("Pixel?", where=DM, mentions_me=True, replies_to_me=True)
    assert attend(heard, NOW).reason is Reason.DM
    yes, no = Decision(reply=True, reason=Reason.NAME), Decision(reply=False, reason=Reason.BOT)
    assert attend(heard, NOW, [lambda *_: None, lambda *_: no, lambda *_: yes]) == no
    assert attend(heard, NOW, []) == Decision(reply=False, reason=Reason.UNADDRESSED)


async def test_a_rule_added_to_the_list_needs_no_other_change(tmp_path, monkeypatch):
    def shouted(heard, _now):
        return Decision(reply=True, reason=Reason.NAME) if heard.text.isupper() else None

    monkeypatch.setattr(attention.attend, "__defaults__", ((*RULES, shouted),))
    async with table(tmp_path) as at:
        await at.hear("anybody here?", where=CHANNEL)
        assert at.mouth.said == []
        await at.hear("ANYBODY HERE?", where=CHANNEL)
        assert len(at.mouth.said) == 1


async def test_silence_is_kept_with_its_reason(tmp_path):
    async with table(tmp_path) as at:
        quiet = await at.hear("lol", where=CHANNEL)
        bot = await at.hear("Pixel?", where=CHANNEL, from_bot=True)
        answered = await at.hear("Pixel?", where=CHANNEL)
        async with at.database._reader.connect() as connection:
            rows = await connection.exec_driver_sql("SELECT message_id, reason, open FROM claims")
            kept = {row.message_id: (row.reason, bool(row.open)) for row in rows}
    assert kept == {
        quiet.message_id: (Reason.UNADDRESSED, False),
        bot.message_id: (Reason.BOT, False),
        answered.message_id: (Reason.NAME, False),
    }
