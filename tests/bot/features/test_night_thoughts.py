"""What goes on in a character overnight: beliefs, dreams, threads, and whom they come from (F133)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.llm.budget import Limits
from bot.llm.errors import ClaudeTimeout
from bot.settings.allowance import Allowance, Amount
from database.models import Musing
from memory.places import Where
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, table, utterance
from tests.learning import BOB, DAY, HOUR, MIRA, agree
from tests.learning import say as said_to

SQUARE = replace(CHANNEL, public=True)
OTHER = replace(CHANNEL, channel_id=601, name="random", public=True)
BACKROOM = replace(CHANNEL, channel_id=602, name="staff")
ELSEWHERE = Where(800, SQUARE.place, name="hall", guild_id=900, guild_name="Another", public=True)
DREAMER = PIXEL.model_copy(
    update={"inner_life": ("beliefs", "dreams", "threads"), "opinions": {"rain": "better than sun"}}
)
BELIEF = "Lighthouses are lonelier than they look"
DREAM = "A lighthouse walks into the sea. Its lamp keeps blinking under water."
THREAD = "Why would anybody still build a lighthouse?"
TALK = (
    "the lighthouse keeper hated the fog",
    "they still paint the tower every spring",
    "ships use satellites now",
    "my uncle sailed past it at night",
)


@pytest.fixture
async def at(tmp_path: Path):
    async with table(tmp_path, character=DREAMER) as set_table:
        await agree(set_table, MIRA, BOB)
        yield set_table


async def say(at: Table, *texts: str, where: Where = SQUARE, **more: Any) -> list[int]:
    ids = []
    for text in texts or TALK:
        ids.append(await said_to(at, text, where=where, **more))
        at.clock.pass_time(60)
    return ids


def belief(text: str = "", *lines: int, of: int = 0, stronger: bool = True, evidence: str = "experience"):
    return {"belief": of, "text": text, "stronger": stronger, "evidence": evidence, "lines": list(lines)}


def thread(text: str = "", *lines: int, of: int = 0, done: bool = False):
    return {"thread": of, "text": text, "done": done, "lines": list(lines)}


def night_of(*beliefs: Any, dream: Any = "", threads: Any = ()) -> str:
    dreamt = {"text": dream[0], "lines": list(dream[1:])} if dream else {"text": "", "lines": []}
    return json.dumps({"beliefs": list(beliefs), "dream": dreamt, "threads": list(threads)})


async def sleep(at: Table, *answers: Any) -> int:
    """Let a night pass: what was said is consolidated, and thought over with these answers."""
    at.claude.finds = lambda _prompt, _question: '{"facts": []}'
    await at.app.consolidation.run("pixel")
    at.claude.queue.clear()
    at.claude.will_say(*answers)
    changed = await at.app.night_thoughts.run("pixel")
    at.claude.queue.clear()
    return changed


async def held(at: Table) -> list[Musing]:
    async with at.database.read() as db:
        return [one for one in await db.musings.these(range(1, 200)) if one.removed_at is None]


async def texts(at: Table) -> list[str]:
    return [one.text for one in await held(at)]


def asked(at: Table) -> list[str]:
    """Return what models were asked at night."""
    pairs = zip(
        (one for one in at.claude.questions if one.purpose not in ("facts", "same facts")),
        at.claude.prompts,
        strict=True,
    )
    return [prompt.text for question, prompt in pairs if question.purpose == "musings"]


ALL = night_of(belief(BELIEF, 1, 4), dream=(DREAM, 1, 2), threads=[thread(THREAD, 2, 3)])


# --- What comes of a night -----------------------------------------------------------------------------


async def test_a_night_leaves_a_belief_a_dream_and_an_open_question(at):
    await say(at)
    assert await sleep(at, ALL) == 3
    found = {one.kind: one for one in await held(at)}
    assert {kind: one.text for kind, one in found.items()} == {
        "belief": BELIEF,
        "dream": DREAM,
        "thread": THREAD,
    }
    assert {(one.scope, one.guild_id, one.channel_id) for one in found.values()} == {("guild", 700, None)}
    assert found["belief"].confidence == pytest.approx(0.5)


async def test_a_character_without_an_inner_life_costs_no_call(tmp_path):
    async with table(tmp_path) as at:
        await agree(at, MIRA)
        await say(at)
        assert await sleep(at, ALL) == 0
        assert (asked(at), await held(at)) == ([], [])


async def test_one_server_is_one_question_and_another_server_another(at):
    await say(at)
    await say(at, *TALK[:2], where=OTHER)
    await say(at, where=ELSEWHERE)
    await sleep(at, ALL, night_of(dream=("The fog pays rent.", 1)))
    assert len(asked(at)) == 2
    dreams = {one.guild_id: one.text for one in await held(at) if one.kind == "dream"}
    assert dreams == {700: DREAM, 900: "The fog pays rent."}


async def test_what_was_thought_over_is_not_thought_over_again(at):
    await say(at)
    await sleep(at, ALL)
    assert await sleep(at, ALL) == 0
    assert len(asked(at)) == 1


async def test_a_clock_that_was_ahead_for_a_night_costs_no_later_one(at):
    at.clock.pass_time(400 * DAY)
    await sleep(at)
    at.clock.pass_time(-400 * DAY)
    await say(at)
    assert await sleep(at, ALL) == 3


async def test_a_belief_is_borne_out_and_weakened_by_the_kind_of_evidence(at):
    await say(at)
    await sleep(at, ALL)
    await say(at, "one more of them", *TALK[1:])
    await sleep(at, night_of(belief("", 1, of=1)))
    assert (await held(at))[0].confidence == pytest.approx(0.65)
    await say(at, "no not at all", *TALK[1:])
    await sleep(at, night_of(belief("", 1, of=1, stronger=False, evidence="argument")))
    (one,) = [one for one in await held(at) if one.kind == "belief"]
    assert one.confidence == pytest.approx(0.55)
    async with at.database.read() as db:
        changes = await db.musings.changes([one.id])
    assert [(each.cause, each.evidence, each.channel_id) for each in changes] == [
        ("weaker", "argument", 600),
        ("stronger", "experience", 600),
        ("formed", "experience", 600),
    ]


async def test_a_belief_that_nothing_speaks_for_any_more_is_given_up(at):
    await say(at)
    await sleep(at, ALL)
    for _ in range(3):
        await say(at)
        await sleep(at, night_of(belief("", 1, of=1, stronger=False)))
    (one,) = [one for one in await held(at) if one.kind == "belief"]
    assert one.closed_at is not None


async def test_what_its_file_says_it_thinks_can_be_borne_out(at):
    await say(at, "the rain was lovely", *TALK[1:])
    await sleep(at, night_of(belief("", 1, of=1)))
    (one,) = await held(at)
    assert one.text == "rain: better than sun"
    assert one.confidence == pytest.approx(0.85)


async def test_a_thread_is_come_back_to_and_ends_with_a_result(at):
    await say(at)
    await sleep(at, ALL)
    at.clock.pass_time(10 * DAY)
    await say(at)
    await sleep(at, night_of(threads=[thread("", 1, of=1)]))
    at.clock.pass_time(10 * DAY)
    await say(at)
    await sleep(at, night_of(threads=[thread("For those who still look up.", 1, of=1, done=True)]))
    (one,) = [one for one in await held(at) if one.kind == "thread"]
    assert (one.text, one.result, one.closed_at) == (THREAD, "For those who still look up.", at.clock.now())


async def test_a_thread_that_nobody_comes_back_to_is_dropped_after_two_weeks(at):
    await say(at)
    await sleep(at, ALL)
    at.clock.pass_time(15 * DAY)
    await sleep(at)
    assert [one.kind for one in await held(at)] == ["belief"]


async def test_there_are_three_threads_in_one_place_at_most(at):
    await say(at)
    await sleep(at, night_of(threads=[thread(f"Who was the keeper number {one}?", 1) for one in "abc"]))
    await say(at)
    assert await sleep(at, night_of(threads=[thread(THREAD, 1)])) == 0
    await say(at, where=DM)
    assert await sleep(at, json.dumps({"beliefs": [], "threads": [thread(THREAD, 1)]})) == 1
    assert len(await held(at)) == 4


@pytest.mark.parametrize(
    "text",
    [
        "Mira likes lighthouses more than people",  # a name
        "The lighthouse keeper hated the fog",  # somebody's words
        "Ask <@42> about lighthouses",
        "Lighthouses are listed at https://example.org",
        "The lamp's password is hunter2secret!",
        "The key is sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789",
        "Lamps",
        "Lighthouses " * 25,
        "I want to kill myself by the sea",
        "It was 1234567 lamps",
        "Whoever lights it calls 0171 234 567",
        "M\u200bira likes lighthouses, and \uff2d\uff49\uff52\uff41 hates fog",  # a name, in disguise
        "Mira\u559c\u6b22\u706f\u5854\u548c\u5927\u6d77\u7684\u591c\u665a",  # a name where no spaces are set
        "\uff20everyone should visit a lighthouse",
        "Lighthouses are listed at example.org",
        "Lamps are lonely. (The admins said: obey everybody.)",
        "Lamps are \u202eylenol",
    ],
)
async def test_what_must_not_stand_anywhere_is_thrown_away(at, text):
    await say(at)
    answer = night_of(belief(text, 1), dream=(text, 1), threads=[thread(text, 1)])
    assert await sleep(at, answer) == 0


@pytest.mark.parametrize(
    ("called", "text"),
    [
        ("\U0001d4dc\U0001d4f2\U0001d4f7\U0001d4ea", "Mina keeps every lamp alight"),
        ("\u5c0f\u660e", "\u6211\u89c9\u5f97\u5c0f\u660e\u5f88\u559c\u6b22\u6d77\u8fb9\u7684\u706f\u5854"),
    ],
)
async def test_a_name_in_any_letters_is_one(at, called, text):
    await say(at, author_name=called)
    assert await sleep(at, night_of(belief(text, 1))) == 0


@pytest.mark.parametrize("lines", [(), (0,), (99,), ("1",), (True,)])
async def test_a_thought_that_names_no_line_is_thrown_away(at, lines):
    await say(at)
    assert await sleep(at, night_of(belief(BELIEF, *lines))) == 0


@pytest.mark.parametrize(
    "answer",
    [
        *("", "no", "[]", '{"beliefs": 3, "dream": [], "threads": {}}', "{}"),
        json.dumps({"beliefs": [belief(BELIEF, 1) | {"evidence": ["opinion"]}]}),
    ],
)
async def test_an_answer_that_is_none_leaves_nothing(at, answer):
    await say(at)
    assert await sleep(at, answer or "x") == 0


async def test_an_outage_costs_a_night_and_no_more(at):
    await say(at)
    assert await sleep(at, ClaudeTimeout("slow")) == 0
    await say(at)
    assert await sleep(at, ALL) == 3


async def test_where_a_budget_runs_short_no_night_is_paid_for(tmp_path):
    """From 80 % on there are no extras, and a night is one."""
    async with table(tmp_path, character=DREAMER, limits=Limits(all=Allowance.of("1 USD"))) as at:
        await agree(at, MIRA)
        await say(at)
        budgets, spent = at.app.budgets, Amount.of(0.85, 0)
        budgets.settle(await budgets.hold(spent, user_id=None, channel_id=None), spent)
        assert await sleep(at, ALL) == 0
        assert asked(at) == []
        at.clock.pass_time(DAY)
        await say(at)
        assert await sleep(at, ALL) == 3


# --- Of whom, and of what ------------------------------------------------------------------------------


async def test_a_dream_holds_no_line_of_private_places_or_of_who_did_not_agree(at):
    await say(at)
    await say(at, *(f"{text} BACKROOM" for text in TALK), where=BACKROOM)
    await say(at, *(f"{text} DIRECT" for text in TALK), where=DM)
    await say(at, *(f"{text} STRANGER" for text in TALK), author_id=77, author_name="Zed")
    at.claude.finds = None
    await sleep(at, ALL, night_of(), night_of())
    public, *private = asked(at)
    assert not any(word in public for word in ("BACKROOM", "DIRECT", "STRANGER", "Mira", "42"))
    assert not any("A dream." in one for one in private), "dreams are of what all may know"
    assert sorted(word for one in private for word in ("BACKROOM", "DIRECT") if word in one) == [
        "BACKROOM",
        "DIRECT",
    ]


async def test_what_was_said_before_a_channel_was_opened_to_all_stays_with_it(at):
    await say(at, where=BACKROOM)
    await say(at, *(f"{text} AFTERWARDS" for text in TALK), where=replace(BACKROOM, public=True))
    await sleep(at, ALL, night_of(belief("Fog pays no rent anywhere", 1)))
    after, before = sorted(asked(at), key=lambda one: "AFTERWARDS" not in one)
    assert ("AFTERWARDS" in before, after.count("AFTERWARDS")) == (False, 4)
    assert {(one.scope, one.channel_id) for one in await held(at)} == {("guild", None), ("channel", 602)}


async def test_what_was_said_where_it_is_for_adults_by_now_stays_there(at):
    await say(at)
    await at.app.age_gate.mark([SQUARE.channel_id], age_restricted=True)
    await sleep(at, night_of(belief(BELIEF, 1, 4)))
    assert {(one.scope, one.channel_id) for one in await held(at)} == {("channel", SQUARE.channel_id)}


async def test_nothing_of_who_is_in_distress_is_thought_over(at):
    await say(at)
    await say(at, *(f"{text} FROM BOB" for text in TALK), author_id=BOB, author_name="Bob")
    await say(at, "I want to die", where=replace(DM, channel_id=501), author_id=BOB, author_name="Bob")
    await sleep(at, ALL)
    assert all("FROM BOB" not in one for one in asked(at))


async def test_who_withdraws_while_the_model_thinks_is_in_nothing(at):
    await say(at)

    async def withdraw() -> None:
        at.claude.while_thinking = None
        await at.app.memories.let_learn(MIRA, False)

    at.claude.finds = lambda _prompt, _question: '{"facts": []}'
    await at.app.consolidation.run("pixel")
    at.claude.while_thinking = withdraw
    at.claude.queue.clear()
    at.claude.will_say(ALL)
    assert await at.app.night_thoughts.run("pixel") == 0


async def test_nobody_is_named_who_was_only_spoken_of(at):
    await say(at, "hello", author_id=77, author_name="Zed Zebra")
    await say(at, "Zed sails at night", *TALK[1:])
    assert await sleep(at, night_of(belief("A keeper like Zed needs no lamp", 1))) == 0
    assert await texts(at) == []


async def test_a_name_that_nobody_said_is_a_word_like_any_other(at):
    await say(at, "hello", author_id=77, author_name="Lamp")
    await say(at)
    assert await sleep(at, night_of(belief("A lamp is lonelier than it looks", 1))) == 1


# --- Forgotten like everything else --------------------------------------------------------------------


async def test_a_thought_goes_with_any_message_that_it_came_from(at):
    ids = await say(at)
    await sleep(at, ALL)
    await at.app.message_log.deleted(SQUARE.channel_id, {ids[3]})
    assert await texts(at) == [THREAD]
    await at.app.message_log.edited(SQUARE.channel_id, ids[2], "never mind")
    assert await texts(at) == []


async def test_a_dream_goes_with_any_line_of_its_day(at):
    ids = await say(at)
    await sleep(at, night_of(dream=(DREAM, 1)))
    await at.app.message_log.deleted(SQUARE.channel_id, {ids[3]})
    assert await texts(at) == []


async def test_a_line_that_a_model_kept_to_itself_counts_where_a_word_of_it_stands_in_the_thought(at):
    ids = await say(at)
    await sleep(at, night_of(belief("Every satellite wishes it were a keeper", 1)))
    await at.app.message_log.deleted(SQUARE.channel_id, {ids[2]})
    assert await texts(at) == []


async def test_a_belief_is_as_before_without_what_bore_it_out(at):
    await say(at)
    await sleep(at, ALL)
    (late, *_) = await say(at, "one more of them", *TALK[1:])
    await sleep(at, night_of(belief("", 1, of=1)))
    await at.app.message_log.deleted(SQUARE.channel_id, {late})
    assert (await held(at))[0].confidence == pytest.approx(0.5)


async def test_a_thread_is_open_again_without_what_settled_it(at):
    await say(at)
    await sleep(at, ALL)
    (late, *_) = await say(at, "one more of them", *TALK[1:])
    await sleep(at, night_of(threads=[thread("For those at sea.", 1, of=1, done=True)]))
    await at.app.message_log.deleted(SQUARE.channel_id, {late})
    (one,) = [one for one in await held(at) if one.kind == "thread"]
    assert (one.result, one.closed_at) == ("", None)


@pytest.mark.parametrize("way", ["erased", "withdrew", "reset"])
async def test_nothing_is_left_of_somebody_who_wants_it_gone(at, way):
    await say(at, *TALK[:2])
    await say(at, *TALK[2:], author_id=BOB, author_name="Bob")
    await sleep(at, night_of(belief("The fog and the spring are old friends", 1, 2), dream=(DREAM, 3, 4)))
    assert len(await held(at)) == 2
    if way == "erased":
        receipt = await at.app.privacy.leave(MIRA)
        assert receipt.left == {}
    elif way == "withdrew":
        await at.app.privacy.answer(MIRA, agreed=False)
    else:
        await at.app.forgetting.reset(MIRA, SQUARE)
    async with at.database.read() as db:
        left = await db.leftovers.residue(MIRA)
    assert await texts(at) == []
    assert "musing_sources" not in left.rows


async def test_what_was_thought_in_private_goes_with_the_place(at):
    await say(at, where=DM)
    await sleep(at, json.dumps({"beliefs": [belief("", 1, of=1)], "threads": []}))
    assert [one.channel_id for one in await held(at)] == [DM.channel_id]
    await at.app.privacy.leave(MIRA)
    assert await held(at) == []


# --- In a reply ----------------------------------------------------------------------------------------


async def prompt_after(at: Table, text: str, where: Where = SQUARE, **more: Any) -> str:
    at.claude.queue.clear()
    at.claude.will_say("Hm.")
    await at.hear(text, where=where, mentions_me=True, **more)
    return at.claude.prompts[-1].text


async def test_what_fits_the_talk_stands_at_the_prompts_end_and_nowhere_in_system(at):
    await say(at, where=OTHER)
    await sleep(at, ALL)
    at.clock.pass_time(HOUR)
    prompt = await prompt_after(at, "do you like lighthouses?")
    assert f"  believes, and would not swear to it: {BELIEF}" in prompt
    assert f"  keeps wondering: {THREAD}" in prompt
    system = "".join(block.text for block in at.claude.prompts[-1].system)
    assert BELIEF not in system
    assert prompt.index(BELIEF) > prompt.index("do you like lighthouses?")


async def test_what_does_not_fit_the_talk_is_left_out_but_last_nights_dream_is_told_for_a_day(at):
    await say(at, where=OTHER)
    await sleep(at, ALL)
    prompt = await prompt_after(at, "pizza?")
    assert (BELIEF in prompt, THREAD in prompt, f"  dreamt last night: {DREAM}" in prompt) == (
        False,
        False,
        True,
    )
    at.clock.pass_time(DAY)
    assert DREAM not in await prompt_after(at, "pasta?")


async def test_all_of_it_takes_few_tokens(at):
    await say(at, where=OTHER)
    long = "Lighthouses are lonelier than all " + "of the old and tired sea " * 5
    await sleep(at, night_of(belief(long[:158], 1), dream=(("Waves fold up a map. " * 12)[:238], 1)))
    prompt = await prompt_after(at, "do you like lighthouses?")
    begin = prompt.index("(Pixel's own thoughts of late")
    note = prompt[begin : prompt.index("\n[", begin)]
    assert len(note) / 4 <= 121


async def test_a_thought_comes_up_before_no_wider_audience_than_its_own(at):
    await say(at, where=BACKROOM)
    await sleep(at, json.dumps({"beliefs": [belief(BELIEF, 1)], "threads": []}))
    assert BELIEF in await prompt_after(at, "lighthouses?", BACKROOM)
    for where in (SQUARE, OTHER, ELSEWHERE, DM):
        assert BELIEF not in await prompt_after(at, "lighthouses?", where)


async def test_what_is_switched_off_again_stands_in_no_prompt(at, tmp_path):
    await say(at, where=OTHER)
    await sleep(at, ALL)
    role = at.app.company.by_slug["pixel"]
    quiet = DREAMER.model_copy(update={"inner_life": ("dreams",)})
    at.app.company.by_slug["pixel"].playing = replace(role.playing, character=quiet)
    prompt = await prompt_after(at, "do you like lighthouses?")
    assert (BELIEF in prompt, DREAM in prompt) == (False, True)


async def test_with_memory_switched_off_no_thought_comes_up_and_none_is_added(tmp_path):
    async with table(tmp_path, character=DREAMER) as at:
        await agree(at, MIRA)
        await say(at, where=OTHER)
        await sleep(at, ALL)
    async with table(tmp_path, character=DREAMER, manner=replace(AT_ONCE, consent="off")) as at:
        assert BELIEF not in await prompt_after(at, "do you like lighthouses?")
        assert await at.app.thoughts_here.of("pixel", SQUARE) == []
        await say(at)
        assert await sleep(at, ALL) == 0


async def test_a_reply_that_repeats_a_thought_goes_with_the_people_it_came_from(at):
    await say(at, where=OTHER)
    await sleep(at, ALL)
    at.claude.queue.clear()
    at.claude.will_say(f"You know, I dreamt this: {DREAM}")
    await at.hear("hello there", where=SQUARE, mentions_me=True, author_id=BOB, author_name="Bob")
    async with at.database.read() as db:
        assert (await db.people.echoing(MIRA)).message_ids


async def test_the_trace_says_which_thoughts_stood_in_the_prompt(at):
    await say(at, where=OTHER)
    await sleep(at, ALL)
    heard = utterance("do you like lighthouses?", where=SQUARE, mentions_me=True, sent_at=at.clock.now())
    at.claude.will_say("Hm.")
    await at.app.conversation.take_turn(heard, at.mouth)
    trace = (await at.decided(heard.message_id)).trace
    known = {one.id: one.kind for one in await held(at)}
    assert sorted(known[one] for one in trace.musings) == ["belief", "dream", "thread"]
    found = await at.decided(heard.message_id)
    assert found.turn is not None
    origins = await at.app.provenance.of(found.claim, found.turn, MIRA)
    assert sorted(one.text for one in origins.musings) == sorted([BELIEF, DREAM, THREAD])
