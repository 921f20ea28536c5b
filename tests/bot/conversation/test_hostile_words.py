"""Words of people and of models are words: no template, no pattern, no path, no command (D5)."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.config import TranscriptLimits
from bot.conversation.rethinking import Requester
from bot.prompts import fill
from tests.builders import AT_ONCE, DM, PIXEL, table

HOSTILE = [
    "{character.__class__.__init__.__globals__[SECRET]}",
    "{name:>1500000000}",
    '{"a": 1} {} {0} {name!r}',
    "$name $core_memory ${summarization} $$ ${ANTHROPIC_API_KEY}",
    "%s %d %(name)s %%",
    "(a+)+$ [ (?P<x> \\1 .*",
    "../../etc/passwd C:\\..\\con",
    "'; DROP TABLE core_memories; --",
    "{% for x in y %}{{ x }}{% endfor %}",
    "<@&1> @everyone https://example.invalid/?q={secret}",
]
MIRA = Requester(42, "Mira")


@pytest.mark.slow
@pytest.mark.parametrize("words", HOSTILE)
async def test_hostile_words_stand_in_prompts_as_they_were_said_and_nowhere_in_the_system_text(
    tmp_path, words
):
    manner = replace(AT_ONCE, extent=TranscriptLimits(condensed=300))
    async with table(tmp_path, manner=manner) as at:
        await at.hear("hello")
        plain = at.claude.prompts[0].system
        await at.app.memories.remember("pixel", 42, words, DM)
        at.claude.will_say(f"I say {words}")
        await at.hear(f"so {words}")
        await at.app.revisions.another("pixel", MIRA, DM, context=words)
        asked = at.claude.prompts[-1].text
        assert f"about your next message): {words}" in asked
        assert json.dumps(f"I say {words}", ensure_ascii=False) in asked
        at.claude.will_note(json.dumps({"summary": f"they said {words}", "operations": []}))
        for number in range(12):
            await at.hear(f"number {number} " + "tell " * 20)
        await at.app.summaries.settled()
        await at.hear("and now?")
        assert f"they said {words}" in at.claude.prompts[-1].text
        assert f"1. {words}" in at.claude.prompts[-1].text
        assert {prompt.system for prompt in at.claude.prompts} == {plain}
        assert words not in "".join(block.text for one in at.claude.background for block in one.system)


@given(words=st.text(max_size=200) | st.sampled_from(HOSTILE))
def test_what_is_put_into_a_prompt_of_ours_is_put_in_once_and_never_looked_at_again(words):
    others = {"name": PIXEL.name, "core_memory": "CORE", "words": "9"}
    before, after = fill("summary", summarization="HERE", **others).split("HERE")
    assert fill("summary", summarization=words, **others) == before + words + after
