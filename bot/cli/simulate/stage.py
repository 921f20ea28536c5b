"""Simulated environment of a scenario: clock, scripted model and outlet."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.conversation.company import Speaker
from bot.conversation.types import NO_EMOTES, Mouth, Part
from bot.llm.client import Answer
from bot.llm.errors import ClaudeUnavailable
from bot.llm.types import ModelCall, Prompt, Purpose, Question, TokenEstimate, Usage


class SimulatedClock:
    """Clock that advances only when somebody sleeps or the scenario waits."""

    def __init__(self, at: datetime) -> None:
        self._begin = self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return (self._at - self._begin).total_seconds()

    def advance(self, span: timedelta) -> None:
        self._at += span

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.advance(timedelta(seconds=seconds))


class ScriptedModel:
    """Answers each kind of question from the scenario, and records the prompts of replies.

    A question without a scripted answer fails as if the server were down; `unanswered` names its purpose.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._count = TokenEstimate()
        self._answers: defaultdict[Purpose, deque[str]] = defaultdict(deque)
        self.prompts: list[str] = []
        self.unanswered: list[Purpose] = []

    def will_answer(self, answers: Mapping[Purpose, list[str]]) -> None:
        for purpose, texts in answers.items():
            self._answers[purpose].extend(texts)

    def forget_answers(self) -> None:
        """Discard unused answers, which would otherwise be given to a later line."""
        self._answers.clear()

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        await asyncio.sleep(0)
        if question.purpose == "reply":
            self.prompts.append(prompt.text)
        queue = self._answers[question.purpose]
        call = ModelCall(
            purpose=question.purpose,
            model=question.model,
            outcome="ok" if queue else ClaudeUnavailable.outcome,
            at=self._clock.now(),
            seconds=0.0,
            usage=Usage(input=self._count(prompt.text), output=self._count(queue[0]) if queue else 0),
            cost=0.0,
            user_id=question.user_id,
            channel_id=question.channel_id,
        )
        if not queue:
            self.unanswered.append(question.purpose)
            error = ClaudeUnavailable(
                f"the scenario has no answer for a question of the kind {question.purpose!r}"
            )
            error.call = call
            raise error
        return Answer(queue.popleft(), cut_short=False, call=call)

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A posted line: time, place and speaker."""

    at: datetime
    where: str
    speaker: str
    text: str


@dataclass(slots=True)
class SimulatedStage:
    """All posted lines, in order, and the message ids."""

    clock: SimulatedClock
    of_part: Callable[[], int]
    lines: list[SpokenLine] = field(default_factory=list)
    posted: dict[int, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StageMouth:
    """One character's outlet in one place of the scenario."""

    stage: SimulatedStage
    where: str
    name: str
    me: int

    @property
    def emotes(self) -> Mapping[str, str]:
        return NO_EMOTES

    @property
    def show(self) -> None:
        return None

    def speaking_as(self, speaker: Speaker) -> Mouth:
        return StageMouth(self.stage, self.where, speaker.name, self.me if speaker.primary else speaker.id)

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        yield

    async def say(self, part: Part, *, to: int) -> int:  # noqa: ARG002 - nobody is pinged here
        self._add(part.text)
        message_id = self.stage.of_part()
        self.stage.posted[message_id] = part
        return message_id

    async def edit(self, message_id: int, text: str) -> None:  # noqa: ARG002
        self._add(f"(edited) {text}")

    async def unsay(self, message_id: int) -> None:
        self.stage.posted.pop(message_id, None)

    async def react(self, message_id: int) -> None:  # noqa: ARG002
        self._add("(reacts with a warning sign)")

    async def whisper(self, part: Part, *, to: int) -> bool:  # noqa: ARG002
        self._add(f"(in private) {part.text}")
        return True

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        found = (message_id for message_id, said in self.stage.posted.items() if said.nonce == part.nonce)
        return next(
            (message_id for message_id in found if message_id > after and message_id not in known), None
        )

    def _add(self, text: str) -> None:
        self.stage.lines.append(SpokenLine(self.stage.clock.now(), self.where, self.name, text))
