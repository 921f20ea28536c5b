"""The console has words for every rule and every job that there is."""

import pytest

pytest.importorskip("starlette", reason="the extra is missing: pip install '.[console]'")

from bot.conversation.attention.rules import RULES
from cogs._discord.health import JOBS
from console.pages.live import RULES_IN_WORDS
from console.pages.running import JOB_PURPOSES


def test_each_rule_has_its_question():
    assert list(RULES_IN_WORDS) == [rule.__name__ for rule in RULES]


def test_each_job_has_its_purpose():
    assert set(JOB_PURPOSES) == set(JOBS)
