"""A channel's whole talk, heard by a real conversation: who is voted on, who is answered, what it costs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from bot.conversation.attention.vote import Voters
from bot.llm.client import Answer
from bot.llm.pricing import load_prices
from bot.llm.types import ModelCall, Prompt, Question, Usage
from database.models import MessageRow
from personas.relations.bonds import Tone
from tests.builders import AT_ONCE, CHANNEL, PIXEL, Table, table
from tests.fakes import EPOCH, FakeClaude, FakeClock
from tests.summing import note, summary_of
from tests.talk import Said

VOTERS = Voters(model="claude-haiku-5-5", count=3, deadline=10.0)
LOOKED_AHEAD = 12
_FIRST_ID = 100_000


@dataclass
class Played:
    """What became of each message of a log, in its order; calls by purpose, and their cost in dollars."""

    log: Sequence[Said]
    voted: list[bool] = field(default_factory=list)
    replied: list[bool] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0

    @property
    def messages(self) -> int:
        """How many messages of people there are."""
        return sum(not said.by_character for said in self.log)

    @property
    def vote_share(self) -> float:
        """The share of what nobody addressed to the character that was put to the vote."""
        ambient = [voted for said, voted in zip(self.log, self.voted, strict=True) if said.ambient]
        return sum(ambient) / len(ambient)

    @property
    def recall(self) -> float:
        """The share of what should be answered, and is not addressed, that the rules let pass."""
        wanted = [
            voted or replied
            for said, voted, replied in zip(self.log, self.voted, self.replied, strict=True)
            if said.ambient and said.should_answer
        ]
        return sum(wanted) / len(wanted)


class LabelClaude(FakeClaude):
    """Votes as the label says, with a share of `errors`, and answers with the character's next line."""

    def __init__(self, clock: FakeClock, *, played: Played, errors: float) -> None:
        super().__init__(clock)
        self._errors, self._rng = errors, Random(1)
        self.log = played.log
        self.at = 0
        self.said: set[int] = set()
        self._played = played
        self._prices = load_prices(None)

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        text = self._answer(question.purpose)
        usage = Usage(input=len(prompt.text) // 4, output=len(text) // 4 + 1)
        cost = self._prices.cost(question.model, usage)
        self._played.calls[question.purpose] += 1
        self._played.cost += cost or 0.0
        call = ModelCall(
            question.purpose, question.model, "ok", self.clock.now(), 0.0, usage=usage, cost=cost
        )
        return Answer(text, cut_short=False, call=call)

    def _answer(self, purpose: str) -> str:
        match purpose:
            case "vote":
                mistaken = self._rng.random() < self._errors
                return "yes" if self.log[self.at].should_answer is not mistaken else "no"
            case "addressees":
                return '{"addressed": []}'
            case "appraisal":
                return Tone.TALK
            case "summary":
                return note(summary_of([said.text for said in self.log], self.at))
            case "reply":
                return self._next_line()
        raise ValueError(f"nobody wrote an answer for the purpose {purpose}")

    def _next_line(self) -> str:
        for later in range(self.at + 1, min(self.at + LOOKED_AHEAD, len(self.log))):
            if self.log[later].by_character and later not in self.said:
                self.said.add(later)
                return self.log[later].text
        return "I see."


async def listen(folder: Path, log: Sequence[Said], *, errors: float = 0.0) -> Played:
    """Let a conversation hear the whole log, on a real database in `folder`.

    So large a share of the votes is mistaken as `errors` says.
    """
    played = Played(log)
    manner = replace(AT_ONCE, attention=replace(AT_ONCE.attention, voters=VOTERS))
    async with table(folder, manner=manner, claude=partial(LabelClaude, played=played, errors=errors)) as at:
        claude, begun = at.claude, at.clock.monotonic()
        assert isinstance(claude, LabelClaude)
        for number, said in enumerate(log):
            at.clock.pass_time(max(begun + said.seconds - at.clock.monotonic(), 0.0))
            claude.at = number
            if said.by_character:
                played.voted.append(False)
                played.replied.append(False)
                if number not in claude.said:
                    await _say_itself(at, _FIRST_ID + number, said)
                continue
            heard = await at.hear(
                said.text,
                message_id=_FIRST_ID + number,
                where=CHANNEL,
                author_id=said.author_id,
                author_name=said.author_name,
            )
            kept = await at.decided(heard.message_id)
            played.voted.append(bool(kept.trace.votes))
            played.replied.append(kept.turn is not None)
    return played


async def _say_itself(at: Table, message_id: int, said: Said) -> None:
    """Put a line of the character into the log that nobody had asked for."""
    async with at.database.begin() as db:
        rows = await db.messages.transcript(CHANNEL.channel_id, "pixel", since=EPOCH, limit=1)
        heard_through = rows[-1].position if rows else 0
        await db.channels.note(
            CHANNEL.channel_id,
            place=CHANNEL.place,
            name=CHANNEL.name,
            guild_id=CHANNEL.guild_id,
            guild_name=CHANNEL.guild_name,
            heard=0,
        )
        await db.messages.add(
            MessageRow(
                id=message_id,
                channel_id=CHANNEL.channel_id,
                author_id=at.mouth.me,
                author_name=PIXEL.name,
                text=said.text,
                sent_at=at.clock.now(),
                from_bot=True,
                heard_through=heard_through,
            )
        )
