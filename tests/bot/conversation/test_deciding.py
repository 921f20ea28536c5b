"""From the decision to the reply: votes, bursts, edits, faults and house rules on the walk (C12-C19)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import text as sql

from bot.audit import Actor, AuditLog
from bot.conversation.attention.server_rules import RuleKind
from bot.conversation.config import Manner
from bot.conversation.decision import Reason
from bot.conversation.text.typing import Pace
from bot.core import i18n
from bot.core.errors import Unsayable
from bot.llm.errors import ClaudeDenied, ClaudeTimeout
from memory.places import Where
from tests.builders import AT_ONCE, CHANNEL, DM, Table, administration_of, table, utterance
from tests.fakes import EPOCH
from tests.support.votes import ASKING, VOTING


async def logged(at: Table, where: Where = CHANNEL) -> list[str]:
    async with at.database.read() as db:
        rows = await db.messages.transcript(where.channel_id, "pixel", since=EPOCH - timedelta(days=1))
    return [row.text for row in rows]


def purposes(at: Table) -> list[str]:
    return [question.purpose for question in at.claude.questions]


@pytest.fixture
async def voting(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        yield at


async def test_what_most_votes_are_for_is_answered(voting):
    voting.claude.will_say("yes", "Yes.", "try turning it off")
    heard = await voting.hear(ASKING, where=CHANNEL)
    assert voting.mouth.said == ["try turning it off"]
    assert purposes(voting) == ["vote", "vote", "reply"]
    kept = await voting.decided(heard.message_id)
    assert kept.claim.reason == Reason.VOTE.name
    assert kept.trace.votes == ("yes", "yes")
    assert kept.trace.cost == pytest.approx(0.002)
    assert kept.turn is not None
    assert kept.turn.reason == Reason.VOTE.name


@pytest.mark.parametrize(
    "votes",
    [
        ["no", "no"],
        ["yes", "no", "no"],
        ["yes, because", "yes", ""],
        ["", ""],
        ["answer yes", "yes", "no"],
        ["yes", "no", ClaudeTimeout("slow")],
    ],
)
async def test_without_a_majority_nothing_is_said_and_the_main_model_is_not_asked(voting, votes):
    voting.claude.will_say(*votes)
    heard = await voting.hear(ASKING, where=CHANNEL)
    assert voting.mouth.said == []
    assert purposes(voting) == ["vote"] * len(votes)
    kept = await voting.decided(heard.message_id)
    assert (kept.claim.reason, kept.turn) == (Reason.OUTVOTED.name, None)
    async with voting.database.read() as db:
        assert (await db.calls.spending(since=EPOCH)).calls == len(votes)


async def test_a_vote_in_which_nobody_answered_is_told_apart_from_one_that_was_lost(voting):
    voting.claude.will_say(ClaudeTimeout("slow"), ClaudeTimeout("slow"))
    heard = await voting.hear(ASKING, where=CHANNEL)
    assert voting.mouth.said == []
    assert (await voting.decided(heard.message_id)).claim.reason == Reason.NO_VOTE.name


@pytest.mark.parametrize("changes", [{"where": DM}, {"where": CHANNEL, "mentions_me": True}])
async def test_dms_and_direct_triggers_never_vote(voting, changes):
    await voting.hear(ASKING, **changes)
    assert purposes(voting) == ["reply"]


async def test_a_burst_is_voted_on_once_and_answered_once(tmp_path):
    async with table(tmp_path, manner=replace(VOTING, burst_quiet=2.0, burst_longest=8.0)) as at:
        at.clock.breath = 0.1
        at.claude.will_say("yes", "yes", "one answer")
        burst = [utterance(f"{ASKING} {number}", where=CHANNEL) for number in range(4)]
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in burst))
        assert at.mouth.said == ["one answer"]
        assert purposes(at) == ["vote", "vote", "reply"]
        for one in burst:
            kept = await at.decided(one.message_id)
            assert (kept.claim.reason, kept.turn is not None) == (Reason.VOTE.name, True)
        async with at.database.read() as db:
            assert (await db.calls.spending(since=EPOCH)).calls == 3


async def test_what_is_said_beside_a_call_is_read_with_it_and_not_voted_on(tmp_path):
    async with table(tmp_path, manner=replace(VOTING, burst_quiet=2.0, burst_longest=8.0)) as at:
        at.clock.breath = 0.1
        mine = utterance("Pixel, are you there?", where=CHANNEL)
        more = utterance(ASKING, where=CHANNEL)
        toms = utterance(ASKING, where=CHANNEL, author_id=7, author_name="Tom")
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in (mine, more, toms)))
        assert purposes(at) == ["reply"]
        assert at.mouth.to == [42]
        reasons = [(await at.decided(one.message_id)).claim.reason for one in (mine, more, toms)]
        assert reasons == [Reason.NAME.name, Reason.NAME.name, Reason.ANSWERED.name]


async def test_somebody_else_who_is_addressed_is_left_to_answer(voting):
    await voting.hear("lol", where=CHANNEL, author_id=7, author_name="Alice")
    heard = await voting.hear("Alice, what do you think?", where=CHANNEL)
    assert voting.claude.prompts == []
    kept = await voting.decided(heard.message_id)
    assert kept.claim.reason == Reason.OTHERS.name
    assert kept.trace.addressees == (7,)


async def test_another_bot_is_put_to_the_vote_and_counted(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        for _ in range(3):
            at.claude.will_say("yes", "yes", "hm")
            at.clock.pass_time(20)
            await at.hear(ASKING, where=CHANNEL, author_id=7, from_bot=True)
        assert at.mouth.said == ["hm"] * 3
        heard = await at.hear(ASKING, where=CHANNEL, author_id=7, from_bot=True)
        assert (await at.decided(heard.message_id)).claim.reason == Reason.THRESHOLD.name


# --- Edits and deletions before the reply was sent -------------------------------------------------------


def typing(at: Table, meanwhile) -> None:
    """Let something happen once, while the character types its answer."""
    sleep, left = at.clock.sleep, [meanwhile]

    async def interrupted(seconds: float) -> None:
        if left and at.claude.prompts:
            await asyncio.shield(asyncio.create_task(left.pop()()))
        await sleep(seconds)

    at.clock.sleep = interrupted  # type: ignore[method-assign]


SLOW = replace(AT_ONCE, pace=Pace(shortest=6.0, longest=15.0))


async def test_an_edit_while_it_types_is_answered_in_its_new_form(tmp_path):
    async with table(tmp_path, manner=SLOW) as at:
        heard = utterance("Pixel, teh bug?", where=CHANNEL)
        at.claude.will_say("what is teh?", "ah, the bug")
        typing(
            at,
            lambda: at.app.message_log.edited(CHANNEL.channel_id, heard.message_id, "Pixel, the bug?"),
        )
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == ["ah, the bug"]
        assert "teh bug" not in at.claude.prompts[-1].text
        assert await logged(at) == ["Pixel, the bug?", "ah, the bug"]
        async with at.database.read() as db:
            assert (await db.calls.spending(since=EPOCH)).calls == 2


async def test_somebody_who_edits_for_ever_is_answered_after_three_tries(tmp_path):
    async with table(tmp_path, manner=SLOW) as at:
        heard = utterance("Pixel, 0?", where=CHANNEL)
        sleep, numbers = at.clock.sleep, count(1)

        async def edit(seconds: float) -> None:
            text = f"Pixel, {next(numbers)}?"
            edited = at.app.message_log.edited(CHANNEL.channel_id, heard.message_id, text)
            await asyncio.shield(asyncio.create_task(edited))
            await sleep(seconds)

        at.clock.sleep = edit  # type: ignore[method-assign]
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == ["Hm."]
        assert len(at.claude.prompts) == 3


async def test_a_trigger_deleted_while_it_types_is_not_answered_and_what_was_spent_is_booked(tmp_path):
    async with table(tmp_path, manner=SLOW) as at:
        heard = utterance("Pixel, oops", where=CHANNEL)
        typing(at, lambda: at.app.message_log.deleted(CHANNEL.channel_id, {heard.message_id}))
        await at.app.conversation.take_turn(heard, at.mouth)
        assert at.mouth.said == []
        assert await logged(at) == []
        kept = await at.decided(heard.message_id)
        assert (kept.claim.reason, kept.claim.open, kept.turn) == (Reason.DELETED.name, False, None)
        async with at.database.read() as db:
            assert (await db.calls.spending(since=EPOCH)).calls == 1


async def test_of_two_messages_the_one_that_stays_is_answered(tmp_path):
    async with table(tmp_path, manner=replace(SLOW, burst_quiet=2.0, burst_longest=8.0)) as at:
        at.clock.breath = 0.1
        kept, gone = utterance("Pixel, kept", where=CHANNEL), utterance("Pixel, gone", where=CHANNEL)
        typing(at, lambda: at.app.message_log.deleted(CHANNEL.channel_id, {gone.message_id}))
        await asyncio.gather(*(at.app.conversation.take_turn(one, at.mouth) for one in (kept, gone)))
        assert at.mouth.said == ["Hm."]
        assert "gone" not in at.claude.prompts[-1].text
        assert (await at.decided(kept.message_id)).turn is not None
        assert (await at.decided(gone.message_id)).claim.reason == Reason.DELETED.name


# --- What is shown when thinking fails (C19) ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "said", "reactions"), [("reply", 1, 0), ("react", 0, 1), ("silent", 0, 0)]
)
async def test_a_fault_shows_at_most_once_per_channel_and_hour_in_a_server(tmp_path, errors, said, reactions):
    async with table(tmp_path, manner=replace(AT_ONCE, errors=errors)) as at:
        at.claude.will_say(*[ClaudeTimeout("slow")] * 3)
        for _ in range(3):
            heard = await at.hear("Pixel?", where=CHANNEL)
        assert (len(at.mouth.said), len(at.mouth.reactions)) == (said, reactions)
        assert await logged(at) == ["Pixel?"] * 3
        assert (await at.decided(heard.message_id)).claim.reason == Reason.NO_ANSWER.name
        at.clock.pass_time(3601)
        at.claude.will_say(ClaudeTimeout("slow"))
        await at.hear("Pixel?", where=CHANNEL)
        assert (len(at.mouth.said), len(at.mouth.reactions)) == (2 * said, 2 * reactions)


async def test_three_who_fail_on_one_message_show_one_sign_together(at_table):
    etiquette, heard = at_table.app.conversation._courtesy._faults, utterance("you all?", where=CHANNEL)
    assert [etiquette.signal(heard, lasting=False) for _ in range(3)] == ["reply", "silent", "silent"]


async def test_who_did_not_ask_sees_no_fault(voting):
    voting.claude.will_say("yes", "yes", ClaudeTimeout("slow"))
    await voting.hear(ASKING, where=CHANNEL)
    assert voting.mouth.said == []
    voting.claude.will_say(ClaudeTimeout("slow"))
    await voting.hear("Pixel?", where=CHANNEL)
    assert len(voting.mouth.said) == 1


async def test_a_person_alone_with_it_always_learns_of_a_fault(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, errors="silent")) as at:
        at.claude.will_say(ClaudeTimeout("slow"), ClaudeTimeout("slow"))
        await at.hear("hello?")
        await at.hear("hello??")
        assert len(at.mouth.said) == 2


async def test_a_lasting_fault_is_told_once_an_hour_in_private_too(tmp_path):
    async with table(tmp_path) as at:
        at.claude.will_say(*[ClaudeDenied("401")] * 3)
        await at.hear("hello?")
        await at.hear("hello??")
        assert len(at.mouth.said) == 1
        at.clock.pass_time(3601)
        await at.hear("hello???")
        assert len(at.mouth.said) == 2


async def test_a_lasting_fault_is_told_to_each_person_once_an_hour_in_a_server(tmp_path):
    async with table(tmp_path) as at:
        at.claude.will_say(*[ClaudeDenied("401")] * 9)
        for _ in range(2):
            for person in (7, 8, 9):
                await at.hear("Pixel?", where=CHANNEL, author_id=person, author_name=f"Person {person}")
        assert len(at.mouth.said) == 3
        assert at.mouth.to == [7, 8, 9]
        at.clock.pass_time(3601)
        await at.hear("Pixel?", where=CHANNEL, author_id=8)
        assert len(at.mouth.said) == 4


async def test_a_reaction_that_is_refused_ends_nothing(tmp_path):
    async with table(tmp_path, manner=replace(AT_ONCE, errors="react")) as at:
        at.claude.will_say(ClaudeTimeout("slow"))
        at.mouth.will_fail.append(Unsayable("no permission"))
        heard = await at.hear("Pixel?", where=CHANNEL)
        assert (await at.decided(heard.message_id)).claim.reason == Reason.NO_ANSWER.name
        await at.hear("Pixel, again?", where=CHANNEL)
        assert at.mouth.said == ["Hm."]


# --- House rules, premium ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target", "changes"),
    [
        (RuleKind.ACTIVE, 600, {}),
        (RuleKind.ACTIVE, 0, {}),
        (RuleKind.DENIED_USER, 42, {}),
        (RuleKind.DENIED_ROLE, 9, {"author_roles": (9,)}),
    ],
)
async def test_what_is_forbidden_is_neither_kept_nor_sent_to_claude(at_table, kind, target, changes):
    async with at_table.database.begin() as db:
        await db.channels.lay_down_rule(700, kind, target, 0.0)
    heard = await at_table.hear("Pixel, canary", where=CHANNEL, mentions_me=True, **changes)
    async with at_table.database.begin() as db:
        await db.channels.lift_rule(700, kind, target)
        for name in ("messages", "users", "nicknames"):
            assert await db.users._session.scalar(sql(f"SELECT count(*) FROM {name}")) == 0
    await at_table.hear("Pixel, what did I say?", where=CHANNEL, author_id=8, author_name="Tom")
    assert len(at_table.mouth.said) == 1
    assert all("canary" not in prompt.text for prompt in at_table.claude.prompts)
    kept = await at_table.decided(heard.message_id)
    assert kept.turn is None
    assert kept.claim.reason in (Reason.INACTIVE.name, Reason.DENIED_USER.name, Reason.DENIED_ROLE.name)


async def test_what_somebody_said_before_they_were_denied_does_not_reach_claude_either(at_table):
    await at_table.hear("canary in the channel", where=CHANNEL)
    await at_table.hear("canary in private")
    await at_table.hear("something else", where=CHANNEL, author_id=8, author_name="Tom")
    administration = administration_of(at_table)
    await administration.set_rule(Actor(1, 600), RuleKind.DENIED_USER, guild_id=700, target_id=42)
    await at_table.hear("Pixel, what was said?", where=CHANNEL, author_id=8, author_name="Tom")
    assert "something else" in at_table.claude.prompts[-1].text
    assert "canary" not in at_table.claude.prompts[-1].text
    assert await logged(at_table, DM) == ["canary in private", "Hm."]
    await administration.set_rule(Actor(1, 600), RuleKind.DENIED_USER, guild_id=0, target_id=42)
    assert await logged(at_table, DM) == ["Hm."]
    audit = AuditLog(at_table.database, at_table.clock)
    assert [one.guild_id for one in await audit.latest()] == [0, 700]
    assert [one.detail for one in await audit.latest([700])] == ["42: 0"]


async def test_a_premium_member_is_answered_by_the_premium_model(at_table):
    composer = at_table.app.conversation._replies._answering._composer
    composer._voice = replace(composer._voice, premium_model="claude-opus-5-5")
    await at_table.hear("hello")
    async with at_table.database.begin() as db:
        assert await db.users.toggle_premium(42) is True
    await at_table.hear("hello")
    async with at_table.database.begin() as db:
        assert await db.users.toggle_premium(42) is False
    await at_table.hear("hello")
    models = [question.model for question in at_table.claude.questions]
    assert models == ["claude-sonnet-5-5", "claude-opus-5-5", "claude-sonnet-5-5"]


async def for_ever(seconds: float) -> None:
    await asyncio.Event().wait()


@pytest.mark.slow
async def test_a_message_that_waits_its_turn_is_decided_after_a_restart(tmp_path):
    turns = replace(AT_ONCE, attention=replace(AT_ONCE.attention, turn=15.0))
    heard = utterance("Tom, then Pixel?", where=CHANNEL)
    async with table(tmp_path, manner=turns) as at:
        await at.hear("good morning to you all", where=CHANNEL, author_id=7, author_name="Tom")
        at.clock.sleep = for_ever  # type: ignore[method-assign]
        walk = asyncio.create_task(at.app.conversation.take_turn(heard, at.mouth))
        while not at.app.conversation._attention._deciding.turns._awaited:
            await asyncio.sleep(0.01)
        await at.app.conversation.close(within=1.0)
        assert walk.done()
        assert at.mouth.said == []
    async with table(tmp_path, manner=turns) as at:
        assert await at.app.intake.left_open() == [(CHANNEL.channel_id, heard.message_id)]
        await at.resume(heard)
        assert at.mouth.said == ["Hm."]


def test_the_default_manner_waits_for_nobody_and_never_votes():
    assert Manner(pace=Pace()).attention.voters.count == 0


async def test_the_log_says_in_english_why_it_replies_whoever_is_answered(at_table, caplog):
    with caplog.at_level("INFO", logger="bot.conversation.reply"), i18n.speaking("de"):
        await at_table.hear("Pixel?", where=CHANNEL)
    assert "pixel replies in channel 600 because: called by name" in caplog.text
