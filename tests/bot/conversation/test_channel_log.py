"""The talk of a channel: few votes are asked for, and hardly anything to be answered is missed (C13)."""

import pytest

from bot.conversation.attention.explain import explain
from tests.builders import CHANNEL, table
from tests.listening import listen
from tests.support.votes import VOTING
from tests.talk import LOCOMO, channel_log

MESSAGES = 1_000


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("generated", "seed"),
    [
        (None, 1),
        pytest.param(True, 1, marks=pytest.mark.slow),
        pytest.param(True, 2, marks=pytest.mark.slow),
        pytest.param(False, 2, marks=pytest.mark.slow),
    ],
)
async def test_at_most_a_quarter_is_voted_on_and_95_of_100_answers_get_past_the_rules(
    tmp_path, generated, seed
):
    if generated is False and not LOCOMO.exists():
        pytest.skip("locomo-dev.json is not on this machine")
    log = channel_log(seed=seed, messages=MESSAGES, generated=generated)
    played = await listen(tmp_path, log)
    assert len(log) >= MESSAGES
    assert sum(said.ambient and said.should_answer for said in log) >= 50
    assert played.vote_share <= 0.25
    assert played.recall >= 0.95
    called = [replied for said, replied in zip(log, played.replied, strict=True) if said.addressed]
    assert called
    assert all(called)


async def test_who_tells_of_their_night_is_voted_on_and_why_says_what_counted(tmp_path):
    async with table(tmp_path, manner=VOTING) as at:
        at.claude.will_say("no", "no", "no")
        heard = await at.hear("I have been up since three baking bread again, no idea why", where=CHANNEL)
        kept = await at.decided(heard.message_id)
    assert kept.trace.votes
    assert "its length, tells about oneself, after a silence)" in explain(kept.claim, kept.turn)
