"""The walk of one message, with a real database and a scripted Claude."""

import asyncio
from datetime import timedelta

import pytest

from bot.conversation.config import Manner
from bot.conversation.text.typing import Pace
from bot.core.errors import Unpostable, Unsaid, Unsayable
from bot.llm.errors import ClaudeDenied, ClaudeRefused, ClaudeTimeout, ClaudeUnavailable, PromptTooLong
from database import DatabaseFull
from memory.places import Place, Where
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, noted, table, until_noted, utterance
from tests.fakes import EPOCH, FakeMouth


async def _log(at_table, channel_id: int) -> list[str]:
    async with at_table.database.read() as db:
        rows = await db.messages.transcript(channel_id, "pixel", since=EPOCH - timedelta(days=1))
    return [row.text for row in rows]


async def _calls(at_table):
    async with at_table.database.read() as db:
        return await db.calls.spending(since=EPOCH - timedelta(days=1))


async def test_a_dm_is_answered_once_and_becomes_history(at_table):
    at_table.claude.will_say("hey Mira")
    await at_table.hear("hello?")
    assert at_table.mouth.said == ["hey Mira"]
    assert await _log(at_table, DM.channel_id) == ["hello?", "hey Mira"]
    assert at_table.stages == [
        "noted",
        "attended",
        "recalled",
        "composed",
        "pledged",
        "part_posted",
        "settled",
    ]


async def test_a_replayed_event_stops_at_the_claim(at_table):
    heard = await at_table.hear("hello?")
    for _ in range(3):
        await at_table.app.conversation.take_turn(heard, at_table.mouth)
    assert len(at_table.mouth.said) == 1
    assert len(at_table.claude.prompts) == 1


async def test_an_ambient_message_is_noted_and_not_answered(at_table):
    await at_table.hear("anybody seen my keys?", where=CHANNEL)
    assert at_table.mouth.said == []
    assert at_table.claude.prompts == []
    assert await _log(at_table, CHANNEL.channel_id) == ["anybody seen my keys?"]


async def test_what_was_overheard_is_in_the_next_prompt(at_table):
    await at_table.hear("my keys are gone", where=CHANNEL, author_id=7, author_name="Tom")
    await at_table.hear("Pixel, can you help him?", where=CHANNEL)
    prompt = at_table.claude.prompts[0].text
    assert "my keys are gone" in prompt
    assert "can you help him?" in prompt


async def test_what_comes_in_behind_a_gap_moves_no_watermark(at_table):
    before = await at_table.hear(where=CHANNEL)
    behind = utterance(where=CHANNEL, sent_at=at_table.clock.now())
    await at_table.app.conversation.take_turn(behind, at_table.mouth, gapless=False)
    here = CHANNEL.channel_id
    assert await at_table.app.message_log.watermarks([here]) == {here: before.message_id}
    after = await at_table.hear(where=CHANNEL)
    assert await at_table.app.message_log.watermarks([here]) == {here: after.message_id}


async def test_a_direct_message_older_than_a_quarter_of_an_hour_is_noted_and_the_next_reply_knows(at_table):
    at_table.clock.pass_time(901)
    await at_table.hear("hello?", sent_at=EPOCH)
    await at_table.hear("still there?", sent_at=EPOCH + timedelta(seconds=1))
    assert len(at_table.mouth.said) == 1
    assert await _log(at_table, DM.channel_id) == ["hello?", "still there?", "Hm."]
    assert "While Pixel was away, 2 of the messages" in at_table.claude.prompts[0].text
    await at_table.hear("there you are")
    assert "was away" not in at_table.claude.prompts[1].text


async def test_a_burst_of_four_messages_becomes_one_answer_to_all(tmp_path):
    manner = Manner(pace=AT_ONCE.pace, burst_quiet=2.0, burst_longest=8.0)
    async with table(tmp_path, manner=manner) as at:
        at.clock.breath = 0.1
        texts = ["hi", "so I have", "this bug", "help?"]
        burst = [utterance(text) for text in texts]
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in burst))
        assert len(at.mouth.said) == 1
        assert all(text in at.claude.prompts[0].text for text in texts)
        async with at.database.read() as db:
            assert not any([await db.turns.open_since(one.message_id) for one in burst])


async def test_a_burst_that_never_ends_is_answered_after_eight_seconds(tmp_path):
    manner = Manner(pace=AT_ONCE.pace, burst_quiet=2.0, burst_longest=8.0)
    async with table(tmp_path, manner=manner) as at:
        begun, sleep = at.clock.monotonic(), at.clock.sleep
        asked_at: list[float] = []
        more: list[asyncio.Task[None]] = []
        at.claude.while_thinking = lambda: asked_at.append(at.clock.monotonic() - begun)

        async def talk_on(seconds: float) -> None:
            if at.clock.monotonic() - begun < 20:
                heard = utterance("and another thing", sent_at=at.clock.now())
                more.append(asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth)))
                await until_noted(at, heard.message_id)
            await sleep(min(seconds, 1.0))

        at.clock.sleep = talk_on  # type: ignore[method-assign]
        await at.hear("listen")
        await asyncio.gather(*more)
        assert asked_at[0] == pytest.approx(8.0)


async def test_what_arrives_while_it_thinks_is_answered_together_afterwards(at_table):
    late: list[asyncio.Task[None]] = []

    async def interrupt() -> None:
        at_table.claude.while_thinking = None
        for text in ("wait", "one more thing"):
            late.append(
                asyncio.create_task(at_table.app.conversation.take_turn(utterance(text), at_table.mouth))
            )
        await asyncio.sleep(0.1)

    at_table.claude.while_thinking = interrupt
    at_table.claude.will_say("first", "second")
    await at_table.hear("hello")
    await asyncio.gather(*late)
    assert at_table.mouth.said == ["first", "second"]
    assert await _log(at_table, DM.channel_id) == ["hello", "first", "wait", "one more thing", "second"]


async def test_two_channels_do_not_wait_for_each_other(at_table):
    inside = asyncio.Event()
    release = asyncio.Event()

    async def hold() -> None:
        at_table.claude.while_thinking = None
        inside.set()
        await release.wait()

    at_table.claude.while_thinking = hold
    slow = asyncio.create_task(at_table.hear("hello"))
    await inside.wait()
    await at_table.hear("Pixel?", where=CHANNEL)
    assert at_table.mouth.said == ["Hm."]
    release.set()
    await slow


async def test_an_edit_before_the_reply_is_answered_in_its_new_form(at_table):
    heard = utterance("teh bug")
    sleep = at_table.clock.sleep

    async def edit_meanwhile(seconds: float) -> None:
        await at_table.app.message_log.edited(heard.where.channel_id, heard.message_id, "the bug")
        await sleep(seconds)

    at_table.clock.sleep = edit_meanwhile
    at_table.app.rooms._shortest, at_table.app.rooms._longest = 1.0, 8.0
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    assert "the bug" in at_table.claude.prompts[0].text
    assert "teh bug" not in at_table.claude.prompts[0].text


async def test_a_message_deleted_before_the_reply_is_not_answered(at_table):
    heard = utterance("oops, wrong channel")
    sleep = at_table.clock.sleep

    async def delete_meanwhile(seconds: float) -> None:
        await at_table.app.message_log.deleted(DM.channel_id, {heard.message_id})
        await sleep(seconds)

    at_table.clock.sleep = delete_meanwhile
    at_table.app.rooms._shortest, at_table.app.rooms._longest = 1.0, 8.0
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    assert at_table.claude.prompts == []
    assert at_table.mouth.said == []
    assert await _log(at_table, DM.channel_id) == []


@pytest.mark.parametrize("error", [ClaudeTimeout("slow"), ClaudeUnavailable("529"), ClaudeRefused("no")])
async def test_when_thinking_fails_it_says_its_own_line_and_does_not_remember_it(at_table, error):
    at_table.claude.will_say(error)
    await at_table.hear("hello")
    assert at_table.mouth.said == ["*static* say again?"]
    assert await _log(at_table, DM.channel_id) == ["hello"]
    await at_table.hear("hello?")
    assert "static" not in at_table.claude.prompts[1].text
    assert (await _calls(at_table)).calls == 2


async def test_a_lasting_fault_is_shown_once_per_channel_and_hour(at_table):
    at_table.claude.will_say(*[ClaudeDenied("401")] * 5)
    await at_table.hear("one")
    await at_table.hear("two")
    await at_table.hear("Pixel?", where=CHANNEL)
    assert len(at_table.mouth.said) == 2
    at_table.clock.pass_time(3601)
    await at_table.hear("three")
    assert len(at_table.mouth.said) == 3


async def test_a_prompt_that_is_too_long_is_shortened_once(at_table):
    for number in range(12):
        await at_table.hear(f"line {number} " + "blah " * 20, where=CHANNEL)
    at_table.claude.will_say(PromptTooLong("400"), "shorter now")
    await at_table.hear("Pixel?", where=CHANNEL)
    long, short = at_table.claude.prompts
    assert len(short.text) < len(long.text)
    assert "Pixel?" in short.text
    assert at_table.mouth.said == ["shorter now"]
    at_table.claude.will_say(PromptTooLong("400"), PromptTooLong("400"))
    await at_table.hear("Pixel!", where=CHANNEL)
    assert len(at_table.claude.prompts) == 4
    assert at_table.mouth.said[-1] == "*static* say again?"


@pytest.mark.parametrize("nothing", ["Pixel: ", "```\n```", "\u200b", " \n "])
async def test_an_empty_answer_is_not_said(at_table, nothing):
    at_table.claude.will_say(nothing)
    await at_table.hear("hello")
    assert at_table.mouth.said == ["*static* say again?"]


async def test_two_equal_parts_of_a_reply_are_both_said_after_a_fault(at_table):
    at_table.claude.will_say("a" * 1_960 * 3)
    at_table.mouth.will_fail.extend([None, Unsaid("503")])
    await at_table.hear("hello")
    assert len(at_table.mouth.said) == 1
    await at_table.app.finish_replies(lambda _channel: at_table.mouth)
    assert len(at_table.mouth.said) > 1
    assert at_table.mouth.said[0] == at_table.mouth.said[1]
    assert "".join(at_table.mouth.said) == "a" * 1_960 * 3


async def test_a_long_reply_is_said_in_parts_with_nonces_of_their_own(at_table):
    at_table.claude.will_say("word " * 1_000)
    heard = await at_table.hear("tell me everything")
    assert len(at_table.mouth.said) == 3
    assert at_table.mouth.nonces == [f"r{heard.message_id}.{number}" for number in (1, 2, 3)]
    assert all(len(nonce) <= 25 for nonce in at_table.mouth.nonces)
    assert all(len(text) <= 2_000 for text in at_table.mouth.said)


async def test_a_channel_that_refuses_is_left_alone_for_a_while(at_table):
    at_table.mouth.will_fail.append(Unsayable("403"))
    await at_table.hear("hello")
    assert await _log(at_table, DM.channel_id) == ["hello"]
    at_table.clock.pass_time(60)
    await at_table.hear("hello?")
    assert len(at_table.claude.prompts) == 1
    at_table.clock.pass_time(300)
    await at_table.hear("hello??")
    assert at_table.mouth.said == ["Hm."]
    async with at_table.database.read() as db:
        channel = await db.channels.get(DM.channel_id)
    assert channel is not None and channel.unsendable_until is None


@pytest.mark.parametrize("failing", [0, 1, 2])
async def test_a_part_that_fails_for_now_is_said_later_and_only_once(at_table, failing):
    at_table.claude.will_say("word " * 1_000)
    at_table.mouth.will_fail.extend([None] * failing + [Unsaid("503")])
    await at_table.hear("tell me everything")
    assert len(at_table.mouth.said) == failing

    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 1
    assert len(at_table.mouth.said) == 3
    assert len(at_table.mouth.nonces) == 3
    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 0
    assert len(await _log(at_table, DM.channel_id)) == 4


@pytest.mark.parametrize("said", [0, 1, 2])
async def test_a_reply_that_was_not_finished_is_taken_back_where_its_question_is_gone(at_table, said):
    at_table.claude.will_say("word " * 1_000)
    at_table.mouth.will_fail.extend([None] * said + [Unsaid("503")])
    await at_table.hear("tell me everything")

    async def gone(channel_id: int, message_id: int) -> None:
        await at_table.app.message_log.deleted(channel_id, {message_id})

    at_table.app.outbox.look_again = gone
    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 0
    assert at_table.mouth.posted == {}
    assert await _log(at_table, DM.channel_id) == []


async def test_a_reply_refused_half_way_keeps_what_was_said(at_table):
    at_table.claude.will_say("word " * 1_000)
    at_table.mouth.will_fail.extend([None, Unsayable("403")])
    await at_table.hear("tell me everything")
    assert len(await _log(at_table, DM.channel_id)) == 2


async def test_a_reply_that_comes_far_too_late_is_dropped(at_table):
    at_table.mouth.will_fail.append(Unsaid("503"))
    await at_table.hear("hello")
    at_table.clock.pass_time(3_600)

    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 0
    assert at_table.mouth.said == []
    assert await _log(at_table, DM.channel_id) == ["hello"]


async def test_typing_takes_as_long_as_the_reply_needs_and_thinking_counts(tmp_path):
    pace = Pace(characters_per_minute=300, shortest=6.0, longest=15.0, variance=0.0)
    async with table(tmp_path, manner=Manner(pace=pace, burst_quiet=0)) as at:
        at.claude.takes = 4.0
        at.claude.will_say("x" * 50)  # ten seconds of typing, give or take what the mood does to it
        await at.hear("hello")
        assert sum(at.clock.slept) == pytest.approx(6.0, rel=0.05)
        at.claude.takes = 20.0
        at.clock.slept.clear()
        await at.hear("hello")
        assert sum(at.clock.slept) == 0


async def test_the_burst_wait_counts_toward_typing_too(tmp_path):
    pace = Pace(characters_per_minute=300, shortest=6.0, longest=15.0, variance=0.0)
    async with table(tmp_path, manner=Manner(pace=pace, burst_quiet=2.0)) as at:
        await at.hear("hello")
        assert sum(at.clock.slept) == pytest.approx(6.0)


async def test_what_a_crash_left_open_is_taken_up_again(at_table):
    heard = utterance("hello")
    assert await noted(at_table, heard)
    assert await at_table.app.intake.left_open() == [(DM.channel_id, heard.message_id)]
    await at_table.resume(heard)
    await at_table.resume(heard)
    assert at_table.mouth.said == ["Hm."]
    assert await at_table.app.intake.left_open() == []


async def test_while_stopping_messages_are_noted_and_left_for_the_next_start(at_table):
    assert await at_table.app.conversation.close(within=1)
    heard = await at_table.hear("hello")
    assert at_table.mouth.said == []
    assert await at_table.app.intake.left_open() == [(DM.channel_id, heard.message_id)]


async def test_stopping_waits_for_what_is_being_said(at_table):
    release = asyncio.Event()
    at_table.claude.while_thinking = release.wait
    task = asyncio.create_task(at_table.hear("hello"))
    while not at_table.claude.prompts:
        await asyncio.sleep(0)
    closing = asyncio.create_task(at_table.app.conversation.close(within=5))
    await asyncio.sleep(0.02)
    release.set()
    assert await closing
    await task
    assert at_table.mouth.said == ["Hm."]


async def test_what_is_not_finished_in_time_is_broken_off_and_left_for_the_next_start(at_table):
    at_table.claude.while_thinking = asyncio.Event().wait
    task = asyncio.create_task(at_table.hear("hello"))
    while not at_table.claude.prompts:
        await asyncio.sleep(0)
    assert not await at_table.app.conversation.close(within=0.05)
    assert task.cancelled()
    assert at_table.mouth.said == []
    assert len(await at_table.app.intake.left_open()) == 1


async def test_a_full_disk_is_answered_once_an_hour_and_forgotten_when_there_is_room(at_table):
    await at_table.hear("before")
    async with at_table.database._writer.connect() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
        await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    long = "x" * 5_000
    for _ in range(3):
        await at_table.hear(long)
    assert at_table.mouth.said == ["Hm.", "*static* say again?"]
    async with at_table.database._writer.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    await at_table.hear("after")
    assert at_table.mouth.said[-1] == "Hm."
    assert await _log(at_table, DM.channel_id) == ["before", "Hm.", "after", "Hm."]


async def test_the_log_lets_go_after_a_day(at_table):
    await at_table.hear("yesterday", where=CHANNEL)
    at_table.clock.pass_time(24 * 3600 + 60)
    await at_table.hear("today", where=CHANNEL)
    await at_table.app.message_log.prune()
    assert await _log(at_table, CHANNEL.channel_id) == ["today"]


async def test_idle_rooms_take_no_memory(at_table):
    for number in range(50):
        await at_table.hear("hi", where=Where(number, Place.DM))
    assert at_table.app.rooms._rooms == {}


async def test_text_that_no_database_can_hold_is_cleaned_at_the_edge(at_table):
    await at_table.hear("lone \ud83d surrogate and \x00 nul")
    assert len(at_table.mouth.said) == 1
    assert "\x00" not in at_table.claude.prompts[0].text


async def test_a_reply_that_was_said_but_could_not_be_noted_is_noted_later_and_not_said_again(at_table):
    begin, say = at_table.database.begin, at_table.mouth.say

    def full(*, brief=False):
        raise DatabaseFull("no room left")

    async def say_and_fill_the_disk(part, *, to):
        at_table.database.begin = full
        return await say(part, to=to)

    at_table.mouth.say = say_and_fill_the_disk
    await at_table.hear("hello")
    assert at_table.mouth.said == ["Hm."]
    at_table.database.begin = begin

    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 1
    assert at_table.mouth.said == ["Hm."]
    assert await _log(at_table, DM.channel_id) == ["hello", "Hm."]


async def test_what_was_left_open_in_the_terminal_is_not_looked_for_in_discord(at_table):
    assert await noted(at_table, utterance("hello", where=Where(1, Place.TERMINAL)))
    assert await at_table.app.intake.left_open() == []


async def test_what_was_fresh_before_a_crash_is_answered_however_long_the_restart_took(at_table):
    heard = utterance("hello")
    assert await noted(at_table, heard)
    at_table.clock.pass_time(120)
    await at_table.resume(heard)
    assert at_table.mouth.said == ["Hm."]


async def test_two_replies_of_the_same_words_are_both_said_after_a_fault(at_table):
    at_table.claude.will_say("ok", "ok", "ok")
    first = utterance("one")
    second = utterance("two")
    await at_table.app.conversation.take_turn(first, at_table.mouth)
    at_table.mouth.will_fail.append(Unsaid("503"))
    await at_table.app.conversation.take_turn(second, at_table.mouth)
    assert at_table.mouth.said == ["ok"]
    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 1
    assert at_table.mouth.said == ["ok", "ok"]
    assert await _log(at_table, DM.channel_id) == ["one", "ok", "two", "ok"]


async def test_one_reply_that_cannot_be_finished_does_not_hold_up_the_others(at_table):
    at_table.mouth.will_fail.extend([Unsaid("503"), Unsaid("503")])
    await at_table.hear("hello")
    await at_table.hear("Pixel?", where=CHANNEL)

    class Broken(FakeMouth):
        async def say(self, part, *, to):
            raise DatabaseFull("no room")

    broken = Broken()
    mouths = {DM.channel_id: broken, CHANNEL.channel_id: at_table.mouth}
    await at_table.app.finish_replies(mouths.__getitem__)
    assert at_table.mouth.said == ["Hm."]


async def test_saying_that_it_cannot_remember_does_not_take_the_nonce_of_the_reply(at_table):
    begin, heard = at_table.database.begin, utterance("hello")
    times = iter([begin, None])

    def full_at_the_pledge(*, brief=False):
        allowed = next(times)
        if allowed is None:
            raise DatabaseFull("no room left")
        return allowed(brief=brief)

    at_table.database.begin = full_at_the_pledge
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    at_table.database.begin = begin
    await at_table.resume(heard)
    assert at_table.mouth.said == ["*static* say again?", "Hm."]
    assert await _log(at_table, DM.channel_id) == ["hello", "Hm."]


async def test_a_body_that_discord_does_not_take_is_dropped_and_the_channel_is_not_left_alone(at_table):
    at_table.mouth.will_fail.append(Unpostable("400"))
    await at_table.hear("hello")
    await at_table.hear("hello?")
    assert at_table.mouth.said == ["Hm."]
    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 0


async def test_a_prompt_that_cannot_be_shortened_is_not_sent_again(at_table):
    at_table.claude.will_say(PromptTooLong("400"))
    await at_table.hear("hello")
    assert len(at_table.claude.prompts) == 1
    assert at_table.mouth.said == ["*static* say again?"]


async def test_after_a_prompt_was_too_long_the_next_one_begins_where_the_shorter_did(at_table):
    for number in range(12):
        await at_table.hear(f"line {number} " + "blah " * 20, where=CHANNEL)
    at_table.claude.will_say(PromptTooLong("400"), "ok", "ok")
    await at_table.hear("Pixel?", where=CHANNEL)
    await at_table.hear("Pixel!", where=CHANNEL)
    long, short, after = at_table.claude.prompts
    assert "line 0" in long.text
    assert "line 0" not in short.text
    assert "line 0" not in after.text


async def test_words_that_could_not_be_said_are_forgotten_after_a_day(at_table):
    at_table.mouth.will_fail.append(Unsaid("503"))
    await at_table.hear("hello")
    at_table.clock.pass_time(25 * 3600)
    await at_table.app.message_log.prune()
    async with at_table.database.read() as db:
        assert [part.text for part in await db.turns.parts(1)] == [""]


async def test_what_the_bot_said_as_another_character_is_not_the_characters_own(tmp_path):
    async with table(tmp_path) as at:
        await at.hear("hello")
    async with table(tmp_path, character=PIXEL.model_copy(update={"slug": "nyx", "name": "Nyx"})) as at:
        await at.hear("who said that?")
        assert [message.mine for message in at.claude.prompts[0].messages] == [False]
