"""How long the vote takes to decide, next to asking its voters one after another."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import Goal, with_goals
from bot.conversation.attention.vote import MAX_TOKENS, Voters, vote, vote_prompt
from bot.conversation.text.names import speaker_label
from bot.conversation.types import Line, Utterance
from bot.core.clock import SystemClock
from bot.llm.client import AnthropicClaude
from bot.llm.pricing import load_prices
from bot.llm.server import Server
from bot.llm.types import Prompt, Question
from memory.places import Place, Where
from personas.character import Character
from tests.world.claude_server import ScriptedClaude

GOALS = (Goal("ratio", 0.45),)
MODEL_TAKES = 0.5
VOTERS = Voters(model="claude-haiku-5-5", count=3, deadline=60.0)
AGREED = ("no", "no", "no")
DISAGREED = ("yes", "no", "no")


@dataclass(frozen=True, slots=True)
class Extent:
    """How often each is measured: the vote, and then the same questions one after another."""

    warm_up_rounds: int = 1
    rounds: int = 9


QUICK = Extent(warm_up_rounds=0, rounds=1)


@dataclass
class Tally:
    """Seconds until the decision was there: `together` by the vote, else in `sequence`."""

    together: list[float] = field(default_factory=list)
    sequence: list[float] = field(default_factory=list)


async def measure(_folder: Path, extent: Extent) -> dict[str, Any]:
    """Return the decision times in milliseconds, where voters agree and where they do not."""
    async with ScriptedClaude(delay=MODEL_TAKES, record=False) as server:
        claude = AnthropicClaude(Server(server.base_url, server.api_key, ""), load_prices(None))
        try:
            bench = Bench(server, claude, _prompt())
            for answers in (AGREED, DISAGREED):
                for _ in range(extent.warm_up_rounds):
                    await bench.one_round(answers, Tally())
            agreed, disagreed = Tally(), Tally()
            for _ in range(extent.rounds):
                await bench.one_round(AGREED, agreed)
                await bench.one_round(DISAGREED, disagreed)
        finally:
            await claude.close()
    return with_goals(figures(agreed, disagreed), GOALS)


@dataclass(frozen=True)
class Bench:
    """The voting model, and the client that asks it."""

    server: ScriptedClaude
    claude: AnthropicClaude
    prompt: Prompt

    async def one_round(self, answers: Sequence[str], tally: Tally) -> None:
        """Let the same voters answer both ways."""
        tally.together.append(await self._timed(self._vote, answers))
        tally.sequence.append(await self._timed(self._in_sequence, answers))

    async def _timed(self, decide: Callable[[], Awaitable[None]], answers: Sequence[str]) -> float:
        left = iter(answers)
        self.server.answer_with(lambda _asked: next(left))
        begun = time.perf_counter()
        await decide()
        return time.perf_counter() - begun

    async def _vote(self) -> None:
        ballot = await vote(self.claude, VOTERS, self.prompt, clock=SystemClock(), user_id=42, channel_id=600)
        if ballot.carried or "abstain" in ballot.votes:
            raise RuntimeError(f"the voters were not heard: {ballot.votes}")

    async def _in_sequence(self) -> None:
        question = Question(
            purpose="vote", model=VOTERS.model, max_tokens=MAX_TOKENS, deadline=VOTERS.deadline, retries=False
        )
        for _ in range(VOTERS.count):
            await self.claude.ask(self.prompt, question)


def figures(agreed: Tally, disagreed: Tally) -> dict[str, Any]:
    """Return the medians; `ratio` is that of voters who agree."""
    return {
        "bench": "vote",
        "voters": VOTERS.count,
        "model_takes_s": MODEL_TAKES,
        "decision_ms": round(1000 * median(agreed.together), 1),
        "sequential_ms": round(1000 * median(agreed.sequence), 1),
        "ratio": round(median(agreed.together) / median(agreed.sequence), 2),
        "disagreeing_decision_ms": round(1000 * median(disagreed.together), 1),
        "disagreeing_sequential_ms": round(1000 * median(disagreed.sequence), 1),
        "disagreeing_ratio": round(median(disagreed.together) / median(disagreed.sequence), 2),
    }


def _prompt() -> Prompt:
    """Return a question of the usual size: a character of 4,000 letters, and ten lines of a channel."""
    now = datetime.now(UTC)
    character = Character(slug="nyx", name="Nyx", core_prompt="You are Nyx, a rogue hacker AI. " * 125)
    lines = [
        Line(number, speaker_label("Mira", 42), f"and what happened on day {number}?", False, now)
        for number in range(10)
    ]
    where = Where(600, Place.GUILD, name="general", guild_id=700, guild_name="The Guild")
    heard = Utterance(9, 42, "Mira", lines[-1].text, now, where)
    return vote_prompt(character, lines, [heard], bot_replies=0)
