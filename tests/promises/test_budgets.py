"""docs/administration.md, "Budgets": what may be spent in a day."""

import pytest

from tests.promises.quoting import promise
from tests.promises.stage import PATIENCE, TYPES_AT_ONCE, Stage

# Enough for one reply: its prompt is about 2,000 tokens, and 1,250 are set aside for the answer.
SETTINGS = {**TYPES_AT_ONCE, "budget_per_person": "4000 tokens", "budget_line": "That is all for today."}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]


@promise("administration.md", "When it is spent, people are told once that day, with `budget_line`")
@promise(
    "administration.md", "After that nothing is asked of any model for them until midnight; `/why` says so."
)
@promise("administration.md", "The people in `admin_ids` are always answered; what they spend counts.")
async def test_who_spent_a_budget_is_told_once_and_operators_are_answered(stage: Stage):
    mira = stage.somebody("Mira")
    channel = stage.discord.dm_with(mira)
    for number in range(4):
        asked = await mira.say(channel, f"number {number}")
        await stage.discord.wait_for_message(channel, after=asked, timeout=PATIENCE)
        if "That is all for today." in channel.texts:
            break
    assert channel.texts.count("That is all for today.") == 1
    asked_so_far = len(stage.claude.requests)
    await stage.is_not_answered(mira, channel, "and {}?")
    assert len(stage.claude.requests) == asked_so_far
    assert "budget" in await stage.told(mira, channel, "why")
    operators = stage.discord.dm_with(stage.operator)
    for _ in range(3):
        await stage.ask(stage.operator, operators, "{}")
