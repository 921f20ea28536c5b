"""Plays a talk to a conversation, or to seed 000, and enters each prompt in the books of its layouts."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from benchmarks.billing import Books
from benchmarks.layouts import Layout
from benchmarks.pair_talk import Said
from benchmarks.seed_layout import SeedLayout
from bot.app import PRUNE_SECONDS, SUMMARIZE_SECONDS, App
from bot.conversation.company import Company
from bot.conversation.config import Extent
from bot.conversation.generation import Voice
from bot.conversation.summaries.summary_prompt import SUMMARY_SCHEMA
from bot.conversation.types import Utterance
from bot.llm.client import Answer
from bot.llm.types import Call, Prompt, Question, TokenEstimate
from bot.settings.envfile import read_env
from database import Database
from memory.places import Place, Where
from personas.character import Character, character_from
from tests.builders import AT_ONCE, app_on, beginnings_ended
from tests.fakes import FakeClock, FakeMouth
from tests.world.process import ROOT

MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 500
SUMMARY_CHARACTERS = 1_400
JOINED_SHARE = 0.4
"""The length of one note that takes the place of several, as a share of theirs."""
_FIRST_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Bill:
    """What a layout came to: the cache's share of what the replies read, calls, and dollars in all."""

    hit_rate: float
    replies: int
    summaries: int
    dollars: float


def nyx() -> Character:
    """Return the persona that all channels share."""
    return character_from(read_env(ROOT / "characters" / "nyx" / "character.env").values, "nyx")


def summary_of(talk: Sequence[Said], seed: int, *, characters: int = SUMMARY_CHARACTERS) -> str:
    """Return words of the talk, in no order, as many as a summary has."""
    words = [word for said in talk[:500] for word in said.text.split()]
    return " ".join(Random(seed).choices(words, k=characters // 2))[:characters]


# Seed 000


def play_seed(talk: Sequence[Said]) -> Bill:
    """Let seed 000's layout answer what is answered."""
    clock = FakeClock()
    books, layout = Books(clock.monotonic), SeedLayout(nyx(), MODEL)
    for number, said in enumerate(talk):
        clock.pass_time(said.seconds - (talk[number - 1].seconds if number else 0.0))
        layout.hear(said)
        if said.answer is None:
            continue
        books.enter("reply", layout.request(said), said.answer)
        layout.answered(said, said.answer)
        if layout.is_too_long(said.author_id):
            answer = layout.summary_answer(said.author_id, summary_of(talk, number))
            books.enter("summary", layout.summary_request(said.author_id), answer)
            layout.condense(said.author_id, answer)
    return _bill(books)


# Ours


async def play_ours(folder: Path, talk: Sequence[Said], layouts: Sequence[Layout]) -> dict[str, Bill]:
    """Let a real conversation on a database in `folder` hear the talk; bill its prompts in all layouts.

    The first of `layouts` is ours as it is, and all have its size.
    """
    folder.mkdir()
    clock = FakeClock()
    claude = BilledClaude(clock, layouts, talk)
    database = await Database.open(folder / "masquerade.sqlite3")
    try:
        app = app_on(
            database,
            claude,
            clock,
            company=Company.of(nyx()),
            voice=Voice(model=MODEL, max_tokens=MAX_TOKENS, deadline=60, tokens=TokenEstimate()),
            manner=replace(AT_ONCE, extent=Extent(condensed=layouts[0].tokens)),
            rng=Random(1),
        )
        await _play(app, clock, claude, talk)
    finally:
        await beginnings_ended()
        await database.close()
    return {layout.name: _bill(claude.books[layout.name]) for layout in layouts}


async def _play(app: App, clock: FakeClock, claude: "BilledClaude", talk: Sequence[Said]) -> None:
    mouth, begun = FakeMouth(), clock.monotonic()
    jobs = [
        Job(SUMMARIZE_SECONDS, app.summaries.catch_up),
        Job(PRUNE_SECONDS, app.message_log.prune),
    ]
    for number, said in enumerate(talk, _FIRST_MESSAGE):
        await _pass_time(clock, begun + said.seconds, jobs)
        claude.answer = said.answer or ""
        heard = Utterance(
            message_id=number,
            author_id=said.author_id,
            author_name=said.author_name,
            text=said.text,
            sent_at=clock.now(),
            where=_where(said.channel),
            mentions_me=said.answer is not None,
        )
        await app.conversation.take_turn(heard, mouth)
        await app.summaries.settled()


@dataclass
class Job:
    """What the program does every so many seconds; `due` in monotonic seconds."""

    every: float
    work: Callable[[], Awaitable[None]]
    due: float = 0.0


async def _pass_time(clock: FakeClock, until: float, jobs: Sequence[Job]) -> None:
    """Let time pass, and the jobs run that are due meanwhile."""
    while (due := min(jobs, key=lambda job: job.due)).due <= until:
        clock.pass_time(max(due.due - clock.monotonic(), 0.0))
        await due.work()
        due.due = clock.monotonic() + due.every
    clock.pass_time(until - clock.monotonic())


def _where(channel: int) -> Where:
    return Where(600 + channel, Place.GUILD, name=f"channel-{channel}", guild_id=700, guild_name="The Guild")


class BilledClaude:
    """Answers with what the talk says, and enters each prompt in the books of every layout."""

    def __init__(self, clock: FakeClock, layouts: Sequence[Layout], talk: Sequence[Said]) -> None:
        self.answer = ""
        self.books = {layout.name: Books(clock.monotonic) for layout in layouts}
        self._clock = clock
        self._layouts = layouts
        self._talk = talk
        self._summaries = 0

    async def ask(self, prompt: Prompt, question: Question) -> Answer:
        text, now = self._said(prompt, question), self._clock.now()
        usage, *_ = [
            self.books[layout.name].enter(question.purpose, layout.request(prompt, question, now), text)
            for layout in self._layouts
            if question.purpose == "reply" or layout.condensed
        ]
        call = Call(question.purpose, question.model, "ok", now, 0.0, usage=usage)
        return Answer(text, cut_short=False, call=call)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _said(self, prompt: Prompt, question: Question) -> str:
        if question.purpose == "reply":
            return self.answer
        self._summaries += 1
        if question.schema is SUMMARY_SCHEMA:
            return json.dumps({"summary": summary_of(self._talk, self._summaries), "operations": []})
        notes = sum(len(block.text) for message in prompt.messages for block in message.blocks)
        joined = summary_of(self._talk, self._summaries, characters=int(JOINED_SHARE * notes))
        return json.dumps({"summary": joined})


def _bill(books: Books) -> Bill:
    calls = {purpose: usage.calls for purpose, usage in books.usage.items()}
    return Bill(books.hit_rate("reply"), calls.pop("reply", 0), sum(calls.values()), books.dollars)
