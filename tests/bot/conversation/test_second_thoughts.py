"""What changes between the decision and the reply is still taken in: deletions, edits, denials, calls."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.audit import Actor
from bot.conversation.attention.decide import ASKED_AGAIN_AFTER
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.attention.throttle import Patience, ReplyTally
from bot.conversation.decision import Reason
from bot.conversation.text.typing import Pace
from bot.conversation.types import Utterance
from bot.core.errors import Unsaid
from bot.llm.errors import ClaudeTimeout
from tests.builders import CHANNEL, Table, administration_of, table, utterance
from tests.fakes import EPOCH
from tests.support.votes import ASKING, VOTING

TURNS = replace(VOTING, attention=replace(VOTING.attention, turn=15.0))
CALL = "Tom, then Pixel?"


async def calls_booked(at: Table) -> int:
    async with at.database.read() as db:
        return (await db.calls.spending(since=EPOCH - timedelta(days=1))).calls


async def greet(at: Table) -> None:
    """Let Tom be somebody who is known in the channel."""
    await at.hear("lol", where=CHANNEL, author_id=7, author_name="Tom")


def on_sleep(at: Table, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen once, during the next pause."""
    sleep, left = at.clock.sleep, [happens]

    async def interrupted(seconds: float) -> None:
        if left:
            await asyncio.shield(asyncio.ensure_future(left.pop()()))
        await sleep(seconds)

    at.clock.sleep = interrupted  # type: ignore[method-assign]


def on_thought(at: Table, happens: Callable[[], Awaitable[object]]) -> None:
    """Let something happen once, while the model thinks."""

    async def once() -> None:
        at.claude.while_thinking = None
        await happens()

    at.claude.while_thinking = once


def deleted(at: Table, heard: Utterance) -> Callable[[], Awaitable[object]]:
    return lambda: at.app.message_log.deleted(CHANNEL.channel_id, {heard.message_id})


def edited(at: Table, heard: Utterance, text: str) -> Callable[[], Awaitable[object]]:
    return lambda: at.app.message_log.edited(CHANNEL.channel_id, heard.message_id, text)


# --- Deletions --------------------------------------------------------------------------------------------


async def test_what_is_deleted_while_it_waits_for_its_turn_is_not_answered(tmp_path):
    async with table(tmp_path, manner=TURNS) as at:
        await greet(at)
        heard = utterance(CALL, where=CHANNEL)
        on_sleep(at, deleted(at, heard))
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == []
        assert at.claude.prompts == []
        assert (await at.decided(heard.message_id)).claim.reason == Reason.DELETED.name


async def test_what_is_deleted_while_it_is_voted_on_is_not_answered_and_the_votes_are_booked(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        heard = utterance(ASKING, where=CHANNEL)
        at.claude.will_say("yes", "yes", "reply")
        on_thought(at, deleted(at, heard))
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == []
        kept = await at.decided(heard.message_id)
        assert (kept.claim.reason, kept.turn) == (Reason.DELETED.name, None)
        assert await calls_booked(at) == len(at.claude.questions)


async def test_what_is_deleted_just_before_the_pledge_is_not_answered(at_table):
    heard = utterance("Pixel, oops", where=CHANNEL)
    gone = asyncio.Event()

    async def delete_later() -> None:
        async def delete() -> None:
            await deleted(at_table, heard)()
            gone.set()

        waiting.append(asyncio.create_task(delete()))
        await asyncio.sleep(0)

    waiting: list[asyncio.Task[None]] = []
    on_thought(at_table, delete_later)
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    await gone.wait()
    assert at_table.mouth.said == []
    assert (await at_table.decided(heard.message_id)).turn is None
    assert await calls_booked(at_table) == 1


async def test_what_was_let_go_while_it_was_thought_about_is_not_answered(at_table):
    """The machine slept for a day meanwhile, and the job that lets go of old messages was faster."""
    heard = utterance("Pixel?", where=CHANNEL)

    async def a_day_later() -> None:
        at_table.clock.pass_time(25 * 3_600)
        await at_table.app.message_log.prune()

    on_thought(at_table, a_day_later)
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    assert at_table.mouth.said == []
    kept = await at_table.decided(heard.message_id)
    assert (kept.claim.reason, kept.turn) == (Reason.LATE.name, None)
    assert await calls_booked(at_table) == 1


async def test_a_reply_that_could_not_be_said_is_dropped_when_what_it_answers_is_deleted(at_table):
    at_table.mouth.will_fail.append(Unsaid("503"))
    heard = await at_table.hear("Pixel?", where=CHANNEL)
    await deleted(at_table, heard)()
    assert await at_table.app.finish_replies(lambda _channel: at_table.mouth) == 0
    assert at_table.mouth.said == []


# --- Edits ------------------------------------------------------------------------------------------------


async def test_what_is_edited_while_it_waits_for_its_turn_is_decided_in_its_new_form(tmp_path):
    async with table(tmp_path, manner=TURNS) as at:
        await greet(at)
        heard = utterance(CALL, where=CHANNEL)
        on_sleep(at, edited(at, heard, "Tom, what do you think?"))
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == []
        assert (await at.decided(heard.message_id)).claim.reason == Reason.OTHERS.name


@pytest.mark.parametrize(
    ("text", "reason", "votes"),
    [
        (f"{ASKING} really", Reason.OUTVOTED, 4),
        ("never mind", Reason.CHATTER, 2),
        ("Tom, do you know how to fix this?", Reason.OTHERS, 2),
    ],
)
async def test_what_is_edited_while_it_is_voted_on_is_decided_once_more(tmp_path, text, reason, votes):
    async with table(tmp_path, manner=VOTING) as at:
        await greet(at)
        heard = utterance(ASKING, where=CHANNEL)
        at.claude.will_say("yes", "yes", "no", "no")
        on_thought(at, edited(at, heard, text))
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == []
        assert (await at.decided(heard.message_id)).claim.reason == reason.name
        assert await calls_booked(at) == len(at.claude.questions) == votes


SLOW = replace(VOTING, pace=Pace(shortest=6.0, longest=15.0))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Tom, never mind", Reason.OTHERS),
        ("", Reason.EMPTY),
        ("never mind", None),
        ("Pixel, 3 + 3?", None),
    ],
)
async def test_a_call_that_is_edited_away_while_it_types_is_not_answered(tmp_path, text, reason):
    async with table(tmp_path, manner=SLOW) as at:
        await greet(at)
        heard = utterance("Pixel, 2 + 2?", where=CHANNEL)
        sleep, left = at.clock.sleep, [edited(at, heard, text)]

        async def edit_while_typing(seconds: float) -> None:
            if left and at.claude.prompts:
                await asyncio.shield(asyncio.ensure_future(left.pop()()))
            await sleep(seconds)

        at.clock.sleep = edit_while_typing  # type: ignore[method-assign]
        await at.app.conversation.take_turn(heard, at.mouth)
        kept = await at.decided(heard.message_id)
        assert kept.claim.reason == (reason or Reason.NAME).name
        assert at.mouth.said == ([] if reason else ["Hm."])
        assert await calls_booked(at) == len(at.claude.questions) == (1 if reason else 2)


async def test_an_edit_that_is_being_written_down_is_waited_for_before_the_reply(at_table):
    heard = utterance("Pixel, teh bug?", where=CHANNEL)
    waiting: list[asyncio.Task[object]] = []

    async def edit_later() -> None:
        waiting.append(asyncio.ensure_future(edited(at_table, heard, "Pixel, the bug?")()))
        for _ in range(3):
            await asyncio.sleep(0.01)

    on_thought(at_table, edit_later)
    await at_table.app.conversation.take_turn(heard, at_table.mouth)
    await asyncio.gather(*waiting)
    assert "the bug?" in at_table.claude.prompts[-1].text
    assert at_table.mouth.said == ["Hm."]


async def test_what_was_edited_while_the_bot_was_gone_is_answered_in_its_new_form(tmp_path):
    heard = utterance("Pixel, canary?", where=CHANNEL)
    async with table(tmp_path) as at:
        at.app.rooms.closing = True
        await at.app.conversation.take_turn(heard, at.mouth)
    async with table(tmp_path) as at:
        await at.resume(replace(heard, text="Pixel, the new form?"))
        assert "the new form" in at.claude.prompts[0].text
        assert "canary" not in at.claude.prompts[0].text
        assert at.mouth.said == ["Hm."]


# --- What comes in between ----------------------------------------------------------------------------------


async def test_who_is_denied_while_they_wait_in_the_queue_is_not_answered(at_table):
    late: list[asyncio.Task[None]] = []

    async def deny() -> None:
        heard = utterance("Pixel, me too", where=CHANNEL, author_id=8, author_name="Tom")
        late.append(asyncio.create_task(at_table.app.conversation.take_turn(heard, at_table.mouth)))
        await asyncio.sleep(0.1)
        at_table.clock.pass_time(5)
        administration = administration_of(at_table)
        await administration.set_rule(Actor(1, 600), RuleKind.DENIED_USER, guild_id=700, target_id=8)

    on_thought(at_table, deny)
    await at_table.hear("Pixel?", where=CHANNEL)
    await asyncio.gather(*late)
    assert at_table.mouth.said == ["Hm."]


async def test_a_call_breaks_off_the_vote_and_is_answered_first(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        called, votes = asyncio.Event(), 0

        async def hang() -> None:
            nonlocal votes
            if at.claude.questions[-1].purpose == "vote" and not called.is_set():
                votes += 1
                await asyncio.Event().wait()

        at.claude.while_thinking = hang
        ambient = utterance(ASKING, where=CHANNEL, author_id=7, author_name="Tom")
        slow = asyncio.create_task(at.app.conversation.take_turn(ambient, at.mouth))
        while votes < 2:
            await asyncio.sleep(0.01)
        called.set()
        at.claude.will_say("here I am")
        heard = await at.hear("Pixel, urgent!", where=CHANNEL)
        await slow
        assert at.mouth.said == ["here I am"]
        assert (await at.decided(heard.message_id)).claim.reason == Reason.NAME.name
        assert (await at.decided(ambient.message_id)).claim.reason == Reason.ANSWERED.name


async def test_a_reply_to_somebody_takes_along_what_they_wait_for(tmp_path):
    async with table(tmp_path, manner=TURNS) as at:
        await greet(at)
        first = utterance(CALL, where=CHANNEL)

        async def call_again() -> None:
            await at.hear("Pixel, are you there?", where=CHANNEL)

        on_sleep(at, call_again)
        await at.app.conversation.take_turn(first, at.mouth)
        assert at.mouth.said == ["Hm."]
        assert (await at.decided(first.message_id)).claim.reason == Reason.ANSWERED.name


async def test_of_a_person_and_a_bot_who_call_together_the_person_is_answered(tmp_path):
    async with table(tmp_path, manner=replace(VOTING, burst_quiet=2.0, burst_longest=8.0)) as at:
        at.clock.breath = 0.1
        both = [
            utterance("Pixel?", where=CHANNEL),
            utterance("Pixel?", where=CHANNEL, author_id=7, author_name="Onyx", from_bot=True),
        ]
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in both))
        assert at.mouth.to == [42]


# --- Bounds ------------------------------------------------------------------------------------------------


async def test_a_bot_that_is_always_outvoted_is_voted_on_until_the_energy_is_spent(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        for _ in range(20):
            at.claude.will_say("no", "no")
            await at.hear(ASKING, where=CHANNEL, author_id=7, from_bot=True)
        energy = VOTING.attention.patience.energy
        assert len(at.claude.questions) == 2 * energy
        await at.hear("lol", where=CHANNEL)
        await at.hear(ASKING, where=CHANNEL, author_id=7, from_bot=True)
        assert len(at.claude.questions) == 2 * energy + 2


async def test_answers_to_bots_that_fail_cost_energy_too(tmp_path):
    async with table(tmp_path, manner=replace(VOTING, errors="silent")) as at:
        for _ in range(20):
            at.claude.will_say(ClaudeTimeout("slow"))
            await at.hear("Pixel?", where=CHANNEL, author_id=7, from_bot=True)
        assert len(at.claude.questions) == VOTING.attention.patience.energy


async def test_the_threads_of_a_channel_share_its_energy(tmp_path):
    patience = Patience(threshold=100, cooldown=0.0, energy=5)
    manner = replace(VOTING, attention=replace(VOTING.attention, patience=patience))
    async with table(tmp_path, manner=manner) as at:
        for number in range(10):
            thread = replace(CHANNEL, channel_id=6_000 + number, parent_id=CHANNEL.channel_id)
            await at.hear("Pixel?", where=thread, author_id=7 + number, from_bot=True)
        assert len(at.mouth.said) == 5


async def test_all_bots_of_a_channel_share_its_energy(tmp_path):
    patience = Patience(threshold=2, cooldown=0.0, energy=5)
    manner = replace(VOTING, attention=replace(VOTING.attention, patience=patience))
    async with table(tmp_path, manner=manner) as at:
        for number in range(12):
            await at.hear("Pixel?", where=CHANNEL, author_id=7 + number % 6, from_bot=True)
        assert len(at.mouth.said) == 5


async def test_a_flood_of_doubtful_messages_asks_who_is_meant_now_and_then_only(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        burst = [utterance(f"Kira, what do you think about {n}?", where=CHANNEL) for n in range(20)]
        begun = at.clock.monotonic()
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in burst))
        asked = [one for one in at.claude.questions if one.purpose == "addressees"]
        assert 1 <= len(asked) <= 1 + (at.clock.monotonic() - begun) // ASKED_AGAIN_AFTER < len(burst)


@pytest.mark.parametrize(("since", "left"), [(0, 15.0), (10, 5.0), (15, 0.0), (-3600, 0.0)])
def test_a_clock_that_was_set_back_makes_nobody_wait(since, left):
    tally = ReplyTally(last=EPOCH)
    assert tally.cooldown_left(Patience(cooldown=15.0), EPOCH + timedelta(seconds=since)) == left


@pytest.mark.slow
async def test_what_scrolled_out_of_sight_while_it_waited_is_still_before_what_was_said_since(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        at.clock.breath = 0.02
        await at.hear("Pixel?", where=CHANNEL, author_id=7, from_bot=True)

        async def go_on() -> None:
            for number in range(55):
                await at.hear("lol", where=CHANNEL, author_id=100 + number)
            await at.hear("Pixel, you?", where=CHANNEL)

        on_sleep(at, go_on)
        heard = await at.hear("Pixel, again?", where=CHANNEL, author_id=7, from_bot=True)
        assert len(at.mouth.said) == 2
        assert (await at.decided(heard.message_id)).claim.reason == Reason.ANSWERED.name


async def test_what_was_left_open_for_a_day_is_let_go(at_table):
    at_table.app.rooms.closing = True
    heard = await at_table.hear("Pixel?", where=CHANNEL)
    at_table.clock.pass_time(25 * 3600)
    await at_table.app.message_log.prune()
    kept = await at_table.decided(heard.message_id)
    assert (kept.claim.open, kept.claim.reason) == (False, Reason.LATE.name)
