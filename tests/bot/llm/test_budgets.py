"""What may be spent in a day, and what happens when it is spent (C86; faults C8)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from bot.conversation.attention.vote import Voters
from bot.conversation.config import Attentiveness, Notice
from bot.conversation.decision import Note, Reason, RuleRemark
from bot.conversation.rethinking import CannotRemake, Requester
from bot.llm.budget import Budgets, Level, Limits
from bot.llm.budgeted import EXTRAS, Budgeted, Tariff
from bot.llm.client import Answer, AnthropicClaude
from bot.llm.errors import ClaudeError, ClaudeRejected, ClaudeTimeout, OverBudget
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import Block, Message, Prompt, Question, Usage
from bot.settings.allowance import NOTHING, Allowance, Amount
from database import Database
from tests.builders import AT_ONCE, CHANNEL, DM, Table, outcome, table
from tests.company import chatty, company, stagecraft
from tests.fakes import EPOCH, FakeClaude, FakeClock

LINE = "(Enough for today.)"
VOTING = replace(
    AT_ONCE, attention=Attentiveness(voters=Voters(model="claude-haiku-5-5", count=1, deadline=10.0))
)
PROMPT = Prompt((Block("be brief"),), (Message(mine=False, blocks=(Block("hello"),)),))
PRICES = load_prices(None)


def limits(**given: str) -> Limits:
    found = {name: Allowance.of(text) for name, text in given.items()}
    return Limits(**found, line=LINE)  # type: ignore[arg-type]


def dollars(value: float) -> Amount:
    return Amount.of(value, 0)


@asynccontextmanager
async def books(
    folder: Path, allowed: Limits, clock: FakeClock | None = None, zone: str = "UTC"
) -> AsyncIterator[tuple[Budgets, list[str]]]:
    told: list[str] = []
    database = await Database.open(folder / "masquerade.sqlite3")
    try:
        budgets = Budgets(database, clock or FakeClock(), allowed, zone=ZoneInfo(zone), tell=told.append)
        await budgets.open()
        yield budgets, told
    finally:
        await database.close()


async def spend(budgets: Budgets, amount: Amount, **who: Any) -> None:
    held = await budgets.hold(amount, **{"user_id": 42, "channel_id": None} | who)
    budgets.settle(held, amount)


# --- The books ------------------------------------------------------------------------------------


async def test_without_limits_there_is_always_enough_and_nothing_is_written_down(tmp_path):
    async with table(tmp_path) as at:
        for _ in range(5):
            await at.hear("hello")
        assert at.app.budgets.purse(42, None).level is Level.FREE
        async with at.database.read() as db:
            assert await db.spendings.of("2026-11-21") == []


async def test_a_call_is_on_the_books_before_it_is_made_and_is_what_it_came_to_after_it(tmp_path):
    async with books(tmp_path, limits(person="1 USD")) as (budgets, _):
        held = await budgets.hold(dollars(0.6), user_id=42, channel_id=None)
        async with budgets._database.read() as db:
            rows = await db.spendings.of("2026-11-21")
        assert [(row.nanodollars, row.held_nanodollars) for row in rows] == [(0, 600_000_000)] * 2
        assert {row.payer for row in rows} >= {"all"}
        assert "42" not in "".join(row.payer for row in rows)
        budgets.settle(held, dollars(0.25))
        await budgets.keep()
        async with budgets._database.read() as db:
            rows = await db.spendings.of("2026-11-21")
        assert [(row.nanodollars, row.held_nanodollars) for row in rows] == [(250_000_000, 0)] * 2


@pytest.mark.parametrize(
    ("share", "level"), [(0.79, Level.FREE), (0.8, Level.SPARING), (0.99, Level.SPARING), (1.0, Level.SPENT)]
)
@pytest.mark.parametrize("unit", ["1 USD", "1000 tokens"])
async def test_at_80_percent_it_is_spared_and_at_100_spent(tmp_path, share, level, unit):
    async with books(tmp_path, limits(person=unit)) as (budgets, _):
        await spend(budgets, Amount.of(share, round(share * 1000)))
        assert budgets.purse(42, None).level is level
        assert budgets.purse(43, None).level is Level.FREE


async def test_calls_under_way_hold_what_they_may_come_to_so_that_all_of_them_fit(tmp_path):
    async with books(tmp_path, limits(person="1 USD")) as (budgets, _):
        results = await asyncio.gather(
            *(budgets.hold(dollars(0.3), user_id=42, channel_id=None) for _ in range(10)),
            return_exceptions=True,
        )
        held = [one for one in results if not isinstance(one, BaseException)]
        assert len(held) == 3
        assert all(isinstance(one, OverBudget) for one in results if one not in held)
        for one in held:
            budgets.settle(one, dollars(0.01))
        assert budgets.purse(42, None).level is Level.FREE, "what was only held came back"
        await spend(budgets, dollars(0.3))


async def test_what_does_not_fit_any_more_is_refused_for_the_rest_of_the_day_and_not_of_the_next(tmp_path):
    clock = FakeClock()
    async with books(tmp_path, limits(person="1 USD"), clock) as (budgets, _):
        await spend(budgets, dollars(0.7))
        with pytest.raises(OverBudget) as refused:
            await spend(budgets, dollars(0.4), lasting=True)
        assert refused.value.line == LINE
        assert budgets.purse(42, None).level is Level.SPENT
        clock.pass_time(12 * 3600)
        assert budgets.purse(42, None).level is Level.FREE
        await spend(budgets, dollars(0.4))


@pytest.mark.parametrize(("zone", "spent"), [("UTC", False), ("Pacific/Honolulu", True)])
async def test_a_day_is_one_of_the_houses_zone(tmp_path, zone, spent):
    clock = FakeClock()  # it is noon, UTC
    async with books(tmp_path, limits(person="1 USD"), clock, zone) as (budgets, _):
        await spend(budgets, dollars(1))
        clock.pass_time(13 * 3600)
        assert (budgets.purse(42, None).level is Level.SPENT) is spent


async def test_a_restart_resets_nothing_and_what_was_never_settled_counts_as_spent(tmp_path):
    async with books(tmp_path, limits(person="1 USD", all="9 USD")) as (budgets, _):
        await spend(budgets, dollars(0.5))
        await budgets.hold(dollars(0.35), user_id=42, channel_id=None)
    for _ in range(2):
        async with books(tmp_path, limits(person="1 USD", all="9 USD")) as (budgets, _):
            assert budgets.purse(42, None).level is Level.SPARING
            assert [spent.dollars for _, _, spent in budgets.spent(None)] == [pytest.approx(0.85)]


async def test_a_clock_that_is_set_back_comes_to_what_was_spent_that_day(tmp_path):
    clock = FakeClock()
    async with books(tmp_path, limits(person="1 USD"), clock) as (budgets, _):
        await spend(budgets, dollars(1))
        clock.pass_time(24 * 3600)
        await spend(budgets, dollars(0.1))
        clock.pass_time(-24 * 3600)
        assert budgets.purse(42, None).level is Level.SPENT
        clock.pass_time(10 * 24 * 3600)
        await spend(budgets, dollars(0.1))
        async with budgets._database.read() as db:
            assert await db.spendings.of("2026-11-21") == [], "days that are long over are let go of"


async def test_operators_are_told_once_of_a_budget_that_runs_short_and_once_that_it_is_spent(tmp_path):
    async with books(tmp_path, limits(person="1 USD", all="1 USD")) as (budgets, told):
        for _ in range(9):
            await spend(budgets, dollars(0.1))
        assert len(told) == 1
        assert told[0].startswith("Of what may be spent today (budget_per_day: 1.00 USD) 80 % is spent")
        await spend(budgets, dollars(0.1))
        assert len(told) == 2
        assert "nothing more is asked until midnight" in told[1]
        assert "42" not in "".join(told)


async def test_operators_spend_on_and_it_counts(tmp_path):
    async with books(tmp_path, replace(limits(all="1 USD"), exempt=frozenset({7}))) as (budgets, _):
        await spend(budgets, dollars(1.5), user_id=7)
        assert budgets.purse(7, None).level is Level.FREE
        assert budgets.purse(42, None).level is Level.SPENT
        await spend(budgets, dollars(1.5), user_id=7)


# --- Claude within a budget -----------------------------------------------------------------------


def question(**changes: Any) -> Question:
    plain = Question(purpose="reply", model="claude-sonnet-5-5", max_tokens=100, deadline=10, user_id=42)
    return replace(plain, **changes)


@asynccontextmanager
async def paying(
    folder: Path, allowed: Limits, *, free: bool = False, claude: Any = None
) -> AsyncIterator[tuple[Budgeted, FakeClaude, Budgets]]:
    clock = FakeClock()
    inner = claude or FakeClaude(clock)
    async with books(folder, allowed, clock) as (budgets, _):
        yield (
            Budgeted(inner, budgets, Tariff(PRICES, free=free), cheap_model="claude-haiku-5-5"),
            inner,
            budgets,
        )


async def test_a_call_costs_what_the_server_reports(tmp_path):
    async with paying(tmp_path, limits(person="1 USD", all="5000 tokens")) as (claude, _, budgets):
        answer = await claude.ask(PROMPT, question())
        ((_, _, spent),) = budgets.spent(None)
        usage = answer.call.usage
        assert spent == Amount.of(0.001, (usage.prompt or 0) + (usage.output or 0))


async def test_where_a_budget_runs_short_a_reply_is_the_cheap_models_and_extras_are_left_out(tmp_path):
    async with paying(tmp_path, limits(person="1 USD")) as (claude, inner, budgets):
        await spend(budgets, dollars(0.85))
        await claude.ask(PROMPT, question(effort="high"))
        assert (inner.questions[-1].model, inner.questions[-1].effort) == ("claude-haiku-5-5", "off")
        for purpose in EXTRAS:
            with pytest.raises(OverBudget, match="runs short"):
                await claude.ask(PROMPT, question(purpose=purpose))
        await claude.ask(PROMPT, question(purpose="summary", model="claude-opus-5-5"))
        assert inner.questions[-1].model == "claude-opus-5-5"
        assert len(inner.questions) == 2


async def test_where_a_budget_runs_short_a_paid_expert_is_spared_and_a_free_one_goes_on(tmp_path):
    async with paying(tmp_path, limits(person="1 USD")) as (claude, inner, budgets):
        claude._tariff = replace(claude._tariff, free_servers=frozenset({"here:81"}))
        await spend(budgets, dollars(0.85))
        answer = await claude.ask(PROMPT, question(model="coder", server="far.example"))
        assert (inner.questions[-1].model, inner.questions[-1].server) == ("claude-haiku-5-5", "")
        assert answer.expert == ("cheap", "budget")
        answer = await claude.ask(PROMPT, question(model="coder", server="here:81"))
        assert (inner.questions[-1].model, inner.questions[-1].server) == ("coder", "here:81")
        assert answer.expert == ()


async def test_what_does_not_fit_is_asked_of_the_cheap_model_first(tmp_path):
    async with paying(tmp_path, limits(person="0.0015 USD")) as (claude, inner, budgets):
        await spend(budgets, dollars(0.0007))
        await claude.ask(PROMPT, question(max_tokens=100))
        assert inner.questions[-1].model == "claude-haiku-5-5"
        assert budgets.purse(42, None).level is Level.SPENT


async def test_what_is_spent_is_spent_for_every_purpose(tmp_path):
    async with paying(tmp_path, limits(all="1 USD")) as (claude, inner, budgets):
        await spend(budgets, dollars(1))
        for purpose in ("reply", "vote", "summary", "facts", "memories", "status"):
            with pytest.raises(OverBudget):
                await claude.ask(PROMPT, question(purpose=purpose, user_id=None))
        assert inner.questions == []


@pytest.mark.parametrize(
    ("error", "paid"), [(ClaudeTimeout("late"), True), (ClaudeRejected("no such model"), False)]
)
async def test_a_call_that_broke_off_counts_as_dear_as_it_may_be_and_one_refused_for_nothing(
    tmp_path, error: ClaudeError, paid: bool
):
    async with paying(tmp_path, limits(all="1 USD")) as (claude, inner, budgets):
        inner.will_say(error)
        fake = inner.ask

        async def unreported(prompt: Prompt, asked: Question) -> Answer:
            try:
                return await fake(prompt, asked)
            except ClaudeError as failed:
                failed.call = failed.call and replace(failed.call, usage=Usage(), cost=None)
                raise

        setattr(inner, "ask", unreported)  # noqa: B010 - mypy has it that methods stay as they are
        with pytest.raises(type(error)):
            await claude.ask(PROMPT, question())
        ((_, _, spent),) = budgets.spent(None)
        assert (spent != NOTHING) is paid


class Failing(httpx2.AsyncBaseTransport):
    """A network on which every request ends in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        raise self._error


@pytest.mark.parametrize(
    ("error", "paid"),
    [
        (httpx2.ConnectTimeout("late"), False),
        (httpx2.PoolTimeout("late"), False),
        (httpx2.ConnectError("refused"), False),
        (httpx2.WriteTimeout("late"), True),
        (httpx2.ReadTimeout("late"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "paid" if value else "free",
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_what_never_left_this_machine_is_not_paid_for_and_what_may_have_been_answered_is(
    tmp_path, error: Exception, paid: bool, streamed: bool
):
    server = AnthropicClaude(Server("http://127.0.0.1:9", "k", ""), PRICES, clock=FakeClock())
    async with httpx2.AsyncClient(transport=Failing(error)) as failing:
        server._client = server._client.with_options(http_client=failing)
        async with paying(tmp_path, limits(all="1 USD"), claude=server) as (claude, _, budgets):
            asked = question(on_text=(lambda _: None) if streamed else None)
            with pytest.raises(ClaudeError):
                await claude.ask(PROMPT, asked)
            ((_, _, spent),) = budgets.spent(None)
            assert spent == (claude._tariff.most(PROMPT, asked) if paid else NOTHING)
            assert budgets._account("all").held == NOTHING
    await server.close()


async def test_a_call_that_is_cancelled_counts_and_holds_nothing_any_more(tmp_path):
    async with paying(tmp_path, limits(all="1 USD")) as (claude, inner, budgets):
        begun = asyncio.Event()

        async def think() -> None:
            begun.set()
            await asyncio.Event().wait()

        inner.while_thinking = think
        task = asyncio.create_task(claude.ask(PROMPT, question()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ((_, _, spent),) = budgets.spent(None)
        assert spent.dollars > 0
        assert budgets._account("all").held == NOTHING


def test_what_a_call_may_come_to_at_most_is_never_less_than_what_it_does():
    tariff = Tariff(PRICES)
    most = tariff.most(PROMPT, question())
    size = len(PROMPT.text)
    sonnet = PRICES.of("claude-sonnet-5-5")
    assert sonnet is not None
    real = sonnet.cost(Usage(input=0, cache_write_1h=size // 4, output=100))
    assert real is not None
    assert real < most.dollars < 3 * real + 0.001
    assert tariff.most(PROMPT, question(model="no-such-model")).dollars >= most.dollars
    assert Tariff(PRICES, free=True).most(PROMPT, question()).dollars == 0.0
    assert Tariff(PRICES, free=True).most(PROMPT, question()).tokens == most.tokens


class Batching(FakeClaude):
    """A Claude that takes questions together, and remembers how many."""

    together: list[int]
    takes_none = False

    async def batch(self, asked: Sequence[tuple[Prompt, Question]]) -> list[Answer | ClaudeError] | None:
        if self.takes_none:
            return None
        self.together = [len(asked)]
        return [await self.ask(*one) for one in asked]


async def test_of_a_batch_only_what_can_be_paid_is_asked_and_each_keeps_its_place(tmp_path):
    inner = Batching(FakeClock())
    async with paying(tmp_path, limits(person="300 tokens"), claude=inner) as (claude, _, budgets):
        mine, theirs = question(purpose="facts"), question(purpose="facts", user_id=43)
        inner.will_find(*"abcdef")
        answers = await claude.batch([(PROMPT, mine)] * 3 + [(PROMPT, theirs)])
        assert answers is not None
        assert [isinstance(one, Answer) for one in answers] == [True, True, False, True]
        assert inner.together == [3]
        assert all(account.held == NOTHING for account in budgets._accounts.values())


async def test_a_server_that_takes_no_batches_leaves_nothing_held(tmp_path):
    inner = Batching(FakeClock())
    inner.takes_none = True
    async with paying(tmp_path, limits(all="1 USD"), claude=inner) as (claude, _, budgets):
        assert await claude.batch([(PROMPT, question())] * 3) is None
        ((_, _, spent),) = budgets.spent(None)
        assert spent == NOTHING
        assert budgets._account("all").held == NOTHING


# --- In a conversation ----------------------------------------------------------------------------


async def level_at(at: Table, share: float, limit: str = "1 USD") -> None:
    """Let so much of a limit be spent."""
    amount = dollars(share * 1.0)
    held = await at.app.budgets.hold(amount, user_id=42, channel_id=None)
    at.app.budgets.settle(held, amount)


async def test_in_private_the_line_is_said_once_a_day_and_then_nothing(tmp_path):
    async with table(tmp_path, limits=limits(person="1 USD")) as at:
        await at.hear("hello")
        assert at.mouth.said == ["Hm."]
        await level_at(at, 0.999)
        asked = len(at.claude.questions)
        silent = [await at.hear(f"and {number}?") for number in range(5)]
        assert at.mouth.said == ["Hm.", LINE]
        assert len(at.claude.questions) == asked
        found = await outcome(at.database, silent[-1].message_id)
        assert found.claim.reason == Reason.BUDGET.name
        at.clock.pass_time(24 * 3600)
        await at.hear("good morning")
        assert at.mouth.said == ["Hm.", LINE, "Hm."]


async def test_the_line_is_no_part_of_the_talk(tmp_path):
    async with table(tmp_path, limits=limits(person="1 USD")) as at:
        await level_at(at, 1.0)
        await at.hear("hello")
        assert at.mouth.said == [LINE]
        at.clock.pass_time(24 * 3600)
        await at.hear("good morning")
        assert LINE not in at.claude.prompts[-1].text


async def test_a_restart_does_not_tell_again(tmp_path):
    async with table(tmp_path, limits=limits(person="1 USD")) as at:
        await level_at(at, 1.0)
        await at.hear("hello")
        await at.app.budgets.keep()
    async with table(tmp_path, limits=limits(person="1 USD")) as at:
        await at.hear("hello?")
        assert at.mouth.said == []
        assert at.claude.questions == []


async def test_a_spent_server_tells_so_once_and_others_are_answered(tmp_path):
    elsewhere = replace(CHANNEL, channel_id=601, guild_id=701)
    async with table(tmp_path, limits=limits(server="1 USD")) as at:
        for where in (CHANNEL, elsewhere):
            await at.hear("Pixel, hello", where=where)
        amount = dollars(0.999)
        held = await at.app.budgets.hold(amount, user_id=9, channel_id=CHANNEL.channel_id)
        at.app.budgets.settle(held, amount)
        for author in (42, 43, 44):
            await at.hear("Pixel?", where=CHANNEL, author_id=author)
        assert at.mouth.said == ["Hm.", "Hm.", LINE]
        await at.hear("Pixel?", where=elsewhere)
        await at.hear("and you?", where=DM)
        assert at.mouth.said == ["Hm.", "Hm.", LINE, "Hm.", "Hm."]
        assert any("server The Guild" in one for one in at.stages)


async def test_from_80_percent_on_nothing_is_voted_on_and_who_calls_is_answered_cheaply(tmp_path):
    async with table(tmp_path, manner=VOTING, limits=limits(all="1 USD")) as at:
        at.claude.will_say("yes")
        await at.hear("does anybody know why my build fails?", where=CHANNEL)
        assert [one.purpose for one in at.claude.questions][:1] == ["vote"]
        await level_at(at, 0.9)
        asked = len(at.claude.questions)
        heard = await at.hear("does anybody know why my tests fail?", where=CHANNEL)
        assert len(at.claude.questions) == asked
        found = await outcome(at.database, heard.message_id)
        assert found.claim.reason == Reason.BUDGET.name
        assert found.trace.steps[-1].remark == RuleRemark(Note.BUDGET_SHORT)
        await at.hear("Pixel, why?", where=CHANNEL)
        assert [(one.purpose, one.model) for one in at.claude.questions[asked:]] == [
            ("reply", "claude-haiku-5-5")
        ]


async def test_from_80_percent_on_characters_do_not_take_up_what_another_said(tmp_path):
    async with company(tmp_path, direction=chatty(chain=2), limits=limits(all="1 USD")) as at:
        await at.hear("Pixel, hello", where=CHANNEL)
        assert len(at.mouth.said) > 1
        await level_at(at, 0.9)
        before = len(at.mouth.said)
        await at.hear("Pixel, and now?", where=CHANNEL)
        assert len(at.mouth.said) == before + 1


async def test_a_scene_ends_when_the_budget_is_spent(tmp_path):
    """C26."""
    async with company(tmp_path, limits=limits(all="1 USD")) as at:
        crafts = stagecraft(at)
        roles = [crafts.role("fangs"), crafts.role("nyx")]

        async def spend_it_all() -> None:
            if len(at.mouth.said) == 2:
                at.claude.while_thinking = None
                await level_at(at, 0.999)

        at.claude.while_thinking = spend_it_all
        await crafts.begin_scene(CHANNEL, roles, "a lantern", turns=20, by=42, opened_by=4_000)
        await at.app.following.follow(CHANNEL.channel_id, at.mouth)
        assert len(at.mouth.said) == 2
        async with at.database.read() as db:
            assert await db.cues.scene(CHANNEL.channel_id) is None


async def test_operators_are_answered_whatever_is_spent(tmp_path):
    allowed = replace(limits(all="1 USD"), exempt=frozenset({7}))
    async with table(tmp_path, limits=allowed) as at:
        await level_at(at, 1.0)
        await at.hear("hello", author_id=7)
        assert at.mouth.said == ["Hm."]
        assert at.claude.questions[-1].model == "claude-sonnet-5-5"


@pytest.mark.parametrize(
    "messages", [100, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
async def test_whatever_one_person_writes_they_stay_under_their_cap_and_others_are_answered(
    tmp_path, messages
):
    """C8: a thousand messages of one person."""
    async with table(tmp_path, limits=limits(person="0.05 USD")) as at:
        for number in range(messages):
            await at.hear(f"message {number}", where=DM)
        async with at.database.read() as db:
            spending = await db.calls.spending(since=EPOCH - timedelta(days=1))
        assert 0.03 < spending.cost < 0.05 + 1e-9
        assert at.mouth.said.count(LINE) == 1
        await at.hear("hello from another", where=replace(DM, channel_id=501), author_id=43)
        assert at.mouth.said[-1] == "Hm."


async def test_thinking_again_says_that_the_budget_is_spent(tmp_path):
    async with table(tmp_path, limits=limits(person="1 USD")) as at:
        await at.hear("hello")
        await level_at(at, 0.999)
        with pytest.raises(CannotRemake) as refused:
            await at.app.revisions.another("pixel", Requester(42, "Mira"), DM)
        assert str(refused.value) == LINE


async def test_what_is_done_beside_talk_and_does_not_fit_ends_no_budget(tmp_path):
    async with books(tmp_path, limits(person="1 USD")) as (budgets, told):
        await spend(budgets, dollars(0.6))
        with pytest.raises(OverBudget) as refused:
            await spend(budgets, dollars(0.5))
        assert refused.value.line == ""
        assert budgets.purse(42, None).level is Level.FREE
        assert told == []


async def test_another_limit_holds_from_the_next_start_on(tmp_path):
    async with books(tmp_path, limits(all="1 USD")) as (budgets, _):
        await spend(budgets, dollars(1))
        budgets.tell_once(42, 700)
        await budgets.keep()
        assert budgets.purse(42, 700).level is Level.SPENT
    async with books(tmp_path, limits(all="5 USD")) as (budgets, _):
        assert budgets.purse(42, 700).level is Level.FREE
        await spend(budgets, dollars(3))


async def test_why_tells_nobody_how_much_of_whose_budget_is_spent(tmp_path):
    async with books(tmp_path, limits(person="1 USD", all="9 USD")) as (budgets, _):
        await spend(budgets, dollars(0.93))
        assert "93" not in budgets.purse(42, None).why
        assert "person" not in budgets.purse(42, None).why


async def test_who_is_in_distress_is_shown_where_to_find_help_also_when_all_is_spent(tmp_path):
    caring = replace(AT_ONCE, notice=Notice("There is help.", timedelta(hours=24)))
    async with table(tmp_path, manner=caring, limits=limits(person="1 USD")) as at:
        await level_at(at, 1.0)
        for text in ("hello", "hello?", "I want to kill myself"):
            await at.hear(text)
        assert at.mouth.said == [LINE]
        assert len(at.mouth.whispered) == 1


async def test_a_batch_that_is_broken_off_while_it_is_set_aside_holds_nothing(tmp_path):
    inner = Batching(FakeClock())
    async with paying(tmp_path, limits(all="1 USD"), claude=inner) as (claude, _, budgets):
        hold, held = budgets.hold, 0

        async def broken_off(*args: Any, **options: Any) -> Any:
            nonlocal held
            held += 1
            if held == 3:
                raise asyncio.CancelledError
            return await hold(*args, **options)

        setattr(budgets, "hold", broken_off)  # noqa: B010 - mypy has it that methods stay as they are
        with pytest.raises(asyncio.CancelledError):
            await claude.batch([(PROMPT, question())] * 5)
        assert all(account.held == NOTHING for account in budgets._accounts.values())


async def test_the_tone_of_somebodys_words_is_their_own_spending(tmp_path):
    voters = Voters(model="claude-haiku-5-5", count=0, deadline=10.0)
    manner = replace(AT_ONCE, attention=Attentiveness(voters=voters))
    async with table(tmp_path, manner=manner, limits=limits(person="1 USD")) as at:
        await at.hear("thank you, you idiot")
        asked = [one for one in at.claude.questions if one.purpose == "appraisal"]
        assert [one.user_id for one in asked] == [42]
