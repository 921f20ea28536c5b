"""Replies that are seen while they are written: one message each, whole at the end, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.conversation.config import Streaming
from bot.conversation.rethinking import utterance_of
from bot.conversation.types import Part, Utterance
from bot.core.errors import Unpostable, Unsaid, Unsayable
from bot.core.tasks import spawn
from bot.llm.errors import ClaudeTimeout, ClaudeUnavailable
from tests.builders import AT_ONCE, CHANNEL, DM, PIXEL, Table, app_on, table
from tests.fakes import EPOCH, FakeMouth
from tests.support.aloud import Aloud

GAP = 1.0
GROWING = replace(AT_ONCE, streaming=Streaming(enabled=True, gap=GAP))
SOUP = "I like leek soup. It is green and hot, and nobody else here wants any of it. " * 4
MODEL_TALK = "Soup is fine. As an AI language model, I don't have personal preferences about soup."


class GrowingMouth(FakeMouth):
    """Keeps every state that somebody saw, and when it was edited."""

    def __init__(self, at: Callable[[], float]) -> None:
        super().__init__()
        self._at = at
        self.states: list[list[str]] = []
        self.edited_at: list[float] = []
        self.edits_fail: list[Exception] = []

    async def say(self, part: Part, *, to: int) -> int:
        message_id = await super().say(part, to=to)
        self.states.append(self.shown)
        return message_id

    async def edit(self, message_id: int, text: str) -> None:
        if self.edits_fail:
            raise self.edits_fail.pop(0)
        await super().edit(message_id, text)
        self.edited_at.append(self._at())
        self.states.append(self.shown)


@asynccontextmanager
async def seated(tmp_path: Path, **how: Any) -> AsyncIterator[Any]:
    async with table(tmp_path, **{"manner": GROWING, **how}) as at:
        at.mouth = GrowingMouth(at.clock.monotonic)
        at.claude.aloud = Aloud(at.claude)  # type: ignore[attr-defined]
        at.claude.ask = at.claude.aloud.ask  # type: ignore[attr-defined, method-assign]
        at.clock.breath = 0.004
        yield at


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Table]:
    async with seated(tmp_path) as one:
        yield one


def at_word(at: Table, number: int, happens: Callable[[], Any]) -> None:
    at.claude.aloud.at_word[number] = happens  # type: ignore[attr-defined]


async def log_of(at: Table) -> list[str]:
    async with at.database.read() as db:
        return [row.text for row in await db.messages.transcript(DM.channel_id, "pixel", since=EPOCH)]


async def drafts(at: Table) -> int:
    async with at.database.read() as db:
        return len(await db.drafts.of_channel(DM.channel_id)) + len(
            await db.drafts.of_channel(CHANNEL.channel_id)
        )


async def test_a_reply_is_seen_before_it_is_whole_and_is_one_message(at):
    at.claude.will_say(SOUP)
    heard = await at.hear("what soup?")
    assert len(at.mouth.states) > 3
    assert at.mouth.states[0] == ["I like leek soup."]
    assert all(later[0].startswith(earlier[0]) for earlier, later in pairwise(at.mouth.states))
    assert at.mouth.shown == [SOUP.strip()]
    assert at.mouth.nonces == [f"r{heard.message_id}.1"]
    assert await log_of(at) == ["what soup?", SOUP.strip()]
    assert await drafts(at) == 0


@pytest.mark.slow
async def test_two_edits_are_never_closer_than_the_gap(at):
    at.claude.will_say(SOUP * 3)
    await at.hear("what soup?")
    assert len(at.mouth.edited_at) > 3
    assert all(later - earlier >= GAP - 0.001 for earlier, later in pairwise(at.mouth.edited_at))


async def test_after_an_edit_that_was_held_up_the_next_one_waits_for_twice_as_long(at):
    at.claude.will_say(SOUP)
    edit = at.mouth.edit

    async def slowly(message_id, text):
        at.clock.pass_time(2.0)
        await edit(message_id, text)

    at.mouth.edit = slowly
    await at.hear("what soup?")
    assert all(later - earlier >= 2 * GAP for earlier, later in pairwise(at.mouth.edited_at))


async def test_nothing_is_seen_before_a_sentence_or_as_many_characters_as_are_set(at):
    at.claude.will_say("soup " * 40)
    await at.hear("what soup?")
    assert 60 <= len(at.mouth.states[0][0]) < 70


async def test_a_short_reply_is_posted_once_and_nobody_waits_for_typing(tmp_path):
    slow = replace(GROWING, pace=replace(GROWING.pace, shortest=6.0, longest=15.0))
    async with seated(tmp_path, manner=slow) as at:
        at.claude.will_say("Leek soup")
        await at.hear("what soup?")
        assert at.mouth.states == [["Leek soup"]]
        assert max(at.clock.slept, default=0) <= 2 * GAP


@pytest.mark.slow
async def test_a_long_reply_grows_over_several_messages_and_the_earlier_ones_stay(at):
    at.claude.will_say("\n".join(f"{number}. {SOUP}" for number in range(8)))
    await at.hear("what soup?")
    assert len(at.mouth.shown) == 2
    with_both = [state for state in at.mouth.states if len(state) == 2]
    assert {state[0] for state in with_both} == {at.mouth.shown[0]}
    assert (await log_of(at))[1:] == at.mouth.shown


async def test_a_second_answer_takes_the_place_of_the_first_in_the_same_message(at):
    talk = f"{SOUP} {MODEL_TALK}"
    at.claude.will_say("As an AI language model, I can't taste.", "Leek soup is what I like. Really.")
    await at.hear("what soup?")
    assert at.mouth.shown == ["Leek soup is what I like. Really."]
    at.claude.will_say(talk)
    await at.hear("what soup then?")
    assert all("AI language model" not in message for state in at.mouth.states for message in state)


async def test_a_draft_that_was_seen_is_rewritten_once(at):
    echo = "You said it yourself, and I will not say any more about it today. "
    at.claude.will_say(
        echo, "Hm. " + echo + "x " * 3, "Something else entirely, and long enough to be seen by all of you."
    )
    await at.hear("one")
    at.mouth.states.clear()
    await at.hear("two")
    assert at.mouth.shown[-1] == "Something else entirely, and long enough to be seen by all of you."
    assert len(at.mouth.shown) == 2
    assert await drafts(at) == 0


async def test_an_answer_that_breaks_off_behind_a_sentence_is_said_as_far_as_it_went(at):
    at.claude.will_say("I like leek soup. It is green and", ClaudeTimeout("60 s"))
    await at.hear("what soup?")
    assert at.mouth.shown == ["I like leek soup."]
    assert await log_of(at) == ["what soup?", "I like leek soup."]


async def test_an_answer_that_breaks_off_before_a_sentence_is_none(at):
    at.claude.will_say("soup " * 30, ClaudeTimeout("60 s"))
    await at.hear("what soup?")
    assert at.mouth.shown == ["*static* say again?"]
    assert await log_of(at) == ["what soup?"]


async def test_where_a_fault_is_not_told_what_was_seen_is_taken_down(tmp_path):
    async with seated(tmp_path, manner=replace(GROWING, errors="silent")) as at:
        at.claude.will_say("soup " * 30, ClaudeTimeout("60 s"))
        await at.hear("Pixel, what soup?", where=CHANNEL)
        assert at.mouth.states
        assert at.mouth.shown == []
        assert await drafts(at) == 0


async def test_what_is_edited_meanwhile_is_answered_anew_in_the_same_message(at):
    at.claude.will_say(SOUP, "Tea. I like tea, and nothing but tea, at any time of day or night, really.")
    heard = []

    async def edit() -> None:
        (claim,) = await open_claims(at)
        heard.append(claim)
        await at.app.message_log.edited(DM.channel_id, claim, "what tea?")

    at_word(at, 30, edit)
    await at.hear("what soup?")
    assert len(at.mouth.shown) == 1
    assert at.mouth.shown[0].startswith("Tea.")
    assert at.mouth.nonces == [f"r{heard[0]}.1"]


async def open_claims(at: Table) -> list[int]:
    async with at.database.read() as db:
        return [claim.message_id for claim in await db.turns.open_claims(EPOCH, ("dm", "guild"))]


async def test_nothing_is_left_of_an_answer_to_what_was_deleted(at):
    at.claude.will_say(SOUP)

    async def delete() -> None:
        await at.app.message_log.deleted(DM.channel_id, set(await open_claims(at)))

    at_word(at, 30, delete)
    await at.hear("what soup?")
    assert at.mouth.states
    assert at.mouth.shown == []
    assert await log_of(at) == []
    assert await drafts(at) == 0


@pytest.mark.slow
async def test_a_reply_that_somebody_deletes_while_it_is_written_is_not_said(at):
    at.claude.will_say(SOUP * 9)

    async def delete() -> None:
        at.mouth.posted.pop(at.mouth.nonces[0])

    at_word(at, 30, delete)
    heard = await at.hear("what soup?")
    assert at.mouth.shown == []
    assert await log_of(at) == ["what soup?"]
    assert (await at.decided(heard.message_id)).claim.reason == "TAKEN_DOWN"
    assert await drafts(at) == 0


async def test_a_reply_whose_message_was_deleted_at_last_is_not_said_either(at):
    at.claude.will_say(SOUP)

    async def delete() -> None:
        message_id, _ = at.mouth.posted.pop(at.mouth.nonces[0])
        await at.app.message_log.deleted(DM.channel_id, {message_id})

    at_word(at, len(SOUP.split()), delete)
    await at.hear("what soup?")
    assert at.mouth.shown == []
    assert await log_of(at) == ["what soup?"]


async def test_edits_that_fail_for_a_while_cost_no_word(at):
    at.claude.will_say(SOUP)
    at.mouth.edits_fail = [Unsaid("500")] * 3
    await at.hear("what soup?")
    assert at.mouth.shown == [SOUP.strip()]


async def test_the_last_edit_is_made_later_if_it_fails(at):
    at.claude.will_say(SOUP)
    at_word(at, 30, lambda: at.mouth.edits_fail.extend([Unsaid("500")] * 10_000))
    await at.hear("what soup?")
    assert at.mouth.shown != [SOUP.strip()]
    assert await log_of(at) == ["what soup?"]
    at.mouth.edits_fail.clear()
    await at.app.finish_replies(lambda _: at.mouth)
    assert at.mouth.shown == [SOUP.strip()]
    assert await log_of(at) == ["what soup?", SOUP.strip()]


async def test_what_can_not_be_edited_to_its_end_is_taken_down(at):
    at.claude.will_say(SOUP)
    at.mouth.edits_fail = [Unpostable("403")] * 2
    await at.hear("what soup?")
    assert at.mouth.shown == []
    assert await log_of(at) == ["what soup?"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_first_post_whose_answer_is_lost_leaves_one_reply(at, arrived):
    at.claude.will_say(SOUP)
    say, lost = at.mouth.say, list[Part]()

    async def losing(part, *, to):
        if not lost:
            lost.append(part)
            if arrived:
                await say(part, to=to)
            raise Unsaid("503")
        return await say(part, to=to)

    at.mouth.say = losing
    await at.hear("what soup?")
    assert at.mouth.shown == [SOUP.strip()]
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown == [SOUP.strip()]
    assert await log_of(at) == ["what soup?", SOUP.strip()]
    assert await drafts(at) == 0


async def test_a_place_that_can_not_be_written_to_is_left_alone(at):
    at.claude.will_say(SOUP)
    at.mouth.will_fail.extend([Unsayable("403")] * 2)
    await at.hear("what soup?")
    assert at.mouth.shown == []
    assert await drafts(at) == 0


async def test_without_the_setting_a_reply_is_posted_whole(tmp_path):
    async with seated(tmp_path, manner=AT_ONCE) as at:
        at.claude.will_say(SOUP)
        await at.hear("what soup?")
        assert at.mouth.states == [[SOUP.strip()]]


async def test_further_characters_grow_under_their_own_name(tmp_path):
    nyx = PIXEL.model_copy(update={"slug": "nyx", "name": "Nyx", "aliases": ()})
    async with seated(tmp_path, others=[nyx]) as at:
        at.claude.will_say(SOUP)
        await at.hear("Nyx, what soup?", where=CHANNEL)
        assert at.mouth.shown == [SOUP.strip()]
        assert at.mouth.speakers == ["Nyx"]
        assert at.mouth.said == ["I like leek soup."]


# What a stop leaves behind.


async def stopped(at: Table, stage: str, *, text: str = SOUP) -> Utterance:
    """Let the process end at a stage of a reply; return what was answered."""
    walking: list[asyncio.Task[Any]] = []

    def reached(one: str) -> None:
        if one == stage and walking:
            walking.pop().cancel()
            raise asyncio.CancelledError

    app = app_on(at.database, at.claude, at.clock, manner=GROWING, on_stage=reached)
    before, at.app = at.app, app
    at.claude.will_say(text)

    async def walk() -> None:
        walking.append(asyncio.current_task())  # type: ignore[arg-type]
        await at.hear("what soup?", message_id=9_000)

    task = spawn(walk(), name="A walk that is stopped")
    await asyncio.wait([task])
    assert task.cancelled()
    at.app = before
    async with at.database.read() as db:
        line = await db.messages.get(9_000)
    assert line
    return utterance_of(line, DM)


STAGES = ("drafted", "draft_posted", "draft_noted", "edited", "composed", "pledged", "part_posted", "settled")


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
async def test_after_a_stop_at_any_stage_there_is_one_reply_and_it_is_whole(at, stage):
    heard = await stopped(at, stage)
    at.claude.will_say(SOUP.replace("leek", "pea"))
    await at.app.finish_replies(lambda _: at.mouth)
    if await open_claims(at):
        await at.resume(heard)
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    (shown,) = at.mouth.shown
    assert shown in {SOUP.strip(), SOUP.strip().replace("leek", "pea")}
    assert await log_of(at) == ["what soup?", shown]
    assert await drafts(at) == 0


@pytest.mark.parametrize("stage", ["drafted", "draft_posted", "draft_noted", "edited", "composed"])
async def test_after_a_stop_nothing_is_left_of_an_answer_to_what_was_deleted_meanwhile(at, stage):
    heard = await stopped(at, stage)
    await at.app.message_log.deleted(DM.channel_id, {heard.message_id})
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown == []
    assert await drafts(at) == 0


async def test_what_is_left_behind_goes_when_the_answer_would_come_too_late(at):
    await stopped(at, "edited")
    assert at.mouth.shown
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown  # it is still to be answered
    at.clock.pass_time(GROWING.resume_within.total_seconds() + 1)
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown == []
    assert await drafts(at) == 0


async def test_what_can_not_be_taken_down_now_is_taken_down_later(at):
    heard = await stopped(at, "edited")
    await at.app.message_log.deleted(DM.channel_id, {heard.message_id})
    at.mouth.will_fail.append(Unsaid("503"))
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown
    await at.app.drafting.take_down_left(lambda _: at.mouth)
    assert at.mouth.shown == []
    assert await drafts(at) == 0


async def test_a_reply_whose_draft_was_deleted_while_nobody_listened_is_not_said(at):
    heard = await stopped(at, "edited")
    at.mouth.posted.clear()
    at.claude.will_say(SOUP)
    await at.resume(heard)
    assert at.mouth.shown == []


async def test_no_prompt_and_no_history_holds_a_draft(at):
    heard = await stopped(at, "edited", text=SOUP.replace("leek", "secret"))
    at.claude.will_say("Leek soup, I think. Or tea, or nothing at all.")
    await at.resume(heard)
    await at.hear("and then?")
    assert all("secret" not in prompt.text for prompt in at.claude.prompts)
    assert not any("secret" in line for line in await log_of(at))


async def test_an_answer_that_fails_is_asked_for_again_and_seen_from_the_beginning(at):
    at.claude.will_say(ClaudeUnavailable("529"))
    await at.hear("what soup?")
    assert at.mouth.shown == ["*static* say again?"]


@pytest.mark.slow
async def test_what_somebody_deletes_before_the_last_edit_takes_the_rest_of_the_reply_along(at):
    at.claude.will_say("\n".join(f"{number}. {SOUP}" for number in range(8)))

    def pledged(stage: str) -> None:
        if stage == "pledged":
            at.mouth.posted.pop(at.mouth.nonces[-1])

    at.app = app_on(at.database, at.claude, at.clock, manner=GROWING, on_stage=pledged)
    heard = await at.hear("what soup?")
    assert len(at.mouth.nonces) == 2
    assert at.mouth.shown == []
    assert await log_of(at) == ["what soup?"]
    turn = (await at.decided(heard.message_id)).turn
    assert turn is not None
    assert turn.state != "pledged"
