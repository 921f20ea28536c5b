"""Stand-ins that tests hold in their hands: a clock, a Claude with a script, a mouth that listens."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.conversation.company import Speaker
from bot.conversation.types import NO_EMOTES, Part
from bot.core.errors import Gone, SpeakingError
from bot.llm.client import Answer
from bot.llm.errors import ClaudeError
from bot.llm.types import ModelCall, Prompt, Question, Usage

TURNS = 20
"""Of the event loop, in which those who were woken do what they do next."""
EPOCH = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when somebody sleeps, or when a test says so."""

    def __init__(self, at: datetime = EPOCH) -> None:
        self._at = at
        self._monotonic = 1_000.0
        self.slept: list[float] = []
        self.breath = 0.0
        """Real seconds that each sleep leaves to what is going on beside it, such as the database."""

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._monotonic

    def pass_time(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.breath)
        self.slept.append(seconds)
        self.pass_time(seconds)


class HeldClock(FakeClock):
    """A clock whose sleepers sleep until the test lets time pass."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        self._sleepers.append((self.monotonic() + seconds, woken))
        await woken.wait()

    async def let_pass(self, seconds: float) -> None:
        self.pass_time(seconds)
        for due, woken in self._sleepers:
            if due <= self.monotonic():
                woken.set()
        for _ in range(TURNS):
            await asyncio.sleep(0)


class FakeClaude:
    """Answers from a queue and keeps what it was asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.queue: deque[str | ClaudeError] = deque()
        self.prompts: list[Prompt] = []
        self.questions: list[Question] = []
        self.notes: deque[str | ClaudeError] = deque()
        self.background: list[Prompt] = []
        """What was asked beside the conversation: for summaries and about memories."""
        self.facts: deque[str | ClaudeError] = deque()
        self.finds: Callable[[Prompt, Question], str] | None = None
        """Answers what is asked for facts, in place of the queue."""
        self.kinds: deque[str | ClaudeError] = deque()
        """What characters did with what another said."""
        self.takes = 0.0
        self.while_thinking: Callable[[], object] | None = None

    def will_say(self, *answers: str | ClaudeError) -> None:
        self.queue.extend(answers)

    def will_note(self, *answers: str | ClaudeError) -> None:
        """Answer what is asked for summaries and about memories; without an answer it can't be used."""
        self.notes.extend(answers)

    def will_find(self, *answers: str | ClaudeError) -> None:
        """Answer what is asked for facts, and whether they are known; without an answer it can't be used."""
        self.facts.extend(answers)

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        behind = question.purpose in ("appraisal", "summary", "memories", "facts", "same facts")
        (self.background if behind else self.prompts).append(prompt)
        self.questions.append(question)
        self.clock.pass_time(self.takes)
        if self.while_thinking:
            result = self.while_thinking()
            if asyncio.iscoroutine(result):
                await result
        await asyncio.sleep(0)
        queue = self.notes if behind else self.queue
        queue = self.kinds if question.purpose == "appraisal" else queue
        queue = self.facts if question.purpose in ("facts", "same facts") else queue
        said = queue.popleft() if queue else "Hm."
        if self.finds is not None and question.purpose in ("facts", "same facts"):
            said = self.finds(prompt, question)
        call = ModelCall(
            purpose=question.purpose,
            model=question.model,
            outcome="ok",
            at=self.clock.now(),
            seconds=self.takes,
            usage=Usage(input=len(prompt.text) // 4, output=5),
            cost=0.001,
            user_id=question.user_id,
            channel_id=question.channel_id,
        )
        if isinstance(said, ClaudeError):
            said.call = replace(call, outcome=said.outcome)
            raise said
        return Answer(said, cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""


class FakeMouth:
    """Keeps what is said; may be told to fail."""

    show = None

    def __init__(self, *, me: int = 99) -> None:
        self.me = me
        self.emotes: Mapping[str, str] = NO_EMOTES
        self.said: list[str] = []
        self.posted: dict[str, tuple[int, str]] = {}
        self.nonces: list[str] = []
        self.to: list[int] = []
        self.will_fail: deque[SpeakingError | None] = deque()
        self.typing_now = 0
        self.reactions: list[int] = []
        self.name = ""
        self.speakers: list[str] = []
        self.whispered: list[tuple[int, str]] = []
        self.whispers_fail: deque[SpeakingError | None] = deque()
        self.deaf: set[int] = set()

    def speaking_as(self, speaker: Speaker) -> "FakeMouth":
        """Return the mouth of a character; what is said with it stands here, under its name, too."""
        if speaker.primary:
            return self
        own = FakeMouth(me=speaker.id)
        own.said, own.posted, own.nonces, own.to = self.said, self.posted, self.nonces, self.to
        own.will_fail, own.reactions = self.will_fail, self.reactions
        own.speakers, own.name = self.speakers, speaker.name
        own.emotes = self.emotes
        own.whispered, own.whispers_fail, own.deaf = self.whispered, self.whispers_fail, self.deaf
        return own

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        self.typing_now += 1
        try:
            yield
        finally:
            self.typing_now -= 1

    async def say(self, part: Part, *, to: int) -> int:
        fault = self.will_fail.popleft() if self.will_fail else None
        if fault is not None:
            raise fault
        self.nonces.append(part.nonce)
        self.to.append(to)
        if part.nonce not in self.posted:
            self.said.append(part.text)
            self.speakers.append(self.name)
            self.posted[part.nonce] = (1_000_000 + len(self.posted), part.text)
        return self.posted[part.nonce][0]

    @property
    def shown(self) -> list[str]:
        """What stands in the channel by now, in order."""
        return [text for _, text in sorted(self.posted.values())]

    async def edit(self, message_id: int, text: str) -> None:
        self._fail()
        nonce = next((one for one, (known, _) in self.posted.items() if known == message_id), None)
        if nonce is None:
            raise Gone("there is no such message")
        self.posted[nonce] = (message_id, text)

    async def unsay(self, message_id: int) -> None:
        self._fail()
        self.posted = {nonce: one for nonce, one in self.posted.items() if one[0] != message_id}

    def _fail(self) -> None:
        if fault := self.will_fail.popleft() if self.will_fail else None:
            raise fault

    async def react(self, message_id: int) -> None:
        fault = self.will_fail.popleft() if self.will_fail else None
        if fault is not None:
            raise fault
        self.reactions.append(message_id)

    async def whisper(self, part: Part, *, to: int) -> bool:
        """Keep what was said to one person alone; `deaf` ones take no private messages."""
        if fault := self.whispers_fail.popleft() if self.whispers_fail else None:
            raise fault
        if to in self.deaf:
            return False
        self.whispered.append((to, part.text))
        return True

    async def find(self, part: Part, *, after: int, known: Collection[int]) -> int | None:
        """Look by the text, as one has to in Discord: its history does not tell the nonces."""
        found = (one for one, text in self.posted.values() if text == part.text)
        return next((one for one in found if one > after and one not in known), None)
