"""The vote on whether the character joins in when nobody addressed it (F030, F031, C12)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.conversation.text.emotes import named
from bot.conversation.text.names import render_line, speaker_label
from bot.conversation.types import Line, Utterance
from bot.core.clock import Clock
from bot.core.tasks import running, spawn
from bot.llm.client import Claude
from bot.llm.errors import ClaudeError
from bot.llm.types import Block, Message, ModelCall, Prompt, Question
from bot.prompts import fill
from personas.character import Character

log = logging.getLogger(__name__)

MOST_LINES = 10
LONGEST_LINE = 300
"""The maximum number of characters that voters see of a line."""
MAX_TOKENS = 8
PATIENCE = 0.3
"""The share of the deadline after which pending votes count as late."""
# The client's calls end a little before the vote's deadline, so that it can book them as timeouts.
_SHARE_FOR_THE_CLIENT = 0.98

Vote = Literal["yes", "no", "abstain"]
_VOTES: tuple[Vote, ...] = ("yes", "no", "abstain")
_WORDS: tuple[Vote, ...] = ("yes", "no")
_QUOTES = ("", "", '""', "''", "``", "“”", "‘’")
_STOPS = (("", ""), (".", ""), ("!", ""), ("", "."), ("", "!"))
# All spellings of a valid vote, so that no sentence can pass for a vote.
_SPELLINGS: dict[str, Vote] = {
    f"{quotes[:1]}{word}{within}{quotes[1:]}{behind}": word
    for word in _WORDS
    for quotes in _QUOTES
    for within, behind in _STOPS
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voters:
    """The voting model, the number of votes (yes_no_vote_count), and the total time limit in seconds."""

    model: str
    count: int
    deadline: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """The result of a vote: `votes` in order of arrival, and `calls` for the books.

    An `interrupted` vote was cancelled before its outcome was certain, and has no meaning. `character` is the
    character that would join in.
    """

    votes: tuple[str, ...]
    carried: bool
    calls: tuple[ModelCall, ...]
    interrupted: bool = False
    character: str = ""

    @property
    def held(self) -> bool:
        """Say whether any voter answered, if only to abstain."""
        return not self.calls or any(call.outcome == "ok" for call in self.calls)


def ballot_of(text: str) -> Vote:
    """Parse an answer as a vote: anything but the bare word abstains (F031, faults C6).

    Surrounding white space, letter case, surrounding quotes and one trailing full stop or exclamation mark
    are ignored.
    """
    return _SPELLINGS.get(text.strip().lower(), "abstain")


def settled(votes: Sequence[str], outstanding: int) -> bool | None:
    """Return whether the vote is carried: more yes than no, and more yes than abstentions (F031).

    None while the `outstanding` votes may still change it.
    """
    yes, no, abstain = (votes.count(vote) for vote in _VOTES)
    against = max(no, abstain)
    if yes > against + outstanding:
        return True
    return None if yes + outstanding > against else False


async def vote(
    claude: Claude,
    voters: Voters,
    prompt: Prompt,
    *,
    clock: Clock,
    user_id: int | None,
    channel_id: int | None,
    interrupt: asyncio.Event | None = None,
) -> Ballot:
    """Put `prompt` to the vote; voters that fail or exceed the deadline abstain.

    The first round asks for as many votes as could settle it. The rest follow together as soon as the pending
    votes can't settle it alone (a disagreement, an abstention and a yes) or are late. This is cheaper than
    asking for all at once whenever voters agree, and no slower then. The vote ends once the outcome is
    certain; pending calls are cancelled (C12). It takes `voters.deadline` seconds at most, and ends when
    `interrupt` is set.
    """
    poll = _Poll(
        claude=claude,
        voters=voters,
        prompt=prompt,
        clock=clock,
        user_id=user_id,
        channel_id=channel_id,
        interrupt=interrupt or asyncio.Event(),
    )
    try:
        async with asyncio.timeout(voters.deadline):
            await poll.run()
    except TimeoutError:
        log.info("The vote was not over within %g s", voters.deadline)
    finally:
        await poll.stop()
    interrupted = poll.outcome is None and poll.interrupt.is_set()
    unheard = poll.outstanding if poll.outcome is None and not interrupted else 0
    votes = (*poll.votes, *["abstain"] * unheard)
    return Ballot(
        votes=votes,
        carried=not interrupted and settled(votes, 0) is True,
        calls=tuple(poll.calls),
        interrupted=interrupted,
    )


def _loop_time() -> float:
    """Return the time on the clock of asyncio.timeout."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True, kw_only=True)
class _Poll:
    """A vote in progress."""

    claude: Claude
    voters: Voters
    prompt: Prompt
    clock: Clock
    user_id: int | None
    channel_id: int | None
    interrupt: asyncio.Event
    begun: float = field(default_factory=_loop_time)
    asked: int = 0
    under_way: set[asyncio.Task[None]] = field(default_factory=set)
    votes: list[Vote] = field(default_factory=list)
    calls: list[ModelCall] = field(default_factory=list)

    @property
    def outstanding(self) -> int:
        return self.voters.count - len(self.votes)

    @property
    def outcome(self) -> bool | None:
        return settled(self.votes, self.outstanding)

    async def run(self) -> None:
        """Collect votes until the outcome is certain, or the vote is interrupted."""
        self._begin(min(self.voters.count // 2 + 1, self.voters.count))
        async with running(self.interrupt.wait(), name="Waiting for an interruption") as interrupted:
            while self.outcome is None and not self.interrupt.is_set():
                await self._next(interrupted)

    async def _next(self, interrupted: asyncio.Task[bool]) -> None:
        """Take in the next vote; ask for the rest when the pending votes are late or can't settle it."""
        done, _ = await asyncio.wait(
            {*self.under_way, interrupted},
            timeout=self._patience(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in self.under_way & done:
            self.under_way.discard(task)
            task.result()
        if not interrupted.done() and (not done or not self._may_settle_it()):
            self._begin(self._unasked)

    async def stop(self) -> None:
        """Cancel pending calls, and wait until the cancellation is recorded."""
        for task in self.under_way:
            task.cancel()
        await asyncio.gather(*self.under_way, return_exceptions=True)

    @property
    def _unasked(self) -> int:
        return self.voters.count - self.asked

    def _begin(self, votes: int) -> None:
        self.asked += votes
        self.under_way |= {spawn(self._cast(), name="A vote") for _ in range(votes)}

    def _patience(self) -> float | None:
        """Return the seconds to wait for the pending votes before the rest are asked for."""
        if not self._unasked:
            return None
        return max(0.0, self.begun + self.voters.deadline * PATIENCE - _loop_time())

    def _may_settle_it(self) -> bool:
        """Say whether the pending votes can make the outcome certain, without the rest."""
        coming = len(self.under_way)
        return any(settled([*self.votes, *[vote] * coming], self._unasked) is not None for vote in _VOTES)

    async def _cast(self) -> None:
        at, begun = self.clock.now(), self.clock.monotonic()
        question = self._question()
        try:
            answer = await self.claude.ask(self.prompt, question)
        except ClaudeError as error:
            log.info("A vote by %s failed: %s", question.model, error)
            self.votes.append("abstain")
            self.calls += [error.call] if error.call else []
        except asyncio.CancelledError:
            # The cost is unknown: the server may have answered already, or only read the prompt.
            self.calls.append(
                ModelCall(
                    purpose=question.purpose,
                    model=question.model,
                    outcome="cancelled",
                    at=at,
                    seconds=self.clock.monotonic() - begun,
                    user_id=self.user_id,
                    channel_id=self.channel_id,
                )
            )
            raise
        else:
            self.votes.append(ballot_of(answer.text))
            self.calls.append(answer.call)

    def _question(self) -> Question:
        left = self.begun + self.voters.deadline - _loop_time()
        return Question(
            purpose="vote",
            model=self.voters.model,
            max_tokens=MAX_TOKENS,
            deadline=left * _SHARE_FOR_THE_CLIENT,
            effort="off",
            retries=False,
            user_id=self.user_id,
            channel_id=self.channel_id,
        )


def vote_prompt(
    character: Character,
    lines: Sequence[Line],
    heard: Sequence[Utterance],
    *,
    bot_replies: int,
    note: str = "",
) -> Prompt:
    """Return the voters' prompt about `heard`, with the newest of a channel's `lines`.

    Rules and character are byte-identical for all places and people, and long enough to be cached; users'
    words stand in the one user message. `bot_replies` counts the answers in a row to the bot among the
    speakers: the voters are told (the bot penalty, F031). A `note` replaces the question.
    """
    rules = fill("vote", name=character.name)
    shown = [_shown(line, character.name) for line in lines[-MOST_LINES:]]
    text = "\n".join([*shown, note or _note(character.name, heard, bot_replies)])
    return Prompt(
        system=(Block(f"{rules}\n\n{character.core_prompt}", cache=True),),
        messages=(Message(mine=False, blocks=(Block(text),)),),
    )


def _shown(line: Line, name: str) -> str:
    """Return a line as the voters see it; labels of other people always have digits."""
    text = named(line.text)
    text = text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"
    return render_line(name if line.mine else line.speaker, text)


def _note(name: str, heard: Sequence[Utterance], bot_replies: int) -> str:
    """Return the program's line that says whose messages the vote is about. No label holds a bracket."""
    messages = Counter(_label(message) for message in heard)
    about = " and ".join(
        f"the last message of {label}" if count == 1 else f"the last {count} messages of {label}"
        for label, count in messages.items()
    )
    penalty = _bot_penalty(heard, bot_replies)
    return f"[This is about {about}. {penalty}Does {name} speak up now? One word: yes or no.]"


def _bot_penalty(heard: Sequence[Utterance], bot_replies: int) -> str:
    bots = " and ".join(dict.fromkeys(_label(message) for message in heard if message.from_bot))
    if not bots or bot_replies < 1:
        return ""
    times = "once" if bot_replies == 1 else f"{bot_replies} times in a row"
    return (
        f"{bots}: another bot, already answered {times}. "
        "Yes only if something would be missing without one more answer. "
    )


def _label(heard: Utterance) -> str:
    return speaker_label(heard.author_name, heard.author_id)
