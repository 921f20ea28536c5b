"""Emotes: shortcodes in a reply become what the place has, and nothing else is touched (C39, F050)."""

import random
from time import process_time

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.company import Speaker
from bot.conversation.rethinking import Requester
from bot.conversation.text.emote_choice import LEANINGS, emote_note, fitting
from bot.conversation.text.emotes import dress, named, resolve, standard_emoji, undress
from bot.features.inner_life.days import Days
from bot.llm.errors import ClaudeUnavailable
from bot.llm.types import TokenEstimate
from cogs._discord.speaking import mouth_in
from personas.affect.moods import MOODS
from personas.affect.temperament import DayMood
from tests.builders import CHANNEL, DM, PIXEL, table
from tests.support.discord import discord_world as discord_world  # noqa: PLC0414 - a fixture

EMOTES = {"smile_cat": "<:smile_cat:11>", "Kek": "<a:Kek:12>", "a_cat": "<:a_cat:13>"}
CODE = regex.compile(
    r"```.*?(?:```|\Z)|(?<!`)`(?!`)(?:[^`]|``(?!`))+`(?!`)|(?<!`)``(?!`)(?:[^`]|`(?!`))+``(?!`)",
    regex.DOTALL,
)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (":smile_cat: hi :unknown_thing: :smile:", "<:smile_cat:11> hi 😄"),
        ("look :Kek:", "look <a:Kek:12>"),
        ("look :kek:", "look <a:Kek:12>"),
        (":joy::joy: :thumbsup_tone3: :flag_de: :+1: :slight_smile: :100:", "😂😂 👍🏽 🇩🇪 👍 🙂 💯"),
        ("ありがとう:smile_cat:。", "ありがとう<:smile_cat:11>。"),
        ("**:Kek:**", "**<a:Kek:12>**"),
        # custom emotes that come with an id
        ("hm <:smile_cat:11>", "hm <:smile_cat:11>"),
        ("hm <:smile_cat:999>", "hm <:smile_cat:11>"),
        ("hm <:renamed:12> ok", "hm <a:Kek:12> ok"),
        ("hm <:foo:123> ok", "hm ok"),
        ("hm<a:foo:123>ok", "hm ok"),
        # what nobody knows goes without a trace
        ("hi :foo_bar: there", "hi there"),
        ("hi :foo_bar:!", "hi!"),
        ("hi :foo_bar: :baz:.", "hi."),
        ("hi (:foo_bar:) there", "hi there"),
        ("*:foo_bar: purrs*", "*purrs*"),
        ("*purrs :foo_bar:*", "*purrs*"),
        ("*purrs*:foo_bar: hi", "*purrs* hi"),
        (":foo_bar: hi\n  :foo_bar: there", "hi\n  there"),
        ("hi\n:foo_bar:\nthere", "hi\nthere"),
        ("hi\n\n:foo_bar:\n\nthere", "hi\n\nthere"),
        ("hi\n:foo_bar:", "hi"),
        (":foo_bar:\n\nhi", "hi"),
        (":foo_bar:", ""),
        # code is code
        ("`:smile:` :smile: ``:foo_bar: ` <:a:1>``", "`:smile:` 😄 ``:foo_bar: ` <:a:1>``"),
        ("```py\nx[:smile:] <:foo:1>\n``` :smile:", "```py\nx[:smile:] <:foo:1>\n``` 😄"),
        ("```\n:smile: not closed", "```\n:smile: not closed"),
        ("a ` alone :smile:", "a ` alone 😄"),
    ],
)
def test_an_emote_is_written_as_the_place_has_it(written, sent):
    assert resolve(written, EMOTES) == sent
    assert resolve(sent, EMOTES) == sent


@pytest.mark.parametrize(
    "text",
    [
        "at 10:30:15, until 10:30:",
        "::1 and fe80::1:2:3 and [::ffff:1.2.3.4] and aa:bb:cc:dd",
        "https://example.org/:smile:/a:joy:b and ftp://x.y/:foo_bar:",
        "std::vector::x, a::b::c, Foo::Bar::new()",
        ":3 >:3 :D xD :P :3: :c: D: :') :-) ;) :D :D",
        "key:value:other and note:this: that",
        "|:---:|:-:|\n16:9 is :9: and 1:1",
        "<t:1700000000:R> <@42> <#7> </ask me:12> <id:guide>",
        "Mira: hi: there:",
    ],
)
def test_what_only_looks_like_an_emote_survives(text):
    assert resolve(text, EMOTES) == text
    assert undress(text) == text


FRAGMENTS = [
    *(":smile_cat:", ":Kek:", ":smile:", ":joy:", ":foo_bar:", ":x:", ":30:", ":", "::", ":smi", "le:"),
    *("<:smile_cat:11>", "<:foo:123>", "<:smile_cat:9>", "<a:Kek:12>", "<a:foo:1>", "<:fo", "o:1>", "<", ">"),
    *(
        "`",
        "``",
        "```",
        "```py\n",
        "\n",
        "\n\n",
        " ",
        "  ",
        "\t",
        "*",
        "**",
        "_",
        "(",
        ")",
        "[",
        "]",
        "-",
        "+",
    ),
    *("a", "10", ".", "!", "é", "日本", "ー", "👩", "\u200d", "\ufe0f", "/", "https://", "\x00"),
]
PIECES = st.sampled_from(FRAGMENTS) | st.text(max_size=6)
TEXTS = st.lists(PIECES, max_size=25).map("".join)
NAMES = st.lists(st.from_regex(r"[A-Za-z0-9_]{2,32}", fullmatch=True), max_size=60)
PLACES = st.sampled_from([EMOTES, {}, {"foo": "<:foo:5>", "x": "<a:x:6>"}])


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(TEXTS, PLACES)
def test_resolving_twice_changes_nothing_more_and_code_stays_to_the_byte(text, emotes):
    for change in (lambda one: resolve(one, emotes), undress):
        sent = change(text)
        assert change(sent) == sent
        code = [one[0] for one in CODE.finditer(text)]
        assert [one[0] for one in CODE.finditer(sent)] == code
        spoken = CODE.sub("", sent)
        assert not set(regex.findall(r"<a?:\w{2,32}:\d+>", spoken)) - set(emotes.values())


@settings(max_examples=200, deadline=None)
@given(TEXTS.map(lambda text: text.replace(":", "")))
def test_a_text_without_colons_comes_back_unchanged(text):
    assert resolve(text, EMOTES) == text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([":foo_bar:", "hi", "there", "<:foo:1>", ":smile:"]), max_size=12))
def test_no_doubled_space_is_left(words):
    assert "  " not in resolve(" ".join(words), EMOTES)
    assert resolve(" ".join(words), EMOTES).strip() == resolve(" ".join(words), EMOTES)


@pytest.mark.parametrize(
    "piece", [":", "::", ":a", "`", "``", "` ``", "<:", ":foo:", "(:foo:", "* :foo:", "a:foo:", "("]
)
def test_a_long_text_takes_no_long_time(piece):
    text = piece * 8_000
    began = process_time()
    resolve(text, EMOTES)
    undress(f"{text}:foo:{')' * 8_000}")
    assert process_time() - began < 4


def test_a_name_of_an_emoji_is_known_in_discords_spelling_too():
    assert [standard_emoji(one) for one in ("nerd", "nerd_face", "Joy", "D", "flag_qq", "cat_tone3")] == [
        "🤓",
        "🤓",
        "😂",
        "",
        "",
        "",
    ]


def test_a_character_without_emotes_is_sent_without_any():
    none = PIXEL.model_copy(update={"emotes": "none"})
    assert dress(":smile_cat: hi :joy: <:Kek:12> at 10:30:15", EMOTES, none) == "hi at 10:30:15"
    assert dress(":smile_cat:", EMOTES, none) == ""
    assert dress(":smile_cat:", EMOTES, PIXEL) == "<:smile_cat:11>"
    assert emote_note(EMOTES, ["a cat!"], none) == ""


def test_prompts_show_emotes_by_name():
    assert named("hi <:smile_cat:11><a:Kek:12> <@42> 3<4") == "hi :smile_cat::Kek: <@42> 3<4"


# Which are offered.

GUILD = [
    "pepeLaugh",
    "sadge_cry",
    "catJAM",
    "rageFace",
    "blob_heart",
    "thonk2",
    "wow_ok",
    "logo",
    "server_7",
    "pizza",
]


@pytest.mark.parametrize(
    ("talk", "first"),
    [
        (["hahaha that was so funny"], "pepeLaugh"),
        (["I cried all night, so sad"], "sadge_cry"),
        (["look at my kitty"], "catJAM"),
        (["I am furious"], "rageFace"),
        (["love you <3"], "blob_heart"),
        (["hmm, I wonder why"], "thonk2"),
        (["the server is down", "which server?"], "server_7"),
        (["who wants pizzas"], "pizza"),
    ],
)
def test_the_emote_that_fits_the_talk_comes_first(talk, first):
    assert fitting(GUILD, talk)[0] == first


def test_few_are_offered_where_nothing_fits_and_ten_at_most():
    assert fitting(GUILD, ["the category of this function"]) == ["blob_heart", "catJAM", "pepeLaugh"]
    assert fitting(["logo", "server_7"], ["hello"]) == []
    many = [f"cat_{chr(97 + number)}x" for number in range(26)]
    assert len(fitting(many, ["a cat"])) == 10


@pytest.mark.parametrize(
    ("moods", "first", "left_out"),
    [
        ((), "blob_heart", set()),
        (["bright"], "blob_heart", {"rageFace", "sadge_cry"}),
        (["energized"], "catJAM", set()),
        (["stressed"], "rageFace", {"pepeLaugh", "blob_heart", "catJAM"}),
        (["melancholic"], "sadge_cry", {"pepeLaugh", "catJAM"}),
        (["anger", "energized"], "rageFace", {"pepeLaugh", "blob_heart", "catJAM"}),
        (["calm", "sleepy"], "blob_heart", {"rageFace"}),
    ],
)
def test_a_mood_seeks_some_emotes_and_shuns_others_even_those_that_fit_the_talk(moods, first, left_out):
    assert fitting(GUILD, [], moods)[0] == first
    talk = ["haha let's dance, I love that cat, although I am sad and furious"]
    assert set(fitting(GUILD, talk)) - set(fitting(GUILD, talk, moods)) == left_out


@pytest.mark.parametrize(
    ("moods", "few", "many"),
    [
        ([], "sparingly", "freely"),
        (["bright"], "freely", "freely"),
        (["melancholic"], "hardly ever", "sparingly"),
        (["joy", "stressed"], "hardly ever", "sparingly"),
        (["joy", "calm"], "freely", "freely"),
    ],
)
def test_in_a_good_mood_more_are_used_and_in_a_bad_one_fewer(moods, few, many):
    for often, character in ((few, PIXEL), (many, PIXEL.model_copy(update={"emotes": "many"}))):
        assert f"and use {often}:" in emote_note(GUILD, [], character, moods)


def test_every_mood_has_a_leaning():
    assert set(LEANINGS) == {*(one.name for one in MOODS), *map(str, DayMood), "sleepy"}


def test_what_is_offered_depends_on_no_order():
    shuffled = random.Random(1).sample(GUILD, len(GUILD))
    assert fitting(GUILD, ["so funny, haha"]) == fitting(shuffled, ["so funny, haha"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.from_regex(r"[A-Za-z0-9_]{2,32}", fullmatch=True), max_size=60),
    st.lists(st.text(), max_size=5),
)
def test_what_is_offered_is_the_guilds_own_each_once(names, talk):
    offered = fitting(names, talk)
    assert len(offered) == len(set(offered)) <= 10
    assert set(offered) <= set(names)


def test_the_note_is_short():
    names = [
        f"cat_{word}"
        for word in [
            "smile",
            "cry",
            "love",
            "wow",
            "think",
            "sleep",
            "jam",
            "pat",
            "fire",
            "yes",
            "no",
            "hug",
        ]
    ]
    note = emote_note(names, ["what a cat"], PIXEL)
    assert note.startswith("(Emotes here, to write like :cat_")
    assert "sparingly" in note
    assert TokenEstimate()(note) <= 60
    assert "freely" in emote_note(names, ["a cat"], PIXEL.model_copy(update={"emotes": "many"}))
    assert emote_note((), ["a cat"], PIXEL) == ""


# The walk.


async def test_a_reply_is_said_with_the_places_emotes_and_read_again_by_name(at_table):
    at_table.mouth.emotes = EMOTES
    at_table.claude.will_say(":smile_cat: hi :unknown_thing: :smile:", "again")
    await at_table.hear("Pixel, hello", where=CHANNEL)
    assert at_table.mouth.said == ["<:smile_cat:11> hi 😄"]
    await at_table.hear("Pixel, and now?", where=CHANNEL)
    assert ":smile_cat: hi 😄" in at_table.claude.prompts[-1].text
    assert "<:" not in at_table.claude.prompts[-1].text


@pytest.mark.parametrize(
    ("day", "sent", "often"),
    [
        ({}, "There! <:happy_party:21>", "sparingly"),
        ({DayMood.JOY: 10}, "There! <:happy_party:21>", "freely"),
        ({DayMood.ANGER: 10}, "There! <:angry_cat:22>", "hardly ever"),
        ({DayMood.SADNESS: 10}, "There! <:tear_cry:23>", "hardly ever"),
    ],
)
async def test_with_another_mood_alone_another_emote_is_sent(at_table, day, sent, often):
    """F050: whoever writes takes the first emote that is offered."""
    written = {
        "happy_party": "<:happy_party:21>",
        "angry_cat": "<:angry_cat:22>",
        "tear_cry": "<:tear_cry:23>",
    }
    days = Days(
        at_table.database, company=at_table.app.company, inner=at_table.app.inner_life, clock=at_table.clock
    )
    await days.set("pixel", dict.fromkeys(DayMood, 3) | {DayMood.JOY: 5, DayMood.ENERGY: 5} | day)
    at_table.mouth.emotes = written

    def choose() -> None:
        offered = regex.search(r"to write like (:\w+:)", at_table.claude.prompts[-1].text)
        assert offered is not None
        at_table.claude.will_say(f"There! {offered[1]}")

    at_table.claude.while_thinking = choose
    await at_table.hear("Pixel, let's party, I am so happy", where=CHANNEL)
    assert at_table.mouth.said == [sent]
    assert f"and use {often}:" in at_table.claude.prompts[-1].text


async def test_in_a_place_without_emotes_standard_ones_are_left(at_table):
    at_table.claude.will_say(":smile_cat: hi :my_own:")
    await at_table.hear("hello")
    assert at_table.mouth.said == ["😸 hi"]


async def test_a_reply_of_nothing_but_an_unknown_emote_is_the_fallback(at_table):
    at_table.claude.will_say(":my_own_one:")
    await at_table.hear("hello")
    assert at_table.mouth.said == [PIXEL.fallback_lines[0]]


async def test_a_fallback_line_has_its_emotes_too(tmp_path):
    character = PIXEL.model_copy(update={"fallback_lines": ("static :Kek:",)})
    async with table(tmp_path, character=character) as at:
        at.mouth.emotes = EMOTES
        at.claude.will_say(ClaudeUnavailable("down"))
        await at.hear("hello")
        assert at.mouth.said == ["static <a:Kek:12>"]


async def test_another_take_and_going_on_have_them_too(at_table):
    at_table.mouth.emotes = EMOTES
    at_table.claude.will_say("one", "two :Kek:", "three :Kek:")
    await at_table.hear("hello")
    remaking, mira = at_table.app.revisions, Requester(42, "Mira")
    assert (await remaking.another("pixel", mira, DM, emotes=EMOTES)).texts[-1] == "two <a:Kek:12>"
    await remaking.go_on("pixel", mira, DM, mouth=at_table.mouth)
    assert at_table.mouth.said[-1] == "three <a:Kek:12>"


async def test_a_greeting_has_them_too(tmp_path):
    character = PIXEL.model_copy(update={"greeting": "welcome :smile_cat: :my_own:"})
    async with table(tmp_path, character=character) as at:
        at.mouth.emotes = EMOTES
        await at.hear("hello")
        assert at.mouth.said[0] == "welcome <:smile_cat:11>"


async def test_a_long_reply_is_split_after_its_emotes_were_put_in(at_table):
    emotes = {"smile_cat": "<:smile_cat:1234567890123456789>"}
    at_table.mouth.emotes = emotes
    words = ["meow :smile_cat:" for _ in range(118)]
    at_table.claude.will_say(" ".join(words))
    await at_table.hear("Pixel, tell me", where=CHANNEL)
    assert len(" ".join(words)) < 2_010
    assert len(at_table.mouth.said) > 1
    assert all(len(one) <= 2_000 for one in at_table.mouth.said)
    assert " ".join(at_table.mouth.said) == " ".join(f"meow {emotes['smile_cat']}" for _ in words)


# Discord.


async def test_a_guilds_own_emoji_is_used(discord_world):
    plain = discord_world.guild.create_emoji("smile_cat")
    moving = discord_world.guild.create_emoji("party_cat", animated=True)
    await discord_world.env.settle()
    discord_world.claude.will_say(
        ":smile_cat: hi :party_cat: :unknown_thing: :smile:", ":smile_cat: :party_cat: hi"
    )
    await discord_world.mira.send(discord_world.channel, f"{discord_world.me} hello")
    assert discord_world.said() == [f"<:smile_cat:{plain.id}> hi <a:party_cat:{moving.id}> 😄"]
    await discord_world.mira.send_dm("and here?")
    assert discord_world.said(discord_world.mira.user.dm_channel) == ["😸 hi"]


async def test_a_mouth_known_by_its_channels_id_knows_the_emotes_and_a_webhook_none_for_roles(discord_world):
    emoji = discord_world.guild.create_emoji("smile_cat")
    await discord_world.env.settle()
    mouth = mouth_in(discord_world.client, discord_world.channel.id)
    assert mouth.emotes == {"smile_cat": f"<:smile_cat:{emoji.id}>"}
    nyx = mouth.speaking_as(Speaker("nyx", "Nyx"))
    assert nyx.emotes == mouth.emotes
    known = discord_world.client.get_emoji(emoji.id)
    known._roles.add(discord_world.guild.create_role("Stars").id)
    await discord_world.env.settle()
    assert mouth.emotes == nyx.emotes == {}
