"""A call without Discord: turns of speech, answers that are spoken, and people who speak in between."""

import asyncio

import pytest

from bot.conversation.decision import Reason
from bot.conversation.types import Part
from bot.features.speech.call import LONGEST_TURN
from tests.builders import noted, outcome, utterance
from tests.fakes import FakeClock
from tests.support.calls import MIRA, TOM, VOICE_CHANNEL, called, until


async def test_somebody_who_is_alone_with_the_character_is_answered_aloud_and_in_the_chat(tmp_path):
    async with called(tmp_path) as call:
        call.claude.will_say("Fine, thanks. And you?")
        await call.says("how are you?")
        assert call.transcript.noted == [(MIRA, "how are you?")]
        assert call.engine.spoken == ["Fine, thanks.", "And you?"]
        assert call.player.sounded == 40
        assert call.chat.said == ["Fine, thanks. And you?"]
        assert await call.log() == ["how are you?", "Fine, thanks. And you?"]


async def test_why_says_that_they_were_alone_in_the_call(tmp_path):
    async with called(tmp_path) as call:
        await call.says("how are you?")
        decided = await outcome(call.at.database, 2_000_000)
        assert decided.claim.reason == Reason.CALL.name
        assert decided.turn is not None


async def test_among_others_a_name_is_answered_and_talk_is_not(tmp_path):
    async with called(tmp_path) as call:
        call.transcript.alone = False
        await call.says("I was late for the bus again", TOM)
        assert call.engine.spoken == []
        await call.says("Pixel, did you hear that?")
        assert call.engine.spoken == ["Hm."]
        assert "late for the bus" in call.claude.prompts[-1].text


async def test_a_cough_is_neither_written_down_nor_answered(tmp_path):
    async with called(tmp_path) as call:
        await call.says("")
        assert (call.transcript.noted, call.claude.prompts, await call.log()) == ([], [], [])


async def test_who_goes_on_after_a_short_pause_says_one_thing(tmp_path):
    async with called(tmp_path) as call:
        call.at.clock.breath = 0.2
        call.call.began(MIRA)
        call.call.ended(MIRA, b"what do you")
        await until(lambda: call.ear.heard)
        call.call.began(MIRA)
        await call.says(" think of it?")
        assert call.transcript.noted == [(MIRA, "what do you think of it?")]


async def test_a_turn_that_lasts_too_long_is_taken_as_it_is(tmp_path):
    async with called(tmp_path) as call:
        call.at.clock.breath = 30.0
        await call.says(" " * LONGEST_TURN + "so it goes")
        assert call.transcript.noted == [(MIRA, "so it goes")]


async def test_a_sentence_is_spoken_while_the_next_is_still_written(tmp_path):
    async with called(tmp_path) as call:
        call.claude.will_say("One is here. Two is there. Three.")
        go_on = call.claude.hold_before("there.")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await call.claude.holding.wait()
        await until(lambda: call.player.sounded == 30)
        assert call.engine.spoken == ["One is here."]
        assert call.chat.said == []
        go_on.set()
        await call.quiet()
        assert call.engine.spoken == ["One is here.", "Two is there.", "Three."]


async def test_who_speaks_in_between_is_heard_and_history_holds_only_what_was_spoken(tmp_path):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("One two. Three four. Five six.", "Go on.")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await until(lambda: len(call.engine.spoken) == 3)
        await call.hears(30)
        call.call.began(MIRA)
        assert call.player.stops == 1
        await until(lambda: call.chat.said and not call.call._walks)
        assert call.chat.said == ["One two. Three—"]
        await call.keeps("count!", "One two. Three—")
        call.player.by_itself = True
        call.call.ended(MIRA, b"no, stop")
        await call.quiet()
        assert await call.log() == ["count!", "One two. Three—", "no, stop", "Go on."]


async def test_an_answer_that_is_still_written_is_broken_off_and_what_was_heard_is_kept(tmp_path):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("One two. Three four. Five six. Seven eight.")
        go_on = call.claude.hold_before("Seven")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await call.claude.holding.wait()
        await until(lambda: call.engine.spoken)
        await until(lambda: call.player.playback and call.player.started)
        await call.hears(20)
        call.call.began(TOM)
        go_on.set()
        await until(lambda: call.chat.said)
        assert call.chat.said == ["One two."]
        await call.keeps("count!", "One two.")
        assert "Seven eight." not in call.engine.spoken


async def test_who_is_broken_off_before_a_word_was_heard_is_answered_with_what_came_then(tmp_path):
    async with called(tmp_path) as call:
        call.claude.will_say("never heard", "Both at once.")
        call.claude.hold_before("never")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"what is the time,")
        await call.claude.holding.wait()
        await call.says("and the weather?")
        assert call.engine.spoken == ["Both at once."]
        assert await call.log() == ["what is the time,", "and the weather?", "Both at once."]
        for message_id in (2_000_000, 2_000_001):
            assert not (await outcome(call.at.database, message_id)).claim.open


async def test_a_cough_that_breaks_a_thought_off_costs_nobody_the_answer(tmp_path):
    async with called(tmp_path) as call:
        call.claude.will_say("never heard", "It is noon.")
        call.claude.hold_before("never")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"what is the time?")
        await call.claude.holding.wait()
        await call.says("", TOM)
        assert call.chat.said == ["It is noon."]


async def test_two_who_speak_at_once_get_one_answer(tmp_path):
    async with called(tmp_path) as call:
        call.transcript.alone = False
        call.call.began(MIRA)
        call.call.began(TOM)
        call.call.ended(MIRA, b"Pixel, are you there?")
        await until(lambda: call.transcript.noted)
        assert call.claude.prompts == []
        call.call.ended(TOM, b"Pixel, say something!")
        await call.quiet()
        assert call.chat.said == ["Hm."]
        assert await call.log() == ["Pixel, are you there?", "Pixel, say something!", "Hm."]


async def test_who_withdraws_in_the_middle_of_a_sentence_is_not_written_down(tmp_path):
    async with called(tmp_path) as call:
        call.call.began(MIRA)
        call.call.forget(MIRA)
        call.call.ended(MIRA, b"my secret")
        await call.quiet()
        call.at.clock.breath = 0.2
        call.call.began(MIRA)
        call.call.ended(MIRA, b"my other secret")
        await until(lambda: call.ear.heard)
        call.call.forget(MIRA)
        await call.quiet()
        assert (call.transcript.noted, await call.log()) == ([], [])


@pytest.mark.slow
async def test_a_reply_that_is_asked_for_again_before_it_was_heard_is_spoken_once(tmp_path):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("As an AI language model I can't. Sorry.", "Ask the cat.")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"who did it?")
        await until(lambda: "Ask the cat." in call.engine.spoken)
        await call.hears(30)
        await call.quiet()
        assert call.player.sounded == 30
        assert await call.log() == ["who did it?", "Ask the cat."]


async def test_of_a_reply_that_is_asked_for_again_what_was_heard_stands_and_no_flaw_is_spoken(tmp_path):
    async with called(tmp_path) as call:
        call.claude.will_say("I see. As an AI language model I can't.", "Ask the cat.")
        go_on = call.claude.hold_before("model")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"who did it?")
        await until(lambda: call.player.sounded == 20)
        go_on.set()
        await call.quiet()
        assert call.engine.spoken == ["I see."]
        assert await call.log() == ["who did it?", "I see."]


async def test_who_speaks_just_before_a_flawed_reply_is_asked_for_again_ends_it_with_what_was_heard(
    tmp_path, monkeypatch
):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("One two. As an AI language model I can't.", "Three four.")
        ask = call.claude.ask

        async def interrupted(prompt, question):
            answer = await ask(prompt, question)
            if len(call.claude.prompts) == 1:
                await until(lambda: call.player.started)
                call.player.wind(20)
                call.call.began(TOM)
            return answer

        monkeypatch.setattr(call.claude, "ask", interrupted)
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await until(lambda: call.claude.prompts and not call.call._walks)
        assert await call.log() == ["count!", "One two."]
        assert call.engine.spoken == ["One two."]


async def test_what_can_not_be_spoken_is_written(tmp_path):
    async with called(tmp_path) as call:
        call.engine.fails = True
        await call.says("how are you?")
        assert (call.player.started, call.chat.said) == (0, ["Hm."])
        assert await call.log() == ["how are you?", "Hm."]


async def test_without_a_transcript_nothing_is_posted_and_everything_is_in_the_log(tmp_path):
    async with called(tmp_path, posts=False) as call:
        await call.says("how are you?")
        assert call.chat.said == []
        assert await call.log() == ["how are you?", "Hm."]


async def test_no_time_is_waited_for_typing_or_a_burst(tmp_path):
    async with called(tmp_path) as call:
        await call.says("how are you?")
        assert call.at.clock.slept == [pytest.approx(0.3)]
        assert isinstance(call.at.clock, FakeClock)


async def test_the_end_of_a_call_keeps_what_was_heard_and_lets_the_ear_go(tmp_path):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("One two. Three four.")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await until(lambda: len(call.engine.spoken) == 2)
        await call.hears(20)
        await call.call.close()
        assert call.ear.closed
        assert await call.log() == ["count!", "One two."]


async def test_the_channel_of_the_call_is_the_one_in_which_it_is_written_down(tmp_path):
    async with called(tmp_path) as call:
        await call.says("how are you?")
        decided = await outcome(call.at.database, 2_000_000)
        assert decided.claim.channel_id == VOICE_CHANNEL.channel_id
        await asyncio.sleep(0)


# What a crash leaves behind.


async def heard_and_no_more(call, message_id: int):
    """Let something be said aloud and noted, as if the process had ended then."""
    heard = utterance(
        "count!", where=VOICE_CHANNEL, message_id=message_id, sent_at=call.at.clock.now(), aloud=True
    )
    assert await noted(call.at, heard)
    return heard


async def test_what_a_crash_left_unanswered_in_a_call_is_closed_and_not_answered_by_text(tmp_path):
    async with called(tmp_path) as call:
        await heard_and_no_more(call, 2_000_000)
        assert await call.at.app.intake.left_open() == []
        await call.at.app.callers.hung_up()
        decided = await outcome(call.at.database, 2_000_000)
        assert (decided.claim.open, decided.claim.reason) == (False, Reason.CALL_ENDED.name)


@pytest.mark.parametrize("posted", [False, True])
async def test_a_reply_that_a_crash_cut_is_not_said_again_and_only_what_was_posted_is_history(
    tmp_path, posted
):
    async with called(tmp_path, by_itself=False) as call:
        call.claude.will_say("One two. Three four.")
        call.call.began(MIRA)
        call.call.ended(MIRA, b"count!")
        await until(lambda: "pledged" in call.at.stages and len(call.engine.spoken) == 2)
        walks = [*call.call._walks._tasks]
        for walk in walks:
            walk.cancel()  # as good as killed: it is in the middle of a sentence
        await asyncio.wait(walks)
        if posted:
            part = Part(1, "One two. Three four.", "r2000000.1")
            call.at.mouth.posted[part.nonce] = (2_000_005, part.text)
        assert await call.at.app.finish_replies(lambda _: call.at.mouth) == 0
        assert call.at.mouth.said == []
        assert await call.log() == ["count!", *(["One two. Three four."] if posted else [])]
