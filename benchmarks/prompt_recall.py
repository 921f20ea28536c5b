"""How much of what answers a question stands in the prompt, after real talk was played (LoCoMo)."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, groupby, zip_longest
from pathlib import Path
from typing import Any

from benchmarks.kept_vectors import KeptVectors
from benchmarks.locomo import Conversation, Question
from benchmarks.measuring import Goal
from bot.app import App
from bot.conversation.prompt import QUOTED, REMEMBERED
from bot.conversation.types import Utterance
from bot.llm.client import Answer
from bot.llm.types import ModelCall, Prompt, TokenEstimate
from bot.llm.types import Question as Asked
from bot.settings import Settings
from database import Database
from memory.core import clean
from memory.embeddings import Embedder
from memory.meaning import Meaning
from memory.places import Place, Where
from memory.words import asked_of_oneself
from tests.builders import AT_ONCE, PIXEL, app_on, beginnings_ended
from tests.fakes import FakeClock, FakeMouth

WAYS = ("by_name", "self", "private")
"""Asked by a third person who names, by the person themself, and by them in a private chat."""
GOALS = (
    Goal("prompt_recall_by_name", 90.0, at_least=True),
    Goal("prompt_recall_self", 92.0, at_least=True),
    Goal("prompt_recall_private", 88.0, at_least=True),
    Goal("mean_tail", 600.0),
    Goal("small_talk_tokens", 100.0),
)
CHANNEL = Where(600, Place.GUILD, name="general", guild_id=700, guild_name="The Guild")
STRANGER, STRANGER_NAME = 77, "Robin"
BETWEEN_LINES, BEFORE_ASKING = 40.0, timedelta(days=2)
TOKENS = TokenEstimate()
HEADINGS = (REMEMBERED.format(name=PIXEL.name), QUOTED)
OPENING = "Hi!"
"""Is said where a talk begins with what the character answers."""
SMALL_TALK = (
    "good morning everyone, how are you all today?",
    "just got home, what a long day that was",
    "haha that is so true, I can't stop laughing",
    "what are you up to tonight?",
    "ugh, it is raining again and I left my umbrella at work",
    "thanks a lot, you really made my day!",
    "tell me a joke, I could use one right now",
    "I'm so tired, I think I'll go to bed early",
    "do you prefer tea or coffee in the morning?",
    "finally friday! who else is ready for the weekend?",
    "that sounds great, good luck with it!",
    "sorry, I was away for a moment, what did I miss?",
    "my internet keeps dropping today, so annoying",
    "what's your favourite colour?",
    "okay I have to go now, see you all tomorrow",
    "can you explain how a rainbow is made?",
)


@dataclass
class Script:
    """A Claude that says what it is told to, and finds the facts that were drawn from the talk by hand."""

    talk: Conversation
    clock: FakeClock
    answer: str = "I see."
    prompts: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt, question: Asked) -> Answer:
        if question.purpose == "reply":
            self.prompts.append(prompt)
        call = ModelCall(question.purpose, question.model, "ok", self.clock.now(), 0.0)
        return Answer(self._said(prompt, question), cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _said(self, prompt: Prompt, question: Asked) -> str:
        if question.purpose == "reply":
            return self.answer
        if question.purpose == "facts":
            return json.dumps({"facts": list(self._facts(prompt.messages[-1].blocks[-1].text))})
        empty = {"summary": "They talked.", "operations": [], "groups": [], "decisions": []}
        return json.dumps(empty)

    def _facts(self, shown: str) -> Iterator[dict[str, Any]]:
        for place, text in self.talk.facts:
            quote = self.talk.passages[place].text
            if quote in shown:
                yield {"text": text, "quote": quote, "category": "self", "tags": [], "about": ""}


@dataclass
class Stage:
    """The bot with a talk to hear, in a channel or in private."""

    talk: Conversation
    app: App
    claude: Script
    clock: FakeClock
    mouth: FakeMouth = field(default_factory=FakeMouth)
    ids: Iterator[int] = field(default_factory=lambda: count(1_000))

    @property
    def people(self) -> dict[str, int]:
        return {name: 41 + at for at, name in enumerate(sorted({one.speaker for one in self.talk.passages}))}

    async def play(self, *, alone: str | None = None) -> None:
        """Let everything be said that was, a session after the other, with the nights between them.

        `alone` talks with the character in private, which says what the other one did.
        """
        async with self.app.database.begin() as db:
            for person_id in self.people.values():
                await db.consents.set(person_id, given=True, at=self.clock.now())
        for session in sorted({one.talk for one in self.talk.passages}):
            turns = [one for one in self.talk.passages if one.talk == session]
            day = datetime.strptime(turns[0].date, "%d %B %Y").replace(tzinfo=UTC, hour=12)
            self.clock.pass_time(max((day - self.clock.now()).total_seconds(), 0.0))
            if alone is None:
                for one in turns:
                    await self.say(one.text, one.speaker, CHANNEL, reads_along=True)
            else:
                for said, answer in exchanges([(one.speaker == alone, one.text) for one in turns]):
                    await self.say(said, alone, private(self.people[alone]), answer=answer)
            await self.night()

    async def say(
        self, text: str, who: str, where: Where, *, answer: str = "I see.", reads_along: bool = False
    ) -> tuple[int, Prompt | None]:
        """Say something; return the message's id and what was asked for the reply to it."""
        self.claude.answer, before = answer, len(self.claude.prompts)
        heard = Utterance(
            message_id=next(self.ids),
            author_id=self.people.get(who, STRANGER),
            author_name=who,
            text=text,
            sent_at=self.clock.now(),
            where=where,
            mentions_me=not (reads_along or where.place.private),
        )
        await self.app.conversation.take_turn(heard, self.mouth)
        await self.app.summaries.settled()
        self.clock.pass_time(BETWEEN_LINES)
        return heard.message_id, self.claude.prompts[-1] if len(self.claude.prompts) > before else None

    async def night(self) -> None:
        """Let a night pass with what is done in it."""
        self.clock.pass_time(timedelta(hours=14).total_seconds())
        await self.app.consolidation.run(PIXEL.slug)
        await self.app.message_log.prune()

    async def ask(self, text: str, who: str, where: Where) -> str:
        """Ask something, and let it be unsaid; return the end of the prompt, which no cache holds."""
        message_id, prompt = await self.say(text, who, where)
        assert prompt is not None, "a question in which the character is mentioned is answered"
        async with self.app.database.begin() as db:
            found = await db.turns.decided(message_id)
            replies = await db.messages.of_turn(found[1].id) if found and found[1] else []
            await db.messages.forget([message_id, *(one.id for one in replies)])
        return tail(prompt)

    async def facts(self) -> dict[int, set[str]]:
        """Return the facts that were drawn from each turn, by its place: their quotes tell which."""
        drawn: dict[int, set[str]] = {}
        places = {clean(self.talk.passages[place].text): place for place, _ in self.talk.facts}
        async with self.app.database.read() as db:
            for person_id in self.people.values():
                for one in await db.memories.of(person_id, PIXEL.slug):
                    drawn.setdefault(places[one.quote], set()).add(one.text)
        return drawn


@dataclass
class Tally:
    """What was found: the share of each question's evidence by way, and the tokens of prompts' ends."""

    shares: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    tails: list[int] = field(default_factory=list)
    asked_tails: list[int] = field(default_factory=list)
    small_talk: list[int] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        means = {f"prompt_recall_{way}": 100 * _mean(shares) for way, shares in self.shares.items()}
        means |= {
            "mean_tail": _mean([*self.tails, *self.asked_tails]),
            "talk_tail": _mean(self.tails),
            "question_tail": _mean(self.asked_tails),
            "small_talk_tokens": _mean(self.small_talk),
        }
        return {name: round(mean, 1) for name, mean in means.items()}


async def played(folder: Path, talks: Sequence[Conversation], embedder: Embedder | None) -> dict[str, float]:
    """Return what of the evidence stands in prompts, asked in three ways, and what their ends come to."""
    tally = Tally()
    for talk in talks:
        kept = KeptVectors(embedder) if embedder is not None else None
        async with on_stage(folder / talk.name, talk, kept) as stage:
            await stage.play()
            await ask_in_channel(stage, tally)
        async with on_stage(folder / f"{talk.name}-private", talk, kept) as stage:
            await stage.play(alone=talk.passages[0].speaker)
            await ask_in_private(stage, talk.passages[0].speaker, tally)
    return tally.figures()


async def ask_in_channel(stage: Stage, tally: Tally) -> None:
    """Ask every question, as a third person and as the one whom it is about; then chat a little."""
    stage.clock.pass_time(BEFORE_ASKING.total_seconds())
    facts = await stage.facts()
    for question in stage.talk.questions:
        asked = [("by_name", question.text, STRANGER_NAME)]
        if len(question.people) == 1:
            asked.append(("self", asked_of_oneself(question.text, question.people), question.people[0]))
        for way, text, who in asked:
            end = await stage.ask(text, who, CHANNEL)
            tally.shares[way].append(found_in(end, question, stage.talk, facts))
            tally.asked_tails.append(TOKENS(end))
    for line in SMALL_TALK:
        for who in (STRANGER_NAME, *stage.people):
            tally.small_talk.append(TOKENS(recalled_in(await stage.ask(line, who, CHANNEL))))


async def ask_in_private(stage: Stage, alone: str, tally: Tally) -> None:
    """Ask whoever is alone with the character about themself; what they heard in the talk counts, too."""
    tally.tails += [TOKENS(tail(one)) for one in stage.claude.prompts]
    stage.clock.pass_time(BEFORE_ASKING.total_seconds())
    facts, where = await stage.facts(), private(stage.people[alone])
    for question in stage.talk.questions:
        if question.people == (alone,):
            end = await stage.ask(asked_of_oneself(question.text, question.people), alone, where)
            tally.shares["private"].append(found_in(end, question, stage.talk, facts))
            tally.asked_tails.append(TOKENS(end))
    for line in SMALL_TALK:
        tally.small_talk.append(TOKENS(recalled_in(await stage.ask(line, alone, where))))


@asynccontextmanager
async def on_stage(folder: Path, talk: Conversation, embedder: Any) -> AsyncIterator[Stage]:
    """Yield the bot on a database in `folder`, on the day before the talk begins."""
    folder.mkdir(parents=True, exist_ok=True)
    clock = FakeClock(datetime.strptime(talk.passages[0].date, "%d %B %Y").replace(tzinfo=UTC))
    claude = Script(talk, clock)
    database = await Database.open(folder / "masquerade.sqlite3")
    try:
        manner = replace(AT_ONCE, recalled=Settings.model_fields["recall_tokens"].default)
        yield Stage(
            talk, app_on(database, claude, clock, manner=manner, meaning=Meaning(embedder)), claude, clock
        )
    finally:
        await beginnings_ended()
        await database.close()


def exchanges(turns: Sequence[tuple[bool, str]]) -> Iterator[tuple[str, str]]:
    """Yield what one person said (True), and what they were answered, of two people's turns."""
    runs = [
        (theirs, "\n".join(text for _, text in run)) for theirs, run in groupby(turns, lambda one: one[0])
    ]
    if not runs[0][0]:
        runs.insert(0, (True, OPENING))
    for (_, said), (_, answer) in zip_longest(runs[::2], runs[1::2], fillvalue=(False, "I see.")):
        yield said, answer


def private(person_id: int) -> Where:
    return Where(500 + person_id, Place.DM)


def tail(prompt: Prompt) -> str:
    """Return what stands behind the last cache point of a prompt."""
    texts: list[str] = []
    for block in (block for message in prompt.messages for block in message.blocks):
        texts = [] if block.cache else [*texts, block.text]
    return "\n".join(texts)


def recalled_in(end: str) -> str:
    """Return what of a prompt's end was found by search: headings, and the indented lines below them."""
    kept, inside = [], False
    for line in end.splitlines():
        inside = line in HEADINGS or (inside and line.startswith("  "))
        kept += [line] if inside else []
    return "\n".join(kept)


def found_in(end: str, question: Question, talk: Conversation, facts: Mapping[int, set[str]]) -> float:
    """Return the share of the evidence that a prompt's end holds: what was said, or a fact drawn from it."""
    shown = recalled_in(end)
    there = [
        any(
            f"{mark} {text}" in shown
            for mark in (":", "  -")
            for text in (" ".join(talk.passages[place].text.split()), *facts.get(place, ()))
        )
        for place in question.evidence
    ]
    return sum(there) / len(there)


def _mean(figures: Sequence[float]) -> float:
    return sum(figures) / max(len(figures), 1)
