"""Speaking first, checking in and asking back: real database, scripted Claude (C79, C83, F112-F116)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.conversation.attention.server_rules import RuleKind as Rule
from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness, Curiosity, Manner
from bot.conversation.proactive import unpinged
from bot.conversation.types import Part
from bot.core.errors import Unsayable
from bot.features.inner_life.days import Days
from bot.llm.budget import Limits
from bot.llm.errors import ClaudeUnavailable
from bot.settings.allowance import Allowance, Amount
from database.models import Archived, MessageRow, Remark, Turn
from database.repositories.states import status_key
from memory.places import Where
from personas.affect.temperament import DayMood
from personas.initiative import TICK, InitiativeBounds, QuietHours, RemarkKind, slot_of
from personas.rhythm import PAUSE, hour_of
from tests.builders import AT_ONCE, CHANNEL, DM, Table, table
from tests.company import company, stagecraft
from tests.fakes import EPOCH, FakeMouth
from tests.support.speaking_first import (
    ALWAYS,
    MIRA,
    MUSING,
    TOM,
    agree,
    let,
    lively,
    look,
    remarks,
    say,
    tick,
)


async def turn_of(at: Table, remark: Remark) -> Turn:
    assert remark.why is not None
    async with at.database.read() as db:
        turn = await db.turns.get(remark.why["turn"])
    assert turn is not None
    return turn


class Killed(BaseException):
    """The process is gone: nothing after this is done."""


class Dying(FakeMouth):
    """A mouth with which the process dies: before something is posted, or right after."""

    def __init__(self, *, posts: bool) -> None:
        super().__init__()
        self.posts = posts

    async def say(self, part: Part, *, to: int) -> int:
        if self.posts:
            await super().say(part, to=to)
        raise Killed


# --- Where and when (C79) -------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "said"), [(0.7, 1), (0.8, 0)])
async def test_where_a_budget_runs_short_nobody_speaks_first(tmp_path, spent, said):
    """C86: from 80 % on nothing is said that nobody asked for."""
    async with lively(tmp_path, limits=Limits(all=Allowance.of("1 USD"))) as at:
        await say(at, "it is so quiet here")
        budgets, amount = at.app.budgets, Amount.of(spent, 0)
        budgets.settle(await budgets.hold(amount, user_id=None, channel_id=None), amount)
        assert await tick(at) == said
        assert [one.purpose for one in at.claude.questions] == ["reply"] * said


async def test_it_is_off_in_every_channel_until_admins_switch_it_on_and_off_again(tmp_path):
    async with table(tmp_path, manner=ALWAYS) as at:
        await agree(at, MIRA)
        await say(at, "what a rain")
        assert await tick(at) == 0
        await let(at)
        at.claude.will_say("So wet!")
        assert await tick(at) == 1
        assert at.mouth.said == ["So wet!"]
        await let(at, allowed=False)
        await say(at, "indeed")
        assert await tick(at) == 0
        async with at.database.read() as db:
            audited = [(one.action, one.detail) for one in await db.audits.latest(None, limit=5)]
        assert audited == [("initiative", "600: off"), ("initiative", "600: on")]


async def test_a_remark_is_history_is_told_apart_from_answers_and_pings_nobody(tmp_path):
    async with lively(tmp_path) as at:
        last = await say(at, "what a rain")
        at.claude.will_say("<@42> @everyone, so wet! Ask @Tom at a@b.org.")
        await tick(at)
        assert at.mouth.said == ["everyone, so wet! Ask Tom at a@b.org."]
        assert at.mouth.to == [0]
        (remark,) = await remarks(at)
        turn = await turn_of(at, remark)
        assert (remark.kind, remark.character, remark.person_id) == (RemarkKind.CONTEXTUAL, "pixel", None)
        assert (turn.reason, turn.state, turn.addressee_id, turn.trigger_id) == (
            "INITIATIVE",
            "said",
            0,
            last,
        )
        assert remark.why is not None
        assert remark.why["steps"][0]["figures"]["kind"] == "contextual"
        async with at.database.read() as db:
            assert await db.characters.interactions("pixel") == 0, "it grew by what nobody asked for"
        at.claude.will_say("Yes?")
        await say(at, "Pixel?")
        assert "everyone, so wet!" in at.claude.prompts[-1].text


async def test_after_its_own_last_word_and_after_other_bots_it_says_nothing(tmp_path):
    async with lively(tmp_path) as at:
        assert await tick(at) == 0, "nobody has spoken yet"
        await say(at, "Pixel, what a rain")
        assert await tick(at) == 0, "its own answer was the last word"
        await say(at, "and more of it")
        assert await tick(at) == 1
        assert await tick(at) == 0, "its own remark was the last word"
        await say(at, "beep", person=8, from_bot=True)
        assert await tick(at) == 0, "a bot had the last word"


@pytest.mark.parametrize(("at_noon", "minutes"), [(4_000, 36), (72, 30), (1, 24)])
@pytest.mark.parametrize("missing", [1, 0])
async def test_it_waits_until_nobody_spoke_for_long_enough(tmp_path, at_noon, minutes, missing):
    """C80: the threshold of silence, longer in a lively hour and shorter in a quiet one."""
    certain = replace(ALWAYS, initiative=InitiativeBounds(chance=1.2))  # in lively hours too
    async with lively(tmp_path, certain, character=MUSING) as at:
        await talked(at, at_noon)
        at.clock.pass_time(3500 - minutes * 60 + missing)
        await say(at, "what a rain")
        at.clock.pass_time(minutes * 60 - missing)
        assert await look(at) == 1 - missing


async def talked(at: Table, at_noon: int) -> None:
    """Let so much have been said at noon of each day, and 60 messages or some more in each other hour."""
    async with at.database.begin() as db:
        for hour in range(hour_of(EPOCH) - 144, hour_of(EPOCH)):
            messages = at_noon if hour % 24 == EPOCH.hour else 60 + hour % 24
            await db.channels.count_messages(CHANNEL.channel_id, hour, messages)


async def test_after_a_remark_it_pauses_although_people_answered_and_fell_silent(tmp_path):
    """C80: the pause, an hour in an hour like any other."""
    async with lively(tmp_path, character=MUSING) as at:
        await say(at, "what a rain")
        assert await tick(at) == 1
        await say(at, "indeed")
        assert await tick(at) == 0, "it spoke half an hour ago"
        assert await tick(at) == 1


async def test_on_what_was_said_more_than_a_day_ago_it_says_nothing(tmp_path):
    async with lively(tmp_path, character=MUSING) as at:
        await say(at, "what a rain")
        at.clock.pass_time(25 * 3600)
        assert await tick(at) == 0


async def test_quiet_hours_the_daily_cap_and_the_house_hold(tmp_path):
    manner = replace(ALWAYS, initiative=InitiativeBounds(chance=1.0, cap=2, quiet=QuietHours(20, 8)))
    async with lively(tmp_path, manner) as at:
        said = []
        for _ in range(48):
            await say(at, "go on")
            before = at.clock.now()
            if await tick(at):
                said.append(at.clock.now())
            assert at.clock.now() - before <= timedelta(hours=1)
        assert [at.astimezone().date() for at in said] == sorted(at.date() for at in said)
        by_day = [sum(one.date() == day for one in said) for day in {one.date() for one in said}]
        assert by_day == [2, 2]
        assert all(8 <= one.hour < 20 for one in said)


@pytest.mark.parametrize(("kind", "value"), [(Rule.ACTIVE, 0.0), (Rule.CHANCE, 0.0)])
async def test_where_it_is_switched_off_or_never_joins_in_it_says_nothing(tmp_path, kind, value):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        async with at.database.begin() as db:
            await db.channels.lay_down_rule(700, kind, CHANNEL.channel_id, value)
        assert await tick(at) == 0
        assert at.claude.prompts == []


async def test_a_channel_that_refused_something_is_left_alone_and_so_is_one_that_is_not_there(tmp_path):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        at.mouth.will_fail.append(Unsayable("no"))
        await tick(at)
        at.clock.pass_time(-3000)
        await say(at, "again")
        async with at.database.begin() as db:
            await db.channels.refused(CHANNEL.channel_id, until=at.clock.now() + timedelta(hours=2))
        asked = len(at.claude.prompts)
        assert await tick(at) == 0
        assert len(at.claude.prompts) == asked
        assert await at.app.initiative.tick(lambda _channel: None) == 0


@pytest.mark.slow
async def test_with_the_chance_of_a_tenth_it_mostly_says_nothing_and_costs_nothing(tmp_path):
    manner = replace(AT_ONCE, initiative=InitiativeBounds(cap=100, quiet=QuietHours(0, 0)))
    async with lively(tmp_path, manner) as at:
        said = 0
        for _ in range(60):
            await say(at, "go on")
            said += await tick(at)
        assert 1 <= said <= 15
        assert len(at.claude.prompts) == said


# --- Of what: the talk of who agreed, or its status (F113) ----------------------------------------


async def test_only_what_people_said_who_agreed_is_before_it(tmp_path):
    async with lively(tmp_path, agreed=(MIRA,)) as at:
        await agree(at, 8, given=False)
        await say(at, "Pixel, my canary is ill", person=TOM)
        await say(at, "I refuse to say canary", person=8)
        await say(at, "what a rain")
        await say(at, "canary again", person=TOM)
        at.claude.prompts.clear()
        assert await tick(at) == 1
        prompt = at.claude.prompts[-1].text
        assert "what a rain" in prompt
        assert "canary" not in prompt
        assert "Hm." not in prompt, "what it answered to who did not agree is theirs, too"
        assert "nobody is answered" in prompt
        assert all("what a rain" not in block.text for block in at.claude.prompts[-1].system)


async def test_where_nobody_agreed_it_speaks_of_its_status_and_without_one_not_at_all(tmp_path):
    async with lively(tmp_path, agreed=()) as at:
        await say(at, "what a canary")
        assert await tick(at) == 0
        async with at.database.begin() as db:
            await db.states.set(status_key("pixel"), "Watching the rain")
        assert await tick(at) == 1
        prompt = at.claude.prompts[-1].text
        assert "  Watching the rain" in prompt
        assert "canary" not in prompt
        assert [one.kind for one in await remarks(at)] == [RemarkKind.STATUS]


@pytest.mark.slow
async def test_half_of_what_it_says_takes_up_the_talk_and_half_its_status(tmp_path):
    manner = replace(ALWAYS, initiative=InitiativeBounds(chance=1.0, cap=1000, quiet=QuietHours(0, 0)))
    async with lively(tmp_path, manner, character=MUSING) as at:
        for _ in range(40):
            at.clock.pass_time(TICK.total_seconds())
            await say(at, "go on")
            await tick(at)
        kinds = [one.kind for one in await remarks(at)]
        assert len(kinds) == 40
        assert 10 <= kinds.count(RemarkKind.STATUS) <= 30
        mind = [one for one in at.claude.prompts if "Counting raindrops" in one.text]
        assert len(mind) == kinds.count(RemarkKind.STATUS)


@pytest.mark.parametrize(("consent", "read"), [("opt_out", True), ("off", False)])
async def test_who_is_read_depends_on_how_people_agree_here(tmp_path, consent, read):
    async with lively(tmp_path, replace(ALWAYS, consent=consent), agreed=(), character=MUSING) as at:
        await say(at, "what a rain")
        assert await tick(at) == 1
        assert ("what a rain" in at.claude.prompts[-1].text) is read


async def test_what_its_day_is_like_is_in_the_prompt(tmp_path):
    async with lively(tmp_path) as at:
        days = Days(at.database, company=at.app.company, inner=at.app.inner_life, clock=at.clock)
        await days.dawn()
        await days.set("pixel", {DayMood.ANGER: 9})
        await say(at, "what a rain")
        await tick(at)
        assert "anger 9 of 10" in at.claude.prompts[-1].text


async def test_who_was_sent_out_never_learns_what_it_did_not_hear_and_who_did_not_hear_the_last_is_silent(
    tmp_path,
):
    async with company(tmp_path, initiative=ALWAYS.initiative) as at:
        await let(at)
        await agree(at, MIRA)
        stage = stagecraft(at)
        for slug in ("pixel", "fangs"):
            await stage.attend(CHANNEL, stage.role(slug), present=False)
        await stage.attend(CHANNEL, stage.role("nyx"), present=False)
        await say(at, "the canary is dead")
        await stage.attend(CHANNEL, stage.role("nyx"), present=True)
        async with at.database.begin() as db:
            await db.states.set(status_key("nyx"), "Counting stars")
        assert await tick(at) == 0, "who is there did not hear it"
        await say(at, "what a rain")
        assert await tick(at) == 1
        prompt = at.claude.prompts[-1]
        assert "You are Nyx" in prompt.system[0].text
        assert "what a rain" in prompt.text
        assert "canary" not in prompt.text
        assert at.mouth.speakers == ["Nyx"]
        stored = await last_line(at)
        async with at.database.read() as db:
            assert await db.casts.members(stored.cast_id) == frozenset({"nyx"})


async def last_line(at: Table) -> MessageRow:
    async with at.database.read() as db:
        lately = await db.messages.lately(CHANNEL.channel_id, since=at.clock.now() - TICK, limit=1)
        found = await db.messages.get(lately[-1].id)
    assert found is not None
    return found


async def test_what_it_says_first_is_appended_to_the_talk_and_changes_nothing_before_it(tmp_path):
    async with lively(tmp_path) as at:
        at.claude.will_say("It is.", "So wet!")
        await say(at, "Pixel, what a rain")
        await say(at, "and more of it")
        await tick(at)
        await say(at, "Pixel?")
        *_, last = at.claude.prompts
        talk = [(one.mine, block.text) for one in last.messages for block in one.blocks][:-1]
        assert [text.partition(": ")[2] or text for _, text in talk] == [
            "Pixel, what a rain",
            "It is.",
            "and more of it",
            "So wet!",
            "Pixel?",
        ]
        assert [mine for mine, _ in talk] == [False, True, False, True, False]


async def test_what_was_said_in_private_or_in_another_channel_is_not_before_it(tmp_path):
    async with lively(tmp_path, character=MUSING) as at:
        await say(at, "the canary is in the cellar", where=DM)
        await say(at, "the canary is in the attic", where=replace(CHANNEL, channel_id=601))
        for _ in range(3):
            at.clock.pass_time(PAUSE.total_seconds())
            await say(at, "what a rain")
            assert await tick(at) == 1
            assert "canary" not in at.claude.prompts[-1].text


# --- The gates that hold for all that nobody asked for --------------------------------------------


@pytest.mark.parametrize(("ballot", "said"), [("yes", 1), ("no", 0), ("hm", 0)])
async def test_where_there_are_voters_they_have_their_say(tmp_path, ballot, said):
    voting = Attentiveness(voters=Voters(model="claude-haiku-5-5", count=1, deadline=10.0))
    async with lively(tmp_path, replace(ALWAYS, attention=voting)) as at:
        at.claude.will_say("no")
        await say(at, "what a rain, anybody?")
        at.claude.queue.clear()
        at.claude.questions.clear()
        at.claude.will_say(ballot, "So wet!")
        assert await tick(at) == said
        assert [one.purpose for one in at.claude.questions] == ["vote", "reply"][: 1 + said]
        asked = at.claude.prompts[-1 - said].text
        assert "Nobody asked Pixel anything" in asked
        if said:
            assert (await remarks(at))[0].why["votes"] == ["yes"]  # type: ignore[index]


@pytest.mark.parametrize("who", [MIRA, TOM])
async def test_when_somebody_speaks_while_it_thinks_it_keeps_its_remark_to_itself(tmp_path, who):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")

        async def interrupt() -> None:
            at.claude.while_thinking = None
            await say(at, "oh, and another thing", person=who)

        at.claude.while_thinking = interrupt
        assert await tick(at) == 0
        assert at.mouth.said == []
        assert await remarks(at) == []
        assert await booked(at) == 1


async def test_when_the_quiet_hours_begin_while_it_thinks_it_keeps_its_remark_to_itself(tmp_path):
    async with lively(tmp_path) as at:
        at.clock.pass_time(10 * 3600 + 1200)  # twenty past ten in the evening
        await say(at, "what a rain")
        at.claude.takes = 120.0
        assert await tick(at) == 0
        assert at.mouth.said == []
        assert await booked(at) == 1


async def booked(at: Table) -> int:
    async with at.database.read() as db:
        return (await db.calls.spending(since=at.clock.now() - timedelta(days=1))).calls


@pytest.mark.parametrize("how", ["deleted", "edited", "forgotten", "withdrawn", "switched off"])
async def test_what_changed_while_it_thinks_is_not_taken_up(tmp_path, how):
    async with lively(tmp_path) as at:
        first = await say(at, "my canary is ill")
        await say(at, "what a rain")
        chronicle = at.app.message_log

        async def change() -> None:
            at.claude.while_thinking = None
            if how == "deleted":
                await chronicle.deleted(CHANNEL.channel_id, {first})
            elif how == "edited":
                await chronicle.edited(CHANNEL.channel_id, first, "my dog is ill")
            elif how == "forgotten":
                await at.app.forgetting.reset(MIRA, CHANNEL)
            elif how == "withdrawn":
                await agree(at, MIRA, given=False)
            else:
                await let(at, allowed=False)

        at.claude.while_thinking = change
        assert await tick(at) == 0
        assert at.mouth.said == []


async def test_when_thinking_fails_nothing_is_said_and_it_is_tried_another_time(tmp_path):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        at.claude.will_say(ClaudeUnavailable("down"))
        assert await tick(at) == 0
        at.claude.will_say("<@42>")
        assert await tick(at) == 0, "nothing is left of a bare mention"
        assert at.mouth.said == []
        assert await tick(at) == 1


@pytest.mark.parametrize(
    ("text", "left"),
    [("<@!42> hey", "hey"), ("<@&9>", ""), ("@here you go", "here you go"), ("a@b.org", "a@b.org")],
)
def test_a_remark_calls_nobody(text, left):
    assert unpinged(text) == left


async def test_while_somebody_is_answered_the_half_hour_waits(tmp_path):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        begin = (slot_of(at.clock.now()) + 1) * TICK.total_seconds()
        at.clock.pass_time(begin + 1700 - at.clock.now().timestamp())
        async with at.app.rooms.enter(CHANNEL.channel_id):
            assert await look(at) == 0
        assert await look(at) == 1


# --- Once, whatever happens -----------------------------------------------------------------------


async def test_a_restart_rolls_the_same_half_hour_once_and_makes_up_for_nothing(tmp_path):
    never = replace(ALWAYS, initiative=InitiativeBounds(chance=0.000001))
    async with lively(tmp_path, never) as at:
        await say(at, "what a rain")
        assert await tick(at) == 0
        then = at.clock.now()
    async with table(tmp_path, manner=ALWAYS) as again:
        again.clock.pass_time((then - again.clock.now()).total_seconds())
        assert await look(again) == 0, "it was rolled already"
        again.clock.pass_time(5 * 3600)
        assert await tick(again) == 1
        assert await look(again) == 0


@pytest.mark.parametrize("posts", [False, True])
async def test_killed_between_pledge_and_saying_it_is_said_once(tmp_path, posts):
    mouth = Dying(posts=posts)
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        at.claude.will_say("So wet!")
        with pytest.raises(Killed):
            await tick(at, mouth)
        then = at.clock.now()
    alive = FakeMouth()
    alive.said, alive.posted = mouth.said, mouth.posted
    async with table(tmp_path, manner=ALWAYS) as again:
        again.clock.pass_time((then - again.clock.now()).total_seconds())
        for _ in range(2):
            await again.app.finish_replies(lambda _channel: alive)
            assert await look(again, alive) == 0
        assert alive.said == ["So wet!"]
        (remark,) = await remarks(again)
        assert (await turn_of(again, remark)).state == "said"


async def test_a_clock_that_jumps_a_week_ahead_and_back_makes_no_burst_and_no_silence(tmp_path):
    async with lively(tmp_path, character=MUSING) as at:
        await say(at, "what a rain")
        assert await tick(at) == 1
        for jump in (7 * 86_400, -7 * 86_400):
            at.clock.pass_time(jump)
            await say(at, "go on")
            assert await look(at) + await look(at) <= 1
        at.clock.pass_time(PAUSE.total_seconds())
        await say(at, "go on")
        assert await tick(at) == 1
        assert len({slot_of(one.at) for one in await remarks(at)}) == len(await remarks(at))


async def test_while_stopping_nothing_is_begun(tmp_path):
    async with lively(tmp_path) as at:
        await say(at, "what a rain")
        await at.app.conversation.close(within=1)
        assert await tick(at) == 0


# --- Checking in (F115) ---------------------------------------------------------------------------

CARING = replace(ALWAYS, checkins=True)


@asynccontextmanager
async def missed(
    folder: Path, manner: Manner = CARING, *, days: float = 3, given: bool | None = True
) -> AsyncIterator[Table]:
    """Set a table at which Mira talked with Pixel in private, and was away since then."""
    async with table(folder, manner=manner) as at:
        await say(at, "Pixel, I am off to the sea", where=DM)
        if given is not None:
            await agree(at, MIRA, given=given)
        async with at.database.begin() as db:
            sent_at = at.clock.now()
            await db.archive.add(
                [Archived(1, DM.channel_id, None, MIRA, MIRA, "Mira", "I am off to the sea", sent_at)]
            )
        at.mouth.said.clear()
        at.claude.prompts.clear()
        at.clock.pass_time(days * 86_400)
        yield at


async def check_in(at: Table) -> int:
    begin = (slot_of(at.clock.now()) + 1) * TICK.total_seconds()
    at.clock.pass_time(begin + 1700 - at.clock.now().timestamp())
    return await at.app.check_ins.tick(lambda _channel: at.mouth)


async def test_who_agreed_and_was_away_for_some_days_is_written_to_once_until_they_answer(tmp_path):
    async with missed(tmp_path) as at:
        at.claude.will_say("How was the sea?")
        assert await check_in(at) == 1
        assert at.mouth.said == ["How was the sea?"]
        prompt = at.claude.prompts[-1].text
        assert "was not here for some days" in prompt
        assert "A private conversation with Mira#" in prompt
        (remark,) = await remarks(at, DM.channel_id)
        assert (remark.kind, remark.person_id) == (RemarkKind.CHECK_IN, MIRA)
        assert (await turn_of(at, remark)).reason == "CHECK_IN"
        for days in (4, 6.1):
            at.clock.pass_time(days * 86_400)
            await at.app.message_log.prune()
            assert await check_in(at) == 0, "they have not answered"


async def test_checking_in_is_off_by_default(tmp_path):
    assert not AT_ONCE.checkins
    async with missed(tmp_path, ALWAYS) as at:
        assert await check_in(at) == 0


@pytest.mark.parametrize("given", [None, False])
async def test_who_did_not_agree_is_not_written_to(tmp_path, given):
    async with missed(tmp_path, given=given) as at:
        assert await check_in(at) == 0
        assert at.claude.prompts == []


@pytest.mark.parametrize("days", [0, 1.5, 14.5])
async def test_who_was_here_lately_or_left_long_ago_is_not_written_to(tmp_path, days):
    async with missed(tmp_path, days=days) as at:
        assert await check_in(at) == 0


async def test_who_talked_today_is_not_written_to_although_the_archive_does_not_know_yet(tmp_path):
    async with missed(tmp_path) as at:
        await say(at, "back again", where=DM)
        assert await check_in(at) == 0


async def test_nobody_is_woken_by_the_clock_of_the_house_or_by_their_own(tmp_path):
    async with missed(tmp_path) as at:
        await at.app.reminders.set_zone(MIRA, "Asia/Tokyo")
        at.clock.pass_time(3 * 3600)  # three in the afternoon, and midnight there
        assert await check_in(at) == 0
        at.clock.pass_time(8.5 * 3600)  # half past eleven
        assert await check_in(at) == 0
        at.clock.pass_time(9 * 3600)
        assert await check_in(at) == 1


async def test_there_are_as_many_a_day_as_the_cap_allows_at_most(tmp_path):
    manner = replace(CARING, initiative=InitiativeBounds(chance=1.0, cap=2))
    async with missed(tmp_path, manner, days=0) as at:
        for number in range(1, 6):
            where = replace(DM, channel_id=900 + number)
            await say(at, "Pixel, bye", person=100 + number, where=where)
            await agree(at, 100 + number)
            async with at.database.begin() as db:
                line = Archived(
                    9 + number, where.channel_id, None, 100 + number, 100 + number, "X", "bye", at.clock.now()
                )
                await db.archive.add([line])
        at.clock.pass_time(3 * 86_400)
        assert await check_in(at) == 2
        assert await check_in(at) == 0
        at.clock.pass_time(86_400)
        assert await check_in(at) == 2


async def test_whom_the_house_ignores_or_who_switched_it_off_is_not_written_to(tmp_path):
    async with missed(tmp_path) as at:
        async with at.database.begin() as db:
            await db.channels.lay_down_rule(0, Rule.DENIED_USER, MIRA)
        assert await check_in(at) == 0


async def test_who_comes_back_while_it_thinks_is_not_asked_where_they_were(tmp_path):
    async with missed(tmp_path) as at:

        async def come_back() -> None:
            at.claude.while_thinking = None
            async with at.database.begin() as db:
                line = MessageRow(77, DM.channel_id, MIRA, "Mira", "back", at.clock.now())
                await db.messages.add(line)

        at.claude.while_thinking = come_back
        assert await check_in(at) == 0
        assert at.mouth.said == []


# --- Asking back (F116, C83) ----------------------------------------------------------------------

CURIOUS = replace(AT_ONCE, curiosity=Curiosity("maximum"))
OPEN = "I have my exam tomorrow, wish me luck"
BACK = "nobody came back to it"


async def chat(at: Table, count: int, *, pause: float = 0, where: Where = DM) -> list[bool]:
    """Say so many things; return in which answers something earlier may be come back to."""
    asked = []
    for number in range(count):
        at.clock.pass_time(pause)
        await say(at, f"Pixel, that is number {number}", where=where)
        asked.append(BACK in at.claude.prompts[-1].text)
    return asked


async def test_something_left_open_is_come_back_to_once_behind_the_last_cache_point(tmp_path):
    async with table(tmp_path, manner=CURIOUS) as at:
        await agree(at, MIRA)
        await say(at, OPEN, where=DM)
        asked = await chat(at, 20, pause=400)
        assert sum(asked) == 1
        prompt = next(one for one in at.claude.prompts if BACK in one.text)
        *before, last = [block for message in prompt.messages for block in message.blocks]
        assert BACK in last.text
        assert OPEN in last.text
        assert not last.cache
        assert all(BACK not in block.text for block in before)
        (remark,) = await remarks(at, DM.channel_id)
        assert (remark.kind, remark.person_id) == (RemarkKind.FOLLOW_UP, MIRA)


@pytest.mark.slow
async def test_it_asks_back_once_in_300_seconds_and_three_times_in_15_minutes_in_a_channel(tmp_path):
    async with table(tmp_path, manner=CURIOUS) as at:
        await agree(at, MIRA)
        for number in range(90):
            at.clock.pass_time(30)
            await say(at, f"Pixel, exam number {number} is tomorrow, I think", where=DM)
        times = sorted(one.at for one in await remarks(at, DM.channel_id))
        assert len(times) >= 6
        assert all(later - sooner >= timedelta(seconds=300) for sooner, later in pairwise(times))
        for begin in times:
            assert sum(begin <= one < begin + timedelta(minutes=15) for one in times) <= 3


@pytest.mark.parametrize("level", ["off", "low"])
async def test_a_level_of_little_curiosity_asks_back_seldom_or_never(tmp_path, level):
    async with table(tmp_path, manner=replace(AT_ONCE, curiosity=Curiosity(level))) as at:
        await agree(at, MIRA)
        for number in range(12):
            await say(at, f"exam number {number} is tomorrow, I think", where=DM)
        assert sum(await chat(at, 30, pause=400)) <= (12 if level == "low" else 0)


async def test_nobody_is_asked_back_who_did_not_agree_nor_on_what_somebody_else_said_or_elsewhere(tmp_path):
    async with table(tmp_path, manner=CURIOUS) as at:
        await say(at, OPEN)
        await say(at, OPEN, where=DM)
        assert not any(await chat(at, 12, pause=400, where=CHANNEL))
        await agree(at, MIRA, TOM)
        for number in range(12):
            await say(at, f"Pixel, that is number {number}", person=TOM)
            assert BACK not in at.claude.prompts[-1].text
        other = replace(CHANNEL, channel_id=601)
        assert not any(await chat(at, 12, pause=400, where=other))
        assert await remarks(at) == []
